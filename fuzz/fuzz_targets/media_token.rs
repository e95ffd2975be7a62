//! Tokens that open media, as whoever is handed one gives them.
//!
//! Nothing that was not signed is accepted: no text as it comes, no token of
//! another key, and none with a character changed, added or left out. What was signed says the
//! same when it is verified, with its time and its purpose cut to what is allowed;
//! bytes that can be read as a token are read the same once written again.
#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use arbitrary::Arbitrary;
use base::{CameraId, SignInId, Span, UserId, WallTime};
use libfuzzer_sys::fuzz_target;
use signin::{MediaAction, MediaToken, MediaTokens, MediaVerifier, TOKEN_LIFETIME, TokenFault};
use uuid::Uuid;

static TOKENS: LazyLock<(MediaTokens, MediaVerifier)> = LazyLock::new(|| {
    let tokens = MediaTokens::new(&[3; 32]);
    let verifier = tokens.verifier();
    (tokens, verifier)
});

/// Of a key that signs nothing: what ours has signed, the fuzzer learns and gives back.
static UNUSED: LazyLock<MediaVerifier> = LazyLock::new(|| MediaTokens::new(&[4; 32]).verifier());

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    text: &'a str,
    bytes: &'a [u8],
    ids: [[u8; 16]; 3],
    actions: [bool; 3],
    window: Option<(i64, i64)>,
    purpose: Option<&'a str>,
    case: Option<&'a str>,
    lines: Option<u16>,
    until: i64,
    now: i64,
    /// Where another letter stands, and which; without one, a letter is missing.
    change: (u16, Option<char>),
}

fuzz_target!(|input: Input<'_>| {
    let (tokens, verifier) = &*TOKENS;
    let now = WallTime(input.now);
    assert_eq!(UNUSED.verify(input.text, now), Err(TokenFault::Forged));
    if let Some(read) = signin::fuzzing::read_token(input.bytes) {
        round_trip(&read);
    }

    let [user, sign_in, camera] = input.ids.map(Uuid::from_bytes);
    let actions = [MediaAction::Live, MediaAction::Playback, MediaAction::Sound].into_iter().zip(input.actions);
    let token = MediaToken {
        user: UserId(user),
        sign_in: SignInId(sign_in),
        camera: CameraId(camera),
        actions: actions.filter_map(|(action, may)| may.then_some(action)).collect(),
        window: input.window.and_then(|(from, to)| Span::new(WallTime(from), WallTime(to))),
        lines: input.lines.filter(|&lines| lines > 0),
        purpose: input.purpose.filter(|purpose| !purpose.is_empty()).map(one_line),
        case: input.case.map(one_line),
        until: WallTime(input.until),
    };
    round_trip(&token);

    let signed = tokens.sign(&token, now);
    assert_eq!(UNUSED.verify(&signed, now), Err(TokenFault::Forged));
    let mut letters: Vec<char> = signed.chars().collect();
    let at = usize::from(input.change.0) % letters.len();
    match input.change.1 {
        Some(letter) => letters[at] = letter,
        None => drop(letters.remove(at)),
    }
    let changed: String = letters.into_iter().collect();
    if changed != signed {
        assert_eq!(verifier.verify(&changed, now), Err(TokenFault::Forged));
        assert_eq!(verifier.verify(&(signed + "."), now), Err(TokenFault::Forged));
    }
});

/// Returns words as they are checked before they come into a token.
fn one_line(words: &str) -> String {
    words.replace('\n', " ")
}

/// Signs a token a moment before its end and verifies it.
fn round_trip(token: &MediaToken) {
    let (tokens, verifier) = &*TOKENS;
    let now = token.until.minus(Duration::from_micros(1));
    let signed = tokens.sign(token, now);
    let Ok(verified) = verifier.verify(&signed, now) else {
        assert_eq!(now, token.until, "only the first moment of all has none before it");
        return;
    };
    let of = |words: fn(&MediaToken) -> &Option<String>| {
        let (full, cut) =
            [token, &verified].map(|token| words(token).as_deref().unwrap_or_default()).into();
        assert!(full.starts_with(cut) && (full == cut || (997..=1000).contains(&cut.len())));
    };
    of(|token| &token.purpose);
    of(|token| &token.case);
    assert!(verified.until <= now.plus(TOKEN_LIFETIME));
    assert_eq!(verified, MediaToken {
        purpose: verified.purpose.clone(),
        case: verified.case.clone(),
        ..token.clone()
    });
}
