//! The door: HTTP, the media socket, and the OpenAPI text.
//!
//! ```text
//! request ──▶ router ──▶ person (who asks) ──▶ access (whether they may) ──▶ a room ──▶ JSON
//!                                                                        └▶ error (one form)
//! ```
//!
//! Belongs here: translation, and nothing else. Does not belong here: what may
//! be done (`catalog::decide`), SQL, sockets of cameras, TLS and listening
//! (`khue`). The contract is `docs/design/0001-spine.md` §4 and §5; its exact
//! form is `openapi.json` beside this crate.

mod access;
mod app;
mod converted;
mod deed;
mod error;
mod exports;
mod extract;
#[doc(hidden)]
pub mod fuzzing;
mod glances;
mod headers;
mod hls;
mod leaver;
mod media_socket;
mod membership;
mod person;
mod presence;
mod rest;
mod right;
mod router;
mod routes;
mod scim;
mod stream_gate;
mod table;
mod ui;
mod view;
mod viewing;
mod whep;

pub use app::{App, RtspPorts};
pub use router::{openapi, router};
pub use stream_gate::StreamGate;
