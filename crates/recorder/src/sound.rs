//! Where a camera's sound goes: a stream of its own beside that of its pictures.
//!
//! ```text
//! Event::Sound ──▶ Sound ──▶ store::Writer, live::Publisher     of StreamId::sound_of(camera)
//! ```
//!
//! It lives with the pipeline of the stream that brings it, and only where the
//! camera may be listened to. A camera whose sound breaks its session is read
//! without for a while: pictures are worth more. A fault that may have another
//! cause does not silence it, and it comes back by itself.

use std::time::{Duration, Instant};

use base::WallTime;
use ingest::{Fault, FaultKind};
use media::Frame;
use store::GapReason;

/// A session that broke within so long with sound, is tried without.
const SOON: Duration = Duration::from_secs(10);

/// The stream of a camera's sound.
pub(crate) struct Sound {
    writer: store::Writer,
    publisher: live::Publisher,
    /// Whether viewers were told that it is live.
    told: bool,
    /// How long it is not fetched after it broke a session.
    rest: Duration,
    /// Until when that is.
    rests_until: Option<Instant>,
}

impl Sound {
    pub(crate) fn new(writer: store::Writer, publisher: live::Publisher, rest: Duration) -> Self {
        Self { writer, publisher, told: false, rest, rests_until: None }
    }

    /// Returns whether it is to be fetched in the next session.
    pub(crate) fn is_wanted(&self, now: Instant) -> bool {
        self.rests_until.is_none_or(|until| now >= until)
    }

    /// Returns when a session that was opened without it is to give way to one
    /// with it.
    pub(crate) fn returns_at(&self) -> Option<Instant> {
        self.rests_until
    }

    /// Takes what was heard.
    pub(crate) fn push(&mut self, frames: &[Frame]) {
        self.writer.push(frames);
        self.publisher.push(frames);
        if let (false, Some(first)) = (self.told, frames.first()) {
            self.told = true;
            let kind = live::StateKind::Live;
            self.publisher.state(live::State { kind, since: first.wall, reason: None });
        }
    }

    /// Ends the run, for a reason that holds from `at` on.
    pub(crate) fn end_run(&mut self, reason: GapReason, at: WallTime) {
        self.writer.end_run(reason, at);
        self.told = false;
        let (kind, reason) = (live::StateKind::NoData, Some(reason.as_str()));
        self.publisher.state(live::State { kind, since: at, reason });
    }

    /// Hears that a session ended by a fault after it had played for `lasted`.
    pub(crate) fn faulted(&mut self, fault: &Fault, lasted: Duration, now: Instant) {
        // A camera that restarts breaks the protocol too, before sound is asked for.
        if fault.asked_for_sound && fault.kind == FaultKind::Protocol && lasted < SOON {
            tracing::warn!(rest = ?self.rest, "the camera is read without its sound for a while");
            self.rests_until = Some(now + self.rest);
        }
    }
}
