//! A moment by both clocks: frames are told of by the wall's, and sent by the other.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use base::WallTime;

/// See the module.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    pub(crate) instant: Instant,
    pub(crate) wall: WallTime,
}

impl Now {
    /// Returns the present.
    pub(crate) fn get() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let wall = WallTime(i64::try_from(since.as_micros()).unwrap_or(i64::MAX));
        Self { instant: Instant::now(), wall }
    }
}
