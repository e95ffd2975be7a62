//! What an authenticator says, and whether it holds (Web Authentication, level 3,
//! 7.1 and 7.2). Pure: the challenge, the place and the key come in.
//!
//! ```text
//! client data (JSON, by the browser)    type, challenge, origin
//! authenticator data                    SHA-256 of the place │ flags │ count │ id, key │ …
//! signature                             over authenticator data, SHA-256 of client data
//! ```
//!
//! Ours and no library's: what there is brings hashes and signatures of its own
//! beside the one crypto provider, among them an RSA with an open advisory. Of
//! attestation nothing is asked and nothing believed: whose make an authenticator is
//! decides nothing here.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::cbor::Item;

/// How keys may sign, the best first (COSE's numbers): Ed25519, ECDSA over P-256,
/// RSA for the authenticators of Windows.
pub const PASSKEY_ALGORITHMS: [i64; 3] = [-8, -7, -257];

/// The longest id of a credential that there may be.
const LONGEST_ID: usize = 1023;

const PRESENT: u8 = 1;
const VERIFIED: u8 = 1 << 2;
const MAY_BE_BACKED_UP: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const HAS_KEY: u8 = 1 << 6;
const HAS_MORE: u8 = 1 << 7;

/// Where somebody is: what a passkey is bound to, and what browsers say it was used
/// at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The host name, without a port.
    pub rp_id: String,
    /// What the browser calls the page's origin.
    pub origins: Vec<String>,
}

/// What the browser says happened.
#[derive(Debug, Deserialize)]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default, rename = "crossOrigin")]
    cross_origin: bool,
}

/// What the authenticator says.
#[derive(Debug, PartialEq, Eq)]
struct Said<'a> {
    count: u32,
    /// The credential's id and its key, as it was made.
    made: Option<(&'a [u8], &'a [u8])>,
}

/// A key that was made.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) credential: Vec<u8>,
    /// As COSE has it.
    pub(crate) key: Vec<u8>,
    pub(crate) count: u32,
}

/// Reads what a browser says of a key just made.
pub(crate) fn made(
    place: &Place,
    client_data: &[u8],
    attestation: &[u8],
) -> Result<(Made, String), &'static str> {
    let challenge = client(place, client_data, "webauthn.create")?;
    let (object, rest) = Item::read(attestation).ok_or("its attestation cannot be read")?;
    let data = object.named("authData").and_then(Item::bytes).filter(|_| rest.is_empty());
    let data = data.ok_or("its attestation cannot be read")?;
    let said = said(place, data)?;
    let (credential, key) = said.made.ok_or("it made no key")?;
    if credential.is_empty() || credential.len() > LONGEST_ID {
        return Err("the id of its key is too long");
    }
    Key::read(key)?;
    let (credential, key) = (credential.to_vec(), key.to_vec());
    Ok((Made { credential, key, count: said.count }, challenge))
}

/// Returns the challenge that was answered and the count, if the signature is the
/// key's.
pub(crate) fn answered(
    place: &Place,
    key: &[u8],
    client_data: &[u8],
    data: &[u8],
    signature: &[u8],
) -> Result<(String, u32), &'static str> {
    let challenge = client(place, client_data, "webauthn.get")?;
    let said = said(place, data)?;
    let signed = [data, digest(&SHA256, client_data).as_ref()].concat();
    Key::read(key)?.verify(&signed, signature)?;
    Ok((challenge, said.count))
}

/// Returns the challenge that the browser answered.
fn client(place: &Place, bytes: &[u8], kind: &str) -> Result<String, &'static str> {
    let said: ClientData =
        serde_json::from_slice(bytes).map_err(|_| "what the browser says cannot be read")?;
    if said.r#type != kind {
        return Err("it answers something else");
    }
    if said.cross_origin || !place.origins.contains(&said.origin) {
        return Err("it was used at another place");
    }
    Ok(said.challenge)
}

fn said<'a>(place: &Place, bytes: &'a [u8]) -> Result<Said<'a>, &'static str> {
    let cut = "what the authenticator says is cut off";
    let (hash, rest) = bytes.split_at_checked(32).ok_or(cut)?;
    let (&[flags, a, b, c, d], rest) = rest.split_first_chunk().ok_or(cut)?;
    if hash != digest(&SHA256, place.rp_id.as_bytes()).as_ref() {
        return Err("it is for another place");
    }
    if flags & PRESENT == 0 || flags & VERIFIED == 0 {
        return Err(
            "the authenticator did not make sure who uses it; set a PIN or a finger up on it",
        );
    }
    if flags & BACKED_UP != 0 && flags & MAY_BE_BACKED_UP == 0 {
        return Err("the authenticator contradicts itself");
    }
    let count = u32::from_be_bytes([a, b, c, d]);
    let (made, rest) = match flags & HAS_KEY {
        0 => (None, rest),
        _ => {
            // 16 bytes say the make.
            let (_, rest) = rest.split_at_checked(16).ok_or(cut)?;
            let (length, rest) = rest.split_first_chunk().ok_or(cut)?;
            let length = usize::from(u16::from_be_bytes(*length));
            let (credential, key) = rest.split_at_checked(length).ok_or(cut)?;
            let (_, rest) = Item::read(key).ok_or("the key cannot be read")?;
            (Some((credential, &key[..key.len() - rest.len()])), rest)
        }
    };
    let rest = match flags & HAS_MORE {
        0 => rest,
        _ => Item::read(rest).ok_or(cut)?.1,
    };
    match rest.is_empty() {
        true => Ok(Said { count, made }),
        false => Err("there is more than the authenticator says"),
    }
}

/// A public key.
enum Key {
    Ed25519(Vec<u8>),
    P256(Vec<u8>),
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

impl Key {
    /// Reads a key as COSE has it (RFC 9052, 7; RFC 9053, 7; RFC 8230, 4).
    fn read(cose: &[u8]) -> Result<Self, &'static str> {
        let (key, rest) = Item::read(cose).ok_or("the key cannot be read")?;
        let number = |at| key.at(at).and_then(Item::int);
        let bytes = |at| key.at(at).and_then(Item::bytes);
        let of = |at, length: usize| bytes(at).filter(|bytes| bytes.len() == length);
        let read = match (number(1), number(3), number(-1)) {
            (Some(1), Some(-8), Some(6)) => of(-2, 32).map(|x| Self::Ed25519(x.to_vec())),
            (Some(2), Some(-7), Some(1)) => {
                of(-2, 32).zip(of(-3, 32)).map(|(x, y)| Self::P256([[4].as_slice(), x, y].concat()))
            }
            (Some(3), Some(-257), _) => {
                bytes(-1).zip(bytes(-2)).map(|(n, e)| Self::Rsa { n: n.to_vec(), e: e.to_vec() })
            }
            _ => return Err("its key is of a kind that is not taken"),
        };
        read.filter(|_| rest.is_empty()).ok_or("the key cannot be read")
    }

    fn verify(&self, signed: &[u8], signature: &[u8]) -> Result<(), &'static str> {
        let verified = match self {
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(signed, signature),
            Self::P256(key) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key).verify(signed, signature)
            }
            Self::Rsa { n, e } => RsaPublicKeyComponents { n, e }.verify(
                &RSA_PKCS1_2048_8192_SHA256,
                signed,
                signature,
            ),
        };
        verified.map_err(|_| "the signature is not of this key")
    }
}

/// Returns the bytes that a browser sends in base64url.
pub(crate) fn decoded(text: &str) -> Result<Vec<u8>, &'static str> {
    // Some clients fill up with signs that mean nothing.
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| "what was sent is no base64url")
}
