//! What is recorded of a camera, what is not, and why.

use audit::Act;
use axum::Json;
use axum::extract::State as Given;
use base::{CameraId, Span};
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
    let stream = asked.role.stream(&camera)?;
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
    Ok(Json(TimelineAnswer {
        runs: runs.collect(),
        gaps: gaps.collect(),
        deleted: deleted.collect(),
        first_us: answer.first.map(|first| first.0),
        last_us: answer.last.map(|last| last.0),
        synced_us: state.store.synced(stream).map(|synced| synced.0),
    }))
}
