//! WHEP: live pictures by WebRTC, for browsers and whatever else speaks it
//! (draft-ietf-wish-whep; RFC 8825 and what it names).
//!
//! ```text
//! api ──offer──▶ Whep::open ──▶ answer          one thread, one UDP socket
//!                   │                        ┌──────────────────────────────┐
//!                   └──────── Session ──────▶│ edge   whose is it? demux    │◀──▶ viewers
//! hub ──frames──▶ cut into packets, once ───▶│        session: str0m, tracks│
//!                                            └──────────────────────────────┘
//! ```
//!
//! | file | has |
//! |---|---|
//! | `service` | WHEP as the rest of the program sees it |
//! | `edge` | the socket, the clock, the thread that drives all sessions |
//! | `session` | one viewer: bytes and frames in, bytes out |
//! | `track`, `srtp`, `report` | one medium as it leaves: numbered, sealed, told of |
//! | `keys` | what DTLS agreed on, heard from str0m's |
//! | `bell`, `taken` | whose streams have something, and what |
//! | `demux`, `offer`, `packets`, `rhythm`, `pace`, `addresses`, `now` | pure parts of it |
//! | `outbox` | many packets by one call to the kernel |
//! | `config` | what the node's file says |
//!
//! We are ICE-lite: we call nobody, and answer only who proves by a check that it
//! has an answer of ours. A gigabit network is full with some 500 viewers of
//! 2 Mbps, of which one thread carries several times as many; so there is one.
//!
//! What nobody does here: ask a camera for a keyframe (the next one answers a
//! viewer that lost its picture), slow down for a viewer (it loses its own
//! packets), reorder B-frames (refused in words: WebRTC has no place for them).

mod addresses;
mod bell;
mod config;
pub(crate) mod demux;
mod edge;
pub(crate) mod keys;
pub(crate) mod now;
pub(crate) mod offer;
mod outbox;
mod pace;
pub(crate) mod packets;
mod report;
mod rhythm;
mod service;
mod session;
pub(crate) mod srtp;
mod taken;
pub(crate) mod track;

use std::fmt;

pub use config::{PublicAddress, WhepConfig};
pub use offer::LARGEST_OFFER;
pub use service::{Answered, Watched, Watching, Whep};

/// Why an offer is not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is none, or not one for this.
    Offer(String),
    /// The stream cannot go to this viewer this way.
    Unsupported(String),
    /// There are too many viewers.
    Busy,
    /// WHEP has ended; the program is about to.
    Over,
}

/// Why a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It was asked for here.
    Closed,
    /// The viewer said that it is over.
    Left,
    /// Nothing came from the viewer any more.
    Gone,
    /// The viewer was never connected.
    Unconnected,
    /// The stream is no more: its camera was removed.
    Removed,
    /// The stream cannot go this way; why.
    Unsupported(String),
    /// The protocol broke; how.
    Broken(String),
    /// WHEP has ended.
    Over,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offer(words) | Self::Unsupported(words) => f.write_str(words),
            Self::Busy => f.write_str("too many watch by WHEP; end one of them first"),
            Self::Over => f.write_str("the server is about to end"),
        }
    }
}

impl std::error::Error for Refused {}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("it was ended"),
            Self::Left => f.write_str("the viewer ended it"),
            Self::Gone => f.write_str("nothing came from the viewer any more"),
            Self::Unconnected => f.write_str(
                "the viewer was never connected; is the UDP port of [whep] reachable, and \
                 public_address right?",
            ),
            Self::Removed => f.write_str("the camera was removed"),
            Self::Unsupported(words) => f.write_str(words),
            Self::Broken(words) => write!(f, "the session broke: {words}"),
            Self::Over => f.write_str("the server is about to end"),
        }
    }
}
