//! Envelopes: which operation a request asks for, and answers and faults around
//! what a service says.
//!
//! What the operations mean is `service`'s.

use super::namespace as ns;
use super::xml::{self, Element, leaf};

/// What a request asks for.
#[derive(Debug)]
pub(crate) struct Call {
    header: Element,
    /// The first element of the body: it alone says which operation is meant.
    pub(crate) operation: Element,
}

/// Why an operation was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The status of HTTP.
    pub(crate) status: u16,
    /// `s:Sender` or `s:Receiver`, and the codes below it.
    codes: Vec<&'static str>,
    /// Why, in words.
    reason: String,
    /// More, already XML.
    detail: String,
}

impl Call {
    /// Reads an envelope.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Fault> {
        let root = xml::read(body)
            .map_err(|error| Fault::sender(&["ter:WellFormed"], &error.to_string()))?;
        if root.is(ns::SOAP_11, "Envelope") {
            let words = "only SOAP 1.2 is spoken here";
            return Err(Fault { status: 500, ..Fault::new("s:VersionMismatch", &[], words) });
        }
        let malformed = |what: &str| Fault::sender(&["ter:WellFormed"], what);
        if !root.is(ns::SOAP, "Envelope") {
            return Err(malformed("no envelope"));
        }
        let body = root.child(ns::SOAP, "Body").ok_or_else(|| malformed("no body"))?;
        let operation = body.children.first().ok_or_else(|| malformed("an empty body"))?.clone();
        let header = root.child(ns::SOAP, "Header").cloned().unwrap_or_default();
        Ok(Self { header, operation })
    }

    /// Returns the security header, if there is one.
    pub(crate) fn security(&self) -> Option<&Element> {
        self.header.child(ns::SECURITY, "Security")
    }

    /// Returns a header of addressing.
    pub(crate) fn addressing(&self, name: &str) -> Option<&str> {
        self.header.text_of(ns::ADDRESSING, name)
    }

    /// Returns a header of the older addressing, which discovery uses.
    pub(crate) fn old_addressing(&self, name: &str) -> Option<&str> {
        self.header.text_of(ns::OLD_ADDRESSING, name)
    }

    /// Returns the operation as it is written in notes: `tds:GetServices`.
    pub(crate) fn name(&self) -> String {
        format!("{}:{}", ns::prefix(&self.operation.namespace), self.operation.name)
    }
}

impl Fault {
    fn new(side: &'static str, codes: &[&'static str], reason: &str) -> Self {
        let codes = std::iter::once(side).chain(codes.iter().copied()).collect();
        Self { status: 400, codes, reason: reason.to_owned(), detail: String::new() }
    }

    /// Returns a fault of who asked.
    pub(crate) fn sender(codes: &[&'static str], reason: &str) -> Self {
        Self::new("s:Sender", codes, reason)
    }

    /// Returns a fault of the device.
    pub(crate) fn receiver(codes: &[&'static str], reason: &str) -> Self {
        Self { status: 500, ..Self::new("s:Receiver", codes, reason) }
    }

    /// Returns the fault of an operation that the device does not know.
    pub(crate) fn unsupported(what: &str) -> Self {
        Self::receiver(&["ter:ActionNotSupported"], &format!("{what} is not implemented"))
    }

    /// Returns the fault of a request that leaves out what is needed.
    pub(crate) fn missing(what: &str) -> Self {
        Self::sender(&["ter:InvalidArgs"], &format!("{what} is missing"))
    }

    /// Adds more, already XML.
    pub(crate) fn with_detail(mut self, detail: String) -> Self {
        self.detail = detail;
        self
    }

    /// Returns the fault as the body of an envelope.
    pub(crate) fn body(&self) -> String {
        let mut code = String::new();
        for one in self.codes.iter().skip(1).rev() {
            code = xml::element("s:Subcode", &format!("{}{code}", leaf("s:Value", one)));
        }
        let side = leaf("s:Value", self.codes.first().unwrap_or(&"s:Receiver"));
        let text = xml::with("s:Text", &[("xml:lang", "en")], &xml::escaped(&self.reason));
        let mut inside = xml::element("s:Code", &format!("{side}{code}"));
        inside += &xml::element("s:Reason", &text);
        if !self.detail.is_empty() {
            inside += &xml::element("s:Detail", &self.detail);
        }
        xml::element("s:Fault", &inside)
    }
}

/// Returns an envelope around what is already XML.
pub(crate) fn envelope(prefixes: &[(&str, &str)], header: &str, body: &str) -> String {
    let declared: Vec<_> =
        prefixes.iter().map(|(prefix, uri)| (format!("xmlns:{prefix}"), *uri)).collect();
    let declared: Vec<_> = declared.iter().map(|(name, uri)| (name.as_str(), *uri)).collect();
    let header = if header.is_empty() { String::new() } else { xml::element("s:Header", header) };
    let inside = format!("{header}{}", xml::element("s:Body", body));
    let envelope = xml::with("s:Envelope", &declared, &inside);
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{envelope}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(inside: &str) -> String {
        format!("<e:Envelope xmlns:e='{}'>{inside}</e:Envelope>", ns::SOAP)
    }

    #[test]
    fn the_first_child_of_the_body_is_the_operation_whatever_its_prefix() {
        let text = asked(&format!(
            "<e:Header><MessageID xmlns='{}'>urn:uuid:1</MessageID></e:Header>\
             <e:Body><GetServices xmlns='{}'/><x/></e:Body>",
            ns::ADDRESSING,
            ns::DEVICE
        ));
        let call = Call::read(text.as_bytes()).unwrap();
        assert_eq!(call.name(), "tds:GetServices");
        assert_eq!(call.addressing("MessageID"), Some("urn:uuid:1"));
        assert_eq!(call.security(), None);
    }

    #[test]
    fn what_is_no_envelope_is_a_fault() {
        for text in ["", "<a/>", &asked(""), &asked("<e:Body/>"), &asked("<e:Body>x</e:Body>")] {
            assert_eq!(Call::read(text.as_bytes()).unwrap_err().status, 400, "{text}");
        }
        let old = format!("<e:Envelope xmlns:e='{}'/>", ns::SOAP_11);
        let fault = Call::read(old.as_bytes()).unwrap_err();
        assert_eq!(fault.status, 500);
        assert!(fault.body().contains("s:VersionMismatch"), "{}", fault.body());
    }

    #[test]
    fn codes_of_a_fault_stand_in_one_another() {
        let fault = Fault::sender(&["ter:InvalidArgVal", "ter:NoProfile"], "no <such> profile");
        let text = envelope(ns::PREFIXES, "", &fault.body());
        let root = xml::read(text.as_bytes()).unwrap();
        let fault = root.child(ns::SOAP, "Body").unwrap().child(ns::SOAP, "Fault").unwrap();
        let code = fault.child(ns::SOAP, "Code").unwrap();
        let below = code.child(ns::SOAP, "Subcode").unwrap();
        let lowest = below.child(ns::SOAP, "Subcode").unwrap();
        let value = |code: &Element| code.text_of(ns::SOAP, "Value").unwrap().to_owned();
        assert_eq!(value(code), "s:Sender");
        assert_eq!(value(below), "ter:InvalidArgVal");
        assert_eq!(value(lowest), "ter:NoProfile");
        assert!(text.contains("no &lt;such&gt; profile"), "{text}");
    }
}
