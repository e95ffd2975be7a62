//! Who is where, at each frame of the loop.
//!
//! Vehicles follow by Newell's rule: nobody is farther than his speed, the stop
//! line at red, or the one before him a moment ago less a gap, allow. That gives
//! corners in the curve of way over time, which a mean over the last seconds
//! rounds off; since it looks back only, nobody is early at a light.
//!
//! ```text
//! metres                    ╱ leader          One lap after the other is played
//!   stop line ····________╱·· ╱               until a lap is as the one before:
//!                 ╱ ________╱  follower       then it can be looped. A *trip* is
//!               ╱ ╱                           one way of one vehicle; a trip that
//!            red ──────│green        frames   is longer than the loop is seen as
//!                                             several vehicles at once.
//! ```
//!
//! Who turns or walks is let in only if he comes too near to nobody.

use serde::Serialize;

use super::path::{Path, Stand};
use super::plan::{Plan, Road, STOP_LINE, ZEBRA};
use super::signal::{self, Group};
use super::space::{Dice, V2, sin_cos, v2};
use super::{FRAME_RATE, LOOP_FRAMES};

/// What kind of thing moves; a rider is part of the vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Motorbike,
    Car,
    Bus,
    Bicycle,
    Person,
}

/// One way of one thing through the scene, begun once in each loop.
#[derive(Clone, Debug)]
pub(crate) struct Trip {
    pub(crate) kind: Kind,
    /// Decides colours and such.
    pub(crate) look: u64,
    /// The frame of the loop in which it begins.
    start: usize,
    path: Path,
    /// The metres of its middle on the path, frame by frame.
    along: Vec<f64>,
    /// How wide it sways.
    sway: f64,
    /// The light it obeys, and where on the path its front must stop.
    pub(crate) line: Option<(Group, f64)>,
}

/// A thing at one frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Presence {
    pub(crate) stand: Stand,
    /// Metres on its path.
    pub(crate) metres: f64,
    /// Metres in a second.
    pub(crate) speed: f64,
    /// Gained in a second; negative while braking.
    pub(crate) gain: f64,
    /// From 0, not there yet, to 1.
    pub(crate) faded: f64,
    /// How often the loop began anew since the trip did.
    pub(crate) lap: usize,
}

/// How long the backward mean is, twice, in frames.
const MEAN: usize = 38;
/// How many laps are played.
const LAPS: usize = 6;
/// The frames by which the two means may be late.
const LAG: usize = 2 * MEAN;

impl Kind {
    /// Length in metres.
    pub(crate) fn length(self) -> f64 {
        match self {
            Self::Motorbike => 1.9,
            Self::Car => 4.4,
            Self::Bus => 9.6,
            Self::Bicycle => 1.8,
            Self::Person => 0.5,
        }
    }

    /// Discs that cover it: how far before and behind its middle, and the radius.
    fn discs(self) -> (&'static [f64], f64) {
        match self {
            Self::Motorbike | Self::Bicycle => (&[-0.6, 0.0, 0.6], 0.4),
            Self::Car => (&[-1.6, -0.5, 0.5, 1.6], 0.95),
            Self::Bus => (&[-4.0, -2.4, -0.8, 0.8, 2.4, 4.0], 1.3),
            Self::Person => (&[0.0], 0.3),
        }
    }
}

impl Trip {
    /// Returns something that stays where it is.
    pub(crate) fn still(kind: Kind, look: u64, at: V2, heading: V2) -> Self {
        let path = Path::from(at, heading);
        Self { kind, look, start: 0, path, along: vec![0.0; LOOP_FRAMES], sway: 0.0, line: None }
    }

    /// Yields where it is at a frame of the loop: once for each lap it lasts.
    pub(crate) fn at(&self, frame: usize) -> impl Iterator<Item = Presence> {
        let first = (frame + LOOP_FRAMES - self.start) % LOOP_FRAMES;
        let wrapped = usize::from(frame < self.start);
        (first..self.along.len())
            .step_by(LOOP_FRAMES)
            .enumerate()
            .map(move |(lap, tick)| self.presence(tick, lap + wrapped))
    }

    fn presence(&self, tick: usize, lap: usize) -> Presence {
        let metres = self.along[tick];
        let mut stand = self.path.stand(metres);
        if self.sway > 0.0 {
            let (sway, _) = sin_cos(metres * 9.0 + (self.look % 360) as f64);
            stand.at = stand.at.plus(stand.heading.right().times(self.sway * sway));
        }
        let rate = FRAME_RATE as f64;
        // Half a second to each side, as far as there is one.
        let speed = |tick: usize| {
            let (from, to) = (tick.saturating_sub(3), (tick + 3).min(self.along.len() - 1));
            (self.along[to] - self.along[from]) * rate / ((to - from).max(1) as f64)
        };
        let gain = (speed((tick + 6).min(self.along.len() - 1)) - speed(tick.saturating_sub(6)))
            * rate
            / 12.0;
        let length = self.path.length();
        let fade = if self.kind == Kind::Person { 2.0 } else { 9.0 };
        let faded = if length > 0.0 {
            (metres / fade).min((length - metres) / fade).clamp(0.0, 1.0)
        } else {
            1.0
        };
        Presence { stand, metres, speed: speed(tick), gain, faded, lap }
    }
}

/// Plays the traffic of a plan.
pub(crate) fn play(plan: &Plan) -> Vec<Trip> {
    let mut dice = Dice::new(plan.seed);
    let mut crowd = Crowd::default();
    for arm in Arm::all(plan) {
        for offset in arm.road.car_tracks() {
            for trip in arm.cars(plan, offset, &mut dice) {
                crowd.add(trip);
            }
        }
        for offset in arm.road.motorbike_tracks() {
            for trip in arm.motorbikes(plan, offset, &mut dice) {
                crowd.add(trip);
            }
        }
    }
    for arm in Arm::all(plan) {
        for trip in arm.edge(plan, &mut dice) {
            crowd.offer(trip);
        }
        let lefts = (0..40).map(|_| arm.left_turn(&mut dice)).collect::<Vec<_>>();
        lefts.into_iter().filter(|trip| crowd.offer(trip.clone())).take(2).count();
    }
    let mut walking = 0;
    for attempt in 0..plan.demand.walkers * 12 {
        if walking == plan.demand.walkers {
            break;
        }
        let trip =
            if attempt % 5 < 2 { crossing(plan, &mut dice) } else { stroll(plan, &mut dice) };
        walking += usize::from(crowd.offer(trip));
    }
    crowd.trips
}

/// One of the four approaches.
#[derive(Clone, Copy)]
struct Arm {
    group: Group,
    heading: V2,
    road: Road,
    /// The street that is crossed.
    other: Road,
    /// Metres from the far end to the junction's middle, and on to the other end.
    reach: (f64, f64),
}

/// How far the streets go from the junction's middle, in metres.
pub(crate) const NORTH: f64 = 125.0;
pub(crate) const SOUTH: f64 = 72.0;
pub(crate) const SIDE: f64 = 78.0;

impl Arm {
    fn all(plan: &Plan) -> [Self; 4] {
        let arm = |x, z, from, to| {
            let along_main = x == 0.0;
            Self {
                group: if along_main { Group::Main } else { Group::Cross },
                heading: v2(x, z),
                road: if along_main { plan.main } else { plan.cross },
                other: if along_main { plan.cross } else { plan.main },
                reach: (from, to),
            }
        };
        [
            arm(0.0, 1.0, SOUTH, NORTH),
            arm(0.0, -1.0, NORTH, SOUTH),
            arm(1.0, 0.0, SIDE, SIDE),
            arm(-1.0, 0.0, SIDE, SIDE),
        ]
    }

    /// Where a way with this offset from the middle line begins.
    fn start(&self, offset: f64) -> Path {
        let back = self.heading.times(-self.reach.0);
        Path::from(back.plus(self.heading.right().times(offset)), self.heading)
    }

    /// Metres from the start to the stop line.
    fn stop(&self) -> f64 {
        self.reach.0 - self.other.half - STOP_LINE
    }

    fn straight(&self, offset: f64) -> Path {
        self.start(offset).ahead(self.reach.0 + self.reach.1)
    }

    fn cars(&self, plan: &Plan, offset: f64, dice: &mut Dice) -> Vec<Trip> {
        let mut drivers = Vec::new();
        let path = self.straight(offset);
        let (cars, bus_every) = (plan.demand.cars, plan.demand.bus_every);
        for entry in entries(dice, cars + cars / 2 + 1, 55) {
            // Motorbikes are among the cars, too.
            let bike = drivers.len() % 3 == 2;
            let bus = bus_every > 0 && !bike && dice.below(bus_every) == 0;
            let kind = if bike {
                Kind::Motorbike
            } else if bus {
                Kind::Bus
            } else {
                Kind::Car
            };
            let speed = dice.between(8.5, 10.5);
            drivers.push(Driver::new(kind, entry, speed, path.clone(), dice));
        }
        self.lane(drivers)
    }

    fn motorbikes(&self, plan: &Plan, offset: f64, dice: &mut Dice) -> Vec<Trip> {
        let path = self.straight(offset);
        let entries = entries(dice, plan.demand.motorbikes, 24);
        let drivers = entries.into_iter().map(|entry| {
            let speed = dice.between(7.5, 9.8);
            Driver::new(Kind::Motorbike, entry, speed, path.clone(), dice)
        });
        self.lane(drivers.collect())
    }

    /// The track along the kerb: motorbikes that turn right, and bicycles.
    fn edge(&self, plan: &Plan, dice: &mut Dice) -> Vec<Trip> {
        let offset = self.road.edge_track();
        // Into the edge track of the other street.
        let radius = 3.2;
        let to_turn = self.reach.0 - self.other.edge_track() - radius;
        let after = if self.heading.x == 0.0 {
            SIDE
        } else if self.heading.x > 0.0 {
            SOUTH
        } else {
            NORTH
        };
        let turning = self.start(offset).ahead(to_turn).turn(radius).ahead(after - offset - radius);
        let straight = self.straight(offset);
        let share = plan.demand.bicycles.div_ceil(4);
        let mut drivers = Vec::new();
        for (i, entry) in entries(dice, share + 2, 60).into_iter().enumerate() {
            drivers.push(if i < share {
                Driver::new(Kind::Bicycle, entry, dice.between(3.6, 4.6), straight.clone(), dice)
            } else {
                let mut driver = Driver::new(Kind::Motorbike, entry, 7.5, turning.clone(), dice);
                driver.slow = Some((to_turn - 6.0, to_turn + 5.5, 4.2));
                driver
            });
        }
        self.lane(drivers)
    }

    /// Somebody who finds the light green and turns left through a hole.
    fn left_turn(&self, dice: &mut Dice) -> Trip {
        let offset = self.road.motorbike_tracks().next().unwrap_or(self.road.edge_track());
        let into = self.other.motorbike_tracks().last().unwrap_or(self.other.edge_track());
        let radius = (self.other.half * 0.8).min(into + offset - 1.0).max(2.5);
        let to_turn = self.reach.0 + into - radius;
        let after = if self.heading.x == 0.0 {
            SIDE
        } else if self.heading.x > 0.0 {
            NORTH
        } else {
            SOUTH
        };
        let path = self.start(offset).ahead(to_turn).turn(-radius).ahead(after + offset - radius);
        let mut driver = Driver::new(Kind::Motorbike, dice.below(LOOP_FRAMES), 6.5, path, dice);
        driver.slow = Some((to_turn - 4.0, to_turn + radius * 1.5, 4.8));
        self.lane(vec![driver]).swap_remove(0)
    }

    /// Lets drivers, in order of entry, follow one another. Where the light lets
    /// too few pass, so that the queue grows from lap to lap, some stay at home.
    fn lane(&self, mut drivers: Vec<Driver>) -> Vec<Trip> {
        loop {
            let mut laps = self.laps(&drivers);
            let (last, before) = (laps.pop().unwrap_or_default(), laps.pop().unwrap_or_default());
            let arrives =
                |trip: &Trip| trip.along.last().is_some_and(|at| at + 1.0 > trip.path.length());
            let same = |(one, other): (&Trip, &Trip)| {
                one.start == other.start && one.along == other.along && arrives(one)
            };
            if last.iter().zip(&before).all(same) {
                return last;
            }
            drivers.pop();
        }
    }

    fn laps(&self, drivers: &[Driver]) -> Vec<Vec<Trip>> {
        let mut leader: Option<Run> = None;
        let mut laps = Vec::new();
        for lap in 0..LAPS {
            let mut trips = Vec::new();
            for driver in drivers {
                let run = driver.drive(lap * LOOP_FRAMES, self, leader.as_ref());
                trips.push(driver.trip(&run, self));
                leader = Some(run);
            }
            laps.push(trips);
        }
        laps
    }
}

/// Draws frames of entry, in order, at least so many frames apart.
fn entries(dice: &mut Dice, count: usize, apart: usize) -> Vec<usize> {
    let room = LOOP_FRAMES.saturating_sub(count * apart);
    let mut free: Vec<usize> = (0..count).map(|_| dice.below(room.max(1))).collect();
    free.sort_unstable();
    free.iter().enumerate().map(|(i, at)| at + i * apart).collect()
}

/// Who drives, before he does.
struct Driver {
    kind: Kind,
    look: u64,
    entry: usize,
    speed: f64,
    path: Path,
    /// Between these metres no faster than this.
    slow: Option<(f64, f64, f64)>,
    /// How far before the line he stops.
    shy: f64,
    sway: f64,
    /// What he leaves to the one before him: metres, and frames.
    distance: (f64, usize),
}

/// How a driver's front moves, frame by frame from `start` on.
struct Run {
    start: usize,
    metres: Vec<f64>,
    length: f64,
    speed: f64,
}

impl Driver {
    fn new(kind: Kind, entry: usize, speed: f64, path: Path, dice: &mut Dice) -> Self {
        let two_wheels = matches!(kind, Kind::Motorbike | Kind::Bicycle);
        Self {
            kind,
            look: dice.next(),
            entry,
            speed,
            path,
            slow: None,
            shy: dice.between(0.1, if two_wheels { 1.9 } else { 0.7 }),
            sway: if two_wheels { dice.between(0.06, 0.2) } else { 0.0 },
            distance: if two_wheels {
                (dice.between(0.5, 1.1), 12 + dice.below(9))
            } else {
                (dice.between(1.4, 2.2), 26 + dice.below(6))
            },
        }
    }

    fn drive(&self, lap_start: usize, arm: &Arm, leader: Option<&Run>) -> Run {
        let start = lap_start + self.entry;
        let (stop, end) = (arm.stop(), self.path.length() + self.kind.length());
        let mut metres: Vec<f64> = Vec::new();
        let mut before = -self.speed / FRAME_RATE as f64;
        // Two means later he is where the end is, if he is let go at all.
        while metres.len() < 6 * LOOP_FRAMES {
            let now = start + metres.len();
            let speed = match self.slow {
                Some((from, to, limit)) if before > from && before < to => limit.min(self.speed),
                _ => self.speed,
            };
            let mut at = before + speed / FRAME_RATE as f64;
            if before <= stop && at > stop - self.shy && !signal::passes(arm.group, now, LAG) {
                at = before.max(stop - self.shy);
            }
            if let Some(leader) = leader {
                at = at.min(leader.limit(now, self.distance)).max(before);
            }
            metres.push(at);
            before = at;
            if at > end + self.speed * (LAG as f64 + 2.0) / FRAME_RATE as f64 {
                break;
            }
        }
        Run { start, metres, length: self.kind.length(), speed: self.speed }
    }

    fn trip(&self, run: &Run, arm: &Arm) -> Trip {
        let step = self.speed / FRAME_RATE as f64;
        // Before the entry he came at his speed. The means take LAG values away, so
        // what is left begins with the entry.
        let lead = (0..LAG).rev().map(|back| run.metres[0] - step * (back as f64 + 1.0));
        let raw: Vec<f64> = lead.chain(run.metres.iter().copied()).collect();
        let smooth = backward_mean(&backward_mean(&raw));
        let half = self.kind.length() / 2.0;
        let middle = smooth.into_iter().map(|front| front - half);
        let along: Vec<f64> =
            middle.skip_while(|&at| at < 0.0).take_while(|&at| at < self.path.length()).collect();
        // The means leave LAG values fewer at the front; what was skipped is counted
        // from the back, where nothing is lost.
        let skipped = backward_mean(&backward_mean(&raw))
            .iter()
            .take_while(|&&front| front - half < 0.0)
            .count();
        let start = (run.start + skipped) % LOOP_FRAMES;
        let line = Some((arm.group, arm.stop()));
        Trip {
            kind: self.kind,
            look: self.look,
            start,
            path: self.path.clone(),
            along,
            sway: self.sway,
            line,
        }
    }
}

impl Run {
    /// The farthest that the next one may be at a frame, who keeps this distance.
    fn limit(&self, frame: usize, (metres, frames): (f64, usize)) -> f64 {
        let gap = self.length + metres;
        let Some(tick) = frame.checked_sub(frames + self.start) else {
            let early = (frames + self.start - frame) as f64 / FRAME_RATE as f64;
            return self.metres[0] - early * self.speed - gap;
        };
        self.metres.get(tick).map_or(f64::INFINITY, |at| at - gap)
    }
}

/// Returns the mean of each value and those before it; the first `MEAN` have too few.
fn backward_mean(values: &[f64]) -> Vec<f64> {
    values.windows(MEAN + 1).map(|window| window.iter().sum::<f64>() / (MEAN + 1) as f64).collect()
}

/// Somebody who walks along the houses, around a corner.
fn stroll(plan: &Plan, dice: &mut Dice) -> Trip {
    let (sx, sz) = (dice.pick(&[-1.0, 1.0]), dice.pick(&[-1.0, 1.0]));
    let off = dice.between(1.5, plan.main.pavement.min(plan.cross.pavement) - 1.2);
    let (far, radius) = (if sz > 0.0 { 70.0 } else { SOUTH }, 1.0);
    let (x, z) = (plan.main.half + off, plan.cross.half + off);
    let path = if dice.chance(0.5) {
        let turn = if sx == -sz { radius } else { -radius };
        Path::from(v2(sx * x, sz * far), v2(0.0, -sz))
            .ahead(far - z - radius)
            .turn(turn)
            .ahead(SIDE - x - radius)
    } else {
        let turn = if sx == sz { radius } else { -radius };
        Path::from(v2(sx * SIDE, sz * z), v2(-sx, 0.0))
            .ahead(SIDE - x - radius)
            .turn(turn)
            .ahead(far - z - radius)
    };
    let speed = dice.between(0.9, 1.5);
    walk(path, speed, None, dice.below(LOOP_FRAMES), dice.next())
}

/// Somebody who comes to the kerb, waits for the light, and crosses.
fn crossing(plan: &Plan, dice: &mut Dice) -> Trip {
    let (side, end) = (dice.pick(&[-1.0, 1.0]), dice.pick(&[-1.0, 1.0]));
    let over_main = dice.chance(0.5);
    let (over, other) = if over_main { (plan.main, plan.cross) } else { (plan.cross, plan.main) };
    let group = if over_main { Group::Main } else { Group::Cross };
    let zebra = other.half + dice.between(ZEBRA.0 + 0.4, ZEBRA.1 - 0.4);
    let kerb = over.half + 1.2;
    // In a frame where the street that is crossed runs north: `across` east.
    let place =
        |across: f64, along: f64| if over_main { v2(across, along) } else { v2(along, across) };
    let come = 12.0;
    let from = place(side * kerb, end * (zebra + come));
    let heading = place(0.0, -end);
    let towards = place(-side, 0.0);
    let right = heading.right().dot(towards) > 0.0;
    let turn = if right { 0.8 } else { -0.8 };
    let path =
        Path::from(from, heading).ahead(come - 0.8).turn(turn).ahead(2.0 * kerb - 1.6).turn(-turn);
    // Back along the pavement of the other side, the way he came from or on.
    let path = path.ahead(zebra.min(4.0)).ahead(24.0);
    let speed = dice.between(1.45, 1.9);
    let wait_at = come - 0.8 + 0.8 * std::f64::consts::FRAC_PI_2;
    let go = signal::first_red(group) + LOOP_FRAMES + dice.below(50);
    let arrive = (wait_at / speed * FRAME_RATE as f64) as usize;
    let start = go - arrive - dice.below(110);
    walk(path, speed, Some((wait_at, go)), start, dice.next())
}

/// Walks a way, and waits on it, if told so, at some metres until some frame.
fn walk(path: Path, speed: f64, wait: Option<(f64, usize)>, start: usize, look: u64) -> Trip {
    let mut along = Vec::new();
    let mut at = 0.0;
    while at < path.length() && along.len() < 12 * LOOP_FRAMES {
        along.push(at);
        let next = at + speed / FRAME_RATE as f64;
        let waits =
            wait.is_some_and(|(place, go)| at <= place && next > place && start + along.len() < go);
        at = if waits { at } else { next };
    }
    Trip {
        kind: Kind::Person,
        look,
        start: start % LOOP_FRAMES,
        path,
        along,
        sway: 0.0,
        line: None,
    }
}

/// Everybody let in so far, and where they are at each frame.
struct Crowd {
    trips: Vec<Trip>,
    discs: Vec<Vec<(V2, f64)>>,
}

impl Default for Crowd {
    fn default() -> Self {
        Self { trips: Vec::new(), discs: vec![Vec::new(); LOOP_FRAMES] }
    }
}

impl Crowd {
    fn add(&mut self, trip: Trip) {
        for (frame, discs) in self.discs.iter_mut().enumerate() {
            for presence in trip.at(frame) {
                discs.extend(discs_of(&trip, presence));
            }
        }
        self.trips.push(trip);
    }

    /// Lets a trip in if it comes too near to nobody; returns whether it does not.
    fn offer(&mut self, trip: Trip) -> bool {
        let near = |a: (V2, f64), b: &(V2, f64)| {
            let (apart, reach) = (a.0.minus(b.0), a.1 + b.1 + 0.1);
            apart.dot(apart) < reach * reach
        };
        // Looking at every second frame is enough: nobody passes a disc faster.
        for (frame, discs) in self.discs.iter().enumerate().step_by(2) {
            for presence in trip.at(frame) {
                if discs_of(&trip, presence).any(|disc| discs.iter().any(|other| near(disc, other)))
                {
                    return false;
                }
            }
        }
        self.add(trip);
        true
    }
}

fn discs_of(trip: &Trip, presence: Presence) -> impl Iterator<Item = (V2, f64)> + use<> {
    let (along, radius) = trip.kind.discs();
    let Stand { at, heading } = presence.stand;
    along.iter().map(move |&metres| (at.plus(heading.times(metres)), radius))
}

#[cfg(test)]
mod tests {
    use super::super::plan;
    use super::*;

    #[test]
    fn a_queue_that_would_grow_from_lap_to_lap_is_thinned_until_it_does_not() {
        let plan = &plan::all()[0];
        let arm = Arm::all(plan)[0];
        let mut dice = Dice::new(1);
        let path = arm.straight(4.0);
        let mut crowd = || -> Vec<Driver> {
            let entries = (0..20).map(|i| i * 24);
            entries
                .map(|entry| Driver::new(Kind::Car, entry, 9.0, path.clone(), &mut dice))
                .collect()
        };
        let queued = arm.laps(&crowd());
        assert_ne!(queued[1][0].along, queued[2][0].along);
        let let_out = arm.lane(crowd()).len();
        assert!((3..12).contains(&let_out), "{let_out}");
    }

    #[test]
    fn nobody_jumps_not_even_where_the_loop_begins_anew() {
        for plan in plan::all() {
            for trip in play(&plan) {
                for frame in 0..LOOP_FRAMES {
                    // A lap more is due where the loop begins anew.
                    let seam = usize::from(frame + 1 == LOOP_FRAMES);
                    let next: Vec<_> = trip.at((frame + 1) % LOOP_FRAMES).collect();
                    for now in trip.at(frame) {
                        let Some(then) = next.iter().find(|then| then.lap == now.lap + seam) else {
                            assert!(now.faded < 0.1, "{:?} vanishes at frame {frame}", trip.kind);
                            continue;
                        };
                        let moved = then.stand.at.minus(now.stand.at);
                        assert!(
                            moved.dot(moved).sqrt() < 0.5,
                            "{:?} jumps at frame {frame}",
                            trip.kind
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn nobody_passes_the_stop_line_at_red() {
        for plan in plan::all() {
            let mut passed = 0;
            for trip in play(&plan) {
                let Some((group, stop)) = trip.line else { continue };
                let front = stop - trip.kind.length() / 2.0;
                for frame in 0..LOOP_FRAMES {
                    for now in trip.at(frame) {
                        let before = now.metres - now.speed / FRAME_RATE as f64;
                        if now.metres > front && before <= front && now.speed > 0.0 {
                            passed += 1;
                            assert_ne!(signal::phase(group, frame), signal::Phase::Red);
                        }
                    }
                }
            }
            assert!(passed > 30, "{} passed in {}", passed, plan.name);
        }
    }

    #[test]
    fn nobody_runs_into_another() {
        for plan in plan::all() {
            let trips = play(&plan);
            for frame in (0..LOOP_FRAMES).step_by(5) {
                let here: Vec<_> = trips
                    .iter()
                    .flat_map(|trip| trip.at(frame).map(move |now| (trip, now)))
                    .collect();
                for (i, (one, at)) in here.iter().enumerate() {
                    for (other, there) in &here[..i] {
                        for (a, ra) in discs_of(one, *at) {
                            for (b, rb) in discs_of(other, *there) {
                                let apart = a.minus(b);
                                assert!(
                                    apart.dot(apart).sqrt() > (ra + rb) * 0.8,
                                    "{:?} and {:?} in {} at frame {frame}",
                                    one.kind,
                                    other.kind,
                                    plan.name
                                );
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn motorbikes_are_most_of_what_drives_and_every_kind_is_there() {
        for plan in plan::all() {
            let trips = play(&plan);
            let count = |kind| trips.iter().filter(|trip| trip.kind == kind).count();
            let driving = trips.iter().filter(|trip| trip.kind != Kind::Person).count();
            assert!(count(Kind::Motorbike) * 2 > driving, "{}", plan.name);
            for kind in [Kind::Car, Kind::Bicycle, Kind::Person] {
                assert!(count(kind) > 0, "no {kind:?} in {}", plan.name);
            }
        }
    }
}
