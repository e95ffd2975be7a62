//! What an authenticator has to sign: made by us, for one use, five minutes ago at
//! most.
//!
//! ```text
//! when (8) │ random (16) │ HMAC over both and what it is for (32)
//! ```
//!
//! It is kept nowhere before it was answered, so whoever asks for a million of them
//! takes no memory; those that were are remembered for as long as they hold.

use std::collections::HashMap;
use std::time::Duration;

use aws_lc_rs::hmac;
use base::{SignInId, WallTime};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// How long somebody may take with their authenticator.
const HOLDS: Duration = Duration::from_secs(5 * 60);

/// What a challenge is for: for anything else it is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChallengeFor {
    /// Signing in.
    SignIn,
    /// Adding a passkey, by whoever is signed in so.
    Adding(SignInId),
    /// Proving oneself, by whoever is signed in so.
    Proving(SignInId),
}

/// Those that were answered.
#[derive(Debug, Default)]
pub(crate) struct Answered(HashMap<[u8; 16], WallTime>);

pub(crate) fn new(key: &hmac::Key, it_is_for: ChallengeFor, now: WallTime) -> String {
    let mut random = [0; 16];
    aws_lc_rs::rand::fill(&mut random).expect("the system has randomness");
    let said = [now.0.to_be_bytes().as_slice(), &random].concat();
    let tag = hmac::sign(key, &[said.as_slice(), &it_is_for.bytes()].concat());
    URL_SAFE_NO_PAD.encode([said.as_slice(), tag.as_ref()].concat())
}

impl Answered {
    /// Takes a challenge if it is ours, for this, of now, and was not answered yet.
    pub(crate) fn take(
        &mut self,
        key: &hmac::Key,
        it_is_for: ChallengeFor,
        challenge: &str,
        now: WallTime,
    ) -> bool {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(challenge) else { return false };
        let Some((said, tag)) = bytes.split_at_checked(24) else { return false };
        let signed = [said, &it_is_for.bytes()].concat();
        if hmac::verify(key, &signed, tag).is_err() {
            return false;
        }
        let Some((at, random)) = said.split_first_chunk() else { return false };
        let at = WallTime(i64::from_be_bytes(*at));
        let holds = now >= at.minus(Duration::from_secs(60)) && now < at.plus(HOLDS);
        self.0.retain(|_, at| now < at.plus(HOLDS));
        let Ok(random) = random.try_into() else { return false };
        holds && self.0.insert(random, at).is_none()
    }
}

impl ChallengeFor {
    fn bytes(self) -> Vec<u8> {
        let (word, id) = match self {
            Self::SignIn => (b'S', None),
            Self::Adding(id) => (b'A', Some(id)),
            Self::Proving(id) => (b'P', Some(id)),
        };
        let id = id.map(|id| id.0.into_bytes()).unwrap_or_default();
        [[word].as_slice(), &id].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: WallTime = WallTime(1_795_135_338_250_000);

    #[test]
    fn a_challenge_is_ours_for_one_thing_once_and_for_five_minutes() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
        let other = hmac::Key::new(hmac::HMAC_SHA256, &[8; 32]);
        let (a, b) = (SignInId::new(), SignInId::new());
        let mut answered = Answered::default();
        let text = new(&key, ChallengeFor::Proving(a), NOW);
        let late = NOW.plus(HOLDS);
        let mut take = |key, it_is_for, text: &str, now| answered.take(key, it_is_for, text, now);
        for it_is_for in [ChallengeFor::SignIn, ChallengeFor::Adding(a), ChallengeFor::Proving(b)] {
            assert!(!take(&key, it_is_for, &text, NOW), "{it_is_for:?}");
        }
        assert!(!take(&other, ChallengeFor::Proving(a), &text, NOW));
        assert!(!take(&key, ChallengeFor::Proving(a), &text, late));
        assert!(!take(&key, ChallengeFor::Proving(a), &text[..70], NOW));
        assert!(!take(&key, ChallengeFor::Proving(a), "", NOW));
        assert!(take(&key, ChallengeFor::Proving(a), &text, NOW));
        assert!(!take(&key, ChallengeFor::Proving(a), &text, NOW));
        let next = new(&key, ChallengeFor::SignIn, late);
        assert!(take(&key, ChallengeFor::SignIn, &next, late));
        assert_eq!(answered.0.len(), 1, "what holds no longer is forgotten");
    }
}
