//! Passwords that people choose: what is good enough, and how it is kept.
//!
//! Kept is an argon2id hash at the first of the costs that OWASP advises as equal
//! (46 MiB, one pass). Hashing runs beside the runtime, two at a time, so that a
//! flood of attempts waits in line and neither fills the memory nor slows a stream.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

use crate::Error;
use crate::common::commonness;

/// The fewest characters of a password. Length is what is asked for, and no mix of
/// kinds of characters: that is met by `Password1!` (NIST SP 800-63B, 3.1.1.2).
const FEWEST: usize = 12;

/// The most bytes of a password that are looked at.
const MOST_BYTES: usize = 512;

/// The most that a kept hash may cost. One that asks for more was not written
/// here, and to work on it could take the machine's memory or never end.
const MOST_KIB: u32 = 64 * 1024;
const MOST_PASSES: u32 = 4;
const MOST_LANES: u32 = 4;

/// The place where passwords are hashed.
#[derive(Clone, Debug)]
pub(crate) struct Hasher {
    at_once: Arc<Semaphore>,
    /// The hash of a password nobody has, for names nobody has.
    nobody: Arc<str>,
}

impl Hasher {
    pub(crate) async fn new() -> Result<Self, Error> {
        let at_once = Arc::new(Semaphore::new(2));
        let mut hasher = Self { at_once, nobody: Arc::from("") };
        let mut nobody = [0; 32];
        aws_lc_rs::rand::fill(&mut nobody).expect("the system has randomness");
        hasher.nobody = hasher.hash(format!("{nobody:?}")).await?.into();
        Ok(hasher)
    }

    /// Returns the hash under which a password is kept.
    pub(crate) async fn hash(&self, password: String) -> Result<String, Error> {
        self.work(move || {
            let hash = argon2().hash_password(normal(&password).as_bytes());
            hash.map(|hash| hash.to_string()).map_err(|error| Error::Hash(error.to_string()))
        })
        .await?
    }

    /// Returns whether the password belongs to the hash; works as long without one.
    pub(crate) async fn verify(
        &self,
        password: String,
        hash: Option<String>,
    ) -> Result<bool, Error> {
        let somebody = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.to_string());
        self.work(move || {
            let right = belongs(&password, &hash)?;
            Ok(right && somebody)
        })
        .await?
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let permit = self.at_once.clone().acquire_owned().await;
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        done.await.map_err(|error| Error::Hash(error.to_string()))
    }
}

/// Returns whether the password belongs to the hash.
pub(crate) fn belongs(password: &str, hash: &str) -> Result<bool, Error> {
    let broken = |words: &str| Error::Hash(format!("the hash that is kept {words}"));
    let hash = PasswordHash::new(hash).map_err(|_| broken("cannot be read"))?;
    let cost = Params::try_from(&hash).map_err(|_| broken("names no cost"))?;
    if cost.m_cost() > MOST_KIB || cost.t_cost() > MOST_PASSES || cost.p_cost() > MOST_LANES {
        return Err(broken("costs more than any that is made here"));
    }
    Ok(argon2().verify_password(normal(password).as_bytes(), &hash).is_ok())
}

/// Refuses a password that is guessed too soon.
pub(crate) fn good_enough(password: &str, name: &str) -> Result<(), Error> {
    let weak = |words: &str| Err(Error::Weak(words.to_owned()));
    let letters = |text: &str| text.nfkc().flat_map(char::to_lowercase).collect::<Vec<char>>();
    let (name, letters) = (letters(name), letters(password));
    // Some single characters stand for a whole phrase; they are typed as one.
    if letters.len().min(password.chars().count()) < FEWEST {
        return Err(Error::Weak(format!(
            "the password is too short; give at least {FEWEST} characters"
        )));
    }
    if password.len() > MOST_BYTES {
        return Err(Error::Weak(format!("the password is longer than {MOST_BYTES} bytes")));
    }
    let mut different = letters.clone();
    different.sort_unstable();
    different.dedup();
    if different.len() < 4 {
        return weak("the password repeats too few characters; use at least 4 different ones");
    }
    let step = |pair: &[char]| i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0]));
    let steps: Vec<i64> = letters.windows(2).map(step).collect();
    if steps.windows(2).all(|pair| pair[0] == pair[1]) {
        return weak("the password only counts up or down; mix it");
    }
    if name.len() >= 3 && letters.windows(name.len()).any(|part| part == name) {
        return weak("the password holds the name; leave it out");
    }
    commonness(password).map_or(Ok(()), weak)
}

/// Returns the one form of a password that keyboards write in several: a
/// Vietnamese `ế` is one character on some and three on others.
fn normal(password: &str) -> String {
    // Nobody types more, and normalising a megabyte is work for nothing.
    if password.len() > MOST_BYTES {
        return String::new();
    }
    password.nfkc().collect()
}

fn argon2() -> Argon2<'static> {
    // Of less than 32 MiB the C library keeps the memory for the next time, for ever.
    let params = Params::new(46 * 1024, 1, 1, None).expect("the parameters are within the limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_in_every_way_of_typing_it() {
        let hasher = Hasher::new().await.unwrap();
        let composed: String = "tiếng Việt giàu đẹp".nfc().collect();
        let decomposed: String = composed.nfd().collect();
        assert_ne!(composed, decomposed);
        let hash = hasher.hash(composed.clone()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=47104,t=1,p=1$"), "{hash}");
        for typed in [composed, decomposed] {
            assert!(hasher.verify(typed, Some(hash.clone())).await.unwrap());
        }
        assert!(!hasher.verify("tieng Viet giau dep".to_owned(), Some(hash)).await.unwrap());
    }

    #[tokio::test]
    async fn two_hashes_of_one_password_differ() {
        let hasher = Hasher::new().await.unwrap();
        let password = || "the same password".to_owned();
        assert_ne!(hasher.hash(password()).await.unwrap(), hasher.hash(password()).await.unwrap());
    }

    #[test]
    fn a_kept_hash_that_would_cost_the_machine_is_refused_unworked() {
        let hash = |cost| format!("$argon2id$v=19${cost}$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA");
        assert!(!belongs("some password", &hash("m=64,t=1,p=1")).unwrap());
        for cost in ["m=4294967295,t=1,p=1", "m=64,t=4294967295,p=1", "m=999999,t=1,p=9999"] {
            let refusal = belongs("some password", &hash(cost)).unwrap_err().to_string();
            assert!(
                refusal.ends_with("costs more than any that is made here"),
                "{cost}: {refusal}"
            );
        }
        assert!(belongs("some password", "$argon2id$").is_err());
    }

    #[tokio::test]
    async fn nobody_has_no_password_at_all() {
        let hasher = Hasher::new().await.unwrap();
        for password in ["", "password", &"x".repeat(1_000_000)] {
            assert!(!hasher.verify(password.to_owned(), None).await.unwrap());
        }
    }

    #[tokio::test]
    async fn a_password_of_a_megabyte_is_nobodys() {
        let hasher = Hasher::new().await.unwrap();
        let hash = hasher.hash("a real password".to_owned()).await.unwrap();
        assert!(!hasher.verify("x".repeat(1_000_000), Some(hash)).await.unwrap());
    }

    #[test]
    fn a_password_that_is_guessed_too_soon_is_refused_with_the_cure() {
        let refused = |password| good_enough(password, "hong").unwrap_err().to_string();
        assert_eq!(refused("ngắn"), "the password is too short; give at least 12 characters");
        assert_eq!(
            refused("abababababab"),
            "the password repeats too few characters; use at least 4 different ones"
        );
        assert_eq!(refused("0123456789:;"), "the password only counts up or down; mix it");
        assert_eq!(refused("lkjihgfedcba"), "the password only counts up or down; mix it");
        assert_eq!(refused("xinchaoHONG1"), "the password holds the name; leave it out");
        assert_eq!(
            refused("Mật khẩu 2026!"),
            "the password is made of words that are tried first; choose a sentence of your own"
        );
        // One character that stands for eighteen.
        assert_eq!(refused("\u{fdfa}"), "the password is too short; give at least 12 characters");
        let named = |name| good_enough("2026 anh ΟΔΟΣ ﬁx", name).unwrap_err().to_string();
        for name in ["ΟΔΟΣ", "ﬁx", "FIX"] {
            assert_eq!(named(name), "the password holds the name; leave it out", "{name}");
        }
        assert!(refused(&"mật khẩu ".repeat(60)).starts_with("the password is longer than"));
        assert!(good_enough("cầu Long Biên 1902", "hong").is_ok());
    }
}
