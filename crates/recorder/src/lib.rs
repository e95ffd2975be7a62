//! A camera's day: what is intended is made actual, one task per stream.
//!
//! ```text
//! catalog ──intended──▶ reconcile ──start, stop──▶ pipeline (one task per stream, on a reader)
//!                                                    │ ingest::Session
//!                                                    ├──▶ store::Writer     the past
//!                                                    ├──▶ live::Publisher   the present
//!                                                    └──▶ health            what the tree shows
//! casework, catalog ──holds, retention──▶ housekeeping ──▶ store: holds, expiry
//! hub ──frames──▶ convert ──▶ hub         store ──keyframe──▶ thumbnails     by decode
//! ```
//!
//! Belongs here: where a camera's socket, the store and the hub meet. Does not
//! belong here: how a frame is read (`ingest`), written (`store`) or sent on
//! (`live`); who may watch (`api::access`); HTTP.

pub mod convert;
mod health;
mod housekeeping;
mod pipeline;
mod readers;
mod reconcile;
mod recorder;
mod retries;
mod sound;
mod stop;
pub mod thumbnails;

pub use convert::{Conversion, Converter, Form};
pub use health::{CameraState, Counts, StateKind};
pub use housekeeping::Error;
pub use recorder::{Config, Handle, Recorder};
pub use thumbnails::{Thumbnail, Thumbnails};
