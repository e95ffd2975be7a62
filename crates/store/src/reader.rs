//! Playing back: pieces in order of time, from a moment on to the present.
//!
//! ```text
//! timeline   [────segment────)[──segment──)     gap     [──open segment──▶
//! pieces     init  frag frag   frag frag    gap  (init)  frag frag  none … frag
//! ```
//!
//! Playback is fragments put one after the other, as they lie on disk. Where a
//! reader begins inside a segment it begins at the keyframe before; where it
//! changes from one segment to another over it, so that what it gives may
//! reach back over what it gave by less than a GOP.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use base::{Span, StreamId, WallTime};
use bytes::Bytes;
use media::Params;
use media::fmp4::{self, Sample};

use crate::core::Core;
use crate::error::StoreError;
use crate::gap::{Gap, GapReason};
use crate::layout::SegmentName;
use crate::segment::{Found, SegmentFile};
use crate::stream::Stream;
use crate::timeline::{Deleted, Missing, Slice, Timeline};
use crate::trailer::Key;

/// What a reader gives.
#[derive(Clone, Debug)]
pub enum Piece {
    /// What a decoder needs for the fragments that follow; only where it changes.
    Init {
        /// The parameters.
        params: Arc<Params>,
    },
    /// Some pictures.
    Fragment(Fragment),
    /// Nothing is recorded here.
    Gap(Gap),
    /// What was recorded here was deleted.
    Deleted(Deleted),
}

/// A fragment as it lies on disk.
#[derive(Clone, Debug)]
pub struct Fragment {
    /// The wall time of its frames.
    pub span: Span,
    /// Its decoding time on the axis of its segment, as the bytes have it.
    pub decode_time_us: u64,
    /// Its number in its segment.
    pub sequence: u32,
    /// What the container says of its frames.
    pub samples: Vec<Sample>,
    /// `moof` and `mdat`.
    pub bytes: Bytes,
    /// Length of everything before the first frame's bytes.
    pub header_len: usize,
    /// Whether it begins with a keyframe.
    pub is_key: bool,
}

/// Reads a stream's recording; see the module.
#[derive(Debug)]
pub struct Reader {
    core: Arc<Core>,
    id: StreamId,
    /// Up to here everything was given.
    at: WallTime,
    cursor: Option<Cursor>,
    /// What was said of a gap and not yet given.
    waiting: VecDeque<Piece>,
    params: Option<Arc<Params>>,
}

/// A place in a segment.
#[derive(Debug)]
struct Cursor {
    name: SegmentName,
    file: SegmentFile,
    /// Where the next fragment stands.
    offset: u64,
    /// Where keyframes stand, to go on behind a place that cannot be read.
    keys: Vec<Key>,
}

impl Fragment {
    /// Returns header and frames with media time counted from `origin`, for a
    /// wire on which all segments share one; nothing if it begins before that.
    pub fn rebased(&self, origin: WallTime) -> Option<(Bytes, Bytes)> {
        let decode_time_us = u64::try_from(self.span.start().micros_since(origin)).ok()?;
        let header = fmp4::fragment_header(self.sequence, decode_time_us, &self.samples);
        Some((header, self.bytes.slice(self.header_len..)))
    }

    /// Returns the frames, each with its wall time.
    pub fn frames(&self) -> impl Iterator<Item = (WallTime, Sample, Bytes)> {
        let mut wall = self.span.start();
        let mut from = self.header_len;
        self.samples.iter().map(move |&sample| {
            let frame = (wall, sample, self.bytes.slice(from..from + sample.size_bytes as usize));
            wall = WallTime(wall.0 + i64::from(sample.duration_us));
            from += sample.size_bytes as usize;
            frame
        })
    }
}

impl Reader {
    pub(crate) fn new(core: Arc<Core>, id: StreamId, from: WallTime) -> Self {
        Self { core, id, at: from, cursor: None, waiting: VecDeque::new(), params: None }
    }

    /// Returns the next piece; nothing at the present's end, and perhaps more
    /// when it is asked again later. Blocks for the disk: to be called where
    /// blocking is allowed.
    ///
    /// A place that cannot be read is given as a gap, and reading goes on
    /// behind it.
    #[expect(clippy::should_implement_trait, reason = "an iterator that ended would not go on")]
    pub fn next(&mut self) -> Option<Piece> {
        loop {
            if let Some(piece) = self.waiting.pop_front() {
                return Some(piece);
            }
            let stream = self.core.stream(self.id)?;
            let slice = self.next_slice(&stream)?;
            if !self.waiting.is_empty() {
                continue; // what is missing before the slice comes first
            }
            if let Some(piece) = self.step(&stream, slice) {
                return Some(piece);
            }
        }
    }

    /// Returns what to read at `at`, having said what is missing before it.
    fn next_slice(&mut self, stream: &Stream) -> Option<Slice> {
        let state = stream.state();
        let slice = state.timeline.next_slice(self.at)?;
        if let Some(hole) = Span::new(self.at, slice.span.start()) {
            self.waiting.extend(missing(&state.timeline, hole));
            self.at = slice.span.start();
        }
        Some(slice)
    }

    /// Moves on within `slice` and returns what it finds.
    fn step(&mut self, stream: &Stream, slice: Slice) -> Option<Piece> {
        let mut cursor = match self.cursor.take() {
            Some(cursor) if cursor.name == slice.segment => cursor,
            _ => match self.open(stream, slice) {
                Ok(cursor) => cursor,
                Err(error) => {
                    self.give_up(stream, slice, &error);
                    return None;
                }
            },
        };
        if self.params.as_ref() != Some(&cursor.file.params) {
            let params = cursor.file.params.clone();
            self.params = Some(params.clone());
            self.cursor = Some(cursor);
            return Some(Piece::Init { params });
        }
        let fragment = limit(stream, &cursor)
            .and_then(|limit| cursor.file.fragment(cursor.offset, limit))
            .and_then(|found| found.map(|found| read(&cursor, &found)).transpose());
        let fragment = match fragment {
            Ok(Some(fragment)) => fragment,
            Ok(None) => {
                self.skip(cursor, slice, "no fragment is there");
                return None;
            }
            Err(error) => {
                self.skip(cursor, slice, &error.to_string());
                return None;
            }
        };
        cursor.offset += fragment.bytes.len() as u64;
        self.at = self.at.max(fragment.span.end());
        self.cursor = Some(cursor);
        Some(Piece::Fragment(fragment))
    }

    /// Opens a segment at the keyframe to show the slice's start.
    fn open(&self, stream: &Stream, slice: Slice) -> Result<Cursor, StoreError> {
        let name = slice.segment;
        let path = self.core.layout.segment(self.id, name);
        let file = SegmentFile::open(&self.core.disk, &path)?;
        let of_open = {
            let state = stream.state();
            state.open.as_ref().filter(|open| open.name == name).map(|open| open.keys.clone())
        };
        let keys = match of_open {
            Some(keys) => keys,
            None => keys(&file),
        };
        let wanted_us = slice.span.start().micros_since(name.start).unsigned_abs();
        let before = keys.partition_point(|key| key.at_us <= wanted_us);
        let offset = before.checked_sub(1).map_or(file.first(), |at| keys[at].offset);
        Ok(Cursor { name, file, offset, keys })
    }

    /// Goes on behind a place where no fragment can be read.
    fn skip(&mut self, mut cursor: Cursor, slice: Slice, why: &str) {
        let next = cursor.keys.partition_point(|key| key.offset <= cursor.offset);
        let next = cursor.keys.get(next).copied();
        let until = match next {
            Some(key) => WallTime(cursor.name.start.0 + key.at_us as i64).min(slice.span.end()),
            None => slice.span.end(),
        };
        if let Some(span) = Span::new(self.at, until) {
            tracing::error!(segment = %cursor.name, at = cursor.offset, why, "a fragment cannot be read");
            self.waiting.push_back(Piece::Gap(Gap { span, reason: GapReason::Unknown }));
            self.at = until;
        }
        if let Some(key) = next {
            cursor.offset = key.offset;
            self.cursor = Some(cursor);
        }
    }

    /// Passes over a slice whose file cannot be opened: expired in this very
    /// moment, or damaged.
    fn give_up(&mut self, stream: &Stream, slice: Slice, error: &StoreError) {
        let state = stream.state();
        if state.timeline.segment(slice.segment).is_none() {
            return; // the timeline says already what became of it
        }
        tracing::error!(stream = %self.id, %error, "a segment cannot be read");
        self.waiting.push_back(Piece::Gap(Gap { span: slice.span, reason: GapReason::Unknown }));
        self.at = slice.span.end();
    }
}

/// Returns how far the file may be read: an open segment to the end of its last
/// whole fragment.
fn limit(stream: &Stream, cursor: &Cursor) -> io::Result<u64> {
    let open = {
        let state = stream.state();
        state.open.as_ref().filter(|open| open.name == cursor.name).map(|open| open.len)
    };
    open.map_or_else(|| cursor.file.len(), Ok)
}

/// Returns where the keyframes of a closed segment stand.
pub(crate) fn keys(file: &SegmentFile) -> Vec<Key> {
    file.trailer().map_or_else(|| file.walk_keys(), |trailer| trailer.keys)
}

fn read(cursor: &Cursor, found: &Found) -> io::Result<Fragment> {
    let index = &found.index;
    let bytes = cursor.file.read(found.offset, index.total_len)?;
    let start = WallTime(cursor.name.start.0.saturating_add_unsigned(index.decode_time_us));
    let end = WallTime(cursor.name.start.0.saturating_add_unsigned(found.end_us()));
    let span = Span::new(start, end).ok_or(io::ErrorKind::InvalidData)?;
    Ok(Fragment {
        span,
        decode_time_us: index.decode_time_us,
        sequence: index.sequence,
        header_len: usize::try_from(index.data_offset).map_err(io::Error::other)?,
        is_key: found.is_key(),
        samples: found.index.samples.clone(),
        bytes,
    })
}

/// Returns what is missing in a hole, without a moment left out.
fn missing(timeline: &Timeline, hole: Span) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut from = hole.start();
    let untold = |from, until, pieces: &mut Vec<Piece>| {
        if let Some(span) = Span::new(from, until) {
            pieces.push(Piece::Gap(Gap { span, reason: GapReason::Unknown }));
        }
    };
    for missing in timeline.missing(hole) {
        let (span, piece) = match missing {
            Missing::Gap(gap) => (gap.span, Piece::Gap(gap)),
            Missing::Deleted(deleted) => (deleted.span, Piece::Deleted(deleted)),
        };
        untold(from, span.start(), &mut pieces);
        pieces.push(piece);
        from = span.end();
    }
    untold(from, hole.end(), &mut pieces);
    pieces
}
