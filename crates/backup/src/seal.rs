//! The sealed file: a header that anybody can read, then chunks that nobody can
//! without the passphrase.
//!
//! ```text
//! header   "khue backup\n" │ form (1) │ argon2id: KiB (4), passes (4), lanes (4) │ salt (16) │ proof (32)
//! chunk    AES-256-GCM of 64 KiB, tag (16)           the last may be shorter
//! nonce    number of the chunk (8) │ 1 in the last, 0 before it (1) │ 000
//! bound    to the header's SHA-256
//! proof    HMAC-SHA-256 by the key, of the header before it
//! ```
//!
//! A key seals one file, as each has a salt of its own, so no nonce comes twice.
//! A chunk that is left out, moved or taken from another file does not open in its
//! place; a file that is cut off has no last. The proof tells a wrong passphrase
//! from an altered file, and binds the file to one key, which the cipher alone
//! does not.

use std::io::{self, Read, Write};

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::{digest, hmac};
use unicode_normalization::UnicodeNormalization;

const MAGIC: &[u8; 12] = b"khue backup\n";
/// The form that is written; a newer one is refused.
const FORM: u8 = 1;
const SALT: usize = 16;
const PROOF: usize = 32;
/// Of all that stands before the proof.
const HEAD: usize = MAGIC.len() + 1 + 12 + SALT;
const TAG: usize = 16;
/// How much goes into a chunk.
pub(crate) const CHUNK: usize = 64 * 1024;

/// What the key costs to make: the second choice of RFC 9106, section 4.
const COST: Cost = Cost { kib: 64 * 1024, passes: 3, lanes: 4 };

/// What it costs where thousands are made to be broken.
pub(crate) const CHEAP: Cost = Cost { kib: 8, passes: 1, lanes: 1 };

/// The most that a header may ask for. One that asks for more was not written
/// here, and to work on it could take the machine's memory or never end.
const MOST: Cost = Cost { kib: 128 * 1024, passes: 4, lanes: 4 };

/// The fewest characters of a passphrase: a file can be guessed at for years.
const FEWEST: usize = 12;

/// Why a file is no backup that can be read, or cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refused.
    #[error("cannot {doing} the backup: {source}")]
    Disk {
        /// What was tried.
        doing: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// The passphrase of a new backup is too easy to guess.
    #[error("the passphrase is too short: give at least {FEWEST} characters, better five words")]
    Weak,
    /// It does not begin as one does.
    #[error("this is no backup of khue")]
    Foreign,
    /// A newer program wrote it.
    #[error(
        "the backup is of form {0}, which a newer program wrote (this one reads {FORM}): \
         restore it by that program"
    )]
    Newer(u8),
    /// The header asks for what none asks for.
    #[error("the backup's header is not as it was written")]
    Header,
    /// The key is another.
    #[error("the passphrase does not open this backup")]
    Passphrase,
    /// A chunk is not as it was written, or not where.
    #[error("the backup was altered: what begins at byte {0} is not as it was written")]
    Altered(u64),
    /// It ends before its end.
    #[error("the backup was cut off: {0} bytes of it are there and more belong to it")]
    CutOff(u64),
    /// Something follows its end.
    #[error("the backup has something behind its end, from byte {0} on")]
    Behind(u64),
    /// What was sealed is not in the form of a backup.
    #[error("the backup holds what this program never writes: {0}")]
    Form(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cost {
    kib: u32,
    passes: u32,
    lanes: u32,
}

/// The key of one file, with the header it is bound to.
struct Seal {
    key: LessSafeKey,
    bound: [u8; 32],
}

/// Seals what is written to it.
pub(crate) struct Sealing<W> {
    out: W,
    seal: Seal,
    waiting: Vec<u8>,
    number: u64,
}

/// Opens what was sealed, chunk by chunk.
pub(crate) struct Opening<R> {
    from: R,
    seal: Seal,
    number: u64,
    /// The chunk that comes next, still sealed; empty before the first was read.
    next: Vec<u8>,
    at: u64,
    is_over: bool,
}

impl<W: Write> Sealing<W> {
    pub(crate) fn begin(out: W, passphrase: &str) -> Result<Self, Error> {
        Self::begin_at(if cfg!(test) { CHEAP } else { COST }, out, passphrase)
    }

    pub(crate) fn begin_at(cost: Cost, mut out: W, passphrase: &str) -> Result<Self, Error> {
        if passphrase.chars().count() < FEWEST {
            return Err(Error::Weak);
        }
        let mut salt = [0; SALT];
        aws_lc_rs::rand::fill(&mut salt).expect("the system has randomness");
        let head = head(cost, &salt);
        let (seal, proof) = Seal::new(passphrase, cost, &head)?;
        out.write_all(&head).and_then(|()| out.write_all(&proof)).map_err(disk("write"))?;
        Ok(Self { out, seal, waiting: Vec::with_capacity(CHUNK + TAG), number: 0 })
    }

    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            // A full chunk is sealed only when more comes: it may be the last.
            if self.waiting.len() == CHUNK {
                self.chunk(false)?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK - self.waiting.len()));
            self.waiting.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<W, Error> {
        self.chunk(true)?;
        self.out.flush().map_err(disk("write"))?;
        Ok(self.out)
    }

    fn chunk(&mut self, is_last: bool) -> Result<(), Error> {
        let (nonce, bound) = (nonce(self.number, is_last), Aad::from(self.seal.bound));
        self.seal
            .key
            .seal_in_place_append_tag(nonce, bound, &mut self.waiting)
            .expect("a chunk is shorter than the cipher's limit of 64 GiB");
        self.out.write_all(&self.waiting).map_err(disk("write"))?;
        self.waiting.clear();
        self.number += 1;
        Ok(())
    }
}

impl<R: Read> Opening<R> {
    pub(crate) fn begin(mut from: R, passphrase: &str) -> Result<Self, Error> {
        let mut start = Vec::new();
        take(&mut from, HEAD + PROOF, &mut start)?;
        // The form is looked at before the rest, which it says the form of.
        let there = start.len().min(MAGIC.len());
        if start[..there] != MAGIC[..there] || start.is_empty() {
            return Err(Error::Foreign);
        }
        let cut = || Error::CutOff(start.len() as u64);
        let form = *start.get(MAGIC.len()).ok_or_else(cut)?;
        if form > FORM {
            return Err(Error::Newer(form));
        }
        let Some((head, proof)) = start.split_first_chunk::<HEAD>() else { return Err(cut()) };
        if proof.len() < PROOF {
            return Err(cut());
        }
        let cost = Cost::read(head);
        let fits = cost.kib <= MOST.kib && cost.passes <= MOST.passes && cost.lanes <= MOST.lanes;
        if form != FORM || !fits {
            return Err(Error::Header);
        }
        let (seal, expected) = Seal::new(passphrase, cost, head)?;
        if aws_lc_rs::constant_time::verify_slices_are_equal(proof, &expected).is_err() {
            return Err(Error::Passphrase);
        }
        let mut next = Vec::new();
        take(&mut from, CHUNK + TAG, &mut next)?;
        Ok(Self { from, seal, number: 0, next, at: (HEAD + PROOF) as u64, is_over: false })
    }

    /// Returns the next chunk; none when the last was given and nothing follows it.
    pub(crate) fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        if self.is_over {
            return Ok(None);
        }
        let mut after = Vec::new();
        if self.next.len() == CHUNK + TAG {
            take(&mut self.from, CHUNK + TAG, &mut after)?;
        }
        let sealed = std::mem::replace(&mut self.next, after);
        let (at, is_last) = (self.at, self.next.is_empty());
        self.at += sealed.len() as u64;
        if let Some(chunk) = self.open(&sealed, is_last) {
            self.number += 1;
            self.is_over = is_last;
            return Ok(Some(chunk));
        }
        // What does not open tells why, if it opens as what it is not here.
        Err(match is_last {
            true if sealed.len() < TAG => Error::CutOff(self.at),
            true if self.open(&sealed, false).is_some() => Error::CutOff(self.at),
            false if self.open(&sealed, true).is_some() => Error::Behind(self.at),
            _ => Error::Altered(at),
        })
    }

    fn open(&self, sealed: &[u8], is_last: bool) -> Option<Vec<u8>> {
        let mut chunk = sealed.to_vec();
        let nonce = nonce(self.number, is_last);
        let open = self.seal.key.open_in_place(nonce, Aad::from(self.seal.bound), &mut chunk);
        let len = open.ok()?.len();
        chunk.truncate(len);
        Some(chunk)
    }
}

impl Seal {
    /// Returns the key of a passphrase, and the proof of it.
    fn new(passphrase: &str, cost: Cost, head: &[u8; HEAD]) -> Result<(Self, [u8; PROOF]), Error> {
        let params = Params::new(cost.kib, cost.passes, cost.lanes, Some(32));
        let params = params.map_err(|_| Error::Header)?;
        // Keyboards write one Vietnamese letter in several ways.
        let passphrase: String = passphrase.nfkc().collect();
        let mut key = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.as_bytes(), &head[HEAD - SALT..], &mut key)
            .map_err(|_| Error::Header)?;
        let proof = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), head);
        let proof = proof.as_ref().try_into().expect("SHA-256 has 32 bytes");
        let key = UnboundKey::new(&AES_256_GCM, &key).expect("32 bytes are a key of AES-256");
        let bound = digest::digest(&digest::SHA256, head);
        let bound = bound.as_ref().try_into().expect("SHA-256 has 32 bytes");
        Ok((Self { key: LessSafeKey::new(key), bound }, proof))
    }
}

impl Cost {
    fn read(head: &[u8; HEAD]) -> Self {
        let number = |at: usize| {
            let bytes = head[MAGIC.len() + 1 + at..].first_chunk();
            u32::from_le_bytes(*bytes.expect("three numbers and a salt follow the form"))
        };
        Self { kib: number(0), passes: number(4), lanes: number(8) }
    }
}

fn head(cost: Cost, salt: &[u8; SALT]) -> [u8; HEAD] {
    let numbers = [cost.kib, cost.passes, cost.lanes].map(u32::to_le_bytes).concat();
    let head = [MAGIC, [FORM].as_slice(), &numbers, salt].concat();
    head.try_into().expect("the parts are as long as the whole")
}

fn nonce(number: u64, is_last: bool) -> Nonce {
    let mut nonce = [0; 12];
    nonce[..8].copy_from_slice(&number.to_le_bytes());
    nonce[8] = u8::from(is_last);
    Nonce::assume_unique_for_key(nonce)
}

/// Reads as much as there is, `len` bytes at most.
fn take(from: &mut impl Read, len: usize, into: &mut Vec<u8>) -> Result<(), Error> {
    from.take(len as u64).read_to_end(into).map(drop).map_err(disk("read"))
}

fn disk(doing: &'static str) -> impl Fn(io::Error) -> Error {
    move |source| Error::Disk { doing, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSPHRASE: &str = "năm cánh đồng lúa chín";

    fn sealed(len: usize) -> Vec<u8> {
        let mut sealing = Sealing::begin(Vec::new(), PASSPHRASE).unwrap();
        for piece in bytes(len).chunks(10_007) {
            sealing.write(piece).unwrap();
        }
        sealing.finish().unwrap()
    }

    fn bytes(len: usize) -> Vec<u8> {
        (0..len).map(|at| (at / 7) as u8).collect()
    }

    fn open(sealed: &[u8], passphrase: &str) -> Result<Vec<u8>, Error> {
        let mut opening = Opening::begin(sealed, passphrase)?;
        let mut all = Vec::new();
        while let Some(chunk) = opening.chunk()? {
            all.extend(chunk);
        }
        Ok(all)
    }

    fn words(sealed: &[u8]) -> String {
        open(sealed, PASSPHRASE).unwrap_err().to_string()
    }

    const START: usize = HEAD + PROOF;

    #[test]
    fn what_was_sealed_opens_whatever_its_length() {
        for len in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 5] {
            let sealed = sealed(len);
            assert_eq!(sealed.len(), START + len + TAG * len.div_ceil(CHUNK).max(1), "{len}");
            assert!(open(&sealed, PASSPHRASE).unwrap() == bytes(len), "{len}");
        }
    }

    #[test]
    fn one_passphrase_opens_it_in_whichever_way_a_keyboard_writes_it() {
        let sealed = sealed(10);
        let apart: String = PASSPHRASE.nfd().collect();
        assert_ne!(apart, PASSPHRASE);
        open(&sealed, &apart).unwrap();
        let wrong = open(&sealed, "năm cánh đồng lúa chìn").unwrap_err();
        assert_eq!(wrong.to_string(), "the passphrase does not open this backup");
        let weak = Sealing::begin(Vec::new(), "mười một kt").map(drop);
        assert!(matches!(weak, Err(Error::Weak)));
    }

    #[test]
    fn a_file_that_is_cut_off_anywhere_says_so() {
        let sealed = sealed(CHUNK + 100);
        assert_eq!(words(&[]), "this is no backup of khue");
        for len in [1, 12, 13, START - 1, START, START + 10, START + CHUNK + TAG] {
            let expected = format!(
                "the backup was cut off: {len} bytes of it are there and more belong to it"
            );
            assert_eq!(words(&sealed[..len]), expected);
        }
        // Within a chunk nobody can tell a cut from a change.
        for len in [START + TAG, sealed.len() - 1] {
            assert!(words(&sealed[..len]).contains("altered"), "{len}");
        }
    }

    #[test]
    fn chunks_that_are_moved_dropped_doubled_or_foreign_do_not_open() {
        let whole = sealed(3 * CHUNK + 9);
        let (head, chunks) = whole.split_at(START);
        let chunks: Vec<_> = chunks.chunks(CHUNK + TAG).collect();
        let built = |order: &[&[u8]]| [head, &order.concat()].concat();
        let [a, b, c, d] = chunks[..] else { panic!("{}", chunks.len()) };
        open(&built(&[a, b, c, d]), PASSPHRASE).unwrap();
        let altered = |at: usize| {
            let at = START + at * (CHUNK + TAG);
            format!("the backup was altered: what begins at byte {at} is not as it was written")
        };
        assert_eq!(words(&built(&[b, a, c, d])), altered(0));
        assert_eq!(words(&built(&[a, c, b, d])), altered(1));
        assert_eq!(words(&built(&[a, b, d])), altered(2));
        assert_eq!(words(&built(&[a, a, b, c, d])), altered(1));
        let other = sealed(3 * CHUNK + 9);
        let theirs = &other[START..START + CHUNK + TAG];
        assert_eq!(words(&built(&[theirs, b, c, d])), altered(0));
        let full = sealed(CHUNK);
        let more = [full.as_slice(), b"more"].concat();
        let at = full.len();
        assert_eq!(
            words(&more),
            format!("the backup has something behind its end, from byte {at} on")
        );
    }

    #[test]
    fn no_bit_can_be_turned() {
        let sealed = sealed(40);
        for at in 0..sealed.len() {
            let mut turned = sealed.clone();
            turned[at] ^= 1 << (at % 8);
            assert!(open(&turned, PASSPHRASE).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_newer_form_and_a_cost_that_is_never_asked_are_refused_before_any_work() {
        let mut newer = sealed(1);
        newer[MAGIC.len()] = 2;
        assert_eq!(
            words(&newer),
            "the backup is of form 2, which a newer program wrote (this one reads 1): \
             restore it by that program"
        );
        let mut dear = sealed(1);
        dear[MAGIC.len() + 1..][..12].fill(0xff);
        assert_eq!(words(&dear), "the backup's header is not as it was written");
        assert_eq!(
            words(b"PK\x03\x04 some other file, long enough to be one"),
            "this is no backup of khue"
        );
    }
}
