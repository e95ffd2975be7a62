//! Names and passwords by which foreign programs watch one camera over RTSP.

use std::time::Duration;

use audit::Act;
use axum::Json;
use axum::extract::State as Given;
use axum::http::{HeaderMap, StatusCode, Uri, header, uri::Authority};
use base::{CameraId, StreamSecretId};
use catalog::{Action, Camera, StreamRole};
use serde::{Deserialize, Serialize};
use signin::{NewStreamSecret, StreamSecret};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::State;
use crate::deed::{self, CASE, Deed};
use crate::error::{ErrorForm, Kind, Refusal};
use crate::extract::{Body, Id};
use crate::person::Somebody;
use crate::view;

/// How long a secret holds if nothing is said.
const DAYS: u16 = 365;

/// The longest it may hold.
const MOST_DAYS: u16 = 3650;

/// The most characters of a label.
const LONGEST_LABEL: usize = 100;

/// A secret to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecretAsked {
    camera: Uuid,
    /// What it is for.
    label: String,
    /// How many days it holds; a year if left out.
    days: Option<u16>,
    /// The number of the case that it is for. Where the rules ask for one of whoever
    /// listens, a secret without it opens pictures alone.
    case: Option<String>,
}

/// A secret just made. Its password is told this once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecretAnswer {
    id: Uuid,
    /// The user name to send.
    user: String,
    password: String,
    /// Where the camera is watched with it; none if this server does not serve RTSP.
    urls: Vec<String>,
    expires_us: i64,
}

/// A person's own secrets.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecretList {
    secrets: Vec<SecretRow>,
}

/// A secret, without its password.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecretRow {
    id: Uuid,
    camera: Uuid,
    label: String,
    /// The number of the case that it is for.
    case: Option<String>,
    /// The user name to send.
    user: String,
    made_us: i64,
    /// The first moment at which it opens nothing more.
    expires_us: i64,
}

/// Makes a name and a password that open one camera's live pictures over RTSP,
/// for as long as this person may watch it.
#[utoipa::path(post, path = "/stream-secrets", tag = "media", request_body = SecretAsked,
    responses((status = 201, body = SecretAnswer), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm), (status = 404, body = ErrorForm),
        (status = 503, body = ErrorForm, description = "`busy`: this person has too many")))]
pub(crate) async fn make_secret(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    uri: Uri,
    headers: HeaderMap,
    Body(body): Body<SecretAsked>,
) -> Result<(StatusCode, Json<SecretAnswer>), Refusal> {
    let (asked, act) = (CameraId(body.camera), Act::StreamSecret);
    let camera = deed::camera(&state, &person, asked, Action::Live, act).await?;
    let label = label(&body.label)?;
    let days = body.days.unwrap_or(DAYS);
    if !(1..=MOST_DAYS).contains(&days) {
        let words = format!("a secret holds from 1 to {MOST_DAYS} days");
        return Err(Refusal::invalid("days", words));
    }
    let new = NewStreamSecret {
        user: person.user.id,
        camera: camera.id,
        label,
        case: view::said_case(body.case.as_deref())?,
        lasts: Duration::from_secs(u64::from(days) * 86_400),
    };
    let Some(secret) = state.stream_secrets.make(new, state.now()).await? else {
        let words = "this person has as many stream secrets as one may have; revoke one first";
        return Err(Refusal::new(Kind::Busy, words));
    };
    let deed = Deed::by(&state, &person, act).with(&camera).detail("label", &secret.label);
    let deed = secret.case.iter().fold(deed, |deed, case| deed.detail(CASE, case));
    let deed = deed.detail("secret", &secret.name).detail("until", secret.expires);
    deed.detail("change", "made").done(&state).await?;
    tracing::info!(
        user = person.user.name, camera = camera.number, secret = secret.name, label = secret.label,
        until = %secret.expires, "made a stream secret"
    );
    let answer = SecretAnswer {
        id: secret.id.0,
        password: state.stream_secrets.password(&secret.name),
        user: secret.name,
        urls: urls(&state, &camera, host(&headers, &uri)),
        expires_us: secret.expires.0,
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Lists the person's own secrets, without passwords.
#[utoipa::path(get, path = "/stream-secrets", tag = "media",
    responses((status = 200, body = SecretList)))]
pub(crate) async fn secrets(
    Given(state): Given<State>,
    Somebody(person): Somebody,
) -> Result<Json<SecretList>, Refusal> {
    let secrets = state.stream_secrets.of_user(person.user.id, state.now()).await?;
    Ok(Json(SecretList { secrets: secrets.into_iter().map(SecretRow::from).collect() }))
}

/// Revokes one of the person's own secrets. What plays by it ends within
/// seconds.
#[utoipa::path(delete, path = "/stream-secrets/{id}", tag = "media", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = ErrorForm)))]
pub(crate) async fn revoke_secret(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, Refusal> {
    let (id, user) = (StreamSecretId(id), person.user.id);
    if !state.stream_secrets.revoke(id, user).await? {
        return Err(Refusal::not_found("stream secret"));
    }
    let deed = Deed::by(&state, &person, Act::StreamSecret).with_id("stream_secret", id.0);
    deed.detail("change", "revoked").done(&state).await?;
    tracing::info!(user = person.user.name, secret = %id, "revoked a stream secret");
    Ok(StatusCode::NO_CONTENT)
}

impl From<StreamSecret> for SecretRow {
    fn from(secret: StreamSecret) -> Self {
        Self {
            id: secret.id.0,
            camera: secret.camera.0,
            label: secret.label,
            case: secret.case,
            user: secret.name,
            made_us: secret.made.0,
            expires_us: secret.expires.0,
        }
    }
}

fn label(label: &str) -> Result<String, Refusal> {
    let label = label.trim();
    let refused = |words: &str| Err(Refusal::invalid("label", words));
    if label.is_empty() {
        return refused("the label is empty; say which program the secret is for");
    }
    if label.chars().count() > LONGEST_LABEL {
        return refused("the label is longer than 100 characters");
    }
    if label.chars().any(char::is_control) {
        return refused("the label holds a control character");
    }
    Ok(label.to_owned())
}

/// Returns the host by which this server was asked, as the URLs name it.
fn host(headers: &HeaderMap, uri: &Uri) -> String {
    let given = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let given = given.and_then(|host| host.parse::<Authority>().ok());
    let host = given.as_ref().or(uri.authority()).map(Authority::host);
    host.filter(|host| !host.is_empty()).unwrap_or("localhost").to_owned()
}

fn urls(state: &State, camera: &Camera, host: String) -> Vec<String> {
    let doors = [("rtsps", state.rtsp.tls), ("rtsp", state.rtsp.plain)];
    let doors = doors.iter().filter_map(|(scheme, port)| Some((scheme, (*port)?)));
    let roles = [(StreamRole::Main, "main"), (StreamRole::Sub, "sub")];
    let there = roles.iter().filter(|(role, _)| camera.stream(*role).is_some());
    doors
        .flat_map(|(scheme, port)| {
            let (host, number) = (&host, camera.number);
            there
                .clone()
                .map(move |(_, role)| format!("{scheme}://{host}:{port}/cameras/{number}/{role}"))
        })
        .collect()
}
