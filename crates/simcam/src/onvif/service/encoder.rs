//! The parts of a profile that both media services tell of: the video source, the
//! encoder, the head that turns. Each service has its own form of the encoder.

use super::super::profile::{self, Profile};
use super::super::xml::{element, leaf, with};
use crate::clip::Codec;

/// Returns a channel's video source as an element of this name.
pub(super) fn source(name: &str, at: usize, size: (u32, u32)) -> String {
    let (width, height) = (size.0.to_string(), size.1.to_string());
    let bounds = [("x", "0"), ("y", "0"), ("width", width.as_str()), ("height", height.as_str())];
    let inside = leaf("tt:Name", profile::source_configuration(at))
        + &leaf("tt:UseCount", 2)
        + &leaf("tt:SourceToken", profile::source(at))
        + &with("tt:Bounds", &bounds, "");
    with(name, &[("token", &profile::source_configuration(at))], &inside)
}

/// Returns an encoder in the older form, which has no word for H.265.
pub(super) fn first(name: &str, profile: &Profile<'_>) -> String {
    let stream = profile.stream;
    let rate = leaf("tt:FrameRateLimit", stream.fps)
        + &leaf("tt:EncodingInterval", 1)
        + &leaf("tt:BitrateLimit", stream.bitrate_kbps);
    let h264 = leaf("tt:GovLength", stream.fps) + &leaf("tt:H264Profile", "High");
    let inside = leaf("tt:Name", profile.encoder())
        + &leaf("tt:UseCount", 1)
        + &leaf("tt:Encoding", "H264")
        + &resolution("tt:Resolution", (stream.width, stream.height))
        + &leaf("tt:Quality", 4)
        + &element("tt:RateControl", &rate)
        + &element("tt:H264", &h264)
        + &multicast()
        + &leaf("tt:SessionTimeout", "PT60S");
    with(name, &[("token", &profile.encoder())], &inside)
}

/// Returns an encoder in the newer form.
pub(super) fn second(name: &str, profile: &Profile<'_>) -> String {
    let stream = profile.stream;
    let rate =
        leaf("tt:FrameRateLimit", stream.fps) + &leaf("tt:BitrateLimit", stream.bitrate_kbps);
    let inside = leaf("tt:Name", profile.encoder())
        + &leaf("tt:UseCount", 1)
        + &leaf("tt:Encoding", encoding(stream.codec))
        + &resolution("tt:Resolution", (stream.width, stream.height))
        + &with("tt:RateControl", &[("ConstantBitRate", "false")], &rate)
        + &multicast()
        + &leaf("tt:Quality", 4);
    let gov = stream.fps.to_string();
    let named = if stream.codec == Codec::H264 { "High" } else { "Main" };
    let token = profile.encoder();
    with(name, &[("token", token.as_str()), ("GovLength", &gov), ("Profile", named)], &inside)
}

/// Returns the head of a channel as an element of this name.
pub(super) fn head(name: &str, at: usize) -> String {
    let space = |group: &str, kind: &str| format!("{PTZ_SPACES}{group}Spaces/{kind}");
    let pan_tilt_speed = space("PanTilt", "GenericSpeedSpace");
    let zoom_speed = space("Zoom", "ZoomGenericSpeedSpace");
    let speed = with("tt:PanTilt", &[("x", "1"), ("y", "1"), ("space", &pan_tilt_speed)], "")
        + &with("tt:Zoom", &[("x", "1"), ("space", &zoom_speed)], "");
    let range = |name: &str, low: f32, high: f32| {
        element(name, &(leaf("tt:Min", low) + &leaf("tt:Max", high)))
    };
    let pan_tilt = leaf("tt:URI", space("PanTilt", "PositionGenericSpace"))
        + &range("tt:XRange", -1.0, 1.0)
        + &range("tt:YRange", -1.0, 1.0);
    let zoom =
        leaf("tt:URI", space("Zoom", "PositionGenericSpace")) + &range("tt:XRange", 0.0, 1.0);
    let moves = |group: &str, kind: &str| space(group, &format!("{kind}GenericSpace"));
    let inside = leaf("tt:Name", profile::ptz(at))
        + &leaf("tt:UseCount", 2)
        + &leaf("tt:NodeToken", profile::node(at))
        // The schema misspells this one, and so must we.
        + &leaf("tt:DefaultAbsolutePantTiltPositionSpace", moves("PanTilt", "Position"))
        + &leaf("tt:DefaultAbsoluteZoomPositionSpace", moves("Zoom", "Position"))
        + &leaf("tt:DefaultRelativePanTiltTranslationSpace", moves("PanTilt", "Translation"))
        + &leaf("tt:DefaultRelativeZoomTranslationSpace", moves("Zoom", "Translation"))
        + &leaf("tt:DefaultContinuousPanTiltVelocitySpace", moves("PanTilt", "Velocity"))
        + &leaf("tt:DefaultContinuousZoomVelocitySpace", moves("Zoom", "Velocity"))
        + &element("tt:DefaultPTZSpeed", &speed)
        + &leaf("tt:DefaultPTZTimeout", "PT5S")
        + &element("tt:PanTiltLimits", &element("tt:Range", &pan_tilt))
        + &element("tt:ZoomLimits", &element("tt:Range", &zoom));
    with(name, &[("token", &profile::ptz(at))], &inside)
}

/// What the names of spaces begin with.
pub(super) const PTZ_SPACES: &str = "http://www.onvif.org/ver10/tptz/";

/// Returns width and height as an element of this name.
pub(super) fn resolution(name: &str, (width, height): (u32, u32)) -> String {
    element(name, &(leaf("tt:Width", width) + &leaf("tt:Height", height)))
}

/// Returns a range as an element of this name.
pub(super) fn range(name: &str, low: u32, high: u32) -> String {
    element(name, &(leaf("tt:Min", low) + &leaf("tt:Max", high)))
}

/// Returns a codec as the newer service names it.
pub(super) fn encoding(codec: Codec) -> &'static str {
    match codec {
        Codec::H264 => "H264",
        Codec::H265 => "H265",
    }
}

fn multicast() -> String {
    let address = leaf("tt:Type", "IPv4") + &leaf("tt:IPv4Address", "0.0.0.0");
    let inside = element("tt:Address", &address)
        + &leaf("tt:Port", 0)
        + &leaf("tt:TTL", 0)
        + &leaf("tt:AutoStart", false);
    element("tt:Multicast", &inside)
}

/// Returns whether a stream is asked for in a way that there is none.
pub(super) fn is_multicast(told: &str) -> bool {
    told.to_ascii_lowercase().contains("multicast")
}
