//! MP4 as this house writes it: fragments on disk and on the wire, a plain
//! movie for whoever takes a clip away (ISO/IEC 14496-12, -15; CMAF, 23000-19).
//!
//! ```text
//! segment, live   ftyp moov(mvex) │ moof mdat │ moof mdat │ …      `write`
//! export          ftyp moov(tables, edit list) │ mdat              `movie`
//! ```
//!
//! Every track has the [`TIMESCALE`] of microseconds, so that media time is
//! wall time less the origin and nothing is ever rounded. Pictures stay where
//! they are: the writers return headers, and the caller puts the frames' own
//! bytes behind them.
//!
//! Belongs here: boxes. Does not belong here: what stands inside a frame
//! (`nal`, `h264`), and where the bytes go (`store`, `live`).

mod boxes;
pub mod movie;
pub mod read;
mod scan;
pub mod write;

pub use movie::{Part, Track, movie};
pub use read::{
    BoxHeader, BoxKind, FragmentIndex, ReadError, box_header, read_fragment_header, read_init,
};
pub use write::{fragment_header, init_segment, put_fragment_header};

/// Ticks in a second of every track we write: media time is in microseconds.
pub const TIMESCALE: u32 = 1_000_000;

/// What a container says of one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// How long until the next frame is decoded.
    pub duration_us: u32,
    /// Length of the frame's bytes.
    pub size_bytes: u32,
    /// Presentation minus decoding time.
    pub composition_us: i32,
    /// Whether it can be decoded alone.
    pub is_key: bool,
}

/// Flags of a keyframe: depends on nothing (ISO/IEC 14496-12 §8.8.3.1).
const KEY: u32 = 0x0200_0000;
/// Flags of any other frame: depends on others, and is no sync sample.
const NOT_KEY: u32 = 0x0101_0000;
/// The bit of the flags that tells the two apart.
const NON_SYNC: u32 = 0x0001_0000;
