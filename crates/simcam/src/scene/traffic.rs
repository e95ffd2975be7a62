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

mod arm;
mod crowd;
mod driver;
mod trip;
mod walk;

use super::plan::Plan;
use super::space::Dice;
use arm::Arm;
use crowd::Crowd;
pub(crate) use trip::{Kind, Presence, Trip};

/// How far the streets go from the junction's middle, in metres.
pub(crate) const NORTH: f64 = 125.0;
pub(crate) const SOUTH: f64 = 72.0;
pub(crate) const SIDE: f64 = 78.0;
/// Plays the traffic of a plan.
pub(crate) fn play(plan: &Plan) -> Vec<Trip> {
    let mut dice = Dice::new(plan.seed);
    let mut crowd = Crowd::default();
    let mut cars = 0;
    for arm in Arm::all(plan) {
        for offset in arm.road.car_tracks() {
            for trip in arm.cars(plan, offset, &mut cars, &mut dice) {
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
        let trip = if attempt % 5 < 2 {
            walk::crossing(plan, &mut dice)
        } else {
            walk::stroll(plan, &mut dice)
        };
        walking += usize::from(crowd.offer(trip));
    }
    crowd.trips
}
#[cfg(test)]
mod tests {
    use super::super::view::View;
    use super::super::{FRAME_RATE, HEIGHT, LOOP_FRAMES, WIDTH, plan, signal};
    use super::crowd::discs_of;
    use super::*;

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
            // Not only somewhere on the streets, but before the camera within the loop.
            let view = View::new(plan.pose, WIDTH, HEIGHT);
            let seen = |now: Presence| {
                let ground = now.stand.at.up(0.0);
                view.depth(ground) > 2.5
                    && now.faded >= 0.5
                    && view.point(ground).is_some_and(|(x, y)| {
                        (0.0..WIDTH as f32).contains(&x) && (0.0..HEIGHT as f32).contains(&y)
                    })
            };
            for kind in [Kind::Car, Kind::Bus, Kind::Bicycle, Kind::Person] {
                let mut trips = trips.iter().filter(|trip| trip.kind == kind);
                let frames = 0..LOOP_FRAMES;
                assert!(
                    trips.any(|trip| frames.clone().any(|frame| trip.at(frame).any(seen))),
                    "no {kind:?} is seen in {}",
                    plan.name
                );
            }
        }
    }
}
