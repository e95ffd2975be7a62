//! One client's session, from OPTIONS to TEARDOWN. Pure: requests and what
//! others know go in, responses come out.
//!
//! ```text
//! new ──DESCRIBE──▶ described ──SETUP…──▶ ready ──PLAY──▶ playing
//!        │ proof of a name    │                  ◀─PAUSE──
//!        └ what is there? ────┘
//! ```
//!
//! What needs others is asked of the connection ([`Heard::Prove`],
//! [`Heard::Find`]) and told back. Whoever has proved nothing is answered 401
//! whatever they ask for; who has, 404 for what is not there and for what is not
//! theirs alike.

use std::time::{Duration, Instant};

use media::Params;

use super::Place;
use super::digest::{Challenge, Claim, Verdict, hex};
use super::gate::Known;
use super::message::{Request, Response};
use super::rtp::Packetizer;
use super::sdp;

/// How long a client may say nothing, while nothing is played.
pub const TIMEOUT: Duration = Duration::from_secs(60);

const METHODS: &str =
    "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN";

/// The session of a connection.
#[derive(Debug)]
pub struct Session {
    id: String,
    /// Where the sources' numbers begin.
    ssrc: u32,
    challenge: Challenge,
    /// The name that was proved and what it opened.
    described: Option<Described>,
    is_playing: bool,
}

#[derive(Debug)]
struct Described {
    name: String,
    place: Place,
    /// As it was asked for, without a slash at the end.
    uri: String,
    tracks: Vec<Track>,
}

/// A track of what was described.
#[derive(Debug)]
struct Track {
    params: Params,
    /// The channel that its packets are sent on, once it is set up.
    channel: Option<u8>,
}

/// What comes of a request.
#[derive(Debug)]
pub enum Heard {
    /// This is said.
    Say(Response),
    /// This is said, and the connection ends.
    Leave(Response),
    /// Which password belongs to this name? To be told by [`Session::judge`], and
    /// gone on with by [`Session::proven`].
    Prove(Claim),
    /// Is there such a place for this name? To be told by [`Session::found`].
    Find(String, Place),
    /// This is said, then what the tracks set up have, each by its number.
    Play(Response, Vec<(usize, Packetizer)>),
    /// This is said, and nothing is sent any more.
    Pause(Response),
}

impl Session {
    /// Makes a session; `entropy` is nobody else's.
    pub fn new(entropy: [u8; 44], now: Instant) -> Self {
        let (of_challenge, rest) = entropy.split_at(32);
        let (id, ssrc) = rest.split_at(8);
        Self {
            id: hex(id),
            ssrc: ssrc.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)),
            challenge: Challenge::new(std::array::from_fn(|at| of_challenge[at]), now),
            described: None,
            is_playing: false,
        }
    }

    /// Hears a request.
    pub fn hear(&mut self, request: &Request, now: Instant) -> Heard {
        if request.session().is_some_and(|session| session != self.id) {
            return Heard::Say(Response::new(454));
        }
        match request.method.as_str() {
            "OPTIONS" => Heard::Say(Response::new(200).with("Public", METHODS)),
            // Signs of life; nobody has parameters that could be read.
            "GET_PARAMETER" | "SET_PARAMETER" => Heard::Say(self.own(Response::new(200))),
            // Who can say it has the connection, and ends nothing but that.
            "TEARDOWN" => Heard::Leave(Response::new(200)),
            "DESCRIBE" | "SETUP" | "PLAY" | "PAUSE" => {
                let claim = request.header("authorization").and_then(Claim::parse);
                claim.map_or_else(|| self.refuse(false, now), Heard::Prove)
            }
            _ => Heard::Say(Response::new(501)),
        }
    }

    /// Judges a request's claim by what is known of its name; changes nothing.
    pub fn judge(&self, request: &Request, claim: &Claim, known: &Known, now: Instant) -> Verdict {
        self.challenge.judge(claim, &request.method, known, now)
    }

    /// Goes on with a request whose claim was judged, and counted.
    pub fn proven(
        &mut self,
        request: &Request,
        claim: &Claim,
        verdict: Verdict,
        now: Instant,
    ) -> Heard {
        match verdict {
            Verdict::Right => self.allowed(request, claim.name()),
            Verdict::Stale => self.refuse(true, now),
            Verdict::Lapsed | Verdict::Wrong => self.refuse(false, now),
        }
    }

    /// Goes on with a DESCRIBE whose place was looked for: the parameters of its
    /// tracks, none where it gives nothing now, or `None` where it is not there.
    pub fn found(
        &mut self,
        request: &Request,
        name: &str,
        place: Place,
        tracks: Option<Vec<Params>>,
    ) -> Response {
        let Some(tracks) = tracks else { return Response::new(404) };
        if tracks.is_empty() {
            return Response::new(503).with("Retry-After", "5");
        }
        let uri = request.uri.split(['?', '#']).next().unwrap_or_default();
        let uri = uri.trim_end_matches('/').to_owned();
        let response = Response::new(200)
            .with("Content-Base", format!("{uri}/"))
            .with_body("application/sdp", sdp::describe(&tracks));
        let tracks = tracks.into_iter().map(|params| Track { params, channel: None }).collect();
        self.described = Some(Described { name: name.to_owned(), place, uri, tracks });
        response
    }

    /// Notes that nothing is sent any more.
    pub fn stopped(&mut self) {
        self.is_playing = false;
    }

    fn allowed(&mut self, request: &Request, name: &str) -> Heard {
        let place = Place::parse(&request.uri);
        if request.method == "DESCRIBE" {
            let is_set_up = self.described.as_ref().is_some_and(Described::is_set_up);
            return match place {
                _ if is_set_up => Heard::Say(Response::new(455)),
                Some((place, None)) => Heard::Find(name.to_owned(), place),
                _ => Heard::Say(Response::new(404)),
            };
        }
        let is_playing = self.is_playing;
        // What another name opened, and what was not described, is not there.
        let Some(described) = self.described.as_mut().filter(|there| there.name == name) else {
            return Heard::Say(Response::new(455));
        };
        let Some((_, track)) = place.filter(|(place, _)| *place == described.place) else {
            return Heard::Say(Response::new(404));
        };
        match request.method.as_str() {
            "SETUP" if is_playing => Heard::Say(Response::new(455)),
            "SETUP" => {
                // Of a single track some clients leave the number out.
                let number = track.unwrap_or(0);
                let response = described.set_up(number, request.header("transport"), self.ssrc);
                let is_set_up = response.status == 200;
                Heard::Say(if is_set_up { self.own(response) } else { response })
            }
            "PLAY" if is_playing => Heard::Say(self.own(Response::new(200))),
            "PLAY" if described.is_set_up() => {
                let packetizers = described.packetizers(self.ssrc);
                let info = packetizers.iter().map(|(number, packetizer)| {
                    let uri = &described.uri;
                    format!("url={uri}/trackID={number};seq={}", packetizer.sequence())
                });
                let info = info.collect::<Vec<_>>().join(",");
                self.is_playing = true;
                let response = self.own(Response::new(200));
                let response = response.with("Range", "npt=now-").with("RTP-Info", info);
                Heard::Play(response, packetizers)
            }
            "PAUSE" if is_playing => {
                self.is_playing = false;
                Heard::Pause(self.own(Response::new(200)))
            }
            _ => Heard::Say(Response::new(455)),
        }
    }

    fn refuse(&mut self, is_stale: bool, now: Instant) -> Heard {
        Heard::Say(self.challenge.unauthorized(is_stale, now))
    }

    /// Adds the session's name.
    fn own(&self, response: Response) -> Response {
        response.with("Session", format!("{};timeout={}", self.id, TIMEOUT.as_secs()))
    }
}

impl Described {
    fn is_set_up(&self) -> bool {
        self.tracks.iter().any(|track| track.channel.is_some())
    }

    fn set_up(&mut self, number: usize, transport: Option<&str>, ssrc: u32) -> Response {
        if number >= self.tracks.len() {
            return Response::new(404);
        }
        let Some(wanted) = interleaved(transport.unwrap_or_default()) else {
            return Response::new(461);
        };
        let is_taken = |channel: u8| {
            let others = self.tracks.iter().enumerate().filter(|(other, _)| *other != number);
            others.filter_map(|(_, track)| track.channel).any(|other| other.abs_diff(channel) < 2)
        };
        let free = (0..=254).step_by(2).find(|channel| !is_taken(*channel));
        let wanted = wanted.filter(|channel| *channel < 255 && !is_taken(*channel));
        let Some(channel) = wanted.or(free) else { return Response::new(461) };
        self.tracks[number].channel = Some(channel);
        let (reports, ssrc) = (channel + 1, ssrc_of(ssrc, number));
        Response::new(200).with(
            "Transport",
            format!("RTP/AVP/TCP;unicast;interleaved={channel}-{reports};ssrc={ssrc:08X}"),
        )
    }

    fn packetizers(&self, ssrc: u32) -> Vec<(usize, Packetizer)> {
        let tracks = self.tracks.iter().enumerate().filter_map(|(number, track)| {
            let channel = track.channel?;
            Some((number, Packetizer::new(&track.params, channel, ssrc_of(ssrc, number))?))
        });
        tracks.collect()
    }
}

fn ssrc_of(first: u32, track: usize) -> u32 {
    first.wrapping_add(track as u32)
}

/// Returns the channel that a client wants, if it takes packets in the
/// connection at all; of several ways that it offers, the first such.
fn interleaved(transport: &str) -> Option<Option<u8>> {
    transport.split(',').find_map(|offer| {
        let mut words = offer.split(';').map(str::trim);
        if !words.next()?.eq_ignore_ascii_case("RTP/AVP/TCP") {
            return None;
        }
        let channels = words.find_map(|word| word.strip_prefix("interleaved="));
        Some(channels.and_then(|channels| channels.split('-').next()?.parse().ok()))
    })
}

#[cfg(test)]
mod tests {
    use bytes::{Bytes, BytesMut};
    use media::{Codec, h264};

    use super::super::Role;
    use super::super::digest::tests::{PASSWORD, answer, field};
    use super::super::message::{Input, take};
    use super::*;

    const PLACE: Place = Place { camera: 7, role: Role::Main };
    const URI: &str = "rtsp://h:8554/cameras/7/main";

    struct Client {
        session: Session,
        now: Instant,
        nonce: String,
        password: &'static str,
        holds: bool,
    }

    fn request(method: &str, uri: &str, headers: &str) -> Request {
        let text = format!("{method} {uri} RTSP/1.0\r\nCSeq: 1\r\n{headers}\r\n");
        match take(&mut BytesMut::from(text.as_bytes())) {
            Ok(Some(Input::Request(request))) => request,
            other => panic!("{text}: {other:?}"),
        }
    }

    fn tracks() -> Vec<Params> {
        let config = h264::config_record(&[0x67, 77, 0, 41, 1], &[0x68, 9]);
        let video = Params { codec: Codec::H264, width: 64, height: 48, config };
        vec![video, Params::sound(Codec::Pcma, Bytes::new())]
    }

    impl Client {
        fn new() -> Self {
            let now = Instant::now();
            let mut session = Session::new([9; 44], now);
            let Heard::Say(response) = session.hear(&request("DESCRIBE", URI, ""), now) else {
                panic!()
            };
            assert_eq!(response.status, 401);
            let nonce = field(response.header("WWW-Authenticate").unwrap(), "nonce");
            Self { session, now, nonce, password: PASSWORD, holds: true }
        }

        /// Asks with the right digest.
        fn hear(&mut self, method: &str, uri: &str, headers: &str) -> Heard {
            let digest = answer(self.password, method, &self.nonce, None, false);
            let request = request(method, uri, &format!("Authorization: {digest}\r\n{headers}"));
            match self.session.hear(&request, self.now) {
                Heard::Prove(claim) => {
                    let known = Known { password: PASSWORD.to_owned(), holds: self.holds };
                    let verdict = self.session.judge(&request, &claim, &known, self.now);
                    match self.session.proven(&request, &claim, verdict, self.now) {
                        Heard::Find(name, place) => {
                            let there = (place == PLACE).then(tracks);
                            Heard::Say(self.session.found(&request, &name, place, there))
                        }
                        heard => heard,
                    }
                }
                heard => heard,
            }
        }

        fn say(&mut self, method: &str, uri: &str, headers: &str) -> Response {
            match self.hear(method, uri, headers) {
                Heard::Say(response)
                | Heard::Leave(response)
                | Heard::Play(response, _)
                | Heard::Pause(response) => response,
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_session_goes_from_describe_to_teardown() {
        let mut client = Client::new();
        let options = client.say("OPTIONS", "*", "");
        assert!(options.header("Public").unwrap().contains("GET_PARAMETER"));
        let described = client.say("DESCRIBE", URI, "");
        assert_eq!(described.header("Content-Base"), Some("rtsp://h:8554/cameras/7/main/"));
        assert!(described.body().contains("a=control:trackID=1"));
        let tcp = "Transport: RTP/AVP/TCP;unicast;interleaved=4-5\r\n";
        let set_up = client.say("SETUP", &format!("{URI}/trackID=0"), tcp);
        assert_eq!(
            set_up.header("Transport"),
            Some("RTP/AVP/TCP;unicast;interleaved=4-5;ssrc=09090909")
        );
        let session = set_up.header("Session").unwrap().to_owned();
        assert!(session.ends_with(";timeout=60"));
        let own = format!("Session: {session}\r\n");
        // The same channels again: others are found.
        let sound = client.say("SETUP", &format!("{URI}/trackID=1"), &format!("{own}{tcp}"));
        assert!(sound.header("Transport").unwrap().contains("interleaved=0-1"));
        let Heard::Play(response, tracks) = client.hear("PLAY", &format!("{URI}/"), &own) else {
            panic!()
        };
        assert_eq!((response.status, tracks.len()), (200, 2));
        assert!(response.header("RTP-Info").unwrap().starts_with(&format!("url={URI}/trackID=0;")));
        assert_eq!(client.say("PLAY", URI, &own).status, 200, "a sign of life to some");
        assert_eq!(client.say("SETUP", &format!("{URI}/trackID=0"), tcp).status, 455);
        assert_eq!(client.say("GET_PARAMETER", URI, &own).status, 200);
        assert!(matches!(client.hear("PAUSE", URI, &own), Heard::Pause(_)));
        assert!(matches!(client.hear("PLAY", URI, &own), Heard::Play(..)));
        assert!(matches!(client.hear("TEARDOWN", URI, &own), Heard::Leave(_)));
    }

    #[test]
    fn whoever_proves_nothing_is_told_the_same_of_everything() {
        let mut client = Client::new();
        client.password = "another";
        let whole = |response: &Response| format!("{response:?}");
        let there = whole(&client.say("DESCRIBE", URI, ""));
        for uri in
            ["rtsp://h/cameras/8/main", "rtsp://h/", "*", "rtsp://h/cameras/7/main/trackID=0"]
        {
            for method in ["DESCRIBE", "SETUP", "PLAY", "PAUSE"] {
                assert_eq!(whole(&client.say(method, uri, "")), there, "{method} {uri}");
            }
        }
        assert!(there.contains("401"), "{there}");
        (client.password, client.holds) = (PASSWORD, false);
        assert_eq!(whole(&client.say("DESCRIBE", URI, "")), there, "of a name that is over");
    }

    #[test]
    fn what_is_not_there_is_answered_like_what_is_not_theirs() {
        let mut client = Client::new();
        let whole = |response: Response| format!("{response:?}");
        let none = whole(client.say("DESCRIBE", "rtsp://h/cameras/7/sub", ""));
        assert!(none.contains("404"));
        for uri in ["rtsp://h/cameras/8/main", "rtsp://h/", "rtsp://h/%00", "*"] {
            assert_eq!(whole(client.say("DESCRIBE", uri, "")), none, "{uri}");
        }
    }

    #[test]
    fn what_comes_in_the_wrong_order_is_refused_and_changes_nothing() {
        let mut client = Client::new();
        let tcp = "Transport: RTP/AVP/TCP\r\n";
        assert_eq!(client.say("SETUP", &format!("{URI}/trackID=0"), tcp).status, 455);
        assert_eq!(client.say("PLAY", URI, "").status, 455);
        client.say("DESCRIBE", URI, "");
        assert_eq!(client.say("PLAY", URI, "").status, 455);
        assert_eq!(client.say("PAUSE", URI, "").status, 455);
        assert_eq!(client.say("SETUP", &format!("{URI}/trackID=2"), tcp).status, 404);
        assert_eq!(client.say("SETUP", "rtsp://h/cameras/8/main/trackID=0", tcp).status, 404);
        assert_eq!(client.say("PLAY", URI, "Session: ff\r\n").status, 454);
        assert_eq!(client.say("RECORD", URI, "").status, 501);
        assert_eq!(client.say("SETUP", &format!("{URI}/trackID=0"), tcp).status, 200);
        assert_eq!(client.say("DESCRIBE", URI, "").status, 455);
    }

    #[test]
    fn only_packets_in_the_connection_are_offered() {
        let mut client = Client::new();
        client.say("DESCRIBE", URI, "");
        let mut status =
            |transport: &str| client.say("SETUP", &format!("{URI}/trackID=0"), transport).status;
        for refused in [
            "",
            "Transport: RTP/AVP;unicast;client_port=5000-5001\r\n",
            "Transport: RTP/AVP/UDP;multicast\r\n",
            "Transport: RAW/RAW/TCP\r\n",
            "Transport: ,;,\r\n",
        ] {
            assert_eq!(status(refused), 461, "{refused}");
        }
        for taken in [
            "Transport: RTP/AVP;unicast;client_port=5000-5001, RTP/AVP/TCP;unicast\r\n",
            "Transport: rtp/avp/tcp; unicast; interleaved=255-256\r\n",
            "Transport: RTP/AVP/TCP;interleaved=x\r\n",
        ] {
            assert_eq!(status(taken), 200, "{taken}");
        }
    }

    #[test]
    fn a_camera_that_gives_nothing_now_is_told_apart_from_none() {
        let mut client = Client::new();
        let request = request("DESCRIBE", URI, "");
        let response = client.session.found(&request, "k7", PLACE, Some(vec![]));
        assert_eq!((response.status, response.header("Retry-After")), (503, Some("5")));
    }

    #[test]
    fn what_was_described_stays_so_where_another_description_fails() {
        let mut client = Client::new();
        client.say("DESCRIBE", URI, "");
        let request = request("DESCRIBE", "rtsp://h/cameras/8/main", "");
        let elsewhere = Place { camera: 8, ..PLACE };
        for tracks in [None, Some(vec![])] {
            assert_ne!(client.session.found(&request, "k7", elsewhere, tracks).status, 200);
        }
        let tcp = "Transport: RTP/AVP/TCP\r\n";
        assert_eq!(client.say("SETUP", "rtsp://h/cameras/8/main/trackID=0", tcp).status, 404);
        assert_eq!(client.say("SETUP", &format!("{URI}/trackID=0"), tcp).status, 200);
    }
}
