//! The first media service, which has no word for H.265.

use super::super::namespace as ns;
use super::super::profile::{self, Profile};
use super::super::soap::Fault;
use super::super::xml::{element, leaf, with};
use super::{Ask, encoder};
use crate::clip::Codec;

/// Answers an operation of the service.
pub(super) fn answer(ask: &mut Ask<'_>) -> Result<String, Fault> {
    let inside = match ask.call.operation.name.as_str() {
        "GetProfiles" => told(ask).map(|one| whole("trt:Profiles", &one)).collect(),
        "GetProfile" => whole("trt:Profile", &named(ask)?),
        "GetStreamUri" => stream_uri(ask)?,
        "GetSnapshotUri" => {
            let profile = named(ask)?;
            media_uri(&snapshot_uri(ask, &profile)?)
        }
        "GetVideoSources" => sources(ask),
        "GetVideoSourceConfigurations" => source_configurations(ask, "trt:Configurations"),
        "GetVideoEncoderConfigurations" => {
            told(ask).map(|one| encoder::first("trt:Configurations", &one)).collect()
        }
        "GetVideoEncoderConfiguration" => {
            let token = ask.needed("ConfigurationToken")?;
            let one = told(ask).find(|one| one.encoder() == token).ok_or_else(no_configuration)?;
            encoder::first("trt:Configuration", &one)
        }
        "GetVideoEncoderConfigurationOptions" => options(ask)?,
        "SetSynchronizationPoint" => {
            named(ask)?;
            String::new()
        }
        _ => return Err(ask.unknown()),
    };
    Ok(ask.response(&inside))
}

/// Returns the profiles that this service tells of.
fn told<'a>(ask: &Ask<'a>) -> impl Iterator<Item = Profile<'a>> + use<'a> {
    let quirks = ask.state.quirks;
    profile::all(ask.config, &quirks)
        .filter(move |one| !quirks.h265_hidden || one.stream.codec == Codec::H264)
        .filter(move |_| !quirks.empty_profiles)
}

/// Returns the profile that is asked for, if this service tells of it.
fn named<'a>(ask: &Ask<'a>) -> Result<Profile<'a>, Fault> {
    let profile = ask.profile()?;
    match ask.state.quirks.h265_hidden && profile.stream.codec == Codec::H265 {
        true => Err(no_configuration()),
        false => Ok(profile),
    }
}

pub(super) fn no_configuration() -> Fault {
    let codes = ["ter:InvalidArgVal", "ter:NoConfig"];
    Fault::sender(&codes, "there is no such configuration")
}

fn whole(name: &str, one: &Profile<'_>) -> String {
    let main = &one.channel.main;
    let mut inside = leaf("tt:Name", one.name())
        + &encoder::source("tt:VideoSourceConfiguration", one.at, (main.width, main.height))
        + &encoder::first("tt:VideoEncoderConfiguration", one);
    if one.channel.ptz {
        inside += &encoder::head("tt:PTZConfiguration", one.at);
    }
    with(name, &[("token", one.token().as_str()), ("fixed", "true")], &inside)
}

fn stream_uri(ask: &Ask<'_>) -> Result<String, Fault> {
    let operation = &ask.call.operation;
    let setup = operation.child(ns::MEDIA, "StreamSetup");
    let setup = setup.ok_or_else(|| Fault::missing("StreamSetup"))?;
    let transport = setup.child(ns::SCHEMA, "Transport");
    let protocol = transport.and_then(|one| one.text_of(ns::SCHEMA, "Protocol"));
    let stream = setup.text_of(ns::SCHEMA, "Stream").unwrap_or_default();
    let known = matches!(protocol, Some("UDP" | "TCP" | "RTSP" | "HTTP"));
    if !known || encoder::is_multicast(stream) {
        let codes = ["ter:InvalidArgVal", "ter:InvalidStreamSetup"];
        return Err(Fault::sender(&codes, "there is no such stream"));
    }
    Ok(media_uri(&ask.addresses.stream(&named(ask)?.stream.url)))
}

fn media_uri(uri: &str) -> String {
    let inside = leaf("tt:Uri", uri)
        + &leaf("tt:InvalidAfterConnect", false)
        + &leaf("tt:InvalidAfterReboot", false)
        + &leaf("tt:Timeout", "PT0S");
    element("trt:MediaUri", &inside)
}

/// Returns the address of a profile's snapshot, if there are any.
pub(super) fn snapshot_uri(ask: &Ask<'_>, profile: &Profile<'_>) -> Result<String, Fault> {
    if ask.state.quirks.snapshot_missing || ask.config.snapshot.is_none() {
        return Err(Fault::unsupported("a snapshot"));
    }
    Ok(ask.addresses.snapshot(&profile.token()))
}

fn sources(ask: &Ask<'_>) -> String {
    let one = |(at, channel): (usize, &super::super::device::Channel)| {
        let main = &channel.main;
        let inside = leaf("tt:Framerate", main.fps)
            + &encoder::resolution("tt:Resolution", (main.width, main.height));
        with("trt:VideoSources", &[("token", &profile::source(at))], &inside)
    };
    ask.config.channels.iter().enumerate().map(one).collect()
}

/// Returns the configurations of all video sources, each as an element of this name.
pub(super) fn source_configurations(ask: &Ask<'_>, name: &str) -> String {
    let one = |(at, channel): (usize, &super::super::device::Channel)| {
        encoder::source(name, at, (channel.main.width, channel.main.height))
    };
    ask.config.channels.iter().enumerate().map(one).collect()
}

fn options(ask: &Ask<'_>) -> Result<String, Fault> {
    let wanted = (ask.argument("ConfigurationToken"), ask.argument("ProfileToken"));
    let is = |one: &Profile<'_>| match wanted {
        (Some(token), _) => one.encoder() == token,
        (None, Some(token)) => one.token() == token,
        (None, None) => true,
    };
    let one = told(ask).find(is).ok_or_else(no_configuration)?;
    let h264 =
        encoder::resolution("tt:ResolutionsAvailable", (one.stream.width, one.stream.height))
            + &encoder::range("tt:GovLengthRange", 1, 400)
            + &encoder::range("tt:FrameRateRange", 1, one.stream.fps)
            + &encoder::range("tt:EncodingIntervalRange", 1, 1)
            + &leaf("tt:H264ProfilesSupported", "Main")
            + &leaf("tt:H264ProfilesSupported", "High");
    let inside = encoder::range("tt:QualityRange", 0, 10) + &element("tt:H264", &h264);
    Ok(element("trt:Options", &inside))
}
