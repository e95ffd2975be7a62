//! How long to wait before a camera is tried again.
//!
//! ```text
//! try   1      2        3            4        …      from the 7th on
//! wait  ½…1 s  1…2 s    2…4 s        4…8 s           15…30 s
//! ```
//!
//! Each wait is drawn from a range, so that a street of cameras that lost its
//! switch at one moment does not come back at one moment.

use std::time::Duration;

/// The upper end of the first wait.
const FIRST: Duration = Duration::from_secs(1);
/// The upper end of the longest wait.
const LONGEST: Duration = Duration::from_secs(30);

/// The waits of one stream. Two of equal seed draw equal waits.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
    state: u64,
}

impl Backoff {
    /// Returns waits that begin with the shortest.
    pub fn new(seed: u64) -> Self {
        Self::within(FIRST, LONGEST, seed)
    }

    /// Returns waits of which the first is at most `first`, and none is longer
    /// than `longest`.
    pub fn within(first: Duration, longest: Duration, seed: u64) -> Self {
        Self { first, longest, failures: 0, state: seed }
    }

    /// Draws the wait after one more failure.
    #[expect(clippy::should_implement_trait, reason = "there is always a next wait")]
    pub fn next(&mut self) -> Duration {
        let ceiling = self.first.saturating_mul(1 << self.failures.min(16)).min(self.longest);
        self.failures = self.failures.saturating_add(1);
        let half = ceiling / 2;
        half + half.mul_f64(self.draw())
    }

    /// Begins with the shortest wait again: the camera was well.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// Draws a number from 0 up to 1 (SplitMix64, public domain).
    fn draw(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_stay_there() {
        let mut backoff = Backoff::new(7);
        for failure in 0..100 {
            let ceiling = Duration::from_secs(1 << failure.min(5)).min(LONGEST);
            let wait = backoff.next();
            assert!(wait >= ceiling / 2 && wait <= ceiling, "{failure}: {wait:?}");
        }
    }

    #[test]
    fn a_reset_makes_the_next_wait_short_again() {
        let mut backoff = Backoff::new(7);
        for _ in 0..10 {
            backoff.next();
        }
        backoff.reset();
        assert!(backoff.next() <= FIRST);
    }

    #[test]
    fn many_cameras_that_failed_together_spread_over_the_range() {
        let mut tenths = [0; 10];
        for seed in 0..1000 {
            let past_half = Backoff::new(seed).next() - FIRST / 2;
            tenths[(past_half.as_millis() / 50).min(9) as usize] += 1;
        }
        assert!(tenths.iter().all(|&cameras| cameras > 50), "{tenths:?}");
    }

    #[test]
    fn equal_seeds_draw_equal_waits() {
        let draw = |seed| {
            let mut backoff = Backoff::new(seed);
            [backoff.next(), backoff.next(), backoff.next()]
        };
        assert_eq!(draw(42), draw(42));
        assert_ne!(draw(42), draw(43));
    }
}
