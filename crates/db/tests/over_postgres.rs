//! The suites of this room once more, over a real PostgreSQL.

#[path = "steps.rs"]
mod steps;
#[path = "turns.rs"]
mod turns;
