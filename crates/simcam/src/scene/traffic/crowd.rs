//! Everybody on the way, and who comes too near to whom.

use super::super::LOOP_FRAMES;
use super::super::path::Stand;
use super::super::space::V2;
use super::trip::{Presence, Trip};

/// Everybody let in so far, and where they are at each frame.
pub(super) struct Crowd {
    pub(super) trips: Vec<Trip>,
    discs: Vec<Vec<(V2, f64)>>,
}

impl Default for Crowd {
    fn default() -> Self {
        Self { trips: Vec::new(), discs: vec![Vec::new(); LOOP_FRAMES] }
    }
}

impl Crowd {
    pub(super) fn add(&mut self, trip: Trip) {
        for (frame, discs) in self.discs.iter_mut().enumerate() {
            for presence in trip.at(frame) {
                discs.extend(discs_of(&trip, presence));
            }
        }
        self.trips.push(trip);
    }

    /// Lets a trip in if it comes too near to nobody; returns whether it does not.
    pub(super) fn offer(&mut self, trip: Trip) -> bool {
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

pub(super) fn discs_of(trip: &Trip, presence: Presence) -> impl Iterator<Item = (V2, f64)> + use<> {
    let (along, radius) = trip.kind.discs();
    let Stand { at, heading } = presence.stand;
    along.iter().map(move |&metres| (at.plus(heading.times(metres)), radius))
}
