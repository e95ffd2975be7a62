//! A camera that is not there: it speaks RTSP and ONVIF, shows a street whose truth is
//! known, and has faults on demand.
//!
//! Belongs here: the street scenes, their clips, and the server that replays
//! them and speaks of them. Does not belong here: anything of `ingest` or of the client
//! of ONVIF; a double must not share its twin's errors.

pub mod clip;
pub mod draw;
#[doc(hidden)]
pub mod fuzzing;
pub mod scene;
pub mod sei;
pub mod sound;
pub mod truth;

mod agenda;
mod camera;
pub mod control;
pub mod fault;
mod faults;
pub mod onvif;
mod pacer;
mod packet;
mod rtsp;
mod server;
mod stream;
mod tls;

pub use camera::{
    CameraConfig, Delivery, Ended, Start, StreamRole, Track, TrackDelivery, Transports,
};
pub use fault::{Fault, FaultError, Lie};
pub use rtsp::auth::Credentials;
pub use server::{Server, ServerConfig, StartError};
pub use tls::TlsError;
