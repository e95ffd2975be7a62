//! What a camera sends on its RTSP connection, cut out of the bytes as they come.
//!
//! ```text
//! $ ch len16 …               a packet of RTP or RTCP (RFC 2326 §10.12)
//! RTSP/1.0 200 OK …          a response, perhaps with a body
//! OPTIONS rtsp://… RTSP/1.0  a request: some cameras look whether we are there
//! ```
//!
//! Cameras write loosely: lines that end in LF alone, spaces where none belong,
//! headers without a value or without a name, no reason behind a status. What can be
//! understood is; nothing of it is worth a camera that is not recorded. Every length
//! is bounded.

use std::ops::Range;

/// The longest head of a message.
const MOST_HEAD: usize = 16 << 10;
/// The longest body; descriptions of the most talkative cameras have 5 kB.
const MOST_BODY: usize = 256 << 10;

/// A message, by where it stands in the bytes that it was cut out of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// A packet.
    Packet {
        /// On which channel.
        channel: u8,
        /// Where its bytes stand.
        data: Range<usize>,
    },
    /// An answer to a request of ours.
    Response(Response),
    /// A request of the camera's own.
    Request {
        /// `OPTIONS`, mostly.
        method: String,
        /// The number under which it wants to be answered.
        cseq: String,
    },
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// Why nothing can be made of what a camera sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    /// It is something else.
    #[error("what came is neither a message of RTSP nor a packet")]
    NotRtsp,
    /// It begins as RTSP does.
    #[error("a message of RTSP {0}")]
    Message(&'static str),
}

impl Response {
    /// Returns the first value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Returns all values of a header.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let of_name = move |(known, _): &&(String, String)| known.eq_ignore_ascii_case(name);
        self.headers.iter().filter(of_name).map(|(_, value)| value.as_str())
    }
}

/// Returns what stands first in `bytes` and how many of them it takes, once it is whole.
pub(crate) fn take(bytes: &[u8]) -> Result<Option<(Message, usize)>, Malformed> {
    if let [b'$', channel, high, low, rest @ ..] = bytes {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if rest.len() < length {
            return Ok(None);
        }
        return Ok(Some((Message::Packet { channel: *channel, data: 4..4 + length }, 4 + length)));
    }
    // Some send an empty line behind a body.
    let begin = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let text = &bytes[begin..];
    match text.first() {
        None => return Ok(None),
        // A packet that has not all of its head.
        Some(b'$') if begin == 0 => return Ok(None),
        Some(b'$') => {
            return Ok(take(text)?.map(|(message, length)| (moved(message, begin), begin + length)));
        }
        Some(byte) if byte.is_ascii_uppercase() => {}
        Some(_) => return Err(Malformed::NotRtsp),
    }
    let within = &text[..text.len().min(MOST_HEAD)];
    // What is something else shows by its first line, whatever comes behind it.
    let first_line = within.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let is_begun = first_line.len() < within.len();
    if is_begun && !is_rtsp(first_line) {
        return Err(Malformed::NotRtsp);
    }
    let Some(head) = head_length(within) else {
        return match within.len() {
            MOST_HEAD if is_begun => Err(Malformed::Message("is longer than any")),
            MOST_HEAD => Err(Malformed::NotRtsp),
            _ => Ok(None),
        };
    };
    let lines = String::from_utf8_lossy(&within[..head]);
    let mut lines = lines.lines();
    let first = lines.next().unwrap_or_default();
    let headers: Vec<_> = lines.filter_map(header).collect();
    let value = |name: &str| {
        let of_name = headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        of_name.map(|(_, value)| value.as_str())
    };
    let length = match value("Content-Length").map(str::parse::<usize>) {
        None => 0,
        Some(Ok(length)) if length <= MOST_BODY => length,
        Some(Ok(_)) => return Err(Malformed::Message("has a body longer than any")),
        Some(Err(_)) => return Err(Malformed::Message("has a body of no length")),
    };
    let Some(body) = text[head..].get(..length) else { return Ok(None) };
    let mut words = first.split_ascii_whitespace();
    let message = match (words.next(), words.next(), words.next()) {
        (Some(version), Some(status), _) if version.starts_with("RTSP/") => {
            let status = status.parse().map_err(|_| Malformed::Message("has no status"))?;
            Message::Response(Response { status, body: body.to_vec(), headers })
        }
        (Some(method), Some(_), Some(version)) if version.starts_with("RTSP/") => {
            let (method, cseq) = (method.to_owned(), value("CSeq").unwrap_or("0").to_owned());
            Message::Request { method, cseq }
        }
        _ => return Err(Malformed::NotRtsp),
    };
    Ok(Some((message, begin + head + length)))
}

/// Returns how long a head is with the empty line that ends it.
fn head_length(text: &[u8]) -> Option<usize> {
    let mut begin = 0;
    for (at, _) in text.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
        let line = &text[begin..at];
        if line.is_empty() || line == b"\r" {
            return Some(at + 1);
        }
        begin = at + 1;
    }
    None
}

/// Returns whether a line is the first of a message: `RTSP/1.0 200 OK`, `OPTIONS * RTSP/1.0`.
fn is_rtsp(line: &[u8]) -> bool {
    let words = line.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty());
    let mut named = words.enumerate().filter(|(_, word)| word.starts_with(b"RTSP/"));
    named.any(|(at, _)| at == 0 || at == 2)
}

/// Reads a line of a head; one that names nothing is passed over.
fn header(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    let name = name.trim();
    // Some of it is said back to the camera (its session, its numbers), and a lone CR would
    // be a line of its own there. A tab is white space (RFC 2326 §15.1), and parts words.
    let is_kept = |sign: &char| !sign.is_control() || *sign == '\t';
    let value: String = value.trim().chars().filter(is_kept).collect();
    (!name.is_empty()).then(|| (name.to_owned(), value))
}

fn moved(message: Message, by: usize) -> Message {
    match message {
        Message::Packet { channel, data } => {
            Message::Packet { channel, data: data.start + by..data.end + by }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(bytes: &[u8]) -> (Response, usize) {
        match take(bytes) {
            Ok(Some((Message::Response(response), length))) => (response, length),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn messages_and_packets_stand_behind_one_another() {
        let bytes =
            b"RTSP/1.0 200 OK\r\nCSeq: 3\r\nContent-Length: 4\r\n\r\nbody$\x02\0\x03abc\r\n\
                      OPTIONS * RTSP/1.0\r\nCSeq: 9\r\n\r\n";
        let (first, length) = response(bytes);
        assert_eq!(
            (first.status, first.header("cseq"), &first.body[..]),
            (200, Some("3"), &b"body"[..])
        );
        let rest = &bytes[length..];
        let (packet, length) = take(rest).unwrap().unwrap();
        assert_eq!(packet, Message::Packet { channel: 2, data: 4..7 });
        let (request, _) = take(&rest[length..]).unwrap().unwrap();
        let (method, cseq) = ("OPTIONS".to_owned(), "9".to_owned());
        assert_eq!(request, Message::Request { method, cseq });
    }

    #[test]
    fn what_is_not_whole_waits() {
        let whole = b"RTSP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab";
        for end in 0..whole.len() {
            assert_eq!(take(&whole[..end]), Ok(None), "{end}");
        }
        assert!(take(whole).unwrap().is_some());
        for end in 0..6 {
            assert_eq!(take(&b"$\0\0\x02ab"[..end]), Ok(None));
        }
    }

    #[test]
    fn loose_writing_is_understood() {
        for text in [
            "RTSP/1.0 200\r\nSession: 7\r\n\r\n",
            "RTSP/1.0 200 OK\nSession: 7\n\n",
            "\r\nRTSP/1.0  200  OK\r\n \r\nSession :  7 \r\n\r\n",
            "RTSP/1.0 200 OK\r\nServer:\r\nMon, 30 Nov\r\nsession:7\r\n\r\n",
        ] {
            let (read, length) = response(text.as_bytes());
            assert_eq!((read.status, read.header("Session"), length), (200, Some("7"), text.len()));
        }
        let (packet, length) = take(b"\r\n$\x01\0\x01x").unwrap().unwrap();
        assert_eq!((packet, length), (Message::Packet { channel: 1, data: 6..7 }, 7));
    }

    #[test]
    fn no_header_holds_the_end_of_a_line() {
        let (read, _) =
            response(b"RTSP/1.0 200 OK\r\nSession: 5E\rPLAY *\x0b\x00 RTSP/1.0\r\n\r\n");
        assert_eq!(read.header("Session"), Some("5EPLAY * RTSP/1.0"));
        // A tab parts words as a space does.
        let (read, _) =
            response(b"RTSP/1.0 401 No\r\nWWW-Authenticate:\tDigest\trealm=\"x\"\r\n\r\n");
        assert_eq!(read.header("WWW-Authenticate"), Some("Digest\trealm=\"x\""));
    }

    #[test]
    fn what_is_something_else_is_told_from_what_is_badly_said() {
        for text in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"\x16\x03\x01", b"SSH-2.0-x\r\n"] {
            assert_eq!(take(text), Err(Malformed::NotRtsp));
        }
        assert_eq!(take(&[b'A'; MOST_HEAD]), Err(Malformed::NotRtsp));
        let endless = [&b"RTSP/1.0 200 OK\r\n"[..], &[b'A'; MOST_HEAD]].concat();
        assert!(matches!(take(&endless), Err(Malformed::Message(_))));
        for length in ["-1", "9999999", "99999999999999999999"] {
            let text = format!("RTSP/1.0 200 OK\r\nContent-Length: {length}\r\n\r\n");
            assert!(matches!(take(text.as_bytes()), Err(Malformed::Message(_))));
        }
    }
}
