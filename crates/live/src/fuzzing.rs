//! The way in for the fuzz targets of this room, and for nobody else.
//!
//! What must hold is said in `fuzz/`; here it is only made reachable.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use media::{Codec, Frame, Params};
use str0m::config::KeyingMaterial;
use str0m::crypto::dtls::SrtpProfile;

use crate::hls::{File, Reload};
use crate::rtsp::Known;
use crate::rtsp::digest::{Challenge, Claim, Verdict};
use crate::rtsp::message::{Input, take};
use crate::rtsp::session::{Heard, Session};
use crate::whep::keys::Agreed;
use crate::whep::now::Now;
use crate::whep::srtp::Sealer;
use crate::whep::track::{Sendable, Sink, Track, Types};
use crate::whep::{Refused, demux, offer, packets};

/// Returns for whom a datagram is that is a check: `Some(None)` if it is of whoever
/// sends from its address, `None` if it is nobody's.
pub fn datagram(bytes: &[u8]) -> Option<Option<&str>> {
    match demux::Datagram::read(bytes)? {
        demux::Datagram::Check { ufrag, .. } => Some(Some(ufrag)),
        demux::Datagram::Media => Some(None),
    }
}

/// Returns an offer as it is to be answered, and the names of its media.
pub fn offer(offer: &str) -> Result<(String, Vec<String>), Refused> {
    offer::checked(offer).map(|checked| (checked.sdp, checked.mids))
}

/// Returns the RTP payloads of a frame.
pub fn payloads(frame: &Frame) -> Vec<Arc<[u8]>> {
    packets::cut(frame)
}

/// Sends frames, each when it is there, to so many viewers by WebRTC; returns the bytes
/// that would go out.
pub fn sealed(frames: &[Frame], viewers: usize) -> usize {
    struct Counted(Vec<u8>, usize);
    impl Sink for Counted {
        fn put(&mut self, _: usize, write: impl FnOnce(&mut Vec<u8>) -> bool) {
            self.0.clear();
            if write(&mut self.0) {
                self.1 += self.0.len();
            }
        }
    }
    let agreed = Agreed {
        profile: SrtpProfile::AEAD_AES_256_GCM,
        material: KeyingMaterial::new(&[7; 88]),
        is_client: false,
    };
    let viewer = |number| {
        let track = Track::new(90_000, number, Some(!number), Some((4, "0")), "khue");
        Some((track, Sealer::new(&agreed)?))
    };
    let mut viewers: Vec<_> = (0..viewers as u32).filter_map(viewer).collect();
    let (mut cut, mut out) = (packets::Cut::default(), Counted(Vec::new(), 0));
    let (types, began) = (Types { media: 96, again: Some(97) }, Instant::now());
    let Some(first) = frames.first().map(|frame| frame.wall) else { return 0 };
    for frame in frames {
        let after = Duration::from_micros(frame.wall.micros_since(first).unsigned_abs());
        let now = Now { instant: began + after, wall: frame.wall };
        for (track, sealer) in &mut viewers {
            let sendable = Sendable { wall: frame.wall, payloads: cut.payloads(frame) };
            track.push(types, &[sendable], false, true, now);
            track.send(now.instant, sealer, &mut out);
        }
    }
    out.1
}

/// Takes everything that a client sent in these pieces; returns the methods of
/// its requests, and whether it was let go.
pub fn rtsp_requests<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<String>, bool) {
    let (mut received, mut methods) = (BytesMut::new(), Vec::new());
    for piece in pieces {
        received.extend_from_slice(piece);
        loop {
            match take(&mut received) {
                Ok(None) => break,
                Ok(Some(Input::Other)) => {}
                Ok(Some(Input::Request(request))) => methods.push(request.method),
                Err(_) => return (methods, true),
            }
        }
    }
    (methods, false)
}

/// Answers every request of a client that knows the password, or does not, where
/// every place is there; returns the bytes of the answers.
pub fn rtsp_session(bytes: &[u8], password: Option<&str>) -> Vec<u8> {
    let now = Instant::now();
    let mut session = Session::new([7; 44], now);
    let (mut received, mut out) = (BytesMut::from(bytes), BytesMut::new());
    while let Ok(Some(input)) = take(&mut received) {
        let Input::Request(request) = input else { continue };
        let mut heard = session.hear(&request, now);
        if let Heard::Prove(claim) = &heard {
            let claim = claim.clone();
            let known = known(password.unwrap_or("known to nobody"), password.is_some());
            let verdict = session.judge(&request, &claim, &known, now);
            heard = session.proven(&request, &claim, verdict, now);
        }
        if let Heard::Find(name, place) = &heard {
            let track = Params::sound(Codec::Pcma, Bytes::new());
            heard = Heard::Say(session.found(&request, name, *place, Some(vec![track])));
        }
        match heard {
            Heard::Say(response)
            | Heard::Leave(response)
            | Heard::Play(response, _)
            | Heard::Pause(response) => response.put(&mut out, Some(request.cseq)),
            Heard::Prove(_) | Heard::Find(..) => {}
        }
    }
    out.to_vec()
}

/// Returns the nonce of a challenge made from `entropy`.
pub fn rtsp_nonce(entropy: [u8; 32]) -> String {
    let response = Challenge::new(entropy, Instant::now()).unauthorized(false, Instant::now());
    let header = response.header("WWW-Authenticate").unwrap_or_default();
    header.split("nonce=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("").to_owned()
}

/// Returns whether an `Authorization` is right for a method and a password.
pub fn rtsp_is_right(header: &str, entropy: [u8; 32], method: &str, password: &str) -> bool {
    let now = Instant::now();
    let challenge = Challenge::new(entropy, now);
    let known = known(password, true);
    Claim::parse(header)
        .is_some_and(|claim| challenge.judge(&claim, method, &known, now) == Verdict::Right)
}

fn known(password: &str, holds: bool) -> Known {
    Known { password: password.to_owned(), holds }
}

/// Reads the name of a file of HLS, and writes it again.
pub fn hls_name(name: &str) -> Option<String> {
    File::parse(name).map(|file| file.to_string())
}

/// Reads the directives of a playlist's query.
pub fn hls_reload(query: &str) -> Result<Option<(u64, Option<u32>)>, &'static str> {
    Ok(Reload::parse(query)?.map(|reload| (reload.msn, reload.part)))
}
