//! Who gives a stream its frames.

use std::sync::Arc;
use std::task::Waker;

use media::Frame;
use tokio::sync::watch;

use crate::hub::Streams;
use crate::ring::{Cursor, Entry, Step};
use crate::stream::{Eager, Shared, State, StateKind, Stream, lock};

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

impl Publisher {
    pub(crate) fn new(streams: Arc<Streams>, stream: Arc<Stream>, number: u64) -> Self {
        let (outlets, offers, wakers) = (Vec::new(), Vec::new(), Vec::new());
        Self { streams, stream, number, outlets, offers, wakers }
    }

    #[cfg(test)]
    pub(crate) fn stream(&self) -> &Arc<Stream> {
        &self.stream
    }

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
