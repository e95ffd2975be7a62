//! Space, angles and dice: arithmetic that gives the same bits on every machine.
//!
//! ```text
//!        z north, ahead            heading: degrees from north towards east
//!        │                         heights are y, upwards; all in metres
//!        │
//!        └────── x east
//! ```
//!
//! Sines come from a series here and not from the system's library, of which
//! there are many; the truth of a frame is compared byte by byte.

/// A point or a direction in the world.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct V3 {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) z: f64,
}

/// A point or a direction on the ground.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct V2 {
    pub(crate) x: f64,
    pub(crate) z: f64,
}

/// Seeded numbers (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

pub(crate) const fn v3(x: f64, y: f64, z: f64) -> V3 {
    V3 { x, y, z }
}

pub(crate) const fn v2(x: f64, z: f64) -> V2 {
    V2 { x, z }
}

impl V3 {
    pub(crate) fn plus(self, o: Self) -> Self {
        v3(self.x + o.x, self.y + o.y, self.z + o.z)
    }

    pub(crate) fn minus(self, o: Self) -> Self {
        v3(self.x - o.x, self.y - o.y, self.z - o.z)
    }

    pub(crate) fn times(self, k: f64) -> Self {
        v3(self.x * k, self.y * k, self.z * k)
    }

    pub(crate) fn dot(self, o: Self) -> f64 {
        self.x * o.x + self.y * o.y + self.z * o.z
    }

    pub(crate) fn cross(self, o: Self) -> Self {
        v3(self.y * o.z - self.z * o.y, self.z * o.x - self.x * o.z, self.x * o.y - self.y * o.x)
    }

    /// Returns the direction of length 1; of nothing, nothing.
    pub(crate) fn unit(self) -> Self {
        let length = self.dot(self).sqrt();
        if length > 0.0 { self.times(1.0 / length) } else { self }
    }

    /// Returns the point on the way to another: at 0 itself, at 1 the other.
    pub(crate) fn to(self, o: Self, t: f64) -> Self {
        self.plus(o.minus(self).times(t))
    }
}

impl V2 {
    pub(crate) fn plus(self, o: Self) -> Self {
        v2(self.x + o.x, self.z + o.z)
    }

    pub(crate) fn minus(self, o: Self) -> Self {
        v2(self.x - o.x, self.z - o.z)
    }

    pub(crate) fn times(self, k: f64) -> Self {
        v2(self.x * k, self.z * k)
    }

    pub(crate) fn dot(self, o: Self) -> f64 {
        self.x * o.x + self.z * o.z
    }

    /// Returns the direction a quarter turn to the right.
    pub(crate) fn right(self) -> Self {
        v2(self.z, -self.x)
    }

    pub(crate) fn unit(self) -> Self {
        let length = self.dot(self).sqrt();
        if length > 0.0 { self.times(1.0 / length) } else { self }
    }

    /// Returns the point so high above the ground.
    pub(crate) fn up(self, height: f64) -> V3 {
        v3(self.x, height, self.z)
    }
}

/// Returns sine and cosine of an angle in degrees.
pub(crate) fn sin_cos(degrees: f64) -> (f64, f64) {
    let quarter = (degrees / 90.0).round();
    let x = (degrees - quarter * 90.0) * (std::f64::consts::PI / 180.0);
    let q = x * x;
    // |x| ≤ π/4: the next terms are below 1e-11.
    let sin = x
        * (1.0
            - q / 6.0 * (1.0 - q / 20.0 * (1.0 - q / 42.0 * (1.0 - q / 72.0 * (1.0 - q / 110.0)))));
    let cos = 1.0
        - q / 2.0
            * (1.0
                - q / 12.0
                    * (1.0 - q / 30.0 * (1.0 - q / 56.0 * (1.0 - q / 90.0 * (1.0 - q / 132.0)))));
    match (quarter as i64).rem_euclid(4) {
        0 => (sin, cos),
        1 => (cos, -sin),
        2 => (-sin, -cos),
        _ => (-cos, sin),
    }
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number from 0 up to, not with, 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Returns a number between the two.
    pub(crate) fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.unit()
    }

    /// Returns a whole number below `count`.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        (self.next() % count.max(1) as u64) as usize
    }

    /// Returns whether something of this probability happens.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Returns one of them.
    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sines_agree_with_the_systems() {
        for tenth in -7200..7200 {
            let degrees = f64::from(tenth) / 10.0;
            let (sin, cos) = sin_cos(degrees);
            assert!((sin - degrees.to_radians().sin()).abs() < 1e-9, "{degrees}");
            assert!((cos - degrees.to_radians().cos()).abs() < 1e-9, "{degrees}");
        }
    }

    #[test]
    fn right_of_north_is_east() {
        assert_eq!(v2(0.0, 1.0).right(), v2(1.0, 0.0));
    }
}
