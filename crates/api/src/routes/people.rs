//! Who there is, and what they are here to do.
//!
//! > Nobody changes or removes themselves: the last administrator stays, and
//! > nobody gives themselves another role.

use audit::Act;
use axum::Json;
use axum::extract::State as Given;
use axum::http::StatusCode;
use base::{OrganisationId, UserId};
use catalog::{NewUser, Role, Subject, Terms, User, UserChange};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access;
use crate::app::State;
use crate::deed::Deed;
use crate::error::{ErrorForm, Kind, Refusal};
use crate::extract::{Body, Id};
use crate::leaver;
use crate::person::{Person, Somebody};

/// All people, by name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PeopleList {
    people: Vec<PersonRow>,
}

/// A person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonRow {
    id: Uuid,
    /// What they sign in by.
    name: String,
    display_name: String,
    /// `administrator`, `operator` or `auditor`.
    role: &'static str,
    /// Whether they chose a password of their own; before that they sign in by a
    /// one-time password, or not at all.
    has_password: bool,
    /// Whom they work for, if that was said.
    organisation: Option<Uuid>,
    /// Whether they sign agreements for it.
    signatory: bool,
    /// Whether another installation may say that somebody is them.
    single_sign_on: bool,
    /// Whether they are let in at all.
    active: bool,
}

/// A person to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonWrite {
    /// What they sign in by: 1 to 64 letters a–z, digits, or . _ - @.
    name: String,
    display_name: String,
    role: PersonRole,
    /// Whom they work for.
    organisation: Option<Uuid>,
}

/// What of a person is to be another.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonPatch {
    display_name: Option<String>,
    role: Option<PersonRole>,
    /// Whom they work for; `null` for nobody.
    #[serde(default, deserialize_with = "super::said")]
    organisation: Option<Option<Uuid>>,
    /// Whether they sign agreements for it.
    signatory: Option<bool>,
    /// False lets nobody in as them for the time being: they are signed out everywhere,
    /// and what they let programs ask and watch by is revoked.
    active: Option<bool>,
}

/// What a person is here to do.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PersonRole {
    /// Configures; holds no video.
    Administrator,
    /// Holds what grants give.
    Operator,
    /// Reads who did what; sees no camera.
    Auditor,
}

/// A person, with the password by which they sign in once. It is told here and
/// nowhere else.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InvitedPerson {
    person: PersonRow,
    one_time_password: String,
}

/// Lists the people.
#[utoipa::path(get, path = "/people", tag = "people",
    responses((status = 200, body = PeopleList), (status = 403, body = ErrorForm)))]
pub(crate) async fn people(
    Given(state): Given<State>,
    Somebody(person): Somebody,
) -> Result<Json<PeopleList>, Refusal> {
    admit(&state, &person, None).await?;
    let tables = state.catalog.tables();
    // A city has thousands: what is known of all is asked for once.
    let known = state.sign_ins.standings().await?;
    let of = |user: &User| form(user, known.get(&user.id).copied().unwrap_or_default());
    let mut people: Vec<PersonRow> = tables.users.values().map(of).collect();
    people.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Json(PeopleList { people }))
}

/// Adds a person, who signs in by a one-time password.
#[utoipa::path(post, path = "/people", tag = "people", request_body = PersonWrite,
    responses((status = 201, body = InvitedPerson), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm, description = "`forbidden`, `confirm_it_is_you`"),
        (status = 409, body = ErrorForm, description = "`taken`")))]
pub(crate) async fn add_person(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Body(body): Body<PersonWrite>,
) -> Result<(StatusCode, Json<InvitedPerson>), Refusal> {
    admit(&state, &person, None).await?;
    let PersonWrite { name, display_name, role, organisation } = body;
    becoming(&state, &person, Some(role))?;
    let organisation = organisation.map(OrganisationId);
    let user = NewUser { name, display_name, role: role.into(), organisation };
    let user = state.catalog.add_user(user).await?;
    let deed = Deed::by(&state, &person, Act::User).with_user(&user);
    deed.detail("change", "added").detail("role", user.role.as_str()).done(&state).await?;
    give_usual(&state, &person, &user).await?;
    tracing::info!(user = person.user.name, added = user.name, "added a person");
    Ok((StatusCode::CREATED, Json(invited(&state, &user).await?)))
}

/// Changes a person. What plays ends within seconds where the new role does not
/// allow it.
#[utoipa::path(patch, path = "/people/{id}", tag = "people", params(("id" = Uuid, Path)),
    request_body = PersonPatch,
    responses((status = 200, body = PersonRow), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm, description = "`forbidden`, `confirm_it_is_you`"),
        (status = 404, body = ErrorForm),
        (status = 409, body = ErrorForm, description = "`in_use`: it is oneself")))]
pub(crate) async fn change_person(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
    Body(body): Body<PersonPatch>,
) -> Result<Json<PersonRow>, Refusal> {
    let before = admit(&state, &person, Some(id)).await?;
    let PersonPatch { display_name, role, organisation, signatory, active } = body;
    becoming(&state, &person, role)?;
    // What is given to a body, and what is signed for it, hangs on this; who is
    // suspended loses tokens and stream secrets for good.
    if organisation.is_some() || signatory.is_some() || active.is_some() {
        person.is_confirmed(&state)?;
    }
    let change = UserChange {
        display_name,
        role: role.map(Role::from),
        organisation: organisation.map(|organisation| organisation.map(OrganisationId)),
        signatory,
    };
    let user = state.catalog.change_user(UserId(id), change).await?;
    let mut deed = Deed::by(&state, &person, Act::User).with_user(&user);
    if let Some(before) = &before {
        let named = |id: Option<OrganisationId>| id.map_or("-".to_owned(), |id| id.to_string());
        deed = deed
            .change("role", before.role.as_str(), user.role.as_str())
            .change("display_name", &before.display_name, &user.display_name)
            .change("organisation", named(before.organisation), named(user.organisation));
        if before.signatory != user.signatory {
            deed = deed.detail("signatory", user.signatory);
        }
    }
    if before.as_ref() != Some(&user) {
        deed.detail("change", "changed").done(&state).await?;
    }
    let deed = Deed::by(&state, &person, Act::User).with_user(&user);
    match active {
        Some(false) => leaver::suspend(&state, &user, deed).await?,
        Some(true) => leaver::restore(&state, &user, deed).await?,
        None => {}
    }
    if before.is_none_or(|before| before.role != user.role) {
        give_usual(&state, &person, &user).await?;
    }
    tracing::info!(user = person.user.name, changed = user.name, "changed a person");
    Ok(Json(row(&state, &user).await?))
}

/// Removes a person. Their sign-ins and stream secrets end within seconds; what
/// they did stays in the audit.
#[utoipa::path(delete, path = "/people/{id}", tag = "people", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = ErrorForm),
        (status = 403, body = ErrorForm, description = "`forbidden`, `confirm_it_is_you`"),
        (status = 409, body = ErrorForm, description = "`in_use`: it is oneself")))]
pub(crate) async fn remove_person(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, Refusal> {
    let removed = admit(&state, &person, Some(id)).await?;
    person.is_confirmed(&state)?;
    state.catalog.remove_user(UserId(id)).await?;
    // Nobody is there any more whom what follows could let in.
    state.sign_ins.forget(UserId(id)).await?;
    let mut deed = Deed::by(&state, &person, Act::User).with_id("user", id);
    if let Some(removed) = removed {
        tracing::info!(user = person.user.name, removed = removed.name, "removed a person");
        deed = deed.with_user(&removed);
    }
    deed.detail("change", "removed").done(&state).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a person a new one-time password, signs them out everywhere and revokes
/// their stream secrets.
#[utoipa::path(post, path = "/people/{id}/one-time-password", tag = "people",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = InvitedPerson), (status = 404, body = ErrorForm),
        (status = 403, body = ErrorForm, description = "`forbidden`, `confirm_it_is_you`"),
        (status = 409, body = ErrorForm, description = "`in_use`: it is oneself")))]
pub(crate) async fn reset_password(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
) -> Result<Json<InvitedPerson>, Refusal> {
    let user = admit(&state, &person, Some(id)).await?;
    person.is_confirmed(&state)?;
    let user = user.ok_or_else(absent)?;
    let deed = Deed::by(&state, &person, Act::User).with_user(&user);
    deed.detail("change", "password reset").done(&state).await?;
    tracing::info!(user = person.user.name, reset = user.name, "gave a one-time password");
    Ok(Json(invited(&state, &user).await?))
}

/// Refuses to make an administrator of anybody while it is not proved who asks: by
/// an API token nobody makes one.
fn becoming(state: &State, person: &Person, role: Option<PersonRole>) -> Result<(), Refusal> {
    match role {
        Some(PersonRole::Administrator) => person.is_confirmed(state),
        _ => Ok(()),
    }
}

/// Refuses whoever may not manage people, or means themselves; returns whom they mean.
async fn admit(
    state: &State,
    person: &Person,
    other: Option<Uuid>,
) -> Result<Option<User>, Refusal> {
    if let Err(refusal) = access::managing_people(&person.user) {
        let deed = Deed::by(state, person, Act::User);
        let deed = other.into_iter().fold(deed, |deed, id| deed.with_id("user", id));
        return Err(deed.refused(state, refusal).await);
    }
    let Some(id) = other.map(UserId) else { return Ok(None) };
    if id == person.user.id {
        let words = "nobody changes or removes themselves; another administrator can";
        return Err(Refusal::new(Kind::InUse, words));
    }
    if state.sign_ins.is_sealed(id).await? {
        let words = "this is the account of the envelope for emergencies, which stays as it is";
        return Err(Refusal::new(Kind::InUse, words));
    }
    state.catalog.user(id).map(Some).ok_or_else(absent)
}

/// Gives somebody who has become an operator what operators usually have, unless
/// they were given something of their own before. It stands among the grants, to
/// be narrowed or revoked there.
async fn give_usual(state: &State, person: &Person, user: &User) -> Result<(), Refusal> {
    let subject = Subject::User(user.id);
    let tables = state.catalog.tables();
    if user.role != Role::Operator
        || tables.grants.values().any(|grant| grant.terms.subject == subject)
    {
        return Ok(());
    }
    let terms =
        Terms { basis: "Cấp cùng chức năng trực ban".to_owned(), ..Terms::usual(subject) };
    super::grants::give(state, person, terms).await.map(drop)
}

async fn invited(state: &State, user: &User) -> Result<InvitedPerson, Refusal> {
    let password = state.sign_ins.issue_one_time(user.id, state.now()).await?;
    Ok(InvitedPerson { person: row(state, user).await?, one_time_password: password.to_string() })
}

async fn row(state: &State, user: &User) -> Result<PersonRow, Refusal> {
    let standing = signin::Standing {
        has_password: state.sign_ins.has_chosen(user.id).await?,
        is_provided: state.sign_ins.is_provided(user.id).await?,
        is_suspended: state.sign_ins.is_suspended(user.id).await?,
    };
    Ok(form(user, standing))
}

fn form(user: &User, standing: signin::Standing) -> PersonRow {
    PersonRow {
        id: user.id.0,
        name: user.name.clone(),
        display_name: user.display_name.clone(),
        role: user.role.as_str(),
        has_password: standing.has_password,
        organisation: user.organisation.map(|organisation| organisation.0),
        signatory: user.signatory,
        single_sign_on: standing.is_provided,
        active: !standing.is_suspended,
    }
}

fn absent() -> Refusal {
    Refusal::not_found("person")
}

impl From<PersonRole> for Role {
    fn from(role: PersonRole) -> Self {
        match role {
            PersonRole::Administrator => Self::Administrator,
            PersonRole::Operator => Self::Operator,
            PersonRole::Auditor => Self::Auditor,
        }
    }
}
