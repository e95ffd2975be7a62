//! How recorder and disk are.

use axum::Json;
use axum::extract::State as Given;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::State;
use crate::person::Somebody;

/// How it goes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatusAnswer {
    cameras: CameraCounts,
    disk: DiskRow,
    /// The moment below which every stream being recorded, of cameras this person may
    /// see, is on disk for good.
    synced_us: Option<i64>,
}

/// How many cameras, of those this person may see, are in each state.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CameraCounts {
    recording: usize,
    connecting: usize,
    faulty: usize,
}

/// The disk that is recorded to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DiskRow {
    used_bytes: u64,
    /// The most that recordings may take: what is set, or what the disk has.
    ceiling_bytes: u64,
    free_bytes: u64,
    /// Recording pauses, because nothing may be deleted.
    full: bool,
    /// Files and folders of recordings that the disk refused at the start.
    unreadable_files: u64,
}

/// Tells how recorder and disk are.
#[utoipa::path(get, path = "/status", tag = "status", responses((status = 200, body = StatusAnswer)))]
pub(crate) async fn status(
    Given(state): Given<State>,
    Somebody(person): Somebody,
) -> Json<StatusAnswer> {
    let states = state.recorder.states();
    let rights = state.catalog.rights(person.user.id);
    let visible: Vec<_> = rights.iter().flat_map(|rights| rights.visible(state.now())).collect();
    let counts = recorder::Counts::of(visible.iter().filter_map(|camera| states.get(camera)));
    let store = state.store.status();
    let whole = store.used_bytes.saturating_add(store.free_bytes);
    let tables = state.catalog.tables();
    let seen = visible.iter().filter_map(|camera| tables.cameras.get(camera));
    let streams = seen.flat_map(|camera| camera.recorded_streams());
    let recorded = streams.filter_map(|stream| store.streams.get(&stream));
    let recorded = recorded.filter(|stream| stream.recording);
    Json(StatusAnswer {
        cameras: CameraCounts {
            recording: counts.recording,
            connecting: counts.connecting,
            faulty: counts.faulty,
        },
        disk: DiskRow {
            used_bytes: store.used_bytes,
            ceiling_bytes: store.ceiling_bytes.map_or(whole, |ceiling| ceiling.min(whole)),
            free_bytes: store.free_bytes,
            full: store.full,
            unreadable_files: store.refused,
        },
        synced_us: recorded.filter_map(|stream| stream.synced).min().map(|synced| synced.0),
    })
}
