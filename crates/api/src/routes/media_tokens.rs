//! What opens a camera's media on the socket.

use audit::Act;
use axum::Json;
use axum::extract::State as Given;
use base::CameraId;
use catalog::Action;
use serde::{Deserialize, Serialize};
use signin::{MediaAction, MediaToken, TOKEN_LIFETIME};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::State;
use crate::deed;
use crate::error::{ErrorForm, Refusal};
use crate::extract::Body;
use crate::person::Somebody;
use crate::routes::{purpose, span};

/// What somebody wants to watch.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenAsked {
    camera: Uuid,
    actions: Vec<TokenAction>,
    /// Why; needed for `playback`.
    purpose: Option<String>,
    /// For `playback`: the only span that will be watched.
    from_us: Option<i64>,
    to_us: Option<i64>,
}

/// What may be done with media.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TokenAction {
    Live,
    Playback,
    /// Beside one of the others: to listen too.
    Sound,
}

/// A token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenAnswer {
    token: String,
    /// The first moment at which it opens nothing more.
    expires_us: i64,
}

/// Gives a token for one camera's media.
#[utoipa::path(post, path = "/media-tokens", tag = "media", request_body = TokenAsked,
    responses((status = 200, body = TokenAnswer), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm), (status = 404, body = ErrorForm)))]
pub(crate) async fn media_token(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Body(body): Body<TokenAsked>,
) -> Result<Json<TokenAnswer>, Refusal> {
    let watches = |action: &TokenAction| *action != TokenAction::Sound;
    if !body.actions.iter().any(watches) || body.actions.len() > 3 {
        let words = "name the actions: \"live\", \"playback\", or both, and \"sound\" beside them";
        return Err(Refusal::invalid("actions", words));
    }
    let looks_back = body.actions.contains(&TokenAction::Playback);
    let camera = CameraId(body.camera);
    let act = if looks_back { Act::Playback } else { Act::Live };
    deed::camera(&state, &person, camera, Action::See, act).await?;
    for action in &body.actions {
        let action = match action {
            TokenAction::Live => Action::Live,
            TokenAction::Playback => Action::Playback,
            TokenAction::Sound => Action::Sound,
        };
        deed::camera(&state, &person, camera, action, act).await?;
    }
    let purpose = match looks_back {
        true => Some(purpose(body.purpose.as_deref().unwrap_or_default())?),
        false => None,
    };
    let window = match (body.from_us, body.to_us) {
        (None, None) => None,
        (Some(from), Some(to)) => Some(span(from, to)?),
        (Some(_), None) => return Err(Refusal::invalid("to_us", "from_us needs to_us beside it")),
        (None, Some(_)) => {
            return Err(Refusal::invalid("from_us", "to_us needs from_us beside it"));
        }
    };
    let now = state.now();
    let mut actions: Vec<_> = body.actions.iter().map(|&action| action.into()).collect();
    actions.dedup();
    let token = MediaToken {
        user: person.user.id,
        sign_in: person.sign_in.id,
        camera,
        actions,
        window: window.filter(|_| looks_back),
        purpose,
        until: now.plus(TOKEN_LIFETIME),
    };
    let expires_us = token.until.0;
    Ok(Json(TokenAnswer { token: state.tokens.sign(&token, now), expires_us }))
}

impl From<TokenAction> for MediaAction {
    fn from(action: TokenAction) -> Self {
        match action {
            TokenAction::Live => Self::Live,
            TokenAction::Playback => Self::Playback,
            TokenAction::Sound => Self::Sound,
        }
    }
}
