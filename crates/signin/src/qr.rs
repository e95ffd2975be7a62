//! A text as a picture that a phone reads: dark modules as one path, for whoever
//! draws it. Drawn here and not in the browser, so that no client needs a library.

use std::fmt::Write;

use qrcodegen::{QrCode, QrCodeEcc};

/// A QR code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Qr {
    /// Modules on each side, with the quiet zone of four around.
    pub size: u32,
    /// The dark modules as the `d` of an SVG path, one unit each.
    pub path: String,
}

const QUIET: i32 = 4;

/// Returns the picture of a text; none where it is too long for one.
pub(crate) fn draw(text: &str) -> Option<Qr> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            // Writing to a string cannot fail.
            let _ = write!(path, "M{} {}h1v1h-1z", x + QUIET, y + QUIET);
        }
    }
    Some(Qr { size: u32::try_from(code.size() + 2 * QUIET).ok()?, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_its_three_corners_and_room_around() {
        let qr = draw("otpauth://totp/Khu%C3%AA:hong?secret=GEZDGNBVGY3TQOJQ").unwrap();
        assert_eq!(qr.size % 4, 1, "17 modules, 4 for each version, and 8 around");
        let last = qr.size - 5;
        for (x, y) in [(4, 4), (last, 4), (4, last)] {
            assert!(qr.path.contains(&format!("M{x} {y}h1")), "{x} {y}");
        }
        assert_eq!(draw(&"x".repeat(5000)), None);
    }
}
