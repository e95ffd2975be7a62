//! Requests out of bytes, responses into bytes.
//!
//! On an interleaved connection requests stand between a client's RTCP packets,
//! which begin with `$`. `rtsp-types` reads the requests; here are the bounds
//! that it leaves to its caller, and the responses, since one of ours has a
//! header twice (two challenges), which its map of headers cannot hold.

use std::fmt::Write;

use bytes::{Buf, BytesMut};
use rtsp_types::{Message, ParseError, Url, Version};

/// The longest head of a request.
pub const MOST_HEAD: usize = 8 << 10;

/// The longest body of a request; what clients send has a line or two.
pub const MOST_BODY: usize = 8 << 10;

/// What a client sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A request.
    Request(Request),
    /// A packet of RTCP, or an answer: a sign of life.
    Other,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method as it was written.
    pub method: String,
    /// The absolute URI, without credentials; `*` for none.
    pub uri: String,
    /// The number under which it is answered.
    pub cseq: u32,
    headers: Vec<(String, String)>,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

/// Why a client is let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The bytes are no request.
    #[error("this is no RTSP; connect with RTSP 1.0, by TLS where the port is that of rtsps")]
    NotRtsp,
    /// A request is longer than any that has a use.
    #[error("the request is longer than {MOST_HEAD} bytes of head and {MOST_BODY} of body")]
    TooLong,
    /// Nothing that could be answered under.
    #[error("the request has no CSeq that is a number")]
    NoCseq,
    /// Another version.
    #[error("the request is of another version than RTSP/1.0")]
    Version,
}

/// Takes what stands first in `received`, once it is whole.
pub fn take(received: &mut BytesMut) -> Result<Option<Input>, Malformed> {
    while received.starts_with(b"\r\n") {
        received.advance(2);
    }
    match received.first() {
        None => return Ok(None),
        Some(b'\r') if received.len() == 1 => return Ok(None),
        Some(b'$') => return Ok(packet(received)),
        Some(byte) if byte.is_ascii_uppercase() => {}
        Some(_) => return Err(Malformed::NotRtsp),
    }
    let within = &received[..received.len().min(MOST_HEAD)];
    let Some(head) = within.windows(4).position(|four| four == b"\r\n\r\n") else {
        return if received.len() < MOST_HEAD { Ok(None) } else { Err(Malformed::TooLong) };
    };
    let (message, length) = match Message::<Vec<u8>>::parse(&received[..]) {
        Ok(parsed) => parsed,
        Err(ParseError::Incomplete(_)) if received.len() < head + 4 + MOST_BODY => return Ok(None),
        Err(ParseError::Incomplete(_)) => return Err(Malformed::TooLong),
        Err(ParseError::Error) => return Err(Malformed::NotRtsp),
    };
    let input = match message {
        Message::Request(request) => {
            if request.version() != Version::V1_0 {
                return Err(Malformed::Version);
            }
            let headers = request.headers();
            let owned = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            let headers: Vec<_> =
                headers.map(|(name, value)| owned(name.as_str(), value.as_str())).collect();
            let cseq = header(&headers, "cseq").and_then(|cseq| cseq.parse().ok());
            Input::Request(Request {
                method: <&str>::from(request.method()).to_owned(),
                uri: request.request_uri().map_or_else(|| "*".to_owned(), without_credentials),
                cseq: cseq.ok_or(Malformed::NoCseq)?,
                headers,
            })
        }
        Message::Response(_) | Message::Data(_) => Input::Other,
    };
    received.advance(length);
    Ok(Some(input))
}

/// Returns a URI as it may be said again: without what stood before the host.
fn without_credentials(uri: &Url) -> String {
    let mut uri = uri.clone();
    // Where there is no host there are none either.
    let _ = uri.set_username("").and_then(|()| uri.set_password(None));
    uri.into()
}

/// Takes an interleaved packet.
fn packet(received: &mut BytesMut) -> Option<Input> {
    let [_, _, high, low] = *received.first_chunk::<4>()?;
    let length = 4 + usize::from(u16::from_be_bytes([high, low]));
    if received.len() < length {
        return None;
    }
    received.advance(length);
    Some(Input::Other)
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

impl Request {
    /// Returns the value of a header, whose name stands in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// Returns the session that it names, without parameters.
    pub fn session(&self) -> Option<&str> {
        self.header("session").and_then(|value| value.split(';').next()).map(str::trim)
    }
}

impl Response {
    /// Returns a response without headers.
    pub fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: String::new() }
    }

    /// Returns the response with one more header. The value is ours, or holds
    /// nothing of a request but its URI, in which no line can end.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Returns the response with a body.
    pub fn with_body(mut self, kind: &'static str, body: String) -> Self {
        self.body = body;
        self.with("Content-Type", kind)
    }

    /// Returns the value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
    }

    /// Returns the body.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Appends the bytes that answer the request of this number.
    pub fn put(&self, out: &mut BytesMut, cseq: Option<u32>) {
        let mut text = format!("RTSP/1.0 {} {}\r\n", self.status, reason(self.status));
        // Writing to a string cannot fail.
        if let Some(cseq) = cseq {
            let _ = write!(text, "CSeq: {cseq}\r\n");
        }
        let _ = write!(text, "Server: Khue\r\n");
        for (name, value) in &self.headers {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        if !self.body.is_empty() {
            let _ = write!(text, "Content-Length: {}\r\n", self.body.len());
        }
        let _ = write!(text, "\r\n{}", self.body);
        out.extend_from_slice(text.as_bytes());
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        454 => "Session Not Found",
        455 => "Method Not Valid in This State",
        461 => "Unsupported Transport",
        503 => "Service Unavailable",
        505 => "RTSP Version Not Supported",
        _ => "Not Implemented",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESCRIBE: &[u8] = b"DESCRIBE rtsp://h:554/cameras/1/main RTSP/1.0\r\nCSeq: 2\r\n\
        Accept: application/sdp\r\n\r\n";

    fn take_all(bytes: &[u8]) -> Result<Vec<Input>, Malformed> {
        let mut bytes = BytesMut::from(bytes);
        std::iter::from_fn(|| take(&mut bytes).transpose()).collect()
    }

    #[test]
    fn requests_and_packets_stand_in_one_stream_of_bytes() {
        let mut stream = DESCRIBE.to_vec();
        stream.extend(b"$\x01\x00\x03abc\r\n");
        stream.extend(b"GET_PARAMETER * RTSP/1.0\r\ncseq: 3\r\nContent-Length: 2\r\n\r\nxy");
        stream.extend(b"OPTIONS * RTSP/1.0\r\nCSeq: 4\r\nSession: ab;timeout=60\r\n\r\n");
        let inputs = take_all(&stream).unwrap();
        let [Input::Request(describe), Input::Other, Input::Request(get), Input::Request(options)] =
            &inputs[..]
        else {
            panic!("{inputs:?}");
        };
        assert_eq!((describe.method.as_str(), describe.cseq), ("DESCRIBE", 2));
        assert_eq!(describe.uri, "rtsp://h:554/cameras/1/main");
        assert_eq!(describe.header("accept"), Some("application/sdp"));
        assert_eq!((get.method.as_str(), get.uri.as_str(), get.cseq), ("GET_PARAMETER", "*", 3));
        assert_eq!(options.session(), Some("ab"));
        let with = b"OPTIONS rtsp://u:p@h/a RTSP/1.0\r\nCSeq: 4\r\n\r\n";
        let [Input::Request(request)] = &take_all(with).unwrap()[..] else { panic!() };
        assert_eq!(request.uri, "rtsp://h/a", "a password is not said again");
    }

    #[test]
    fn what_comes_byte_by_byte_is_taken_when_it_is_whole() {
        for length in 0..DESCRIBE.len() {
            assert_eq!(take_all(&DESCRIBE[..length]), Ok(vec![]), "{length}");
        }
        assert_eq!(take_all(DESCRIBE).unwrap().len(), 1);
        assert_eq!(take_all(b"$\x00\x00\x02a"), Ok(vec![]));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for (bytes, why) in [
            (&b"\x16\x03\x01\x00\x00"[..], Malformed::NotRtsp),
            (b"GET / HTTP/1.1\r\n\r\n", Malformed::NotRtsp),
            (b"\nPLAY", Malformed::NotRtsp),
            (b"PLAY * RTSP/1.0\r\n\r\n", Malformed::NoCseq),
            (b"PLAY * RTSP/1.0\r\nCSeq: x\r\n\r\n", Malformed::NoCseq),
            (b"PLAY * RTSP/1.0\r\nCSeq: 99999999999\r\n\r\n", Malformed::NoCseq),
            (b"PLAY * RTSP/2.0\r\nCSeq: 1\r\n\r\n", Malformed::Version),
            (b"PLAY * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: -1\r\n\r\n", Malformed::NotRtsp),
            (b"PLAY * RTSP/1.0\r\nno header\r\n\r\n", Malformed::NotRtsp),
            (b"PLAY rtsp://h/\xff RTSP/1.0\r\nCSeq: 1\r\n\r\n", Malformed::NotRtsp),
        ] {
            assert_eq!(take_all(bytes), Err(why), "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn a_request_without_end_is_refused_within_its_bounds() {
        let mut head = b"PLAY * RTSP/1.0\r\nCSeq: 1\r\n".to_vec();
        head.extend(b"a: b\r\n".repeat(MOST_HEAD / 6));
        assert_eq!(take_all(&head), Err(Malformed::TooLong));
        let mut body = b"PLAY * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 4000000000\r\n\r\n".to_vec();
        assert_eq!(take_all(&body), Ok(vec![]));
        body.extend(vec![b'x'; MOST_BODY]);
        assert_eq!(take_all(&body), Err(Malformed::TooLong));
    }

    #[test]
    fn a_response_says_its_headers_in_order_and_the_length_of_its_body() {
        let response = Response::new(200)
            .with("WWW-Authenticate", "a")
            .with("WWW-Authenticate", "b")
            .with_body("text/parameters", "xyz".to_owned());
        let mut out = BytesMut::new();
        response.put(&mut out, Some(7));
        assert_eq!(
            &out[..],
            b"RTSP/1.0 200 OK\r\nCSeq: 7\r\nServer: Khue\r\nWWW-Authenticate: a\r\n\
              WWW-Authenticate: b\r\nContent-Type: text/parameters\r\nContent-Length: 3\r\n\r\nxyz"
        );
    }
}
