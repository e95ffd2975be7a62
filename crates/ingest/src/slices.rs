//! A picture whole, where a camera marks each slice of it as one.
//!
//! ```text
//! retina   [a1][a2][a3] [b1][b2][b3]     three frames of one RTP time
//! here     [a1 a2 a3  ] [b1 b2 b3  ]     one
//! ```
//!
//! That a picture is whole shows when the next one begins. So the first one of a
//! session waits for the second; whether more do is known then.

use bytes::Bytes;
use media::Frame;

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
    /// Adds a frame's data to the picture of its RTP time, if that is held.
    pub(crate) fn extend(&mut self, rtp: i64, data: &[u8]) -> bool {
        if self.last != Some(rtp) {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use base::WallTime;
    use media::{Codec, Params};

    use super::*;

    /// Hands frames of these RTP times and bytes over; returns the pictures.
    fn pictures(frames: &[(i64, u8)]) -> Vec<Vec<u8>> {
        let params = Arc::new(Params::sound(Codec::Pcmu, Bytes::new()));
        let mut slices = Slices::default();
        let mut whole = Vec::new();
        for &(rtp, byte) in frames {
            if slices.extend(rtp, &[byte]) {
                continue;
            }
            let frame = Frame {
                wall: WallTime(rtp),
                composition_us: 0,
                is_key: false,
                data: vec![byte].into(),
                params: Arc::clone(&params),
            };
            whole.extend(slices.push(rtp, frame).into_iter().flatten());
        }
        whole.extend(slices.take());
        whole.into_iter().map(|frame| frame.data.to_vec()).collect()
    }

    #[test]
    fn whole_pictures_pass_and_only_the_first_waits() {
        assert_eq!(pictures(&[(1, 1), (2, 2), (3, 3)]), [[1], [2], [3]]);
        assert_eq!(pictures(&[(1, 1)]), [[1]]);
    }

    #[test]
    fn slices_become_their_picture() {
        let frames = [(1, 1), (1, 2), (1, 3), (2, 4), (2, 5), (3, 6)];
        assert_eq!(pictures(&frames), [&[1, 2, 3][..], &[4, 5], &[6]]);
    }

    #[test]
    fn a_picture_that_never_ends_is_bounded() {
        let mut slices = Slices::default();
        let params = Arc::new(Params::sound(Codec::Pcmu, Bytes::new()));
        let (wall, composition_us, is_key) = (WallTime(1), 0, false);
        let data = Bytes::from_static(b"first");
        assert_eq!(
            slices.push(1, Frame { wall, composition_us, is_key, data, params }),
            [None, None]
        );
        for _ in 0..40 {
            assert!(slices.extend(1, &[0; 1 << 20]));
        }
        let whole = slices.take().unwrap().data.len();
        assert!((MOST_BYTES - (1 << 20)..=MOST_BYTES).contains(&whole), "{whole}");
    }

    #[test]
    fn slices_that_begin_later_are_whole_from_the_next_picture_on() {
        let frames = [(1, 1), (2, 2), (3, 3), (3, 4), (4, 5), (4, 6)];
        assert_eq!(pictures(&frames), [&[1][..], &[2], &[3], &[4], &[5, 6]]);
    }
}
