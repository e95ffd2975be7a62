//! The cameras: four real street scenes, one of each oddity, and many small ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context;
use base::StreamId;
use e2e::city;
use simcam::clip::{self, Clip, Codec, Pattern};
use simcam::scene::Scene;
use simcam::sound::{Sound, SoundCodec};
use simcam::{CameraConfig, Server};

/// Frames in a second of the main stream of a small camera.
pub(crate) const FPS: u32 = 15;

/// What is special about a camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A street in 1080p.
    Scene,
    /// Its main stream is H.265.
    H265,
    /// Its main stream has B-frames, so it cannot go by WebRTC.
    BFrames,
    /// One of many.
    Small,
}

/// The cameras as they are served.
pub(crate) struct Cast {
    cameras: Vec<(CameraConfig, Kind)>,
}

/// A camera as the program has it.
#[derive(Clone, Debug)]
pub(crate) struct Eye {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) sound: Option<SoundCodec>,
    /// Those of pictures, by role: `main`, `sub`.
    pub(crate) streams: BTreeMap<String, StreamId>,
}

impl Eye {
    /// Yields the roles of its streams, sound among them where it may be heard.
    pub(crate) fn roles(&self) -> impl Iterator<Item = &str> {
        self.streams.keys().map(String::as_str).chain(self.sound.map(|_| "sound"))
    }

    /// Returns whether there are few of its kind.
    pub(crate) fn is_odd(&self) -> bool {
        matches!(self.kind, Kind::H265 | Kind::BFrames) || self.sound.is_some()
    }

    pub(crate) fn stream(&self, role: &str) -> anyhow::Result<StreamId> {
        let stream = self.streams.get(role).copied();
        stream.with_context(|| format!("{} has no {role} stream", self.name))
    }
}

impl Cast {
    /// Makes `count` cameras, `scenes` of them streets.
    pub(crate) fn of(count: usize, scenes: usize) -> anyhow::Result<Self> {
        let all = Scene::all();
        let drawn = clip::render_all(&e2e::scenes(), &all[..scenes.min(all.len())], |_| {})?;
        let small = Pattern {
            width: 320,
            height: 180,
            fps: FPS,
            seconds: 4,
            gop: 2 * FPS,
            ..Pattern::default()
        };
        let sub = Pattern { width: 160, height: 96, fps: 5, gop: 10, ..small };
        let clip = |pattern| Clip::test_pattern(pattern);
        let (main, sub) = (clip(small)?, clip(sub)?);
        let mut pictures: Vec<(Arc<Clip>, Arc<Clip>, Kind)> = Vec::new();
        let drawn: Vec<_> =
            drawn.into_iter().map(|one| (Arc::new(one.main), Arc::new(one.sub))).collect();
        for (main, sub) in drawn.iter().cycle().take(scenes) {
            pictures.push((main.clone(), sub.clone(), Kind::Scene));
        }
        let h265 = clip(Pattern { codec: Codec::H265, ..small })?;
        pictures.push((h265, sub.clone(), Kind::H265));
        pictures.push((clip(Pattern { b_frames: 2, ..small })?, sub.clone(), Kind::BFrames));
        pictures.resize(count, (main, sub, Kind::Small));
        let mut cameras = Vec::with_capacity(count);
        for (number, (main, sub, kind)) in pictures.into_iter().enumerate() {
            // A street and small ones that are heard, in each way of coding sound; not
            // the first, which the command line adds without.
            let codec = match (number + 1).checked_sub(scenes) {
                Some(0) if number > 0 => Some(SoundCodec::Aac),
                Some(3) => Some(SoundCodec::Aac),
                Some(4) => Some(SoundCodec::Pcmu),
                Some(5) => Some(SoundCodec::Pcma),
                _ => None,
            };
            let loop_seconds = (main.duration_90k / 90_000) as u32;
            let tone = Sound::tone_of(number as u32);
            let sound = codec.map(|codec| Sound::test_tone(codec, tone, loop_seconds));
            let name = format!("cam{number}");
            let config =
                CameraConfig { sound: sound.transpose()?, ..CameraConfig::new(name, main, sub) };
            cameras.push((config, kind));
        }
        Ok(Self { cameras })
    }

    /// Serves them.
    pub(crate) async fn serve(&self) -> anyhow::Result<Server> {
        let cameras = self.cameras.iter().map(|(config, _)| config.clone());
        city::serve_these(cameras.collect()).await
    }

    /// Yields each camera's name, with what is special about it and how it sounds.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Kind, Option<SoundCodec>)> {
        self.cameras.iter().map(|(config, kind)| {
            let sound = config.sound.as_ref().map(|sound| sound.codec);
            (config.name.as_str(), *kind, sound)
        })
    }
}
