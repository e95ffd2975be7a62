//! Asking a pipeline to stop, and saying why.

use std::sync::{Arc, OnceLock};

use store::GapReason;
use tokio_util::sync::CancellationToken;

/// What a pipeline is asked to stop by. Clones ask the same pipeline.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    token: CancellationToken,
    reason: Arc<OnceLock<GapReason>>,
}

impl Stop {
    /// Returns one that is asked for too when everything `all` stands for is.
    pub(crate) fn of(all: &CancellationToken) -> Self {
        Self { token: all.child_token(), reason: Arc::default() }
    }

    /// Asks; only the first reason counts.
    pub(crate) fn ask(&self, reason: GapReason) {
        self.reason.get_or_init(|| reason);
        self.token.cancel();
    }

    /// Returns once it was asked for.
    pub(crate) async fn asked(&self) {
        self.token.cancelled().await;
    }

    /// Returns why nothing is recorded after it.
    pub(crate) fn reason(&self) -> GapReason {
        // Who stops everything gives no reason to each.
        self.reason.get().copied().unwrap_or(GapReason::Stopped)
    }
}
