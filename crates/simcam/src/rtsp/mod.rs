//! RTSP 1.0 (RFC 2326) as a camera speaks it, over one connection.
//!
//! ```text
//! connection ── bytes ──▶ message ── Request ──▶ session ── Response ──▶ outlet
//!     │                                            │ auth, sdp             ▲
//!     └───────── PLAY: a viewer joins a Stream ────┘      pacer's frames ──┴─▶ udp
//! ```
//!
//! `connection` is the only file here with a socket to read; sockets to write are
//! `outlet`'s and `udp`'s. What is sent when is `pacer`'s.

pub(crate) mod auth;
pub(crate) mod connection;
pub(crate) mod message;
pub(crate) mod outlet;
pub(crate) mod sdp;
pub(crate) mod session;
pub(crate) mod transport;
pub(crate) mod udp;
pub(crate) mod wire;
