//! Live pictures as LL-HLS: opened by one request, fetched by plain URLs.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use audit::Act;
use axum::Json;
use axum::body::Body as Stream;
use axum::extract::{RawQuery, State as Given};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base::StreamId;
use bytes::Bytes;
use catalog::Action;
use live::hls::name::Track;
use live::hls::{Feed, File, Reload, Rendition, Unmet, multivariant};
use media::Codec;
use recorder::Form;
use serde::{Deserialize, Serialize};
use signin::MediaAction;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Role;
use crate::app::State;
use crate::deed::Deed;
use crate::error::{ErrorForm, Kind, Refusal};
use crate::extract::{Body, Id, unknown_path};
use crate::hls::Presentation;
use crate::person::{self, Somebody};
use crate::right::{self, Right};
use crate::view::View;
use crate::viewing::Viewing;

/// The cookie that opens one presentation.
const COOKIE: &str = "__Secure-khue-hls";

/// How long a browser may keep media: six target durations, as Apple advises
/// of parts, and no longer than a right may be lost.
const MEDIA_KEPT: &str = "private, max-age=24, immutable";

/// How long the player's choice waits for sound that gives nothing.
const SOUND: Duration = Duration::from_secs(2);

/// Which live pictures somebody wants as HLS.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HlsAsked {
    /// A media token with the action `live`; with `sound`, sound comes along.
    token: String,
    role: Role,
}

/// A presentation that can be played.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HlsAnswer {
    id: Uuid,
    /// The multivariant playlist.
    url: String,
}

/// A fresh token for a presentation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HlsRenewed {
    token: String,
}

/// Opens a camera's live pictures as LL-HLS. The answer sets the cookie that
/// opens `url` and all it names.
#[utoipa::path(post, path = "/hls", tag = "media", request_body = HlsAsked,
    responses((status = 201, body = HlsAnswer), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm), (status = 404, body = ErrorForm),
        (status = 410, body = ErrorForm, description = "`expired`")))]
pub(crate) async fn open_hls(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Body(body): Body<HlsAsked>,
) -> Result<Response, Refusal> {
    let deed = Deed::by(&state, &person, Act::Live).detail("way", "hls");
    let admitted =
        right::admit(&state, &person.user, person.sign_in.id, &body.token, &[MediaAction::Live]);
    let (token, camera) = match admitted {
        Ok(admitted) => admitted,
        Err(refusal) => return Err(deed.refused(&state, refusal).await),
    };
    if body.role == Role::Sound {
        let words =
            "sound comes beside pictures: ask for \"main\" or \"sub\" with a token for sound";
        return Err(Refusal::invalid("role", words));
    }
    let picture = body.role.stream(&camera)?;
    let view = View::live(body.role);
    let shown = right::shows(&state, &person.user, &token, &[MediaAction::Live], view);
    if let Err(refusal) = shown {
        return Err(deed.with_id("camera", camera.id.0).refused(&state, refusal).await);
    }
    let may_hear = token.actions.contains(&MediaAction::Sound)
        && right::may(&state, &person.user, camera.id, &[MediaAction::Sound]).is_ok();
    let sound = camera.sound_stream().filter(|_| may_hear);
    let right = Right::of(&token, right::live(sound.is_some()), view);
    let deed = deed.with(&camera).for_case(&token);
    let deed = deed.allowed(&state.catalog, &person.user, camera.id, Action::Live, state.now());
    let deed = deed.detail("role", body.role.as_str());
    let deed = deed.detail("sound", sound.is_some());
    deed.clone().done(&state).await?;
    let watched = Viewing::live(&state.audit, &state.clock, &deed);
    let opened = state.presentations.open(&state, right, picture, sound, watched)?;
    tracing::info!(
        user = person.user.name, camera = camera.number, role = ?body.role,
        sound = sound.is_some(), presentation = %opened.id, "HLS opened"
    );
    // The first playlist is asked for in a moment.
    feed(&state, picture)?;
    let folder = format!("/api/v1/hls/{}/", opened.id);
    let cookie =
        format!("{COOKIE}={}; Path={folder}; Secure; HttpOnly; SameSite=Strict", opened.secret);
    let answer = HlsAnswer { id: opened.id, url: format!("{folder}{}", File::Index) };
    Ok((StatusCode::CREATED, [(header::SET_COOKIE, cookie)], Json(answer)).into_response())
}

/// Fetches a playlist, an init segment, a segment or a part. Opened by the
/// cookie that came with the presentation, while its token, the sign-in and the
/// right hold. Of a media playlist, `_HLS_msn` and `_HLS_part` wait for what
/// they name.
#[utoipa::path(get, path = "/hls/{id}/{name}", tag = "media",
    params(("id" = Uuid, Path), ("name" = String, Path)),
    responses((status = 200, content_type = "application/vnd.apple.mpegurl"),
        (status = 404, body = ErrorForm), (status = 410, body = ErrorForm),
        (status = 503, body = ErrorForm, description = "`busy`: the camera gives nothing now")))]
pub(crate) async fn fetch_hls(
    Given(state): Given<State>,
    Id((id, name)): Id<(Uuid, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let given = person::cookie(&headers, COOKIE).unwrap_or_default();
    let is_theirs = |there: &Presentation| signin::same(given, &there.secret);
    let there = state.presentations.find(&state, id, is_theirs).await?;
    let file = File::parse(&name).ok_or_else(unknown_path)?;
    let feed = |track| match track {
        Track::Video => feed(&state, there.picture),
        Track::Sound => sound_feed(&state, there.sound.ok_or_else(unknown_path)?),
    };
    let response = match file {
        File::Index => playlist(index(&state, &there).await?),
        File::Playlist(track) => {
            let reload = Reload::parse(query.as_deref().unwrap_or_default());
            let reload = reload.map_err(|words| Refusal::invalid("_HLS_msn", words))?;
            let text = feed(track)?.playlist(track, reload).await;
            // What was allowed before it waited must be allowed still.
            there.holds(&state).await?;
            playlist(text.map_err(unmet)?)
        }
        File::Init(track, number) => {
            let init = feed(track)?.init(number).map_err(unmet)?;
            fragments(track, Stream::from(init))
        }
        File::Segment(track, msn) => {
            let parts = feed(track)?.segment(msn).map_err(unmet)?;
            let parts = parts.into_iter().map(Ok::<Bytes, Infallible>);
            fragments(track, Stream::from_stream(futures::stream::iter(parts)))
        }
        File::Part(track, msn, part) => {
            let bytes = feed(track)?.part(msn, part).await;
            there.holds(&state).await?;
            fragments(track, Stream::from(bytes.map_err(unmet)?))
        }
    };
    Ok(response)
}

/// Renews a presentation by a fresh token for the same camera.
#[utoipa::path(put, path = "/hls/{id}/token", tag = "media", request_body = HlsRenewed,
    responses((status = 204), (status = 403, body = ErrorForm), (status = 404, body = ErrorForm),
        (status = 410, body = ErrorForm)))]
pub(crate) async fn renew_hls(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
    Body(body): Body<HlsRenewed>,
) -> Result<StatusCode, Refusal> {
    let is_theirs = |there: &Presentation| there.right().sign_in == person.sign_in.id;
    let there = state.presentations.find(&state, id, is_theirs).await?;
    there.renew(&state, &body.token)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a presentation.
#[utoipa::path(delete, path = "/hls/{id}", tag = "media",
    responses((status = 204), (status = 404, body = ErrorForm)))]
pub(crate) async fn end_hls(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, Refusal> {
    let is_theirs = |there: &Presentation| there.right().user == person.user.id;
    state.presentations.find(&state, id, is_theirs).await?;
    state.presentations.end(id);
    tracing::info!(user = person.user.name, presentation = %id, "HLS ended");
    Ok(StatusCode::NO_CONTENT)
}

async fn index(state: &State, there: &Presentation) -> Result<String, Refusal> {
    let video = feed(state, there.picture)?.rendition().await.map_err(unmet)?;
    let mut sound = None;
    if let Some(stream) = there.sound {
        match sound_feed(state, stream) {
            Ok(feed) => {
                // A camera may be silent, and then its pictures are shown all the same.
                let found = tokio::time::timeout(SOUND, feed.rendition()).await;
                let plays = |rendition: &Rendition| rendition.params.codec == Codec::Aac;
                sound = found.ok().and_then(Result::ok).filter(plays);
            }
            // Pictures without sound are worth more than none.
            Err(refusal) => tracing::warn!("HLS goes without sound: {}", refusal.message()),
        }
    }
    Ok(multivariant(&video, sound.as_ref()))
}

/// Returns the feed of a camera's sound as AAC, converted while somebody fetches it.
fn sound_feed(state: &State, source: StreamId) -> Result<Arc<Feed>, Refusal> {
    // The conversion outlives this viewer by more than the feed needs to be one.
    let _begun = state.converter.subscribe(source, Form::Aac)?;
    feed(state, Form::Aac.of(source))
}

fn feed(state: &State, stream: StreamId) -> Result<Arc<Feed>, Refusal> {
    let words = "too many streams go out by HLS; try again in a minute";
    state.feeds.feed(stream).ok_or_else(|| Refusal::new(Kind::Busy, words))
}

fn playlist(text: String) -> Response {
    // Of what stands in it, nothing is true a moment later.
    let head = [
        (header::CONTENT_TYPE, "application/vnd.apple.mpegurl"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (head, text).into_response()
}

fn fragments(track: Track, body: Stream) -> Response {
    let kind = match track {
        Track::Video => "video/mp4",
        Track::Sound => "audio/mp4",
    };
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, MEDIA_KEPT)], body).into_response()
}

fn unmet(unmet: Unmet) -> Refusal {
    match unmet {
        Unmet::Silent => Refusal::new(Kind::Busy, "the camera gives nothing now; try again"),
        Unmet::TooFar => {
            Refusal::invalid("_HLS_msn", "this segment is further ahead than the playlist's end")
        }
        Unmet::Gone => unknown_path(),
    }
}
