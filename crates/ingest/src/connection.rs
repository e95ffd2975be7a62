//! A session with one camera that plays.
//!
//! ```text
//! open   connect ─ DESCRIBE ─ SETUP ─ PLAY            `setup`'s
//! next   ◀─ frames, sound, clock steps, the camera's clock   silence has a limit
//! close  TEARDOWN, within a limit
//! ```
//!
//! Here waiting gets an end, and the camera hears now and then that somebody is there.
//! What comes is understood by `reader`. Frames that had come already are returned
//! together; none waits here for another.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use base::WallTime;
use media::Frame;
use tokio::time::{Sleep, timeout};

use crate::classify::{broke_off, lost};
use crate::clock::Clock;
use crate::fault::Fault;
use crate::reader::Reader;
use crate::rtsp::caller::{Caller, Method};
use crate::rtsp::message::Response;
use crate::rtsp::report;
use crate::rtsp::wire::{Came, Wire};
use crate::setup;
use crate::source::Source;

/// By which source our reports are, which nobody else has to know.
const OUR_SOURCE: u32 = 0x6b68_7565;
/// How often a session is shown that somebody is there, before it would be over.
const SIGNS_A_SESSION: u32 = 3;
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
    wire: Wire,
    caller: Caller,
    /// By which address all tracks are asked for.
    address: String,
    is_torn_down: bool,
    certificate: Option<[u8; 32]>,
    offers_sound: Option<String>,
    limits: Limits,
    clock: Clock,
    reader: Reader,
    /// Kept for its memory.
    answers: Vec<Response>,
    life: Life,
    /// When to look whether it is silent, and to say that somebody is there: at times
    /// before that is due, never after.
    watchdog: Option<Pin<Box<Sleep>>>,
}

/// A session between two runtimes: nobody reads it, and what comes waits in the kernel.
#[derive(Debug)]
pub struct Moving(Session);

/// What keeps a session alive: requests that ask for nothing.
struct Life {
    /// When the next is due.
    due: Instant,
    /// Whether the camera offers GET_PARAMETER, once it has been asked.
    has_get_parameter: bool,
    /// The last was not answered.
    is_unanswered: bool,
    /// A fresh proof of the password is on its way.
    is_proving: bool,
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
        let playing = setup::play(source, &limits).await?;
        let (now, wall_now) = clock.now();
        let tracks = (playing.pictures, playing.sound);
        let mut reader = Reader::new(source, playing.way, tracks, &limits, (now, wall_now));
        if !playing.early.is_empty() {
            reader.begin((now, wall_now));
        }
        for (channel, bytes) in &playing.early {
            reader.take(*channel, bytes);
        }
        reader.flush();
        let due = now + playing.caller.timeout() / SIGNS_A_SESSION;
        Ok(Self {
            wire: playing.wire,
            caller: playing.caller,
            address: playing.address,
            is_torn_down: setup::is_torn_down(source),
            certificate: playing.certificate,
            offers_sound: playing.offers_sound,
            clock,
            reader,
            answers: Vec::new(),
            life: Life { due, has_get_parameter: false, is_unanswered: false, is_proving: false },
            watchdog: None,
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
        self.reader.has_sound()
    }

    /// Returns whether what comes may wait in the kernel for a moment. Over TCP the camera
    /// waits where there is no more room; by UDP it would be lost.
    pub fn may_rest(&self) -> bool {
        !self.reader.is_by_udp()
    }

    /// Returns the SHA-256 of the certificate that the camera showed, if the
    /// connection is TLS.
    pub fn certificate(&self) -> Option<[u8; 32]> {
        self.certificate
    }

    /// Returns what comes next. Dropping the future loses nothing. After an
    /// error there is nothing more.
    pub async fn next(&mut self) -> Result<Event, Fault> {
        loop {
            if let Some(next) = self.reader.next() {
                return next;
            }
            poll_fn(|context| self.poll(context)).await;
        }
    }

    /// Ends the session: tells the camera, as long as it listens.
    pub async fn close(mut self) {
        if !self.is_torn_down {
            return;
        }
        let request = self.caller.request(Method::Teardown, &self.address, &[]);
        self.wire.send(request.as_bytes());
        let leaving = async {
            let mut is_answered = false;
            while !is_answered {
                let mut took = |came: Came<'_>| is_answered |= matches!(came, Came::Response(_));
                if poll_fn(|context| self.wire.poll(context, &mut took)).await.is_err() {
                    break;
                }
            }
            is_answered
        };
        if !matches!(timeout(self.limits.step, leaving).await, Ok(true)) {
            tracing::debug!(
                camera = self.reader.authority(),
                "the camera does not answer TEARDOWN"
            );
        }
    }

    /// Leaves the runtime that reads it, for another: its connection stays.
    pub fn leave(mut self) -> Result<Moving, Fault> {
        self.watchdog = None;
        match self.wire.leave() {
            Ok(()) => Ok(Moving(self)),
            Err(error) => Err(lost(self.reader.authority()).with_source(error)),
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

    /// Waits until something came, or it is time to look what did not.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Self { wire, reader, clock, answers, watchdog, life, .. } = self;
        let watchdog = watchdog.get_or_insert_with(|| {
            let looks = reader.looks_next().min(life.due);
            Box::pin(tokio::time::sleep_until(looks.into()))
        });
        let mut has_begun = false;
        let polled = wire.poll(context, &mut |came| match came {
            Came::Packet { channel, bytes } => {
                if !has_begun {
                    has_begun = true;
                    reader.begin(clock.now());
                }
                reader.take(channel, bytes);
            }
            Came::Response(response) => answers.push(response),
        });
        let now = match polled {
            Poll::Ready(Ok(())) => clock.now().0,
            Poll::Ready(Err(broken)) => {
                reader.end(|authority| broke_off(authority, broken));
                return Poll::Ready(());
            }
            Poll::Pending => {
                ready!(watchdog.as_mut().poll(context));
                let now = clock.now().0;
                reader.look_for_silence(now);
                watchdog.as_mut().reset(reader.looks_next().min(life.due).into());
                now
            }
        };
        if reader.is_taking_leave() {
            watchdog.as_mut().reset(reader.looks_next().min(life.due).into());
        }
        reader.flush();
        self.live(now);
        Poll::Ready(())
    }

    /// Reads what was answered, and shows that somebody is there.
    fn live(&mut self, now: Instant) {
        for answer in std::mem::take(&mut self.answers) {
            self.life.is_unanswered = false;
            let is_refused = answer.status == 401 && self.caller.take_challenge(&answer);
            if let Some(offered) = answer.header("Public") {
                let mut methods = offered.split(',').map(str::trim);
                self.life.has_get_parameter = methods.any(|method| method == "GET_PARAMETER");
            }
            match answer.status {
                // Once: whoever refuses the proof as well gets no second one.
                401 if is_refused && !self.life.is_proving => {
                    (self.life.is_proving, self.life.due) = (true, now);
                }
                200..300 => self.life.is_proving = false,
                _ => {}
            }
        }
        if now < self.life.due {
            return;
        }
        self.life.due = now + self.caller.timeout() / SIGNS_A_SESSION;
        let method = match self.life.has_get_parameter {
            true => Method::GetParameter,
            false => Method::Options,
        };
        let request = self.caller.request(method, &self.address, &[]);
        self.wire.send(request.as_bytes());
        // Some look for reports alone. Others may not be ready for what they did not ask
        // for, so it is sent to those that answer nothing; by UDP it also keeps the way
        // open.
        let was_unanswered = std::mem::replace(&mut self.life.is_unanswered, true);
        let report = report::sign_of_life(OUR_SOURCE);
        if self.reader.is_by_udp() {
            self.wire.pairs.iter().for_each(|pair| pair.report(&report));
        } else if was_unanswered {
            self.wire.send_packet(self.reader.report_channel(), &report);
        }
    }
}

impl Moving {
    /// Joins the runtime that this is called on.
    pub fn arrive(self) -> Result<Session, Fault> {
        let Self(mut session) = self;
        match session.wire.arrive() {
            Ok(()) => Ok(session),
            Err(error) => Err(lost(session.reader.authority()).with_source(error)),
        }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("authority", &self.reader.authority())
            .finish_non_exhaustive()
    }
}
