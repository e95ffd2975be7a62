//! The end of a closed segment: where its keyframes stand, and when it ends.
//!
//! ```text
//! mfra                              movie fragment random access (ISO/IEC 14496-12 §8.8.9)
//! ├ tfra   time and place of each fragment that begins with a keyframe
//! ├ free   "khue", end of the segment, CRC-32 of tfra and the end
//! └ mfro   length of mfra: the last four bytes of the file
//! ```
//!
//! Any player may use it to seek; the store uses it to find a moment, and to
//! rebuild its index, with one read instead of a walk from fragment to fragment.
//!
//! > A trailer is written only behind bytes that are synced. Who finds a whole
//! > one may take the segment as whole.
//!
//! A segment whose recorder died has none, and is walked.

use bytes::BufMut;

/// Where a fragment stands that begins with a keyframe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// Decoding time of its first frame.
    pub(crate) at_us: u64,
    /// First byte of its `moof`.
    pub(crate) offset: u64,
}

/// What a trailer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trailer {
    /// In order.
    pub(crate) keys: Vec<Key>,
    /// Media time at which the last frame ends.
    pub(crate) end_us: u64,
    /// Length of the trailer itself.
    pub(crate) len: u64,
}

/// How many of a file's last bytes [`length`] needs.
pub(crate) const FOOT: usize = 16;

const MARK: &[u8; 4] = b"khue";
/// Boxes without their tables: mfra, tfra, free, mfro.
const FIXED: usize = 8 + 24 + 24 + FOOT;
const KEY_BYTES: usize = 8 + 8 + 3;

/// Returns the trailer's bytes.
pub(crate) fn write(keys: &[Key], end_us: u64) -> Vec<u8> {
    let len = FIXED + KEY_BYTES * keys.len();
    let size = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
    let mut out = Vec::with_capacity(len);
    out.put_u32(size(len));
    out.put_slice(b"mfra");
    out.put_u32(size(24 + KEY_BYTES * keys.len()));
    out.put_slice(b"tfra");
    out.put_u32(1 << 24); // version 1: 64 bits
    out.put_u32(1); // track
    out.put_u32(0); // traf, trun and sample numbers in one byte each
    out.put_u32(size(keys.len()));
    for key in keys {
        out.put_u64(key.at_us);
        out.put_u64(key.offset);
        out.put_slice(&[1, 1, 1]);
    }
    let sum = checksum(&out[8..], end_us);
    out.put_u32(24);
    out.put_slice(b"free");
    out.put_slice(MARK);
    out.put_u64(end_us);
    out.put_u32(sum);
    out.put_u32(FOOT as u32);
    out.put_slice(b"mfro");
    out.put_u32(0);
    out.put_u32(size(len));
    out
}

/// Returns the length of the trailer that ends with `foot`, if one seems to.
pub(crate) fn length(foot: &[u8; FOOT]) -> Option<u64> {
    let (head, len) = foot.split_at(12);
    let len = u32::from_be_bytes(len.try_into().ok()?);
    let is_foot = head[..4] == (FOOT as u32).to_be_bytes() && &head[4..8] == b"mfro";
    (is_foot && len as usize >= FIXED).then_some(len.into())
}

/// Reads a trailer; nothing if a bit of it is wrong.
pub(crate) fn read(trailer: &[u8]) -> Option<Trailer> {
    let entries = trailer.len().checked_sub(FIXED)?;
    let (tfra, rest) = trailer.get(8..)?.split_at_checked(24 + entries)?;
    let (free, _) = rest.split_at_checked(24)?;
    let end_us = u64::from_be_bytes(free[12..20].try_into().ok()?);
    let sum = u32::from_be_bytes(free[20..24].try_into().ok()?);
    if &free[8..12] != MARK || checksum(tfra, end_us) != sum || entries % KEY_BYTES != 0 {
        return None;
    }
    let keys = tfra[24..].chunks_exact(KEY_BYTES).map(|entry| {
        let (at_us, rest) = entry.split_first_chunk()?;
        let offset = rest.first_chunk()?;
        Some(Key { at_us: u64::from_be_bytes(*at_us), offset: u64::from_be_bytes(*offset) })
    });
    Some(Trailer { keys: keys.collect::<Option<_>>()?, end_us, len: trailer.len() as u64 })
}

fn checksum(tfra: &[u8], end_us: u64) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(tfra);
    sum.update(&end_us.to_be_bytes());
    sum.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailer_reads_back_from_its_foot() {
        for count in [0, 1, 300] {
            let keys: Vec<_> = (0..count)
                .map(|n| Key { at_us: n * 2_000_000, offset: 700 + n * 500_000 })
                .collect();
            let bytes = write(&keys, 600_000_000);
            let foot = bytes.last_chunk().unwrap();
            assert_eq!(length(foot), Some(bytes.len() as u64));
            let trailer = Trailer { keys, end_us: 600_000_000, len: bytes.len() as u64 };
            assert_eq!(read(&bytes), Some(trailer));
        }
    }

    #[test]
    fn a_trailer_with_a_wrong_bit_where_it_matters_is_none() {
        let bytes = write(&[Key { at_us: 5, offset: 6 }, Key { at_us: 7, offset: 8 }], 9);
        for at in (8..bytes.len() - FOOT).filter(|at| !(94 - 24..94 - 16).contains(at)) {
            let mut wrong = bytes.clone();
            wrong[at] ^= 1;
            assert_eq!(read(&wrong), None, "byte {at}");
        }
        for len in 0..bytes.len() {
            assert_eq!(read(&bytes[..len]), None);
        }
    }
}
