//! The parameter sets of a stream of pictures, and what they say together.
//!
//! They come with the description, with the keyframes, or both; the last of each kind
//! counts. Cameras repeat them: only other ones make other parameters.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use media::{Codec, Params, h264, h265, nal};

use super::description::Offer;

/// What is known of them.
#[derive(Clone, Debug)]
pub(crate) struct Sets {
    codec: Codec,
    /// VPS, SPS and PPS; H.264 has no VPS.
    units: [Vec<u8>; 3],
    is_changed: bool,
    params: Option<Arc<Params>>,
}

impl Sets {
    /// Takes what a description says of them, as far as it says something.
    pub(crate) fn of(codec: Codec, offer: &Offer) -> Self {
        let mut sets = Self { codec, units: Default::default(), is_changed: false, params: None };
        let names: &[&str] = match codec {
            Codec::H264 => &["sprop-parameter-sets"],
            _ => &["sprop-vps", "sprop-sps", "sprop-pps"],
        };
        let said = names.iter().filter_map(|name| offer.parameter(name));
        for text in said.flat_map(|text| text.split(',')) {
            // What is no base64, or no set, is as if it were not said.
            for unit in STANDARD.decode(text.trim()).iter().flat_map(|bytes| units(bytes)) {
                sets.note(unit);
            }
        }
        sets
    }

    /// Takes a unit if it is a set; what is none is passed over.
    pub(crate) fn note(&mut self, unit: &[u8]) {
        let at = match self.codec {
            Codec::H264 => match h264::unit_kind(unit) {
                Some(h264::kind::SPS) => 1,
                Some(h264::kind::PPS) => 2,
                _ => return,
            },
            _ => match h265::unit_kind(unit) {
                Some(h265::kind::VPS) => 0,
                Some(h265::kind::SPS) => 1,
                Some(h265::kind::PPS) => 2,
                _ => return,
            },
        };
        if self.units[at] != unit {
            self.units[at] = unit.to_vec();
            self.is_changed = true;
        }
    }

    /// Returns what the sets say; `None` until all are there that must be.
    pub(crate) fn params(&mut self) -> Option<&Arc<Params>> {
        if std::mem::take(&mut self.is_changed) {
            let [vps, sps, pps] = &self.units;
            let read = match self.codec {
                Codec::H264 => h264::params(sps, pps),
                _ => h265::params(vps, sps, pps),
            };
            match read {
                Ok(read) if self.params.as_deref() != Some(&read) => {
                    self.params = Some(Arc::new(read));
                }
                Ok(_) => {}
                Err(error) => tracing::debug!(%error, "these parameter sets say nothing"),
            }
        }
        self.params.as_ref()
    }
}

/// Returns the units in what should be one: some cameras put start codes before it, or
/// several behind one another.
pub(crate) fn units(bytes: &[u8]) -> Vec<&[u8]> {
    let Some(at) = start_code(bytes) else { return vec![bytes] };
    // Zeros before a start code belong to it.
    let first = bytes[..at].iter().rposition(|&byte| byte != 0).map(|last| &bytes[..=last]);
    first.into_iter().chain(nal::annex_b(&bytes[at..])).collect()
}

/// Returns whether something stands behind a start code, which no unit has in it.
pub(crate) fn has_start_code(bytes: &[u8]) -> bool {
    start_code(bytes).is_some()
}

fn start_code(bytes: &[u8]) -> Option<usize> {
    bytes.windows(3).position(|three| three == [0, 0, 1])
}

#[cfg(test)]
mod tests {
    use super::super::description::Description;
    use super::*;

    const SPS: &[u8] = &[
        0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x47, 0xfe, 0x88, 0x00, 0x00, 0x03, 0x00, 0x08,
        0x00, 0x00, 0x03, 0x01, 0x94, 0x78, 0xb1, 0x75,
    ];
    const PPS: &[u8] = &[0x68, 0xcb, 0x83, 0xcb, 0x20];

    fn offer(sets: &str) -> Offer {
        let text = format!(
            "v=0\nm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 sprop-parameter-sets={sets};\n"
        );
        Description::read(text.as_bytes()).unwrap().tracks.remove(0)
    }

    #[test]
    fn sets_are_found_however_they_are_put() {
        let text = |bytes: &[u8]| STANDARD.encode(bytes);
        let with_codes = [&[0, 0, 0, 1], SPS, &[0, 0, 1], PPS].concat();
        for said in [
            format!("{},{}", text(SPS), text(PPS)),
            format!("{},{},{}", text(&[0x6f, 1]), text(SPS), text(PPS)),
            text(&with_codes),
            text(&with_codes[4..]),
        ] {
            let mut sets = Sets::of(Codec::H264, &offer(&said));
            assert_eq!(sets.params().map(|params| params.codec), Some(Codec::H264), "{said}");
        }
        for said in ["", "!!,??", "Zw==", &text(SPS)] {
            assert_eq!(Sets::of(Codec::H264, &offer(said)).params(), None, "{said}");
        }
    }

    #[test]
    fn only_other_sets_make_other_parameters() {
        let mut sets = Sets::of(Codec::H264, &offer(""));
        [SPS, PPS].iter().for_each(|unit| sets.note(unit));
        let first = sets.params().cloned().unwrap();
        [SPS, PPS, &[0x06, 1]].iter().for_each(|unit| sets.note(unit));
        assert!(Arc::ptr_eq(&first, sets.params().unwrap()));
        let other = [PPS, &[7]].concat();
        sets.note(&other);
        assert!(!Arc::ptr_eq(&first, sets.params().unwrap()));
        // Sets that say nothing leave the last ones that did.
        sets.note(&[0x67]);
        assert!(sets.params().is_some());
    }
}
