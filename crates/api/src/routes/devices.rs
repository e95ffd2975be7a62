//! Where people are signed in, and ending that from elsewhere.

use audit::Act;
use axum::Json;
use axum::extract::State as Given;
use axum::http::StatusCode;
use base::{SignInId, UserId};
use serde::Serialize;
use signin::SignedInDevice;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access;
use crate::app::State;
use crate::deed::Deed;
use crate::error::{ErrorForm, Refusal};
use crate::extract::Id;
use crate::person::{Person, Somebody};

/// Where a person is signed in, the latest seen first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceList {
    devices: Vec<DeviceRow>,
}

/// A browser that is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceRow {
    id: Uuid,
    opened_us: i64,
    /// When it was last seen, to a minute.
    seen_us: i64,
    /// Where it signed in from.
    address: String,
    /// What it calls itself (`User-Agent`).
    agent: String,
    /// Whether it is the one that asks.
    this: bool,
}

/// Lists where the person is signed in.
#[utoipa::path(get, path = "/devices", tag = "session",
    responses((status = 200, body = DeviceList)))]
pub(crate) async fn devices(
    Given(state): Given<State>,
    Somebody(person): Somebody,
) -> Result<Json<DeviceList>, Refusal> {
    list(&state, &person, person.user.id).await
}

/// Signs the person out everywhere else.
#[utoipa::path(delete, path = "/devices", tag = "session", responses((status = 204)))]
pub(crate) async fn end_other_devices(
    Given(state): Given<State>,
    Somebody(person): Somebody,
) -> Result<StatusCode, Refusal> {
    let ended = state.sign_ins.end_others(&person.sign_in).await?;
    let deed = Deed::by(&state, &person, Act::Device).with_user(&person.user);
    deed.detail("change", "others ended").detail("count", ended).done(&state).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a sign-in: one's own, or for administrators anybody's.
#[utoipa::path(delete, path = "/devices/{id}", tag = "session", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = ErrorForm)))]
pub(crate) async fn end_device(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, Refusal> {
    let id = SignInId(id);
    let absent = || Refusal::not_found("sign-in");
    let user = state.sign_ins.owner(id).await?.ok_or_else(absent)?;
    if user != person.user.id && access::managing_people(&person.user).is_err() {
        // Nobody learns by it that others are signed in.
        let deed = Deed::by(&state, &person, Act::Device).with_id("sign_in", id.0);
        return Err(deed.refused(&state, absent()).await);
    }
    if !state.sign_ins.end(user, id).await? {
        return Err(absent());
    }
    let mut deed = Deed::by(&state, &person, Act::Device).with_id("user", user.0);
    if let Some(whose) = state.catalog.user(user) {
        deed = deed.with_user(&whose);
    }
    deed.detail("change", "ended").detail("sign_in", id).done(&state).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists where another person is signed in.
#[utoipa::path(get, path = "/people/{id}/devices", tag = "people", params(("id" = Uuid, Path)),
    responses((status = 200, body = DeviceList), (status = 403, body = ErrorForm),
        (status = 404, body = ErrorForm)))]
pub(crate) async fn devices_of_person(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
) -> Result<Json<DeviceList>, Refusal> {
    if let Err(refusal) = access::managing_people(&person.user) {
        let deed = Deed::by(&state, &person, Act::Device).with_id("user", id);
        return Err(deed.refused(&state, refusal).await);
    }
    let user = state.catalog.user(UserId(id)).ok_or_else(|| Refusal::not_found("person"))?;
    list(&state, &person, user.id).await
}

async fn list(state: &State, person: &Person, of: UserId) -> Result<Json<DeviceList>, Refusal> {
    let devices = state.sign_ins.devices(of, state.now()).await?;
    let row = |device: SignedInDevice| DeviceRow {
        id: device.id.0,
        opened_us: device.opened.0,
        seen_us: device.seen.0,
        address: device.address,
        agent: device.agent,
        this: device.id == person.sign_in.id,
    };
    Ok(Json(DeviceList { devices: devices.into_iter().map(row).collect() }))
}
