//! The scene and the frame number, burnt into each picture.
//!
//! People read the text; tests read the cells. The picture is thought of as
//! 80 × 45 cells. Columns 1 to 12 of rows 42 and 43 hold 24 bits, row 42
//! first, a white cell for 1 and a black one for 0:
//!
//! ```text
//! column     0   1   2   3   4   5   6   7   8   9   10  11  12  13 …
//! row 42         W   B   f9  f8  f7  f6  f5  f4  f3  f2  f1  f0    NGA-TU 0123
//! row 43         s4  s3  s2  s1  s0  c4  c3  c2  c1  c0  B   W
//!
//! W B   always white, always black: they give the threshold
//! f     frame number of the loop, most significant bit first
//! s     number of the scene
//! c     CRC-5 of f and s (x⁵ + x² + 1, starting at 0)
//! ```
//!
//! So the middle of the cell (column c, row r) lies at ((c + ½) / 80, (r + ½) / 45)
//! of the picture's width and height, at any size. The mean of a cell's middle
//! half is enough; a reader that takes the one pixel in the middle works as well.

use super::{Place, Rgb, Sheet, font};

const COLUMNS: usize = 80;
const ROWS: usize = 45;
const FIRST: (usize, usize) = (1, 42);
const PER_ROW: usize = 12;

/// What is burnt into a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BurntIn {
    /// The scene's number; below 32.
    pub scene_id: u8,
    /// The number of the main stream's frame at this moment of the loop; below 1024.
    pub frame: u16,
}

/// Reads what is burnt into a picture of any size, given as rows of brightness,
/// `stride` bytes apart. `None` means that nothing legible is there.
pub fn read_burnt_in(luma: &[u8], width: usize, height: usize, stride: usize) -> Option<BurntIn> {
    let mut cells = [0u32; 2 * PER_ROW];
    for (at, cell) in cells.iter_mut().enumerate() {
        *cell = middle_of(luma, (width, height, stride), at)?;
    }
    let [white, black, .., last_black, last_white] = cells;
    let (white, black) = (white.min(last_white), black.max(last_black));
    if white < black + 48 {
        return None;
    }
    let threshold = (white + black) / 2;
    let word =
        cells[2..22].iter().fold(0u32, |word, &cell| word << 1 | u32::from(cell > threshold));
    let burnt_in = BurntIn { scene_id: (word >> 5 & 0x1f) as u8, frame: (word >> 10) as u16 };
    (burnt_in.word() == word).then_some(burnt_in)
}

/// Burns it into the picture, with the scene's name.
pub(crate) fn burn_in(sheet: &mut Sheet, name: &str, burnt_in: BurntIn) {
    let cell = sheet.picture.width as f32 / COLUMNS as f32;
    let (left, top) = (FIRST.0 as f32 * cell, FIRST.1 as f32 * cell);
    let text = format!("{} {:04}", name.to_ascii_uppercase(), burnt_in.frame);
    let dot = cell / 4.0;
    let text_left = left + (PER_ROW as f32 + 0.75) * cell;
    let right = text_left + (text.len() as f32 * font::ADVANCE + 1.0) * dot;
    let rim = cell / 4.0;
    let plate = rectangle(left - rim, top - rim, right, top + 2.0 * cell + rim);
    sheet.polygon(&plate, Rgb::hex(0x0b_0f_12), 0.72, Place::Flat);
    let bits = 0b10u32 << 22 | burnt_in.word() << 2 | 0b01;
    for at in 0..2 * PER_ROW {
        let (x, y) = (left + (at % PER_ROW) as f32 * cell, top + (at / PER_ROW) as f32 * cell);
        let colour = if bits >> (2 * PER_ROW - 1 - at) & 1 == 1 { Rgb::WHITE } else { Rgb::BLACK };
        sheet.polygon(&rectangle(x, y, x + cell, y + cell), colour, 1.0, Place::Flat);
    }
    font::write(sheet, &text, (text_left, top + dot / 2.0), dot, Rgb::hex(0xf2_f4_f4));
}

impl BurntIn {
    /// The twenty bits: frame, scene, check.
    fn word(self) -> u32 {
        let data = u32::from(self.frame & 0x3ff) << 5 | u32::from(self.scene_id & 0x1f);
        data << 5 | crc5(data)
    }
}

fn crc5(data: u32) -> u32 {
    let mut rest = data << 5;
    for bit in (5..20).rev() {
        if rest >> bit & 1 == 1 {
            rest ^= 0b10_0101 << (bit - 5);
        }
    }
    rest
}

/// Returns the mean brightness of the middle of a cell.
fn middle_of(
    luma: &[u8],
    (width, height, stride): (usize, usize, usize),
    at: usize,
) -> Option<u32> {
    let (column, row) = (FIRST.0 + at % PER_ROW, FIRST.1 + at / PER_ROW);
    let quarter = |cell: usize, n: usize, size: usize, of: usize| (4 * cell + n) * size / (4 * of);
    let (x0, x1) = (quarter(column, 1, width, COLUMNS), quarter(column, 3, width, COLUMNS));
    let (y0, y1) = (quarter(row, 1, height, ROWS), quarter(row, 3, height, ROWS));
    let (mut sum, mut count) = (0, 0);
    for y in y0..y1.max(y0 + 1) {
        for &value in luma.get(y * stride + x0..y * stride + x1.max(x0 + 1))? {
            sum += u32::from(value);
            count += 1;
        }
    }
    Some(sum / count)
}

fn rectangle(x0: f32, y0: f32, x1: f32, y1: f32) -> [(f32, f32); 4] {
    [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(picture: &super::super::Picture) -> Option<BurntIn> {
        read_burnt_in(&picture.luma, picture.width, picture.height, picture.width)
    }

    #[test]
    fn every_frame_and_scene_reads_back_whole_and_at_a_third() {
        let mut sheet = Sheet::new(960, 540);
        for number in 0..1024u16 {
            let burnt_in = BurntIn { scene_id: (number % 32) as u8, frame: number };
            burn_in(&mut sheet, "day", burnt_in);
            assert_eq!(read(&sheet.picture), Some(burnt_in));
            assert_eq!(read(&sheet.picture.third()), Some(burnt_in));
        }
    }

    #[test]
    fn a_picture_without_it_reads_as_nothing() {
        assert_eq!(read(&super::super::Picture::new(640, 360)), None);
        assert_eq!(read_burnt_in(&[], 640, 360, 640), None);
        assert_eq!(read_burnt_in(&[235; 9], 0, 0, 0), None);
    }

    #[test]
    fn a_flipped_cell_is_noticed() {
        let mut sheet = Sheet::new(960, 540);
        burn_in(&mut sheet, "day", BurntIn { scene_id: 3, frame: 77 });
        for at in 2..22 {
            let mut picture = sheet.picture.clone();
            let (column, row) = (FIRST.0 + at % PER_ROW, FIRST.1 + at / PER_ROW);
            for y in row * 12..row * 12 + 12 {
                for luma in &mut picture.luma[y * 960 + column * 12..][..12] {
                    *luma = 251 - *luma;
                }
            }
            assert_eq!(read(&picture), None, "cell {at}");
        }
    }
}
