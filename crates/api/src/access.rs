//! The one place that turns a decision of the catalog into an answer of HTTP.
//!
//! > A camera that may not be seen is answered for byte for byte like one that
//! > does not exist.
//!
//! Handlers never look a camera up by themselves: they name it and the action,
//! and get the camera or the refusal.

use std::sync::Arc;

use base::{CameraId, WallTime};
use catalog::{
    Action, Camera, Catalog, Class, Decision, Rights, Role, Sight, User, may_add, may_arrange,
    may_audit, may_grant, may_manage_people,
};

use crate::error::{Kind, Refusal};

/// Returns the camera, if `user` may do `action` with it now.
pub(crate) fn camera(
    catalog: &Catalog,
    user: &User,
    id: CameraId,
    action: Action,
    now: WallTime,
) -> Result<Arc<Camera>, Refusal> {
    let camera = catalog.camera(id);
    let decisions = camera.as_ref().zip(catalog.rights(user.id)).map(|(camera, rights)| {
        let decide = |action| rights.decide(camera.id, action, now);
        (decide(Action::See), decide(action))
    });
    answer(decisions)?;
    camera.ok_or_else(absent)
}

/// Refuses whoever may not do `action` with these pictures of a camera that they may
/// see.
pub(crate) fn shows(
    catalog: &Catalog,
    user: &User,
    camera: CameraId,
    action: Action,
    sight: Sight,
    now: WallTime,
) -> Result<(), Refusal> {
    match catalog.rights(user.id) {
        Some(rights) => allowed(rights.shows(camera, action, sight, now)),
        None => Err(absent()),
    }
}

/// Refuses whoever may not put cameras into a class.
pub(crate) fn class(
    catalog: &Catalog,
    user: &User,
    class: Class,
    now: WallTime,
) -> Result<(), Refusal> {
    match catalog.rights(user.id) {
        Some(rights) => allowed(rights.may_put_in(class, now)),
        None => Err(absent()),
    }
}

/// Refuses whoever may not add cameras.
pub(crate) fn adding(user: &User) -> Result<(), Refusal> {
    allowed(may_add(user))
}

/// Refuses whoever may not say which organisations and sites there are.
pub(crate) fn arranging(user: &User) -> Result<(), Refusal> {
    allowed(may_arrange(user))
}

/// Refuses whoever may not say who there is.
pub(crate) fn managing_people(user: &User) -> Result<(), Refusal> {
    allowed(may_manage_people(user))
}

/// Refuses whoever may not see, give and revoke grants.
pub(crate) fn granting(user: &User) -> Result<(), Refusal> {
    allowed(may_grant(user))
}

/// Refuses whoever may not say by which rules it goes.
pub(crate) fn ruling(user: &User) -> Result<(), Refusal> {
    match user.role {
        Role::Administrator => Ok(()),
        Role::Operator | Role::Auditor => {
            Err(Refusal::new(Kind::Forbidden, "the rules are laid down by administrators"))
        }
    }
}

/// Refuses whoever may not read the audit.
pub(crate) fn auditing(user: &User) -> Result<(), Refusal> {
    allowed(may_audit(user))
}

/// Returns whether somebody who reads the audit reads there of cameras of defence.
pub(crate) fn reads_of_defence(catalog: &Catalog, user: &User, now: WallTime) -> bool {
    let rights = catalog.rights(user.id);
    rights.is_some_and(|rights| rights.may_read_of(Class::Defence, now).is_allowed())
}

/// Returns whether a person may do `action` now with a camera that a list goes through.
pub(crate) fn lists(rights: &Rights, camera: CameraId, action: Action, now: WallTime) -> bool {
    let decide = |action| rights.decide(camera, action, now).is_allowed();
    decide(Action::See) && decide(action)
}

fn allowed(decision: Decision) -> Result<(), Refusal> {
    match decision {
        Decision::Allowed => Ok(()),
        Decision::Denied(why) => Err(Refusal::new(Kind::Forbidden, why)),
    }
}

/// From whether it may be seen, and whether the act is allowed, to the answer.
fn answer(decisions: Option<(Decision, Decision)>) -> Result<(), Refusal> {
    match decisions {
        None | Some((Decision::Denied(_), _)) => Err(absent()),
        Some((Decision::Allowed, decision)) => allowed(decision),
    }
}

fn absent() -> Refusal {
    Refusal::not_found("camera")
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use axum::response::IntoResponse;

    use super::*;

    async fn bytes(refusal: Refusal) -> (String, Vec<u8>) {
        let response = refusal.into_response();
        let head = format!("{} {:?}", response.status(), response.headers());
        (head, to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec())
    }

    #[tokio::test]
    async fn a_camera_that_may_not_be_seen_is_answered_for_like_none() {
        let denied = Decision::Denied("only by a grant");
        let none = bytes(answer(None).unwrap_err()).await;
        for act in [Decision::Allowed, denied] {
            assert_eq!(bytes(answer(Some((denied, act))).unwrap_err()).await, none);
        }
        let seen = answer(Some((Decision::Allowed, denied))).unwrap_err();
        assert_eq!((seen.code(), seen.message()), ("forbidden", "only by a grant"));
        assert!(answer(Some((Decision::Allowed, Decision::Allowed))).is_ok());
    }
}
