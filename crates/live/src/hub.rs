//! All streams of this process: one publisher each, any number of viewers.
//!
//! ```text
//! Publisher ──push──▶ ┌ stream ────────────────────┐ ◀──poll── Viewer  (cursor)
//!           ──state─▶ │ state · ring · wakers      │ ◀──poll── Viewer  (cursor)
//!           ◀─demand─ │ (one short lock)           │
//!                     └────────────────────────────┘
//!           ──offer───────────────────────────────▶ Outlet of a viewer that has all
//! ```
//!
//! "Whoever publishes never waits and never fails; whoever watches loses what it
//! does not read, and nobody else notices."
//!
//! A viewer is a cursor into the stream's ring (`ring.rs`), no queue and no
//! task: publishing a frame to five hundred viewers is one lock and five hundred
//! wake-ups. Where a viewer's messages go on to a socket even those can be left out:
//! one that has read all leaves an [`Outlet`], and the publisher offers it each
//! message as it comes, until it takes one no longer. Nothing is built while nobody watches, and [`Publisher::demand`]
//! tells whoever reads the camera, so that it may gather then.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use base::{StreamId, WallTime};
use bytes::Bytes;
use media::{Frame, Params};
use tokio::sync::watch;

use crate::ring::{Cursor, Entry, Ring, Step};

/// All streams of this process. Cheap to clone: clones are the same hub.
#[derive(Clone)]
pub struct Hub {
    streams: Arc<Streams>,
}

/// Who gives a stream its frames: the recorder's pipeline.
pub struct Publisher {
    streams: Arc<Streams>,
    stream: Arc<Stream>,
    /// Which of the stream's publishers this is; the latest counts.
    number: u64,
    /// Those that are being offered something. Like the rest, kept for its memory.
    outlets: Vec<Eager>,
    offers: Vec<(Cursor, Arc<Entry>)>,
    wakers: Vec<Waker>,
}

/// Where a viewer's media messages go on to, without the viewer.
pub trait Outlet: Send + Sync {
    /// Takes a message, which is `head` and then `frame`, and does not wait; or returns
    /// false: then the viewer is woken, and has it to read. Called on the publisher's
    /// thread.
    fn offer(&self, head: &Bytes, frame: &Bytes) -> bool;
}

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

/// What the recorder says of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// How it is.
    pub kind: StateKind,
    /// Since when.
    pub since: WallTime,
    /// Why, where it is not live: the code of an ingest fault.
    pub reason: Option<&'static str>,
}

/// How a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateKind {
    /// The camera is being asked.
    Connecting,
    /// Frames come.
    Live,
    /// Nothing comes, and `reason` may tell why.
    NoData,
}

struct Streams {
    /// Those with a publisher or a viewer. Locked before a stream's own lock.
    by_id: Mutex<HashMap<StreamId, Arc<Stream>>>,
    /// Channel numbers given so far.
    channels: AtomicU32,
    started: WallTime,
}

struct Stream {
    id: StreamId,
    channel: u32,
    demand: watch::Sender<bool>,
    /// Held for as long as it takes to read or add a frame, never while a
    /// message is built or somebody woken.
    shared: Mutex<Shared>,
}

struct Shared {
    ring: Ring,
    state: State,
    /// Counts states, from 1.
    state_number: u64,
    /// Number of the publisher that counts.
    publisher: Option<u64>,
    /// Publishers so far.
    publishers: u64,
    viewers: usize,
    /// Viewers so far.
    subscribed: u64,
    slots: Vec<Slot>,
    /// Slots of viewers that went.
    free_slots: Vec<usize>,
    /// Those that have all up to the newest frame, and are offered what comes.
    eager: Vec<Eager>,
    closed: bool,
}

/// What a stream keeps for one viewer.
#[derive(Default)]
struct Slot {
    /// Which of the stream's viewers has it; nobody after that one went.
    viewer: Option<u64>,
    /// While it waits.
    waker: Option<Waker>,
    is_eager: bool,
    /// Where it goes on by itself, once its outlet took something no longer.
    back: Option<Cursor>,
}

/// A viewer whose outlet is offered what comes.
struct Eager {
    slot: usize,
    viewer: u64,
    outlet: Arc<dyn Outlet>,
}

impl Hub {
    /// Makes a hub without streams. Since `started` nothing was published.
    pub fn new(started: WallTime) -> Self {
        let by_id = Mutex::default();
        let channels = AtomicU32::new(0);
        Self { streams: Arc::new(Streams { by_id, channels, started }) }
    }

    /// Makes the publisher of a stream. One that the stream had before is heard
    /// no longer.
    pub fn publisher(&self, stream: StreamId) -> Publisher {
        let mut by_id = lock(&self.streams.by_id);
        let stream = self.streams.entry(&mut by_id, stream);
        let mut shared = lock(&stream.shared);
        shared.publishers += 1;
        let number = shared.publishers;
        shared.publisher = Some(number);
        shared.end_run();
        drop(shared);
        let (outlets, offers, wakers) = (Vec::new(), Vec::new(), Vec::new());
        Publisher { streams: self.streams.clone(), stream, number, outlets, offers, wakers }
    }

    /// Begins to watch a stream, also one that nobody publishes yet. Whether
    /// this person may is for the caller to know.
    pub fn subscribe(&self, stream: StreamId) -> Viewer {
        let mut by_id = lock(&self.streams.by_id);
        let stream = self.streams.entry(&mut by_id, stream);
        let mut shared = lock(&stream.shared);
        shared.viewers += 1;
        shared.subscribed += 1;
        let slot = shared.free_slots.pop().unwrap_or_else(|| {
            shared.slots.push(Slot::default());
            shared.slots.len() - 1
        });
        shared.slots[slot].viewer = Some(shared.subscribed);
        stream.demand.send_if_modified(|demand| !std::mem::replace(demand, true));
        drop(shared);
        let (streams, cursor) = (self.streams.clone(), Cursor::default());
        Viewer { streams, stream, slot, cursor, is_eager: false, state: 0 }
    }

    /// Ends a stream for all its viewers: its camera is no more. A stream of the
    /// same id that is published or watched afterwards is a new one.
    pub fn close(&self, stream: StreamId) {
        let Some(stream) = lock(&self.streams.by_id).remove(&stream) else { return };
        let mut wakers = Vec::new();
        let mut shared = lock(&stream.shared);
        shared.closed = true;
        shared.publisher = None;
        shared.call_back();
        shared.take_wakers(&mut wakers);
        drop(shared);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Returns the parameters of what a stream sends at this moment, if it does.
    pub fn params(&self, stream: StreamId) -> Option<Arc<Params>> {
        let stream = lock(&self.streams.by_id).get(&stream).cloned()?;
        let shared = lock(&stream.shared);
        shared.ring.params()
    }

    /// Returns how many viewers there are, over all streams.
    pub fn viewers(&self) -> usize {
        lock(&self.streams.by_id).values().map(|stream| lock(&stream.shared).viewers).sum()
    }
}

impl Publisher {
    /// Takes frames in decoding order.
    pub fn push(&mut self, frames: &[Frame]) {
        let mut shared = lock(&self.stream.shared);
        if shared.publisher != Some(self.number) {
            return;
        }
        let watched = shared.viewers > 0;
        let (mut at, state) = (shared.ring.head(), shared.state_number);
        frames.iter().for_each(|frame| shared.ring.push(frame, watched));
        shared.take_wakers(&mut self.wakers);
        std::mem::swap(&mut self.outlets, &mut shared.eager);
        if !self.outlets.is_empty() {
            loop {
                let before = at;
                let Some(Step::Frame(entry)) = shared.ring.step(&mut at) else {
                    // Nothing more, or something that only a viewer itself can be told.
                    at = before;
                    break;
                };
                self.offers.push((before, entry));
            }
        }
        drop(shared);
        self.wakers.drain(..).for_each(Waker::wake);
        if !self.outlets.is_empty() {
            self.offer(at, state);
        }
    }

    /// Offers what has come to the outlets, with no lock held. They have then all up to
    /// `upto`; those that took something no longer are their viewers' again, and all are
    /// if more is to be told since the stream was in `state`.
    fn offer(&mut self, upto: Cursor, state: u64) {
        let mut back = Vec::new();
        for (before, entry) in self.offers.drain(..) {
            let (head, frame) = (entry.head(), &entry.frame().data);
            for refused in self.outlets.extract_if(.., |eager| !eager.outlet.offer(head, frame)) {
                back.push((refused, before));
            }
        }
        let mut shared = lock(&self.stream.shared);
        let goes_on = shared.publisher == Some(self.number)
            && shared.state_number == state
            && shared.ring.has_all(&upto);
        if goes_on {
            self.outlets.retain(|eager| shared.slots[eager.slot].viewer == Some(eager.viewer));
            // Nobody else puts any there but viewers that came to the same place.
            shared.eager.append(&mut self.outlets);
        }
        back.extend(self.outlets.drain(..).map(|eager| (eager, upto)));
        let wakers = back.into_iter().filter_map(|(eager, at)| shared.give_back(&eager, at));
        self.wakers.extend(wakers);
        drop(shared);
        self.wakers.drain(..).for_each(Waker::wake);
    }

    /// Tells all viewers, and each that comes, how the stream is. One that is not
    /// live has ended its run: joiners are not shown what came before.
    pub fn state(&mut self, state: State) {
        self.change(|shared| shared.set_state(state));
    }

    /// Returns whether anybody watches, now and as it changes.
    pub fn demand(&self) -> watch::Receiver<bool> {
        self.stream.demand.subscribe()
    }

    /// Makes a change, unless a later publisher has the stream, and wakes who waits.
    fn change(&mut self, change: impl FnOnce(&mut Shared)) {
        let mut shared = lock(&self.stream.shared);
        if shared.publisher != Some(self.number) {
            return;
        }
        change(&mut shared);
        shared.call_back();
        shared.take_wakers(&mut self.wakers);
        drop(shared);
        self.wakers.drain(..).for_each(Waker::wake);
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.change(|shared| {
            let since = shared.ring.last().unwrap_or(shared.state.since);
            shared.set_state(State { kind: StateKind::NoData, since, reason: None });
            shared.publisher = None;
        });
        self.streams.forget_if_unused(&self.stream);
    }
}

impl Viewer {
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

/// What a viewer is told, before it is given the form that the viewer takes.
enum Told {
    State(State),
    Step(Step),
    Closed,
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

impl Streams {
    fn entry(&self, by_id: &mut HashMap<StreamId, Arc<Stream>>, id: StreamId) -> Arc<Stream> {
        let stream = by_id.entry(id).or_insert_with(|| {
            let channel = self.channels.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
            let state = State { kind: StateKind::NoData, since: self.started, reason: None };
            let shared = Shared {
                ring: Ring::new(channel),
                state,
                state_number: 1,
                publisher: None,
                publishers: 0,
                viewers: 0,
                subscribed: 0,
                slots: Vec::new(),
                free_slots: Vec::new(),
                eager: Vec::new(),
                closed: false,
            };
            let demand = watch::Sender::new(false);
            Arc::new(Stream { id, channel, demand, shared: Mutex::new(shared) })
        });
        stream.clone()
    }

    /// Removes a stream that nobody publishes or watches.
    fn forget_if_unused(&self, stream: &Arc<Stream>) {
        let mut by_id = lock(&self.by_id);
        let is_this = by_id.get(&stream.id).is_some_and(|known| Arc::ptr_eq(known, stream));
        let shared = lock(&stream.shared);
        if is_this && shared.publisher.is_none() && shared.viewers == 0 {
            by_id.remove(&stream.id);
        }
    }
}

impl Shared {
    fn set_state(&mut self, state: State) {
        if state.kind != StateKind::Live {
            self.end_run();
        }
        if state != self.state {
            self.state = state;
            self.state_number += 1;
        }
    }

    fn end_run(&mut self) {
        self.ring.end_run(self.viewers > 0);
    }

    /// Takes the wakers of those who read by themselves.
    fn take_wakers(&mut self, into: &mut Vec<Waker>) {
        let waiting = self.slots.iter_mut().filter(|slot| !slot.is_eager);
        into.extend(waiting.filter_map(|slot| slot.waker.take()));
    }

    /// Has all viewers read by themselves again.
    fn call_back(&mut self) {
        let at = self.ring.head();
        for eager in std::mem::take(&mut self.eager) {
            // Who is woken is asked for by `take_wakers`.
            let waker = self.give_back(&eager, at);
            self.slots[eager.slot].waker = waker;
        }
    }

    /// Has a viewer read by itself again from `at` on, and returns whom to wake for that.
    fn give_back(&mut self, eager: &Eager, at: Cursor) -> Option<Waker> {
        let slot = &mut self.slots[eager.slot];
        if slot.viewer != Some(eager.viewer) {
            return None; // it went meanwhile
        }
        slot.is_eager = false;
        slot.back = Some(at);
        slot.waker.take()
    }
}

/// Locks, also where somebody panicked with the lock held: each change is whole
/// before anything in it can panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_and_goes_leaves_nothing_behind() {
        let hub = Hub::new(WallTime(0));
        let stream = StreamId::new();
        let publisher = hub.publisher(stream);
        let kept = hub.subscribe(stream);
        for _ in 0..100 {
            let mut viewer = hub.subscribe(stream);
            let mut context = Context::from_waker(Waker::noop());
            while viewer.poll_next(&mut context).is_ready() {}
        }
        let shared = kept.stream.clone();
        assert_eq!(lock(&shared.shared).slots.len(), 2, "slots are used again");
        let waits = |slot: &Slot| slot.waker.is_some();
        assert!(!lock(&shared.shared).slots.iter().any(waits), "who went waits no more");

        let known = || lock(&hub.streams.by_id).len();
        drop(publisher);
        assert_eq!(known(), 1, "still watched");
        drop(kept);
        assert_eq!(known(), 0);
        drop(hub.publisher(stream));
        drop(hub.subscribe(StreamId::new()));
        assert_eq!(known(), 0);
    }

    #[test]
    fn a_stream_closed_under_its_viewer_is_not_taken_for_its_successor() {
        let hub = Hub::new(WallTime(0));
        let stream = StreamId::new();
        let old = hub.subscribe(stream);
        hub.close(stream);
        let publisher = hub.publisher(stream);
        drop(old);
        let new = hub.subscribe(stream);
        assert!(Arc::ptr_eq(&new.stream, &publisher.stream));
    }
}
