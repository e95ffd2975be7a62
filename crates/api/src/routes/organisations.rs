//! The bodies that own sites: listed, added, renamed, moved, ended.

use std::collections::BTreeSet;

use audit::Act;
use axum::Json;
use axum::extract::State as Given;
use axum::http::StatusCode;
use base::OrganisationId;
use catalog::{NewOrganisation, Organisation, OrganisationChange};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::tree::Places;
use super::{day, said, same_words};
use crate::access;
use crate::app::State;
use crate::deed::{Deed, Told};
use crate::error::{ErrorForm, Refusal};
use crate::extract::{Body, Id};
use crate::person::{Person, Somebody};

same_words! {
    /// What kind of body an organisation is.
    OrganisationKind {
        Committee, Department, Police, PoliceDivision, WardCommittee, WardPolice, Military,
        Partner, Enterprise, Household, District, Other,
    }
}

/// The organisations that a person may know of.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrganisationList {
    organisations: Vec<OrganisationDetail>,
}

/// An owner of sites.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrganisationDetail {
    id: Uuid,
    kind: OrganisationKind,
    /// Its official code; that of a `ward_committee` is the ward's.
    code: Option<String>,
    name: String,
    name_en: Option<String>,
    /// The latest last.
    former_names: Vec<String>,
    parent: Option<Uuid>,
    /// Its first day, as `2025-07-01`.
    valid_from: Option<String>,
    /// Its last day.
    valid_until: Option<String>,
    successors: Vec<Uuid>,
}

/// An organisation to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrganisationWrite {
    /// `other` if not said.
    kind: Option<OrganisationKind>,
    code: Option<String>,
    name: String,
    name_en: Option<String>,
    parent: Option<Uuid>,
    valid_from: Option<String>,
    valid_until: Option<String>,
    successors: Option<BTreeSet<Uuid>>,
}

/// What of an organisation is to be another; what is left out stays. `null` takes
/// away, where that is possible.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OrganisationPatch {
    kind: Option<OrganisationKind>,
    #[serde(deserialize_with = "said")]
    code: Option<Option<String>>,
    name: Option<String>,
    #[serde(deserialize_with = "said")]
    name_en: Option<Option<String>>,
    #[serde(deserialize_with = "said")]
    parent: Option<Option<Uuid>>,
    #[serde(deserialize_with = "said")]
    valid_from: Option<Option<String>>,
    /// Its last day. It ends by that; what has a last day has no living unit, site
    /// or camera.
    #[serde(deserialize_with = "said")]
    valid_until: Option<Option<String>>,
    successors: Option<BTreeSet<Uuid>>,
    /// To whom its units, sites and cameras go.
    move_to: Option<Uuid>,
}

/// Lists the organisations that this person may know of: administrators all, others
/// those of cameras that they may see.
#[utoipa::path(get, path = "/organisations", tag = "places",
    responses((status = 200, body = OrganisationList)))]
pub(crate) async fn organisations(
    Given(state): Given<State>,
    Somebody(person): Somebody,
) -> Json<OrganisationList> {
    let tables = state.catalog.tables();
    let places = Places::of(&state, &tables, &person.user);
    let known = tables.organisations.values().filter(|one| places.has_organisation(one.id));
    let mut organisations: Vec<_> = known.map(detail).collect();
    for one in &mut organisations {
        one.successors.retain(|id| places.has_organisation(OrganisationId(*id)));
    }
    organisations.sort_by_cached_key(|one| base::sort_key(&one.name));
    Json(OrganisationList { organisations })
}

/// Adds an organisation.
#[utoipa::path(post, path = "/organisations", tag = "places", request_body = OrganisationWrite,
    responses((status = 201, body = OrganisationDetail), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm), (status = 404, body = ErrorForm),
        (status = 409, body = ErrorForm, description = "`taken`")))]
pub(crate) async fn add_organisation(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Body(body): Body<OrganisationWrite>,
) -> Result<(StatusCode, Json<OrganisationDetail>), Refusal> {
    admit(&state, &person).await?;
    let new = NewOrganisation {
        kind: body.kind.unwrap_or(OrganisationKind::Other).into(),
        code: body.code,
        name: body.name,
        name_en: body.name_en,
        parent: body.parent.map(OrganisationId),
        valid_from: body.valid_from.map(|text| day("valid_from", &text)).transpose()?,
        valid_until: body.valid_until.map(|text| day("valid_until", &text)).transpose()?,
        successors: ids(body.successors.unwrap_or_default()),
    };
    let added = state.catalog.add_organisation(new).await?;
    let deed = Deed::by(&state, &person, Act::Organisation);
    let deed = deed.with_named("organisation", added.id.0, &added.name);
    deed.detail("change", "added").done(&state).await?;
    tracing::info!(user = person.user.name, added = added.name, "added an organisation");
    Ok((StatusCode::CREATED, Json(detail(&added))))
}

/// Changes an organisation: renames it, moves it, ends it. Moving it, or what it
/// has, changes what grants to organisations give.
#[utoipa::path(patch, path = "/organisations/{id}", tag = "places", params(("id" = Uuid, Path)),
    request_body = OrganisationPatch,
    responses((status = 200, body = OrganisationDetail), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm, description = "`forbidden`, `confirm_it_is_you`"),
        (status = 404, body = ErrorForm),
        (status = 409, body = ErrorForm, description = "`taken`; `in_use`: something living is its")))]
pub(crate) async fn change_organisation(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
    Body(body): Body<OrganisationPatch>,
) -> Result<Json<OrganisationDetail>, Refusal> {
    admit(&state, &person).await?;
    if body.parent.is_some() || body.move_to.is_some() {
        person.is_confirmed(&state)?;
    }
    let id = OrganisationId(id);
    let before = state.catalog.tables().organisations.get(&id).cloned();
    let last = |field, text: Option<Option<String>>| {
        text.map(|text| text.map(|text| day(field, &text)).transpose()).transpose()
    };
    let change = OrganisationChange {
        kind: body.kind.map(Into::into),
        code: body.code,
        name: body.name,
        name_en: body.name_en,
        parent: body.parent.map(|parent| parent.map(OrganisationId)),
        valid_from: last("valid_from", body.valid_from)?,
        valid_until: last("valid_until", body.valid_until)?,
        successors: body.successors.map(ids),
        move_to: body.move_to.map(OrganisationId),
    };
    let changed = state.catalog.change_organisation(id, change).await?;
    let deed = Deed::by(&state, &person, Act::Organisation);
    let mut deed = deed.with_named("organisation", id.0, &changed.name).detail("change", "changed");
    if let Some(before) = &before {
        deed = deed.changes(told(before), told(&changed));
    }
    if let Some(to) = body.move_to {
        deed = deed.detail("move_to", to);
    }
    deed.done(&state).await?;
    tracing::info!(user = person.user.name, changed = changed.name, "changed an organisation");
    Ok(Json(detail(&changed)))
}

/// Refuses whoever may not say which organisations there are.
pub(crate) async fn admit(state: &State, person: &Person) -> Result<(), Refusal> {
    match access::arranging(&person.user) {
        Ok(()) => Ok(()),
        Err(refusal) => {
            Err(Deed::by(state, person, Act::Organisation).refused(state, refusal).await)
        }
    }
}

/// What of it is told of a change, by field.
pub(crate) fn told(of: &Organisation) -> Told<8> {
    let text = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let successors: Vec<_> = of.successors.iter().map(ToString::to_string).collect();
    [
        ("kind", of.kind.as_str().to_owned()),
        ("code", text(of.code.clone())),
        ("name", of.name.clone()),
        ("name_en", text(of.name_en.clone())),
        ("parent", text(of.parent.map(|parent| parent.to_string()))),
        ("valid_from", text(of.valid_from.map(|day| day.to_string()))),
        ("valid_until", text(of.valid_until.map(|day| day.to_string()))),
        ("successors", successors.join(" ")),
    ]
}

fn ids(ids: BTreeSet<Uuid>) -> BTreeSet<OrganisationId> {
    ids.into_iter().map(OrganisationId).collect()
}

fn detail(of: &Organisation) -> OrganisationDetail {
    OrganisationDetail {
        id: of.id.0,
        kind: of.kind.into(),
        code: of.code.clone(),
        name: of.name.clone(),
        name_en: of.name_en.clone(),
        former_names: of.former_names.clone(),
        parent: of.parent.map(|parent| parent.0),
        valid_from: of.valid_from.map(|day| day.to_string()),
        valid_until: of.valid_until.map(|day| day.to_string()),
        successors: of.successors.iter().map(|id| id.0).collect(),
    }
}
