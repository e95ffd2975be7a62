//! The second media service.

use super::super::namespace as ns;
use super::super::profile::{self, Profile};
use super::super::soap::Fault;
use super::super::xml::{element, leaf, with};
use super::media::{no_configuration, snapshot_uri, source_configurations};
use super::{Ask, encoder};

/// Answers an operation of the service.
pub(super) fn answer(ask: &mut Ask<'_>) -> Result<String, Fault> {
    let inside = match ask.call.operation.name.as_str() {
        "GetProfiles" => profiles(ask)?,
        "GetStreamUri" => stream_uri(ask)?,
        "GetSnapshotUri" => leaf("tr2:Uri", snapshot_uri(ask, &ask.profile()?)?),
        "GetVideoSourceConfigurations" => source_configurations(ask, "tr2:Configurations"),
        "GetVideoEncoderConfigurations" => {
            wanted(ask)?.map(|one| encoder::second("tr2:Configurations", &one)).collect()
        }
        "GetVideoEncoderConfigurationOptions" => wanted(ask)?.map(|one| options(&one)).collect(),
        "SetSynchronizationPoint" => {
            ask.profile()?;
            String::new()
        }
        _ => return Err(ask.unknown()),
    };
    Ok(ask.response(&inside))
}

fn told<'a>(ask: &Ask<'a>) -> impl Iterator<Item = Profile<'a>> + use<'a> {
    let quirks = ask.state.quirks;
    profile::all(ask.config, &quirks).filter(move |_| !quirks.empty_profiles)
}

fn profiles(ask: &Ask<'_>) -> Result<String, Fault> {
    let types: Vec<_> = ask.call.operation.all(ns::MEDIA2, "Type").map(|one| one.text()).collect();
    let wants = |name: &str| types.iter().any(|one| *one == "All" || *one == name);
    let whole = |one: Profile<'_>| {
        let main = &one.channel.main;
        let mut parts = String::new();
        if wants("VideoSource") {
            parts += &encoder::source("tr2:VideoSource", one.at, (main.width, main.height));
        }
        if wants("VideoEncoder") {
            parts += &encoder::second("tr2:VideoEncoder", &one);
        }
        if wants("PTZ") && one.channel.ptz {
            parts += &encoder::head("tr2:PTZ", one.at);
        }
        let mut inside = leaf("tr2:Name", one.name());
        if !types.is_empty() {
            inside += &element("tr2:Configurations", &parts);
        }
        with("tr2:Profiles", &[("token", one.token().as_str()), ("fixed", "true")], &inside)
    };
    match ask.argument("Token") {
        None => Ok(told(ask).map(whole).collect()),
        Some(token) => told(ask).find(|one| one.token() == token).map(whole).ok_or_else(|| {
            Fault::sender(&["ter:InvalidArgVal", "ter:NoProfile"], "there is no such profile")
        }),
    }
}

fn stream_uri(ask: &Ask<'_>) -> Result<String, Fault> {
    let protocol = ask.needed("Protocol")?;
    let known = ["RtspUnicast", "RTSP", "RtspOverHttp"];
    if !known.contains(&protocol) {
        let codes = ["ter:InvalidArgVal", "ter:InvalidStreamSetup"];
        return Err(Fault::sender(&codes, "there is no such stream"));
    }
    Ok(leaf("tr2:Uri", ask.addresses.stream(&ask.profile()?.stream.url)))
}

/// Returns the profiles of the encoders that are asked for: one, or all.
fn wanted<'a>(ask: &Ask<'a>) -> Result<std::vec::IntoIter<Profile<'a>>, Fault> {
    let (encoder, token) = (ask.argument("ConfigurationToken"), ask.argument("ProfileToken"));
    let is = |one: &Profile<'_>| {
        encoder.is_none_or(|encoder| one.encoder() == encoder)
            && token.is_none_or(|token| one.token() == token)
    };
    let found: Vec<_> = told(ask).filter(is).collect();
    if found.is_empty() && (encoder.is_some() || token.is_some()) {
        return Err(no_configuration());
    }
    Ok(found.into_iter())
}

fn options(one: &Profile<'_>) -> String {
    let stream = one.stream;
    let rates = stream.fps.to_string();
    let attributes = [
        ("GovLengthRange", "1 400"),
        ("FrameRatesSupported", rates.as_str()),
        ("ProfilesSupported", "Main High"),
        ("ConstantBitRateSupported", "true"),
    ];
    let inside = leaf("tt:Encoding", encoder::encoding(stream.codec))
        + &encoder::range("tt:QualityRange", 0, 10)
        + &encoder::resolution("tt:ResolutionsAvailable", (stream.width, stream.height))
        + &encoder::range("tt:BitrateRange", 32, stream.bitrate_kbps);
    with("tr2:Options", &attributes, &inside)
}
