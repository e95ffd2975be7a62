//! Whether those are still signed in by whose sign-in something plays: looked at for
//! all of them together.
//!
//! ```text
//! socket ──hold──▶ ┌ a token for each sign-in ┐ ◀── every few seconds, and when one ended:
//! socket ──hold──▶ │ cancelled: it has ended  │     one question for all
//! socket ◀─ended── └──────────────────────────┘
//! ```
//!
//! A wall that hangs for twelve hours asks nothing by itself, and five hundred do not
//! ask five hundred times.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use base::SignInId;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::app::State;
use crate::right;

/// Those that something plays by.
#[derive(Default)]
pub(crate) struct Presence(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// How many hold each, and what tells them of its end.
    held: HashMap<SignInId, (usize, CancellationToken)>,
    /// A task looks at them.
    kept: bool,
}

/// A sign-in that is looked at for as long as this is.
pub(crate) struct Held {
    state: State,
    sign_in: SignInId,
    ended: CancellationToken,
}

impl Presence {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Has a sign-in looked at.
    pub(crate) fn new(state: &State, sign_in: SignInId) -> Self {
        let mut inner = state.presence.lock();
        let (count, ended) = inner.held.entry(sign_in).or_default();
        *count += 1;
        let ended = ended.clone();
        if !std::mem::replace(&mut inner.kept, true) {
            tokio::spawn(keep(state.clone()));
        }
        drop(inner);
        Self { state: state.clone(), sign_in, ended }
    }

    /// Waits until it has ended.
    pub(crate) async fn ended(&self) {
        self.ended.cancelled().await;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut inner = self.state.presence.lock();
        if let Some((count, _)) = inner.held.get_mut(&self.sign_in) {
            *count -= 1;
            if *count == 0 {
                inner.held.remove(&self.sign_in);
            }
        }
    }
}

/// Looks at all that are held, until none is.
async fn keep(state: State) {
    let mut revocations = state.sign_ins.revocations();
    let mut tick = interval(right::SIGN_IN_LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            Ok(()) = revocations.changed() => {}
            _ = tick.tick() => {}
        }
        let held: HashSet<SignInId> = {
            let mut inner = state.presence.lock();
            if inner.held.is_empty() {
                inner.kept = false;
                return;
            }
            inner.held.keys().copied().collect()
        };
        let over = right::ended_of(&state, held).await;
        let inner = state.presence.lock();
        let ended = over.iter().filter_map(|sign_in| inner.held.get(sign_in));
        ended.for_each(|(_, token)| token.cancel());
    }
}
