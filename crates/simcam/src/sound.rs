//! What a camera hears: a loop whose truth is known.
//!
//! ```text
//! tone    ∿∿∿∿∿∿∿∿∿∿∿∿∿∿∿∿∿∿∿∿∿∿∿∿∿∿∿∿∿∿∿∿∿   the whole time; its pitch tells the camera
//! beep    ▮▮▮▮      ▮         ▮         ▮▮▮▮    2 kHz at each full second of the camera's
//!         ├─ 0 s    ├─ 1 s    ├─ 2 s    ├─ 0 s  time: 0.4 s long where the pictures' loop
//!                                               begins, else 0.1 s
//! ```
//!
//! A camera's pictures and its sound have one axis of time: the beep of second n
//! begins when the frame n · frames-a-second of the loop was taken.
//!
//! Loops are of whole seconds and whole frames of sound, so a loop of AAC is as many
//! loops of the pictures as that takes. They are cut out of the midst of a longer
//! sound: the seam is not heard.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use bytes::Bytes;

pub(crate) mod adts;

use crate::camera::lock;
use crate::clip::{ClipError, ffmpeg};

/// How sound is coded. All is one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SoundCodec {
    /// AAC-LC, 16 kHz.
    Aac,
    /// G.711 µ-law, 8 kHz.
    Pcmu,
    /// G.711 A-law, 8 kHz.
    Pcma,
}

/// One encoded loop of sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sound {
    /// How it is coded.
    pub codec: SoundCodec,
    /// What is sent in one packet each: a frame of AAC, or 20 ms of G.711.
    pub frames: Vec<Bytes>,
    /// The pitch of the tone.
    pub tone_hz: u32,
    /// Where the long beep comes: each so many seconds.
    pub loop_seconds: u32,
}

/// The pitch of the beeps.
pub const BEEP_HZ: u32 = 2000;
/// Raised whenever the sound changes, so that caches are made anew.
const VERSION: u32 = 1;
/// What AAC needs before the loop so that its frames go on from somewhere: a
/// whole number of seconds and of frames.
const RUN_UP_SECONDS: u32 = 8;
/// What an encoder puts before the first sample: a frame.
const AAC_PRIMING_FRAMES: usize = 1;

impl SoundCodec {
    /// Returns the samples in a second.
    pub fn sample_rate(self) -> u32 {
        match self {
            Self::Aac => 16_000,
            Self::Pcmu | Self::Pcma => 8_000,
        }
    }

    /// Returns the samples in what one packet holds.
    pub fn frame_samples(self) -> u32 {
        match self {
            Self::Aac => 1024,
            Self::Pcmu | Self::Pcma => 160,
        }
    }

    /// Returns its name: `aac`, `pcmu`, `pcma`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aac => "aac",
            Self::Pcmu => "pcmu",
            Self::Pcma => "pcma",
        }
    }

    /// Returns how long a frame is, in ticks of 90 kHz; whole for all of them.
    pub(crate) fn frame_90k(self) -> u64 {
        u64::from(self.frame_samples()) * 90_000 / u64::from(self.sample_rate())
    }

    /// Returns how many seconds a loop has: the fewest loops of the pictures that
    /// are whole frames.
    fn seconds(self, loop_seconds: u32) -> u32 {
        let (rate, frame) = (u64::from(self.sample_rate()), u64::from(self.frame_samples()));
        let whole = |loops: &u32| (u64::from(loop_seconds * loops) * rate).is_multiple_of(frame);
        (1..=self.frame_samples()).find(whole).unwrap_or(1) * loop_seconds
    }
}

impl Sound {
    /// Returns the pitch by which the camera of this number (`cam7`: 7) is told
    /// from a hundred others.
    pub fn tone_of(camera: u32) -> u32 {
        300 + camera % 100 * 10
    }

    /// Returns a sound for pictures whose loop lasts `loop_seconds`, 1 to 60; ffmpeg
    /// makes it when it is first asked for in this process.
    pub fn test_tone(
        codec: SoundCodec,
        tone_hz: u32,
        loop_seconds: u32,
    ) -> Result<Arc<Self>, ClipError> {
        type Made = HashMap<(SoundCodec, u32, u32), Arc<Sound>>;
        static MADE: OnceLock<Mutex<Made>> = OnceLock::new();
        let mut made = lock(MADE.get_or_init(Mutex::default));
        let wanted = (codec, tone_hz, loop_seconds);
        if let Some(sound) = made.get(&wanted) {
            return Ok(Arc::clone(sound));
        }
        let kept = encode(codec, tone_hz, loop_seconds)?;
        let sound = Arc::new(Self::read(codec, tone_hz, loop_seconds, kept)?);
        made.insert(wanted, Arc::clone(&sound));
        Ok(sound)
    }

    /// Returns the same as [`Sound::test_tone`], out of the folder `cache` where it
    /// is there, and kept in it where it is not.
    pub fn kept_in(
        cache: &Path,
        codec: SoundCodec,
        tone_hz: u32,
        loop_seconds: u32,
    ) -> Result<Self, ClipError> {
        let folder = cache.join(format!("sound-v{VERSION}"));
        let name = format!("{}-{tone_hz}hz-{loop_seconds}s", codec.as_str());
        let file = folder.join(&name);
        if let Ok(bytes) = fs::read(&file)
            && let Ok(sound) = Self::read(codec, tone_hz, loop_seconds, bytes.into())
        {
            return Ok(sound);
        }
        let bytes = encode(codec, tone_hz, loop_seconds)?;
        let sound = Self::read(codec, tone_hz, loop_seconds, bytes.clone())?;
        let failed = |act, path: &Path| {
            let path = path.to_owned();
            move |source| ClipError::Io { act, path, source }
        };
        fs::create_dir_all(&folder).map_err(failed("create", &folder))?;
        // Two processes may be at it; what is renamed is whole.
        let work = folder.join(format!(".{name}.{}", std::process::id()));
        fs::write(&work, &bytes).map_err(failed("write", &work))?;
        fs::rename(&work, &file).map_err(failed("create", &file))?;
        Ok(sound)
    }

    /// Returns how long a loop lasts, in ticks of 90 kHz.
    pub fn duration_90k(&self) -> u64 {
        self.frames.len() as u64 * self.codec.frame_90k()
    }

    /// Cuts a loop into frames.
    fn read(
        codec: SoundCodec,
        tone_hz: u32,
        loop_seconds: u32,
        bytes: Bytes,
    ) -> Result<Self, ClipError> {
        let unfit = |reason: String| ClipError::Unfit { subject: "the sound".to_owned(), reason };
        let frames: Vec<Bytes> = match codec {
            SoundCodec::Aac => adts::frames(&bytes)
                .map_err(|error| unfit(error.to_string()))?
                .into_iter()
                .map(|(_, frame)| frame)
                .collect(),
            SoundCodec::Pcmu | SoundCodec::Pcma => {
                let length = codec.frame_samples() as usize;
                (0..bytes.len())
                    .step_by(length)
                    .map(|at| bytes.slice(at..(at + length).min(bytes.len())))
                    .collect()
            }
        };
        let (found, wanted) = (frames.len(), frames_of(codec, codec.seconds(loop_seconds)));
        if found != wanted || frames.iter().any(Bytes::is_empty) {
            return Err(unfit(format!("it has {found} frames and not {wanted}")));
        }
        Ok(Self { codec, frames, tone_hz, loop_seconds })
    }
}

fn frames_of(codec: SoundCodec, seconds: u32) -> usize {
    (u64::from(seconds) * u64::from(codec.sample_rate()) / u64::from(codec.frame_samples()))
        as usize
}

/// Has ffmpeg make a loop: samples of G.711, or frames of AAC in ADTS.
fn encode(codec: SoundCodec, tone_hz: u32, loop_seconds: u32) -> Result<Bytes, ClipError> {
    let unfit = |reason: String| ClipError::Unfit { subject: "the sound".to_owned(), reason };
    if !(1..=60).contains(&loop_seconds) || !(50..=1900).contains(&tone_hz) {
        return Err(unfit("a loop lasts 1 to 60 s, a tone has 50 to 1900 Hz".to_owned()));
    }
    let seconds = codec.seconds(loop_seconds);
    if codec != SoundCodec::Aac {
        return ffmpeg::encode_sound(codec, &formula(tone_hz, loop_seconds, 0), seconds);
    }
    // From the last seconds of a loop, through a whole one, into the next.
    let before = seconds - RUN_UP_SECONDS.min(seconds);
    let told = formula(tone_hz, loop_seconds, before);
    let stream = ffmpeg::encode_sound(codec, &told, RUN_UP_SECONDS + seconds + 1)?;
    let frames = adts::frames(&stream).map_err(|error| unfit(error.to_string()))?;
    let header = adts::Header { profile: 1, rate: 8, channels: 1 };
    if frames.iter().any(|(each, _)| *each != header) {
        return Err(unfit("ffmpeg made something else than AAC-LC of 16 kHz".to_owned()));
    }
    let first = AAC_PRIMING_FRAMES + frames_of(codec, RUN_UP_SECONDS);
    let last = first + frames_of(codec, seconds);
    if frames.len() < last {
        return Err(unfit(format!("ffmpeg made {} frames of it, and not {last}", frames.len())));
    }
    let place = |index: usize| -> usize {
        frames[..index].iter().map(|(_, frame)| adts::HEADER + frame.len()).sum()
    };
    Ok(stream.slice(place(first)..place(last)))
}

/// Returns what is heard as ffmpeg's `aevalsrc` takes it, from `from` seconds on.
fn formula(tone_hz: u32, loop_seconds: u32, from: u32) -> String {
    let second = format!("mod(t+{from},{loop_seconds})");
    format!(
        "0.1*sin(2*PI*{tone_hz}*t)+\
         0.5*sin(2*PI*{BEEP_HZ}*t)*lt(mod(t,1),if(lt({second},1),0.4,0.1))"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_is_whole_seconds_and_whole_frames() {
        assert_eq!(SoundCodec::Aac.seconds(20), 40);
        assert_eq!(SoundCodec::Aac.seconds(2), 8);
        assert_eq!(SoundCodec::Aac.seconds(3), 24);
        assert_eq!((SoundCodec::Pcmu.seconds(20), SoundCodec::Pcma.seconds(1)), (20, 1));
        for codec in [SoundCodec::Aac, SoundCodec::Pcmu, SoundCodec::Pcma] {
            let sound = Sound::test_tone(codec, 440, 2).unwrap();
            assert_eq!(sound.duration_90k(), u64::from(codec.seconds(2)) * 90_000);
            assert!(Arc::ptr_eq(&sound, &Sound::test_tone(codec, 440, 2).unwrap()));
        }
        assert!(Sound::test_tone(SoundCodec::Aac, 440, 0).is_err());
        assert!(Sound::test_tone(SoundCodec::Pcmu, 4000, 1).is_err());
    }

    #[test]
    fn a_sound_is_kept_whole_or_made_anew() {
        let cache = tempfile::tempdir().unwrap();
        let get = || Sound::kept_in(cache.path(), SoundCodec::Aac, 310, 1).unwrap();
        let first = get();
        let file = cache.path().join("sound-v1/aac-310hz-1s");
        let bytes = fs::read(&file).unwrap();
        assert_eq!(get(), first);
        fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
        assert_eq!(get(), first);
        assert_eq!(fs::read(&file).unwrap(), bytes);
        assert_eq!(fs::read_dir(cache.path().join("sound-v1")).unwrap().count(), 1);
    }
}
