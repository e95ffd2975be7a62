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

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, header};
use base::{CameraId, SignInId, UserId, WallTime};
use catalog::{Action, Camera, User};
use signin::{MediaAction, MediaToken, TokenFault};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::access;
use crate::app::State;
use crate::error::{Kind, Refusal};
use crate::view::View;

/// How often tokens are looked at.
const TICK: Duration = Duration::from_secs(1);

/// Returns the moments at which that is. They are the same for all that look, so that one
/// waking does for a thousand sockets.
pub(crate) fn ticks(state: &State) -> Interval {
    let into = state.now().0.rem_euclid(1_000_000).unsigned_abs();
    let mut ticks = interval_at(Instant::now() + TICK - Duration::from_micros(into), TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// How often sign-ins are looked at, also if nobody said that one changed: it may
/// have been ended by another process.
pub(crate) const SIGN_IN_LOOK: Duration = Duration::from_secs(4);

/// What something that plays was opened with.
#[derive(Clone, Debug)]
pub(crate) struct Right {
    pub(crate) user: UserId,
    pub(crate) sign_in: SignInId,
    pub(crate) camera: CameraId,
    /// What its token must allow, and the catalog.
    pub(crate) actions: &'static [MediaAction],
    /// Of which pictures.
    pub(crate) view: View,
    /// When its token ends.
    pub(crate) until: WallTime,
}

/// What live pictures need, with their sound or without.
pub(crate) fn live(sound: bool) -> &'static [MediaAction] {
    match sound {
        true => &[MediaAction::Live, MediaAction::Sound],
        false => &[MediaAction::Live],
    }
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
    pub(crate) fn of(token: &MediaToken, actions: &'static [MediaAction], view: View) -> Self {
        let MediaToken { user, sign_in, camera, until, .. } = *token;
        Self { user, sign_in, camera, actions, view, until }
    }

    /// Holds on by a fresh token of the same person for the same camera.
    pub(crate) fn renew(&mut self, state: &State, token: &str) -> Result<(), Refusal> {
        let user = state.catalog.user(self.user).ok_or_else(ended)?;
        let (token, _) = admit(state, &user, self.sign_in, token, self.actions)?;
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
        (!self.allows(state, self.actions)).then_some(Lost::Revoked)
    }

    /// Returns whether the catalog still allows its owner this.
    pub(crate) fn allows(&self, state: &State, actions: &[MediaAction]) -> bool {
        state
            .catalog
            .user(self.user)
            .is_some_and(|user| may_view(state, &user, self.camera, actions, self.view).is_ok())
    }
}

/// Returns the camera, if the catalog allows all of it now, of these pictures.
pub(crate) fn may_view(
    state: &State,
    user: &User,
    camera: CameraId,
    actions: &[MediaAction],
    view: View,
) -> Result<Arc<Camera>, Refusal> {
    let (camera, now) = (may(state, user, camera, actions)?, state.now());
    for &action in actions {
        let sight = view.sight(&camera, now);
        access::shows(&state.catalog, user, camera.id, asked(action), sight, now)?;
    }
    Ok(camera)
}

/// Refuses pictures that the token, or the catalog, does not show.
pub(crate) fn shows(
    state: &State,
    user: &User,
    token: &MediaToken,
    actions: &[MediaAction],
    view: View,
) -> Result<(), Refusal> {
    let camera = may_view(state, user, token.camera, actions, view)?;
    let lines = view.sight(&camera, state.now()).lines;
    if token.lines.is_some_and(|most| lines.is_none_or(|lines| lines > most)) {
        let words =
            "the media token opens no pictures as fine as these; ask for the smaller stream";
        return Err(Refusal::new(Kind::Forbidden, words));
    }
    Ok(())
}

/// Returns what a token opens, if it is this person's and the catalog agrees still.
pub(crate) fn admit(
    state: &State,
    user: &User,
    sign_in: SignInId,
    token: &str,
    actions: &[MediaAction],
) -> Result<(MediaToken, Arc<Camera>), Refusal> {
    let token = state.verifier.verify(token, state.now())?;
    if token.user != user.id || token.sign_in != sign_in {
        let words = "the media token was given to another sign-in";
        return Err(Refusal::new(Kind::Forbidden, words));
    }
    let camera = may(state, user, token.camera, actions)?;
    if !actions.iter().all(|action| token.actions.contains(action)) {
        let words = "the media token does not allow this; ask for one that does";
        return Err(Refusal::new(Kind::Forbidden, words));
    }
    Ok((token, camera))
}

/// Returns what the token of a request without a cookie opens: that in its
/// header `Authorization`, as players of other makers send it.
pub(crate) async fn bearer(
    state: &State,
    headers: &HeaderMap,
    actions: &[MediaAction],
) -> Result<(MediaToken, User, Arc<Camera>), Refusal> {
    let token = sent(headers)?;
    let given = state.verifier.verify(token, state.now())?;
    let sign_in = state.sign_ins.look(given.sign_in, state.now()).await?.ok_or_else(ended)?;
    let user = state.catalog.user(sign_in.user).ok_or_else(ended)?;
    let (token, camera) = admit(state, &user, sign_in.id, token, actions)?;
    Ok((token, user, camera))
}

/// Refuses whoever has no token of this installation. It may be over: who ends
/// what it opened needs no fresh one.
pub(crate) fn genuine(state: &State, headers: &HeaderMap) -> Result<(), Refusal> {
    match state.verifier.verify(sent(headers)?, state.now()) {
        Ok(_) | Err(TokenFault::Expired) => Ok(()),
        Err(TokenFault::Forged) => Err(TokenFault::Forged.into()),
    }
}

/// Returns the token that a request sends.
fn sent(headers: &HeaderMap) -> Result<&str, Refusal> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = value.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    });
    token.ok_or_else(|| {
        let words = "a media token is needed: send Authorization: Bearer TOKEN, the token from \
                     POST /api/v1/media-tokens";
        Refusal::new(Kind::SignedOut, words)
    })
}

/// Returns those of some sign-ins that hold no longer.
pub(crate) async fn ended_of(state: &State, sign_ins: HashSet<SignInId>) -> HashSet<SignInId> {
    match state.sign_ins.look_all(sign_ins.iter().copied(), state.now()).await {
        Ok(last) => sign_ins.into_iter().filter(|sign_in| !last.contains(sign_in)).collect(),
        // A database that is busy for a moment must not darken a wall; tokens
        // are bounded in time all the same.
        Err(error) => {
            tracing::error!(%error, "sign-ins cannot be looked up");
            HashSet::new()
        }
    }
}

/// The refusal of a token that is for another camera than what it is to renew.
pub(crate) fn other_camera() -> Refusal {
    let words = "the media token is for another camera than what it is to renew";
    Refusal::new(Kind::Forbidden, words)
}

/// Returns the camera, if the catalog allows all of it now.
pub(crate) fn may(
    state: &State,
    user: &User,
    camera: CameraId,
    actions: &[MediaAction],
) -> Result<Arc<Camera>, Refusal> {
    let (catalog, now) = (&state.catalog, state.now());
    let seen = access::camera(catalog, user, camera, Action::See, now)?;
    for &action in actions {
        access::camera(catalog, user, camera, asked(action), now)?;
    }
    Ok(seen)
}

/// What the catalog is asked for before media are opened.
fn asked(action: MediaAction) -> Action {
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
