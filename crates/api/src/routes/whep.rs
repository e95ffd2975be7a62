//! Live pictures by WHEP (draft-ietf-wish-whep), for browsers and for players of
//! other makers: these have no cookie, so a media token is all that opens it.

use audit::Act;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State as Given};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base::StreamId;
use catalog::{Action, Camera, User};
use live::whep::{LARGEST_OFFER, Refused, Watched};
use recorder::Form;
use serde::Deserialize;
use signin::{MediaAction, MediaToken};
use utoipa::IntoParams;
use uuid::Uuid;

use super::Role;
use crate::app::State;
use crate::deed::Deed;
use crate::error::{ErrorForm, Kind, Refusal};
use crate::extract::{Asked, Id};
use crate::person::Address;
use crate::right::{self, Right};
use crate::view::View;
use crate::viewing::Viewing;
use crate::whep::Viewers;

/// What is to be watched.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct WhepAsked {
    /// `main` if left out.
    role: Option<Role>,
}

/// Answers an offer: live pictures of the token's camera.
#[utoipa::path(post, path = "/whep", tag = "media", params(WhepAsked),
    request_body(content = String, content_type = "application/sdp"),
    responses(
        (status = 201, body = String, content_type = "application/sdp",
            description = "`Location` is where it is ended"),
        (status = 400, body = ErrorForm), (status = 401, body = ErrorForm),
        (status = 403, body = ErrorForm), (status = 404, body = ErrorForm),
        (status = 406, body = ErrorForm, description = "`unsupported`: the stream cannot go this way"),
        (status = 410, body = ErrorForm), (status = 415, body = ErrorForm),
        (status = 503, body = ErrorForm)))]
pub(crate) async fn open(
    Given(state): Given<State>,
    Asked(asked): Asked<WhepAsked>,
    request: Request,
) -> Result<Response, Refusal> {
    let whep = state.whep.as_ref().ok_or_else(not_served)?;
    let (parts, body) = request.into_parts();
    let address = Address::of(&parts);
    let (token, user, camera) =
        match right::bearer(&state, &parts.headers, &[MediaAction::Live]).await {
            Ok(opened) => opened,
            Err(refusal) => {
                let deed = Deed::new(state.now(), Act::Live, Some(address));
                return Err(deed.detail("way", "whep").refused(&state, refusal).await);
            }
        };
    if !is_sdp(&parts.headers) {
        let words = "the body is not said to be an offer; send content-type: application/sdp";
        return Err(Refusal::new(Kind::WrongMediaType, words));
    }
    let too_large = |_| Refusal::new(Kind::TooLarge, "the offer is longer than 64 KiB");
    let offer = text(to_bytes(body, LARGEST_OFFER).await.map_err(too_large)?)?;
    let role = asked.role.unwrap_or(Role::Main);
    let pictures = match role {
        Role::Main | Role::Sub => role.stream(&camera)?,
        Role::Sound => return Err(Refusal::invalid("role", "sound goes along with pictures")),
    };
    let view = View::live(role);
    if let Err(refusal) = right::shows(&state, &user, &token, &[MediaAction::Live], view) {
        let deed = Deed::of(state.now(), &user, Some(token.sign_in), Some(address), Act::Live);
        let deed = deed.with_id("camera", camera.id.0).detail("way", "whep");
        return Err(deed.refused(&state, refusal).await);
    }
    let heard = heard(&state, &token, &user, &camera);
    let sound = heard.as_ref().map(|(stream, _)| *stream);
    let watched = Watched { pictures, sound };
    let deed = Deed::of(state.now(), &user, Some(token.sign_in), Some(address), Act::Live);
    let deed = deed.with(&camera).for_case(&token);
    let deed = deed.allowed(&state.catalog, &user, camera.id, Action::Live, state.now());
    let deed = deed.detail("role", role.as_str()).detail("way", "whep");
    let deed = deed.detail("sound", sound.is_some());
    deed.clone().done(&state).await?;
    let answered = whep.open(&offer, watched)?;
    // Nothing is converted for an offer that takes no sound.
    let kept = heard.filter(|_| answered.sound).map(|(_, viewer)| viewer);
    let actions = right::live(kept.is_some());
    let watched = Viewing::live(&state.audit, &state.clock, &deed);
    let right = Right::of(&token, actions, view);
    let id = Viewers::add(&state, right, answered.watching, kept, watched);
    tracing::info!(user = user.name, camera = camera.number, role = ?role, %id, "live opened by WHEP");
    let head = [
        (header::LOCATION, format!("/api/v1/whep/{id}")),
        (header::CONTENT_TYPE, "application/sdp".to_owned()),
    ];
    Ok((StatusCode::CREATED, head, answered.answer).into_response())
}

/// Returns the sound as WebRTC takes it, where the token and the catalog allow it
/// and it can be made: pictures without sound are worth more than none.
fn heard(
    state: &State,
    token: &MediaToken,
    user: &User,
    camera: &Camera,
) -> Option<(StreamId, live::Viewer)> {
    if !token.actions.contains(&MediaAction::Sound) {
        return None;
    }
    right::may(state, user, camera.id, &[MediaAction::Sound]).ok()?;
    let source = camera.sound_stream()?;
    match state.converter.subscribe(source, Form::Opus) {
        Ok(viewer) => Some((Form::Opus.of(source), viewer)),
        Err(error) => {
            tracing::warn!(camera = camera.number, "WHEP goes without sound: {error}");
            None
        }
    }
}

/// Ends it, for whoever has its address, which nobody guesses, and a token; that
/// may be over by then.
#[utoipa::path(delete, path = "/whep/{id}", tag = "media", params(("id" = Uuid, Path)),
    responses((status = 200), (status = 401, body = ErrorForm), (status = 404, body = ErrorForm)))]
pub(crate) async fn end(
    Given(state): Given<State>,
    Id(id): Id<Uuid>,
    headers: HeaderMap,
) -> Result<StatusCode, Refusal> {
    right::genuine(&state, &headers)?;
    match state.whep_viewers.remove(id) {
        true => Ok(StatusCode::OK),
        false => Err(Refusal::not_found("viewer")),
    }
}

/// Renews its token. One that is over is answered with why it ended.
#[utoipa::path(put, path = "/whep/{id}/token", tag = "media", params(("id" = Uuid, Path)),
    request_body(content = String, content_type = "text/plain"),
    responses((status = 204), (status = 403, body = ErrorForm), (status = 404, body = ErrorForm),
        (status = 406, body = ErrorForm), (status = 410, body = ErrorForm)))]
pub(crate) async fn renew(
    Given(state): Given<State>,
    Id(id): Id<Uuid>,
    request: Request,
) -> Result<StatusCode, Refusal> {
    /// A token is some 300 bytes, a purpose in it up to a thousand.
    const LONGEST: usize = 4 * 1024;
    let too_large = |_| Refusal::new(Kind::TooLarge, "that is longer than any media token");
    let token = text(to_bytes(request.into_body(), LONGEST).await.map_err(too_large)?)?;
    // Before it is told whether there is such a viewer.
    let token = token.trim();
    state.verifier.verify(token, state.now())?;
    Viewers::renew(&state, id, token)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether a body is said to be SDP, whatever else is said of it.
fn is_sdp(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = value.and_then(|value| value.split(';').next());
    kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/sdp"))
}

fn text(bytes: Bytes) -> Result<String, Refusal> {
    let words = |_| Refusal::new(Kind::Invalid, "the body is no text in UTF-8");
    String::from_utf8(bytes.into()).map_err(words)
}

fn not_served() -> Refusal {
    let words = "WHEP is not served here; set enabled = true in [whep] of the configuration";
    Refusal::new(Kind::NotFound, words)
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        let kind = match refused {
            Refused::Offer(_) => Kind::Invalid,
            Refused::Unsupported(_) => Kind::Unsupported,
            Refused::Busy | Refused::Over => Kind::Busy,
        };
        Self::new(kind, refused.to_string())
    }
}
