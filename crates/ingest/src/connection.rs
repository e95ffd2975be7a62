//! A session with one camera: the file with the socket, behind retina.
//!
//! ```text
//! open   connect ─ DESCRIBE ─ SETUP ─ PLAY            `setup`'s
//! next   ◀─ frames, sound, clock steps, the camera's clock   silence has a limit
//! close  TEARDOWN, within a limit
//! ```
//!
//! What a camera sends may bring retina to panic. That ends the camera's session,
//! as a fault, and nothing else.
//!
//! retina understands RTSP, RTP and what it carries; here its errors become
//! faults, its frames become ours, and waiting gets an end. Which fault an error
//! is, is `classify`'s; what time a frame gets, `order`'s and `wall`'s. Frames
//! that had come already are returned together; none waits here for another.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base::{Transport, WallTime};
use bytes::Bytes;
use futures::{FutureExt, StreamExt};
use media::{Codec, Frame, Params, access_unit};
use retina::client::{Demuxed, SessionGroup};
use retina::codec::{AudioFrame, CodecItem, ParametersRef, VideoFrame};
use tokio::time::{Sleep, timeout};

use crate::classify::{
    broke_off, lost, no_keyframe, no_picture, no_sets, not_borne, nothing_by_udp, said_goodbye,
};
use crate::clock::{Clock, Step, Steps};
use crate::fault::Fault;
use crate::order::Order;
use crate::setup::{self, Track};
use crate::slices::Slices;
use crate::source::Source;
use crate::tls::Bridge;
use crate::wall::Wall;

/// So many frames are returned together at most.
const MOST_TOGETHER: usize = 64;
/// How long pictures may come after a camera said that they end.
const FAREWELL: Duration = Duration::from_secs(1);
/// The RTCP packet that says so (RFC 3550 §6.6).
const BYE: u8 = 203;

/// How long a camera may take for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// To accept the connection.
    pub connect: Duration,
    /// To answer a request.
    pub step: Duration,
    /// To send the next frame.
    pub silence: Duration,
    /// To send the next keyframe.
    pub keyframe: Duration,
}

/// What comes from a camera.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Frames, in decoding order; the session's first one is a keyframe. Never empty.
    Frames(Vec<Frame>),
    /// Sound, in order. Never empty, and only of a source that asks for it.
    Sound(Vec<Frame>),
    /// The server's clock was set. The frames that follow are of a new run.
    ClockStep {
        /// What it would have shown.
        from: WallTime,
        /// What it shows.
        to: WallTime,
    },
    /// How far the camera's clock is ahead of the server's.
    CameraClock {
        /// In microseconds; behind is negative.
        offset_us: i64,
    },
    /// The camera numbered packets that never came.
    Lost {
        /// How many, since this was told last.
        packets: u64,
    },
}

/// A session with a camera that plays.
pub struct Session {
    authority: String,
    /// Where UDP is the way: by which way packets were to come.
    by_udp: Option<Transport>,
    limits: Limits,
    clock: Clock,
    /// None once the stream has ended.
    demuxed: Option<Demuxed>,
    group: Arc<SessionGroup>,
    bridge: Option<Bridge>,
    pictures: Line,
    sound: Option<Line>,
    offers_sound: Option<String>,
    steps: Steps,
    /// What was understood and not yet returned: first `events`, then frames.
    events: VecDeque<Event>,
    frames: Vec<Frame>,
    heard: Vec<Frame>,
    /// What may not be all of a picture yet.
    slices: Slices,
    /// Why the stream ended, until that is returned.
    fault: Option<Fault>,
    last_frame: Instant,
    /// When the last keyframe came; until the first one, when the camera began.
    last_keyframe: Instant,
    /// The first keyframe came.
    shows: bool,
    /// A picture came, or a report: there is a way from the camera to here.
    came: bool,
    /// When the camera said that the stream ends, unless pictures came since.
    farewell: Option<Instant>,
    /// When to look whether it is silent: at times before it is, never after.
    watchdog: Pin<Box<Sleep>>,
}

/// A track on its way to the axis of time.
struct Line {
    track: Track,
    params: Option<Arc<Params>>,
    order: Order,
    wall: Wall,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            step: Duration::from_secs(5),
            silence: Duration::from_secs(10),
            keyframe: Duration::from_secs(30),
        }
    }
}

impl Session {
    /// Connects to a camera and has it play.
    pub async fn open(source: &Source, clock: Clock, limits: Limits) -> Result<Self, Fault> {
        let authority = source.authority();
        let playing = AssertUnwindSafe(setup::play(source, &limits)).catch_unwind().await;
        let playing = playing.map_err(|_| not_borne(&authority))??;
        let now = Instant::now();
        Ok(Self {
            authority,
            by_udp: (playing.way == Transport::Udp).then_some(source.link.transport),
            clock,
            demuxed: Some(playing.demuxed),
            group: playing.group,
            bridge: playing.bridge,
            pictures: Line::new(playing.pictures),
            sound: playing.sound.map(Line::new),
            offers_sound: playing.offers_sound,
            steps: Steps::default(),
            events: VecDeque::new(),
            frames: Vec::new(),
            heard: Vec::new(),
            slices: Slices::default(),
            fault: None,
            last_frame: now,
            last_keyframe: now,
            shows: false,
            came: false,
            farewell: None,
            watchdog: Box::pin(tokio::time::sleep_until(now.into())),
            limits,
        })
    }

    /// Returns the codec of the sound that the camera has, as it names it in its
    /// session description, whether it is fetched or not.
    pub fn offers_sound(&self) -> Option<&str> {
        self.offers_sound.as_deref()
    }

    /// Returns whether sound is fetched.
    pub fn has_sound(&self) -> bool {
        self.sound.is_some()
    }

    /// Returns the SHA-256 of the certificate that the camera showed, if the
    /// connection is TLS.
    pub fn certificate(&self) -> Option<[u8; 32]> {
        self.bridge.as_ref().and_then(|bridge| bridge.certificate)
    }

    /// Returns what comes next. Dropping the future loses nothing. After an
    /// error there is nothing more.
    pub async fn next(&mut self) -> Result<Event, Fault> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(event);
            }
            if self.fault.is_some() {
                self.frames.extend(self.slices.take());
            }
            let gathered = self.frames.len().max(self.heard.len());
            if (self.fault.is_some() && gathered > 0) || gathered >= MOST_TOGETHER {
                self.flush();
                continue;
            }
            if let Some(fault) = self.fault.take() {
                self.demuxed = None;
                return Err(fault.after_sound(self.has_sound()));
            }
            let Some(demuxed) = &mut self.demuxed else {
                return Err(lost(&self.authority).after_sound(self.has_sound()));
            };
            tokio::select! {
                biased;
                item = AssertUnwindSafe(demuxed.next()).catch_unwind() => match item {
                    Ok(item) => self.take(item),
                    Err(_) => self.fault = Some(not_borne(&self.authority)),
                },
                () = std::future::ready(()), if gathered > 0 => self.flush(),
                () = &mut self.watchdog => self.look_for_silence(),
            }
        }
    }

    /// Ends the session: tells the camera, as long as it listens.
    pub async fn close(mut self) {
        self.demuxed = None;
        let leaving = AssertUnwindSafe(self.group.await_teardown()).catch_unwind();
        if !matches!(timeout(self.limits.step, leaving).await, Ok(Ok(_))) {
            tracing::debug!(camera = self.authority, "the camera does not answer TEARDOWN");
        }
    }

    /// Returns the next frames; other events are passed over.
    pub(crate) async fn next_frames(&mut self) -> Result<Vec<Frame>, Fault> {
        loop {
            if let Event::Frames(frames) = self.next().await? {
                return Ok(frames);
            }
        }
    }

    /// Has what was gathered returned next.
    fn flush(&mut self) {
        if !self.frames.is_empty() {
            self.events.push_back(Event::Frames(std::mem::take(&mut self.frames)));
        }
        if !self.heard.is_empty() {
            self.events.push_back(Event::Sound(std::mem::take(&mut self.heard)));
        }
    }

    /// Takes in what retina understood.
    fn take(&mut self, item: Option<Result<CodecItem, retina::Error>>) {
        match item {
            None => self.fault = Some(lost(&self.authority)),
            Some(Err(error)) => self.fault = Some(broke_off(&self.authority, error)),
            Some(Ok(CodecItem::VideoFrame(frame)))
                if frame.stream_id() == self.pictures.track.index =>
            {
                self.take_frame(frame);
            }
            Some(Ok(CodecItem::AudioFrame(frame))) => self.take_sound(&frame),
            Some(Ok(CodecItem::Rtcp(packets)))
                if packets.stream_id() == self.pictures.track.index =>
            {
                self.came = true;
                if packets.pkts().any(|packet| packet.payload_type() == BYE) {
                    let now = Instant::now();
                    self.farewell = Some(now);
                    self.watchdog.as_mut().reset((now + FAREWELL).into());
                }
                let offset_us = camera_clock(&packets)
                    .and_then(|(rtp, wall)| Some(wall.micros_since(self.pictures.wall.at(rtp)?)));
                self.events.extend(offset_us.map(|offset_us| Event::CameraClock { offset_us }));
            }
            // Of other tracks none is set up.
            Some(Ok(_)) => {}
        }
    }

    fn take_frame(&mut self, frame: VideoFrame) {
        if frame.loss() > 0 {
            self.events.push_back(Event::Lost { packets: frame.loss().into() });
        }
        if frame.has_new_parameters() || self.pictures.params.is_none() {
            let streams = self.demuxed.as_ref().map(Demuxed::streams).unwrap_or_default();
            self.pictures.read_params(streams);
        }
        let (rtp, received) = (frame.timestamp().timestamp(), frame.start_ctx().received());
        let codec = self.pictures.track.codec;
        let Some((data, is_key)) = access_unit::strip(codec, frame.into_data()) else {
            return;
        };
        if self.slices.extend(rtp, codec, &data) {
            return;
        }
        self.last_frame = Instant::now();
        (self.came, self.farewell) = (true, None);
        match &self.pictures.params {
            Some(_) if is_key => (self.shows, self.last_keyframe) = (true, self.last_frame),
            _ if self.last_frame - self.last_keyframe > self.limits.keyframe => {
                let what = if self.pictures.params.is_none() { no_sets } else { no_keyframe };
                self.fault = Some(what(&self.authority, self.limits.keyframe));
                return;
            }
            _ => {}
        }
        // Before its first keyframe a stream cannot be shown.
        let Some(params) = self.pictures.params.clone().filter(|_| self.shows) else {
            return;
        };
        let arrival = self.arrival(received);
        let (wall, composition_us) = self.pictures.place(rtp, arrival);
        let frame = Frame { wall, composition_us, is_key, data, params };
        self.frames.extend(self.slices.push(rtp, frame).into_iter().flatten());
    }

    fn take_sound(&mut self, frame: &AudioFrame) {
        let arrival = self.arrival(frame.ctx().received());
        let Some(line) = self.sound.as_mut().filter(|line| line.track.index == frame.stream_id())
        else {
            return;
        };
        if line.params.is_none() {
            line.read_params(self.demuxed.as_ref().map(Demuxed::streams).unwrap_or_default());
        }
        let Some(params) = line.params.clone() else { return };
        if frame.data().is_empty() {
            return;
        }
        let wall = line.wall.place(frame.timestamp().timestamp(), arrival);
        let data = Bytes::copy_from_slice(frame.data());
        self.heard.push(Frame { wall, composition_us: 0, is_key: true, data, params });
    }

    /// Returns when what was received at `received` came, on the server's clock;
    /// where that was set, a new run begins.
    fn arrival(&mut self, received: Instant) -> WallTime {
        let (now, wall_now) = self.clock.now();
        if let Some(Step { from, to }) = self.steps.look((now, wall_now)) {
            self.frames.extend(self.slices.take());
            self.flush();
            self.events.push_back(Event::ClockStep { from, to });
            self.pictures.begin_anew();
            self.sound.iter_mut().for_each(Line::begin_anew);
        }
        wall_now.minus(now.saturating_duration_since(received))
    }

    fn look_for_silence(&mut self) {
        let silent = self.last_frame + self.limits.silence;
        let ended = self.farewell.map(|farewell| farewell + FAREWELL);
        let now = Instant::now();
        self.watchdog.as_mut().reset(ended.map_or(silent, |ended| ended.min(silent)).into());
        if ended.is_some_and(|ended| ended <= now) {
            self.fault = Some(said_goodbye(&self.authority));
        } else if silent <= now {
            self.fault = Some(match self.by_udp {
                Some(way) if !self.came => {
                    nothing_by_udp(&self.authority, way, self.limits.silence)
                }
                _ => no_picture(&self.authority, self.limits.silence),
            });
        }
    }
}

impl Line {
    fn new(track: Track) -> Self {
        let (order, wall) = (Order::new(track.rate_hz), Wall::new(track.rate_hz));
        Self { track, params: None, order, wall }
    }

    fn begin_anew(&mut self) {
        self.wall = Wall::new(self.track.rate_hz);
    }

    /// Returns when a frame of this RTP time is decoded, and how much later it
    /// is shown.
    fn place(&mut self, rtp: i64, arrival: WallTime) -> (WallTime, i32) {
        let decoded = self.order.place(rtp);
        let later = i128::from(rtp.saturating_sub(decoded)) * 1_000_000;
        let later_us = later / i128::from(self.track.rate_hz.max(1));
        let bounds = (i128::from(i32::MIN), i128::from(i32::MAX));
        let composition_us = later_us.clamp(bounds.0, bounds.1) as i32;
        (self.wall.place(decoded, arrival), composition_us)
    }

    fn read_params(&mut self, streams: &[retina::client::Stream]) {
        let read = match streams.get(self.track.index).and_then(|stream| stream.parameters()) {
            Some(ParametersRef::Video(video)) => {
                let (width, height) = video.pixel_dimensions();
                let config = Bytes::copy_from_slice(video.extra_data());
                Params { codec: self.track.codec, width, height, config }
            }
            Some(ParametersRef::Audio(audio)) => {
                let config = match self.track.codec {
                    Codec::Aac => Bytes::copy_from_slice(audio.extra_data()),
                    _ => Bytes::new(),
                };
                Params::sound(self.track.codec, config)
            }
            _ => return,
        };
        self.order.set_depth(read.reorder_depth());
        // Cameras repeat them; only another value makes another stream.
        if self.params.as_deref() != Some(&read) {
            self.params = Some(Arc::new(read));
        }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("authority", &self.authority).finish_non_exhaustive()
    }
}

/// Returns RTP time and the camera's wall time of a sender report that has both.
fn camera_clock(packets: &retina::rtcp::ReceivedCompoundPacket) -> Option<(i64, WallTime)> {
    let report = packets.pkts().next()?.as_sender_report().ok()??;
    let since_1970 = report.ntp_timestamp().0.checked_sub(retina::UNIX_EPOCH.0)?;
    let micros = (u128::from(since_1970) * 1_000_000) >> 32;
    Some((packets.rtp_timestamp()?.timestamp(), WallTime(i64::try_from(micros).ok()?)))
}
