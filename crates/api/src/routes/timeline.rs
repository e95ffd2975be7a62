//! What is recorded of a camera, what is not, and why; of a wall of them in one answer.

use std::collections::{BTreeMap, BTreeSet};

use audit::Act;
use axum::Json;
use axum::extract::State as Given;
use base::{CameraId, Span, StreamId};
use catalog::Action;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Role, span};
use crate::app::State;
use crate::deed;
use crate::error::{ErrorForm, Refusal};
use crate::extract::{Asked, Id};
use crate::person::Somebody;

/// Which stretch is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TimelineAsked {
    role: Role,
    from_us: i64,
    to_us: i64,
}

/// Which stretch of which cameras is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TimelinesAsked {
    /// Ids, with commas between; 256 at most.
    cameras: String,
    role: Role,
    from_us: i64,
    to_us: i64,
}

/// What a stretch holds, of several cameras.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TimelinesAnswer {
    /// By the camera's id. One that this person may not look back on, or that has no such
    /// stream, is left out.
    timelines: BTreeMap<String, TimelineAnswer>,
}

/// What a stretch holds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TimelineAnswer {
    /// Where something is recorded.
    runs: Vec<RunRow>,
    /// Where nothing is, and why.
    gaps: Vec<GapRow>,
    /// Where something was.
    deleted: Vec<DeletedRow>,
    /// The first moment of the whole recording.
    first_us: Option<i64>,
    /// The end of the whole recording.
    last_us: Option<i64>,
    /// Below it, everything is on disk for good.
    synced_us: Option<i64>,
}

/// An unbroken row of pictures.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunRow {
    from_us: i64,
    to_us: i64,
}

/// A hole.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GapRow {
    from_us: i64,
    to_us: i64,
    /// `unreachable`, `refused`, `wrong_credentials`, `not_found`, `unsupported`,
    /// `protocol`, `silent`, `clock_step`, `stopped`, `crashed`, `disk_full`,
    /// `disk_too_slow`, `disabled` or `unknown`.
    reason: &'static str,
}

/// What retention took.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeletedRow {
    from_us: i64,
    to_us: i64,
    /// `age`, `stream_bytes`, `ceiling` or `disk_full`.
    rule: &'static str,
}

/// As many as a wall of several screens shows, and a bound for one answer.
const MOST_CAMERAS: usize = 256;

/// Tells what is recorded in a stretch.
#[utoipa::path(get, path = "/cameras/{id}/timeline", tag = "playback",
    params(("id" = Uuid, Path), TimelineAsked),
    responses((status = 200, body = TimelineAnswer), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm), (status = 404, body = ErrorForm)))]
pub(crate) async fn timeline(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
    Asked(asked): Asked<TimelineAsked>,
) -> Result<Json<TimelineAnswer>, Refusal> {
    let id = CameraId(id);
    let camera = deed::camera(&state, &person, id, Action::Playback, Act::Playback).await?;
    let span = span(asked.from_us, asked.to_us)?;
    Ok(Json(told(&state, asked.role.stream(&camera)?, span)))
}

/// Tells what is recorded of several cameras in a stretch.
///
/// Whoever looks at a wall asks once, where one request for each camera would cost more
/// than what it asks for.
#[utoipa::path(get, path = "/timelines", tag = "playback", params(TimelinesAsked),
    responses((status = 200, body = TimelinesAnswer), (status = 400, body = ErrorForm)))]
pub(crate) async fn timelines(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Asked(asked): Asked<TimelinesAsked>,
) -> Result<Json<TimelinesAnswer>, Refusal> {
    let span = span(asked.from_us, asked.to_us)?;
    let mut timelines = BTreeMap::new();
    for id in ids(&asked.cameras)? {
        let camera = deed::camera(&state, &person, id, Action::Playback, Act::Playback).await;
        let stream = camera.and_then(|camera| asked.role.stream(&camera));
        if let Ok(stream) = stream {
            timelines.insert(id.to_string(), told(&state, stream, span));
        }
        // A month of a wall is work of a few milliseconds; others have their turn between.
        tokio::task::yield_now().await;
    }
    Ok(Json(TimelinesAnswer { timelines }))
}

/// Returns the ids in a list with commas, each once.
fn ids(list: &str) -> Result<BTreeSet<CameraId>, Refusal> {
    let parsed: Result<BTreeSet<_>, Refusal> = list
        .split(',')
        .map(|id| {
            let no_id = |_| Refusal::invalid("cameras", format!("{id:?} is no camera's id"));
            id.parse().map(CameraId).map_err(no_id)
        })
        .collect();
    let ids = parsed?;
    if ids.len() > MOST_CAMERAS {
        let words = format!("{} cameras are too many at once; ask for {MOST_CAMERAS}", ids.len());
        return Err(Refusal::invalid("cameras", words));
    }
    Ok(ids)
}

fn told(state: &State, stream: StreamId, span: Span) -> TimelineAnswer {
    let answer = state.store.timeline(stream, span);
    let ends = |span: Span| (span.start().0, span.end().0);
    let runs = answer.runs.iter().map(|&run| {
        let (from_us, to_us) = ends(run);
        RunRow { from_us, to_us }
    });
    let gaps = answer.gaps.iter().map(|gap| {
        let (from_us, to_us) = ends(gap.span);
        GapRow { from_us, to_us, reason: gap.reason.as_str() }
    });
    let deleted = answer.deleted.iter().map(|deleted| {
        let (from_us, to_us) = ends(deleted.span);
        DeletedRow { from_us, to_us, rule: deleted.rule.as_str() }
    });
    TimelineAnswer {
        runs: runs.collect(),
        gaps: gaps.collect(),
        deleted: deleted.collect(),
        first_us: answer.first.map(|first| first.0),
        last_us: answer.last.map(|last| last.0),
        synced_us: state.store.synced(stream).map(|synced| synced.0),
    }
}
