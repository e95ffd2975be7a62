//! From RTP time to wall time: where a frame stands on the server's axis.
//!
//! A camera's RTP time knows the distance between frames to the microsecond and
//! nothing of our clock; the arrival knows our clock, and comes late by whatever
//! the network did. So frames stand on a *line* through RTP time, and the line
//! is moved until the earliest arrivals lie on it:
//!
//! ```text
//! arrival      x   x      x  x   x       x x     late by jitter, never early
//! line       ──●───●───●───●───●───●───●───●──   spacing of RTP time
//! lateness     0   0   ▒   ▒   0  …              its least in each window is
//!                                                what the line is moved by
//! ```
//!
//! The line is moved slowly, so that a crystal's drift is followed and nobody
//! sees it. A stream whose RTP time leaps, or that stays late for a whole
//! window, gets a new line; one whose RTP time runs ahead of the world is held
//! back as much as it takes. Nothing here reads a clock.
//!
//! > Every time returned is later than the one before.

use std::time::Duration;

use base::WallTime;

/// How long lateness is watched before the line follows its least.
const WINDOW: Duration = Duration::from_secs(2);
/// A line that is off by less is moved by a hundredth of the time that passes.
const NEAR: Duration = Duration::from_millis(250);
/// A line that is off by more is moved by a quarter of the time that passes:
/// a player's picture runs visibly slow or fast, but its time is soon right.
const NEAR_SLEW: i64 = 100;
const FAR_SLEW: i64 = 4;
/// A stream that is never less late than this within a window gets a new line.
const LARGEST_LAG: Duration = Duration::from_secs(2);
/// A line that is ahead of the arrivals by more is held back by ever more of the
/// time that passes, and by all of it where it is twice as far: a clock that
/// runs too fast by whatever factor comes to rest in between.
const LARGEST_LEAD: Duration = Duration::from_secs(2);
/// RTP time that leaps by more is no longer the same line.
const LARGEST_LEAP: Duration = Duration::from_secs(3);
/// RTP time that goes back by less is frames in decoding order, not a new line.
const LARGEST_REORDER: Duration = Duration::from_secs(1);

/// The line of one run.
#[derive(Clone, Debug)]
pub struct Wall {
    clock_rate: u32,
    line: Option<Line>,
    last: Option<WallTime>,
}

#[derive(Clone, Debug)]
struct Line {
    /// A point of it: RTP time and wall time of the frame it began with.
    rtp: i64,
    wall: WallTime,
    /// How far it was moved since.
    moved_us: i64,
    /// How far it is to be moved still.
    pending_us: i64,
    /// RTP time of the frame before.
    last_rtp: i64,
    /// When the window began, and the least lateness in it.
    window: (WallTime, i64),
}

impl Wall {
    /// Returns the times of a stream whose RTP time counts `clock_rate` ticks a
    /// second (not zero: an RTP clock has a rate; zero is taken for 90,000).
    pub fn new(clock_rate: u32) -> Self {
        let clock_rate = if clock_rate == 0 { 90_000 } else { clock_rate };
        Self { clock_rate, line: None, last: None }
    }

    /// Returns the wall time of the next frame, of RTP time `rtp` (counted on
    /// past 2^32), whose first packet came at `arrival`.
    pub fn place(&mut self, rtp: i64, arrival: WallTime) -> WallTime {
        let on_line =
            self.line.as_mut().and_then(|line| line.follow(rtp, arrival, self.clock_rate));
        let wall = on_line.unwrap_or_else(|| {
            self.line = Some(Line::through(rtp, arrival));
            arrival
        });
        let wall = self.last.map_or(wall, |last| wall.max(WallTime(last.0.saturating_add(1))));
        self.last = Some(wall);
        wall
    }

    /// Returns the wall time that stands for an RTP time, once there is a line.
    pub fn at(&self, rtp: i64) -> Option<WallTime> {
        self.line.as_ref().map(|line| line.at(rtp, self.clock_rate))
    }
}

impl Line {
    fn through(rtp: i64, wall: WallTime) -> Self {
        Self { rtp, wall, moved_us: 0, pending_us: 0, last_rtp: rtp, window: (wall, i64::MAX) }
    }

    fn at(&self, rtp: i64, clock_rate: u32) -> WallTime {
        let past = micros(rtp.saturating_sub(self.rtp), clock_rate);
        WallTime(self.wall.0.saturating_add(past).saturating_add(self.moved_us))
    }

    /// Goes on to a frame; returns its time, or `None` where it is not of this line.
    fn follow(&mut self, rtp: i64, arrival: WallTime, clock_rate: u32) -> Option<WallTime> {
        let step_us = micros(rtp.saturating_sub(self.last_rtp), clock_rate);
        self.last_rtp = rtp;
        if step_us < -as_micros(LARGEST_REORDER) {
            return None;
        }
        let late_us = arrival.micros_since(self.at(rtp, clock_rate));
        if step_us > as_micros(LARGEST_LEAP) && late_us < -as_micros(LARGEST_LEAP) {
            return None;
        }

        let (began, least_us) = self.window;
        let least_us = least_us.min(late_us);
        self.window = (began, least_us);
        // What comes before its time shows at once that the line is too late.
        self.pending_us = self.pending_us.min(least_us);
        if arrival.micros_since(began) >= as_micros(WINDOW) {
            if least_us > as_micros(LARGEST_LAG) {
                return None;
            }
            self.pending_us = least_us;
            self.window = (arrival, i64::MAX);
        }

        let most = largest_move(step_us.max(0), self.pending_us);
        let move_us = self.pending_us.clamp(-most, most);
        self.moved_us = self.moved_us.saturating_add(move_us);
        self.pending_us -= move_us;
        // What was measured before the line moved is measured from there.
        self.window.1 = self.window.1.saturating_sub(move_us);
        Some(self.at(rtp, clock_rate))
    }
}

/// Returns by how much a line that is off by `off_us` may be moved while
/// `step_us` pass.
fn largest_move(step_us: i64, off_us: i64) -> i64 {
    if off_us.unsigned_abs() <= as_micros(NEAR).unsigned_abs() {
        return step_us / NEAR_SLEW;
    }
    let lead_us = as_micros(LARGEST_LEAD);
    let over_us = off_us.saturating_neg().saturating_sub(lead_us).clamp(0, lead_us);
    let held_back = i128::from(step_us) * i128::from(over_us) / i128::from(lead_us);
    (step_us / FAR_SLEW).max(held_back as i64)
}

fn micros(ticks: i64, clock_rate: u32) -> i64 {
    let micros = i128::from(ticks) * 1_000_000 / i128::from(clock_rate);
    micros.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

fn as_micros(duration: Duration) -> i64 {
    duration.as_micros() as i64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: i64 = 1_795_135_338_250_000;
    const RATE: u32 = 90_000;

    /// A camera of 25 frames a second whose crystal is off by `ppm`, and whose
    /// frames come `late(frame)` µs late. Yields each frame's true time and ours.
    fn camera(
        ppm: i64,
        frames: i64,
        late: impl Fn(i64) -> i64,
    ) -> impl Iterator<Item = (i64, i64)> {
        let mut wall = Wall::new(RATE);
        (0..frames).map(move |n| {
            let taken = START + n * 40_000;
            let rtp = 777 + n * 3600 + n * 3600 * ppm / 1_000_000;
            (taken, wall.place(rtp, WallTime(taken + late(n))).0)
        })
    }

    /// Numbers without a pattern, from 0 to `below`.
    fn noise(n: i64, below: u64) -> i64 {
        ((n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31) % below) as i64
    }

    #[test]
    fn frames_that_come_in_time_stand_where_they_came() {
        assert!(camera(0, 10_000, |_| 0).all(|(taken, ours)| taken == ours));
    }

    #[test]
    fn jitter_does_not_reach_the_spacing_and_its_mean_not_the_place() {
        let ours: Vec<_> = camera(0, 5000, |n| noise(n, 80_000)).collect();
        for pair in ours.windows(2) {
            let spacing = pair[1].1 - pair[0].1;
            assert!((39_600..=40_400).contains(&spacing), "{spacing}");
        }
        let off = ours[1000..].iter().map(|(taken, ours)| (ours - taken).abs()).max().unwrap();
        assert!(off < 10_000, "{off} µs off, jitter is 80,000");
    }

    #[test]
    fn a_drifting_crystal_is_followed_for_a_day() {
        for ppm in [-200, -50, 50, 200] {
            let last = camera(ppm, 25 * 86_400, |n| noise(n, 5_000)).last().unwrap();
            let off = last.1 - last.0;
            assert!((-1_000..5_000).contains(&off), "{ppm} ppm: {off} µs off after a day");
        }
    }

    #[test]
    fn a_late_first_frame_is_made_up_for_gently() {
        let ours: Vec<_> = camera(0, 1000, |n| if n == 0 { 200_000 } else { 0 }).collect();
        assert_eq!(ours[0].1 - ours[0].0, 200_000);
        assert!(ours.windows(2).all(|pair| pair[1].1 - pair[0].1 >= 39_600));
        assert_eq!(ours[999].1, ours[999].0);
    }

    #[test]
    fn a_stall_that_is_caught_up_with_leaves_no_trace() {
        // Frames 100 to 149 wait for the network and come together with 150.
        let late = |n: i64| if (100..150).contains(&n) { (150 - n) * 40_000 } else { 0 };
        assert!(camera(0, 1000, late).all(|(taken, ours)| taken == ours));
    }

    #[test]
    fn a_burst_at_the_start_is_past_footage_and_time_is_right_soon() {
        // The camera begins with the two seconds it had in store.
        let late = |n: i64| if n < 50 { (50 - n) * 40_000 } else { 0 };
        let ours: Vec<_> = camera(0, 2000, late).collect();
        assert!(ours.windows(2).all(|pair| pair[1].1 - pair[0].1 >= 30_000));
        let off = |n: usize| (ours[n].1 - ours[n].0).abs();
        assert!(off(50 + 25 * 20) < 250_000, "{}", off(550));
        assert!(off(1999) < 1000, "{}", off(1999));
    }

    #[test]
    fn rtp_time_that_leaps_begins_a_new_line_at_the_arrival() {
        for leap in [-1_000_000_000, -100_000, 1_000_000, 2_000_000_000] {
            let mut wall = Wall::new(RATE);
            for n in 0..500 {
                let leap = if n < 250 { 0 } else { leap };
                let at = WallTime(START + n * 40_000);
                assert_eq!(wall.place(n * 3600 + leap, at), at, "{leap} at {n}");
            }
        }
    }

    /// Says how far from the truth a camera is put at most whose RTP time runs
    /// at `percent` of the right speed, over four hours.
    fn furthest(percent: i64) -> (i64, i64) {
        let ours = camera((percent - 100) * 10_000, 4 * 3600 * 25, |n| noise(n, 5_000));
        let off = ours.map(|(taken, ours)| ours - taken);
        off.fold((0, 0), |(behind, ahead), off| (off.min(behind), off.max(ahead)))
    }

    #[test]
    fn an_rtp_clock_that_runs_too_fast_does_not_lead_into_the_future() {
        // At 25 frames a second with increments for 24, 20, 15, 12.5 and 2.5.
        for percent in [104, 125, 167, 200, 1000] {
            let (behind, ahead) = furthest(percent);
            assert!(behind >= 0 && ahead < 4_400_000, "{percent} %: {behind} to {ahead} µs off");
        }
    }

    #[test]
    fn an_rtp_clock_that_runs_too_slow_does_not_stay_in_the_past() {
        for percent in [96, 80, 50, 10] {
            let (behind, ahead) = furthest(percent);
            assert!(
                behind > -6_000_000 && ahead < 10_000,
                "{percent} %: {behind} to {ahead} µs off"
            );
        }
    }

    #[test]
    fn a_fast_clock_that_is_held_back_keeps_its_frames_evenly_apart() {
        let ours: Vec<_> = camera(670_000, 25 * 60, |n| noise(n, 5_000)).collect();
        for pair in ours[750..].windows(2) {
            let spacing = pair[1].1 - pair[0].1;
            assert!((39_000..=41_000).contains(&spacing), "{spacing}");
        }
    }

    #[test]
    fn a_stream_that_stays_late_gets_a_new_line() {
        // Its RTP time stood still for ten seconds.
        let late = |n: i64| if n < 250 { 0 } else { 10_000_000 };
        let ours: Vec<_> = camera(0, 1000, late).collect();
        assert_eq!(ours[999].1, ours[999].0 + 10_000_000);
        assert!(ours.windows(2).all(|pair| pair[1].1 > pair[0].1));
    }

    #[test]
    fn times_from_both_ends_of_time_rise_all_the_same() {
        let mut wall = Wall::new(1);
        let ends = [(0, i64::MAX - 9), (1, i64::MIN), (2, 0), (i64::MAX, i64::MIN), (i64::MIN, 7)];
        let placed: Vec<_> = ends.map(|(rtp, arrival)| wall.place(rtp, WallTime(arrival))).into();
        assert!(placed.is_sorted_by(|earlier, later| earlier < later), "{placed:?}");
    }

    #[test]
    fn frames_in_decoding_order_rise_and_do_not_move_the_line() {
        let mut wall = Wall::new(RATE);
        let mut last = WallTime(0);
        for group in 0..200 {
            for (order, shown) in [0, 3, 1, 2].into_iter().enumerate() {
                let frame = group * 4 + order as i64;
                let at = WallTime(START + frame * 40_000);
                let placed = wall.place((group * 4 + shown) * 3600, at);
                assert!(placed > last);
                last = placed;
            }
        }
        let off = last.micros_since(WallTime(START + 799 * 40_000));
        assert!(off.abs() <= 120_000, "{off}");
    }

    #[test]
    fn a_sender_report_finds_its_wall_time_on_the_line() {
        let mut wall = Wall::new(RATE);
        assert_eq!(wall.at(0), None);
        wall.place(90_000, WallTime(START));
        assert_eq!(wall.at(45_000), Some(WallTime(START - 500_000)));
    }

    proptest! {
        /// Whatever a camera and a network come up with.
        #[test]
        fn times_rise_strictly(
            frames in prop::collection::vec((any::<i64>(), any::<i64>()), 1..50),
            clock_rate in any::<u32>(),
        ) {
            let mut wall = Wall::new(clock_rate);
            let mut last = None;
            for (rtp, arrival) in frames {
                // The last microsecond of all is where rising ends.
                let placed = wall.place(rtp, WallTime(arrival / 2));
                prop_assert!(last.is_none_or(|last| placed > last), "{placed:?} after {last:?}");
                last = Some(placed);
            }
        }

        /// With plausible steps and arrivals, spacing stays within a quarter of
        /// RTP time's, and nobody is put further off than he came.
        #[test]
        fn spacing_stays_near_that_of_rtp_time(
            late in prop::collection::vec(0_i64..400_000, 2..400),
        ) {
            let mut wall = Wall::new(RATE);
            let mut last: Option<WallTime> = None;
            for (n, late) in late.iter().enumerate() {
                let n = n as i64;
                let arrival = WallTime(START + n * 40_000 + late);
                let placed = wall.place(n * 3600, arrival);
                if let Some(last) = last {
                    let spacing = placed.micros_since(last);
                    prop_assert!((30_000..=50_000).contains(&spacing), "{spacing}");
                }
                prop_assert!(placed.micros_since(WallTime(START + n * 40_000)).abs() <= 400_000);
                last = Some(placed);
            }
        }
    }
}
