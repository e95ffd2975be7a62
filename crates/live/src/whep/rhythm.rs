//! The RTP time of a stream's frames: their wall time, but for the first ones.
//!
//! ```text
//! wall      0 ms   40   80   120   160 │ 200   240         a joiner is sent five frames at once
//! RTP     156 ms  157  158   159   160 │ 200   240         which it shows in a moment
//! ```
//!
//! A player takes the first frame's arrival for its moment and shows each later
//! one as much later as its RTP time says. Sent with the wall times of a GOP
//! that began two seconds ago, all would be shown two seconds late for ever. So
//! what a joiner catches up with is squeezed: a millisecond from one to the next.

use base::WallTime;

/// From one frame to the next while catching up.
const SQUEEZED_US: i64 = 1_000;

/// What stands between the last frame before a break and the first after it.
const BREAK_US: i64 = 40_000;

/// A hole longer than this is one of the axis, not of the stream.
const LONGEST_HOLE_US: i64 = 3_600_000_000;

/// Where a stream's RTP time is.
#[derive(Debug, Default)]
pub(crate) struct Rhythm {
    /// RTP time less wall time; other than zero after the axis stepped.
    shift_us: i64,
    last_us: Option<i64>,
}

impl Rhythm {
    /// Returns the times of frames that come at once, as microseconds. Those that
    /// `begins` says to follow a beginning are squeezed together.
    pub(crate) fn times(&mut self, walls: &[WallTime], begins: bool) -> Vec<i64> {
        let Some(last) = walls.last() else { return Vec::new() };
        let squeezed = |at: usize| {
            let behind = i64::try_from(walls.len() - 1 - at).unwrap_or(0);
            last.0 - behind * SQUEEZED_US
        };
        let wanted = |at: usize| if begins { squeezed(at) } else { walls[at].0 };
        if let Some(before) = self.last_us {
            let next = wanted(0) + self.shift_us;
            if next <= before || next - before > LONGEST_HOLE_US {
                self.shift_us = before + BREAK_US - wanted(0);
            }
        }
        (0..walls.len())
            .map(|at| {
                let time = wanted(at) + self.shift_us;
                // Whatever a clock does, a later frame is later.
                let time = self.last_us.map_or(time, |before| time.max(before + 1));
                self.last_us = Some(time);
                time
            })
            .collect()
    }
}

/// Returns a time as RTP has it, which counts over after some hours.
pub(crate) fn rtp_time(us: i64, clock_hz: u32) -> u32 {
    // i128: microseconds of our century times 90,000 need more than 63 bits.
    (i128::from(us) * i128::from(clock_hz) / 1_000_000) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walls(walls: &[i64]) -> Vec<WallTime> {
        walls.iter().map(|ms| WallTime(ms * 1000)).collect()
    }

    fn ms(times: &[i64]) -> Vec<i64> {
        times.iter().map(|us| us / 1000).collect()
    }

    #[test]
    fn a_joiner_catches_up_in_a_moment_and_goes_on_by_wall_time() {
        let mut rhythm = Rhythm::default();
        let caught_up = rhythm.times(&walls(&[0, 40, 80, 120, 160]), true);
        assert_eq!(ms(&caught_up), [156, 157, 158, 159, 160]);
        assert_eq!(ms(&rhythm.times(&walls(&[200, 240]), false)), [200, 240]);
        assert_eq!(ms(&rhythm.times(&walls(&[9000]), false)), [9000], "a hole stays a hole");
    }

    #[test]
    fn a_clock_that_steps_back_does_not_make_time_go_back() {
        let mut rhythm = Rhythm::default();
        rhythm.times(&walls(&[5000]), true);
        assert_eq!(ms(&rhythm.times(&walls(&[1000, 1040]), true)), [5040, 5041]);
        assert_eq!(ms(&rhythm.times(&walls(&[1080]), false)), [5081]);
    }

    #[test]
    fn every_frame_is_later_than_the_one_before_whatever_comes() {
        let mut rhythm = Rhythm::default();
        let mut last = i64::MIN;
        for (at, begins) in
            [(9, true), (9, false), (8, false), (7, true), (i64::from(u32::MAX), false), (0, true)]
        {
            for time in rhythm.times(&walls(&[at, at + 1, at + 2]), begins) {
                assert!(time > last, "{time} after {last}");
                last = time;
            }
        }
        assert_eq!(rhythm.times(&[], true), [0; 0]);
    }

    #[test]
    fn rtp_time_counts_over() {
        assert_eq!(rtp_time(1_000_000, 90_000), 90_000);
        let now = 1_795_135_338_250_000;
        let later = rtp_time(now + 40_000, 90_000);
        assert_eq!(later.wrapping_sub(rtp_time(now, 90_000)), 3_600);
        assert_eq!(rtp_time(now + 20_000, 48_000).wrapping_sub(rtp_time(now, 48_000)), 960);
    }
}
