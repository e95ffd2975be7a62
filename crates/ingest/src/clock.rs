//! The server's clocks, and the moment at which they part.
//!
//! ```text
//! monotonic  ──┼────────┼────────┼────────┼──▶   never steps
//! wall       ──┼────────┼──────────────┼────▶    somebody set the clock
//!            anchor           to − from: the step
//! ```
//!
//! The wall clock says where a frame stands, the monotonic clock how far apart
//! two moments are. When they differ by more than [`LARGEST_SLIP`] since the
//! run began, the wall clock was set, and a new run begins.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base::WallTime;

/// How far the clocks may part within a run.
pub const LARGEST_SLIP: Duration = Duration::from_millis(500);

/// Where the time comes from. Clones tell the same time.
#[derive(Clone, Default)]
pub enum Clock {
    /// The machine's clocks.
    #[default]
    System,
    /// What a test says. The instants must be real ones, for they are compared
    /// with when packets came; the wall time may be anything.
    Scripted(Arc<dyn Fn() -> (Instant, WallTime) + Send + Sync>),
}

/// The wall clock was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it would have shown.
    pub from: WallTime,
    /// What it shows.
    pub to: WallTime,
}

/// Watches the two clocks of a run.
#[derive(Clone, Debug, Default)]
pub struct Steps {
    anchor: Option<(Instant, WallTime)>,
}

impl Clock {
    /// Returns the machine's clocks.
    pub fn system() -> Self {
        Self::System
    }

    /// Returns both clocks' time, read together.
    pub fn now(&self) -> (Instant, WallTime) {
        match self {
            Self::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                (Instant::now(), WallTime(0).plus(since))
            }
            Self::Scripted(now) => now(),
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Scripted(_) => "Scripted",
        })
    }
}

impl Steps {
    /// Compares the clocks; returns the step if there was one, and takes the
    /// present for the beginning of the next run.
    pub fn look(&mut self, (instant, wall): (Instant, WallTime)) -> Option<Step> {
        let (then, wall_then) = *self.anchor.get_or_insert((instant, wall));
        let from = match instant.checked_duration_since(then) {
            Some(passed) => wall_then.plus(passed),
            None => wall_then.minus(then - instant),
        };
        if wall.micros_since(from).unsigned_abs() <= LARGEST_SLIP.as_micros() as u64 {
            return None;
        }
        self.anchor = Some((instant, wall));
        Some(Step { from, to: wall })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_slips_are_no_step_however_often_they_come() {
        let (mut steps, start) = (Steps::default(), Instant::now());
        let mut look = |second: u64, slip_us: i64| {
            let wall = WallTime(second as i64 * 1_000_000 + slip_us);
            steps.look((start + Duration::from_secs(second), wall)).is_some()
        };
        assert!(!look(0, 0));
        for second in 1..1000 {
            assert!(!look(second, if second % 2 == 0 { 500_000 } else { -500_000 }));
        }
        assert!(look(1000, 500_001));
    }

    #[test]
    fn a_clock_that_is_set_is_told_once_with_both_times() {
        let (mut steps, start) = (Steps::default(), Instant::now());
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        assert_eq!(steps.look((at(0), WallTime(0))), None);
        let step = steps.look((at(10), WallTime(3_610_000_000)));
        let (from, to) = (WallTime(10_000_000), WallTime(3_610_000_000));
        assert_eq!(step, Some(Step { from, to }));
        assert_eq!(steps.look((at(11), WallTime(3_611_000_000))), None);
        let back = steps.look((at(12), WallTime(12_000_000)));
        assert_eq!(back.map(|step| step.to), Some(WallTime(12_000_000)));
    }

    #[test]
    fn the_machines_clock_moves() {
        let clock = Clock::system();
        let ((early, wall_early), (late, wall_late)) = (clock.now(), clock.now());
        assert!(early <= late && wall_early <= wall_late);
        assert!(wall_early > WallTime(1_700_000_000_000_000));
    }
}
