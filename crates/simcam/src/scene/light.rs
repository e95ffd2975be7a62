//! The light of an hour: sky, sun, haze, and whether lamps burn.

use super::space::{V3, v3};
use crate::draw::Rgb;

/// The hours and weathers there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hour {
    Day,
    Dusk,
    Night,
    Rain,
}

/// What an hour does to colours.
#[derive(Clone, Debug)]
pub(crate) struct Light {
    /// At the top and at the horizon.
    pub(crate) sky: [Rgb; 2],
    /// What far things fade to.
    pub(crate) haze: Rgb,
    /// The distance over which they do, in metres.
    pub(crate) haze_over: f64,
    /// Light from everywhere.
    pub(crate) ambient: Rgb,
    /// Light from the sun, where it can be seen.
    pub(crate) sun: Rgb,
    /// Towards the sun; of length 1.
    pub(crate) to_sun: V3,
    /// How dark shadows on the ground are.
    pub(crate) shadow: f32,
    /// Whether street lamps, head lamps and windows burn.
    pub(crate) lamps: bool,
    /// Whether it rains and the ground shines.
    pub(crate) wet: bool,
}

impl Light {
    pub(crate) fn of(hour: Hour) -> Self {
        let hex = Rgb::hex;
        let grey = |v: f32| Rgb { r: v, g: v, b: v };
        match hour {
            Hour::Day => Self {
                sky: [hex(0x8f_b4_cf), hex(0xdb_e4_e4)],
                haze: hex(0xcf_d8_d9),
                haze_over: 210.0,
                ambient: Rgb { r: 0.60, g: 0.64, b: 0.70 },
                sun: Rgb { r: 0.58, g: 0.52, b: 0.42 },
                to_sun: v3(-0.55, 0.72, -0.42).unit(),
                shadow: 0.36,
                lamps: false,
                wet: false,
            },
            Hour::Dusk => Self {
                sky: [hex(0x4a_5a_82), hex(0xf0_b0_80)],
                haze: hex(0xc0_95_86),
                haze_over: 190.0,
                ambient: Rgb { r: 0.50, g: 0.47, b: 0.56 },
                sun: Rgb { r: 0.62, g: 0.36, b: 0.18 },
                to_sun: v3(-0.80, 0.30, 0.35).unit(),
                shadow: 0.26,
                lamps: true,
                wet: false,
            },
            Hour::Night => Self {
                sky: [hex(0x08_0d_18), hex(0x1d_27_36)],
                haze: hex(0x1a_22_2c),
                haze_over: 230.0,
                ambient: Rgb { r: 0.34, g: 0.36, b: 0.45 },
                sun: grey(0.0),
                to_sun: v3(0.0, 1.0, 0.0),
                shadow: 0.30,
                lamps: true,
                wet: false,
            },
            Hour::Rain => Self {
                sky: [hex(0x76_84_8d), hex(0xa9_b4_b8)],
                haze: hex(0x9d_a9_ae),
                haze_over: 150.0,
                ambient: Rgb { r: 0.66, g: 0.71, b: 0.76 },
                sun: grey(0.0),
                to_sun: v3(0.0, 1.0, 0.0),
                shadow: 0.22,
                lamps: true,
                wet: true,
            },
        }
    }

    /// Returns how a colour looks on a face with this normal, with `more` light
    /// of lamps on it, so many metres away.
    pub(crate) fn tone(&self, colour: Rgb, normal: V3, more: Rgb, metres: f64) -> Rgb {
        let facing = normal.dot(self.to_sun).max(0.0) as f32;
        // What looks up gets more of the sky than what looks aside or down.
        let sky = 0.86 + 0.14 * normal.y as f32;
        let light = self.ambient.times(sky).plus(self.sun.times(facing)).plus(more);
        self.hazed(colour.under(light), metres)
    }

    /// Returns a colour as the air between leaves it.
    pub(crate) fn hazed(&self, colour: Rgb, metres: f64) -> Rgb {
        let part = ((metres - 12.0) / self.haze_over).clamp(0.0, 0.82);
        colour.mix(self.haze, part as f32)
    }
}
