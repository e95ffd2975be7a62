//! Exports that wait for a second person: asked for, listed, answered.
//!
//! Who may answer is another person who may take the same out themselves.

use audit::Act;
use axum::Json;
use axum::extract::State as Given;
use axum::http::StatusCode;
use base::{ApprovalId, CameraId, Span, WallTime};
use casework::{Answer, Approval, Wish};
use catalog::{Action, Camera, Rights};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{purpose, span};
use crate::access;
use crate::app::State;
use crate::deed::{self, Deed};
use crate::error::{ErrorForm, Kind, Refusal};
use crate::extract::{Body, Id};
use crate::person::{Person, Somebody};

/// The wishes that concern somebody, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApprovalList {
    approvals: Vec<ApprovalRow>,
}

/// A wish to take footage out.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApprovalRow {
    id: Uuid,
    /// Who asks.
    by: Option<String>,
    /// Whether that is whoever reads this.
    own: bool,
    camera: Uuid,
    from_us: i64,
    to_us: i64,
    sound: bool,
    purpose: String,
    case: Option<String>,
    asked_us: i64,
    /// `waiting`, `approved`, `refused` or `over`.
    state: &'static str,
    /// Who answered.
    answered_by: Option<String>,
    /// What they said.
    note: Option<String>,
    /// Until when it may be taken out.
    until_us: Option<i64>,
    /// Whether whoever reads this may answer.
    may_answer: bool,
}

/// What somebody wants to take out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApprovalAsked {
    camera: Uuid,
    from_us: i64,
    to_us: i64,
    /// Whether with its sound; not if not said.
    #[serde(default)]
    sound: bool,
    purpose: String,
    case: Option<String>,
}

/// What is said to it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApprovalAnswer {
    approved: bool,
    /// Why not, or whatever is to be said.
    #[serde(default)]
    note: String,
}

/// Lists what somebody asked for, and what they may answer.
#[utoipa::path(get, path = "/approvals", tag = "approvals",
    responses((status = 200, body = ApprovalList)))]
pub(crate) async fn approvals(
    Given(state): Given<State>,
    Somebody(person): Somebody,
) -> Result<Json<ApprovalList>, Refusal> {
    let latest = state.approvals.latest().await?;
    let rows = latest.iter().filter_map(|one| row(&state, &person, one)).collect();
    Ok(Json(ApprovalList { approvals: rows }))
}

/// Asks a second person for an export.
#[utoipa::path(post, path = "/approvals", tag = "approvals", request_body = ApprovalAsked,
    responses((status = 201, body = ApprovalRow), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm), (status = 404, body = ErrorForm)))]
pub(crate) async fn ask_approval(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Body(body): Body<ApprovalAsked>,
) -> Result<(StatusCode, Json<ApprovalRow>), Refusal> {
    let asked = CameraId(body.camera);
    let camera = deed::camera(&state, &person, asked, Action::Export, Act::Approval).await?;
    let span = span(body.from_us, body.to_us)?;
    let purpose = purpose(&body.purpose)?;
    let (by, sound) = (person.user.id, body.sound);
    let deed = Deed::by(&state, &person, Act::Approval).with(&camera).because(&purpose);
    let case = deed::case_of_export(&state, deed, sound, body.case.as_deref()).await?;
    let wish = Wish { by, camera: camera.id, span, sound, purpose, case };
    let asked = state.approvals.ask(wish, state.now()).await?;
    note(&state, &person, &camera, &asked, "asked").await?;
    let row = row(&state, &person, &asked).ok_or_else(absent)?;
    Ok((StatusCode::CREATED, Json(row)))
}

/// Answers somebody else's wish.
#[utoipa::path(post, path = "/approvals/{id}/answer", tag = "approvals",
    params(("id" = Uuid, Path)), request_body = ApprovalAnswer,
    responses((status = 200, body = ApprovalRow), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm, description = "`confirm_it_is_you`"),
        (status = 404, body = ErrorForm),
        (status = 409, body = ErrorForm, description = "`taken`: it is one's own, or answered")))]
pub(crate) async fn answer_approval(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
    Body(body): Body<ApprovalAnswer>,
) -> Result<Json<ApprovalRow>, Refusal> {
    let asked = state.approvals.find(ApprovalId(id)).await?;
    // One of a camera that may not be seen is no more there than the camera.
    row(&state, &person, &asked).ok_or_else(absent)?;
    let camera = asked.wish.camera;
    let camera = deed::camera(&state, &person, camera, Action::Export, Act::Approval).await?;
    person.is_confirmed(&state)?;
    let now = state.now();
    let policy = state.catalog.tables().policy(now);
    let holds = std::time::Duration::from_secs(u64::from(policy.terms.approval_hours) * 3600);
    let until = body.approved.then(|| now.plus(holds));
    let answer = Answer { by: person.user.id, at: now, until, note: body.note };
    let answered = state.approvals.answer(asked.id, answer).await?;
    let change = if body.approved { "approved" } else { "refused" };
    note(&state, &person, &camera, &answered, change).await?;
    let row = row(&state, &person, &answered).ok_or_else(absent)?;
    Ok(Json(row))
}

/// Refuses an export that the rules let wait for a second person, without their yes.
pub(super) async fn given(
    state: &State,
    person: &Person,
    camera: &Camera,
    span: Span,
    sound: bool,
    approval: Option<ApprovalId>,
) -> Result<(), Refusal> {
    let now = state.now();
    let policy = state.catalog.tables().policy(now);
    let micros = u64::try_from(span.duration().as_micros()).unwrap_or(u64::MAX);
    if !policy.terms.asks_approval(camera.class, micros) {
        return Ok(());
    }
    let given = match approval {
        None => None,
        Some(id) => Some(state.approvals.find(id).await?),
    };
    if given.is_some_and(|given| given.covers(person.user.id, camera.id, span, sound, now)) {
        return Ok(());
    }
    let words = "the rules ask for a second person: POST /api/v1/approvals, and name the approval";
    let refusal = Refusal::new(Kind::ApprovalAsked, words).about("approval");
    let deed = Deed::by(state, person, Act::Export).with(camera);
    Err(deed.refused(state, refusal).await)
}

async fn note(
    state: &State,
    person: &Person,
    camera: &Camera,
    one: &Approval,
    change: &'static str,
) -> Result<(), Refusal> {
    let wish = &one.wish;
    let deed = Deed::by(state, person, Act::Approval).with(camera).because(&wish.purpose);
    let deed = deed.detail("change", change).detail("approval", one.id);
    let deed = deed.detail("from", wish.span.start()).detail("to", wish.span.end());
    let deed = wish.case.iter().fold(deed, |deed, case| deed.detail(deed::CASE, case));
    deed.allowed(&state.catalog, &person.user, camera.id, Action::Export, state.now())
        .done(state)
        .await
}

/// Returns a wish as somebody is shown it, if it concerns them.
fn row(state: &State, person: &Person, one: &Approval) -> Option<ApprovalRow> {
    let (now, wish) = (state.now(), &one.wish);
    let own = wish.by == person.user.id;
    let rights = state.catalog.rights(person.user.id);
    let may =
        |rights: &std::sync::Arc<Rights>| access::lists(rights, wish.camera, Action::Export, now);
    let may = rights.as_ref().is_some_and(may);
    if !may {
        return None;
    }
    let named = |id| state.catalog.user(id).map(|user| user.display_name);
    let answer = one.answer.as_ref();
    let is_over = |until: WallTime| now >= until;
    let word = match answer {
        None if one.is_stale(now) => "over",
        None => "waiting",
        Some(Answer { until: Some(until), .. }) if is_over(*until) => "over",
        Some(Answer { until: Some(_), .. }) => "approved",
        Some(_) => "refused",
    };
    Some(ApprovalRow {
        id: one.id.0,
        by: named(wish.by),
        own,
        camera: wish.camera.0,
        from_us: wish.span.start().0,
        to_us: wish.span.end().0,
        sound: wish.sound,
        purpose: wish.purpose.clone(),
        case: wish.case.clone(),
        asked_us: one.asked_at.0,
        state: word,
        answered_by: answer.and_then(|answer| named(answer.by)),
        note: answer.map(|answer| answer.note.clone()).filter(|note| !note.is_empty()),
        until_us: answer.and_then(|answer| answer.until).map(|until| until.0),
        may_answer: !own && word == "waiting",
    })
}

fn absent() -> Refusal {
    Refusal::not_found("approval")
}
