//! The way in for the fuzz targets of this room, and for nobody else.
//!
//! What must hold is said in `fuzz/`; here it is only made reachable.

use std::time::{Duration, Instant};

use base::{Transport, WallTime};
use credentials::Credentials;
use media::{Codec, Frame};
use url::Url;

use crate::connection::{Event, Limits};
use crate::fault::Fault;
use crate::reader::Reader;
use crate::rtsp::address::Addresses;
use crate::rtsp::caller::{Caller, Method};
use crate::rtsp::description::{Description, Offer};
use crate::rtsp::message::{self, Message, Response};
use crate::rtsp::pictures::Pictures;
use crate::rtsp::sets::Sets;
use crate::rtsp::sound::Sounds;
use crate::rtsp::transport;
use crate::setup::Fetched;
use crate::source::Source;

/// Returns the messages in `bytes`, in words, as if they had come at once, and how many
/// bytes they take; `None` behind them where what follows is none.
pub fn messages(bytes: &[u8]) -> (Vec<Option<String>>, usize) {
    let (mut all, mut at) = (Vec::new(), 0);
    loop {
        match message::take(&bytes[at..]) {
            Ok(Some((message, length))) => {
                assert!(length > 0 && at + length <= bytes.len());
                if let Message::Packet { data, .. } = &message {
                    assert!(data.end <= length);
                }
                all.push(Some(format!("{message:?}")));
                at += length;
            }
            Ok(None) => return (all, at),
            Err(_) => {
                all.push(None);
                return (all, at);
            }
        }
    }
}

/// Reads a camera's answers as a session does, and returns what is asked next.
pub fn answers(head: &[u8], body: &[u8]) -> Vec<String> {
    let mut text = head.to_vec();
    text.extend(b"\r\n\r\n");
    let mut response = match message::take(&text) {
        Ok(Some((Message::Response(response), _))) => response,
        _ => Response::default(),
    };
    response.body = body.to_vec();
    let credentials = Credentials { user: "a".to_owned(), password: "secret7".to_owned() };
    let mut caller = Caller::new(Some(credentials));
    caller.take_challenge(&response);
    caller.note_session(&response);
    assert!(caller.timeout() > Duration::ZERO);
    let said = response.header("Transport").unwrap_or_default();
    let _ = transport::Transport::read(said);
    let described = Description::read(&response.body).unwrap_or_default();
    let asked = Url::parse("rtsp://10.0.0.7/live").expect("a URL");
    let addresses = Addresses::new(&asked, &response, described.control.as_deref());
    let mut requests = vec![caller.request(Method::Play, addresses.all.as_str(), &[])];
    for offer in &described.tracks {
        let track = addresses.track(offer.control.as_deref());
        requests.push(caller.request(Method::Setup, track.as_str(), &[]));
        for codec in [Codec::H264, Codec::H265] {
            Sets::of(codec, offer).params();
        }
        Sounds::of(offer);
    }
    requests
}

/// Reads packets as a session does: pictures on channel 0, reports on 1, sound on 2.
/// Returns the frames of each kind, and the fault if there was one.
pub fn session<'a>(
    codec: Codec,
    way: Transport,
    packets: impl IntoIterator<Item = (u8, u64, &'a [u8])>,
) -> ([Vec<Frame>; 2], Option<Fault>) {
    let url = Url::parse("rtsp://10.0.0.7/live").expect("a URL");
    let source = Source::new(url, None);
    let form = Pictures::new(codec, Sets::of(codec, &Offer::default()));
    let pictures = Fetched { form, channel: 0, rate_hz: 90_000 };
    let aac = "v=0\nm=audio 0 RTP/AVP 97\na=rtpmap:97 mpeg4-generic/16000\na=fmtp:97 config=1408\n";
    let offers = Description::read(aac.as_bytes()).unwrap_or_default().tracks;
    let form = offers.first().and_then(Sounds::of);
    let sound = form.map(|form| Fetched { form, channel: 2, rate_hz: 16_000 });
    let mut now = Instant::now();
    let mut wall = WallTime(1_700_000_000_000_000);
    let limits = Limits::default();
    let mut reader = Reader::new(&source, way, (pictures, sound), &limits, (now, wall));
    let (mut frames, mut sounds) = (Vec::new(), Vec::new());
    for (channel, after_us, bytes) in packets {
        let after = Duration::from_micros(after_us);
        (now, wall) = (now + after, wall.plus(after));
        reader.begin((now, wall));
        reader.take(channel, bytes);
        reader.flush();
        while let Some(next) = reader.next() {
            match next {
                Ok(Event::Frames(came)) => frames.extend(came),
                Ok(Event::Sound(came)) => sounds.extend(came),
                Ok(_) => {}
                Err(fault) => return ([frames, sounds], Some(fault)),
            }
        }
    }
    ([frames, sounds], None)
}
