//! Requests out of bytes, responses into bytes.
//!
//! On an interleaved connection a client's requests stand between its RTCP
//! packets (RFC 2326 §10.12):
//!
//! ```text
//! OPTIONS … CRLF CRLF   $ channel length16 packet   GET_PARAMETER … CRLF CRLF
//! ```
//!
//! Requests of HTTP/1.1 look the same but for their first line; those that switch
//! faults are read here as well.

use std::fmt::Write;

use bytes::{Buf, Bytes, BytesMut};

/// The largest request line and headers taken together.
const MAX_HEAD: usize = 16 * 1024;
/// The largest body of a request.
const MAX_BODY: usize = 64 * 1024;

/// One thing a client sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// A request.
    Request(Request),
    /// A packet of RTP or RTCP.
    Packet {
        /// The interleaved channel it came on.
        channel: u8,
        /// The packet.
        data: Bytes,
    },
}

/// A request of a client.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    /// The method, as sent.
    pub(crate) method: String,
    /// The URI, as sent.
    pub(crate) uri: String,
    headers: Vec<(String, String)>,
    /// What came behind the headers, if its length was said.
    pub(crate) body: Bytes,
}

/// The answer to a request.
#[derive(Debug)]
pub(crate) struct Response {
    /// The status code.
    pub(crate) status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

/// What came is no RTSP, or more of it than we take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    /// Not a request line.
    #[error("no request line")]
    Line,
    /// Not a header.
    #[error("no header")]
    Header,
    /// Headers without end.
    #[error("a request's headers are longer than {MAX_HEAD} bytes")]
    HeadTooLong,
    /// A body that no request of a client has.
    #[error("a request's body is longer than {MAX_BODY} bytes")]
    BodyTooLong,
}

/// Takes the next whole thing off the front of `bytes`; `None` where more must come.
pub(crate) fn take(bytes: &mut BytesMut) -> Result<Option<Input>, Malformed> {
    // Empty lines before a request are allowed (RFC 2326 §4.1).
    while matches!(bytes.first(), Some(b'\r' | b'\n')) {
        bytes.advance(1);
    }
    match bytes.first() {
        None => Ok(None),
        Some(b'$') => Ok(take_packet(bytes)),
        Some(_) => Ok(take_request(bytes, "RTSP/1.0")?.map(Input::Request)),
    }
}

/// Takes the next whole request of HTTP off the front of `bytes`; `None` where more
/// must come.
pub(crate) fn take_http(bytes: &mut BytesMut) -> Result<Option<Request>, Malformed> {
    take_request(bytes, "HTTP/1.1")
}

fn take_packet(bytes: &mut BytesMut) -> Option<Input> {
    let &[_, channel, high, low] = bytes.first_chunk::<4>()?;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if bytes.len() < 4 + length {
        return None;
    }
    bytes.advance(4);
    Some(Input::Packet { channel, data: bytes.split_to(length).freeze() })
}

fn take_request(bytes: &mut BytesMut, protocol: &str) -> Result<Option<Request>, Malformed> {
    let Some(head_length) = end_of_head(bytes) else {
        // Garbage is told apart by its first line, not only after MAX_HEAD of it.
        if let Some(end) = bytes.iter().position(|&byte| byte == b'\n') {
            request_line(without_cr(&bytes[..end]), protocol)?;
        }
        return if bytes.len() > MAX_HEAD { Err(Malformed::HeadTooLong) } else { Ok(None) };
    };
    if head_length > MAX_HEAD {
        return Err(Malformed::HeadTooLong);
    }
    let mut lines = bytes[..head_length].split(|&byte| byte == b'\n').map(without_cr);
    let (method, uri) = request_line(lines.next().unwrap_or_default(), protocol)?;
    let mut headers = Vec::new();
    for line in lines.take_while(|line| !line.is_empty()) {
        let line = std::str::from_utf8(line).map_err(|_| Malformed::Header)?;
        // Answers repeat some of them; a stray carriage return would end a line there.
        if line.chars().any(|letter| letter.is_control() && letter != '\t') {
            return Err(Malformed::Header);
        }
        let (name, value) = line.split_once(':').ok_or(Malformed::Header)?;
        headers.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    let mut request = Request { method, uri, headers, body: Bytes::new() };
    let body_length = match request.header("content-length") {
        Some(length) => length.parse::<usize>().map_err(|_| Malformed::Header)?,
        None => 0,
    };
    if body_length > MAX_BODY {
        return Err(Malformed::BodyTooLong);
    }
    if bytes.len() < head_length + body_length {
        return Ok(None);
    }
    bytes.advance(head_length);
    request.body = bytes.split_to(body_length).freeze();
    Ok(Some(request))
}

/// Returns the length of the head with its empty line, if that has come.
fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let mut start = 0;
    while let Some(end) = bytes[start..].iter().position(|&byte| byte == b'\n') {
        let line = without_cr(&bytes[start..start + end]);
        start += end + 1;
        if line.is_empty() {
            return Some(start);
        }
    }
    None
}

fn request_line(line: &[u8], protocol: &str) -> Result<(String, String), Malformed> {
    let line = std::str::from_utf8(line).map_err(|_| Malformed::Line)?;
    let mut words = line.split(' ');
    match (words.next(), words.next(), words.next(), words.next()) {
        (Some(method), Some(uri), Some(spoken), None)
            if spoken == protocol
                && !uri.is_empty()
                && !uri.contains(char::is_control)
                && !method.is_empty()
                && method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_') =>
        {
            Ok((method.to_owned(), uri.to_owned()))
        }
        _ => Err(Malformed::Line),
    }
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

impl Request {
    /// Returns a header's value; `name` in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Returns the path of the URI without slashes at its ends: `cam1/main`.
    pub(crate) fn path(&self) -> &str {
        let after_authority = match self.uri.split_once("://") {
            Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
            None => &self.uri,
        };
        let path = after_authority.split(['?', '#']).next().unwrap_or_default();
        path.trim_matches('/')
    }
}

impl Response {
    /// Returns a response without headers.
    pub(crate) fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: String::new() }
    }

    /// Returns the response with one more header.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Returns the response with a body.
    pub(crate) fn with_body(mut self, kind: &'static str, body: String) -> Self {
        self.headers.push(("Content-Type", kind.to_owned()));
        self.body = body;
        self
    }

    /// Returns the bytes to send as the answer to the request numbered `cseq`.
    pub(crate) fn bytes(&self, cseq: Option<&str>) -> Vec<u8> {
        self.bytes_of("RTSP/1.0", cseq)
    }

    /// Returns the bytes to send as the answer to a request of HTTP.
    pub(crate) fn http_bytes(&self) -> Vec<u8> {
        self.bytes_of("HTTP/1.1", None)
    }

    fn bytes_of(&self, protocol: &str, cseq: Option<&str>) -> Vec<u8> {
        let mut text = format!("{protocol} {} {}\r\n", self.status, reason(self.status));
        // Writing to a string cannot fail.
        if let Some(cseq) = cseq {
            let _ = write!(text, "CSeq: {cseq}\r\n");
        }
        let _ = write!(text, "Server: simcam\r\n");
        for (name, value) in &self.headers {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        if !self.body.is_empty() {
            let _ = write!(text, "Content-Length: {}\r\n", self.body.len());
        }
        let _ = write!(text, "\r\n{}", self.body);
        text.into_bytes()
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        454 => "Session Not Found",
        455 => "Method Not Valid in This State",
        461 => "Unsupported Transport",
        551 => "Option not supported",
        _ => "Not Implemented",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESCRIBE: &[u8] = b"DESCRIBE rtsp://h:554/cam1/main RTSP/1.0\r\nCSeq: 2\r\n\
        Accept: application/sdp\r\n\r\n";

    fn take_all(bytes: &[u8]) -> Result<Vec<Input>, Malformed> {
        let mut bytes = BytesMut::from(bytes);
        let mut inputs = Vec::new();
        while let Some(input) = take(&mut bytes)? {
            inputs.push(input);
        }
        Ok(inputs)
    }

    #[test]
    fn requests_and_packets_stand_in_one_stream_of_bytes() {
        let mut stream = DESCRIBE.to_vec();
        stream.extend(b"$\x01\x00\x03abc\r\n");
        stream.extend(b"GET_PARAMETER * RTSP/1.0\nContent-Length: 2\n\nxyOPTIONS * RTSP/1.0\n\n");
        let inputs = take_all(&stream).unwrap();
        let [Input::Request(describe), packet, Input::Request(get), Input::Request(options)] =
            &inputs[..]
        else {
            panic!("{inputs:?}");
        };
        assert_eq!((describe.method.as_str(), describe.path()), ("DESCRIBE", "cam1/main"));
        assert_eq!(describe.header("cseq"), Some("2"));
        assert_eq!(*packet, Input::Packet { channel: 1, data: Bytes::from_static(b"abc") });
        assert_eq!((get.method.as_str(), get.uri.as_str()), ("GET_PARAMETER", "*"));
        assert_eq!(options.method, "OPTIONS");
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
    fn a_path_is_what_stands_between_authority_and_query() {
        let path = |uri: &str| {
            let request = Request { uri: uri.to_owned(), ..Request::default() };
            request.path().to_owned()
        };
        assert_eq!(path("rtsp://u:p@h/cam1/main/?a=/b"), "cam1/main");
        assert_eq!(path("/cam1/sub/trackID=0"), "cam1/sub/trackID=0");
        assert_eq!(path("rtsp://h"), "");
        assert_eq!(path("*"), "*");
    }

    #[test]
    fn garbage_is_refused_at_its_first_line() {
        assert_eq!(take_all(b"\x16\x03\x01\x00\x00\n"), Err(Malformed::Line));
        assert_eq!(take_all(b"GET / HTTP/1.1\r\n"), Err(Malformed::Line));
        assert_eq!(take_all(b"PLAY  RTSP/1.0\r\n\r\n"), Err(Malformed::Line));
        assert_eq!(take_all(b"PLAY * RTSP/1.0\r\nno header\r\n\r\n"), Err(Malformed::Header));
        assert_eq!(
            take_all(b"PLAY * RTSP/1.0\r\nContent-Length: -1\r\n\r\n"),
            Err(Malformed::Header)
        );
        assert_eq!(
            take_all(b"PLAY * RTSP/1.0\r\nContent-Length: 70000\r\n\r\n"),
            Err(Malformed::BodyTooLong)
        );
    }

    #[test]
    fn a_stray_control_character_is_refused_however_the_bytes_come() {
        let double = b"PLAY * RTSP/1.0\r\r\nCSeq: 1\r\n\r\n";
        for length in 18..=double.len() {
            assert_eq!(take_all(&double[..length]), Err(Malformed::Line), "{length}");
        }
        assert_eq!(take_all(b"PLAY a\rb RTSP/1.0\r\n\r\n"), Err(Malformed::Line));
        for value in ["1\rX: 2", "1\0", "\u{1b}[2J", "\u{85}"] {
            let request = format!("PLAY * RTSP/1.0\r\nCSeq: 7{value}7\r\n\r\n");
            assert_eq!(take_all(request.as_bytes()), Err(Malformed::Header), "{value:?}");
        }
        let tab = take_all(b"PLAY * RTSP/1.0\r\nSession:\ta\tb\r\n\r\n").unwrap();
        let [Input::Request(request)] = &tab[..] else { panic!("{tab:?}") };
        assert_eq!(request.header("session"), Some("a\tb"));
    }

    #[test]
    fn headers_without_end_are_refused() {
        let mut endless = b"PLAY * RTSP/1.0\r\n".to_vec();
        endless.extend(b"a: b\r\n".repeat(MAX_HEAD / 6 + 1));
        assert_eq!(take_all(&endless), Err(Malformed::HeadTooLong));
        endless.extend(b"\r\n");
        assert_eq!(take_all(&endless), Err(Malformed::HeadTooLong));
        assert_eq!(take_all(&vec![b'A'; MAX_HEAD + 1]), Err(Malformed::HeadTooLong));
    }

    #[test]
    fn a_response_says_the_length_of_its_body() {
        let response = Response::new(200).with_body("text/parameters", "xyz".to_owned());
        let text = String::from_utf8(response.bytes(Some("7"))).unwrap();
        assert_eq!(
            text,
            "RTSP/1.0 200 OK\r\nCSeq: 7\r\nServer: simcam\r\n\
             Content-Type: text/parameters\r\nContent-Length: 3\r\n\r\nxyz"
        );
    }
}
