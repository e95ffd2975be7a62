//! Taking footage out: made by one request, fetched by a plain link.

use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use audit::Act;
use aws_lc_rs::digest;
use axum::Json;
use axum::body::Body as Stream;
use axum::extract::State as Given;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base::{ApprovalId, CameraId, DataRequestId, ExportId, Span};
use bytes::Bytes;
use catalog::{Action, Camera};
use media::Frame;
use recorder::Form;
use serde::{Deserialize, Serialize};
use store::Piece;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Role, approvals, data_requests, purpose, span};
use crate::access;
use crate::app::State;
use crate::converted::Converted;
use crate::deed::{self, Deed};
use crate::error::{ErrorForm, Refusal};
use crate::exports::{Held, LIFETIME};
use crate::extract::{Body, Id, unknown_path};
use crate::person::{self, Person, Somebody};
use crate::view::View;

/// The longest span of one export.
const LONGEST_US: u64 = 24 * 3600 * 1_000_000;

/// The longest span of one with sound, which lies in memory until it is fetched.
const LONGEST_SOUND_US: u64 = 2 * 3600 * 1_000_000;

/// The most sound of one export: two hours of 256 kbit/s.
const MOST_SOUND_BYTES: usize = 256 << 20;

/// How often it is looked at, while somebody fetches, whether they may still.
const LOOK: Duration = Duration::from_secs(4);

/// The cookie that opens one export.
const COOKIE: &str = "__Secure-khue-export";

/// How much is read from disk at a time.
const PORTION: u64 = 256 * 1024;

/// What somebody wants to take out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportAsked {
    camera: Uuid,
    role: Role,
    from_us: i64,
    to_us: i64,
    /// Why.
    purpose: String,
    /// The number of the case that it is for, where the rules ask for one.
    case: Option<String>,
    /// The second person's yes, where the rules ask for one.
    approval: Option<Uuid>,
    /// The written request that it answers, if it does: then its copy is noted there,
    /// with its hash.
    data_request: Option<Uuid>,
    /// Whether its sound goes along, where it may be heard; not if not said.
    sound: Option<bool>,
}

/// An export that can be fetched.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExportAnswer {
    id: Uuid,
    /// Where it is fetched, by a plain link, for half an hour.
    url: String,
    /// What the file is called.
    name: String,
    /// The first frame's moment.
    from_us: i64,
    /// The end of the last.
    to_us: i64,
    frames: u64,
    size_bytes: u64,
    /// Whether it has sound.
    sound: bool,
    /// The SHA-256 of the file, where it answers a written request.
    sha256: Option<String>,
    /// Where nothing was recorded within it: the picture before stands.
    gaps: Vec<ExportGap>,
}

/// A stretch of an export in which the picture stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExportGap {
    from_us: i64,
    to_us: i64,
    reason: &'static str,
}

/// Makes an export. The answer sets a cookie that opens `url`.
#[utoipa::path(post, path = "/exports", tag = "playback", request_body = ExportAsked,
    responses((status = 201, body = ExportAnswer), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm), (status = 404, body = ErrorForm),
        (status = 409, body = ErrorForm, description = "`nothing_recorded`, `unreadable`"),
        (status = 503, body = ErrorForm, description = "`no_worker`, `busy`: its sound has to be \
            converted and cannot be")))]
pub(crate) async fn make_export(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Body(body): Body<ExportAsked>,
) -> Result<Response, Refusal> {
    let asked = CameraId(body.camera);
    let camera = deed::camera(&state, &person, asked, Action::Export, Act::Export).await?;
    person.is_confirmed(&state)?;
    let span = span(body.from_us, body.to_us)?;
    if span.duration().as_micros() > u128::from(LONGEST_US) {
        return Err(Refusal::invalid(
            "to_us",
            "the span is longer than 24 hours; export it in parts",
        ));
    }
    let purpose = purpose(&body.purpose)?;
    let with_sound = body.sound.unwrap_or(false);
    let deed = Deed::by(&state, &person, Act::Export).with(&camera).because(&purpose);
    let case = deed::case_of_export(&state, deed, with_sound, body.case.as_deref()).await?;
    if body.role == Role::Sound {
        let words = "sound is taken out beside pictures: \"main\" or \"sub\", with \"sound\": true";
        return Err(Refusal::invalid("role", words));
    }
    let stream = body.role.stream(&camera)?;
    let now = state.now();
    let sight = View::past(body.role, span.start(), now).sight(&camera, now);
    if let Err(refusal) =
        access::shows(&state.catalog, &person.user, camera.id, Action::Export, sight, now)
    {
        let deed = Deed::by(&state, &person, Act::Export).with_id("camera", camera.id.0);
        return Err(deed.refused(&state, refusal).await);
    }
    let approval = body.approval.map(ApprovalId);
    approvals::given(&state, &person, &camera, span, with_sound, approval).await?;
    let answers = body.data_request.map(DataRequestId);
    if let Some(request) = answers {
        data_requests::covers(&state, request, camera.id, span).await?;
    }
    // Whatever is gathered for it lies in memory, so that waits for its turn, too.
    let turn = state.exports.making.acquire().await.map_err(Refusal::broken)?;
    let sound = match with_sound {
        true => heard(&state, &person, &camera, span).await?,
        false => Vec::new(),
    };
    let sound_bytes = sound.iter().map(|frame| frame.data.len() as u64).sum();
    let store = state.store.clone();
    let made =
        tokio::task::spawn_blocking(move || store.export_with_sound(stream, span, &sound)).await;
    drop(turn);
    let export = made.map_err(Refusal::broken)??;

    let id = ExportId::new();
    let deed = Deed::by(&state, &person, Act::Export).with(&camera).because(&purpose);
    let deed = case.iter().fold(deed, |deed, case| deed.detail(deed::CASE, case));
    let deed = deed.allowed(&state.catalog, &person.user, camera.id, Action::Export, now);
    let deed = approval.iter().fold(deed, |deed, id| deed.detail("approval", id));
    let deed = answers.iter().fold(deed, |deed, id| deed.detail("data_request", id));
    let deed = deed.detail("from", export.span.start()).detail("to", export.span.end());
    let deed = deed.detail("sound", export.has_sound).detail("export", id);
    deed.detail("size_bytes", export.size_bytes).done(&state).await?;
    let name = file_name(camera.number, &export);
    let (span, frames, size_bytes) = (export.span, export.frames, export.size_bytes);
    let sound = export.has_sound;
    let gaps = export.gaps.iter().map(|gap| ExportGap {
        from_us: gap.span.start().0,
        to_us: gap.span.end().0,
        reason: gap.reason.as_str(),
    });
    let gaps = gaps.collect();
    let held = state.exports.put(Held {
        id,
        name: name.clone(),
        camera: camera.id,
        user: person.user.id,
        sign_in: person.sign_in.id,
        made: state.now(),
        secret: signin::new_secret(),
        size_bytes,
        frames,
        sound_bytes,
        view: View::past(body.role, span.start(), now),
        export,
    });
    let sha256 = match answers {
        Some(request) => {
            let hash = hash(held.clone()).await?;
            data_requests::handed_over(&state, &person, request, &held, hash.clone()).await?;
            Some(hash)
        }
        None => None,
    };
    tracing::info!(
        user = person.user.name, camera = camera.number, from = %span.start(), to = %span.end(),
        sound, purpose, export = %id, "made an export"
    );
    let folder = format!("/api/v1/exports/{id}/");
    let cookie = format!(
        "{COOKIE}={}; Path={folder}; Max-Age={}; Secure; HttpOnly; SameSite=Strict",
        held.secret,
        LIFETIME.as_secs()
    );
    let answer = ExportAnswer {
        id: id.0,
        url: format!("{folder}{name}"),
        name,
        from_us: span.start().0,
        to_us: span.end().0,
        frames,
        size_bytes,
        sound,
        sha256,
        gaps,
    };
    Ok((StatusCode::CREATED, [(header::SET_COOKIE, cookie)], Json(answer)).into_response())
}

/// Returns the sound of a camera in a span as AAC, which every player has:
/// converted where it was recorded as G.711.
async fn heard(
    state: &State,
    person: &Person,
    camera: &Camera,
    span: Span,
) -> Result<Vec<Frame>, Refusal> {
    deed::camera(state, person, camera.id, Action::Sound, Act::Export).await?;
    if span.duration().as_micros() > u128::from(LONGEST_SOUND_US) {
        let words = "sound is taken out for two hours at most; export it in parts, or without";
        return Err(Refusal::invalid("sound", words));
    }
    let stream = Role::Sound.stream(camera)?;
    let mut reader = state.store.read(stream, span.start());
    let mut converted = Converted::new(state.converter.decoder().clone(), Form::Aac);
    let (mut params, mut frames, mut bytes) = (None, Vec::new(), 0);
    loop {
        let read = tokio::task::spawn_blocking(move || {
            let piece = reader.next();
            (reader, piece)
        });
        let piece;
        (reader, piece) = read.await.map_err(Refusal::broken)?;
        let is_over = match &piece {
            Some(Piece::Fragment(fragment)) => fragment.span.start() >= span.end(),
            Some(_) => false,
            None => true,
        };
        let pieces = match piece.filter(|_| !is_over) {
            Some(piece) => converted.push(piece).await?,
            None => converted.finish().await?,
        };
        for piece in pieces {
            match piece {
                Piece::Init { params: new } => params = Some(new),
                Piece::Fragment(fragment) => {
                    let Some(params) = &params else { continue };
                    bytes += fragment.bytes.len();
                    frames.extend(fragment.frames().map(|(wall, sample, data)| Frame {
                        wall,
                        composition_us: sample.composition_us,
                        is_key: sample.is_key,
                        data,
                        params: Arc::clone(params),
                    }));
                }
                Piece::Gap(_) | Piece::Deleted(_) => {}
            }
        }
        if bytes > MOST_SOUND_BYTES {
            let words = "this span has more sound than fits; export it in parts, or without";
            return Err(Refusal::invalid("sound", words));
        }
        if is_over {
            return Ok(frames);
        }
    }
}

/// Fetches an export, or a part of it. Opened by the cookie that came with it,
/// for as long as the sign-in holds that made it.
#[utoipa::path(get, path = "/exports/{id}/{name}", tag = "playback",
    params(("id" = Uuid, Path), ("name" = String, Path)),
    responses((status = 200, content_type = "video/mp4"), (status = 206, content_type = "video/mp4"),
        (status = 403, body = ErrorForm), (status = 404, body = ErrorForm),
        (status = 416, body = ErrorForm)))]
pub(crate) async fn fetch_export(
    Given(state): Given<State>,
    Id((id, name)): Id<(Uuid, String)>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let held = state.exports.find(ExportId(id), state.now()).ok_or_else(unknown_path)?;
    let given = person::cookie(&headers, COOKIE).unwrap_or_default();
    if name != held.name || !signin::same(given, &held.secret) {
        return Err(unknown_path());
    }
    may_fetch(&state, &held).await?;

    let tag = format!("\"{id}\"");
    let whole = 0..held.size_bytes;
    let unchanged = headers.get(header::IF_RANGE).is_none_or(|wanted| wanted == tag.as_str());
    let asked = headers.get(header::RANGE).filter(|_| unchanged);
    let (status, range) = match asked.and_then(|range| part(range.to_str().ok()?, held.size_bytes))
    {
        None => (StatusCode::OK, whole),
        Some(Some(range)) => (StatusCode::PARTIAL_CONTENT, range),
        Some(None) => return Ok(unsatisfiable(held.size_bytes)),
    };
    let portions = portions(state, held.clone(), range.clone());
    let mut response = Stream::from_stream(portions).into_response();
    *response.status_mut() = status;
    let head = response.headers_mut();
    let mut say = |name, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            head.insert(name, value);
        }
    };
    say(header::CONTENT_TYPE, "video/mp4".to_owned());
    say(header::CONTENT_LENGTH, (range.end - range.start).to_string());
    say(header::ACCEPT_RANGES, "bytes".to_owned());
    say(header::ETAG, tag);
    say(header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", held.name));
    if status == StatusCode::PARTIAL_CONTENT {
        let last = range.end - 1;
        say(header::CONTENT_RANGE, format!("bytes {}-{last}/{}", range.start, held.size_bytes));
    }
    Ok(response)
}

/// Refuses where what was allowed when it was made is allowed no longer.
async fn may_fetch(state: &State, held: &Held) -> Result<(), Refusal> {
    let sign_in = state.sign_ins.look(held.sign_in, state.now()).await?;
    let user =
        sign_in.and_then(|sign_in| state.catalog.user(sign_in.user)).ok_or_else(unknown_path)?;
    for action in held.actions() {
        access::camera(&state.catalog, &user, held.camera, *action, state.now())?;
    }
    let (camera, now) = (state.catalog.camera(held.camera).ok_or_else(unknown_path)?, state.now());
    let sight = held.view.sight(&camera, now);
    access::shows(&state.catalog, &user, held.camera, Action::Export, sight, now)
}

/// Returns the SHA-256 of a whole export, in hexadecimal.
async fn hash(held: Arc<Held>) -> Result<String, Refusal> {
    let hashing = tokio::task::spawn_blocking(move || {
        let mut hash = digest::Context::new(&digest::SHA256);
        let (mut at, mut portion) = (0, vec![0; PORTION as usize]);
        while at < held.size_bytes {
            let read = held.export.read_at(at, &mut portion).map_err(io::Error::other)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            hash.update(&portion[..read]);
            at += read as u64;
        }
        Ok::<_, io::Error>(hash.finish())
    });
    let hash = hashing.await.map_err(Refusal::broken)?.map_err(Refusal::broken)?;
    Ok(hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Yields the bytes of a range, each portion read when the one before was taken,
/// while it may be fetched.
fn portions(
    state: State,
    held: Arc<Held>,
    range: Range<u64>,
) -> impl futures::Stream<Item = io::Result<Bytes>> + Send {
    let begin = Fetching {
        state,
        held,
        at: range.start,
        end: range.end,
        looked: Instant::now(),
        portions: Portions::default(),
    };
    futures::stream::try_unfold(begin, Fetching::next)
}

/// Somebody's fetching.
struct Fetching {
    state: State,
    held: Arc<Held>,
    at: u64,
    end: u64,
    /// When it was looked at last whether they may.
    looked: Instant,
    portions: Portions,
}

impl Fetching {
    /// Reads the next portion; nothing at the end.
    async fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        if self.at >= self.end {
            return Ok(None);
        }
        if self.looked.elapsed() >= LOOK {
            may_fetch(&self.state, &self.held).await.map_err(|refusal| {
                tracing::info!(export = %self.held.id, "fetched no further: {}", refusal.message());
                io::Error::from(io::ErrorKind::PermissionDenied)
            })?;
            self.looked = Instant::now();
        }
        let len = usize::try_from(PORTION.min(self.end - self.at)).unwrap_or(0);
        let mut portion = self.portions.take();
        // What lies in memory is there before another thread would have woken up for it.
        let room = &mut portion.bytes[..len];
        let mut read = self.held.export.read_ready(self.at, room);
        if matches!(read, Ok(0)) {
            let reading = tokio::task::spawn_blocking(move || {
                let room = &mut portion.bytes[..len];
                let read = self.held.export.read_at(self.at, room);
                (self, portion, read)
            });
            (self, portion, read) = reading.await.map_err(io::Error::other)?;
        }
        portion.len = read.map_err(|error| {
            tracing::error!(export = %self.held.id, %error, "an export broke off");
            io::Error::other(error)
        })?;
        if portion.len == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.at += portion.len as u64;
        Ok(Some((Bytes::from_owner(portion), self)))
    }
}

/// Memory that portions are read into, again and again: to take it from the system and
/// clear it each time costs as much as to read.
#[derive(Clone, Default)]
struct Portions(Arc<Mutex<Vec<Box<[u8]>>>>);

/// What was read, until it is sent.
struct Portion {
    bytes: Box<[u8]>,
    len: usize,
    home: Portions,
}

impl Portions {
    fn take(&self) -> Portion {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let bytes = known.unwrap_or_else(|| vec![0; PORTION as usize].into());
        Portion { bytes, len: 0, home: self.clone() }
    }
}

impl AsRef<[u8]> for Portion {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl Drop for Portion {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        self.home.0.lock().unwrap_or_else(PoisonError::into_inner).push(bytes);
    }
}

/// Reads a range of RFC 9110: nothing if it is none that is understood, which
/// means the whole; `Some(None)` if it lies outside.
pub(crate) fn part(range: &str, size: u64) -> Option<Option<Range<u64>>> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let (first, last) = (first.trim(), last.trim());
    if first.is_empty() {
        let length: u64 = last.parse().ok()?;
        return Some((length > 0 && size > 0).then(|| size.saturating_sub(length)..size));
    }
    let first: u64 = first.parse().ok()?;
    let end = match last {
        "" => size,
        last => last.parse::<u64>().ok().filter(|last| *last >= first)?.saturating_add(1).min(size),
    };
    Some((first < size).then_some(first..end))
}

fn unsatisfiable(size: u64) -> Response {
    let refusal = Refusal::invalid("range", "the range lies outside the file");
    let mut response = refusal.into_response();
    *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
    if let Ok(value) = HeaderValue::from_str(&format!("bytes */{size}")) {
        response.headers_mut().insert(header::CONTENT_RANGE, value);
    }
    response
}

/// Returns a name that every system takes: the camera's number and the first
/// frame's moment, UTC.
fn file_name(number: u32, export: &store::Export) -> String {
    let moment = export.span.start().to_string();
    let moment: String = moment.chars().take(19).filter(|letter| !"-:".contains(*letter)).collect();
    format!("camera-{number}-{moment}Z.mp4")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_as_rfc_9110_has_it() {
        assert_eq!(part("bytes=0-9", 100), Some(Some(0..10)));
        assert_eq!(part("bytes=90-", 100), Some(Some(90..100)));
        assert_eq!(part("bytes=90-200", 100), Some(Some(90..100)));
        assert_eq!(part("bytes=-10", 100), Some(Some(90..100)));
        assert_eq!(part("bytes=-1000", 100), Some(Some(0..100)));
        assert_eq!(part("bytes=99-99", 100), Some(Some(99..100)));
    }

    #[test]
    fn a_range_outside_is_told_from_one_that_is_none() {
        assert_eq!(part("bytes=100-", 100), Some(None));
        assert_eq!(part("bytes=-0", 100), Some(None));
        assert_eq!(part("bytes=0-", 0), Some(None));
        for none in ["bytes=5-4", "bytes=", "bytes=a-b", "items=0-9", "bytes=0-1,4-5", "bytes=-"] {
            assert_eq!(part(none, 100), None, "{none}");
        }
    }
}
