//! The present: who publishes a stream, who watches it, and how a frame gets
//! from the one to the other at once.
//!
//! ```text
//! recorder ──Publisher──▶ ring of frames ──Viewer──▶ api ──WebSocket──▶ browser
//!                         one per stream   a cursor each ──▶ hls, rtsp
//! ```
//!
//! Belongs here: fan-out, and the form of media on a socket. Does not belong
//! here: HTTP and who may watch (`api`), what was before (`store`), where frames
//! come from (`ingest`). Nothing here opens a file; a way out that has a task, a
//! thread or a clock keeps them in one file (`whep/edge.rs`, `hls/feed.rs`,
//! `rtsp/connection.rs`).

#[doc(hidden)]
pub mod fuzzing;
pub mod hls;
pub mod hub;
pub mod mse;
mod publisher;
mod ring;
pub mod rtsp;
mod stream;
mod viewer;
pub mod whep;

pub use hub::Hub;
pub use publisher::Publisher;
pub use stream::{Outlet, State, StateKind};
pub use viewer::{Message, Tapped, Viewer};
