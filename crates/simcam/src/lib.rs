//! A camera that is not there: it speaks RTSP, shows a street whose truth is
//! known, and has faults on demand.
//!
//! Belongs here: the street scenes, their clips, and the server that replays
//! them. Does not belong here: anything of `ingest`; a double must not share its
//! twin's errors.

pub mod clip;
pub mod draw;
#[doc(hidden)]
pub mod fuzzing;
pub mod scene;
pub mod truth;

mod agenda;
mod camera;
mod pacer;
mod packet;
mod rtsp;
pub mod sei;
mod server;

pub use camera::{CameraConfig, Delivery, Ended, Start, StreamRole};
pub use rtsp::auth::Credentials;
pub use server::{Server, ServerConfig, StartError};
