//! Devices as they speak ONVIF: found, asked what they are, and believed in nothing.
//!
//! ```text
//! discovery ◀─ search (UDP) ◀─ sweep   who is there
//! access, clock, token, address ◀─ client ─▶ http (TCP, TLS)
//!      └ soap ◀─ xml                   what is asked, and what is answered
//! device, media ─▶ survey              what it is, and what of that is true
//! ```
//!
//! All but `search`, `sweep`, `knock`, `http` and `client` is pure: bytes and times in, values out.
//!
//! Belongs here: what a device says and how it is asked, with the dialects of those who
//! make them: lenient in what comes, strict in what goes. Does not belong here: which
//! devices there are in the city (`catalog`), what becomes of what they say (`recorder`),
//! and their pictures by RTSP (`ingest`).

mod access;
mod address;
mod client;
mod clock;
mod device;
mod discovery;
mod fault;
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod knock;
mod media;
mod search;
mod soap;
mod survey;
mod sweep;
mod token;
mod xml;

pub use client::Client;
pub use clock::{ClockSource, DeviceClock};
pub use device::{Information, Network, Port, ToldBy};
pub use discovery::{Found, Said};
pub use fault::{Fault, FaultKind};
pub use http::Limits;
pub use knock::knock;
pub use media::{Channel, Encoder, Profile, channels};
pub use search::{search, search_at};
pub use soap::Service;
pub use survey::{Feature, Finding, Survey, Surveyed, survey};
pub use sweep::{MOST, NoRange, range, sweep};
