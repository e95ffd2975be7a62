//! Media on a WebSocket, as a browser's Media Source Extensions take them:
//! a header of our own, and a piece of fragmented MP4 behind it.
//!
//! ```text
//! 0  u8   kind: 1 init · 2 live fragment · 3 past fragment      big endian
//! 1  u8   flags: bit 0, begins with a keyframe
//! 2  u16  zero
//! 4  u32  channel
//! 8  i64  wall time of the first frame, µs
//! 16      ftyp moov, or moof mdat
//! ```
//!
//! A live fragment holds one frame and is sent as soon as it is there, so how
//! long the frame lasts is not known yet: it is said to last as long as the one
//! before it. Its *start* is always exact, and players go by that: a few
//! microseconds of overlap or hole between fragments are within what the
//! specification lets them bridge.
//!
//! The control messages beside these, in JSON, are `api`'s.

use base::WallTime;
use bytes::Bytes;
use media::fmp4::{self, Sample};
use media::{Frame, Params};

/// What a binary message holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The initialisation segment; once per channel and change of parameters.
    Init = 1,
    /// A fragment of one frame, as it came.
    Live = 2,
    /// A fragment from disk: a GOP, or part of one.
    Past = 3,
}

/// Length of the header before each piece.
pub const HEADER_LEN: usize = 16;

/// Returns the header of a message. `wall` is the first frame's; of an init
/// message, the origin: the wall time at media time 0.
pub fn header(kind: Kind, is_key: bool, channel: u32, wall: WallTime) -> [u8; HEADER_LEN] {
    let mut header = [0; HEADER_LEN];
    header[0] = kind as u8;
    header[1] = u8::from(is_key);
    header[4..8].copy_from_slice(&channel.to_be_bytes());
    header[8..].copy_from_slice(&wall.0.to_be_bytes());
    header
}

/// Returns the init message of a channel, live or past.
pub fn init_message(channel: u32, origin: WallTime, params: &Params) -> Bytes {
    let init = fmp4::init_segment(params);
    [&header(Kind::Init, false, channel, origin), &init[..]].concat().into()
}

/// Returns what stands before a live frame's own bytes in its message.
pub(crate) fn live_head(
    channel: u32,
    origin: WallTime,
    sequence: u32,
    frame: &Frame,
    sample: Sample,
) -> Bytes {
    // With the moof at its longest.
    let mut head = Vec::with_capacity(HEADER_LEN + 116);
    head.extend_from_slice(&header(Kind::Live, frame.is_key, channel, frame.wall));
    let media_time = u64::try_from(frame.wall.micros_since(origin)).unwrap_or(0);
    fmp4::put_fragment_header(&mut head, sequence, media_time, &[sample]);
    head.into()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use media::Codec;

    use super::*;

    fn params() -> Params {
        let config = Bytes::from_static(&[1, 77, 0, 41, 0xff, 0xe0, 0]);
        Params { codec: Codec::H264, width: 1280, height: 720, config }
    }

    #[test]
    fn the_header_is_the_one_the_client_reads() {
        let header = header(Kind::Live, true, 0x0102_0304, WallTime(0x1122_3344_5566_7788));
        let expected = [2, 1, 0, 0, 1, 2, 3, 4, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88];
        assert_eq!(header, expected);
        assert_eq!(super::header(Kind::Past, false, 0, WallTime(-1))[..2], [3, 0]);
    }

    #[test]
    fn an_init_message_carries_the_parameters_and_the_origin() {
        let message = init_message(7, WallTime(5), &params());
        assert_eq!(message[..HEADER_LEN], header(Kind::Init, false, 7, WallTime(5)));
        assert_eq!(fmp4::read_init(&message[HEADER_LEN..]), Ok(params()));
    }

    #[test]
    fn a_live_message_is_one_fragment_at_its_time() {
        let frame = Frame {
            wall: WallTime(1_000_123),
            composition_us: 80_000,
            is_key: true,
            data: Bytes::from(vec![9; 5000]),
            params: Arc::new(params()),
        };
        let sample = frame.sample(WallTime(1_040_000));
        let head = live_head(3, WallTime(1_000_000), 42, &frame, sample);
        assert_eq!(head[..HEADER_LEN], header(Kind::Live, true, 3, frame.wall));
        let index = fmp4::read_fragment_header(&head[HEADER_LEN..]).unwrap();
        assert_eq!((index.sequence, index.decode_time_us), (42, 123));
        assert_eq!(index.samples, [sample]);
        assert_eq!(index.data_offset as usize, head.len() - HEADER_LEN, "the frame follows");
        assert!(head.len() <= HEADER_LEN + 116, "{}", head.len());
    }
}
