//! HTTP Digest as a device asks for it: MD5, `qop="auth"`, nonces that grow old.
//!
//! ```text
//! client ── POST ───────────────────────────────▶ 401, nonce=N
//!        ── POST, response to N, nc=1 ──────────▶ answer
//!        ── POST, response to N, nc=2 ──────────▶ answer
//!        ── POST, response to N, an hour later ─▶ 401, stale=true, nonce=M
//! ```
//!
//! Who may do what is `guard`'s.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use super::time::Moment;
use crate::rtsp::auth::{Fields, md5_hex};
use crate::sei::hex;

/// How long a nonce may be answered.
const NONCE_AGE: Duration = Duration::from_secs(3600);
/// How many nonces are kept; the oldest go first.
const MAX_NONCES: usize = 1024;
/// How often a nonce may be answered.
const MAX_COUNTS: usize = 10_000;

/// The nonces that were given away.
#[derive(Debug, Default)]
pub(crate) struct Nonces(VecDeque<Nonce>);

#[derive(Debug)]
struct Nonce {
    text: String,
    since: Duration,
    /// The counts that came with it: none comes twice.
    counts: HashSet<u32>,
}

/// Whether a request brought the right answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It did.
    Right,
    /// It did not.
    Wrong,
    /// The answer is right, but to a nonce that is not taken any more.
    Stale,
}

impl Nonces {
    /// Makes a nonce of `entropy` and returns the value of `WWW-Authenticate`.
    pub(crate) fn challenge(
        &mut self,
        realm: &str,
        stale: bool,
        entropy: [u8; 16],
        now: Moment,
    ) -> String {
        let text = hex(&entropy);
        let stale = if stale { ", stale=true" } else { "" };
        let header = format!("Digest realm=\"{realm}\", qop=\"auth\", nonce=\"{text}\"{stale}");
        self.0.push_back(Nonce { text, since: now.elapsed, counts: HashSet::new() });
        while self.0.len() > MAX_NONCES {
            self.0.pop_front();
        }
        header
    }

    /// Judges an answer to a challenge.
    pub(crate) fn judge(
        &mut self,
        asked: (&str, &str),
        fields: &Fields<'_>,
        realm: &str,
        password: &str,
        now: Moment,
    ) -> Verdict {
        let (method, target) = asked;
        let (Some(user), Some(nonce), Some(uri), Some(response)) = (
            fields.get("username"),
            fields.get("nonce"),
            fields.get("uri"),
            fields.get("response"),
        ) else {
            return Verdict::Wrong;
        };
        if fields.get("realm") != Some(realm)
            || uri != target
            || fields.get("algorithm").is_some_and(|name| !name.eq_ignore_ascii_case("MD5"))
        {
            return Verdict::Wrong;
        }
        let secret = (user, realm, password);
        let count = match fields.get("qop") {
            None => None,
            Some("auth") => match (fields.get("nc"), fields.get("cnonce")) {
                (Some(count), Some(client)) => Some((count, client)),
                _ => return Verdict::Wrong,
            },
            Some(_) => return Verdict::Wrong,
        };
        if !response.eq_ignore_ascii_case(&answer(secret, nonce, count, (method, uri))) {
            return Verdict::Wrong;
        }
        let young = |known: &&mut Nonce| now.elapsed.saturating_sub(known.since) < NONCE_AGE;
        let known = self.0.iter_mut().find(|known| known.text == nonce);
        let Some(known) = known.filter(young) else { return Verdict::Stale };
        let Some((count, _)) = count else { return Verdict::Right };
        let Ok(count) = u32::from_str_radix(count, 16) else { return Verdict::Wrong };
        // Whoever listened could send the same again.
        if known.counts.len() >= MAX_COUNTS || !known.counts.insert(count) {
            return Verdict::Stale;
        }
        Verdict::Right
    }
}

/// Returns the answer that a client must give.
fn answer(
    (user, realm, password): (&str, &str, &str),
    nonce: &str,
    count: Option<(&str, &str)>,
    (method, uri): (&str, &str),
) -> String {
    let secret = md5_hex(&format!("{user}:{realm}:{password}"));
    let request = md5_hex(&format!("{method}:{uri}"));
    match count {
        None => md5_hex(&format!("{secret}:{nonce}:{request}")),
        Some((count, client)) => {
            md5_hex(&format!("{secret}:{nonce}:{count}:{client}:auth:{request}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use base::WallTime;

    use super::*;

    const URI: &str = "/onvif/device_service";

    fn at(seconds: u64) -> Moment {
        Moment { elapsed: Duration::from_secs(seconds), wall: WallTime(0) }
    }

    fn proof(nonce: &str, count: &str, password: &str) -> String {
        let secret = ("admin", "r", password);
        let response = answer(secret, nonce, Some((count, "c")), ("POST", URI));
        format!(
            "Digest username=\"admin\", realm=\"r\", nonce=\"{nonce}\", uri=\"{URI}\", qop=auth, \
             nc={count}, cnonce=\"c\", response=\"{response}\""
        )
    }

    fn judge(nonces: &mut Nonces, header: &str, now: Moment) -> Verdict {
        nonces.judge(("POST", URI), &Fields::parse(header).unwrap(), "r", "right", now)
    }

    #[test]
    fn the_answer_is_the_one_that_was_worked_out_elsewhere() {
        let secret = ("admin", "IP Camera(12345)", "Test-1234");
        let count = Some(("00000001", "0a4f113b"));
        assert_eq!(
            answer(secret, "abcdef0123456789", count, ("POST", URI)),
            "5e28773c18b4d8ddcbaade17463dca2b"
        );
    }

    #[test]
    fn a_nonce_is_answered_with_each_count_once_and_not_for_ever() {
        let mut nonces = Nonces::default();
        let header = nonces.challenge("r", false, [0xab; 16], at(0));
        assert!(header.contains("realm=\"r\"") && header.contains("qop=\"auth\""), "{header}");
        let nonce = "ab".repeat(16);
        for count in ["00000001", "00000003", "00000002"] {
            assert_eq!(judge(&mut nonces, &proof(&nonce, count, "right"), at(1)), Verdict::Right);
        }
        let again = proof(&nonce, "00000003", "right");
        assert_eq!(judge(&mut nonces, &again, at(1)), Verdict::Stale);
        let late = proof(&nonce, "00000004", "right");
        assert_eq!(judge(&mut nonces, &late, at(3601)), Verdict::Stale);
        assert!(nonces.challenge("r", true, [1; 16], at(0)).ends_with("stale=true"));
    }

    #[test]
    fn a_wrong_password_is_wrong_whatever_the_nonce() {
        let mut nonces = Nonces::default();
        nonces.challenge("r", false, [0xab; 16], at(0));
        let nonce = "ab".repeat(16);
        assert_eq!(judge(&mut nonces, &proof(&nonce, "1", "wrong"), at(0)), Verdict::Wrong);
        assert_eq!(judge(&mut nonces, &proof("00", "1", "wrong"), at(0)), Verdict::Wrong);
        assert_eq!(judge(&mut nonces, &proof("00", "1", "right"), at(0)), Verdict::Stale);
        let other = proof(&nonce, "1", "right").replace("qop=auth", "qop=auth-int");
        assert_eq!(judge(&mut nonces, &other, at(0)), Verdict::Wrong);
        for field in ["username", "nonce", "uri", "response", "realm", "nc", "cnonce"] {
            let less = proof(&nonce, "2", "right").replace(field, "x");
            assert_eq!(judge(&mut nonces, &less, at(0)), Verdict::Wrong, "{field}");
        }
    }

    #[test]
    fn old_nonces_make_room_for_new_ones() {
        let mut nonces = Nonces::default();
        for number in 0..=MAX_NONCES as u64 {
            let entropy = [number.to_be_bytes(), [0; 8]].concat().try_into().unwrap();
            nonces.challenge("r", false, entropy, at(0));
        }
        assert_eq!(nonces.0.len(), MAX_NONCES);
        let first = proof(&"00".repeat(16), "1", "right");
        assert_eq!(judge(&mut nonces, &first, at(0)), Verdict::Stale);
    }
}
