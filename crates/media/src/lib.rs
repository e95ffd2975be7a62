//! Codec, NAL unit, frame, GOP and fMP4: bytes in, bytes out.
//!
//! Belongs here: what H.264 and ISO base media files say, as pure functions and
//! values. Does not belong here: sockets, files, clocks, tokio; RTP and RTSP are
//! `ingest`'s, where a file lies on disk is `store`'s.
//!
//! The form in which frames pass through the house is [`Frame`]; what a decoder
//! must know before the first of them is [`Params`].

pub mod aac;
pub mod access_unit;
mod bits;
pub mod fmp4;
pub mod frame;
pub mod gop;
pub mod h264;
pub mod h265;
pub mod nal;
pub mod params;

pub use frame::Frame;
pub use gop::Gop;
pub use params::{Codec, Params, Sampling};
