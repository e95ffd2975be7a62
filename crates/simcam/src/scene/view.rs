//! The pinhole: where a point of the world stands on the picture.

use super::space::{V3, sin_cos, v3};
use crate::draw::Point;

/// How the camera hangs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pose {
    /// Metres east of the junction's middle.
    pub(crate) x: f64,
    /// Metres above the ground.
    pub(crate) height: f64,
    /// Metres north of the junction's middle.
    pub(crate) z: f64,
    /// Degrees from north towards east.
    pub(crate) heading: f64,
    /// Degrees downwards.
    pub(crate) tilt: f64,
    /// Degrees from the left to the right rim of the picture.
    pub(crate) wide: f64,
}

/// A pose, made ready for a picture of some size.
#[derive(Clone, Debug)]
pub(crate) struct View {
    eye: V3,
    right: V3,
    up: V3,
    ahead: V3,
    focal: f64,
    middle: (f64, f64),
}

/// What is nearer than this, in metres, is cut off.
const NEAR: f64 = 0.5;

impl View {
    pub(crate) fn new(pose: Pose, width: usize, height: usize) -> Self {
        let (sin_h, cos_h) = sin_cos(pose.heading);
        let (sin_t, cos_t) = sin_cos(pose.tilt);
        let (sin_w, cos_w) = sin_cos(pose.wide / 2.0);
        Self {
            eye: v3(pose.x, pose.height, pose.z),
            right: v3(cos_h, 0.0, -sin_h),
            up: v3(sin_h * sin_t, cos_t, cos_h * sin_t),
            ahead: v3(sin_h * cos_t, -sin_t, cos_h * cos_t),
            focal: width as f64 / 2.0 * cos_w / sin_w,
            middle: (width as f64 / 2.0, height as f64 / 2.0),
        }
    }

    pub(crate) fn eye(&self) -> V3 {
        self.eye
    }

    /// Returns how far ahead of the camera a point lies, in metres.
    pub(crate) fn depth(&self, point: V3) -> f64 {
        point.minus(self.eye).dot(self.ahead)
    }

    /// Returns the pixels of one metre at this depth.
    pub(crate) fn pixels_per_metre(&self, depth: f64) -> f64 {
        self.focal / depth.max(NEAR)
    }

    /// Returns where a point is seen; none if it is not ahead.
    pub(crate) fn point(&self, point: V3) -> Option<Point> {
        let at = self.turned(point);
        (at.z > NEAR).then(|| self.flat(at))
    }

    /// Appends where a polygon is seen, without the part that is not ahead.
    pub(crate) fn polygon(&self, points: &[V3], out: &mut Vec<Point>) {
        for (i, &from) in points.iter().enumerate() {
            let (from, to) = (self.turned(from), self.turned(points[(i + 1) % points.len()]));
            if from.z > NEAR {
                out.push(self.flat(from));
            }
            if (from.z > NEAR) != (to.z > NEAR) {
                out.push(self.flat(from.to(to, (NEAR - from.z) / (to.z - from.z))));
            }
        }
    }

    /// Returns the nearness (1 / depth) of the plane through a point as a linear
    /// function of the pixel: its value at (0, 0), its change per x and per y.
    pub(crate) fn nearness_of_plane(&self, point: V3, normal: V3) -> (f32, f32, f32) {
        let distance = point.minus(self.eye).dot(normal);
        if distance.abs() < 1e-6 {
            return (0.0, 0.0, 0.0);
        }
        let per_x = normal.dot(self.right) / (distance * self.focal);
        let per_y = -normal.dot(self.up) / (distance * self.focal);
        let at_origin =
            normal.dot(self.ahead) / distance - per_x * self.middle.0 - per_y * self.middle.1;
        (at_origin as f32, per_x as f32, per_y as f32)
    }

    /// Returns the row of the horizon.
    pub(crate) fn horizon(&self) -> f32 {
        // A level direction ahead: up and ahead mix to it.
        let level = v3(self.ahead.x, 0.0, self.ahead.z);
        (self.middle.1 - self.focal * level.dot(self.up) / level.dot(self.ahead)) as f32
    }

    fn turned(&self, point: V3) -> V3 {
        let from_eye = point.minus(self.eye);
        v3(from_eye.dot(self.right), from_eye.dot(self.up), from_eye.dot(self.ahead))
    }

    fn flat(&self, at: V3) -> Point {
        let k = self.focal / at.z;
        ((self.middle.0 + at.x * k) as f32, (self.middle.1 - at.y * k) as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POSE: Pose =
        Pose { x: 3.0, height: 8.0, z: -30.0, heading: 20.0, tilt: 15.0, wide: 64.0 };

    #[test]
    fn what_is_straight_ahead_is_in_the_middle() {
        let view = View::new(POSE, 1920, 1080);
        let (sin, cos) = sin_cos(20.0);
        let (sin_t, cos_t) = sin_cos(15.0);
        let ahead = v3(3.0 + 20.0 * sin * cos_t, 8.0 - 20.0 * sin_t, -30.0 + 20.0 * cos * cos_t);
        let (x, y) = view.point(ahead).unwrap();
        assert!((x - 960.0).abs() < 0.01 && (y - 540.0).abs() < 0.01, "{x} {y}");
        assert!(view.point(v3(3.0 - sin, 8.0, -30.0 - cos)).is_none());
    }

    #[test]
    fn far_away_on_the_ground_is_the_horizon() {
        let view = View::new(POSE, 1920, 1080);
        let (_, y) = view.point(v3(1e7 * 0.34, 0.0, 1e7 * 0.94)).unwrap();
        assert!((y - view.horizon()).abs() < 0.1);
    }

    #[test]
    fn nearness_of_a_plane_is_that_of_its_points() {
        let view = View::new(POSE, 1920, 1080);
        let wall = |y: f64, z: f64| v3(12.0, y, z);
        let (at_origin, per_x, per_y) = view.nearness_of_plane(wall(0.0, 0.0), v3(-1.0, 0.0, 0.0));
        for point in [wall(0.0, 10.0), wall(9.0, 10.0), wall(3.0, 70.0)] {
            let (x, y) = view.point(point).unwrap();
            let nearness = at_origin + x * per_x + y * per_y;
            assert!((nearness * view.depth(point) as f32 - 1.0).abs() < 1e-3);
        }
    }
}
