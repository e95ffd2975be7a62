//! What vouches for a day: how far its entries went, signed.
//!
//! ```text
//! khue audit root 1
//! day 2026-11-29
//! entries 1208 to 4711
//! hash 3f9a…                       of entry 4711
//! before 77c0…                     of the text of the root before
//! signed PUBLIC-KEY SIGNATURE      Ed25519 over all lines above the first of these
//! signed PUBLIC-KEY SIGNATURE      of another agency, if it co-signs
//! ```
//!
//! A chain alone can be made anew from any entry on by whoever may write its files;
//! a root cannot, without the key. It names nobody, so it can be published, or given
//! to another agency, which adds a signature of its own: then the installation itself
//! cannot take a day back. The same text about a day that is not over is the *head*.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, ParsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::chain::{Hash, Link};

const FORM: &str = "khue audit root 1";

/// How far the entries of a day went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// The day by the calendar of Viet Nam (UTC+7): `2026-11-29`.
    pub day: String,
    /// The number of its first entry.
    pub first: u64,
    /// Its last entry.
    pub last: Link,
    /// The hash of the text of the root before; zeros before the first.
    pub before: Hash,
}

/// A root with what stands below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRoot {
    /// What is signed.
    pub root: Root,
    /// Who signed it: public keys whose signatures hold, as text.
    pub signers: Vec<String>,
    /// How many signatures do not hold.
    pub forged: usize,
}

/// What signs roots: the private half of a key.
pub struct RootKey(Ed25519KeyPair);

impl Root {
    /// Returns the text that is signed.
    pub fn text(&self) -> String {
        let Self { day, first, last, before } = self;
        let Link { n, hash } = last;
        format!("{FORM}\nday {day}\nentries {first} to {n}\nhash {hash}\nbefore {before}\n")
    }

    /// Returns the hash by which the next root knows this one.
    pub fn hash(&self) -> Hash {
        Hash::of(self.text().as_bytes())
    }
}

impl SignedRoot {
    /// Reads a root; nothing if the text is none.
    pub fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let mut field = |name: &str| lines.next()?.strip_prefix(name);
        if !field(FORM)?.is_empty() {
            return None;
        }
        let day = field("day ")?.to_owned();
        let (first, last) = field("entries ")?.split_once(" to ")?;
        let (first, n) = (first.parse().ok()?, last.parse().ok()?);
        let last = Link { n, hash: field("hash ")?.parse().ok()? };
        let before = field("before ")?.parse().ok()?;
        let root = Root { day, first, last, before };
        let signed = root.text();
        let (mut signers, mut forged) = (Vec::new(), 0);
        for line in lines {
            let (signer, signature) = line.strip_prefix("signed ")?.split_once(' ')?;
            if holds(signer, signature, &signed) {
                signers.push(signer.to_owned());
            } else {
                forged += 1;
            }
        }
        Some(Self { root, signers, forged })
    }
}

impl RootKey {
    /// Takes the private half of a key.
    pub fn new(seed: &[u8; 32]) -> Self {
        // Any 32 bytes are a key; the public half is made from them here.
        Self(Ed25519KeyPair::from_seed_unchecked(seed).expect("32 bytes are a key of Ed25519"))
    }

    /// Returns the public half as text.
    pub fn public(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.public_key().as_ref())
    }

    /// Returns the line that signs a root.
    pub fn sign(&self, root: &Root) -> String {
        let signature = URL_SAFE_NO_PAD.encode(self.0.sign(root.text().as_bytes()));
        format!("signed {} {signature}\n", self.public())
    }
}

impl fmt::Debug for RootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RootKey({})", self.public())
    }
}

fn holds(signer: &str, signature: &str, text: &str) -> bool {
    let bytes = |text| URL_SAFE_NO_PAD.decode(text).ok();
    let (Some(signer), Some(signature)) = (bytes(signer), bytes(signature)) else { return false };
    ParsedPublicKey::new(&ED25519, &signer)
        .is_ok_and(|key| key.verify_sig(text.as_bytes(), &signature).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> Root {
        let last = Link { n: 4711, hash: Hash::of(b"the last") };
        Root { day: "2026-11-29".to_owned(), first: 1208, last, before: Hash::of(b"") }
    }

    #[test]
    fn a_root_reads_back_with_whoever_signed_it() {
        let (ours, theirs) = (RootKey::new(&[3; 32]), RootKey::new(&[4; 32]));
        let text = root().text() + &ours.sign(&root()) + &theirs.sign(&root());
        let read = SignedRoot::read(&text).unwrap();
        let signers = vec![ours.public(), theirs.public()];
        assert_eq!(read, SignedRoot { root: root(), signers, forged: 0 });
    }

    #[test]
    fn a_signature_belongs_to_one_text() {
        let key = RootKey::new(&[3; 32]);
        let other = Root { first: 1209, ..root() };
        let read = SignedRoot::read(&(other.text() + &key.sign(&root()))).unwrap();
        assert_eq!((read.signers.len(), read.forged), (0, 1));
        let whole = root().text() + &key.sign(&root());
        for at in 0..whole.len() {
            let mut changed = whole.clone().into_bytes();
            changed[at] = if changed[at] == b'1' { b'2' } else { b'1' };
            let read = String::from_utf8(changed).ok().and_then(|text| SignedRoot::read(&text));
            let stands = read.is_some_and(|read| read.root == root() && !read.signers.is_empty());
            assert!(!stands, "{at}");
        }
    }

    #[test]
    fn what_is_no_root_is_not_read() {
        for text in ["", "khue audit root 2\n", &root().text()[..40], &(root().text() + "x")] {
            assert_eq!(SignedRoot::read(text), None, "{text}");
        }
    }
}
