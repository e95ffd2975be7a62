//! The stamp in every access unit: which one it is, and when it was taken.
//!
//! A stamp is an SEI message of the kind "user data unregistered" (ITU-T H.264
//! and H.265, annex D), so every player passes over it and every recorder
//! keeps it. Whoever reads a recorded file knows from the stamps alone which
//! frames are there, which are missing, and how late they were.
//!
//! ```text
//! H.264      06 │ 05 38 │ UUID, 16 bytes │ counter, 16 │ wall time, 16 │ source, 8 │ 80
//! H.265   4e 01 │       │                │ hexadecimal digits, most significant first
//! ```
//!
//! Digits rather than binary, and a UUID without a zero: the unit can never hold
//! the bytes that need emulation prevention, so it has a fixed length and is
//! overwritten in place when it is sent.

use std::fmt::Write;

use media::nal;

/// Marks an SEI message as ours.
pub const UUID: [u8; 16] = [
    0xd9, 0x1c, 0x5a, 0x7e, 0x4b, 0x83, 0x4f, 0x26, 0xa1, 0x6d, 0x6b, 0x68, 0x75, 0xc3, 0xaa, 0x21,
];

/// The length of a stamp's NAL unit in H.264.
pub const UNIT_LENGTH: usize = 1 + BODY_LENGTH;

/// The length of a stamp's NAL unit in H.265: its header is a byte longer.
pub const UNIT_LENGTH_H265: usize = 2 + BODY_LENGTH;

/// What stands behind the header of a stamp's NAL unit, the same in both.
pub(crate) const BODY_LENGTH: usize = 2 + UUID.len() + DIGITS + 1;

const DIGITS: usize = 16 + 16 + 8;
const NAL_TYPE_SEI: u8 = 6;
/// The header of a prefix SEI in H.265: type 39, no layers.
const H265_PREFIX_SEI: [u8; 2] = [39 << 1, 1];
const USER_DATA_UNREGISTERED: usize = 5;

/// What an access unit says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The access unit's number in its stream: rises by one with each, across
    /// loops of the clip and whoever is watching. Its remainder by the clip's
    /// length is the place in the clip, as long as the camera shows only one.
    pub counter: u64,
    /// When it was taken: microseconds since 1970, UTC. Rises with each, but for
    /// B-frames, which are sent after what was taken after them.
    pub wall_us: i64,
    /// Which stream it belongs to: [`source`] of its path.
    pub source: u32,
}

/// Returns the number by which stamps name the stream at `path` (`cam1/main`):
/// its FNV-1a hash.
pub fn source(path: &str) -> u32 {
    path.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Returns the stamp's NAL unit for H.264.
pub fn unit(stamp: Stamp) -> [u8; UNIT_LENGTH] {
    let mut unit = [NAL_TYPE_SEI; UNIT_LENGTH];
    unit[1..].copy_from_slice(&body(stamp));
    unit
}

/// Returns the stamp's NAL unit for H.265.
pub fn unit_h265(stamp: Stamp) -> [u8; UNIT_LENGTH_H265] {
    let mut unit = [0; UNIT_LENGTH_H265];
    unit[..2].copy_from_slice(&H265_PREFIX_SEI);
    unit[2..].copy_from_slice(&body(stamp));
    unit
}

/// Returns what stands behind the header of the stamp's NAL unit.
pub(crate) fn body(stamp: Stamp) -> [u8; BODY_LENGTH] {
    let mut body = [0; BODY_LENGTH];
    body[0] = USER_DATA_UNREGISTERED as u8;
    body[1] = (UUID.len() + DIGITS) as u8;
    body[2..18].copy_from_slice(&UUID);
    put_hex(&mut body[18..34], stamp.counter);
    put_hex(&mut body[34..50], stamp.wall_us as u64);
    put_hex(&mut body[50..58], u64::from(stamp.source));
    body[58] = 0x80;
    body
}

/// Returns the stamp in a NAL unit of H.264 or H.265, if it is an SEI unit that
/// holds one.
pub fn read_unit(unit: &[u8]) -> Option<Stamp> {
    // What one of them calls an SEI unit may be a slice to the other; none holds
    // our UUID where it would have to stand.
    let header = if unit.starts_with(&H265_PREFIX_SEI) {
        2
    } else if unit.first()? & 0x1f == NAL_TYPE_SEI {
        1
    } else {
        return None;
    };
    let rbsp = nal::rbsp(unit);
    let mut rest = rbsp.get(header..)?;
    loop {
        let (kind, after) = read_coded_number(rest)?;
        let (length, after) = read_coded_number(after)?;
        let (payload, after) = after.split_at_checked(length)?;
        if kind == USER_DATA_UNREGISTERED
            && let Some(digits) = payload.strip_prefix(&UUID)
        {
            return read_digits(digits);
        }
        rest = after;
    }
}

/// Returns the stamp in an access unit whose NAL units each stand behind their
/// length in four bytes, as in an MP4 sample.
pub fn read_frame(data: &[u8]) -> Option<Stamp> {
    nal::length_prefixed(data).map_while(Result::ok).find_map(read_unit)
}

fn read_digits(digits: &[u8]) -> Option<Stamp> {
    let text = std::str::from_utf8(digits).ok()?;
    let number = |from: usize, to: usize| u64::from_str_radix(text.get(from..to)?, 16).ok();
    Some(Stamp {
        counter: number(0, 16)?,
        wall_us: number(16, 32)? as i64,
        source: u32::try_from(number(32, 40)?).ok()?,
    })
}

/// Reads a payload type or size: 255s are added up until a smaller byte ends it.
fn read_coded_number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let full = bytes.iter().take_while(|&&byte| byte == 0xff).count();
    let last = *bytes.get(full)?;
    Some((full * 255 + usize::from(last), &bytes[full + 1..]))
}

fn put_hex(place: &mut [u8], mut number: u64) {
    for digit in place.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(number & 15) as usize];
        number >>= 4;
    }
}

/// Writes `bytes` as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP: Stamp =
        Stamp { counter: 0x0123_4567_89ab_cdef, wall_us: 1_795_135_338_250_000, source: 7 };

    #[test]
    fn a_stamp_reads_back() {
        for stamp in [
            STAMP,
            Stamp { counter: 0, wall_us: -1, source: u32::MAX },
            Stamp { counter: u64::MAX, wall_us: i64::MIN, source: 0 },
        ] {
            assert_eq!(read_unit(&unit(stamp)), Some(stamp));
            assert_eq!(read_unit(&unit_h265(stamp)), Some(stamp));
        }
        assert_eq!((unit(STAMP)[0], &unit_h265(STAMP)[..2]), (6, &[0x4e, 1][..]));
    }

    #[test]
    fn a_stamp_never_needs_emulation_prevention() {
        let unit = unit(Stamp { counter: 0, wall_us: 0, source: 0 });
        assert!(unit.windows(2).all(|pair| pair != [0, 0]));
    }

    #[test]
    fn a_stamp_is_found_among_other_messages_and_units() {
        let mut other_first = vec![NAL_TYPE_SEI, 5, 17];
        other_first.extend([b'x'; 17]);
        other_first.extend([0xff, 3, 1, 9]);
        other_first.extend(&unit(STAMP)[1..]);
        assert_eq!(read_unit(&other_first), Some(STAMP));

        let mut frame = Vec::new();
        nal::push_length_prefixed(&mut frame, &[0x67, 1, 2]);
        nal::push_length_prefixed(&mut frame, &other_first);
        nal::push_length_prefixed(&mut frame, &[0x65, 1, 2]);
        assert_eq!(read_frame(&frame), Some(STAMP));
    }

    #[test]
    fn what_is_cut_short_or_foreign_has_no_stamp() {
        let whole = unit(STAMP);
        for end in 0..UNIT_LENGTH - 1 {
            assert_eq!(read_unit(&whole[..end]), None);
            assert_eq!(read_unit(&unit_h265(STAMP)[..end]), None);
        }
        let mut foreign = whole;
        foreign[5] ^= 1;
        assert_eq!(read_unit(&foreign), None);
        let mut garbled = whole;
        garbled[20] = 0xc3;
        assert_eq!(read_unit(&garbled), None);
        assert_eq!(read_frame(&[0, 0, 0, 9, 6]), None);
    }

    #[test]
    fn streams_of_a_city_have_sources_of_their_own() {
        let mut sources: Vec<_> = (1..=1000)
            .flat_map(|n| [source(&format!("cam{n}/main")), source(&format!("cam{n}/sub"))])
            .collect();
        sources.sort_unstable();
        sources.dedup();
        assert_eq!(sources.len(), 2000);
    }
}
