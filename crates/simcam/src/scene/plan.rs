//! The junctions there are: how wide, what stands around, who is on the way,
//! from where it is seen and in what light.
//!
//! ```text
//!              N
//!     corner 0 │ corner 1         main street runs north and south,
//!   ───────────┼───────────  E    cross street runs east and west;
//!     corner 3 │ corner 2         one drives on the right
//! ```

use super::light::Hour;
use super::view::Pose;

/// One junction.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The number burnt in; below 32, never given to another scene.
    pub(crate) id: u8,
    /// The name burnt in, and the folder's; lower-case letters, digits and `-`.
    pub(crate) name: &'static str,
    pub(crate) hour: Hour,
    pub(crate) seed: u64,
    pub(crate) pose: Pose,
    pub(crate) main: Road,
    pub(crate) cross: Road,
    pub(crate) corners: [Corner; 4],
    pub(crate) demand: Demand,
}

/// The measures of a street, in metres.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Road {
    /// From the middle to the kerb.
    pub(crate) half: f64,
    /// Half of the green strip in the middle; 0 is none.
    pub(crate) median: f64,
    /// Lanes for cars on each side.
    pub(crate) lanes: usize,
    /// Width of the pavement.
    pub(crate) pavement: f64,
}

/// What stands on a corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Corner {
    /// Houses of so many floors, at least and at most.
    Houses(usize, usize),
    /// Trees and grass.
    Park,
    /// Water, trees at its edge.
    Lake,
}

/// How many are on the way, in each loop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demand {
    /// On each track for motorbikes.
    pub(crate) motorbikes: usize,
    /// On each lane for cars.
    pub(crate) cars: usize,
    /// Every so manyth car is a bus.
    pub(crate) bus_every: usize,
    pub(crate) bicycles: usize,
    pub(crate) walkers: usize,
    /// Motorbikes parked along each row of houses.
    pub(crate) parked: usize,
}

/// The width of a car's lane.
const LANE: f64 = 3.1;
/// From one row of motorbikes to the next.
const TRACK: f64 = 1.15;

impl Road {
    /// Yields how far right of the street's middle cars drive.
    pub(crate) fn car_tracks(self) -> impl Iterator<Item = f64> {
        (0..self.lanes).map(move |lane| self.median + LANE * (lane as f64 + 0.5))
    }

    /// Yields how far right of the street's middle motorbikes drive.
    pub(crate) fn motorbike_tracks(self) -> impl Iterator<Item = f64> {
        let first = self.median + LANE * self.lanes as f64 + 0.6;
        let tracks = (0..).map(move |track| first + TRACK * f64::from(track));
        tracks.take_while(move |&track| track <= self.half - 1.65)
    }

    /// Returns where the last track runs: of those who turn right and of bicycles.
    pub(crate) fn edge_track(self) -> f64 {
        self.half - 0.75
    }

    /// Yields where the lines between lanes run.
    pub(crate) fn lane_lines(self) -> impl Iterator<Item = f64> {
        (1..=self.lanes).map(move |lane| self.median + LANE * lane as f64)
    }
}

/// Where the stop line lies before the edge of the street that is crossed.
pub(crate) const STOP_LINE: f64 = 5.6;
/// From where to where the zebra lies before that edge.
pub(crate) const ZEBRA: (f64, f64) = (1.4, 4.6);

/// Returns every junction, in the order of their numbers.
pub(crate) fn all() -> Vec<Plan> {
    let pose = |x, height, z, heading, tilt, wide| Pose { x, height, z, heading, tilt, wide };
    let road = |half, median, lanes, pavement| Road { half, median, lanes, pavement };
    let houses = Corner::Houses;
    vec![
        Plan {
            id: 0,
            name: "nga-tu-sang",
            hour: Hour::Day,
            seed: 0x6e_67_61,
            pose: pose(4.4, 9.2, -36.0, -6.0, 14.5, 62.0),
            main: road(8.6, 0.0, 1, 4.2),
            cross: road(7.4, 0.0, 1, 4.0),
            corners: [houses(3, 5), houses(3, 6), houses(3, 5), houses(3, 5)],
            demand: Demand {
                motorbikes: 6,
                cars: 3,
                bus_every: 6,
                bicycles: 4,
                walkers: 26,
                parked: 9,
            },
        },
        Plan {
            id: 1,
            name: "bo-ho-chieu",
            hour: Hour::Dusk,
            seed: 0x68_6f_31,
            pose: pose(-11.5, 8.4, -26.0, 31.0, 13.5, 66.0),
            main: road(7.4, 0.0, 1, 4.6),
            cross: road(6.6, 0.0, 1, 4.6),
            corners: [houses(2, 4), Corner::Lake, Corner::Park, houses(2, 4)],
            demand: Demand {
                motorbikes: 5,
                cars: 3,
                bus_every: 7,
                bicycles: 5,
                walkers: 34,
                parked: 5,
            },
        },
        Plan {
            id: 2,
            name: "pho-co-dem",
            hour: Hour::Night,
            seed: 0x70_68_6f,
            pose: pose(5.2, 7.0, -27.0, -13.0, 13.5, 64.0),
            main: road(6.2, 0.0, 1, 3.4),
            cross: road(5.4, 0.0, 1, 3.2),
            corners: [houses(2, 4), houses(2, 4), houses(2, 3), houses(2, 4)],
            demand: Demand {
                motorbikes: 7,
                cars: 2,
                bus_every: 6,
                bicycles: 4,
                walkers: 36,
                parked: 12,
            },
        },
        Plan {
            id: 3,
            name: "dai-lo-mua",
            hour: Hour::Rain,
            seed: 0x6d_75_61,
            pose: pose(-3.5, 11.5, -45.0, 8.0, 15.0, 60.0),
            main: road(13.2, 1.2, 2, 5.0),
            cross: road(8.6, 0.0, 1, 4.2),
            corners: [houses(4, 8), houses(5, 9), houses(4, 7), houses(4, 7)],
            demand: Demand {
                motorbikes: 5,
                cars: 4,
                bus_every: 8,
                bicycles: 2,
                walkers: 14,
                parked: 5,
            },
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_given_once_and_can_be_burnt_in() {
        let plans = all();
        for (i, plan) in plans.iter().enumerate() {
            assert_eq!(usize::from(plan.id), i);
            assert!(plan.id < 32);
            assert!(
                plan.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            );
            assert!(
                plans[..i].iter().all(|other| other.name != plan.name && other.seed != plan.seed)
            );
        }
    }

    #[test]
    fn no_track_runs_within_another() {
        for road in all().iter().flat_map(|plan| [plan.main, plan.cross]) {
            let bikes: Vec<f64> = road.motorbike_tracks().collect();
            let last_car = road.car_tracks().last().unwrap_or(-9.0);
            assert!(!bikes.is_empty() && bikes[0] - last_car > 2.0);
            assert!(road.edge_track() - bikes[bikes.len() - 1] >= 0.9);
        }
    }
}
