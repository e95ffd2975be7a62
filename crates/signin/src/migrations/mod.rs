//! The steps by which the tables of sign-in came to be, oldest first.

mod api_tokens;
mod envelopes;
mod first_tables;
mod passkeys;
mod providers;
mod second_factors;
mod stream_secret_cases;
mod stream_secrets;
mod suspended;

use sea_orm_migration::MigrationTrait;

pub(crate) fn all() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Box::new(first_tables::Step),
        Box::new(stream_secrets::Step),
        Box::new(second_factors::Step),
        Box::new(api_tokens::Step),
        Box::new(providers::Step),
        Box::new(passkeys::Step),
        Box::new(suspended::Step),
        Box::new(envelopes::Step),
        Box::new(stream_secret_cases::Step),
    ]
}
