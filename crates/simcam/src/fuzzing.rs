//! The way in for the fuzz targets of this room, and for nobody else.
//!
//! What must hold is said in `fuzz/`; here it is only made reachable.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::BytesMut;

use crate::agenda::Agenda;
use crate::camera::{Beginning, Stream};
use crate::clip::{Clip, FrameRate};
use crate::packet::Reel;
use crate::rtsp::auth::{Challenge, Credentials, Verdict};
use crate::rtsp::message::{self, Input};
use crate::rtsp::session::{Answer, Directory, Session, with_beginning};

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
        let stream = Stream::new(PATH.to_owned(), reel, Duration::ZERO, Agenda::new(1).alarm(0));
        Directory::from([(PATH.to_owned(), Arc::new(stream))])
    });
    let mut session = Session::new(None, "c0ffee".to_owned(), Duration::from_secs(60));
    let mut answers = Vec::new();
    while let Ok(Some(input)) = message::take(&mut received) {
        let Input::Request(request) = input else { continue };
        let (response, over) =
            match session.answer(&request, &DIRECTORY, IpAddr::V4(Ipv4Addr::LOCALHOST)) {
                Answer::Say(response) => (response, false),
                Answer::Leave(response) => (response, true),
                Answer::Play { response, track_url, .. } => {
                    let beginning = Beginning { sequence: 1, rtp_time: 2 };
                    (with_beginning(response, &track_url, beginning), false)
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
