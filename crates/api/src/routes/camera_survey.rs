//! What stands at an address before it is a camera: a device is asked what it is, and
//! devices are looked for. Nothing is written down, and no picture is shown.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Json;
use axum::extract::State as Given;
use catalog::Secret;
use credentials::Credentials;
use onvif::{Client, Encoder, Finding, Found, Limits, Surveyed};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use url::Url;
use utoipa::ToSchema;

use crate::access;
use crate::app::State;
use crate::error::{ErrorForm, Kind, Refusal};
use crate::extract::Body;
use crate::person::Somebody;

/// How long devices are waited for.
const PATIENCE: Duration = Duration::from_secs(4);

/// How long is knocked at those that do not answer: a network of dead addresses takes longer.
const KNOCKING: Duration = Duration::from_secs(30);

/// How long a device may take to tell all that it is.
const LONGEST: Duration = Duration::from_secs(60);

/// A device to be asked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SurveyAsked {
    /// `http://host`, or with port and path; `https://` too.
    url: String,
    user: Option<String>,
    password: Option<String>,
}

/// What a device says that it is, and what of that is true.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SurveyAnswer {
    /// Where its own service stands.
    url: String,
    make: String,
    model: String,
    firmware: String,
    serial: String,
    /// The addresses of its interfaces, in small letters with colons.
    macs: Vec<String>,
    /// How far its clock is ahead of the server's; null where it does not say.
    clock_offset_us: Option<i64>,
    /// SHA-256 of the certificate that it showed, in hexadecimal.
    certificate: Option<String>,
    channels: Vec<ChannelRow>,
    features: Vec<FeatureRow>,
}

/// One source of a device: its lens, or a channel of a recorder.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChannelRow {
    name: String,
    main: OfferedStream,
    sub: Option<OfferedStream>,
}

/// A stream as a device tells of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OfferedStream {
    /// Where it may be, the likeliest first, by the way that the device was asked.
    urls: Vec<String>,
    /// As the device says it: `H264`, `H265`, ….
    codec: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    fps: Option<f64>,
}

/// What was found of a feature.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FeatureRow {
    /// `clock`, `identity`, `network`, `profiles`, `streams`, `snapshot`, `ptz`,
    /// `imaging`, `events`, `relays`, `analytics`, `recording`.
    feature: &'static str,
    found: FoundOut,
    /// In words, where it is not as the device claims.
    words: Option<String>,
}

/// How a claim turned out.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FoundOut {
    /// It was tried, and is so.
    Proved,
    /// It is so, by another way than the device should have.
    WorkedAround,
    /// The device claims it, and it is not so.
    Failed,
    /// The device does not claim it.
    Absent,
}

/// Which devices are looked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FindAsked {
    /// Addresses to be looked through: `10.0.0.7`, or a network such as `10.0.0.0/24`, 1,024
    /// at most in all. If there are none, the devices of the server's own network are asked
    /// to tell of themselves.
    addresses: Option<Vec<String>>,
}

/// A device that answered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FoundDevice {
    /// What it calls itself for ever.
    endpoint: String,
    /// Where its own service may be asked, the likeliest first.
    urls: Vec<String>,
    name: Option<String>,
    hardware: Option<String>,
    location: Option<String>,
    /// The profiles of ONVIF that it claims: `Streaming`, `T`, `G`, `M`.
    profiles: Vec<String>,
}

/// Asks a device what it is.
#[utoipa::path(post, path = "/cameras/survey", tag = "cameras", request_body = SurveyAsked,
    responses((status = 200, body = SurveyAnswer), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm),
        (status = 422, body = ErrorForm, description = "what is wrong with the device, by its code")))]
pub(crate) async fn survey_device(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Body(body): Body<SurveyAsked>,
) -> Result<Json<SurveyAnswer>, Refusal> {
    access::adding(&person.user)?;
    let url = Url::parse(body.url.trim())
        .map_err(|_| Refusal::invalid("url", "write the device's address as http://host"))?;
    let (user, password) = catalog::camera::credentials(body.user, body.password.map(Secret::new))?;
    let credentials = user.map(|user| Credentials {
        user,
        password: password.map(|secret| secret.expose().to_owned()).unwrap_or_default(),
    });
    let _permit = state.probes.try_acquire().map_err(|_| busy())?;
    let limits = Limits::default();
    // Before anything is sent: an address with a password in it is refused as one.
    Client::new(url.clone(), None, None, limits)?;
    let surveying = timeout(LONGEST, async {
        let door = onvif::knock(&url, limits).await?;
        let mut client = Client::new(door.clone(), credentials, None, limits)?;
        let surveyed = onvif::survey(&mut client).await?;
        Ok::<_, Refusal>((door, surveyed))
    });
    let (door, surveyed) = surveying.await.map_err(|_| {
        let words = "the device answers too slowly to be asked all that is to be known";
        Refusal::new(Kind::Device(onvif::FaultKind::Silent), words).about("url")
    })??;
    Ok(Json(answer(&door, surveyed)))
}

/// Looks for devices that tell of themselves.
#[utoipa::path(post, path = "/cameras/find", tag = "cameras", request_body = FindAsked,
    responses((status = 200, body = Vec<FoundDevice>), (status = 400, body = ErrorForm),
        (status = 403, body = ErrorForm)))]
pub(crate) async fn find_devices(
    Given(state): Given<State>,
    Somebody(person): Somebody,
    Body(body): Body<FindAsked>,
) -> Result<Json<Vec<FoundDevice>>, Refusal> {
    access::adding(&person.user)?;
    let addresses = addresses(&body.addresses.unwrap_or_default())?;
    let _permit = state.probes.try_acquire().map_err(|_| busy())?;
    let found = match addresses.as_slice() {
        // The unspecified address lets the system choose the network.
        [] => onvif::search(&[Ipv4Addr::UNSPECIFIED], PATIENCE).await,
        some => onvif::sweep(some, PATIENCE, KNOCKING).await,
    };
    let found = found.map_err(Refusal::broken)?;
    Ok(Json(found.into_iter().map(row).collect()))
}

fn busy() -> Refusal {
    Refusal::new(Kind::Busy, "too many addresses are being tried; try again")
}

fn addresses(said: &[String]) -> Result<Vec<SocketAddr>, Refusal> {
    let refused = |words: String| Refusal::invalid("addresses", words);
    let mut all = Vec::new();
    for word in said {
        all.extend(onvif::range(word).map_err(|error| refused(error.to_string()))?);
        if all.len() > onvif::MOST {
            return Err(refused(format!("look through {} addresses at most at once", onvif::MOST)));
        }
    }
    Ok(all)
}

fn row(found: Found) -> FoundDevice {
    let Found { endpoint, urls, name, hardware, location, profiles, .. } = found;
    let urls = urls.into_iter().map(String::from).collect();
    FoundDevice { endpoint, urls, name, hardware, location, profiles }
}

fn answer(door: &Url, surveyed: Surveyed) -> SurveyAnswer {
    let is_told = surveyed.clock.source != onvif::ClockSource::Unknown;
    let hex = |digest: [u8; 32]| digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let channels = surveyed.channels.into_iter().map(|one| {
        let channel = one.channel;
        let sub = channel.sub.filter(|_| !one.sub.is_empty());
        ChannelRow {
            name: channel.main.name,
            main: stream(channel.main.encoder, one.main),
            sub: sub.map(|sub| stream(sub.encoder, one.sub)),
        }
    });
    let features = surveyed.findings.into_iter().map(|(feature, finding)| {
        let (found, words) = match finding {
            Finding::Proved => (FoundOut::Proved, None),
            Finding::WorkedAround(words) => (FoundOut::WorkedAround, Some(words)),
            Finding::Failed(words) => (FoundOut::Failed, Some(words)),
            Finding::Absent => (FoundOut::Absent, None),
        };
        FeatureRow { feature: feature.as_str(), found, words }
    });
    SurveyAnswer {
        url: door.to_string(),
        make: surveyed.information.manufacturer,
        model: surveyed.information.model,
        firmware: surveyed.information.firmware,
        serial: surveyed.information.serial,
        macs: surveyed.network.macs,
        clock_offset_us: is_told.then_some(surveyed.clock.offset_us),
        certificate: surveyed.certificate.map(hex),
        channels: channels.collect(),
        features: features.collect(),
    }
}

fn stream(encoder: Option<Encoder>, urls: Vec<Url>) -> OfferedStream {
    let urls = urls.into_iter().map(String::from).collect();
    match encoder {
        None => OfferedStream { urls, codec: None, width: None, height: None, fps: None },
        Some(Encoder { codec, width, height, fps, .. }) => OfferedStream {
            urls,
            codec: Some(codec),
            width: Some(width).filter(|width| *width > 0),
            height: Some(height).filter(|height| *height > 0),
            fps,
        },
    }
}
