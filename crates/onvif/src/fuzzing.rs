//! The way in for the fuzz targets of this room, and for nobody else.
//!
//! What must hold is said in `fuzz/`; here it is only made reachable.

use std::net::{IpAddr, Ipv4Addr};

use url::Url;

use crate::address::Home;
use crate::clock;
use crate::discovery::{self, Said};
use crate::soap::{self, Answered};
use crate::xml::Element;

/// Reads an answer and writes it again, if it is one: what is written is read as the same.
pub fn answer(status: u16, bytes: &[u8]) {
    if let Ok(read) = Element::read(bytes) {
        let mut text = String::new();
        read.write(&mut text);
        let again = Element::read(text.as_bytes());
        // Names of elements and attributes may hold what cannot be written again.
        if let Ok(again) = again {
            assert_eq!(again.children.len(), read.children.len());
        }
    }
    match soap::answer(status, bytes) {
        Err(Answered::Refused(refusal)) => assert!(refusal.kind(status).as_str().len() > 2),
        Err(Answered::Unreadable(why)) => assert!(!why.is_empty()),
        Ok(_) => assert!((200..300).contains(&status)),
    }
}

/// Reads a message of discovery; returns the addresses that devices are asked at.
pub fn said(bytes: &[u8]) -> Vec<Url> {
    let from = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 7));
    match discovery::read(bytes, from) {
        Some(Said::Matches { found, .. }) => found.into_iter().flat_map(|one| one.urls).collect(),
        Some(Said::Hello(found)) => found.urls,
        Some(Said::Bye { .. }) | None => Vec::new(),
    }
}

/// Returns where a service and a stream are asked of which a device says this; the host is
/// always that of `10.0.0.7`.
pub fn addresses(text: &str) -> Vec<Url> {
    let home = Home::new(Url::parse("http://10.0.0.7:8080/onvif/device_service").expect("a URL"));
    home.service(text).into_iter().chain(home.streams(text)).collect()
}

/// Reads a moment as devices write it; one that is read is written and read as the same.
pub fn moment(text: &str) {
    let _ = clock::zone_seconds(text);
    if let Some(moment) = clock::read(text) {
        let whole = clock::read(&clock::written(moment)).expect("what we write, we read");
        assert!(moment.micros_since(whole) < 1_000_000);
    }
}
