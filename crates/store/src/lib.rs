//! The past: what cameras showed, kept as files, found by time, taken out, let go.
//!
//! ```text
//! Writer ─▶ append ─▶ segments ◀─ reader, export      what is seen
//!              │         ▲
//!            sync      recover                        what lasts
//!              │         │
//!            facts ─▶ timeline ◀─ retention, expire   what is known, what goes
//!                        │
//!                      index                          a cache of it
//! ```
//!
//! Belongs here: segments, facts, timeline, retention, export. Does not belong
//! here: what a camera is called and who may look (`catalog`), what is held and
//! why (`casework`), boxes and codecs (`media`).
//!
//! What is promised, and how each part of it is kept, stands in
//! `docs/design/0002-store.md`.

mod append;
mod config;
mod core;
mod disk;
mod error;
mod expire;
mod export;
pub mod facts;
mod faults;
mod format;
#[doc(hidden)]
pub mod fuzzing;
mod gap;
mod index;
mod journal;
mod layout;
mod reader;
mod recover;
mod retention;
mod room;
mod root;
mod segment;
mod store;
mod stream;
mod sync;
#[doc(hidden)]
pub mod testutil;
mod timeline;
mod trailer;
mod writer;

pub use config::StoreConfig;
pub use core::Watermarks;
pub use disk::Disk;
pub use error::StoreError;
pub use expire::Expired;
pub use export::Export;
pub use format::FORMAT;
pub use gap::{Gap, GapReason, NoSuchReason};
pub use layout::{Layout, SegmentName, Source};
pub use reader::{Fragment, Piece, Reader};
pub use retention::{Holds, Retention, Rule};
pub use store::{Rebuilt, Status, Store, StreamStatus};
pub use timeline::{Account, Answer, Deleted, Segment, Slice, Timeline};
pub use writer::Writer;
