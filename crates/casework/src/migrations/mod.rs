//! The steps by which the tables of casework came to be, oldest first.

mod decisions;
mod hold_streams;
mod holds;

use sea_orm_migration::MigrationTrait;

pub(crate) fn all() -> Vec<Box<dyn MigrationTrait>> {
    vec![Box::new(holds::Step), Box::new(hold_streams::Step), Box::new(decisions::Step)]
}
