//! The four approaches, and who comes on each.

use super::super::LOOP_FRAMES;
use super::super::path::Path;
use super::super::plan::{Plan, Road, STOP_LINE};
use super::super::signal::Group;
use super::super::space::{Dice, V2, v2};
use super::driver::{Driver, Run};
use super::trip::{Kind, Trip};
use super::{NORTH, SIDE, SOUTH};

/// How many laps are played.
const LAPS: usize = 6;

/// One of the four approaches.
#[derive(Clone, Copy)]
pub(super) struct Arm {
    pub(super) group: Group,
    heading: V2,
    pub(super) road: Road,
    /// The street that is crossed.
    other: Road,
    /// Metres from the far end to the junction's middle, and on to the other end.
    reach: (f64, f64),
}
impl Arm {
    pub(super) fn all(plan: &Plan) -> [Self; 4] {
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
    pub(super) fn stop(&self) -> f64 {
        self.reach.0 - self.other.half - STOP_LINE
    }

    fn straight(&self, offset: f64) -> Path {
        self.start(offset).ahead(self.reach.0 + self.reach.1)
    }

    /// A lane of cars and of buses among them; `counted` are those of the lanes before.
    pub(super) fn cars(
        &self,
        plan: &Plan,
        offset: f64,
        counted: &mut usize,
        dice: &mut Dice,
    ) -> Vec<Trip> {
        let mut drivers = Vec::new();
        let path = self.straight(offset);
        let cars = plan.demand.cars;
        for entry in entries(dice, cars + cars / 2 + 1, 55) {
            // Motorbikes are among the cars, too.
            let kind = if drivers.len() % 3 == 2 {
                Kind::Motorbike
            } else {
                *counted += 1;
                if counted.is_multiple_of(plan.demand.bus_every) { Kind::Bus } else { Kind::Car }
            };
            let speed = dice.between(8.5, 10.5);
            drivers.push(Driver::new(kind, entry, speed, path.clone(), dice));
        }
        self.lane(drivers)
    }

    pub(super) fn motorbikes(&self, plan: &Plan, offset: f64, dice: &mut Dice) -> Vec<Trip> {
        let path = self.straight(offset);
        let entries = entries(dice, plan.demand.motorbikes, 24);
        let drivers = entries.into_iter().map(|entry| {
            let speed = dice.between(7.5, 9.8);
            Driver::new(Kind::Motorbike, entry, speed, path.clone(), dice)
        });
        self.lane(drivers.collect())
    }

    /// The track along the kerb: motorbikes that turn right, and bicycles.
    pub(super) fn edge(&self, plan: &Plan, dice: &mut Dice) -> Vec<Trip> {
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
    pub(super) fn left_turn(&self, dice: &mut Dice) -> Trip {
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

#[cfg(test)]
mod tests {
    use super::super::super::plan;
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
}
