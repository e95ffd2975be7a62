//! A way over the ground: straight pieces and quarter turns.

use super::space::{V2, sin_cos};

/// A way, walked by the metres since its start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Path {
    pieces: Vec<Piece>,
    length: f64,
}

/// A place on a way, and where one looks there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stand {
    pub(crate) at: V2,
    /// Of length 1.
    pub(crate) heading: V2,
}

#[derive(Clone, Debug)]
struct Piece {
    from: V2,
    heading: V2,
    length: f64,
    /// Metres to the middle of the turn, to the right; straight without one.
    radius: Option<f64>,
}

impl Path {
    /// Returns a way that only has a start.
    pub(crate) fn from(at: V2, heading: V2) -> Self {
        Self { pieces: vec![Piece { from: at, heading, length: 0.0, radius: None }], length: 0.0 }
    }

    /// Returns the way with so many metres straight on behind it.
    pub(crate) fn ahead(mut self, metres: f64) -> Self {
        let end = self.stand(self.length);
        self.pieces.push(Piece {
            from: end.at,
            heading: end.heading,
            length: metres,
            radius: None,
        });
        self.length += metres;
        self
    }

    /// Returns the way with a quarter turn behind it: to the right, or with a
    /// negative radius to the left.
    pub(crate) fn turn(mut self, radius: f64) -> Self {
        let end = self.stand(self.length);
        let length = radius.abs() * std::f64::consts::FRAC_PI_2;
        self.pieces.push(Piece {
            from: end.at,
            heading: end.heading,
            length,
            radius: Some(radius),
        });
        self.length += length;
        self
    }

    pub(crate) fn length(&self) -> f64 {
        self.length
    }

    /// Returns the place so many metres after the start; before it and behind
    /// the end the way goes straight on.
    pub(crate) fn stand(&self, metres: f64) -> Stand {
        let mut rest = metres;
        let last = self.pieces.len() - 1;
        for (i, piece) in self.pieces.iter().enumerate() {
            if rest <= piece.length || i == last {
                return piece.stand(rest);
            }
            rest -= piece.length;
        }
        unreachable!("a way has at least its start")
    }
}

impl Piece {
    fn stand(&self, metres: f64) -> Stand {
        let Some(radius) = self.radius else {
            return Stand { at: self.from.plus(self.heading.times(metres)), heading: self.heading };
        };
        let over = (metres - self.length).max(0.0);
        let degrees = (metres.min(self.length) / radius) * (180.0 / std::f64::consts::PI);
        let (sin, cos) = sin_cos(degrees);
        let (ahead, right) = (self.heading, self.heading.right());
        let heading = ahead.times(cos).plus(right.times(sin)).unit();
        let at = self.from.plus(ahead.times(radius * sin)).plus(right.times(radius * (1.0 - cos)));
        Stand { at: at.plus(heading.times(over)), heading }
    }
}

#[cfg(test)]
mod tests {
    use super::super::space::v2;
    use super::*;

    #[test]
    fn a_turn_ends_a_quarter_further_and_goes_on_straight() {
        for (radius, east) in [(5.0, 1.0), (-5.0, -1.0)] {
            let path = Path::from(v2(0.0, 0.0), v2(0.0, 1.0)).ahead(10.0).turn(radius).ahead(10.0);
            let end = path.stand(path.length());
            assert!(end.at.minus(v2(15.0 * east, 15.0)).dot(v2(1.0, 1.0)).abs() < 1e-6, "{end:?}");
            assert!((end.heading.x - east).abs() < 1e-9);
        }
    }

    #[test]
    fn a_way_has_no_jumps() {
        let path =
            Path::from(v2(1.0, 2.0), v2(1.0, 0.0)).ahead(3.0).turn(2.0).turn(-4.0).ahead(1.0);
        let mut before = path.stand(-1.0);
        for step in 0..1400 {
            let now = path.stand(-1.0 + f64::from(step) * 0.01);
            let moved = now.at.minus(before.at);
            assert!(moved.dot(moved) < 0.011 * 0.011);
            before = now;
        }
    }
}
