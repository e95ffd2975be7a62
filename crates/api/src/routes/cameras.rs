//! One camera: shown to whoever may see it, changed by administrators.

use std::fmt::Display;

use audit::Act;
use axum::Json;
use axum::extract::State as Given;
use axum::http::StatusCode;
use base::{CameraId, Link, SiteId};
use catalog::{
    Action, Camera, CameraChange, NewCamera, NewStream, NoticeSign, Particulars, PasswordChange,
    Retention, Secret, StreamChange, StreamRole,
};
use ingest::{Credentials, Source};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::grants::Class;
use super::particulars::{ParticularsRow, ParticularsWrite};
use super::said;
use super::tree::{CameraRow, row};
use crate::access;
use crate::app::State;
use crate::deed::{self, Deed};
use crate::error::{ErrorForm, Kind, Refusal};
use crate::extract::{Body, Id};
use crate::person::Somebody;

/// A camera, and for who configures it how it is reached and kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CameraDetail {
    #[serde(flatten)]
    row: CameraRow,
    /// How far the camera's clock is ahead of the server's, once it has said.
    clock_offset_us: Option<i64>,
    particulars: ParticularsRow,
    #[serde(flatten)]
    configuration: Option<Configuration>,
}

/// How a camera is reached and kept; never its password.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Configuration {
    /// The main stream's address.
    url: String,
    /// The sub-stream's address.
    sub_url: Option<String>,
    user: Option<String>,
    has_password: bool,
    recording: bool,
    retention_days: u16,
    retention_bytes: Option<u64>,
    transport: Transport,
    /// What its server does otherwise than others.
    switches: Vec<Switch>,
    /// SHA-256 of the only certificate that is taken from it, in hexadecimal.
    certificate: Option<String>,
}

/// By which way a camera's packets come.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Transport {
    /// TCP; UDP where the camera refuses that.
    Auto,
    Tcp,
    Udp,
}

/// What a camera's server may do otherwise than others.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Switch {
    /// Its sender reports carry another SSRC than its packets, and are to be believed.
    AnyRtcpSsrc,
    /// It must not be sent TEARDOWN.
    NoTeardown,
}

/// A camera to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CameraWrite {
    /// The number at the desk; the next free one if none is given.
    number: Option<u32>,
    name: String,
    site: Uuid,
    make: Option<String>,
    /// The main stream's address: `rtsp://host[:port]/path`, without credentials.
    url: String,
    /// The sub-stream's address.
    sub_url: Option<String>,
    user: Option<String>,
    password: Option<String>,
    /// Whether it is recorded; true if not said. That takes a purpose and a legal
    /// basis in `particulars`.
    recording: Option<bool>,
    /// Thirty if not said.
    retention_days: Option<u16>,
    /// The most bytes of one stream.
    retention_bytes: Option<u64>,
    /// Whether it is listened to; false if not said. Its owner must have said so.
    sound: Option<bool>,
    /// `ordinary` if not said.
    class: Option<Class>,
    /// `auto` if not said.
    transport: Option<Transport>,
    /// None if not said.
    switches: Option<Vec<Switch>>,
    /// SHA-256 of the only certificate that is taken from it over `rtsps`, in
    /// hexadecimal; any is taken if not said.
    certificate: Option<String>,
    particulars: Option<ParticularsWrite>,
}

/// What shall be different; what is left out stays. `null` takes away, where that
/// is possible.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CameraPatch {
    number: Option<u32>,
    name: Option<String>,
    site: Option<Uuid>,
    #[serde(deserialize_with = "said")]
    make: Option<Option<String>>,
    url: Option<String>,
    #[serde(deserialize_with = "said")]
    sub_url: Option<Option<String>>,
    #[serde(deserialize_with = "said")]
    user: Option<Option<String>>,
    #[serde(deserialize_with = "said")]
    password: Option<Option<String>>,
    recording: Option<bool>,
    retention_days: Option<u16>,
    #[serde(deserialize_with = "said")]
    retention_bytes: Option<Option<u64>>,
    sound: Option<bool>,
    class: Option<Class>,
    transport: Option<Transport>,
    switches: Option<Vec<Switch>>,
    #[serde(deserialize_with = "said")]
    certificate: Option<Option<String>>,
    particulars: Option<ParticularsWrite>,
}

/// An address to be tried.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProbeAsked {
    url: String,
    user: Option<String>,
    password: Option<String>,
    /// `auto` if not said.
    transport: Option<Transport>,
}

/// What a camera sends.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProbeAnswer {
    /// As RFC 6381 writes it.
    codec: String,
    width: u32,
    height: u32,
    /// Pictures in a second, where that could be told.
    fps: Option<f64>,
    /// The codec of the sound that it has too, as it names it. It was not listened to.
    sound: Option<String>,
    /// SHA-256 of the certificate that it showed over `rtsps`, in hexadecimal.
    certificate: Option<String>,
}

/// Shows one camera.
#[utoipa::path(get, path = "/cameras/{id}", tag = "cameras", params(("id" = Uuid, Path)),
    responses((status = 200, body = CameraDetail), (status = 404, body = ErrorForm)))]
pub(crate) async fn camera(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
) -> Result<Json<CameraDetail>, Refusal> {
    let camera = deed::camera(&state, &person, CameraId(id), Action::See, Act::Camera).await?;
    Ok(Json(detail(&state, &person.user, &camera)))
}

/// Adds a camera.
#[utoipa::path(post, path = "/cameras", tag = "cameras", request_body = CameraWrite,
    responses((status = 201, body = CameraDetail), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm),
        (status = 404, body = ErrorForm, description = "there is no such site"),
        (status = 409, body = ErrorForm, description = "`taken`")))]
pub(crate) async fn add_camera(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Body(body): Body<CameraWrite>,
) -> Result<(StatusCode, Json<CameraDetail>), Refusal> {
    access::adding(&person.user)?;
    let class = body.class.unwrap_or_default().into();
    access::class(&state.catalog, &person.user, class, state.now())?;
    let password = body.password.map(Secret::new);
    let stream = |role, url| NewStream {
        role,
        url,
        user: body.user.clone(),
        password: password.clone(),
        facts: None,
    };
    let mut streams = vec![stream(StreamRole::Main, body.url)];
    streams.extend(wanted(body.sub_url).map(|url| stream(StreamRole::Sub, url)));
    let usual = Retention::default();
    let particulars = body.particulars.unwrap_or_default().change()?;
    let camera = NewCamera {
        number: body.number,
        name: body.name,
        site: SiteId(body.site),
        make: body.make,
        recording: body.recording.unwrap_or(true),
        retention: Retention {
            days: body.retention_days.unwrap_or(usual.days),
            bytes: body.retention_bytes.or(usual.bytes),
        },
        link: link(Link::default(), body.transport, body.switches, Some(body.certificate))?,
        class,
        sound: body.sound.unwrap_or(false),
        particulars: Particulars::default().changed(particulars)?,
        streams,
    };
    let camera = state.catalog.add_camera(camera).await?;
    state.recorder.nudge();
    let deed = Deed::by(&state, &person, Act::Camera).with(&camera);
    deed.detail("change", "added").done(&state).await?;
    tracing::info!(user = person.user.name, camera = camera.number, "added a camera");
    Ok((StatusCode::CREATED, Json(detail(&state, &person.user, &camera))))
}

/// Changes a camera. A password that is not sent stays, unless the address names
/// another host.
#[utoipa::path(patch, path = "/cameras/{id}", tag = "cameras", params(("id" = Uuid, Path)),
    request_body = CameraPatch,
    responses((status = 200, body = CameraDetail), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm), (status = 404, body = ErrorForm),
        (status = 409, body = ErrorForm, description = "`taken`")))]
pub(crate) async fn change_camera(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
    Body(body): Body<CameraPatch>,
) -> Result<Json<CameraDetail>, Refusal> {
    let id = CameraId(id);
    let before = deed::camera(&state, &person, id, Action::Configure, Act::Camera).await?;
    let camera = &before;
    let class = body.class.map(Into::into);
    if let Some(class) = class {
        access::class(&state.catalog, &person.user, class, state.now())?;
    }
    let retention =
        (body.retention_days.is_some() || body.retention_bytes.is_some()).then(|| Retention {
            days: body.retention_days.unwrap_or(camera.retention.days),
            bytes: body.retention_bytes.unwrap_or(camera.retention.bytes),
        });
    let change = CameraChange {
        number: body.number,
        name: body.name.clone(),
        site: body.site.map(SiteId),
        make: body.make.clone(),
        recording: body.recording,
        retention,
        link: Some(link(
            camera.link.clone(),
            body.transport,
            body.switches.clone(),
            body.certificate.clone(),
        )?),
        class,
        sound: body.sound,
        particulars: body.particulars.clone().unwrap_or_default().change()?,
        streams: StreamsAsked {
            url: body.url,
            sub_url: body.sub_url,
            user: body.user,
            password: body.password,
        }
        .of(camera),
    };
    let camera = state.catalog.change_camera(camera.id, change).await?;
    state.recorder.nudge();
    let deed = Deed::by(&state, &person, Act::Camera).with(&camera).detail("change", "changed");
    differences(&before, &camera)
        .into_iter()
        .fold(deed, |deed, (field, change)| deed.detail(field, change))
        .done(&state)
        .await?;
    tracing::info!(user = person.user.name, camera = camera.number, "changed a camera");
    Ok(Json(detail(&state, &person.user, &camera)))
}

/// Removes a camera, unless something of it is held. What it recorded stays as
/// long as there is room.
#[utoipa::path(delete, path = "/cameras/{id}", tag = "cameras", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 403, body = ErrorForm), (status = 404, body = ErrorForm),
        (status = 409, body = ErrorForm, description = "`in_use`: something of it is held")))]
pub(crate) async fn remove_camera(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, Refusal> {
    let id = CameraId(id);
    let camera = deed::camera(&state, &person, id, Action::Configure, Act::Camera).await?;
    let placing = state.placing.lock().await;
    if state.holds.active().await?.iter().any(|hold| hold.camera == camera.id) {
        let words = "something of this camera is held; release the hold first";
        return Err(Refusal::new(Kind::InUse, words));
    }
    state.catalog.remove_camera(camera.id).await?;
    drop(placing);
    camera.recorded_streams().for_each(|stream| state.hub.close(stream));
    state.recorder.nudge();
    let deed = Deed::by(&state, &person, Act::Camera).with(&camera);
    deed.detail("change", "removed").done(&state).await?;
    tracing::info!(user = person.user.name, camera = camera.number, "removed a camera");
    Ok(StatusCode::NO_CONTENT)
}

/// Tries an address.
#[utoipa::path(post, path = "/cameras/probe", tag = "cameras", request_body = ProbeAsked,
    responses((status = 200, body = ProbeAnswer), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm),
        (status = 422, body = ErrorForm, description = "what is wrong with the camera, by its code")))]
pub(crate) async fn probe_camera(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Body(body): Body<ProbeAsked>,
) -> Result<Json<ProbeAnswer>, Refusal> {
    access::adding(&person.user)?;
    let url = catalog::camera::address(&body.url)?;
    let (user, password) = catalog::camera::credentials(body.user, body.password.map(Secret::new))?;
    let credentials = user.map(|user| Credentials {
        user,
        password: password.map(|secret| secret.expose().to_owned()).unwrap_or_default(),
    });
    let Ok(_permit) = state.probes.try_acquire() else {
        return Err(Refusal::new(Kind::Busy, "too many addresses are being tried; try again"));
    };
    let link = link(Link::default(), body.transport, None, None)?;
    let source = Source { link, ..Source::new(url, credentials) };
    let probed = ingest::probe(&source, &state.probe_limits).await?;
    Ok(Json(ProbeAnswer {
        codec: probed.codec,
        width: probed.width,
        height: probed.height,
        fps: probed.fps,
        sound: probed.sound,
        certificate: probed.certificate.map(|digest| hex(&digest)),
    }))
}

/// What is another in a camera than it was, by field. Of addresses and passwords,
/// only that they are.
pub(crate) fn differences(before: &Camera, after: &Camera) -> Vec<(&'static str, String)> {
    let change = |old: &dyn Display, new: &dyn Display| format!("{old} → {new}");
    let days = |camera: &Camera| camera.retention.days;
    let bytes = |camera: &Camera| match camera.retention.bytes {
        Some(bytes) => bytes.to_string(),
        None => "-".to_owned(),
    };
    let make = |camera: &Camera| camera.make.clone().unwrap_or_else(|| "-".to_owned());
    let fields = [
        ("number", before.number != after.number, change(&before.number, &after.number)),
        ("name", before.name != after.name, change(&before.name, &after.name)),
        ("site", before.site != after.site, change(&before.site, &after.site)),
        ("make", before.make != after.make, change(&make(before), &make(after))),
        ("recording", before.recording != after.recording, after.recording.to_string()),
        ("retention_days", days(before) != days(after), change(&days(before), &days(after))),
        ("retention_bytes", bytes(before) != bytes(after), change(&bytes(before), &bytes(after))),
        ("class", before.class != after.class, after.class.as_str().to_owned()),
        ("link", before.link != after.link, "another".to_owned()),
        ("sound", before.sound != after.sound, after.sound.to_string()),
        ("streams", before.streams != after.streams, "others".to_owned()),
    ];
    let fields = fields.into_iter().chain(on_record(&before.particulars, &after.particulars));
    let changed = fields.filter(|(_, is_changed, _)| *is_changed);
    changed.map(|(field, _, change)| (field, change)).collect()
}

/// The same of what is on record.
fn on_record(
    before: &Particulars,
    after: &Particulars,
) -> impl Iterator<Item = (&'static str, bool, String)> {
    fn text<T: Display>(value: Option<T>) -> String {
        value.map_or_else(|| "-".to_owned(), |value| value.to_string())
    }
    let told = |of: &Particulars| {
        let purposes: Vec<_> = of.purposes.iter().map(|purpose| purpose.as_str()).collect();
        let pose = &of.pose;
        let sign = of.notice_sign.as_ref();
        [
            ("owner", text(of.owner)),
            ("investor", text(of.investor)),
            ("operator", text(of.operator)),
            ("maintainer", text(of.maintainer)),
            ("purposes", purposes.join(" ")),
            ("legal_basis", text(of.legal_basis.as_ref())),
            ("heading_deg", text(pose.heading_deg)),
            ("tilt_deg", text(pose.tilt_deg)),
            ("height_cm", text(pose.height_cm)),
            ("fov_deg", text(pose.fov_deg)),
            ("link_kind", text(of.link_kind.map(|kind| kind.as_str()))),
            ("life_cycle", of.life_cycle.as_str().to_owned()),
            ("life_cycle_since", text(of.life_cycle_since)),
            ("notice_sign", text(sign.map(NoticeSign::as_str))),
            ("notice_sign_reason", text(sign.and_then(NoticeSign::reason))),
        ]
    };
    told(before).into_iter().zip(told(after)).map(|((field, old), (_, new))| {
        let change = format!("{old} → {new}");
        (field, old != new, change)
    })
}

fn detail(state: &State, user: &catalog::User, camera: &Camera) -> CameraDetail {
    let may = |action| {
        let rights = state.catalog.rights(user.id);
        rights.is_some_and(|rights| access::lists(&rights, camera.id, action, state.now()))
    };
    let configuration = may(Action::Configure).then(|| {
        let url = |role| camera.stream(role).map(|stream| stream.url.to_string());
        let first = camera.streams.first();
        Configuration {
            url: url(StreamRole::Main).unwrap_or_default(),
            sub_url: url(StreamRole::Sub),
            user: first.and_then(|stream| stream.user.clone()),
            has_password: first.is_some_and(|stream| stream.password.is_some()),
            recording: camera.recording,
            retention_days: camera.retention.days,
            retention_bytes: camera.retention.bytes,
            transport: camera.link.transport.into(),
            switches: camera.link.switches.iter().map(|&switch| switch.into()).collect(),
            certificate: camera.link.certificate.map(|digest| hex(&digest)),
        }
    });
    let clock_offset_us = state.recorder.clock_offset_us(camera.id);
    CameraDetail {
        row: row(&may, camera, &state.recorder.states_of([camera])),
        clock_offset_us,
        particulars: (&camera.particulars).into(),
        configuration,
    }
}

/// Returns how a camera is reached from now on; what is not said stays.
fn link(
    before: Link,
    transport: Option<Transport>,
    switches: Option<Vec<Switch>>,
    certificate: Option<Option<String>>,
) -> Result<Link, Refusal> {
    Ok(Link {
        transport: transport.map_or(before.transport, Into::into),
        switches: match switches {
            Some(switches) => switches.into_iter().map(Into::into).collect(),
            None => before.switches,
        },
        certificate: match certificate {
            Some(certificate) => wanted(certificate).map(|text| digest(&text)).transpose()?,
            None => before.certificate,
        },
    })
}

/// Reads a digest of 32 bytes in hexadecimal, with or without colons.
fn digest(text: &str) -> Result<[u8; 32], Refusal> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !b": ".contains(byte)).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = match digits.iter().all(u8::is_ascii_hexdigit) {
        true => digits.chunks(2).map(byte).collect(),
        false => None,
    };
    bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| {
        let words = "the certificate is told by its SHA-256, 64 hexadecimal digits";
        Refusal::invalid("certificate", words)
    })
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl From<Transport> for base::Transport {
    fn from(transport: Transport) -> Self {
        match transport {
            Transport::Auto => Self::Auto,
            Transport::Tcp => Self::Tcp,
            Transport::Udp => Self::Udp,
        }
    }
}

impl From<base::Transport> for Transport {
    fn from(transport: base::Transport) -> Self {
        match transport {
            base::Transport::Auto => Self::Auto,
            base::Transport::Tcp => Self::Tcp,
            base::Transport::Udp => Self::Udp,
        }
    }
}

impl From<Switch> for base::Switch {
    fn from(switch: Switch) -> Self {
        match switch {
            Switch::AnyRtcpSsrc => Self::AnyRtcpSsrc,
            Switch::NoTeardown => Self::NoTeardown,
        }
    }
}

impl From<base::Switch> for Switch {
    fn from(switch: base::Switch) -> Self {
        match switch {
            base::Switch::AnyRtcpSsrc => Self::AnyRtcpSsrc,
            base::Switch::NoTeardown => Self::NoTeardown,
        }
    }
}

/// How a camera is reached from now on; what is not said stays.
pub(crate) struct StreamsAsked {
    pub(crate) url: Option<String>,
    pub(crate) sub_url: Option<Option<String>>,
    pub(crate) user: Option<Option<String>>,
    pub(crate) password: Option<Option<String>>,
}

impl StreamsAsked {
    /// Returns the streams as they shall be, if the change is about them at all.
    pub(crate) fn of(self, camera: &Camera) -> Option<Vec<StreamChange>> {
        let Self { url, sub_url, user, password } = self;
        if url.is_none() && sub_url.is_none() && user.is_none() && password.is_none() {
            return None;
        }
        let there = |role| camera.stream(role).map(|stream| stream.url.to_string());
        let main = url.or_else(|| there(StreamRole::Main));
        let sub = match sub_url {
            Some(sub) => wanted(sub),
            None => there(StreamRole::Sub),
        };
        let before = camera.streams.first();
        let user = user.unwrap_or_else(|| before.and_then(|stream| stream.user.clone()));
        let mut changes = Vec::new();
        for (role, url) in [(StreamRole::Main, main), (StreamRole::Sub, sub)] {
            let Some(url) = url else { continue };
            let password = match (&password, camera.stream(role)) {
                // Who takes the user name away takes the password along.
                _ if user.is_none() => PasswordChange::Set(None),
                (Some(password), _) => PasswordChange::Set(password.clone().map(Secret::new)),
                (None, Some(_)) => PasswordChange::Keep,
                // A stream that was not there is of the same camera, if of the same host.
                (None, None) => {
                    let kept = before.filter(|before| same_host(before, &url));
                    PasswordChange::Set(kept.and_then(|before| before.password.clone()))
                }
            };
            changes.push(StreamChange { role, url, user: user.clone(), password });
        }
        Some(changes)
    }
}

fn same_host(stream: &catalog::Stream, url: &str) -> bool {
    catalog::camera::address(url).is_ok_and(|url| url.host() == stream.url.host())
}

/// An empty address is none: forms send it so.
fn wanted(url: Option<String>) -> Option<String> {
    url.filter(|url| !url.trim().is_empty())
}
