//! Who is there: passwords, sign-ins, and the tokens by which media is served.
//!
//! ```text
//! name, password ──lockout──▶ password ──▶ SignIn (cookie, CSRF value)
//!                                             │ decided by others
//!                                             ▼
//!                                          MediaToken ≤ 5 min ──verified alone──▶ media
//! ```
//!
//! Belongs here: how a person proves who they are, and how long that holds. Does
//! not belong here: what they may do (`catalog::decide`), the name's way to a
//! user's id (`catalog`), HTTP. Time is an argument of everything.

mod error;
mod lockout;
mod migrations;
mod one_time;
mod password;
mod rows;
mod sign_in;
mod token;

pub use error::Error;
pub use one_time::OneTimePassword;
pub use sign_in::{Attempt, Choice, Opened, SignIn, SignIns};
pub use token::{MediaAction, MediaToken, MediaTokens, MediaVerifier, TOKEN_LIFETIME, TokenFault};
