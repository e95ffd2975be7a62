//! The places where cameras hang: listed, added, changed.

use audit::Act;
use axum::Json;
use axum::extract::State as Given;
use axum::http::StatusCode;
use base::{OrganisationId, SiteId};
use catalog::{NewSite, Position, Site, SiteChange};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::tree::Places;
use super::{said, same_words};
use crate::access;
use crate::app::State;
use crate::deed::{Deed, Told};
use crate::error::{ErrorForm, Refusal};
use crate::extract::{Body, Id};
use crate::person::{Person, Somebody};

same_words! {
    /// What kind of place a site is.
    SiteCategory {
        NationalSecurityTarget, SymbolicWork, HistoricRelic, ScenicSite, Junction, TrafficRoute,
        PublicPlace, Entertainment, RailwayStation, BusStation, Airport, Market, Supermarket,
        Hotel, IndustrialZone, Bank, Other,
    }
}

/// The sites that a person may know of.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SiteList {
    sites: Vec<SiteDetail>,
}

/// A place with cameras.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SiteDetail {
    id: Uuid,
    name: String,
    organisation: Uuid,
    category: SiteCategory,
    /// The official code of the ward or commune that it lies in.
    ward: Option<String>,
    address: Option<String>,
    /// WGS 84, in degrees.
    latitude: Option<f64>,
    longitude: Option<f64>,
}

/// A site to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SiteWrite {
    name: String,
    organisation: Uuid,
    /// `other` if not said.
    category: Option<SiteCategory>,
    ward: Option<String>,
    address: Option<String>,
    /// Goes with `longitude`.
    latitude: Option<f64>,
    longitude: Option<f64>,
}

/// What of a site is to be another; what is left out stays. `null` takes away, where
/// that is possible.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SitePatch {
    name: Option<String>,
    organisation: Option<Uuid>,
    category: Option<SiteCategory>,
    #[serde(deserialize_with = "said")]
    ward: Option<Option<String>>,
    #[serde(deserialize_with = "said")]
    address: Option<Option<String>>,
    /// Goes with `longitude`.
    #[serde(deserialize_with = "said")]
    latitude: Option<Option<f64>>,
    #[serde(deserialize_with = "said")]
    longitude: Option<Option<f64>>,
}

/// Lists the sites that this person may know of: administrators all, others those of
/// cameras that they may see.
#[utoipa::path(get, path = "/sites", tag = "places", responses((status = 200, body = SiteList)))]
pub(crate) async fn sites(
    Given(state): Given<State>,
    Somebody(person): Somebody,
) -> Json<SiteList> {
    let tables = state.catalog.tables();
    let places = Places::of(&state, &tables, &person.user);
    let known = tables.sites.values().filter(|site| places.has_site(site.id));
    let mut sites: Vec<_> = known.map(detail).collect();
    sites.sort_by_cached_key(|site| base::sort_key(&site.name));
    Json(SiteList { sites })
}

/// Adds a site.
#[utoipa::path(post, path = "/sites", tag = "places", request_body = SiteWrite,
    responses((status = 201, body = SiteDetail), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm), (status = 404, body = ErrorForm)))]
pub(crate) async fn add_site(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Body(body): Body<SiteWrite>,
) -> Result<(StatusCode, Json<SiteDetail>), Refusal> {
    admit(&state, &person).await?;
    let new = NewSite {
        name: body.name,
        organisation: OrganisationId(body.organisation),
        category: body.category.unwrap_or(SiteCategory::Other).into(),
        ward: body.ward,
        address: body.address,
        position: position(body.latitude, body.longitude)?,
    };
    let added = state.catalog.add_site(new).await?;
    let deed = Deed::by(&state, &person, Act::Site).with_named("site", added.id.0, &added.name);
    deed.detail("change", "added").done(&state).await?;
    tracing::info!(user = person.user.name, added = added.name, "added a site");
    Ok((StatusCode::CREATED, Json(detail(&added))))
}

/// Changes a site.
#[utoipa::path(patch, path = "/sites/{id}", tag = "places", params(("id" = Uuid, Path)),
    request_body = SitePatch,
    responses((status = 200, body = SiteDetail), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm), (status = 404, body = ErrorForm)))]
pub(crate) async fn change_site(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
    Body(body): Body<SitePatch>,
) -> Result<Json<SiteDetail>, Refusal> {
    admit(&state, &person).await?;
    let id = SiteId(id);
    let before = state.catalog.tables().sites.get(&id).cloned();
    let is_moved = body.latitude.is_some() || body.longitude.is_some();
    let place = || position(body.latitude.flatten(), body.longitude.flatten());
    let change = SiteChange {
        name: body.name,
        organisation: body.organisation.map(OrganisationId),
        category: body.category.map(Into::into),
        ward: body.ward,
        address: body.address,
        position: is_moved.then(place).transpose()?,
    };
    let changed = state.catalog.change_site(id, change).await?;
    let deed = Deed::by(&state, &person, Act::Site);
    let mut deed = deed.with_named("site", id.0, &changed.name).detail("change", "changed");
    if let Some(before) = &before {
        deed = deed.changes(told(before), told(&changed));
    }
    deed.done(&state).await?;
    tracing::info!(user = person.user.name, changed = changed.name, "changed a site");
    Ok(Json(detail(&changed)))
}

/// Returns the place that two fields name together.
fn position(latitude: Option<f64>, longitude: Option<f64>) -> Result<Option<Position>, Refusal> {
    match (latitude, longitude) {
        (Some(latitude), Some(longitude)) => Ok(Some(Position::of(latitude, longitude)?)),
        (None, None) => Ok(None),
        (None, Some(_)) => Err(Refusal::invalid("latitude", "latitude and longitude go together")),
        (Some(_), None) => Err(Refusal::invalid("longitude", "latitude and longitude go together")),
    }
}

/// Refuses whoever may not say which sites there are.
pub(crate) async fn admit(state: &State, person: &Person) -> Result<(), Refusal> {
    match access::arranging(&person.user) {
        Ok(()) => Ok(()),
        Err(refusal) => Err(Deed::by(state, person, Act::Site).refused(state, refusal).await),
    }
}

/// What of it is told of a change, by field.
pub(crate) fn told(of: &Site) -> Told<6> {
    let text = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let place = |place: Position| format!("{} {}", place.latitude(), place.longitude());
    [
        ("name", of.name.clone()),
        ("organisation", of.organisation.to_string()),
        ("category", of.category.as_str().to_owned()),
        ("ward", text(of.ward.clone())),
        ("address", text(of.address.clone())),
        ("position", text(of.position.map(place))),
    ]
}

fn detail(of: &Site) -> SiteDetail {
    SiteDetail {
        id: of.id.0,
        name: of.name.clone(),
        organisation: of.organisation.0,
        category: of.category.into(),
        ward: of.ward.clone(),
        address: of.address.clone(),
        latitude: of.position.map(Position::latitude),
        longitude: of.position.map(Position::longitude),
    }
}
