//! How a device is found: it answers whoever asks who is there, and says when it
//! comes and goes.
//!
//! ```text
//! client ── Probe ──▶ 239.255.255.250:3702, or straight to us
//!        ◀── ProbeMatches ── to who asked, alone
//! all    ◀── Hello, Bye ──── by multicast, if we listen there
//! ```
//!
//! What an answer says of the device's address is `address`'s.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;

use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;

use super::address::{Addresses, Service};
use super::device::Inner;
use super::namespace as ns;
use super::soap::{Call, envelope};
use super::xml::{Element, element, leaf};
use crate::camera::lock;
use crate::sei::hex;

/// Where everybody listens who can be found.
const GROUP: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(239, 255, 255, 250), 3702);
/// The longest question.
const MAX_PROBE: usize = 8 << 10;
/// Whoever asks nobody in particular.
const ANYONE: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous";
/// To whom Hello and Bye go.
const EVERYONE: &str = "urn:schemas-xmlsoap-org:ws:2005:04:discovery";
/// How scopes are held against one another: by the steps of their paths.
const BY_STEPS: &str = "http://schemas.xmlsoap.org/ws/2005/04/discovery/rfc3986";
/// How scopes are held against one another: letter by letter.
const BY_LETTERS: &str = "http://schemas.xmlsoap.org/ws/2005/04/discovery/strcmp0";

/// Where a device can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discovery {
    /// At this address, by whoever asks it there.
    Unicast(SocketAddr),
    /// By multicast, on the interface that has this address.
    Multicast(Ipv4Addr),
}

/// Which word a message has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    ProbeMatches,
    Hello,
    Bye,
}

/// What a device says of itself.
#[derive(Clone, Debug)]
struct Announced {
    uuid: String,
    scopes: Vec<String>,
    addresses: Vec<String>,
    turned_on: u64,
}

/// Opens the socket that is asked.
pub(crate) async fn open(place: Discovery) -> io::Result<UdpSocket> {
    let interface = match place {
        Discovery::Unicast(addr) => return UdpSocket::bind(addr).await,
        Discovery::Multicast(interface) => interface,
    };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(AddressFamily::INET, SocketType::DGRAM, flags, None)?;
    // Each device of this machine hears what goes to all.
    sockopt::set_socket_reuseaddr(&socket, true)?;
    sockopt::set_ip_multicast_if(&socket, &interface)?;
    rustix::net::bind(&socket, &SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, GROUP.port()))?;
    let socket = UdpSocket::from_std(socket.into())?;
    socket.join_multicast_v4(*GROUP.ip(), interface)?;
    Ok(socket)
}

/// Answers whoever asks, until it is stopped.
pub(crate) async fn serve(
    socket: UdpSocket,
    place: Discovery,
    inner: Arc<Inner>,
    listens: SocketAddr,
    stopping: CancellationToken,
) {
    let to_all = matches!(place, Discovery::Multicast(_));
    if to_all {
        say(&socket, Word::Hello, &inner, place, listens).await;
    }
    let mut received = vec![0; MAX_PROBE];
    loop {
        let came = tokio::select! {
            () = stopping.cancelled() => break,
            came = socket.recv_from(&mut received) => came,
        };
        let Ok((length, from)) = came else { continue };
        let Ok(number) = number() else { continue };
        let announced = announced(&inner, place, listens);
        let Some(text) = matched(&received[..length], &announced, &number) else { continue };
        if let Err(error) = socket.send_to(text.as_bytes(), from).await {
            tracing::debug!(%from, %error, "who asked is gone");
        }
    }
    if to_all {
        say(&socket, Word::Bye, &inner, place, listens).await;
    }
}

async fn say(socket: &UdpSocket, word: Word, inner: &Inner, place: Discovery, listens: SocketAddr) {
    let Ok(number) = number() else { return };
    let text = message(word, &announced(inner, place, listens), &number, None);
    if let Err(error) = socket.send_to(text.as_bytes(), GROUP).await {
        tracing::debug!(%error, "nobody is told that the device comes or goes");
    }
}

/// Returns a number that no other message has.
fn number() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    let text = hex(&bytes);
    let parts = [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]];
    Ok(format!("urn:uuid:{}", parts.join("-")))
}

fn announced(inner: &Inner, place: Discovery, listens: SocketAddr) -> Announced {
    let quirks = lock(&inner.state).quirks;
    let mut local = listens;
    if let (Discovery::Multicast(interface), true) = (place, listens.ip().is_unspecified()) {
        local.set_ip(IpAddr::V4(interface));
    }
    let addresses = Addresses::new(local, &inner.config.personality, quirks);
    let mut all = vec![addresses.service(Service::Device)];
    if quirks.several_xaddrs {
        let (port, path) = (local.port(), addresses.path);
        all.insert(0, format!("http://[fe80::1ff:fe23:4567:890a]:{port}{path}"));
        all.insert(1, format!("http://169.254.17.3:{port}{path}"));
        all.push(format!("https://{}:443{path}", local.ip()));
    }
    Announced {
        uuid: inner.config.uuid.clone(),
        scopes: inner.config.scopes(),
        addresses: all,
        turned_on: inner.turned_on,
    }
}

/// Returns the answer to a question, if there is one.
fn matched(question: &[u8], announced: &Announced, number: &str) -> Option<String> {
    let call = Call::read(question).ok()?;
    let probe = &call.operation;
    if !probe.is(ns::DISCOVERY, "Probe") {
        return None;
    }
    let types = probe.child(ns::DISCOVERY, "Types");
    let scopes = probe.child(ns::DISCOVERY, "Scopes");
    let fits = types.is_none_or(is_one_of_ours)
        && scopes.is_none_or(|wanted| are_among(wanted, &announced.scopes));
    let asked = call.old_addressing("MessageID")?;
    fits.then(|| message(Word::ProbeMatches, announced, number, Some(asked)))
}

/// Returns whether each of the types that are asked for is one that a device has.
fn is_one_of_ours(types: &Element) -> bool {
    types.text().split_whitespace().all(|one| {
        let (prefix, name) = one.split_once(':').unwrap_or(("", one));
        let ours = [(ns::DEVICE, "Device"), (ns::NETWORK, "NetworkVideoTransmitter")];
        ours.iter().any(|(uri, known)| *known == name && types.meaning(prefix) == Some(uri))
    })
}

/// Returns whether each scope that is asked for is the beginning of one of ours.
fn are_among(wanted: &Element, ours: &[String]) -> bool {
    let fits: fn(&str, &str) -> bool = match wanted.attribute("MatchBy").unwrap_or(BY_STEPS) {
        BY_STEPS => |wanted, ours| {
            let wanted = wanted.trim_end_matches('/');
            ours.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        },
        BY_LETTERS => |wanted, ours| wanted == ours,
        _ => return false,
    };
    wanted.text().split_whitespace().all(|one| ours.iter().any(|ours| fits(one, ours)))
}

fn message(word: Word, announced: &Announced, number: &str, asked: Option<&str>) -> String {
    let name = match word {
        Word::ProbeMatches => "ProbeMatches",
        Word::Hello => "Hello",
        Word::Bye => "Bye",
    };
    let mut header = leaf("a:MessageID", number);
    if let Some(asked) = asked {
        header += &leaf("a:RelatesTo", asked);
    }
    header += &leaf("a:To", if word == Word::ProbeMatches { ANYONE } else { EVERYONE });
    header += &leaf("a:Action", format!("{}/{name}", ns::DISCOVERY));
    let instance = announced.turned_on.to_string();
    let sequence = [("InstanceId", instance.as_str()), ("MessageNumber", "1")];
    header += &super::xml::with("d:AppSequence", &sequence, "");
    let identity = leaf("a:Address", format!("urn:uuid:{}", announced.uuid));
    let mut inside = element("a:EndpointReference", &identity);
    if word != Word::Bye {
        inside += &leaf("d:Types", "dn:NetworkVideoTransmitter tds:Device");
        inside += &leaf("d:Scopes", announced.scopes.join(" "));
        inside += &leaf("d:XAddrs", announced.addresses.join(" "));
        inside += &leaf("d:MetadataVersion", 1);
    }
    if word == Word::ProbeMatches {
        inside = element("d:ProbeMatch", &inside);
    }
    envelope(ns::DISCOVERY_PREFIXES, &header, &element(&format!("d:{name}"), &inside))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onvif::xml;

    fn announced() -> Announced {
        Announced {
            uuid: "1-2".to_owned(),
            scopes: vec![
                "onvif://www.onvif.org/name/Khue".to_owned(),
                "onvif://www.onvif.org/location/country/vietnam".to_owned(),
            ],
            addresses: vec!["http://a/x".to_owned(), "http://b/x".to_owned()],
            turned_on: 7,
        }
    }

    fn asked(inside: &str) -> Option<String> {
        let text = format!(
            "<e:Envelope xmlns:e='{}' xmlns:w='{}'><e:Header><w:MessageID>urn:uuid:77\
             </w:MessageID></e:Header><e:Body><Probe xmlns='{}' xmlns:x='{}' xmlns:y='{}'>{inside}\
             </Probe></e:Body></e:Envelope>",
            ns::SOAP,
            ns::OLD_ADDRESSING,
            ns::DISCOVERY,
            ns::NETWORK,
            ns::DEVICE
        );
        matched(text.as_bytes(), &announced(), "urn:uuid:88")
    }

    #[test]
    fn a_device_answers_for_its_types_and_scopes() {
        for inside in [
            "",
            "<Types/>",
            "<Types>x:NetworkVideoTransmitter</Types>",
            "<Types>y:Device x:NetworkVideoTransmitter</Types><Scopes/>",
            "<Scopes>onvif://www.onvif.org</Scopes>",
            "<Scopes>onvif://www.onvif.org/name onvif://www.onvif.org/location/country/</Scopes>",
        ] {
            let text = asked(inside).unwrap_or_else(|| panic!("{inside}"));
            let root = xml::read(text.as_bytes()).unwrap();
            let header = root.child(ns::SOAP, "Header").unwrap();
            assert_eq!(header.text_of(ns::OLD_ADDRESSING, "RelatesTo"), Some("urn:uuid:77"));
            let body = root.child(ns::SOAP, "Body").unwrap();
            let matches = body.child(ns::DISCOVERY, "ProbeMatches").unwrap();
            let one = matches.child(ns::DISCOVERY, "ProbeMatch").unwrap();
            assert_eq!(one.text_of(ns::DISCOVERY, "XAddrs"), Some("http://a/x http://b/x"));
            let types = one.child(ns::DISCOVERY, "Types").unwrap();
            assert_eq!(types.meaning("dn"), Some(ns::NETWORK));
        }
    }

    #[test]
    fn a_device_says_nothing_to_what_it_is_not() {
        let by = format!("<Scopes MatchBy='{BY_LETTERS}'>onvif://www.onvif.org/name</Scopes>");
        for inside in [
            "<Types>x:Device</Types>",
            "<Types>z:NetworkVideoTransmitter</Types>",
            "<Types>NetworkVideoTransmitter</Types>",
            "<Scopes>onvif://www.onvif.org/name/Kh</Scopes>",
            "<Scopes MatchBy='urn:x'>onvif://www.onvif.org/name</Scopes>",
            &by,
        ] {
            assert_eq!(asked(inside), None, "{inside}");
        }
        for garbage in [&b""[..], b"\xff\xfe", b"<a/>", b"<!DOCTYPE a>"] {
            assert_eq!(matched(garbage, &announced(), "1"), None);
        }
    }

    #[test]
    fn who_goes_says_only_who() {
        let bye = message(Word::Bye, &announced(), "urn:uuid:88", None);
        assert!(bye.contains("urn:uuid:1-2") && !bye.contains("XAddrs"), "{bye}");
        let hello = message(Word::Hello, &announced(), "urn:uuid:88", None);
        assert!(hello.contains("http://b/x") && !hello.contains("ProbeMatch"), "{hello}");
    }

    #[test]
    fn numbers_do_not_come_again() {
        let (one, two) = (number().unwrap(), number().unwrap());
        assert_ne!(one, two);
        assert_eq!(one.len(), "urn:uuid:".len() + 36);
    }
}
