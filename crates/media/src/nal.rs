//! NAL units: how a byte stream is cut into them, and what stands in their way.
//!
//! ```text
//! Annex B           00 00 00 01 [NAL] 00 00 01 [NAL] …     files, ffmpeg's raw output
//! length-prefixed   len32 [NAL] len32 [NAL] …              MP4, and every `Frame`
//! RBSP              [NAL] without the 03 of each 00 00 03  what syntax elements are read from
//! ```
//!
//! What a unit *says* is the codec's file (`h264.rs`).

use std::borrow::Cow;

/// Yields the NAL units of an Annex B byte stream (ITU-T H.264 annex B.1),
/// without start codes and trailing zeros. Bytes before the first start code
/// are passed over.
pub fn annex_b(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = after_start_code(stream);
    std::iter::from_fn(move || {
        loop {
            let from = rest?;
            let (unit, next) = match start_code(from) {
                Some(at) => (&from[..at], Some(&from[at + 3..])),
                None => (from, None),
            };
            rest = next;
            let end = unit.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
            if end > 0 {
                return Some(&unit[..end]);
            }
        }
    })
}

/// Yields the NAL units of length-prefixed data; a length that points outside
/// the data ends it with an error.
pub fn length_prefixed(data: &[u8]) -> impl Iterator<Item = Result<&[u8], Truncated>> {
    let mut rest = data;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let unit = rest.split_first_chunk::<4>().and_then(|(length, after)| {
            after.split_at_checked(u32::from_be_bytes(*length) as usize)
        });
        match unit {
            Some((unit, after)) => {
                rest = after;
                Some(Ok(unit))
            }
            None => {
                rest = &[];
                Some(Err(Truncated))
            }
        }
    })
}

/// Appends `unit` to `data` behind its length.
///
/// # Panics
/// If the unit is 4 GiB or longer, which no transport of ours can carry.
pub fn push_length_prefixed(data: &mut Vec<u8>, unit: &[u8]) {
    let length = u32::try_from(unit.len()).expect("a NAL unit came out of a smaller buffer");
    data.extend_from_slice(&length.to_be_bytes());
    data.extend_from_slice(unit);
}

/// Returns the unit without its emulation prevention bytes (H.264 §7.4.1).
pub fn rbsp(unit: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = unit.windows(3).position(|bytes| bytes == [0, 0, 3]) else {
        return Cow::Borrowed(unit);
    };
    let mut plain = Vec::with_capacity(unit.len());
    plain.extend_from_slice(&unit[..first]);
    let mut zeros = 0;
    for &byte in &unit[first..] {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        plain.push(byte);
    }
    Cow::Owned(plain)
}

/// A length prefix pointed outside the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a NAL unit's length points outside the frame")]
pub struct Truncated;

fn after_start_code(stream: &[u8]) -> Option<&[u8]> {
    start_code(stream).map(|at| &stream[at + 3..])
}

/// Returns where the first `00 00 01` stands.
fn start_code(bytes: &[u8]) -> Option<usize> {
    bytes.windows(3).position(|window| window == [0, 0, 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annex_b_takes_both_start_codes_and_drops_trailing_zeros() {
        let stream = [9, 0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x68, 3, 0, 0, 0, 0, 1, 0x65];
        let units: Vec<_> = annex_b(&stream).collect();
        assert_eq!(units, [&[0x67, 1, 2][..], &[0x68, 3], &[0x65]]);
        assert_eq!(annex_b(&[1, 2, 3]).count(), 0);
        assert_eq!(annex_b(&[0, 0, 1, 0, 0, 1]).count(), 0);
    }

    #[test]
    fn length_prefixed_data_reads_back() {
        let mut data = Vec::new();
        push_length_prefixed(&mut data, &[1, 2, 3]);
        push_length_prefixed(&mut data, &[]);
        push_length_prefixed(&mut data, &[4]);
        let units: Result<Vec<_>, _> = length_prefixed(&data).collect();
        assert_eq!(units.unwrap(), [&[1, 2, 3][..], &[], &[4]]);
    }

    #[test]
    fn a_length_that_lies_ends_the_data_with_an_error() {
        for end in 1..7 {
            let data = &[0, 0, 0, 3, 1, 2, 3][..end];
            assert_eq!(length_prefixed(data).collect::<Vec<_>>(), [Err(Truncated)], "{data:?}");
        }
    }

    #[test]
    fn emulation_prevention_goes_and_nothing_else() {
        assert_eq!(&*rbsp(&[0, 0, 3, 1, 0, 0, 3, 0, 0, 3]), [0, 0, 1, 0, 0, 0, 0]);
        assert_eq!(&*rbsp(&[0, 3, 0, 0, 0, 3, 3]), [0, 3, 0, 0, 0, 3]);
        assert!(matches!(rbsp(&[1, 2, 3]), Cow::Borrowed(_)));
    }
}
