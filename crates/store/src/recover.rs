//! What is found at an opening: files against index, journals, torn ends.
//!
//! ```text
//! known to the index and there      taken as known
//! there, with a whole trailer       closed in order: its end stands in it
//! there, without                    walked: cut behind the last whole fragment
//! ... without one whole fragment    removed
//! known, and not there              forgotten
//! a stop that nobody explained      the recorder died: a gap `crashed`
//! the disk refuses a file           left as it is: read as far as it can be
//! ```
//!
//! Only files of the last opening can be torn: those before were mended by the
//! openings after them. Nothing is cut or removed in a file of theirs, though a
//! bad sector may make it look torn. Only where the epoch's own file is lost
//! does every segment that the index does not know count as one of the last
//! opening's.
//!
//! One bad sector keeps nobody from recording: what a disk will not read, cut or
//! take is passed over in the log, counted, and looked at again by the next
//! opening. Only the root and the list of the streams have to be readable.
//!
//! The same code makes the index anew. The caller syncs all of it before it
//! raises the epoch.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::time::Duration;

use base::{Span, StreamId, WallTime};

use crate::append::is_full;
use crate::disk::Disk;
use crate::error::StoreError;
use crate::facts::Fact;
use crate::format::list;
use crate::gap::GapReason;
use crate::index::{Change, Known};
use crate::journal::{Journal, cut};

use crate::layout::{Layout, SegmentName};
use crate::root;
use crate::segment::{Found, SegmentFile};
use crate::timeline::{Segment, Timeline};

/// How much of a torn segment is read to see whether the disk wrote what it was
/// given. At most 5 s lie above the watermark; the rest is margin.
const DOUBTED: Duration = Duration::from_secs(10);

/// What an opening found.
#[derive(Debug, Default)]
pub(crate) struct Recovered {
    pub(crate) streams: HashMap<StreamId, Timeline>,
    /// What the index has to learn.
    pub(crate) changes: Vec<Change>,
    /// The highest epoch in a segment's name.
    pub(crate) epoch: u32,
    pub(crate) used_bytes: u64,
    pub(crate) segments: u64,
    /// Segments whose torn end was cut.
    pub(crate) cut: u64,
    /// Files without one whole fragment.
    pub(crate) removed: u64,
    /// Files and folders that the disk refused.
    pub(crate) refused: u64,
}

impl Recovered {
    fn refuse(&mut self, error: &StoreError) {
        tracing::error!(%error, "what the disk refuses is passed over");
        self.refused += 1;
    }
}

/// The disk refused a file, of which `rest` is there all the same.
struct Refused {
    error: Box<StoreError>,
    rest: Option<Segment>,
}

/// What recovery works on.
#[derive(Clone, Copy)]
struct Scene<'a> {
    layout: &'a Layout,
    disk: &'a Disk,
    /// The epoch of the last opening; without it, each file may be torn.
    last_epoch: Option<u32>,
}

impl Scene<'_> {
    /// Returns whether a segment was being written when the last process ended.
    fn may_be_torn(self, epoch: u32) -> bool {
        self.last_epoch.is_none_or(|last| epoch >= last)
    }
}

/// Reads all streams, mends what is torn, and notes who died.
pub(crate) fn recover(
    layout: &Layout,
    disk: &Disk,
    last_epoch: Option<u32>,
    mut known: Known,
) -> Result<Recovered, StoreError> {
    let scene = Scene { layout, disk, last_epoch };
    let mut recovered = Recovered::default();
    for folder in list(&layout.streams())? {
        // One spelling only: a copy of a folder under another would be counted twice.
        let stream = folder.parse::<StreamId>().ok();
        let Some(stream) = stream.filter(|stream| stream.to_string() == folder) else {
            tracing::warn!(%folder, "a folder among the streams that is none is passed over");
            continue;
        };
        let known = known.remove(&stream).unwrap_or_default();
        let timeline = recover_stream(scene, stream, known, &mut recovered);
        recovered.streams.insert(stream, timeline);
    }
    for (stream, segments) in known {
        let gone = segments.iter().map(|segment| Change::Remove(stream, segment.name()));
        recovered.changes.extend(gone);
    }
    Ok(recovered)
}

fn recover_stream(
    scene: Scene<'_>,
    stream: StreamId,
    known: Vec<Segment>,
    recovered: &mut Recovered,
) -> Timeline {
    let Scene { layout, disk, .. } = scene;
    let mut known: HashMap<SegmentName, Segment> =
        known.into_iter().map(|segment| (segment.name(), segment)).collect();
    let mut timeline = Timeline::default();
    let journal = Journal::new(disk.clone(), layout.clone(), stream);
    let facts = journal.read().inspect_err(|error| recovered.refuse(error)).ok();
    facts.iter().flatten().for_each(|fact| timeline.learn(fact));
    let home = layout.stream(stream);
    let days = list(&home).unwrap_or_else(|error| {
        recovered.refuse(&error);
        known.clear();
        Vec::new()
    });
    for day in days {
        let folder = home.join(&day);
        if !folder.is_dir() {
            continue;
        }
        let files = list(&folder).unwrap_or_else(|error| {
            recovered.refuse(&error);
            known.retain(|name, _| name.day() != day);
            Vec::new()
        });
        for file in files {
            let Some(name) = SegmentName::parse(&file).filter(|name| name.day() == day) else {
                tracing::warn!(folder = %folder.display(), %file, "a file that is no segment is passed over");
                continue;
            };
            recovered.epoch = recovered.epoch.max(name.epoch);
            let segment = match known.remove(&name) {
                Some(segment) => segment,
                None => match mend(scene, &folder.join(&file), name, recovered) {
                    Ok(Some(segment)) => {
                        recovered.changes.push(Change::Put(stream, segment));
                        segment
                    }
                    Ok(None) => continue,
                    Err(Refused { error, rest }) => {
                        recovered.refuse(&error);
                        // Not for the index: the next opening looks again.
                        let Some(segment) = rest else { continue };
                        segment
                    }
                },
            };
            recovered.segments += 1;
            recovered.used_bytes += segment.size_bytes;
            timeline.put(segment);
        }
    }
    recovered.changes.extend(known.into_keys().map(|name| Change::Remove(stream, name)));
    // Without its facts nobody can say which stops are unexplained.
    if facts.is_some()
        && let Err(error) = note_crash(scene, &journal, &mut timeline)
    {
        recovered.refuse(&error);
    }
    timeline
}

/// Returns what a file holds that the index does not know, and cuts or removes
/// what is torn. A file that cannot be understood otherwise stays, and is
/// passed over.
fn mend(
    scene: Scene<'_>,
    path: &Path,
    name: SegmentName,
    recovered: &mut Recovered,
) -> Result<Option<Segment>, Refused> {
    let refused =
        |act, rest| move |error| Refused { error: StoreError::disk(act, path)(error).into(), rest };
    let may_be_torn = scene.may_be_torn(name.epoch);
    let len = std::fs::metadata(path).map_err(refused("look at", None))?.len();
    let (last, why) = match SegmentFile::open(scene.disk, path) {
        Ok(file) => {
            if let Some(trailer) = file.trailer() {
                return Ok(segment(name, trailer.end_us, len));
            }
            let (last, error) = last_whole(&file, len, may_be_torn);
            if let Some(error) = error {
                let rest = last.and_then(|last| segment(name, last.end_us(), len));
                return Err(refused("read", rest)(error));
            }
            (last, "it has no whole fragment".to_owned())
        }
        Err(StoreError::Unreadable { why, .. }) => (None, why),
        Err(error) => return Err(Refused { error: error.into(), rest: None }),
    };
    let shown = path.display();
    let Some(last) = last else {
        if may_be_torn {
            tracing::info!(path = %shown, why, "a file that never became a segment was removed");
            scene.disk.unlink(path).map_err(refused("delete", None))?;
            recovered.removed += 1;
        } else {
            tracing::error!(path = %shown, why, "a segment cannot be read and is passed over");
        }
        return Ok(None);
    };
    let whole = last.offset + last.index.total_len;
    let as_it_is = segment(name, last.end_us(), len);
    if whole == len {
        return Ok(as_it_is);
    }
    if !may_be_torn {
        tracing::error!(path = %shown, at = whole, "a segment can be read up to here only");
        return Ok(as_it_is);
    }
    cut(scene.disk, path, whole).map_err(refused("cut", as_it_is))?;
    tracing::info!(path = %shown, bytes = len - whole, "the torn end of a segment was cut");
    recovered.cut += 1;
    Ok(segment(name, last.end_us(), whole))
}

/// Returns the last fragment up to which the file is whole, and what kept the
/// disk from telling.
fn last_whole(file: &SegmentFile, len: u64, doubt: bool) -> (Option<Found>, Option<io::Error>) {
    let mut fragments: Vec<Found> = Vec::new();
    let mut refusal = None;
    for found in file.walk(file.first(), len) {
        match found {
            Ok(found)
                if fragments.last().map_or(0, Found::end_us) == found.index.decode_time_us =>
            {
                fragments.push(found);
            }
            Ok(_) => break,
            Err(error) => {
                refusal = Some(error);
                break;
            }
        }
    }
    if !doubt {
        return (fragments.pop(), refusal);
    }
    // Lengths are in order so far. Towards the end the disk may have made room
    // for what it then did not write.
    let end_us = fragments.last().map_or(0, Found::end_us);
    let doubted_from = end_us.saturating_sub(DOUBTED.as_micros() as u64);
    let sure = fragments.partition_point(|found| found.end_us() < doubted_from);
    for at in sure..fragments.len() {
        match file.is_sound(&fragments[at]) {
            Ok(true) => {}
            Ok(false) => {
                fragments.truncate(at);
                break;
            }
            // A bad sector was written once; the reader passes over it.
            Err(error) => refusal = Some(error),
        }
    }
    (fragments.pop(), refusal)
}

fn segment(name: SegmentName, end_us: u64, size_bytes: u64) -> Option<Segment> {
    let SegmentName { start, epoch, sequence, source } = name;
    let span = Span::new(start, start.plus(Duration::from_micros(end_us)))?;
    Some(Segment { span, epoch, sequence, source, size_bytes })
}

/// Notes a crash wherever the recording of the last opening stops and nobody
/// said why: at its end, and where the power took a file or a fact in its middle.
fn note_crash(
    scene: Scene<'_>,
    journal: &Journal,
    timeline: &mut Timeline,
) -> Result<(), StoreError> {
    let ends = timeline.segments().iter().filter(|segment| scene.may_be_torn(segment.epoch));
    let ends: Vec<_> = ends.map(|segment| segment.span.end()).collect();
    let crashes: Vec<_> = ends
        .into_iter()
        .filter(|&end| timeline.stops_without_reason(end))
        .map(|from| Fact::Gap { from, reason: GapReason::Crashed })
        .collect();
    if crashes.is_empty() {
        return Ok(());
    }
    crashes.iter().for_each(|fact| timeline.learn(fact));
    match journal.note_for_good(&crashes, &|| root::drop_ballast(scene.layout, scene.disk)) {
        Err(error) if is_full(&error) => {
            // Opening on a full disk must go on: it is what can make room. The
            // crash is known to this process, and lost with the next.
            tracing::warn!(path = %journal.path().display(), "the disk is too full to note a crash");
            Ok(())
        }
        other => other.map_err(StoreError::disk("note a crash in", &journal.path())),
    }
}

/// Returns the moment up to which a stream was recorded when the store opened.
pub(crate) fn watermark(timeline: &Timeline) -> Option<WallTime> {
    timeline.newest().map(|newest| newest.span.end())
}
