//! HTTP/1.1 as a device speaks it: requests out of bytes, responses into bytes.
//!
//! Nothing here has a socket (`connection` has it) or knows SOAP.

use std::fmt::Write;

use bytes::{Buf, BytesMut};

/// The largest request line and headers taken together.
const MAX_HEAD: usize = 16 << 10;
/// The largest body of a request.
const MAX_BODY: usize = 1 << 20;

/// A request of a client.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    /// The method, as sent.
    pub(crate) method: String,
    /// What is asked for, as sent: a path with its query, mostly.
    pub(crate) target: String,
    headers: Vec<(String, String)>,
    /// What came behind the headers.
    pub(crate) body: Vec<u8>,
    /// Whether the client keeps the connection for more.
    pub(crate) keep_alive: bool,
}

/// The answer to a request.
#[derive(Debug)]
pub(crate) struct Response {
    /// The status code.
    pub(crate) status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

/// What came is no HTTP, or more of it than we take.
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
    /// Not the length of a body.
    #[error("a body whose length is not said")]
    Length,
    /// A body that no request has.
    #[error("a request's body is longer than {MAX_BODY} bytes")]
    BodyTooLong,
}

/// Takes the next whole request off the front of `bytes`; `None` where more must come.
pub(crate) fn take(bytes: &mut BytesMut) -> Result<Option<Request>, Malformed> {
    while matches!(bytes.first(), Some(b'\r' | b'\n')) {
        bytes.advance(1);
    }
    let Some(head_length) = end_of_head(bytes) else {
        return if bytes.len() > MAX_HEAD { Err(Malformed::HeadTooLong) } else { Ok(None) };
    };
    if head_length > MAX_HEAD {
        return Err(Malformed::HeadTooLong);
    }
    let mut request = head(&bytes[..head_length])?;
    let rest = &bytes[head_length..];
    let chunked = request.header("transfer-encoding");
    let taken = match (chunked, request.header("content-length")) {
        (Some(coding), None) if coding.eq_ignore_ascii_case("chunked") => match unchunk(rest)? {
            None => return Ok(None),
            Some((body, taken)) => {
                request.body = body;
                taken
            }
        },
        (None, length) => {
            let length = length.unwrap_or("0");
            if length.is_empty() || !length.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(Malformed::Length);
            }
            // What no number can hold is too long.
            let length = length.parse::<usize>().unwrap_or(usize::MAX);
            if length > MAX_BODY {
                return Err(Malformed::BodyTooLong);
            }
            let Some(body) = rest.get(..length) else { return Ok(None) };
            request.body = body.to_vec();
            length
        }
        // Two lengths are how one request hides in another.
        _ => return Err(Malformed::Length),
    };
    bytes.advance(head_length + taken);
    Ok(Some(request))
}

fn head(bytes: &[u8]) -> Result<Request, Malformed> {
    let text = std::str::from_utf8(bytes).map_err(|_| Malformed::Header)?;
    let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (method, target, version) = match (words.next(), words.next(), words.next(), words.next()) {
        (Some(method), Some(target), Some(version @ ("HTTP/1.1" | "HTTP/1.0")), None)
            if !target.is_empty()
                && !target.contains(char::is_control)
                && !method.is_empty()
                && method.bytes().all(|byte| byte.is_ascii_uppercase()) =>
        {
            (method, target, version)
        }
        _ => return Err(Malformed::Line),
    };
    let mut headers = Vec::new();
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').ok_or(Malformed::Header)?;
        headers.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    let (method, target) = (method.to_owned(), target.to_owned());
    let mut request = Request { method, target, headers, ..Request::default() };
    let wish = request.header("connection").unwrap_or_default().to_ascii_lowercase();
    request.keep_alive = match version {
        "HTTP/1.1" => !wish.contains("close"),
        _ => wish.contains("keep-alive"),
    };
    Ok(request)
}

/// Returns the length of the head with its empty line, if that has come.
fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let mut start = 0;
    while let Some(end) = bytes[start..].iter().position(|&byte| byte == b'\n') {
        let line = &bytes[start..start + end];
        start += end + 1;
        if line.is_empty() || line == b"\r" {
            return Some(start);
        }
    }
    None
}

/// Puts chunks together, and returns how many bytes they took, once all have come.
fn unchunk(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>, Malformed> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let Some(end) = bytes[at..].iter().position(|&byte| byte == b'\n') else {
            // A chunk's length is no book.
            return if bytes.len() - at > 256 { Err(Malformed::Length) } else { Ok(None) };
        };
        let line = std::str::from_utf8(&bytes[at..at + end]).map_err(|_| Malformed::Length)?;
        let length = line.split(';').next().unwrap_or_default().trim();
        if length.is_empty() || !length.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Malformed::Length);
        }
        let length = usize::from_str_radix(length, 16).unwrap_or(usize::MAX);
        at += end + 1;
        if length == 0 {
            // What follows the last chunk is passed over up to its empty line.
            return match end_of_head(&bytes[at..]) {
                Some(trailer) => Ok(Some((body, at + trailer))),
                None if bytes.len() - at > MAX_HEAD => Err(Malformed::HeadTooLong),
                None => Ok(None),
            };
        }
        if length > MAX_BODY - body.len() {
            return Err(Malformed::BodyTooLong);
        }
        let Some(chunk) = bytes.get(at..at + length) else { return Ok(None) };
        body.extend_from_slice(chunk);
        at += length;
        match &bytes[at..] {
            [b'\r', b'\n', ..] => at += 2,
            [b'\n', ..] => at += 1,
            [] | [b'\r'] => return Ok(None),
            _ => return Err(Malformed::Length),
        }
    }
}

impl Request {
    /// Returns a header's value; `name` in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Returns the path without what follows a question mark, decoded.
    pub(crate) fn path(&self) -> String {
        percent_decoded(self.target.split(['?', '#']).next().unwrap_or_default())
    }
}

impl Response {
    /// Returns a response without a body.
    pub(crate) fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// Adds a header.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Adds a body.
    pub(crate) fn with_body(mut self, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.with("Content-Type", kind)
    }

    /// Returns the response as bytes; `chunked` ones come in pieces.
    pub(crate) fn bytes(&self, chunked: bool, keep_alive: bool) -> Vec<u8> {
        let mut text = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            // Writing to a string cannot fail.
            let _ = write!(text, "{name}: {value}\r\n");
        }
        if !keep_alive {
            text.push_str("Connection: close\r\n");
        }
        if !chunked {
            let _ = write!(text, "Content-Length: {}\r\n\r\n", self.body.len());
            return [text.as_bytes(), &self.body].concat();
        }
        text.push_str("Transfer-Encoding: chunked\r\n\r\n");
        let mut bytes = text.into_bytes();
        // Pieces end within words, and now and then within a letter.
        for piece in self.body.chunks(97) {
            bytes.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
            bytes.extend_from_slice(piece);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"0\r\n\r\n");
        bytes
    }
}

/// Returns a text as it stands in a path.
pub(crate) fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// Returns what a path means; what is no escape stands for itself.
pub(crate) fn percent_decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((&byte, after)) = rest.split_first() {
        let escape = (byte == b'%').then(|| after.first_chunk::<2>()).flatten();
        let meant = escape.and_then(|two| {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            u8::try_from(digit(two[0])? * 16 + digit(two[1])?).ok()
        });
        bytes.push(meant.unwrap_or(byte));
        rest = if meant.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        _ => "Internal Server Error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Result<Vec<Request>, Malformed> {
        let (mut bytes, mut requests) = (BytesMut::from(bytes), Vec::new());
        while let Some(request) = take(&mut bytes)? {
            requests.push(request);
        }
        Ok(requests)
    }

    #[test]
    fn requests_with_a_length_and_in_chunks_follow_one_another() {
        let bytes = b"POST /a?b=c HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nxyz\
            POST /%20 HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2;e=1\r\nxy\r\n1\r\nz\r\n0\r\nT: 1\r\n\r\n\
            GET / HTTP/1.0\n\n";
        let requests = all(bytes).unwrap();
        assert_eq!(requests.len(), 3);
        assert_eq!((requests[0].path().as_str(), requests[0].target.as_str()), ("/a", "/a?b=c"));
        assert_eq!((&requests[0].body[..], &requests[1].body[..]), (&b"xyz"[..], &b"xyz"[..]));
        assert_eq!(requests[1].path(), "/ ");
        assert_eq!(
            requests.iter().map(|one| one.keep_alive).collect::<Vec<_>>(),
            [true, true, false]
        );
    }

    #[test]
    fn a_request_in_pieces_is_taken_when_its_last_byte_has_come() {
        for whole in [
            &b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"[..],
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        ] {
            for cut in 0..whole.len() {
                let mut bytes = BytesMut::from(&whole[..cut]);
                assert_eq!(take(&mut bytes), Ok(None), "{cut}");
                bytes.clear();
                bytes.extend_from_slice(whole);
                assert_eq!(take(&mut bytes).unwrap().unwrap().body, b"hello");
            }
        }
    }

    #[test]
    fn what_is_too_long_or_no_request_is_refused() {
        let endless = [b"GET / HTTP/1.1\r\n", &b"a: b\r\n".repeat(MAX_HEAD / 6 + 1)[..]].concat();
        assert_eq!(all(&endless), Err(Malformed::HeadTooLong));
        for (rest, error) in [
            ("Content-Length: 1048577\r\n\r\n", Malformed::BodyTooLong),
            ("Content-Length: 99999999999999999999999\r\n\r\n", Malformed::BodyTooLong),
            ("Content-Length: -1\r\n\r\n", Malformed::Length),
            ("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", Malformed::Length),
            ("Transfer-Encoding: gzip\r\n\r\n", Malformed::Length),
            ("Transfer-Encoding: chunked\r\n\r\nx\r\n", Malformed::Length),
            ("Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", Malformed::BodyTooLong),
            ("Transfer-Encoding: chunked\r\n\r\n1\r\nab", Malformed::Length),
            ("nonsense\r\n\r\n", Malformed::Header),
        ] {
            let text = format!("POST / HTTP/1.1\r\n{rest}");
            assert_eq!(all(text.as_bytes()), Err(error), "{rest}");
        }
        for line in ["\0", "GET /", "get / HTTP/1.1", "GET / HTTP/2.0", "GET  HTTP/1.1", "A B C D"]
        {
            let text = format!("{line}\r\n\r\n");
            assert_eq!(all(text.as_bytes()), Err(Malformed::Line), "{line}");
        }
        assert_eq!(all(b"GET / HTTP/1.1\r\n\xff: 1\r\n\r\n"), Err(Malformed::Header));
    }

    #[test]
    fn a_response_comes_whole_or_in_chunks() {
        let response = Response::new(200).with_body("text/plain", "x".repeat(100));
        let text = String::from_utf8(response.bytes(false, true)).unwrap();
        assert!(
            text.ends_with(&format!("Content-Length: 100\r\n\r\n{}", "x".repeat(100))),
            "{text}"
        );
        let text = String::from_utf8(response.bytes(true, false)).unwrap();
        assert!(text.contains("Connection: close\r\n") && text.contains("\r\n61\r\n"), "{text}");
        assert!(text.ends_with("\r\n3\r\nxxx\r\n0\r\n\r\n"), "{text}");
    }

    #[test]
    fn a_path_is_encoded_and_decoded() {
        assert_eq!(percent_encoded("Profile 1/ố"), "Profile%201%2F%E1%BB%91");
        assert_eq!(percent_decoded("Profile%201%2F%E1%BB%91"), "Profile 1/ố");
        assert_eq!(percent_decoded("100%"), "100%");
        assert_eq!(percent_decoded("%zz%f"), "%zz%f");
        assert_eq!(percent_decoded("%ff"), "\u{fffd}");
    }
}
