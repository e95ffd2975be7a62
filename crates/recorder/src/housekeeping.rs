//! Letting go of what retention no longer asks for, and sparing what is held.
//!
//! ```text
//! casework ──holds─────▶ apply_holds ──▶ store    when one is placed, and in each step
//! catalog ───retention─▶ step ─────────▶ store ──▶ expire
//! ```
//!
//! The step is idempotent: read what is asked for, hand it to the store, let it
//! expire. The store makes room by itself between two steps, so a hold must not
//! wait for one: whoever placed it has it applied. A store to which no holds
//! were handed expires nothing, so a database that cannot be read costs disk
//! space and never evidence.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use base::StreamId;
use casework::Holds;
use catalog::Catalog;
use ingest::Clock;
use store::{Retention, Store};
use tokio::sync::{Mutex, watch};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::thumbnails::Thumbnails;

/// How long the recording of a camera that was removed is kept.
const DAYS_AFTER_REMOVAL: u32 = 30;

/// Why holds were not applied, or a round expired nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database does not give them.
    #[error("the holds cannot be read")]
    Holds(#[from] casework::Error),
    /// The disk does not let go.
    #[error("the store cannot expire")]
    Store(#[from] store::StoreError),
    /// A task panicked.
    #[error("housekeeping ended by a defect")]
    Defect(#[from] tokio::task::JoinError),
}

/// What the step reads and acts on.
pub(crate) struct Housekeeping {
    pub(crate) catalog: Catalog,
    pub(crate) holds: Holds,
    pub(crate) store: Store,
    pub(crate) thumbnails: Thumbnails,
    pub(crate) clock: Clock,
    /// Held from reading the holds until the store has them, so that an older
    /// reading never comes after a newer one.
    pub(crate) applying: Arc<Mutex<()>>,
}

impl Housekeeping {
    pub(crate) async fn run(
        self: Arc<Self>,
        every: Duration,
        mut nudged: watch::Receiver<()>,
        stop: CancellationToken,
    ) {
        loop {
            if let Err(error) = self.step().await {
                tracing::error!(%error, "nothing was expired in this round");
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                Ok(()) = nudged.changed() => {}
                () = tokio::time::sleep(every) => {}
            }
        }
    }

    /// Hands the holds that stand to the store: when it returns, nothing of them
    /// is deleted any more.
    pub(crate) async fn apply_holds(&self) -> Result<(), Error> {
        let applying = self.applying.clone().lock_owned().await;
        let tables = self.catalog.tables();
        let mut held = store::Holds::default();
        for hold in self.holds.active().await? {
            let camera = tables.cameras.get(&hold.camera);
            let has = camera.into_iter().flat_map(|camera| camera.recorded_streams());
            let has: BTreeSet<StreamId> = has.collect();
            if !has.is_subset(&hold.streams) {
                // The camera was given a stream since, or the hold is from before
                // holds named theirs.
                self.holds.add_streams(hold.id, &has).await?;
            }
            hold.streams.union(&has).for_each(|stream| held.add(*stream, hold.span));
        }
        let store = self.store.clone();
        let handing = spawn_blocking(move || {
            store.set_holds(held);
            // Here, for whoever asked may have gone away while this waited.
            drop(applying);
        });
        Ok(handing.await?)
    }

    async fn step(&self) -> Result<(), Error> {
        self.apply_holds().await?;
        let tables = self.catalog.tables();
        let kept = tables.cameras.values().flat_map(|camera| {
            let kept = Retention {
                days: Some(camera.retention.days.into()),
                bytes: camera.retention.bytes,
            };
            camera.recorded_streams().map(move |stream| (stream, kept))
        });
        let (store, now) = (self.store.clone(), self.clock.now().1);
        let thumbnails = self.thumbnails.clone();
        let removed = Retention { days: Some(DAYS_AFTER_REMOVAL), bytes: None };
        let mut retention: HashMap<StreamId, Retention> =
            store.status().streams.into_keys().map(|stream| (stream, removed)).collect();
        retention.extend(kept);
        let expired = spawn_blocking(move || {
            store.set_retention(retention);
            let expired = store.expire(now);
            // Whatever let go of it: disk threads make room by themselves too.
            thumbnails.forget_gone();
            expired
        })
        .await??;
        if expired.segments > 0 {
            tracing::info!(segments = expired.segments, size_bytes = expired.size_bytes, "expired");
        }
        Ok(())
    }
}
