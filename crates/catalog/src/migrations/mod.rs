//! The steps by which the catalog's tables came to be, oldest first.

mod first_tables;
mod grants;
mod links;
mod places;
mod sharing;

use base::Day;
use sea_orm_migration::MigrationTrait;

/// Returns them, as they run on a day.
pub(crate) fn all(today: Day) -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Box::new(first_tables::Step),
        Box::new(links::Step),
        Box::new(grants::Step),
        Box::new(places::Step { today }),
        Box::new(sharing::Step),
    ]
}
