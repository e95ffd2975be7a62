//! Written requests for footage by other agencies: registered, decided by whoever may
//! share the cameras, handed over with a hash, received.

use std::collections::BTreeSet;

use audit::Act;
use axum::Json;
use axum::extract::State as Given;
use axum::http::StatusCode;
use base::{CameraId, DataRequestId, Span};
use casework::{DataRequest, Decided, HandedCopy, Letter};
use catalog::Action;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{moment, span};
use crate::access;
use crate::app::State;
use crate::deed::{self, Deed};
use crate::error::{ErrorForm, Kind, Refusal};
use crate::exports::Held;
use crate::extract::{Body, Id};
use crate::person::{Person, Somebody};

/// The requests that concern somebody, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DataRequestList {
    data_requests: Vec<DataRequestRow>,
}

/// A request.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DataRequestRow {
    id: Uuid,
    letter: LetterForm,
    /// `registered`, `approved`, `refused`, `handed_over` or `received`.
    state: &'static str,
    registered_by: Option<String>,
    registered_us: i64,
    /// By when it is to be answered.
    due_us: i64,
    /// Whether it should have been by now.
    late: bool,
    decided_by: Option<String>,
    decided_us: Option<i64>,
    /// What was said: where it is refused, why.
    note: Option<String>,
    copies: Vec<CopyRow>,
    received_us: Option<i64>,
    received_by: Option<String>,
    /// Whether whoever reads this may decide it.
    may_decide: bool,
}

/// What the letter says.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LetterForm {
    /// Its number.
    number: String,
    /// The day it bears.
    dated_us: i64,
    /// Who asks.
    agency: String,
    /// On what law.
    legal_basis: String,
    /// What for.
    purpose: String,
    /// Of which cameras.
    cameras: BTreeSet<Uuid>,
    from_us: i64,
    to_us: i64,
}

/// A request that came in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DataRequestWrite {
    letter: LetterForm,
    /// By when it is to be answered.
    due_us: i64,
}

/// A copy that was handed over.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CopyRow {
    camera: Uuid,
    from_us: i64,
    to_us: i64,
    sha256: String,
    size_bytes: u64,
    by: Option<String>,
    at_us: i64,
}

/// How it is decided.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DataRequestDecision {
    approved: bool,
    /// Where it is refused, why.
    #[serde(default)]
    note: String,
}

/// Who has it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DataRequestReceipt {
    /// The person of the agency that asked.
    received_by: String,
}

/// Lists the requests about cameras from all of which somebody may take footage, or
/// that they may share.
#[utoipa::path(get, path = "/data-requests", tag = "data requests",
    responses((status = 200, body = DataRequestList)))]
pub(crate) async fn data_requests(
    Given(state): Given<State>,
    Somebody(person): Somebody,
) -> Result<Json<DataRequestList>, Refusal> {
    let latest = state.data_requests.latest().await?;
    let concerning = latest.iter().filter(|one| concerns(&state, &person, one));
    let rows = concerning.map(|one| row(&state, &person, one)).collect();
    Ok(Json(DataRequestList { data_requests: rows }))
}

/// Registers a request that came in by letter: whoever may take footage from each of
/// its cameras.
#[utoipa::path(post, path = "/data-requests", tag = "data requests",
    request_body = DataRequestWrite,
    responses((status = 201, body = DataRequestRow), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm), (status = 404, body = ErrorForm)))]
pub(crate) async fn register_data_request(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Body(body): Body<DataRequestWrite>,
) -> Result<(StatusCode, Json<DataRequestRow>), Refusal> {
    let DataRequestWrite { letter, due_us } = body;
    for &id in letter.cameras.iter().take(MOST_ASKED) {
        deed::camera(&state, &person, CameraId(id), Action::Export, Act::DataRequest).await?;
    }
    let letter = Letter {
        dated: moment("dated_us", letter.dated_us)?,
        span: span(letter.from_us, letter.to_us)?,
        number: letter.number,
        agency: letter.agency,
        legal_basis: letter.legal_basis,
        purpose: letter.purpose,
        cameras: letter.cameras.into_iter().map(CameraId).collect(),
    };
    let (due, now) = (moment("due_us", due_us)?, state.now());
    let registered = state.data_requests.register(letter, due, person.user.id, now).await?;
    note(&state, &person, &registered, "registered").await?;
    Ok((StatusCode::CREATED, Json(row(&state, &person, &registered))))
}

/// Decides a request: whoever may share each of its cameras, and did not register it.
#[utoipa::path(post, path = "/data-requests/{id}/decision", tag = "data requests",
    params(("id" = Uuid, Path)), request_body = DataRequestDecision,
    responses((status = 200, body = DataRequestRow), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm), (status = 404, body = ErrorForm),
        (status = 409, body = ErrorForm, description = "`taken`: it is decided")))]
pub(crate) async fn decide_data_request(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
    Body(body): Body<DataRequestDecision>,
) -> Result<Json<DataRequestRow>, Refusal> {
    let request = find(&state, &person, id).await?;
    if !may_decide(&state, &person, &request) {
        let words = "requests are decided by whoever may share each camera, and not by whoever \
                     registered them";
        let deed = Deed::by(&state, &person, Act::DataRequest).with_id("data_request", id);
        return Err(deed.refused(&state, Refusal::new(Kind::Forbidden, words)).await);
    }
    person.is_confirmed(&state)?;
    let DataRequestDecision { approved, note: said } = body;
    let decided = Decided { by: person.user.id, at: state.now(), approved, note: said };
    let decided = state.data_requests.decide(request.id, decided).await?;
    let change = if approved { "approved" } else { "refused" };
    note(&state, &person, &decided, change).await?;
    Ok(Json(row(&state, &person, &decided)))
}

/// Notes that whoever asked has what was handed over.
#[utoipa::path(post, path = "/data-requests/{id}/receipt", tag = "data requests",
    params(("id" = Uuid, Path)), request_body = DataRequestReceipt,
    responses((status = 200, body = DataRequestRow), (status = 400, body = ErrorForm),
        (status = 404, body = ErrorForm),
        (status = 409, body = ErrorForm, description = "`taken`: nothing was handed over")))]
pub(crate) async fn receive_data_request(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
    Body(body): Body<DataRequestReceipt>,
) -> Result<Json<DataRequestRow>, Refusal> {
    let request = find(&state, &person, id).await?;
    let received = state.data_requests.receive(request.id, &body.received_by, state.now()).await?;
    note(&state, &person, &received, "received").await?;
    Ok(Json(row(&state, &person, &received)))
}

/// The most cameras that are looked at before the room refuses too many.
const MOST_ASKED: usize = 200;

/// Refuses a copy of what no approved request asks for.
pub(super) async fn covers(
    state: &State,
    id: DataRequestId,
    camera: CameraId,
    span: Span,
) -> Result<(), Refusal> {
    let request = state.data_requests.find(id).await?;
    if request.covers(camera, span) {
        return Ok(());
    }
    let words = "the request is not approved, or does not ask for this camera and span";
    Err(Refusal::invalid("data_request", words))
}

/// Notes a copy that was made for a request.
pub(super) async fn handed_over(
    state: &State,
    person: &Person,
    id: DataRequestId,
    held: &Held,
    sha256: String,
) -> Result<(), Refusal> {
    let copy = HandedCopy {
        camera: held.camera,
        span: held.export.span,
        sha256,
        size_bytes: held.size_bytes,
        by: person.user.id,
        at: state.now(),
    };
    state.data_requests.hand_over(id, &copy).await?;
    let deed = Deed::by(state, person, Act::DataRequest).with_id("data_request", id.0);
    let deed = deed.detail("change", "handed over").detail("camera", held.camera);
    deed.detail("export", held.id).detail("sha256", copy.sha256).done(state).await
}

async fn note(
    state: &State,
    person: &Person,
    one: &DataRequest,
    change: &'static str,
) -> Result<(), Refusal> {
    let letter = &one.letter;
    let deed = Deed::by(state, person, Act::DataRequest);
    let deed = deed.with_named("data_request", one.id.0, &letter.number).because(&letter.purpose);
    let deed = deed.detail("change", change).detail("agency", &letter.agency);
    let deed = deed.detail("legal_basis", &letter.legal_basis).detail("due", one.due);
    let deed = deed.detail("from", letter.span.start()).detail("to", letter.span.end());
    deed.done(state).await
}

/// Returns whether a person may do this with each camera of a request.
fn may_with_all(state: &State, person: &Person, one: &DataRequest, action: Action) -> bool {
    let (rights, now) = (state.catalog.rights(person.user.id), state.now());
    let mut cameras = one.letter.cameras.iter();
    rights.is_some_and(|rights| cameras.all(|&camera| access::lists(&rights, camera, action, now)))
}

fn concerns(state: &State, person: &Person, one: &DataRequest) -> bool {
    let may = |action| may_with_all(state, person, one, action);
    may(Action::Export) || may(Action::Share)
}

fn may_decide(state: &State, person: &Person, one: &DataRequest) -> bool {
    one.registered_by != person.user.id && may_with_all(state, person, one, Action::Share)
}

async fn find(state: &State, person: &Person, id: Uuid) -> Result<DataRequest, Refusal> {
    let request = state.data_requests.find(DataRequestId(id)).await?;
    match concerns(state, person, &request) {
        true => Ok(request),
        false => Err(Refusal::not_found("request")),
    }
}

fn row(state: &State, person: &Person, one: &DataRequest) -> DataRequestRow {
    let named = |id| state.catalog.user(id).map(|user| user.display_name);
    let (letter, decision) = (&one.letter, one.decision.as_ref());
    let copies = one.copies.iter().map(|copy| CopyRow {
        camera: copy.camera.0,
        from_us: copy.span.start().0,
        to_us: copy.span.end().0,
        sha256: copy.sha256.clone(),
        size_bytes: copy.size_bytes,
        by: named(copy.by),
        at_us: copy.at.0,
    });
    DataRequestRow {
        id: one.id.0,
        letter: LetterForm {
            number: letter.number.clone(),
            dated_us: letter.dated.0,
            agency: letter.agency.clone(),
            legal_basis: letter.legal_basis.clone(),
            purpose: letter.purpose.clone(),
            cameras: letter.cameras.iter().map(|camera| camera.0).collect(),
            from_us: letter.span.start().0,
            to_us: letter.span.end().0,
        },
        state: one.standing().as_str(),
        registered_by: named(one.registered_by),
        registered_us: one.registered_at.0,
        due_us: one.due.0,
        late: one.is_late(state.now()),
        decided_by: decision.and_then(|decision| named(decision.by)),
        decided_us: decision.map(|decision| decision.at.0),
        note: decision.map(|decision| decision.note.clone()).filter(|note| !note.is_empty()),
        copies: copies.collect(),
        received_us: one.received.as_ref().map(|(at, _)| at.0),
        received_by: one.received.as_ref().map(|(_, by)| by.clone()),
        may_decide: decision.is_none() && may_decide(state, person, one),
    }
}
