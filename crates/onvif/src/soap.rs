//! Envelopes: what is asked, and what an answer holds.
//!
//! ```text
//! Envelope ─┬─ Header   a proof of the password, or where an answer of events belongs
//!           └─ Body ─── one operation
//! ```

use crate::fault::{Refusal, short};
use crate::xml::Element;

/// A service of a device, named by what stands in its envelopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// What the device is.
    Device,
    /// Its profiles, as all have them.
    Media1,
    /// Its profiles, as newer ones have them, H.265 among them.
    Media2,
    /// Where it looks.
    Ptz,
    /// How it sees.
    Imaging,
    /// What happens.
    Events,
    /// What it recognises.
    Analytics,
    /// Its relays and inputs.
    DeviceIo,
    /// What it records.
    Recording,
    /// Finding that.
    Search,
    /// Fetching that.
    Replay,
    /// Its keys and certificates.
    AdvancedSecurity,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Device,
        Self::Media1,
        Self::Media2,
        Self::Ptz,
        Self::Imaging,
        Self::Events,
        Self::Analytics,
        Self::DeviceIo,
        Self::Recording,
        Self::Search,
        Self::Replay,
        Self::AdvancedSecurity,
    ];

    /// Returns its namespace.
    pub fn namespace(self) -> &'static str {
        match self {
            Self::Device => "http://www.onvif.org/ver10/device/wsdl",
            Self::Media1 => "http://www.onvif.org/ver10/media/wsdl",
            Self::Media2 => "http://www.onvif.org/ver20/media/wsdl",
            Self::Ptz => "http://www.onvif.org/ver20/ptz/wsdl",
            Self::Imaging => "http://www.onvif.org/ver20/imaging/wsdl",
            Self::Events => "http://www.onvif.org/ver10/events/wsdl",
            Self::Analytics => "http://www.onvif.org/ver20/analytics/wsdl",
            Self::DeviceIo => "http://www.onvif.org/ver10/deviceIO/wsdl",
            Self::Recording => "http://www.onvif.org/ver10/recording/wsdl",
            Self::Search => "http://www.onvif.org/ver10/search/wsdl",
            Self::Replay => "http://www.onvif.org/ver10/replay/wsdl",
            Self::AdvancedSecurity => "http://www.onvif.org/ver10/advancedsecurity/wsdl",
        }
    }

    /// Returns the name by which programs know it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Media1 => "media1",
            Self::Media2 => "media2",
            Self::Ptz => "ptz",
            Self::Imaging => "imaging",
            Self::Events => "events",
            Self::Analytics => "analytics",
            Self::DeviceIo => "device_io",
            Self::Recording => "recording",
            Self::Search => "search",
            Self::Replay => "replay",
            Self::AdvancedSecurity => "advanced_security",
        }
    }

    /// Returns the service of a namespace; some write it with a slash at its end.
    pub(crate) fn of_namespace(namespace: &str) -> Option<Self> {
        let namespace = namespace.trim().trim_end_matches('/');
        Self::ALL.into_iter().find(|service| service.namespace() == namespace)
    }
}

/// One operation to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Operation {
    pub(crate) service: Service,
    pub(crate) name: &'static str,
    /// What stands within it: elements of the service have the prefix `q`, those of
    /// the shared schema `tt`.
    pub(crate) inner: String,
    /// Whether anybody may ask it without a password (ONVIF core, access classes).
    pub(crate) is_open: bool,
}

impl Operation {
    /// Returns an operation with nothing in it.
    pub(crate) fn bare(service: Service, name: &'static str) -> Self {
        Self::new(service, name, String::new())
    }

    /// Returns an operation.
    pub(crate) fn new(service: Service, name: &'static str, inner: String) -> Self {
        Self { service, name, inner, is_open: false }
    }

    /// The same, which anybody may ask.
    pub(crate) fn open(self) -> Self {
        Self { is_open: true, ..self }
    }

    /// Returns what stands in `Content-Type` beside the envelope.
    pub(crate) fn action(&self) -> String {
        format!("{}/{}", self.service.namespace(), self.name)
    }

    /// Returns the envelope; `header` is what proves the password, if that stands there.
    pub(crate) fn envelope(&self, header: &str) -> String {
        let Self { service, name, inner, .. } = self;
        let header = match header {
            "" => String::new(),
            header => format!("<s:Header>{header}</s:Header>"),
        };
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
             <s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
             xmlns:tt=\"http://www.onvif.org/ver10/schema\" xmlns:q=\"{}\">{header}\
             <s:Body><q:{name}>{inner}</q:{name}></s:Body></s:Envelope>",
            service.namespace()
        )
    }
}

/// Reads what came with a status of HTTP: the element within the body, whose name ends in
/// `Response`, or what was refused.
pub(crate) fn answer(status: u16, bytes: &[u8]) -> Result<Element, Answered> {
    let envelope = match Element::read(bytes) {
        Ok(envelope) if envelope.name == "Envelope" => envelope,
        // A page for people, as some give with 401: what it says may tell why.
        Ok(page) => return Err(Answered::page(status, &page)),
        Err(_) if !(200..300).contains(&status) => {
            let reason = short(&String::from_utf8_lossy(&bytes[..bytes.len().min(400)]));
            return Err(Answered::Refused(Refusal { codes: Vec::new(), reason }));
        }
        Err(why) => return Err(Answered::Unreadable(why.0.into_owned())),
    };
    let Some(body) = envelope.children.into_iter().find(|child| child.name == "Body") else {
        return Err(Answered::Unreadable("the envelope has no body".to_owned()));
    };
    match body.children.into_iter().next() {
        Some(fault) if fault.name == "Fault" => Err(Answered::Refused(Refusal::read(&fault))),
        Some(answer) if (200..300).contains(&status) => Ok(answer),
        // An empty body is how some say that it is done.
        None if (200..300).contains(&status) => Ok(Element::default()),
        _ => Err(Answered::Refused(Refusal::default())),
    }
}

/// An answer that is no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    /// The device says no.
    Refused(Refusal),
    /// It says something that is no answer to this.
    Unreadable(String),
}

impl Answered {
    fn page(status: u16, page: &Element) -> Self {
        let said = ["title", "h1", "h2", "p"].iter().find_map(|name| page.find(name));
        let reason = short(said.map(|said| said.text.as_str()).unwrap_or_default());
        let is_of_person = reason.to_ascii_lowercase().contains("auth");
        if (200..300).contains(&status) && !is_of_person {
            return Self::Unreadable("it is a page and no envelope".to_owned());
        }
        Self::Refused(Refusal { codes: Vec::new(), reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::FaultKind;

    fn kind(status: u16, bytes: &str) -> FaultKind {
        match answer(status, bytes.as_bytes()) {
            Err(Answered::Refused(refusal)) => refusal.kind(status),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_envelope_names_what_stands_in_it() {
        let operation = Operation::new(
            Service::Media2,
            "GetStreamUri",
            "<q:Protocol>RTSP</q:Protocol>".to_owned(),
        );
        let read = Element::read(operation.envelope("<w/>").as_bytes()).unwrap();
        assert_eq!(read.text_at(&["Body", "GetStreamUri", "Protocol"]), Some("RTSP"));
        assert!(read.at(&["Header", "w"]).is_some());
        assert_eq!(operation.action(), "http://www.onvif.org/ver20/media/wsdl/GetStreamUri");
        let bare = Operation::bare(Service::Device, "GetScopes").envelope("");
        assert!(!bare.contains("Header"), "{bare}");
    }

    #[test]
    fn an_answer_is_what_stands_in_the_body() {
        let text = "<e:Envelope><e:Header/><e:Body><x:GetScopesResponse><x:Scopes/></x:GetScopesResponse></e:Body></e:Envelope>";
        assert_eq!(answer(200, text.as_bytes()).unwrap().name, "GetScopesResponse");
        let empty = "<Envelope><Body/></Envelope>";
        assert_eq!(answer(200, empty.as_bytes()), Ok(Element::default()));
    }

    #[test]
    fn a_refusal_is_known_however_it_is_written() {
        let html = "<html><head><title>401 Unauthorized</title></head><body>no</body></html>";
        assert_eq!(kind(401, html), FaultKind::WrongCredentials);
        assert_eq!(kind(200, html), FaultKind::WrongCredentials);
        assert_eq!(kind(500, "Authentication failed"), FaultKind::WrongCredentials);
        assert_eq!(kind(404, "not found"), FaultKind::Unsupported);
        assert_eq!(kind(401, ""), FaultKind::WrongCredentials);
        let fault = "<s:Envelope><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode>\
            <s:Value>ter:NotAuthorized</s:Value></s:Subcode></s:Code></s:Fault></s:Body></s:Envelope>";
        assert_eq!(kind(400, fault), FaultKind::WrongCredentials);
        assert_eq!(kind(200, fault), FaultKind::WrongCredentials);
    }

    #[test]
    fn what_is_no_answer_is_told_so() {
        for (text, why) in [
            ("<html><title>Welcome</title></html>", "it is a page and no envelope"),
            ("", "there is no element in it"),
            ("<Envelope><Header/></Envelope>", "the envelope has no body"),
        ] {
            assert_eq!(answer(200, text.as_bytes()), Err(Answered::Unreadable(why.to_owned())));
        }
    }

    #[test]
    fn a_service_is_known_by_its_namespace() {
        for service in Service::ALL {
            assert_eq!(Service::of_namespace(service.namespace()), Some(service));
        }
        let slash = "http://www.onvif.org/ver10/media/wsdl/";
        assert_eq!(Service::of_namespace(slash), Some(Service::Media1));
        assert_eq!(Service::of_namespace("http://www.onvif.org/ver10/display/wsdl"), None);
    }
}
