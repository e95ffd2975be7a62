//! The way in for the fuzz targets of this room, and for nobody else.
//!
//! What must hold is said in `fuzz/`; here it is only made reachable.

use std::ops::Range;

use axum::extract::ws::Message;
use axum::http::{HeaderMap, HeaderValue, Uri, header};

use crate::error::{Kind, Refusal};
use crate::media_socket::message::{About, Event, Op};
use crate::{person, routes, scim};

/// Reads a message of a browser, and returns what it is told if nothing of it
/// can be done: `Err` where it could not even be read.
pub fn hear(text: &str) -> Result<String, String> {
    let refusal = Refusal::new(Kind::Invalid, "no");
    let about = match Op::read(text) {
        Err(refusal) => return Err(words(Event::refused(About::Nothing, &refusal))),
        Ok(Op::Ping { sent }) => return Ok(words(Event::Pong { sent, now_us: 0 }.message())),
        Ok(Op::Live { ref reference, .. } | Op::Past { ref reference, .. }) => {
            return Ok(words(Event::refused(About::Reference(reference), &refusal)));
        }
        Ok(Op::Credit { channel, .. } | Op::Renew { channel, .. } | Op::Stop { channel }) => {
            About::Channel(channel)
        }
    };
    Ok(words(Event::refused(about, &refusal)))
}

/// Reads a `Range` of a file of this size.
pub fn range(range: &str, size: u64) -> Option<Option<Range<u64>>> {
    routes::exports::part(range, size)
}

/// Returns the value of a cookie in the lines of a header.
pub fn cookie(lines: &[&[u8]], name: &str) -> Option<String> {
    let lines = lines.iter().filter_map(|line| HeaderValue::from_bytes(line).ok());
    let headers: HeaderMap = lines.map(|line| (header::COOKIE, line)).collect();
    person::cookie(&headers, name).map(str::to_owned)
}

/// Returns whether a page of this origin may ask this host.
pub fn is_same_origin(origin: &[u8], host: &[u8]) -> bool {
    let pairs = [(header::ORIGIN, origin), (header::HOST, host)];
    let pairs = pairs
        .into_iter()
        .filter_map(|(name, value)| HeaderValue::from_bytes(value).ok().map(|value| (name, value)));
    person::same_origin(&pairs.collect(), &Uri::from_static("/")).is_ok()
}

/// Reads what a directory wants changed, and returns the attribute of each step and
/// the value by which a member is picked; `Err` says the standard's word for why not,
/// or none where it is no PATCH at all.
pub fn scim_steps(patch: &[u8]) -> Result<Vec<(String, Option<String>)>, Option<&'static str>> {
    scim::fuzzed_steps(patch)
}

/// Reads a filter: the attribute in lower case, and the value.
pub fn scim_filter(filter: &str) -> Result<Option<(String, String)>, &'static str> {
    scim::fuzzed_filter(filter)
}

fn words(message: Message) -> String {
    message.into_text().map(|text| text.to_string()).unwrap_or_default()
}
