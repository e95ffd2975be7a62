//! The present as LL-HLS (RFC 8216bis): for whatever plays a URL.
//!
//! ```text
//! hub ──frames──▶ feed: one packager a stream, while somebody asks ──▶ window ──▶ playlist text
//!                   │                                                   │ parts, segments, init
//!                   └ wakes who waits for the next part ◀───────────────┘
//! ```
//!
//! `packager` cuts frames into parts and segments, `window` is what a player may
//! still fetch, `playlist` and `multivariant` are the texts, `name` reads what a
//! player asks for. `feed` alone has a task and a clock. Who may watch, and HTTP
//! itself, are `api`'s.

pub mod feed;
pub mod multivariant;
pub mod name;
pub mod packager;
pub mod playlist;
#[cfg(test)]
mod testutil;
pub mod window;

pub use feed::{Feed, Feeds, LINGER, Unmet};
pub use multivariant::{Rendition, multivariant};
pub use name::{File, Reload};
pub use packager::Packager;
pub use window::Window;

/// `EXT-X-TARGETDURATION`: no segment is longer, rounded to seconds. The same
/// for all, as it may neither change nor differ between renditions.
pub const TARGET_S: u32 = 4;

/// Media time begins anew after so many microseconds (12.7 days): players keep
/// times in fewer bits than a century takes.
const MEDIA_TIME_US: i64 = 1 << 40;

/// Returns the media time of a moment, the same in every stream, so that sound
/// and pictures of one moment meet.
pub(crate) fn media_time_us(wall: base::WallTime) -> u64 {
    wall.0.rem_euclid(MEDIA_TIME_US).unsigned_abs()
}
