//! Who goes on foot.

use super::super::path::Path;
use super::super::plan::{Plan, ZEBRA};
use super::super::signal::{self, Group};
use super::super::space::{Dice, v2};
use super::super::{FRAME_RATE, LOOP_FRAMES};
use super::trip::{Kind, Trip};
use super::{SIDE, SOUTH};

/// Somebody who walks along the houses, around a corner.
pub(super) fn stroll(plan: &Plan, dice: &mut Dice) -> Trip {
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
pub(super) fn crossing(plan: &Plan, dice: &mut Dice) -> Trip {
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
