//! A job under way: what the messages between its opening and its end do.
//!
//! The jobs themselves are `jpeg.rs`, `pictures.rs`, `video.rs` and `sound.rs`;
//! what the three of pictures share is `source.rs`.

use decode::message::Coded;
use decode::{Params, Task, ToClient};

use crate::av::Failure;
use crate::jpeg::Jpeg;
use crate::pictures::Pictures;
use crate::sound::Sound;
use crate::text::Fonts;
use crate::video::Video;

/// Why a job cannot go on, in words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal(pub(crate) String);

impl Refusal {
    /// Returns a function that says what was tried when the library failed.
    pub(crate) fn cannot(act: &str) -> impl FnOnce(Failure) -> Self {
        move |failure| Self(format!("cannot {act}: {failure}"))
    }
}

/// What a job gives, in order.
pub(crate) type Given = Vec<ToClient>;

/// One of the jobs.
pub(crate) enum Work<'a> {
    Jpeg(Jpeg),
    Pictures(Pictures),
    Video(Box<Video<'a>>),
    Sound(Box<Sound>),
}

impl<'a> Work<'a> {
    pub(crate) fn open(task: Task, fonts: &'a Fonts) -> Result<Self, Refusal> {
        Ok(match task {
            Task::Jpeg(task) => Self::Jpeg(Jpeg::open(task)?),
            Task::Pictures(task) => Self::Pictures(Pictures::open(task)?),
            Task::Video(task) => Self::Video(Box::new(Video::open(task, fonts)?)),
            Task::Sound(task) => Self::Sound(Box::new(Sound::open(task)?)),
        })
    }

    pub(crate) fn params(&mut self, params: &Params, given: &mut Given) -> Result<(), Refusal> {
        let wants_video = !matches!(self, Self::Sound(_));
        if params.codec.is_video() != wants_video {
            return Err(Refusal(format!("{:?} is not what this job works on", params.codec)));
        }
        match self {
            Self::Jpeg(work) => work.params(params),
            Self::Pictures(work) => work.params(params, given),
            Self::Video(work) => work.params(params, given),
            Self::Sound(work) => work.params(params, given),
        }
    }

    pub(crate) fn frame(&mut self, frame: &Coded, given: &mut Given) -> Result<(), Refusal> {
        match self {
            Self::Jpeg(work) => work.frame(frame, given),
            Self::Pictures(work) => work.frame(frame, given),
            Self::Video(work) => work.frame(frame, given),
            Self::Sound(work) => work.frame(frame, given),
        }
    }

    pub(crate) fn keyframe(&mut self) {
        if let Self::Video(work) = self {
            work.want_keyframe();
        }
    }

    pub(crate) fn end(&mut self, given: &mut Given) -> Result<(), Refusal> {
        match self {
            Self::Jpeg(work) => work.end(given),
            Self::Pictures(work) => work.end(given),
            Self::Video(work) => work.end(given),
            Self::Sound(work) => work.end(given),
        }
    }
}
