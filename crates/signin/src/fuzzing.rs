//! The way in for the fuzz targets of this room, and for nobody else.
//!
//! What must hold is said in `fuzz/`; here it is only made reachable.

use crate::{Error, MediaToken, one_time, password, token};

/// Reads the bytes of a token as if they were signed.
pub fn read_token(bytes: &[u8]) -> Option<MediaToken> {
    token::read(bytes)
}

/// Refuses a password that is guessed too soon.
pub fn good_enough(password: &str, name: &str) -> Result<(), Error> {
    password::good_enough(password, name)
}

/// Returns whether the password belongs to a hash that was kept.
pub fn belongs(password: &str, hash: &str) -> Result<bool, Error> {
    password::belongs(password, hash)
}

/// Returns the letters of a one-time password, however it was typed.
pub fn typed(text: &str) -> String {
    one_time::typed(text)
}
