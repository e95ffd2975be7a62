//! The suites of this room once more, over a real PostgreSQL.

#[path = "catalog.rs"]
mod catalog;

#[path = "find.rs"]
mod find;

#[path = "places.rs"]
mod places;

#[path = "sharing.rs"]
mod sharing;

#[path = "table.rs"]
mod table;
