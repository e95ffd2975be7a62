//! The demo's small city: who owns what, and where the twelve cameras stand.
//!
//! The junctions are real places of our own drawing; the organisations bear the
//! names of kinds of office, and everything seen there is drawn.

use simcam::sound::SoundCodec;

/// An organisation with its sites.
pub(crate) struct Body {
    /// Its code among the bodies of the city.
    pub(crate) code: &'static str,
    /// Its name in demos from before there were codes.
    pub(crate) name: &'static str,
    pub(crate) sites: &'static [Place],
}

/// A site with its cameras.
pub(crate) struct Place {
    pub(crate) name: &'static str,
    /// The code of its ward.
    pub(crate) ward: &'static str,
    /// Latitude and longitude, in degrees.
    pub(crate) position: (f64, f64),
    pub(crate) cameras: &'static [Eye],
}

/// A camera: its number at the desk and its name.
pub(crate) struct Eye {
    pub(crate) number: u32,
    pub(crate) name: &'static str,
    /// Coded how, where it has sound and may be listened to.
    pub(crate) sound: Option<SoundCodec>,
}

const fn eye(number: u32, name: &'static str) -> Eye {
    Eye { number, name, sound: None }
}

const fn heard(number: u32, name: &'static str, codec: SoundCodec) -> Eye {
    Eye { sound: Some(codec), ..eye(number, name) }
}

/// Twelve cameras on seven sites of three bodies.
pub(crate) const CITY: &[Body] = &[
    Body {
        code: "CATP",
        name: "Công an Thành phố",
        sites: &[
            Place {
                name: "Ngã Tư Sở",
                ward: "00364",
                position: (21.0031, 105.8202),
                cameras: &[
                    eye(101, "Ngã Tư Sở – toàn cảnh"),
                    eye(102, "Ngã Tư Sở – hướng Tây Sơn"),
                    eye(103, "Ngã Tư Sở – hướng Nguyễn Trãi"),
                ],
            },
            Place {
                name: "Ngã Tư Vọng",
                ward: "00292",
                position: (20.9978, 105.8413),
                cameras: &[
                    eye(111, "Ngã Tư Vọng – toàn cảnh"),
                    eye(112, "Ngã Tư Vọng – hướng Giải Phóng"),
                ],
            },
            Place {
                name: "Nút Cầu Giấy",
                ward: "00199",
                position: (21.0300, 105.8018),
                cameras: &[eye(121, "Cầu Giấy – toàn cảnh"), eye(122, "Cầu Giấy – hướng Láng")],
            },
        ],
    },
    Body {
        code: "SXD",
        name: "Sở Xây dựng",
        sites: &[
            Place {
                name: "Nút Mai Dịch",
                ward: "00166",
                position: (21.0368, 105.7806),
                cameras: &[
                    eye(201, "Mai Dịch – hướng Hồ Tùng Mậu"),
                    eye(202, "Mai Dịch – hướng Phạm Hùng"),
                ],
            },
            Place {
                name: "Nút giao Pháp Vân",
                ward: "00340",
                position: (20.9657, 105.8420),
                cameras: &[eye(211, "Pháp Vân – cửa ngõ phía Nam")],
            },
        ],
    },
    Body {
        code: "VOV-GTHN",
        name: "VOV Giao thông",
        sites: &[
            Place {
                name: "Chợ Mơ",
                ward: "00322",
                position: (20.9958, 105.8503),
                cameras: &[heard(301, "Chợ Mơ – Bạch Mai", SoundCodec::Aac)],
            },
            Place {
                name: "Nút Bưởi",
                ward: "00160",
                position: (21.0466, 105.8055),
                cameras: &[heard(311, "Bưởi – Hoàng Hoa Thám", SoundCodec::Pcmu)],
            },
        ],
    },
];

/// Yields the cameras in order of their numbers.
pub(crate) fn cameras() -> impl Iterator<Item = &'static Eye> {
    CITY.iter().flat_map(|body| body.sites).flat_map(|place| place.cameras)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_city_has_twelve_cameras_and_no_number_twice() {
        let mut numbers: Vec<_> = cameras().map(|camera| camera.number).collect();
        assert_eq!(numbers.len(), 12);
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 12);
    }
}
