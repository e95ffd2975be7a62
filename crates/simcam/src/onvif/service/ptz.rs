//! Pan, tilt, zoom: what a request says, for `onvif/ptz` to do.

use std::time::Duration;

use super::super::namespace as ns;
use super::super::profile;
use super::super::ptz::{Axes, Head, MAX_PRESETS, Position, Unfit};
use super::super::soap::Fault;
use super::super::time::{read_duration, written};
use super::super::xml::{Element, element, leaf, with};
use super::Ask;
use super::encoder::{self, PTZ_SPACES};

/// How long a movement lasts that does not say when it ends.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a movement may last.
const MAX_TIMEOUT: Duration = Duration::from_secs(60);

/// Answers an operation of the service.
pub(super) fn answer(ask: &mut Ask<'_>) -> Result<String, Fault> {
    let now = ask.now.elapsed;
    let inside = match ask.call.operation.name.as_str() {
        "GetNodes" => turning(ask).map(node).collect(),
        "GetNode" => {
            let token = ask.needed("NodeToken")?;
            let at = turning(ask).find(|at| profile::node(*at) == token);
            node(at.ok_or_else(|| bad("ter:NoEntity", "there is no such node"))?)
        }
        "GetConfigurations" => {
            turning(ask).map(|at| encoder::head("tptz:PTZConfiguration", at)).collect()
        }
        "GetConfiguration" => encoder::head("tptz:PTZConfiguration", configured(ask)?),
        "GetConfigurationOptions" => {
            configured(ask)?;
            options()
        }
        "GetStatus" => status(ask)?,
        "GetPresets" => head(ask)?.presets().iter().map(preset).collect(),
        "ContinuousMove" => {
            let speeds = axes(ask.call.operation.child(ns::PTZ, "Velocity"))?;
            let ends = ends(ask)?;
            done(head(ask)?.turn(speeds, ends, now), "ter:InvalidVelocity")?
        }
        "Stop" if !ask.state.quirks.stop_unimplemented => {
            // Both axes if none is named, and a named one unless it says no.
            let stops = |name| !matches!(ask.argument(name), Some("false" | "0"));
            let (pan_tilt, zoom) = (stops("PanTilt"), stops("Zoom"));
            head(ask)?.stop(pan_tilt, zoom, now);
            String::new()
        }
        "AbsoluteMove" => {
            let (to, speeds) = (vector(ask, "Position")?, vector(ask, "Speed")?);
            done(head(ask)?.go(to, speeds, now), "ter:InvalidPosition")?
        }
        "RelativeMove" => {
            let (by, speeds) = (vector(ask, "Translation")?, vector(ask, "Speed")?);
            done(head(ask)?.go_by(by, speeds, now), "ter:InvalidTranslation")?
        }
        "SetPreset" => {
            let (token, name) = (ask.argument("PresetToken"), ask.argument("PresetName"));
            let token = token.filter(|token| !token.is_empty());
            let set = head(ask)?.remember(token, name, now);
            leaf("tptz:PresetToken", set.map_err(|unfit| refused(unfit, "ter:NoToken"))?)
        }
        "GotoPreset" => {
            let (token, speeds) = (ask.needed("PresetToken")?, vector(ask, "Speed")?);
            done(head(ask)?.go_to(token, speeds, now), "ter:InvalidSpeed")?
        }
        "RemovePreset" => {
            let token = ask.needed("PresetToken")?;
            done(head(ask)?.forget(token), "ter:NoToken")?
        }
        "GotoHomePosition" => {
            let speeds = vector(ask, "Speed")?;
            done(head(ask)?.go_home(speeds, now), "ter:InvalidSpeed")?
        }
        "SetHomePosition" => {
            head(ask)?.set_home(now);
            String::new()
        }
        _ => return Err(ask.unknown()),
    };
    Ok(ask.response(&inside))
}

/// Returns which channels turn.
fn turning<'a>(ask: &Ask<'a>) -> impl Iterator<Item = usize> + use<'a> {
    let channels = ask.config.channels.iter().enumerate();
    channels.filter(|(_, channel)| channel.ptz).map(|(at, _)| at)
}

/// Returns the channel whose configuration the request names.
fn configured(ask: &Ask<'_>) -> Result<usize, Fault> {
    let token = match ask.argument("ConfigurationToken") {
        Some(token) => token,
        None => ask.needed("PTZConfigurationToken")?,
    };
    let at = turning(ask).find(|at| profile::ptz(*at) == token);
    at.ok_or_else(|| bad("ter:NoConfig", "there is no such configuration"))
}

/// Returns the head of the profile that the request names.
fn head<'s>(ask: &'s mut Ask<'_>) -> Result<&'s mut Head, Fault> {
    let profile = ask.profile()?;
    let head = ask.state.heads.get_mut(profile.at).filter(|_| profile.channel.ptz);
    head.ok_or_else(|| bad("ter:NoPTZProfile", "this profile does not turn"))
}

fn bad(code: &'static str, words: &str) -> Fault {
    Fault::sender(&["ter:InvalidArgVal", code], words)
}

fn done(result: Result<(), Unfit>, code: &'static str) -> Result<String, Fault> {
    result.map(|()| String::new()).map_err(|unfit| refused(unfit, code))
}

fn refused(unfit: Unfit, code: &'static str) -> Fault {
    match unfit {
        Unfit::Range => bad(code, "out of range"),
        Unfit::Token => bad("ter:NoToken", "there is no such preset"),
        Unfit::Full => Fault::receiver(&["ter:Action", "ter:TooManyPresets"], "no more presets"),
    }
}

/// Returns when a movement ends, from now on.
fn ends(ask: &Ask<'_>) -> Result<Option<Duration>, Fault> {
    let quirks = &ask.state.quirks;
    let lasts = match ask.argument("Timeout") {
        None => DEFAULT_TIMEOUT,
        Some(_) if quirks.ptz_timeout_rejected => {
            return Err(bad("ter:TimeoutNotSupported", "a timeout is not supported"));
        }
        Some(text) => read_duration(text)
            .filter(|lasts| *lasts <= MAX_TIMEOUT)
            .ok_or_else(|| bad("ter:TimeoutNotSupported", "no such timeout"))?,
    };
    Ok((!quirks.ptz_timeout_ignored).then(|| ask.now.elapsed.saturating_add(lasts)))
}

/// Reads an argument with something for each axis; nothing if it is not there.
fn vector(ask: &Ask<'_>, name: &str) -> Result<Axes, Fault> {
    match (ask.call.operation.child(ns::PTZ, name), name) {
        (None, "Speed") => Ok([None; 3]),
        (given, _) => axes(given),
    }
}

fn axes(given: Option<&Element>) -> Result<Axes, Fault> {
    let given = given.ok_or_else(|| Fault::missing("where to"))?;
    let (pan_tilt, zoom) = (given.child(ns::SCHEMA, "PanTilt"), given.child(ns::SCHEMA, "Zoom"));
    for space in [pan_tilt, zoom].into_iter().flatten().filter_map(|one| one.attribute("space")) {
        if !space.is_empty() && !space.contains("Generic") {
            return Err(bad("ter:SpaceNotSupported", "there is no such space"));
        }
    }
    let number = |element: Option<&Element>, name: &str| {
        let Some(element) = element else { return Ok(None) };
        let number = element.attribute(name).and_then(|text| text.trim().parse::<f64>().ok());
        number.map(Some).ok_or_else(|| Fault::sender(&["ter:InvalidArgVal"], "no number"))
    };
    Ok([number(pan_tilt, "x")?, number(pan_tilt, "y")?, number(zoom, "x")?])
}

fn position(name: &str, at: Position) -> String {
    let [pan, tilt, zoom] = [at.pan, at.tilt, at.zoom].map(|number| format!("{number:.4}"));
    let space = |group: &str| format!("{PTZ_SPACES}{group}Spaces/PositionGenericSpace");
    let (pan_tilt_space, zoom_space) = (space("PanTilt"), space("Zoom"));
    let pan_tilt = [("x", pan.as_str()), ("y", &tilt), ("space", &pan_tilt_space)];
    let inside = with("tt:PanTilt", &pan_tilt, "")
        + &with("tt:Zoom", &[("x", zoom.as_str()), ("space", &zoom_space)], "");
    element(name, &inside)
}

fn preset(preset: &super::super::ptz::Preset) -> String {
    let inside = leaf("tt:Name", &preset.name) + &position("tt:PTZPosition", preset.position);
    with("tptz:Preset", &[("token", &preset.token)], &inside)
}

fn status(ask: &mut Ask<'_>) -> Result<String, Fault> {
    let now = ask.now;
    let head = head(ask)?;
    let word = |moves| if moves { "MOVING" } else { "IDLE" };
    let (pan_tilt, zoom) = head.moving(now.elapsed);
    let moves = leaf("tt:PanTilt", word(pan_tilt)) + &leaf("tt:Zoom", word(zoom));
    let inside = position("tt:Position", head.position(now.elapsed))
        + &element("tt:MoveStatus", &moves)
        + &leaf("tt:UtcTime", written(now.wall));
    Ok(element("tptz:PTZStatus", &inside))
}

fn node(at: usize) -> String {
    let inside = leaf("tt:Name", profile::node(at))
        + &element("tt:SupportedPTZSpaces", &spaces())
        + &leaf("tt:MaximumNumberOfPresets", MAX_PRESETS)
        + &leaf("tt:HomeSupported", true);
    let token = profile::node(at);
    with("tptz:PTZNode", &[("token", token.as_str()), ("FixedHomePosition", "false")], &inside)
}

fn options() -> String {
    let timeout = leaf("tt:Min", "PT0S") + &leaf("tt:Max", format!("PT{}S", MAX_TIMEOUT.as_secs()));
    let inside = element("tt:Spaces", &spaces()) + &element("tt:PTZTimeout", &timeout);
    element("tptz:PTZConfigurationOptions", &inside)
}

fn spaces() -> String {
    let range = |name: &str, low: i8| element(name, &(leaf("tt:Min", low) + &leaf("tt:Max", 1)));
    let one = |name: &str, space: &str, low: i8, both: bool| {
        let mut inside = leaf("tt:URI", format!("{PTZ_SPACES}{space}")) + &range("tt:XRange", low);
        if both {
            inside += &range("tt:YRange", low);
        }
        element(name, &inside)
    };
    [
        one("tt:AbsolutePanTiltPositionSpace", "PanTiltSpaces/PositionGenericSpace", -1, true),
        one("tt:AbsoluteZoomPositionSpace", "ZoomSpaces/PositionGenericSpace", 0, false),
        one(
            "tt:RelativePanTiltTranslationSpace",
            "PanTiltSpaces/TranslationGenericSpace",
            -1,
            true,
        ),
        one("tt:RelativeZoomTranslationSpace", "ZoomSpaces/TranslationGenericSpace", -1, false),
        one("tt:ContinuousPanTiltVelocitySpace", "PanTiltSpaces/VelocityGenericSpace", -1, true),
        one("tt:ContinuousZoomVelocitySpace", "ZoomSpaces/VelocityGenericSpace", -1, false),
        one("tt:PanTiltSpeedSpace", "PanTiltSpaces/GenericSpeedSpace", 0, false),
        one("tt:ZoomSpeedSpace", "ZoomSpaces/ZoomGenericSpeedSpace", 0, false),
    ]
    .concat()
}
