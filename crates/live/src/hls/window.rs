//! What a player may still fetch: the latest segments of a stream, their parts,
//! and the init segments that they refer to.
//!
//! ```text
//! kept      │ 11 │ 12 │ 13 │ 14 │ 15 │ 16 │ 17 · · ·        17 is open: its parts come one by one
//! listed              │ 13 │ 14 │ 15 │ 16 │ 17 · · ·
//!             └ no longer listed, and not yet forgotten: a player may be about to fetch it
//! ```
//!
//! Bounded in time by what the playlist needs, and in bytes whatever a camera
//! sends. A pure value: who fills it is `packager`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use base::WallTime;
use bytes::Bytes;
use media::Params;

use super::name::Reload;
use super::{TARGET_S, packager};

/// How much is listed at least: four target durations, where three are asked
/// for (RFC 8216bis §6.2.2).
const LISTED_US: u64 = 4 * TARGET_S as u64 * 1_000_000;

/// What all kept segments weigh at most, the open one excepted.
pub const MOST_BYTES: usize = 48 << 20;

/// The segments of one stream.
#[derive(Debug, Default)]
pub struct Window {
    /// In order, without a hole in their numbers; only the last may be open.
    segments: VecDeque<Segment>,
    /// How many of them, from the front, are listed no longer.
    unlisted: usize,
    /// How many discontinuities stand before the first that is listed.
    discontinuities: u64,
    maps: BTreeMap<u32, Map>,
    bytes: usize,
    /// The number of the next segment; `None` before the first.
    next_msn: Option<u64>,
    /// Whether nothing more will come.
    ended: bool,
}

/// A segment, whole or still growing.
#[derive(Debug)]
pub struct Segment {
    /// Its media sequence number.
    pub msn: u64,
    /// When it is first decoded.
    pub start: WallTime,
    /// When its first picture was taken.
    pub shown_from: WallTime,
    /// Which init segment it refers to.
    pub map: u32,
    /// Whether it does not go on from the one before.
    pub is_discontinuous: bool,
    /// Whether it begins with a keyframe.
    pub is_independent: bool,
    /// Whether no more parts will come.
    pub is_closed: bool,
    /// Its parts so far.
    pub parts: Vec<Part>,
}

/// A part of a segment: one fragment.
#[derive(Debug)]
pub struct Part {
    /// How long it lasts.
    pub duration_us: u32,
    /// Whether it begins with a keyframe.
    pub is_independent: bool,
    /// `moof mdat`.
    pub bytes: Bytes,
}

/// What segments refer to.
#[derive(Debug)]
pub struct Map {
    /// The parameters.
    pub params: Arc<Params>,
    /// `ftyp moov`.
    pub bytes: Bytes,
}

/// Where the next part will stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Next {
    /// The media sequence number of its segment.
    pub msn: u64,
    /// Its place in the segment.
    pub part: u32,
}

/// Whether a playlist can be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It holds what was asked for.
    Ready,
    /// It will, if the stream goes on.
    Later,
    /// What was asked for is further ahead than a player can know of.
    TooFar,
}

impl Segment {
    /// Returns how long its parts last.
    pub fn duration_us(&self) -> u64 {
        self.parts.iter().map(|part| u64::from(part.duration_us)).sum()
    }

    /// Returns what its parts weigh.
    pub fn bytes(&self) -> usize {
        self.parts.iter().map(|part| part.bytes.len()).sum()
    }
}

impl Window {
    /// Yields the segments that a playlist lists.
    pub fn listed(&self) -> impl DoubleEndedIterator<Item = &Segment> {
        self.segments.iter().skip(self.unlisted)
    }

    /// Returns how many discontinuities stand before what is listed.
    pub fn discontinuities(&self) -> u64 {
        self.discontinuities
    }

    /// Returns whether nothing more will come.
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// Returns a segment that is kept, listed or not.
    pub fn segment(&self, msn: u64) -> Option<&Segment> {
        let first = self.segments.front()?.msn;
        self.segments.get(usize::try_from(msn.checked_sub(first)?).ok()?)
    }

    /// Returns a part that is kept.
    pub fn part(&self, msn: u64, part: u32) -> Option<&Part> {
        self.segment(msn)?.parts.get(usize::try_from(part).ok()?)
    }

    /// Returns an init segment that is referred to.
    pub fn map(&self, number: u32) -> Option<&Map> {
        self.maps.get(&number)
    }

    /// Returns the parameters of what came last.
    pub fn latest_map(&self) -> Option<&Map> {
        self.maps.values().next_back()
    }

    /// Returns where the next part will stand; `None` before the first segment.
    pub fn next(&self) -> Option<Next> {
        let next_msn = self.next_msn?;
        Some(match self.open() {
            Some(open) => Next { msn: open.msn, part: open.parts.len().try_into().ok()? },
            None => Next { msn: next_msn, part: 0 },
        })
    }

    /// Returns whether a playlist holds what `reload` asks for (§6.2.5.2). A
    /// player that asks for nothing waits for the first whole segment: older
    /// ones take a playlist without a segment for a broken one.
    pub fn readiness(&self, reload: Option<Reload>) -> Readiness {
        if self.ended {
            return Readiness::Ready;
        }
        let has_segment = self.segments.front().is_some_and(|segment| segment.is_closed);
        let (Some(next), true) = (self.next(), has_segment) else { return Readiness::Later };
        let Some(Reload { msn, part }) = reload else { return Readiness::Ready };
        let last = if next.part > 0 { next.msn } else { next.msn.saturating_sub(1) };
        if msn > last.saturating_add(2) {
            return Readiness::TooFar;
        }
        let wanted = match part {
            // The whole segment: the first part behind it.
            None => Next { msn: msn.saturating_add(1), part: 0 },
            Some(part) => Next { msn, part: part.saturating_add(1) },
        };
        let is_beyond = |part| {
            let parts = self.segment(msn).filter(|one| one.is_closed).map(|one| one.parts.len());
            parts.is_some_and(|parts| part as usize >= parts)
        };
        // A part behind the last of its segment is the first of the next.
        let wanted = match part {
            Some(part) if is_beyond(part) => Next { msn: msn + 1, part: 1 },
            _ => wanted,
        };
        if wanted <= next { Readiness::Ready } else { Readiness::Later }
    }

    /// Returns the bits of the busiest second, told by whole segments.
    pub fn bandwidth(&self) -> u64 {
        let rates = self.segments.iter().filter_map(|segment| {
            let duration_us = segment.duration_us();
            (duration_us > 0).then(|| segment.bytes() as u64 * 8_000_000 / duration_us)
        });
        rates.max().unwrap_or(0)
    }

    /// Returns the segment that still grows.
    pub(super) fn open(&self) -> Option<&Segment> {
        self.segments.back().filter(|segment| !segment.is_closed)
    }

    /// Returns whether any segment was ever begun.
    pub(super) fn has_begun(&self) -> bool {
        self.next_msn.is_some()
    }

    pub(super) fn add_map(&mut self, number: u32, map: Map) {
        self.maps.insert(number, map);
    }

    /// Begins a segment; `first_msn` is the number of the very first.
    pub(super) fn begin(&mut self, first_msn: u64, segment: Segment) {
        let msn = self.next_msn.unwrap_or(first_msn);
        self.next_msn = Some(msn + 1);
        self.segments.push_back(Segment { msn, ..segment });
    }

    pub(super) fn add_part(&mut self, part: Part) {
        if let Some(open) = self.segments.back_mut() {
            self.bytes += part.bytes.len();
            open.parts.push(part);
        }
    }

    /// Ends the open segment, and lets go of what is too old or too much.
    pub(super) fn close(&mut self) {
        if let Some(open) = self.segments.back_mut() {
            open.is_closed = true;
        }
        self.let_go();
    }

    pub(super) fn end(&mut self) {
        self.close();
        self.ended = true;
    }

    fn let_go(&mut self) {
        // Listed: the fewest, from the back, that last long enough.
        let (mut lasts_us, mut listed) = (0, 0);
        for segment in self.segments.iter().rev() {
            if lasts_us >= LISTED_US {
                break;
            }
            lasts_us += segment.duration_us();
            listed += 1;
        }
        self.unlist(self.segments.len() - listed);
        // Behind them, as long again: what was in a playlist a moment ago.
        let mut kept_us: u64 = self.segments.iter().map(Segment::duration_us).sum();
        while self.segments.len() > 1 {
            let Some(front) = self.segments.front() else { return };
            let (duration_us, bytes) = (front.duration_us(), front.bytes());
            let is_old = self.unlisted > 0 && kept_us - duration_us >= 2 * LISTED_US;
            if !is_old && self.bytes <= MOST_BYTES {
                break;
            }
            self.unlist(1);
            self.segments.pop_front();
            self.unlisted -= 1;
            kept_us -= duration_us;
            self.bytes -= bytes;
        }
        let oldest = self.segments.front().map_or(0, |segment| segment.map);
        let latest = self.maps.keys().next_back().copied();
        self.maps.retain(|number, _| *number >= oldest || Some(*number) == latest);
    }

    /// Takes segments off the list, from the front, until so many are off it.
    fn unlist(&mut self, until: usize) {
        while self.unlisted < until {
            self.discontinuities += u64::from(self.segments[self.unlisted].is_discontinuous);
            self.unlisted += 1;
        }
    }
}

const _: () = assert!(packager::LARGEST_SEGMENT * 3 <= MOST_BYTES);
