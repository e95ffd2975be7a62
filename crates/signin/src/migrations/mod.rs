//! The steps by which the tables of sign-in came to be, oldest first.

mod api_tokens;
mod first_tables;
mod second_factors;
mod stream_secrets;

use sea_orm_migration::MigrationTrait;

pub(crate) fn all() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Box::new(first_tables::Step),
        Box::new(stream_secrets::Step),
        Box::new(second_factors::Step),
        Box::new(api_tokens::Step),
    ]
}
