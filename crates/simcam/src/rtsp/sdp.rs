//! The description of a stream that `DESCRIBE` answers with (RFC 4566, RFC 6184 §8.2).

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::packet::Reel;

/// The payload type of the one track.
pub(crate) const PAYLOAD_TYPE: u8 = 96;
/// The name of the one track, as in `a=control`.
pub(crate) const TRACK: &str = "trackID=0";

/// Returns the description of the stream at `path`, served from `host`.
pub(crate) fn describe(path: &str, host: IpAddr, reel: &Reel) -> String {
    let family = if host.is_ipv4() { "IP4" } else { "IP6" };
    let any = if host.is_ipv4() { "0.0.0.0" } else { "::" };
    let (sps, pps) = reel.parameter_sets();
    // Profile, constraints and level are what follows the SPS's first byte.
    let profile: String = sps.iter().skip(1).take(3).map(|byte| format!("{byte:02X}")).collect();
    format!(
        "v=0\r\n\
         o=- 1 1 IN {family} {host}\r\n\
         s={path}\r\n\
         c=IN {family} {any}\r\n\
         t=0 0\r\n\
         a=control:*\r\n\
         a=range:npt=now-\r\n\
         m=video 0 RTP/AVP {PAYLOAD_TYPE}\r\n\
         a=rtpmap:{PAYLOAD_TYPE} H264/90000\r\n\
         a=fmtp:{PAYLOAD_TYPE} packetization-mode=1;profile-level-id={profile};\
         sprop-parameter-sets={},{}\r\n\
         a=framerate:{}\r\n\
         a=control:{TRACK}\r\n",
        BASE64.encode(sps),
        BASE64.encode(pps),
        reel.frame_rate(),
    )
}
