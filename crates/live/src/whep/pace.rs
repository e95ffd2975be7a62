//! How fast packets leave for one viewer: at once as long as they are few, and
//! what is many of them in a row.
//!
//! ```text
//! frames   │▌ ▌ ▌ ▌ █████████ ▌ ▌ ▌        a joiner's GOP, a keyframe
//! sent     │▌ ▌ ▌ ▌ ███▄▄▄▄▄▄▄▌▌▌▌ ▌       what fits the allowance, the rest at a rate
//! ```
//!
//! A receiver's kernel keeps some hundred packets until they are read: what comes
//! faster is lost, and asked for again, and the picture is late by more than it
//! won. So an allowance is spent and comes back with time, as in a leaky bucket.

use std::time::{Duration, Instant};

/// What may leave at once.
const ALLOWANCE_BYTES: f64 = 32_000.0;

/// How much of it comes back in a second.
const BYTES_A_SECOND: f64 = 1_500_000.0;

/// However much waits, it has left by then.
const LONGEST_S: f64 = 0.5;

/// How often what waits is looked after.
const STEP: Duration = Duration::from_millis(5);

/// How much may leave by now. What waits is with whoever sends it, in its order.
#[derive(Debug)]
pub(crate) struct Pace {
    waiting_bytes: usize,
    allowance: f64,
    rate: f64,
    looked: Option<Instant>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { waiting_bytes: 0, allowance: ALLOWANCE_BYTES, rate: BYTES_A_SECOND, looked: None }
    }
}

impl Pace {
    /// Counts bytes that wait now.
    pub(crate) fn wait(&mut self, bytes: usize) {
        self.waiting_bytes += bytes;
        self.rate = self.rate.max(self.waiting_bytes as f64 / LONGEST_S);
    }

    /// Lets time pass: what may leave by now is said by [`leave`](Self::leave).
    pub(crate) fn tick(&mut self, now: Instant) {
        let passed =
            self.looked.map_or(Duration::ZERO, |before| now.saturating_duration_since(before));
        self.looked = Some(now);
        self.allowance = (self.allowance + passed.as_secs_f64() * self.rate)
            .min(ALLOWANCE_BYTES.max(self.rate * STEP.as_secs_f64()));
    }

    /// Returns whether the next may leave, of so many bytes: then it does.
    pub(crate) fn leave(&mut self, bytes: usize) -> bool {
        if self.allowance <= 0.0 {
            return false;
        }
        self.allowance -= bytes as f64;
        self.waiting_bytes = self.waiting_bytes.saturating_sub(bytes);
        if self.waiting_bytes == 0 {
            self.rate = BYTES_A_SECOND;
        }
        true
    }

    /// Returns when more may leave, if anything waits.
    pub(crate) fn next(&self) -> Option<Instant> {
        let looked = self.looked.filter(|_| self.waiting_bytes > 0)?;
        Some(looked + STEP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends `bytes` in packets of a thousand, and returns how many had left after
    /// each step.
    fn sent(bytes: usize) -> Vec<usize> {
        let (mut pace, mut now) = (Pace::default(), Instant::now());
        let (mut steps, mut gone, all) = (Vec::new(), 0, bytes / 1000);
        (0..all).for_each(|_| pace.wait(1000));
        loop {
            pace.tick(now);
            while gone < all && pace.leave(1000) {
                gone += 1;
            }
            steps.push(gone);
            match pace.next() {
                Some(then) => now = then,
                None => return steps,
            }
        }
    }

    #[test]
    fn what_is_little_leaves_at_once() {
        assert_eq!(sent(10_000), [10]);
        assert_eq!(sent(32_000), [32]);
    }

    #[test]
    fn what_is_much_leaves_at_a_rate() {
        let steps = sent(300_000);
        assert_eq!((steps[0], steps.last()), (32, Some(&300)));
        let largest = steps.windows(2).map(|pair| pair[1] - pair[0]).max();
        assert!(largest <= Some(8), "{steps:?}");
    }

    #[test]
    fn however_much_it_is_it_leaves_within_half_a_second() {
        for bytes in [2_000_000, 9_000_000] {
            let steps = sent(bytes);
            assert!(steps.len() <= 102, "{} steps of 5 ms", steps.len());
        }
    }

    #[test]
    fn what_was_spent_comes_back() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        pace.tick(now);
        let leave = |pace: &mut Pace| (0..32).filter(|_| pace.leave(1000)).count();
        pace.wait(32_000);
        assert_eq!(leave(&mut pace), 32);
        pace.wait(32_000);
        pace.tick(now);
        assert_eq!(leave(&mut pace), 0);
        pace.tick(now + Duration::from_secs(1));
        assert_eq!(leave(&mut pace), 32);
        assert_eq!(pace.next(), None);
    }
}
