//! How many frames are handed on at once.
//!
//! ```text
//! somebody watches   f │ f │ f │ f │ f │ f      each as soon as it is there
//! nobody does        f   f   f   f   f │ f      those of LONGEST together
//! ```
//!
//! Each hand-over wakes a writer and looks at a hub. A disk does not mind a
//! fifth of a second; a viewer does. Nothing here waits: it says until when to.

use std::time::{Duration, Instant};

use media::Frame;

/// How long a frame may be kept back while nobody watches.
const LONGEST: Duration = Duration::from_millis(200);

/// Frames that are not handed on yet.
#[derive(Debug, Default)]
pub(crate) struct Gather {
    frames: Vec<Frame>,
    /// When the first of them came.
    since: Option<Instant>,
}

impl Gather {
    /// Adds a frame that came at `now`.
    pub(crate) fn push(&mut self, frame: Frame, now: Instant) {
        self.since.get_or_insert(now);
        self.frames.push(frame);
    }

    /// Returns when the frames here are to be handed on; `None` if there are none.
    pub(crate) fn due(&self, watched: bool) -> Option<Instant> {
        self.since.map(|since| if watched { since } else { since + LONGEST })
    }

    /// Returns the frames and keeps none.
    pub(crate) fn take(&mut self) -> Vec<Frame> {
        self.since = None;
        std::mem::take(&mut self.frames)
    }

    /// Returns whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use base::WallTime;
    use bytes::Bytes;
    use media::{Codec, Params};

    use super::*;

    fn frame(wall: i64) -> Frame {
        let (codec, config) = (Codec::H264, Bytes::new());
        let params = Arc::new(Params { codec, width: 16, height: 16, config });
        let wall = WallTime(wall);
        Frame { wall, composition_us: 0, is_key: false, data: Bytes::new(), params }
    }

    #[test]
    fn frames_wait_for_others_only_while_nobody_watches() {
        let (mut gather, start) = (Gather::default(), Instant::now());
        assert_eq!(gather.due(true), None);
        for n in 0..5_u64 {
            gather.push(frame(n as i64), start + Duration::from_millis(40 * n));
        }
        assert_eq!(gather.due(true), Some(start));
        assert_eq!(gather.due(false), Some(start + LONGEST));
        assert_eq!(gather.take().len(), 5);
        assert!(gather.is_empty());
        assert_eq!(gather.due(false), None);
    }
}
