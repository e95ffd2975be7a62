//! What a camera sends, understood: packets become pictures and sound, and these
//! frames on the server's axis of time.
//!
//! ```text
//! packet ──▶ flow ──▶ pictures ──▶ slices ──▶ order, wall ──▶ Event::Frames
//!                └──▶ sound ─────────────────▶ wall ────────▶ Event::Sound
//! report ──▶ how far the camera's clock is off; its farewell
//! ```
//!
//! Pure: what came, and when, is handed in. Sockets and waiting are `connection`'s;
//! which fault an error is called, `classify`'s.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use base::{Switch, Transport, WallTime};
use media::Frame;

use crate::classify::{
    lost, no_keyframe, no_picture, no_sets, no_stream, nothing_by_udp, said_goodbye,
};
use crate::clock::{Step, Steps};
use crate::connection::{Event, Limits};
use crate::fault::Fault;
use crate::order::Order;
use crate::rtsp::flow::{Flow, Place};
use crate::rtsp::packet::Packet;
use crate::rtsp::pictures::{Picture, Pictures};
use crate::rtsp::report::{self, Report};
use crate::rtsp::sound::{Heard, Sounds};
use crate::setup::Fetched;
use crate::slices::Slices;
use crate::source::Source;
use crate::wall::Wall;

/// How long pictures may come after a camera said that they end.
const FAREWELL: Duration = Duration::from_secs(1);

/// See the module.
pub(crate) struct Reader {
    authority: String,
    /// Where UDP is the way: by which way packets were to come.
    by_udp: Option<Transport>,
    is_by_udp: bool,
    keyframe_limit: Duration,
    silence_limit: Duration,
    /// Reports of any source tell the camera's clock.
    any_reports: bool,
    pictures: Fetched<Pictures>,
    picture_line: Line,
    sound: Option<(Fetched<Sounds>, Line)>,
    steps: Steps,
    /// What was understood and not yet returned: first `events`, then frames.
    events: VecDeque<Event>,
    frames: Vec<Frame>,
    heard: Vec<Frame>,
    /// Kept for its memory.
    whole: Vec<Picture>,
    /// The same.
    sounds: Vec<Heard>,
    /// What may not be all of a picture yet.
    slices: Slices,
    /// Why the stream ended, until that is returned.
    fault: Option<Fault>,
    /// When what is looked at came.
    now: Instant,
    arrival: WallTime,
    last_frame: Instant,
    /// When the last keyframe came; until the first one, when the camera began.
    last_keyframe: Instant,
    /// The first keyframe came.
    shows: bool,
    /// A picture came, or a report: there is a way from the camera to here.
    came: bool,
    /// When the camera said that the stream ends, unless pictures came since.
    farewell: Option<Instant>,
}

/// A track on its way to the axis of time.
struct Line {
    rate_hz: u32,
    flow: Flow,
    order: Order,
    wall: Wall,
}

impl Reader {
    /// Reads what a camera sends from `now` on.
    pub(crate) fn new(
        source: &Source,
        way: Transport,
        (pictures, sound): (Fetched<Pictures>, Option<Fetched<Sounds>>),
        limits: &Limits,
        (now, arrival): (Instant, WallTime),
    ) -> Self {
        let is_by_udp = way == Transport::Udp;
        Self {
            authority: source.authority(),
            by_udp: is_by_udp.then_some(source.link.transport),
            is_by_udp,
            keyframe_limit: limits.keyframe,
            silence_limit: limits.silence,
            any_reports: source.link.switches.contains(&Switch::AnyRtcpSsrc),
            picture_line: Line::new(pictures.rate_hz),
            pictures,
            sound: sound.map(|sound| {
                let line = Line::new(sound.rate_hz);
                (sound, line)
            }),
            steps: Steps::default(),
            events: VecDeque::new(),
            frames: Vec::new(),
            heard: Vec::new(),
            whole: Vec::new(),
            sounds: Vec::new(),
            slices: Slices::default(),
            fault: None,
            now,
            arrival,
            last_frame: now,
            last_keyframe: now,
            shows: false,
            came: false,
            farewell: None,
        }
    }

    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    pub(crate) fn has_sound(&self) -> bool {
        self.sound.is_some()
    }

    pub(crate) fn is_by_udp(&self) -> bool {
        self.is_by_udp
    }

    /// Returns the channel of reports about pictures.
    pub(crate) fn report_channel(&self) -> u8 {
        self.pictures.channel.saturating_add(1)
    }

    /// Returns whether the camera said that the stream ends.
    pub(crate) fn is_taking_leave(&self) -> bool {
        self.fault.is_none() && self.farewell.is_some()
    }

    /// Returns what is to be told next, if there is something. Behind a fault there is
    /// only that the connection is lost.
    pub(crate) fn next(&mut self) -> Option<Result<Event, Fault>> {
        if let Some(event) = self.events.pop_front() {
            return Some(Ok(event));
        }
        let fault = self.fault.take()?.after_sound(self.has_sound());
        self.fault = Some(lost(&self.authority));
        Some(Err(fault))
    }

    /// Begins with what came together at a moment; where the server's clock was set, a
    /// new run begins.
    pub(crate) fn begin(&mut self, (now, wall_now): (Instant, WallTime)) {
        (self.now, self.arrival) = (now, wall_now);
        if let Some(Step { from, to }) = self.steps.look((now, wall_now)) {
            self.frames.extend(self.slices.take());
            self.flush();
            self.events.push_back(Event::ClockStep { from, to });
            self.picture_line.begin_anew();
            self.sound.iter_mut().for_each(|(_, line)| line.begin_anew());
        }
    }

    /// Takes in a packet.
    pub(crate) fn take(&mut self, channel: u8, bytes: &[u8]) {
        if self.fault.is_some() {
            return;
        }
        let of_pictures = self.pictures.channel;
        let of_sound = self.sound.as_ref().map(|(sound, _)| sound.channel);
        if channel == of_pictures {
            self.take_pictures(bytes);
        } else if Some(channel) == of_sound {
            self.take_sound(bytes);
        } else if channel.checked_sub(1) == Some(of_pictures) {
            self.take_reports(bytes);
        }
        // Of other tracks none is set up.
    }

    fn take_pictures(&mut self, bytes: &[u8]) {
        let Some((packet, lost, time)) = self.place(bytes, Track::Pictures) else { return };
        if lost > 0 {
            self.events.push_back(Event::Lost { packets: lost.into() });
        }
        let mut whole = std::mem::take(&mut self.whole);
        self.pictures.form.take(&packet, time, lost > 0, &mut whole);
        whole.drain(..).for_each(|picture| self.take_picture(picture));
        self.whole = whole;
    }

    /// Reads a packet and finds its place; nothing if it has none.
    fn place<'a>(&mut self, bytes: &'a [u8], track: Track) -> Option<(Packet<'a>, u16, i64)> {
        let is_ordered = !self.is_by_udp;
        let line = match track {
            Track::Pictures => &mut self.picture_line,
            Track::Sound => &mut self.sound.as_mut()?.1,
        };
        let Some(packet) = Packet::read(bytes) else {
            // By UDP anybody may write.
            if is_ordered {
                self.end(|authority| no_stream(authority, "what came is no packet of RTP"));
            }
            return None;
        };
        match line.flow.take(&packet, is_ordered) {
            Ok(Place::Next { lost, time }) => Some((packet, lost, time)),
            Ok(Place::Stray) => None,
            Err(disorder) => {
                self.end(|authority| no_stream(authority, disorder));
                None
            }
        }
    }

    fn take_picture(&mut self, picture: Picture) {
        let Picture { time, is_key, data } = picture;
        if self.slices.extend(time, self.pictures.form.codec(), &data) {
            return;
        }
        self.last_frame = self.now;
        (self.came, self.farewell) = (true, None);
        let params = self.pictures.form.sets.params();
        if is_key && let Some(params) = params {
            (self.shows, self.last_keyframe) = (true, self.now);
            self.picture_line.order.set_depth(params.reorder_depth());
        } else if self.now.saturating_duration_since(self.last_keyframe) > self.keyframe_limit {
            let (what, limit) = match params {
                None => (no_sets as fn(&str, Duration) -> Fault, self.keyframe_limit),
                Some(_) => (no_keyframe as _, self.keyframe_limit),
            };
            self.end(|authority| what(authority, limit));
            return;
        }
        // Before its first keyframe a stream cannot be shown.
        let Some(params) = params.cloned().filter(|_| self.shows) else { return };
        let (wall, composition_us) = self.picture_line.place(time, self.arrival);
        let frame = Frame { wall, composition_us, is_key, data, params };
        self.frames.extend(self.slices.push(time, frame).into_iter().flatten());
    }

    fn take_sound(&mut self, bytes: &[u8]) {
        let Some((packet, lost, time)) = self.place(bytes, Track::Sound) else { return };
        let Some((sound, line)) = &mut self.sound else { return };
        sound.form.take(&packet, time, lost > 0, &mut self.sounds);
        for Heard { time, data } in self.sounds.drain(..) {
            let wall = line.wall.place(time, self.arrival);
            let params = sound.form.params.clone();
            self.heard.push(Frame { wall, composition_us: 0, is_key: true, data, params });
        }
    }

    fn take_reports(&mut self, bytes: &[u8]) {
        self.came = true;
        for report in report::read(bytes) {
            match report {
                Report::Bye => self.farewell = Some(self.now),
                Report::Clock { source, time, wall: Some(wall) }
                    if self.any_reports || self.picture_line.flow.source() == Some(source) =>
                {
                    let line = &self.picture_line;
                    let ours = line.flow.counted(time).and_then(|time| line.wall.at(time));
                    let offset_us = ours.map(|ours| wall.micros_since(ours));
                    self.events.extend(offset_us.map(|offset_us| Event::CameraClock { offset_us }));
                }
                Report::Clock { .. } => {}
            }
        }
    }

    /// Has what was gathered returned next.
    pub(crate) fn flush(&mut self) {
        if !self.frames.is_empty() {
            self.events.push_back(Event::Frames(std::mem::take(&mut self.frames)));
        }
        if !self.heard.is_empty() {
            self.events.push_back(Event::Sound(std::mem::take(&mut self.heard)));
        }
    }

    /// Ends the stream by a fault, behind all that came.
    pub(crate) fn end(&mut self, fault: impl FnOnce(&str) -> Fault) {
        if self.fault.is_none() {
            self.fault = Some(fault(&self.authority));
            self.frames.extend(self.slices.take());
            self.flush();
        }
    }

    pub(crate) fn look_for_silence(&mut self, now: Instant) {
        if self.farewell.is_some_and(|farewell| farewell + FAREWELL <= now) {
            self.end(said_goodbye);
        } else if self.last_frame + self.silence_limit <= now {
            let (silence, by_udp) = (self.silence_limit, self.by_udp.filter(|_| !self.came));
            self.end(|authority| match by_udp {
                Some(way) => nothing_by_udp(authority, way, silence),
                None => no_picture(authority, silence),
            });
        }
    }

    /// Returns when it may be silent for too long, if nothing comes until then.
    pub(crate) fn looks_next(&self) -> Instant {
        let silent = self.last_frame + self.silence_limit;
        self.farewell.map_or(silent, |farewell| silent.min(farewell + FAREWELL))
    }
}

/// Which of the tracks.
#[derive(Clone, Copy)]
enum Track {
    Pictures,
    Sound,
}

impl Line {
    fn new(rate_hz: u32) -> Self {
        let (order, wall) = (Order::new(rate_hz), Wall::new(rate_hz));
        Self { rate_hz, flow: Flow::default(), order, wall }
    }

    fn begin_anew(&mut self) {
        self.wall = Wall::new(self.rate_hz);
    }

    /// Returns when a frame of this RTP time is decoded, and how much later it
    /// is shown.
    fn place(&mut self, rtp: i64, arrival: WallTime) -> (WallTime, i32) {
        let decoded = self.order.place(rtp);
        let later = i128::from(rtp.saturating_sub(decoded)) * 1_000_000;
        let later_us = later / i128::from(self.rate_hz.max(1));
        let bounds = (i128::from(i32::MIN), i128::from(i32::MAX));
        let composition_us = later_us.clamp(bounds.0, bounds.1) as i32;
        (self.wall.place(decoded, arrival), composition_us)
    }
}
