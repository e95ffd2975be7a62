//! Groups of people who share their rights.

use std::collections::BTreeSet;

use audit::Act;
use axum::Json;
use axum::extract::State as Given;
use axum::http::StatusCode;
use base::{GroupId, UserId};
use catalog::Group;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access;
use crate::app::State;
use crate::deed::Deed;
use crate::error::{ErrorForm, Refusal};
use crate::extract::{Body, Id};
use crate::membership;
use crate::person::{Person, Somebody};

/// All groups, by name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GroupList {
    groups: Vec<GroupRow>,
}

/// A group.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GroupRow {
    id: Uuid,
    name: String,
    members: Vec<Uuid>,
}

/// A group to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupWrite {
    name: String,
    members: BTreeSet<Uuid>,
}

/// What of a group is to be another.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupPatch {
    name: Option<String>,
    /// All its members from now on.
    members: Option<BTreeSet<Uuid>>,
}

/// Lists the groups.
#[utoipa::path(get, path = "/groups", tag = "groups",
    responses((status = 200, body = GroupList), (status = 403, body = ErrorForm)))]
pub(crate) async fn groups(
    Given(state): Given<State>,
    Somebody(person): Somebody,
) -> Result<Json<GroupList>, Refusal> {
    admit(&state, &person).await?;
    let mut groups: Vec<_> = state.catalog.tables().groups.values().map(row).collect();
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Json(GroupList { groups }))
}

/// Adds a group.
#[utoipa::path(post, path = "/groups", tag = "groups", request_body = GroupWrite,
    responses((status = 201, body = GroupRow), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm), (status = 404, body = ErrorForm),
        (status = 409, body = ErrorForm, description = "`taken`")))]
pub(crate) async fn add_group(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Body(body): Body<GroupWrite>,
) -> Result<(StatusCode, Json<GroupRow>), Refusal> {
    admit(&state, &person).await?;
    person.is_confirmed(&state)?;
    let added = state.catalog.add_group(&body.name, users(body.members)).await?;
    let deed = deed(&state, &person, &added, "added");
    membership::note(&state, deed, (&BTreeSet::new(), &added.members)).await?;
    Ok((StatusCode::CREATED, Json(row(&added))))
}

/// Changes a group. What plays by its grants ends within seconds for who left.
#[utoipa::path(patch, path = "/groups/{id}", tag = "groups", params(("id" = Uuid, Path)),
    request_body = GroupPatch,
    responses((status = 200, body = GroupRow), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm), (status = 404, body = ErrorForm),
        (status = 409, body = ErrorForm, description = "`taken`")))]
pub(crate) async fn change_group(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
    Body(body): Body<GroupPatch>,
) -> Result<Json<GroupRow>, Refusal> {
    admit(&state, &person).await?;
    person.is_confirmed(&state)?;
    let GroupPatch { name, members } = body;
    let changing = state.catalog.change_group(GroupId(id), |group| {
        group.name = name.unwrap_or_else(|| group.name.clone());
        group.members = members.map_or_else(|| group.members.clone(), users);
    });
    let (before, changed) = changing.await?;
    let deed = deed(&state, &person, &changed, "changed");
    membership::note_change(&state, deed, &before, &changed).await?;
    Ok(Json(row(&changed)))
}

/// Removes a group, with what it was given.
#[utoipa::path(delete, path = "/groups/{id}", tag = "groups", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 403, body = ErrorForm), (status = 404, body = ErrorForm)))]
pub(crate) async fn remove_group(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, Refusal> {
    admit(&state, &person).await?;
    person.is_confirmed(&state)?;
    let removed = state.catalog.remove_group(GroupId(id)).await?;
    let deed = deed(&state, &person, &removed, "removed");
    membership::note(&state, deed, (&removed.members, &BTreeSet::new())).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn deed(state: &State, person: &Person, group: &Group, change: &'static str) -> Deed {
    tracing::info!(user = person.user.name, group = group.name, change, "a group");
    let deed = Deed::by(state, person, Act::Group).with_named("group", group.id.0, &group.name);
    deed.detail("change", change)
}

async fn admit(state: &State, person: &Person) -> Result<(), Refusal> {
    match access::managing_people(&person.user) {
        Ok(()) => Ok(()),
        Err(refusal) => Err(Deed::by(state, person, Act::Group).refused(state, refusal).await),
    }
}

fn users(ids: BTreeSet<Uuid>) -> BTreeSet<UserId> {
    ids.into_iter().map(UserId).collect()
}

fn row(group: &Group) -> GroupRow {
    let members = group.members.iter().map(|member| member.0).collect();
    GroupRow { id: group.id.0, name: group.name.clone(), members }
}
