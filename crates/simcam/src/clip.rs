//! A clip: one encoded loop, cut into access units, ready to be packetised.
//!
//! ```text
//! Annex B   SPS PPS SEI IDR  P P P …  SPS PPS IDR  P P P …
//! Clip      sps, pps | [IDR] [P] [P] [P] …   [IDR] [P] [P] [P] …
//!           at_90k     0     3600 …                                duration_90k
//!
//! with B-frames, in the order of decoding:
//!           sent_90k   0     3600   7200  10800        rises by the frame
//!           at_90k     0    10800   3600   7200        what is shown when
//! ```
//!
//! A clip is played for ever: its first access unit follows its last one at
//! [`Clip::duration_90k`]. It has one set of parameters. Where it has B-frames a
//! frame is shown earlier than one that was sent before it; no frame can be sent
//! before it was taken, so such a clip is sent [`Clip::delay_90k`] late.
//!
//! How a stream is cut is `clip/cut.rs`; how our own scenes become clips,
//! `clip/render.rs`; small clips for tests, `clip/pattern.rs`; how the ffmpeg
//! program is called, `clip/ffmpeg.rs`. How a clip goes over the wire is not
//! known here.

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;

pub(crate) mod cut;
pub(crate) mod ffmpeg;
mod pattern;
mod render;

pub use pattern::Pattern;
pub use render::{Progress, Rendered, SUB_FRAME_RATE, render_all};

/// How pictures are coded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Codec {
    /// ITU-T H.264, AVC.
    #[default]
    H264,
    /// ITU-T H.265, HEVC.
    H265,
}

/// One encoded loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clip {
    /// How it is coded.
    pub codec: Codec,
    /// The video parameter set, without start code; H.265 alone has one.
    pub vps: Option<Bytes>,
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
    /// The frames, in the order of decoding; the first is a keyframe.
    pub access_units: Vec<AccessUnit>,
}

/// The NAL units of one frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessUnit {
    /// Whether it can be decoded alone.
    pub is_key: bool,
    /// When it is shown, in ticks of 90 kHz from the loop's start.
    pub at_90k: u64,
    /// Its place in the order of sending: the n-th frame has the n-th smallest
    /// time of showing. Without B-frames it is when the frame is shown.
    pub sent_90k: u64,
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

impl Codec {
    /// Returns the name that ffmpeg has for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::H264 => "h264",
            Self::H265 => "hevc",
        }
    }
}

impl Clip {
    /// Cuts an Annex B stream of H.264, of evenly spaced frames without B-frames,
    /// into a clip.
    pub fn from_annex_b(
        stream: Bytes,
        frame_rate: FrameRate,
        width: u32,
        height: u32,
    ) -> Result<Self, ClipError> {
        Self::from_annex_b_of(Codec::H264, stream, frame_rate, width, height)
    }

    /// Cuts an Annex B stream of evenly spaced frames without B-frames into a clip.
    pub fn from_annex_b_of(
        codec: Codec,
        stream: Bytes,
        frame_rate: FrameRate,
        width: u32,
        height: u32,
    ) -> Result<Self, ClipError> {
        cut::cut(codec, &stream, frame_rate, width, height)
            .map_err(|reason| ClipError::Unfit { subject: "the stream".to_owned(), reason })
    }

    /// Reads an H.264 or H.265 video file, whatever its container, through the
    /// ffmpeg programs and without encoding it anew. Sound is left out.
    pub fn from_mp4(path: &Path) -> Result<Self, ClipError> {
        let unfit =
            |reason: String| ClipError::Unfit { subject: path.display().to_string(), reason };
        let facts = ffmpeg::probe(path)?;
        let known = [Codec::H264, Codec::H265].into_iter().find(|one| one.as_str() == facts.codec);
        let codec = known.ok_or_else(|| {
            let found = &facts.codec;
            unfit(format!(
                "it holds {found}, and only h264 and hevc are spoken here; encode it anew"
            ))
        })?;
        let stream = ffmpeg::annex_b_of(path, codec)?;
        let mut clip =
            cut::cut(codec, &stream, facts.frame_rate, facts.width, facts.height).map_err(unfit)?;
        if clip.access_units.len() != facts.times_90k.len() {
            let (found, told) = (clip.access_units.len(), facts.times_90k.len());
            return Err(unfit(format!("it has {found} access units for {told} packets")));
        }
        let mut in_order = facts.times_90k.clone();
        in_order.sort_unstable();
        if !in_order.is_sorted_by(|earlier, later| earlier < later) {
            return Err(unfit("two of its frames have the same time; encode it anew".to_owned()));
        }
        let start = in_order[0];
        if facts.times_90k[0] != start {
            let cure = "encode it anew with closed groups of pictures";
            return Err(unfit(format!("its first frame is not the first shown; {cure}")));
        }
        for (unit, (shown, sent)) in
            clip.access_units.iter_mut().zip(facts.times_90k.iter().zip(&in_order))
        {
            unit.at_90k = shown.abs_diff(start);
            unit.sent_90k = sent.abs_diff(start);
        }
        // What the last frame's duration is, files do not say alike; one step of
        // the frame rate is what a camera would leave.
        let last = clip.access_units.last().map_or(0, |unit| unit.sent_90k);
        clip.duration_90k = last + facts.frame_rate.at_90k(1);
        Ok(clip)
    }

    /// Returns how much later than taken a frame is sent, at least: no time
    /// without B-frames, some frames with them.
    pub fn delay_90k(&self) -> u64 {
        let each = self.access_units.iter();
        each.map(|unit| unit.at_90k.saturating_sub(unit.sent_90k)).max().unwrap_or(0)
    }

    /// Returns the bytes of all slices together.
    pub fn size_bytes(&self) -> usize {
        self.access_units.iter().flat_map(|unit| &unit.nals).map(Bytes::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let other = Clip::from_mp4(&films.join("ahmetozlu-street_640x352_24fps_h265.mp4")).unwrap();
        assert_eq!(
            (other.codec, other.access_units.len(), other.delay_90k()),
            (Codec::H265, 906, 0)
        );
        assert!(other.vps.is_some());
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
