//! Those who watch by WHEP, and the task that ends what they may watch no longer.
//!
//! ```text
//! POST ──▶ Viewers { id: Right + live::whep::Watching } ◀── PUT token · DELETE
//!                    ▲
//!                    └ keep: each second, and when rights change
//! ```
//!
//! The task is there while somebody watches. Why one ended is remembered for a
//! minute: WebRTC has no words for it, and who renews the token is told then.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base::UserId;
use live::whep::{End, Watching};
use tokio::time::Instant;
use uuid::Uuid;

use crate::app::State;
use crate::error::{Kind, Refusal};
use crate::right::{self, Lost, Right};
use crate::viewing::Viewing;

/// How many one person may have: the largest wall. The one that was opened first
/// goes.
const MOST_OF_ONE: usize = 128;

/// How long and how many endings are remembered.
const REMEMBERED: Duration = Duration::from_secs(60);
const MOST_REMEMBERED: usize = 1_000;

/// All viewers.
#[derive(Debug, Default)]
pub(crate) struct Viewers {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    watching: HashMap<Uuid, Viewer>,
    over: HashMap<Uuid, (Instant, Why)>,
    /// Whether the task is there.
    kept: bool,
}

#[derive(Debug)]
struct Viewer {
    right: Right,
    watching: Watching,
    opened: Instant,
    /// Keeps the conversion of its sound going, also before WHEP takes it up.
    _sound: Option<live::Viewer>,
    /// Tells at its end how long it was watched.
    _watched: Viewing,
}

/// Why somebody watches no longer.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Why {
    Lost(Lost),
    Ended(End),
}

impl Viewers {
    /// Takes a viewer; returns its id, which nobody guesses.
    pub(crate) fn add(
        state: &State,
        right: Right,
        watching: Watching,
        sound: Option<live::Viewer>,
        watched: Viewing,
    ) -> Uuid {
        let id = Uuid::new_v4();
        let mut inner = state.whep_viewers.lock();
        inner.gather();
        inner.make_room(right.user);
        let opened = Instant::now();
        let viewer = Viewer { right, watching, opened, _sound: sound, _watched: watched };
        inner.watching.insert(id, viewer);
        if !std::mem::replace(&mut inner.kept, true) {
            tokio::spawn(keep(state.clone()));
        }
        id
    }

    /// Ends a viewer; returns whether there was one.
    pub(crate) fn remove(&self, id: Uuid) -> bool {
        let mut inner = self.lock();
        // What is over already was to be ended as well.
        inner.watching.remove(&id).is_some() | inner.over.remove(&id).is_some()
    }

    /// Renews a viewer's token.
    pub(crate) fn renew(state: &State, id: Uuid, token: &str) -> Result<(), Refusal> {
        let mut inner = state.whep_viewers.lock();
        inner.gather();
        if let Some(viewer) = inner.watching.get_mut(&id) {
            return viewer.right.renew(state, token);
        }
        Err(inner.over.get(&id).map_or_else(|| Refusal::not_found("viewer"), |(_, why)| told(why)))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Takes note of those that ended by themselves, and forgets old endings.
    fn gather(&mut self) {
        let mut ended = Vec::new();
        for (id, viewer) in &mut self.watching {
            if let Some(end) = viewer.watching.is_over() {
                ended.push((*id, Why::Ended(end)));
            }
        }
        self.end(ended);
        self.over.retain(|_, (when, _)| when.elapsed() < REMEMBERED);
    }

    /// Ends a person's first viewer where one more would be too many.
    fn make_room(&mut self, user: UserId) {
        let own = self.watching.iter().filter(|(_, viewer)| viewer.right.user == user);
        if own.clone().count() >= MOST_OF_ONE
            && let Some(first) = own.min_by_key(|(_, viewer)| viewer.opened).map(|(id, _)| *id)
        {
            self.end(vec![(first, Why::Ended(End::Closed))]);
        }
    }

    fn end(&mut self, ended: Vec<(Uuid, Why)>) {
        for (id, why) in ended {
            self.watching.remove(&id);
            if self.over.len() < MOST_REMEMBERED {
                self.over.insert(id, (Instant::now(), why));
            }
        }
    }

    /// Ends those that a right is lost for.
    fn end_lost(&mut self, lost: impl Fn(&Right) -> Option<Lost>) {
        let ended = self
            .watching
            .iter()
            .filter_map(|(id, viewer)| lost(&viewer.right).map(|lost| (*id, Why::Lost(lost))));
        let ended = ended.collect();
        self.end(ended);
    }
}

/// Ends what may be watched no longer, until nobody watches.
async fn keep(state: State) {
    let mut revocations = state.sign_ins.revocations();
    let mut changes = state.catalog.changes();
    let mut tick = right::ticks(&state);
    let mut looked = Instant::now();
    loop {
        let look = tokio::select! {
            Ok(()) = revocations.changed() => true,
            Ok(()) = changes.changed() => false,
            _ = tick.tick() => looked.elapsed() >= right::SIGN_IN_LOOK,
        };
        if look {
            looked = Instant::now();
            let sign_ins = {
                let inner = state.whep_viewers.lock();
                inner.watching.values().map(|viewer| viewer.right.sign_in).collect::<HashSet<_>>()
            };
            let over = right::ended_of(&state, sign_ins).await;
            let lost = |right: &Right| over.contains(&right.sign_in).then_some(Lost::Revoked);
            state.whep_viewers.lock().end_lost(lost);
        }
        let mut inner = state.whep_viewers.lock();
        inner.end_lost(|right| right.lost(&state));
        inner.gather();
        if inner.watching.is_empty() && inner.over.is_empty() {
            inner.kept = false;
            return;
        }
    }
}

/// Why one ended, as who asks for it is told.
fn told(why: &Why) -> Refusal {
    match why {
        Why::Lost(Lost::Expired) => {
            let words = "the media token was over before it was renewed; open anew";
            Refusal::new(Kind::Expired, words)
        }
        Why::Lost(Lost::Revoked) => Refusal::new(Kind::Forbidden, "this may be watched no longer"),
        Why::Ended(End::Unsupported(words)) => Refusal::new(Kind::Unsupported, words.clone()),
        Why::Ended(end) => Refusal::new(Kind::NotFound, format!("there is no such viewer: {end}")),
    }
}
