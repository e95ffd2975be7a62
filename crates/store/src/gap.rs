//! Why nothing is recorded for a while.
//!
//! Where a gap lies is the timeline's to say (`timeline.rs`); how its reason is
//! kept, the journal's (`facts.rs`).

use base::Span;
use serde::{Deserialize, Serialize};

/// The reason of a gap, in the words of the API and of the fact journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// No way to the camera.
    Unreachable,
    /// The camera answered, and would not serve.
    Refused,
    /// The camera refused user name or password.
    WrongCredentials,
    /// The camera has no such stream.
    NotFound,
    /// The camera sends what this program cannot record.
    Unsupported,
    /// The camera broke the protocol.
    Protocol,
    /// The camera stopped sending.
    Silent,
    /// The server's clock was set.
    ClockStep,
    /// The recorder was stopped in order.
    Stopped,
    /// The recorder or its machine ended without warning.
    Crashed,
    /// No room on the disk, and nothing that might be deleted.
    DiskFull,
    /// The disk took less than the cameras sent.
    DiskTooSlow,
    /// Nobody wanted this stream recorded.
    Disabled,
    /// Nothing tells why.
    Unknown,
}

/// A stretch of which nothing is recorded, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The time that is missing.
    pub span: Span,
    /// Why it is missing.
    pub reason: GapReason,
}

impl GapReason {
    /// Every reason there is.
    pub const ALL: [Self; 14] = [
        Self::Unreachable,
        Self::Refused,
        Self::WrongCredentials,
        Self::NotFound,
        Self::Unsupported,
        Self::Protocol,
        Self::Silent,
        Self::ClockStep,
        Self::Stopped,
        Self::Crashed,
        Self::DiskFull,
        Self::DiskTooSlow,
        Self::Disabled,
        Self::Unknown,
    ];

    /// Returns its name in journal and API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::WrongCredentials => "wrong_credentials",
            Self::NotFound => "not_found",
            Self::Unsupported => "unsupported",
            Self::Protocol => "protocol",
            Self::Silent => "silent",
            Self::ClockStep => "clock_step",
            Self::Stopped => "stopped",
            Self::Crashed => "crashed",
            Self::DiskFull => "disk_full",
            Self::DiskTooSlow => "disk_too_slow",
            Self::Disabled => "disabled",
            Self::Unknown => "unknown",
        }
    }
}

impl std::str::FromStr for GapReason {
    type Err = NoSuchReason;

    fn from_str(text: &str) -> Result<Self, NoSuchReason> {
        Self::ALL
            .into_iter()
            .find(|reason| reason.as_str() == text)
            .ok_or_else(|| NoSuchReason(text.to_owned()))
    }
}

/// A text names no reason of a gap.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no reason of a gap")]
pub struct NoSuchReason(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_reads_back_and_is_written_alike_everywhere() {
        for reason in GapReason::ALL {
            assert_eq!(reason.as_str().parse(), Ok(reason));
            let json = serde_json::to_string(&reason).unwrap();
            assert_eq!(json, format!("\"{}\"", reason.as_str()));
        }
        let refusal = "tired".parse::<GapReason>().unwrap_err();
        assert_eq!(refusal.to_string(), "\"tired\" is no reason of a gap");
    }
}
