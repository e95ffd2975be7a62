//! A session with one camera: the file with the socket, behind retina.
//!
//! ```text
//! open   connect ─ DESCRIBE ─ SETUP (TCP) ─ PLAY      each within its limit
//! next   ◀─ frames, clock steps, the camera's clock   silence has a limit too
//! close  TEARDOWN, within a limit
//! ```
//!
//! retina understands RTSP, RTP and H.264; here its errors become faults, its
//! frames become ours, and waiting gets an end. Which fault an error is, is
//! `classify`'s; what time a frame gets, `wall`'s. Frames that had come already
//! are returned together; none waits here for another.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base::WallTime;
use bytes::Bytes;
use futures::StreamExt;
use media::{Codec, Frame, Params, nal};
use retina::client::{
    Demuxed, Described, InitialTimestampPolicy, PlayOptions, SessionGroup, SessionOptions,
    SetupOptions, TcpTransportOptions, Transport,
};
use retina::codec::{CodecItem, FrameFormat, ParametersRef, VideoFrame};
use tokio::net::TcpStream;
use tokio::time::{Sleep, timeout};

use crate::classify::{
    answered_badly, b_frames, broke_off, does_not_answer, lost, no_keyframe, no_picture,
    not_connected,
};
use crate::clock::{Clock, Step, Steps};
use crate::fault::{Fault, FaultKind};
use crate::source::Source;
use crate::wall::Wall;

/// So many frames are returned together at most.
const MOST_TOGETHER: usize = 64;

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
    limits: Limits,
    clock: Clock,
    /// None once the stream has ended.
    demuxed: Option<Demuxed>,
    group: Arc<SessionGroup>,
    /// Which of the camera's tracks is played.
    track: usize,
    params: Option<Arc<Params>>,
    steps: Steps,
    wall: Wall,
    clock_rate: u32,
    /// What was understood and not yet returned: first `events`, then `frames`.
    events: VecDeque<Event>,
    frames: Vec<Frame>,
    /// Why the stream ended, until that is returned.
    fault: Option<Fault>,
    last_frame: Instant,
    /// When the last keyframe came; until the first one, when the camera began.
    last_keyframe: Instant,
    /// The first keyframe came.
    shows: bool,
    /// When to look whether it is silent: at times before it is, never after.
    watchdog: Pin<Box<Sleep>>,
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
        source.check()?;
        let authority = source.authority();
        let group = Arc::new(SessionGroup::default());
        let mut described = describe(source, &group, &limits).await?;
        let track = h264_track(&described, &authority)?;
        let clock_rate = described.streams()[track].clock_rate_hz();

        let options = SetupOptions::default()
            .transport(Transport::Tcp(TcpTransportOptions::default()))
            .frame_format(FrameFormat::MP4);
        match timeout(limits.step, described.setup(track, options)).await {
            Err(_) => return Err(does_not_answer(&authority, "SETUP")),
            Ok(Err(error)) => return Err(answered_badly(source, "SETUP", error)),
            Ok(Ok(())) => {}
        }
        let options = PlayOptions::default().initial_timestamp(InitialTimestampPolicy::Permissive);
        let demuxed = match timeout(limits.step, described.play(options)).await {
            Err(_) => return Err(does_not_answer(&authority, "PLAY")),
            Ok(playing) => playing.and_then(|playing| playing.demuxed()),
        };
        let demuxed = demuxed.map_err(|error| answered_badly(source, "PLAY", error))?;

        let now = Instant::now();
        Ok(Self {
            authority,
            clock,
            demuxed: Some(demuxed),
            group,
            track,
            params: None,
            steps: Steps::default(),
            wall: Wall::new(clock_rate),
            clock_rate,
            events: VecDeque::new(),
            frames: Vec::new(),
            fault: None,
            last_frame: now,
            last_keyframe: now,
            shows: false,
            watchdog: Box::pin(tokio::time::sleep_until(now.into())),
            limits,
        })
    }

    /// Returns what comes next. Dropping the future loses nothing. After an
    /// error there is nothing more.
    pub async fn next(&mut self) -> Result<Event, Fault> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(event);
            }
            let enough = self.fault.is_some() || self.frames.len() >= MOST_TOGETHER;
            if enough && !self.frames.is_empty() {
                return Ok(Event::Frames(std::mem::take(&mut self.frames)));
            }
            if let Some(fault) = self.fault.take() {
                self.demuxed = None;
                return Err(fault);
            }
            let Some(demuxed) = &mut self.demuxed else {
                return Err(lost(&self.authority));
            };
            tokio::select! {
                biased;
                item = demuxed.next() => self.take(item),
                () = std::future::ready(()), if !self.frames.is_empty() => {
                    return Ok(Event::Frames(std::mem::take(&mut self.frames)));
                }
                () = &mut self.watchdog => self.look_for_silence(),
            }
        }
    }

    /// Ends the session: tells the camera, as long as it listens.
    pub async fn close(mut self) {
        self.demuxed = None;
        if timeout(self.limits.step, self.group.await_teardown()).await.is_err() {
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

    /// Takes in what retina understood.
    fn take(&mut self, item: Option<Result<CodecItem, retina::Error>>) {
        match item {
            None => self.fault = Some(lost(&self.authority)),
            Some(Err(error)) => self.fault = Some(broke_off(&self.authority, error)),
            Some(Ok(CodecItem::VideoFrame(frame))) if frame.stream_id() == self.track => {
                self.take_frame(frame);
            }
            Some(Ok(CodecItem::Rtcp(packets))) if packets.stream_id() == self.track => {
                let offset_us = camera_clock(&packets)
                    .and_then(|(rtp, wall)| Some(wall.micros_since(self.wall.at(rtp)?)));
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
        if frame.has_new_parameters() || self.params.is_none() {
            self.read_params();
        }
        let (rtp, received) = (frame.timestamp().timestamp(), frame.start_ctx().received());
        let Some((data, is_key)) = slices_and_sei(frame.into_data()) else {
            return;
        };
        self.last_frame = Instant::now();
        match &self.params {
            Some(_) if is_key => (self.shows, self.last_keyframe) = (true, self.last_frame),
            _ if self.last_frame - self.last_keyframe > self.limits.keyframe => {
                self.fault = Some(no_keyframe(&self.authority, self.limits.keyframe));
                return;
            }
            _ => {}
        }
        // Before its first keyframe a stream cannot be shown.
        let Some(params) = self.params.clone().filter(|_| self.shows) else {
            return;
        };
        if self.wall.is_reordered(rtp) {
            self.fault = Some(b_frames(&self.authority));
            return;
        }
        let (now, wall_now) = self.clock.now();
        if let Some(Step { from, to }) = self.steps.look((now, wall_now)) {
            if !self.frames.is_empty() {
                self.events.push_back(Event::Frames(std::mem::take(&mut self.frames)));
            }
            self.events.push_back(Event::ClockStep { from, to });
            self.wall = Wall::new(self.clock_rate);
        }
        let arrival = wall_now.minus(now.saturating_duration_since(received));
        let wall = self.wall.place(rtp, arrival);
        let frame = Frame { wall, composition_us: 0, is_key, data, params };
        self.frames.push(frame);
    }

    fn read_params(&mut self) {
        let streams = self.demuxed.as_ref().map(Demuxed::streams).unwrap_or_default();
        let parameters = streams.get(self.track).and_then(|stream| stream.parameters());
        let Some(ParametersRef::Video(video)) = parameters else {
            return;
        };
        let (width, height) = video.pixel_dimensions();
        let config = Bytes::copy_from_slice(video.extra_data());
        let params = Params { codec: Codec::H264, width, height, config };
        // Cameras repeat them; only another value makes another stream.
        if self.params.as_deref() != Some(&params) {
            self.params = Some(Arc::new(params));
        }
    }

    fn look_for_silence(&mut self) {
        let silent = self.last_frame + self.limits.silence;
        self.watchdog.as_mut().reset(silent.into());
        if silent <= Instant::now() {
            self.fault = Some(no_picture(&self.authority, self.limits.silence));
        }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("authority", &self.authority).finish_non_exhaustive()
    }
}

async fn describe(
    source: &Source,
    group: &Arc<SessionGroup>,
    limits: &Limits,
) -> Result<retina::client::Session<Described>, Fault> {
    let authority = source.authority();
    let credentials = source.credentials.as_ref().map(|credentials| retina::client::Credentials {
        username: credentials.user.clone(),
        password: credentials.password.clone(),
    });
    let options = SessionOptions::default()
        .creds(credentials)
        .session_group(Arc::clone(group))
        .user_agent("khue".to_owned());
    let describing = retina::client::Session::describe(source.url.clone(), options);
    let error = match timeout(limits.connect + limits.step, describing).await {
        Ok(Ok(described)) => return Ok(described),
        Ok(Err(error)) => Some(error),
        Err(_) => None,
    };
    let error = match error {
        // It answered, so there is a connection.
        Some(error) if error.status_code().is_some() => {
            return Err(answered_badly(source, "DESCRIBE", error));
        }
        error => error,
    };
    // retina does not say whether it was the connection that failed, nor with
    // which error; a look of our own does, and costs nothing where all is well.
    Err(match (timeout(limits.connect, TcpStream::connect(socket_of(source))).await, error) {
        (Err(_), _) => Fault::new(
            FaultKind::Unreachable,
            format!("{authority} does not answer; check its address, its power and the network"),
        ),
        (Ok(Err(error)), _) => not_connected(&authority, error),
        (Ok(Ok(_)), None) => does_not_answer(&authority, "DESCRIBE"),
        (Ok(Ok(_)), Some(error)) => answered_badly(source, "DESCRIBE", error),
    })
}

fn socket_of(source: &Source) -> (String, u16) {
    let host = source.url.host_str().unwrap_or_default();
    // An IPv6 address stands in brackets in a URL, and without them elsewhere.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    (host.to_owned(), source.url.port().unwrap_or(554))
}

/// Chooses the track to play.
fn h264_track(
    described: &retina::client::Session<Described>,
    authority: &str,
) -> Result<usize, Fault> {
    let video = |stream: &&retina::client::Stream| stream.media() == "video";
    let streams = described.streams();
    if let Some(track) = streams
        .iter()
        .position(|stream| video(&stream) && stream.encoding_name().eq_ignore_ascii_case("h264"))
    {
        return Ok(track);
    }
    let message = match streams.iter().find(video) {
        Some(stream) => {
            let codec = stream.encoding_name().to_ascii_uppercase();
            format!("{authority} sends {codec}; set the stream to H.264 in the camera")
        }
        None => format!("{authority} sends no video at this address; choose another stream"),
    };
    Err(Fault::new(FaultKind::Unsupported, message))
}

/// Returns the frame without what [`Params`] says and players do not need, and
/// whether it is a keyframe; `None` if no picture is in it.
pub(crate) fn slices_and_sei(data: Vec<u8>) -> Option<(Bytes, bool)> {
    let (mut is_picture, mut is_key, mut clean) = (false, false, true);
    for unit in nal::length_prefixed(&data) {
        let kind = unit.ok()?.first()? & 0x1f;
        is_picture |= (1..=5).contains(&kind);
        is_key |= kind == 5;
        clean &= is_kept(kind);
    }
    if !is_picture {
        return None;
    }
    if clean {
        return Some((data.into(), is_key));
    }
    let mut kept = Vec::with_capacity(data.len());
    for unit in nal::length_prefixed(&data).map_while(Result::ok) {
        if unit.first().is_some_and(|header| is_kept(header & 0x1f)) {
            nal::push_length_prefixed(&mut kept, unit);
        }
    }
    Some((kept.into(), is_key))
}

/// Returns whether a NAL unit of this type stays: not parameter sets, access
/// unit delimiters and filler.
fn is_kept(kind: u8) -> bool {
    !matches!(kind, 7..=9 | 12)
}

/// Returns RTP time and the camera's wall time of a sender report that has both.
fn camera_clock(packets: &retina::rtcp::ReceivedCompoundPacket) -> Option<(i64, WallTime)> {
    let report = packets.pkts().next()?.as_sender_report().ok()??;
    let since_1970 = report.ntp_timestamp().0.checked_sub(retina::UNIX_EPOCH.0)?;
    let micros = (u128::from(since_1970) * 1_000_000) >> 32;
    Some((packets.rtp_timestamp()?.timestamp(), WallTime(i64::try_from(micros).ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefixed(units: &[&[u8]]) -> Vec<u8> {
        let mut data = Vec::new();
        for unit in units {
            nal::push_length_prefixed(&mut data, unit);
        }
        data
    }

    #[test]
    fn a_frame_keeps_slices_and_sei_and_nothing_else() {
        let sent =
            prefixed(&[&[9, 0x10], &[0x67, 1], &[0x68, 2], &[6, 5, 1], &[0x65, 3], &[12, 0xff]]);
        let (kept, is_key) = slices_and_sei(sent).unwrap();
        assert_eq!(kept, prefixed(&[&[6, 5, 1], &[0x65, 3]]));
        assert!(is_key);
        let clean = prefixed(&[&[0x41, 9]]);
        assert_eq!(slices_and_sei(clean.clone()), Some((clean.into(), false)));
    }

    #[test]
    fn what_holds_no_picture_is_no_frame() {
        for data in [vec![], prefixed(&[&[6, 5, 1]]), prefixed(&[&[]]), vec![0, 0, 0, 9, 0x65]] {
            assert_eq!(slices_and_sei(data), None);
        }
    }
}
