//! How long somebody watched and which moments of the past, told to the audit behind
//! the entry that opened it.
//!
//! ```text
//! opened ──entry on disk──▶ shown ─┬─ live: one more at its end, with how long
//!                                  └─ past: moments and seeks together, each half minute
//! ```
//!
//! Who seeks a hundred times in a minute leaves one entry of a hundred moments, not a
//! hundred entries. Nobody waits for these: what is told here was allowed before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use audit::{Act, Journal};
use base::{CameraId, Span, WallTime};
use ingest::Clock;

use crate::app::State;
use crate::deed::Deed;
use crate::routes::Role;

/// For how long one opening stands for seeks in the same recording.
const ONE: Duration = Duration::from_secs(600);

/// How often is told what was seen of the past.
pub(crate) const TELL: Duration = Duration::from_secs(30);

/// How many spans stand in one entry: their text is bounded.
const MOST_SPANS: usize = 12;

/// How far apart spans may be and still be one: fragments lie side by side.
const ASIDE: Duration = Duration::from_secs(1);

/// What was watched since it was last told. Dropped, it tells the rest.
#[derive(Debug)]
pub(crate) struct Viewing {
    audit: Journal,
    clock: Clock,
    deed: Deed,
    from: Of,
}

#[derive(Debug)]
enum Of {
    /// From when, and until when it was asked for, where that is known.
    Live { began: WallTime, asked: Option<WallTime> },
    /// In order, apart from one another.
    Past { seen: Vec<Span>, seeks: u32 },
}

/// What channels of a socket and the socket itself write to.
pub(crate) type Shared = Arc<Mutex<Viewing>>;

/// What of the past was opened of late on a socket.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    open: HashMap<Look, (WallTime, Shared)>,
}

/// A recording that is looked into for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Look {
    pub(crate) camera: CameraId,
    pub(crate) role: Role,
    pub(crate) purpose: Option<String>,
    pub(crate) case: Option<String>,
}

impl Viewing {
    /// Begins behind the entry that opened live pictures.
    pub(crate) fn live(audit: &Journal, clock: &Clock, deed: &Deed) -> Self {
        let (audit, clock) = (audit.clone(), clock.clone());
        let began = clock.now().1;
        Self { audit, clock, deed: deed.clone(), from: Of::Live { began, asked: None } }
    }

    /// Begins behind the entry that opened a recording.
    pub(crate) fn past(state: &State, deed: &Deed) -> Self {
        let (audit, clock) = (state.audit.clone(), state.clock.clone());
        Self { audit, clock, deed: deed.clone(), from: Of::Past { seen: Vec::new(), seeks: 0 } }
    }

    /// Live pictures were asked for once more: who fetches says no farewell.
    pub(crate) fn asked(&mut self) {
        let now = self.clock.now().1;
        if let Of::Live { asked, .. } = &mut self.from {
            *asked = Some(now);
        }
    }

    /// Another moment of the recording was asked for.
    fn sought(&mut self) {
        if let Of::Past { seeks, .. } = &mut self.from {
            *seeks += 1;
        }
    }

    /// This of the recording was sent.
    pub(crate) fn saw(&mut self, span: Span) {
        let Of::Past { seen, .. } = &mut self.from else { return };
        join(seen, span);
        if seen.len() >= MOST_SPANS {
            self.tell();
        }
    }

    /// Tells what was seen of a recording so far; how long live pictures were watched is
    /// known at their end.
    pub(crate) fn so_far(&mut self) {
        if matches!(self.from, Of::Past { .. }) {
            self.tell();
        }
    }

    /// Tells what was not told yet.
    fn tell(&mut self) {
        let now = self.clock.now().1;
        let deed = self.deed.clone().followed(Act::Watched, now);
        let deed = match &mut self.from {
            Of::Live { began, asked } => {
                let until = asked.unwrap_or(now);
                let seconds = until.0.saturating_sub(began.0).max(0) / 1_000_000;
                deed.detail("from", *began).detail("seconds", seconds)
            }
            Of::Past { seen, seeks } => {
                let (seen, seeks) = (std::mem::take(seen), std::mem::take(seeks));
                if seen.is_empty() && seeks == 0 {
                    return;
                }
                let spans: Vec<_> =
                    seen.iter().map(|span| format!("{}/{}", span.start(), span.end())).collect();
                let deed = deed.without("from").detail("seen", spans.join(" "));
                if seeks > 0 { deed.detail("seeks", seeks) } else { deed }
            }
        };
        // A journal that fails says so where it does; what plays was allowed before.
        let _ = deed.jot(&self.audit);
    }
}

impl Drop for Viewing {
    fn drop(&mut self) {
        self.tell();
    }
}

impl Looks {
    /// Returns what this look is written to, if it was opened of late: then a seek
    /// needs no entry of its own.
    pub(crate) fn again(&self, look: &Look, now: WallTime) -> Option<Shared> {
        let (opened, watched) = self.open.get(look)?;
        // A clock that was set back makes it new.
        if now < *opened || now >= opened.plus(ONE) {
            return None;
        }
        lock(watched).sought();
        Some(watched.clone())
    }

    /// Takes one whose opening has its entry.
    pub(crate) fn opened(&mut self, look: Look, watched: Viewing, now: WallTime) -> Shared {
        let watched = Arc::new(Mutex::new(watched));
        self.open.insert(look, (now, watched.clone()));
        watched
    }

    /// Forgets all: by what they were allowed may have changed.
    pub(crate) fn forget(&mut self) {
        self.open.clear();
    }

    /// Forgets those that stand for no further seek. What plays by one of them goes on
    /// being told.
    pub(crate) fn forget_old(&mut self, now: WallTime) {
        self.open.retain(|_, (opened, watched)| {
            lock(watched).so_far();
            now >= *opened && now < opened.plus(ONE)
        });
    }
}

pub(crate) fn lock(watched: &Shared) -> MutexGuard<'_, Viewing> {
    watched.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Puts a span among others, which stay in order and apart.
fn join(seen: &mut Vec<Span>, span: Span) {
    let touches =
        |one: &Span| span.start() <= one.end().plus(ASIDE) && one.start() <= span.end().plus(ASIDE);
    let (mut start, mut end) = (span.start(), span.end());
    for one in seen.extract_if(.., |one| touches(one)) {
        (start, end) = (start.min(one.start()), end.max(one.end()));
    }
    let at = seen.partition_point(|one| one.start() < start);
    seen.extend(Span::new(start, end));
    seen[at..].rotate_right(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: i64, to: i64) -> Span {
        Span::new(WallTime(from * 1_000_000), WallTime(to * 1_000_000)).unwrap()
    }

    #[test]
    fn spans_side_by_side_are_one_and_others_stay_in_order() {
        let mut seen = Vec::new();
        for (from, to) in [(100, 102), (102, 104), (50, 52), (300, 301), (105, 106)] {
            join(&mut seen, span(from, to));
        }
        assert_eq!(seen, [span(50, 52), span(100, 106), span(300, 301)]);
        join(&mut seen, span(40, 400));
        assert_eq!(seen, [span(40, 400)]);
    }
}
