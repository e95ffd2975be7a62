//! WS-UsernameToken: a password's digest in the header of a request.
//!
//! ```text
//! digest = Base64(SHA1(nonce ‖ created ‖ password))
//! ```
//!
//! A token is taken near its time on the device's clock, and once.

use std::collections::HashMap;
use std::time::Duration;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::namespace as ns;
use super::time::{self, Moment};
use super::xml::Element;

/// What a password's `Type` ends with where it is a digest.
const DIGEST: &str = "#PasswordDigest";
/// How many nonces are remembered.
const MAX_SEEN: usize = 10_000;

/// What a security header says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// Who asks.
    pub(crate) user: String,
    digest: String,
    nonce: Vec<u8>,
    /// As written: that is what was hashed.
    created: String,
}

/// The nonces that came, and until when each is remembered.
#[derive(Debug, Default)]
pub(crate) struct Seen(HashMap<Vec<u8>, Duration>);

/// Whether a token is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is.
    Right,
    /// The password is another.
    Wrong,
    /// It is right, but not now.
    Untimely,
    /// It is right, but came before.
    Replayed,
}

impl Token {
    /// Reads a security header; nothing if there is no whole token with a digest in it.
    pub(crate) fn read(security: &Element) -> Option<Self> {
        let token = security.child(ns::SECURITY, "UsernameToken")?;
        let password = token.child(ns::SECURITY, "Password")?;
        if !password.attribute("Type")?.ends_with(DIGEST) {
            return None;
        }
        Some(Self {
            user: token.text_of(ns::SECURITY, "Username")?.to_owned(),
            digest: password.text().to_owned(),
            nonce: BASE64_STANDARD.decode(token.text_of(ns::SECURITY, "Nonce")?).ok()?,
            created: token.text_of(ns::SECURITY_UTILITY, "Created")?.to_owned(),
        })
    }

    /// Judges the token.
    pub(crate) fn judge(
        &self,
        password: &str,
        window: Duration,
        seen: &mut Seen,
        now: Moment,
    ) -> Verdict {
        if self.digest != expected(&self.nonce, &self.created, password) {
            return Verdict::Wrong;
        }
        let Some(created) = time::read(&self.created) else { return Verdict::Untimely };
        if u128::from(created.0.abs_diff(now.wall.0)) > window.as_micros() {
            return Verdict::Untimely;
        }
        // After twice the window its time is over whatever the clock said.
        seen.0.retain(|_, until| *until > now.elapsed);
        if seen.0.len() >= MAX_SEEN || seen.0.contains_key(&self.nonce) {
            return Verdict::Replayed;
        }
        seen.0.insert(self.nonce.clone(), now.elapsed.saturating_add(2 * window));
        Verdict::Right
    }
}

fn expected(nonce: &[u8], created: &str, password: &str) -> String {
    let hashed = [nonce, created.as_bytes(), password.as_bytes()].concat();
    BASE64_STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &hashed))
}

#[cfg(test)]
mod tests {
    use base::WallTime;

    use super::*;
    use crate::onvif::xml;

    const CREATED: &str = "2026-01-01T00:00:00Z";
    const WINDOW: Duration = Duration::from_secs(15);

    fn header(kind: &str, digest: &str) -> Element {
        let text = format!(
            "<a:Security xmlns:a='{}' xmlns:u='{}'><a:UsernameToken><a:Username>admin</a:Username>\
             <a:Password Type='x#{kind}'>{digest}</a:Password>\
             <a:Nonce>AAECAwQFBgcICQoLDA0ODw==</a:Nonce><u:Created>{CREATED}</u:Created>\
             </a:UsernameToken></a:Security>",
            ns::SECURITY,
            ns::SECURITY_UTILITY
        );
        xml::read(text.as_bytes()).unwrap()
    }

    fn at(elapsed_s: u64, wall: &str) -> Moment {
        let wall = time::read(wall).unwrap_or(WallTime(0));
        Moment { elapsed: Duration::from_secs(elapsed_s), wall }
    }

    fn token() -> Token {
        Token::read(&header("PasswordDigest", "/mHhjXSrsAn1Q61K41EGn5Ajw18=")).unwrap()
    }

    #[test]
    fn the_digest_is_the_one_that_was_worked_out_elsewhere() {
        let nonce: Vec<u8> = (0..16).collect();
        assert_eq!(expected(&nonce, CREATED, "Test-1234"), "/mHhjXSrsAn1Q61K41EGn5Ajw18=");
        let verdict = token().judge("Test-1234", WINDOW, &mut Seen::default(), at(0, CREATED));
        assert_eq!(verdict, Verdict::Right);
        let verdict = token().judge("Test-1235", WINDOW, &mut Seen::default(), at(0, CREATED));
        assert_eq!(verdict, Verdict::Wrong);
    }

    #[test]
    fn a_token_is_taken_near_its_time_and_once() {
        let mut seen = Seen::default();
        let mut judge =
            |elapsed, wall| token().judge("Test-1234", WINDOW, &mut seen, at(elapsed, wall));
        assert_eq!(judge(0, "2026-01-01T00:00:16Z"), Verdict::Untimely);
        assert_eq!(judge(0, "2025-12-31T23:59:44Z"), Verdict::Untimely);
        assert_eq!(judge(0, "2026-01-01T00:00:15Z"), Verdict::Right);
        assert_eq!(judge(1, "2026-01-01T00:00:15Z"), Verdict::Replayed);
        assert_eq!(judge(29, CREATED), Verdict::Replayed);
        assert_eq!(judge(31, CREATED), Verdict::Right);
    }

    #[test]
    fn what_is_no_whole_token_is_none() {
        assert_eq!(Token::read(&header("PasswordText", "x")), None);
        assert_eq!(Token::read(&Element::default()), None);
        let text = format!(
            "<Security xmlns='{}'><UsernameToken><Username>a</Username></UsernameToken></Security>",
            ns::SECURITY
        );
        assert_eq!(Token::read(&xml::read(text.as_bytes()).unwrap()), None);
    }
}
