//! What lies on disk, read by nothing but the file format.
//!
//! The store's own reader, index and recovery take no part: a defect of theirs
//! cannot hide itself here.

use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;
use base::{StreamId, WallTime};
use media::fmp4::{BoxKind, read};
use simcam::sei::{self, Stamp};

/// A frame found in a segment.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// Its place on the server's axis: the segment's start and its media time.
    pub wall: WallTime,
    /// What the simulated camera wrote into it.
    pub stamp: Stamp,
    /// How many bytes it has.
    pub size_bytes: u32,
}

/// Returns the segment files of `stream` below `root`, by start, epoch and sequence.
pub fn segments(root: &Path, stream: StreamId) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let folder = root.join("streams").join(stream.to_string());
    if !folder.exists() {
        return Ok(files);
    }
    for day in fs::read_dir(folder)? {
        let day = day?.path();
        if day.is_dir() {
            for file in fs::read_dir(day)? {
                files.push(file?.path());
            }
        }
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "mp4"));
    files.sort_by_key(|file| file.file_name().map(ToOwned::to_owned));
    Ok(files)
}

/// Returns the frames of every whole fragment of a segment; what is torn at the end is
/// left out, and `torn` says so.
pub fn frames(segment: &Path) -> anyhow::Result<(Vec<Found>, bool)> {
    let name =
        segment.file_name().and_then(|name| name.to_str()).context("a segment has a name")?;
    let start: i64 =
        name.split('-').next().unwrap_or_default().parse().with_context(|| name.to_owned())?;
    BUFFER.with_borrow_mut(|buffer| frames_of(name, start, read_past_cache(segment, buffer)?))
}

fn frames_of(name: &str, start: i64, all: &[u8]) -> anyhow::Result<(Vec<Found>, bool)> {
    let len = all.len() as u64;
    let mut at = 0;
    // ftyp and moov; a file cut within them holds no frame.
    for _ in 0..2 {
        match read::box_header(part(all, at, BOX)) {
            Ok(header) if at + header.total_len <= len => at += header.total_len,
            _ => return Ok((Vec::new(), true)),
        }
    }
    let mut found = Vec::new();
    while at < len {
        let header = match read::box_header(part(all, at, BOX)) {
            Ok(header) if header.kind == BoxKind(*b"moof") => header,
            // What stands behind the fragments of a closed segment.
            Ok(header) if at + header.total_len <= len => {
                at += header.total_len;
                continue;
            }
            _ => return Ok((found, true)),
        };
        let moof = part(all, at, header.total_len + BOX);
        let Ok(index) = read::read_fragment_header(moof) else { return Ok((found, true)) };
        if at + index.total_len > len {
            return Ok((found, true));
        }
        let mut data = at + index.data_offset;
        let mut wall = start + index.decode_time_us as i64;
        for sample in &index.samples {
            let size = u64::from(sample.size_bytes);
            // Nearly always it stands at the front, and the rest need not be looked at.
            let stamp = sei::read_frame(part(all, data, size.min(STAMP)))
                .or_else(|| sei::read_frame(part(all, data, size)))
                .with_context(|| format!("a frame of {name} bears no stamp"))?;
            let size_bytes = sample.size_bytes;
            found.push(Found { wall: WallTime(wall), stamp, size_bytes });
            data += size;
            wall += i64::from(sample.duration_us);
        }
        at += index.total_len;
    }
    Ok((found, false))
}

/// The longest header of a box.
const BOX: u64 = 16;

/// Where a stamp stands in a frame, nearly always.
const STAMP: u64 = 256;

thread_local! {
    /// A segment's bytes. Used again: memory that is new costs more than reading.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Reads a file past the page cache where the file system can: a thousand cameras are
/// looked at beside their recording, which is to have the machine for itself.
fn read_past_cache<'a>(path: &Path, buffer: &'a mut Vec<u8>) -> anyhow::Result<&'a [u8]> {
    /// Where such reads begin and end, in memory and file.
    const ALIGNMENT: usize = 4096;
    let file = fs::OpenOptions::new()
        .read(true)
        .custom_flags(rustix::fs::OFlags::DIRECT.bits().cast_signed())
        .open(path)
        .or_else(|_| fs::File::open(path))?;
    let len = usize::try_from(file.metadata()?.len())?;
    let room = (len + 1).next_multiple_of(ALIGNMENT);
    if buffer.len() < room + ALIGNMENT {
        buffer.resize(room + ALIGNMENT, 0);
    }
    let begins = buffer.as_ptr().align_offset(ALIGNMENT);
    let aligned = &mut buffer[begins..][..room];
    let mut read = 0;
    // Somebody may append to it meanwhile: what came later is not looked at.
    while read < len {
        match file.read_at(&mut aligned[read..], read as u64)? {
            0 => break,
            count => read += count,
        }
    }
    Ok(&aligned[..read.min(len)])
}

/// Returns so many bytes of a file, or those there are.
fn part(all: &[u8], at: u64, bytes: u64) -> &[u8] {
    let all = usize::try_from(at).ok().and_then(|at| all.get(at..)).unwrap_or_default();
    &all[..all.len().min(usize::try_from(bytes).unwrap_or(usize::MAX))]
}

/// Returns the streams that have a folder below `root`, in the order of their ids.
pub fn streams(root: &Path) -> anyhow::Result<Vec<StreamId>> {
    let mut streams = Vec::new();
    for entry in fs::read_dir(root.join("streams"))? {
        let name = entry?.file_name();
        streams.push(name.to_str().context("a stream's folder is named by its id")?.parse()?);
    }
    streams.sort();
    Ok(streams)
}

/// Returns the number of the store's opening that wrote a segment, from its name.
pub fn epoch(segment: &Path) -> anyhow::Result<u32> {
    let name =
        segment.file_name().and_then(|name| name.to_str()).context("a segment has a name")?;
    name.split('-').nth(1).unwrap_or_default().parse().with_context(|| name.to_owned())
}

/// Decodes a file with ffmpeg, which may complain of nothing, and returns how
/// many pictures it shows.
pub fn decoded(file: &Path) -> anyhow::Result<usize> {
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-i"])
        .arg(file)
        .args(["-map", "0:v", "-fps_mode", "passthrough", "-f", "framemd5", "-"])
        .stdin(Stdio::null())
        .output()
        .context("cannot run ffmpeg")?;
    let complaints = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(
        output.status.success() && complaints.is_empty(),
        "{}: ffmpeg complains: {complaints}",
        file.display()
    );
    let sums = String::from_utf8(output.stdout)?;
    Ok(sums.lines().filter(|line| !line.starts_with('#')).count())
}

/// Returns every frame of `stream` below `root`, in the order of its segments.
pub fn stream(root: &Path, stream: StreamId) -> anyhow::Result<Vec<Found>> {
    let mut all = Vec::new();
    for segment in segments(root, stream)? {
        all.extend(frames(&segment)?.0);
    }
    Ok(all)
}
