//! Words burnt into pictures: white letters on a dark ground, in a corner.
//!
//! ```text
//! ┌───────────────────────────────┐
//! │ ▓ Ngã tư Khuất Duy Tiến ▓     │   a line is a ground and its letters;
//! │                               │   drawn anew only when it says something else
//! │      ▓ 2026-11-20 07:42:18 ▓  │
//! └───────────────────────────────┘
//! ```
//!
//! Letters come from Be Vietnam Pro, which is compiled in: a sandboxed process
//! opens no font. Composed Vietnamese letters are glyphs of their own, so words
//! are composed first and need no shaping.

use ab_glyph::{Font, FontRef, ScaleFont};
use base::WallTime;
use decode::{Corner, Text};
use unicode_normalization::UnicodeNormalization;

use crate::av::Frame;

/// In the order in which a letter is looked for: digits of one width first, so
/// that a clock does not tremble.
const FONTS: [&[u8]; 3] = [
    include_bytes!("../fonts/khue-figures-600.ttf"),
    include_bytes!("../fonts/be-vietnam-pro-latin-600.ttf"),
    include_bytes!("../fonts/be-vietnam-pro-vietnamese-600.ttf"),
];
/// What stands for a letter that no font has.
const UNKNOWN: char = '?';
/// The smallest letters that can be read.
const LEAST_PX: f32 = 10.0;
/// White and black of limited range, and chroma without colour.
const WHITE: u8 = 235;
const BLACK: u8 = 16;
const COLOURLESS: u8 = 128;
/// How much of the ground's black lies over the picture, of 256.
const GROUND: u32 = 166;

/// The fonts, read.
pub(crate) struct Fonts([FontRef<'static>; 3]);

/// The texts of a job.
pub(crate) struct Texts<'a> {
    fonts: &'a Fonts,
    lines: Vec<(Text, Option<Line>)>,
}

/// A text drawn for pictures of one size.
struct Line {
    words: String,
    picture: (usize, usize),
    width: usize,
    height: usize,
    /// How much of each pixel a letter covers, row by row.
    letters: Vec<u8>,
}

impl Fonts {
    pub(crate) fn read() -> Self {
        Self(FONTS.map(|bytes| FontRef::try_from_slice(bytes).expect("the fonts are compiled in")))
    }

    /// Returns the font that has a letter, and the letter or what stands for it.
    fn find(&self, letter: char) -> (&FontRef<'static>, char) {
        for letter in [letter, UNKNOWN] {
            if let Some(font) = self.0.iter().find(|font| font.glyph_id(letter).0 != 0) {
                return (font, letter);
            }
        }
        (&self.0[1], ' ')
    }

    /// Draws words `px` high; narrower where they would not fit into `widest`.
    fn draw(&self, words: &str, px: f32, widest: usize) -> (usize, usize, Vec<u8>) {
        let letters: Vec<char> = words.nfc().filter(|letter| !letter.is_control()).collect();
        let wide = |px: f32| letters.iter().map(|&letter| self.advance(letter, px)).sum::<f32>();
        let pad = |px: f32| (px * 0.35).ceil();
        let room = (widest as f32 - 2.0 * pad(px)).max(1.0);
        let px = (px * (room / wide(px).max(1.0)).min(1.0)).max(LEAST_PX);
        let width = ((wide(px) + 2.0 * pad(px)) as usize).min(widest).next_multiple_of(2);
        let height = ((px * 1.25) as usize).next_multiple_of(2);
        let mut covered = vec![0_u8; width * height];
        let mut x = pad(px);
        for &letter in &letters {
            let (font, shown) = self.find(letter);
            let scaled = font.as_scaled(px);
            let base = (height as f32 + scaled.ascent() + scaled.descent()) / 2.0;
            let at = ab_glyph::point(x, base);
            let glyph = scaled.scaled_glyph(shown);
            let glyph = ab_glyph::Glyph { position: at, ..glyph };
            if let Some(outline) = font.outline_glyph(glyph) {
                let bounds = outline.px_bounds();
                outline.draw(|dx, dy, coverage| {
                    let (x, y) = (bounds.min.x + dx as f32, bounds.min.y + dy as f32);
                    if x >= 0.0 && y >= 0.0 && (x as usize) < width && (y as usize) < height {
                        let pixel = &mut covered[y as usize * width + x as usize];
                        *pixel = pixel.saturating_add((coverage.clamp(0.0, 1.0) * 255.0) as u8);
                    }
                });
            }
            x += self.advance(letter, px);
        }
        (width, height, covered)
    }

    fn advance(&self, letter: char, px: f32) -> f32 {
        let (font, shown) = self.find(letter);
        let scaled = font.as_scaled(px);
        scaled.h_advance(scaled.glyph_id(shown))
    }
}

impl<'a> Texts<'a> {
    pub(crate) fn new(texts: &[Text], fonts: &'a Fonts) -> Self {
        Self { fonts, lines: texts.iter().map(|text| (text.clone(), None)).collect() }
    }

    /// Draws the texts of this moment into a picture of three planes.
    pub(crate) fn draw(&mut self, wall: WallTime, picture: &mut Frame) {
        let size = (picture.width() as usize, picture.height() as usize);
        for (text, line) in &mut self.lines {
            let words = words(text, wall);
            if line.as_ref().is_none_or(|line| line.words != words || line.picture != size) {
                *line = Some(Line::draw(self.fonts, text, words, size));
            }
        }
        for corner in [Corner::TopLeft, Corner::TopRight, Corner::BottomLeft, Corner::BottomRight] {
            let of_corner = self.lines.iter().filter(|(text, _)| text.corner == corner);
            let lines: Vec<&Line> = of_corner.filter_map(|(_, line)| line.as_ref()).collect();
            let edge = size.1 / 50 / 2 * 2;
            let all: usize = lines.iter().map(|line| line.height).sum();
            let mut y = match corner {
                Corner::TopLeft | Corner::TopRight => edge,
                _ => size.1.saturating_sub(edge + all) / 2 * 2,
            };
            for line in lines {
                let x = match corner {
                    Corner::TopLeft | Corner::BottomLeft => edge,
                    _ => size.0.saturating_sub(edge + line.width) / 2 * 2,
                };
                line.burn(picture, x, y);
                y += line.height;
            }
        }
    }
}

/// Returns what a text says at a moment.
fn words(text: &Text, wall: WallTime) -> String {
    let Some(zone) = text.clock else { return text.words.clone() };
    let there = WallTime(wall.0.saturating_add(i64::from(zone) * 60_000_000)).to_string();
    let there = there.split('.').next().unwrap_or_default().replace('T', " ");
    let sign = if zone < 0 { '-' } else { '+' };
    let (hours, minutes) = (zone.unsigned_abs() / 60, zone.unsigned_abs() % 60);
    let clock = format!("{there} {sign}{hours:02}:{minutes:02}");
    if text.words.is_empty() { clock } else { format!("{}  {clock}", text.words) }
}

impl Line {
    fn draw(fonts: &Fonts, text: &Text, words: String, picture: (usize, usize)) -> Self {
        let px = (f32::from(text.height_permille) * picture.1 as f32 / 1000.0).max(LEAST_PX);
        let edge = picture.1 / 50;
        let widest = picture.0.saturating_sub(2 * edge).max(2);
        let (width, height, letters) = fonts.draw(&words, px, widest);
        Self { words, picture, width, height, letters }
    }

    /// Puts the line at an even place; what reaches out of the picture is cut.
    fn burn(&self, picture: &mut Frame, x: usize, y: usize) {
        let mut luma = picture.plane_mut(0);
        for (row, letters) in self.letters.chunks_exact(self.width).enumerate() {
            let pixels = luma.row(y + row, x..x + self.width);
            for (pixel, &letter) in pixels.iter_mut().zip(letters) {
                let ground = mixed(*pixel, BLACK, GROUND);
                *pixel = mixed(ground, WHITE, u32::from(letter) * 256 / 255);
            }
        }
        for plane in 1..3 {
            let mut chroma = picture.plane_mut(plane);
            for row in 0..self.height / 2 {
                for pixel in chroma.row(y / 2 + row, x / 2..(x + self.width) / 2) {
                    *pixel = mixed(*pixel, COLOURLESS, GROUND);
                }
            }
        }
    }
}

/// Returns `under` with `part` of 256 of `over` on it.
fn mixed(under: u8, over: u8, part: u32) -> u8 {
    // A mean of bytes is a byte.
    ((u32::from(under) * (256 - part) + u32::from(over) * part) / 256) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::av::PixelForm;

    fn text(words: &str, corner: Corner, clock: Option<i16>) -> Text {
        Text { corner, words: words.into(), clock, height_permille: 50 }
    }

    #[test]
    fn every_letter_of_vietnamese_has_a_glyph_of_its_own() {
        let fonts = Fonts::read();
        let vowels = "aăâeêioôơuưy";
        let tones = ["", "\u{300}", "\u{301}", "\u{303}", "\u{309}", "\u{323}"];
        let lower = vowels.chars().flat_map(|vowel| tones.map(|tone| format!("{vowel}{tone}")));
        let all: String = lower.chain(["đ0123456789:-+.,()/".into()]).collect();
        let all: String = all.chars().chain(all.to_uppercase().chars()).nfc().collect();
        assert!(all.contains('ễ') && all.contains('Ợ') && all.contains('Đ'));
        for letter in all.chars() {
            let (font, shown) = fonts.find(letter);
            assert!(shown == letter && font.glyph_id(letter).0 != 0, "{letter}");
        }
        assert_eq!(fonts.find('漢').1, UNKNOWN);
    }

    #[test]
    fn composed_and_decomposed_words_are_drawn_alike() {
        let fonts = Fonts::read();
        let decomposed: String = "Đường Trần Duy Hưng".nfd().collect();
        assert_ne!(decomposed, "Đường Trần Duy Hưng");
        let drawn = fonts.draw("Đường Trần Duy Hưng", 30.0, 900);
        assert!(drawn.2.iter().any(|&covered| covered > 200));
        assert_eq!(fonts.draw(&decomposed, 30.0, 900), drawn);
    }

    #[test]
    fn a_clock_tells_the_time_of_its_zone_and_does_not_tremble() {
        let wall = WallTime(1_795_135_338_250_000);
        assert_eq!(
            words(&text("Cầu", Corner::TopLeft, Some(420)), wall),
            "Cầu  2026-11-20 07:42:18 +07:00"
        );
        assert_eq!(
            words(&text("", Corner::TopLeft, Some(-210)), wall),
            "2026-11-19 21:12:18 -03:30"
        );
        let fonts = Fonts::read();
        let width = |seconds: i64| {
            let wall = wall.plus(std::time::Duration::from_secs(seconds as u64));
            fonts.draw(&words(&text("", Corner::TopLeft, Some(420)), wall), 30.0, 900).0
        };
        assert!((1..60).all(|seconds| width(seconds) == width(0)));
    }

    #[test]
    fn nothing_changes_outside_the_lines_and_letters_are_bright() {
        let fonts = Fonts::read();
        for corner in [Corner::TopLeft, Corner::TopRight, Corner::BottomLeft, Corner::BottomRight] {
            let mut picture = Frame::picture(PixelForm::Yuv420, 640, 352).unwrap();
            for plane in 0..3 {
                let mut plane = picture.plane_mut(plane);
                (0..plane.height).for_each(|y| plane.row(y, 0..640).fill(200));
            }
            let lines = [text("Chợ Đồng Xuân", corner, None), text("", corner, Some(420))];
            let mut texts = Texts::new(&lines, &fonts);
            texts.draw(WallTime(0), &mut picture);
            let mut luma = picture.plane_mut(0);
            let rows: Vec<Vec<u8>> = (0..352).map(|y| luma.row(y, 0..640).to_vec()).collect();
            let changed: Vec<(usize, usize)> = (0..352)
                .flat_map(|y| (0..640).map(move |x| (x, y)))
                .filter(|&(x, y)| rows[y][x] != 200)
                .collect();
            let tall: usize =
                texts.lines.iter().map(|(_, line)| line.as_ref().unwrap().height).sum();
            let wide = texts.lines.iter().map(|(_, line)| line.as_ref().unwrap().width).max();
            let (left, right) = (
                changed.iter().map(|at| at.0).min().unwrap(),
                changed.iter().map(|at| at.0).max().unwrap(),
            );
            let (top, bottom) = (changed[0].1, changed[changed.len() - 1].1);
            assert_eq!((bottom - top + 1, Some(right - left + 1)), (tall, wide), "{corner:?}");
            let at_left = matches!(corner, Corner::TopLeft | Corner::BottomLeft);
            let at_top = matches!(corner, Corner::TopLeft | Corner::TopRight);
            assert_eq!((left < 20, top < 20), (at_left, at_top), "{corner:?}");
            assert!(rows.iter().flatten().filter(|&&value| value > 225).count() > 300);
        }
    }

    #[test]
    fn words_too_long_for_a_picture_become_smaller_and_then_are_cut() {
        let fonts = Fonts::read();
        let (wide, high, _) = fonts.draw(&"Hà Nội ".repeat(10), 40.0, 600);
        assert!(wide <= 600 && high < 40, "{wide} {high}");
        let longest = "W".repeat(decode::task::LONGEST_TEXT);
        for (width, height) in [(16, 16), (64, 16), (3840, 2160)] {
            let mut picture = Frame::picture(PixelForm::Yuv420, width, height).unwrap();
            let lines = vec![text(&longest, Corner::BottomRight, Some(0)); 8];
            Texts::new(&lines, &fonts).draw(WallTime(i64::MIN), &mut picture);
        }
    }
}
