//! RTSP 1.0 (RFC 2326) as a camera speaks it, over one TCP connection.
//!
//! ```text
//! connection ── bytes ──▶ message ── Request ──▶ session ── Response ──▶ outlet
//!     │                                            │ auth, sdp             ▲
//!     └───────── PLAY: a viewer joins a Stream ────┘      pacer's frames ──┘
//! ```
//!
//! `connection` is the only file here with a socket to read, `outlet` the only
//! one with a socket to write. What is sent when is `pacer`'s.

pub(crate) mod auth;
pub(crate) mod connection;
pub(crate) mod message;
pub(crate) mod outlet;
pub(crate) mod sdp;
pub(crate) mod session;
