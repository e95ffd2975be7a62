//! The exports that somebody may fetch: made by one request, fetched by others.
//!
//! ```text
//! POST /exports ──▶ held here, 30 min at most ──GET, any Range──▶ bytes read from the segments
//!        └── cookie of this export alone ───────┘
//! ```
//!
//! A download is a plain link, which carries no header; so what opens it is a
//! cookie that the browser sends to this path only. Nothing lies on disk.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base::{CameraId, ExportId, SignInId, UserId, WallTime};
use store::Export;

/// How long an export may be fetched.
pub(crate) const LIFETIME: Duration = Duration::from_secs(30 * 60);

/// How many are held for one person; the oldest goes first.
const MOST_OF_ONE: usize = 8;

/// How many are held in all: each is tables of samples, some megabytes an hour.
const MOST: usize = 64;

/// All exports that may be fetched.
#[derive(Debug, Default)]
pub(crate) struct Exports {
    by_id: Mutex<HashMap<ExportId, Arc<Held>>>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) id: ExportId,
    pub(crate) name: String,
    pub(crate) camera: CameraId,
    pub(crate) user: UserId,
    pub(crate) sign_in: SignInId,
    pub(crate) made: WallTime,
    /// What the cookie must say.
    pub(crate) secret: String,
    pub(crate) size_bytes: u64,
    pub(crate) export: Mutex<Export>,
}

impl Exports {
    /// Holds an export, letting go of what is old or too much.
    pub(crate) fn put(&self, held: Held) -> Arc<Held> {
        let held = Arc::new(held);
        let mut by_id = self.lock();
        by_id.retain(|_, other| is_fresh(other, held.made));
        while by_id.values().filter(|other| other.user == held.user).count() >= MOST_OF_ONE {
            let_go_oldest(&mut by_id, |other| other.user == held.user);
        }
        while by_id.len() >= MOST {
            let_go_oldest(&mut by_id, |_| true);
        }
        by_id.insert(held.id, held.clone());
        held
    }

    /// Returns an export that may still be fetched.
    pub(crate) fn find(&self, id: ExportId, now: WallTime) -> Option<Arc<Held>> {
        self.lock().get(&id).filter(|held| is_fresh(held, now)).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ExportId, Arc<Held>>> {
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_fresh(held: &Held, now: WallTime) -> bool {
    now < held.made.plus(LIFETIME)
}

fn let_go_oldest(by_id: &mut HashMap<ExportId, Arc<Held>>, of: impl Fn(&Held) -> bool) {
    // Ids sort by the time they were made.
    let oldest = by_id.values().filter(|held| of(held)).map(|held| held.id).min();
    if let Some(oldest) = oldest {
        by_id.remove(&oldest);
    }
}
