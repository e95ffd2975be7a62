//! Who is seen whole: on a motorbike, on a bicycle, on foot.

use super::super::brush::{Brush, UP};
use super::super::path::Stand;
use super::super::space::{Dice, V3, sin_cos, v3};
use super::{DARK, Figure, HEADLIGHT, TAILLIGHT, outward};
use crate::draw::Rgb;

/// A part of a two-wheeler or a walker.
enum Part {
    Limb([V3; 2], [f64; 2], Rgb),
    Wheel { middle: V3, radius: f64, half: f64, colour: Rgb },
    Block { low: [f64; 3], high: [f64; 3], colour: Rgb },
    Cone { middle: V3, radius: f64, height: f64, colour: Rgb },
}
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

impl Figure {
    pub(super) fn motorbike(&self, brush: &mut Brush) {
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

    pub(super) fn bicycle(&self, brush: &mut Brush) {
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

    pub(super) fn person(&self, brush: &mut Brush) {
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
        if brush.view.pixels_per_metre(brush.view.depth(middle)) * radius < 5.0 {
            return;
        }
        for out in [-half, half] {
            brush.face(&rim(out, radius * 0.6), right.times(out.signum()), Rgb::hex(0x6a_70_74));
        }
    }
}
