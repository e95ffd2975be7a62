//! The keys of this room, each for one use, all from the one that the caller has.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{hkdf, hmac};
use base::UserId;

const FORM: u8 = 1;

/// Where a secret is kept, no copy of the database opens it.
pub(crate) struct Keys {
    /// Signs the values against forged requests.
    pub(crate) csrf: hmac::Key,
    /// Hashes what is short enough to be guessed by whoever has the tables.
    pub(crate) recovery: hmac::Key,
    /// Signs what authenticators are asked to sign.
    pub(crate) challenge: hmac::Key,
    seal: RandomizedNonceKey,
}

impl Keys {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let derived = |used_for: &str| {
            let mut derived = [0; 32];
            hkdf::Salt::new(hkdf::HKDF_SHA256, b"sign-in")
                .extract(key)
                .expand(&[used_for.as_bytes()], hkdf::HKDF_SHA256)
                .and_then(|material| material.fill(&mut derived))
                .expect("32 bytes are one block of the derivation");
            derived
        };
        let seal = RandomizedNonceKey::new(&AES_256_GCM, &derived("seal"));
        Self {
            csrf: hmac::Key::new(hmac::HMAC_SHA256, &derived("csrf")),
            recovery: hmac::Key::new(hmac::HMAC_SHA256, &derived("recovery")),
            challenge: hmac::Key::new(hmac::HMAC_SHA256, &derived("challenge")),
            seal: seal.expect("32 bytes are a key of AES-256"),
        }
    }

    /// Seals a secret of this person; in another one's row it does not open.
    pub(crate) fn seal(&self, user: UserId, secret: &[u8]) -> Vec<u8> {
        self.seal_as(user.0.as_bytes(), secret)
    }

    /// Seals what opens under the same name alone.
    pub(crate) fn seal_as(&self, name: &[u8], secret: &[u8]) -> Vec<u8> {
        let mut text = secret.to_vec();
        let nonce = self
            .seal
            .seal_in_place_append_tag(Aad::from(name), &mut text)
            .expect("a secret is shorter than the cipher's limit of 64 GiB");
        [[FORM].as_slice(), nonce.as_ref(), text.as_slice()].concat()
    }

    /// Opens what [`Keys::seal`] made for the same person.
    pub(crate) fn unseal(&self, user: UserId, sealed: &[u8]) -> Option<Vec<u8>> {
        self.unseal_as(user.0.as_bytes(), sealed)
    }

    /// Opens what [`Keys::seal_as`] sealed under the same name.
    pub(crate) fn unseal_as(&self, name: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.strip_prefix(&[FORM])?.split_first_chunk::<NONCE_LEN>()?;
        let mut text = text.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let open = self.seal.open_in_place(nonce, Aad::from(name), &mut text);
        open.ok().map(|secret| secret.to_vec())
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_for_its_person_under_its_key_alone() {
        let (keys, user) = (Keys::new(&[7; 32]), UserId::new());
        let sealed = keys.seal(user, b"twenty bytes of it!!");
        assert_eq!(keys.unseal(user, &sealed).unwrap(), b"twenty bytes of it!!");
        assert_eq!(keys.unseal(UserId::new(), &sealed), None);
        assert_eq!(Keys::new(&[8; 32]).unseal(user, &sealed), None);
        for length in 0..sealed.len() {
            assert_eq!(keys.unseal(user, &sealed[..length]), None);
        }
    }
}
