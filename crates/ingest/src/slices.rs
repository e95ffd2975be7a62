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

/// What is held back of a session's pictures.
#[derive(Debug, Default)]
pub(crate) struct Slices {
    mode: Mode,
    /// The RTP time of the last frame.
    last: Option<i64>,
    held: Option<Frame>,
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
        let Some(held) = &mut self.held else { return false };
        held.data = Bytes::from([&held.data, data].concat());
        true
    }

    /// Takes a frame that begins a picture; returns what is whole by that, in order.
    pub(crate) fn push(&mut self, rtp: i64, frame: Frame) -> [Option<Frame>; 2] {
        if self.mode == Mode::Unknown && self.last.is_some() {
            self.mode = Mode::Whole;
        }
        self.last = Some(rtp);
        match self.mode {
            Mode::Whole => [self.held.take(), Some(frame)],
            Mode::Unknown | Mode::Sliced => [self.held.replace(frame), None],
        }
    }

    /// Returns what is held: nothing more comes to it.
    pub(crate) fn take(&mut self) -> Option<Frame> {
        self.held.take()
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
    fn slices_that_begin_later_are_whole_from_the_next_picture_on() {
        let frames = [(1, 1), (2, 2), (3, 3), (3, 4), (4, 5), (4, 6)];
        assert_eq!(pictures(&frames), [&[1][..], &[2], &[3], &[4], &[5, 6]]);
    }
}
