//! A picture's coded bytes and their place in time.
//!
//! How frames are grouped is `gop.rs`; how they are written to a file,
//! `fmp4/write.rs`.

use std::sync::Arc;

use base::WallTime;
use bytes::Bytes;

use crate::Params;

/// One access unit of a video stream, in decoding order.
///
/// Cloning is cheap: bytes and parameters are shared, so the writer and every
/// viewer hold the same memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// When it was taken, on the server's axis. Rises strictly within a run.
    pub wall: WallTime,
    /// Presentation minus decoding time, in microseconds; zero without B-frames.
    pub composition_us: i32,
    /// Whether it can be decoded alone.
    pub is_key: bool,
    /// NAL units, each behind its length in four bytes, most significant first.
    /// Parameter sets and access unit delimiters are left out: [`Params`] has them.
    pub data: Bytes,
    /// What a decoder needs to know; the same `Arc` until the camera changes it.
    pub params: Arc<Params>,
}
