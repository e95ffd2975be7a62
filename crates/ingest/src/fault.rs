//! What is wrong with a camera, in a kind for programs and words for people.

use std::error::Error;
use std::fmt;

/// Why there is no stream.
#[derive(Debug)]
pub struct Fault {
    /// What kind of trouble it is.
    pub kind: FaultKind,
    /// Whether it was met after sound had been asked for, so that sound may be its cause.
    pub asked_for_sound: bool,
    /// The status of the answer that it was, if it was one.
    pub(crate) status: Option<u16>,
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// A kind of trouble with a camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// No way to it, or the way was lost.
    Unreachable,
    /// It, or something at its address, turns the connection away.
    Refused,
    /// It wants another user name or password.
    WrongCredentials,
    /// It has no such stream.
    NotFound,
    /// What it offers is not understood here.
    Unsupported,
    /// What it says is no RTSP, or makes no sense.
    Protocol,
    /// It says nothing.
    Silent,
}

impl Fault {
    pub(crate) fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self { kind, asked_for_sound: false, status: None, message: message.into(), source: None }
    }

    pub(crate) fn with_source(self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..self }
    }

    pub(crate) fn with_status(self, status: u16) -> Self {
        Self { status: Some(status), ..self }
    }

    pub(crate) fn after_sound(self, asked_for_sound: bool) -> Self {
        Self { asked_for_sound, ..self }
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
            Self::Refused => "refused",
            Self::WrongCredentials => "wrong_credentials",
            Self::NotFound => "not_found",
            Self::Unsupported => "unsupported",
            Self::Protocol => "protocol",
            Self::Silent => "silent",
        }
    }
}
