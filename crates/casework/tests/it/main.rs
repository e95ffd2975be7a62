//! What people decide, over both databases. One program for all, which is linked once.
#![expect(clippy::duplicate_mod, reason = "each suite runs over both databases")]

mod holds;
mod older;
mod over_postgres;
