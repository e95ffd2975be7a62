//! A frame cut into RTP payloads, once for all who watch (RFC 6184, RFC 7798,
//! RFC 7587).
//!
//! ```text
//! frame     [SPS][PPS]  [SEI] [──────── slice ────────] [slice]
//!           of Params, before a keyframe
//! payloads  [together: STAP-A, AP] [part][part][part…]  [alone]
//!                                   FU-A, FU: equal but for the last
//! ```
//!
//! Parts of a unit are of equal length, so that the kernel can be given many of
//! them as one (UDP GSO). What differs from viewer to viewer, numbers and
//! encryption, is put around a payload by its session.

use std::collections::VecDeque;
use std::sync::Arc;

use media::{Codec, Frame, h264, h265, nal};

/// The most bytes of a payload: with headers and encryption, less than every
/// network's packet of 1,280.
const LARGEST: usize = 1_160;

/// How many frames of a stream are kept cut: viewers come to a frame one right
/// after another.
const KEPT: usize = 8;

/// The payloads of a frame, in order; the last one ends it.
pub(crate) type Payloads = Arc<[Arc<[u8]>]>;

/// The frames of a stream that were cut last.
#[derive(Debug, Default)]
pub(crate) struct Cut {
    frames: VecDeque<(Frame, Payloads)>,
}

impl Cut {
    /// Returns the payloads of a frame, cut if it has not been.
    pub(crate) fn payloads(&mut self, frame: &Frame) -> Payloads {
        // The bytes are held here, so no other frame can lie where they lie.
        let is_same = |known: &Frame| {
            known.data.as_ptr() == frame.data.as_ptr()
                && known.data.len() == frame.data.len()
                && known.wall == frame.wall
        };
        if let Some((_, payloads)) = self.frames.iter().find(|(known, _)| is_same(known)) {
            return payloads.clone();
        }
        let payloads: Payloads = cut(frame).into();
        if self.frames.len() >= KEPT {
            self.frames.pop_front();
        }
        self.frames.push_back((frame.clone(), payloads.clone()));
        payloads
    }
}

/// How a codec's units are put into payloads.
#[derive(Clone, Copy)]
enum Form {
    H264,
    H265,
}

/// Returns the payloads of a frame; none of one that is not what it says to be.
pub(crate) fn cut(frame: &Frame) -> Vec<Arc<[u8]>> {
    let form = match frame.params.codec {
        Codec::H264 => Form::H264,
        Codec::H265 => Form::H265,
        // A packet is a payload (RFC 7587 §4.2), and so are samples.
        _ => return vec![Arc::from(&frame.data[..])],
    };
    let config = &frame.params.config;
    let mut units: Vec<&[u8]> = Vec::new();
    if frame.is_key {
        match form {
            Form::H264 => {
                if let Ok(config) = h264::Config::parse(config) {
                    units.extend(config.sps.iter().chain(&config.pps));
                }
            }
            Form::H265 => {
                if let Ok(config) = h265::Config::parse(config) {
                    units.extend(config.vps.iter().chain(&config.sps).chain(&config.pps));
                }
            }
        }
    }
    units.extend(nal::length_prefixed(&frame.data).map_while(Result::ok));
    units.retain(|unit| unit.len() > form.header());
    let mut payloads = Vec::new();
    let mut rest = &units[..];
    while let Some(first) = rest.first() {
        let together = form.together(rest);
        let (these, after) = rest.split_at(together.max(1));
        rest = after;
        match together {
            0 => form.parts(first, &mut payloads),
            1 => payloads.push(Arc::from(*first)),
            _ => payloads.push(form.joined(these)),
        }
    }
    payloads
}

impl Form {
    /// Bytes of a unit's header.
    fn header(self) -> usize {
        match self {
            Self::H264 => 1,
            Self::H265 => 2,
        }
    }

    /// Returns how many of the first units fit into one payload; zero if not
    /// even the first one does.
    fn together(self, units: &[&[u8]]) -> usize {
        if units.first().is_none_or(|first| first.len() > LARGEST) {
            return 0;
        }
        let mut bytes = self.header();
        let fits = units.iter().take_while(|unit| {
            bytes += 2 + unit.len();
            bytes <= LARGEST
        });
        fits.count().max(1)
    }

    /// Several units in one payload: STAP-A (RFC 6184 §5.7.1), AP (RFC 7798 §4.4.2).
    fn joined(self, units: &[&[u8]]) -> Arc<[u8]> {
        let mut payload = Vec::with_capacity(LARGEST);
        match self {
            Self::H264 => {
                // The importance is the highest within.
                let importance = units.iter().map(|unit| unit[0] & 0x60).max().unwrap_or(0);
                payload.push(importance | 24);
            }
            Self::H265 => {
                // Layer and time are the lowest within.
                let layer = units.iter().map(|unit| layer(unit)).min().unwrap_or(0);
                let time = units.iter().map(|unit| unit[1] & 7).min().unwrap_or(1);
                payload.extend_from_slice(&[48 << 1 | layer >> 5, layer << 3 | time]);
            }
        }
        for unit in units {
            payload.extend_from_slice(&(unit.len() as u16).to_be_bytes()); // LARGEST at most
            payload.extend_from_slice(unit);
        }
        payload.into()
    }

    /// A unit in parts: FU-A (RFC 6184 §5.8), FU (RFC 7798 §4.4.3).
    fn parts(self, unit: &[u8], payloads: &mut Vec<Arc<[u8]>>) {
        let (head, kind, body) = match self {
            Self::H264 => (vec![unit[0] & 0xe0 | 28], unit[0] & 0x1f, &unit[1..]),
            Self::H265 => {
                (vec![unit[0] & 0x81 | 49 << 1, unit[1]], unit[0] >> 1 & 0x3f, &unit[2..])
            }
        };
        let parts = body.chunks(LARGEST - head.len() - 1);
        let last = parts.len() - 1;
        for (number, part) in parts.enumerate() {
            let begins = u8::from(number == 0) << 7;
            let ends = u8::from(number == last) << 6;
            payloads.push([&head[..], &[begins | ends | kind], part].concat().into());
        }
    }
}

fn layer(unit: &[u8]) -> u8 {
    (unit[0] & 1) << 5 | unit[1] >> 3
}

#[cfg(test)]
mod tests {
    use base::WallTime;
    use bytes::Bytes;
    use media::Params;

    use super::*;

    fn frame(codec: Codec, config: Bytes, is_key: bool, units: &[&[u8]]) -> Frame {
        let mut data = Vec::new();
        units.iter().for_each(|unit| nal::push_length_prefixed(&mut data, unit));
        let params = Arc::new(Params { codec, width: 64, height: 48, config });
        Frame { wall: WallTime(7), composition_us: 0, is_key, data: data.into(), params }
    }

    /// A record of H.264 with these parameter sets.
    fn record(sps: &[u8], pps: &[u8]) -> Bytes {
        h264::config_record(sps, pps)
    }

    /// Puts H.264 payloads together again, by the words of RFC 6184 alone.
    fn units_of_h264(payloads: &[Arc<[u8]>]) -> Vec<Vec<u8>> {
        let mut units = Vec::new();
        for payload in payloads {
            assert!(payload.len() <= LARGEST);
            match payload[0] & 0x1f {
                24 => {
                    let mut rest = &payload[1..];
                    while let Some((length, after)) = rest.split_first_chunk::<2>() {
                        let (unit, after) = after.split_at(u16::from_be_bytes(*length).into());
                        units.push(unit.to_vec());
                        rest = after;
                    }
                }
                28 => {
                    if payload[1] & 0x80 != 0 {
                        units.push(vec![payload[0] & 0xe0 | payload[1] & 0x1f]);
                    }
                    units.last_mut().unwrap().extend_from_slice(&payload[2..]);
                }
                _ => units.push(payload.to_vec()),
            }
        }
        units
    }

    #[test]
    fn a_keyframe_has_its_parameter_sets_before_it_and_other_frames_have_not() {
        let (sps, pps) = ([0x67, 66, 0, 30, 1], [0x68, 2]);
        let slices: [&[u8]; 2] = [&[0x65; 3000], &[0x65, 1]];
        let key = frame(Codec::H264, record(&sps, &pps), true, &slices);
        let payloads = cut(&key);
        let expected = [&sps[..], &pps, slices[0], slices[1]];
        assert_eq!(units_of_h264(&payloads), expected);
        assert_eq!(payloads.len(), 1 + 3 + 1, "both sets are sent together");
        let other = frame(Codec::H264, record(&sps, &pps), false, &[&[0x41, 9]]);
        assert_eq!(units_of_h264(&cut(&other)), [[0x41, 9]]);
    }

    #[test]
    fn units_of_any_length_come_together_again() {
        for length in [2, 3, LARGEST - 1, LARGEST, LARGEST + 1, 2 * LARGEST - 5, 2 * LARGEST, 9999]
        {
            let unit: Vec<u8> =
                (0..length).map(|at| if at == 0 { 0x41 } else { at as u8 }).collect();
            let sent = frame(Codec::H264, Bytes::new(), false, &[&[6, 5, 1], &unit, &unit]);
            let expected = [vec![6, 5, 1], unit.clone(), unit];
            assert_eq!(units_of_h264(&cut(&sent)), expected, "{length}");
        }
    }

    #[test]
    fn parts_are_of_equal_length_but_for_the_last() {
        let slice = [&[0x41][..], &[7; 5000]].concat();
        let payloads = cut(&frame(Codec::H264, Bytes::new(), false, &[&slice]));
        let lengths: Vec<_> = payloads.iter().map(|payload| payload.len()).collect();
        let (last, others) = lengths.split_last().unwrap();
        assert!(others.iter().all(|length| *length == LARGEST) && *last <= LARGEST, "{lengths:?}");
        let marks: Vec<_> = payloads.iter().map(|payload| payload[1] & 0xc0).collect();
        assert_eq!(marks, [0x80, 0, 0, 0, 0x40]);
    }

    #[test]
    fn of_h265_likewise() {
        let unit = |kind: u8, length: usize| [&[kind << 1, 1][..], &vec![9; length]].concat();
        let (sei, slice) = (unit(39, 30), unit(19, 2500));
        let payloads = cut(&frame(Codec::H265, Bytes::new(), true, &[&sei, &sei, &slice]));
        assert_eq!(payloads[0][..2], [48 << 1, 1], "both SEI are sent together");
        assert_eq!(payloads[0][2..4], [0, 32]);
        for (payload, mark) in payloads[1..].iter().zip([0x80, 0, 0x40]) {
            assert_eq!(payload[..3], [49 << 1, 1, mark | 19]);
        }
        let body: Vec<u8> =
            payloads[1..].iter().flat_map(|payload| payload[3..].to_vec()).collect();
        assert_eq!(body, slice[2..]);
    }

    #[test]
    fn sound_is_a_payload_as_it_is() {
        let params = Arc::new(Params::sound(Codec::Opus, Bytes::new()));
        let data = Bytes::from_static(b"opus");
        let frame = Frame { wall: WallTime(0), composition_us: 0, is_key: true, data, params };
        assert_eq!(cut(&frame), [Arc::from(&b"opus"[..])]);
    }

    #[test]
    fn what_is_no_frame_has_no_payloads() {
        let lying = Frame {
            data: Bytes::from_static(&[0, 0, 0, 99, 1]),
            ..frame(Codec::H264, Bytes::from_static(&[1]), true, &[])
        };
        assert!(cut(&lying).is_empty());
        for codec in [Codec::H264, Codec::H265] {
            assert!(cut(&frame(codec, Bytes::new(), true, &[&[], &[1]])).is_empty());
        }
    }

    #[test]
    fn a_frame_is_cut_once_for_all() {
        let mut kept = Cut::default();
        let one = frame(Codec::H264, Bytes::new(), false, &[&[0x41, 9]]);
        let other = frame(Codec::H264, Bytes::new(), false, &[&[0x41, 9]]);
        let payloads = kept.payloads(&one);
        assert!(Arc::ptr_eq(&payloads, &kept.payloads(&one.clone())));
        assert!(!Arc::ptr_eq(&payloads, &kept.payloads(&other)));
        let many: Vec<_> =
            (0..20).map(|byte| frame(Codec::H264, Bytes::new(), false, &[&[0x41, byte]])).collect();
        many.iter().for_each(|frame| drop(kept.payloads(frame)));
        assert_eq!(kept.frames.len(), KEPT);
    }
}
