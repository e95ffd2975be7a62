//! H.264: what parameter sets say, the record that decoders are opened with,
//! and where one picture ends (ITU-T H.264; ISO/IEC 14496-15 §5.3.3).
//!
//! ```text
//! SPS (7)  profile, level, size, frame rate ─┐
//! PPS (8)  how slices are coded             ─┴─▶ configuration record (avcC) ─▶ Params
//! slices (1, 5) of one picture              ───▶ a frame; a keyframe if they are 5 (IDR)
//! ```
//!
//! Nothing here decodes a picture. How units are cut and stripped is `nal`'s.

use bytes::{BufMut, Bytes};

use crate::bits::{Bits, BitsError};
use crate::{Codec, Params, nal};

/// Types of NAL units that this house tells apart (H.264 table 7-1).
pub mod kind {
    /// A slice that needs earlier pictures.
    pub const SLICE: u8 = 1;
    /// A slice of a picture that can be decoded alone.
    pub const IDR: u8 = 5;
    /// Supplemental enhancement information.
    pub const SEI: u8 = 6;
    /// Sequence parameter set.
    pub const SPS: u8 = 7;
    /// Picture parameter set.
    pub const PPS: u8 = 8;
    /// Access unit delimiter.
    pub const DELIMITER: u8 = 9;
    /// Filler data.
    pub const FILLER: u8 = 12;
}

/// What a sequence parameter set says that anyone but a decoder wants to know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sps {
    /// `profile_idc`: 66 baseline, 77 main, 100 high.
    pub profile: u8,
    /// The byte of constraint flags behind it.
    pub constraints: u8,
    /// `level_idc`: ten times the level.
    pub level: u8,
    /// Width of the picture shown, cropping taken off.
    pub width: u32,
    /// Height of the picture shown, cropping taken off.
    pub height: u32,
    /// Frames in a second, where the camera announces it. Cameras are often
    /// wrong here; nothing is timed by it.
    pub frame_rate: Option<f64>,
    /// How many frames may be shown later than they are decoded, where that is
    /// said: zero for a stream that cannot have B-frames.
    pub reorder_depth: Option<u8>,
    /// `chroma_format_idc`: 1 is 4:2:0.
    chroma_format: u32,
    bit_depth_luma: u32,
    bit_depth_chroma: u32,
}

/// A configuration record taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config<'a> {
    /// Bytes of the length before each NAL unit of a frame: 1, 2 or 4.
    pub length_size: u8,
    /// Sequence parameter sets, as units.
    pub sps: Vec<&'a [u8]>,
    /// Picture parameter sets, as units.
    pub pps: Vec<&'a [u8]>,
}

/// The profile without B-frames.
const BASELINE: u8 = 66;
/// The `pic_order_cnt_type` of streams that are shown as they are decoded.
const SHOWN_AS_DECODED: u32 = 2;

/// Why parameters cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParamsError {
    /// The bytes are not the parameter set they are given as.
    #[error("the {0} is of another NAL unit type")]
    OtherType(&'static str),
    /// The bytes end within a field.
    #[error("the {0} ends too early")]
    TooShort(&'static str),
    /// A field says what no stream can be.
    #[error("the SPS says that {0}")]
    Nonsense(&'static str),
    /// The record is of another form than the one this house knows.
    #[error("the configuration record {0}")]
    Record(&'static str),
}

impl From<BitsError> for ParamsError {
    fn from(error: BitsError) -> Self {
        match error {
            BitsError::TooShort => Self::TooShort("SPS"),
            BitsError::TooLarge => Self::Nonsense("a number has more than 32 bits"),
            BitsError::Nonsense(words) => Self::Nonsense(words),
        }
    }
}

/// Returns the parameters of a stream from its parameter sets.
pub fn params(sps: &[u8], pps: &[u8]) -> Result<Params, ParamsError> {
    let Sps { width, height, .. } = Sps::parse(sps)?;
    if unit_kind(pps) != Some(kind::PPS) {
        return Err(ParamsError::OtherType("PPS"));
    }
    Ok(Params { codec: Codec::H264, width, height, config: config_record(sps, pps) })
}

/// Returns the parameters of a stream from the record that its container or
/// its RTP session gives.
pub fn params_of_record(record: Bytes) -> Result<Params, ParamsError> {
    let config = Config::parse(&record)?;
    if config.length_size != 4 {
        return Err(ParamsError::Record("does not put four bytes of length before a unit"));
    }
    let first = config.sps.first().ok_or(ParamsError::Record("holds no SPS"))?;
    let Sps { width, height, .. } = Sps::parse(first)?;
    Ok(Params { codec: Codec::H264, width, height, config: record })
}

/// Returns the frames in a second that the stream's SPS announces, if it does.
pub fn frame_rate(params: &Params) -> Option<f64> {
    let config = Config::parse(&params.config).ok()?;
    Sps::parse(config.sps.first()?).ok()?.frame_rate
}

/// Returns how many frames may be shown later than they are decoded, where the
/// record's SPS says it.
pub(crate) fn reorder_depth(record: &[u8]) -> Option<u8> {
    Sps::parse(Config::parse(record).ok()?.sps.first()?).ok()?.reorder_depth
}

/// Returns the decoder configuration record (the body of `avcC`) with both
/// parameter sets in it. What is no parameter set makes a record that
/// [`params_of_record`] refuses; [`params`] checks first.
pub fn config_record(sps: &[u8], pps: &[u8]) -> Bytes {
    let (sps, pps) = (within_record(sps), within_record(pps));
    let byte = |at: usize| sps.get(at).copied().unwrap_or(0);
    let mut record = Vec::with_capacity(15 + sps.len() + pps.len());
    record.put_slice(&[1, byte(1), byte(2), byte(3)]);
    record.put_u8(0xfc | 3); // lengths of four bytes
    for (unit, reserved) in [(sps, 0xe0), (pps, 0)] {
        record.put_u8(reserved | 1);
        record.put_u16(unit.len() as u16); // at most u16::MAX: see within_record
        record.put_slice(unit);
    }
    // Only these profiles carry the fields, though others know chroma formats too.
    if let (100 | 110 | 122 | 144, Ok(sps)) = (byte(1), Sps::parse(sps)) {
        record.put_u8(0xfc | sps.chroma_format as u8);
        record.put_u8(0xf8 | (sps.bit_depth_luma - 8) as u8);
        record.put_u8(0xf8 | (sps.bit_depth_chroma - 8) as u8);
        record.put_u8(0); // no SPS extensions
    }
    record.into()
}

/// Returns whether a frame's data (length-prefixed units) is a keyframe.
pub fn is_keyframe(data: &[u8]) -> bool {
    nal::length_prefixed(data).any(|unit| unit.is_ok_and(|unit| unit_kind(unit) == Some(kind::IDR)))
}

/// Returns the type of a unit; an empty one has none.
pub fn unit_kind(unit: &[u8]) -> Option<u8> {
    unit.first().map(|header| header & 0x1f)
}

/// Groups units into access units: the slices of a picture with what stands
/// before them (§7.4.1.2.3). Pictures coded as two fields come apart; cameras
/// of our time do not send such.
pub fn access_units<'a>(
    units: impl Iterator<Item = &'a [u8]>,
) -> impl Iterator<Item = Vec<&'a [u8]>> {
    let mut units = units.filter(|unit| !unit.is_empty()).peekable();
    std::iter::from_fn(move || {
        let mut access_unit = Vec::new();
        let mut has_slice = false;
        while let Some(unit) = units.next_if(|unit| !(has_slice && opens_access_unit(unit))) {
            has_slice |= matches!(unit_kind(unit), Some(kind::SLICE..=kind::IDR));
            access_unit.push(unit);
        }
        (!access_unit.is_empty()).then_some(access_unit)
    })
}

/// Returns whether `unit`, behind a slice, belongs to the next picture.
fn opens_access_unit(unit: &[u8]) -> bool {
    match unit_kind(unit) {
        // The first field is first_mb_in_slice; zero is coded as a single 1 bit.
        Some(kind::SLICE | 2 | kind::IDR) => unit.get(1).is_some_and(|byte| byte & 0x80 != 0),
        Some(kind::SEI..=kind::DELIMITER | 14..=18) => true,
        _ => false,
    }
}

impl Sps {
    /// Reads a sequence parameter set, its header byte included.
    pub fn parse(unit: &[u8]) -> Result<Self, ParamsError> {
        if unit_kind(unit) != Some(kind::SPS) {
            return Err(ParamsError::OtherType("SPS"));
        }
        let rbsp = nal::rbsp(unit);
        let mut bits = Bits::new(&rbsp, 8);
        let profile = bits.read(8)? as u8;
        let constraints = bits.read(8)? as u8;
        let level = bits.read(8)? as u8;
        bits.ue()?; // its number
        let (mut chroma_format, mut bit_depth_luma, mut bit_depth_chroma) = (1, 8, 8);
        let mut separate_planes = false;
        if matches!(
            profile,
            100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135
        ) {
            chroma_format = bits.ue_up_to(3, "its chroma format is none of four")?;
            separate_planes = chroma_format == 3 && bits.flag()?;
            bit_depth_luma = 8 + bits.ue_up_to(6, "a sample has more than 14 bits")?;
            bit_depth_chroma = 8 + bits.ue_up_to(6, "a sample has more than 14 bits")?;
            bits.flag()?;
            if bits.flag()? {
                skip_scaling_lists(&mut bits, if chroma_format == 3 { 12 } else { 8 })?;
            }
        }
        bits.ue()?; // log2_max_frame_num
        let order_type = bits.ue()?;
        match order_type {
            0 => {
                bits.ue()?;
            }
            1 => {
                bits.flag()?;
                bits.ue()?;
                bits.ue()?;
                for _ in 0..bits.ue_up_to(255, "its picture order has more than 255 steps")? {
                    bits.ue()?;
                }
            }
            _ => {}
        }
        bits.ue()?; // reference frames
        bits.flag()?;
        let width_units = bits.ue()?;
        let height_units = bits.ue()?;
        let frames_only = bits.flag()?;
        if !frames_only {
            bits.flag()?;
        }
        bits.flag()?;
        let crop =
            if bits.flag()? { [bits.ue()?, bits.ue()?, bits.ue()?, bits.ue()?] } else { [0; 4] };
        // Cropping counts in chroma samples, and in line pairs of fields (§7.4.2.1.1).
        let field_lines = if frames_only { 1 } else { 2 };
        let (crop_x, crop_y) = match chroma_format {
            1 if !separate_planes => (2, 2 * field_lines),
            2 => (2, field_lines),
            _ => (1, field_lines),
        };
        let width = shown(width_units, 16, [crop[0], crop[1]], crop_x)?;
        let height = shown(height_units, 16 * field_lines, [crop[2], crop[3]], crop_y)?;
        // What stands in the VUI is a courtesy: a stream plays without it.
        let mut vui = Vui::default();
        let _ = read_vui(&mut bits, &mut vui);
        let in_order = profile == BASELINE || order_type == SHOWN_AS_DECODED;
        Ok(Self {
            profile,
            constraints,
            level,
            width,
            height,
            frame_rate: vui.frame_rate,
            reorder_depth: if in_order { Some(0) } else { vui.reorder_depth },
            chroma_format,
            bit_depth_luma,
            bit_depth_chroma,
        })
    }
}

/// Returns a side of the picture shown: so many units, less what is cropped.
pub(crate) fn shown(
    units_minus_1: u32,
    unit: u32,
    crop: [u32; 2],
    crop_unit: u32,
) -> Result<u32, ParamsError> {
    /// The longest side that any level allows: the root of eight times the
    /// most macroblocks of a frame (§A.3.1, level 6.2), in pixels.
    const LONGEST: u64 = 1055 * 16;
    let coded = (u64::from(units_minus_1) + 1) * u64::from(unit);
    if coded > LONGEST {
        return Err(ParamsError::Nonsense("the picture is larger than any level allows"));
    }
    let cropped = crop.iter().map(|&side| u64::from(side)).sum::<u64>() * u64::from(crop_unit);
    match coded.checked_sub(cropped) {
        Some(side @ 1..) => Ok(side as u32),
        _ => Err(ParamsError::Nonsense("nothing of the picture is shown")),
    }
}

impl<'a> Config<'a> {
    /// Takes a record apart; fields behind the parameter sets are not looked at.
    pub fn parse(record: &'a [u8]) -> Result<Self, ParamsError> {
        const SHORT: ParamsError = ParamsError::TooShort("configuration record");
        let (head, mut rest) = record.split_first_chunk::<5>().ok_or(SHORT)?;
        if head[0] != 1 {
            return Err(ParamsError::Record("is of another version than 1"));
        }
        let length_size = (head[4] & 3) + 1;
        let mut sets = |mask: u8| -> Result<Vec<&'a [u8]>, ParamsError> {
            let (count, after) = rest.split_first().ok_or(SHORT)?;
            rest = after;
            let mut units = Vec::new();
            for _ in 0..count & mask {
                let (length, after) = rest.split_first_chunk::<2>().ok_or(SHORT)?;
                let length = u16::from_be_bytes(*length).into();
                let (unit, after) = after.split_at_checked(length).ok_or(SHORT)?;
                units.push(unit);
                rest = after;
            }
            Ok(units)
        };
        Ok(Self { length_size, sps: sets(0x1f)?, pps: sets(0xff)? })
    }
}

/// Returns what of a parameter set goes into a record: no start code behind it
/// and no zeros (GW Security GW4089IP announces `…80 00 00 00 01`, Dahua adds
/// a zero: H.264 §7.4.1, a unit ends in another byte), and never more than a
/// length of 16 bits can say.
pub(crate) fn within_record(unit: &[u8]) -> &[u8] {
    let end =
        unit.windows(3).position(|three| matches!(three, [0, 0, 0 | 1])).unwrap_or(unit.len());
    let end = unit[..end].iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    &unit[..end.min(u16::MAX.into())]
}

/// Passes over scaling lists (§7.3.2.1.1.1).
fn skip_scaling_lists(bits: &mut Bits<'_>, lists: usize) -> Result<(), BitsError> {
    for list in 0..lists {
        if !bits.flag()? {
            continue;
        }
        let (mut last, mut next) = (8, 8);
        for _ in 0..if list < 6 { 16 } else { 64 } {
            if next != 0 {
                next = (last + bits.se()?).rem_euclid(256);
            }
            if next != 0 {
                last = next;
            }
        }
    }
    Ok(())
}

/// What the VUI says of use here.
#[derive(Clone, Copy, Debug, Default)]
struct Vui {
    frame_rate: Option<f64>,
    reorder_depth: Option<u8>,
}

/// Reads the VUI (§E.1.1); what was read before an error stays in `vui`.
fn read_vui(bits: &mut Bits<'_>, vui: &mut Vui) -> Result<(), BitsError> {
    const EXTENDED_SAR: u32 = 255;
    if !bits.flag()? {
        return Ok(());
    }
    if bits.flag()? && bits.read(8)? == EXTENDED_SAR {
        bits.read(32)?;
    }
    if bits.flag()? {
        bits.flag()?; // overscan
    }
    if bits.flag()? {
        bits.read(4)?; // video format, range
        if bits.flag()? {
            bits.read(24)?; // colours
        }
    }
    if bits.flag()? {
        bits.ue()?; // where chroma samples lie
        bits.ue()?;
    }
    if bits.flag()? {
        let units_in_tick = bits.read(32)?;
        let time_scale = bits.read(32)?;
        if units_in_tick != 0 && time_scale != 0 {
            // A tick is a field, also where there are none.
            vui.frame_rate = Some(f64::from(time_scale) / f64::from(units_in_tick) / 2.0);
        }
        bits.flag()?; // whether it is kept to
    }
    let mut buffered = false;
    for _ in 0..2 {
        if bits.flag()? {
            skip_hrd(bits)?;
            buffered = true;
        }
    }
    if buffered {
        bits.flag()?;
    }
    bits.flag()?; // pictures say how they are shown
    if bits.flag()? {
        bits.flag()?;
        for _ in 0..4 {
            bits.ue()?; // bytes, bits, lengths of motion vectors
        }
        vui.reorder_depth = Some(bits.ue_up_to(16, "more than 16 frames are reordered")? as u8);
    }
    Ok(())
}

/// Passes over the parameters of a hypothetical decoder's buffer (§E.1.2).
fn skip_hrd(bits: &mut Bits<'_>) -> Result<(), BitsError> {
    let buffers = bits.ue_up_to(31, "there are more than 32 buffers")?;
    bits.read(8)?;
    for _ in 0..=buffers {
        bits.ue()?;
        bits.ue()?;
        bits.flag()?;
    }
    bits.skip(20)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Captured {
        make: &'static str,
        sps: Vec<u8>,
        pps: Vec<u8>,
        size: &'static str,
        profile: u8,
        frame_rate: Option<f64>,
    }

    fn captured() -> Vec<Captured> {
        include_str!("testdata/parameter_sets.txt")
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| {
                let fields: Vec<_> = line.split_whitespace().collect();
                let [make, sps, pps, size, profile, rate] = fields[..] else { panic!("{line}") };
                Captured {
                    make,
                    sps: hex(sps),
                    pps: hex(pps),
                    size,
                    profile: profile.parse().unwrap(),
                    frame_rate: rate.parse().ok(),
                }
            })
            .collect()
    }

    fn hex(text: &str) -> Vec<u8> {
        let digits = text.as_bytes().chunks(2).map(|two| std::str::from_utf8(two).unwrap());
        digits.map(|two| u8::from_str_radix(two, 16).unwrap()).collect()
    }

    #[test]
    fn parameter_sets_of_many_makes_say_what_ffprobe_says() {
        for camera in captured() {
            let sps = Sps::parse(&camera.sps).unwrap();
            assert_eq!(format!("{}x{}", sps.width, sps.height), camera.size, "{}", camera.make);
            assert_eq!(sps.profile, camera.profile, "{}", camera.make);
            assert_eq!(sps.frame_rate, camera.frame_rate, "{}", camera.make);
        }
    }

    #[test]
    fn a_record_holds_both_sets_and_reads_back() {
        for camera in captured() {
            let params = params(&camera.sps, &camera.pps).unwrap();
            let config = Config::parse(&params.config).unwrap();
            assert_eq!(config.length_size, 4);
            assert_eq!(config.sps, [within_record(&camera.sps)], "{}", camera.make);
            assert_eq!(config.pps, [within_record(&camera.pps)], "{}", camera.make);
            assert_eq!(frame_rate(&params), camera.frame_rate, "{}", camera.make);
            assert_eq!(params_of_record(params.config.clone()), Ok(params), "{}", camera.make);
        }
    }

    #[test]
    fn the_record_of_a_hikvision_and_of_a_reolink_to_the_byte() {
        let find = |make: &str| captured().into_iter().find(|camera| camera.make == make).unwrap();
        let hikvision = find("hikvision");
        assert_eq!(
            config_record(&hikvision.sps, &hikvision.pps),
            hex("014d0029ffe1001967 4d00299a6403c0113f2cd404040500000303e80000ea6004 010004 68ee3c80"
                .replace(' ', "").as_str()),
        );
        let reolink = find("reolink");
        assert_eq!(
            config_record(&reolink.sps, &reolink.pps),
            hex("01640033ffe1000a67640033ace802800b5901000468ee3c30fdf8f800"),
            "high profile: chroma format and bit depths behind the sets",
        );
        assert_eq!(params(&reolink.sps, &reolink.pps).unwrap().rfc6381(), "avc1.640033");
    }

    #[test]
    fn a_start_code_behind_a_set_stays_outside_the_record() {
        let gw = captured().into_iter().find(|camera| camera.make == "gw-security-sub").unwrap();
        let record = config_record(&gw.sps, &gw.pps);
        assert_eq!(Config::parse(&record).unwrap().pps, [hex("68ee3c80")]);
    }

    #[test]
    fn what_is_no_parameter_set_is_refused_in_words() {
        let camera = captured().remove(0);
        let swapped = params(&camera.pps, &camera.sps).unwrap_err();
        assert_eq!(swapped.to_string(), "the SPS is of another NAL unit type");
        let short = Sps::parse(&camera.sps[..5]).unwrap_err();
        assert_eq!(short.to_string(), "the SPS ends too early");
        assert_eq!(Sps::parse(&[]), Err(ParamsError::OtherType("SPS")));
        assert!(params_of_record(config_record(&[], &[])).is_err());
        assert!(params_of_record(Bytes::from_static(&[1, 77, 0, 41, 0xfd, 0xe0, 0])).is_err());
    }

    #[test]
    fn a_picture_of_no_possible_size_is_refused() {
        assert!(shown(u32::MAX, 16, [0, 0], 2).is_err());
        assert!(shown(0, 16, [4, 4], 2).is_err());
        assert!(shown(0, 16, [u32::MAX, u32::MAX], 4).is_err());
        assert_eq!(shown(67, 16, [0, 4], 2), Ok(1080));
    }

    #[test]
    fn pictures_part_at_the_first_slice_and_at_what_goes_before_it() {
        let (sps, pps, sei, delimiter) = (&[0x67, 1][..], &[0x68, 1][..], &[6, 1][..], &[9, 1][..]);
        let (idr, idr_more) = (&[0x65, 0x88][..], &[0x65, 0x48][..]);
        let (slice, slice_more) = (&[0x41, 0x9a][..], &[0x41, 0x1a][..]);
        let units = [sps, pps, sei, idr, idr_more, slice, slice_more, slice, delimiter, slice, sps];
        let grouped: Vec<_> = access_units(units.into_iter()).collect();
        assert_eq!(
            grouped,
            [
                vec![sps, pps, sei, idr, idr_more],
                vec![slice, slice_more],
                vec![slice],
                vec![delimiter, slice],
                vec![sps],
            ]
        );
    }

    #[test]
    fn a_keyframe_is_one_whatever_stands_before_its_slices() {
        let mut data = Vec::new();
        nal::push_length_prefixed(&mut data, &[6, 1, 2]);
        assert!(!is_keyframe(&data));
        nal::push_length_prefixed(&mut data, &[0x41, 1]);
        assert!(!is_keyframe(&data));
        nal::push_length_prefixed(&mut data, &[0x65, 1]);
        assert!(is_keyframe(&data));
        assert!(!is_keyframe(&[0, 0, 0, 9, 0x65]));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(mut bytes in prop::collection::vec(any::<u8>(), 0..80), at: usize, camera in 0usize..14) {
            let _ = Config::parse(&bytes);
            let _ = params_of_record(bytes.clone().into());
            let _ = is_keyframe(&bytes);
            bytes.insert(0, 0x67);
            let _ = Sps::parse(&bytes);
            // Near misses of real ones reach deeper than noise.
            let mut sps = captured().swap_remove(camera).sps;
            let at = 1 + at % (sps.len() - 1);
            sps[at] ^= bytes[bytes.len() - 1];
            let _ = Sps::parse(&sps);
        }
    }
}
