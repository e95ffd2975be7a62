//! Decoding times, of frames that say only when they are shown.
//!
//! ```text
//! comes      I0   P3   B1   B2   P6   B4   B5      RTP time is the time of showing
//! window     0    0 3  1 3  2 3  3 6  4 6  5 6     depth 1: one is held back
//! decoded   −1    0    1    2    3    4    5       the least of the window
//! ```
//!
//! A stream with B-frames comes in the order of decoding, and its n-th frame is
//! decoded when the (n − depth)-th in order of showing is shown. How deep that
//! is, parameters may say; where they do not, it is learnt: a frame that so many
//! decoded before it are shown after, shows that it is at least so deep. Without B-frames both times are the same, and nothing is held here.

use std::collections::VecDeque;

/// No codec of ours reorders more frames than this.
const DEEPEST: usize = 16;
/// A frame's length until two frames have told it, in seconds: a 25th.
const GUESS: i64 = 25;
/// A time of showing that is further off than so many seconds is of another row.
const LARGEST_LEAP: i64 = 3;

/// The decoding times of one run, in ticks of the stream's RTP clock.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    rate_hz: i64,
    depth: usize,
    /// Times of showing that no frame has been decoded at, least first; at most
    /// `depth` of them between two frames.
    window: Vec<i64>,
    /// Times of showing of the last frames, to learn the depth from.
    recent: VecDeque<i64>,
    last: Option<i64>,
}

impl Order {
    /// Returns the order of a stream whose clock counts `rate_hz` ticks a second.
    pub(crate) fn new(rate_hz: u32) -> Self {
        let rate_hz = i64::from(rate_hz.max(1));
        Self { rate_hz, depth: 0, window: Vec::new(), recent: VecDeque::new(), last: None }
    }

    /// Takes what the parameters say, if they say more than is known.
    pub(crate) fn set_depth(&mut self, said: Option<u8>) {
        self.depth = self.depth.max(usize::from(said.unwrap_or(0)).min(DEEPEST));
    }

    /// Returns when the next frame, which is shown at `shown`, is decoded: later
    /// than the one before it.
    pub(crate) fn place(&mut self, shown: i64) -> i64 {
        let farthest = (LARGEST_LEAP * self.rate_hz).unsigned_abs();
        let leaps = |last: i64| shown.saturating_sub(last).unsigned_abs() > farthest;
        if self.last.is_some_and(leaps) {
            self.window.clear();
            self.recent.clear();
            self.last = None;
        }
        let deep = self.recent.iter().filter(|&&earlier| earlier > shown).count();
        self.depth = self.depth.max(deep);
        if self.recent.len() == DEEPEST {
            self.recent.pop_front();
        }
        self.recent.push_back(shown);
        let at = self.window.partition_point(|&earlier| earlier <= shown);
        self.window.insert(at, shown);
        let decoded = if self.window.len() > self.depth {
            self.window.remove(0)
        } else {
            // Not enough is known yet: so long before the first showing that the
            // frames that are still to come find room.
            let missing = (self.depth + 1 - self.window.len()) as i64;
            self.window[0].saturating_sub(missing * self.rate_hz / GUESS)
        };
        let decoded = self.last.map_or(decoded, |last| decoded.max(last.saturating_add(1)));
        self.last = Some(decoded);
        decoded
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FRAME: i64 = 3600;

    /// Returns the decoding times of frames that are shown in this order.
    fn decoded(order: &mut Order, shown: &[i64]) -> Vec<i64> {
        shown.iter().map(|&number| order.place(number * FRAME)).collect()
    }

    /// I P B B …: with `depth` 1, groups of three.
    fn pattern(groups: i64) -> Vec<i64> {
        let group = |n| [3 * n + 3, 3 * n + 1, 3 * n + 2];
        std::iter::once(0).chain((0..groups).flat_map(group)).collect()
    }

    #[test]
    fn without_reordering_both_times_are_the_same() {
        let mut order = Order::new(90_000);
        let shown: Vec<_> = (0..100).collect();
        let times: Vec<_> = shown.iter().map(|n| n * FRAME).collect();
        assert_eq!(decoded(&mut order, &shown), times);
        assert!(order.window.is_empty());
    }

    #[test]
    fn a_depth_that_is_said_makes_the_picture_in_the_modules_words() {
        let mut order = Order::new(90_000);
        order.set_depth(Some(1));
        let times = decoded(&mut order, &pattern(2));
        assert_eq!(times, [-1, 0, 1, 2, 3, 4, 5].map(|n| n * FRAME));
    }

    #[test]
    fn a_depth_that_is_not_said_is_learnt_within_a_group() {
        let mut order = Order::new(90_000);
        let (shown, mut last) = (pattern(20), i64::MIN);
        for (index, (&shown, decoded)) in shown.iter().zip(decoded(&mut order, &shown)).enumerate()
        {
            assert!(decoded > last);
            last = decoded;
            if index > 6 {
                assert_eq!(decoded, (index as i64 - 1) * FRAME, "frame {index}");
                assert!(decoded <= shown * FRAME);
            }
        }
        assert_eq!(order.depth, 1);
    }

    #[test]
    fn a_pyramid_of_b_frames_is_as_deep_as_it_is() {
        // I0 P4 B2 b1 b3 P8 B6 b5 b7: as x264 and x265 nest them.
        let group = |n: i64| [4 * n + 4, 4 * n + 2, 4 * n + 1, 4 * n + 3];
        let shown: Vec<_> = std::iter::once(0).chain((0..10).flat_map(group)).collect();
        let mut order = Order::new(90_000);
        order.set_depth(Some(2));
        for (index, (&shown, decoded)) in shown.iter().zip(decoded(&mut order, &shown)).enumerate()
        {
            assert_eq!(decoded, (index as i64 - 2) * FRAME);
            assert!(decoded <= shown * FRAME);
        }
    }

    #[test]
    fn a_leap_begins_a_new_row() {
        let mut order = Order::new(90_000);
        order.set_depth(Some(1));
        decoded(&mut order, &pattern(5));
        let far = 1_000_000;
        let times = decoded(&mut order, &pattern(1).iter().map(|n| n + far).collect::<Vec<_>>());
        assert_eq!(times, [-1, 0, 1, 2].map(|n| (n + far) * FRAME));
    }

    proptest! {
        /// Whatever a camera says.
        #[test]
        fn decoding_times_rise_within_a_row_and_nothing_grows(
            frames in prop::collection::vec((any::<i64>(), -9i64..9), 1..80),
            said: Option<u8>,
        ) {
            let mut order = Order::new(90_000);
            order.set_depth(said);
            for (base, step) in frames {
                let before = order.last;
                let shown = if base % 5 == 0 { base } else { before.unwrap_or(0).saturating_add(step * FRAME) };
                let decoded = order.place(shown);
                let same_row = before.is_some_and(|last| shown.saturating_sub(last).unsigned_abs() <= 3 * 90_000);
                prop_assert!(!same_row || before.is_none_or(|last| decoded > last));
                prop_assert!(order.window.len() <= DEEPEST);
            }
        }
    }
}
