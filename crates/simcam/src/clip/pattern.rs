//! Small clips of a test picture, as tests need them: any codec, size and rate,
//! with B-frames or without, made in a moment.
//!
//! ```text
//! Pattern { codec: Codec::H265, ..Pattern::default() } ──ffmpeg──▶ Arc<Clip>
//! ```
//!
//! A pattern that was made once in this process is not made again: cameras that
//! ask for the same get the same clip, and so share its packets.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use super::{Clip, ClipError, Codec, ffmpeg};
use crate::camera::lock;

/// What a clip of the test picture is like.
///
/// The picture is ffmpeg's `testsrc2`: colours, a moving square, and the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// How it is coded.
    pub codec: Codec,
    /// Width in pixels; even.
    pub width: u32,
    /// Height in pixels; even.
    pub height: u32,
    /// Frames in a second.
    pub fps: u32,
    /// How long a loop is.
    pub seconds: u32,
    /// Frames from one keyframe to the next.
    pub gop: u32,
    /// B-frames between two others, at most.
    pub b_frames: u32,
}

impl Default for Pattern {
    /// Two seconds of H.264, 640 × 360 at 25 frames a second, a keyframe each
    /// second, no B-frames.
    fn default() -> Self {
        Self {
            codec: Codec::H264,
            width: 640,
            height: 360,
            fps: 25,
            seconds: 2,
            gop: 25,
            b_frames: 0,
        }
    }
}

impl Clip {
    /// Returns a clip of the test picture; ffmpeg makes it when it is first asked
    /// for in this process, which keeps a thread busy for a second or two.
    pub fn test_pattern(pattern: Pattern) -> Result<Arc<Self>, ClipError> {
        static MADE: OnceLock<Mutex<HashMap<Pattern, Arc<Clip>>>> = OnceLock::new();
        // Whoever asks for another one meanwhile waits: ffmpeg takes all cores.
        let mut made = lock(MADE.get_or_init(Mutex::default));
        if let Some(clip) = made.get(&pattern) {
            return Ok(Arc::clone(clip));
        }
        let file = Scratch::new()?;
        ffmpeg::encode_pattern(&pattern, &file.0)?;
        let clip = Arc::new(Self::from_mp4(&file.0)?);
        made.insert(pattern, Arc::clone(&clip));
        Ok(clip)
    }
}

/// A file of our own, gone when it is dropped.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new() -> Result<Self, ClipError> {
        let folder = std::env::temp_dir();
        let mut number = [0; 16];
        // Nobody else can know the name, so nobody else's file is written over.
        getrandom::fill(&mut number).map_err(|error| ClipError::Io {
            act: "name a file in",
            path: folder.clone(),
            source: std::io::Error::other(error.to_string()),
        })?;
        Ok(Self(folder.join(format!("simcam-{}.mp4", crate::sei::hex(&number)))))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It may never have been written.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_made_as_it_is_asked_for_and_made_once() {
        for codec in [Codec::H264, Codec::H265] {
            let pattern = Pattern { codec, width: 320, height: 180, ..Pattern::default() };
            let clip = Clip::test_pattern(pattern).unwrap();
            assert_eq!((clip.codec, clip.width, clip.height), (codec, 320, 180));
            assert_eq!((clip.access_units.len(), clip.duration_90k), (50, 180_000));
            let keys = clip.access_units.iter().enumerate().filter(|(_, unit)| unit.is_key);
            assert_eq!(keys.map(|(at, _)| at).collect::<Vec<_>>(), [0, 25]);
            assert!(clip.access_units.iter().all(|unit| unit.at_90k == unit.sent_90k));
            assert!(Arc::ptr_eq(&clip, &Clip::test_pattern(pattern).unwrap()));
        }
    }

    #[test]
    fn b_frames_come_in_the_order_of_decoding_with_their_time_of_showing() {
        for codec in [Codec::H264, Codec::H265] {
            let pattern = Pattern { codec, b_frames: 2, ..Pattern::default() };
            let clip = Clip::test_pattern(pattern).unwrap();
            let shown: Vec<_> = clip.access_units.iter().map(|unit| unit.at_90k).collect();
            assert!(!shown.is_sorted(), "{shown:?}");
            let (sent, mut sorted) =
                (clip.access_units.iter().map(|unit| unit.sent_90k), shown.clone());
            sorted.sort_unstable();
            assert!(sent.eq(sorted.iter().copied()));
            assert!(sorted.into_iter().eq((0..50).map(|frame| frame * 3600)));
            assert_eq!(clip.delay_90k() % 3600, 0);
            assert!((3600..=10_800).contains(&clip.delay_90k()), "{}", clip.delay_90k());
            for (unit, at) in clip.access_units.iter().zip(&shown) {
                assert!(!unit.is_key || *at % 90_000 == 0);
            }
        }
    }
}
