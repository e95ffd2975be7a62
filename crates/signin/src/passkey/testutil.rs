//! An authenticator of a test's own: it makes keys and signs as real ones do, and
//! lies where a test wants it to.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]
#![allow(missing_docs, unreachable_pub, reason = "for tests alone")]

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A stick with one key on it.
#[derive(Debug)]
pub struct Stick {
    pub key: EcdsaKeyPair,
    pub id: Vec<u8>,
    pub count: u32,
    /// Present, verified; in an answer about a key just made, that one too.
    pub flags: u8,
    pub rp_id: String,
    pub origin: String,
    pub user_handle: Option<Vec<u8>>,
}

/// What a browser sends, in base64url.
#[derive(Clone, Debug)]
pub struct Sent {
    pub credential: String,
    pub client_data: String,
    pub authenticator_data: String,
    pub signature: String,
    pub user_handle: Option<String>,
    pub attestation: String,
}

impl Stick {
    pub fn new(rp_id: &str, origin: &str) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let mut id = vec![0; 32];
        aws_lc_rs::rand::fill(&mut id).unwrap();
        let (rp_id, origin) = (rp_id.to_owned(), origin.to_owned());
        Self { key, id, count: 0, flags: 0b101, rp_id, origin, user_handle: None }
    }

    /// Another stick with the same key, as no real one is.
    pub fn twin(&self) -> Self {
        let pkcs8 = self.key.to_pkcs8v1().unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref());
        Self { key: key.unwrap(), id: self.id.clone(), ..Self::new(&self.rp_id, &self.origin) }
    }

    /// The key as COSE has it.
    fn cose(&self) -> Vec<u8> {
        let public = self.key.public_key().as_ref();
        let head = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
        [&head, &public[1..33], &[0x22, 0x58, 0x20], &public[33..]].concat()
    }

    fn client_data(&self, kind: &str, challenge: &str) -> Vec<u8> {
        let said = serde_json::json!({"type": kind, "challenge": challenge, "origin": self.origin});
        said.to_string().into_bytes()
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let hash = digest(&SHA256, self.rp_id.as_bytes());
        [hash.as_ref(), &[flags], &self.count.to_be_bytes()].concat()
    }

    /// Makes its key known.
    pub fn make(&self, challenge: &str) -> Sent {
        let client_data = self.client_data("webauthn.create", challenge);
        let length = u16::try_from(self.id.len()).unwrap().to_be_bytes();
        let cose = self.cose();
        let data = [&self.data(self.flags | 0x40)[..], &[0; 16], &length, &self.id, &cose].concat();
        let length = u16::try_from(data.len()).unwrap().to_be_bytes();
        let head = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59";
        let attestation = [&head[..], &length, &data].concat();
        self.sent(&client_data, &[], &[], &attestation)
    }

    /// Uses it.
    pub fn answer(&self, challenge: &str) -> Sent {
        let client_data = self.client_data("webauthn.get", challenge);
        let data = self.data(self.flags);
        let signed = [&data[..], digest(&SHA256, &client_data).as_ref()].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        self.sent(&client_data, &data, signature.as_ref(), &[])
    }

    fn sent(&self, client_data: &[u8], data: &[u8], signature: &[u8], made: &[u8]) -> Sent {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        Sent {
            credential: text(&self.id),
            client_data: text(client_data),
            authenticator_data: text(data),
            signature: text(signature),
            user_handle: self.user_handle.as_deref().map(text),
            attestation: text(made),
        }
    }
}
