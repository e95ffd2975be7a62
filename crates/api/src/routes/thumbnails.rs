//! Small pictures of the past, for scrubbing.

use audit::Act;
use axum::extract::State as Given;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{IntoResponse, Response};
use base::CameraId;
use catalog::{Action, Sight, StreamRole, Wish};
use serde::Deserialize;
use signin::MediaAction;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::access;
use crate::app::State;
use crate::deed::{self, Deed};
use crate::error::{ErrorForm, Kind, Refusal};
use crate::extract::{Asked, Id};
use crate::person::Address;
use crate::right;
use crate::routes::moment;

/// Says which moment a thumbnail shows, in microseconds.
const WALL: HeaderName = HeaderName::from_static("x-khue-wall-us");

/// How many lines a thumbnail has if nothing is said.
const USUAL: u16 = 90;

/// Which moment is wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct ThumbnailAsked {
    at_us: i64,
    /// Lines, 32 to 720; 90 if not said.
    height: Option<u16>,
}

/// Shows the keyframe at or before a moment, of the sub-stream where there is
/// one. A token that allows `playback` opens it, in the header `Authorization`.
#[utoipa::path(get, path = "/cameras/{id}/thumbnail", tag = "playback",
    params(("id" = Uuid, Path), ThumbnailAsked),
    responses((status = 200, content_type = "image/jpeg",
            description = "`x-khue-wall-us` says which moment it shows"),
        (status = 400, body = ErrorForm), (status = 401, body = ErrorForm),
        (status = 403, body = ErrorForm),
        (status = 404, body = ErrorForm, description = "`nothing_recorded`, `not_found`"),
        (status = 503, body = ErrorForm, description = "`no_worker`, `busy`")))]
pub(crate) async fn thumbnail(
    Given(state): Given<State>,
    Id(id): Id<Uuid>,
    Address(address): Address,
    asked: Result<Asked<ThumbnailAsked>, Refusal>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let (token, user, camera) = right::bearer(&state, &headers, &[MediaAction::Playback]).await?;
    // Who may not ask is told nothing else.
    let Asked(asked) = asked?;
    if token.camera != CameraId(id) {
        return Err(Refusal::not_found("camera"));
    }
    let at = moment("at_us", asked.at_us)?;
    if token.window.is_some_and(|window| !window.contains(at)) {
        let words = "the media token does not open this moment; ask for one that does";
        return Err(Refusal::invalid("at_us", words));
    }
    let tried = || {
        let deed = Deed::of(state.now(), &user, Some(token.sign_in), Some(address), Act::Playback);
        deed.with(&camera).for_case(&token).detail("way", "thumbnails")
    };
    deed::case(&state, tried(), Wish::Playback(at), token.case.as_deref()).await?;
    let height = asked.height.unwrap_or(USUAL);
    if !(32..=720).contains(&height) {
        return Err(Refusal::invalid("height", "a thumbnail has 32 to 720 lines"));
    }
    let sight = Sight { lines: Some(height), from: at };
    let shown =
        access::shows(&state.catalog, &user, camera.id, Action::Playback, sight, state.now());
    if let Err(refusal) = shown {
        return Err(tried().refused(&state, refusal).await);
    }
    // Small pictures are made of small ones, unless nothing small was recorded.
    for role in [StreamRole::Sub, StreamRole::Main] {
        let Some(stream) = camera.stream(role) else { continue };
        let Some(found) = state.thumbnails.at(stream.id, at, height).await? else { continue };
        let now = state.now();
        if state.glances.is_new(&(token.sign_in, camera.id), now) {
            tried()
                .allowed(&state.catalog, &user, camera.id, Action::Playback, now)
                .done(&state)
                .await?;
            state.glances.note((token.sign_in, camera.id), now);
        }
        let head = [
            (header::CONTENT_TYPE, "image/jpeg".to_owned()),
            // A picture of the past must not outlive the recording in a cache.
            (header::CACHE_CONTROL, "no-store".to_owned()),
            (WALL, found.wall.0.to_string()),
        ];
        return Ok((head, found.jpeg).into_response());
    }
    let words = "nothing is recorded at this moment";
    Err(Refusal::new(Kind::NothingAt, words))
}
