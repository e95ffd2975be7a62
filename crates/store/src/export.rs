//! Taking out: a span of a recording as one MP4 that plays anywhere.
//!
//! ```text
//! asked            [                 )
//! frames    K──p──p──p──p──K──p──p──p──p──K        all from the keyframe before
//! shown            p──p──p──K──p──p──p             exactly those of the span
//! file      ftyp moov │ mdat: the frames' bytes, copied from the segments │ sound
//! ```
//!
//! Sound is given by whoever may hear it, in the form that the file shall have,
//! and lies in memory: an hour is some tens of megabytes.
//!
//! No frame is coded again, and none is held: the header is made from the
//! fragments' headers, and the rest is read from the segments as it is asked
//! for. *Shown* is by the moment a frame is presented: its wall time, and its
//! composition offset where there are B-frames.
//!
//! Where nothing is recorded inside the span, the picture before the gap stands
//! until the next one, so that the clip's clock stays true: second 90 of the
//! clip is 90 s after its start. A gap of more than an hour stands for an hour.
//! [`Export::gaps`] says where they are.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::{Span, StreamId, WallTime};
use bytes::{Bytes, BytesMut};
use media::Frame;
use media::fmp4::{self, Part, Sample, Track};

use crate::core::Core;
use crate::disk::{Disk, ReadFile};
use crate::error::StoreError;
use crate::gap::Gap;
use crate::reader::keys;
use crate::segment::{Found, SegmentFile};
use crate::timeline::Slice;
use crate::writer::same_params;

/// The longest a picture stands for a gap.
const LONGEST_STAND_US: i64 = 3_600_000_000;

/// A span of a recording as a file that can be read at any place.
#[derive(Debug)]
pub struct Export {
    /// The wall time shown, from the first frame to the end of the last.
    pub span: Span,
    /// How many frames are shown.
    pub frames: u64,
    /// Where nothing was recorded inside the span.
    pub gaps: Vec<Gap>,
    /// Whether it has sound.
    pub has_sound: bool,
    /// Everything before the frames' bytes.
    pub header: Bytes,
    /// Length of the whole file.
    pub size_bytes: u64,
    /// In order of `at`, without holes.
    chunks: Vec<Chunk>,
    disk: Disk,
}

/// Frames that lie together.
#[derive(Debug)]
struct Chunk {
    /// Where in the export they stand.
    at: u64,
    source: Source,
}

/// Where the bytes of frames are.
#[derive(Debug)]
enum Source {
    /// In a segment, and where in it.
    Segment(Arc<PathBuf>, Range<u64>),
    Memory(Bytes),
}

/// A frame on its way into the export.
#[derive(Clone, Copy, Debug)]
struct Placed {
    wall: WallTime,
    sample: Sample,
}

/// What is gathered of the span.
#[derive(Default)]
struct Plan {
    frames: Vec<Placed>,
    /// Where in `frames` other parameters begin.
    parts: Vec<(usize, Arc<media::Params>)>,
    chunks: Vec<Chunk>,
    /// Bytes of all chunks.
    size_bytes: u64,
}

impl Export {
    pub(crate) fn new(
        core: &Core,
        id: StreamId,
        span: Span,
        sound: &[Frame],
    ) -> Result<Self, StoreError> {
        let nothing = || StoreError::NothingRecorded { from: span.start(), to: span.end() };
        let stream = core.stream(id).ok_or_else(nothing)?;
        let (slices, gaps) = {
            let state = stream.state();
            let slices: Vec<_> = state.timeline.slices(span).collect();
            (slices, state.timeline.answer(span).gaps)
        };
        let mut plan = Plan::default();
        for (at, slice) in slices.iter().enumerate() {
            let path = core.layout.segment(id, slice.segment);
            let open = {
                let state = stream.state();
                let open = state.open.as_ref().filter(|open| open.name == slice.segment);
                open.map(|open| (open.keys.clone(), open.len))
            };
            plan.add(&core.disk, *slice, path, open, at == 0)?;
        }
        plan.finish(&core.disk, span, gaps, sound).ok_or_else(nothing)
    }

    /// Fills `out` with the file's bytes from `offset` on; returns how many they are,
    /// fewer than there is room for only at its end. Blocks for the disk.
    ///
    /// No segment stays open between two calls: an export waits for half an hour for who
    /// may never fetch the rest, and a deleted file that is open takes its room on the
    /// disk as before.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`], if a segment was deleted since (what is to be
    /// taken out should be held) or the disk will not read it.
    pub fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<usize, StoreError> {
        let open = |path: &Path| self.disk.open_to_read(path).map(Some);
        self.fill(offset, out, open, |file, from, room| {
            file.read_exact(from, room)?;
            Ok(room.len())
        })
    }

    /// Fills `out` as far as that takes no waiting for the disk; returns how far that is,
    /// perhaps nowhere.
    ///
    /// # Errors
    /// As [`read_at`](Self::read_at).
    pub fn read_ready(&self, offset: u64, out: &mut [u8]) -> Result<usize, StoreError> {
        self.fill(offset, out, |path| self.disk.open_ready(path), ReadFile::read_ready)
    }

    /// Fills `out` from `offset` on, up to where `open` gives no file, or `read` less than
    /// was asked for.
    fn fill(
        &self,
        offset: u64,
        out: &mut [u8],
        open: impl Fn(&Path) -> io::Result<Option<ReadFile>>,
        read: impl Fn(&ReadFile, u64, &mut [u8]) -> io::Result<usize>,
    ) -> Result<usize, StoreError> {
        let mut opened: Option<(&Path, ReadFile)> = None;
        let end = self.size_bytes.min(offset.saturating_add(out.len() as u64));
        let header_len = self.header.len() as u64;
        let mut at = offset;
        if at < end.min(header_len) {
            let header = &self.header[at as usize..end.min(header_len) as usize];
            out[..header.len()].copy_from_slice(header);
            at += header.len() as u64;
        }
        let mut chunk = self.chunks.partition_point(|chunk| chunk.at <= at).saturating_sub(1);
        while at < end {
            let Some(Chunk { at: start, source }) = self.chunks.get(chunk) else { break };
            let (into, room) = (at - start, &mut out[(at - offset) as usize..]);
            match source {
                Source::Memory(bytes) => {
                    let wanted = (bytes.len() as u64 - into).min(end - at);
                    let bytes = &bytes[into as usize..(into + wanted) as usize];
                    room[..bytes.len()].copy_from_slice(bytes);
                    at += wanted;
                }
                Source::Segment(path, range) => {
                    let from = range.start + into;
                    let wanted = (range.end - from).min(end - at);
                    let failed = |error| StoreError::disk("read", path)(error).in_segment();
                    if opened.as_ref().is_none_or(|(known, _)| *known != path.as_path()) {
                        let Some(file) = open(path).map_err(failed)? else { break };
                        opened = Some((path, file));
                    }
                    let Some((_, file)) = &opened else { break };
                    let done = read(file, from, &mut room[..wanted as usize]).map_err(failed)?;
                    at += done as u64;
                    if (done as u64) < wanted {
                        break;
                    }
                }
            }
            chunk += 1;
        }
        Ok(at.saturating_sub(offset) as usize)
    }
}

impl Plan {
    /// Adds the frames of a slice. Only the first may begin inside a GOP:
    /// frames that are decoded and not shown can stand at the file's start alone.
    fn add(
        &mut self,
        disk: &Disk,
        slice: Slice,
        path: PathBuf,
        open: Option<(Vec<crate::trailer::Key>, u64)>,
        is_first: bool,
    ) -> Result<(), StoreError> {
        let file = SegmentFile::open(disk, &path).map_err(StoreError::in_segment)?;
        let failed = || |error| StoreError::disk("read", &path)(error).in_segment();
        let (keys, limit) = match open {
            Some(open) => open,
            None => (keys(&file), file.len().map_err(failed())?),
        };
        let name = slice.segment;
        let wanted_us = slice.span.start().micros_since(name.start).unsigned_abs();
        let begin = if is_first {
            keys.partition_point(|key| key.at_us <= wanted_us).saturating_sub(1)
        } else {
            keys.partition_point(|key| key.at_us < wanted_us)
        };
        let Some(begin) = keys.get(begin) else { return Ok(()) };
        let shared = Arc::new(path.clone());
        if self.parts.last().is_none_or(|(_, params)| !same_params(params, &file.params)) {
            self.parts.push((self.frames.len(), file.params.clone()));
        }
        for found in file.walk(begin.offset, limit) {
            let found = found.map_err(failed())?;
            if !self.add_fragment(&found, slice, &shared) {
                break;
            }
        }
        Ok(())
    }

    /// Adds a fragment's frames that begin before the slice's end; returns
    /// whether the next fragment may have some too.
    fn add_fragment(&mut self, found: &Found, slice: Slice, path: &Arc<PathBuf>) -> bool {
        let origin = slice.segment.start.0;
        let mut wall = WallTime(origin.saturating_add_unsigned(found.index.decode_time_us));
        let from = found.offset + found.index.data_offset;
        let mut size_bytes = 0;
        let mut whole = true;
        for &sample in &found.index.samples {
            if wall >= slice.span.end() {
                whole = false;
                break;
            }
            self.frames.push(Placed { wall, sample });
            size_bytes += u64::from(sample.size_bytes);
            wall = WallTime(wall.0.saturating_add(sample.duration_us.into()));
        }
        if size_bytes > 0 {
            let range = from..from + size_bytes;
            let source = Source::Segment(path.clone(), range);
            self.chunks.push(Chunk { at: self.size_bytes, source });
            self.size_bytes += size_bytes;
        }
        whole
    }

    fn finish(
        mut self,
        disk: &Disk,
        asked: Span,
        gaps: Vec<Gap>,
        sound: &[Frame],
    ) -> Option<Export> {
        let origin = self.frames.first()?.wall;
        self.place(asked);
        let mut media_us = 0;
        let mut shown: Option<Range<u64>> = None;
        let mut frames = 0;
        let mut span: Option<(WallTime, WallTime)> = None;
        for placed in &self.frames {
            let offset = i64::from(placed.sample.composition_us);
            let presented = WallTime(placed.wall.0.saturating_add(offset));
            let at_us = u64::try_from(media_us + offset).unwrap_or(0);
            let lasts_us = u64::from(placed.sample.duration_us);
            media_us += i64::from(placed.sample.duration_us);
            if !asked.contains(presented) {
                continue;
            }
            frames += 1;
            let end_us = at_us + lasts_us;
            let known = shown.get_or_insert(at_us..end_us);
            *known = known.start.min(at_us)..known.end.max(end_us);
            let end = WallTime(presented.0.saturating_add_unsigned(lasts_us));
            let known = span.get_or_insert((presented, end));
            *known = (known.0.min(presented), known.1.max(end));
        }
        let (shown, (start, end)) = (shown?, span?);
        debug_assert!(origin <= start);

        let samples: Vec<_> = self.frames.iter().map(|placed| placed.sample).collect();
        let ends = self.parts.iter().skip(1).map(|(at, _)| *at).chain([samples.len()]);
        let parts: Vec<_> = self
            .parts
            .iter()
            .zip(ends)
            .map(|((from, params), to)| Part { params, samples: &samples[*from..to] })
            .filter(|part| !part.samples.is_empty())
            .collect();
        let span = Span::new(start, end)?;
        let heard = Heard::within(sound, span);
        let sound_parts: Vec<_> = heard.iter().flat_map(Heard::parts).collect();
        let mut tracks = vec![Track { parts: &parts, shown, delay_us: 0 }];
        tracks.extend(heard.iter().map(|heard| Track {
            parts: &sound_parts,
            shown: 0..u64::MAX,
            delay_us: heard.delay_us,
        }));
        let header = fmp4::movie(&tracks);
        if let Some(heard) = &heard {
            let source = Source::Memory(heard.bytes.clone());
            self.chunks.push(Chunk { at: self.size_bytes, source });
            self.size_bytes += heard.bytes.len() as u64;
        }
        let size_bytes = header.len() as u64 + self.size_bytes;
        for chunk in &mut self.chunks {
            chunk.at += header.len() as u64;
        }
        let (chunks, has_sound) = (self.chunks, heard.is_some());
        let disk = disk.clone();
        Some(Export { span, frames, gaps, has_sound, header, size_bytes, chunks, disk })
    }

    /// Lets each frame last until the next one, over gaps and where one
    /// segment takes over from another; the last one to the span's end at most.
    fn place(&mut self, asked: Span) {
        let mut next = None;
        for placed in self.frames.iter_mut().rev() {
            let until = match next {
                Some(next) => next,
                None => {
                    let end = placed.wall.0.saturating_add(placed.sample.duration_us.into());
                    WallTime(end).min(asked.end())
                }
            };
            let lasts = until.micros_since(placed.wall).clamp(1, LONGEST_STAND_US);
            placed.sample.duration_us = u32::try_from(lasts).unwrap_or(u32::MAX);
            next = Some(placed.wall);
        }
    }
}

/// The sound of an export.
struct Heard {
    /// How long after the first picture it begins.
    delay_us: u64,
    /// Stretches of equal parameters.
    stretches: Vec<(Arc<media::Params>, Vec<Sample>)>,
    bytes: Bytes,
}

impl Heard {
    /// Returns what of `sound` is heard within `span`; nothing if nothing is.
    fn within(sound: &[Frame], span: Span) -> Option<Self> {
        let heard: Vec<&Frame> = sound.iter().filter(|frame| span.contains(frame.wall)).collect();
        let first = heard.first()?;
        let delay_us = first.wall.micros_since(span.start()).unsigned_abs();
        let mut stretches: Vec<(Arc<media::Params>, Vec<Sample>)> = Vec::new();
        let mut bytes = BytesMut::new();
        for (index, frame) in heard.iter().enumerate() {
            // Over what is missing the last moment lasts, so that the clock stays true.
            let until = heard.get(index + 1).map_or(span.end(), |next| next.wall);
            let lasts = until.micros_since(frame.wall).clamp(1, LONGEST_STAND_US);
            let until = WallTime(frame.wall.0.saturating_add(lasts));
            match stretches.last_mut() {
                Some((params, samples)) if same_params(params, &frame.params) => {
                    samples.push(frame.sample(until));
                }
                _ => stretches.push((frame.params.clone(), vec![frame.sample(until)])),
            }
            bytes.extend_from_slice(&frame.data);
        }
        Some(Self { delay_us, stretches, bytes: bytes.freeze() })
    }

    fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        self.stretches.iter().map(|(params, samples)| Part { params, samples })
    }
}
