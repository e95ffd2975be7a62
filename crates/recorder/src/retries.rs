//! When a camera that failed is tried again.
//!
//! ```text
//! fault, after           the next try
//! 30 s of frames         in a moment: it was well
//! less, or none          later each time, up to half a minute
//! a refused password     later each time, up to a quarter of an hour
//! ```
//!
//! A try costs a segment where it brings frames, and where it brings a wrong
//! password, perhaps the account: many cameras lock one after some. A change in
//! the catalog starts anew at once.

use std::time::Duration;

use ingest::{Backoff, FaultKind};

/// A camera that sent frames for so long was well.
const WELL: Duration = Duration::from_secs(30);

/// The upper ends of the first and the longest wait after a refused password;
/// waits are at least half as long.
const FIRST_AFTER_REFUSAL: Duration = Duration::from_secs(2 * 60);
const LONGEST_AFTER_REFUSAL: Duration = Duration::from_secs(15 * 60);

/// The waits of one stream.
#[derive(Debug)]
pub(crate) struct Retries {
    faults: Backoff,
    refusals: Backoff,
}

impl Retries {
    /// Returns waits that other streams of other seeds do not share.
    pub(crate) fn new(seed: u64) -> Self {
        let refusals = Backoff::within(FIRST_AFTER_REFUSAL, LONGEST_AFTER_REFUSAL, seed);
        Self { faults: Backoff::new(seed), refusals }
    }

    /// Returns how long to wait after a fault that came when frames had come for
    /// `recorded`.
    pub(crate) fn after(&mut self, fault: FaultKind, recorded: Duration) -> Duration {
        if recorded >= WELL {
            self.faults.reset();
            self.refusals.reset();
        }
        match fault {
            FaultKind::WrongCredentials => self.refusals.next(),
            _ => self.faults.next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_camera_that_breaks_off_after_each_keyframe_is_tried_ever_later() {
        let mut retries = Retries::new(7);
        let mut last = Duration::ZERO;
        for _ in 0..10 {
            last = retries.after(FaultKind::Unreachable, WELL - Duration::from_secs(1));
        }
        assert!(last >= Duration::from_secs(15), "{last:?}");
        assert!(retries.after(FaultKind::Unreachable, WELL) <= Duration::from_secs(1));
    }

    #[test]
    fn after_a_refused_password_there_are_few_tries_and_ever_fewer() {
        let mut retries = Retries::new(7);
        let mut waits = (0..6).map(|_| retries.after(FaultKind::WrongCredentials, Duration::ZERO));
        assert!(waits.next().unwrap() >= MINUTE);
        let last = waits.last().unwrap();
        assert!(last >= 7 * MINUTE && last <= 15 * MINUTE, "{last:?}");
        // That it was away in between does not make the password right.
        assert!(retries.after(FaultKind::Unreachable, Duration::ZERO) <= Duration::from_secs(1));
        assert!(retries.after(FaultKind::WrongCredentials, Duration::ZERO) >= 7 * MINUTE);
    }
}
