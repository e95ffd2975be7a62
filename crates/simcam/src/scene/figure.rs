//! What moves, drawn: motorbikes and their riders, cars, buses, bicycles, people.
//!
//! ```text
//!  up  ahead          A figure is made of blocks, limbs and balls in its own
//!   │ ╱               metres: ahead, to the right, up. A two-wheeler's and a
//!   │╱____ right      walker's parts are drawn from the farthest to the nearest.
//! ```

mod rider;
mod vehicle;

use super::brush::{Brush, Stance, hull};
use super::path::Stand;
use super::space::{V3, v3};
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
const DARK: Rgb = Rgb::hex(0x1b_1f_22);
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
                let below = self.at(ahead, side * wide, -1.0);
                brush.smear(below, (0.4, 1.3), colour, strength as f32 * 0.34);
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
}

/// Returns the normal of a face that points away from `inside`.
fn outward(face: &[V3], inside: V3) -> V3 {
    let normal = face[1].minus(face[0]).cross(face[2].minus(face[0])).unit();
    if normal.dot(face[0].minus(inside)) < 0.0 { normal.times(-1.0) } else { normal }
}
