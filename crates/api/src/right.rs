//! What opens media, and what must hold for as long as they play: the token
//! until its end, the sign-in that it was given to, and the catalog's decision.
//!
//! ```text
//! token ──▶ genuine? not over? ──▶ of a sign-in that holds ──▶ catalog: may? ──▶ Right
//!                                                                                 │
//! every second, and when rights change: Lost? ◀──────────────────────────────────┘
//! ```
//!
//! Whoever serves media asks here, by whatever way they go out.

use std::sync::Arc;
use std::time::Duration;

use base::{CameraId, SignInId, UserId, WallTime};
use catalog::{Action, Camera, User};
use signin::{MediaAction, MediaToken};

use crate::access;
use crate::app::State;
use crate::error::{Kind, Refusal};

/// How often sign-ins are looked at, also if nobody said that one changed: it may
/// have been ended by another process.
pub(crate) const SIGN_IN_LOOK: Duration = Duration::from_secs(4);

/// What something that plays was opened with.
#[derive(Clone, Debug)]
pub(crate) struct Right {
    pub(crate) user: UserId,
    pub(crate) sign_in: SignInId,
    pub(crate) camera: CameraId,
    pub(crate) action: MediaAction,
    /// When its token ends.
    pub(crate) until: WallTime,
}

/// Why nothing may play any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// The token is over.
    Expired,
    /// The sign-in has ended, or the catalog allows it no longer.
    Revoked,
}

impl Right {
    /// The right that a token gives, once it was admitted.
    pub(crate) fn of(token: &MediaToken, action: MediaAction) -> Self {
        let MediaToken { user, sign_in, camera, until, .. } = *token;
        Self { user, sign_in, camera, action, until }
    }

    /// Holds on by a fresh token of the same person for the same camera.
    pub(crate) fn renew(&mut self, state: &State, token: &str) -> Result<(), Refusal> {
        let user = state.catalog.user(self.user).ok_or_else(ended)?;
        let (token, _) = admit(state, &user, self.sign_in, token, self.action)?;
        if token.camera != self.camera {
            return Err(other_camera());
        }
        self.until = self.until.max(token.until);
        Ok(())
    }

    /// Returns whether it is lost by its token or by the catalog.
    pub(crate) fn lost(&self, state: &State) -> Option<Lost> {
        if state.now() >= self.until {
            return Some(Lost::Expired);
        }
        (!self.allows(state, self.action)).then_some(Lost::Revoked)
    }

    /// Returns whether the catalog still allows its owner this.
    pub(crate) fn allows(&self, state: &State, action: MediaAction) -> bool {
        state.catalog.user(self.user).is_some_and(|user| {
            access::camera(&state.catalog, &user, self.camera, asked(action)).is_ok()
        })
    }
}

/// Returns what a token opens, if it is this person's and the catalog agrees still.
pub(crate) fn admit(
    state: &State,
    user: &User,
    sign_in: SignInId,
    token: &str,
    action: MediaAction,
) -> Result<(MediaToken, Arc<Camera>), Refusal> {
    let token = state.verifier.verify(token, state.now())?;
    if token.user != user.id || token.sign_in != sign_in {
        let words = "the media token was given to another sign-in";
        return Err(Refusal::new(Kind::Forbidden, words));
    }
    let camera = access::camera(&state.catalog, user, token.camera, asked(action))?;
    if !token.actions.contains(&action) {
        let words = "the media token does not allow this; ask for one that does";
        return Err(Refusal::new(Kind::Forbidden, words));
    }
    Ok((token, camera))
}

/// The refusal of a token that is for another camera than what it is to renew.
pub(crate) fn other_camera() -> Refusal {
    let words = "the media token is for another camera than what it is to renew";
    Refusal::new(Kind::Forbidden, words)
}

/// What the catalog is asked for before media are opened.
pub(crate) fn asked(action: MediaAction) -> Action {
    match action {
        MediaAction::Live => Action::Live,
        MediaAction::Playback => Action::Playback,
        MediaAction::Sound => Action::Sound,
    }
}

fn ended() -> Refusal {
    let words = "the sign-in that the media token was given to has ended; sign in again";
    Refusal::new(Kind::SignedOut, words)
}
