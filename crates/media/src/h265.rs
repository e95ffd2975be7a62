//! H.265: what parameter sets say, the record that decoders are opened with,
//! and what of an access unit a frame keeps (ITU-T H.265; ISO/IEC 14496-15 §8.3.3).
//!
//! ```text
//! VPS (32), SPS (33)  profile, level, size, order ─┐
//! PPS (34)            how slices are coded        ─┴─▶ configuration record (hvcC) ─▶ Params
//! slices (0 … 21)     ───▶ a frame; a keyframe if they are 16 … 21 (IRAP)
//! ```
//!
//! Nothing here decodes a picture. How units are cut and stripped is `nal`'s.

use bytes::{BufMut, Bytes};

use crate::bits::Bits;
use crate::h264::{ParamsError, shown, within_record};
use crate::{Codec, Params, nal};

/// Types of NAL units that this house tells apart (H.265 table 7-1).
pub mod kind {
    /// The last type of a slice that needs earlier pictures.
    pub const LAST_SLICE: u8 = 9;
    /// The first type of a slice of a picture that can be decoded alone.
    pub const FIRST_IRAP: u8 = 16;
    /// The last one that is in use.
    pub const LAST_IRAP: u8 = 21;
    /// Video parameter set.
    pub const VPS: u8 = 32;
    /// Sequence parameter set.
    pub const SPS: u8 = 33;
    /// Picture parameter set.
    pub const PPS: u8 = 34;
    /// Access unit delimiter.
    pub const DELIMITER: u8 = 35;
    /// Filler data.
    pub const FILLER: u8 = 38;
    /// Supplemental enhancement information before the slices.
    pub const SEI: u8 = 39;
}

/// What a sequence parameter set says that anyone but a decoder wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sps {
    /// Width of the picture shown, what the conformance window cuts off taken away.
    pub width: u32,
    /// Height of the picture shown, likewise.
    pub height: u32,
    /// How many pictures may be shown later than they are decoded.
    pub reorder_depth: u8,
    /// Profile, tier and level as the record has them: 12 bytes.
    profile_tier_level: [u8; 12],
    /// How many temporal layers there are.
    layers: u8,
    /// Whether layers may be left out anywhere.
    nested: bool,
    /// `chroma_format_idc`: 1 is 4:2:0.
    chroma_format: u32,
    bit_depth_luma: u32,
    bit_depth_chroma: u32,
}

/// A configuration record taken apart: the units of its arrays, by type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config<'a> {
    /// Bytes of the length before each NAL unit of a frame: 1, 2 or 4.
    pub length_size: u8,
    /// Video parameter sets, as units.
    pub vps: Vec<&'a [u8]>,
    /// Sequence parameter sets, as units.
    pub sps: Vec<&'a [u8]>,
    /// Picture parameter sets, as units.
    pub pps: Vec<&'a [u8]>,
}

/// Returns the parameters of a stream from its parameter sets.
pub fn params(vps: &[u8], sps: &[u8], pps: &[u8]) -> Result<Params, ParamsError> {
    for (unit, wanted, name) in [(vps, kind::VPS, "VPS"), (pps, kind::PPS, "PPS")] {
        if unit_kind(unit) != Some(wanted) {
            return Err(ParamsError::OtherType(name));
        }
    }
    let parsed = Sps::parse(sps)?;
    let config = config_record(&parsed, vps, sps, pps);
    Ok(Params { codec: Codec::H265, width: parsed.width, height: parsed.height, config })
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
    Ok(Params { codec: Codec::H265, width, height, config: record })
}

/// Returns how many pictures may be shown later than they are decoded, as the
/// record's SPS says it.
pub(crate) fn reorder_depth(record: &[u8]) -> Option<u8> {
    Sps::parse(Config::parse(record).ok()?.sps.first()?).ok().map(|sps| sps.reorder_depth)
}

/// Returns the codec as ISO/IEC 14496-15 annex E.3 writes it.
pub(crate) fn rfc6381(record: &[u8]) -> String {
    let Some(head) = record.first_chunk::<13>() else { return "hvc1".to_owned() };
    let (space, profile) = (["", "A", "B", "C"][usize::from(head[1] >> 6)], head[1] & 0x1f);
    let tier = if head[1] & 0x20 == 0 { 'L' } else { 'H' };
    let compatible = u32::from_be_bytes([head[2], head[3], head[4], head[5]]).reverse_bits();
    let mut words = format!("hvc1.{space}{profile}.{compatible:X}.{tier}{}", head[12]);
    let constraints = &head[6..12];
    let end = constraints.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    for byte in &constraints[..end] {
        words.push_str(&format!(".{byte:X}"));
    }
    words
}

/// Returns the decoder configuration record (the body of `hvcC`) with the
/// three parameter sets in it.
fn config_record(parsed: &Sps, vps: &[u8], sps: &[u8], pps: &[u8]) -> Bytes {
    let sets = [(kind::VPS, vps), (kind::SPS, sps), (kind::PPS, pps)];
    let mut record = Vec::with_capacity(38 + vps.len() + sps.len() + pps.len());
    record.put_u8(1);
    record.put_slice(&parsed.profile_tier_level);
    record.put_u16(0xf000); // any segmentation
    record.put_u8(0xfc); // any parallelism
    record.put_u8(0xfc | parsed.chroma_format as u8);
    record.put_u8(0xf8 | (parsed.bit_depth_luma - 8) as u8);
    record.put_u8(0xf8 | (parsed.bit_depth_chroma - 8) as u8);
    record.put_u16(0); // frame rate not said
    record.put_u8(parsed.layers << 3 | u8::from(parsed.nested) << 2 | 3);
    record.put_u8(sets.len() as u8);
    for (kind, unit) in sets {
        let unit = within_record(unit);
        record.put_u8(0x80 | kind); // all of this type are here
        record.put_u16(1);
        record.put_u16(unit.len() as u16); // at most u16::MAX: see within_record
        record.put_slice(unit);
    }
    record.into()
}

/// Returns the type of a unit; an empty one has none.
pub fn unit_kind(unit: &[u8]) -> Option<u8> {
    unit.first().map(|header| header >> 1 & 0x3f)
}

/// Returns whether a slice of this type is of a picture that can be decoded alone.
pub fn is_irap(kind: u8) -> bool {
    (kind::FIRST_IRAP..=kind::LAST_IRAP).contains(&kind)
}

impl Sps {
    /// Reads a sequence parameter set, its two header bytes included (§7.3.2.2).
    pub fn parse(unit: &[u8]) -> Result<Self, ParamsError> {
        if unit_kind(unit) != Some(kind::SPS) {
            return Err(ParamsError::OtherType("SPS"));
        }
        let rbsp = nal::rbsp(unit);
        let mut bits = Bits::new(&rbsp, 16);
        bits.read(4)?; // number of its VPS
        let sub_layers = bits.read(3)?;
        if sub_layers > 6 {
            return Err(ParamsError::Nonsense("there are more than seven layers"));
        }
        let nested = bits.flag()?;
        let mut profile_tier_level = [0; 12];
        for byte in &mut profile_tier_level {
            *byte = bits.read(8)? as u8;
        }
        skip_sub_layers(&mut bits, sub_layers)?;
        bits.ue()?; // its number
        let chroma_format = bits.ue_up_to(3, "its chroma format is none of four")?;
        let separate_planes = chroma_format == 3 && bits.flag()?;
        let (width, height) = (bits.ue()?, bits.ue()?);
        let cut =
            if bits.flag()? { [bits.ue()?, bits.ue()?, bits.ue()?, bits.ue()?] } else { [0; 4] };
        let bit_depth_luma = 8 + bits.ue_up_to(8, "a sample has more than 16 bits")?;
        let bit_depth_chroma = 8 + bits.ue_up_to(8, "a sample has more than 16 bits")?;
        bits.ue()?; // log2_max_pic_order_cnt_lsb
        let first = if bits.flag()? { 0 } else { sub_layers };
        let mut reorder_depth = 0;
        for _ in first..=sub_layers {
            bits.ue()?; // pictures kept
            reorder_depth = bits.ue_up_to(16, "more than 16 pictures are reordered")? as u8;
            bits.ue()?; // latency
        }
        // What is cut counts in chroma samples (§7.4.3.2.1).
        let (cut_x, cut_y) = match chroma_format {
            1 if !separate_planes => (2, 2),
            2 => (2, 1),
            _ => (1, 1),
        };
        let side = |length: u32, cut, unit| {
            let Some(less_one) = length.checked_sub(1) else {
                return Err(ParamsError::Nonsense("nothing of the picture is shown"));
            };
            shown(less_one, 1, cut, unit)
        };
        Ok(Self {
            width: side(width, [cut[0], cut[1]], cut_x)?,
            height: side(height, [cut[2], cut[3]], cut_y)?,
            reorder_depth,
            profile_tier_level,
            layers: sub_layers as u8 + 1,
            nested,
            chroma_format,
            bit_depth_luma,
            bit_depth_chroma,
        })
    }
}

/// Passes over what is said of lower layers (§7.3.3).
fn skip_sub_layers(bits: &mut Bits<'_>, sub_layers: u32) -> Result<(), ParamsError> {
    let mut length = 0;
    for _ in 0..sub_layers {
        length += if bits.flag()? { 88 } else { 0 };
        length += if bits.flag()? { 8 } else { 0 };
    }
    if sub_layers > 0 {
        length += 2 * (8 - sub_layers as usize);
    }
    Ok(bits.skip(length)?)
}

impl<'a> Config<'a> {
    /// Takes a record apart; arrays of other types are passed over.
    pub fn parse(record: &'a [u8]) -> Result<Self, ParamsError> {
        const SHORT: ParamsError = ParamsError::TooShort("configuration record");
        let (head, mut rest) = record.split_first_chunk::<23>().ok_or(SHORT)?;
        if head[0] != 1 {
            return Err(ParamsError::Record("is of another version than 1"));
        }
        let length_size = (head[21] & 3) + 1;
        let mut config = Self { length_size, vps: Vec::new(), sps: Vec::new(), pps: Vec::new() };
        for _ in 0..head[22] {
            let (array, after) = rest.split_first_chunk::<3>().ok_or(SHORT)?;
            rest = after;
            for _ in 0..u16::from_be_bytes([array[1], array[2]]) {
                let (length, after) = rest.split_first_chunk::<2>().ok_or(SHORT)?;
                let length = u16::from_be_bytes(*length).into();
                let (unit, after) = after.split_at_checked(length).ok_or(SHORT)?;
                rest = after;
                match array[0] & 0x3f {
                    kind::VPS => config.vps.push(unit),
                    kind::SPS => config.sps.push(unit),
                    kind::PPS => config.pps.push(unit),
                    _ => {}
                }
            }
        }
        Ok(config)
    }
}
