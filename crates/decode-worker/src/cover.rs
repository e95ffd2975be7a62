//! Parts of a picture are made unrecognisable.
//!
//! ```text
//! asked for      what is covered: to whole pairs of pixels, and MARGIN more,
//!  ┌────┐        ┌────────┐
//!  │    │        │ ┌────┐ │      since scaling has mixed a little of the part
//!  └────┘        │ └────┘ │      into what lies around it
//!                └────────┘
//! ```

use std::ops::Range;

use base::WallTime;
use decode::{Cover, How, Rect};

use crate::av::{Frame, Plane};

/// How far scaling carries a pixel.
const MARGIN: f32 = 4.0;
/// How many squares a pixelated part has across and down, at most.
const SQUARES: usize = 4;
/// The grey of a filled part.
const GREY: [u8; 3] = [110, 128, 128];

/// Draws the covers of this moment into a picture of three planes.
pub(crate) fn draw(covers: &[Cover], wall: WallTime, picture: &mut Frame) {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    for cover in covers {
        if wall < cover.from || wall >= cover.to {
            continue;
        }
        let (columns, rows) = pixels(&cover.rect, width, height);
        for (plane, grey) in GREY.into_iter().enumerate() {
            // Chroma has half of the columns and rows; these are even, or at the edge.
            let by = if plane == 0 { 1 } else { 2 };
            let columns = columns.start / by..columns.end.div_ceil(by);
            let rows = rows.start / by..rows.end.div_ceil(by);
            let plane = picture.plane_mut(plane);
            match cover.how {
                How::Fill => fill(plane, columns, rows, grey),
                How::Pixelate => pixelate(plane, columns, rows),
            }
        }
    }
}

/// Returns the columns and rows that are covered: whole pairs, or to the edge.
fn pixels(rect: &Rect, width: usize, height: usize) -> (Range<usize>, Range<usize>) {
    let part = |from: f32, to: f32, length: usize| {
        let start = (from * length as f32 - MARGIN).floor().max(0.0) as usize;
        let end = ((to * length as f32 + MARGIN).ceil() as usize).min(length);
        start / 2 * 2..end.next_multiple_of(2).min(length)
    };
    (part(rect.left, rect.right, width), part(rect.top, rect.bottom, height))
}

fn fill(mut plane: Plane<'_>, columns: Range<usize>, rows: Range<usize>, value: u8) {
    for y in rows {
        plane.row(y, columns.clone()).fill(value);
    }
}

fn pixelate(mut plane: Plane<'_>, columns: Range<usize>, rows: Range<usize>) {
    for ys in squares(&rows) {
        for xs in squares(&columns) {
            let (mut sum, mut count) = (0u64, 0u64);
            for y in ys.clone() {
                let row = plane.row(y, xs.clone());
                sum += row.iter().map(|&value| u64::from(value)).sum::<u64>();
                count += row.len() as u64;
            }
            let mean = (sum / count.max(1)) as u8; // a mean of bytes
            for y in ys.clone() {
                plane.row(y, xs.clone()).fill(mean);
            }
        }
    }
}

/// Cuts a stretch into at most [`SQUARES`] parts.
fn squares(all: &Range<usize>) -> impl Iterator<Item = Range<usize>> + use<> {
    let (end, step) = (all.end, all.len().div_ceil(SQUARES).max(1));
    all.clone().step_by(step).map(move |start| start..(start + step).min(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::av::PixelForm;

    /// A picture in which every pixel differs from its neighbours.
    fn pattern(width: u32, height: u32) -> Frame {
        let mut picture = Frame::picture(PixelForm::Yuv420, width, height).unwrap();
        picture.make_writable().unwrap();
        for plane in 0..3 {
            let mut plane = picture.plane_mut(plane);
            for y in 0..plane.height {
                let whole = 0..plane.width;
                for (x, value) in plane.row(y, whole).iter_mut().enumerate() {
                    *value = (x * 37 + y * 91) as u8;
                }
            }
        }
        picture
    }

    fn rows(picture: &mut Frame, plane: usize) -> Vec<Vec<u8>> {
        let mut plane = picture.plane_mut(plane);
        let width = plane.width;
        (0..plane.height).map(|y| plane.row(y, 0..width).to_vec()).collect()
    }

    fn cover(rect: Rect, how: How) -> Cover {
        Cover { rect, from: WallTime(10), to: WallTime(20), how }
    }

    #[test]
    fn a_filled_part_holds_one_grey_and_the_rest_is_as_it_was() {
        for (width, height) in [(64, 48), (65, 47)] {
            let rect = Rect { left: 0.25, top: 0.5, right: 0.5, bottom: 1.0 };
            let (columns, lines) = pixels(&rect, width as usize, height as usize);
            let mut before = pattern(width, height);
            let mut after = pattern(width, height);
            draw(&[cover(rect, How::Fill)], WallTime(10), &mut after);
            for (plane, grey) in GREY.into_iter().enumerate() {
                let by = if plane == 0 { 1 } else { 2 };
                let (was, is) = (rows(&mut before, plane), rows(&mut after, plane));
                for (y, (was, is)) in was.iter().zip(&is).enumerate() {
                    for (x, (was, is)) in was.iter().zip(is).enumerate() {
                        let inside = columns.contains(&(x * by)) && lines.contains(&(y * by));
                        assert_eq!(*is, if inside { grey } else { *was }, "{plane} {x} {y}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_pixelated_part_has_at_most_sixteen_values() {
        let mut picture = pattern(128, 96);
        let rect = Rect { left: 0.1, top: 0.1, right: 0.8, bottom: 0.7 };
        let (columns, lines) = pixels(&rect, 128, 96);
        draw(&[cover(rect, How::Pixelate)], WallTime(19), &mut picture);
        let rows = rows(&mut picture, 0);
        let inside = lines.flat_map(|y| rows[y][columns.clone()].to_vec());
        let values: std::collections::BTreeSet<u8> = inside.collect();
        assert!(values.len() <= SQUARES * SQUARES, "{values:?}");
    }

    #[test]
    fn a_cover_holds_from_its_first_moment_until_before_its_last() {
        let rect = Rect { left: 0.0, top: 0.0, right: 1.0, bottom: 1.0 };
        for (moment, covered) in [(9, false), (10, true), (19, true), (20, false)] {
            let mut picture = pattern(32, 32);
            draw(&[cover(rect, How::Fill)], WallTime(moment), &mut picture);
            let grey = rows(&mut picture, 0).iter().flatten().all(|&value| value == GREY[0]);
            assert_eq!(grey, covered, "{moment}");
        }
    }

    #[test]
    fn the_smallest_part_is_covered_with_its_margin() {
        let rect = Rect { left: 0.5, top: 0.5, right: 0.5001, bottom: 0.5001 };
        assert_eq!(pixels(&rect, 64, 48), (28..38, 20..30));
        let corner = Rect { left: 0.99, top: 0.0, right: 1.0, bottom: 0.01 };
        assert_eq!(pixels(&corner, 64, 48), (58..64, 0..6));
    }
}
