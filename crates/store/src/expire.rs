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
//! > Nothing is expired before the holds are known.
//!
//! Deciding and deleting happen under the lock of the holds, so a hold spares
//! its segments from the moment on at which `set_holds` returned.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use base::{Span, StreamId, WallTime};

use crate::core::{Core, signed};
use crate::error::StoreError;
use crate::facts::Fact;
use crate::index::Change;
use crate::retention::{self, Holds, Rule};
use crate::root;
use crate::stream::{Stream, lock};
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

/// What of a stream is to be deleted, and why.
type Due = (Arc<Stream>, Vec<(Segment, Rule)>);

impl Core {
    /// Deletes what is due at `now`: by age, by each stream's bytes, by the
    /// store's ceiling, for the disk's reserve.
    pub(crate) fn expire(&self, now: WallTime) -> Result<Expired, StoreError> {
        self.latest_us.store(now.0, Ordering::Relaxed);
        let mut expired = Expired::default();
        for streams in self.streams().chunks(AT_ONCE) {
            let holds = lock(&self.holds);
            let holds = holds.as_ref().ok_or(StoreError::HoldsUnknown)?;
            let due = streams.iter().map(|stream| {
                let state = stream.state();
                let (retention, held) = (self.retention_of(stream.id), holds.of(stream.id));
                let open_bytes = state.open_bytes();
                let due = retention::due(state.closed(), open_bytes, retention, held, now);
                (stream.clone(), due)
            });
            self.delete(due.collect(), &mut expired)?;
        }
        let holds = lock(&self.holds);
        let holds = holds.as_ref().ok_or(StoreError::HoldsUnknown)?;
        self.refresh_free();
        for (rule, bytes) in self.over() {
            self.delete_oldest(holds, rule, bytes, &mut expired)?;
        }
        Ok(expired)
    }

    /// Deletes the oldest, if that is allowed and needed, so that `bytes` more
    /// can be written; returns whether they can.
    pub(crate) fn make_room(&self, bytes: u64) -> bool {
        let holds = lock(&self.holds);
        self.refresh_free();
        let Some(holds) = holds.as_ref() else { return self.has_room(bytes) };
        // If the disk refused it counts otherwise than we do, and needs this at least.
        let missing = self.short_of(bytes).max(bytes);
        let mut expired = Expired::default();
        if let Err(error) = self.delete_oldest(holds, Rule::DiskFull, missing, &mut expired) {
            tracing::error!(%error, "the disk is full and nothing can be deleted");
        }
        self.refresh_free();
        expired.segments > 0 && self.has_room(bytes)
    }

    /// Looks after room between two steps of expiry: once a round.
    pub(crate) fn keep_room(&self) {
        self.refresh_free();
        let over = self.over();
        let holds = lock(&self.holds);
        if let Some(holds) = holds.as_ref() {
            let mut expired = Expired::default();
            for (rule, bytes) in over {
                if let Err(error) = self.delete_oldest(holds, rule, bytes, &mut expired) {
                    tracing::error!(%error, "cannot make room");
                }
            }
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

    pub(crate) fn has_room(&self, bytes: u64) -> bool {
        self.short_of(bytes) == 0
    }

    /// Returns what is missing to write `bytes` and leave the reserve.
    fn short_of(&self, bytes: u64) -> u64 {
        let owed = self.room.owed.load(Ordering::Relaxed);
        let wanted = self.config.reserve_bytes.saturating_add(bytes).saturating_add(owed);
        let short = signed(wanted).saturating_sub(self.room.free.load(Ordering::Relaxed));
        u64::try_from(short).unwrap_or(0)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.room.full.load(Ordering::Relaxed)
    }

    pub(crate) fn set_full(&self) {
        if !self.room.full.swap(true, Ordering::Relaxed) {
            tracing::error!(
                store = %self.layout.root().display(),
                "the disk is full and nothing may be deleted: recording pauses; \
                 make room, release holds, or shorten retention"
            );
        }
    }

    /// Asks the disk how much room it has.
    pub(crate) fn refresh_free(&self) {
        match self.disk.free_bytes(self.layout.root()) {
            Ok(free) => self.room.free.store(signed(free), Ordering::Relaxed),
            Err(error) => tracing::warn!(%error, "the disk does not say how full it is"),
        }
    }

    /// What must be free beyond the reserve before recording goes on, so that it
    /// does not stop again at once.
    fn slack(&self) -> u64 {
        (self.config.reserve_bytes / 16).clamp(64 << 10, 64 << 20)
    }

    /// Returns how many bytes must go, by which rule.
    fn over(&self) -> Vec<(Rule, u64)> {
        let mut over = Vec::new();
        if let Some(ceiling) = self.config.ceiling_bytes {
            let bytes = self.room.used.load(Ordering::Relaxed).saturating_sub(ceiling);
            over.push((Rule::Ceiling, bytes));
        }
        // Once it was full, a little more, so that it is not full again at once.
        let slack = if self.is_full() { self.slack() } else { 0 };
        over.push((Rule::DiskFull, self.short_of(slack)));
        over.retain(|&(_, bytes)| bytes > 0);
        over
    }

    fn delete_oldest(
        &self,
        holds: &Holds,
        rule: Rule,
        bytes: u64,
        expired: &mut Expired,
    ) -> Result<(), StoreError> {
        let streams = self.streams();
        let mut spare = Vec::new();
        for stream in &streams {
            let state = stream.state();
            let of_stream = retention::spare(state.closed(), holds.of(stream.id), bytes);
            spare.extend(of_stream.into_iter().map(|segment| (stream.id, segment)));
        }
        let mut due: HashMap<StreamId, Vec<(Segment, Rule)>> = HashMap::new();
        for (stream, segment) in retention::oldest(spare, bytes) {
            due.entry(stream).or_default().push((segment, rule));
        }
        let due = streams.into_iter().filter_map(|stream| {
            let due = due.remove(&stream.id)?;
            Some((stream, due))
        });
        self.delete(due.collect(), expired)
    }

    fn delete(&self, mut due: Vec<Due>, expired: &mut Expired) -> Result<(), StoreError> {
        due.retain(|(_, due)| !due.is_empty());
        self.note_deletions(&due)?;
        let mut days = BTreeSet::new();
        for (stream, due) in &due {
            {
                let mut state = stream.state();
                for (segment, _) in due {
                    state.timeline.remove(segment.name());
                }
            }
            for (segment, _) in due {
                let name = segment.name();
                let path = self.layout.segment(stream.id, name);
                match self.disk.unlink(&path) {
                    Ok(()) => {}
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => {
                        stream.state().timeline.put(*segment);
                        return Err(StoreError::disk("delete", &path)(error));
                    }
                }
                days.insert(self.layout.day(stream.id, name));
                self.room.used.fetch_sub(segment.size_bytes, Ordering::Relaxed);
                self.index.send(Change::Remove(stream.id, name));
                expired.segments += 1;
                expired.size_bytes += segment.size_bytes;
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
            return self.sync_all().map_err(StoreError::disk("sync", self.layout.root()));
        }
        changed.iter().try_for_each(|folder| {
            self.disk.sync_dir(folder).map_err(StoreError::disk("sync", folder))
        })
    }

    /// Returns when it is on disk for good what is going to be deleted, and why.
    fn note_deletions(&self, due: &[Due]) -> Result<(), StoreError> {
        let each = due.len() <= MANY;
        for (stream, due) in due {
            let facts = facts(due, self.latest());
            self.note_first(stream, &facts, each)
                .map_err(StoreError::disk("note a deletion in", &stream.journal.path()))?;
        }
        if each {
            return Ok(());
        }
        self.sync_all().map_err(StoreError::disk("sync", self.layout.root()))
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
