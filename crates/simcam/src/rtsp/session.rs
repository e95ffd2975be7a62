//! What a camera answers to which request: RFC 2326 for one track over TCP.
//!
//! ```text
//!          SETUP             PLAY
//! Idle ───────────▶ Ready ───────────▶ Playing
//!   ▲─────────────────┴────────────────────┘ TEARDOWN (and the connection ends)
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
use crate::camera::{Beginning, Stream};

/// The streams of a server, by path.
pub(crate) type Directory = HashMap<String, Arc<Stream>>;

const METHODS: &str = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN";

/// One client's session.
#[derive(Debug)]
pub(crate) struct Session {
    challenge: Option<Challenge>,
    id: String,
    timeout: Duration,
    state: State,
}

#[derive(Debug)]
enum State {
    Idle,
    Ready { stream: Arc<Stream>, channel: u8 },
    Playing { path: String },
}

/// What follows from a request.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Send this.
    Say(Response),
    /// Send this with the beginning in it, and then the stream's frames.
    Play {
        /// What to play.
        stream: Arc<Stream>,
        /// On which interleaved channel.
        channel: u8,
        /// The answer, but for where the stream begins.
        response: Response,
        /// The URL of the track, for [`with_beginning`].
        track_url: String,
    },
    /// Send this and close the connection.
    Leave(Response),
}

impl Session {
    /// Returns a session that has not begun. `id` names it towards the client.
    pub(crate) fn new(challenge: Option<Challenge>, id: String, timeout: Duration) -> Self {
        Self { challenge, id, timeout, state: State::Idle }
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

    fn setup(&mut self, request: &Request, directory: &Directory) -> Response {
        let path = request.path();
        let path = path.strip_suffix(sdp::TRACK).map_or(path, |path| path.trim_end_matches('/'));
        let Some(stream) = directory.get(path) else {
            return Response::new(404);
        };
        if matches!(self.state, State::Playing { .. }) {
            return Response::new(455);
        }
        let offers = request.header("transport").unwrap_or_default().split(',');
        let Some(channel) = offers.filter_map(interleaved).next() else {
            return Response::new(461);
        };
        self.state = State::Ready { stream: Arc::clone(stream), channel };
        let transport = format!("RTP/AVP/TCP;unicast;interleaved={channel}-{}", channel + 1);
        let session = format!("{};timeout={}", self.id, self.timeout.as_secs());
        Response::new(200).with("Transport", transport).with("Session", session)
    }

    fn play(&mut self, request: &Request) -> Answer {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Idle => Answer::Say(Response::new(455)),
            State::Playing { path } => {
                // Asked again, a live stream just goes on.
                self.state = State::Playing { path };
                Answer::Say(self.within_session(Response::new(200)))
            }
            State::Ready { stream, channel } => {
                let base = request.uri.trim_end_matches('/').trim_end_matches(sdp::TRACK);
                let track_url = format!("{}/{}", base.trim_end_matches('/'), sdp::TRACK);
                self.state = State::Playing { path: stream.path.clone() };
                let response = self.within_session(Response::new(200).with("Range", "npt=now-"));
                Answer::Play { stream, channel, response, track_url }
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

/// Returns the response with where the stream begins in it.
pub(crate) fn with_beginning(
    response: Response,
    track_url: &str,
    beginning: Beginning,
) -> Response {
    let Beginning { sequence, rtp_time } = beginning;
    response.with("RTP-Info", format!("url={track_url};seq={sequence};rtptime={rtp_time}"))
}

fn describe(request: &Request, directory: &Directory, host: IpAddr) -> Response {
    match directory.get(request.path()) {
        None => Response::new(404),
        Some(stream) => Response::new(200)
            .with("Content-Base", format!("{}/", request.uri.trim_end_matches('/')))
            .with_body("application/sdp", sdp::describe(&stream.path, host, &stream.reel)),
    }
}

/// Returns the channel for RTP that a transport asks for, if it is interleaved
/// TCP with room for RTCP beside it.
fn interleaved(transport: &str) -> Option<u8> {
    let mut fields = transport.split(';').map(str::trim);
    if !fields.next()?.eq_ignore_ascii_case("RTP/AVP/TCP") {
        return None;
    }
    let channel = match fields.find_map(|field| field.strip_prefix("interleaved=")) {
        None => 0,
        Some(channels) => channels.split('-').next()?.parse().ok()?,
    };
    (channel < u8::MAX).then_some(channel)
}
