//! One segment's file, read.
//!
//! ```text
//! ftyp moov │ moof mdat │ moof mdat │ … │ mfra
//! └ init      └ fragments, walked by their lengths   └ trailer, if it was closed
//! ```
//!
//! Reads with a position of its own, so the file may grow meanwhile. What is in
//! a file may be torn or false: every length is checked against the file's
//! before a byte is fetched for it.

use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use media::fmp4::{self, FragmentIndex};
use media::{Params, nal};

use crate::disk::{Disk, ReadFile};
use crate::error::StoreError;
use crate::trailer::{self, FOOT, Key, Trailer};

/// What one read fetches in the hope that a fragment's header is in it: a GOP
/// of 50 frames needs half a kilobyte.
const HEAD: usize = 4096;

/// No header of ours is longer: more would be 250,000 frames in a fragment.
const LONGEST_HEADER: u64 = 4 << 20;

/// A fragment's place in the file.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// First byte of its `moof`.
    pub(crate) offset: u64,
    pub(crate) index: FragmentIndex,
}

/// A segment open for reading.
#[derive(Debug)]
pub(crate) struct SegmentFile {
    file: ReadFile,
    /// Where the fragments begin.
    first: u64,
    pub(crate) params: Arc<Params>,
}

impl SegmentFile {
    /// Opens a segment and reads what a decoder needs.
    pub(crate) fn open(disk: &Disk, path: &Path) -> Result<Self, StoreError> {
        let file = disk.open_to_read(path).map_err(StoreError::disk("open", path))?;
        let broken = |why: String| StoreError::Unreadable { path: path.to_owned(), why };
        let mut head = vec![0; HEAD];
        loop {
            let read = file.read_up_to(0, &mut head).map_err(StoreError::disk("read", path))?;
            match fmp4::read_init(&head[..read]) {
                Ok(params) => {
                    let first = init_len(&head[..read])
                        .ok_or_else(|| broken("its boxes have no order".to_owned()))?;
                    return Ok(Self { file, first, params: Arc::new(params) });
                }
                Err(fmp4::ReadError::TooShort { .. })
                    if read == head.len() && (read as u64) < LONGEST_HEADER =>
                {
                    head.resize(read * 4, 0);
                }
                Err(error) => return Err(broken(error.to_string())),
            }
        }
    }

    /// Returns where the first fragment stands.
    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    /// Returns the file's length now.
    pub(crate) fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    /// Returns the trailer, if the segment has a whole one.
    pub(crate) fn trailer(&self) -> Option<Trailer> {
        let len = self.len().ok()?;
        let mut foot = [0; FOOT];
        let foot_at = len.checked_sub(FOOT as u64)?;
        self.file.read_exact(foot_at, &mut foot).ok()?;
        let start = len.checked_sub(trailer::length(&foot)?)?;
        let mut bytes = vec![0; usize::try_from(len - start).ok()?];
        self.file.read_exact(start, &mut bytes).ok()?;
        trailer::read(&bytes)
    }

    /// Returns the fragment at `offset` if it ends by `limit`; nothing where
    /// the fragments end, well or torn.
    pub(crate) fn fragment(&self, offset: u64, limit: u64) -> io::Result<Option<Found>> {
        let mut head = vec![0; HEAD];
        loop {
            let read = self.file.read_up_to(offset, &mut head)?;
            match fmp4::read_fragment_header(&head[..read]) {
                Ok(index) => {
                    let ends = offset.checked_add(index.total_len);
                    let fits = ends.is_some_and(|end| end <= limit) && index.duration_us() > 0;
                    return Ok(fits.then_some(Found { offset, index }));
                }
                Err(fmp4::ReadError::TooShort { missing, .. }) => {
                    let wanted = (head.len() as u64).saturating_add(missing);
                    if read < head.len() || wanted > LONGEST_HEADER {
                        return Ok(None);
                    }
                    head.resize(wanted as usize, 0);
                }
                Err(fmp4::ReadError::Broken { .. }) => return Ok(None),
            }
        }
    }

    /// Yields the fragments from `offset` on that end by `limit`.
    pub(crate) fn walk(&self, offset: u64, limit: u64) -> impl Iterator<Item = io::Result<Found>> {
        let mut next = offset;
        std::iter::from_fn(move || {
            let found = self.fragment(next, limit).transpose()?;
            if let Ok(found) = &found {
                next = found.offset + found.index.total_len;
            }
            Some(found)
        })
    }

    /// Returns where the keyframes stand, by walking as far as that goes.
    pub(crate) fn walk_keys(&self) -> Vec<Key> {
        let walked = self.walk(self.first, self.len().unwrap_or(0)).map_while(Result::ok);
        let keys = walked.filter(Found::is_key);
        keys.map(|key| Key { at_us: key.index.decode_time_us, offset: key.offset }).collect()
    }

    /// Returns whether the samples of a fragment are rows of NAL units, which
    /// a piece of disk that was never written is not.
    pub(crate) fn is_sound(&self, found: &Found) -> io::Result<bool> {
        let data = self.read(found.offset + found.index.data_offset, found.payload_len())?;
        let mut rest = data.as_ref();
        for sample in &found.index.samples {
            let Some((frame, after)) = rest.split_at_checked(sample.size_bytes as usize) else {
                return Ok(false);
            };
            let sound =
                nal::length_prefixed(frame).all(|unit| unit.is_ok_and(|unit| !unit.is_empty()));
            if !sound || frame.is_empty() {
                return Ok(false);
            }
            rest = after;
        }
        Ok(true)
    }

    /// Returns exactly these bytes.
    pub(crate) fn read(&self, offset: u64, len: u64) -> io::Result<Bytes> {
        let len = usize::try_from(len).map_err(io::Error::other)?;
        let mut bytes = BytesMut::zeroed(len);
        self.file.read_exact(offset, &mut bytes)?;
        Ok(bytes.freeze())
    }
}

impl Found {
    /// Returns whether it begins with a keyframe.
    pub(crate) fn is_key(&self) -> bool {
        self.index.samples.first().is_some_and(|sample| sample.is_key)
    }

    /// Returns media time at its end.
    pub(crate) fn end_us(&self) -> u64 {
        self.index.decode_time_us.saturating_add(self.index.duration_us())
    }

    /// Returns the length of its samples.
    pub(crate) fn payload_len(&self) -> u64 {
        self.index.samples.iter().map(|sample| u64::from(sample.size_bytes)).sum()
    }
}

/// Returns the length of the boxes up to and with `moov`.
fn init_len(head: &[u8]) -> Option<u64> {
    let mut at = 0_u64;
    loop {
        let found = fmp4::box_header(head.get(usize::try_from(at).ok()?..)?).ok()?;
        at = at.checked_add(found.total_len)?;
        if &found.kind.0 == b"moov" {
            return Some(at);
        }
    }
}
