//! Drawing things of the world: faces, limbs, balls, shine.
//!
//! A brush knows where things are seen (`View`) and in what light, and turns
//! shapes in metres into polygons of a [`Sheet`]. What is made of these shapes is
//! the business of `ground`, `houses`, `furniture` and `figure`.

use std::f32::consts::FRAC_1_SQRT_2;

use super::light::Light;
use super::space::{V3, v3};
use super::view::View;
use crate::draw::{Place, Point, Rgb, Sheet};

/// A brush over a sheet.
pub(crate) struct Brush<'a> {
    pub(crate) sheet: &'a mut Sheet,
    pub(crate) view: &'a View,
    pub(crate) light: &'a Light,
    /// How what is drawn next stands in the world.
    pub(crate) stance: Stance,
    /// Light of lamps that falls on what is drawn next.
    pub(crate) lamplight: Rgb,
    /// From 0, not there, to 1.
    pub(crate) alpha: f32,
    /// Draws everything upside down below the ground, as wet asphalt shows it.
    pub(crate) mirrored: bool,
    /// The rectangle of what was drawn since it was last taken.
    pub(crate) extent: Extent,
}

/// How things stand in the world.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stance {
    /// On the ground or in the sky, hiding nothing.
    Flat,
    /// For good; hides what moves behind it.
    Standing,
    /// At this distance, for this frame.
    Moving(f64),
    /// As `Moving`, without being part of what is there: shadow, shine.
    Beside(f64),
}

/// A rectangle on the picture that grows over what is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Extent {
    pub(crate) left: f32,
    pub(crate) top: f32,
    pub(crate) right: f32,
    pub(crate) bottom: f32,
}

impl Default for Extent {
    fn default() -> Self {
        Self { left: f32::MAX, top: f32::MAX, right: f32::MIN, bottom: f32::MIN }
    }
}

impl Extent {
    fn take(&mut self, points: &[Point]) {
        for &(x, y) in points {
            (self.left, self.right) = (self.left.min(x), self.right.max(x));
            (self.top, self.bottom) = (self.top.min(y), self.bottom.max(y));
        }
    }

    /// Returns the part of it on a picture of this size, unless there is none.
    pub(crate) fn within(self, width: f32, height: f32) -> Option<Self> {
        let cut = Self {
            left: self.left.max(0.0),
            top: self.top.max(0.0),
            right: self.right.min(width),
            bottom: self.bottom.min(height),
        };
        (cut.left < cut.right && cut.top < cut.bottom).then_some(cut)
    }
}

/// Up, the normal of the ground.
pub(crate) const UP: V3 = v3(0.0, 1.0, 0.0);

impl<'a> Brush<'a> {
    pub(crate) fn new(sheet: &'a mut Sheet, view: &'a View, light: &'a Light) -> Self {
        Self {
            sheet,
            view,
            light,
            stance: Stance::Flat,
            lamplight: Rgb::BLACK,
            alpha: 1.0,
            mirrored: false,
            extent: Extent::default(),
        }
    }

    /// Fills a flat shape that is lit as its normal says, if its front is seen.
    /// Points run so that the front is seen from the normal's side; any order does.
    pub(crate) fn face(&mut self, points: &[V3], normal: V3, colour: Rgb) {
        let (points, normal) = self.placed(points, normal);
        if normal.dot(self.view.eye().minus(points[0])) <= 0.0 {
            return;
        }
        let middle = middle_of(&points);
        let lit_by = if self.mirrored { v3(normal.x, -normal.y, normal.z) } else { normal };
        let colour = self.light.tone(colour, lit_by, self.lamplight, self.view.depth(middle));
        self.fill(&points, colour, 1.0, normal);
    }

    /// Fills a flat shape that shines by itself, from both sides.
    pub(crate) fn shining(&mut self, points: &[V3], colour: Rgb, alpha: f32) {
        let normal = points[1].minus(points[0]).cross(points[2].minus(points[0])).unit();
        let (points, normal) = self.placed(points, normal);
        let colour = self.light.hazed(colour, self.view.depth(middle_of(&points)) * 0.6);
        self.fill(&points, colour, alpha, normal);
    }

    /// Fills a shape on the ground, `alpha` of it.
    pub(crate) fn on_ground(&mut self, points: &[V3], colour: Rgb, alpha: f32) {
        let colour =
            self.light.tone(colour, UP, self.lamplight, self.view.depth(middle_of(points)));
        self.fill(points, colour, alpha, UP);
    }

    /// Fills a shape on the ground in exactly this colour, as shadows need it.
    pub(crate) fn stain(&mut self, points: &[Point], colour: Rgb, alpha: f32) {
        let place = self.place(UP, v3(0.0, 0.0, 0.0));
        self.sheet.polygon(points, colour, alpha * self.alpha, place);
    }

    /// Draws a limb: two balls and what lies between.
    pub(crate) fn limb(&mut self, ends: [V3; 2], radii: [f64; 2], colour: Rgb) {
        let [a, b] = ends.map(|end| self.placed_point(end));
        let (Some(p), Some(q)) = (self.view.point(a), self.view.point(b)) else { return };
        let (deep_a, deep_b) = (self.view.depth(a), self.view.depth(b));
        let ra = (radii[0] * self.view.pixels_per_metre(deep_a)) as f32;
        let rb = (radii[1] * self.view.pixels_per_metre(deep_b)) as f32;
        if ra.max(rb) < 0.45 && self.stance != Stance::Flat {
            // Too thin to be seen, too many to be drawn.
            return;
        }
        let depth = (deep_a + deep_b) / 2.0;
        let side = self.light.tone(colour, v3(0.25, 0.15, -0.6), self.lamplight, depth);
        let lit = self.light.tone(colour, self.light.to_sun.to(UP, 0.4), self.lamplight, depth);
        let place = self.place_at(a.to(b, 0.5));
        let outline = hull_of_two((p, ra.max(0.35)), (q, rb.max(0.35)));
        self.extent.take(&outline);
        self.sheet.polygon(&outline, side, self.alpha, place);
        // Where the light comes from it is brighter.
        if ra.max(rb) > 3.5 && !self.mirrored {
            let lean = if self.light.to_sun.x < -0.1 { -0.28 } else { 0.0 };
            let shift = |(x, y): Point, r: f32| (x + r * lean, y - r * 0.22);
            let inner = hull_of_two((shift(p, ra), ra * 0.62), (shift(q, rb), rb * 0.62));
            self.sheet.polygon(&inner, lit, self.alpha * 0.8, place);
        }
    }

    /// Draws a bulging thing as its outline, in one colour.
    pub(crate) fn outline(&mut self, points: &[V3], middle: V3, colour: Rgb) {
        let seen: Option<Vec<Point>> =
            points.iter().map(|&point| self.view.point(self.placed_point(point))).collect();
        let Some(seen) = seen else { return };
        let middle = self.placed_point(middle);
        let colour =
            self.light.tone(colour, v3(0.0, 0.3, -0.7), self.lamplight, self.view.depth(middle));
        self.extent.take(&seen);
        let place = self.place_at(middle);
        self.sheet.polygon(&hull(seen), colour, self.alpha, place);
    }

    /// Draws a ball.
    pub(crate) fn ball(&mut self, middle: V3, radius: f64, colour: Rgb) {
        self.limb([middle, middle], [radius, radius], colour);
    }

    /// Lays shine around a point of the world: `strength` in its middle.
    pub(crate) fn glow(&mut self, middle: V3, radius: f64, colour: Rgb, strength: f32) {
        self.smear(middle, (radius, radius), colour, strength);
    }

    /// Lays shine that is wider or taller than round, as on wet ground.
    pub(crate) fn smear(&mut self, middle: V3, radii: (f64, f64), colour: Rgb, strength: f32) {
        let middle = self.placed_point(middle);
        let Some(point) = self.view.point(middle) else { return };
        let scale = self.view.pixels_per_metre(self.view.depth(middle));
        let pixels = ((radii.0 * scale) as f32, (radii.1 * scale) as f32);
        let place = self.place_at(middle);
        self.sheet.glow(point, pixels, colour, strength * self.alpha, place);
    }

    /// Lays a round pool of light on the ground.
    pub(crate) fn pool(&mut self, middle: V3, radius: f64, colour: Rgb, strength: f32) {
        let (Some((x, y)), Some((_, far))) =
            (self.view.point(middle), self.view.point(middle.plus(v3(0.0, 0.0, radius))))
        else {
            return;
        };
        let wide = (radius * self.view.pixels_per_metre(self.view.depth(middle))) as f32;
        let place = self.place_at(middle);
        self.sheet.glow(
            (x, y),
            (wide, (y - far).abs().max(1.0)),
            colour,
            strength * self.alpha,
            place,
        );
    }

    /// Fills a shape of the world in exactly this colour.
    fn fill(&mut self, points: &[V3], colour: Rgb, alpha: f32, normal: V3) {
        let mut flat = Vec::with_capacity(points.len() + 2);
        self.view.polygon(points, &mut flat);
        if flat.len() < 3 {
            return;
        }
        self.extent.take(&flat);
        let place = self.place(normal, points[0]);
        self.sheet.polygon(&flat, colour, alpha * self.alpha, place);
    }

    fn place(&self, normal: V3, point: V3) -> Place {
        match self.stance {
            Stance::Flat => Place::Flat,
            Stance::Standing => {
                let (at_origin, per_x, per_y) = self.view.nearness_of_plane(point, normal);
                Place::Standing { at_origin, per_x, per_y }
            }
            Stance::Moving(metres) => Place::Moving { nearness: (1.0 / metres) as f32 },
            Stance::Beside(metres) => Place::Beside { nearness: (1.0 / metres) as f32 },
        }
    }

    /// The place of something round.
    fn place_at(&self, point: V3) -> Place {
        match self.stance {
            Stance::Standing => {
                let nearness = (1.0 / self.view.depth(point).max(0.5)) as f32;
                Place::Standing { at_origin: nearness, per_x: 0.0, per_y: 0.0 }
            }
            _ => self.place(UP, point),
        }
    }

    fn placed(&self, points: &[V3], normal: V3) -> (Vec<V3>, V3) {
        let points = points.iter().map(|&point| self.placed_point(point)).collect();
        let normal = if self.mirrored { v3(normal.x, -normal.y, normal.z) } else { normal };
        (points, normal)
    }

    fn placed_point(&self, point: V3) -> V3 {
        if self.mirrored { v3(point.x, -point.y, point.z) } else { point }
    }
}

fn middle_of(points: &[V3]) -> V3 {
    let sum = points.iter().fold(v3(0.0, 0.0, 0.0), |sum, &point| sum.plus(point));
    sum.times(1.0 / points.len() as f64)
}

/// Eight directions of a half circle, from +90° over 0° to −90°.
const HALF: [Point; 9] = [
    (0.0, 1.0),
    (0.382_68, 0.923_88),
    (FRAC_1_SQRT_2, FRAC_1_SQRT_2),
    (0.923_88, 0.382_68),
    (1.0, 0.0),
    (0.923_88, -0.382_68),
    (FRAC_1_SQRT_2, -FRAC_1_SQRT_2),
    (0.382_68, -0.923_88),
    (0.0, -1.0),
];

/// Returns the outline of two discs and what lies between them.
fn hull_of_two((p, rp): (Point, f32), (q, rq): (Point, f32)) -> Vec<Point> {
    let (dx, dy) = (q.0 - p.0, q.1 - p.1);
    let length = (dx * dx + dy * dy).sqrt();
    let (ux, uy) = if length > 0.01 { (dx / length, dy / length) } else { (1.0, 0.0) };
    let round = |(x, y): Point, r: f32, sign: f32| {
        HALF.map(|(a, b)| (x + sign * r * (a * ux - b * uy), y + sign * r * (a * uy + b * ux)))
    };
    round(q, rq, 1.0).into_iter().chain(round(p, rp, -1.0)).collect()
}

/// Returns the outline of the smallest bulging shape around some points.
pub(crate) fn hull(mut points: Vec<Point>) -> Vec<Point> {
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut outline: Vec<Point> = Vec::new();
    let turns =
        |a: Point, b: Point, c: Point| (b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0);
    let mut half = |points: &mut dyn Iterator<Item = Point>| {
        let base = outline.len();
        for point in points {
            while outline.len() >= base + 2
                && turns(outline[outline.len() - 2], outline[outline.len() - 1], point) <= 0.0
            {
                outline.pop();
            }
            outline.push(point);
        }
        outline.pop();
    };
    half(&mut points.iter().copied());
    half(&mut points.iter().rev().copied());
    outline
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hull_leaves_out_what_is_inside() {
        let points = vec![(0.0, 0.0), (4.0, 0.0), (2.0, 1.0), (4.0, 4.0), (0.0, 4.0), (1.0, 3.0)];
        assert_eq!(hull(points), [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)]);
    }
}
