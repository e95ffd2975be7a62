//! Cuts a stream of NAL units into access units: what a double must know of
//! H.264 (table 7-1) and H.265 (table 7-1), and no more.
//!
//! ```text
//! H.264   first byte    0 | importance 2 | type 5          first slice: ue(v) 0, a set bit
//! H.265   first two     0 | type 6 | layer 6 | time 3      first slice: a flag, the first bit
//! ```
//!
//! The house reads H.265 by itself; this is written apart from it, so that one
//! does not believe what the other got wrong.

use bytes::Bytes;
use media::nal;

use super::{AccessUnit, Clip, Codec, FrameRate};

/// What a NAL unit is to whoever cuts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Vps,
    Sps,
    Pps,
    Slice {
        /// The first one of its picture.
        first: bool,
        is_key: bool,
        /// Whether nothing after it refers to anything before it.
        resets: bool,
    },
    /// No slice, and the next slice begins an access unit.
    Opens,
    /// Fillers, ends, SEI that comes after: nothing that matters here.
    Other,
    /// Data partitioning.
    Partition,
}

/// Returns whether a NAL unit holds a slice.
pub(crate) fn is_slice(codec: Codec, unit: &[u8]) -> bool {
    matches!(kind(codec, unit), Kind::Slice { .. })
}

fn kind(codec: Codec, unit: &[u8]) -> Kind {
    let first_bit_of = |at: usize| unit.get(at).is_some_and(|byte| byte & 0x80 != 0);
    match codec {
        Codec::H264 => match unit[0] & 0x1f {
            kind @ (1 | 5) => {
                Kind::Slice { first: first_bit_of(1), is_key: kind == 5, resets: kind == 5 }
            }
            2..=4 => Kind::Partition,
            6 | 9 => Kind::Opens,
            7 => Kind::Sps,
            8 => Kind::Pps,
            _ => Kind::Other,
        },
        Codec::H265 => match unit[0] >> 1 & 0x3f {
            // 16 to 21 are random access points: BLA, IDR (19, 20), CRA.
            kind @ (0..=9 | 16..=21) => Kind::Slice {
                first: first_bit_of(2),
                is_key: kind >= 16,
                resets: matches!(kind, 19 | 20),
            },
            32 => Kind::Vps,
            33 => Kind::Sps,
            34 => Kind::Pps,
            35 | 39 => Kind::Opens,
            _ => Kind::Other,
        },
    }
}

/// Cuts an Annex B stream of evenly spaced frames into a clip; says in words why
/// it is none.
pub(super) fn cut(
    codec: Codec,
    stream: &Bytes,
    rate: FrameRate,
    width: u32,
    height: u32,
) -> Result<Clip, String> {
    let (mut vps, mut sps, mut pps) = (None, None, None);
    let mut access_units: Vec<AccessUnit> = Vec::new();
    let mut begins_anew = false;
    // Whether the next slice begins an access unit, whatever it says itself.
    let mut fresh = true;
    for unit in nal::annex_b(stream) {
        match kind(codec, unit) {
            Kind::Vps => keep(&mut vps, stream.slice_ref(unit), "video")?,
            Kind::Sps => keep(&mut sps, stream.slice_ref(unit), "sequence")?,
            Kind::Pps => keep(&mut pps, stream.slice_ref(unit), "picture")?,
            Kind::Slice { first, is_key, resets } => {
                match access_units.last_mut() {
                    Some(open) if !fresh && !first => open.nals.push(stream.slice_ref(unit)),
                    _ => {
                        begins_anew |= access_units.is_empty() && resets;
                        let at_90k = rate.at_90k(access_units.len());
                        let nals = vec![stream.slice_ref(unit)];
                        access_units.push(AccessUnit { is_key, at_90k, sent_90k: at_90k, nals });
                    }
                }
                fresh = false;
                continue;
            }
            Kind::Partition => {
                return Err("it uses data partitioning, which no browser plays".to_owned());
            }
            Kind::Other => continue,
            Kind::Opens => {}
        }
        fresh = true;
    }
    match access_units.first() {
        None => return Err("it holds no frame".to_owned()),
        Some(unit) if !unit.is_key => return Err("it does not begin with a keyframe".to_owned()),
        Some(_) if !begins_anew => {
            // In a loop its leading pictures would refer to the end of the loop before.
            return Err("its first keyframe is no IDR; encode it anew without open groups of \
                        pictures"
                .to_owned());
        }
        Some(_) => {}
    }
    let missing = || "it holds no parameter sets".to_owned();
    if codec == Codec::H265 && vps.is_none() {
        return Err(missing());
    }
    Ok(Clip {
        codec,
        vps,
        sps: sps.ok_or_else(missing)?,
        pps: pps.ok_or_else(missing)?,
        frame_rate: rate,
        width,
        height,
        duration_90k: rate.at_90k(access_units.len()),
        access_units,
    })
}

/// Keeps the first parameter set of its kind and takes no other.
fn keep(kept: &mut Option<Bytes>, found: Bytes, what: &str) -> Result<(), String> {
    match kept {
        Some(kept) if *kept != found => {
            Err(format!("its {what} parameter set changes midway; encode it anew in one pass"))
        }
        Some(_) => Ok(()),
        None => {
            *kept = Some(found);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ClipError;
    use super::*;

    fn stream(units: &[&[u8]]) -> Bytes {
        units.iter().flat_map(|unit| [&[0, 0, 0, 1], *unit].concat()).collect()
    }

    fn of(units: &[&[u8]]) -> Result<Clip, ClipError> {
        Clip::from_annex_b(stream(units), FrameRate::per_second(25), 16, 16)
    }

    const SPS: &[u8] = &[0x67, 1];
    const PPS: &[u8] = &[0x68, 1];
    const IDR: &[u8] = &[0x65, 0x80, 1];

    #[test]
    fn access_units_are_cut_at_first_slices_and_keep_only_slices() {
        let clip = of(&[
            &[9, 0x10],
            SPS,
            PPS,
            &[6, 5, 1],
            IDR,
            &[0x65, 0x40],
            &[0x41, 0x9a],
            SPS,
            PPS,
            IDR,
        ]);
        let clip = clip.unwrap();
        let slices: Vec<_> = clip.access_units.iter().map(|unit| unit.nals.len()).collect();
        assert_eq!(slices, [2, 1, 1]);
        let keys: Vec<_> = clip.access_units.iter().map(|unit| unit.is_key).collect();
        assert_eq!(keys, [true, false, true]);
        let times: Vec<_> = clip.access_units.iter().map(|unit| unit.at_90k).collect();
        assert_eq!(times, [0, 3600, 7200]);
        assert_eq!(clip.duration_90k, 10_800);
        assert_eq!((&clip.sps[..], &clip.pps[..]), (SPS, PPS));
        assert_eq!(clip.access_units[0].nals[0], IDR);
    }

    #[test]
    fn what_cannot_be_replayed_is_told_in_words() {
        let said = |units: &[&[u8]]| of(units).unwrap_err().to_string();
        assert_eq!(said(&[]), "the stream cannot be replayed: it holds no frame");
        assert!(said(&[SPS, PPS, &[0x41, 0x80]]).ends_with("it does not begin with a keyframe"));
        assert!(said(&[IDR]).ends_with("it holds no parameter sets"));
        assert!(said(&[SPS, PPS, IDR, &[0x67, 2]]).contains("sequence parameter set changes"));
        assert!(said(&[SPS, PPS, IDR, &[0x62, 2]]).contains("data partitioning"));
    }

    #[test]
    fn access_units_of_h265_are_cut_by_its_own_types_and_flags() {
        const VPS: &[u8] = &[0x40, 1, 1];
        const SPS: &[u8] = &[0x42, 1, 2];
        const PPS: &[u8] = &[0x44, 1, 3];
        let cut = |units: &[&[u8]]| {
            Clip::from_annex_b_of(Codec::H265, stream(units), FrameRate::per_second(25), 16, 16)
        };
        let idr: &[u8] = &[0x26, 1, 0x80];
        let units = [
            &[0x46, 1, 0x50][..],
            VPS,
            SPS,
            PPS,
            &[0x4e, 1, 5, 1],
            idr,
            &[0x26, 1, 0x40],
            // A suffix SEI belongs to what came before it.
            &[0x50, 1, 5],
            &[0x26, 1, 0x20],
            &[0x02, 1, 0x80],
            &[0x2a, 1, 0x80],
        ];
        let clip = cut(&units).unwrap();
        let slices: Vec<_> = clip.access_units.iter().map(|unit| unit.nals.len()).collect();
        let keys: Vec<_> = clip.access_units.iter().map(|unit| unit.is_key).collect();
        assert_eq!((slices, keys), (vec![3, 1, 1], vec![true, false, true]));
        assert_eq!(clip.vps.as_deref(), Some(VPS));
        assert_eq!((&clip.sps[..], &clip.pps[..]), (SPS, PPS));

        let said = |units: &[&[u8]]| cut(units).unwrap_err().to_string();
        assert!(said(&[SPS, PPS, idr]).ends_with("it holds no parameter sets"));
        assert!(said(&[VPS, SPS, PPS, &[0x2a, 1, 0x80]]).contains("first keyframe is no IDR"));
        assert!(said(&[VPS, SPS, PPS, &[0x02, 1, 0x80]]).ends_with("begin with a keyframe"));
        assert!(said(&[VPS, idr, &[0x40, 1, 2]]).contains("video parameter set changes"));
    }
}
