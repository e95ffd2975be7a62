//! Finding devices: what is asked of a network, and what they answer (WS-Discovery, 2005).
//!
//! ```text
//! Probe ──UDP 239.255.255.250:3702 or one address──▶ devices
//!       ◀──── ProbeMatches, to who asked ──────────── each, often more than once
//! Hello, Bye ◀── all who listen ───────────────────── a device that comes or goes
//! ```
//!
//! Belongs here: messages, as pure values. Sending and waiting is `search`'s. What is said
//! here is a hint and proves nothing: anybody in the network may say it.

use std::net::IpAddr;

use url::Url;
use uuid::Uuid;

use crate::fault::short;
use crate::xml::{Element, escaped};

/// The most bytes of a message that is read.
pub(crate) const LARGEST: usize = 64 << 10;

/// The most addresses and scopes of one device: more is no device.
const MOST: usize = 64;

/// The most bytes of a name that lasts, and of an address.
const LONGEST: [usize; 2] = [256, 512];

/// A device as it tells of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it calls itself for ever: mostly `urn:uuid:…`.
    pub endpoint: String,
    /// Where its own service may be asked, the likeliest first.
    pub urls: Vec<Url>,
    /// Its name for people, if it says one.
    pub name: Option<String>,
    /// Its model, if it says one.
    pub hardware: Option<String>,
    /// Where it says that it hangs.
    pub location: Option<String>,
    /// The profiles that it claims: `Streaming`, `T`, `G`, `M`.
    pub profiles: Vec<String>,
    /// The address that the message came from.
    pub from: IpAddr,
}

/// What somebody in the network says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Devices that answer a probe; `None` where it is not known to which.
    Matches {
        /// The message that is answered.
        relates_to: Option<String>,
        /// Those who match.
        found: Vec<Found>,
    },
    /// A device has come.
    Hello(Found),
    /// A device says that it goes.
    Bye {
        /// What it calls itself.
        endpoint: String,
    },
}

/// Of which kind the devices are that are to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Types {
    Device,
    Transmitter,
    /// All: some answer to no kind that they are of.
    Any,
}

impl Types {
    pub(crate) const ALL: [Self; 3] = [Self::Device, Self::Transmitter, Self::Any];
}

/// Returns a probe and the name of the message.
pub(crate) fn probe(types: Types) -> (String, String) {
    let id = format!("urn:uuid:{}", Uuid::new_v4());
    let types = match types {
        Types::Device => "<d:Types>tds:Device</d:Types>",
        Types::Transmitter => "<d:Types>dn:NetworkVideoTransmitter</d:Types>",
        Types::Any => "",
    };
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
         xmlns:a=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\" \
         xmlns:d=\"http://schemas.xmlsoap.org/ws/2005/04/discovery\" \
         xmlns:tds=\"http://www.onvif.org/ver10/device/wsdl\" \
         xmlns:dn=\"http://www.onvif.org/ver10/network/wsdl\">\
         <s:Header><a:MessageID>{}</a:MessageID>\
         <a:To s:mustUnderstand=\"1\">urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>\
         <a:Action s:mustUnderstand=\"1\">http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action>\
         </s:Header><s:Body><d:Probe>{types}</d:Probe></s:Body></s:Envelope>",
        escaped(&id)
    );
    (text, id)
}

/// Reads what came from an address; nothing where it is no message of discovery.
pub(crate) fn read(bytes: &[u8], from: IpAddr) -> Option<Said> {
    let envelope = Element::read(bytes.get(..bytes.len().min(LARGEST))?).ok()?;
    let body = envelope.child("Body")?;
    if let Some(matches) = body.child("ProbeMatches") {
        let relates_to = envelope.text_at(&["Header", "RelatesTo"]).map(str::to_owned);
        let found = matches.all("ProbeMatch").filter_map(|one| device(one, from)).take(MOST);
        return Some(Said::Matches { relates_to, found: found.collect() });
    }
    if let Some(hello) = body.child("Hello") {
        return device(hello, from).map(Said::Hello);
    }
    let endpoint = body.text_at(&["Bye", "EndpointReference", "Address"])?.to_owned();
    Some(Said::Bye { endpoint })
}

fn device(element: &Element, from: IpAddr) -> Option<Found> {
    let endpoint = element.text_at(&["EndpointReference", "Address"])?.to_owned();
    if endpoint.len() > LONGEST[0] {
        return None;
    }
    let addresses = element.text_at(&["XAddrs"]).unwrap_or_default();
    let mut urls: Vec<Url> = Vec::new();
    for said in addresses.split_whitespace().take(MOST) {
        let Some(url) = reachable(said, from) else { continue };
        if !urls.contains(&url) {
            urls.push(url);
        }
    }
    // Sealed after unsealed, since few seal well; the sender's own address first of all.
    urls.sort_by_key(|url| (host_ip(url) != Some(from), url.scheme() == "https"));
    // None of them may be its own: anybody may answer, and name a host that is not theirs.
    if let Some(first) = urls.first().filter(|url| host_ip(url) != Some(from)) {
        let mut own = first.clone();
        if own.set_ip_host(from).is_ok() {
            urls.insert(0, own);
        }
    }
    let scopes = element.text_at(&["Scopes"]).unwrap_or_default();
    let scopes: Vec<_> = scopes.split_whitespace().take(MOST).map(decoded).collect();
    let said = |kind: &str| {
        let marks = [format!("/{kind}/"), format!("/{}/", kind.to_ascii_lowercase())];
        let mut found = scopes.iter().filter_map(|scope| {
            marks.iter().find_map(|mark| scope.split_once(mark.as_str())).map(|(_, said)| said)
        });
        found.next().filter(|said| !said.is_empty()).map(short)
    };
    let profiles = scopes.iter().filter_map(|scope| scope.split_once("/Profile/"));
    Some(Found {
        endpoint,
        urls,
        name: said("name"),
        hardware: said("hardware"),
        location: said("location"),
        profiles: profiles.map(|(_, profile)| short(profile)).collect(),
        from,
    })
}

/// Returns where a device may be asked that names itself `said`: what is an address of
/// nowhere (0.0.0.0, loopback, link-local) is taken for the sender's.
fn reachable(said: &str, from: IpAddr) -> Option<Url> {
    let mut url = Url::parse(said).ok()?;
    if !matches!(url.scheme(), "http" | "https") || said.len() > LONGEST[1] {
        return None;
    }
    let is_nowhere = match host_ip(&url) {
        Some(IpAddr::V4(ip)) => ip.is_unspecified() || ip.is_loopback() || ip.is_link_local(),
        Some(IpAddr::V6(ip)) => {
            ip.is_unspecified() || ip.is_loopback() || ip.segments()[0] & 0xffc0 == 0xfe80
        }
        // A name that only the device's own network knows may still be right.
        None => {
            url.host_str().is_none_or(|host| host == "localhost" || host.ends_with(".localhost"))
        }
    };
    if is_nowhere {
        url.set_ip_host(from).ok()?;
    }
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    Some(url)
}

fn host_ip(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        url::Host::Ipv4(ip) => Some(ip.into()),
        url::Host::Ipv6(ip) => Some(ip.into()),
        url::Host::Domain(_) => None,
    }
}

/// Reads `%20` and the like; what is no UTF-8 is replaced.
fn decoded(text: &str) -> String {
    let (bytes, mut out, mut at) = (text.as_bytes(), Vec::with_capacity(text.len()), 0);
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match (bytes[at], hex.and_then(|pair| u8::from_str_radix(pair, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 7));

    fn matches(addresses: &str, scopes: &str) -> Found {
        let text = format!(
            "<E><Header><RelatesTo>urn:uuid:1</RelatesTo></Header><Body><d:ProbeMatches><d:ProbeMatch>\
             <a:EndpointReference><a:Address>urn:uuid:2</a:Address></a:EndpointReference>\
             <d:Scopes>{scopes}</d:Scopes><d:XAddrs>{addresses}</d:XAddrs>\
             </d:ProbeMatch></d:ProbeMatches></Body></E>"
        );
        match read(text.as_bytes(), FROM) {
            Some(Said::Matches { relates_to: Some(id), mut found }) if id == "urn:uuid:1" => {
                found.remove(0)
            }
            other => panic!("{other:?}"),
        }
    }

    fn urls(addresses: &str) -> Vec<String> {
        matches(addresses, "").urls.into_iter().map(|url| url.to_string()).collect()
    }

    #[test]
    fn a_probe_asks_for_a_kind_and_has_a_name_of_its_own() {
        let names = Types::ALL.map(|types| {
            let (text, id) = probe(types);
            let read = Element::read(text.as_bytes()).unwrap();
            assert_eq!(read.text_at(&["Header", "MessageID"]), Some(id.as_str()));
            let kind = read.text_at(&["Body", "Probe", "Types"]).map(str::to_owned);
            assert_eq!(kind.is_none(), types == Types::Any);
            id
        });
        assert!(names[0] != names[1] && names[1] != names[2]);
    }

    #[test]
    fn the_senders_own_address_comes_first_and_what_leads_nowhere_is_the_senders() {
        assert_eq!(
            urls("http://172.17.0.1/onvif https://10.0.0.7/onvif http://10.0.0.7/onvif"),
            ["http://10.0.0.7/onvif", "https://10.0.0.7/onvif", "http://172.17.0.1/onvif"]
        );
        assert_eq!(urls("http://0.0.0.0:8899/onvif"), ["http://10.0.0.7:8899/onvif"]);
        assert_eq!(
            urls("http://[fe80::1]/o http://169.254.3.4/o http://127.0.0.1/o ftp://x/ nonsense"),
            ["http://10.0.0.7/o"]
        );
        assert_eq!(urls(""), [""; 0]);
        // Whoever names another host alone is asked at their own first.
        assert_eq!(
            urls("http://evil.example:81/o"),
            ["http://10.0.0.7:81/o", "http://evil.example:81/o"]
        );
        assert_eq!(urls("http://localhost:9000/o"), ["http://10.0.0.7:9000/o"]);
    }

    #[test]
    fn scopes_tell_its_name_in_any_language() {
        let found = matches(
            "http://10.0.0.7/o",
            "onvif://www.onvif.org/name/C%E1%BB%95ng%20b%E1%BA%AFc onvif://www.onvif.org/hardware/DS-2CD \
             onvif://www.onvif.org/Profile/Streaming onvif://www.onvif.org/Profile/T \
             onvif://www.onvif.org/location/ 100%",
        );
        assert_eq!(found.name.as_deref(), Some("Cổng bắc"));
        assert_eq!(found.hardware.as_deref(), Some("DS-2CD"));
        assert_eq!(found.location, None);
        assert_eq!(found.profiles, ["Streaming", "T"]);
    }

    #[test]
    fn who_comes_and_goes_is_heard() {
        let hello = "<E><Body><Hello><EndpointReference><Address>urn:1</Address></EndpointReference>\
            <XAddrs>http://0.0.0.0/</XAddrs></Hello></Body></E>";
        assert!(
            matches!(read(hello.as_bytes(), FROM), Some(Said::Hello(found)) if found.endpoint == "urn:1")
        );
        let bye = "<E><Body><Bye><EndpointReference><Address>urn:1</Address></EndpointReference></Bye></Body></E>";
        assert_eq!(read(bye.as_bytes(), FROM), Some(Said::Bye { endpoint: "urn:1".to_owned() }));
        for other in ["", "<a/>", "<E><Body/></E>", "<E><Body><Hello/></Body></E>"] {
            assert_eq!(read(other.as_bytes(), FROM), None, "{other}");
        }
    }
}
