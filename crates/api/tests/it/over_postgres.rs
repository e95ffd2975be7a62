//! The walk once more, over a real PostgreSQL.

#[path = "walk.rs"]
mod walk;
