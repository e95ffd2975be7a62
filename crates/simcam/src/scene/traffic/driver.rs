//! A driver, who follows the one before him and obeys the light.

use super::super::path::Path;
use super::super::signal;
use super::super::space::Dice;
use super::super::{FRAME_RATE, LOOP_FRAMES};
use super::arm::Arm;
use super::trip::{Kind, Trip};

/// How long the backward mean is, twice, in frames.
const MEAN: usize = 38;
/// The frames by which the two means may be late.
const LAG: usize = 2 * MEAN;

/// Who drives, before he does.
pub(super) struct Driver {
    kind: Kind,
    look: u64,
    entry: usize,
    speed: f64,
    path: Path,
    /// Between these metres no faster than this.
    pub(super) slow: Option<(f64, f64, f64)>,
    /// How far before the line he stops.
    shy: f64,
    sway: f64,
    /// What he leaves to the one before him: metres, and frames.
    distance: (f64, usize),
}

/// How a driver's front moves, frame by frame from `start` on.
pub(super) struct Run {
    start: usize,
    metres: Vec<f64>,
    length: f64,
    speed: f64,
}

impl Driver {
    pub(super) fn new(kind: Kind, entry: usize, speed: f64, path: Path, dice: &mut Dice) -> Self {
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

    pub(super) fn drive(&self, lap_start: usize, arm: &Arm, leader: Option<&Run>) -> Run {
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

    pub(super) fn trip(&self, run: &Run, arm: &Arm) -> Trip {
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
