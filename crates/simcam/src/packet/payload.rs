//! How NAL units and frames of sound become RTP payloads: RFC 6184 for H.264,
//! RFC 7798 for H.265, RFC 3640 for AAC.
//!
//! ```text
//! whole       [NAL]
//! together    H.264 STAP-A  18 │ len16 [NAL] │ len16 [NAL] …
//!             H.265 AP    60 01 │ len16 [NAL] │ len16 [NAL] …
//! fragments   H.264 FU-A     1c │ S E type5 │ piece
//!             H.265 FU    62 01 │ S E type6 │ piece
//! AAC-hbr     00 10 │ size13 index3 │ one frame
//! ```

use crate::clip::Codec;

/// The largest RTP payload. Over TCP nothing forces it below 64 kB; cameras
/// send what also fits into an Ethernet frame over UDP, and so do we.
pub(crate) const MAX_PAYLOAD: usize = 1400;

pub(crate) const NAL_STAP_A: u8 = 24;
pub(crate) const NAL_FU_A: u8 = 28;
pub(crate) const NAL_AP: u8 = 48;
pub(crate) const NAL_FU: u8 = 49;

/// The largest frame that 13 bits can tell the size of.
pub(crate) const MAX_AAC_FRAME: usize = 8191;

/// Returns several NAL units as one payload, if they fit into it.
pub(crate) fn together(codec: Codec, nals: &[&[u8]]) -> Option<Vec<u8>> {
    let mut payload = match codec {
        Codec::H264 => {
            let importance = nals.iter().fold(0, |most, nal| most.max(nal[0] & 0x60));
            vec![importance | NAL_STAP_A]
        }
        // No layers, and the lowest time layer, as all that is packed.
        Codec::H265 => vec![NAL_AP << 1, 1],
    };
    for nal in nals {
        payload.extend_from_slice(&u16::try_from(nal.len()).ok()?.to_be_bytes());
        payload.extend_from_slice(nal);
    }
    (payload.len() <= MAX_PAYLOAD).then_some(payload)
}

/// Passes a NAL unit to `push` as payloads, each in two parts: whole, or in
/// fragments where it is too long.
pub(crate) fn split(codec: Codec, nal: &[u8], mut push: impl FnMut(&[u8], &[u8])) {
    if nal.len() <= MAX_PAYLOAD {
        return push(&[], nal);
    }
    let mut front = [0; 3];
    let (header, front) = match codec {
        Codec::H264 => (1, &mut front[..2]),
        Codec::H265 => (2, &mut front[..]),
    };
    let kind = match codec {
        Codec::H264 => {
            front[0] = nal[0] & 0xe0 | NAL_FU_A;
            nal[0] & 0x1f
        }
        Codec::H265 => {
            front[0] = nal[0] & 0x81 | NAL_FU << 1;
            front[1] = nal[1];
            nal[0] >> 1 & 0x3f
        }
    };
    let pieces = nal[header..].chunks(MAX_PAYLOAD - front.len());
    let last = pieces.len() - 1;
    for (index, piece) in pieces.enumerate() {
        front[header] = u8::from(index == 0) << 7 | u8::from(index == last) << 6 | kind;
        push(front, piece);
    }
}

/// Returns what stands before a frame of AAC: the length of the headers in bits,
/// and the one header.
pub(crate) fn aac_header(frame: &[u8]) -> [u8; 4] {
    let size = (frame.len().min(MAX_AAC_FRAME) as u16) << 3;
    [0, 16, (size >> 8) as u8, size as u8]
}
