//! Where frames come in: gathers them to fragments and never waits.
//!
//! ```text
//! push   K p p p │ K p p p p p p p p p │ p p p │ K
//!        └ fragment at each keyframe   └ or at 2 s, or 4 MB
//! ```
//!
//! Where a fragment ends, `media::gop` knows. A frame lasts until the next one,
//! so a fragment leaves when the frame behind it has come. What leaves goes to the stream's disk thread (`append.rs`); how
//! much may wait there is bounded, and what does not fit is lost as a whole GOP
//! and noted as a gap.

use std::sync::Arc;
use std::time::Duration;

use base::WallTime;
use media::gop::Gop;
use media::{Frame, Params};

use crate::append::Order;
use crate::core::Core;
use crate::gap::GapReason;
use crate::stream::{Stream, lock};

/// A frame that would last longer is the end of a run that nobody ended.
const LONGEST_FRAME: Duration = Duration::from_secs(60);
/// What a frame lasts that stands alone in its run.
const LONE_FRAME: Duration = Duration::from_millis(40);

/// The way into one stream's recording.
///
/// > One writer a stream: opening another closes the one before it.
///
/// Dropping it ends its run.
#[derive(Debug)]
pub struct Writer {
    core: Arc<Core>,
    stream: Arc<Stream>,
    /// Which writer of the stream this is.
    number: u64,
}

/// Frames that are ready to be written.
#[derive(Debug)]
pub(crate) struct Fragment {
    pub(crate) gop: Gop,
    /// When the last frame ends.
    pub(crate) end: WallTime,
    /// Which run of the stream it belongs to.
    pub(crate) run: u64,
}

/// What a writer has gathered. Lies with the stream, so that closing the store
/// finds it.
#[derive(Debug, Default)]
pub(crate) struct Gather {
    gop: Gop,
    /// The writer that may push.
    writer: u64,
    /// A run goes on: something was given since the last end.
    in_run: bool,
    run: u64,
    /// How long the last frame before these lasted.
    step: Option<Duration>,
}

impl Writer {
    pub(crate) fn open(core: Arc<Core>, stream: Arc<Stream>) -> Self {
        let mut gather = lock(&stream.gather);
        gather.finish(&core, &stream);
        gather.writer += 1;
        let number = gather.writer;
        drop(gather);
        Self { core, stream, number }
    }

    /// Takes frames in the order they were taken. Frames before the first
    /// keyframe of a run are passed over, since nothing could show them.
    pub fn push(&mut self, frames: &[Frame]) {
        let mut gather = lock(&self.stream.gather);
        if gather.writer != self.number {
            return;
        }
        for frame in frames {
            gather.take(&self.core, &self.stream, frame);
        }
    }

    /// Ends the run: from `at`, or from where its last frame ends, nothing is
    /// recorded until something is pushed again. Without a run, notes that the
    /// reason is another from `at` on.
    pub fn end_run(&mut self, reason: GapReason, at: WallTime) {
        let mut gather = lock(&self.stream.gather);
        if gather.writer == self.number {
            gather.end_run(&self.core, &self.stream, reason, at);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let mut gather = lock(&self.stream.gather);
        if gather.writer == self.number {
            gather.finish(&self.core, &self.stream);
        }
    }
}

impl Gather {
    fn take(&mut self, core: &Core, stream: &Arc<Stream>, frame: &Frame) {
        if let Some(last) = self.gop.frames().last() {
            let step = frame.wall.micros_since(last.wall);
            if step <= 0 {
                // The run should have been ended before.
                self.end_run(core, stream, GapReason::ClockStep, last.wall);
            } else if step > LONGEST_FRAME.as_micros() as i64 {
                self.end_run(core, stream, GapReason::Silent, last.wall);
            } else if !frame.is_key && !same_params(&last.params, &frame.params) {
                // Nothing can show it before the next keyframe.
                self.end_run(core, stream, GapReason::Protocol, frame.wall);
            } else {
                self.step = Some(Duration::from_micros(step.unsigned_abs()));
            }
        }
        if !self.in_run {
            if !frame.is_key {
                return;
            }
            self.begin_run(stream, frame.wall);
        }
        if self.gop.ends_before(frame) && !self.hand_over(core, stream, frame.wall) {
            return self.take(core, stream, frame); // perhaps the first of a new run
        }
        self.gop.push(frame.clone());
    }

    fn begin_run(&mut self, stream: &Stream, wall: WallTime) {
        self.in_run = true;
        self.run += 1;
        let mut state = stream.state();
        state.run = self.run;
        state.run_start = Some(wall);
        // After a step back, what lies above the run's start is no longer all on disk.
        state.synced = state.synced.map(|synced| synced.min(wall));
    }

    fn end_run(&mut self, core: &Core, stream: &Arc<Stream>, reason: GapReason, at: WallTime) {
        if let Some(last) = self.gop.frames().last() {
            let lasts = self.step.unwrap_or(LONE_FRAME).min(LONGEST_FRAME);
            let mut end = last.wall.plus(lasts);
            if at > last.wall {
                end = end.min(at);
            }
            self.hand_over(core, stream, end);
        }
        self.in_run = false;
        self.step = None;
        core.order(stream, Order::EndRun(stream.clone(), reason, at));
    }

    /// Ends the run if there is one; of what was gathered nothing is lost.
    pub(crate) fn finish(&mut self, core: &Core, stream: &Arc<Stream>) {
        // In a run there is always a frame whose end is not known yet.
        if let Some(last) = self.gop.frames().last().map(|last| last.wall) {
            self.end_run(core, stream, GapReason::Stopped, last);
        }
    }

    /// Makes sure that no writer pushes any more.
    pub(crate) fn shut(&mut self) {
        self.writer += 1;
    }

    /// Gives away what was gathered. If the disk is too far behind it is lost,
    /// which ends the run; returns whether the run goes on.
    fn hand_over(&mut self, core: &Core, stream: &Arc<Stream>, end: WallTime) -> bool {
        let gop = std::mem::take(&mut self.gop);
        let Some(first) = gop.frames().first() else { return true };
        let start = first.wall;
        if core.reserve_queue(stream, gop.bytes() as u64) {
            let fragment = Fragment { gop, end, run: self.run };
            core.order(stream, Order::Append(stream.clone(), fragment));
            return true;
        }
        stream.state().dropped_fragments += 1;
        self.in_run = false;
        self.step = None;
        core.order(stream, Order::EndRun(stream.clone(), GapReason::DiskTooSlow, start));
        false
    }
}

pub(crate) fn same_params(a: &Arc<Params>, b: &Arc<Params>) -> bool {
    // Nearly always the same memory; a camera that reconnects sends equal ones.
    Arc::ptr_eq(a, b) || a == b
}
