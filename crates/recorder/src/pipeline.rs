//! The task that owns a stream: from the camera's socket to store and hub.
//!
//! ```text
//!           ┌────────────── back-off ◀──────────────┐
//!           ▼                                       │ fault
//!      connecting ──opened──▶ recording ──frames──▶ writer, publisher
//!           │                     │
//!           └──── stop asked ─────┴──▶ the frames that had arrived, TEARDOWN, end of run
//! ```
//!
//! A session without the sound that is wanted ends likewise, and is opened anew
//! with it, once that has rested. One that plays moves, connection and all, to a calm
//! thread when nobody watches it, and to a lively one when somebody does (`readers`).
//!
//! Nothing here waits for the disk or for a viewer: `Writer::push` and
//! `Publisher::push` take what they can and say what they dropped themselves.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base::{StreamId, WallTime};
use catalog::{Catalog, Facts, IntendedStream};
use ingest::{Clock, Event, Fault, FaultKind, Limits, Moving, Session, Source};
use media::{Frame, Params};
use store::GapReason;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::health::{Board, CameraState, StateKind};
use crate::readers::Pace;
use crate::retries::Retries;
use crate::sound::Sound;
use crate::stop::Stop;

/// How long the frames that had arrived before a stop may take to be read.
const LAST_FRAMES: Duration = Duration::from_secs(1);

/// How long nobody watches before a stream is read calmly.
const LINGERS: Duration = Duration::from_secs(5);

/// What became of a pipeline that ran on a thread.
pub(crate) enum Left {
    /// It ended, as it was asked to.
    Ended,
    /// It goes on at another pace, elsewhere.
    Moves(Box<(Pipeline, Moving)>),
}

/// How a session ended.
enum Ended {
    /// It goes on at another pace.
    Moves(Box<Moving>),
    /// It was asked to stop.
    Stopped,
    /// It gave way to one with sound.
    Gave,
    /// By a fault.
    Broke {
        fault: Fault,
        /// How long frames came.
        recorded: Duration,
        /// How long it had played.
        lasted: Duration,
    },
}

/// Everything a pipeline owns or reads.
pub(crate) struct Pipeline {
    pub(crate) intent: IntendedStream,
    pub(crate) source: Source,
    pub(crate) limits: Limits,
    pub(crate) catalog: Catalog,
    pub(crate) clock: Clock,
    pub(crate) writer: store::Writer,
    pub(crate) publisher: live::Publisher,
    /// Where its sound goes, if it brings any that may be heard.
    pub(crate) sound: Option<Sound>,
    pub(crate) board: Arc<Board>,
    pub(crate) stop: Stop,
    /// Where rows are written: the reader's thread is for cameras.
    pub(crate) office: Handle,
    /// The parameters that the catalog was told last.
    pub(crate) noted: Option<Arc<Params>>,
    /// What board and viewers were told last.
    pub(crate) told: Option<(StateKind, Option<&'static str>)>,
    /// When to try again.
    pub(crate) retries: Retries,
    /// Whether somebody watches.
    pub(crate) demand: watch::Receiver<bool>,
    /// How it is read.
    pub(crate) pace: Pace,
    /// What came of the session that is under way.
    pub(crate) span: Span,
}

/// How long a session lasts, wherever it is read.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    /// When it began to play, or failed to.
    pub(crate) opened: Instant,
    /// When the first frames came, and the last.
    pub(crate) came: Option<(Instant, Instant)>,
}

impl Pipeline {
    /// Runs until it is asked to stop, or goes on elsewhere; with a session that came
    /// from there, if one did.
    pub(crate) async fn run(mut self, mut arriving: Option<Moving>) -> Left {
        let stream = self.intent.stream;
        let stop = self.stop.clone();
        if arriving.is_none() {
            self.tell(StateKind::Connecting, None);
        }
        loop {
            let opened = match arriving.take() {
                Some(moving) => moving.arrive(),
                None => {
                    let now = self.clock.now().0;
                    let is_wanted = self.sound.as_ref().is_some_and(|sound| sound.is_wanted(now));
                    self.source.sound = is_wanted;
                    let (clock, limits) = (self.clock.clone(), self.limits.clone());
                    let opened = tokio::select! {
                        biased;
                        () = stop.asked() => break,
                        opened = Session::open(&self.source, clock, limits) => opened,
                    };
                    self.span = Span { opened: self.clock.now().0, came: None };
                    opened
                }
            };
            let ended = match opened {
                Ok(session) => self.record(session).await,
                Err(fault) => self.broke(fault),
            };
            let (fault, recorded) = match ended {
                Ended::Stopped => break,
                Ended::Moves(moving) => return Left::Moves(Box::new((self, *moving))),
                Ended::Gave => {
                    self.end_run(GapReason::Stopped, self.clock.now().1);
                    continue;
                }
                Ended::Broke { fault, recorded, lasted } => {
                    self.faulted(&fault, lasted);
                    (fault, recorded)
                }
            };
            tokio::select! {
                () = stop.asked() => break,
                () = tokio::time::sleep(self.retries.after(fault.kind, recorded)) => {}
            }
        }
        self.end_run(stop.reason(), self.clock.now().1);
        self.board.remove(stream);
        Left::Ended
    }

    /// Passes frames on until a fault, until it is asked to stop, or until sound
    /// that the session is without has rested.
    async fn record(&mut self, mut session: Session) -> Ended {
        let stop = self.stop.clone();
        let mut stopped = pin!(stop.asked());
        let missing = self.sound.as_ref().filter(|_| !self.source.sound);
        let returns_at = missing.and_then(Sound::returns_at);
        let mut returned = pin!(async move {
            match returns_at {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        });
        let mut moved = pin!(other_pace(self.pace, self.demand.clone(), session.may_rest()));
        loop {
            let event = tokio::select! {
                biased;
                () = &mut stopped => {
                    self.last_frames(&mut session).await;
                    session.close().await;
                    return Ended::Stopped;
                }
                () = &mut returned => {
                    self.last_frames(&mut session).await;
                    session.close().await;
                    return Ended::Gave;
                }
                pace = &mut moved => {
                    self.pace = pace;
                    match session.leave() {
                        Ok(moving) => return Ended::Moves(Box::new(moving)),
                        Err(fault) => return self.broke(fault),
                    }
                }
                event = session.next() => event,
            };
            match event {
                Ok(event) => {
                    if self.pass_on(event) {
                        let now = self.clock.now().0;
                        let first = self.span.came.map_or(now, |(first, _)| first);
                        self.span.came = Some((first, now));
                    }
                }
                Err(fault) => {
                    let ended = self.broke(fault);
                    session.close().await;
                    return ended;
                }
            }
        }
    }

    /// Returns that the session ended by a fault at this moment.
    fn broke(&self, fault: Fault) -> Ended {
        let Span { opened, came } = self.span;
        let lasted = self.clock.now().0.saturating_duration_since(opened);
        let recorded = came.map(|(first, last)| last.duration_since(first)).unwrap_or_default();
        Ended::Broke { fault, recorded, lasted }
    }

    /// Reads what had arrived when the stop was asked for: up to the first frame
    /// taken after that moment, which shows that nothing older is on its way.
    async fn last_frames(&mut self, session: &mut Session) {
        let asked = self.clock.now().1;
        let reading = async {
            while let Ok(event) = session.next().await {
                let done = matches!(&event, Event::Frames(frames) if frames.iter().any(|frame| frame.wall >= asked));
                self.pass_on(event);
                if done {
                    break;
                }
            }
        };
        if tokio::time::timeout(LAST_FRAMES, reading).await.is_err() {
            tracing::debug!(stream = %self.intent.stream, "no frame after the stop was asked for");
        }
    }

    /// Gives an event to writer and publisher; returns whether it brought a frame.
    fn pass_on(&mut self, event: Event) -> bool {
        match event {
            Event::Frames(frames) => {
                self.writer.push(&frames);
                self.publisher.push(&frames);
                if let Some(frame) = frames.last() {
                    self.tell(StateKind::Recording, None);
                    self.note(frame);
                }
                !frames.is_empty()
            }
            Event::Sound(frames) => {
                if let Some(sound) = &mut self.sound {
                    sound.push(&frames);
                }
                false
            }
            Event::ClockStep { from, to } => {
                tracing::warn!(stream = %self.intent.stream, %from, %to, "the server's clock stepped: a new run begins");
                self.end_run(GapReason::ClockStep, from);
                false
            }
            Event::CameraClock { offset_us } => {
                self.board.clock(self.intent.stream, offset_us);
                false
            }
            Event::Lost { packets } => {
                tracing::debug!(stream = %self.intent.stream, packets, "packets were lost");
                self.board.lost(packets);
                false
            }
        }
    }

    /// Has the catalog note what the stream carries, when that changed.
    fn note(&mut self, frame: &Frame) {
        if self.noted.as_ref().is_some_and(|noted| Arc::ptr_eq(noted, &frame.params)) {
            return;
        }
        let params = frame.params.clone();
        self.noted = Some(params.clone());
        let (Ok(width), Ok(height)) = (u16::try_from(params.width), u16::try_from(params.height))
        else {
            return;
        };
        let (catalog, stream) = (self.catalog.clone(), self.intent.stream);
        // A row is written: frames do not wait for that.
        self.office.spawn(async move {
            let facts = Facts { codec: params.rfc6381(), width, height };
            if let Err(error) = catalog.note_facts(stream, facts).await {
                tracing::warn!(%stream, %error, "what the stream carries was not noted");
            }
        });
    }

    /// Ends the run of pictures, and that of sound with it.
    fn end_run(&mut self, reason: GapReason, at: WallTime) {
        self.writer.end_run(reason, at);
        if let Some(sound) = &mut self.sound {
            sound.end_run(reason, at);
        }
    }

    fn faulted(&mut self, fault: &Fault, lasted: Duration) {
        tracing::warn!(
            camera = %self.intent.camera, stream = %self.intent.stream, role = self.intent.role.as_str(),
            kind = fault.kind.as_str(), "{fault}"
        );
        let (now, wall_now) = self.clock.now();
        self.end_run(gap_reason(fault.kind), wall_now);
        if let Some(sound) = &mut self.sound {
            sound.faulted(fault, lasted, now);
        }
        self.tell(StateKind::Faulty, Some(fault));
    }

    /// Tells board and viewers, if it is news to them.
    fn tell(&mut self, kind: StateKind, fault: Option<&Fault>) {
        let reason = fault.map(|fault| fault.kind.as_str());
        if self.told == Some((kind, reason)) {
            return;
        }
        self.told = Some((kind, reason));
        let message = fault.map(ToString::to_string);
        let since = self.clock.now().1;
        self.publisher.state(live::State {
            kind: match kind {
                StateKind::Recording => live::StateKind::Live,
                StateKind::Connecting => live::StateKind::Connecting,
                StateKind::Faulty | StateKind::Disabled => live::StateKind::NoData,
            },
            since,
            reason,
        });
        let state = CameraState { kind, since, reason, message };
        self.board.write(self.intent.stream, self.intent.camera, self.intent.role, state);
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Dropped without a word, the writer would say that it was stopped in order.
            self.end_run(GapReason::Crashed, self.clock.now().1);
        }
    }
}

/// Returns the other pace when the stream is to be read by it.
async fn other_pace(pace: Pace, mut demand: watch::Receiver<bool>, may_rest: bool) -> Pace {
    let watched = |watched: &bool| *watched;
    match pace {
        Pace::Lively if !may_rest => std::future::pending().await,
        Pace::Calm => {
            if demand.wait_for(watched).await.is_err() {
                // Nobody publishes any more: a stop is near.
                std::future::pending::<()>().await;
            }
            Pace::Lively
        }
        Pace::Lively => loop {
            if demand.wait_for(|watched| !watched).await.is_err() {
                std::future::pending::<()>().await;
            }
            if tokio::time::timeout(LINGERS, demand.wait_for(watched)).await.is_err() {
                return Pace::Calm;
            }
        },
    }
}

/// Returns why nothing is recorded while a fault of this kind lasts.
fn gap_reason(kind: FaultKind) -> GapReason {
    match kind {
        FaultKind::Unreachable => GapReason::Unreachable,
        FaultKind::Refused => GapReason::Refused,
        FaultKind::WrongCredentials => GapReason::WrongCredentials,
        FaultKind::NotFound => GapReason::NotFound,
        FaultKind::Unsupported => GapReason::Unsupported,
        FaultKind::Protocol => GapReason::Protocol,
        FaultKind::Silent => GapReason::Silent,
    }
}

/// Spreads the retries of many cameras that failed at one moment.
pub(crate) fn seed(stream: StreamId) -> u64 {
    stream.0.as_u64_pair().1
}
