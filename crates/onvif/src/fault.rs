//! What is wrong with a device, in a kind for programs and words for people.

use std::error::Error;
use std::fmt;

use crate::xml::Element;

/// Why a device was not asked, or what it answered instead.
#[derive(Debug)]
pub struct Fault {
    /// What kind of trouble it is.
    pub kind: FaultKind,
    message: String,
    /// Whether an envelope said so: then a service of the kind is there.
    pub(crate) is_soap: bool,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// A kind of trouble with a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// No way to it, or the way was lost.
    Unreachable,
    /// It takes too long.
    Silent,
    /// It wants another user name or password, or any at all.
    WrongCredentials,
    /// The name and password are right, and this is not theirs to do.
    NotPermitted,
    /// It lets nobody in for a while, since too many wrong passwords were tried.
    LockedOut,
    /// The proof of the password has the wrong time: its clock is not ours.
    ClockSkew,
    /// It does not have what was asked for.
    Unsupported,
    /// It does not take what was said: a token that it does not know, a value out of range.
    BadArgument,
    /// It is not set up far enough to do it.
    Incomplete,
    /// It has no more room: too many streams, subscriptions, sessions.
    Busy,
    /// What was there before is gone: a subscription that has run out.
    Gone,
    /// Something in it is broken.
    Device,
    /// It shows another certificate than the one that was set for it.
    OtherCertificate,
    /// It sends to another host, where no password of its own goes.
    Elsewhere,
    /// What it says is no ONVIF, or makes no sense.
    Protocol,
}

impl Fault {
    pub(crate) fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), is_soap: false, source: None }
    }

    pub(crate) fn said_by_soap(self, is_soap: bool) -> Self {
        Self { is_soap, ..self }
    }

    pub(crate) fn with_source(self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..self }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl FaultKind {
    /// Returns the name by which programs know it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Silent => "silent",
            Self::WrongCredentials => "wrong_credentials",
            Self::NotPermitted => "not_permitted",
            Self::LockedOut => "device_locks_out",
            Self::ClockSkew => "clock_skew",
            Self::Unsupported => "unsupported",
            Self::BadArgument => "bad_argument",
            Self::Incomplete => "incomplete",
            Self::Busy => "busy",
            Self::Gone => "gone",
            Self::Device => "device",
            Self::OtherCertificate => "other_certificate",
            Self::Elsewhere => "elsewhere",
            Self::Protocol => "protocol",
        }
    }

    /// Returns whether another way to do the same may still succeed: the device is there
    /// and lets us in, but does not do this.
    pub fn is_of_one_call(self) -> bool {
        matches!(
            self,
            Self::Unsupported
                | Self::NotPermitted
                | Self::BadArgument
                | Self::Incomplete
                | Self::Busy
                | Self::Gone
                | Self::Device
                | Self::Protocol
        )
    }
}

/// The most codes of one refusal that are looked at.
const MOST_CODES: usize = 8;

/// What an answer says that is no result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Codes without prefixes, from the most general: `Sender`, `NotAuthorized`, ….
    pub(crate) codes: Vec<String>,
    /// What it says to people.
    pub(crate) reason: String,
}

impl Refusal {
    /// Reads a SOAP fault: 1.2 as it should be, or 1.1 as some write it.
    pub(crate) fn read(fault: &Element) -> Self {
        let bare = |text: &str| short(text.rsplit(':').next().unwrap_or(text));
        let mut codes = Vec::new();
        let mut code = fault.child("Code");
        while let Some(one) = code {
            codes.extend(one.text_at(&["Value"]).map(bare));
            code = one.child("Subcode");
        }
        codes.extend(fault.text_at(&["faultcode"]).map(bare));
        // What WS-BaseNotification says stands in the detail alone.
        if let Some(detail) = fault.child("Detail") {
            codes.extend(detail.children.iter().take(MOST_CODES).map(|child| short(&child.name)));
        }
        codes.truncate(MOST_CODES);
        let reason = fault.text_at(&["Reason", "Text"]).or(fault.text_at(&["faultstring"]));
        Self { codes, reason: short(reason.unwrap_or_default()) }
    }

    /// Returns what kind of trouble it is; `status` is that of HTTP.
    pub(crate) fn kind(&self, status: u16) -> FaultKind {
        let reason = self.reason.to_ascii_lowercase();
        let kind = self.codes.iter().rev().find_map(|code| kind_of(code));
        // Of the person alone: what moves may be locked as well.
        let is_refused = matches!(status, 401 | 403) || kind == Some(FaultKind::WrongCredentials);
        let mut words = reason.split(|sign: char| !sign.is_ascii_alphabetic());
        let is_locked = words.any(|word| matches!(word, "lock" | "locked" | "lockout" | "blocked"));
        if is_refused && is_locked {
            return FaultKind::LockedOut;
        }
        if let Some(kind) = kind {
            return kind;
        }
        if (reason.contains("time") || reason.contains("clock")) && reason.contains("auth") {
            return FaultKind::ClockSkew;
        }
        let is_of_person =
            ["auth", "password", "credential"].iter().any(|word| reason.contains(word));
        match status {
            401 => FaultKind::WrongCredentials,
            403 => FaultKind::WrongCredentials,
            _ if is_of_person => FaultKind::WrongCredentials,
            404 | 405 | 501 => FaultKind::Unsupported,
            _ if reason.contains("not implemented") || reason.contains("not support") => {
                FaultKind::Unsupported
            }
            503 => FaultKind::Busy,
            _ if self.codes.iter().any(|code| code == "Sender" || code == "Client") => {
                FaultKind::BadArgument
            }
            _ => FaultKind::Device,
        }
    }
}

/// Returns what a code of a fault means, if it says more than whose fault it is.
fn kind_of(code: &str) -> Option<FaultKind> {
    Some(match code {
        "NotAuthorized"
        | "SenderNotAuthorized"
        | "FailedAuthentication"
        | "FailedCheck"
        | "InvalidSecurity"
        | "InvalidSecurityToken" => FaultKind::WrongCredentials,
        "AccountLocked" | "UserLocked" => FaultKind::LockedOut,
        "MessageExpired" => FaultKind::ClockSkew,
        "ActionNotSupported"
        | "OptionalActionNotImplemented"
        | "NotSupported"
        | "NoImagingForSource"
        | "PTZNotSupported"
        | "AudioNotSupported" => FaultKind::Unsupported,
        "IncompleteConfiguration" => FaultKind::Incomplete,
        "ResourceProblem"
        | "StreamConflict"
        | "OutofMemory"
        | "UnableToCreatePullPoint"
        | "UnableToCreatePullPointFault"
        | "UnableToGetMessages"
        | "UnableToGetMessagesFault" => FaultKind::Busy,
        "ResourceUnknown" | "ResourceUnknownFault" | "InvalidToken" => FaultKind::Gone,
        "HardwareFailure" => FaultKind::Device,
        "InvalidArgVal" | "InvalidArgs" | "InvalidArg" => FaultKind::BadArgument,
        code if code.starts_with("TooMany") || code.starts_with("Max") => FaultKind::Busy,
        code if code.starts_with("No") || code.starts_with("Invalid") => FaultKind::BadArgument,
        _ => return None,
    })
}

/// Returns as much of what a device says as people read: it may say anything.
pub(crate) fn short(text: &str) -> String {
    let line: Vec<_> = text.split(|sign: char| sign.is_whitespace() || sign.is_control()).collect();
    let line = line.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(fault: &str) -> Refusal {
        Refusal::read(&Element::read(fault.as_bytes()).unwrap())
    }

    fn of(codes: &[&str], reason: &str, status: u16) -> FaultKind {
        let codes = codes.iter().map(|code| (*code).to_owned()).collect();
        Refusal { codes, reason: reason.to_owned() }.kind(status)
    }

    #[test]
    fn codes_are_read_from_the_most_general_on() {
        let read = refusal(
            "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:InvalidArgVal</s:Value>\
             <s:Subcode><s:Value>ter:NoProfile</s:Value></s:Subcode></s:Subcode></s:Code>\
             <s:Reason><s:Text xml:lang='en'>no \n such  profile</s:Text></s:Reason></s:Fault>",
        );
        assert_eq!(read.codes, ["Sender", "InvalidArgVal", "NoProfile"]);
        assert_eq!(read.reason, "no such profile");
        assert_eq!(read.kind(400), FaultKind::BadArgument);
        let old = refusal(
            "<Fault><faultcode>SOAP-ENV:Client</faultcode><faultstring>Sender not authorized</faultstring></Fault>",
        );
        assert_eq!(old.kind(500), FaultKind::WrongCredentials);
        let detail = refusal(
            "<Fault><Code><Value>s:Receiver</Value></Code><Detail><wsnt:UnableToCreatePullPointFault/></Detail></Fault>",
        );
        assert_eq!(detail.kind(500), FaultKind::Busy);
    }

    #[test]
    fn each_code_has_its_kind() {
        for (codes, reason, status, kind) in [
            (&["Sender", "NotAuthorized"][..], "", 400, FaultKind::WrongCredentials),
            (&["Receiver", "ActionNotSupported", "NoEntity"], "", 500, FaultKind::BadArgument),
            (&["Receiver", "ActionNotSupported"], "", 500, FaultKind::Unsupported),
            (&["Receiver", "Action", "IncompleteConfiguration"], "", 500, FaultKind::Incomplete),
            (&["Receiver", "TooManyUsers"], "", 500, FaultKind::Busy),
            (&["Sender", "InvalidArgVal", "NoToken"], "", 400, FaultKind::BadArgument),
            (&["Receiver", "HardwareFailure"], "", 500, FaultKind::Device),
            (&["ResourceUnknownFault"], "", 400, FaultKind::Gone),
            (&["NotAuthorized"], "The account is locked, for 30 min", 400, FaultKind::LockedOut),
            (&[], "Your address is blocked", 403, FaultKind::LockedOut),
            (&["Sender", "InvalidArgVal"], "PTZ is locked", 400, FaultKind::BadArgument),
            (&["Sender"], "Wsse authorized time check failed", 400, FaultKind::ClockSkew),
            (&["Receiver"], "Method not implemented", 500, FaultKind::Unsupported),
            (&[], "Unauthorized", 200, FaultKind::WrongCredentials),
            (&[], "", 401, FaultKind::WrongCredentials),
            (&[], "", 404, FaultKind::Unsupported),
            (&[], "", 500, FaultKind::Device),
        ] {
            assert_eq!(of(codes, reason, status), kind, "{codes:?} {reason} {status}");
        }
    }

    #[test]
    fn what_a_device_says_is_not_repeated_for_ever() {
        assert_eq!(short(" a\u{0}\n b "), "a b");
        let long = short(&"ừ".repeat(5000));
        assert_eq!(long.chars().count(), 201);
    }
}
