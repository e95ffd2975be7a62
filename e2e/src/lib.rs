//! The whole program from outside: what its tests share.
//!
//! Belongs here: starting the built binary, simcams and foreign servers on free
//! ports, and stopping them. Does not belong here: what a room promises by
//! itself; that is tested in the room.

pub mod city;
pub mod collector;
pub mod heard;
pub mod http;
pub mod kept;
pub mod metrics;
pub mod players;
pub mod program;
pub mod recorded;
pub mod socket;
pub mod stage;
pub mod wait;
pub mod ways;

use std::path::{Path, PathBuf};

/// Returns the project's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate lies in the root").to_owned()
}

/// Returns where drawn scenes are kept from run to run, as `make demo` keeps them.
pub fn scenes() -> PathBuf {
    let home = std::env::var_os("HOME").map_or_else(std::env::temp_dir, PathBuf::from);
    home.join(".cache/khue/scenes")
}
