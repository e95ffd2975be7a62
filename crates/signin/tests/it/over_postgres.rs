//! The suites of this room once more, over a real PostgreSQL.

#[path = "api_token.rs"]
mod api_token;
#[path = "envelope.rs"]
mod envelope;
#[path = "passkey.rs"]
mod passkey;
#[path = "provided.rs"]
mod provided;
#[path = "second_factor.rs"]
mod second_factor;
#[path = "sign_in.rs"]
mod sign_in;
#[path = "stream_secret.rs"]
mod stream_secret;
#[path = "suspended.rs"]
mod suspended;
