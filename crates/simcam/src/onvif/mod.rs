//! A device of ONVIF: what a network camera says of itself, and does when told to.
//!
//! ```text
//! connection ── bytes ──▶ http ── Request ──▶ soap ── Call ──▶ service ──▶ text
//!     │                                        │                  ▲
//!     └── snapshots, redirects                 └──▶ guard ────────┘
//!                                                   digest, token
//! discovery ── who is there? ──▶ this one
//! ```
//!
//! Belongs here: services, their forms and their faults, on port and clock of each
//! device's own. Does not belong here: pictures, which are `rtsp`'s beside it, and
//! anything of the client that the house has; the two know the same papers and
//! nothing of each other.

mod address;
mod connection;
mod device;
mod digest;
mod discovery;
mod guard;
mod http;
mod namespace;
mod personality;
mod profile;
mod ptz;
mod pull_point;
mod refusal;
mod service;
mod soap;
mod time;
mod token;
mod xml;

pub use device::{Answered, Channel, Device, DeviceConfig, DeviceError, StreamConfig};
pub use discovery::Discovery;
pub use guard::Scheme;
pub use personality::{PERSONALITIES, Personality, Quirks, Redirect};
pub use ptz::Position;
pub use pull_point::Event;
