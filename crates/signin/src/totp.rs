//! Codes of an authenticator on somebody's phone (TOTP, RFC 6238). Pure.
//!
//! ```text
//! secret (160 bits) ── HMAC-SHA-1 over the number of the half minute ──▶ 6 figures
//!                      … n-1 │ n │ n+1 …   taken, if later than the last one taken
//! ```
//!
//! Fifteen lines over the one crypto provider in place of a library: a code must
//! not be taken twice, so which half minute it is of has to come back, and every
//! library brings hashes of its own. SHA-1, six figures and half a minute are
//! what all authenticators know; some ignore that a URI says otherwise.

use aws_lc_rs::{constant_time, hmac};
use base::WallTime;

/// The bytes of a secret: as many as the hash has (RFC 4226, 4).
const SECRET_BYTES: usize = 20;

/// How long a code is shown, in microseconds.
const STEP_US: i64 = 30_000_000;

/// How many half minutes a phone's clock may be off.
const OFF: i64 = 1;

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Makes a secret.
pub(crate) fn new_secret() -> [u8; SECRET_BYTES] {
    let mut secret = [0; SECRET_BYTES];
    aws_lc_rs::rand::fill(&mut secret).expect("the system has randomness");
    secret
}

/// Returns which half minute a typed code is of, if it is one of now and later than
/// `after`.
pub(crate) fn step_of(secret: &[u8], typed: &str, now: WallTime, after: i64) -> Option<i64> {
    let typed: String = typed.chars().filter(|letter| !letter.is_whitespace()).collect();
    let at = now.0.div_euclid(STEP_US);
    (at - OFF..=at + OFF).filter(|step| *step > after).find(|step| {
        constant_time::verify_slices_are_equal(code(secret, *step).as_bytes(), typed.as_bytes())
            .is_ok()
    })
}

/// Returns the code of a half minute.
pub(crate) fn code(secret: &[u8], step: i64) -> String {
    // The standard's hash, of which only that it keys is asked, not that it is free
    // of collisions.
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag[tag.len() - 1] & 15);
    let word = [tag[at] & 127, tag[at + 1], tag[at + 2], tag[at + 3]];
    format!("{:06}", u32::from_be_bytes(word) % 1_000_000)
}

/// Returns the code that a phone with this secret, as it was told, shows now.
pub fn code_now(secret: &str, now: WallTime) -> Option<String> {
    Some(code(&unbase32(secret)?, now.0.div_euclid(STEP_US)))
}

/// Returns what a phone reads from a picture: whose secret it is, and of what.
pub(crate) fn uri(secret: &[u8], place: &str, name: &str) -> String {
    let (place, name) = (quoted(place), quoted(name));
    format!("otpauth://totp/{place}:{name}?secret={}&issuer={place}", base32(secret))
}

/// Returns a secret in the letters by which it is typed (RFC 4648, without padding).
pub(crate) fn base32(bytes: &[u8]) -> String {
    let (mut text, mut held, mut bits) = (String::new(), 0u32, 0);
    for byte in bytes {
        (held, bits) = (held << 8 | u32::from(*byte), bits + 8);
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(ALPHABET[(held >> bits & 31) as usize]));
        }
    }
    if bits > 0 {
        text.push(char::from(ALPHABET[(held << (5 - bits) & 31) as usize]));
    }
    text
}

fn unbase32(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0u32, 0);
    for letter in text.bytes().filter(|letter| *letter != b' ') {
        let value = ALPHABET.iter().position(|known| *known == letter)?;
        (held, bits) = (held << 5 | value as u32, bits + 5);
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits & 255) as u8);
        }
    }
    Some(bytes)
}

/// Percent-encodes what is not plain in a URI.
fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| match plain(byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> WallTime {
        WallTime(seconds * 1_000_000)
    }

    #[test]
    fn the_codes_are_those_of_the_standard() {
        // RFC 6238, appendix B, of whose eight figures the last six.
        let given = [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ];
        for (seconds, expected) in given {
            assert_eq!(code(SECRET, seconds / 30), expected, "{seconds}");
        }
    }

    #[test]
    fn a_code_is_taken_half_a_minute_early_or_late_and_never_twice() {
        let now = at(1_234_567_890);
        let step = now.0 / STEP_US;
        for off in -2..=2 {
            let taken = step_of(SECRET, &code(SECRET, step + off), now, 0);
            assert_eq!(taken, (off.abs() <= 1).then_some(step + off), "{off}");
        }
        assert_eq!(step_of(SECRET, "005 924", now, 0), Some(step));
        assert_eq!(step_of(SECRET, "005924", now, step), None);
        assert_eq!(step_of(SECRET, "005924", now, step - 1), Some(step));
        for wrong in ["", "005925", "5924", "0059240", "005924x", "\u{660}05924"] {
            assert_eq!(step_of(SECRET, wrong, now, 0), None, "{wrong}");
        }
    }

    #[test]
    fn a_secret_is_told_in_letters_and_read_back_by_the_phone() {
        // RFC 4648, 10.
        for (bytes, text) in [("f", "MY"), ("fo", "MZXQ"), ("foobar", "MZXW6YTBOI")] {
            assert_eq!(base32(bytes.as_bytes()), text);
            assert_eq!(unbase32(text).unwrap(), bytes.as_bytes());
        }
        assert_eq!(
            uri(SECRET, "Khuê · Cửa Nam", "hong"),
            "otpauth://totp/Khu%C3%AA%20%C2%B7%20C%E1%BB%ADa%20Nam:hong\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Khu%C3%AA%20%C2%B7%20C%E1%BB%ADa%20Nam"
        );
        let told = base32(SECRET);
        assert_eq!(code_now(&told, at(59)).unwrap(), "287082");
    }
}
