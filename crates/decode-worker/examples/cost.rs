//! What a worker's jobs cost: CPU time of its processes, start included where
//! it is said. `docs/design/0004-worker.md` and the prices in `decode::budget`
//! have their figures from here.
//!
//! ```text
//! cargo build --release -p decode-worker --bin khue-decode
//! cargo run --release -p decode-worker --example cost
//! ```
#![allow(clippy::unwrap_used, reason = "a figure that cannot be taken is not told")]

#[path = "../tests/common/mod.rs"]
mod common;
