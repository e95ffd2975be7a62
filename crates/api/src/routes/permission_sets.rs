//! Sets of permissions that grants follow.

use audit::Act;
use axum::Json;
use axum::extract::State as Given;
use axum::http::StatusCode;
use base::PermissionSetId;
use catalog::{NewPermissionSet, PermissionSet};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::grants::Action;
use crate::access;
use crate::app::State;
use crate::deed::Deed;
use crate::error::{ErrorForm, Refusal};
use crate::extract::{Body, Id};
use crate::person::{Person, Somebody};

/// All sets, by name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PermissionSetList {
    permission_sets: Vec<PermissionSetRow>,
}

/// A set.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PermissionSetRow {
    id: Uuid,
    set: PermissionSetForm,
    /// How many grants follow it.
    grants: usize,
}

/// What a set says.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PermissionSetForm {
    name: String,
    name_en: Option<String>,
    actions: Vec<Action>,
    /// Who steers where several want to: the higher, 1 to 9; 5 if not said.
    ptz_priority: Option<u8>,
    /// The finest picture, in lines; any, if not said.
    most_lines: Option<u16>,
    /// How many days back; all there is, if not said.
    playback_days: Option<u16>,
}

/// Lists the sets.
#[utoipa::path(get, path = "/permission-sets", tag = "grants",
    responses((status = 200, body = PermissionSetList), (status = 403, body = ErrorForm)))]
pub(crate) async fn permission_sets(
    Given(state): Given<State>,
    Somebody(person): Somebody,
) -> Result<Json<PermissionSetList>, Refusal> {
    admit(&state, &person).await?;
    let tables = state.catalog.tables();
    let mut sets: Vec<_> = tables.permission_sets.values().map(|set| row(&state, set)).collect();
    sets.sort_by(|a, b| a.set.name.cmp(&b.set.name));
    Ok(Json(PermissionSetList { permission_sets: sets }))
}

/// Adds a set.
#[utoipa::path(post, path = "/permission-sets", tag = "grants", request_body = PermissionSetForm,
    responses((status = 201, body = PermissionSetRow), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm), (status = 409, body = ErrorForm)))]
pub(crate) async fn add_permission_set(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Body(body): Body<PermissionSetForm>,
) -> Result<(StatusCode, Json<PermissionSetRow>), Refusal> {
    admit(&state, &person).await?;
    person.is_confirmed(&state)?;
    let added = state.catalog.add_permission_set(body.into()).await?;
    note(&state, &person, &added, "added").await?;
    Ok((StatusCode::CREATED, Json(row(&state, &added))))
}

/// Says what a set is to be; what was given by it follows, and what of it names the
/// defence class waits anew for a second person.
#[utoipa::path(put, path = "/permission-sets/{id}", tag = "grants", params(("id" = Uuid, Path)),
    request_body = PermissionSetForm,
    responses((status = 200, body = PermissionSetRow), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm), (status = 404, body = ErrorForm),
        (status = 409, body = ErrorForm)))]
pub(crate) async fn change_permission_set(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
    Body(body): Body<PermissionSetForm>,
) -> Result<Json<PermissionSetRow>, Refusal> {
    admit(&state, &person).await?;
    person.is_confirmed(&state)?;
    let id = PermissionSetId(id);
    let changed = state.catalog.change_permission_set(id, body.into()).await?;
    note(&state, &person, &changed, "changed").await?;
    Ok(Json(row(&state, &changed)))
}

/// Removes a set that no grant follows.
#[utoipa::path(delete, path = "/permission-sets/{id}", tag = "grants",
    params(("id" = Uuid, Path)),
    responses((status = 204), (status = 403, body = ErrorForm), (status = 404, body = ErrorForm),
        (status = 409, body = ErrorForm, description = "`in_use`")))]
pub(crate) async fn remove_permission_set(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, Refusal> {
    admit(&state, &person).await?;
    person.is_confirmed(&state)?;
    let removed = state.catalog.remove_permission_set(PermissionSetId(id)).await?;
    note(&state, &person, &removed, "removed").await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn admit(state: &State, person: &Person) -> Result<(), Refusal> {
    match access::granting(&person.user) {
        Ok(()) => Ok(()),
        Err(refusal) => {
            Err(Deed::by(state, person, Act::PermissionSet).refused(state, refusal).await)
        }
    }
}

async fn note(
    state: &State,
    person: &Person,
    set: &PermissionSet,
    change: &'static str,
) -> Result<(), Refusal> {
    let deed = Deed::by(state, person, Act::PermissionSet);
    let deed = deed.with_named("permission_set", set.id.0, &set.name);
    deed.detail("change", change).detail("actions", set.actions.words()).done(state).await
}

fn row(state: &State, set: &PermissionSet) -> PermissionSetRow {
    let tables = state.catalog.tables();
    let follow = tables.grants.values();
    PermissionSetRow {
        id: set.id.0,
        set: PermissionSetForm {
            name: set.name.clone(),
            name_en: set.name_en.clone(),
            actions: set.actions.iter().map(Action::from).collect(),
            ptz_priority: Some(set.ptz_priority),
            most_lines: set.most_lines,
            playback_days: set.playback_days,
        },
        grants: follow.filter(|grant| grant.terms.permission_set == Some(set.id)).count(),
    }
}

impl From<PermissionSetForm> for NewPermissionSet {
    fn from(form: PermissionSetForm) -> Self {
        Self {
            name: form.name,
            name_en: form.name_en,
            actions: form.actions.into_iter().map(catalog::Action::from).collect(),
            ptz_priority: form.ptz_priority.unwrap_or(5),
            most_lines: form.most_lines,
            playback_days: form.playback_days,
        }
    }
}
