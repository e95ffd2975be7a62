//! When each stream of a server has something to do next, side by side.
//!
//! ```text
//! agenda   │ 80 │ 40 │  ∞ │ 52 │ …      µs since the server started
//!             ▲              ▲
//!             │ Alarm        └ one look over all of them finds what is due
//!          cam1/main
//! ```
//!
//! A tick that asked each stream itself would spend more time on reaching the
//! hundreds that have nothing to do than on the few that have.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The times of all streams.
#[derive(Clone, Debug)]
pub(crate) struct Agenda(Arc<[AtomicU64]>);

/// The place of one stream in the agenda.
#[derive(Debug)]
pub(crate) struct Alarm {
    agenda: Agenda,
    index: usize,
}

impl Agenda {
    /// Returns an agenda in which none of `streams` has anything to do.
    pub(crate) fn new(streams: usize) -> Self {
        Self((0..streams).map(|_| AtomicU64::new(u64::MAX)).collect())
    }

    /// Returns the place of the stream `index`.
    pub(crate) fn alarm(&self, index: usize) -> Alarm {
        Alarm { agenda: self.clone(), index }
    }

    /// Returns which streams have something to do at `elapsed_us`.
    pub(crate) fn due(&self, elapsed_us: u64) -> impl Iterator<Item = usize> {
        let times = self.0.iter().enumerate();
        times.filter_map(move |(index, due_us)| {
            (due_us.load(Ordering::Relaxed) <= elapsed_us).then_some(index)
        })
    }
}

impl Alarm {
    /// Has the stream looked after at `elapsed_us`; at `u64::MAX` never.
    pub(crate) fn set(&self, elapsed_us: u64) {
        self.agenda.0[self.index].store(elapsed_us, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_is_found_and_nothing_else() {
        let agenda = Agenda::new(3);
        let alarms: Vec<_> = (0..3).map(|index| agenda.alarm(index)).collect();
        let due = |at| agenda.due(at).collect::<Vec<_>>();
        assert_eq!(due(1_000_000), [0; 0]);
        alarms[2].set(40);
        alarms[0].set(80);
        assert_eq!((due(39), due(40), due(80)), (vec![], vec![2], vec![0, 2]));
        alarms[2].set(u64::MAX);
        assert_eq!(due(80), [0]);
    }
}
