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
use catalog::Action;
use store::Export;
use tokio::sync::Semaphore;

use crate::view::View;

/// How long an export may be fetched.
pub(crate) const LIFETIME: Duration = Duration::from_secs(30 * 60);

/// How many are made at once: while it is made, an export of a day is a list of
/// some two million samples.
const MOST_MADE_AT_ONCE: usize = 2;

/// What is held for one person, and in all: so many exports, and so much memory.
/// The oldest goes first.
const MOST_OF_ONE: Bounds = Bounds { exports: 8, bytes: 128 << 20 };
const MOST: Bounds = Bounds { exports: 64, bytes: 512 << 20 };

/// The tables of a frame.
const FRAME_BYTES: u64 = 12;

struct Bounds {
    exports: usize,
    bytes: u64,
}

/// All exports that may be fetched.
#[derive(Debug)]
pub(crate) struct Exports {
    by_id: Mutex<HashMap<ExportId, Arc<Held>>>,
    /// Whoever makes an export has one of these.
    pub(crate) making: Semaphore,
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
    pub(crate) frames: u64,
    /// How much of its sound lies in memory; pictures are read when they are fetched.
    pub(crate) sound_bytes: u64,
    /// What of the camera it shows.
    pub(crate) view: View,
    pub(crate) export: Export,
}

impl Held {
    /// What must be allowed to whoever fetches it.
    pub(crate) fn actions(&self) -> &'static [Action] {
        match self.export.has_sound {
            true => &[Action::Export, Action::Sound],
            false => &[Action::Export],
        }
    }

    fn memory_bytes(&self) -> u64 {
        self.frames * FRAME_BYTES + self.sound_bytes
    }
}

impl Exports {
    /// Holds an export, letting go of what is old or too much.
    pub(crate) fn put(&self, held: Held) -> Arc<Held> {
        let held = Arc::new(held);
        let mut by_id = self.lock();
        by_id.retain(|_, other| is_fresh(other, held.made));
        let weigh = |other: &Arc<Held>| (other.id, other.memory_bytes());
        let bytes = held.memory_bytes();
        let own = by_id.values().filter(|other| other.user == held.user).map(weigh).collect();
        for id in MOST_OF_ONE.too_many(own, bytes) {
            by_id.remove(&id);
        }
        for id in MOST.too_many(by_id.values().map(weigh).collect(), bytes) {
            by_id.remove(&id);
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

impl Default for Exports {
    fn default() -> Self {
        Self { by_id: Mutex::default(), making: Semaphore::new(MOST_MADE_AT_ONCE) }
    }
}

impl Bounds {
    /// Returns which exports to let go of, the oldest first, so that one of `bytes`
    /// fits beside the rest of them.
    fn too_many(&self, mut held: Vec<(ExportId, u64)>, bytes: u64) -> Vec<ExportId> {
        // Ids sort by the time they were made.
        held.sort();
        let mut all: u64 = held.iter().map(|(_, bytes)| bytes).sum();
        let mut left = held.len();
        let over = held.into_iter().take_while(|(_, oldest)| {
            let fits = left < self.exports && all + bytes <= self.bytes;
            all -= oldest;
            left -= 1;
            !fits
        });
        over.map(|(id, _)| id).collect()
    }
}

fn is_fresh(held: &Held, now: WallTime) -> bool {
    now < held.made.plus(LIFETIME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_let_go_until_one_more_fits() {
        let bounds = Bounds { exports: 3, bytes: 100 };
        let [a, b, c] = [ExportId::new(), ExportId::new(), ExportId::new()];
        assert_eq!(bounds.too_many(vec![], 10), []);
        assert_eq!(bounds.too_many(vec![(b, 10), (a, 10)], 80), []);
        assert_eq!(bounds.too_many(vec![(c, 1), (b, 1), (a, 1)], 1), [a], "too many of them");
        assert_eq!(bounds.too_many(vec![(b, 40), (a, 40)], 50), [a], "too many bytes");
        assert_eq!(bounds.too_many(vec![(c, 40), (a, 10), (b, 10)], 70), [a, b, c]);
        // One that alone is more than the bound is held alone.
        assert_eq!(bounds.too_many(vec![(a, 10)], 500), [a]);
    }
}
