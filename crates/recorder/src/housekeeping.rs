//! Letting go of what retention no longer asks for, and sparing what is held.
//!
//! One idempotent step: read the holds of `casework` and the retention of
//! `catalog`, hand both to the store, let it expire. A store to which no holds
//! were handed expires nothing, so a database that cannot be read costs disk
//! space and never evidence.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base::StreamId;
use casework::Holds;
use catalog::Catalog;
use ingest::Clock;
use store::{Retention, Store};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How long the recording of a camera that was removed is kept.
const DAYS_AFTER_REMOVAL: u32 = 30;

/// Why a round expired nothing.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("the holds cannot be read")]
    Holds(#[from] casework::Error),
    #[error("the store cannot expire")]
    Store(#[from] store::StoreError),
    #[error("a round of expiry ended by a defect")]
    Defect(#[from] tokio::task::JoinError),
}

/// What the step reads and acts on.
pub(crate) struct Housekeeping {
    pub(crate) catalog: Catalog,
    pub(crate) holds: Holds,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
}

impl Housekeeping {
    pub(crate) async fn run(self, every: Duration, nudge: Arc<Notify>, stop: CancellationToken) {
        loop {
            if let Err(error) = self.step().await {
                tracing::error!(%error, "nothing was expired in this round");
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = nudge.notified() => {}
                () = tokio::time::sleep(every) => {}
            }
        }
    }

    async fn step(&self) -> Result<(), Error> {
        let tables = self.catalog.tables();
        let mut held = store::Holds::default();
        for hold in self.holds.active().await? {
            // A camera with a hold cannot be removed, so its streams are known.
            for stream in
                tables.cameras.get(&hold.camera).into_iter().flat_map(|camera| &camera.streams)
            {
                held.add(stream.id, hold.span);
            }
        }
        let kept = tables.cameras.values().flat_map(|camera| {
            let kept = Retention {
                days: Some(camera.retention.days.into()),
                bytes: camera.retention.bytes,
            };
            camera.streams.iter().map(move |stream| (stream.id, kept))
        });
        let (store, now) = (self.store.clone(), self.clock.now().1);
        let removed = Retention { days: Some(DAYS_AFTER_REMOVAL), bytes: None };
        let mut retention: HashMap<StreamId, Retention> =
            store.status().streams.into_keys().map(|stream| (stream, removed)).collect();
        retention.extend(kept);
        let expired = tokio::task::spawn_blocking(move || {
            store.set_retention(retention);
            store.set_holds(held);
            store.expire(now)
        })
        .await??;
        if expired.segments > 0 {
            tracing::info!(segments = expired.segments, size_bytes = expired.size_bytes, "expired");
        }
        Ok(())
    }
}
