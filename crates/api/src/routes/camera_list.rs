//! Cameras by what is said of them: searched, filtered, a page at a time.

use axum::Json;
use axum::extract::State as Given;
use base::{Needle, OrganisationId, SiteId};
use catalog::{Action, Area, CameraFilter, Position};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::grants::Class;
use super::particulars::{LifeCycle, ParticularsRow, Purpose};
use super::tree::{CameraRow, row};
use crate::access;
use crate::app::State;
use crate::error::{ErrorForm, Refusal};
use crate::extract::Asked;
use crate::person::Somebody;

/// How many cameras a page has, at most and if nothing is said.
const MOST: usize = 1_000;
const USUAL: usize = 100;

/// The most characters that are looked for.
const LONGEST: usize = 200;

/// Which cameras are looked for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CamerasAsked {
    /// Words that all occur in number, name, make, site, address, ward or the names
    /// of organisations. Marks and case make no difference: `duong lang` finds
    /// Đường Láng.
    q: Option<String>,
    /// Of this organisation or a unit of it, or on a site of these.
    organisation: Option<Uuid>,
    /// On this site.
    site: Option<Uuid>,
    /// On a site in the ward or commune of this code.
    ward: Option<String>,
    /// What a map shows, in degrees: south, west, north and east of it, with commas
    /// between, such as `21.01,105.80,21.05,105.87`.
    area: Option<String>,
    /// Of this class.
    #[param(value_type = Option<String>)]
    class: Option<Class>,
    /// With this purpose among its own.
    #[param(value_type = Option<String>)]
    purpose: Option<Purpose>,
    /// At this place in its life.
    #[param(value_type = Option<String>)]
    life_cycle: Option<LifeCycle>,
    /// Whether it is still to be said what it is for.
    inherited: Option<bool>,
    /// Whether the day is over by which that was to be said.
    overdue: Option<bool>,
    /// Where the page before this one said that it begins.
    next: Option<u32>,
    /// How many cameras at most: 100, up to 1000.
    most: Option<usize>,
}

/// A page of cameras, in order of number.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CameraPage {
    cameras: Vec<ListedCamera>,
    /// How many there are on all pages.
    total: usize,
    /// Where the next page begins; null on the last.
    next: Option<u32>,
}

/// A camera with what is on record of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListedCamera {
    #[serde(flatten)]
    row: CameraRow,
    /// Whether the day is over by which it was to be said what it is for.
    overdue: bool,
    particulars: ParticularsRow,
}

/// Lists the cameras that this person may see and that fit.
#[utoipa::path(get, path = "/cameras", tag = "cameras", params(CamerasAsked),
    responses((status = 200, body = CameraPage), (status = 400, body = ErrorForm)))]
pub(crate) async fn cameras(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Asked(asked): Asked<CamerasAsked>,
) -> Result<Json<CameraPage>, Refusal> {
    let most = asked.most.unwrap_or(USUAL).clamp(1, MOST);
    let from = asked.next.unwrap_or(0);
    let (user, now) = (person.user.id, state.now());
    let found = state.catalog.find_cameras(user, &asked.filter()?, now);
    let mut page = found.from(from);
    let listed: Vec<_> = page.by_ref().take(most).collect();
    let next = page.next().map(|camera| camera.number);
    let recorded = state.recorder.states_of(listed.iter().map(|camera| &***camera));
    let today = base::Day::of(now);
    let rights = state.catalog.rights(user);
    let cameras = listed.into_iter().map(|camera| {
        let may = |action: Action| {
            rights.as_ref().is_some_and(|rights| access::lists(rights, camera.id, action, now))
        };
        ListedCamera {
            row: row(&may, camera, &recorded),
            overdue: camera.is_overdue(today),
            particulars: (&camera.particulars).into(),
        }
    });
    Ok(Json(CameraPage { cameras: cameras.collect(), total: found.total(), next }))
}

impl CamerasAsked {
    /// Returns what is looked for.
    pub(crate) fn filter(self) -> Result<CameraFilter, Refusal> {
        let text = self.q.unwrap_or_default();
        if text.chars().count() > LONGEST {
            return Err(Refusal::invalid("q", "what is looked for has over 200 characters"));
        }
        Ok(CameraFilter {
            needle: Needle::new(&text),
            organisation: self.organisation.map(OrganisationId),
            site: self.site.map(SiteId),
            ward: self.ward,
            area: self.area.as_deref().map(area).transpose()?,
            class: self.class.map(Into::into),
            purpose: self.purpose.map(Into::into),
            life_cycle: self.life_cycle.map(Into::into),
            inherited: self.inherited,
            overdue: self.overdue,
        })
    }
}

/// Returns what lies between four bounds.
fn area(text: &str) -> Result<Area, Refusal> {
    let words = "an area is its south, west, north and east in degrees, such as \
                 21.01,105.80,21.05,105.87";
    let refused = || Refusal::invalid("area", words);
    let bounds: Result<Vec<f64>, _> = text.split(',').map(|one| one.trim().parse()).collect();
    let [south, west, north, east] = bounds.map_err(|_| refused())?[..] else {
        return Err(refused());
    };
    let corner = |lat, lon| Position::of(lat, lon).map_err(|_| refused());
    let (from, to) = (corner(south, west)?, corner(north, east)?);
    match from.lat_udeg <= to.lat_udeg && from.lon_udeg <= to.lon_udeg {
        true => Ok(Area { from, to }),
        false => Err(refused()),
    }
}
