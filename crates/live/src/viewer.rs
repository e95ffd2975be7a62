//! One who watches a stream, and what such a one is told.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use base::WallTime;
use bytes::Bytes;
use media::{Frame, Params};

use crate::hub::Streams;
use crate::ring::{Cursor, Step};
use crate::stream::{Eager, Outlet, Slot, State, Stream, lock};

/// One who watches a stream. Dropping it ends that.
pub struct Viewer {
    streams: Arc<Streams>,
    stream: Arc<Stream>,
    /// Where the stream keeps this viewer's waker.
    slot: usize,
    /// Where it stands. Not so while its outlet is offered what comes.
    cursor: Cursor,
    is_eager: bool,
    /// Number of the state told last.
    state: u64,
}

/// What a viewer is told, in this order: a state, and with frames at hand an
/// init message, then the current GOP from its keyframe on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// How the stream is, as of now; states in between may be left out.
    State(State),
    /// Media follow that refer to this; again whenever parameters or origin change.
    Init {
        /// The stream's number in this process.
        channel: u32,
        /// The codec as RFC 6381 writes it.
        codec: String,
        /// Width of the picture shown.
        width: u32,
        /// Height of the picture shown.
        height: u32,
        /// The wall time at media time 0.
        origin: WallTime,
        /// The whole binary message.
        bytes: Bytes,
    },
    /// The binary message of one frame: what stands before it, and its own bytes. Both
    /// are shared by all viewers.
    Media(Bytes, Bytes),
    /// This viewer was too slow: so many frames are gone, and a keyframe follows.
    Dropped {
        /// How many.
        frames: u64,
    },
    /// The stream is no more; nothing else will come.
    Closed,
}

/// What a viewer is told who takes the frames themselves; in the order of
/// [`Message`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tapped {
    /// How the stream is, as of now.
    State(State),
    /// Frames of these parameters follow, in a row of rising time that what came
    /// before has no part in.
    Begin(Arc<Params>),
    /// The next frame.
    Frame(Frame),
    /// This viewer was too slow: so many frames are gone, and a keyframe follows.
    Dropped {
        /// How many.
        frames: u64,
    },
    /// The stream is no more; nothing else will come.
    Closed,
}

/// What a viewer is told, before it is given the form that the viewer takes.
enum Told {
    State(State),
    Step(Step),
    Closed,
}

impl Viewer {
    /// Has seen nothing yet.
    pub(crate) fn new(streams: Arc<Streams>, stream: Arc<Stream>, slot: usize) -> Self {
        let cursor = Cursor::default();
        Self { streams, stream, slot, cursor, is_eager: false, state: 0 }
    }

    #[cfg(test)]
    pub(crate) fn stream(&self) -> &Arc<Stream> {
        &self.stream
    }

    /// Returns the stream's number, which stands in all its binary messages.
    pub fn channel(&self) -> u32 {
        self.stream.channel
    }

    /// Waits for the next message. May be dropped while it waits; nothing is lost.
    pub async fn next(&mut self) -> Message {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// As [`next`](Self::next), for who waits for many viewers in one task.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Message> {
        self.poll_told(context).map(|told| match told {
            Told::Closed => Message::Closed,
            Told::State(state) => Message::State(state),
            Told::Step(Step::Frame(entry)) => {
                Message::Media(entry.head().clone(), entry.frame().data.clone())
            }
            Told::Step(Step::Lost(frames)) => Message::Dropped { frames },
            Told::Step(Step::Init(init)) => Message::Init {
                channel: init.channel,
                codec: init.params.rfc6381(),
                width: init.params.width,
                height: init.params.height,
                origin: init.origin,
                bytes: init.message(),
            },
        })
    }

    /// Waits for what is next, for who takes the frames themselves. May be
    /// dropped while it waits; nothing is lost.
    pub async fn next_tapped(&mut self) -> Tapped {
        poll_fn(|context| self.poll_tapped(context)).await
    }

    /// As [`next_tapped`](Self::next_tapped), for who waits for many viewers in
    /// one task.
    pub fn poll_tapped(&mut self, context: &mut Context<'_>) -> Poll<Tapped> {
        self.poll_told(context).map(|told| match told {
            Told::Closed => Tapped::Closed,
            Told::State(state) => Tapped::State(state),
            Told::Step(Step::Frame(entry)) => Tapped::Frame(entry.frame().clone()),
            Told::Step(Step::Lost(frames)) => Tapped::Dropped { frames },
            Told::Step(Step::Init(init)) => Tapped::Begin(init.params.clone()),
        })
    }

    /// Has what comes offered to `outlet`, on the publisher's thread, if this viewer has
    /// read all there is; else does nothing. Once the outlet takes a message no longer,
    /// or there is anything else to be told, the viewer is woken and has it to read.
    ///
    /// To be asked for when polling found nothing, and all that was read before has gone
    /// where the outlet's messages go: what comes now overtakes it otherwise.
    pub fn offer_to(&mut self, outlet: &Arc<dyn Outlet>) {
        if self.is_eager {
            return;
        }
        let mut shared = lock(&self.stream.shared);
        let has_all = self.state == shared.state_number && shared.ring.has_all(&self.cursor);
        if shared.closed || !has_all {
            return;
        }
        let slot = &mut shared.slots[self.slot];
        let Some(viewer) = slot.viewer else { return };
        slot.is_eager = true;
        self.is_eager = true;
        shared.eager.push(Eager { slot: self.slot, viewer, outlet: outlet.clone() });
    }

    fn poll_told(&mut self, context: &mut Context<'_>) -> Poll<Told> {
        let mut shared = lock(&self.stream.shared);
        if let Some(cursor) = shared.slots[self.slot].back.take() {
            self.cursor = cursor;
            self.is_eager = false;
        }
        if shared.closed {
            return Poll::Ready(Told::Closed);
        }
        if self.state != shared.state_number {
            self.state = shared.state_number;
            return Poll::Ready(Told::State(shared.state));
        }
        if !self.is_eager
            && let Some(step) = shared.ring.step(&mut self.cursor)
        {
            return Poll::Ready(Told::Step(step));
        }
        match &mut shared.slots[self.slot].waker {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }
}

impl std::fmt::Debug for Viewer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Viewer").field("stream", &self.stream.id).finish_non_exhaustive()
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        let mut shared = lock(&self.stream.shared);
        shared.viewers -= 1;
        shared.slots[self.slot] = Slot::default();
        shared.free_slots.push(self.slot);
        shared.eager.retain(|eager| eager.slot != self.slot);
        if shared.viewers == 0 {
            self.stream.demand.send_replace(false);
        }
        drop(shared);
        self.streams.forget_if_unused(&self.stream);
    }
}
