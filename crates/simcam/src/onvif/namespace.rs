//! The names of namespaces, and the prefixes that we write for them.
//!
//! What comes in may use any prefix for them, or none.

/// SOAP 1.2.
pub(crate) const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
/// SOAP 1.1, which is answered with a fault.
pub(crate) const SOAP_11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// Types that services share.
pub(crate) const SCHEMA: &str = "http://www.onvif.org/ver10/schema";
/// The device service.
pub(crate) const DEVICE: &str = "http://www.onvif.org/ver10/device/wsdl";
/// The first media service.
pub(crate) const MEDIA: &str = "http://www.onvif.org/ver10/media/wsdl";
/// The second media service.
pub(crate) const MEDIA2: &str = "http://www.onvif.org/ver20/media/wsdl";
/// Pan, tilt, zoom.
pub(crate) const PTZ: &str = "http://www.onvif.org/ver20/ptz/wsdl";
/// How the picture looks.
pub(crate) const IMAGING: &str = "http://www.onvif.org/ver20/imaging/wsdl";
/// What happens.
pub(crate) const EVENTS: &str = "http://www.onvif.org/ver10/events/wsdl";
/// Inputs and outputs.
pub(crate) const DEVICE_IO: &str = "http://www.onvif.org/ver10/deviceIO/wsdl";
/// The topics of events.
pub(crate) const TOPICS: &str = "http://www.onvif.org/ver10/topics";
/// The types that a device says it has when it is looked for.
pub(crate) const NETWORK: &str = "http://www.onvif.org/ver10/network/wsdl";
/// Addressing, as events use it.
pub(crate) const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
/// Addressing, as discovery uses it: an older version.
pub(crate) const OLD_ADDRESSING: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
/// WS-Discovery.
pub(crate) const DISCOVERY: &str = "http://schemas.xmlsoap.org/ws/2005/04/discovery";
/// Notification.
pub(crate) const NOTIFICATION: &str = "http://docs.oasis-open.org/wsn/b-2";
/// The security header.
pub(crate) const SECURITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
/// The time in the security header.
pub(crate) const SECURITY_UTILITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";

/// What an answer declares at its root.
pub(crate) const PREFIXES: &[(&str, &str)] = &[
    ("s", SOAP),
    ("tt", SCHEMA),
    ("tds", DEVICE),
    ("trt", MEDIA),
    ("tr2", MEDIA2),
    ("tptz", PTZ),
    ("timg", IMAGING),
    ("tev", EVENTS),
    ("tmd", DEVICE_IO),
    ("ter", "http://www.onvif.org/ver10/error"),
    ("tns1", TOPICS),
    ("wsa", ADDRESSING),
    ("wsnt", NOTIFICATION),
    ("wstop", "http://docs.oasis-open.org/wsn/t-1"),
    ("wsrf", "http://docs.oasis-open.org/wsrf/rw-2"),
    ("xs", "http://www.w3.org/2001/XMLSchema"),
];

/// What an answer of discovery declares at its root.
pub(crate) const DISCOVERY_PREFIXES: &[(&str, &str)] =
    &[("s", SOAP), ("a", OLD_ADDRESSING), ("d", DISCOVERY), ("dn", NETWORK), ("tds", DEVICE)];

/// Returns the prefix that we write for a namespace; `?` for one that is not ours.
pub(crate) fn prefix(namespace: &str) -> &'static str {
    PREFIXES.iter().find(|(_, uri)| *uri == namespace).map_or("?", |(prefix, _)| prefix)
}
