//! What the parts of the store share of one stream.
//!
//! ```text
//! Writer ──▶ gather ──orders──▶ disk thread: hand ──▶ state ◀── sync, expiry
//!                                                       ▲
//!                                                    readers
//! ```
//!
//! Each part has a lock of its own, held for a look-up or a change in memory.
//! Two are held over a write: `hand`, which only its disk thread takes, and the
//! journal's own, which nobody takes who may not wait for the disk. Where two
//! are taken, it is in the order of the picture, the journal's last.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base::{StreamId, WallTime};

use crate::append::Hand;
use crate::journal::Journal;
use crate::layout::SegmentName;
use crate::retention::Rule;
use crate::timeline::{Segment, Timeline};
use crate::trailer::Key;
use crate::writer::Gather;

/// One stream of the store.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) id: StreamId,
    /// The GOP that is coming in.
    pub(crate) gather: Mutex<Gather>,
    /// The file that is written to.
    pub(crate) hand: Mutex<Hand>,
    /// What is on disk.
    pub(crate) state: Mutex<State>,
    /// Why something is not.
    pub(crate) journal: Journal,
    /// Bytes given to the disk thread and not yet written.
    pub(crate) queued_bytes: AtomicU64,
}

/// What is known of a stream's files.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) timeline: Timeline,
    /// The segment that is being written.
    pub(crate) open: Option<Open>,
    /// Segments that are noted as deleted, by which rule, and whose files would
    /// not go.
    pub(crate) stuck: BTreeMap<SegmentName, Rule>,
    /// Below it, everything is on disk for good.
    pub(crate) synced: Option<WallTime>,
    /// Counts the runs; a step of the clock makes the watermark begin anew.
    pub(crate) run: u64,
    /// When the present run began.
    pub(crate) run_start: Option<WallTime>,
    /// A sync failed: what it covered may be lost, so the watermark stays.
    pub(crate) sync_failed: bool,
    /// Fragments that were dropped because the disk could not take them.
    pub(crate) dropped_fragments: u64,
}

/// A segment that is being written, as readers need to know it.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) name: SegmentName,
    /// Length up to the end of the last whole fragment.
    pub(crate) len: u64,
    pub(crate) keys: Vec<Key>,
}

impl Stream {
    pub(crate) fn new(id: StreamId, state: State, journal: Journal) -> Self {
        Self {
            id,
            gather: Mutex::default(),
            hand: Mutex::default(),
            state: Mutex::new(state),
            journal,
            queued_bytes: AtomicU64::new(0),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl State {
    /// Yields the segments that nobody writes to, in order of start.
    pub(crate) fn closed(&self) -> impl Iterator<Item = &Segment> + Clone {
        let open = self.open.as_ref().map(|open| open.name);
        self.timeline.segments().iter().filter(move |segment| Some(segment.name()) != open)
    }

    /// Yields what of the closed could go as far as the disk is concerned.
    pub(crate) fn loose(&self) -> impl Iterator<Item = &Segment> + Clone {
        self.closed().filter(|segment| !self.stuck.contains_key(&segment.name()))
    }

    /// Returns the length of the segment that is being written.
    pub(crate) fn open_bytes(&self) -> u64 {
        self.open.as_ref().map_or(0, |open| open.len)
    }
}

/// Takes a lock. Whoever panicked while holding it has logged that; what it
/// guards is changed in single steps and still true.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
