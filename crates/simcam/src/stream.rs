//! One track of one stream: where it stands, and who is watching.
//!
//! ```text
//! time ──▶ position ──▶ Show: which reel, since when ──▶ viewers, each from its own start
//!                       (a fault may change it at a keyframe)
//! ```
//!
//! A stream is live: where it stands depends on the time alone, and a viewer
//! joins in the middle. How a frame goes to a viewer, well or badly, is
//! `stream/viewer.rs`.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::agenda::Alarm;
use crate::camera::{Ended, Record, Start, Track, lock};
use crate::fault::Fault;
use crate::packet::{Identity, Reel};
use crate::rtsp::outlet::{Outlet, WriteError};
use crate::sei;
use viewer::Viewer;
pub(crate) use viewer::Way;

mod report;
mod viewer;

/// One track of one stream of one camera.
#[derive(Debug)]
pub(crate) struct Stream {
    /// `cam1/main`
    pub(crate) path: String,
    /// Which of its tracks.
    pub(crate) track: Track,
    /// Whether the description holds the parameter sets.
    pub(crate) describes_parameters: bool,
    phase_90k: u64,
    /// As long as nothing else was shown.
    identity: Identity,
    audience: Mutex<Audience>,
    /// Set under the lock of `audience`.
    alarm: Alarm,
}

#[derive(Debug)]
struct Audience {
    show: Show,
    /// What is shown from the next keyframe on, where that is something else.
    wanted: Option<Arc<Reel>>,
    /// The counter of the next access unit to send.
    next: u64,
    viewers: Vec<Viewer>,
    fault: Fault,
}

/// What is shown since when.
#[derive(Debug)]
struct Show {
    reel: Arc<Reel>,
    identity: Identity,
    /// The counter of the reel's first access unit.
    from: u64,
    /// The stream's time at which the reel began.
    at_90k: u64,
}

/// A moment as the server sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    /// Microseconds since the server started; never goes back.
    pub(crate) elapsed_us: u64,
    /// The wall time at which it started.
    pub(crate) started_wall_us: i64,
}

/// Where a new viewer begins, as the `RTP-Info` header says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Beginning {
    /// The first packet's sequence number.
    pub(crate) sequence: u16,
    /// The first packet's RTP time.
    pub(crate) rtp_time: u32,
}

/// A place in the audience that is held until it is taken: no frame is sent meanwhile.
pub(crate) struct Seat<'a> {
    stream: &'a Stream,
    audience: MutexGuard<'a, Audience>,
    from: u64,
    /// Where who takes it begins.
    pub(crate) beginning: Beginning,
}

/// What was due longer ago than this is left out: the process stood still, and
/// a camera does not make up for its absence.
const MAX_LAG_90K: u64 = 5 * 90_000;

impl Now {
    fn elapsed_90k(self) -> u64 {
        self.elapsed_us * 9 / 100
    }

    fn wall_us(self) -> i64 {
        self.started_wall_us + self.elapsed_us as i64
    }
}

impl Show {
    /// Returns how many access units are due at the stream's time `now_90k`.
    fn due(&self, now_90k: u64) -> u64 {
        now_90k.checked_sub(self.at_90k).map_or(self.from, |since| self.from + self.reel.due(since))
    }

    fn time_90k(&self, counter: u64) -> u64 {
        self.at_90k + self.reel.time_90k(self.place(counter))
    }

    fn taken_90k(&self, counter: u64) -> i64 {
        self.at_90k as i64 + self.reel.taken_90k(self.place(counter))
    }

    fn next_key(&self, counter: u64) -> u64 {
        self.from + self.reel.next_key(self.place(counter))
    }

    /// Returns the counter as the reel counts.
    fn place(&self, counter: u64) -> u64 {
        counter.saturating_sub(self.from)
    }

    /// Goes on with another reel in the place of the access unit `counter`.
    fn change(&mut self, counter: u64, reel: Arc<Reel>, first: &Identity) {
        let at_90k = self.time_90k(counter);
        let first_sequence = self.reel.sequence(self.place(counter), &self.identity);
        let first_time = first.first_time.wrapping_add(reel.matter.ticks(at_90k as i64));
        let identity =
            Identity { first_sequence, first_time, first_counter: counter, ssrc: first.ssrc };
        *self = Self { reel, identity, from: counter, at_90k };
    }
}

impl Stream {
    /// Returns a stream that shows `reel` from `phase` on, and sets `alarm` to
    /// when it has something to send.
    pub(crate) fn new(
        path: String,
        track: Track,
        reel: Arc<Reel>,
        phase: Duration,
        alarm: Alarm,
    ) -> Self {
        let source = match track {
            Track::Pictures => sei::source(&path),
            Track::Sound => sei::source(&format!("{path}/sound")),
        };
        // Numbers start somewhere (RFC 3550 §5.1), and at the same place in
        // every run, so that a failure can be run again.
        let identity = Identity {
            ssrc: source,
            first_sequence: (source >> 16) as u16,
            first_time: source.rotate_left(11),
            first_counter: 0,
        };
        let show = Show { reel, identity, from: 0, at_90k: 0 };
        let audience =
            Audience { show, wanted: None, next: 0, viewers: Vec::new(), fault: Fault::None };
        Self {
            path,
            track,
            describes_parameters: true,
            phase_90k: (phase.as_micros() * 9 / 100) as u64,
            identity,
            audience: Mutex::new(audience),
            alarm,
        }
    }

    /// Returns what it shows, or is about to.
    pub(crate) fn reel(&self) -> Arc<Reel> {
        let audience = self.audience();
        Arc::clone(audience.wanted.as_ref().unwrap_or(&audience.show.reel))
    }

    /// Returns its synchronisation source.
    pub(crate) fn ssrc(&self) -> u32 {
        self.identity.ssrc
    }

    /// Returns what it does wrong.
    pub(crate) fn fault(&self) -> Fault {
        self.audience().fault
    }

    /// Switches a fault on. From the next keyframe on it shows `reel`; if that is
    /// coded otherwise, those who watch have to go.
    pub(crate) fn set_fault(&self, fault: Fault, reel: &Arc<Reel>) {
        let mut audience = self.audience();
        let Audience { show, wanted, viewers, .. } = &mut *audience;
        *wanted = (!Arc::ptr_eq(reel, &show.reel)).then(|| Arc::clone(reel));
        let others = wanted.as_ref().is_some_and(|reel| reel.is_coded_unlike(&show.reel));
        if fault == Fault::Drop || others {
            viewers.drain(..).for_each(|viewer| viewer.dismiss(Ended::Fault));
        }
        for viewer in viewers {
            viewer.report_soon();
        }
        audience.fault = fault;
        self.alarm.set(0);
    }

    /// Returns a place for a viewer that comes now.
    pub(crate) fn enter(&self, now: Now, start: Start) -> Seat<'_> {
        let mut audience = self.audience();
        self.catch_up(&mut audience, now);
        let Audience { show, next, fault, .. } = &*audience;
        let from = match start {
            Start::NextKeyframe => show.next_key(*next),
            Start::Anywhere => *next,
        };
        let identity = fault.shifted(show.identity, &show.reel.matter);
        let beginning = Beginning {
            sequence: show.reel.sequence(show.place(from), &identity),
            rtp_time: show.reel.rtp_time(show.place(from), &identity),
        };
        Seat { stream: self, audience, from, beginning }
    }

    /// Removes a viewer, unless it is gone already.
    pub(crate) fn leave(&self, number: u64) {
        self.audience().viewers.retain(|viewer| viewer.number != number);
    }

    /// Sends what is due to everybody who watches.
    pub(crate) fn send_due(&self, now: Now) {
        let mut audience = self.audience();
        let Audience { show, wanted, next, viewers, fault } = &mut *audience;
        let stream_90k = now.elapsed_90k() + self.phase_90k;
        let mut next_90k = show.time_90k(*next);
        if next_90k + MAX_LAG_90K < stream_90k {
            // The first tick after a standstill goes on from where the time is.
            *next = (*next).max(show.due(stream_90k - MAX_LAG_90K));
            next_90k = show.time_90k(*next);
        }
        for viewer in &mut *viewers {
            viewer.flush(now, *fault);
        }
        while next_90k <= stream_90k {
            if wanted.is_some()
                && show.reel.is_key(show.place(*next))
                && let Some(reel) = wanted.take()
            {
                show.change(*next, reel, &self.identity);
            }
            let identity = fault.shifted(show.identity, &show.reel.matter);
            let taken_90k = show.taken_90k(*next) - self.phase_90k as i64;
            let wall_us = now.started_wall_us + (taken_90k * 100).div_euclid(9);
            show.reel.send(show.place(*next), wall_us, &identity, |burst| {
                viewers.retain_mut(|viewer| {
                    if !viewer.wants(*next) {
                        return true;
                    }
                    let reported = self.report_if_due(viewer, now, &show.reel, &identity, *fault);
                    let sent = reported.and_then(|()| viewer.send(*next, now, burst, *fault));
                    self.keeps(viewer, sent)
                });
            });
            *next += 1;
            next_90k = show.time_90k(*next);
        }
        let due_us = if viewers.is_empty() {
            u64::MAX
        } else if viewers.iter().any(Viewer::is_behind) {
            0
        } else {
            next_90k.saturating_sub(self.phase_90k).saturating_mul(100).div_ceil(9)
        };
        self.alarm.set(due_us);
    }

    /// Returns whether a viewer stays after what came of sending to it.
    fn keeps(&self, viewer: &mut Viewer, sent: Result<(), WriteError>) -> bool {
        let ended = match &sent {
            Ok(()) => return true,
            Err(WriteError::Io(_)) => {
                viewer.lose();
                return true;
            }
            Err(WriteError::TooSlow) => Ended::TooSlow,
            Err(WriteError::Fault) => Ended::Fault,
        };
        tracing::debug!(path = self.path, viewer = viewer.number, ?ended, "viewer let go");
        viewer.dismiss(ended);
        false
    }

    fn report_if_due(
        &self,
        viewer: &mut Viewer,
        now: Now,
        reel: &Reel,
        identity: &Identity,
        fault: Fault,
    ) -> Result<(), WriteError> {
        viewer.report_if_due(now, fault, |packets, payload_bytes| {
            let stream_90k = now.elapsed_90k() + self.phase_90k;
            // The reel's own beginning is in the identity; the moment is the stream's.
            let first = fault.shifted(self.identity, &reel.matter).first_time;
            report::Report {
                ssrc: identity.ssrc,
                wall_us: now.wall_us() + fault.report_off_us(),
                rtp_time: first.wrapping_add(reel.matter.ticks(stream_90k as i64)),
                packets,
                payload_bytes,
                name: &self.path,
            }
            .bytes()
        })
    }

    /// Moves the position to `now` where nobody was watching.
    fn catch_up(&self, audience: &mut Audience, now: Now) {
        if audience.viewers.is_empty() {
            let Audience { show, wanted, next, .. } = audience;
            *next = (*next).max(show.due(now.elapsed_90k() + self.phase_90k));
            if let Some(reel) = wanted.take() {
                *next = show.next_key(*next);
                show.change(*next, reel, &self.identity);
            }
        }
    }

    fn audience(&self) -> MutexGuard<'_, Audience> {
        lock(&self.audience)
    }
}

impl Seat<'_> {
    /// Has a viewer sit down.
    pub(crate) fn take(
        mut self,
        number: u64,
        outlet: &Arc<Mutex<Outlet>>,
        way: Way,
        record: &Record,
    ) {
        let (track, from) = (self.stream.track, self.from);
        let viewer = Viewer::new(number, Arc::clone(outlet), way, track, from, Arc::clone(record));
        self.audience.viewers.push(viewer);
        self.stream.alarm.set(0);
    }
}

#[cfg(test)]
mod tests;
