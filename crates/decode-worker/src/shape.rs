//! How large a picture becomes.

/// The widest and highest picture that is made.
const WIDEST: f64 = 3840.0;
const HIGHEST: f64 = 2160.0;
/// What an encoder takes.
const SMALLEST: f64 = 16.0;

/// Returns columns and lines for a picture of so many, whose pixels are so much
/// wider than high, to be shown with square pixels in at most `lines`. Nothing
/// is made larger; both are even, as 4:2:0 wants it.
pub(crate) fn fit(width: u32, height: u32, pixel_shape: f64, lines: u16) -> (u32, u32) {
    let shape = f64::from(width) * pixel_shape.clamp(0.1, 10.0) / f64::from(height.max(1));
    let height = f64::from(lines).min(f64::from(height)).min(HIGHEST).min(WIDEST / shape);
    let even = |length: f64, most: f64| ((length / 2.0).round() * 2.0).clamp(SMALLEST, most);
    (even(height * shape, WIDEST) as u32, even(height, HIGHEST) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_keeps_its_shape_and_is_never_made_larger() {
        assert_eq!(fit(1920, 1080, 1.0, 720), (1280, 720));
        assert_eq!(fit(640, 352, 1.0, 720), (640, 352));
        assert_eq!(fit(640, 352, 1.0, 90), (164, 90));
        assert_eq!(fit(1080, 1920, 1.0, 720), (406, 720));
    }

    #[test]
    fn pixels_become_square() {
        assert_eq!(fit(704, 576, 16.0 / 11.0, 576), (1024, 576));
        assert_eq!(fit(704, 576, 16.0 / 11.0, 288), (512, 288));
    }

    #[test]
    fn no_shape_is_too_odd() {
        for (width, height) in [(8192, 16), (16, 4608), (0, 0), (1, 1), (u32::MAX, u32::MAX)] {
            for shape in [0.0, 1e-9, 1.0, 1e9, f64::INFINITY] {
                let (wide, high) = fit(width, height, shape, 2160);
                assert!((16..=3840).contains(&wide) && (16..=2160).contains(&high));
                assert!(wide % 2 == 0 && high % 2 == 0, "{width}x{height} {shape}");
            }
        }
    }
}
