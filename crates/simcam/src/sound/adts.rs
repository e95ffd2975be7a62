//! Frames of AAC out of a stream of ADTS (ISO/IEC 14496-3, annex 1.A).
//!
//! ```text
//! fff │ id layer │ no CRC │ profile2 rate4 · channels3 · · · │ length13 │ … │ [CRC16] │ frame
//! 12     1   2       1        7 bytes in all, 9 with the CRC, and the length holds them
//! ```

use bytes::{Buf, Bytes};

/// How long a header without CRC is.
pub(crate) const HEADER: usize = 7;

/// What each frame of a stream says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The object type less one: 1 is AAC-LC.
    pub(crate) profile: u8,
    /// The index of the sampling rate; 8 is 16 kHz.
    pub(crate) rate: u8,
    /// How many channels.
    pub(crate) channels: u8,
}

/// Why a stream cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {at} is where a frame of AAC should begin or end; encode the sound anew")]
pub(crate) struct NoFrame {
    /// Where.
    pub(crate) at: usize,
}

/// Returns the frames of a stream without their headers.
pub(crate) fn frames(stream: &Bytes) -> Result<Vec<(Header, Bytes)>, NoFrame> {
    let mut frames = Vec::new();
    let mut rest = stream.clone();
    while !rest.is_empty() {
        let bad = NoFrame { at: stream.len() - rest.len() };
        let &[sync, flags, format, high, middle, low, _] =
            rest.first_chunk::<HEADER>().ok_or(bad)?;
        // Layer is always zero.
        if sync != 0xff || flags & 0xf6 != 0xf0 {
            return Err(bad);
        }
        let header_length = if flags & 1 == 0 { HEADER + 2 } else { HEADER };
        let length = usize::from(high & 3) << 11 | usize::from(middle) << 3 | usize::from(low >> 5);
        if length <= header_length || length > rest.len() {
            return Err(bad);
        }
        let header = Header {
            profile: format >> 6,
            rate: format >> 2 & 15,
            channels: (format & 1) << 2 | high >> 6,
        };
        let mut frame = rest.split_to(length);
        frame.advance(header_length);
        frames.push((header, frame));
    }
    Ok(frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(body: &[u8], with_crc: bool) -> Vec<u8> {
        let crc: &[u8] = if with_crc { &[1, 2] } else { &[] };
        let length = 7 + crc.len() + body.len();
        let mut frame = vec![0xff, 0xf0 | u8::from(!with_crc), 1 << 6 | 8 << 2, 1 << 6];
        frame[3] |= (length >> 11) as u8;
        frame.extend([(length >> 3) as u8, (length << 5) as u8 | 0x1f, 0xfc]);
        [&frame, crc, body].concat()
    }

    #[test]
    fn frames_come_out_without_header_and_sum() {
        let stream = [frame(b"one", false), frame(&[7; 3000], true), frame(b"!", false)].concat();
        let frames = frames(&stream.into()).unwrap();
        let header = Header { profile: 1, rate: 8, channels: 1 };
        assert!(frames.iter().all(|(each, _)| *each == header));
        let bodies: Vec<_> = frames.iter().map(|(_, body)| &body[..]).collect();
        assert_eq!(bodies, [&b"one"[..], &[7; 3000], b"!"]);
        assert_eq!(super::frames(&Bytes::new()), Ok(vec![]));
    }

    #[test]
    fn what_is_cut_short_or_no_frame_is_told_by_its_place() {
        let whole = frame(b"one", false);
        let twice = [&whole[..], &whole].concat();
        for end in 1..whole.len() {
            let cut = twice[..whole.len() + end].to_vec();
            assert_eq!(frames(&cut.into()), Err(NoFrame { at: whole.len() }));
        }
        let mut lying = whole.clone();
        lying[4] = 0;
        assert_eq!(frames(&lying.into()), Err(NoFrame { at: 0 }));
        assert_eq!(frames(&Bytes::from_static(b"RIFF....WAVE")), Err(NoFrame { at: 0 }));
    }
}
