//! The description of a stream that `DESCRIBE` answers with (RFC 4566; H.264:
//! RFC 6184 §8.2, H.265: RFC 7798 §7.2, AAC: RFC 3640 §4.1, G.711: RFC 3551).

use std::fmt::Write;
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::camera::{Media, Track};
use crate::clip::{Codec, FrameRate};
use crate::packet::Matter;
use crate::sound::SoundCodec;
use crate::stream::Stream;

/// Returns the description of a stream, served from `host`.
pub(crate) fn describe(media: &Media, host: IpAddr) -> String {
    let family = if host.is_ipv4() { "IP4" } else { "IP6" };
    let any = if host.is_ipv4() { "0.0.0.0" } else { "::" };
    let path = &media.path;
    let mut text = format!(
        "v=0\r\n\
         o=- 1 1 IN {family} {host}\r\n\
         s={path}\r\n\
         c=IN {family} {any}\r\n\
         t=0 0\r\n\
         a=control:*\r\n\
         a=range:npt=now-\r\n"
    );
    media.streams().for_each(|stream| push_track(&mut text, stream));
    text
}

fn push_track(text: &mut String, stream: &Stream) {
    let matter = &stream.reel().matter;
    let payload_type = matter.payload_type();
    // Writing to a string cannot fail.
    let _ = match matter {
        Matter::Pictures { codec, sets, frame_rate } => {
            let sets = stream.describes_parameters.then_some(&sets[..]);
            write!(
                text,
                "m=video 0 RTP/AVP {payload_type}\r\n\
                 a=rtpmap:{payload_type} {}/90000\r\n\
                 {}a=framerate:{}\r\n",
                encoding(*codec),
                format(*codec, payload_type, sets),
                rounded(*frame_rate),
            )
        }
        Matter::Sound { codec: SoundCodec::Aac } => write!(
            text,
            "m=audio 0 RTP/AVP {payload_type}\r\n\
             a=rtpmap:{payload_type} MPEG4-GENERIC/16000/1\r\n\
             a=fmtp:{payload_type} streamtype=5;profile-level-id=15;mode=AAC-hbr;sizelength=13;\
             indexlength=3;indexdeltalength=3;config=1408\r\n"
        ),
        Matter::Sound { codec } => write!(
            text,
            "m=audio 0 RTP/AVP {payload_type}\r\n\
             a=rtpmap:{payload_type} {}/8000/1\r\n\
             a=ptime:20\r\n",
            if *codec == SoundCodec::Pcmu { "PCMU" } else { "PCMA" },
        ),
    };
    let _ = write!(text, "a=control:{}\r\n", control(stream.track));
}

/// Returns the name of a track, as in `a=control`.
pub(crate) fn control(track: Track) -> &'static str {
    match track {
        Track::Pictures => "trackID=0",
        Track::Sound => "trackID=1",
    }
}

fn encoding(codec: Codec) -> &'static str {
    match codec {
        Codec::H264 => "H264",
        Codec::H265 => "H265",
    }
}

/// Returns the line with what a decoder must know; without `sets` it has to wait
/// for them.
fn format(codec: Codec, payload_type: u8, sets: Option<&[bytes::Bytes]>) -> String {
    let encoded = |index: usize| {
        BASE64.encode(sets.and_then(|sets| sets.get(index)).map_or(&[][..], |set| set))
    };
    match (codec, sets) {
        (Codec::H264, Some(sets)) => {
            // Profile, constraints and level are what follows the SPS's first byte.
            let profile = sets.first().into_iter().flat_map(|sps| sps.iter().skip(1).take(3));
            let profile: String = profile.map(|byte| format!("{byte:02X}")).collect();
            format!(
                "a=fmtp:{payload_type} packetization-mode=1;profile-level-id={profile};\
                 sprop-parameter-sets={},{}\r\n",
                encoded(0),
                encoded(1),
            )
        }
        (Codec::H264, None) => format!("a=fmtp:{payload_type} packetization-mode=1\r\n"),
        (Codec::H265, Some(_)) => format!(
            "a=fmtp:{payload_type} sprop-vps={};sprop-sps={};sprop-pps={}\r\n",
            encoded(0),
            encoded(1),
            encoded(2),
        ),
        (Codec::H265, None) => String::new(),
    }
}

/// Returns frames per second, rounded to three digits.
fn rounded(rate: FrameRate) -> f64 {
    let rate = f64::from(rate.frames) / f64::from(rate.seconds.max(1));
    (rate * 1000.0).round() / 1000.0
}
