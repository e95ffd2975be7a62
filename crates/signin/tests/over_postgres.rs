//! The suites of this room once more, over a real PostgreSQL.

#[path = "sign_in.rs"]
mod sign_in;
#[path = "stream_secret.rs"]
mod stream_secret;
