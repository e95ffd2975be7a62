//! From an address to a session that plays: which of a camera's tracks are
//! fetched, and by which way.
//!
//! ```text
//! connect (TLS) ─ DESCRIBE ─┬─ SETUP pictures ─ PLAY      TCP, or UDP where that is
//!                           └─ SETUP sound                 wanted or TCP refused (461)
//!                              only if it is asked for
//! ```
//!
//! Each step has its limit, and what goes wrong in it becomes a fault. What
//! comes once it plays is `connection`'s.

use std::sync::Arc;

use base::{Switch, Transport};
use media::Codec;
use retina::client::{
    Demuxed, Described, InitialSequenceNumberPolicy, InitialTimestampPolicy, PlayOptions,
    SessionGroup, SessionIdPolicy, SessionOptions, SetupOptions, TcpTransportOptions,
    TeardownPolicy, UdpTransportOptions, UnknownRtcpSsrcPolicy,
};
use retina::codec::FrameFormat;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::classify::{answered_badly, does_not_answer, not_connected};
use crate::connection::Limits;
use crate::fault::{Fault, FaultKind};
use crate::source::Source;
use crate::tls::{self, Bridge};

/// A session that plays.
pub(crate) struct Playing {
    pub(crate) demuxed: Demuxed,
    pub(crate) group: Arc<SessionGroup>,
    pub(crate) pictures: Track,
    /// Only where it was asked for and is of a codec that is recorded.
    pub(crate) sound: Option<Track>,
    /// The codec of the sound that the camera has, as it names it, whether it is
    /// fetched or not.
    pub(crate) offers_sound: Option<String>,
    /// By which way it comes.
    pub(crate) way: Transport,
    /// What carries the connection where it is TLS; ends with it.
    pub(crate) bridge: Option<Bridge>,
}

/// One of a camera's tracks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Track {
    /// Its place in the session description.
    pub(crate) index: usize,
    pub(crate) codec: Codec,
    pub(crate) rate_hz: u32,
}

/// Connects to a camera and has it play.
pub(crate) async fn play(source: &Source, limits: &Limits) -> Result<Playing, Fault> {
    source.check()?;
    let authority = source.authority();
    let group = Arc::new(SessionGroup::default());
    let bridge = match source.is_tls() {
        true => Some(tls::connect(source, limits).await?),
        false => None,
    };
    // A TEARDOWN that is not answered, retina sends again on a connection of its own,
    // with the camera's password: never in the clear where TLS is wanted, nor to
    // another host. Such a session ends with its connection, or runs out.
    let kept = source.is_tls() || source.link.switches.contains(&Switch::NoTeardown);
    let teardown = if kept { TeardownPolicy::Never } else { TeardownPolicy::Auto };
    let mut described = describe(source, bridge.as_ref(), &group, teardown, limits).await?;
    if !kept && leads_elsewhere(&described, source) {
        described = describe(source, None, &group, TeardownPolicy::Never, limits).await?;
    }
    let pictures = pictures(&described, &authority)?;
    let offers_sound = offered_sound(&described);
    let wanted = if source.sound { sound(&described) } else { None };

    let way = setup(&mut described, pictures, source, source.link.transport, limits).await?;
    let sound = match wanted {
        None => None,
        Some(track) => match setup(&mut described, track, source, way, limits).await {
            Ok(_) => Some(track),
            // Pictures are worth more than pictures and sound, or nothing.
            Err(fault) => {
                tracing::warn!(camera = authority, "its sound cannot be fetched: {fault}");
                None
            }
        },
    };
    let mut options = PlayOptions::default().initial_timestamp(InitialTimestampPolicy::Permissive);
    if source.link.switches.contains(&Switch::IgnoreFirstSequence) {
        options = options.initial_seq(InitialSequenceNumberPolicy::Ignore);
    }
    if source.link.switches.contains(&Switch::AnyRtcpSsrc) {
        options = options.unknown_rtcp_ssrc(UnknownRtcpSsrcPolicy::ProcessPackets);
    }
    let demuxed = match timeout(limits.step, described.play(options)).await {
        Err(_) => Err(does_not_answer(&authority, "PLAY")),
        Ok(playing) => playing
            .and_then(|playing| playing.demuxed())
            .map_err(|error| answered_badly(source, "PLAY", error)),
    };
    let demuxed = demuxed.map_err(|fault| fault.after_sound(wanted.is_some()))?;
    Ok(Playing { demuxed, group, pictures, sound, offers_sound, way, bridge })
}

async fn describe(
    source: &Source,
    bridge: Option<&Bridge>,
    group: &Arc<SessionGroup>,
    teardown: TeardownPolicy,
    limits: &Limits,
) -> Result<retina::client::Session<Described>, Fault> {
    let authority = source.authority();
    let credentials = source.credentials.as_ref().map(|credentials| retina::client::Credentials {
        username: credentials.user.clone(),
        password: credentials.password.clone(),
    });
    let session_id = match source.link.switches.contains(&Switch::FirstSessionId) {
        true => SessionIdPolicy::UseFirst,
        false => SessionIdPolicy::Default,
    };
    let options = SessionOptions::default()
        .creds(credentials)
        .session_group(Arc::clone(group))
        .teardown(teardown)
        .session_id(session_id)
        .user_agent("khue".to_owned());
    let url = bridge.map_or_else(|| source.url.clone(), |bridge| bridge.url(&source.url));
    let describing = retina::client::Session::describe(url, options);
    let error = match timeout(limits.connect + limits.step, describing).await {
        Ok(Ok(described)) => return Ok(described),
        Ok(Err(error)) => Some(error),
        Err(_) => None,
    };
    let error = match error {
        // It answered, so there is a connection.
        Some(error) if error.status_code().is_some() || bridge.is_some() => {
            return Err(answered_badly(source, "DESCRIBE", error));
        }
        None if bridge.is_some() => return Err(does_not_answer(&authority, "DESCRIBE")),
        error => error,
    };
    // retina does not say whether it was the connection that failed, nor with
    // which error; a look of our own does, and costs nothing where all is well.
    let looking = TcpStream::connect((source.host(), source.port()));
    Err(match (timeout(limits.connect, looking).await, error) {
        (Err(_), _) => Fault::new(
            FaultKind::Unreachable,
            format!("{authority} does not answer; check its address, its power and the network"),
        ),
        (Ok(Err(error)), _) => not_connected(&authority, error),
        (Ok(Ok(_)), None) => does_not_answer(&authority, "DESCRIBE"),
        (Ok(Ok(_)), Some(error)) => answered_badly(source, "DESCRIBE", error),
    })
}

/// Sets a track up and returns the way it goes.
async fn setup(
    described: &mut retina::client::Session<Described>,
    track: Track,
    source: &Source,
    wanted: Transport,
    limits: &Limits,
) -> Result<Transport, Fault> {
    const UNSUPPORTED_TRANSPORT: u16 = 461;
    let ways = match wanted {
        Transport::Auto if source.is_tls() => &[Transport::Tcp][..],
        Transport::Auto => &[Transport::Tcp, Transport::Udp][..],
        Transport::Tcp => &[Transport::Tcp][..],
        Transport::Udp => &[Transport::Udp][..],
    };
    let mut refusal = None;
    for &way in ways {
        let transport = match way {
            Transport::Udp => retina::client::Transport::Udp(UdpTransportOptions::default()),
            _ => retina::client::Transport::Tcp(TcpTransportOptions::default()),
        };
        let options = SetupOptions::default().transport(transport).frame_format(FrameFormat::MP4);
        match timeout(limits.step, described.setup(track.index, options)).await {
            Err(_) => return Err(does_not_answer(&source.authority(), "SETUP")),
            Ok(Ok(())) => return Ok(way),
            Ok(Err(error)) => {
                let goes_on = error.status_code() == Some(UNSUPPORTED_TRANSPORT);
                // The first refusal is of the way that was meant.
                refusal.get_or_insert_with(|| answered_badly(source, "SETUP", error));
                if !goes_on {
                    break;
                }
            }
        }
    }
    Err(refusal.unwrap_or_else(|| does_not_answer(&source.authority(), "SETUP")))
}

/// Returns whether a description names another host than the one it came from, as
/// cameras behind NAT do: with their own address.
fn leads_elsewhere(described: &retina::client::Session<Described>, source: &Source) -> bool {
    let sdp = String::from_utf8_lossy(described.sdp());
    let named = sdp.lines().filter_map(|line| line.trim_end().strip_prefix("a=control:"));
    let named = named.filter_map(|control| url::Url::parse(control).ok());
    let resolved = described.streams().iter().filter_map(|stream| stream.control().cloned());
    named.chain(resolved).any(|url| url.host_str() != source.url.host_str())
}

/// Chooses the track of pictures to play.
fn pictures(
    described: &retina::client::Session<Described>,
    authority: &str,
) -> Result<Track, Fault> {
    let streams = described.streams();
    let video = || streams.iter().enumerate().filter(|(_, stream)| stream.media() == "video");
    let known = video().find_map(|(index, stream)| {
        let codec = picture_codec(stream.encoding_name())?;
        Some(Track { index, codec, rate_hz: stream.clock_rate_hz() })
    });
    let message = match (known, video().next()) {
        (Some(track), _) => return Ok(track),
        (None, Some((_, stream))) => {
            let codec = stream.encoding_name().to_ascii_uppercase();
            format!("{authority} sends {codec}; set the stream to H.264 or H.265 in the camera")
        }
        (None, None) => {
            format!("{authority} sends no video at this address; choose another stream")
        }
    };
    Err(Fault::new(FaultKind::Unsupported, message))
}

/// Chooses the track of sound to play, if there is one of a codec that is recorded
/// and described well enough: one that is not would end the pictures too.
fn sound(described: &retina::client::Session<Described>) -> Option<Track> {
    let sdp = String::from_utf8_lossy(described.sdp());
    let to_camera = sendonly(&sdp);
    let known = described.streams().iter().enumerate().filter_map(|(index, stream)| {
        if stream.media() != "audio" || stream.parameters().is_none() {
            return None;
        }
        let channels = stream.channels().map_or(1, |channels| channels.get());
        let codec = sound_codec(stream.encoding_name(), stream.clock_rate_hz(), channels)?;
        let control = stream.control().map_or("", |url| url.as_str());
        let goes_back = to_camera.iter().any(|end| control.ends_with(end));
        Some((goes_back, Track { index, codec, rate_hz: stream.clock_rate_hz() }))
    });
    // Only where another one is there: some say `sendonly` of what they send.
    known.min_by_key(|&(goes_back, _)| goes_back).map(|(_, track)| track)
}

/// Returns the controls of the tracks that a description says are sent to the
/// camera: its loudspeaker, as ONVIF has it (Streaming Specification §5.3).
fn sendonly(sdp: &str) -> Vec<&str> {
    let back = sdp
        .split("\nm=")
        .skip(1)
        .filter(|media| media.lines().any(|line| line.trim_end() == "a=sendonly"));
    let controls = back.filter_map(|media| {
        media.lines().find_map(|line| line.trim_end().strip_prefix("a=control:"))
    });
    controls.filter(|control| !control.is_empty()).collect()
}

fn offered_sound(described: &retina::client::Session<Described>) -> Option<String> {
    let audio = described.streams().iter().find(|stream| stream.media() == "audio")?;
    Some(audio.encoding_name().to_ascii_uppercase())
}

fn picture_codec(name: &str) -> Option<Codec> {
    match name.to_ascii_lowercase().as_str() {
        "h264" => Some(Codec::H264),
        "h265" => Some(Codec::H265),
        _ => None,
    }
}

/// Returns the codec of sound, where it is one that the house records: of G.711
/// the form that all cameras have, 8 kHz and one channel.
fn sound_codec(name: &str, rate_hz: u32, channels: u16) -> Option<Codec> {
    match (name.to_ascii_lowercase().as_str(), rate_hz, channels) {
        ("mpeg4-generic", _, _) => Some(Codec::Aac),
        ("pcmu", 8_000, 1) => Some(Codec::Pcmu),
        ("pcma", 8_000, 1) => Some(Codec::Pcma),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_to_the_camera_is_told_by_its_control() {
        let sdp = "v=0\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\na=control:back\r\na=sendonly\r\n\
                   m=audio 0 RTP/AVP 8\r\na=control:sound\r\na=recvonly\r\n\
                   m=video 0 RTP/AVP 96\r\na=sendonly\r\n";
        assert_eq!(sendonly(sdp), ["back"]);
        assert_eq!(sendonly("a=sendonly\r\na=control:*"), [""; 0]);
    }

    #[test]
    fn codecs_are_known_by_their_names_in_whatever_case() {
        assert_eq!(picture_codec("H265"), Some(Codec::H265));
        assert_eq!(picture_codec("jpeg"), None);
        assert_eq!(sound_codec("PCMU", 8_000, 1), Some(Codec::Pcmu));
        assert_eq!(sound_codec("mpeg4-generic", 16_000, 1), Some(Codec::Aac));
        assert_eq!(sound_codec("PCMA", 16_000, 1), None, "no table of ours is for this rate");
        assert_eq!(sound_codec("G726-32", 8_000, 1), None);
    }
}
