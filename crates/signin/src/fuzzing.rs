//! The way in for the fuzz targets of this room, and for nobody else.
//!
//! What must hold is said in `fuzz/`; here it is only made reachable.

use crate::passkey::webauthn;
use crate::{Error, MediaToken, Place, one_time, password, token};

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

/// Reads what is said of a key just made: its id, and the key.
pub fn passkey_made(
    place: &Place,
    client_data: &[u8],
    attestation: &[u8],
) -> Option<(Vec<u8>, Vec<u8>)> {
    let (made, _) = webauthn::made(place, client_data, attestation).ok()?;
    Some((made.credential, made.key))
}

/// Returns whether a key is used as it should be.
pub fn passkey_answered(
    place: &Place,
    key: &[u8],
    client_data: &[u8],
    data: &[u8],
    signature: &[u8],
) -> bool {
    webauthn::answered(place, key, client_data, data, signature).is_ok()
}
