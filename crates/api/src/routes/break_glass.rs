//! The envelope for emergencies: opening it, and looking into that afterwards.
//!
//! Whoever opens it is an administrator for some hours, by an account that has
//! nothing of its own: no password, no phone, no passkey, no token outlives them. Like
//! any administrator they hold no video.

use audit::Act;
use axum::Json;
use axum::extract::State as Given;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use base::EnvelopeId;
use catalog::{Role, UserChange};
use serde::{Deserialize, Serialize};
use signin::{Envelope, Way};
use utoipa::ToSchema;
use uuid::Uuid;

use super::session;
use crate::access;
use crate::app::State;
use crate::deed::Deed;
use crate::error::{ErrorForm, Kind, Refusal};
use crate::extract::{Body, Id};
use crate::person::{self, Address, Confirmed, Person, Somebody, device};

/// What stands in the envelope, and why it is opened.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnvelopeOpening {
    secret: String,
    /// In one's own words; it stands in the audit and is shown to administrators.
    reason: String,
}

/// Whether there is an envelope, and those that were opened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Envelopes {
    /// Since when one lies sealed; null where there is none.
    sealed_us: Option<i64>,
    /// The latest first.
    opened: Vec<OpenedEnvelopeRow>,
}

/// An envelope that was opened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OpenedEnvelopeRow {
    id: Uuid,
    opened_us: i64,
    /// When what it opened ends, whatever happens.
    ends_us: i64,
    /// Where it was opened.
    address: String,
    reason: String,
    reviewed: Option<EnvelopeReviewRow>,
}

/// Who looked into it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EnvelopeReviewRow {
    at_us: i64,
    /// Their name; null where they are not here any more.
    by: Option<String>,
    note: String,
}

/// What came of looking into it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnvelopeReview {
    note: String,
}

/// Opens the envelope for emergencies, which is spent by that: signs in as an
/// administrator for some hours, and tells every other one.
#[utoipa::path(post, path = "/session/break-glass", tag = "session",
    request_body = EnvelopeOpening,
    responses((status = 200, body = session::Session),
        (status = 401, body = ErrorForm, description = "`wrong_sign_in`"),
        (status = 429, body = ErrorForm, description = "`locked_out`, with `retry_after_s`")))]
pub(crate) async fn open_envelope(
    Given(state): Given<State>,
    Address(address): Address,
    uri: Uri,
    headers: HeaderMap,
    Body(EnvelopeOpening { secret, reason }): Body<EnvelopeOpening>,
) -> Result<Response, Refusal> {
    person::same_origin(&headers, &uri)?;
    let reason = text("reason", &reason)?;
    let (device, now) = (device(&headers, address), state.now());
    let refused = async |error: signin::Error| {
        tracing::warn!(%address, %error, "an envelope was not opened");
        Deed::new(now, Act::BreakGlass, Some(address)).refused(&state, error.into()).await
    };
    let envelope = match state.sign_ins.find_envelope(&secret, device, now).await {
        Ok(envelope) => envelope,
        Err(error) => return Err(refused(error).await),
    };
    // All that can fail comes before it is spent: it is meant for a day on which things
    // fail. Whoever made the account less than that meanwhile did not mean emergencies.
    let user = match state.catalog.user(envelope.user) {
        Some(user) if user.role == Role::Administrator => user,
        Some(user) => {
            let change = UserChange { role: Some(Role::Administrator), ..UserChange::default() };
            state.catalog.change_user(user.id, change).await?
        }
        None => return Err(Refusal::broken("the account of the envelope is not there any more")),
    };
    let before = person::find(&headers, address, &state).await?;
    let deed = Deed::of(now, &user, None, Some(address), Act::BreakGlass).because(&reason);
    deed.detail("change", "opened").done(&state).await?;
    let opened = match state.sign_ins.open_envelope(&envelope, &reason, device, now).await {
        Ok(opened) => opened,
        Err(error) => return Err(refused(error).await),
    };
    if let Some(before) = before {
        state.sign_ins.sign_out(before.sign_in.id).await?;
    }
    tracing::error!(%address, "the envelope for emergencies was opened");
    session::signed_in(&state, &user, address, opened, None).await
}

/// Tells whether an envelope lies sealed, and which were opened.
#[utoipa::path(get, path = "/break-glass", tag = "people",
    responses((status = 200, body = Envelopes), (status = 403, body = ErrorForm)))]
pub(crate) async fn envelopes(
    Given(state): Given<State>,
    Somebody(person): Somebody,
) -> Result<Json<Envelopes>, Refusal> {
    admit(&state, &person).await?;
    let all = state.sign_ins.envelopes().await?;
    let sealed = all.iter().find(|envelope| envelope.opened.is_none());
    let sealed_us = sealed.map(|envelope| envelope.sealed.0);
    let opened = all.iter().filter_map(|envelope| row(&state, envelope)).collect();
    Ok(Json(Envelopes { sealed_us, opened }))
}

/// Says that one looked into the opening of an envelope, and what came of it.
#[utoipa::path(post, path = "/break-glass/{id}/review", tag = "people",
    params(("id" = Uuid, Path)), request_body = EnvelopeReview,
    responses((status = 204), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm, description = "`forbidden`, `confirm_it_is_you`"),
        (status = 404, body = ErrorForm)))]
pub(crate) async fn review_envelope(
    Given(state): Given<State>,
    Confirmed(person): Confirmed,
    Id(id): Id<Uuid>,
    Body(EnvelopeReview { note }): Body<EnvelopeReview>,
) -> Result<StatusCode, Refusal> {
    admit(&state, &person).await?;
    if person.sign_in.way == Way::Sealed {
        let words = "whoever opened an envelope does not review it; another administrator can";
        let deed = Deed::by(&state, &person, Act::BreakGlass).with_id("envelope", id);
        return Err(deed.refused(&state, Refusal::new(Kind::Forbidden, words)).await);
    }
    let note = text("note", &note)?;
    let (by, now) = (person.user.id, state.now());
    if !state.sign_ins.review_envelope(EnvelopeId(id), by, &note, now).await? {
        return Err(Refusal::not_found("opened envelope"));
    }
    let deed = Deed::by(&state, &person, Act::BreakGlass).with_id("envelope", id);
    deed.because(&note).detail("change", "reviewed").done(&state).await?;
    tracing::info!(user = person.user.name, "reviewed the opening of an envelope");
    Ok(StatusCode::NO_CONTENT)
}

async fn admit(state: &State, person: &Person) -> Result<(), Refusal> {
    match access::managing_people(&person.user) {
        Ok(()) => Ok(()),
        Err(refusal) => Err(Deed::by(state, person, Act::BreakGlass).refused(state, refusal).await),
    }
}

fn row(state: &State, envelope: &Envelope) -> Option<OpenedEnvelopeRow> {
    let opened = envelope.opened.as_ref()?;
    let reviewed = envelope.reviewed.as_ref().map(|reviewed| EnvelopeReviewRow {
        at_us: reviewed.at.0,
        by: state.catalog.user(reviewed.by).map(|user| user.display_name),
        note: reviewed.note.clone(),
    });
    Some(OpenedEnvelopeRow {
        id: envelope.id.0,
        opened_us: opened.at.0,
        ends_us: opened.at.plus(state.sign_ins.config().break_glass()).0,
        address: opened.address.clone(),
        reason: opened.reason.clone(),
        reviewed,
    })
}

fn text(field: &'static str, text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 300 || text.chars().any(char::is_control) {
        let words = format!("{field} has 1 to 300 characters; say why");
        return Err(Refusal::invalid(field, words));
    }
    Ok(text.to_owned())
}
