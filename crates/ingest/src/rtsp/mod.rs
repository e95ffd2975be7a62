//! RTSP and RTP as cameras speak them (RFC 2326, RFC 3550, and how each codec is put
//! into packets).
//!
//! ```text
//! wire ── message ──▶ Response ──▶ caller, description, address, transport   what is said
//!   └──── packet ──▶ flow ──▶ pictures (sets), sound                          what is sent
//!         report ──▶ the camera's clock
//! ```
//!
//! All but `wire`, `socket`, `udp` and `room` is pure: bytes and times in, values out. Belongs
//! here: what a standard says of these bytes, and what cameras make of it. Does not belong here:
//! which track is fetched and in which order it is asked (`setup`), what a fault is
//! called (`classify`), where a picture stands in wall time (`wall`, `order`).

pub(crate) mod address;
pub(crate) mod caller;
pub(crate) mod description;
pub(crate) mod flow;
pub(crate) mod message;
pub(crate) mod packet;
pub(crate) mod pictures;
pub(crate) mod report;
pub(crate) mod room;
pub(crate) mod sets;
mod socket;
pub(crate) mod sound;
pub(crate) mod transport;
mod udp;
pub(crate) mod wire;

pub(crate) use socket::Socket;
pub(crate) use udp::Pair;
