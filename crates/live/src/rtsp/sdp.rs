//! What a client is told of the streams (RFC 8866).

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use media::{Codec, Params, h265};

use super::rtp::{format, parameter_sets};

/// Returns the description of tracks, numbered in order.
pub fn describe(tracks: &[Params]) -> String {
    let mut text = String::from(
        "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=Khue\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n\
         a=control:*\r\na=range:npt=now-\r\n",
    );
    for (number, params) in tracks.iter().enumerate() {
        let Some((payload_type, clock_hz)) = format(params) else { continue };
        let kind = if params.codec.is_sound() { "audio" } else { "video" };
        // Writing to a string cannot fail.
        let _ = write!(text, "m={kind} 0 RTP/AVP {payload_type}\r\n");
        let _ = match params.codec {
            Codec::H264 => write!(text, "a=rtpmap:96 H264/{clock_hz}\r\n{}", h264_format(params)),
            Codec::H265 => write!(text, "a=rtpmap:96 H265/{clock_hz}\r\n{}", h265_format(params)),
            Codec::Aac => write!(text, "{}", aac_format(params, clock_hz)),
            Codec::Pcmu => write!(text, "a=rtpmap:0 PCMU/8000\r\n"),
            Codec::Pcma => write!(text, "a=rtpmap:8 PCMA/8000\r\n"),
            Codec::Opus => Ok(()),
        };
        let _ = write!(text, "a=sendonly\r\na=control:trackID={number}\r\n");
    }
    text
}

fn h264_format(params: &Params) -> String {
    let sets: Vec<_> = parameter_sets(params).iter().map(|unit| STANDARD.encode(unit)).collect();
    let profile = params.config.get(1..4).unwrap_or_default();
    let profile: String = profile.iter().map(|byte| format!("{byte:02x}")).collect();
    let sets = sets.join(",");
    format!(
        "a=fmtp:96 packetization-mode=1;profile-level-id={profile};sprop-parameter-sets={sets}\r\n"
    )
}

fn h265_format(params: &Params) -> String {
    let Ok(config) = h265::Config::parse(&params.config) else { return String::new() };
    let sets = |units: &[&[u8]]| {
        units.iter().map(|unit| STANDARD.encode(unit)).collect::<Vec<_>>().join(",")
    };
    format!(
        "a=fmtp:96 sprop-vps={};sprop-sps={};sprop-pps={}\r\n",
        sets(&config.vps),
        sets(&config.sps),
        sets(&config.pps)
    )
}

fn aac_format(params: &Params, clock_hz: u32) -> String {
    let channels = params.sampling().map_or(1, |sampling| sampling.channels);
    let config: String = params.config.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "a=rtpmap:97 mpeg4-generic/{clock_hz}/{channels}\r\n\
         a=fmtp:97 streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;\
         indexdeltalength=3;config={config}\r\n"
    )
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use media::h264;

    use super::*;

    #[test]
    fn each_track_says_its_codec_its_parameters_and_how_it_is_asked_for() {
        let config = h264::config_record(&[0x67, 77, 0, 41, 1], &[0x68, 9]);
        let video = Params { codec: Codec::H264, width: 64, height: 48, config };
        let sound = Params::sound(Codec::Aac, Bytes::from_static(&[0x14, 0x08]));
        let text = describe(&[video.clone(), sound]);
        assert!(text.contains(
            "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n\
             a=fmtp:96 packetization-mode=1;profile-level-id=4d0029;sprop-parameter-sets=Z00AKQE=,aAk=\r\n\
             a=sendonly\r\na=control:trackID=0\r\n\
             m=audio 0 RTP/AVP 97\r\na=rtpmap:97 mpeg4-generic/16000/1\r\na=fmtp:97 streamtype=5;"
        ), "{text}");
        assert!(text.ends_with("config=1408\r\na=sendonly\r\na=control:trackID=1\r\n"), "{text}");
        let g711 = describe(&[video, Params::sound(Codec::Pcmu, Bytes::new())]);
        assert!(g711.contains("m=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"), "{g711}");
    }
}
