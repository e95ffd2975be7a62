//! Who may do what with which camera. Pure: no row, no clock, no HTTP.
//!
//! ```text
//!                see   live   playback   export   sound   configure   audit
//! administrator   ✓     –        –         –       –         ✓          –
//! operator        ✓     ✓        ✓         ✓       *         –          –
//! auditor         –     –        –         –       –         –          ✓
//! ```
//!
//! \* Where the camera's sound is authorised, and beside live or playback.
//!
//! > Every caller that touches a camera for somebody asks here first, for that
//! > camera and that action, and treats one that may not be seen as absent.
//!
//! The roles are a first set of rules; grants by camera, hour and purpose will be
//! more arguments of the same question.

use crate::{Camera, Role, User};

/// What somebody wants to do with a camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Know that it exists: its name, its place, its state.
    See,
    /// Watch it now.
    Live,
    /// Look back.
    Playback,
    /// Take footage out, or ask for it to be held.
    Export,
    /// Listen, to what may be watched.
    Sound,
    /// Change or remove it.
    Configure,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It may be done.
    Allowed,
    /// It may not, for this reason in words.
    Denied(&'static str),
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::See, Self::Live, Self::Playback, Self::Export, Self::Sound, Self::Configure];
}

impl Decision {
    /// Returns whether it may be done.
    pub fn is_allowed(self) -> bool {
        self == Self::Allowed
    }
}

/// Returns whether `user` may do `action` with `camera`.
pub fn decide(user: &User, camera: &Camera, action: Action) -> Decision {
    match (user.role, action) {
        (Role::Auditor, _) => Decision::Denied("auditors read the audit and hold no video"),
        (Role::Administrator | Role::Operator, Action::See) => Decision::Allowed,
        (Role::Administrator, Action::Configure) => Decision::Allowed,
        (Role::Administrator, Action::Live | Action::Playback | Action::Export | Action::Sound) => {
            Decision::Denied("administrators configure cameras and hold no video")
        }
        (Role::Operator, Action::Live | Action::Playback | Action::Export) => Decision::Allowed,
        (Role::Operator, Action::Sound) if camera.sound => Decision::Allowed,
        (Role::Operator, Action::Sound) => {
            Decision::Denied("the sound of this camera is not authorised")
        }
        (Role::Operator, Action::Configure) => {
            Decision::Denied("operators hold video and configure no cameras")
        }
    }
}

/// Returns whether `user` may add cameras, of which there is none yet to ask for.
pub fn may_add(user: &User) -> Decision {
    match user.role {
        Role::Administrator => Decision::Allowed,
        Role::Operator => Decision::Denied("operators hold video and configure no cameras"),
        Role::Auditor => Decision::Denied("auditors read the audit and configure no cameras"),
    }
}

/// Returns whether `user` may say who there is and what they are here to do.
pub fn may_manage_people(user: &User) -> Decision {
    match user.role {
        Role::Administrator => Decision::Allowed,
        Role::Operator | Role::Auditor => Decision::Denied("people are managed by administrators"),
    }
}

/// Returns whether `user` may read who did what.
pub fn may_audit(user: &User) -> Decision {
    match user.role {
        Role::Auditor => Decision::Allowed,
        // Whoever is watched over does not choose what is seen of it.
        Role::Administrator | Role::Operator => {
            Decision::Denied("the audit is read by auditors, who hold nothing else")
        }
    }
}

#[cfg(test)]
mod tests {
    use base::{CameraId, SiteId, UserId};

    use super::*;
    use crate::Retention;

    /// The picture in the module's documentation.
    const TABLE: [(Role, bool, [bool; 6], bool); 6] = [
        (Role::Administrator, false, [true, false, false, false, false, true], false),
        (Role::Administrator, true, [true, false, false, false, false, true], false),
        (Role::Operator, false, [true, true, true, true, false, false], false),
        (Role::Operator, true, [true, true, true, true, true, false], false),
        (Role::Auditor, false, [false; 6], true),
        (Role::Auditor, true, [false; 6], true),
    ];

    #[test]
    fn the_table_is_what_is_decided() {
        let mut camera = Camera {
            id: CameraId::new(),
            number: 1,
            name: "Cổng".to_owned(),
            site: SiteId::new(),
            make: None,
            recording: true,
            retention: Retention::default(),
            link: Default::default(),
            sound: false,
            streams: Vec::new(),
        };
        for (role, sound, row, audit) in TABLE {
            camera.sound = sound;
            let (id, name) = (UserId::new(), "someone".to_owned());
            let user = User { id, display_name: name.clone(), name, role };
            let decided = Action::ALL.map(|action| decide(&user, &camera, action).is_allowed());
            assert_eq!(decided, row, "{role:?}");
            let adds = may_add(&user).is_allowed();
            assert_eq!(adds, decide(&user, &camera, Action::Configure).is_allowed(), "{role:?}");
            assert_eq!(may_audit(&user).is_allowed(), audit, "{role:?}");
            assert_eq!(may_manage_people(&user).is_allowed(), adds, "{role:?}");
        }
    }
}
