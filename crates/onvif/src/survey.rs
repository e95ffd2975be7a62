//! What a device is, learnt step by step, and what of its claims is true.
//!
//! ```text
//! clock ─▶ services ─▶ identity ─▶ network ─▶ profiles ─▶ streams ─▶ picture ─▶ the rest
//!   │ the two that must succeed     each of these may fail and is told so
//!   └ lets tokens be made
//! ```
//!
//! What a device claims is a hint: each feature is tried as far as that changes nothing.
//! Whether a stream really brings pictures is `ingest`'s to say.

use credentials::Digest;
use url::Url;

use crate::client::Client;
use crate::clock::DeviceClock;
use crate::device::{Information, Network, ToldBy};
use crate::fault::Fault;
use crate::media::{Channel, channels};
use crate::soap::{Operation, Service};

/// A clock that is further off spoils proofs and evidence.
const CLOCK_OFF_US: u64 = 5_000_000;

/// What a device may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// A clock that is right.
    Clock,
    /// A maker, model, firmware and number.
    Identity,
    /// What it tells of its network.
    Network,
    /// Profiles with pictures.
    Profiles,
    /// Addresses of streams.
    Streams,
    /// Single pictures.
    Snapshot,
    /// Turning and zooming.
    Ptz,
    /// Settings of the picture.
    Imaging,
    /// Telling what happens.
    Events,
    /// Switches.
    Relays,
    /// Recognising things.
    Analytics,
    /// A recording of its own.
    Recording,
}

impl Feature {
    /// Returns the name by which programs know it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clock => "clock",
            Self::Identity => "identity",
            Self::Network => "network",
            Self::Profiles => "profiles",
            Self::Streams => "streams",
            Self::Snapshot => "snapshot",
            Self::Ptz => "ptz",
            Self::Imaging => "imaging",
            Self::Events => "events",
            Self::Relays => "relays",
            Self::Analytics => "analytics",
            Self::Recording => "recording",
        }
    }
}

/// What was found of a feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It was tried, and is so.
    Proved,
    /// It is so, by another way than the device should have.
    WorkedAround(String),
    /// The device claims it, and it is not so.
    Failed(String),
    /// The device does not claim it.
    Absent,
}

/// A channel, and where its streams may be asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Survey {
    /// The channel.
    pub channel: Channel,
    /// Where its best pictures are, the likeliest first.
    pub main: Vec<Url>,
    /// Where small ones are, the likeliest first.
    pub sub: Vec<Url>,
}

/// What was learnt of a device.
#[derive(Clone, Debug)]
pub struct Surveyed {
    /// Its clock.
    pub clock: DeviceClock,
    /// Who made it, and what runs in it.
    pub information: Information,
    /// How it is reached.
    pub network: Network,
    /// What it has, as it says.
    pub services: Vec<Service>,
    /// What it shows.
    pub channels: Vec<Survey>,
    /// By which way the password was proved.
    pub proved: Option<&'static str>,
    /// SHA-256 of its certificate, over HTTPS.
    pub certificate: Option<Digest>,
    /// What was found of each feature.
    pub findings: Vec<(Feature, Finding)>,
}

/// Learns what a device is.
///
/// # Errors
///
/// If it cannot be reached, is no ONVIF device, or does not take the password: what else
/// fails is a finding.
pub async fn survey(client: &mut Client) -> Result<Surveyed, Fault> {
    let mut findings = Vec::new();
    let clock = match client.read_clock().await {
        Ok(clock) => clock,
        // Some tell it to no one; a proof by HTTP needs no time.
        Err(fault) if fault.kind.is_of_one_call() => DeviceClock::default(),
        Err(fault) => return Err(fault),
    };
    let told_by = client.learn_services().await?;
    let information = match client.information().await {
        Err(fault) if !fault.kind.is_of_one_call() => return Err(fault),
        information => information,
    };
    findings.push((Feature::Clock, of_clock(clock)));
    findings.push((
        Feature::Identity,
        match &information {
            Ok(known) if known.model.is_empty() => Finding::Failed("it names no model".to_owned()),
            Ok(_) if told_by == ToldBy::Capabilities => Finding::WorkedAround(
                "it lists no services; they are known the older way".to_owned(),
            ),
            Ok(_) => Finding::Proved,
            Err(fault) => Finding::Failed(fault.to_string()),
        },
    ));
    let network = client.network().await;
    findings.push((Feature::Network, of(&network)));
    let channels = of_pictures(client, &mut findings).await;
    // It is looked at by nobody: who surveys a device has no right to its pictures yet.
    if let Some(first) = channels.first() {
        let picture = client.snapshot(&first.channel.main).await;
        findings.push((Feature::Snapshot, of(&picture)));
    }
    for (feature, service, operation) in TRIED {
        let finding = match client.has(service) {
            false => Finding::Absent,
            true => of(&client.call(&Operation::bare(service, operation)).await),
        };
        findings.push((feature, finding));
    }
    let relays = client.call(&Operation::bare(Service::Device, "GetRelayOutputs")).await;
    findings.push((
        Feature::Relays,
        match relays {
            Ok(answer) if answer.all("RelayOutputs").next().is_some() => Finding::Proved,
            // Those without any say so, or say that they know of no such thing.
            _ => Finding::Absent,
        },
    ));
    Ok(Surveyed {
        clock,
        information: information.unwrap_or_default(),
        network: network.unwrap_or_default(),
        services: client.services().collect(),
        channels,
        proved: client.proved(),
        certificate: client.certificate(),
        findings,
    })
}

/// What is tried of services that a device has, and changes nothing.
const TRIED: [(Feature, Service, &str); 4] = [
    (Feature::Ptz, Service::Ptz, "GetNodes"),
    (Feature::Events, Service::Events, "GetEventProperties"),
    (Feature::Analytics, Service::Analytics, "GetServiceCapabilities"),
    (Feature::Recording, Service::Search, "GetRecordingSummary"),
];

async fn of_pictures(client: &mut Client, findings: &mut Vec<(Feature, Finding)>) -> Vec<Survey> {
    let profiles = match client.profiles().await {
        Ok(profiles) => profiles,
        Err(fault) => {
            findings.push((Feature::Profiles, Finding::Failed(fault.to_string())));
            return Vec::new();
        }
    };
    let is_older = !client.has(Service::Media2);
    findings.push((
        Feature::Profiles,
        match is_older {
            true => Finding::WorkedAround(
                "it has the older media service, which hides H.265".to_owned(),
            ),
            false => Finding::Proved,
        },
    ));
    let (mut surveyed, mut failed) = (Vec::new(), None);
    for channel in channels(&profiles) {
        let main = match client.stream(&channel.main).await {
            Ok(main) => main,
            Err(fault) => {
                failed = Some(fault.to_string());
                continue;
            }
        };
        let sub = match &channel.sub {
            Some(sub) => client.stream(sub).await.unwrap_or_default(),
            None => Vec::new(),
        };
        surveyed.push(Survey { channel, main, sub });
    }
    findings.push((
        Feature::Streams,
        match failed {
            Some(why) => Finding::Failed(why),
            None if surveyed.is_empty() => Finding::Failed("no profile can be recorded".to_owned()),
            None => Finding::Proved,
        },
    ));
    let source = surveyed.first().and_then(|first| first.channel.source.clone());
    findings.push((
        Feature::Imaging,
        match source {
            Some(source) if client.has(Service::Imaging) => {
                let token = crate::xml::escaped(&source);
                let inner = format!("<q:VideoSourceToken>{token}</q:VideoSourceToken>");
                let asked = Operation::new(Service::Imaging, "GetImagingSettings", inner);
                of(&client.call(&asked).await)
            }
            _ => Finding::Absent,
        },
    ));
    surveyed
}

fn of<T>(tried: &Result<T, Fault>) -> Finding {
    match tried {
        Ok(_) => Finding::Proved,
        Err(fault) => Finding::Failed(fault.to_string()),
    }
}

fn of_clock(clock: DeviceClock) -> Finding {
    let seconds = clock.offset_us / 1_000_000;
    match clock.source {
        crate::ClockSource::Unknown => Finding::Failed("it does not tell the time".to_owned()),
        _ if clock.offset_us.unsigned_abs() > CLOCK_OFF_US => {
            let way = if seconds < 0 { "behind" } else { "ahead" };
            Finding::WorkedAround(format!(
                "its clock is {} s {way}; proofs follow it",
                seconds.abs()
            ))
        }
        _ => Finding::Proved,
    }
}
