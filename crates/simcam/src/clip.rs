//! A clip: one encoded loop, cut into access units, ready to be packetised.
//!
//! ```text
//! Annex B   SPS PPS SEI IDR  P P P …  SPS PPS IDR  P P P …
//! Clip      sps, pps | [IDR] [P] [P] [P] …   [IDR] [P] [P] [P] …
//!           at_90k     0     3600 …                                duration_90k
//! ```
//!
//! A clip is played for ever: its first access unit follows its last one at
//! [`Clip::duration_90k`]. It has no B-frames, so that decoding order is the
//! order of showing and a player needs one time per access unit, and one set of
//! parameters.
//!
//! How our own scenes become clips is `clip/render.rs`; how the ffmpeg program
//! is called, `clip/ffmpeg.rs`. How a clip goes over the wire is not known here.

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use media::nal;

mod ffmpeg;
mod render;

pub use render::{Progress, Rendered, SUB_FRAME_RATE, render_all};

/// One encoded loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clip {
    /// The sequence parameter set, without start code.
    pub sps: Bytes,
    /// The picture parameter set, without start code.
    pub pps: Bytes,
    /// Frames per second.
    pub frame_rate: FrameRate,
    /// Width of the picture shown, in pixels.
    pub width: u32,
    /// Height of the picture shown, in pixels.
    pub height: u32,
    /// How long one loop lasts, in ticks of 90 kHz.
    pub duration_90k: u64,
    /// The frames, in order; the first is a keyframe.
    pub access_units: Vec<AccessUnit>,
}

/// The NAL units of one frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessUnit {
    /// Whether it can be decoded alone.
    pub is_key: bool,
    /// When it is shown, in ticks of 90 kHz from the loop's start.
    pub at_90k: u64,
    /// Its slices, without start codes. Delimiters, parameter sets, fillers and
    /// the encoder's SEI are left out.
    pub nals: Vec<Bytes>,
}

/// Frames per second, as a fraction: 25/1, or 30000/1001.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameRate {
    /// So many frames …
    pub frames: u32,
    /// … in so many seconds.
    pub seconds: u32,
}

/// Why there is no clip.
#[derive(Debug, thiserror::Error)]
pub enum ClipError {
    /// The ffmpeg programs are not installed.
    #[error("the program {program} was not found; install the Debian package ffmpeg")]
    NoProgram {
        /// `ffmpeg` or `ffprobe`.
        program: &'static str,
    },
    /// An ffmpeg program ran and refused.
    #[error("{program} failed on {subject}: {said}")]
    Program {
        /// `ffmpeg` or `ffprobe`.
        program: &'static str,
        /// The file or scene it worked on.
        subject: String,
        /// Its own words.
        said: String,
    },
    /// A file or a pipe failed.
    #[error("cannot {act} {}", path.display())]
    Io {
        /// What was tried: `read`, `write`, `create`, …
        act: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The video cannot be replayed as a camera would send it.
    #[error("{subject} cannot be replayed: {reason}")]
    Unfit {
        /// The file or scene.
        subject: String,
        /// What is wrong with it, and what would cure it.
        reason: String,
    },
}

impl FrameRate {
    /// Returns the rate of so many frames a second.
    pub fn per_second(frames: u32) -> Self {
        Self { frames, seconds: 1 }
    }

    /// Returns when the frame of this number is shown, in ticks of 90 kHz.
    fn at_90k(self, frame: usize) -> u64 {
        let frame = u64::try_from(frame).unwrap_or(u64::MAX);
        frame.saturating_mul(90_000 * u64::from(self.seconds)) / u64::from(self.frames.max(1))
    }
}

impl Clip {
    /// Cuts an Annex B stream of evenly spaced frames into a clip.
    pub fn from_annex_b(
        stream: Bytes,
        frame_rate: FrameRate,
        width: u32,
        height: u32,
    ) -> Result<Self, ClipError> {
        cut(&stream, frame_rate, width, height)
            .map_err(|reason| ClipError::Unfit { subject: "the stream".to_owned(), reason })
    }

    /// Reads an H.264 video file, whatever its container, through the ffmpeg
    /// programs and without encoding it anew. Sound is left out.
    pub fn from_mp4(path: &Path) -> Result<Self, ClipError> {
        let unfit =
            |reason: String| ClipError::Unfit { subject: path.display().to_string(), reason };
        let facts = ffmpeg::probe(path)?;
        if facts.codec != "h264" {
            let codec = &facts.codec;
            return Err(unfit(format!(
                "it holds {codec}, and only h264 is spoken here; encode it anew"
            )));
        }
        let stream = ffmpeg::annex_b_of(path)?;
        let mut clip = cut(&stream, facts.frame_rate, facts.width, facts.height).map_err(unfit)?;
        if clip.access_units.len() != facts.times_90k.len() {
            let (found, told) = (clip.access_units.len(), facts.times_90k.len());
            return Err(unfit(format!("it has {found} access units for {told} packets")));
        }
        if !facts.times_90k.is_sorted_by(|earlier, later| earlier < later) {
            return Err(unfit("it has B-frames; encode it anew with -bf 0".to_owned()));
        }
        let start = facts.times_90k[0];
        for (unit, time) in clip.access_units.iter_mut().zip(&facts.times_90k) {
            unit.at_90k = time.abs_diff(start);
        }
        // What the last frame's duration is, files do not say alike; one step of
        // the frame rate is what a camera would leave.
        let last = clip.access_units.last().map_or(0, |unit| unit.at_90k);
        clip.duration_90k = last + facts.frame_rate.at_90k(1);
        Ok(clip)
    }

    /// Returns the bytes of all slices together.
    pub fn size_bytes(&self) -> usize {
        self.access_units.iter().flat_map(|unit| &unit.nals).map(Bytes::len).sum()
    }
}

/// Types of NAL units (H.264 table 7-1) that matter here.
mod unit_type {
    pub(super) const SLICE: u8 = 1;
    pub(super) const IDR: u8 = 5;
    pub(super) const SEI: u8 = 6;
    pub(super) const SPS: u8 = 7;
    pub(super) const PPS: u8 = 8;
    pub(super) const DELIMITER: u8 = 9;
}

fn cut(stream: &Bytes, rate: FrameRate, width: u32, height: u32) -> Result<Clip, String> {
    let (mut sps, mut pps) = (None, None);
    let mut access_units: Vec<AccessUnit> = Vec::new();
    // Whether the next slice begins an access unit, whatever it says itself.
    let mut fresh = true;
    for unit in nal::annex_b(stream) {
        let kind = unit[0] & 0x1f;
        match kind {
            unit_type::SPS => keep(&mut sps, stream.slice_ref(unit), "sequence")?,
            unit_type::PPS => keep(&mut pps, stream.slice_ref(unit), "picture")?,
            unit_type::SLICE | unit_type::IDR => {
                // A slice header begins with first_mb_in_slice as ue(v): zero,
                // the first slice of a picture, is a single set bit.
                let first = unit.get(1).is_some_and(|byte| byte & 0x80 != 0);
                let is_key = kind == unit_type::IDR;
                match access_units.last_mut() {
                    Some(open) if !fresh && !first => open.nals.push(stream.slice_ref(unit)),
                    _ => access_units.push(AccessUnit {
                        is_key,
                        at_90k: rate.at_90k(access_units.len()),
                        nals: vec![stream.slice_ref(unit)],
                    }),
                }
                fresh = false;
                continue;
            }
            2..=4 => return Err("it uses data partitioning, which no browser plays".to_owned()),
            _ => {}
        }
        fresh |=
            matches!(kind, unit_type::SPS | unit_type::PPS | unit_type::SEI | unit_type::DELIMITER);
    }
    match access_units.first() {
        None => return Err("it holds no frame".to_owned()),
        Some(unit) if !unit.is_key => return Err("it does not begin with a keyframe".to_owned()),
        Some(_) => {}
    }
    let missing = || "it holds no parameter sets".to_owned();
    Ok(Clip {
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

    /// The folder of sample films beside the tree, where there is one.
    fn films() -> Option<PathBuf> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        here.ancestors().map(|folder| folder.join("shared/media")).find(|folder| folder.is_dir())
    }

    #[test]
    fn a_film_becomes_a_clip_with_its_own_times() {
        let Some(films) = films() else {
            println!("skipped: there is no folder shared/media with films");
            return;
        };
        let clip = Clip::from_mp4(&films.join("intel-car-topdown_768x432_12.5fps.mp4")).unwrap();
        assert_eq!((clip.width, clip.height, clip.access_units.len()), (768, 432, 377));
        assert_eq!(clip.frame_rate, FrameRate { frames: 25, seconds: 2 });
        assert!(clip.access_units[0].is_key);
        assert_eq!((clip.access_units[1].at_90k, clip.duration_90k), (7200, 377 * 7200));
        let other = Clip::from_mp4(&films.join("ahmetozlu-street_640x352_24fps_h265.mp4"));
        assert!(other.unwrap_err().to_string().contains("holds hevc, and only h264"));
    }

    #[test]
    fn a_file_that_is_no_film_is_told_in_ffmpegs_words() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("-not a film.mp4");
        std::fs::write(&path, "not a film").unwrap();
        for path in [path, folder.path().join("nowhere.mp4")] {
            let error = Clip::from_mp4(&path).unwrap_err();
            assert!(matches!(error, ClipError::Program { .. }), "{error}");
        }
    }
}
