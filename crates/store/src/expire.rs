//! Letting go: what the rules demand, and what the disk needs.
//!
//! ```text
//! decide (retention.rs) ─▶ note, synced ─▶ out of the timeline ─▶ unlink ─▶ index
//! ```
//!
//! The note comes first: a file that is gone without one would be a loss that
//! nobody can tell from a crime. A step that dies half-way leaves files that
//! the next step finds due again.
//!
//! A file that will not go, or a journal that takes no note, stops nobody else:
//! what it concerns stays in the timeline, and the first error is told when all
//! others had their turn. A file that is stuck is passed over by whoever makes
//! room, and tried again at each step of expiry; its note is not made twice.
//!
//! > Nothing is expired before the holds are known.
//!
//! Deciding and deleting happen under the lock of the holds, so a hold spares
//! its segments from the moment on at which `set_holds` returned.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use base::{Span, StreamId, WallTime};

use crate::core::Core;
use crate::error::StoreError;
use crate::facts::Fact;
use crate::index::Change;
use crate::retention::{self, Holds, Retention, Rule};
use crate::root;
use crate::stream::{State, Stream, lock};
use crate::timeline::Segment;

/// What a step let go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// How many segments.
    pub segments: u64,
    /// How many bytes.
    pub size_bytes: u64,
}

/// Streams that are looked at before somebody who sets a hold is let in.
const AT_ONCE: usize = 64;

/// From so many on, one sync of the file system costs less than each by itself.
const MANY: usize = 4;

/// How often room is looked for elsewhere when what was chosen would not go.
const TRIES: u32 = 64;

/// What of a stream is to be deleted, and why.
type Due = (Arc<Stream>, Vec<(Segment, Rule)>);

/// What came of a deletion.
#[derive(Debug, Default)]
struct Outcome {
    expired: Expired,
    /// How many files would not go.
    stuck: u32,
    /// Streams whose journals took no note.
    unnoted: HashSet<StreamId>,
    /// The first thing that went wrong.
    error: Option<StoreError>,
}

impl Core {
    /// Deletes what is due at `now`: by age, by each stream's bytes, by the
    /// store's ceiling, for the disk's reserve.
    pub(crate) fn expire(&self, now: WallTime) -> Result<Expired, StoreError> {
        self.latest_us.store(now.0, Ordering::Relaxed);
        let mut outcome = Outcome::default();
        for streams in self.streams().chunks(AT_ONCE) {
            let holds = lock(&self.holds);
            let holds = holds.as_ref().ok_or(StoreError::HoldsUnknown)?;
            let due = streams.iter().map(|stream| {
                let due =
                    stream.state().due(self.retention_of(stream.id), holds.of(stream.id), now);
                (stream.clone(), due)
            });
            self.delete(due.collect(), &mut outcome);
        }
        let holds = lock(&self.holds);
        let holds = holds.as_ref().ok_or(StoreError::HoldsUnknown)?;
        self.refresh_free();
        for (rule, bytes) in self.over() {
            self.delete_oldest(holds, rule, bytes, &mut outcome);
        }
        outcome.error.map_or(Ok(outcome.expired), Err)
    }

    /// Deletes the oldest, if that is allowed and needed, so that `bytes` more
    /// can be written; returns whether they can.
    ///
    /// `refused` is for a disk that refused though room is counted: what had been
    /// deleted in all before it did. Then room is only what was deleted since.
    pub(crate) fn make_room(&self, bytes: u64, refused: Option<u64>) -> bool {
        let holds = lock(&self.holds);
        self.refresh_free();
        // Whoever had the lock before may have made room for both.
        let is_made = || {
            let freed = self.room.freed.load(Ordering::Relaxed);
            self.has_room(bytes) && refused.is_none_or(|before| freed > before)
        };
        if is_made() {
            return true;
        }
        let Some(holds) = holds.as_ref() else { return false };
        let mut missing = self.short_of(bytes);
        if refused.is_some() {
            // It counts otherwise than we do, and needs this at least.
            missing = missing.max(bytes);
        }
        let mut outcome = Outcome::default();
        self.delete_oldest(holds, Rule::DiskFull, missing, &mut outcome);
        outcome.log();
        self.refresh_free();
        is_made()
    }

    /// Looks after room between two steps of expiry: once a round.
    pub(crate) fn keep_room(&self) {
        let holds = lock(&self.holds);
        // Behind the lock: whoever had it before may have made room.
        self.refresh_free();
        if let Some(holds) = holds.as_ref() {
            let mut outcome = Outcome::default();
            for (rule, bytes) in self.over() {
                self.delete_oldest(holds, rule, bytes, &mut outcome);
            }
            outcome.log();
        }
        drop(holds);
        self.refresh_free();
        if !self.has_room(self.slack()) {
            return;
        }
        if self.room.owed.load(Ordering::Relaxed) > 0 {
            match root::take_ballast(&self.layout, &self.disk) {
                Ok(()) => self.room.owed.store(0, Ordering::Relaxed),
                Err(error) => tracing::warn!(%error, "no room for ballast"),
            }
            self.refresh_free();
        }
        if self.room.full.swap(false, Ordering::Relaxed) {
            tracing::info!("the disk has room again: recording goes on");
        }
    }

    /// Deletes the oldest that may go until `bytes` are free, in the place of
    /// what would not go the next oldest.
    fn delete_oldest(&self, holds: &Holds, rule: Rule, bytes: u64, outcome: &mut Outcome) {
        let before = outcome.expired.size_bytes;
        for _ in 0..TRIES {
            let missing = bytes.saturating_sub(outcome.expired.size_bytes - before);
            let failures = outcome.failures();
            let mut streams = self.streams();
            streams.retain(|stream| !outcome.unnoted.contains(&stream.id));
            let mut spare = Vec::new();
            for stream in &streams {
                let state = stream.state();
                let of_stream = retention::spare(state.loose(), holds.of(stream.id), missing);
                spare.extend(of_stream.into_iter().map(|segment| (stream.id, segment)));
            }
            let mut due: HashMap<StreamId, Vec<(Segment, Rule)>> = HashMap::new();
            for (stream, segment) in retention::oldest(spare, missing) {
                due.entry(stream).or_default().push((segment, rule));
            }
            let due = streams.into_iter().filter_map(|stream| {
                let due = due.remove(&stream.id)?;
                Some((stream, due))
            });
            self.delete(due.collect(), outcome);
            if outcome.failures() == failures {
                return;
            }
        }
    }

    fn delete(&self, due: Vec<Due>, outcome: &mut Outcome) {
        let due = self.note_deletions(due, outcome);
        let mut days = BTreeSet::new();
        for (stream, due) in &due {
            let mut state = stream.state();
            // As they are now: a trailer may have come to one since it was chosen.
            let taken = due.iter().filter_map(|(segment, rule)| {
                let segment = state.timeline.remove(segment.name())?;
                Some((segment, *rule))
            });
            let taken: Vec<_> = taken.collect();
            drop(state);
            for (segment, rule) in taken {
                let name = segment.name();
                let path = self.layout.segment(stream.id, name);
                let gone = self.disk.unlink(&path);
                let mut state = stream.state();
                match gone {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        state.timeline.put(segment);
                        state.stuck.insert(name, rule);
                        outcome.stuck += 1;
                        outcome.fail(StoreError::disk("delete", &path)(error));
                        continue;
                    }
                    _ => state.stuck.remove(&name),
                };
                days.insert(self.layout.day(stream.id, name));
                self.room.used.fetch_sub(segment.size_bytes, Ordering::Relaxed);
                self.room.freed.fetch_add(segment.size_bytes, Ordering::Relaxed);
                self.index.send(Change::Remove(stream.id, name));
                outcome.expired.segments += 1;
                outcome.expired.size_bytes += segment.size_bytes;
            }
        }
        let mut changed = days.clone();
        for day in days {
            // Not empty, or taken away by hand: both are as they should be.
            if let Ok(true) = self.disk.remove_dir(&day) {
                changed.remove(&day);
                changed.extend(day.parent().map(Path::to_owned));
            }
        }
        if changed.len() > MANY {
            if let Err(error) = self.sync_all() {
                outcome.fail(StoreError::disk("sync", self.layout.root())(error));
            }
            return;
        }
        for folder in changed {
            if let Err(error) = self.disk.sync_dir(&folder) {
                outcome.fail(StoreError::disk("sync", &folder)(error));
            }
        }
    }

    /// Returns what may be deleted, when it is on disk for good that it is going
    /// to be, and why.
    fn note_deletions(&self, mut due: Vec<Due>, outcome: &mut Outcome) -> Vec<Due> {
        due.retain(|(_, due)| !due.is_empty());
        let each = due.len() <= MANY;
        due.retain(|(stream, due)| {
            let news: Vec<_> = {
                let state = stream.state();
                let is_news =
                    |(segment, _): &&_| !state.stuck.contains_key(&Segment::name(segment));
                due.iter().filter(is_news).copied().collect()
            };
            let facts = facts(&news, self.latest());
            if facts.is_empty() {
                return true;
            }
            let noted = self.note_first(stream, &facts, each);
            let path = stream.journal.path();
            let noted = noted.map_err(StoreError::disk("note a deletion in", &path));
            noted.map_err(|error| outcome.silence(stream.id, error)).is_ok()
        });
        if !each && let Err(error) = self.sync_all() {
            outcome.fail(StoreError::disk("sync", self.layout.root())(error));
            due.clear();
        }
        due
    }
}

impl Outcome {
    fn failures(&self) -> usize {
        self.unnoted.len() + self.stuck as usize
    }

    fn silence(&mut self, stream: StreamId, error: StoreError) {
        self.unnoted.insert(stream);
        self.fail(error);
    }

    fn fail(&mut self, error: StoreError) {
        self.error.get_or_insert(error);
    }

    fn log(&self) {
        if let Some(error) = &self.error {
            tracing::error!(%error, "not all that should make room can be deleted");
        }
    }
}

impl State {
    /// Returns what is due by the stream's own retention, and what is stuck and
    /// still not held.
    fn due(&self, retention: Retention, held: &[Span], now: WallTime) -> Vec<(Segment, Rule)> {
        let mut due = retention::due(self.closed(), self.open_bytes(), retention, held, now);
        for (name, rule) in &self.stuck {
            let segment =
                self.timeline.segment(*name).filter(|stuck| !retention::is_held(**stuck, held));
            let known = due.iter().any(|(segment, _)| segment.name() == *name);
            due.extend(segment.filter(|_| !known).map(|segment| (*segment, *rule)));
        }
        due
    }
}

/// Returns a fact for each unbroken row of segments that go by one rule.
fn facts(due: &[(Segment, Rule)], noted: WallTime) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    for (segment, by) in due {
        if let Some(Fact::Deleted { span, rule, segments, size_bytes, .. }) = facts.last_mut()
            && rule == by
            && span.end() >= segment.span.start()
        {
            let end = span.end().max(segment.span.end());
            *span = Span::new(span.start(), end).unwrap_or(*span);
            *segments += 1;
            *size_bytes += segment.size_bytes;
            continue;
        }
        let (rule, size_bytes) = (*by, segment.size_bytes);
        facts.push(Fact::Deleted { span: segment.span, rule, segments: 1, size_bytes, noted });
    }
    facts
}
