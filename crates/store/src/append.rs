//! The disk threads: fragments become files.
//!
//! ```text
//! orders of streams a, d, g ──▶ thread 1 ──▶ one writev a fragment
//! orders of streams b, e, h ──▶ thread 2 ──▶
//! ```
//!
//! A stream always has the same thread, so its orders are done in order. A
//! thread does nothing that lasts but write: syncing is `sync.rs`, the index
//! follows when a segment is closed and synced. When the disk is full, room is
//! made or the stream pauses until its next keyframe finds some. A segment ends
//! at a keyframe; if none comes it ends at twice its limits, and the stream
//! pauses until one does.

use std::io::{self, IoSlice};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;

use base::{Span, WallTime};
use media::fmp4;
use media::{Frame, Params};

use crate::config::StoreConfig;
use crate::core::Core;
use crate::disk::DiskFile;
use crate::facts::Fact;
use crate::gap::GapReason;
use crate::layout::{SegmentName, Source};
use crate::stream::{Open, Stream, lock};
use crate::sync::Closing;
use crate::timeline::Segment;
use crate::trailer::Key;
use crate::writer::{Fragment, same_params};

/// What a disk thread is asked to do.
#[derive(Debug)]
pub(crate) enum Order {
    Append(Arc<Stream>, Fragment),
    EndRun(Arc<Stream>, GapReason, WallTime),
    /// To answer when all orders before it are done.
    Answer(Sender<()>),
    Stop,
}

/// What a stream's disk thread holds of it.
#[derive(Debug, Default)]
pub(crate) struct Hand {
    file: Option<OpenFile>,
    /// The disk could not take it: nothing is written before the next keyframe.
    paused: bool,
    /// Why nothing is recorded, if that is noted already.
    noted: Option<GapReason>,
    /// The last segment's number in this epoch.
    sequence: u32,
}

#[derive(Debug)]
struct OpenFile {
    file: Arc<DiskFile>,
    name: SegmentName,
    params: Arc<Params>,
    end: WallTime,
    len: u64,
    fragments: u32,
    longest: Duration,
    largest: u64,
}

/// Does orders until it is told to stop.
pub(crate) fn run(core: &Core, orders: &Receiver<Order>) {
    let mut header = Vec::new();
    while let Ok(order) = orders.recv() {
        match order {
            Order::Append(stream, fragment) => {
                append(core, &stream, &fragment, &mut header);
                core.release_queue(&stream, fragment.gop.bytes() as u64);
            }
            Order::EndRun(stream, reason, at) => end_run(core, &stream, reason, at),
            // Nobody waits any more: then nobody needs the answer.
            Order::Answer(asker) => {
                let _ = asker.send(());
            }
            Order::Stop => return,
        }
    }
}

/// Writes a fragment; `header` is a buffer that is used again and again.
fn append(core: &Core, stream: &Arc<Stream>, fragment: &Fragment, header: &mut Vec<u8>) {
    let Some(first) = fragment.gop.frames().first() else { return };
    let size_bytes = fragment.gop.bytes() as u64;
    let mut hand = lock(&stream.hand);
    let hand = &mut *hand;
    if hand.paused && (!first.is_key || core.is_full()) {
        stream.state().dropped_fragments += 1;
        return;
    }
    hand.paused = false;
    if let Some(open) = &hand.file
        && open.is_overgrown(&core.config, first, size_bytes)
    {
        let from = open.end;
        tracing::warn!(stream = %stream.id, %from, "no keyframe comes: recording waits for the next");
        close(core, stream, hand);
        note_gap(core, stream, hand, from, GapReason::Protocol);
    }
    if hand.file.as_ref().is_some_and(|open| !open.takes(first, size_bytes)) {
        close(core, stream, hand);
    }
    if hand.file.is_none() && !first.is_key {
        return; // nothing could show it
    }
    /// Room that others took meanwhile is asked for again.
    const TRIES: u32 = 4;
    let mut refusal = None;
    for _ in 0..TRIES {
        if !core.has_room(size_bytes) && !core.make_room(size_bytes, None) {
            refusal = Some(GapReason::DiskFull);
            break;
        }
        let freed = core.room.freed.load(Ordering::Relaxed);
        match try_append(core, stream, hand, fragment, header) {
            Ok(()) => {
                hand.noted = None;
                return;
            }
            Err(error) if is_full(&error) => {
                refusal = Some(GapReason::DiskFull);
                if !core.make_room(size_bytes, Some(freed)) {
                    break;
                }
            }
            Err(error) => {
                tracing::error!(stream = %stream.id, %error, "the disk does not take this stream");
                refusal = Some(GapReason::Unknown);
                break;
            }
        }
    }
    let reason = refusal.unwrap_or(GapReason::DiskFull);
    if reason == GapReason::DiskFull {
        core.set_full();
    }
    close(core, stream, hand);
    hand.paused = true;
    stream.state().dropped_fragments += 1;
    note_gap(core, stream, hand, first.wall, reason);
}

fn end_run(core: &Core, stream: &Arc<Stream>, reason: GapReason, at: WallTime) {
    let mut hand = lock(&stream.hand);
    let from = hand.file.as_ref().map_or(at, |open| open.end);
    close(core, stream, &mut hand);
    hand.paused = false;
    note_gap(core, stream, &mut hand, from, reason);
}

/// Notes why nothing is recorded, unless that is known: a camera that cannot be
/// reached is tried again and again.
fn note_gap(core: &Core, stream: &Arc<Stream>, hand: &mut Hand, from: WallTime, reason: GapReason) {
    if hand.noted != Some(reason) {
        core.note(stream, Fact::Gap { from, reason });
        hand.noted = Some(reason);
    }
}

/// Closes the segment that is open. Its trailer follows when its bytes are synced.
fn close(core: &Core, stream: &Arc<Stream>, hand: &mut Hand) {
    let Some(open) = hand.file.take() else { return };
    let keys = stream.state().open.take().map(|open| open.keys).unwrap_or_default();
    core.ledger.closing(stream, Closing { file: open.file, name: open.name, end: open.end, keys });
}

fn try_append(
    core: &Core,
    stream: &Arc<Stream>,
    hand: &mut Hand,
    fragment: &Fragment,
    header: &mut Vec<u8>,
) -> io::Result<()> {
    let Some(first) = fragment.gop.frames().first() else { return Ok(()) };
    let mut init = None;
    if hand.file.is_none() {
        let mut made = Vec::new();
        let name = SegmentName {
            start: first.wall,
            epoch: core.epoch,
            sequence: hand.sequence + 1,
            source: Source::Live,
        };
        let created = create(core, stream, name, &mut made);
        // Also where it went no further: what was made is not made again.
        core.ledger.made(stream, made);
        let file = Arc::new(created?);
        hand.sequence = name.sequence;
        init = Some(fmp4::init_segment(&first.params));
        hand.file = Some(OpenFile::new(core, stream, file, name, first));
    }
    let Some(open) = hand.file.as_mut() else { return Ok(()) };

    header.clear();
    let at_us = first.wall.micros_since(open.name.start).unsigned_abs();
    let samples = fragment.gop.samples(fragment.end);
    fmp4::put_fragment_header(header, open.fragments + 1, at_us, &samples);
    let mut parts = Vec::with_capacity(2 + samples.len());
    parts.extend(init.as_deref().map(IoSlice::new));
    parts.push(IoSlice::new(header));
    parts.extend(fragment.gop.frames().iter().map(|frame| IoSlice::new(&frame.data)));
    let written: u64 = parts.iter().map(|part| part.len() as u64).sum();

    if let Err(error) = core.disk.append(&open.file, &mut parts) {
        if open.len == 0 {
            take_back(core.disk.unlink(open.file.path()), open);
            hand.file = None;
        } else if !take_back(core.disk.truncate(&open.file, open.len), open) {
            // Nothing may be appended behind it; a walk ends there, as recovery's would.
            close(core, stream, hand);
        }
        return Err(error);
    }
    let offset = open.len + init.as_ref().map_or(0, |init| init.len() as u64);
    open.len += written;
    open.end = fragment.end;
    open.fragments += 1;
    core.wrote(written, fragment.end);
    let key = first.is_key.then_some(Key { at_us, offset });
    publish(stream, open, key);
    core.ledger.wrote(stream, &open.file, fragment.run, open.end);
    Ok(())
}

/// Makes the new fragment visible to readers.
fn publish(stream: &Stream, open: &OpenFile, key: Option<Key>) {
    let SegmentName { start, epoch, sequence, source } = open.name;
    let Some(span) = Span::new(start, open.end) else { return };
    let mut state = stream.state();
    state.timeline.put(Segment { span, epoch, sequence, source, size_bytes: open.len });
    let shared =
        state.open.get_or_insert_with(|| Open { name: open.name, len: 0, keys: Vec::new() });
    shared.len = open.len;
    shared.keys.extend(key);
}

/// Returns whether no half of a fragment stays behind.
fn take_back(done: io::Result<()>, open: &OpenFile) -> bool {
    if let Err(error) = &done {
        let path = open.file.path().display();
        tracing::warn!(%path, %error, "half a fragment stays behind");
    }
    done.is_ok()
}

/// Makes a segment's file and the folders it needs; `made` is where entries are new.
fn create(
    core: &Core,
    stream: &Stream,
    name: SegmentName,
    made: &mut Vec<PathBuf>,
) -> io::Result<DiskFile> {
    let (home, day) = (core.layout.stream(stream.id), core.layout.day(stream.id, name));
    let path = core.layout.segment(stream.id, name);
    let mut folders = || -> io::Result<DiskFile> {
        if core.disk.create_dir(&home)? {
            made.push(core.layout.streams());
        }
        if core.disk.create_dir(&day)? {
            made.push(home.clone());
        }
        core.disk.create(&path)
    };
    let file = match folders() {
        // Expiry has just removed the folder because it was empty.
        Err(error) if error.kind() == io::ErrorKind::NotFound => folders()?,
        other => other?,
    };
    made.push(day);
    Ok(file)
}

impl OpenFile {
    fn new(
        core: &Core,
        stream: &Stream,
        file: Arc<DiskFile>,
        name: SegmentName,
        first: &Frame,
    ) -> Self {
        let (longest, largest) = core.segment_limits(stream, name);
        let params = first.params.clone();
        Self { file, name, params, end: first.wall, len: 0, fragments: 0, longest, largest }
    }

    /// Returns whether a segment that only a keyframe could end has waited for
    /// it too long: one that is open is never expired.
    fn is_overgrown(&self, config: &StoreConfig, first: &Frame, size_bytes: u64) -> bool {
        let longest = 2 * Duration::from_secs(config.segment_s.into());
        !first.is_key
            && (first.wall >= self.name.start.plus(longest)
                || self.len + size_bytes > config.segment_bytes.saturating_mul(2))
    }

    /// Returns whether a fragment goes into this segment or begins the next.
    fn takes(&self, first: &Frame, size_bytes: u64) -> bool {
        let full = first.wall >= self.name.start.plus(self.longest)
            || self.len + size_bytes > self.largest;
        // Each segment can be shown alone, so only a keyframe may begin one.
        first.wall == self.end
            && same_params(&first.params, &self.params)
            && !(full && first.is_key)
    }
}

pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
