//! Cars and buses.

use super::super::brush::Brush;
use super::super::space::{Dice, V3, sin_cos};
use super::{DARK, Figure, HEADLIGHT, TAILLIGHT, outward};
use crate::draw::Rgb;

const PAINT: [u32; 9] = [
    0xd9_dd_de, 0x9a_a3_a8, 0x3c_43_48, 0xf0_f0_ec, 0x6b_7c_8c, 0x94_2f_2b, 0x2c_50_78, 0xb8_a7_88,
    0xc0_8a_2e,
];
const BUS: [u32; 4] = [0xd8_a8_2e, 0x2f_7d_5b, 0xc9_4a_36, 0xd3_d8_d8];
const GLASS: Rgb = Rgb::hex(0x22_2c_33);

impl Figure {
    pub(super) fn car(&self, brush: &mut Brush) {
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

    pub(super) fn bus(&self, brush: &mut Brush) {
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
}
