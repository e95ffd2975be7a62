//! Cameras opened in an emergency by whoever may, for minutes; and what somebody else
//! says to it.
//!
//! > Nobody who has one that should have been reviewed by now opens another.

use std::collections::BTreeSet;
use std::time::Duration;

use audit::Act;
use axum::Json;
use axum::extract::State as Given;
use axum::http::StatusCode;
use base::{CameraId, GrantId};
use casework::{Emergency, Review};
use catalog::{Action, Class, Scope, Subject, Terms};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::purpose;
use crate::access;
use crate::app::State;
use crate::deed::{self, Deed};
use crate::error::{ErrorForm, Kind, Refusal};
use crate::extract::{Body, Id};
use crate::person::{Person, Somebody};

/// The most cameras that are opened at once.
const MOST: usize = 64;

/// Emergencies, the newest first: one's own, and to administrators all.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EmergencyList {
    emergencies: Vec<EmergencyRow>,
}

/// What somebody opened in an emergency.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EmergencyRow {
    /// That of the grant by which the cameras are open.
    id: Uuid,
    by: Option<String>,
    /// Whether that is whoever reads this.
    own: bool,
    /// Those that whoever reads this may see.
    cameras: Vec<Uuid>,
    reason: String,
    at_us: i64,
    until_us: i64,
    /// By when somebody else is to review it.
    due_us: i64,
    /// What they said, if they did.
    review: Option<ReviewRow>,
    /// Whether whoever reads this may review it.
    may_review: bool,
}

/// What somebody said to it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReviewRow {
    by: Option<String>,
    at_us: i64,
    justified: bool,
    note: String,
}

/// What is to be opened.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmergencyAsked {
    /// 1 to 64.
    cameras: BTreeSet<Uuid>,
    /// What happened.
    reason: String,
}

/// What is said to it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReviewWrite {
    justified: bool,
    note: String,
}

/// Lists emergencies.
#[utoipa::path(get, path = "/emergencies", tag = "approvals",
    responses((status = 200, body = EmergencyList)))]
pub(crate) async fn emergencies(
    Given(state): Given<State>,
    Somebody(person): Somebody,
) -> Result<Json<EmergencyList>, Refusal> {
    let latest = state.emergencies.latest().await?;
    let concerns = |one: &&Emergency| one.by == person.user.id || reviews(&person).is_ok();
    let emergencies = latest.iter().filter(concerns).map(|one| row(&state, &person, one));
    Ok(Json(EmergencyList { emergencies: emergencies.collect() }))
}

/// Opens cameras for oneself, for as many minutes as the rules say: whoever was given
/// `override` with each of them may.
#[utoipa::path(post, path = "/emergencies", tag = "approvals", request_body = EmergencyAsked,
    responses((status = 201, body = EmergencyRow), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm, description = "`forbidden`, `review_due`"),
        (status = 404, body = ErrorForm)))]
pub(crate) async fn open_in_emergency(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Body(body): Body<EmergencyAsked>,
) -> Result<(StatusCode, Json<EmergencyRow>), Refusal> {
    if !(1..=MOST).contains(&body.cameras.len()) {
        let words = format!("name 1 to {MOST} cameras");
        return Err(Refusal::invalid("cameras", words));
    }
    let mut cameras = Vec::new();
    for &id in &body.cameras {
        let camera = CameraId(id);
        let camera = deed::camera(&state, &person, camera, Action::Override, Act::Emergency);
        cameras.push(camera.await?);
    }
    let (by, now) = (person.user.id, state.now());
    let reason = purpose(&body.reason).map_err(|refusal| refusal.about("reason"))?;
    if state.emergencies.is_overdue(by, now).await? {
        let words = "an emergency of yours is still to be reviewed; have that done first";
        let deed = Deed::by(&state, &person, Act::Emergency).with(&cameras[0]);
        return Err(deed.refused(&state, Refusal::new(Kind::ReviewDue, words)).await);
    }
    if let Some(guarded) = cameras.iter().find(|camera| camera.class == Class::Defence) {
        let words = "cameras of the defence class are not opened in an emergency";
        let deed = Deed::by(&state, &person, Act::Emergency).with(guarded);
        return Err(deed.refused(&state, Refusal::new(Kind::Forbidden, words)).await);
    }
    let rules = state.catalog.tables().policy(now).terms;
    let until = now.plus(Duration::from_secs(u64::from(rules.emergency_minutes) * 60));
    let due = now.plus(Duration::from_secs(u64::from(rules.review_hours) * 3600));
    let ids: BTreeSet<_> = cameras.iter().map(|camera| camera.id).collect();
    let terms = Terms {
        scope: Scope::Cameras(ids.clone()),
        actions: Action::EMERGENCY.into_iter().collect(),
        ptz_priority: 9,
        until: Some(until),
        basis: reason.chars().take(200).collect(),
        ..Terms::usual(Subject::User(by))
    };
    // Said before anything is open, camera by camera: it must not go unlogged.
    for camera in &cameras {
        let deed = Deed::by(&state, &person, Act::Emergency).with(camera).because(&reason);
        let deed = deed.allowed(&state.catalog, &person.user, camera.id, Action::Override, now);
        deed.detail("change", "opened").detail("until", until).done(&state).await?;
    }
    let grant = state.catalog.take_in_emergency(terms, now).await?.id;
    let opened = Emergency { grant, by, cameras: ids, reason, at: now, until, due, review: None };
    if let Err(error) = state.emergencies.note(&opened).await {
        // What nobody would review stays closed.
        state.catalog.revoke(grant).await?;
        return Err(error.into());
    }
    tracing::warn!(user = person.user.name, cameras = cameras.len(), %until, "opened in an emergency");
    Ok((StatusCode::CREATED, Json(row(&state, &person, &opened))))
}

/// Reviews what somebody else opened.
#[utoipa::path(post, path = "/emergencies/{id}/review", tag = "approvals",
    params(("id" = Uuid, Path)), request_body = ReviewWrite,
    responses((status = 200, body = EmergencyRow), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm), (status = 404, body = ErrorForm),
        (status = 409, body = ErrorForm, description = "`taken`: it is one's own, or reviewed")))]
pub(crate) async fn review_emergency(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
    Body(body): Body<ReviewWrite>,
) -> Result<Json<EmergencyRow>, Refusal> {
    let deed = Deed::by(&state, &person, Act::Emergency).with_id("emergency", id);
    if let Err(refusal) = reviews(&person) {
        return Err(deed.refused(&state, refusal).await);
    }
    let ReviewWrite { justified, note } = body;
    let review = Review { by: person.user.id, at: state.now(), justified, note };
    let reviewed = state.emergencies.review(GrantId(id), review).await?;
    let words = reviewed.review.as_ref().map(|review| review.note.as_str()).unwrap_or_default();
    let deed = deed.detail("change", "reviewed").detail("justified", justified).because(words);
    deed.done(&state).await?;
    Ok(Json(row(&state, &person, &reviewed)))
}

/// Refuses whoever does not review what others opened.
fn reviews(person: &Person) -> Result<(), Refusal> {
    match person.user.role {
        catalog::Role::Administrator => Ok(()),
        catalog::Role::Operator | catalog::Role::Auditor => {
            Err(Refusal::new(Kind::Forbidden, "emergencies are reviewed by administrators"))
        }
    }
}

fn row(state: &State, person: &Person, one: &Emergency) -> EmergencyRow {
    let named = |id| state.catalog.user(id).map(|user| user.display_name);
    let (rights, now) = (state.catalog.rights(person.user.id), state.now());
    let sees = |camera: &&CameraId| {
        let rights = rights.as_ref();
        rights.is_some_and(|rights| access::lists(rights, **camera, Action::See, now))
    };
    let own = one.by == person.user.id;
    EmergencyRow {
        id: one.grant.0,
        by: named(one.by),
        own,
        cameras: one.cameras.iter().filter(sees).map(|camera| camera.0).collect(),
        reason: one.reason.clone(),
        at_us: one.at.0,
        until_us: one.until.0,
        due_us: one.due.0,
        review: one.review.as_ref().map(|review| ReviewRow {
            by: named(review.by),
            at_us: review.at.0,
            justified: review.justified,
            note: review.note.clone(),
        }),
        may_review: !own && one.review.is_none() && reviews(person).is_ok(),
    }
}
