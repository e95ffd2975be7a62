//! Groups of people, as a directory knows them: who moves, moves by these.

use std::collections::BTreeSet;

use audit::Act;
use axum::extract::State as Given;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base::{GroupId, UserId};
use catalog::{Group, Tables};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::patch::{Op, ScimPatch, references};
use super::{
    Provisioner, Scim, ScimBody, ScimError, ScimErrorForm, ScimList, ScimMeta, ScimQuery,
    ScimReference, filter, unfiltered,
};
use crate::app::State;
use crate::deed::Deed;
use crate::error::Refusal;
use crate::extract::Id;
use crate::membership;
use crate::person::Person;

pub(super) const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// A group.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScimGroup {
    schemas: [&'static str; 1],
    id: String,
    display_name: String,
    members: Vec<ScimReference>,
    meta: ScimMeta,
}

/// A group to be added, or as it is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScimGroupWrite {
    display_name: String,
    #[serde(default)]
    members: Value,
}

/// What of a group is to be another.
enum GroupStep {
    Name(String),
    Members(BTreeSet<UserId>),
    Join(BTreeSet<UserId>),
    Leave(BTreeSet<UserId>),
}

/// Lists groups.
#[utoipa::path(get, path = "/Groups", tag = "scim", params(super::ScimAsked),
    responses((status = 200, body = ScimList<ScimGroup>), (status = 400, body = ScimErrorForm)))]
pub(crate) async fn scim_groups(
    Given(state): Given<State>,
    _: Provisioner,
    ScimQuery(asked): ScimQuery,
) -> Result<Scim<ScimList<ScimGroup>>, ScimError> {
    let tables = state.catalog.tables();
    let wanted = filter(&asked)?;
    let mut groups: Vec<&Group> = Vec::new();
    for group in tables.groups.values() {
        let fits = match &wanted {
            None => true,
            Some((attribute, value)) => match attribute.as_str() {
                "displayname" => group.name == *value,
                "id" => group.id.to_string() == *value,
                "externalid" => false,
                _ => return Err(unfiltered(attribute)),
            },
        };
        groups.extend(fits.then_some(group));
    }
    groups.sort_by(|one, other| one.name.cmp(&other.name));
    let all = groups.into_iter().map(|group| form(&tables, group)).collect();
    Ok(Scim(ScimList::part(all, &asked)))
}

/// Adds a group, which holds nothing before an administrator gives it something.
#[utoipa::path(post, path = "/Groups", tag = "scim", request_body = ScimGroupWrite,
    responses((status = 201, body = ScimGroup), (status = 400, body = ScimErrorForm),
        (status = 409, body = ScimErrorForm, description = "`uniqueness`")))]
pub(crate) async fn scim_add_group(
    Given(state): Given<State>,
    Provisioner(person): Provisioner,
    ScimBody(body): ScimBody<ScimGroupWrite>,
) -> Result<Response, ScimError> {
    let members = users(&state.catalog.tables(), &references(&body.members)?)?;
    let group = state.catalog.add_group(&body.display_name, members).await?;
    let deed = deed(&state, &person, &group, "added");
    membership::note(&state, deed, (&BTreeSet::new(), &group.members)).await?;
    let form = form(&state.catalog.tables(), &group);
    let location = [(header::LOCATION, form.meta.location.clone())];
    Ok((StatusCode::CREATED, location, Scim(form)).into_response())
}

/// Tells of a group.
#[utoipa::path(get, path = "/Groups/{id}", tag = "scim", params(("id" = Uuid, Path)),
    responses((status = 200, body = ScimGroup), (status = 404, body = ScimErrorForm)))]
pub(crate) async fn scim_group(
    Given(state): Given<State>,
    _: Provisioner,
    id: Result<Id<Uuid>, Refusal>,
) -> Result<Scim<ScimGroup>, ScimError> {
    let group = known(&state, id)?;
    Ok(Scim(form(&state.catalog.tables(), &group)))
}

/// Makes a group as it is to be. What plays by its grants ends within seconds for who
/// left.
#[utoipa::path(put, path = "/Groups/{id}", tag = "scim", params(("id" = Uuid, Path)),
    request_body = ScimGroupWrite,
    responses((status = 200, body = ScimGroup), (status = 400, body = ScimErrorForm),
        (status = 404, body = ScimErrorForm), (status = 409, body = ScimErrorForm)))]
pub(crate) async fn scim_replace_group(
    Given(state): Given<State>,
    Provisioner(person): Provisioner,
    id: Result<Id<Uuid>, Refusal>,
    ScimBody(body): ScimBody<ScimGroupWrite>,
) -> Result<Scim<ScimGroup>, ScimError> {
    let group = known(&state, id)?;
    let members = users(&state.catalog.tables(), &references(&body.members)?)?;
    let steps = [GroupStep::Name(body.display_name), GroupStep::Members(members)];
    Ok(Scim(changed(&state, &person, &group, steps.into()).await?))
}

/// Changes a group's name, or who is in it.
#[utoipa::path(patch, path = "/Groups/{id}", tag = "scim", params(("id" = Uuid, Path)),
    request_body = ScimPatch,
    responses((status = 200, body = ScimGroup), (status = 400, body = ScimErrorForm),
        (status = 404, body = ScimErrorForm), (status = 409, body = ScimErrorForm)))]
pub(crate) async fn scim_patch_group(
    Given(state): Given<State>,
    Provisioner(person): Provisioner,
    id: Result<Id<Uuid>, Refusal>,
    ScimBody(patch): ScimBody<ScimPatch>,
) -> Result<Scim<ScimGroup>, ScimError> {
    let group = known(&state, id)?;
    let tables = state.catalog.tables();
    let mut steps = Vec::new();
    for step in patch.steps()? {
        let named = || match &step.picked {
            Some(picked) => Ok(vec![picked.clone()]),
            None => references(&step.value),
        };
        match (step.attribute.as_str(), step.op) {
            ("members", Op::Add) => steps.push(GroupStep::Join(users(&tables, &named()?)?)),
            ("members", Op::Replace) => steps.push(GroupStep::Members(users(&tables, &named()?)?)),
            ("members", Op::Remove) if step.picked.is_none() && step.value.is_null() => {
                steps.push(GroupStep::Members(BTreeSet::new()));
            }
            // Who is not there any more is no member either.
            ("members", Op::Remove) => {
                let gone = named()?;
                let gone = gone.iter().filter_map(|id| id.parse().ok()).collect();
                steps.push(GroupStep::Leave(gone));
            }
            ("displayname", Op::Add | Op::Replace) => {
                let detail = "a displayName is a text";
                let text = step.value.as_str();
                let text = text.ok_or_else(|| ScimError::invalid("invalidValue", detail))?;
                steps.push(GroupStep::Name(text.to_owned()));
            }
            ("displayname", Op::Remove) => {
                return Err(ScimError::invalid("invalidPath", "a group has a displayName"));
            }
            // Others keep it.
            _ => {}
        }
    }
    Ok(Scim(changed(&state, &person, &group, steps).await?))
}

/// Removes a group, with what it was given.
#[utoipa::path(delete, path = "/Groups/{id}", tag = "scim", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = ScimErrorForm)))]
pub(crate) async fn scim_remove_group(
    Given(state): Given<State>,
    Provisioner(person): Provisioner,
    id: Result<Id<Uuid>, Refusal>,
) -> Result<StatusCode, ScimError> {
    let group = known(&state, id)?;
    let removed = state.catalog.remove_group(group.id).await?;
    let deed = deed(&state, &person, &removed, "removed");
    membership::note(&state, deed, (&removed.members, &BTreeSet::new())).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes the steps one after the other, on the group as it is at that moment: what
/// another request changes meanwhile stays changed.
async fn changed(
    state: &State,
    person: &Person,
    group: &Group,
    steps: Vec<GroupStep>,
) -> Result<ScimGroup, ScimError> {
    let changing = state.catalog.change_group(group.id, |group| {
        for step in steps {
            match step {
                GroupStep::Name(name) => group.name = name,
                GroupStep::Members(members) => group.members = members,
                GroupStep::Join(members) => group.members.extend(members),
                GroupStep::Leave(gone) => group.members.retain(|member| !gone.contains(member)),
            }
        }
    });
    let (before, changed) = changing.await?;
    let deed = deed(state, person, &changed, "changed");
    membership::note_change(state, deed, &before, &changed).await?;
    Ok(form(&state.catalog.tables(), &changed))
}

fn deed(state: &State, person: &Person, group: &Group, change: &'static str) -> Deed {
    let deed = Deed::by(state, person, Act::Group).with_named("group", group.id.0, &group.name);
    deed.detail("change", change).detail("by", "scim")
}

fn users(tables: &Tables, ids: &[String]) -> Result<BTreeSet<UserId>, ScimError> {
    let of = |id: &String| {
        let user = id.parse::<UserId>().ok().filter(|user| tables.users.contains_key(user));
        user.ok_or_else(|| {
            ScimError::invalid("invalidValue", format!("there is no such person: {id:?}"))
        })
    };
    ids.iter().map(of).collect()
}

fn known(state: &State, id: Result<Id<Uuid>, Refusal>) -> Result<Group, ScimError> {
    let absent = || ScimError::not_found("group");
    let Id(id) = id.map_err(|_| absent())?;
    state.catalog.tables().groups.get(&GroupId(id)).cloned().ok_or_else(absent)
}

fn form(tables: &Tables, group: &Group) -> ScimGroup {
    let member = |id: &UserId| {
        let display = tables.users.get(id)?.display_name.clone();
        Some(ScimReference { value: id.to_string(), display })
    };
    ScimGroup {
        schemas: [SCHEMA],
        id: group.id.to_string(),
        display_name: group.name.clone(),
        members: group.members.iter().filter_map(member).collect(),
        meta: ScimMeta {
            resource_type: "Group",
            location: format!("/scim/v2/Groups/{}", group.id),
        },
    }
}
