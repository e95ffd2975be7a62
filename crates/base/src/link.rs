//! How a camera is reached: by which way its packets come, and what its server
//! does otherwise than others.
//!
//! The catalog keeps it, people set it, `ingest` acts on it.

use std::collections::BTreeSet;

/// How a camera is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Link {
    /// By which way its packets come.
    pub transport: Transport,
    /// What its server does otherwise; nothing, for most.
    pub switches: BTreeSet<Switch>,
    /// SHA-256 of the only certificate that is taken from it over `rtsps`; any
    /// is taken where none is set, since cameras sign their own.
    pub certificate: Option<[u8; 32]>,
}

/// By which way a camera's packets come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Over the RTSP connection; by UDP where the camera refuses that.
    #[default]
    Auto,
    /// Over the RTSP connection.
    Tcp,
    /// By UDP, a packet each.
    Udp,
}

/// What a server may do otherwise than RFC 2326 and RFC 3550 have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Switch {
    /// Its sender reports carry another SSRC than its packets, and are to be believed.
    AnyRtcpSsrc,
    /// It must not be sent TEARDOWN.
    NoTeardown,
}

impl Transport {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Tcp, Self::Udp];

    /// Returns the word that rows and the API use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }

    /// Reads the word that [`Transport::as_str`] writes.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|transport| transport.as_str() == word)
    }
}

impl Switch {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::AnyRtcpSsrc, Self::NoTeardown];

    /// Returns the word that rows and the API use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AnyRtcpSsrc => "any_rtcp_ssrc",
            Self::NoTeardown => "no_teardown",
        }
    }

    /// Reads the word that [`Switch::as_str`] writes.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|switch| switch.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back_and_no_other_does() {
        assert!(Transport::ALL.iter().all(|&way| Transport::of(way.as_str()) == Some(way)));
        assert!(Switch::ALL.iter().all(|&switch| Switch::of(switch.as_str()) == Some(switch)));
        assert_eq!((Transport::of("TCP"), Switch::of("")), (None, None));
    }
}
