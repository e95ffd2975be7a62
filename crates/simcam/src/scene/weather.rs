//! Rain before the lens.

use super::LOOP_FRAMES;
use super::space::Dice;
use crate::draw::{Place, Rgb, Sheet};

const STREAKS: usize = 170;

/// Draws the streaks of a frame. Each falls through the picture a whole number
/// of times in a loop, so that the loop has no seam.
pub(super) fn rain(sheet: &mut Sheet, frame: usize) {
    let (width, height) = (sheet.picture.width as f64, sheet.picture.height as f64);
    let mut dice = Dice::new(0x7261_696e);
    for _ in 0..STREAKS {
        let (x, phase) = (dice.between(-60.0, width), dice.unit());
        let falls = 26 + dice.below(14);
        let long = dice.between(34.0, 90.0);
        let alpha = dice.between(0.12, 0.3) as f32;
        let wide = dice.between(1.2, 2.4);
        let t = (phase + (falls * frame) as f64 / LOOP_FRAMES as f64) % 1.0;
        let y = t * (height + 2.0 * long) - long;
        let lean = 0.16;
        let corner = |dx: f64, dy: f64| ((x + dx - (y + dy) * lean * 0.4) as f32, (y + dy) as f32);
        let streak = [
            corner(0.0, 0.0),
            corner(wide, 0.0),
            corner(wide * 0.6, long),
            corner(wide * 0.2, long),
        ];
        sheet.polygon(&streak, Rgb::hex(0xe6_ee_f0), alpha, Place::Flat);
    }
}
