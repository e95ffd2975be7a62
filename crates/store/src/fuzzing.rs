//! The way in for the fuzz targets of this room, and for nobody else.
//!
//! What must hold is said in `fuzz/`; here it is only made reachable.

use std::path::Path;

use base::StreamId;

use crate::disk::Disk;
use crate::error::StoreError;
use crate::index::Known;
use crate::layout::Layout;
use crate::timeline::Timeline;
use crate::trailer::{self, FOOT, Key};
use crate::{format, recover};

/// What an opening finds where there is no index.
#[derive(Debug)]
pub struct Recovered {
    /// The streams, in order.
    pub streams: Vec<(StreamId, Timeline)>,
    /// Files that were cut or removed.
    pub mended: u64,
    /// How many segments there are, and how long their files are together.
    pub used: (u64, u64),
}

/// Reads and mends the streams under `root` as an opening does.
pub fn recover(root: &Path, last_epoch: Option<u32>) -> Result<Recovered, StoreError> {
    let found = recover::recover(&Layout::new(root), &Disk::Real, last_epoch, Known::new())?;
    let mut streams: Vec<_> = found.streams.into_iter().collect();
    streams.sort_by_key(|(stream, _)| *stream);
    let used = (found.segments, found.used_bytes);
    Ok(Recovered { streams, mended: found.cut + found.removed, used })
}

/// Returns the trailer of a segment with keyframes at these times and offsets.
pub fn write_trailer(keys: &[(u64, u64)], end_us: u64) -> Vec<u8> {
    let keys: Vec<_> = keys.iter().map(|&(at_us, offset)| Key { at_us, offset }).collect();
    trailer::write(&keys, end_us)
}

/// Returns what the trailer at the end of `file` says, found by its foot.
pub fn read_trailer(file: &[u8]) -> Option<(Vec<(u64, u64)>, u64)> {
    let len = usize::try_from(trailer::length(file.last_chunk::<FOOT>()?)?).ok()?;
    let read = trailer::read(&file[file.len().checked_sub(len)?..])?;
    Some((read.keys.iter().map(|key| (key.at_us, key.offset)).collect(), read.end_us))
}

/// Returns the version that a store's `format` file names.
pub fn read_format(text: &str) -> Option<u32> {
    format::read(text)
}
