//! Passwords of cameras, so that a copy of the database gives none away.
//!
//! ```text
//! sealed   01 │ nonce (12) │ AES-256-GCM of the password, tag (16)
//!          └ form          └ bound to the id of its stream: moved to another row, it does not open
//! ```
//!
//! The key is the installation's and comes from the caller; it is in no table.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base::StreamId;

const FORM: u8 = 1;

/// The key of the installation.
pub struct SealKey(RandomizedNonceKey);

/// A text that no log may show.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl SealKey {
    /// Takes the key's bytes.
    pub fn new(key: &[u8; 32]) -> Self {
        // The length is all that could be wrong with a key of this cipher.
        Self(RandomizedNonceKey::new(&AES_256_GCM, key).expect("32 bytes are a key of AES-256"))
    }

    /// Seals the password of `stream`.
    pub(crate) fn seal(&self, stream: StreamId, secret: &Secret) -> Vec<u8> {
        let mut text = secret.0.as_bytes().to_vec();
        let nonce = self
            .0
            .seal_in_place_append_tag(Aad::from(stream.0.as_bytes()), &mut text)
            .expect("a password is shorter than the cipher's limit of 64 GiB");
        [[FORM].as_slice(), nonce.as_ref(), text.as_slice()].concat()
    }

    /// Opens what [`SealKey::seal`] made for the same stream under the same key.
    pub(crate) fn unseal(&self, stream: StreamId, sealed: &[u8]) -> Option<Secret> {
        let (nonce, text) = sealed.strip_prefix(&[FORM])?.split_first_chunk::<NONCE_LEN>()?;
        let mut text = text.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let open = self.0.open_in_place(nonce, Aad::from(stream.0.as_bytes()), &mut text).ok()?;
        String::from_utf8(open.to_vec()).ok().map(Secret)
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(hidden)")
    }
}

impl Secret {
    /// Takes a text into hiding.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text, for the one place that must send it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_again_and_never_looks_the_same() {
        let (key, stream) = (SealKey::new(&[7; 32]), StreamId::new());
        let secret = Secret::new("mật khẩu 123");
        let (one, other) = (key.seal(stream, &secret), key.seal(stream, &secret));
        assert_ne!(one, other);
        assert_eq!(key.unseal(stream, &one), Some(secret.clone()));
        assert_eq!(key.unseal(stream, &other), Some(secret));
        assert!(!one.windows(3).any(|three| three == b"123"));
    }

    #[test]
    fn nothing_opens_with_another_key_or_row_or_with_a_bit_turned() {
        let (key, stream) = (SealKey::new(&[7; 32]), StreamId::new());
        let sealed = key.seal(stream, &Secret::new("secret"));
        assert_eq!(SealKey::new(&[8; 32]).unseal(stream, &sealed), None);
        assert_eq!(key.unseal(StreamId::new(), &sealed), None);
        for bit in 0..sealed.len() * 8 {
            let mut turned = sealed.clone();
            turned[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(key.unseal(stream, &turned), None, "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert_eq!(key.unseal(stream, &sealed[..length]), None, "{length} bytes");
        }
    }

    #[test]
    fn a_log_shows_neither_secret_nor_key() {
        let shown = format!("{:?} {:?}", Secret::new("hunter2"), SealKey::new(&[7; 32]));
        assert_eq!(shown, "Secret(hidden) SealKey(hidden)");
    }
}
