//! What stands along a street: trees, lamps, poles and their cables, signals.

use super::brush::{Brush, Stance};
use super::plan::{Corner, Plan, Road};
use super::signal::{self, Group, Phase};
use super::space::{Dice, V2, V3, v2, v3};
use crate::draw::Rgb;

/// Something that stands.
pub(super) enum Furniture {
    Tree {
        at: V2,
        tall: f64,
        crown: f64,
        seed: u64,
    },
    /// A street lamp and the way its arm points.
    Lamp {
        at: V2,
        arm: V2,
    },
    /// A pole and where the cables go on to.
    Pole {
        at: V2,
        next: Option<V2>,
    },
    Lantern {
        at: V3,
        seed: u64,
    },
}

/// A signal: its pole, and the heading of those who obey it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signal {
    pub(super) group: Group,
    at: V2,
    /// Where its lights point.
    facing: V2,
    /// Metres of its arm over the road, to its own left.
    arm: f64,
}

pub(super) const LAMP_HEIGHT: f64 = 8.2;
pub(super) const LAMPLIGHT: Rgb = Rgb::hex(0xff_d6_92);
const STEEL: Rgb = Rgb::hex(0x80_88_8c);

/// Plans what stands where.
pub(super) fn plan_all(plan: &Plan) -> Vec<Furniture> {
    let mut dice = Dice::new(plan.seed ^ 0x7e);
    let mut all = Vec::new();
    let (main, cross) = (plan.main, plan.cross);
    let eye = v2(plan.pose.x, plan.pose.z);
    // No tree grows so near to a camera that it fills the picture.
    let away = |at: V2, metres: f64| {
        let apart = at.minus(eye);
        apart.dot(apart) > metres * metres
    };
    let clear = |at: V2| away(at, 15.0);
    let old_quarter = main.half < 6.5;
    for side in [-1.0, 1.0] {
        let kerb = side * (main.half + 0.8);
        // Trees and lamps take turns along the main street.
        let gap = if old_quarter { 17.0 } else { 9.5 };
        for (from, to) in [(cross.half + 6.5, 118.0), (-60.0, -cross.half - 9.0)] {
            let mut z = from + dice.between(0.0, 3.0);
            while z < to {
                let at = v2(kerb, z);
                if clear(at) {
                    let (tall, crown) = (dice.between(5.2, 7.4), dice.between(1.7, 2.7));
                    all.push(Furniture::Tree { at, tall, crown, seed: dice.next() });
                }
                z += gap + dice.between(-1.5, 3.5);
            }
        }
        let mut z = -52.0 + if side > 0.0 { 12.0 } else { 0.0 };
        while z < 122.0 {
            let at = v2(side * (main.half + 0.5), z);
            if z.abs() > cross.half + 4.0 && away(at, 8.0) {
                all.push(Furniture::Lamp { at, arm: v2(-side, 0.0) });
            }
            z += 25.0;
        }
        for end in [-1.0, 1.0] {
            let mut x = main.half + 9.0;
            while x < 78.0 {
                let at = v2(end * x, side * (cross.half + 0.8));
                if clear(at) && dice.chance(if old_quarter { 0.35 } else { 0.75 }) {
                    let (tall, crown) = (dice.between(4.8, 6.8), dice.between(1.6, 2.4));
                    all.push(Furniture::Tree { at, tall, crown, seed: dice.next() });
                }
                x += 10.0;
            }
            let mut x = main.half + 15.0;
            while x < 80.0 {
                let at = v2(end * x, side * (cross.half + 0.5));
                if clear(at) {
                    all.push(Furniture::Lamp { at, arm: v2(0.0, -side) });
                }
                x += 26.0;
            }
        }
    }
    // Cables run along the left of the main street only.
    let x = -(main.half + main.pavement - 0.5);
    let stops = [-50.0, -26.0, -cross.half - 2.5, cross.half + 2.5, 34.0, 58.0, 82.0, 106.0];
    if matches!(plan.corners[0], Corner::Houses(..)) {
        for (i, &z) in stops.iter().enumerate() {
            let at = v2(x, z);
            if clear(at) {
                all.push(Furniture::Pole { at, next: stops.get(i + 1).map(|&z| v2(x, z)) });
            }
        }
    }
    for (i, corner) in plan.corners.into_iter().enumerate() {
        let (sx, sz) = [(-1.0, 1.0), (1.0, 1.0), (1.0, -1.0), (-1.0, -1.0)][i];
        let (x, z) = (main.half + main.pavement, cross.half + cross.pavement);
        let count = match corner {
            Corner::Houses(..) => 0,
            Corner::Park => 44,
            Corner::Lake => 0,
        };
        for _ in 0..count {
            let at = v2(sx * (x + 3.0 + dice.unit() * 40.0), sz * (z + 3.0 + dice.unit() * 44.0));
            if clear(at) {
                let (tall, crown) = (dice.between(4.5, 8.0), dice.between(1.8, 3.0));
                all.push(Furniture::Tree { at, tall, crown, seed: dice.next() });
            }
        }
    }
    if old_quarter {
        for (i, z) in (0..9).map(|i| (i, cross.half + 9.0 + f64::from(i) * 7.0)) {
            for j in -5..=5 {
                let x = f64::from(j) * 1.15;
                // The string hangs through in its middle.
                let sag = 1.0 - (x / 6.2) * (x / 6.2);
                all.push(Furniture::Lantern {
                    at: v3(x, 6.4 - sag, z),
                    seed: (i * 11 + j + 5) as u64,
                });
            }
        }
    }
    all
}

impl Furniture {
    pub(super) fn middle(&self) -> V3 {
        match self {
            Self::Tree { at, .. } | Self::Lamp { at, .. } | Self::Pole { at, .. } => at.up(0.0),
            Self::Lantern { at, .. } => *at,
        }
    }

    /// Returns where it lights the ground, if it does.
    pub(super) fn lights(&self) -> Option<V3> {
        match self {
            Self::Lamp { at, arm } => Some(at.plus(arm.times(2.4)).up(0.0)),
            _ => None,
        }
    }

    pub(super) fn draw_shadow(&self, brush: &mut Brush) {
        let sun = brush.light.to_sun;
        let Self::Tree { at, tall, crown, .. } = self else { return };
        if brush.light.sun.r <= 0.0 {
            return;
        }
        let fall = (tall / sun.y).min(9.0);
        let middle = at.up(0.0).minus(v3(sun.x * fall, 0.0, sun.z * fall));
        let strength = brush.light.shadow;
        brush.stance = Stance::Flat;
        for (dx, dz, k) in [(0.0, 0.0, 1.0), (0.9, 0.5, 0.6), (-0.8, 0.7, 0.6), (0.3, -0.9, 0.5)] {
            let shifted = middle.plus(v3(dx * crown, 0.0, dz * crown));
            brush.pool(
                shifted,
                crown * (0.9 + k * 0.4),
                Rgb::hex(0x0c_10_14),
                strength * 1.25 * k as f32,
            );
        }
    }

    pub(super) fn draw(&self, brush: &mut Brush) {
        brush.stance = Stance::Standing;
        match *self {
            Self::Tree { at, tall, crown, seed } => tree(brush, at, tall, crown, seed),
            Self::Lamp { at, arm } => lamp(brush, at, arm),
            Self::Pole { at, next } => pole(brush, at, next),
            Self::Lantern { at, seed } => lantern(brush, at, seed),
        }
    }
}

fn tree(brush: &mut Brush, at: V2, tall: f64, crown: f64, seed: u64) {
    let mut dice = Dice::new(seed);
    let fork = at.up(tall * 0.62);
    let bark = Rgb::hex(0x6a_5c_4c);
    brush.limb([at.up(0.0), fork], [0.2, 0.13], bark);
    for side in [-1.0, 0.4, 1.0] {
        let tip = fork.plus(v3(side * crown * 0.5, crown * 0.6, side * 0.3));
        brush.limb([fork, tip], [0.1, 0.05], bark);
    }
    let green = Rgb::hex(dice.pick(&[0x5a_80_44, 0x4c_74_40, 0x6a_8a_48, 0x52_7a_50]));
    let middle = at.up(tall);
    // Dark leaves inside and below first, bright ones on the sun's side last.
    for layer in 0..3 {
        let shade = [0.62, 0.86, 1.12][layer];
        for _ in 0..[10, 15, 12][layer] {
            let (x, y, z) =
                (dice.between(-1.0, 1.0), dice.between(-0.75, 0.8), dice.between(-1.0, 1.0));
            let sun = brush.light.to_sun;
            let shift = v3(sun.x, sun.y, sun.z).times(0.34 * (layer as f64 - 1.0) * crown);
            let leaf = middle.plus(v3(x * crown, y * crown * 0.62, z * crown * 0.8)).plus(shift);
            let size = crown * dice.between(0.26, 0.46) * (1.1 - 0.18 * layer as f64);
            let tint = green.mix(Rgb::hex(0x9a_a8_50), if layer == 2 { 0.25 } else { 0.0 });
            brush.ball(leaf, size, tint.times(shade * dice.between(0.92, 1.08) as f32));
        }
    }
}

fn lamp(brush: &mut Brush, at: V2, arm: V2) {
    let top = at.up(LAMP_HEIGHT - 0.5);
    let head = at.plus(arm.times(2.4)).up(LAMP_HEIGHT);
    brush.limb([at.up(0.0), top], [0.1, 0.07], STEEL);
    brush.limb([top, head], [0.06, 0.05], STEEL);
    let tip = head.plus(arm.times(0.6).up(0.0));
    brush.limb([head, tip], [0.11, 0.09], STEEL.times(0.8));
    if brush.light.lamps {
        let night = brush.light.sun.r <= 0.0 && !brush.light.wet;
        let bulb = head.to(tip, 0.5).plus(v3(0.0, -0.1, 0.0));
        brush.stance = Stance::Flat;
        brush.glow(bulb, 2.6, LAMPLIGHT, if night { 0.5 } else { 0.28 });
        brush.glow(bulb, 0.55, Rgb::hex(0xff_f2_d8), 1.0);
        brush.glow(bulb, 0.3, Rgb::WHITE, 1.0);
    }
}

fn pole(brush: &mut Brush, at: V2, next: Option<V2>) {
    let concrete = Rgb::hex(0x9a_98_92);
    brush.limb([at.up(0.0), at.up(8.6)], [0.17, 0.11], concrete);
    for up in [7.2, 7.9] {
        brush.limb(
            [at.plus(v2(-0.7, 0.0)).up(up), at.plus(v2(0.7, 0.0)).up(up)],
            [0.05; 2],
            concrete.times(0.7),
        );
    }
    brush.limb(
        [at.plus(v2(0.2, 0.0)).up(6.0), at.plus(v2(0.2, 0.0)).up(6.5)],
        [0.2; 2],
        Rgb::hex(0x50_56_5a),
    );
    let Some(next) = next else { return };
    brush.stance = Stance::Flat;
    for (i, (dx, up)) in [
        (-0.6, 7.2),
        (-0.2, 7.25),
        (0.3, 7.2),
        (0.65, 7.2),
        (-0.5, 7.9),
        (0.5, 7.9),
        (0.0, 6.3),
        (0.12, 6.1),
    ]
    .into_iter()
    .enumerate()
    {
        let (from, to) = (at.plus(v2(dx, 0.0)).up(up), next.plus(v2(dx, 0.0)).up(up));
        let sag = 0.5 + 0.22 * (i % 4) as f64;
        let hang = |t: f64| from.to(to, t).minus(v3(0.0, 4.0 * sag * t * (1.0 - t), 0.0));
        for step in 0..8 {
            let t = f64::from(step) / 8.0;
            brush.alpha = 0.75;
            brush.limb([hang(t), hang(t + 0.125)], [0.018; 2], Rgb::hex(0x23_27_2a));
            brush.alpha = 1.0;
        }
    }
}

fn lantern(brush: &mut Brush, at: V3, seed: u64) {
    let mut dice = Dice::new(seed);
    let colour = Rgb::hex(dice.pick(&[0xe8_3a_2a, 0xf2_8a_2a, 0xf2_c2_3a, 0xd8_3a_6a]));
    brush.stance = Stance::Flat;
    brush.limb(
        [at.plus(v3(-0.6, 0.3, 0.0)), at.plus(v3(0.6, 0.3, 0.0))],
        [0.012; 2],
        Rgb::hex(0x20_20_22),
    );
    brush.glow(at, 0.85, colour, 0.4);
    let more = brush.lamplight;
    brush.lamplight = Rgb { r: 0.9, g: 0.8, b: 0.7 };
    brush.ball(at, 0.24, colour);
    brush.lamplight = more;
    brush.glow(at, 0.22, Rgb::hex(0xff_e8_b0), 0.75);
}

impl Signal {
    /// Returns the four signals of a junction, each behind it as its drivers see it.
    pub(super) fn all(plan: &Plan) -> [Self; 4] {
        let (main, cross) = (plan.main, plan.cross);
        let beyond = 2.2;
        let signal = |group, heading: V2, road: Road, other: Road| {
            let at =
                heading.times(other.half + beyond).plus(heading.right().times(road.half + 1.0));
            Self { group, at, facing: heading.times(-1.0), arm: (road.half * 0.55).min(5.5) }
        };
        [
            signal(Group::Main, v2(0.0, 1.0), main, cross),
            signal(Group::Main, v2(0.0, -1.0), main, cross),
            signal(Group::Cross, v2(1.0, 0.0), cross, main),
            signal(Group::Cross, v2(-1.0, 0.0), cross, main),
        ]
    }

    pub(super) fn middle(&self) -> V3 {
        self.at.up(0.0)
    }

    /// The two heads: one over the road, one on the pole.
    fn heads(&self) -> [V3; 2] {
        // To the right of where it looks lies the road.
        [
            self.at.plus(self.facing.right().times(self.arm)).up(5.5),
            self.at.plus(self.facing.right().times(0.35)).up(3.0),
        ]
    }

    /// Draws what does not change.
    pub(super) fn draw(&self, brush: &mut Brush) {
        brush.stance = Stance::Standing;
        let end = self.at.plus(self.facing.right().times(self.arm + 0.4)).up(6.5);
        brush.limb([self.at.up(0.0), self.at.up(6.3)], [0.13, 0.1], STEEL);
        brush.limb([self.at.up(6.3), end], [0.08, 0.06], STEEL);
        let before = brush.view.eye().minus(self.middle()).dot(self.facing.up(0.0)) > 0.0;
        for head in self.heads() {
            self.plate(brush, head, (-0.32, 0.32), (-1.0, 1.0), 0.0, Rgb::hex(0x1c_20_22));
            if before {
                self.plate(brush, head, (-0.26, 0.26), (-0.94, 0.94), 0.02, Rgb::hex(0x0e_10_12));
            } else {
                for up in [-0.62, 0.0, 0.62] {
                    let x = (-0.2, 0.2);
                    self.plate(brush, head, x, (up - 0.24, up + 0.24), -0.02, Rgb::hex(0x52_5a_5e));
                }
            }
            for up in [0.62, 0.0, -0.62] {
                self.disc(brush, head, up, 0.21, Rgb::hex(0x2a_2e_30));
            }
        }
    }

    /// Draws what burns at a frame of the loop.
    pub(super) fn draw_lights(&self, brush: &mut Brush, frame: usize) {
        let eye = brush.view.eye().minus(self.middle());
        if eye.dot(self.facing.up(0.0)) <= 0.0 {
            return;
        }
        let (up, colour) = match signal::phase(self.group, frame) {
            Phase::Red => (0.62, Rgb::hex(0xff_45_38)),
            Phase::Amber => (0.0, Rgb::hex(0xff_c8_38)),
            Phase::Green => (-0.62, Rgb::hex(0x3e_e0_8a)),
        };
        for head in self.heads() {
            let depth = brush.view.depth(head);
            brush.stance = Stance::Beside(depth * 0.985);
            self.disc(brush, head, up, 0.23, colour);
            let bulb = head.plus(v3(0.0, up, 0.0));
            let k = if brush.light.lamps { 0.6 } else { 0.32 };
            brush.glow(bulb, if brush.light.lamps { 1.5 } else { 0.8 }, colour, k);
            if brush.light.wet {
                // The light's image below the ground, smeared by the drops.
                let below = v3(bulb.x, -bulb.y * 0.8, bulb.z);
                brush.smear(below, (0.6, 3.2), colour, 0.26);
            }
            self.countdown(brush, head, signal::seconds_left(self.group, frame), colour);
        }
    }

    /// Seconds left, in seven strokes beside the upper head.
    fn countdown(&self, brush: &mut Brush, head: V3, seconds: usize, colour: Rgb) {
        // Strokes of each digit: top, upper left, upper right, middle, lower left, lower right, foot.
        const DIGITS: [u8; 10] = [0x77, 0x24, 0x5d, 0x6d, 0x2e, 0x6b, 0x7b, 0x25, 0x7f, 0x6f];
        const STROKES: [(f64, f64, f64, f64); 7] = [
            (0.0, 0.9, 0.5, 1.0),
            (0.0, 0.5, 0.1, 1.0),
            (0.4, 0.5, 0.5, 1.0),
            (0.0, 0.45, 0.5, 0.55),
            (0.0, 0.0, 0.1, 0.5),
            (0.4, 0.0, 0.5, 0.5),
            (0.0, 0.0, 0.5, 0.1),
        ];
        if head.y < 5.0 {
            return;
        }
        self.plate(brush, head, (0.4, 1.6), (-0.5, 0.5), 0.0, Rgb::hex(0x10_12_14));
        for (place, digit) in [(0.48, seconds / 10 % 10), (1.04, seconds % 10)] {
            for (stroke, (x0, y0, x1, y1)) in STROKES.into_iter().enumerate() {
                if DIGITS[digit] >> stroke & 1 == 1 {
                    let at = |x: f64, y: f64| {
                        self.on_plate(head, place + x * 0.9, -0.38 + y * 0.76, 0.03)
                    };
                    brush.shining(&[at(x0, y0), at(x1, y0), at(x1, y1), at(x0, y1)], colour, 1.0);
                }
            }
        }
    }

    fn on_plate(&self, head: V3, right: f64, up: f64, out: f64) -> V3 {
        // Seen from before it, right is to the left of where it looks.
        let aside = self.facing.right().times(-right);
        head.plus(aside.up(up)).plus(self.facing.times(out).up(0.0))
    }

    fn plate(
        &self,
        brush: &mut Brush,
        head: V3,
        x: (f64, f64),
        y: (f64, f64),
        out: f64,
        colour: Rgb,
    ) {
        let at = |x: f64, y: f64| self.on_plate(head, x, y, out);
        let quad = [at(x.0, y.0), at(x.1, y.0), at(x.1, y.1), at(x.0, y.1)];
        let facing = brush.view.eye().minus(head).dot(self.facing.up(0.0)) > 0.0;
        let colour = if facing || out < 0.0 { colour } else { Rgb::hex(0x40_47_4a) };
        let sign = if facing { 1.0 } else { -1.0 };
        brush.face(&quad, self.facing.times(sign).up(0.0), colour);
    }

    fn disc(&self, brush: &mut Brush, head: V3, up: f64, radius: f64, colour: Rgb) {
        if brush.view.eye().minus(head).dot(self.facing.up(0.0)) <= 0.0 {
            return;
        }
        let rim: [V3; 14] = std::array::from_fn(|i| {
            let (sin, cos) = super::space::sin_cos(i as f64 * 360.0 / 14.0);
            self.on_plate(head, radius * cos, up + radius * sin, 0.04)
        });
        brush.shining(&rim, colour, 1.0);
    }
}
