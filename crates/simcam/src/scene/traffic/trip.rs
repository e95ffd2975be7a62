//! One way through the scene, and where who goes it is at a frame.

use serde::Serialize;

use super::super::path::{Path, Stand};
use super::super::signal::Group;
use super::super::space::{V2, sin_cos};
use super::super::{FRAME_RATE, LOOP_FRAMES};

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
    pub(super) start: usize,
    pub(super) path: Path,
    /// The metres of its middle on the path, frame by frame.
    pub(super) along: Vec<f64>,
    /// How wide it sways.
    pub(super) sway: f64,
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
    pub(super) fn discs(self) -> (&'static [f64], f64) {
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
