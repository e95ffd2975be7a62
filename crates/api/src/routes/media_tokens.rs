//! What opens a camera's media on the socket.

use audit::Act;
use axum::Json;
use axum::extract::State as Given;
use base::{CameraId, Span, WallTime};
use catalog::{Action, Wish};
use serde::{Deserialize, Serialize};
use signin::{MediaAction, MediaToken, TOKEN_LIFETIME};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::State;
use crate::deed::{self, Deed};
use crate::error::{ErrorForm, Kind, Refusal};
use crate::extract::Body;
use crate::person::Somebody;
use crate::routes::{purpose, span};
use crate::view;

/// The end of what a window without one opens: no recording is from then.
const LAST: WallTime = WallTime(1 << 53);

/// What somebody wants to watch.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenAsked {
    camera: Uuid,
    actions: Vec<TokenAction>,
    /// Why; needed for `playback`, and for `sound` where the rules ask for a case.
    purpose: Option<String>,
    /// The number of the case that it is for, where the rules ask for one.
    case: Option<String>,
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

/// Gives a token for one camera's media: for as much of it as was granted.
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
    let said = body.purpose.as_deref().map(str::trim).filter(|purpose| !purpose.is_empty());
    let purpose = match (looks_back, said) {
        (false, None) => None,
        (_, said) => Some(purpose(said.unwrap_or_default())?),
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
    let rights = state.catalog.rights(person.user.id);
    let rights = rights.ok_or_else(|| Refusal::not_found("camera"))?;
    let reach = |action| rights.reach(camera, action, now).unwrap_or_default();
    let past = reach(Action::Playback);
    let window = match past.from.filter(|_| looks_back).and_then(|from| Span::new(from, LAST)) {
        None => window,
        // What is longer ago than may be looked back at is no part of it.
        Some(open) => match window {
            None => Some(open),
            Some(window) => Some(window.intersection(open).ok_or_else(|| {
                let words = "what was granted shows nothing from as long ago; ask for a later span";
                Refusal::new(Kind::Forbidden, words)
            })?),
        },
    };
    let case = view::said_case(body.case.as_deref())?;
    // Without a span the moment is asked about when something is opened.
    let begins = window.filter(|_| body.from_us.is_some()).map_or(now, Span::start);
    let wishes = [
        looks_back.then_some(Wish::Playback(begins)),
        body.actions.contains(&TokenAction::Sound).then_some(Wish::Sound),
    ];
    for wish in wishes.into_iter().flatten() {
        let deed = Deed::by(&state, &person, act).with_id("camera", camera.0);
        deed::case(&state, deed, wish, body.case.as_deref()).await?;
    }
    if case.is_some() && purpose.is_none() {
        let words = "a case goes with a purpose; say what it is for";
        return Err(Refusal::invalid("purpose", words));
    }
    let finest =
        [(TokenAction::Live, reach(Action::Live).lines), (TokenAction::Playback, past.lines)];
    let asked = finest.into_iter().filter(|(action, _)| body.actions.contains(action));
    // As fine as the finest of what was asked: each is looked at when it is opened.
    let lines = asked.map(|(_, lines)| lines.unwrap_or(u16::MAX)).max();
    let lines = lines.filter(|&lines| lines < u16::MAX);
    let mut actions: Vec<_> = body.actions.iter().map(|&action| action.into()).collect();
    actions.dedup();
    let token = MediaToken {
        user: person.user.id,
        sign_in: person.sign_in.id,
        camera,
        actions,
        window: window.filter(|_| looks_back),
        lines,
        purpose,
        case,
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
