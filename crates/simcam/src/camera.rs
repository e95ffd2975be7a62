//! Cameras, what they are like, and what those who watched were sent.
//!
//! ```text
//! Camera cam1 ─┬─ cam1/main ─┬─ pictures   a Stream each (stream.rs)
//!              │             └─ sound
//!              └─ cam1/sub  ─┬─ pictures
//!                            └─ sound
//! ```
//!
//! What each viewer was sent is kept as a [`Delivery`], so that a test can hold a
//! recording against it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clip::Clip;
use crate::fault::Fault;
use crate::sound::Sound;
use crate::stream::Stream;

/// What a camera shows, and under which name.
#[derive(Clone, Debug)]
pub struct CameraConfig {
    /// The first part of its paths: `cam1` serves `cam1/main` and `cam1/sub`.
    pub name: String,
    /// What its main stream shows.
    pub main: Arc<Clip>,
    /// What its sub-stream shows.
    pub sub: Arc<Clip>,
    /// How far into the clips it is when the server starts, so that cameras
    /// that share a clip do not show the same moment.
    pub phase: Duration,
    /// What is heard with either stream, if it has a microphone.
    pub sound: Option<Arc<Sound>>,
    /// Whether its parameter sets stand before every keyframe and there alone, not
    /// in the description.
    pub in_band: bool,
    /// How its packets may travel.
    pub transports: Transports,
    /// What its main stream may change to: see
    /// [`Fault::ResolutionChange`] and [`Fault::CodecChange`].
    pub others: Vec<Arc<Clip>>,
    /// What it does wrong from the start.
    pub fault: Fault,
}

/// How a camera's packets may travel; what it does not speak is answered with 461.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transports {
    /// Over UDP, or within the connection: as the client asks.
    #[default]
    Both,
    /// Within the connection only.
    TcpOnly,
    /// Over UDP only.
    UdpOnly,
}

/// Which track of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Track {
    /// `trackID=0`.
    Pictures,
    /// `trackID=1`.
    Sound,
}

/// Which stream of a camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StreamRole {
    /// The full picture.
    Main,
    /// The small one.
    Sub,
}

/// Where a viewer's first frame stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// At the next keyframe: the viewer waits for a picture, at most a GOP.
    #[default]
    NextKeyframe,
    /// At the next frame, as cameras do that leave it to the viewer to wait.
    Anywhere,
}

/// What one viewer was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The viewer's number, counted from 1 over the whole server.
    pub viewer: u64,
    /// The stream's path: `cam1/main`.
    pub path: String,
    /// The viewer's address.
    pub peer: SocketAddr,
    /// The counters of the first and the last frame of pictures sent, once there is
    /// one. "Sent" is: given to the socket, or to its bounded backlog.
    pub counters: Option<(u64, u64)>,
    /// How many frames of pictures were sent. All from the first to the last, unless
    /// a fault kept some back, or the whole process stood still for longer than a
    /// viewer would wait.
    pub frames: u64,
    /// What was done with the track of pictures.
    pub pictures: TrackDelivery,
    /// What was done with the track of sound; none where the camera has no sound.
    pub sound: Option<TrackDelivery>,
    /// Why no more are sent.
    pub ended: Option<Ended>,
}

/// What was done with one track for one viewer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrackDelivery {
    /// Whether the client asked for it, by `SETUP`.
    pub setup: bool,
    /// How many RTP packets of it were sent.
    pub packets: u64,
    /// How many sender reports.
    pub reports: u64,
}

/// Why a viewer is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It asked to end the session.
    TornDown,
    /// It closed the connection.
    Closed,
    /// It did not read fast enough.
    TooSlow,
    /// It said nothing for longer than a session lasts.
    TimedOut,
    /// It sent something that is no RTSP.
    Malformed,
    /// A fault that was switched on ended it.
    Fault,
    /// The server was shut down.
    Shutdown,
}

/// What there is under one path: the tracks of a stream.
#[derive(Debug)]
pub(crate) struct Media {
    /// `cam1/main`
    pub(crate) path: String,
    /// How packets may travel.
    pub(crate) transports: Transports,
    /// The track of pictures.
    pub(crate) pictures: Arc<Stream>,
    /// The track of sound.
    pub(crate) sound: Option<Arc<Stream>>,
}

/// What a viewer was sent, as it is kept while it watches.
pub(crate) type Record = Arc<Mutex<Delivery>>;

impl CameraConfig {
    /// Returns a camera that starts at the beginning of its clips.
    pub fn new(name: impl Into<String>, main: Arc<Clip>, sub: Arc<Clip>) -> Self {
        Self {
            name: name.into(),
            main,
            sub,
            phase: Duration::ZERO,
            sound: None,
            in_band: false,
            transports: Transports::default(),
            others: Vec::new(),
            fault: Fault::None,
        }
    }
}

impl StreamRole {
    /// Returns the last part of the stream's path.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Sub => "sub",
        }
    }
}

impl Media {
    /// Returns the stream of a track, if it has that.
    pub(crate) fn track(&self, track: Track) -> Option<&Arc<Stream>> {
        match track {
            Track::Pictures => Some(&self.pictures),
            Track::Sound => self.sound.as_ref(),
        }
    }

    /// Yields its streams.
    pub(crate) fn streams(&self) -> impl Iterator<Item = &Arc<Stream>> {
        [&self.pictures].into_iter().chain(&self.sound)
    }
}

impl Delivery {
    /// Returns what is told of a track.
    pub(crate) fn track(&mut self, track: Track) -> Option<&mut TrackDelivery> {
        match track {
            Track::Pictures => Some(&mut self.pictures),
            Track::Sound => self.sound.as_mut(),
        }
    }

    /// Notes why no more is sent, unless that is known.
    pub(crate) fn end(&mut self, ended: Ended) {
        self.ended.get_or_insert(ended);
    }
}

/// Takes a lock. Nothing here leaves a value half-changed, so a panic elsewhere
/// does not make it unfit for use.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
