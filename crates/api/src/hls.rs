//! The presentations of HLS that somebody may fetch: opened by a media token,
//! fetched by a URL and a cookie of its own.
//!
//! ```text
//! POST /hls {token} ──▶ held here, while the token holds ──GET──▶ live::hls::Feed, one a stream
//!        └── cookie of this presentation alone ─────────┘
//! ```
//!
//! A player fetches plain URLs and adds no header to them; so what opens them is
//! a cookie that is sent to this path only. Each request is answered while the
//! token, the sign-in and the catalog's decision hold.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base::StreamId;
use tokio::time::Instant;
use uuid::Uuid;

use crate::app::State;
use crate::error::{Kind, Refusal};
use crate::extract::unknown_path;
use crate::right::{Lost, Right, SIGN_IN_LOOK};
use crate::viewing::Viewing;

/// How many one person may have open: the largest wall. The one that was asked
/// for longest ago goes.
const MOST_OF_ONE: usize = 128;

/// How many there may be in all.
const MOST: usize = 4096;

/// All presentations that may be fetched.
#[derive(Default)]
pub(crate) struct Presentations {
    by_id: Mutex<HashMap<Uuid, Arc<Presentation>>>,
}

/// One of them.
pub(crate) struct Presentation {
    pub(crate) id: Uuid,
    /// What the cookie must say.
    pub(crate) secret: String,
    pub(crate) picture: StreamId,
    /// Where the token lets its owner listen.
    pub(crate) sound: Option<StreamId>,
    right: Mutex<Right>,
    /// When the sign-in was looked at last, and how many were ended before.
    looked: tokio::sync::Mutex<(Instant, u64)>,
    asked: Mutex<Instant>,
    /// Tells at its end how long it was fetched.
    watched: Mutex<Viewing>,
}

impl Presentations {
    /// Opens a presentation by a right that was just admitted.
    pub(crate) fn open(
        &self,
        state: &State,
        right: Right,
        picture: StreamId,
        sound: Option<StreamId>,
        watched: Viewing,
    ) -> Result<Arc<Presentation>, Refusal> {
        let now = Instant::now();
        let opened = Arc::new(Presentation {
            id: Uuid::now_v7(),
            secret: signin::new_secret(),
            picture,
            sound,
            right: Mutex::new(right),
            looked: tokio::sync::Mutex::new((now, ended(state))),
            asked: Mutex::new(now),
            watched: Mutex::new(watched),
        });
        let user = opened.right().user;
        let mut by_id = lock(&self.by_id);
        by_id.retain(|_, there| state.now() < there.right().until);
        let own = by_id.values().filter(|there| there.right().user == user);
        if own.clone().count() >= MOST_OF_ONE
            && let Some(oldest) = own.min_by_key(|there| *lock(&there.asked)).map(|one| one.id)
        {
            by_id.remove(&oldest);
        }
        if by_id.len() >= MOST {
            let words = "too many people watch by HLS; try again in a minute";
            return Err(Refusal::new(Kind::Busy, words));
        }
        by_id.insert(opened.id, opened.clone());
        drop(by_id);
        tokio::spawn(sweep(state.clone(), opened.id));
        Ok(opened)
    }

    /// Returns a presentation, if what it was opened with holds still.
    pub(crate) async fn find(
        &self,
        state: &State,
        id: Uuid,
        is_theirs: impl FnOnce(&Presentation) -> bool,
    ) -> Result<Arc<Presentation>, Refusal> {
        let there = lock(&self.by_id).get(&id).cloned();
        let there = there.filter(|there| is_theirs(there)).ok_or_else(unknown_path)?;
        if let Err(refusal) = there.holds(state).await {
            self.end(id);
            return Err(refusal);
        }
        Ok(there)
    }

    /// Ends a presentation.
    pub(crate) fn end(&self, id: Uuid) {
        lock(&self.by_id).remove(&id);
    }
}

impl Presentation {
    /// Returns what it was opened with.
    pub(crate) fn right(&self) -> Right {
        lock(&self.right).clone()
    }

    /// Holds on by a fresh token.
    pub(crate) fn renew(&self, state: &State, token: &str) -> Result<(), Refusal> {
        lock(&self.right).renew(state, token)
    }

    /// Refuses once what it was opened with holds no more.
    pub(crate) async fn holds(&self, state: &State) -> Result<(), Refusal> {
        *lock(&self.asked) = Instant::now();
        lock(&self.watched).asked();
        let right = self.right();
        match right.lost(state) {
            Some(Lost::Expired) => {
                let words = "the media token has expired; ask for a fresh one and open HLS by it";
                return Err(Refusal::new(Kind::Expired, words));
            }
            Some(Lost::Revoked) => return Err(unknown_path()),
            None => {}
        }
        let mut looked = self.looked.lock().await;
        let ended = ended(state);
        if looked.0.elapsed() < SIGN_IN_LOOK && looked.1 == ended {
            return Ok(());
        }
        match state.sign_ins.look(right.sign_in, state.now()).await {
            Ok(Some(_)) => *looked = (Instant::now(), ended),
            Ok(None) => return Err(unknown_path()),
            // A database that is busy for a moment must not darken a wall; tokens
            // are bounded in time all the same.
            Err(error) => tracing::error!(%error, "a sign-in cannot be looked up"),
        }
        Ok(())
    }
}

/// Lets a presentation go once nobody renews its token: a player says no farewell.
async fn sweep(state: State, id: Uuid) {
    loop {
        let Some(until) = lock(&state.presentations.by_id).get(&id).map(|one| one.right().until)
        else {
            return;
        };
        let left = until.0.saturating_sub(state.now().0);
        match u64::try_from(left) {
            Ok(left) if left > 0 => tokio::time::sleep(Duration::from_micros(left)).await,
            _ => return state.presentations.end(id),
        }
    }
}

/// Returns how many times sign-ins were ended so far.
fn ended(state: &State) -> u64 {
    *state.sign_ins.revocations().borrow()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
