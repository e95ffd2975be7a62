//! What a camera answers to which request: RFC 2326 for the tracks of one stream.
//!
//! ```text
//!          SETUP             PLAY
//! Idle ───────────▶ Ready ───────────▶ Playing
//!   ▲              │  ▲ SETUP of the      │
//!   │              └──┘ other track       │
//!   └─────────────────┴───────────────────┘ TEARDOWN (and the connection ends)
//! ```
//!
//! Requests come in, responses and what to do go out; there is no socket here.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::auth::{Challenge, Verdict};
use super::message::{Request, Response};
use super::sdp;
use super::transport::{self, Offer};
use crate::camera::{Media, Track, Transports};
use crate::fault::Fault;
use crate::stream::Beginning;

/// The streams of a server, by path.
pub(crate) type Directory = HashMap<String, Arc<Media>>;

const METHODS: &str = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN";

/// One client's session.
#[derive(Debug)]
pub(crate) struct Session {
    challenge: Option<Challenge>,
    id: String,
    timeout: Duration,
    /// The port that RTP comes from over UDP, where that is possible at all.
    udp_port: Option<u16>,
    state: State,
}

#[derive(Debug)]
enum State {
    Idle,
    Ready { media: Arc<Media>, tracks: Vec<Chosen> },
    Playing { media: Arc<Media> },
}

/// A track that a client asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chosen {
    /// Which.
    pub(crate) track: Track,
    /// How it is sent.
    pub(crate) way: Agreed,
}

/// How a track is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Agreed {
    /// RTP on this channel, RTCP on the next.
    Interleaved(u8),
    /// Over UDP, to these ports of the client's host.
    Udp {
        /// Where RTP goes.
        rtp: u16,
        /// Where RTCP goes.
        rtcp: u16,
    },
}

/// What follows from a request.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Send this.
    Say(Response),
    /// Send this with the beginnings in it, and then the frames.
    Play {
        /// What to play.
        media: Arc<Media>,
        /// Which of its tracks, and how; at least one, each once.
        tracks: Vec<Chosen>,
        /// The answer, but for where the tracks begin.
        response: Response,
        /// The URL of the stream, for [`with_beginnings`].
        url: String,
    },
    /// Send this and close the connection.
    Leave(Response),
}

impl Session {
    /// Returns a session that has not begun. `id` names it towards the client;
    /// `udp_port` is where RTP over UDP comes from, if it may.
    pub(crate) fn new(
        challenge: Option<Challenge>,
        id: String,
        timeout: Duration,
        udp_port: Option<u16>,
    ) -> Self {
        Self { challenge, id, timeout, udp_port, state: State::Idle }
    }

    /// Answers a request that came to the address `host`.
    pub(crate) fn answer(
        &mut self,
        request: &Request,
        directory: &Directory,
        host: IpAddr,
    ) -> Answer {
        if request.header("cseq").is_none() {
            return Answer::Leave(Response::new(400));
        }
        let method = request.method.as_str();
        if method == "OPTIONS" {
            return Answer::Say(Response::new(200).with("Public", METHODS));
        }
        if let Some(refusal) = self.refuse(request) {
            return Answer::Say(refusal);
        }
        match method {
            "DESCRIBE" => Answer::Say(describe(request, directory, host)),
            "SETUP" => Answer::Say(self.setup(request, directory)),
            "PLAY" => self.play(request),
            "GET_PARAMETER" => Answer::Say(self.within_session(Response::new(200))),
            "TEARDOWN" => {
                self.state = State::Idle;
                Answer::Leave(Response::new(200))
            }
            "PAUSE" | "ANNOUNCE" | "RECORD" | "REDIRECT" | "SET_PARAMETER" => {
                Answer::Say(Response::new(405).with("Allow", METHODS))
            }
            _ => Answer::Say(Response::new(501).with("Public", METHODS)),
        }
    }

    /// Returns the refusal that a request gets whatever it asks for, if any.
    fn refuse(&self, request: &Request) -> Option<Response> {
        if let Some(challenge) = &self.challenge {
            let verdict = challenge.judge(&request.method, request.header("authorization"));
            if verdict != Verdict::Right {
                let header = challenge.header(verdict == Verdict::Stale);
                return Some(Response::new(401).with("WWW-Authenticate", header));
            }
        }
        if let Some(options) = request.header("require") {
            return Some(Response::new(551).with("Unsupported", options));
        }
        if request
            .header("session")
            .is_some_and(|id| matches!(self.state, State::Idle) || id != self.id)
        {
            return Some(Response::new(454));
        }
        None
    }

    /// Returns what a request is about: what its path names, or what is played.
    pub(crate) fn about(&self, request: &Request, directory: &Directory) -> Option<Arc<Media>> {
        match &self.state {
            State::Idle => directory.get(split_track(request.path()).0).cloned(),
            State::Ready { media, .. } | State::Playing { media } => Some(Arc::clone(media)),
        }
    }

    fn setup(&mut self, request: &Request, directory: &Directory) -> Response {
        let (path, track) = split_track(request.path());
        let found = directory.get(path).filter(|media| media.track(track).is_some());
        let Some(media) = found else {
            return Response::new(404);
        };
        let mut tracks = match &self.state {
            State::Playing { .. } => return Response::new(455),
            State::Ready { media: before, tracks } if Arc::ptr_eq(before, media) => tracks.clone(),
            State::Ready { .. } | State::Idle => Vec::new(),
        };
        tracks.retain(|chosen| chosen.track != track);
        let header = request.header("transport").unwrap_or_default();
        let mut offers = transport::offers(header);
        let Some(way) = offers.find_map(|offer| self.agree(offer, media.transports, &tracks))
        else {
            return Response::new(461);
        };
        let transport = match way {
            Agreed::Interleaved(channel) => {
                format!("RTP/AVP/TCP;unicast;interleaved={channel}-{}", channel + 1)
            }
            Agreed::Udp { rtp, rtcp } => {
                let port = self.udp_port.unwrap_or_default();
                let ssrc = media.track(track).map_or(0, |stream| stream.ssrc());
                format!(
                    "RTP/AVP;unicast;client_port={rtp}-{rtcp};server_port={port}-{};ssrc={ssrc:08X}",
                    port.wrapping_add(1)
                )
            }
        };
        tracks.push(Chosen { track, way });
        self.state = State::Ready { media: Arc::clone(media), tracks };
        let session = format!("{};timeout={}", self.id, self.timeout.as_secs());
        Response::new(200).with("Transport", transport).with("Session", session)
    }

    /// Returns how an offer is taken, if it is.
    fn agree(&self, offer: Offer, spoken: Transports, others: &[Chosen]) -> Option<Agreed> {
        match offer {
            Offer::Interleaved(channel) if spoken != Transports::UdpOnly => {
                let taken = |channel: u8| {
                    let channels = others.iter().filter_map(|chosen| match chosen.way {
                        Agreed::Interleaved(channel) => Some(channel),
                        Agreed::Udp { .. } => None,
                    });
                    // Each has two.
                    channels.into_iter().any(|other| other.abs_diff(channel) < 2)
                };
                let wished = channel.filter(|&channel| !taken(channel));
                let free = || (0..u8::MAX).step_by(2).find(|&channel| !taken(channel));
                wished.or_else(free).map(Agreed::Interleaved)
            }
            Offer::Udp { rtp, rtcp } if spoken != Transports::TcpOnly => {
                self.udp_port.map(|_| Agreed::Udp { rtp, rtcp })
            }
            _ => None,
        }
    }

    fn play(&mut self, request: &Request) -> Answer {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Idle => Answer::Say(Response::new(455)),
            State::Playing { media } => {
                // Asked again, a live stream just goes on.
                self.state = State::Playing { media };
                Answer::Say(self.within_session(Response::new(200)))
            }
            State::Ready { media, tracks } => {
                let mut url = request.uri.trim_end_matches('/');
                for track in [Track::Pictures, Track::Sound] {
                    url = url.strip_suffix(sdp::control(track)).unwrap_or(url);
                }
                let url = url.trim_end_matches('/').to_owned();
                self.state = State::Playing { media: Arc::clone(&media) };
                let response = self.within_session(Response::new(200).with("Range", "npt=now-"));
                Answer::Play { media, tracks, response, url }
            }
        }
    }

    fn within_session(&self, response: Response) -> Response {
        match self.state {
            State::Idle => response,
            _ => response.with("Session", self.id.as_str()),
        }
    }
}

/// Returns the response with where the tracks begin in it.
pub(crate) fn with_beginnings(
    response: Response,
    url: &str,
    beginnings: impl Iterator<Item = (Track, Beginning)>,
) -> Response {
    let each = beginnings.map(|(track, Beginning { sequence, rtp_time })| {
        format!("url={url}/{};seq={sequence};rtptime={rtp_time}", sdp::control(track))
    });
    response.with("RTP-Info", each.collect::<Vec<_>>().join(","))
}

/// Returns a path without the name of its track, and the track it names; the
/// pictures if it names none.
fn split_track(path: &str) -> (&str, Track) {
    for track in [Track::Pictures, Track::Sound] {
        if let Some(rest) = path.strip_suffix(sdp::control(track)) {
            return (rest.trim_end_matches('/'), track);
        }
    }
    (path, Track::Pictures)
}

fn describe(request: &Request, directory: &Directory, host: IpAddr) -> Response {
    match directory.get(request.path()) {
        None => Response::new(404),
        Some(media) => {
            let mut sdp = sdp::describe(media, host);
            if let Fault::WrongSdp { lie } = media.pictures.fault() {
                sdp = lie.told(&sdp);
            }
            Response::new(200)
                .with("Content-Base", format!("{}/", request.uri.trim_end_matches('/')))
                .with_body("application/sdp", sdp)
        }
    }
}
