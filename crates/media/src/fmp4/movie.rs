//! A plain movie: what somebody takes away plays anywhere, and shows exactly
//! what was asked for.
//!
//! ```text
//! samples       K──p──p──p──p──p──K──p──p──p──      all that decoding needs
//! edit list              [ shown          )         all that is seen
//! file          ftyp moov │ mdat head │ pictures' bytes │ bytes of sound
//! ```
//!
//! A picture can only be decoded from its keyframe on, so a clip that begins
//! between two carries the frames from the earlier one and an edit list that
//! hides them: exact, and nothing is encoded again. Edit lists are why this is
//! not a fragmented file, where players pass them over.

use std::ops::Range;

use bytes::{BufMut, Bytes};

use super::Sample;
use super::boxes::{
    TRACK, count, put, put_ftyp, put_full, put_mdat_header, put_mdia, put_mvhd, put_tkhd,
};
use crate::Params;

/// What goes into a track of a movie.
#[derive(Clone, Debug)]
pub struct Track<'a> {
    /// Stretches of equal parameters, in order, all of pictures or all of sound;
    /// media time 0 is the first sample's decoding time.
    pub parts: &'a [Part<'a>],
    /// How long after the movie's beginning `shown` begins, in microseconds.
    pub delay_us: u64,
    /// What is presented, in microseconds of media time, both on the border of
    /// two frames: presentation time of the first one wanted, and the end of
    /// the last. It is cut to what the samples cover.
    pub shown: Range<u64>,
}

/// Samples that share parameters.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// What a decoder needs for them.
    pub params: &'a Params,
    /// The samples in decoding order. Where nothing was recorded between two,
    /// the earlier one lasts until the later, so that the clip's clock stays true.
    pub samples: &'a [Sample],
}

/// So many samples of sound are a chunk: about a second.
const SOUND_CHUNK: u32 = 50;

/// Returns `ftyp`, `moov` and the head of `mdat`; all samples' bytes follow it
/// in order, track after track.
pub fn movie(tracks: &[Track<'_>]) -> Bytes {
    let mut payload = 0;
    let mut chunked = Vec::with_capacity(tracks.len());
    for track in tracks {
        chunked.push(chunks(track.parts, payload));
        payload += samples(track).map(|sample| u64::from(sample.size_bytes)).sum::<u64>();
    }
    // Offsets of 64 bits always, so that the header's length does not depend on
    // what it says: once with zeros to learn it, once with the truth.
    let mut header = put_header(tracks, payload, &chunked, 0);
    header = put_header(tracks, payload, &chunked, header.len() as u64);
    header.into()
}

/// Samples that lie together and share a description.
#[derive(Clone, Copy)]
struct Chunk {
    /// Bytes of all chunks before it.
    offset: u64,
    samples: u32,
    /// Number of the sample description, from 1.
    description: u32,
}

/// Returns a chunk per GOP: players read chunk by chunk, and seek to keyframes.
/// `offset` is where the track's bytes begin.
fn chunks(parts: &[Part<'_>], mut offset: u64) -> Vec<Chunk> {
    let mut chunks: Vec<Chunk> = Vec::new();
    for (part, description) in parts.iter().zip(1..) {
        let sound = part.params.codec.is_sound();
        for (index, sample) in part.samples.iter().enumerate() {
            let goes_on = |chunk: &Chunk| match sound {
                true => chunk.samples < SOUND_CHUNK,
                false => !sample.is_key,
            };
            match chunks.last_mut() {
                Some(chunk) if index > 0 && goes_on(chunk) => chunk.samples += 1,
                _ => chunks.push(Chunk { offset, samples: 1, description }),
            }
            offset += u64::from(sample.size_bytes);
        }
    }
    chunks
}

fn samples<'a>(track: &Track<'a>) -> impl Iterator<Item = &'a Sample> {
    track.parts.iter().flat_map(|part| part.samples)
}

/// Returns when the picture shown last ends: later than decoding does, where
/// pictures are decoded out of order.
fn presentation_end(track: &Track<'_>) -> u64 {
    let mut decode_time = 0u64;
    let mut end = 0;
    for sample in samples(track) {
        decode_time += u64::from(sample.duration_us);
        end = end.max(decode_time.saturating_add_signed(sample.composition_us.into()));
    }
    end
}

/// Returns what of a track's media time is presented, cut to what there is.
fn shown(track: &Track<'_>) -> Range<u64> {
    let end = presentation_end(track);
    let from = track.shown.start.min(end);
    from..track.shown.end.clamp(from, end)
}

fn put_header(tracks: &[Track<'_>], payload: u64, chunked: &[Vec<Chunk>], data_at: u64) -> Vec<u8> {
    let duration = |track: &Track<'_>| {
        let shown = shown(track);
        track.delay_us + (shown.end - shown.start)
    };
    let frames: usize = tracks.iter().map(|track| samples(track).count()).sum();
    let mut out = Vec::with_capacity(1024 + 13 * frames);
    put_ftyp(&mut out, b"isom", &[b"isom", b"iso2", b"avc1", b"mp41"]);
    put(&mut out, b"moov", |out| {
        put_mvhd(out, tracks.iter().map(duration).max().unwrap_or(0), tracks.len());
        for ((track, chunks), number) in tracks.iter().zip(chunked).zip(TRACK..) {
            let total_us = samples(track).map(|sample| u64::from(sample.duration_us)).sum();
            let descriptions: Vec<_> = track.parts.iter().map(|part| part.params).collect();
            put(out, b"trak", |out| {
                put_tkhd(out, number, duration(track), descriptions.first().copied());
                put(out, b"edts", |out| put_edits(out, track));
                put_mdia(out, total_us, &descriptions, |out| {
                    put_tables(out, track, chunks, data_at);
                });
            });
        }
    });
    put_mdat_header(&mut out, payload);
    out
}

/// Appends the edit list: nothing for the track's delay, then what is shown.
fn put_edits(out: &mut Vec<u8>, track: &Track<'_>) {
    const AS_TAKEN: u32 = 0x0001_0000; // the speed
    let shown = shown(track);
    put_full(out, b"elst", 1, 0, |out| {
        out.put_u32(if track.delay_us > 0 { 2 } else { 1 });
        if track.delay_us > 0 {
            out.put_u64(track.delay_us);
            out.put_i64(-1);
            out.put_u32(AS_TAKEN);
        }
        out.put_u64(shown.end - shown.start);
        out.put_u64(shown.start);
        out.put_u32(AS_TAKEN);
    });
}

fn put_tables(out: &mut Vec<u8>, track: &Track<'_>, chunks: &[Chunk], data_at: u64) {
    put_full(out, b"stts", 0, 0, |out| {
        put_runs(out, samples(track).map(|sample| sample.duration_us));
    });
    if samples(track).any(|sample| sample.composition_us != 0) {
        // Version 1: the offsets are signed.
        put_full(out, b"ctts", 1, 0, |out| {
            put_runs(out, samples(track).map(|sample| sample.composition_us as u32));
        });
    }
    if samples(track).any(|sample| !sample.is_key) {
        put_full(out, b"stss", 0, 0, |out| {
            put_counted(out, |out| {
                let keys = samples(track).zip(1u32..).filter(|(sample, _)| sample.is_key);
                keys.map(|(_, number)| out.put_u32(number)).count()
            });
        });
    }
    put_full(out, b"stsz", 0, 0, |out| {
        out.put_u32(0); // sizes differ
        put_counted(out, |out| samples(track).map(|sample| out.put_u32(sample.size_bytes)).count());
    });
    put_full(out, b"stsc", 0, 0, |out| {
        put_counted(out, |out| {
            let mut last = None;
            let mut entries = 0;
            for (chunk, number) in chunks.iter().zip(1u32..) {
                let alike = Some((chunk.samples, chunk.description));
                if alike != last {
                    out.put_u32(number);
                    out.put_u32(chunk.samples);
                    out.put_u32(chunk.description);
                    entries += 1;
                }
                last = alike;
            }
            entries
        });
    });
    put_full(out, b"co64", 0, 0, |out| {
        out.put_u32(count(chunks.len()));
        chunks.iter().for_each(|chunk| out.put_u64(data_at + chunk.offset));
    });
}

/// Appends how many entries `entries` writes, then the entries.
fn put_counted(out: &mut Vec<u8>, entries: impl FnOnce(&mut Vec<u8>) -> usize) {
    let at = out.len();
    out.put_u32(0);
    let written = count(entries(out));
    out[at..at + 4].copy_from_slice(&written.to_be_bytes());
}

/// Appends values as counts of equal neighbours.
fn put_runs(out: &mut Vec<u8>, values: impl Iterator<Item = u32>) {
    put_counted(out, |out| {
        let mut runs = 0;
        let mut current: Option<(u32, u32)> = None;
        for value in values {
            match &mut current {
                Some((length, of)) if *of == value => *length += 1,
                _ => {
                    put_run(out, current.replace((1, value)), &mut runs);
                }
            }
        }
        put_run(out, current, &mut runs);
        runs
    });
}

fn put_run(out: &mut Vec<u8>, run: Option<(u32, u32)>, runs: &mut usize) {
    if let Some((length, value)) = run {
        out.put_u32(length);
        out.put_u32(value);
        *runs += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Codec;

    fn sample(size_bytes: u32, is_key: bool) -> Sample {
        Sample { duration_us: 40_000, size_bytes, composition_us: 0, is_key }
    }

    fn params() -> Params {
        let config = Bytes::from_static(&[1, 77, 0, 41, 0xff, 0xe0, 0]);
        Params { codec: Codec::H264, width: 640, height: 480, config }
    }

    /// Returns the body of the first box of a kind.
    fn body<'a>(header: &'a [u8], kind: &[u8; 4]) -> &'a [u8] {
        let at = header.windows(4).position(|window| window == kind).unwrap();
        let size = u32::from_be_bytes(header[at - 4..at].try_into().unwrap()) as usize;
        &header[at + 4..at - 4 + size]
    }

    fn numbers(table: &[u8]) -> Vec<u32> {
        table.chunks(4).map(|four| u32::from_be_bytes(four.try_into().unwrap())).collect()
    }

    #[test]
    fn a_chunk_is_a_gop_and_points_behind_the_header() {
        let params = params();
        let samples = [sample(10, true), sample(3, false), sample(20, true), sample(4, false)];
        let more = [sample(30, true)];
        let parts =
            [Part { params: &params, samples: &samples }, Part { params: &params, samples: &more }];
        let header = movie(&[Track { parts: &parts, shown: 0..u64::MAX, delay_us: 0 }]);
        let at = header.len() as u32;
        assert_eq!(numbers(body(&header, b"co64")), [0, 3, 0, at, 0, at + 13, 0, at + 37]);
        // From chunk 1 two samples of description 1, from chunk 3 one of the second.
        assert_eq!(numbers(body(&header, b"stsc")), [0, 2, 1, 2, 1, 3, 1, 2]);
        assert_eq!(numbers(body(&header, b"stss")), [0, 3, 1, 3, 5]);
        assert_eq!(numbers(body(&header, b"stts")), [0, 1, 5, 40_000]);
        assert_eq!(header[header.len() - 8..], *b"\0\0\0\x4bmdat");
    }

    #[test]
    fn what_is_shown_is_cut_to_what_there_is() {
        let params = params();
        let parts = [Part { params: &params, samples: &[sample(10, true), sample(10, false)] }];
        let edit = |shown| {
            let header = movie(&[Track { parts: &parts, shown, delay_us: 0 }]);
            let [_, 1, 0, duration, 0, from, _] = numbers(body(&header, b"elst"))[..] else {
                panic!()
            };
            (from, duration)
        };
        assert_eq!(edit(40_000..80_000), (40_000, 40_000));
        assert_eq!(edit(40_000..u64::MAX), (40_000, 40_000));
        assert_eq!(edit(90_000..95_000), (80_000, 0));
        #[expect(clippy::reversed_empty_ranges, reason = "a caller may get it wrong")]
        let reversed = 70_000..20_000;
        assert_eq!(edit(reversed), (70_000, 0));
    }

    #[test]
    fn a_movie_of_nothing_is_a_header() {
        let header = movie(&[]);
        assert_eq!(header[header.len() - 8..], *b"\0\0\0\x08mdat");
    }
}
