//! The present as RTSP 1.0 (RFC 2326): for VMS, recorders and players that
//! speak what cameras speak.
//!
//! ```text
//! bytes ──▶ message ──Request──▶ session ──Response──▶ bytes
//!                                  │ digest, sdp, place
//! hub ──frames──▶ rtp (and rtcp) ──┴── interleaved between the responses
//! ```
//!
//! Live only, over the one TCP connection (UDP is refused with 461), with digest
//! authentication by a *stream secret*. Whom a secret belongs to and what it
//! opens, the [`Gate`] says, which `api` implements. `connection` alone has a
//! clock and something to read and write; the listening socket and TLS are
//! `khue`'s.

pub mod connection;
pub mod digest;
pub mod gate;
pub mod message;
pub mod place;
pub mod rtp;
pub mod sdp;
pub mod session;

pub use connection::{Limits, serve};
pub use gate::{Gate, Known, Opening, Refusal, Unavailable};
pub use place::{Place, Role};
