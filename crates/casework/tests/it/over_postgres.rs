//! The suites of this room once more, over a real PostgreSQL.

#[path = "holds.rs"]
mod holds;
