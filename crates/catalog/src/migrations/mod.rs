//! The steps by which the catalog's tables came to be, oldest first.

mod first_tables;
mod grants;
mod links;

use sea_orm_migration::MigrationTrait;

pub(crate) fn all() -> Vec<Box<dyn MigrationTrait>> {
    vec![Box::new(first_tables::Step), Box::new(links::Step), Box::new(grants::Step)]
}
