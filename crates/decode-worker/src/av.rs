//! FFmpeg behind values that cannot be misused. The only place with its
//! pointers; what is done with pictures and sound is the jobs' files.
//!
//! ```text
//! bytes ─▶ Decoder ─▶ Frame ─▶ Scaler / Resampler ─▶ Frame ─▶ Encoder ─▶ Packet
//! ```
//!
//! Each type owns one structure of the library from its making to its end, on
//! one thread. Everything runs on the thread that calls: the sandbox lets
//! nobody start another.
#![expect(unsafe_code, reason = "FFmpeg is C; every block says what it relies on")]

mod decoder;
mod encoder;
mod frame;
mod resample;
mod scale;

use std::ffi::CStr;

use ffmpeg_sys_next as ff;

pub(crate) use decoder::Decoder;
pub(crate) use encoder::Encoder;
pub(crate) use frame::{Frame, PixelForm, Plane, SampleForm};
pub(crate) use resample::Resampler;
pub(crate) use scale::{Scaler, Sharpness};

/// What the library answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure(i32);

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut words = [0; 128];
        // SAFETY: it writes at most so many bytes, the last of them zero.
        unsafe { ff::av_strerror(self.0, words.as_mut_ptr(), words.len()) };
        // SAFETY: see above; the array outlives the reference.
        let words = unsafe { CStr::from_ptr(words.as_ptr()) };
        f.write_str(&words.to_string_lossy().to_lowercase())
    }
}

/// Turns an answer into a result: below zero is a failure.
fn checked(answer: i32) -> Result<i32, Failure> {
    if answer < 0 { Err(Failure(answer)) } else { Ok(answer) }
}

/// Out of memory, for what answers with a null pointer.
const NO_MEMORY: Failure = Failure(ff::AVERROR(libc::ENOMEM));
/// Not a thing that can be worked with.
const NOT_SUPPORTED: Failure = Failure(ff::AVERROR(libc::ENOSYS));

/// Keeps the library from writing to the standard error what a bitstream says.
pub(crate) fn quieten() {
    // SAFETY: sets a number.
    unsafe { ff::av_log_set_level(ff::AV_LOG_QUIET) };
}

/// Returns the release of libavcodec.
pub(crate) fn version() -> String {
    // SAFETY: returns a number.
    let version = unsafe { ff::avcodec_version() };
    format!("libavcodec {}.{}.{}", version >> 16, version >> 8 & 0xff, version & 0xff)
}
