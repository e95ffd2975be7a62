//! A camera's RTSP session becomes frames with wall time.
//!
//! ```text
//! Source ──▶ setup ──▶ Session (connection) ──▶ reader ──▶ Event::Frames, Sound
//!              │ fault    │ fault                ▲  slices, order, wall
//!              ▼          ▼                    clock
//!            Fault ──▶ Backoff            all of it on `rtsp`
//! ```
//!
//! Belongs here: reaching a camera, understanding what it sends, saying in words
//! what is wrong with it, and putting its frames on the server's axis of time.
//! Does not belong here: when to try again and what becomes of a frame, which
//! are `recorder`'s; where cameras are written down, which is `catalog`'s.
//!
//! > A session never waits longer than its [`Limits`] say, and what it returns
//! > as an error names its kind and the cure.

pub mod backoff;
mod classify;
pub mod clock;
pub mod connection;
pub mod fault;
pub mod fuzzing;
mod order;
pub mod probe;
mod reader;
mod rtsp;
mod setup;
mod slices;
pub mod source;
mod tls;
pub mod wall;

pub use backoff::Backoff;
pub use clock::Clock;
pub use connection::{Event, Limits, Moving, Session};
pub use fault::{Fault, FaultKind};
pub use probe::{Probed, probe};
pub use source::Source;
// What a `Source` is asked with.
pub use credentials::Credentials;
