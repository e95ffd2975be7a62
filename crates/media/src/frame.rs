//! The coded bytes of a picture, or of a moment of sound, and their place in time.
//!
//! How frames are grouped is `gop.rs`; how they are written to a file,
//! `fmp4/write.rs`.

use std::sync::Arc;

use base::WallTime;
use bytes::Bytes;

use crate::Params;

/// One access unit of a stream, in decoding order: a picture, or a moment of sound.
///
/// Cloning is cheap: bytes and parameters are shared, so the writer and every
/// viewer hold the same memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// When it is decoded, on the server's axis. Rises strictly within a run. A
    /// picture was taken, and is shown, at `wall` plus `composition_us`.
    pub wall: WallTime,
    /// Presentation minus decoding time, in microseconds; zero without B-frames.
    pub composition_us: i32,
    /// Whether it can be decoded alone, as all sound can.
    pub is_key: bool,
    /// Of pictures: NAL units, each behind its length in four bytes, most
    /// significant first. Parameter sets and access unit delimiters are left
    /// out: [`Params`] has them. Of sound: an AAC frame without ADTS header, an
    /// Opus packet, or samples of G.711.
    pub data: Bytes,
    /// What a decoder needs to know; the same `Arc` until the camera changes it.
    pub params: Arc<Params>,
}
