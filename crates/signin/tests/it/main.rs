//! Who gets in, over both databases. One program for all, which is linked once.
#![expect(clippy::duplicate_mod, reason = "each suite runs over both databases")]

mod api_token;
mod envelope;
mod older;
mod over_postgres;
mod passkey;
mod provided;
mod second_factor;
mod sign_in;
mod stream_secret;
mod suspended;
