//! Rows of narrow houses along the streets: shops below, balconies above.
//!
//! ```text
//!   ┌──────┐  tank, roof shed       A house is a block; the fronts that face a
//!   │ ▯  ▯ │  floor: windows,       street are drawn in their own metres: along
//!   │ ▯==▯ │  balcony, plants,      the wall, and up.
//!   ├──────┤  sign board
//!   │▒▒▒▒▒▒│  shop, awning
//!   └──────┘
//! ```

use super::brush::{Brush, Stance, UP};
use super::plan::{Corner, Plan};
use super::space::{Dice, V2, V3, v2};
use crate::draw::Rgb;

const WALLS: [u32; 11] = [
    0xe4_c9_86, 0xd6_b9_9a, 0xb9_c4_b4, 0xe6_dc_c6, 0xc9_85_6c, 0xa9_bb_c4, 0xe9_d9_a6, 0xd4_a5_8c,
    0xcf_d3_cc, 0x9f_b3_a0, 0xf0_e6_d8,
];
const SIGNS: [u32; 9] = [
    0xc2_30_2c, 0x1f_6a_94, 0x2f_7d_52, 0xe0_a0_2a, 0x5a_4a_8a, 0xd8_5a_2a, 0xf0_ee_e6, 0x1a_8a_8a,
    0xb8_3a_6a,
];
const GROUND_FLOOR: f64 = 3.7;
const FLOOR: f64 = 3.2;

/// A house: the rectangle it stands on, and which of its sides face a street.
pub(super) struct House {
    from: V2,
    to: V2,
    floors: usize,
    /// West, east, south, north.
    fronts: [bool; 4],
    seed: u64,
}

/// A wall seen from the street.
struct Front<'h> {
    /// Its left lower corner, seen from the street, and where its right one lies.
    corner: V2,
    along: V2,
    out: V2,
    width: f64,
    house: &'h House,
}

/// Plans the rows of houses.
pub(super) fn plan_rows(plan: &Plan) -> Vec<House> {
    let mut dice = Dice::new(plan.seed ^ 0x40);
    let mut houses = Vec::new();
    for (i, corner) in plan.corners.into_iter().enumerate() {
        let Corner::Houses(low, high) = corner else { continue };
        let (sx, sz) = [(-1.0, 1.0), (1.0, 1.0), (1.0, -1.0), (-1.0, -1.0)][i];
        let (x, z) = (plan.main.half + plan.main.pavement, plan.cross.half + plan.cross.pavement);
        let deep = 11.0;
        let span = |a: f64, b: f64, s: f64| if s > 0.0 { (a, b) } else { (-b, -a) };
        let mut add = |x: (f64, f64), z: (f64, f64), fronts, dice: &mut Dice| {
            let floors = low + dice.below(high - low + 1);
            houses.push(House {
                from: v2(x.0, z.0),
                to: v2(x.1, z.1),
                floors,
                fronts,
                seed: dice.next(),
            });
        };
        let (to_main, to_cross) = (usize::from(sx < 0.0), if sz > 0.0 { 2 } else { 3 });
        // Along the main street; the first one stands on the corner.
        let end = if sz > 0.0 { 130.0 } else { 66.0 };
        let mut at = z;
        while at < end {
            let wide = if at == z { 7.0 } else { dice.between(3.8, 6.4) };
            let mut fronts = [false; 4];
            fronts[to_main] = true;
            fronts[to_cross] = at == z;
            add(span(x, x + deep, sx), span(at, at + wide - 0.06, sz), fronts, &mut dice);
            at += wide;
        }
        let mut at = x + deep;
        while at < 84.0 {
            let wide = dice.between(3.8, 6.2);
            let mut fronts = [false; 4];
            fronts[to_cross] = true;
            add(span(at, at + wide - 0.06, sx), span(z, z + deep, sz), fronts, &mut dice);
            at += wide;
        }
    }
    houses
}

impl House {
    /// The point by which rows are drawn in order.
    pub(super) fn middle(&self) -> V3 {
        self.from.plus(self.to).times(0.5).up(0.0)
    }

    fn height(&self) -> f64 {
        GROUND_FLOOR + FLOOR * (self.floors - 1) as f64
    }

    pub(super) fn draw(&self, brush: &mut Brush) {
        brush.stance = Stance::Standing;
        let mut dice = Dice::new(self.seed);
        let wall = Rgb::hex(dice.pick(&WALLS)).times(dice.between(0.9, 1.04) as f32);
        let height = self.height();
        let (a, b) = (self.from, self.to);
        let corners = [a, v2(b.x, a.z), b, v2(a.x, b.z)];
        // West, east, south, north, as `fronts` has them.
        let sides = [
            (3, 0, v2(-1.0, 0.0)),
            (1, 2, v2(1.0, 0.0)),
            (0, 1, v2(0.0, -1.0)),
            (2, 3, v2(0.0, 1.0)),
        ];
        let plain = wall.mix(Rgb::hex(0xa8_a0_94), 0.55);
        for (i, (p, q, out)) in sides.into_iter().enumerate() {
            let (p, q) = (corners[p], corners[q]);
            let quad = [p.up(0.0), q.up(0.0), q.up(height), p.up(height)];
            brush.face(&quad, out.up(0.0), if self.fronts[i] { wall } else { plain });
        }
        let roof = corners.map(|corner| corner.up(height));
        brush.face(&roof, UP, Rgb::hex(0xa0_8c_80).mix(wall, 0.3));
        self.roof(brush, &mut dice);
        for (i, (p, q, out)) in sides.into_iter().enumerate() {
            let (p, q) = (corners[p], corners[q]);
            let facing = brush.view.eye().minus(p.up(0.0)).dot(out.up(0.0)) > 0.0;
            if !self.fronts[i] || !facing {
                continue;
            }
            let way = q.minus(p);
            let front = Front {
                corner: p,
                along: way.unit(),
                out,
                width: way.dot(way).sqrt(),
                house: self,
            };
            front.draw(brush, wall, &mut dice);
        }
    }

    /// A shed with a tin roof, and a tank of bright steel.
    fn roof(&self, brush: &mut Brush, dice: &mut Dice) {
        let middle = self.from.plus(self.to).times(0.5);
        let top = self.height();
        if dice.chance(0.55) {
            let half = v2((self.to.x - self.from.x) * 0.34, (self.to.z - self.from.z) * 0.34);
            let corner = |sx: f64, sz: f64, up: f64| {
                v2(middle.x + sx * half.x, middle.z + sz * half.z).up(top + up)
            };
            let colour = Rgb::hex(dice.pick(&[0x8a_9a_a0, 0xb0_5a_46, 0x9a_a0_94, 0x5a_7a_8a]));
            for (p, q, normal) in [
                ((-1.0, -1.0), (-1.0, 1.0), v2(-1.0, 0.0)),
                ((1.0, -1.0), (1.0, 1.0), v2(1.0, 0.0)),
                ((-1.0, -1.0), (1.0, -1.0), v2(0.0, -1.0)),
            ] {
                let quad = [
                    corner(p.0, p.1, 0.0),
                    corner(q.0, q.1, 0.0),
                    corner(q.0, q.1, 2.1),
                    corner(p.0, p.1, 2.1),
                ];
                brush.face(&quad, normal.up(0.0), Rgb::hex(0xc9_c0_b0));
            }
            let lid = [
                corner(-1.15, -1.15, 2.1),
                corner(1.15, -1.15, 2.1),
                corner(1.15, 1.15, 2.5),
                corner(-1.15, 1.15, 2.5),
            ];
            brush.face(&lid, UP, colour);
            let eave = [
                corner(-1.15, -1.15, 2.0),
                corner(1.15, -1.15, 2.0),
                corner(1.15, -1.15, 2.15),
                corner(-1.15, -1.15, 2.15),
            ];
            brush.face(&eave, v2(0.0, -1.0).up(0.0), colour.times(0.8));
        }
        if dice.chance(0.6) {
            let at = v2(middle.x + dice.between(-1.5, 1.5), middle.z + dice.between(-1.2, 1.2));
            let steel = Rgb::hex(0xc4_ce_d4);
            brush.limb([at.up(top + 1.3), at.plus(v2(1.4, 0.0)).up(top + 1.3)], [0.55; 2], steel);
        }
    }
}

impl Front<'_> {
    /// The point so far along the wall, so high, so far out of it.
    fn at(&self, along: f64, up: f64, out: f64) -> V3 {
        self.corner.plus(self.along.times(along)).plus(self.out.times(out)).up(up)
    }

    fn pane(&self, brush: &mut Brush, x: (f64, f64), y: (f64, f64), out: f64, colour: Rgb) {
        let quad = [
            self.at(x.0, y.0, out),
            self.at(x.1, y.0, out),
            self.at(x.1, y.1, out),
            self.at(x.0, y.1, out),
        ];
        brush.face(&quad, self.out.up(0.0), colour);
    }

    fn lit(
        &self,
        brush: &mut Brush,
        x: (f64, f64),
        y: (f64, f64),
        out: f64,
        colour: Rgb,
        alpha: f32,
    ) {
        let quad = [
            self.at(x.0, y.0, out),
            self.at(x.1, y.0, out),
            self.at(x.1, y.1, out),
            self.at(x.0, y.1, out),
        ];
        brush.shining(&quad, colour, alpha);
    }

    /// A shelf that stands out of the wall: its front, its underside or top, its ends.
    fn shelf(&self, brush: &mut Brush, x: (f64, f64), y: (f64, f64), out: f64, colour: Rgb) {
        self.pane(brush, x, y, out, colour);
        let level = |up: f64| {
            [
                self.at(x.0, up, 0.0),
                self.at(x.1, up, 0.0),
                self.at(x.1, up, out),
                self.at(x.0, up, out),
            ]
        };
        brush.face(&level(y.1), UP, colour);
        brush.face(&level(y.0), UP.times(-1.0), colour.times(0.6));
        for (along, sign) in [(x.0, -1.0), (x.1, 1.0)] {
            let end = [
                self.at(along, y.0, 0.0),
                self.at(along, y.0, out),
                self.at(along, y.1, out),
                self.at(along, y.1, 0.0),
            ];
            brush.face(&end, self.along.times(sign).up(0.0), colour.times(0.9));
        }
    }

    fn draw(&self, brush: &mut Brush, wall: Rgb, dice: &mut Dice) {
        // What is too far for details keeps its windows only.
        let near = brush.view.depth(self.at(self.width / 2.0, 3.0, 0.0)) < 75.0;
        let trim = wall.mix(Rgb::WHITE, 0.5);
        let shape = dice.below(4);
        for floor in 1..self.house.floors {
            let foot = GROUND_FLOOR + FLOOR * (floor - 1) as f64;
            self.floor(brush, foot, shape, trim, near, dice);
        }
        let top = self.house.height();
        self.shelf(brush, (-0.05, self.width + 0.05), (top - 0.25, top + 0.45), 0.22, trim);
        self.shop(brush, near, dice);
        if near && dice.chance(0.5) {
            self.blade_sign(brush, dice);
        }
    }

    fn floor(
        &self,
        brush: &mut Brush,
        foot: f64,
        shape: usize,
        trim: Rgb,
        near: bool,
        dice: &mut Dice,
    ) {
        let count = ((self.width / 1.9) as usize).max(1);
        let pitch = self.width / count as f64;
        let lamps = brush.light.lamps;
        self.pane(brush, (0.0, self.width), (foot - 0.12, foot + 0.1), 0.04, trim.times(0.94));
        for window in 0..count {
            let middle = pitch * (window as f64 + 0.5);
            let half = if shape == 1 { 0.42 } else { 0.62 };
            let (low, high) =
                if shape == 2 { (foot + 0.2, foot + 2.45) } else { (foot + 0.75, foot + 2.4) };
            self.pane(
                brush,
                (middle - half - 0.12, middle + half + 0.12),
                (low - 0.1, high + 0.12),
                0.03,
                trim,
            );
            let lit = lamps && dice.chance(0.46);
            if lit {
                let warm = Rgb::hex(dice.pick(&[0xff_d2_8a, 0xff_e4_b4, 0xf6_ee_d8, 0xff_c0_70]));
                self.lit(
                    brush,
                    (middle - half, middle + half),
                    (low, high),
                    0.05,
                    warm.times(dice.between(0.65, 0.95) as f32),
                    1.0,
                );
            } else {
                let glass = Rgb::hex(dice.pick(&[0x4a_5c_68, 0x3c_4a_54, 0x5a_6c_74, 0x44_52_4e]));
                self.pane(brush, (middle - half, middle + half), (low, high), 0.05, glass);
                // The sky in the upper half of the pane.
                if !lamps {
                    self.pane(
                        brush,
                        (middle - half, middle + half),
                        (low + (high - low) * 0.55, high),
                        0.06,
                        glass.mix(brush.light.sky[1], 0.3),
                    );
                }
            }
            self.pane(brush, (middle - 0.035, middle + 0.035), (low, high), 0.07, trim);
            if shape == 3 && near {
                let shutter = Rgb::hex(0x3f_7a_66);
                for side in [-1.0, 1.0] {
                    let edge = middle + side * (half + 0.1);
                    let x = if side < 0.0 { (edge - 0.36, edge) } else { (edge, edge + 0.36) };
                    self.pane(brush, x, (low, high), 0.06, shutter);
                }
            }
            if near && dice.chance(0.28) {
                self.shelf(
                    brush,
                    (middle - 0.4, middle + 0.4),
                    (foot + 0.14, foot + 0.6),
                    0.32,
                    Rgb::hex(0xe6_e8_e6),
                );
                self.pane(
                    brush,
                    (middle - 0.22, middle + 0.12),
                    (foot + 0.2, foot + 0.54),
                    0.34,
                    Rgb::hex(0x9a_a2_a6),
                );
            }
        }
        if shape != 1 && dice.chance(0.72) {
            self.balcony(brush, foot, trim, near, dice);
        }
    }

    fn balcony(&self, brush: &mut Brush, foot: f64, trim: Rgb, near: bool, dice: &mut Dice) {
        let (x, out) = ((0.25, self.width - 0.25), 0.85);
        self.shelf(brush, x, (foot - 0.1, foot + 0.08), out, trim.times(0.95));
        let rail = Rgb::hex(dice.pick(&[0x3a_42_46, 0x6a_74_70, 0xdd_dc_d4, 0x54_48_40]));
        self.pane(brush, x, (foot + 0.88, foot + 0.96), out, rail);
        if near {
            let mut at = x.0;
            while at < x.1 {
                self.pane(brush, (at, at + 0.05), (foot + 0.08, foot + 0.9), out, rail);
                at += 0.26;
            }
        } else {
            let quad = [
                self.at(x.0, foot, out),
                self.at(x.1, foot, out),
                self.at(x.1, foot + 0.9, out),
                self.at(x.0, foot + 0.9, out),
            ];
            let colour = brush.light.tone(rail, self.out.up(0.0), Rgb::BLACK, 60.0);
            brush.shining(&quad, colour, 0.4);
        }
        let plants = dice.below(7);
        for _ in 0..plants {
            let at = dice.between(x.0 + 0.2, x.1 - 0.2);
            let green = Rgb::hex(dice.pick(&[0x5f_8a_48, 0x48_70_3c, 0x7a_9c_50]));
            let size = dice.between(0.18, 0.4);
            brush.ball(self.at(at, foot + 0.75 + size * 0.5, out - 0.1), size, green);
            if dice.chance(0.3) {
                brush.ball(self.at(at + 0.1, foot + 0.9, out), 0.12, Rgb::hex(0xd8_4a_7a));
            }
        }
        // Laundry, now and then.
        if near && dice.chance(0.25) {
            for piece in 0..4 {
                let from = x.0 + 0.4 + f64::from(piece) * 0.6;
                let cloth = Rgb::hex(dice.pick(&[0xd8_d8_e0, 0xb8_50_50, 0x5a_80_b0, 0xe0_c0_70]));
                self.pane(brush, (from, from + 0.45), (foot + 1.3, foot + 2.0), out - 0.15, cloth);
            }
        }
    }

    fn shop(&self, brush: &mut Brush, near: bool, dice: &mut Dice) {
        let (x, high) = ((0.3, self.width - 0.3), 2.75);
        let open = dice.chance(0.8);
        if !open {
            self.pane(brush, x, (0.0, high), 0.04, Rgb::hex(0x8c_94_98));
            for slat in 1..9 {
                let y = high * f64::from(slat) / 9.0;
                self.pane(brush, x, (y, y + 0.04), 0.05, Rgb::hex(0x72_7a_7e));
            }
        } else if brush.light.lamps {
            let warm = Rgb::hex(dice.pick(&[0xff_dc_9c, 0xff_f0_d4, 0xff_c8_7c, 0xe8_f2_ff]));
            let strength = if brush.light.sun.r > 0.0 || brush.light.wet { 0.8 } else { 0.95 };
            self.lit(brush, x, (0.0, high), 0.04, warm.times(strength * 0.8), 1.0);
            self.lit(brush, x, (high * 0.7, high), 0.05, warm, 0.7);
            self.goods(brush, x, dice);
            let glow = self.at(self.width / 2.0, 0.0, 1.9);
            brush.stance = Stance::Flat;
            let spill = if brush.light.wet {
                0.2
            } else if brush.light.sun.r > 0.0 {
                0.14
            } else {
                0.4
            };
            brush.pool(glow, self.width * 0.62, warm, spill);
            brush.stance = Stance::Standing;
        } else {
            self.pane(brush, x, (0.0, high), 0.04, Rgb::hex(0x40_46_4a));
            self.pane(brush, x, (high * 0.62, high), 0.05, Rgb::hex(0x2c_32_36));
            self.goods(brush, x, dice);
        }
        let sign = Rgb::hex(dice.pick(&SIGNS));
        let pale = sign.r + sign.g + sign.b > 2.3;
        let letters = if pale {
            Rgb::hex(dice.pick(&[0xb0_28_28, 0x1c_58_86]))
        } else {
            Rgb::hex(0xfa_f4_e2)
        };
        let glows = brush.light.lamps && dice.chance(0.75);
        let board = (high + 0.12, GROUND_FLOOR - 0.1);
        self.shelf(brush, (0.1, self.width - 0.1), board, 0.25, sign);
        if glows {
            self.lit(brush, (0.1, self.width - 0.1), board, 0.26, sign, 0.85);
        }
        if near {
            let mut at = 0.5 + dice.between(0.0, 0.4);
            let tall = (board.0 + 0.2, board.1 - 0.2);
            while at < self.width - 0.9 {
                let wide = dice.between(0.14, 0.34);
                let up = if dice.chance(0.3) { tall.1 + 0.08 } else { tall.1 };
                if glows {
                    self.lit(brush, (at, at + wide), (tall.0, up), 0.28, letters, 0.95);
                } else {
                    self.pane(brush, (at, at + wide), (tall.0, up), 0.28, letters);
                }
                at += wide + if dice.chance(0.2) { 0.34 } else { 0.1 };
            }
        }
        if dice.chance(0.55) {
            self.awning(brush, sign, dice);
        }
    }

    /// Colourful things in the shop window.
    fn goods(&self, brush: &mut Brush, x: (f64, f64), dice: &mut Dice) {
        for shelf in 0..3 {
            let mut at = x.0 + dice.between(0.1, 0.5);
            let foot = 0.15 + 0.75 * f64::from(shelf);
            while at < x.1 - 0.3 {
                let (wide, tall) = (dice.between(0.15, 0.5), dice.between(0.25, 0.6));
                let colour = Rgb::hex(dice.pick(&[
                    0xb8_4a_3a, 0x3a_6a_8a, 0xd0_b0_50, 0x5a_7a_50, 0x8a_6a_50, 0xd8_d4_c8,
                    0x4a_40_3a,
                ]));
                if dice.chance(0.7) {
                    self.pane(
                        brush,
                        (at, (at + wide).min(x.1)),
                        (foot, foot + tall),
                        0.06,
                        colour.times(0.8),
                    );
                }
                at += wide + dice.between(0.02, 0.4);
            }
        }
    }

    /// A cloth roof over the pavement, in stripes.
    fn awning(&self, brush: &mut Brush, colour: Rgb, dice: &mut Dice) {
        let striped = dice.chance(0.6);
        let (out, high, low) = (1.5, 2.9, 2.35);
        let stripes = ((self.width - 0.4) / 0.45) as usize;
        let pitch = (self.width - 0.4) / stripes.max(1) as f64;
        let slope = self.out.times(0.35).up(0.94);
        for stripe in 0..stripes {
            let x = 0.2 + pitch * stripe as f64;
            let shade = if striped && stripe % 2 == 1 { Rgb::hex(0xf2_ee_e2) } else { colour };
            let cloth = [
                self.at(x, high, 0.26),
                self.at(x + pitch, high, 0.26),
                self.at(x + pitch, low, out),
                self.at(x, low, out),
            ];
            brush.face(&cloth, slope, shade);
            self.pane(brush, (x, x + pitch), (low - 0.25, low), out, shade.times(0.92));
        }
    }

    /// A sign that stands out of the wall above the pavement.
    fn blade_sign(&self, brush: &mut Brush, dice: &mut Dice) {
        let colour = Rgb::hex(dice.pick(&SIGNS));
        let at = dice.between(0.4, self.width - 0.4);
        let (foot, tall, out) =
            (GROUND_FLOOR + 0.3, dice.between(1.2, 2.6), dice.between(0.7, 1.1));
        let quad = |inset: f64| {
            [
                self.at(at, foot + inset, 0.15 + inset),
                self.at(at, foot + inset, out - inset),
                self.at(at, foot + tall - inset, out - inset),
                self.at(at, foot + tall - inset, 0.15 + inset),
            ]
        };
        for sign in [-1.0, 1.0] {
            brush.face(&quad(0.0), self.along.times(sign).up(0.0), colour);
        }
        if brush.light.lamps {
            brush.shining(&quad(0.0), colour, 0.9);
            brush.stance = Stance::Flat;
            brush.glow(self.at(at, foot + tall / 2.0, out / 2.0), tall, colour, 0.3);
            brush.stance = Stance::Standing;
        }
        let marks = (tall / 0.5) as usize;
        for mark in 0..marks {
            let y = foot + 0.22 + mark as f64 * 0.48;
            let pale = Rgb::hex(0xfb_f6_e6);
            let glyph = [
                self.at(at, y, 0.3),
                self.at(at, y, out - 0.15),
                self.at(at, y + 0.28, out - 0.15),
                self.at(at, y + 0.28, 0.3),
            ];
            brush.shining(
                &glyph,
                if brush.light.lamps { pale } else { pale.under(brush.light.ambient.times(1.35)) },
                0.85,
            );
        }
    }
}
