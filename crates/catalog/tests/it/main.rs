//! What people say, over both databases. One program for all, which is linked once.
#![expect(clippy::duplicate_mod, reason = "each suite runs over both databases")]

mod catalog;
mod decide;
mod find;
mod older;
mod over_postgres;
mod places;
mod sharing;
mod table;
