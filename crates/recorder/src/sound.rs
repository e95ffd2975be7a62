//! Where a camera's sound goes: a stream of its own beside that of its pictures.
//!
//! ```text
//! Event::Sound ──▶ Sound ──▶ store::Writer, live::Publisher     of StreamId::sound_of(camera)
//! ```
//!
//! It lives with the pipeline of the stream that brings it, and only where the
//! camera may be listened to. A camera whose sound breaks its session is read
//! without for a while: pictures are worth more.

use std::time::{Duration, Instant};

use base::WallTime;
use ingest::FaultKind;
use media::Frame;
use store::GapReason;

/// How long a camera is not listened to whose sound broke its session.
const REST: Duration = Duration::from_secs(3600);

/// A session that broke within so long with sound, is tried without.
const SOON: Duration = Duration::from_secs(10);

/// The stream of a camera's sound.
pub(crate) struct Sound {
    writer: store::Writer,
    publisher: live::Publisher,
    /// Whether viewers were told that it is live.
    told: bool,
    /// Until when it is not fetched.
    rests_until: Option<Instant>,
}

impl Sound {
    pub(crate) fn new(writer: store::Writer, publisher: live::Publisher) -> Self {
        Self { writer, publisher, told: false, rests_until: None }
    }

    /// Returns whether it is to be fetched in the next session.
    pub(crate) fn is_wanted(&self, now: Instant) -> bool {
        self.rests_until.is_none_or(|until| now >= until)
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

    /// Hears that a session which fetched it ended by a fault after `lasted`.
    pub(crate) fn faulted(&mut self, kind: FaultKind, lasted: Duration, now: Instant) {
        if kind == FaultKind::Protocol && lasted < SOON {
            self.rests_until = Some(now + REST);
        }
    }
}
