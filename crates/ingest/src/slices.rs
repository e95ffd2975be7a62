//! A picture whole, where a camera marks each slice of it as one.
//!
//! ```text
//! came     [a1][a2][a3] [b1][b2][b3]     three pictures of one RTP time
//! here     [a1 a2 a3  ] [b1 b2 b3  ]     one
//! ```
//!
//! That a picture is whole shows when the next one begins. So the first one of a
//! session waits for the second; whether more do is known then.
//!
//! One RTP time is not enough to be one picture: an IDR that was asked for may
//! have that of the picture before it, and some clocks stand still. What begins
//! a picture says so in its first slice.

use bytes::Bytes;
use media::{Codec, Frame, h264, h265, nal};

/// More than any picture has: what a camera sends beyond it is left out, so that
/// one that never goes on to the next picture fills no memory.
const MOST_BYTES: usize = 16 << 20;

/// What is held back of a session's pictures.
#[derive(Debug, Default)]
pub(crate) struct Slices {
    mode: Mode,
    /// The RTP time of the last frame.
    last: Option<i64>,
    held: Option<Frame>,
    /// What belongs behind its data.
    more: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    /// Nothing is known yet: the first picture is held.
    #[default]
    Unknown,
    /// A frame is a picture: none is held.
    Whole,
    /// A frame is a slice: each picture is held until the next begins.
    Sliced,
}

impl Slices {
    /// Adds a frame's data to the picture of its RTP time, if it goes on with that
    /// and it is held.
    pub(crate) fn extend(&mut self, rtp: i64, codec: Codec, data: &[u8]) -> bool {
        if self.last != Some(rtp) || begins_picture(codec, data) {
            return false;
        }
        // Where it was not held, that is for the next picture.
        self.mode = Mode::Sliced;
        let Some(held) = &self.held else { return false };
        if held.data.len() + self.more.len() + data.len() <= MOST_BYTES {
            self.more.extend_from_slice(data);
        }
        true
    }

    /// Takes a frame that begins a picture; returns what is whole by that, in order.
    pub(crate) fn push(&mut self, rtp: i64, frame: Frame) -> [Option<Frame>; 2] {
        if self.mode == Mode::Unknown && self.last.is_some() {
            self.mode = Mode::Whole;
        }
        self.last = Some(rtp);
        match self.mode {
            Mode::Whole => [self.take(), Some(frame)],
            Mode::Unknown | Mode::Sliced => {
                let whole = self.take();
                self.held = Some(frame);
                [whole, None]
            }
        }
    }

    /// Returns what is held: nothing more comes to it.
    pub(crate) fn take(&mut self) -> Option<Frame> {
        let mut held = self.held.take()?;
        if !self.more.is_empty() {
            held.data = Bytes::from([&held.data[..], &std::mem::take(&mut self.more)].concat());
        }
        Some(held)
    }
}

/// Returns whether the first slice of `data` is the first of its picture.
fn begins_picture(codec: Codec, data: &[u8]) -> bool {
    // It stands at the front of the slice's header: of H.264 as first_mb_in_slice,
    // where a single 1 bit is zero, of H.265 as first_slice_segment_in_pic_flag.
    let header = |unit: &[u8]| match codec {
        Codec::H264 => matches!(h264::unit_kind(unit)?, h264::kind::SLICE..=h264::kind::IDR)
            .then(|| unit.get(1).copied()),
        Codec::H265 => (h265::unit_kind(unit)? < h265::kind::VPS).then(|| unit.get(2).copied()),
        _ => None,
    };
    let mut units = nal::length_prefixed(data).map_while(Result::ok);
    let first = units.find_map(header).flatten();
    first.is_none_or(|byte| byte & 0x80 != 0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use base::WallTime;
    use media::{Codec, Params};

    use super::*;

    /// The first slice of a picture, and one that goes on with it; the byte tells
    /// them apart.
    fn first(byte: u8) -> Vec<u8> {
        unit(&[0x41, 0x9a, byte])
    }

    fn further(byte: u8) -> Vec<u8> {
        unit(&[0x41, 0x4a, byte])
    }

    fn unit(unit: &[u8]) -> Vec<u8> {
        let mut data = Vec::new();
        nal::push_length_prefixed(&mut data, unit);
        data
    }

    /// Hands frames of these RTP times and slices over; returns the pictures.
    fn pictures(frames: &[(i64, Vec<u8>)]) -> Vec<Vec<u8>> {
        let params = Arc::new(Params::sound(Codec::Pcmu, Bytes::new()));
        let mut slices = Slices::default();
        let mut whole = Vec::new();
        for (rtp, data) in frames {
            if slices.extend(*rtp, Codec::H264, data) {
                continue;
            }
            let frame = Frame {
                wall: WallTime(*rtp),
                composition_us: 0,
                is_key: false,
                data: data.clone().into(),
                params: Arc::clone(&params),
            };
            whole.extend(slices.push(*rtp, frame).into_iter().flatten());
        }
        whole.extend(slices.take());
        whole.into_iter().map(|frame| frame.data.to_vec()).collect()
    }

    #[test]
    fn whole_pictures_pass_and_only_the_first_waits() {
        let frames = [(1, first(1)), (2, first(2)), (3, first(3))];
        assert_eq!(pictures(&frames), [first(1), first(2), first(3)]);
        assert_eq!(pictures(&frames[..1]), [first(1)]);
    }

    #[test]
    fn slices_become_their_picture() {
        let frames = [
            (1, first(1)),
            (1, further(2)),
            (1, further(3)),
            (2, first(4)),
            (2, further(5)),
            (3, first(6)),
        ];
        let whole = [[first(1), further(2), further(3)].concat(), [first(4), further(5)].concat()];
        assert_eq!(pictures(&frames), [whole[0].clone(), whole[1].clone(), first(6)]);
    }

    #[test]
    fn pictures_of_one_time_stay_apart() {
        let stands = [(7, first(1)), (7, first(2)), (7, first(3))];
        assert_eq!(pictures(&stands), [first(1), first(2), first(3)]);
        let forced = [(1, first(1)), (1, further(2)), (1, first(3)), (1, further(4))];
        let whole = [[first(1), further(2)].concat(), [first(3), further(4)].concat()];
        assert_eq!(pictures(&forced), whole);
    }

    #[test]
    fn what_begins_a_picture_is_told_by_its_first_slice() {
        let begins = |codec, units: &[&[u8]]| {
            let data: Vec<u8> = units.iter().flat_map(|one| unit(one)).collect();
            begins_picture(codec, &data)
        };
        let sei: &[u8] = &[0x06, 0x05, 0x00];
        assert!(begins(Codec::H264, &[sei, &[0x65, 0x88]]));
        assert!(!begins(Codec::H264, &[sei, &[0x65, 0x48], &[0x65, 0x88]]));
        let sei: &[u8] = &[39 << 1, 1, 0x00];
        assert!(begins(Codec::H265, &[sei, &[19 << 1, 1, 0xaf]]));
        assert!(!begins(Codec::H265, &[sei, &[19 << 1, 1, 0x2f]]));
        // Where nothing is told, nothing is merged.
        assert!(begins(Codec::H264, &[&[0x41]]) && begins(Codec::H265, &[&[2, 1]]));
    }

    #[test]
    fn a_picture_that_never_ends_is_bounded() {
        let mut slices = Slices::default();
        let params = Arc::new(Params::sound(Codec::Pcmu, Bytes::new()));
        let (wall, composition_us, is_key) = (WallTime(1), 0, false);
        let data = Bytes::from(first(1));
        assert_eq!(
            slices.push(1, Frame { wall, composition_us, is_key, data, params }),
            [None, None]
        );
        let mut slice = vec![0; 1 << 20];
        slice[..2].copy_from_slice(&[0x41, 0x4a]);
        for _ in 0..40 {
            assert!(slices.extend(1, Codec::H264, &unit(&slice)));
        }
        let whole = slices.take().unwrap().data.len();
        assert!((MOST_BYTES - (2 << 20)..=MOST_BYTES).contains(&whole), "{whole}");
    }

    #[test]
    fn slices_that_begin_later_are_whole_from_the_next_picture_on() {
        let frames = [
            (1, first(1)),
            (2, first(2)),
            (3, first(3)),
            (3, further(4)),
            (4, first(5)),
            (4, further(6)),
        ];
        let last = [first(5), further(6)].concat();
        assert_eq!(pictures(&frames), [first(1), first(2), first(3), further(4), last]);
    }
}
