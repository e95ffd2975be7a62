//! What of a coded picture a frame keeps, and whether it can be decoded alone.
//!
//! ```text
//! came   [AUD] [VPS] [SPS] [PPS] [SEI] [slice] [slice] [filler]
//! kept                           [SEI] [slice] [slice]
//! ```
//!
//! Parameter sets are left out because [`Params`](crate::Params) has them, and
//! delimiters and filler because nobody plays them.

use bytes::Bytes;

use crate::{Codec, h264, h265, nal};

/// What a NAL unit is to whoever passes it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Of a picture that can be decoded alone.
    Key,
    /// Of any other picture.
    Slice,
    /// Goes along with the picture.
    Beside,
    /// Is said elsewhere, or by nobody needed.
    LeftOut,
}

/// Returns the data of a frame from an access unit (length-prefixed units of a
/// picture codec) and whether it is a keyframe; `None` if no picture is in it or
/// its lengths lie.
pub fn strip(codec: Codec, data: Vec<u8>) -> Option<(Bytes, bool)> {
    let (mut is_picture, mut is_key, mut clean) = (false, false, true);
    for unit in nal::length_prefixed(&data) {
        match part(codec, unit.ok()?)? {
            Part::Key => (is_picture, is_key) = (true, true),
            Part::Slice => is_picture = true,
            Part::Beside => {}
            Part::LeftOut => clean = false,
        }
    }
    if !is_picture {
        return None;
    }
    if clean {
        return Some((data.into(), is_key));
    }
    let mut kept = Vec::with_capacity(data.len());
    for unit in nal::length_prefixed(&data).map_while(Result::ok) {
        if part(codec, unit).is_some_and(|part| part != Part::LeftOut) {
            nal::push_length_prefixed(&mut kept, unit);
        }
    }
    Some((kept.into(), is_key))
}

/// Returns what a unit is; an empty one is nothing.
pub fn part(codec: Codec, unit: &[u8]) -> Option<Part> {
    match codec {
        Codec::H264 => Some(match h264::unit_kind(unit)? {
            h264::kind::IDR => Part::Key,
            h264::kind::SLICE..h264::kind::IDR => Part::Slice,
            h264::kind::SPS..=h264::kind::DELIMITER | h264::kind::FILLER => Part::LeftOut,
            _ => Part::Beside,
        }),
        Codec::H265 => Some(match h265::unit_kind(unit)? {
            kind if h265::is_irap(kind) => Part::Key,
            0..=h265::kind::LAST_SLICE => Part::Slice,
            h265::kind::VPS..=h265::kind::FILLER => Part::LeftOut,
            _ => Part::Beside,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefixed(units: &[&[u8]]) -> Vec<u8> {
        let mut data = Vec::new();
        for unit in units {
            nal::push_length_prefixed(&mut data, unit);
        }
        data
    }

    #[test]
    fn a_frame_keeps_slices_and_sei_and_nothing_else() {
        let sent =
            prefixed(&[&[9, 0x10], &[0x67, 1], &[0x68, 2], &[6, 5, 1], &[0x65, 3], &[12, 0xff]]);
        let (kept, is_key) = strip(Codec::H264, sent).unwrap();
        assert_eq!(kept, prefixed(&[&[6, 5, 1], &[0x65, 3]]));
        assert!(is_key);
        let clean = prefixed(&[&[0x41, 9]]);
        assert_eq!(strip(Codec::H264, clean.clone()), Some((clean.into(), false)));
    }

    #[test]
    fn of_h265_likewise_and_every_random_access_picture_is_a_keyframe() {
        let unit = |kind: u8| [kind << 1, 1, 0x80];
        let (aud, vps, sps, pps) = (unit(35), unit(32), unit(33), unit(34));
        let (sei, filler) = (unit(39), unit(38));
        for irap in [16, 19, 20, 21] {
            let idr = unit(irap);
            let sent = prefixed(&[&aud, &vps, &sps, &pps, &sei, &idr, &filler]);
            let kept = strip(Codec::H265, sent).unwrap();
            assert_eq!(kept, (prefixed(&[&sei, &idr]).into(), true), "{irap}");
        }
        let trail = prefixed(&[&unit(1)]);
        assert_eq!(strip(Codec::H265, trail.clone()), Some((trail.into(), false)));
        assert_eq!(strip(Codec::H265, prefixed(&[&vps, &sps, &pps])), None);
    }

    #[test]
    fn what_holds_no_picture_is_no_frame() {
        for codec in [Codec::H264, Codec::H265, Codec::Aac] {
            let lying = vec![0, 0, 0, 9, 0x65];
            // SEI alone, of either codec: 6, and 39 in another place of the byte.
            let sei = prefixed(&[if codec == Codec::H265 { &[78, 1, 5] } else { &[6, 5, 1] }]);
            for data in [vec![], sei, prefixed(&[&[]]), lying] {
                assert_eq!(strip(codec, data), None, "{codec:?}");
            }
        }
    }
}
