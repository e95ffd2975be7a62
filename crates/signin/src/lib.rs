//! Who is there: passwords, sign-ins, and the tokens by which media is served.
//!
//! ```text
//! name, password ──lockout──▶ password ─┐
//! another installation says who it is ──┴─▶ code of the phone ──▶ SignIn (cookie, CSRF value)
//!                                                                   │ decided by others
//!                                             ┌─────────────────────┘
//!                                             ▼
//!                                          MediaToken ≤ 5 min ──verified alone──▶ media
//! a passkey: a key, and a finger or PIN ──────────────────────────▶ ┘
//! an envelope for emergencies, opened once ───────────────────────▶ ┘
//! made by somebody for a program ──▶ ApiToken (some of what they may do)
//!                                ──▶ StreamSecret (name, password) ──▶ one camera's media
//! ```
//!
//! Belongs here: how a person proves who they are, and how long that holds. Does
//! not belong here: what they may do (`catalog::decide`), the name's way to a
//! user's id (`catalog`), HTTP. Time is an argument of everything.

use aws_lc_rs::constant_time;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

mod api_token;
mod breached;
mod common;
mod config;
mod devices;
mod envelope;
mod error;
#[doc(hidden)]
pub mod fuzzing;
mod keys;
mod lockout;
mod migrations;
mod oidc;
mod one_time;
mod passkey;
mod password;
mod provided;
mod qr;
mod recovery;
mod rows;
mod second_factor;
mod sign_in;
mod standing;
mod stream_secret;
mod suspended;
mod token;
mod totp;

pub use api_token::{API_TOKEN_PREFIX, ApiToken, NewApiToken, Scope};
pub use config::{AskedOf, Config};
pub use devices::SignedInDevice;
pub use envelope::{Envelope, OpenedEnvelope, Reviewed};
pub use error::Error;
pub use lockout::network;
pub use oidc::{BegunOidc, Claimed, ClaimedRole, OidcConfig, OidcError, Provider, Returned};
pub use one_time::OneTimePassword;
#[doc(hidden)]
pub use passkey::testutil as passkey_testutil;
pub use passkey::{ChallengeFor, NewPasskey, PASSKEY_ALGORITHMS, Passkey, Place, UsedPasskey};
pub use qr::Qr;
pub use recovery::RECOVERY_CODES;
pub use second_factor::{Given, NewTotp, Proof, SecondFactor};
pub use sign_in::{Attempt, Choice, Device, Opened, SignIn, SignIns, Way};
pub use standing::Standing;
pub use stream_secret::{NewStreamSecret, StreamSecret, StreamSecrets};
pub use token::{MediaAction, MediaToken, MediaTokens, MediaVerifier, TOKEN_LIFETIME, TokenFault};
pub use totp::code_now;

/// Returns whether two secrets are the same, in a time that does not tell where
/// they differ.
pub fn same(one: &str, other: &str) -> bool {
    constant_time::verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

/// Makes a secret of 256 bits, in letters that a cookie carries.
pub fn new_secret() -> String {
    let mut secret = [0; 32];
    aws_lc_rs::rand::fill(&mut secret).expect("the system has randomness");
    URL_SAFE_NO_PAD.encode(secret)
}

/// Returns the steps by which this room's tables came to be, oldest first: for
/// whoever makes them where the rows of another database come in.
pub fn steps() -> db::Steps {
    migrations::all()
}
