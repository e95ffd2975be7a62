//! The way in for the fuzz targets of this room, and for nobody else.
//!
//! What must hold is said in `fuzz/`; here it is only made reachable.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::BytesMut;

use crate::agenda::Agenda;
use crate::camera::{Media, Track, Transports};
use crate::clip::{Clip, FrameRate};
use crate::packet::Reel;
use crate::rtsp::auth::{Challenge, Credentials, Verdict};
use crate::rtsp::message::{self, Input};
use crate::rtsp::session::{Answer, Directory, Session, with_beginnings};
use crate::sound::{Sound, SoundCodec};
use crate::stream::{Beginning, Stream};

/// The one stream that [`answers`] knows.
pub const PATH: &str = "cam1/main";

/// Returns what was taken from bytes that came in these pieces, as text, and
/// whether they were refused in the end.
pub fn taken<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<String>, bool) {
    let (mut received, mut taken) = (BytesMut::new(), Vec::new());
    for piece in pieces {
        received.extend_from_slice(piece);
        loop {
            match message::take(&mut received) {
                Ok(Some(input)) => taken.push(format!("{input:?}")),
                Ok(None) => break,
                Err(_) => return (taken, true),
            }
        }
    }
    (taken, false)
}

/// Returns the answers to all requests in these bytes, from a camera that asks
/// for no password.
pub fn answers(mut received: BytesMut) -> Vec<Vec<u8>> {
    static DIRECTORY: LazyLock<Directory> = LazyLock::new(|| {
        let stream = [0, 0, 1, 0x67, 66, 0, 30, 0, 0, 1, 0x68, 1, 0, 0, 1, 0x65, 0x80];
        let clip = Clip::from_annex_b(stream.to_vec().into(), FrameRate::per_second(25), 16, 16);
        let clip = clip.expect("parameter sets and a keyframe are a clip");
        let reel = Arc::new(Reel::new(&clip, true).expect("such a clip can be replayed"));
        let frames = vec![vec![0xff; 160].into()];
        let sound = Sound { codec: SoundCodec::Pcmu, frames, tone_hz: 440, loop_seconds: 1 };
        let sound = Arc::new(Reel::of_sound(&sound).expect("a frame is a sound"));
        let stream = |track, reel| {
            let alarm = Agenda::new(1).alarm(0);
            Arc::new(Stream::new(PATH.to_owned(), track, reel, Duration::ZERO, alarm))
        };
        let media = Media {
            path: PATH.to_owned(),
            transports: Transports::Both,
            pictures: stream(Track::Pictures, reel),
            sound: Some(stream(Track::Sound, sound)),
        };
        Directory::from([(PATH.to_owned(), Arc::new(media))])
    });
    let timeout = Duration::from_secs(60);
    let mut session = Session::new(None, "c0ffee".to_owned(), timeout, Some(6000));
    let mut answers = Vec::new();
    while let Ok(Some(input)) = message::take(&mut received) {
        let Input::Request(request) = input else { continue };
        let (response, over) =
            match session.answer(&request, &DIRECTORY, IpAddr::V4(Ipv4Addr::LOCALHOST)) {
                Answer::Say(response) => (response, false),
                Answer::Leave(response) => (response, true),
                Answer::Play { response, url, tracks, .. } => {
                    let beginning = Beginning { sequence: 1, rtp_time: 2 };
                    let each = tracks.iter().map(|chosen| (chosen.track, beginning));
                    (with_beginnings(response, &url, each), false)
                }
            };
        answers.push(response.bytes(request.header("cseq")));
        if over {
            break;
        }
    }
    answers
}

/// Returns whether `authorization` is the right answer to the challenge whose
/// nonce was made from `entropy`.
pub fn is_right(
    credentials: &Credentials,
    entropy: [u8; 16],
    method: &str,
    authorization: &str,
) -> bool {
    let challenge = Challenge::new(credentials.clone(), entropy);
    challenge.judge(method, Some(authorization)) == Verdict::Right
}
