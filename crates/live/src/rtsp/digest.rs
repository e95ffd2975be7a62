//! Digest access authentication (RFC 7616, and the older forms that players
//! still answer in): SHA-256 and MD5, with and without `qop`.
//!
//! ```text
//! 401  WWW-Authenticate: Digest … algorithm=SHA-256     for who can
//!      WWW-Authenticate: Digest … algorithm=MD5         last: ffmpeg answers the last it reads
//! ```
//!
//! A nonce is of one connection and holds for five minutes, so an answer that
//! was overheard opens nothing anywhere else. Basic is neither offered nor
//! taken: it would carry the password in the clear.

use std::time::{Duration, Instant};

use aws_lc_rs::{constant_time, digest};
use md5::{Digest, Md5};

use super::gate::Known;
use super::message::Response;

/// What the secrets are for, as players show it to people.
pub const REALM: &str = "khue";

/// How long a nonce holds.
pub const NONCE_HOLDS: Duration = Duration::from_secs(5 * 60);

/// The challenge of one connection.
#[derive(Debug)]
pub struct Challenge {
    entropy: [u8; 32],
    nonces: u64,
    nonce: String,
    made: Instant,
}

/// Whether a request brought the right answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It did.
    Right,
    /// It knows the password, and answers a nonce that holds no more: it may
    /// try again without asking anybody.
    Stale,
    /// It knows the password of a name that opens nothing any more. Answered like
    /// a wrong one, and no guess.
    Lapsed,
    /// It did not.
    Wrong,
}

/// What stands in `Authorization: Digest`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    fields: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hash {
    Md5,
    Sha256,
}

impl Challenge {
    /// Makes a challenge; `entropy` is nobody else's.
    pub fn new(entropy: [u8; 32], now: Instant) -> Self {
        let mut challenge = Self { entropy, nonces: 0, nonce: String::new(), made: now };
        challenge.renew(now);
        challenge
    }

    /// Returns the answer to who has not proved who they are.
    pub fn unauthorized(&mut self, is_stale: bool, now: Instant) -> Response {
        if now.saturating_duration_since(self.made) >= NONCE_HOLDS / 2 {
            self.renew(now);
        }
        let stale = if is_stale { ", stale=true" } else { "" };
        let challenge = |algorithm| {
            format!(
                "Digest realm=\"{REALM}\", nonce=\"{}\", qop=\"auth\", algorithm={algorithm}{stale}",
                self.nonce
            )
        };
        Response::new(401)
            .with("WWW-Authenticate", challenge("SHA-256"))
            .with("WWW-Authenticate", challenge("MD5"))
    }

    /// Judges an answer by what is known of its name.
    pub fn judge(&self, claim: &Claim, method: &str, known: &Known, now: Instant) -> Verdict {
        if !claim.is_right(method, &known.password) {
            return Verdict::Wrong;
        }
        if !known.holds {
            return Verdict::Lapsed;
        }
        let is_ours = claim.get("nonce") == Some(&self.nonce);
        match is_ours && now.saturating_duration_since(self.made) < NONCE_HOLDS {
            true => Verdict::Right,
            false => Verdict::Stale,
        }
    }

    fn renew(&mut self, now: Instant) {
        self.nonces += 1;
        let seed = [&self.entropy[..], &self.nonces.to_be_bytes()].concat();
        self.nonce = hex(&digest::digest(&digest::SHA256, &seed).as_ref()[..16]);
        self.made = now;
    }
}

impl Claim {
    /// Reads the value of `Authorization`; `None` if it is no digest that names
    /// somebody.
    pub fn parse(value: &str) -> Option<Self> {
        let (scheme, mut rest) = value.trim_start().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("Digest") {
            return None;
        }
        let mut fields = Vec::new();
        loop {
            rest = rest.trim_start_matches([' ', '\t', '\r', '\n', ',']);
            if rest.is_empty() {
                break;
            }
            let (name, after) = rest.split_once('=')?;
            let value;
            (value, rest) = match after.strip_prefix('"') {
                Some(quoted) => unquote(quoted)?,
                None => {
                    let end = after.find([',', ' ', '\t']).unwrap_or(after.len());
                    (after[..end].to_owned(), &after[end..])
                }
            };
            fields.push((name.trim().to_ascii_lowercase(), value));
        }
        let claim = Self { fields };
        claim.get("username").is_some().then_some(claim)
    }

    /// Returns the name that is claimed.
    pub fn name(&self) -> &str {
        self.get("username").unwrap_or_default()
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    fn is_right(&self, method: &str, password: &str) -> bool {
        let hash = match self.get("algorithm") {
            None => Hash::Md5,
            Some(name) if name.eq_ignore_ascii_case("MD5") => Hash::Md5,
            Some(name) if name.eq_ignore_ascii_case("SHA-256") => Hash::Sha256,
            Some(_) => return false,
        };
        // The URI is the header's, not the request line's: players put the one
        // with the track's name here and the one without there, or the reverse.
        let (Some(nonce), Some(uri), Some(response)) =
            (self.get("nonce"), self.get("uri"), self.get("response"))
        else {
            return false;
        };
        let secret = hash.hex(&format!("{}:{REALM}:{password}", self.name()));
        let request = hash.hex(&format!("{method}:{uri}"));
        let expected = match self.get("qop") {
            // As RFC 2069 had it: GStreamer and older players.
            None => hash.hex(&format!("{secret}:{nonce}:{request}")),
            Some("auth") => {
                let (Some(count), Some(client)) = (self.get("nc"), self.get("cnonce")) else {
                    return false;
                };
                hash.hex(&format!("{secret}:{nonce}:{count}:{client}:auth:{request}"))
            }
            Some(_) => return false,
        };
        let given = response.to_ascii_lowercase();
        let same = constant_time::verify_slices_are_equal(given.as_bytes(), expected.as_bytes());
        self.get("realm") == Some(REALM) && same.is_ok()
    }
}

/// Returns the text before the closing quote, and what stands behind it.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(letters.next()?.1),
            letter => value.push(letter),
        }
    }
    None
}

impl Hash {
    fn hex(self, text: &str) -> String {
        match self {
            Self::Md5 => hex(&Md5::digest(text.as_bytes())),
            Self::Sha256 => hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref()),
        }
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::rtsp) const PASSWORD: &str = "mở cửa 128 bit";

    pub(in crate::rtsp) fn field(challenge: &str, name: &str) -> String {
        let (_, rest) = challenge.split_once(&format!("{name}=")).unwrap();
        rest.split([',', '"']).find(|part| !part.is_empty()).unwrap().to_owned()
    }

    /// An answer as a player computes it, from the formulas of RFC 7616 §3.4.1.
    pub(in crate::rtsp) fn answer(
        password: &str,
        method: &str,
        nonce: &str,
        algorithm: Option<&str>,
        qop: bool,
    ) -> String {
        let hash = if algorithm == Some("SHA-256") { Hash::Sha256 } else { Hash::Md5 };
        let secret = hash.hex(&format!("k7:khue:{password}"));
        let request = hash.hex(&format!("{method}:rtsp://h/a"));
        let middle = if qop { "00000001:c\"n:auth:" } else { "" };
        let response = hash.hex(&format!("{secret}:{nonce}:{middle}{request}"));
        let mut text = format!(
            "Digest username=\"k7\", realm=\"khue\", nonce=\"{nonce}\", uri=\"rtsp://h/a\", \
             response=\"{response}\""
        );
        if let Some(algorithm) = algorithm {
            text += &format!(", algorithm={algorithm}");
        }
        if qop {
            text += ", qop=auth,nc=00000001,cnonce=\"c\\\"n\"";
        }
        text
    }

    fn judge(challenge: &Challenge, header: &str, method: &str, now: Instant) -> Verdict {
        let claim = Claim::parse(header).unwrap();
        assert_eq!(claim.name(), "k7");
        challenge.judge(&claim, method, &known(true), now)
    }

    fn known(holds: bool) -> Known {
        Known { password: PASSWORD.to_owned(), holds }
    }

    #[test]
    fn the_right_answer_is_right_in_every_form_and_for_its_method_only() {
        let now = Instant::now();
        let challenge = Challenge::new([1; 32], now);
        for algorithm in [None, Some("MD5"), Some("SHA-256")] {
            for qop in [false, true] {
                let header = answer(PASSWORD, "PLAY", &challenge.nonce, algorithm, qop);
                assert_eq!(judge(&challenge, &header, "PLAY", now), Verdict::Right, "{header}");
                assert_eq!(judge(&challenge, &header, "SETUP", now), Verdict::Wrong);
                let wrong = answer("mở cửa", "PLAY", &challenge.nonce, algorithm, qop);
                assert_eq!(judge(&challenge, &wrong, "PLAY", now), Verdict::Wrong);
            }
        }
    }

    #[test]
    fn the_example_of_rfc_7616_is_computed_as_it_says() {
        let secret = Hash::Sha256.hex("Mufasa:http-auth@example.org:Circle of Life");
        let request = Hash::Sha256.hex("GET:/dir/index.html");
        let text = format!(
            "{secret}:7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v:00000001:\
             f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ:auth:{request}"
        );
        assert_eq!(
            Hash::Sha256.hex(&text),
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
        );
        assert_eq!(Hash::Md5.hex("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
    }

    #[test]
    fn an_answer_to_another_or_an_old_nonce_is_stale() {
        let now = Instant::now();
        let mut challenge = Challenge::new([1; 32], now);
        let other = Challenge::new([2; 32], now);
        let header = answer(PASSWORD, "PLAY", &other.nonce, None, false);
        assert_eq!(judge(&challenge, &header, "PLAY", now), Verdict::Stale);
        let header = answer(PASSWORD, "PLAY", &challenge.nonce, None, false);
        let late = now + NONCE_HOLDS;
        assert_eq!(judge(&challenge, &header, "PLAY", late), Verdict::Stale);
        let again = challenge.unauthorized(true, late);
        assert!(again.header("WWW-Authenticate").unwrap().ends_with("stale=true"));
        let header = answer(PASSWORD, "PLAY", &challenge.nonce, None, false);
        assert_eq!(judge(&challenge, &header, "PLAY", late), Verdict::Right);
        let wrong = answer("x", "PLAY", &other.nonce, None, false);
        assert_eq!(judge(&challenge, &wrong, "PLAY", now), Verdict::Wrong);
    }

    #[test]
    fn of_a_name_that_opens_nothing_the_right_password_is_told_from_a_guess() {
        let now = Instant::now();
        let challenge = Challenge::new([1; 32], now);
        for (password, verdict) in
            [(PASSWORD, Verdict::Lapsed), ("", Verdict::Wrong), ("mở cửa", Verdict::Wrong)]
        {
            let header = answer(password, "PLAY", &challenge.nonce, None, false);
            let claim = Claim::parse(&header).unwrap();
            assert_eq!(challenge.judge(&claim, "PLAY", &known(false), now), verdict, "{password}");
        }
    }

    #[test]
    fn what_is_no_digest_claims_nothing() {
        for header in [
            "",
            "Basic a2h1ZTp4",
            "Digest",
            "Digest ",
            "Digest a",
            "Digest a=\"",
            "Digest =,,=",
            "Digest username",
            "Digest realm=\"khue\"",
            "Digest username=\"\\",
        ] {
            assert_eq!(Claim::parse(header), None, "{header}");
        }
        let bare = Claim::parse("digest response=x,USERNAME=k7 , realm=\"a, b\"").unwrap();
        assert_eq!((bare.name(), bare.get("realm")), ("k7", Some("a, b")));
        let now = Instant::now();
        let challenge = Challenge::new([1; 32], now);
        assert_eq!(challenge.judge(&bare, "PLAY", &known(true), now), Verdict::Wrong);
    }
}
