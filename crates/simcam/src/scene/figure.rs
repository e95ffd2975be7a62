//! What moves, drawn: motorbikes and their riders, cars, buses, bicycles, people.
//!
//! ```text
//!  up  ahead          A figure is made of blocks, limbs and balls in its own
//!   │ ╱               metres: ahead, to the right, up. A two-wheeler's and a
//!   │╱____ right      walker's parts are drawn from the farthest to the nearest.
//! ```

use super::brush::{Brush, Stance, UP, hull};
use super::path::Stand;
use super::space::{Dice, V3, sin_cos, v3};
use super::traffic::{Kind, Presence};
use crate::draw::Rgb;

/// A figure to be drawn.
pub(crate) struct Figure {
    kind: Kind,
    stand: Stand,
    look: u64,
    /// Metres gone, for the steps of those who walk.
    metres: f64,
    moves: bool,
    brakes: bool,
}

/// A part of a two-wheeler or a walker.
enum Part {
    Limb([V3; 2], [f64; 2], Rgb),
    Wheel { middle: V3, radius: f64, half: f64, colour: Rgb },
    Block { low: [f64; 3], high: [f64; 3], colour: Rgb },
    Cone { middle: V3, radius: f64, height: f64, colour: Rgb },
}

const PAINT: [u32; 9] = [
    0xd9_dd_de, 0x9a_a3_a8, 0x3c_43_48, 0xf0_f0_ec, 0x6b_7c_8c, 0x94_2f_2b, 0x2c_50_78, 0xb8_a7_88,
    0xc0_8a_2e,
];
const BUS: [u32; 4] = [0xd8_a8_2e, 0x2f_7d_5b, 0xc9_4a_36, 0xd3_d8_d8];
const BIKE: [u32; 7] =
    [0xb8_32_2e, 0x24_45_75, 0x2b_2f_33, 0xdc_dc_d8, 0x37_6c_5c, 0xc2_92_3a, 0x70_78_80];
const SHIRT: [u32; 10] = [
    0x4a_6f_98, 0xe4_e4_e0, 0xc2_9a_5c, 0xa8_4a_48, 0x4c_7a_5c, 0xd8_d2_c4, 0x5a_5e_78, 0xc8_6a_7e,
    0x3e_8a_92, 0xe2_b2_3c,
];
const TROUSERS: [u32; 4] = [0x2c_32_3a, 0x3a_42_54, 0x5a_50_46, 0x23_27_2b];
const HELMET: [u32; 7] =
    [0xd8_d8_d4, 0x2b_2f_33, 0xb8_32_2e, 0x2c_5a_94, 0xe0_a0_30, 0x6a_9a_6a, 0xc8_7a_92];
const SKIN: u32 = 0xc0_8a_66;
const DARK: Rgb = Rgb::hex(0x1b_1f_22);
const GLASS: Rgb = Rgb::hex(0x22_2c_33);
pub(crate) const HEADLIGHT: Rgb = Rgb::hex(0xff_ec_c0);
const TAILLIGHT: Rgb = Rgb::hex(0xf2_3a_2c);

impl Figure {
    pub(crate) fn new(kind: Kind, look: u64, presence: &Presence) -> Self {
        Self {
            kind,
            look,
            stand: presence.stand,
            metres: presence.metres,
            moves: presence.speed > 0.15,
            brakes: presence.gain < -0.8 || presence.speed < 0.15,
        }
    }

    fn at(&self, ahead: f64, right: f64, up: f64) -> V3 {
        let Stand { at, heading } = self.stand;
        at.plus(heading.times(ahead)).plus(heading.right().times(right)).up(up)
    }

    /// Half of length and width, and the height.
    fn size(&self) -> (f64, f64, f64) {
        match self.kind {
            Kind::Motorbike => (0.95, 0.3, 1.55),
            Kind::Bicycle => (0.85, 0.22, 1.6),
            Kind::Person => (0.15, 0.22, 1.65),
            Kind::Car => (2.15, 0.88, 1.45),
            Kind::Bus => (4.75, 1.22, 3.0),
        }
    }

    /// Draws what it does to the ground: a shadow, and the light of its lamps.
    pub(crate) fn draw_ground(&self, brush: &mut Brush) {
        let (long, wide, tall) = self.size();
        let depth = brush.view.depth(self.at(0.0, 0.0, 0.0));
        brush.stance = Stance::Beside(depth);
        let sun = brush.light.to_sun;
        let mut shadow = Vec::new();
        for (ahead, right, up) in [
            (-long, -wide, 0.0),
            (-long, wide, 0.0),
            (long, -wide, 0.0),
            (long, wide, 0.0),
            (-long * 0.5, -wide * 0.8, tall),
            (-long * 0.5, wide * 0.8, tall),
            (long * 0.4, -wide * 0.8, tall),
            (long * 0.4, wide * 0.8, tall),
        ] {
            let point = self.at(ahead, right, up);
            // Without a sun, only the ground below is dark.
            let fall = if brush.light.sun.r > 0.0 { up / sun.y } else { 0.0 };
            let fallen = v3(point.x - sun.x * fall.min(4.5), 0.0, point.z - sun.z * fall.min(4.5));
            shadow.extend(brush.view.point(fallen));
        }
        if shadow.len() == 8 {
            let strength = brush.light.shadow;
            brush.stain(&hull(shadow), Rgb::hex(0x0c_10_14), strength);
        }
        if brush.light.lamps && self.moves && !matches!(self.kind, Kind::Person | Kind::Bicycle) {
            let (reach, strength) = if brush.light.sun.r > 0.0 { (2.6, 0.06) } else { (3.4, 0.2) };
            let strength = if wide > 0.5 { strength } else { strength * 0.7 };
            let strength = if brush.light.wet { strength * 0.5 } else { strength };
            for (ahead, k) in [(2.2, 1.0), (4.6, 0.6)] {
                let middle = self.at(long + ahead, 0.0, 0.0);
                brush.pool(
                    middle,
                    reach * if wide > 0.5 { 1.0 } else { 0.6 },
                    HEADLIGHT,
                    strength * k,
                );
            }
        }
    }

    /// Draws its reflection on wet ground.
    pub(crate) fn draw_mirrored(&self, brush: &mut Brush) {
        let depth = brush.view.depth(self.at(0.0, 0.0, 0.0));
        let alpha = brush.alpha;
        (brush.mirrored, brush.alpha) = (true, alpha * 0.26);
        brush.stance = Stance::Beside(depth);
        self.draw_body(brush);
        (brush.mirrored, brush.alpha) = (false, alpha);
    }

    /// Draws the thing itself.
    pub(crate) fn draw(&self, brush: &mut Brush) {
        brush.stance = Stance::Moving(brush.view.depth(self.at(0.0, 0.0, 0.0)));
        self.draw_body(brush);
    }

    /// Draws the shine of its lamps over everything.
    pub(crate) fn draw_shine(&self, brush: &mut Brush) {
        let (long, wide, _) = self.size();
        if !brush.light.lamps
            || matches!(self.kind, Kind::Person | Kind::Bicycle)
            || !self.moves && self.metres == 0.0
        {
            return;
        }
        let middle = self.at(0.0, 0.0, 0.0);
        brush.stance = Stance::Beside(brush.view.depth(middle));
        let to_eye = brush.view.eye().minus(middle).unit();
        let Stand { heading, .. } = self.stand;
        let facing = heading.x * to_eye.x + heading.z * to_eye.z;
        let night = brush.light.sun.r <= 0.0 && !brush.light.wet;
        let k = if night { 0.9 } else { 0.5 };
        let sides: &[f64] = if wide > 0.5 { &[-0.75, 0.75] } else { &[0.0] };
        for side in sides {
            let height = if self.kind == Kind::Bus { 0.85 } else { 0.72 };
            let (ahead, colour, strength, radius) = if facing > 0.0 {
                (long, HEADLIGHT, 0.75 * facing, 1.0)
            } else if self.brakes {
                (-long, TAILLIGHT, -0.7 * facing, 0.7)
            } else {
                (-long, TAILLIGHT, -0.4 * facing, 0.45)
            };
            let lamp = self.at(ahead, side * wide, height);
            let radius = radius * if wide > 0.5 { 1.0 } else { 0.6 };
            brush.glow(lamp, radius, colour, strength as f32 * k);
            brush.glow(lamp, radius * 0.28, Rgb::WHITE.mix(colour, 0.3), strength as f32 * k);
            if brush.light.wet {
                // A smear on the wet ground below.
                for step in 1..6 {
                    let down = self.at(ahead, side * wide, -0.35 * f64::from(step));
                    brush.glow(down, 0.42, colour, strength as f32 * 0.16);
                }
            }
        }
    }

    fn draw_body(&self, brush: &mut Brush) {
        match self.kind {
            Kind::Car => self.car(brush),
            Kind::Bus => self.bus(brush),
            Kind::Motorbike => self.motorbike(brush),
            Kind::Bicycle => self.bicycle(brush),
            Kind::Person => self.person(brush),
        }
    }

    /// Draws a block between two levels: its foot and its top, each as
    /// `[rear, front, half width]`.
    fn block(&self, brush: &mut Brush, up: [f64; 2], foot: [f64; 3], top: [f64; 3], colour: Rgb) {
        let corner = |level: usize, front: bool, right: f64| {
            let [rear, ahead, half] = if level == 0 { foot } else { top };
            self.at(if front { ahead } else { rear }, right * half, up[level])
        };
        let side = |right: f64| {
            [
                corner(0, false, right),
                corner(0, true, right),
                corner(1, true, right),
                corner(1, false, right),
            ]
        };
        let end = |front: bool| {
            [
                corner(0, front, -1.0),
                corner(0, front, 1.0),
                corner(1, front, 1.0),
                corner(1, front, -1.0),
            ]
        };
        let lid = [
            corner(1, false, -1.0),
            corner(1, true, -1.0),
            corner(1, true, 1.0),
            corner(1, false, 1.0),
        ];
        let inside = self.at((foot[0] + foot[1]) / 2.0, 0.0, (up[0] + up[1]) / 2.0);
        for face in [side(-1.0), side(1.0), end(false), end(true), lid] {
            brush.face(&face, outward(&face, inside), colour);
        }
    }

    /// Draws a pane on a flat side of a block: between `(ahead, up)` corners.
    fn pane(&self, brush: &mut Brush, right: f64, corners: [(f64, f64, f64); 4], colour: Rgb) {
        let points = corners.map(|(ahead, half, up)| self.at(ahead, right * half, up));
        brush.face(&points, outward(&points, self.at(0.0, 0.0, 0.8)), colour);
    }

    fn car(&self, brush: &mut Brush) {
        let mut dice = Dice::new(self.look);
        let taxi = dice.chance(0.16);
        let colour = Rgb::hex(if taxi {
            dice.pick(&[0x2f_9e_8a, 0xe8_e8_e2, 0xd8_b8_2c])
        } else {
            dice.pick(&PAINT)
        });
        let tall = if dice.chance(0.35) { 0.18 } else { 0.0 };
        self.block(brush, [0.05, 0.4], [-2.0, 2.0, 0.8], [-2.0, 2.0, 0.8], DARK);
        self.wheels(brush, &[-1.35, 1.35], 0.33, 0.86);
        let waist = 0.88 + tall;
        self.block(brush, [0.3, 0.62], [-2.1, 2.12, 0.88], [-2.15, 2.15, 0.9], colour);
        self.block(brush, [0.62, waist], [-2.15, 2.15, 0.9], [-2.08, 1.95, 0.84], colour);
        let roof = 1.42 + tall;
        let (rear, front) = if tall > 0.0 { (-2.0, 0.85) } else { (-1.6, 0.95) };
        self.block(
            brush,
            [waist, roof],
            [rear, front, 0.82],
            [rear + 0.42, front - 0.72, 0.66],
            GLASS,
        );
        // Posts between the panes, and the roof.
        let lean = 0.16 / (roof - waist);
        for side in [-1.0, 1.0] {
            for post in [rear + 0.36, rear + 0.36 + (front - rear) * 0.42] {
                let inner = |up: f64| 0.825 - (up - waist) * lean;
                let corners = [
                    (post, inner(waist), waist),
                    (post + 0.1, inner(waist), waist),
                    (post + 0.1, inner(roof), roof),
                    (post, inner(roof), roof),
                ];
                self.pane(brush, side, corners, colour);
            }
        }
        self.block(
            brush,
            [roof, roof + 0.05],
            [rear + 0.4, front - 0.7, 0.68],
            [rear + 0.46, front - 0.78, 0.63],
            colour,
        );
        if taxi {
            self.block(
                brush,
                [roof + 0.05, roof + 0.2],
                [-0.45, -0.2, 0.24],
                [-0.42, -0.23, 0.2],
                Rgb::hex(0xf4_f0_dc),
            );
        }
        self.lamps(brush, 2.13, -2.14, 0.62, [0.56, 0.78], 0.24);
        self.plate(brush, 2.14, 0.46);
        self.plate(brush, -2.14, 0.5);
    }

    fn bus(&self, brush: &mut Brush) {
        let mut dice = Dice::new(self.look);
        let colour = Rgb::hex(dice.pick(&BUS));
        let (long, half) = (4.75, 1.22);
        self.block(brush, [0.05, 0.5], [-4.6, 4.6, 1.1], [-4.6, 4.6, 1.1], DARK);
        self.wheels(brush, &[-2.9, 3.1], 0.48, 1.19);
        self.block(brush, [0.35, 1.25], [-long, long, half], [-long, long, half], colour);
        self.block(
            brush,
            [1.25, 2.95],
            [-long, long, half],
            [-long + 0.1, long - 0.12, half - 0.06],
            colour.mix(Rgb::WHITE, 0.55),
        );
        let roof = Rgb::hex(0xe6_e8_e6);
        self.block(
            brush,
            [2.95, 3.1],
            [-long + 0.1, long - 0.12, half - 0.06],
            [-long + 0.3, long - 0.3, half - 0.2],
            roof,
        );
        self.block(brush, [3.1, 3.28], [-3.2, -1.4, 0.7], [-3.1, -1.5, 0.65], roof.times(0.9));
        for side in [-1.0, 1.0] {
            for pane in 0..6 {
                let from = -4.45 + f64::from(pane) * 1.46;
                let corners = [
                    (from, half + 0.01, 1.5),
                    (from + 1.3, half + 0.01, 1.5),
                    (from + 1.3, half - 0.03, 2.55),
                    (from, half - 0.03, 2.55),
                ];
                self.pane(brush, side, corners, GLASS);
            }
            let stripe = [
                (-long, half + 0.01, 0.75),
                (long, half + 0.01, 0.75),
                (long, half + 0.01, 0.95),
                (-long, half + 0.01, 0.95),
            ];
            self.pane(brush, side, stripe, Rgb::hex(0xf4_f2_ea));
        }
        for (end, low) in [(long, 1.15), (-long, 1.6)] {
            let k = end.signum();
            let glass = [
                self.at(end + 0.01 * k, -1.08, low),
                self.at(end + 0.01 * k, 1.08, low),
                self.at(end - 0.08 * k, 1.04, 2.5),
                self.at(end - 0.08 * k, -1.04, 2.5),
            ];
            brush.face(&glass, outward(&glass, self.at(0.0, 0.0, 1.5)), GLASS);
            let sign = [
                self.at(end - 0.08 * k, -0.7, 2.58),
                self.at(end - 0.08 * k, 0.7, 2.58),
                self.at(end - 0.1 * k, 0.7, 2.84),
                self.at(end - 0.1 * k, -0.7, 2.84),
            ];
            let behind = end
                * (brush.view.eye().minus(self.at(0.0, 0.0, 0.0))).dot(self.stand.heading.up(0.0))
                < 0.0;
            if !behind {
                brush.shining(&sign, Rgb::hex(0xf2_b8_3c), 0.9);
            }
        }
        self.lamps(brush, long + 0.01, -long - 0.01, 0.92, [0.6, 0.85], 0.24);
        self.plate(brush, long + 0.02, 0.42);
        self.plate(brush, -long - 0.02, 0.6);
    }

    fn wheels(&self, brush: &mut Brush, axles: &[f64], radius: f64, half: f64) {
        for &axle in axles {
            for side in [-1.0, 1.0] {
                let disc = |r: f64, out: f64| {
                    std::array::from_fn::<V3, 12, _>(|i| {
                        let (sin, cos) = sin_cos(i as f64 * 30.0);
                        self.at(axle + r * cos, side * out, radius + r * sin)
                    })
                };
                let outer = disc(radius, half);
                let normal = outward(&outer, self.at(axle, 0.0, radius));
                brush.face(&outer, normal, DARK);
                brush.face(&disc(radius * 0.55, half + 0.01), normal, Rgb::hex(0x8a_90_94));
            }
        }
    }

    /// Draws the lamps at both ends.
    fn lamps(&self, brush: &mut Brush, front: f64, rear: f64, right: f64, up: [f64; 2], half: f64) {
        let lit = brush.light.lamps;
        for (end, on, off) in
            [(front, HEADLIGHT, Rgb::hex(0xe4_e6_e0)), (rear, TAILLIGHT, Rgb::hex(0x8c_22_1e))]
        {
            let shines = lit || end == rear && self.brakes;
            for side in [-1.0, 1.0] {
                let (inner, outer) = (side * (right - half), side * (right + half * 0.9));
                let pane = [
                    self.at(end, inner, up[0]),
                    self.at(end, outer, up[0]),
                    self.at(end, outer, up[1]),
                    self.at(end, inner, up[1]),
                ];
                let normal = outward(&pane, self.at(0.0, 0.0, 0.6));
                if normal.dot(brush.view.eye().minus(pane[0])) <= 0.0 {
                    continue;
                }
                if shines {
                    brush.shining(&pane, on, 1.0);
                } else {
                    brush.face(&pane, normal, off);
                }
            }
        }
    }

    fn plate(&self, brush: &mut Brush, end: f64, up: f64) {
        let pane = [
            self.at(end, -0.26, up - 0.07),
            self.at(end, 0.26, up - 0.07),
            self.at(end, 0.26, up + 0.07),
            self.at(end, -0.26, up + 0.07),
        ];
        brush.face(&pane, outward(&pane, self.at(0.0, 0.0, up)), Rgb::hex(0xee_ee_e8));
    }

    fn motorbike(&self, brush: &mut Brush) {
        let mut dice = Dice::new(self.look);
        let paint = Rgb::hex(dice.pick(&BIKE));
        let parked = self.metres == 0.0 && !self.moves;
        let mut parts = vec![
            Part::Wheel {
                middle: self.at(0.64, 0.0, 0.29),
                radius: 0.29,
                half: 0.06,
                colour: DARK,
            },
            Part::Wheel {
                middle: self.at(-0.62, 0.0, 0.29),
                radius: 0.29,
                half: 0.07,
                colour: DARK,
            },
            Part::Block { low: [-0.85, 0.12, 0.45], high: [-0.05, 0.15, 0.78], colour: paint },
            Part::Block {
                low: [-0.1, 0.1, 0.28],
                high: [0.42, 0.14, 0.5],
                colour: paint.times(0.7),
            },
            Part::Block { low: [0.36, 0.16, 0.4], high: [0.56, 0.13, 1.0], colour: paint },
            Part::Limb([self.at(0.42, -0.34, 1.02), self.at(0.42, 0.34, 1.02)], [0.03; 2], DARK),
            Part::Block { low: [-0.75, 0.12, 0.76], high: [0.1, 0.14, 0.84], colour: DARK },
        ];
        if !parked {
            let (shirt, helmet) = (Rgb::hex(dice.pick(&SHIRT)), Rgb::hex(dice.pick(&HELMET)));
            let trousers = Rgb::hex(dice.pick(&TROUSERS));
            // In the rain everybody wears a cape.
            let cape = brush.light.wet.then(|| {
                Rgb::hex(dice.pick(&[0x3f_78_b0, 0xd8_c0_40, 0x5a_9a_6a, 0xb0_56_80, 0x8a_92_98]))
            });
            self.rider(&mut parts, -0.18, cape.unwrap_or(shirt), trousers, helmet, 0.42);
            if let Some(cape) = cape {
                parts.push(Part::Block {
                    low: [-0.75, 0.34, 0.72],
                    high: [0.35, 0.18, 1.2],
                    colour: cape,
                });
            }
            if dice.chance(0.28) && cape.is_none() {
                let (shirt, helmet) = (Rgb::hex(dice.pick(&SHIRT)), Rgb::hex(dice.pick(&HELMET)));
                self.rider(&mut parts, -0.58, shirt, trousers.times(1.2), helmet, -0.2);
            } else if dice.chance(0.16) {
                let goods = Rgb::hex(dice.pick(&[0x2e_8a_5a, 0xd8_6a_2a, 0xc8_b8_9a, 0x3a_6a_a8]));
                parts.push(Part::Block {
                    low: [-1.0, 0.27, 0.82],
                    high: [-0.5, 0.27, 1.32],
                    colour: goods,
                });
            }
        }
        self.draw_parts(brush, parts);
        let lit = brush.light.lamps && !parked;
        let end = |ahead: f64, half: f64, up: f64, tall: f64| {
            [
                self.at(ahead, -half, up),
                self.at(ahead, half, up),
                self.at(ahead, half, up + tall),
                self.at(ahead, -half, up + tall),
            ]
        };
        let towards =
            self.stand.heading.up(0.0).dot(brush.view.eye().minus(self.at(0.0, 0.0, 0.8))) > 0.0;
        let (pane, on, off) = if towards {
            (end(0.58, 0.1, 0.7, 0.16), HEADLIGHT, Rgb::hex(0xe2_e4_de))
        } else {
            (end(-0.87, 0.09, 0.6, 0.11), TAILLIGHT, Rgb::hex(0x9c_26_20))
        };
        if lit || !towards && self.brakes && !parked {
            brush.shining(&pane, on, 1.0);
        } else {
            brush.face(&pane, outward(&pane, self.at(0.0, 0.0, 0.6)), off);
        }
        if !towards && !parked {
            let plate = end(-0.88, 0.1, 0.42, 0.14);
            brush.face(&plate, outward(&plate, self.at(0.0, 0.0, 0.5)), Rgb::hex(0xee_ee_e8));
        }
    }

    /// Somebody in the saddle, hands `reach` ahead of the hips.
    fn rider(
        &self,
        parts: &mut Vec<Part>,
        hips: f64,
        shirt: Rgb,
        trousers: Rgb,
        helmet: Rgb,
        reach: f64,
    ) {
        let shoulders = hips + 0.12;
        for side in [-1.0, 1.0] {
            let knee = self.at(hips + 0.42, side * 0.2, 0.72);
            parts.push(Part::Limb([self.at(hips, side * 0.13, 0.84), knee], [0.1, 0.09], trousers));
            parts.push(Part::Limb(
                [knee, self.at(hips + 0.3, side * 0.19, 0.32)],
                [0.08, 0.06],
                trousers,
            ));
            let elbow = self.at(shoulders + reach * 0.45, side * 0.27, 1.08);
            parts.push(Part::Limb(
                [self.at(shoulders, side * 0.19, 1.3), elbow],
                [0.07, 0.055],
                shirt,
            ));
            if reach > 0.0 {
                parts.push(Part::Limb(
                    [elbow, self.at(hips + 0.6, side * 0.3, 1.03)],
                    [0.05, 0.045],
                    Rgb::hex(SKIN),
                ));
            }
        }
        parts.push(Part::Limb(
            [self.at(hips, 0.0, 0.88), self.at(shoulders, 0.0, 1.28)],
            [0.2, 0.19],
            shirt,
        ));
        parts.push(Part::Limb(
            [self.at(shoulders + 0.05, 0.0, 1.5), self.at(shoulders + 0.09, 0.0, 1.46)],
            [0.1, 0.1],
            Rgb::hex(SKIN),
        ));
        parts.push(Part::Limb(
            [self.at(shoulders + 0.01, 0.0, 1.58), self.at(shoulders + 0.06, 0.0, 1.57)],
            [0.145, 0.14],
            helmet,
        ));
    }

    fn bicycle(&self, brush: &mut Brush) {
        let mut dice = Dice::new(self.look);
        let frame = Rgb::hex(dice.pick(&[0x2b_5a_8a, 0x8a_2e_2a, 0x3a_3f_44, 0x2e_7a_5e]));
        let shirt = Rgb::hex(dice.pick(&SHIRT));
        let trousers = Rgb::hex(dice.pick(&TROUSERS));
        let mut parts = vec![
            Part::Wheel {
                middle: self.at(0.52, 0.0, 0.33),
                radius: 0.33,
                half: 0.025,
                colour: DARK,
            },
            Part::Wheel {
                middle: self.at(-0.52, 0.0, 0.33),
                radius: 0.33,
                half: 0.025,
                colour: DARK,
            },
            Part::Limb([self.at(-0.52, 0.0, 0.33), self.at(-0.18, 0.0, 0.85)], [0.03; 2], frame),
            Part::Limb([self.at(-0.05, 0.0, 0.3), self.at(0.42, 0.0, 0.85)], [0.03; 2], frame),
            Part::Limb([self.at(0.52, 0.0, 0.33), self.at(0.42, 0.0, 0.98)], [0.03; 2], frame),
            Part::Limb([self.at(0.4, -0.26, 1.0), self.at(0.4, 0.26, 1.0)], [0.025; 2], DARK),
        ];
        let (sin, _) = sin_cos(self.metres * 150.0);
        for side in [-1.0, 1.0] {
            let foot = self.at(0.02 + 0.12 * sin * side, side * 0.12, 0.33 + 0.12 * sin * side);
            let knee = self.at(0.22, side * 0.13, 0.72 + 0.08 * sin * side);
            parts.push(Part::Limb(
                [self.at(-0.16, side * 0.1, 0.92), knee],
                [0.09, 0.075],
                trousers,
            ));
            parts.push(Part::Limb([knee, foot], [0.065, 0.05], trousers));
            parts.push(Part::Limb(
                [self.at(0.02, side * 0.18, 1.32), self.at(0.38, side * 0.24, 1.03)],
                [0.06, 0.045],
                shirt,
            ));
        }
        parts.push(Part::Limb(
            [self.at(-0.16, 0.0, 0.95), self.at(0.0, 0.0, 1.3)],
            [0.17, 0.18],
            shirt,
        ));
        parts.push(Part::Limb([self.at(0.05, 0.0, 1.54); 2], [0.12; 2], Rgb::hex(SKIN)));
        self.headwear(&mut parts, &mut dice, 0.05, 1.6, 0.6);
        if dice.chance(0.5) {
            // A vendor's basket behind the saddle.
            let load = Rgb::hex(dice.pick(&[0x8a_a8_4a, 0xc8_8a_3a, 0xb8_a0_70, 0xc0_5a_6a]));
            parts.push(Part::Block {
                low: [-0.95, 0.3, 0.6],
                high: [-0.35, 0.34, 0.98],
                colour: load,
            });
        }
        self.draw_parts(brush, parts);
    }

    fn person(&self, brush: &mut Brush) {
        let mut dice = Dice::new(self.look);
        let shirt = Rgb::hex(dice.pick(&SHIRT));
        let trousers = Rgb::hex(dice.pick(&TROUSERS));
        let tall = dice.between(0.9, 1.04);
        let swing = if self.moves { sin_cos(self.metres * 265.0).0 } else { 0.0 };
        let mut parts = Vec::new();
        for side in [-1.0, 1.0] {
            let step = 0.26 * swing * side;
            let hip = self.at(0.0, side * 0.09, 0.84 * tall);
            let foot = self.at(step, side * 0.09, 0.05 + 0.05 * step.max(0.0));
            parts.push(Part::Limb([hip, foot], [0.1, 0.065], trousers));
            let hand = self.at(-step * 0.9, side * 0.24, 0.82 * tall);
            parts.push(Part::Limb(
                [self.at(0.0, side * 0.2, 1.33 * tall), hand],
                [0.065, 0.05],
                shirt.times(0.9),
            ));
        }
        parts.push(Part::Limb(
            [self.at(0.0, 0.0, 0.9 * tall), self.at(0.0, 0.0, 1.29 * tall)],
            [0.165, 0.185],
            shirt,
        ));
        parts.push(Part::Limb([self.at(0.02, 0.0, 1.55 * tall); 2], [0.12; 2], Rgb::hex(SKIN)));
        if brush.light.wet {
            let cloth =
                Rgb::hex(dice.pick(&[0x2c_4a_7a, 0xa0_32_3a, 0x2f_36_3c, 0xd0_a8_38, 0x6a_4a_86]));
            parts.push(Part::Cone {
                middle: self.at(0.05, 0.0, 1.78),
                radius: 0.55,
                height: 0.25,
                colour: cloth,
            });
        } else {
            self.headwear(&mut parts, &mut dice, 0.02, 1.6 * tall, 0.18);
        }
        self.draw_parts(brush, parts);
    }

    /// A conical hat with this probability, or else hair.
    fn headwear(&self, parts: &mut Vec<Part>, dice: &mut Dice, ahead: f64, up: f64, hat: f64) {
        if dice.chance(hat) {
            let straw = Rgb::hex(0xe0_cf_a0);
            parts.push(Part::Cone {
                middle: self.at(ahead, 0.0, up),
                radius: 0.27,
                height: 0.2,
                colour: straw,
            });
        } else {
            let hair = Rgb::hex(0x23_1d_1a);
            parts.push(Part::Limb(
                [self.at(ahead - 0.04, 0.0, up + 0.01), self.at(ahead - 0.01, 0.0, up + 0.02)],
                [0.115; 2],
                hair,
            ));
        }
    }

    /// Draws parts from the farthest to the nearest.
    fn draw_parts(&self, brush: &mut Brush, mut parts: Vec<Part>) {
        let eye = brush.view.eye();
        let far = |point: V3| {
            let way = point.minus(eye);
            way.dot(way)
        };
        let middle = |part: &Part| match part {
            Part::Limb([a, b], ..) => a.to(*b, 0.5),
            Part::Wheel { middle, .. } | Part::Cone { middle, .. } => *middle,
            Part::Block { low, high, .. } => {
                self.at((low[0] + high[0]) / 2.0, 0.0, (low[2] + high[2]) / 2.0)
            }
        };
        parts.sort_by(|a, b| far(middle(b)).total_cmp(&far(middle(a))));
        for part in parts {
            match part {
                Part::Limb(ends, radii, colour) => brush.limb(ends, radii, colour),
                Part::Wheel { middle, radius, half, colour } => {
                    self.thin_wheel(brush, middle, radius, half, colour)
                }
                Part::Block { low, high, colour } => {
                    self.block(
                        brush,
                        [low[2], high[2]],
                        [low[0], high[0], low[1]],
                        [low[0], high[0], high[1]],
                        colour,
                    );
                }
                Part::Cone { middle, radius, height, colour } => {
                    let rim: Vec<V3> = (0..10)
                        .map(|i| {
                            let (sin, cos) = sin_cos(f64::from(i) * 36.0);
                            middle.plus(v3(radius * cos, 0.0, radius * sin))
                        })
                        .collect();
                    let tip = middle.plus(v3(0.0, height, 0.0));
                    for i in 0..10 {
                        let face = [rim[i], rim[(i + 1) % 10], tip];
                        brush.face(&face, outward(&face, middle), colour);
                    }
                }
            }
        }
    }

    fn thin_wheel(&self, brush: &mut Brush, middle: V3, radius: f64, half: f64, colour: Rgb) {
        let Stand { heading, .. } = self.stand;
        let (ahead, right) = (heading.up(0.0), heading.right().up(0.0));
        let rim = |out: f64, r: f64| {
            std::array::from_fn::<V3, 12, _>(|i| {
                let (sin, cos) = sin_cos(i as f64 * 30.0);
                middle.plus(ahead.times(r * cos)).plus(UP.times(r * sin)).plus(right.times(out))
            })
        };
        // Its outline at once: a dozen treads would be as many polygons.
        let both = [rim(-half, radius), rim(half, radius)];
        brush.outline(both.as_flattened(), middle, colour);
        for out in [-half, half] {
            brush.face(&rim(out, radius * 0.6), right.times(out.signum()), Rgb::hex(0x6a_70_74));
        }
    }
}

/// Returns the normal of a face that points away from `inside`.
fn outward(face: &[V3], inside: V3) -> V3 {
    let normal = face[1].minus(face[0]).cross(face[2].minus(face[0])).unit();
    if normal.dot(face[0].minus(inside)) < 0.0 { normal.times(-1.0) } else { normal }
}
