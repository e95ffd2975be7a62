//! What is asked of a camera: requests with their numbers, the session's name and the
//! proof of the password.
//!
//! ```text
//! request ──▶ 401 with a challenge ──▶ the same again, with a proof ──▶ 200
//! ```
//!
//! A challenge is answered once for each request: a camera whose nonces hold for one
//! request, or whose nonce is over, is served by that, and a wrong password is said
//! twice at most. Requests are written here; when, is for whoever has the socket.

use std::fmt::Write;
use std::time::Duration;

use credentials::{Credentials, Login};

use super::message::Response;

/// How long a session lasts of which nobody says (RFC 2326 §12.37).
const USUAL_TIMEOUT: Duration = Duration::from_secs(60);

/// Whoever asks one camera, over one connection.
pub(crate) struct Caller {
    credentials: Option<Credentials>,
    login: Option<Login>,
    cseq: u32,
    session: Option<SessionName>,
}

/// A session as its camera names it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SessionName {
    id: String,
    timeout: Duration,
}

/// What may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Describe,
    GetParameter,
    Options,
    Play,
    Setup,
    Teardown,
}

impl Method {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Describe => "DESCRIBE",
            Self::GetParameter => "GET_PARAMETER",
            Self::Options => "OPTIONS",
            Self::Play => "PLAY",
            Self::Setup => "SETUP",
            Self::Teardown => "TEARDOWN",
        }
    }
}

impl Caller {
    pub(crate) fn new(credentials: Option<Credentials>) -> Self {
        Self { credentials, login: None, cseq: 0, session: None }
    }

    /// Returns the text of the next request.
    pub(crate) fn request(
        &mut self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
    ) -> String {
        self.cseq += 1;
        let name = method.as_str();
        let mut text = format!("{name} {url} RTSP/1.0\r\nCSeq: {}\r\n", self.cseq);
        let mut put = |name: &str, value: &str| {
            // Writing to a text does not fail.
            let _ = write!(text, "{name}: {value}\r\n");
        };
        if let Some(proof) = self.proof(name, url) {
            put("Authorization", &proof);
        }
        put("User-Agent", "khue");
        if let Some(session) = &self.session {
            put("Session", &session.id);
        }
        headers.iter().for_each(|(name, value)| put(name, value));
        text.push_str("\r\n");
        text
    }

    fn proof(&mut self, method: &str, uri: &str) -> Option<String> {
        Some(self.login.as_mut()?.prove(self.credentials.as_ref()?, method, uri))
    }

    /// Takes the challenge of a response of 401; returns whether it can be answered.
    pub(crate) fn take_challenge(&mut self, response: &Response) -> bool {
        if self.credentials.is_none() {
            return false;
        }
        let chosen = Login::choose(response.all("WWW-Authenticate"));
        self.login = chosen.or(self.login.take());
        self.login.is_some()
    }

    /// Takes the name of the session, where a response has it and none is known: what
    /// names another one for each track knows the first.
    pub(crate) fn note_session(&mut self, response: &Response) {
        let Some(header) = response.header("Session").filter(|_| self.session.is_none()) else {
            return;
        };
        let mut parts = header.split(';').map(str::trim);
        let id = parts.next().unwrap_or_default().to_owned();
        if id.is_empty() {
            return;
        }
        let timeout = parts.find_map(|part| {
            let (name, value) = part.split_once('=')?;
            let seconds = value.trim().parse().ok().filter(|&seconds: &u32| seconds > 0)?;
            (name.trim().eq_ignore_ascii_case("timeout"))
                .then(|| Duration::from_secs(seconds.into()))
        });
        self.session = Some(SessionName { id, timeout: timeout.unwrap_or(USUAL_TIMEOUT) });
    }

    /// Returns how long the session lasts without a word of ours.
    pub(crate) fn timeout(&self) -> Duration {
        self.session.as_ref().map_or(USUAL_TIMEOUT, |session| session.timeout)
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::{self, Message};
    use super::*;

    fn response(headers: &str) -> Response {
        let text = format!("RTSP/1.0 401 Unauthorized\r\n{headers}\r\n");
        match message::take(text.as_bytes()) {
            Ok(Some((Message::Response(response), _))) => response,
            other => panic!("{other:?}"),
        }
    }

    fn caller() -> Caller {
        let (user, password) = ("admin".to_owned(), "secret7".to_owned());
        Caller::new(Some(Credentials { user, password }))
    }

    #[test]
    fn requests_are_counted_and_name_their_session() {
        let mut caller = Caller::new(None);
        let first = caller.request(Method::Describe, "rtsp://h/", &[("Accept", "application/sdp")]);
        assert_eq!(
            first,
            "DESCRIBE rtsp://h/ RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: khue\r\nAccept: application/sdp\r\n\r\n"
        );
        caller.note_session(&response("Session: 5EED0A17 ; timeout = 30\r\n"));
        caller.note_session(&response("Session: another\r\n"));
        assert_eq!(caller.timeout(), Duration::from_secs(30));
        let second = caller.request(Method::Play, "rtsp://h/", &[]);
        assert!(second.contains("CSeq: 2\r\n") && second.contains("Session: 5EED0A17\r\n"));
    }

    #[test]
    fn a_session_without_a_timeout_lasts_a_minute() {
        for header in [
            "",
            "Session: \r\n",
            "Session: 7\r\n",
            "Session: 7;timeout=0\r\n",
            "Session: 7;timeout=x\r\n",
        ] {
            let mut caller = Caller::new(None);
            caller.note_session(&response(header));
            assert_eq!(caller.timeout(), USUAL_TIMEOUT, "{header}");
        }
    }

    #[test]
    fn the_way_that_does_not_show_the_password_is_taken() {
        let digest = "WWW-Authenticate: Digest realm=\"cửa bắc\", nonce=\"n\"\r\n";
        let basic = "WWW-Authenticate: Basic realm=\"r\"\r\n";
        for offered in [format!("{digest}{basic}"), format!("{basic}{digest}"), digest.to_owned()] {
            let mut caller = caller();
            assert!(caller.take_challenge(&response(&offered)));
            let text = caller.request(Method::Describe, "rtsp://h/", &[]);
            assert!(text.contains("Authorization: Digest username=\"admin\""), "{text}");
            assert!(!text.contains("secret7"));
        }
        let mut basic_alone = caller();
        assert!(basic_alone.take_challenge(&response(basic)));
        let text = basic_alone.request(Method::Describe, "rtsp://h/", &[]);
        assert!(text.contains("Authorization: Basic YWRtaW46c2VjcmV0Nw=="));
    }

    #[test]
    fn what_cannot_be_answered_is_not_tried() {
        assert!(
            !Caller::new(None).take_challenge(&response("WWW-Authenticate: Basic realm=\"r\"\r\n"))
        );
        assert!(!caller().take_challenge(&response("")));
        assert!(!caller().take_challenge(&response("WWW-Authenticate: Negotiate\r\n")));
    }
}
