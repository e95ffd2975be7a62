//! Reading back what `write` wrote, from a disk that may have lost its power
//! in the middle of it.
//!
//! ```text
//! box_header            one step of a scan: what stands here, how long it is (`scan`)
//! read_init             ftyp moov → Params
//! read_fragment_header  moof + head of mdat → times, sizes and where they lie
//! ```
//!
//! Nothing here allocates by what a length field claims: what is counted has
//! been seen. Boxes that this house does not know are passed over; what it
//! knows and cannot use is an error that names box and byte.

use bytes::Bytes;

use super::scan::{Section, header_at, next_box};
use super::write::trun;
use super::{NON_SYNC, NOT_KEY, Sample, TIMESCALE};
use crate::{Codec, Params, aac};

pub use super::scan::{BoxHeader, BoxKind, ReadError, box_header};

/// What stands in one fragment, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FragmentIndex {
    /// The fragment's number, as its writer counted.
    pub sequence: u32,
    /// Decoding time of the first sample.
    pub decode_time_us: u64,
    /// The samples in decoding order; their bytes lie one behind the other.
    pub samples: Vec<Sample>,
    /// Where the first sample's bytes begin, from the first byte of `moof`.
    pub data_offset: u64,
    /// Length of `moof` and the head of `mdat`: what must be read for this index.
    pub header_len: u64,
    /// Length of the whole fragment.
    pub total_len: u64,
}

impl FragmentIndex {
    /// Returns how long the samples last together.
    pub fn duration_us(&self) -> u64 {
        self.samples.iter().map(|sample| u64::from(sample.duration_us)).sum()
    }
}

/// Returns the parameters in an initialisation segment; what follows it is not
/// looked at.
pub fn read_init(data: &[u8]) -> Result<Params, ReadError> {
    let (ftyp, rest) = next_box(data, 0)?;
    if &ftyp.kind.0 != b"ftyp" {
        return Err(ftyp.broken("a segment begins with ftyp"));
    }
    let mut rest = rest;
    let moov = loop {
        let (found, after) = next_box(&data[rest..], rest as u64)?;
        match &found.kind.0 {
            b"moov" => break found,
            b"moof" | b"mdat" => return Err(found.broken("media stand before moov")),
            _ => rest += after,
        }
    };
    let mdia = moov.child(b"trak")?.child(b"mdia")?;
    let mdhd = mdia.child(b"mdhd")?;
    if read_timescale(mdhd)? != TIMESCALE {
        return Err(mdhd.broken("the timescale is not 1000000"));
    }
    let stsd = mdia.child(b"minf")?.child(b"stbl")?.child(b"stsd")?;
    read_sample_entry(stsd.skip(8, "ends before its entries")?.first()?)
}

fn read_sample_entry(entry: Section<'_>) -> Result<Params, ReadError> {
    let (codec, config) = match &entry.kind.0 {
        b"avc1" => (Codec::H264, b"avcC"),
        b"hvc1" => (Codec::H265, b"hvcC"),
        b"mp4a" => {
            let esds = entry.skip(28, "ends before its fields do")?.child(b"esds")?;
            let body = esds.skip(4, "ends before its fields do")?.body;
            let config =
                aac::read_esds(body).ok_or_else(|| esds.broken("holds no configuration"))?;
            return Ok(Params::sound(Codec::Aac, Bytes::copy_from_slice(config)));
        }
        b"ulaw" => return Ok(Params::sound(Codec::Pcmu, Bytes::new())),
        b"alaw" => return Ok(Params::sound(Codec::Pcma, Bytes::new())),
        b"Opus" => return Ok(Params::sound(Codec::Opus, Bytes::new())),
        _ => return Err(entry.broken("is none of the codecs that are recorded")),
    };
    let mut fields = entry.fields();
    fields.skip(24)?;
    let (width, height) = (fields.u16()?, fields.u16()?);
    let config = entry.skip(78, "ends before its fields do")?.child(config)?;
    Ok(Params {
        codec,
        width: width.into(),
        height: height.into(),
        config: Bytes::copy_from_slice(config.body),
    })
}

/// Returns the index of the fragment at the start of `data`, of which `moof`
/// and the head of `mdat` must be there; the samples need not.
pub fn read_fragment_header(data: &[u8]) -> Result<FragmentIndex, ReadError> {
    let (moof, moof_len) = next_box(data, 0)?;
    if &moof.kind.0 != b"moof" {
        return Err(moof.broken("a fragment begins with moof"));
    }
    let mdat = header_at(&data[moof_len..], moof_len as u64)?;
    let mdat_at = moof_len as u64;
    if &mdat.kind.0 != b"mdat" {
        return Err(ReadError::Broken { kind: mdat.kind, at: mdat_at, why: "no mdat behind moof" });
    }
    let header_len = mdat_at + mdat.header_len;
    let Some(total_len) = mdat_at.checked_add(mdat.total_len) else {
        return Err(ReadError::Broken { kind: mdat.kind, at: mdat_at, why: "is too long" });
    };

    let mut mfhd = moof.child(b"mfhd")?.fields();
    mfhd.skip(4)?;
    let sequence = mfhd.u32()?;
    let traf = moof.child(b"traf")?;
    let default_flags = read_default_flags(traf.child(b"tfhd")?)?;
    let mut tfdt = traf.child(b"tfdt")?.fields();
    let decode_time_us = match tfdt.version_and_flags()?.0 {
        0 => tfdt.u32()?.into(),
        _ => tfdt.u64()?,
    };
    let trun = traf.child(b"trun")?;
    let (data_offset, samples) = read_trun(trun, default_flags)?;

    let size: u64 = samples.iter().map(|sample| u64::from(sample.size_bytes)).sum();
    let data_offset = u64::try_from(data_offset).unwrap_or(0);
    if data_offset < header_len || data_offset + size > total_len {
        return Err(trun.broken("its samples lie outside mdat"));
    }
    Ok(FragmentIndex { sequence, decode_time_us, samples, data_offset, header_len, total_len })
}

fn read_timescale(mdhd: Section<'_>) -> Result<u32, ReadError> {
    let mut fields = mdhd.fields();
    let times = if fields.version_and_flags()?.0 == 0 { 8 } else { 16 };
    fields.skip(times)?;
    fields.u32()
}

fn read_default_flags(tfhd: Section<'_>) -> Result<u32, ReadError> {
    let mut fields = tfhd.fields();
    let (_, present) = fields.version_and_flags()?;
    fields.skip(4)?;
    for (bit, length) in [(0x1, 8), (0x2, 4), (0x8, 4), (0x10, 4)] {
        if present & bit != 0 {
            fields.skip(length)?;
        }
    }
    if present & 0x20 != 0 { fields.u32() } else { Ok(NOT_KEY) }
}

fn read_trun(trun: Section<'_>, default_flags: u32) -> Result<(i32, Vec<Sample>), ReadError> {
    let mut fields = trun.fields();
    let (version, flags) = fields.version_and_flags()?;
    let count = fields.u32()?;
    // With sizes in it a run cannot count more samples than it has bytes.
    let needed = trun::DATA_OFFSET | trun::DURATION | trun::SIZE;
    if flags & needed != needed {
        return Err(trun.broken("lacks data offset, durations or sizes"));
    }
    let data_offset = fields.i32()?;
    let first_flags = if flags & trun::FIRST_FLAGS != 0 { Some(fields.u32()?) } else { None };
    let mut samples = Vec::new();
    for index in 0..count {
        let duration_us = fields.u32()?;
        let size_bytes = fields.u32()?;
        let own_flags = if flags & trun::FLAGS != 0 { Some(fields.u32()?) } else { None };
        let sample_flags = match first_flags {
            Some(first) if index == 0 => first,
            _ => own_flags.unwrap_or(default_flags),
        };
        let composition_us = match (flags & trun::COMPOSITION != 0, version) {
            (false, _) => 0,
            (true, 0) => i32::try_from(fields.u32()?)
                .map_err(|_| trun.broken("a composition offset is beyond 35 minutes"))?,
            (true, _) => fields.i32()?,
        };
        let is_key = sample_flags & NON_SYNC == 0;
        samples.push(Sample { duration_us, size_bytes, composition_us, is_key });
    }
    Ok((data_offset, samples))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{fragment_header, init_segment};
    use super::*;

    fn params() -> Params {
        Params {
            codec: Codec::H264,
            width: 1920,
            height: 1080,
            config: Bytes::from_static(&[1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 1, 0x67, 1, 0, 1, 0x68]),
        }
    }

    fn sample() -> impl Strategy<Value = Sample> {
        // Zero more often than chance has it: whole runs without offsets differ in form.
        let composition = prop_oneof![3 => Just(0), 1 => any::<i32>()];
        (any::<u32>(), any::<u32>(), composition, any::<bool>()).prop_map(
            |(duration_us, size_bytes, composition_us, is_key)| Sample {
                duration_us,
                size_bytes,
                composition_us,
                is_key,
            },
        )
    }

    proptest! {
        #[test]
        fn a_fragment_header_reads_back(
            sequence: u32,
            decode_time_us: u64,
            samples in prop::collection::vec(sample(), 0..60),
        ) {
            let header = fragment_header(sequence, decode_time_us, &samples);
            let index = read_fragment_header(&header).unwrap();
            let size: u64 = samples.iter().map(|sample| u64::from(sample.size_bytes)).sum();
            prop_assert_eq!(index.header_len, header.len() as u64);
            prop_assert_eq!(index.total_len, header.len() as u64 + size);
            prop_assert_eq!(index, FragmentIndex {
                sequence,
                decode_time_us,
                samples,
                data_offset: header.len() as u64,
                header_len: header.len() as u64,
                total_len: header.len() as u64 + size,
            });
        }

        #[test]
        fn a_changed_byte_never_panics(at in 0usize..400, to: u8) {
            let samples = [Sample { duration_us: 1, size_bytes: 2, composition_us: 3, is_key: true }; 9];
            for mut bytes in [init_segment(&params()).to_vec(), fragment_header(1, 2, &samples).to_vec()] {
                let at = at % bytes.len();
                bytes[at] = to;
                let _ = read_init(&bytes);
                let _ = read_fragment_header(&bytes);
            }
        }

        #[test]
        fn any_bytes_are_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = box_header(&bytes);
            let _ = read_init(&bytes);
            let _ = read_fragment_header(&bytes);
        }
    }

    #[test]
    fn an_init_segment_reads_back() {
        let mut init = init_segment(&params()).to_vec();
        assert_eq!(read_init(&init), Ok(params()));
        init.extend_from_slice(b"what follows is not looked at");
        assert_eq!(read_init(&init), Ok(params()));
    }

    #[test]
    fn a_torn_end_asks_for_more_at_every_byte() {
        let init = init_segment(&params());
        for end in 0..init.len() {
            let torn = read_init(&init[..end]);
            assert!(matches!(torn, Err(ReadError::TooShort { .. })), "{end}: {torn:?}");
        }
        let sample =
            Sample { duration_us: 40_000, size_bytes: 10, composition_us: 0, is_key: true };
        let header = fragment_header(1, 0, &[sample]);
        for end in 0..header.len() {
            let torn = read_fragment_header(&header[..end]);
            assert!(matches!(torn, Err(ReadError::TooShort { .. })), "{end}: {torn:?}");
        }
        assert!(read_fragment_header(&header).is_ok(), "the samples themselves need not be there");
    }

    #[test]
    fn the_missing_bytes_are_counted() {
        let init = init_segment(&params());
        let ftyp = box_header(&init).unwrap();
        assert_eq!((ftyp.kind, ftyp.header_len), (BoxKind(*b"ftyp"), 8));
        let at = ftyp.total_len;
        let moov_len = init.len() as u64 - at;
        let torn = read_init(&init[..at as usize + 20]);
        assert_eq!(torn, Err(ReadError::TooShort { at, missing: moov_len - 20 }));
    }

    #[test]
    fn an_error_names_box_and_byte() {
        let samples = [Sample { duration_us: 1, size_bytes: 5, composition_us: 0, is_key: true }];
        let mut header = fragment_header(1, 0, &samples).to_vec();
        let trun = header.windows(4).position(|kind| kind == b"trun").unwrap();
        header[trun + 11] = 2; // a sample more than there is
        let error = read_fragment_header(&header).unwrap_err();
        let expected = format!("box trun at byte {}: ends before its fields do", trun - 4);
        assert_eq!(error.to_string(), expected);

        header[trun] = b'x';
        let error = read_fragment_header(&header).unwrap_err();
        assert_eq!(error.to_string(), "box trun at byte 24: is missing here");
    }

    #[test]
    fn samples_outside_mdat_are_refused() {
        let samples = [Sample { duration_us: 1, size_bytes: 5, composition_us: 0, is_key: true }];
        let whole = fragment_header(1, 0, &samples).to_vec();
        let trun = whole.windows(4).position(|kind| kind == b"trun").unwrap();
        // Of the data offset, of the sample's size: one byte more or less than is there.
        for (at, change, fits) in [(15, 1, false), (15, -1, false), (27, 1, false), (27, -1, true)]
        {
            let mut header = whole.clone();
            header[trun + at] = header[trun + at].wrapping_add_signed(change);
            assert_eq!(read_fragment_header(&header).is_ok(), fits, "byte {at} by {change}");
        }
    }

    #[test]
    fn a_claimed_count_allocates_nothing() {
        let mut header = fragment_header(1, 0, &[]).to_vec();
        let trun = header.windows(4).position(|kind| kind == b"trun").unwrap();
        header[trun + 8..trun + 12].copy_from_slice(&u32::MAX.to_be_bytes());
        assert!(matches!(read_fragment_header(&header), Err(ReadError::Broken { .. })));
    }
}
