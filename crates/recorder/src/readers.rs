//! The threads that cameras are read on.
//!
//! ```text
//! watched   camera ──▶ Lively ─┴─┴─┴─┴─┴─┴─▶ frames, to all who watch, on this thread
//! others    camera ──▶ Calm ──┴──────rest──────┴──────rest──────┴──▶ what came meanwhile
//!                        └ with one look at all of them
//! ```
//!
//! To wake a thread, to ask for a socket, to take one frame out of it: that is most of
//! what a camera costs, and it is the same for one frame as for six. A disk does not
//! mind a moment; a viewer does. So a stream is read on a calm thread, that rests between
//! two looks, until somebody watches it, and on a lively one meanwhile. What one viewer
//! looks at changes nothing for the cameras beside it.
//!
//! A lively thread rests too, for less than anybody sees: a hundred frames that come one
//! by one within that time are taken, and passed on to viewers (`live::Outlet`), by one
//! waking.
//!
//! Belongs here: which pipeline runs on which thread, and when a thread rests.
//! What a pipeline does is `pipeline`'s, and which there should be `recorder`'s.

use std::collections::HashMap;
use std::io;
use std::num::NonZero;
use std::time::Duration;

use base::StreamId;
use tokio::runtime::{Builder, Handle};
use tokio_util::sync::{CancellationToken, DropGuard};

/// How long a calm thread rests. What its cameras send waits in the kernel meanwhile,
/// where `ingest` has made room for it: 230 ms of 32 Mbit/s are a megabyte.
///
/// No multiple of the time between two frames of any usual rate: some look finds a frame
/// that has just come, and by that one the others' moments are known.
const CALM_REST: Duration = Duration::from_millis(230);

/// How long a lively one does: less than half the time from one frame to the next.
const LIVELY_REST: Duration = Duration::from_millis(15);

/// A thread takes so many streams before another one is begun: while few are read, they
/// are read on one.
const FEW: usize = 128;

/// How a stream is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// With rests that nobody sees.
    Lively,
    /// In a while.
    Calm,
}

/// All readers of a recorder. Dropping them ends their threads, and whatever
/// still runs there.
#[derive(Debug)]
pub(crate) struct Readers {
    lively: Vec<Handle>,
    calm: Vec<Handle>,
    /// Where each stream is read.
    places: HashMap<StreamId, (Pace, usize)>,
    _end: DropGuard,
}

impl Readers {
    /// Starts a reader of each pace for each core.
    pub(crate) fn start() -> io::Result<Self> {
        let end = CancellationToken::new();
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let start = |pace| -> io::Result<Vec<Handle>> {
            (0..cores).map(|number| reader(pace, number, end.clone())).collect()
        };
        let (lively, calm) = (start(Pace::Lively)?, start(Pace::Calm)?);
        Ok(Self { lively, calm, places: HashMap::new(), _end: end.drop_guard() })
    }

    /// Returns where to read a stream from now on.
    pub(crate) fn assign(&mut self, stream: StreamId, pace: Pace) -> &Handle {
        self.release(stream);
        let readers = match pace {
            Pace::Lively => &self.lively,
            Pace::Calm => &self.calm,
        };
        let mut loads = vec![0; readers.len()];
        let of_pace = self.places.values().filter(|(one, _)| *one == pace);
        of_pace.for_each(|(_, index)| loads[*index] += 1);
        let index = choose(&loads);
        self.places.insert(stream, (pace, index));
        &readers[index]
    }

    /// Notes that a stream is not read any more.
    pub(crate) fn release(&mut self, stream: StreamId) {
        self.places.remove(&stream);
    }
}

fn reader(pace: Pace, number: usize, end: CancellationToken) -> io::Result<Handle> {
    let (name, rest) = match pace {
        Pace::Lively => ("reader", LIVELY_REST),
        Pace::Calm => ("calm-reader", CALM_REST),
    };
    // Before it waits, which may be for long: a thread that nothing comes to is not woken.
    let rest = move || std::thread::sleep(rest);
    let runtime = Builder::new_current_thread().on_thread_park(rest).enable_all().build()?;
    let handle = runtime.handle().clone();
    std::thread::Builder::new()
        .name(format!("{name}-{number}"))
        .spawn(move || runtime.block_on(end.cancelled()))?;
    Ok(handle)
}

/// Returns which reader takes the next stream, of readers with so many streams.
fn choose(loads: &[usize]) -> usize {
    let few = loads.iter().position(|&load| load < FEW);
    few.or_else(|| loads.iter().enumerate().min_by_key(|&(_, load)| load).map(|(index, _)| index))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use base::StreamId;

    use super::*;

    #[test]
    fn a_reader_is_filled_before_the_next_one_and_then_the_least_loaded_takes_it() {
        assert_eq!(choose(&[0, 0]), 0);
        assert_eq!(choose(&[FEW - 1, 0]), 0);
        assert_eq!(choose(&[FEW, 0]), 1);
        assert_eq!(choose(&[FEW + 7, FEW + 3, FEW + 5]), 1);
    }

    #[tokio::test]
    async fn what_runs_on_a_reader_is_woken_from_elsewhere_whether_it_rests_or_not() {
        let mut readers = Readers::start().unwrap();
        let stream = StreamId::new();
        for pace in [Pace::Calm, Pace::Lively] {
            let (ask, mut asked) = tokio::sync::mpsc::channel(1);
            let reader = readers.assign(stream, pace).clone();
            let sum = reader.spawn(async move {
                let mut sum = 0;
                while let Some(number) = asked.recv().await {
                    sum += number;
                }
                sum
            });
            for number in 1..=3 {
                ask.send(number).await.unwrap();
            }
            drop(ask);
            assert_eq!(sum.await.unwrap(), 6);
            assert_eq!(readers.places[&stream].0, pace);
        }
    }
}
