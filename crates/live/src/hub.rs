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
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Waker;

use base::{StreamId, WallTime};
use media::Params;
use tokio::sync::watch;

use crate::publisher::Publisher;
use crate::ring::Ring;
use crate::stream::{Shared, Slot, State, StateKind, Stream, lock};
use crate::viewer::Viewer;

/// All streams of this process. Cheap to clone: clones are the same hub.
#[derive(Clone)]
pub struct Hub {
    streams: Arc<Streams>,
}

pub(crate) struct Streams {
    /// Those with a publisher or a viewer. Locked before a stream's own lock.
    by_id: Mutex<HashMap<StreamId, Arc<Stream>>>,
    /// Channel numbers given so far.
    channels: AtomicU32,
    started: WallTime,
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
        Publisher::new(self.streams.clone(), stream, number)
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
        Viewer::new(self.streams.clone(), stream, slot)
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
    pub(crate) fn forget_if_unused(&self, stream: &Arc<Stream>) {
        let mut by_id = lock(&self.by_id);
        let is_this = by_id.get(&stream.id).is_some_and(|known| Arc::ptr_eq(known, stream));
        let shared = lock(&stream.shared);
        if is_this && shared.publisher.is_none() && shared.viewers == 0 {
            by_id.remove(&stream.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Context;

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
        let shared = kept.stream().clone();
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
        assert!(Arc::ptr_eq(new.stream(), publisher.stream()));
    }
}
