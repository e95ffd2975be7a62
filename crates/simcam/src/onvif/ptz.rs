//! A head that turns: where it points, and where it will.
//!
//! ```text
//! velocity   ──┐        ┌── 0.5 ──┐
//!              └─ 0 ────┘         └─ 0      a timeout, Stop, or the end of the range
//! position   ───────────/‾‾‾‾‾‾‾‾‾‾‾
//! ```
//!
//! Time comes in as an argument: how long ago the device started. What a request says
//! of all this is `service/ptz`'s.

use std::time::Duration;

/// How far an axis goes in a second at full speed. From one end to the other pan takes
/// four seconds.
const FULL_SPEED: f64 = 0.5;
/// How many places may be remembered.
pub(crate) const MAX_PRESETS: usize = 100;
/// From where to where each axis goes.
const RANGES: [(f64, f64); 3] = [(-1.0, 1.0), (-1.0, 1.0), (0.0, 1.0)];

/// Where a head points, in generic spaces.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Position {
    /// From −1, left, to 1, right.
    pub pan: f64,
    /// From −1, down, to 1, up.
    pub tilt: f64,
    /// From 0, wide, to 1.
    pub zoom: f64,
}

/// Something for each axis: pan, tilt, zoom. An axis with nothing is left alone.
pub(crate) type Axes = [Option<f64>; 3];

/// A head.
#[derive(Debug, Default)]
pub(crate) struct Head {
    axes: [Axis; 3],
    presets: Vec<Preset>,
    named: u32,
    home: Position,
}

/// A place that is remembered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Preset {
    pub(crate) token: String,
    pub(crate) name: String,
    pub(crate) position: Position,
}

/// Why something is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// A place or a speed that is out of range.
    Range,
    /// No such place is remembered.
    Token,
    /// There is room for no more.
    Full,
}

/// One axis: where it was, and how it has moved since.
#[derive(Clone, Copy, Debug, Default)]
struct Axis {
    at: f64,
    since: Duration,
    velocity: f64,
    /// When it stops by itself.
    ends: Option<Duration>,
}

impl Axis {
    /// Returns where it is.
    fn position(&self, (low, high): (f64, f64), now: Duration) -> f64 {
        let until = self.ends.map_or(now, |ends| ends.min(now));
        let moved = self.velocity * FULL_SPEED * until.saturating_sub(self.since).as_secs_f64();
        (self.at + moved).clamp(low, high)
    }

    fn moves(&self, range: (f64, f64), now: Duration) -> bool {
        let at = self.position(range, now);
        let at_the_end =
            (self.velocity > 0.0 && at >= range.1) || (self.velocity < 0.0 && at <= range.0);
        self.velocity != 0.0 && self.ends.is_none_or(|ends| now < ends) && !at_the_end
    }

    /// Moves on from where it is now.
    fn turn(&mut self, range: (f64, f64), velocity: f64, ends: Option<Duration>, now: Duration) {
        *self = Self { at: self.position(range, now), since: now, velocity, ends };
    }
}

impl Head {
    /// Returns where it points.
    pub(crate) fn position(&self, now: Duration) -> Position {
        let [pan, tilt, zoom] = self.places(now);
        Position { pan, tilt, zoom }
    }

    /// Returns whether pan or tilt moves, and whether zoom does.
    pub(crate) fn moving(&self, now: Duration) -> (bool, bool) {
        let [pan, tilt, zoom] = [0, 1, 2].map(|one| self.axes[one].moves(RANGES[one], now));
        (pan || tilt, zoom)
    }

    /// Moves at these speeds until `ends`; an axis of speed nought stops.
    pub(crate) fn turn(
        &mut self,
        speeds: Axes,
        ends: Option<Duration>,
        now: Duration,
    ) -> Result<(), Unfit> {
        if speeds.iter().flatten().any(|speed| !(-1.0..=1.0).contains(speed)) {
            return Err(Unfit::Range);
        }
        for (one, speed) in speeds.into_iter().enumerate() {
            if let Some(speed) = speed {
                self.axes[one].turn(RANGES[one], speed, ends, now);
            }
        }
        Ok(())
    }

    /// Stops.
    pub(crate) fn stop(&mut self, pan_tilt: bool, zoom: bool, now: Duration) {
        for (one, stops) in [pan_tilt, pan_tilt, zoom].into_iter().enumerate() {
            if stops {
                self.axes[one].turn(RANGES[one], 0.0, None, now);
            }
        }
    }

    /// Goes to a place at these speeds; full speed where none is given.
    pub(crate) fn go(&mut self, to: Axes, speeds: Axes, now: Duration) -> Result<(), Unfit> {
        let fits = |(one, to): (usize, &Option<f64>)| {
            to.is_none_or(|to| (RANGES[one].0..=RANGES[one].1).contains(&to))
        };
        let slow = |speed: &f64| !(0.0..=1.0).contains(speed);
        if !to.iter().enumerate().all(fits) || speeds.iter().flatten().any(slow) {
            return Err(Unfit::Range);
        }
        for (one, to) in to.into_iter().enumerate() {
            let Some(to) = to else { continue };
            let way = to - self.axes[one].position(RANGES[one], now);
            let speed = speeds[one].filter(|speed| *speed > 0.0).unwrap_or(1.0);
            // As slow as can be written is slower than a duration can say.
            let takes = Duration::try_from_secs_f64(way.abs() / (speed * FULL_SPEED));
            let takes = takes.unwrap_or(Duration::MAX);
            let ends = Some(now.saturating_add(takes));
            self.axes[one].turn(RANGES[one], speed * way.signum(), ends, now);
        }
        Ok(())
    }

    /// Goes so far from where it points; to the end of its range at most.
    pub(crate) fn go_by(&mut self, by: Axes, speeds: Axes, now: Duration) -> Result<(), Unfit> {
        let places = self.places(now);
        let mut to = [None; 3];
        for one in 0..3 {
            let Some(by) = by[one] else { continue };
            if !by.is_finite() {
                return Err(Unfit::Range);
            }
            to[one] = Some((places[one] + by).clamp(RANGES[one].0, RANGES[one].1));
        }
        self.go(to, speeds, now)
    }

    /// Returns the places that are remembered.
    pub(crate) fn presets(&self) -> &[Preset] {
        &self.presets
    }

    /// Remembers where it points, in the place of `token` if one is given. Returns the
    /// token.
    pub(crate) fn remember(
        &mut self,
        token: Option<&str>,
        name: Option<&str>,
        now: Duration,
    ) -> Result<String, Unfit> {
        let position = self.position(now);
        if let Some(token) = token {
            let known = self.presets.iter_mut().find(|preset| preset.token == token);
            let known = known.ok_or(Unfit::Token)?;
            known.position = position;
            known.name = name.map_or_else(|| known.name.clone(), str::to_owned);
            return Ok(token.to_owned());
        }
        if self.presets.len() == MAX_PRESETS {
            return Err(Unfit::Full);
        }
        // A token never comes again for another place.
        self.named += 1;
        let token = format!("Preset_{}", self.named);
        let name = name.unwrap_or(&token).to_owned();
        self.presets.push(Preset { token: token.clone(), name, position });
        Ok(token)
    }

    /// Forgets a place.
    pub(crate) fn forget(&mut self, token: &str) -> Result<(), Unfit> {
        let known = self.presets.iter().position(|preset| preset.token == token);
        self.presets.remove(known.ok_or(Unfit::Token)?);
        Ok(())
    }

    /// Goes to a place that is remembered.
    pub(crate) fn go_to(&mut self, token: &str, speeds: Axes, now: Duration) -> Result<(), Unfit> {
        let known = self.presets.iter().find(|preset| preset.token == token);
        let Position { pan, tilt, zoom } = known.ok_or(Unfit::Token)?.position;
        self.go([Some(pan), Some(tilt), Some(zoom)], speeds, now)
    }

    /// Goes home.
    pub(crate) fn go_home(&mut self, speeds: Axes, now: Duration) -> Result<(), Unfit> {
        let Position { pan, tilt, zoom } = self.home;
        self.go([Some(pan), Some(tilt), Some(zoom)], speeds, now)
    }

    /// Is at home where it points.
    pub(crate) fn set_home(&mut self, now: Duration) {
        self.home = self.position(now);
    }

    fn places(&self, now: Duration) -> [f64; 3] {
        [0, 1, 2].map(|one| self.axes[one].position(RANGES[one], now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn is(position: Position, pan: f64, tilt: f64, zoom: f64) {
        let Position { pan: a, tilt: b, zoom: c } = position;
        let near = |a: f64, b: f64| (a - b).abs() < 1e-6;
        assert!(near(a, pan) && near(b, tilt) && near(c, zoom), "{position:?}");
    }

    #[test]
    fn a_movement_ends_at_its_timeout() {
        let mut head = Head::default();
        head.turn([Some(0.5), Some(-1.0), None], Some(ms(1000)), ms(0)).unwrap();
        is(head.position(ms(400)), 0.1, -0.2, 0.0);
        assert_eq!(head.moving(ms(999)), (true, false));
        assert_eq!(head.moving(ms(1000)), (false, false));
        is(head.position(ms(9000)), 0.25, -0.5, 0.0);
    }

    #[test]
    fn an_axis_that_is_not_named_goes_on_and_one_of_speed_nought_stops() {
        let mut head = Head::default();
        head.turn([Some(0.2), Some(0.2), Some(0.2)], None, ms(0)).unwrap();
        head.turn([Some(0.0), None, None], None, ms(1000)).unwrap();
        is(head.position(ms(2000)), 0.1, 0.2, 0.2);
        head.stop(false, true, ms(2000));
        assert_eq!(head.moving(ms(2001)), (true, false));
        head.stop(true, false, ms(2000));
        is(head.position(ms(99_000)), 0.1, 0.2, 0.2);
    }

    #[test]
    fn it_stops_at_the_end_of_its_range() {
        let mut head = Head::default();
        head.turn([Some(1.0), None, Some(-1.0)], None, ms(0)).unwrap();
        is(head.position(ms(60_000)), 1.0, 0.0, 0.0);
        assert_eq!(head.moving(ms(60_000)), (false, false));
        head.turn([Some(-1.0), None, None], None, ms(60_000)).unwrap();
        is(head.position(ms(61_000)), 0.5, 0.0, 0.0);
    }

    #[test]
    fn it_goes_to_a_place_and_stays_there() {
        let mut head = Head::default();
        head.go([Some(-0.5), None, Some(1.0)], [Some(0.5), None, None], ms(0)).unwrap();
        is(head.position(ms(1000)), -0.25, 0.0, 0.5);
        is(head.position(ms(5000)), -0.5, 0.0, 1.0);
        assert_eq!(head.moving(ms(5000)), (false, false));
        head.go_by([Some(2.0), Some(-0.1), None], [None; 3], ms(5000)).unwrap();
        is(head.position(ms(60_000)), 1.0, -0.1, 1.0);
    }

    #[test]
    fn a_speed_may_be_as_low_as_can_be_written() {
        let mut head = Head::default();
        for speed in [f64::MIN_POSITIVE, 5e-324, 1e-18] {
            head.go([Some(1.0), None, None], [Some(speed); 3], ms(0)).unwrap();
            is(head.position(ms(60_000)), 0.0, 0.0, 0.0);
            assert_eq!(head.moving(ms(60_000)), (true, false));
        }
    }

    #[test]
    fn places_are_remembered_replaced_and_forgotten() {
        let mut head = Head::default();
        let gate = head.remember(None, Some("Cổng"), ms(0)).unwrap();
        head.go([Some(0.5), None, None], [None; 3], ms(0)).unwrap();
        let street = head.remember(None, None, ms(5000)).unwrap();
        assert_ne!(gate, street);
        head.go_to(&gate, [None; 3], ms(5000)).unwrap();
        is(head.position(ms(9000)), 0.0, 0.0, 0.0);
        head.remember(Some(&street), Some("Phố"), ms(9000)).unwrap();
        let Preset { name, position, .. } = &head.presets()[1];
        assert_eq!(name, "Phố");
        is(*position, 0.0, 0.0, 0.0);
        head.forget(&gate).unwrap();
        assert_eq!(head.forget(&gate), Err(Unfit::Token));
        assert_eq!(head.go_to(&gate, [None; 3], ms(9000)), Err(Unfit::Token));
        assert_eq!(head.remember(Some(&gate), None, ms(9000)), Err(Unfit::Token));
        for _ in 1..MAX_PRESETS {
            assert_ne!(head.remember(None, None, ms(9000)).unwrap(), gate);
        }
        assert_eq!(head.remember(None, None, ms(9000)), Err(Unfit::Full));
    }

    #[test]
    fn home_is_where_it_was_told() {
        let mut head = Head::default();
        head.go([Some(0.5), None, None], [None; 3], ms(0)).unwrap();
        head.set_home(ms(2000));
        head.go([Some(-1.0), Some(1.0), Some(1.0)], [None; 3], ms(2000)).unwrap();
        head.go_home([None; 3], ms(20_000)).unwrap();
        is(head.position(ms(40_000)), 0.5, 0.0, 0.0);
    }

    #[test]
    fn what_is_out_of_range_moves_nothing() {
        let mut head = Head::default();
        for bad in [1.01, -1.01, f64::NAN, f64::INFINITY] {
            assert_eq!(head.turn([Some(0.5), Some(bad), None], None, ms(0)), Err(Unfit::Range));
            assert_eq!(head.go([Some(0.5), Some(bad), None], [None; 3], ms(0)), Err(Unfit::Range));
            assert_eq!(head.go([Some(0.5), None, None], [Some(bad); 3], ms(0)), Err(Unfit::Range));
        }
        assert_eq!(head.go_by([Some(f64::NAN), None, None], [None; 3], ms(0)), Err(Unfit::Range));
        assert_eq!(head.go([None, None, Some(-0.1)], [None; 3], ms(0)), Err(Unfit::Range));
        assert_eq!(head.moving(ms(0)), (false, false));
    }
}
