//! The way in for the fuzz targets of this room, and for nobody else.
//!
//! What must hold is said in `fuzz/`; here it is only made reachable.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::agenda::Agenda;
use crate::camera::{Media, Track, Transports};
use crate::clip::{Clip, Codec, FrameRate, cut};
use crate::control;
use crate::fault::Fault;
use crate::faults::{Faults, Switch};
use crate::packet::Reel;
use crate::rtsp::auth::{Challenge, Credentials, Verdict};
use crate::rtsp::message::{self, Input};
use crate::rtsp::session::{Answer, Directory, Session, with_beginnings};
use crate::sound::{Sound, SoundCodec, adts};
use crate::stream::{Beginning, Stream};

/// The one stream that [`answers`] knows; it has sound.
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
    static DIRECTORY: LazyLock<Directory> =
        LazyLock::new(|| Directory::from([(PATH.to_owned(), media(&reel()))]));
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

/// Returns the answers to all requests in these bytes, from the control of a camera
/// called `cam1`, and what it does wrong in the end.
pub fn control_answers(mut received: BytesMut) -> (Vec<Vec<u8>>, Fault) {
    static REEL: LazyLock<Arc<Reel>> = LazyLock::new(reel);
    let faults = Faults::new(vec![Switch {
        name: "cam1".to_owned(),
        media: [media(&REEL), media(&REEL)],
        main: Arc::clone(&REEL),
        same: Some(Arc::clone(&REEL)),
        unlike: None,
        on: Mutex::default(),
    }]);
    let mut answers = Vec::new();
    while let Ok(Some(request)) = message::take_http(&mut received) {
        answers.push(control::answer(&request, &faults).http_bytes());
    }
    (answers, faults.all()[0].1)
}

/// Returns the frames of AAC in a stream of ADTS, unless it is none.
pub fn aac_frames(stream: &Bytes) -> Option<Vec<Bytes>> {
    let frames = adts::frames(stream).ok()?;
    Some(frames.into_iter().map(|(_, frame)| frame).collect())
}

/// Returns whether a NAL unit holds a slice.
pub fn is_slice(codec: Codec, unit: &[u8]) -> bool {
    cut::is_slice(codec, unit)
}

fn reel() -> Arc<Reel> {
    let stream = [0, 0, 1, 0x67, 66, 0, 30, 0, 0, 1, 0x68, 1, 0, 0, 1, 0x65, 0x80];
    let clip = Clip::from_annex_b(stream.to_vec().into(), FrameRate::per_second(25), 16, 16);
    let clip = clip.expect("parameter sets and a keyframe are a clip");
    Arc::new(Reel::new(&clip, true).expect("such a clip can be replayed"))
}

fn media(reel: &Arc<Reel>) -> Arc<Media> {
    let frames = vec![vec![0xff; 160].into()];
    let sound = Sound { codec: SoundCodec::Pcmu, frames, tone_hz: 440, loop_seconds: 1 };
    let sound = Arc::new(Reel::of_sound(&sound).expect("a frame is a sound"));
    let stream = |track, reel| {
        let alarm = Agenda::new(1).alarm(0);
        Arc::new(Stream::new(PATH.to_owned(), track, reel, Duration::ZERO, alarm))
    };
    Arc::new(Media {
        path: PATH.to_owned(),
        transports: Transports::Both,
        pictures: stream(Track::Pictures, Arc::clone(reel)),
        sound: Some(stream(Track::Sound, sound)),
    })
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
