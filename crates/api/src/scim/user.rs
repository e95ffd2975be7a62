//! People, as a directory knows them.

use audit::Act;
use axum::extract::State as Given;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base::UserId;
use catalog::{NewUser, Role, User, UserChange};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::patch::{Op, ScimPatch, flag};
use super::{
    Provisioner, Scim, ScimBody, ScimError, ScimErrorForm, ScimList, ScimMeta, ScimQuery,
    ScimReference, filter, unfiltered,
};
use crate::app::State;
use crate::deed::Deed;
use crate::error::{Kind, Refusal};
use crate::extract::Id;
use crate::leaver;
use crate::person::Person;

pub(super) const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// A person.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScimUser {
    schemas: [&'static str; 1],
    id: String,
    user_name: String,
    display_name: String,
    /// Whether they may get in at all.
    active: bool,
    roles: Vec<ScimReference>,
    groups: Vec<ScimReference>,
    meta: ScimMeta,
}

/// A person to be added, or as they are to be. What is not named here is passed over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScimUserWrite {
    user_name: Option<String>,
    display_name: Option<String>,
    name: Option<ScimName>,
    #[serde(default)]
    active: Value,
    /// `operator` or `auditor`.
    #[serde(default)]
    roles: Value,
}

/// A person's name in its parts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScimName {
    formatted: Option<String>,
    family_name: Option<String>,
    middle_name: Option<String>,
    given_name: Option<String>,
}

/// What of a person is to be another.
#[derive(Debug, Default)]
struct Wanted {
    display_name: Option<String>,
    role: Option<Role>,
    active: Option<bool>,
}

/// Lists people.
#[utoipa::path(get, path = "/Users", tag = "scim", params(super::ScimAsked),
    responses((status = 200, body = ScimList<ScimUser>), (status = 400, body = ScimErrorForm)))]
pub(crate) async fn scim_users(
    Given(state): Given<State>,
    _: Provisioner,
    ScimQuery(asked): ScimQuery,
) -> Result<Scim<ScimList<ScimUser>>, ScimError> {
    let tables = state.catalog.tables();
    let mut users: Vec<User> = match filter(&asked)? {
        None => tables.users.values().cloned().collect(),
        Some((attribute, value)) => match attribute.as_str() {
            "username" => state.catalog.user_by_name(&value).into_iter().collect(),
            "displayname" => {
                let named = tables.users.values().filter(|user| user.display_name == value);
                named.cloned().collect()
            }
            "id" => value.parse().ok().and_then(|id| state.catalog.user(id)).into_iter().collect(),
            // It is not kept, so nobody has one.
            "externalid" => Vec::new(),
            _ => return Err(unfiltered(&attribute)),
        },
    };
    users.sort_by(|one, other| one.name.cmp(&other.name));
    let part = ScimList::part(users, &asked);
    let ScimList { schemas, total_results, start_index, items_per_page, resources } = part;
    let mut shown = Vec::with_capacity(resources.len());
    for user in resources {
        shown.push(form(&state, &user).await?);
    }
    Ok(Scim(ScimList { schemas, total_results, start_index, items_per_page, resources: shown }))
}

/// Adds a person, who holds nothing but what groups do that they are put into.
#[utoipa::path(post, path = "/Users", tag = "scim", request_body = ScimUserWrite,
    responses((status = 201, body = ScimUser), (status = 400, body = ScimErrorForm),
        (status = 409, body = ScimErrorForm, description = "`uniqueness`")))]
pub(crate) async fn scim_add_user(
    Given(state): Given<State>,
    Provisioner(person): Provisioner,
    ScimBody(body): ScimBody<ScimUserWrite>,
) -> Result<Response, ScimError> {
    let wanted = body.wanted()?;
    let name = body.user_name.clone().unwrap_or_default();
    let display_name = wanted.display_name.unwrap_or_else(|| name.clone());
    let role = wanted.role.unwrap_or(Role::Operator);
    let user = NewUser { name, display_name, role, organisation: None };
    let user = state.catalog.add_user(user).await?;
    let added = deed(&state, &person, &user).detail("change", "added");
    added.detail("role", user.role.as_str()).done(&state).await?;
    if wanted.active == Some(false) {
        leaver::suspend(&state, &user, deed(&state, &person, &user)).await?;
    }
    tracing::info!(user = person.user.name, added = user.name, "a directory added a person");
    let form = form(&state, &user).await?;
    let location = [(header::LOCATION, form.meta.location.clone())];
    Ok((StatusCode::CREATED, location, Scim(form)).into_response())
}

/// Tells of a person.
#[utoipa::path(get, path = "/Users/{id}", tag = "scim", params(("id" = Uuid, Path)),
    responses((status = 200, body = ScimUser), (status = 404, body = ScimErrorForm)))]
pub(crate) async fn scim_user(
    Given(state): Given<State>,
    _: Provisioner,
    id: Result<Id<Uuid>, Refusal>,
) -> Result<Scim<ScimUser>, ScimError> {
    let user = known(&state, id)?;
    Ok(Scim(form(&state, &user).await?))
}

/// Makes a person as they are to be.
#[utoipa::path(put, path = "/Users/{id}", tag = "scim", params(("id" = Uuid, Path)),
    request_body = ScimUserWrite,
    responses((status = 200, body = ScimUser), (status = 400, body = ScimErrorForm),
        (status = 403, body = ScimErrorForm), (status = 404, body = ScimErrorForm)))]
pub(crate) async fn scim_replace_user(
    Given(state): Given<State>,
    Provisioner(person): Provisioner,
    id: Result<Id<Uuid>, Refusal>,
    ScimBody(body): ScimBody<ScimUserWrite>,
) -> Result<Scim<ScimUser>, ScimError> {
    let user = known(&state, id)?;
    if body.user_name.as_deref().is_some_and(|name| !name.trim().eq_ignore_ascii_case(&user.name)) {
        return Err(immutable());
    }
    let wanted = body.wanted()?;
    Ok(Scim(changed(&state, &person, user, wanted).await?))
}

/// Changes a person. With `active` false they are signed out everywhere, and what they
/// let programs ask and watch by is revoked, at once.
#[utoipa::path(patch, path = "/Users/{id}", tag = "scim", params(("id" = Uuid, Path)),
    request_body = ScimPatch,
    responses((status = 200, body = ScimUser), (status = 400, body = ScimErrorForm),
        (status = 403, body = ScimErrorForm), (status = 404, body = ScimErrorForm)))]
pub(crate) async fn scim_patch_user(
    Given(state): Given<State>,
    Provisioner(person): Provisioner,
    id: Result<Id<Uuid>, Refusal>,
    ScimBody(patch): ScimBody<ScimPatch>,
) -> Result<Scim<ScimUser>, ScimError> {
    let user = known(&state, id)?;
    let mut wanted = Wanted::default();
    for step in patch.steps()? {
        match (step.attribute.as_str(), step.op) {
            ("active", Op::Add | Op::Replace) => wanted.active = Some(flag(&step.value)?),
            ("displayname" | "name.formatted", Op::Add | Op::Replace) => {
                wanted.display_name = step.value.as_str().map(str::to_owned);
            }
            ("roles", Op::Add | Op::Replace) => wanted.role = role(&step.value)?,
            ("username", _) => {
                let same = step.value.as_str().map(str::trim);
                if !same.is_some_and(|name| name.eq_ignore_ascii_case(&user.name)) {
                    return Err(immutable());
                }
            }
            ("active" | "roles", Op::Remove) => {
                let detail = format!("{} cannot be removed; nothing was changed", step.attribute);
                return Err(ScimError::invalid("invalidPath", detail));
            }
            // Others keep it: what a directory says of it beside, keeps nobody in who left.
            _ => {}
        }
    }
    Ok(Scim(changed(&state, &person, user, wanted).await?))
}

/// Removes a person, with all that lets them in.
#[utoipa::path(delete, path = "/Users/{id}", tag = "scim", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 403, body = ScimErrorForm),
        (status = 404, body = ScimErrorForm)))]
pub(crate) async fn scim_remove_user(
    Given(state): Given<State>,
    Provisioner(person): Provisioner,
    id: Result<Id<Uuid>, Refusal>,
) -> Result<StatusCode, ScimError> {
    let user = known(&state, id)?;
    not_oneself(&person, &user)?;
    if user.role == Role::Administrator {
        return Err(of_administrators(&state, &person, &user).await);
    }
    state.catalog.remove_user(user.id).await?;
    // Nobody is there any more whom what follows could let in.
    state.sign_ins.forget(user.id).await?;
    deed(&state, &person, &user).detail("change", "removed").done(&state).await?;
    tracing::info!(user = person.user.name, removed = user.name, "a directory removed a person");
    Ok(StatusCode::NO_CONTENT)
}

async fn changed(
    state: &State,
    person: &Person,
    user: User,
    wanted: Wanted,
) -> Result<ScimUser, ScimError> {
    not_oneself(person, &user)?;
    let Wanted { display_name, role, active } = wanted;
    let display_name = display_name.filter(|name| *name != user.display_name);
    let role = role.filter(|role| *role != user.role);
    let suspended = state.sign_ins.is_suspended(user.id).await?;
    let lets_in_or_out = active.is_some_and(|active| active == suspended);
    if user.role == Role::Administrator && (role.is_some() || lets_in_or_out) {
        return Err(of_administrators(state, person, &user).await);
    }
    let before = user.role;
    let mut user = user;
    if display_name.is_some() || role.is_some() {
        let change = UserChange { display_name, role, ..UserChange::default() };
        user = state.catalog.change_user(user.id, change).await?;
        let mut deed = deed(state, person, &user).detail("change", "changed");
        if before != user.role {
            deed = deed.detail("role", format!("{} → {}", before.as_str(), user.role.as_str()));
        }
        deed.done(state).await?;
    }
    match active {
        Some(false) => leaver::suspend(state, &user, deed(state, person, &user)).await?,
        Some(true) => leaver::restore(state, &user, deed(state, person, &user)).await?,
        None => {}
    }
    form(state, &user).await
}

impl ScimUserWrite {
    fn wanted(&self) -> Result<Wanted, ScimError> {
        let display_name = self.display_name.clone().filter(|name| !name.trim().is_empty());
        let of_parts = || self.name.as_ref().and_then(ScimName::whole);
        let active = match &self.active {
            Value::Null => None,
            value => Some(flag(value)?),
        };
        let role = role(&self.roles)?;
        Ok(Wanted { display_name: display_name.or_else(of_parts), role, active })
    }
}

impl ScimName {
    /// As it is said here: the family's first.
    fn whole(&self) -> Option<String> {
        let said = self.formatted.clone().filter(|name| !name.trim().is_empty());
        let parts = [&self.family_name, &self.middle_name, &self.given_name];
        let parts: Vec<&str> = parts.into_iter().flatten().map(|part| part.trim()).collect();
        said.or_else(|| Some(parts.join(" "))).filter(|name| !name.trim().is_empty())
    }
}

fn role(value: &Value) -> Result<Option<Role>, ScimError> {
    let text = match value {
        Value::Array(all) => match &all[..] {
            [] => return Ok(None),
            [one] => one.get("value").unwrap_or(one),
            _ => return Err(ScimError::invalid("invalidValue", "a person has one role")),
        },
        Value::Object(one) => one.get("value").unwrap_or(value),
        Value::Null => return Ok(None),
        value => value,
    };
    match text.as_str().and_then(Role::of) {
        Some(Role::Administrator) => {
            let detail = "nobody becomes an administrator by a directory; another one makes them";
            Err(ScimError::invalid("invalidValue", detail))
        }
        Some(role) => Ok(Some(role)),
        None => Err(ScimError::invalid("invalidValue", "a role is operator or auditor")),
    }
}

/// Neither makes nor unmakes a directory administrators, nor does it shut them out: who
/// holds its token could take away all others, and the account of the envelope.
async fn of_administrators(state: &State, person: &Person, user: &User) -> ScimError {
    let words = "a directory neither makes, removes nor suspends administrators; another one can";
    deed(state, person, user).refused(state, Refusal::new(Kind::Forbidden, words)).await.into()
}

/// Whose token it is, stays: there is an administrator for as long as there is one.
fn not_oneself(person: &Person, user: &User) -> Result<(), ScimError> {
    match person.user.id == user.id {
        true => Err(ScimError::forbidden("nobody changes or removes themselves")),
        false => Ok(()),
    }
}

fn known(state: &State, id: Result<Id<Uuid>, Refusal>) -> Result<User, ScimError> {
    let absent = || ScimError::not_found("person");
    let Id(id) = id.map_err(|_| absent())?;
    state.catalog.user(UserId(id)).ok_or_else(absent)
}

fn immutable() -> ScimError {
    ScimError::invalid("mutability", "a userName stays: it stands in the audit")
}

fn deed(state: &State, person: &Person, user: &User) -> Deed {
    Deed::by(state, person, Act::User).with_user(user).detail("by", "scim")
}

async fn form(state: &State, user: &User) -> Result<ScimUser, ScimError> {
    let tables = state.catalog.tables();
    let member = tables.groups.values().filter(|group| group.members.contains(&user.id));
    let mut groups: Vec<_> = member
        .map(|group| ScimReference { value: group.id.to_string(), display: group.name.clone() })
        .collect();
    groups.sort_by(|one, other| one.display.cmp(&other.display));
    let role = user.role.as_str().to_owned();
    Ok(ScimUser {
        schemas: [SCHEMA],
        id: user.id.to_string(),
        user_name: user.name.clone(),
        display_name: user.display_name.clone(),
        active: !state.sign_ins.is_suspended(user.id).await?,
        roles: vec![ScimReference { value: role.clone(), display: role }],
        groups,
        meta: ScimMeta { resource_type: "User", location: format!("/scim/v2/Users/{}", user.id) },
    })
}
