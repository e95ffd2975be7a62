//! Who may do what now: with one camera, and one person.
//!
//! What is told is what the decision says at this moment, of cameras alone that
//! whoever asks may know of. Why it is so, an explanation says (`grants.rs`).

use audit::Act;
use axum::Json;
use axum::extract::State as Given;
use base::{CameraId, UserId, WallTime};
use catalog::{Action as Of, Rights};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::grants::Action;
use crate::access;
use crate::app::State;
use crate::deed;
use crate::error::{ErrorForm, Refusal};
use crate::extract::Id;
use crate::person::Somebody;

/// Who may do something with a camera now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CameraRights {
    /// Those who may do anything at all, by name.
    people: Vec<PersonHolds>,
}

/// What a person may do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonHolds {
    person: Uuid,
    name: String,
    display_name: String,
    actions: Vec<Action>,
}

/// What a person may do now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonRights {
    /// Each camera stands in one of these, if it stands in any.
    groups: Vec<CamerasHeld>,
}

/// Cameras with which the same may be done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CamerasHeld {
    actions: Vec<Action>,
    cameras: Vec<Uuid>,
}

/// Says who may do what with a camera now, to whoever may share it.
#[utoipa::path(get, path = "/cameras/{id}/rights", tag = "grants", params(("id" = Uuid, Path)),
    responses((status = 200, body = CameraRights), (status = 403, body = ErrorForm),
        (status = 404, body = ErrorForm)))]
pub(crate) async fn camera_rights(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
) -> Result<Json<CameraRights>, Refusal> {
    let (camera, now) = (CameraId(id), state.now());
    deed::camera(&state, &person, camera, Of::Share, Act::Grant).await?;
    let (tables, world) = (state.catalog.tables(), state.catalog.world());
    let mut people = Vec::new();
    for user in tables.users.values() {
        let actions = held(&world.rights(user), camera, now);
        if !actions.is_empty() {
            let (name, display_name) = (user.name.clone(), user.display_name.clone());
            people.push(PersonHolds { person: user.id.0, name, display_name, actions });
        }
    }
    people.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Json(CameraRights { people }))
}

/// Says what a person may do now, with cameras that whoever asks may see.
#[utoipa::path(get, path = "/people/{id}/rights", tag = "grants", params(("id" = Uuid, Path)),
    responses((status = 200, body = PersonRights), (status = 403, body = ErrorForm),
        (status = 404, body = ErrorForm)))]
pub(crate) async fn person_rights(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
) -> Result<Json<PersonRights>, Refusal> {
    access::granting(&person.user)?;
    let user = state.catalog.user(UserId(id)).ok_or_else(|| Refusal::not_found("person"))?;
    let (world, now) = (state.catalog.world(), state.now());
    let (asks, theirs) = (world.rights(&person.user), world.rights(&user));
    // As many as there are ways to hold cameras, which are few.
    let mut groups: Vec<CamerasHeld> = Vec::new();
    for camera in theirs.visible(now) {
        if !asks.decide(camera, Of::See, now).is_allowed() {
            continue;
        }
        let actions = held(&theirs, camera, now);
        match groups.iter_mut().find(|group| group.actions == actions) {
            Some(group) => group.cameras.push(camera.0),
            None => groups.push(CamerasHeld { actions, cameras: vec![camera.0] }),
        }
    }
    Ok(Json(PersonRights { groups }))
}

fn held(rights: &Rights, camera: CameraId, now: WallTime) -> Vec<Action> {
    let holds = |action: &Of| rights.decide(camera, *action, now).is_allowed();
    Of::ALL.into_iter().filter(holds).map(Action::from).collect()
}
