//! Fragmented MP4: the initialisation segment, and the header of a fragment.
//!
//! ```text
//! ftyp moov                    what the track is; no sample
//! moof                         one fragment: numbers of its samples
//! ├ mfhd                       sequence
//! └ traf
//!   ├ tfhd                     flags of a sample, unless said otherwise
//!   ├ tfdt                     decoding time of the first
//!   └ trun                     duration, size (and flags, composition where needed)
//! mdat                         the samples, one behind the other
//! ```
//!
//! A fragment is short on purpose: live fragments hold a single frame, and what
//! is recorded should be picture. A sample costs eight bytes; flags are written
//! for each only where a keyframe stands behind the first sample, composition
//! offsets only where one is not zero.

use bytes::{BufMut, Bytes};

use super::boxes::{
    TRACK, count, put, put_ftyp, put_full, put_mdat_header, put_mdia, put_mvhd, put_tkhd,
};
use super::{KEY, NOT_KEY, Sample};
use crate::Params;

/// Returns `ftyp` and `moov` of a fragmented file with one track.
pub fn init_segment(params: &Params) -> Bytes {
    let mut out = Vec::with_capacity(640 + params.config.len());
    put_ftyp(&mut out, b"iso6", &[b"iso5", b"iso6", b"mp41", b"cmfc"]);
    put(&mut out, b"moov", |out| {
        put_mvhd(out, 0, 1);
        put(out, b"trak", |out| {
            put_tkhd(out, TRACK, 0, Some(params));
            put_mdia(out, 0, &[params], |out| {
                for table in [b"stts", b"stsc", b"stco"] {
                    put_full(out, table, 0, 0, |out| out.put_u32(0));
                }
                put_full(out, b"stsz", 0, 0, |out| out.put_u64(0));
            });
        });
        put(out, b"mvex", |out| {
            put_full(out, b"trex", 0, 0, |out| {
                out.put_u32(TRACK);
                out.put_u32(1); // sample description
                out.put_u64(0); // duration, size
                out.put_u32(NOT_KEY);
            });
        });
    });
    out.into()
}

/// Returns `moof` and the head of its `mdat`; the samples' bytes follow it.
pub fn fragment_header(sequence: u32, decode_time_us: u64, samples: &[Sample]) -> Bytes {
    let mut out = Vec::with_capacity(112 + 16 * samples.len());
    put_fragment_header(&mut out, sequence, decode_time_us, samples);
    out.into()
}

/// Appends what [`fragment_header`] returns, for a caller that has its own buffer.
pub fn put_fragment_header(
    out: &mut Vec<u8>,
    sequence: u32,
    decode_time_us: u64,
    samples: &[Sample],
) {
    let moof = out.len();
    let payload: u64 = samples.iter().map(|sample| u64::from(sample.size_bytes)).sum();
    let mut data_offset_at = 0;
    put(out, b"moof", |out| {
        put_full(out, b"mfhd", 0, 0, |out| out.put_u32(sequence));
        put(out, b"traf", |out| {
            const DEFAULT_BASE_IS_MOOF: u32 = 0x02_0000;
            const DEFAULT_FLAGS: u32 = 0x20;
            put_full(out, b"tfhd", 0, DEFAULT_BASE_IS_MOOF | DEFAULT_FLAGS, |out| {
                out.put_u32(TRACK);
                // As in `trex`; said again so that a fragment can be read alone.
                out.put_u32(NOT_KEY);
            });
            put_full(out, b"tfdt", 1, 0, |out| out.put_u64(decode_time_us));
            data_offset_at = put_trun(out, samples);
        });
    });
    let moof_end = out.len();
    put_mdat_header(out, payload);
    let data_offset = i32::try_from(out.len() - moof).expect("a moof is far below 2 GiB");
    debug_assert!(data_offset_at < moof_end);
    out[data_offset_at..data_offset_at + 4].copy_from_slice(&data_offset.to_be_bytes());
}

/// Bits of a `trun`'s flags.
pub(super) mod trun {
    pub(in crate::fmp4) const DATA_OFFSET: u32 = 0x1;
    pub(in crate::fmp4) const FIRST_FLAGS: u32 = 0x4;
    pub(in crate::fmp4) const DURATION: u32 = 0x100;
    pub(in crate::fmp4) const SIZE: u32 = 0x200;
    pub(in crate::fmp4) const FLAGS: u32 = 0x400;
    pub(in crate::fmp4) const COMPOSITION: u32 = 0x800;
}

/// Appends the run of samples and returns where its data offset stands.
fn put_trun(out: &mut Vec<u8>, samples: &[Sample]) -> usize {
    let first_is_key = samples.first().is_some_and(|sample| sample.is_key);
    let later_is_key = samples.iter().skip(1).any(|sample| sample.is_key);
    let composed = samples.iter().any(|sample| sample.composition_us != 0);
    let mut flags = trun::DATA_OFFSET | trun::DURATION | trun::SIZE;
    if later_is_key {
        flags |= trun::FLAGS;
    } else if first_is_key {
        flags |= trun::FIRST_FLAGS;
    }
    if composed {
        flags |= trun::COMPOSITION;
    }
    let mut data_offset_at = 0;
    // Version 1: composition offsets are signed.
    put_full(out, b"trun", 1, flags, |out| {
        out.put_u32(count(samples.len()));
        data_offset_at = out.len();
        out.put_i32(0);
        if flags & trun::FIRST_FLAGS != 0 {
            out.put_u32(KEY);
        }
        for sample in samples {
            out.put_u32(sample.duration_us);
            out.put_u32(sample.size_bytes);
            if later_is_key {
                out.put_u32(if sample.is_key { KEY } else { NOT_KEY });
            }
            if composed {
                out.put_i32(sample.composition_us);
            }
        }
    });
    data_offset_at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(keys: &[bool]) -> Vec<Sample> {
        let sample =
            |&is_key| Sample { duration_us: 40_000, size_bytes: 9, composition_us: 0, is_key };
        keys.iter().map(sample).collect()
    }

    #[test]
    fn the_container_costs_a_thousandth_of_two_megabits() {
        let mut keys = [false; 50];
        keys[0] = true;
        let two_seconds = 2 * 2_000_000 / 8;
        let header = fragment_header(1, 0, &samples(&keys));
        assert!(header.len() * 1000 <= two_seconds * 2, "0.2 %: {} bytes", header.len());
        assert_eq!(header.len(), 104 + 50 * 8, "of which eight for each frame");
    }

    #[test]
    fn flags_of_each_sample_are_written_only_for_a_later_keyframe() {
        let length = |keys: &[bool]| fragment_header(1, 0, &samples(keys)).len();
        assert_eq!(length(&[false, false]), 100 + 2 * 8, "the default says it");
        assert_eq!(length(&[true, false]), 104 + 2 * 8, "the first sample's flags say it");
        assert_eq!(length(&[true, true]), 100 + 2 * 12);
    }

    #[test]
    fn a_header_in_a_buffer_is_the_same_as_one_alone() {
        let mut buffer = b"sixteen bytes...".to_vec();
        put_fragment_header(&mut buffer, 7, 8, &samples(&[true]));
        assert_eq!(buffer[16..], fragment_header(7, 8, &samples(&[true])));
    }

    #[test]
    fn more_than_four_gigabytes_get_a_long_size() {
        let mut sample = samples(&[true]);
        sample[0].size_bytes = u32::MAX;
        let header = fragment_header(1, 0, &sample);
        let mdat = &header[header.len() - 16..];
        assert_eq!(&mdat[..8], b"\0\0\0\x01mdat");
        assert_eq!(mdat[8..], (u64::from(u32::MAX) + 16).to_be_bytes());
    }
}
