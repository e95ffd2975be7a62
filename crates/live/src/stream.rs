//! What publisher and viewers of one stream share, and who is woken when it changes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use base::{StreamId, WallTime};
use bytes::Bytes;
use tokio::sync::watch;

use crate::ring::{Cursor, Ring};

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

/// Where a viewer's media messages go on to, without the viewer.
pub trait Outlet: Send + Sync {
    /// Takes a message, which is `head` and then `frame`, and does not wait; or returns
    /// false: then the viewer is woken, and has it to read. Called on the publisher's
    /// thread.
    fn offer(&self, head: &Bytes, frame: &Bytes) -> bool;
}

pub(crate) struct Stream {
    pub(crate) id: StreamId,
    pub(crate) channel: u32,
    pub(crate) demand: watch::Sender<bool>,
    /// Held for as long as it takes to read or add a frame, never while a
    /// message is built or somebody woken.
    pub(crate) shared: Mutex<Shared>,
}

pub(crate) struct Shared {
    pub(crate) ring: Ring,
    pub(crate) state: State,
    /// Counts states, from 1.
    pub(crate) state_number: u64,
    /// Number of the publisher that counts.
    pub(crate) publisher: Option<u64>,
    /// Publishers so far.
    pub(crate) publishers: u64,
    pub(crate) viewers: usize,
    /// Viewers so far.
    pub(crate) subscribed: u64,
    pub(crate) slots: Vec<Slot>,
    /// Slots of viewers that went.
    pub(crate) free_slots: Vec<usize>,
    /// Those that have all up to the newest frame, and are offered what comes.
    pub(crate) eager: Vec<Eager>,
    pub(crate) closed: bool,
}

/// What a stream keeps for one viewer.
#[derive(Default)]
pub(crate) struct Slot {
    /// Which of the stream's viewers has it; nobody after that one went.
    pub(crate) viewer: Option<u64>,
    /// While it waits.
    pub(crate) waker: Option<Waker>,
    pub(crate) is_eager: bool,
    /// Where it goes on by itself, once its outlet took something no longer.
    pub(crate) back: Option<Cursor>,
}

/// A viewer whose outlet is offered what comes.
pub(crate) struct Eager {
    pub(crate) slot: usize,
    pub(crate) viewer: u64,
    pub(crate) outlet: Arc<dyn Outlet>,
}

impl Shared {
    pub(crate) fn set_state(&mut self, state: State) {
        if state.kind != StateKind::Live {
            self.end_run();
        }
        if state != self.state {
            self.state = state;
            self.state_number += 1;
        }
    }

    pub(crate) fn end_run(&mut self) {
        self.ring.end_run(self.viewers > 0);
    }

    /// Takes the wakers of those who read by themselves.
    pub(crate) fn take_wakers(&mut self, into: &mut Vec<Waker>) {
        let waiting = self.slots.iter_mut().filter(|slot| !slot.is_eager);
        into.extend(waiting.filter_map(|slot| slot.waker.take()));
    }

    /// Has all viewers read by themselves again.
    pub(crate) fn call_back(&mut self) {
        let at = self.ring.head();
        for eager in std::mem::take(&mut self.eager) {
            // Who is woken is asked for by `take_wakers`; the slot of one that went may be
            // another's by now, whose waker stays.
            if let Some(waker) = self.give_back(&eager, at) {
                self.slots[eager.slot].waker = Some(waker);
            }
        }
    }

    /// Has a viewer read by itself again from `at` on, and returns whom to wake for that.
    pub(crate) fn give_back(&mut self, eager: &Eager, at: Cursor) -> Option<Waker> {
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
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
