//! What opens a camera's media, for a few minutes, wherever it is served.
//!
//! ```text
//! base64url( 02 │ user 16 │ sign-in 16 │ camera 16 │ actions 1 │ until 8 │ from 8 │ to 8
//!               │ lines 2 │ purpose │ 0a │ case )
//!   . base64url( Ed25519 over the text before the dot )
//! ```
//!
//! Whoever decides signs; whoever serves media has the public half of the key,
//! verifies alone, asks nobody, and cannot make one. How a decision comes about
//! is `catalog`'s.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, ParsedPublicKey};
use base::{CameraId, SignInId, Span, UserId, WallTime};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

/// How long a token holds.
pub const TOKEN_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// The most bytes of a purpose; what is longer was cut by nobody who means well.
const MOST_PURPOSE: usize = 1000;

const FORM: u8 = 2;
const HEAD: usize = 1 + 16 + 16 + 16 + 1 + 8 + 8 + 8 + 2;
const LIVE: u8 = 1;
const PLAYBACK: u8 = 2;
const WINDOW: u8 = 4;
const SOUND: u8 = 8;

/// What somebody may do with a camera's media, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaToken {
    /// Who may.
    pub user: UserId,
    /// The sign-in it was asked for with; when that is revoked, it is worthless.
    pub sign_in: SignInId,
    /// The camera.
    pub camera: CameraId,
    /// What may be done.
    pub actions: Vec<MediaAction>,
    /// For playback: the only span that may be watched, if not all.
    pub window: Option<Span>,
    /// The finest picture that may be watched, in lines, if not any.
    pub lines: Option<u16>,
    /// Why, if it was said; for playback it was.
    pub purpose: Option<String>,
    /// For which case, if it was said.
    pub case: Option<String>,
    /// The first moment at which it holds no more.
    pub until: WallTime,
}

/// What may be done with media.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaAction {
    /// Watch now.
    Live,
    /// Look back.
    Playback,
    /// Listen, to what may be watched.
    Sound,
}

/// Makes tokens.
pub struct MediaTokens(Ed25519KeyPair);

/// Verifies tokens.
#[derive(Clone)]
pub struct MediaVerifier(ParsedPublicKey);

/// Why a token opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// It was not made here, or was changed since.
    #[error("the media token is not one of this installation")]
    Forged,
    /// Its time is over.
    #[error("the media token has expired; ask for a fresh one")]
    Expired,
}

impl MediaTokens {
    /// Takes the private half of the installation's key.
    pub fn new(seed: &[u8; 32]) -> Self {
        // Any 32 bytes are a key; the public half is made from them here.
        Self(Ed25519KeyPair::from_seed_unchecked(seed).expect("32 bytes are a key of Ed25519"))
    }

    /// Returns what verifies these tokens and makes none.
    pub fn verifier(&self) -> MediaVerifier {
        let key = ParsedPublicKey::new(&ED25519, self.0.public_key().as_ref());
        MediaVerifier(key.expect("the public half was just made"))
    }

    /// Signs a token; one that would hold too long is shortened.
    pub fn sign(&self, token: &MediaToken, now: WallTime) -> String {
        let until = token.until.min(now.plus(TOKEN_LIFETIME));
        let mut flags = if token.window.is_some() { WINDOW } else { 0 };
        for action in &token.actions {
            flags |= match action {
                MediaAction::Live => LIVE,
                MediaAction::Playback => PLAYBACK,
                MediaAction::Sound => SOUND,
            };
        }
        let mut bytes = Vec::with_capacity(HEAD);
        bytes.push(FORM);
        for id in [token.user.0, token.sign_in.0, token.camera.0] {
            bytes.extend_from_slice(id.as_bytes());
        }
        bytes.push(flags);
        let (from, to) = token.window.map_or((0, 0), |span| (span.start().0, span.end().0));
        for moment in [until.0, from, to] {
            bytes.extend_from_slice(&moment.to_be_bytes());
        }
        bytes.extend_from_slice(&token.lines.unwrap_or(0).to_be_bytes());
        let line = |text: &Option<String>| cut(text.as_deref().unwrap_or_default()).to_owned();
        bytes.extend_from_slice(line(&token.purpose).as_bytes());
        if token.case.is_some() {
            bytes.push(b'\n');
            bytes.extend_from_slice(line(&token.case).as_bytes());
        }
        let body = URL_SAFE_NO_PAD.encode(bytes);
        let signature = URL_SAFE_NO_PAD.encode(self.0.sign(body.as_bytes()));
        format!("{body}.{signature}")
    }
}

impl MediaVerifier {
    /// Returns what a token says, if it was made here and still holds.
    pub fn verify(&self, token: &str, now: WallTime) -> Result<MediaToken, TokenFault> {
        let token = self.genuine(token).ok_or(TokenFault::Forged)?;
        // A token from further ahead than any that is made: the clock was set back.
        if now >= token.until || token.until > now.plus(2 * TOKEN_LIFETIME) {
            return Err(TokenFault::Expired);
        }
        Ok(token)
    }

    fn genuine(&self, token: &str) -> Option<MediaToken> {
        let (body, signature) = token.split_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        self.0.verify_sig(body.as_bytes(), &signature).ok()?;
        read(&URL_SAFE_NO_PAD.decode(body).ok()?)
    }
}

impl fmt::Debug for MediaTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MediaTokens(hidden)")
    }
}

impl fmt::Debug for MediaVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MediaVerifier")
    }
}

pub(crate) fn read(bytes: &[u8]) -> Option<MediaToken> {
    let (head, words) = bytes.split_first_chunk::<HEAD>()?;
    if head[0] != FORM {
        return None;
    }
    let id = |at: usize| head[at..at + 16].try_into().ok().map(Uuid::from_bytes);
    let moment = |at: usize| head[at..at + 8].try_into().ok().map(i64::from_be_bytes);
    let flags = head[49];
    let mut actions = Vec::new();
    if flags & LIVE != 0 {
        actions.push(MediaAction::Live);
    }
    if flags & PLAYBACK != 0 {
        actions.push(MediaAction::Playback);
    }
    if flags & SOUND != 0 {
        actions.push(MediaAction::Sound);
    }
    let window = if flags & WINDOW != 0 {
        Some(Span::new(WallTime(moment(58)?), WallTime(moment(66)?))?)
    } else {
        None
    };
    let words = std::str::from_utf8(words).ok()?;
    let (purpose, case) = match words.split_once('\n') {
        Some((purpose, case)) => (purpose, Some(case.to_owned())),
        None => (words, None),
    };
    let lines = head[74..76].try_into().ok().map(u16::from_be_bytes)?;
    Some(MediaToken {
        user: UserId(id(1)?),
        sign_in: SignInId(id(17)?),
        camera: CameraId(id(33)?),
        actions,
        window,
        lines: (lines > 0).then_some(lines),
        purpose: (!purpose.is_empty()).then(|| purpose.to_owned()),
        case,
        until: WallTime(moment(50)?),
    })
}

/// Returns as much of a purpose as a token carries, whole characters only.
fn cut(purpose: &str) -> &str {
    &purpose[..purpose.floor_char_boundary(MOST_PURPOSE)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: WallTime = WallTime(1_795_135_338_250_000);

    fn token() -> MediaToken {
        MediaToken {
            user: UserId::new(),
            sign_in: SignInId::new(),
            camera: CameraId::new(),
            actions: vec![MediaAction::Live, MediaAction::Playback, MediaAction::Sound],
            window: Span::new(NOW.minus(Duration::from_secs(60)), NOW),
            lines: Some(720),
            purpose: Some("va chạm lúc 14:05".to_owned()),
            case: Some("12/2026".to_owned()),
            until: NOW.plus(TOKEN_LIFETIME),
        }
    }

    #[test]
    fn a_token_says_what_was_signed() {
        let tokens = MediaTokens::new(&[3; 32]);
        let bare = MediaToken {
            actions: vec![MediaAction::Live],
            window: None,
            lines: None,
            purpose: None,
            case: None,
            ..token()
        };
        for token in [token(), bare] {
            let text = tokens.sign(&token, NOW);
            assert_eq!(tokens.verifier().verify(&text, NOW), Ok(token));
        }
    }

    #[test]
    fn it_holds_to_the_microsecond_and_never_over_five_minutes() {
        let tokens = MediaTokens::new(&[3; 32]);
        let greedy = MediaToken { until: WallTime(i64::MAX), ..token() };
        let text = tokens.sign(&greedy, NOW);
        let (end, verifier) = (NOW.plus(TOKEN_LIFETIME), tokens.verifier());
        assert_eq!(verifier.verify(&text, WallTime(end.0 - 1)).unwrap().until, end);
        assert_eq!(verifier.verify(&text, end), Err(TokenFault::Expired));
        let long_ago = NOW.minus(Duration::from_secs(3600));
        assert_eq!(verifier.verify(&text, long_ago), Err(TokenFault::Expired));
    }

    #[test]
    fn nothing_else_opens_anything() {
        let tokens = MediaTokens::new(&[3; 32]);
        let text = tokens.sign(&token(), NOW);
        let verifier = tokens.verifier();
        assert_eq!(
            MediaTokens::new(&[4; 32]).verifier().verify(&text, NOW),
            Err(TokenFault::Forged)
        );
        for position in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[position] = if changed[position] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            // The last letter of the signature has bits that decode to nothing; such
            // a text is refused as well, since it is not the one form of its bytes.
            assert_eq!(verifier.verify(&changed, NOW), Err(TokenFault::Forged), "{position}");
        }
        for length in 0..text.len() {
            assert_eq!(verifier.verify(&text[..length], NOW), Err(TokenFault::Forged));
        }
        let forged = [".", "a.b", "", "é.é", &"x".repeat(100_000)];
        assert!(forged.iter().all(|text| verifier.verify(text, NOW) == Err(TokenFault::Forged)));
    }

    #[test]
    fn a_purpose_is_cut_between_characters() {
        let tokens = MediaTokens::new(&[3; 32]);
        let wordy = MediaToken { purpose: Some("ế".repeat(1000)), ..token() };
        let read = tokens.verifier().verify(&tokens.sign(&wordy, NOW), NOW).unwrap();
        assert_eq!(read.purpose.unwrap(), "ế".repeat(333));
    }
}
