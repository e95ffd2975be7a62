//! What a person may see: organisations, sites, cameras and how they are.

use std::collections::{HashMap, HashSet};

use axum::Json;
use axum::extract::State as Given;
use base::{CameraId, OrganisationId, SiteId};
use catalog::{Action, Camera, Tables, User};
use recorder::CameraState as Recorded;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Role;
use super::grants::Class;
use crate::access;
use crate::app::State;
use crate::person::Somebody;

/// All that a person may see.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tree {
    organisations: Vec<OrganisationRow>,
    sites: Vec<SiteRow>,
    /// In order of number.
    cameras: Vec<CameraRow>,
}

/// An owner of sites.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrganisationRow {
    id: Uuid,
    name: String,
    parent: Option<Uuid>,
}

/// A place with cameras.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SiteRow {
    id: Uuid,
    name: String,
    organisation: Uuid,
}

/// A camera as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CameraRow {
    id: Uuid,
    /// The short number typed at the desk.
    number: u32,
    name: String,
    site: Uuid,
    make: Option<String>,
    streams: Vec<StreamRow>,
    state: StateRow,
    /// Whether it may be listened to.
    sound: bool,
    class: Class,
    /// The day by which it is to be said what it is for, if it is from before that
    /// was asked: as `2026-11-29`.
    inherited_until: Option<String>,
    may: May,
}

/// One flow of a camera, with what was last seen in it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StreamRow {
    id: Uuid,
    role: Role,
    width: Option<u16>,
    height: Option<u16>,
    /// As RFC 6381 writes it, such as `avc1.640028`.
    codec: Option<String>,
}

/// How a camera is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StateRow {
    /// `recording`, `connecting`, `faulty` or `disabled`.
    kind: &'static str,
    since_us: Option<i64>,
    /// For a faulty one: `unreachable`, `refused`, `wrong_credentials`,
    /// `not_found`, `unsupported`, `protocol` or `silent`.
    reason: Option<&'static str>,
}

/// What the person may do with the camera.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct May {
    live: bool,
    playback: bool,
    export: bool,
    sound: bool,
    /// Open it in an emergency.
    #[serde(rename = "override")]
    overrides: bool,
    /// Give on what was given to them.
    share: bool,
    /// Change how it is reached and kept.
    configure: bool,
}

/// Lists what this person may see.
#[utoipa::path(get, path = "/tree", tag = "cameras", responses((status = 200, body = Tree)))]
pub(crate) async fn tree(Given(state): Given<State>, Somebody(person): Somebody) -> Json<Tree> {
    let tables = state.catalog.tables();
    let (recorded, now) = (state.recorder.states(), state.now());
    let mut cameras = Vec::new();
    if let Some(rights) = state.catalog.rights(person.user.id) {
        let visible = rights.visible(now).filter_map(|camera| tables.cameras.get(&camera));
        for camera in visible {
            let may = |action| access::lists(&rights, camera.id, action, now);
            cameras.push(row(&may, camera, &recorded));
        }
    }
    cameras.sort_by_key(|camera| camera.number);
    let places = Places::of(&state, &tables, &person.user);
    let organisations = tables.organisations.values();
    let organisations =
        organisations.filter(|one| places.has_organisation(one.id)).map(|organisation| {
            OrganisationRow {
                id: organisation.id.0,
                name: organisation.name.clone(),
                parent: organisation.parent.map(|parent| parent.0),
            }
        });
    let sites = tables.sites.values().filter(|one| places.has_site(one.id));
    let sites = sites.map(|site| SiteRow {
        id: site.id.0,
        name: site.name.clone(),
        organisation: site.organisation.0,
    });
    Json(Tree { organisations: organisations.collect(), sites: sites.collect(), cameras })
}

/// Where something hangs that a person may see.
#[derive(Default)]
pub(crate) struct Places {
    /// Whoever adds cameras chooses among all places, whatever hangs there.
    all: bool,
    sites: HashSet<SiteId>,
    organisations: HashSet<OrganisationId>,
}

impl Places {
    /// Returns those that a person may know of now.
    pub(crate) fn of(state: &State, tables: &Tables, user: &User) -> Self {
        let mut places = Self { all: access::adding(user).is_ok(), ..Self::default() };
        if let Some(rights) = state.catalog.rights(user.id).filter(|_| !places.all) {
            let visible = rights.visible(state.now());
            visible.filter_map(|camera| tables.cameras.get(&camera)).for_each(|camera| {
                places.add(tables, camera);
            });
        }
        places
    }

    pub(crate) fn has_site(&self, site: SiteId) -> bool {
        self.all || self.sites.contains(&site)
    }

    pub(crate) fn has_organisation(&self, organisation: OrganisationId) -> bool {
        self.all || self.organisations.contains(&organisation)
    }

    /// Adds where a camera hangs, what organisations it names, and of what these are
    /// units.
    fn add(&mut self, tables: &Tables, camera: &Camera) {
        if self.sites.insert(camera.site)
            && let Some(site) = tables.sites.get(&camera.site)
        {
            self.add_organisation(tables, site.organisation);
        }
        for organisation in camera.particulars.organisations() {
            self.add_organisation(tables, organisation);
        }
    }

    fn add_organisation(&mut self, tables: &Tables, organisation: OrganisationId) {
        let mut next = Some(organisation);
        while let Some(id) = next.filter(|&id| self.organisations.insert(id)) {
            next = tables.organisations.get(&id).and_then(|one| one.parent);
        }
    }
}

/// Returns how a camera is shown to a person who may do with it what `may` says.
pub(crate) fn row(
    may: &impl Fn(Action) -> bool,
    camera: &Camera,
    recorded: &HashMap<CameraId, Recorded>,
) -> CameraRow {
    let streams = camera.streams.iter().map(|stream| StreamRow {
        id: stream.id.0,
        role: stream.role.into(),
        width: stream.facts.as_ref().map(|facts| facts.width),
        height: stream.facts.as_ref().map(|facts| facts.height),
        codec: stream.facts.as_ref().map(|facts| facts.codec.clone()),
    });
    CameraRow {
        id: camera.id.0,
        number: camera.number,
        name: camera.name.clone(),
        site: camera.site.0,
        make: camera.make.clone(),
        streams: streams.collect(),
        state: state_row(camera, recorded.get(&camera.id)),
        sound: camera.sound,
        class: camera.class.into(),
        inherited_until: camera.inherited_until.map(|day| day.to_string()),
        may: May {
            live: may(Action::Live),
            playback: may(Action::Playback),
            export: may(Action::Export),
            sound: may(Action::Sound),
            overrides: may(Action::Override),
            share: may(Action::Share),
            configure: may(Action::Configure),
        },
    }
}

fn state_row(camera: &Camera, recorded: Option<&Recorded>) -> StateRow {
    match recorded {
        _ if !camera.recording => StateRow { kind: "disabled", since_us: None, reason: None },
        // Its pipeline is about to be started.
        None => StateRow { kind: "connecting", since_us: None, reason: None },
        Some(state) => StateRow {
            kind: state.kind.as_str(),
            since_us: Some(state.since.0),
            reason: state.reason,
        },
    }
}
