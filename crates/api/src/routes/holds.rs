//! What expiry must spare, and why.

use audit::Act;
use axum::Json;
use axum::extract::State as Given;
use axum::http::StatusCode;
use base::{CameraId, HoldId};
use casework::{Hold, NewHold};
use catalog::Action;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::span;
use crate::access;
use crate::app::State;
use crate::deed::{self, Deed};
use crate::error::{ErrorForm, Refusal};
use crate::extract::{Body, Id};
use crate::person::Somebody;

/// The holds that a person may know of.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HoldList {
    holds: Vec<HoldRow>,
}

/// A span of a camera that expiry spares.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HoldRow {
    id: Uuid,
    camera: Uuid,
    from_us: i64,
    to_us: i64,
    reason: String,
    /// Who placed it, as they are shown; nobody, if they are here no more.
    by: Option<String>,
    made_us: i64,
}

/// A hold to be placed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HoldWrite {
    camera: Uuid,
    from_us: i64,
    to_us: i64,
    reason: String,
}

/// Lists the holds on cameras from which this person may take footage.
#[utoipa::path(get, path = "/holds", tag = "holds", responses((status = 200, body = HoldList)))]
pub(crate) async fn holds(
    Given(state): Given<State>,
    Somebody(person): Somebody,
) -> Result<Json<HoldList>, Refusal> {
    let (rights, now) = (state.catalog.rights(person.user.id), state.now());
    let may = |hold: &Hold| {
        let rights = rights.as_ref();
        rights.is_some_and(|rights| access::lists(rights, hold.camera, Action::Export, now))
    };
    let active = state.holds.active().await?;
    Ok(Json(HoldList {
        holds: active.iter().filter(|hold| may(hold)).map(|hold| row(&state, hold)).collect(),
    }))
}

/// Places a hold.
#[utoipa::path(post, path = "/holds", tag = "holds", request_body = HoldWrite,
    responses((status = 201, body = HoldRow), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm), (status = 404, body = ErrorForm)))]
pub(crate) async fn place_hold(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Body(body): Body<HoldWrite>,
) -> Result<(StatusCode, Json<HoldRow>), Refusal> {
    let placing = state.placing.lock().await;
    let asked = CameraId(body.camera);
    let camera = deed::camera(&state, &person, asked, Action::Export, Act::Hold).await?;
    let span = span(body.from_us, body.to_us)?;
    let (reason, made_by) = (body.reason, person.user.id);
    let streams = camera.recorded_streams().collect();
    let hold = NewHold { camera: camera.id, streams, span, reason, made_by };
    let hold = state.holds.place(hold, state.now()).await?;
    drop(placing);
    // Who is told that it is held may rely on it: the store makes room each second.
    state.recorder.apply_holds().await?;
    let deed = Deed::by(&state, &person, Act::Hold).with(&camera).because(&hold.reason);
    let deed = deed.detail("from", span.start()).detail("to", span.end());
    deed.detail("hold", hold.id).detail("change", "placed").done(&state).await?;
    tracing::info!(user = person.user.name, camera = camera.number, hold = %hold.id, "placed a hold");
    Ok((StatusCode::CREATED, Json(row(&state, &hold))))
}

/// Releases a hold.
#[utoipa::path(delete, path = "/holds/{id}", tag = "holds", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 403, body = ErrorForm), (status = 404, body = ErrorForm)))]
pub(crate) async fn release_hold(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, Refusal> {
    let hold = state.holds.find(HoldId(id)).await?;
    let camera = deed::camera(&state, &person, hold.camera, Action::Export, Act::Hold).await;
    // A hold on a camera that may not be seen is no more there than the camera.
    let camera = camera.map_err(|refusal| match refusal.code() {
        "not_found" => Refusal::not_found("hold"),
        _ => refusal,
    })?;
    state.holds.release(hold.id, state.now()).await?;
    state.recorder.nudge();
    let deed = Deed::by(&state, &person, Act::Hold).with(&camera).because(&hold.reason);
    deed.detail("hold", hold.id).detail("change", "released").done(&state).await?;
    tracing::info!(user = person.user.name, hold = %hold.id, "released a hold");
    Ok(StatusCode::NO_CONTENT)
}

fn row(state: &State, hold: &Hold) -> HoldRow {
    HoldRow {
        id: hold.id.0,
        camera: hold.camera.0,
        from_us: hold.span.start().0,
        to_us: hold.span.end().0,
        reason: hold.reason.clone(),
        by: state.catalog.user(hold.made_by).map(|user| user.display_name),
        made_us: hold.made_at.0,
    }
}
