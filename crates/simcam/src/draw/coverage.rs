//! Which part of each pixel a polygon covers.
//!
//! ```text
//!          x     x+1          Walking along an edge, each pixel it crosses is
//!   ┌──────┬──────┐           told how much the covered area changes there:
//!   │     ╱│######│           what lies right of the edge in the pixel itself,
//!   │    ╱#│######│           and the rest in the next one. The running sum
//!   └──────┴──────┘           along a row is then the coverage.
//! ```

use super::Point;

/// The coverage of one polygon; its memory is used again for the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Coverage {
    /// Changes of the covered area, row after row.
    changes: Vec<f32>,
    /// The first column of each row that is told something, and the one after the last.
    spans: Vec<(usize, usize)>,
    clipped: Vec<Point>,
    spare: Vec<Point>,
}

/// The pixels that a polygon touches; all four numbers are even.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl Coverage {
    /// Takes a polygon; returns the pixels it touches, if any.
    pub(super) fn fill(&mut self, points: &[Point], width: usize, height: usize) -> Option<Area> {
        if points.iter().any(|(x, y)| !x.is_finite() || !y.is_finite()) {
            return None;
        }
        self.clip(points, width as f32, height as f32);
        let (mut left, mut right, mut top, mut bottom) = (f32::MAX, f32::MIN, f32::MAX, f32::MIN);
        for &(x, y) in &self.clipped {
            (left, right) = (left.min(x), right.max(x));
            (top, bottom) = (top.min(y), bottom.max(y));
        }
        if right <= left || bottom <= top {
            return None;
        }
        let (x, y) = (left as usize / 2 * 2, top as usize / 2 * 2);
        let area = Area {
            x,
            y,
            width: ((right.ceil() as usize).next_multiple_of(2)).min(width) - x,
            height: ((bottom.ceil() as usize).next_multiple_of(2)).min(height) - y,
        };
        if area.width == 0 || area.height == 0 {
            return None;
        }
        self.changes.clear();
        self.changes.resize(area.stride() * area.height, 0.0);
        self.spans.clear();
        self.spans.resize(area.height, (usize::MAX, 0));
        for i in 0..self.clipped.len() {
            let (from, to) = (self.clipped[i], self.clipped[(i + 1) % self.clipped.len()]);
            let shift = |(px, py): Point| (px - x as f32, py - y as f32);
            self.edge(area.stride(), shift(from), shift(to));
        }
        Some(area)
    }

    /// Returns the columns, both even, between which one of two rows is covered.
    pub(super) fn span(&self, area: &Area, y: usize) -> (usize, usize) {
        let (upper, lower) = (self.spans[y - area.y], self.spans[y - area.y + 1]);
        let (from, to) = (upper.0.min(lower.0), upper.1.max(lower.1).min(area.width));
        (from.min(to) / 2 * 2, to.next_multiple_of(2))
    }

    /// Appends one row of coverage, times `alpha`, between two columns of the area.
    pub(super) fn row(
        &self,
        area: &Area,
        y: usize,
        (from, to): (usize, usize),
        alpha: f32,
        row: &mut Vec<f32>,
    ) {
        let line = (y - area.y) * area.stride();
        let mut sum = 0.0f32;
        row.extend(self.changes[line + from..line + to].iter().map(|change| {
            sum += change;
            sum.abs().min(1.0) * alpha
        }));
    }

    fn edge(&mut self, stride: usize, from: Point, to: Point) {
        if from.1 == to.1 {
            return;
        }
        let (sign, upper, lower) = if from.1 < to.1 { (1.0, from, to) } else { (-1.0, to, from) };
        let slope = (lower.0 - upper.0) / (lower.1 - upper.1);
        let mut y = upper.1;
        let mut x = upper.0;
        while y < lower.1 {
            let row = y as usize;
            let next_y = ((row + 1) as f32).min(lower.1);
            let next_x =
                if next_y == lower.1 { lower.0 } else { upper.0 + (next_y - upper.1) * slope };
            let Some(line) = self.changes.get_mut(row * stride..(row + 1) * stride) else { return };
            let (first, last) = step(line, x, next_x, sign * (next_y - y));
            let span = &mut self.spans[row];
            // The last one tells the next column, too.
            *span = (span.0.min(first), span.1.max(last + 2));
            (x, y) = (next_x, next_y);
        }
    }

    /// Cuts the polygon to the picture, one side after the other.
    fn clip(&mut self, points: &[Point], width: f32, height: f32) {
        self.clipped.clear();
        self.clipped.extend_from_slice(points);
        let inside = |&(x, y): &Point| x >= 0.0 && x <= width && y >= 0.0 && y <= height;
        if points.iter().all(inside) {
            return;
        }
        for (side, limit) in [(0, 0.0), (1, width), (2, 0.0), (3, height)] {
            // How far inside of this side a point is.
            let depth = |(x, y): Point| match side {
                0 => x - limit,
                1 => limit - x,
                2 => y - limit,
                _ => limit - y,
            };
            std::mem::swap(&mut self.clipped, &mut self.spare);
            self.clipped.clear();
            for i in 0..self.spare.len() {
                let (from, to) = (self.spare[i], self.spare[(i + 1) % self.spare.len()]);
                let (d0, d1) = (depth(from), depth(to));
                if d0 >= 0.0 {
                    self.clipped.push(from);
                }
                if (d0 >= 0.0) != (d1 >= 0.0) {
                    let t = d0 / (d0 - d1);
                    let mut cut = (from.0 + (to.0 - from.0) * t, from.1 + (to.1 - from.1) * t);
                    // Exactly on the side, so that no rounding leads outside.
                    if side < 2 {
                        cut.0 = limit
                    } else {
                        cut.1 = limit
                    }
                    self.clipped.push(cut);
                }
            }
        }
        for point in &mut self.clipped {
            *point = (point.0.clamp(0.0, width), point.1.clamp(0.0, height));
        }
    }
}

impl Area {
    /// One more than the pixels of a row: an edge on the right rim tells the next pixel.
    fn stride(&self) -> usize {
        self.width + 1
    }
}

/// Tells one row of an edge that goes from `x0` to `x1` while it covers `tall` of
/// the row; returns the first and the last column it crosses.
fn step(line: &mut [f32], x0: f32, x1: f32, tall: f32) -> (usize, usize) {
    let (left, right) = if x0 < x1 { (x0, x1) } else { (x1, x0) };
    let (first, last) = (left as usize, (right as usize).min(line.len() - 1));
    if first >= last {
        deposit(line, first, (left + right) / 2.0, tall);
        return (first, first);
    }
    let per_x = tall / (right - left);
    let mut x = left;
    for column in first..=last {
        let end = ((column + 1) as f32).min(right);
        deposit(line, column, (x + end) / 2.0, (end - x) * per_x);
        x = end;
    }
    (first, last)
}

fn deposit(line: &mut [f32], column: usize, middle: f32, tall: f32) {
    let beyond = (middle - column as f32) * tall;
    if let Some(here) = line.get_mut(column) {
        *here += tall - beyond;
    }
    if let Some(next) = line.get_mut(column + 1) {
        *next += beyond;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shoelace formula is the plainest area there is.
    fn area_of(points: &[Point]) -> f32 {
        let next = points.iter().cycle().skip(1);
        points.iter().zip(next).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum::<f32>().abs() / 2.0
    }

    fn covered(points: &[Point]) -> f32 {
        let mut coverage = Coverage::default();
        let Some(area) = coverage.fill(points, 64, 64) else { return 0.0 };
        let mut row = Vec::new();
        for y in area.y..area.y + area.height {
            coverage.row(&area, y, coverage.span(&area, y / 2 * 2), 1.0, &mut row);
        }
        row.iter().sum()
    }

    #[test]
    fn coverage_adds_up_to_the_area_of_the_polygon() {
        let mut seed = 1u32;
        let mut dice = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as f32 / 16_777_216.0 * 64.0
        };
        for _ in 0..500 {
            let triangle = [(dice(), dice()), (dice(), dice()), (dice(), dice())];
            let (wanted, found) = (area_of(&triangle), covered(&triangle));
            assert!((wanted - found).abs() < 0.05 + wanted * 1e-3, "{triangle:?} {wanted} {found}");
        }
    }

    #[test]
    fn what_is_cut_off_is_what_lies_outside() {
        let found = covered(&[(-32.0, 32.0), (32.0, -32.0), (96.0, 32.0), (32.0, 96.0)]);
        assert!((found - 4096.0).abs() < 0.1, "{found}");
        let found = covered(&[(-64.0, 0.0), (64.0, 0.0), (64.0, 64.0)]);
        // The diagonal enters the picture at (0, 32).
        assert!((found - 3072.0).abs() < 0.1, "{found}");
    }
}
