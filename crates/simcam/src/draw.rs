//! Drawing into pictures of the form that encoders take: YCbCr 4:2:0.
//!
//! ```text
//!   polygon ──▶ coverage of each pixel ──▶ blended, two rows at a time, because
//!               (its area, exactly)        2 × 2 pixels share one colour sample
//!
//!   luma  ┌─┬─┬─┬─┐   blue, red ┌───┬───┐
//!         ├─┼─┼─┼─┤             │   │   │
//!         └─┴─┴─┴─┘             └───┴───┘
//! ```
//!
//! Nothing is converted per frame and nothing depends on the machine: equal
//! calls give equal bytes, also from several threads with a sheet each.
//!
//! A sheet remembers how near its standing things are (houses, trees), so that
//! what moves behind them is hidden; and how much of each moving thing is seen.
//! What is drawn is `scene`'s; the code burnt into each picture is
//! `draw/burnt_in.rs`.

mod burnt_in;
mod colour;
mod coverage;
mod font;

pub(crate) use burnt_in::burn_in;
pub use burnt_in::{BurntIn, read_burnt_in};
pub(crate) use colour::Rgb;
use colour::Ycc;
use coverage::Coverage;

/// A point on the picture, in pixels; (0, 0) is the outer corner of the first pixel.
pub(crate) type Point = (f32, f32);

/// A picture in YCbCr 4:2:0, BT.709, limited range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels in a row; even.
    pub width: usize,
    /// Rows; even.
    pub height: usize,
    /// Brightness, a byte a pixel, row after row.
    pub luma: Vec<u8>,
    /// Blue against luma, a byte for 2 × 2 pixels.
    pub blue: Vec<u8>,
    /// Red against luma, a byte for 2 × 2 pixels.
    pub red: Vec<u8>,
}

/// Where in the world a shape stands, as far as hiding goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// Painted over what is there, and hides nothing: ground, sky, shine.
    Flat,
    /// Hides what moves behind it. Nearness (1 / distance) is linear over a flat
    /// thing's picture: `at_origin + x · per_x + y · per_y`.
    Standing { at_origin: f32, per_x: f32, per_y: f32 },
    /// Hidden by what stands nearer than this; counted as part of the open thing.
    Moving { nearness: f32 },
    /// As `Moving`, and not counted: shadows, shine, reflections.
    Beside { nearness: f32 },
}

/// A picture under the brush.
#[derive(Clone, Debug)]
pub(crate) struct Sheet {
    pub(crate) picture: Picture,
    /// 1 / distance of what stands at each pixel; 0 where nothing does.
    nearness: Vec<f32>,
    seen: Seen,
    coverage: Coverage,
    rows: [Vec<f32>; 2],
}

/// Which moving thing is seen where, at the colour samples' resolution.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// The thing being drawn; 0 is none.
    open: u16,
    /// The last thing that would be seen here if nothing stood before it.
    touched: Vec<u16>,
    /// The thing seen here.
    shown: Vec<u16>,
    /// How many samples each thing would have.
    whole: Vec<u32>,
}

impl Picture {
    /// Returns a black picture; both sides are rounded up to even numbers.
    pub fn new(width: usize, height: usize) -> Self {
        let (width, height) = (width.next_multiple_of(2), height.next_multiple_of(2));
        let chroma = vec![128; width * height / 4];
        Self { width, height, luma: vec![16; width * height], blue: chroma.clone(), red: chroma }
    }

    /// Returns the picture a third as wide and high, each pixel the mean of nine.
    pub(crate) fn third(&self) -> Self {
        let mut small = Self::new(self.width / 3, self.height / 3);
        mean_of_nine(&self.luma, self.width, &mut small.luma, small.width);
        mean_of_nine(&self.blue, self.width / 2, &mut small.blue, small.width / 2);
        mean_of_nine(&self.red, self.width / 2, &mut small.red, small.width / 2);
        small
    }
}

fn mean_of_nine(from: &[u8], from_width: usize, to: &mut [u8], to_width: usize) {
    for (y, row) in to.chunks_exact_mut(to_width).enumerate() {
        let rows: [&[u8]; 3] = std::array::from_fn(|i| &from[(3 * y + i) * from_width..]);
        for (x, out) in row.iter_mut().enumerate() {
            let sum: u32 =
                rows.iter().flat_map(|row| &row[3 * x..3 * x + 3]).map(|&v| u32::from(v)).sum();
            *out = ((sum + 4) / 9) as u8;
        }
    }
}

impl Sheet {
    /// Returns a black sheet on which nothing stands.
    pub(crate) fn new(width: usize, height: usize) -> Self {
        let picture = Picture::new(width, height);
        let samples = picture.blue.len();
        Self {
            nearness: vec![0.0; picture.luma.len()],
            seen: Seen { touched: vec![0; samples], shown: vec![0; samples], ..Seen::default() },
            coverage: Coverage::default(),
            rows: Default::default(),
            picture,
        }
    }

    /// Begins a new frame: the picture of `backdrop`, and nothing moving yet.
    pub(crate) fn start_from(&mut self, backdrop: &Picture) {
        self.picture.luma.copy_from_slice(&backdrop.luma);
        self.picture.blue.copy_from_slice(&backdrop.blue);
        self.picture.red.copy_from_slice(&backdrop.red);
        self.seen.touched.fill(0);
        self.seen.shown.fill(0);
        self.seen.whole.clear();
        self.seen.open = 0;
    }

    /// Begins a new moving thing and returns its number in this frame.
    pub(crate) fn open_thing(&mut self) -> u16 {
        self.seen.open += 1;
        self.seen.whole.resize(usize::from(self.seen.open) + 1, 0);
        self.seen.open
    }

    /// Returns, by number, which part of each moving thing is seen, in percent.
    /// Number 0 is nobody.
    pub(crate) fn seen_percent(&self) -> Vec<u8> {
        let mut shown = vec![0u32; self.seen.whole.len()];
        for &thing in &self.seen.shown {
            if let Some(count) = shown.get_mut(usize::from(thing)) {
                *count += 1;
            }
        }
        let percent = |(&shown, &whole): (&u32, &u32)| (shown * 100 / whole.max(1)).min(100) as u8;
        shown.iter().zip(&self.seen.whole).map(percent).collect()
    }

    /// Fills a polygon. Parts outside the picture are cut away.
    pub(crate) fn polygon(&mut self, points: &[Point], colour: Rgb, alpha: f32, place: Place) {
        self.shaded(points, [(colour, alpha); 2], place);
    }

    /// Fills a polygon whose colour and alpha change evenly from its top to its bottom.
    pub(crate) fn shaded(&mut self, points: &[Point], ends: [(Rgb, f32); 2], place: Place) {
        let (width, height) = (self.picture.width, self.picture.height);
        let Some(area) = self.coverage.fill(points, width, height) else { return };
        let (top, tall) = (area.y as f32, (area.height as f32 - 2.0).max(1.0));
        for y in (area.y..area.y + area.height).step_by(2) {
            let t = (y as f32 - top) / tall;
            let [(from, alpha), (to, last)] = ends;
            let (colour, alpha) = (from.mix(to, t), alpha + (last - alpha) * t);
            let span = self.coverage.span(&area, y);
            for (i, row) in self.rows.iter_mut().enumerate() {
                row.clear();
                self.coverage.row(&area, y + i, span, alpha, row);
            }
            self.blend(area.x + span.0, y, colour.into(), place);
        }
    }

    /// Lays a round shine over the picture: `strength` in its middle, nothing at its rim.
    pub(crate) fn glow(
        &mut self,
        (x, y): Point,
        (rx, ry): Point,
        colour: Rgb,
        strength: f32,
        place: Place,
    ) {
        let (width, height) = (self.picture.width as f32, self.picture.height as f32);
        if rx < 0.5 || ry < 0.5 || x + rx < 0.0 || x - rx > width || y + ry < 0.0 || y - ry > height
        {
            return;
        }
        let even = |v: f32, most: f32| (v.clamp(0.0, most) / 2.0).floor() as usize * 2;
        let (x0, x1) = (even(x - rx, width), even((x + rx).ceil() + 1.0, width));
        let (y0, y1) = (even(y - ry, height), even((y + ry).ceil() + 1.0, height));
        for line in (y0..y1).step_by(2) {
            // How far the shine reaches in these two rows.
            let across = ((line + 1) as f32 - y) / ry;
            let reach = rx * (1.0 - across * across).max(0.0).sqrt() + rx * 0.12 + 2.0;
            let (from, to) = (even(x - reach, width).max(x0), even(x + reach, width).min(x1));
            if to <= from {
                continue;
            }
            for (i, row) in self.rows.iter_mut().enumerate() {
                row.clear();
                let dy = ((line + i) as f32 + 0.5 - y) / ry;
                let (left, step) = ((from as f32 + 0.5 - x) / rx, 1.0 / rx);
                row.extend((0..(to - from) as u16).map(|column| {
                    let dx = left + f32::from(column) * step;
                    let inside = (1.0 - dx * dx - dy * dy).max(0.0);
                    strength * inside * inside
                }));
            }
            self.blend(from, line, colour.into(), place);
        }
    }

    /// Blends a colour over two rows from (x, y) on, both even, by the alphas in `rows`.
    fn blend(&mut self, x: usize, y: usize, colour: Ycc, place: Place) {
        let wide = self.rows[0].len();
        let width = self.picture.width;
        for (i, row) in self.rows.iter_mut().enumerate() {
            let at = (y + i) * width + x;
            let stands = &mut self.nearness[at..at + wide];
            match place {
                Place::Flat => {}
                Place::Standing { at_origin, per_x, per_y } => {
                    let left = at_origin + (y + i) as f32 * per_y + x as f32 * per_x;
                    for (column, (alpha, stands)) in row.iter().zip(stands).enumerate() {
                        if *alpha >= 0.5 {
                            *stands = left + column as f32 * per_x;
                        }
                    }
                }
                Place::Moving { nearness } | Place::Beside { nearness } => {
                    if let Place::Moving { .. } = place {
                        self.seen.count(&self.picture, x, y + i, row);
                    }
                    for (alpha, &mut stands) in row.iter_mut().zip(stands) {
                        *alpha = if stands > nearness { 0.0 } else { *alpha };
                    }
                    if let Place::Moving { .. } = place {
                        self.seen.show(&self.picture, x, y + i, row);
                    }
                }
            }
            let luma = &mut self.picture.luma[at..at + wide];
            for (value, &alpha) in luma.iter_mut().zip(row.iter()) {
                *value = over(*value, colour.luma, rounded(alpha * 256.0));
            }
        }
        let at = (y / 2) * (width / 2) + x / 2;
        let blue = &mut self.picture.blue[at..at + wide / 2];
        let red = &mut self.picture.red[at..at + wide / 2];
        let alphas = self.rows[0].chunks_exact(2).zip(self.rows[1].chunks_exact(2));
        for ((blue, red), (upper, lower)) in blue.iter_mut().zip(red).zip(alphas) {
            let alpha = rounded((upper[0] + upper[1] + lower[0] + lower[1]) * 64.0);
            *blue = over(*blue, colour.blue, alpha);
            *red = over(*red, colour.red, alpha);
        }
    }
}

impl Seen {
    /// Counts the samples that the open thing would cover; one row in two is looked at.
    fn count(&mut self, picture: &Picture, x: usize, y: usize, row: &[f32]) {
        if y % 2 == 1 {
            return;
        }
        let at = (y / 2) * (picture.width / 2) + x / 2;
        let open = self.open;
        let mut new = 0;
        for (touched, alpha) in self.touched[at..].iter_mut().zip(row.chunks_exact(2)) {
            if alpha[0] >= 0.5 && *touched != open {
                *touched = open;
                new += 1;
            }
        }
        if let Some(whole) = self.whole.get_mut(usize::from(open)) {
            *whole += new;
        }
    }

    /// Notes the samples that the open thing does cover.
    fn show(&mut self, picture: &Picture, x: usize, y: usize, row: &[f32]) {
        if y % 2 == 1 {
            return;
        }
        let at = (y / 2) * (picture.width / 2) + x / 2;
        for (shown, alpha) in self.shown[at..].iter_mut().zip(row.chunks_exact(2)) {
            if alpha[0] >= 0.5 {
                *shown = self.open;
            }
        }
    }
}

/// Rounds a number from 0 to 256. In a float of 2²³ and a little, that little is the
/// lowest bits; unlike a cast, which must mind what does not fit, this is done for
/// many numbers at once.
fn rounded(value: f32) -> i32 {
    ((value + 8_388_608.0).to_bits() & 0x1ff) as i32
}

fn over(under: u8, colour: i32, alpha_256: i32) -> u8 {
    // Nothing here can overflow; saying so lets a debug build do many at once, too.
    let under = i32::from(under);
    let change = colour.wrapping_sub(under).wrapping_mul(alpha_256).wrapping_add(128) >> 8;
    under.wrapping_add(change) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHITE: Rgb = Rgb::hex(0xff_ff_ff);

    fn square(from: f32, to: f32) -> [Point; 4] {
        [(from, from), (to, from), (to, to), (from, to)]
    }

    #[test]
    fn a_polygon_covers_each_pixel_by_its_area() {
        let mut sheet = Sheet::new(8, 8);
        sheet.polygon(&square(1.5, 4.0), WHITE, 1.0, Place::Flat);
        let row = |y: usize| &sheet.picture.luma[y * 8..y * 8 + 6];
        assert_eq!(row(0), [16; 6]);
        assert_eq!(row(1), [16, 71, 126, 126, 16, 16]);
        assert_eq!(row(2), [16, 126, 235, 235, 16, 16]);
        assert_eq!(row(4), [16; 6]);
    }

    #[test]
    fn what_reaches_outside_the_picture_is_cut_away() {
        let mut all = Sheet::new(8, 8);
        all.polygon(&square(-1e6, 1e6), WHITE, 1.0, Place::Flat);
        assert!(all.picture.luma.iter().all(|&luma| luma == 235));
        let mut none = Sheet::new(8, 8);
        none.polygon(&square(9.0, 20.0), WHITE, 1.0, Place::Flat);
        none.glow((-50.0, 4.0), (9.0, 9.0), WHITE, 1.0, Place::Flat);
        none.polygon(&[(1.0, f32::NAN), (4.0, 4.0), (1.0, 4.0)], WHITE, 1.0, Place::Flat);
        assert_eq!(none.picture, Picture::new(8, 8));
    }

    #[test]
    fn what_moves_is_hidden_by_what_stands_nearer_and_counts_what_is_left() {
        let mut sheet = Sheet::new(16, 16);
        let wall = [(8.0, 0.0), (16.0, 0.0), (16.0, 16.0), (8.0, 16.0)];
        sheet.polygon(
            &wall,
            WHITE,
            1.0,
            Place::Standing { at_origin: 0.1, per_x: 0.0, per_y: 0.0 },
        );
        let backdrop = sheet.picture.clone();
        sheet.start_from(&backdrop);
        let red = Rgb::hex(0xff_00_00);
        for nearness in [0.05, 0.2] {
            sheet.open_thing();
            sheet.polygon(&square(4.0, 12.0), red, 1.0, Place::Moving { nearness });
        }
        // The nearer one hides the farther, and the wall hid half of that already.
        assert_eq!(sheet.seen_percent()[1..], [0, 100]);
        sheet.start_from(&backdrop);
        sheet.open_thing();
        sheet.polygon(&square(4.0, 12.0), red, 1.0, Place::Moving { nearness: 0.05 });
        assert_eq!(sheet.seen_percent()[1..], [50]);
        assert_eq!(sheet.picture.luma[8 * 16 + 10], 235);
    }

    #[test]
    fn a_third_is_the_mean_of_nine() {
        let mut picture = Picture::new(12, 12);
        picture.luma[0..3].fill(106);
        assert_eq!(picture.third().luma[0], 46);
    }
}
