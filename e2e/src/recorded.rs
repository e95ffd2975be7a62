//! What lies on disk, read by nothing but the file format.
//!
//! The store's own reader, index and recovery take no part: a defect of theirs
//! cannot hide itself here.

use std::fs;
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

/// Reads every whole fragment of a segment; what is torn at the end is left out,
/// and `torn` says so.
pub fn frames(segment: &Path) -> anyhow::Result<(Vec<Found>, bool)> {
    let name =
        segment.file_name().and_then(|name| name.to_str()).context("a segment has a name")?;
    let start: i64 =
        name.split('-').next().unwrap_or_default().parse().with_context(|| name.to_owned())?;
    let bytes = fs::read(segment)?;
    let mut at = 0;
    // ftyp and moov; a file cut within them holds no frame.
    for _ in 0..2 {
        match read::box_header(&bytes[at..]) {
            Ok(header) if at as u64 + header.total_len <= bytes.len() as u64 => {
                at += header.total_len as usize
            }
            _ => return Ok((Vec::new(), true)),
        }
    }
    let mut found = Vec::new();
    while at < bytes.len() {
        match read::box_header(&bytes[at..]) {
            Ok(header) if header.kind == BoxKind(*b"moof") => {}
            // What stands behind the fragments of a closed segment.
            Ok(header) if at as u64 + header.total_len <= bytes.len() as u64 => {
                at += header.total_len as usize;
                continue;
            }
            _ => return Ok((found, true)),
        }
        let Ok(index) = read::read_fragment_header(&bytes[at..]) else { return Ok((found, true)) };
        if at as u64 + index.total_len > bytes.len() as u64 {
            return Ok((found, true));
        }
        let mut data = at + index.data_offset as usize;
        let mut wall = start + index.decode_time_us as i64;
        for sample in &index.samples {
            let frame = &bytes[data..data + sample.size_bytes as usize];
            let stamp = sei::read_frame(frame)
                .with_context(|| format!("a frame of {name} bears no stamp"))?;
            found.push(Found { wall: WallTime(wall), stamp });
            data += sample.size_bytes as usize;
            wall += i64::from(sample.duration_us);
        }
        at += index.total_len as usize;
    }
    Ok((found, false))
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
