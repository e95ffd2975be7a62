//! How full the disk is, and what must be free.
//!
//! ```text
//! ├─ recordings ─┤                        used      against the ceiling
//! ├──────────── disk ────────────────────────────┤
//!                    ├─ owed ─┼─ reserve ─┼─ slack ┤   must be free, in this order
//! ```
//!
//! Counting only. Who makes room stands in `expire.rs`, who keeps and gives up
//! the ballast in `root.rs` and `append.rs`.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use crate::core::Core;
use crate::retention::Rule;

/// What is counted of the disk.
#[derive(Debug, Default)]
pub(crate) struct Room {
    /// Bytes of all segments.
    pub(crate) used: AtomicU64,
    /// Bytes the disk has left, as last asked, less what was written since.
    pub(crate) free: AtomicI64,
    /// Bytes of ballast that were given up, or not taken on yet: they count as
    /// written, so that nobody else takes their place.
    pub(crate) owed: AtomicU64,
    /// Bytes of segments that were deleted since the opening. Whoever finds that
    /// they became more need not delete for the same room once again.
    pub(crate) freed: AtomicU64,
    /// Nothing can be written, and nothing may be deleted.
    pub(crate) full: AtomicBool,
    /// Bytes given to the disk threads and not yet written.
    pub(crate) queued: AtomicU64,
}

impl Core {
    /// Counts what was written beside frames.
    pub(crate) fn wrote_trailer(&self, bytes: u64) {
        self.room.used.fetch_add(bytes, Ordering::Relaxed);
        self.room.free.fetch_sub(signed(bytes), Ordering::Relaxed);
    }

    pub(crate) fn has_room(&self, bytes: u64) -> bool {
        self.short_of(bytes) == 0
    }

    /// Returns what is missing to write `bytes` and leave the reserve.
    pub(crate) fn short_of(&self, bytes: u64) -> u64 {
        let owed = self.room.owed.load(Ordering::Relaxed);
        let wanted = self.config.reserve_bytes.saturating_add(bytes).saturating_add(owed);
        let short = signed(wanted).saturating_sub(self.room.free.load(Ordering::Relaxed));
        u64::try_from(short).unwrap_or(0)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.room.full.load(Ordering::Relaxed)
    }

    pub(crate) fn set_full(&self) {
        if !self.room.full.swap(true, Ordering::Relaxed) {
            tracing::error!(
                store = %self.layout.root().display(),
                "the disk is full and nothing may be deleted: recording pauses; \
                 make room, release holds, or shorten retention"
            );
        }
    }

    /// Asks the disk how much room it has.
    pub(crate) fn refresh_free(&self) {
        match self.disk.free_bytes(self.layout.root()) {
            Ok(free) => self.room.free.store(signed(free), Ordering::Relaxed),
            Err(error) => tracing::warn!(%error, "the disk does not say how full it is"),
        }
    }

    /// What must be free beyond the reserve before recording goes on, so that it
    /// does not stop again at once.
    pub(crate) fn slack(&self) -> u64 {
        (self.config.reserve_bytes / 16).clamp(64 << 10, 64 << 20)
    }

    /// Returns how many bytes must go, by which rule.
    pub(crate) fn over(&self) -> Vec<(Rule, u64)> {
        let mut over = Vec::new();
        if let Some(ceiling) = self.config.ceiling_bytes {
            let bytes = self.room.used.load(Ordering::Relaxed).saturating_sub(ceiling);
            over.push((Rule::Ceiling, bytes));
        }
        // Once it was full, a little more, so that it is not full again at once.
        let slack = if self.is_full() { self.slack() } else { 0 };
        over.push((Rule::DiskFull, self.short_of(slack)));
        over.retain(|&(_, bytes)| bytes > 0);
        over
    }
}

pub(crate) fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
