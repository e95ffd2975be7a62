//! How a box is put down, and the boxes that a fragmented file and a movie share.
//!
//! ```text
//! box        size32 kind              [body]
//! full box   size32 kind version8 flags24 [body]
//! ```

use bytes::BufMut;

use super::TIMESCALE;
use crate::{Codec, Params, Sampling, aac};

/// The number of the only track of a fragmented file, and of a movie's first.
pub(super) const TRACK: u32 = 1;

/// The volume of a track of sound: 1 in 8.8.
const FULL_VOLUME: u16 = 0x0100;

/// "Undetermined", as a track's language is packed: three letters of five bits.
const UND: u16 = 0x55c4;

/// No turn, no scaling, no shift.
const IDENTITY: [u32; 9] = [0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000];

/// Appends a box whose body `body` writes; the size is filled in afterwards.
pub(super) fn put(out: &mut Vec<u8>, kind: &[u8; 4], body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.put_u32(0);
    out.put_slice(kind);
    body(out);
    let size = u32::try_from(out.len() - start).expect("a box of tables is far below 4 GiB");
    out[start..start + 4].copy_from_slice(&size.to_be_bytes());
}

/// Appends a box with a version and flags before its body.
pub(super) fn put_full(
    out: &mut Vec<u8>,
    kind: &[u8; 4],
    version: u8,
    flags: u32,
    body: impl FnOnce(&mut Vec<u8>),
) {
    put(out, kind, |out| {
        out.put_u32(u32::from(version) << 24 | flags);
        body(out);
    });
}

/// Appends the head of an `mdat` of so many bytes, with a long size only where
/// a short one cannot hold it.
pub(super) fn put_mdat_header(out: &mut Vec<u8>, payload: u64) {
    match u32::try_from(payload + 8) {
        Ok(size) => {
            out.put_u32(size);
            out.put_slice(b"mdat");
        }
        Err(_) => {
            out.put_u32(1);
            out.put_slice(b"mdat");
            out.put_u64(payload + 16);
        }
    }
}

pub(super) fn put_ftyp(out: &mut Vec<u8>, major: &[u8; 4], compatible: &[&[u8; 4]]) {
    put(out, b"ftyp", |out| {
        out.put_slice(major);
        out.put_u32(0);
        for brand in compatible {
            out.put_slice(*brand);
        }
    });
}

/// Appends the header of a movie of so many tracks; `duration` is what is
/// presented, zero if unknown.
pub(super) fn put_mvhd(out: &mut Vec<u8>, duration: u64, tracks: usize) {
    put_full(out, b"mvhd", 1, 0, |out| {
        out.put_bytes(0, 16); // made, changed: the file's name and the export's note say it
        out.put_u32(TIMESCALE);
        out.put_u64(duration);
        out.put_u32(0x0001_0000); // rate 1
        out.put_u16(0x0100); // volume 1
        out.put_bytes(0, 10);
        IDENTITY.into_iter().for_each(|value| out.put_u32(value));
        out.put_bytes(0, 24);
        out.put_u32(TRACK + count(tracks)); // next track
    });
}

/// Appends the header of the track of this number, of which `first` is the first
/// description; `duration` as in [`put_mvhd`].
pub(super) fn put_tkhd(out: &mut Vec<u8>, track: u32, duration: u64, first: Option<&Params>) {
    const ENABLED_AND_IN_MOVIE: u32 = 3;
    put_full(out, b"tkhd", 1, ENABLED_AND_IN_MOVIE, |out| {
        out.put_bytes(0, 16);
        out.put_u32(track);
        out.put_u32(0);
        out.put_u64(duration);
        out.put_bytes(0, 12); // reserved, layer, group
        out.put_u16(if is_sound(first) { FULL_VOLUME } else { 0 });
        out.put_u16(0);
        IDENTITY.into_iter().for_each(|value| out.put_u32(value));
        let (width, height) = first.map_or((0, 0), |params| (params.width, params.height));
        out.put_u32(u32::from(pixels(width)) << 16);
        out.put_u32(u32::from(pixels(height)) << 16);
    });
}

/// Appends `mdia`: a track of `duration` whose sample table has `tables` behind
/// its descriptions, which are all of pictures or all of sound.
pub(super) fn put_mdia(
    out: &mut Vec<u8>,
    duration: u64,
    descriptions: &[&Params],
    tables: impl FnOnce(&mut Vec<u8>),
) {
    let sound = is_sound(descriptions.first().copied());
    put(out, b"mdia", |out| {
        put_full(out, b"mdhd", 1, 0, |out| {
            out.put_bytes(0, 16);
            out.put_u32(TIMESCALE);
            out.put_u64(duration);
            out.put_u16(UND);
            out.put_u16(0);
        });
        put_full(out, b"hdlr", 0, 0, |out| {
            out.put_u32(0);
            out.put_slice(if sound { b"soun" } else { b"vide" });
            out.put_bytes(0, 12);
            out.put_slice(if sound { b"sound\0" } else { b"video\0" });
        });
        put(out, b"minf", |out| {
            if sound {
                put_full(out, b"smhd", 0, 0, |out| out.put_bytes(0, 4));
            } else {
                put_full(out, b"vmhd", 0, 1, |out| out.put_bytes(0, 8));
            }
            put(out, b"dinf", |out| {
                put_full(out, b"dref", 0, 0, |out| {
                    out.put_u32(1);
                    put_full(out, b"url ", 0, 1, |_| {}); // the media are in this file
                });
            });
            put(out, b"stbl", |out| {
                put_full(out, b"stsd", 0, 0, |out| {
                    out.put_u32(count(descriptions.len()));
                    descriptions.iter().for_each(|params| put_sample_entry(out, params));
                });
                tables(out);
            });
        });
    });
}

/// Returns a table's length as its field holds it.
pub(super) fn count(length: usize) -> u32 {
    u32::try_from(length).expect("a table of 2^32 entries is beyond this machine's memory")
}

fn is_sound(params: Option<&Params>) -> bool {
    params.is_some_and(|params| params.codec.is_sound())
}

fn put_sample_entry(out: &mut Vec<u8>, params: &Params) {
    match params.codec {
        // hvc1, not hev1: parameter sets stand in the record alone.
        Codec::H264 => put_picture_entry(out, b"avc1", b"avcC", params),
        Codec::H265 => put_picture_entry(out, b"hvc1", b"hvcC", params),
        Codec::Aac => put_sound_entry(out, b"mp4a", params, |out| {
            put_full(out, b"esds", 0, 0, |out| aac::put_esds(out, &params.config));
        }),
        // As QuickTime names them; MP4 has no names for G.711.
        Codec::Pcmu => put_sound_entry(out, b"ulaw", params, |_| {}),
        Codec::Pcma => put_sound_entry(out, b"alaw", params, |_| {}),
        Codec::Opus => put_sound_entry(out, b"Opus", params, |out| {
            put(out, b"dOps", |out| {
                out.put_slice(&[0, 1]); // version, channels
                out.put_u16(0); // nothing to pass over
                out.put_u32(48_000); // what it was before it was coded
                out.put_i16(0);
                out.put_u8(0); // channels as RFC 7845 has them
            });
        }),
    }
}

/// Appends an AudioSampleEntry (ISO/IEC 14496-12 §12.2.3).
fn put_sound_entry(
    out: &mut Vec<u8>,
    kind: &[u8; 4],
    params: &Params,
    config: impl FnOnce(&mut Vec<u8>),
) {
    let sampling = params.sampling().unwrap_or(Sampling { rate_hz: 0, channels: 1 });
    put(out, kind, |out| {
        out.put_bytes(0, 6);
        out.put_u16(1); // data reference
        out.put_bytes(0, 8);
        out.put_u16(sampling.channels.into());
        out.put_u16(16); // bits of a sample, once decoded
        out.put_u32(0);
        // A rate of more than 16 bits is said by the configuration alone.
        out.put_u32(u32::from(u16::try_from(sampling.rate_hz).unwrap_or(0)) << 16);
        config(out);
    });
}

/// Appends a VisualSampleEntry (ISO/IEC 14496-12 §12.1.3).
fn put_picture_entry(out: &mut Vec<u8>, kind: &[u8; 4], config: &[u8; 4], params: &Params) {
    put(out, kind, |out| {
        out.put_bytes(0, 6);
        out.put_u16(1); // data reference
        out.put_bytes(0, 16);
        out.put_u16(pixels(params.width));
        out.put_u16(pixels(params.height));
        out.put_u32(72 << 16); // dots per inch, as every writer has it
        out.put_u32(72 << 16);
        out.put_u32(0);
        out.put_u16(1); // frames in a sample
        out.put_bytes(0, 32); // the compressor's name
        out.put_u16(24); // bits of a pixel
        out.put_i16(-1);
        put(out, config, |out| out.put_slice(&params.config));
    });
}

/// Returns a width or height as the fields of 16 bits hold it. What is wider
/// cannot be said, and no codec level of ours allows it.
fn pixels(length: u32) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}
