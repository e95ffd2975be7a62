//! Colours as people write them, and as the picture keeps them.

/// A colour by its red, green and blue, from 0 to 1, as a screen takes them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rgb {
    pub(crate) r: f32,
    pub(crate) g: f32,
    pub(crate) b: f32,
}

/// A colour in BT.709, limited range: 16 to 235, and 16 to 240 around 128.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ycc {
    pub(super) luma: i32,
    pub(super) blue: i32,
    pub(super) red: i32,
}

impl Rgb {
    pub(crate) const BLACK: Self = Self::hex(0);
    pub(crate) const WHITE: Self = Self::hex(0xff_ff_ff);

    /// Returns the colour written as `0xRRGGBB`.
    pub(crate) const fn hex(code: u32) -> Self {
        Self {
            r: ((code >> 16) & 0xff) as f32 / 255.0,
            g: ((code >> 8) & 0xff) as f32 / 255.0,
            b: (code & 0xff) as f32 / 255.0,
        }
    }

    /// Returns the colour on the way to another: at 0 itself, at 1 the other.
    pub(crate) fn mix(self, other: Self, t: f32) -> Self {
        let t = t.clamp(0.0, 1.0);
        Self {
            r: self.r + (other.r - self.r) * t,
            g: self.g + (other.g - self.g) * t,
            b: self.b + (other.b - self.b) * t,
        }
    }

    /// Returns the colour as it looks under a light.
    pub(crate) fn under(self, light: Self) -> Self {
        Self { r: self.r * light.r, g: self.g * light.g, b: self.b * light.b }
    }

    /// Returns the light of both.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self { r: self.r + other.r, g: self.g + other.g, b: self.b + other.b }
    }

    /// Returns the colour made brighter or darker.
    pub(crate) fn times(self, k: f32) -> Self {
        Self { r: self.r * k, g: self.g * k, b: self.b * k }
    }
}

impl From<Rgb> for Ycc {
    fn from(colour: Rgb) -> Self {
        let (r, g, b) =
            (colour.r.clamp(0.0, 1.0), colour.g.clamp(0.0, 1.0), colour.b.clamp(0.0, 1.0));
        let luma = 0.2126 * r + 0.7152 * g + 0.0722 * b;
        Self {
            luma: (16.5 + 219.0 * luma) as i32,
            blue: (128.5 + 224.0 * (b - luma) / 1.8556) as i32,
            red: (128.5 + 224.0 * (r - luma) / 1.5748) as i32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corners_of_the_range_are_met() {
        assert_eq!(Ycc::from(Rgb::BLACK), Ycc { luma: 16, blue: 128, red: 128 });
        assert_eq!(Ycc::from(Rgb::WHITE), Ycc { luma: 235, blue: 128, red: 128 });
        assert_eq!(Ycc::from(Rgb::hex(0xff_00_00)).red, 240);
        assert_eq!(Ycc::from(Rgb::hex(0x00_00_ff)).blue, 240);
        assert_eq!(Ycc::from(Rgb::WHITE.times(9.0)).luma, 235);
    }
}
