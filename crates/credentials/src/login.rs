//! How a password is proved to a camera: Digest (RFC 7616, and RFC 2617 and 2069 as
//! most cameras have it), or Basic (RFC 7617) where nothing better is offered.
//!
//! ```text
//! WWW-Authenticate: Digest realm="…", nonce="…", qop="auth", algorithm=SHA-256, …
//! Authorization:    Digest username="…", realm="…", nonce="…", uri="…", response="…"
//! ```
//!
//! Words in quotes may be of any language: a realm is often the name that people gave
//! their camera.

use std::fmt::Write;

use aws_lc_rs::{digest, rand};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};

use crate::Credentials;

/// A challenge that can be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// The password itself.
    Basic,
    /// A proof that does not show it.
    Digest {
        /// For what it is, as the device says it.
        realm: String,
        /// What the proof is made with.
        nonce: String,
        /// What is sent back as it came.
        opaque: Option<String>,
        /// By which algorithm.
        hash: Hash,
        /// The algorithm as it was said, to say it again.
        algorithm: Option<String>,
        /// Whether proofs are counted (`qop`).
        is_counted: bool,
        /// The hash of the password goes with the session (`-sess`).
        is_of_session: bool,
        /// Proofs given.
        count: u32,
    },
}

/// An algorithm of Digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// As most devices have it.
    Md5,
    /// RFC 7616.
    Sha256,
}

/// A challenge as it is written: its scheme, and its parameters, whose names have
/// small letters.
#[derive(Debug, Default)]
struct Challenge {
    scheme: String,
    parameters: Vec<(String, String)>,
}

impl Login {
    /// Chooses among challenges: SHA-256 before MD5, and both before the password itself.
    pub fn choose<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Self> {
        let offered = headers.flat_map(challenges).filter_map(|challenge| Self::of(&challenge));
        offered.max_by_key(|login| match login {
            Self::Digest { hash: Hash::Sha256, .. } => 2,
            Self::Digest { hash: Hash::Md5, .. } => 1,
            Self::Basic => 0,
        })
    }

    fn of(challenge: &Challenge) -> Option<Self> {
        let said = |name: &str| {
            let named = challenge.parameters.iter().find(|(known, _)| known == name);
            named.map(|(_, value)| value.clone())
        };
        match challenge.scheme.as_str() {
            "basic" => Some(Self::Basic),
            "digest" => {
                let algorithm = said("algorithm");
                let name = algorithm.as_deref().unwrap_or("MD5").to_ascii_uppercase();
                let (name, is_of_session) = match name.strip_suffix("-SESS") {
                    Some(name) => (name, true),
                    None => (name.as_str(), false),
                };
                let hash = match name {
                    "MD5" => Hash::Md5,
                    "SHA-256" => Hash::Sha256,
                    _ => return None,
                };
                let is_counted = match said("qop") {
                    Some(qop) if !qop.trim().is_empty() => {
                        // What only vouches for a body as well is not spoken here.
                        qop.split(',').any(|one| one.trim() == "auth").then_some(true)?
                    }
                    _ => false,
                };
                let (realm, nonce) = (said("realm").unwrap_or_default(), said("nonce")?);
                let (opaque, count) = (said("opaque"), 0);
                Some(Self::Digest {
                    realm,
                    nonce,
                    opaque,
                    hash,
                    algorithm,
                    is_counted,
                    is_of_session,
                    count,
                })
            }
            _ => None,
        }
    }

    /// Returns what a request says to prove the password.
    pub fn prove(&mut self, who: &Credentials, method: &str, uri: &str) -> String {
        let mut entropy = [0; 8];
        // Without chance a proof can still be given: the nonce is the camera's.
        let _ = rand::fill(&mut entropy);
        self.prove_with(&hex(&entropy), who, method, uri)
    }

    fn prove_with(&mut self, cnonce: &str, who: &Credentials, method: &str, uri: &str) -> String {
        let Credentials { user, password } = who;
        let Self::Digest {
            realm,
            nonce,
            opaque,
            hash,
            algorithm,
            is_counted,
            is_of_session,
            count,
        } = self
        else {
            return format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        };
        let mut secret = hash.of(&format!("{user}:{realm}:{password}"));
        if *is_of_session {
            secret = hash.of(&format!("{secret}:{nonce}:{cnonce}"));
        }
        let asked = hash.of(&format!("{method}:{uri}"));
        *count = count.saturating_add(1);
        let response = match is_counted {
            true => hash.of(&format!("{secret}:{nonce}:{count:08x}:{cnonce}:auth:{asked}")),
            false => hash.of(&format!("{secret}:{nonce}:{asked}")),
        };
        let (user, realm, nonce) = (quoted(user), quoted(realm), quoted(nonce));
        let mut text = format!(
            "Digest username={user}, realm={realm}, nonce={nonce}, uri={}, response=\"{response}\"",
            quoted(uri)
        );
        // Writing to a text does not fail.
        if let Some(algorithm) = algorithm {
            let _ = write!(text, ", algorithm={algorithm}");
        }
        if let Some(opaque) = opaque {
            let _ = write!(text, ", opaque={}", quoted(opaque));
        }
        if *is_counted {
            let _ = write!(text, ", qop=auth, nc={count:08x}, cnonce=\"{cnonce}\"");
        } else if *is_of_session {
            let _ = write!(text, ", cnonce=\"{cnonce}\"");
        }
        text
    }
}

impl Hash {
    fn of(self, text: &str) -> String {
        match self {
            Self::Md5 => hex(&Md5::digest(text.as_bytes())),
            Self::Sha256 => hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref()),
        }
    }
}

/// Reads the challenges of a header: schemes, each with parameters behind it. What is
/// not understood ends the one that it stands in.
fn challenges(header: &str) -> Vec<Challenge> {
    let mut all: Vec<Challenge> = Vec::new();
    let mut rest = header.trim_start_matches([' ', ',']);
    while !rest.is_empty() {
        let end = rest.find(['=', ' ', ',', '\t']).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        let behind = behind.trim_start();
        match (behind.strip_prefix('='), all.last_mut()) {
            (Some(value), Some(challenge)) if !word.is_empty() => {
                let (value, behind) = value_of(value.trim_start());
                challenge.parameters.push((word.to_ascii_lowercase(), value));
                rest = behind;
            }
            (None, _) if !word.is_empty() => {
                all.push(Challenge { scheme: word.to_ascii_lowercase(), ..Challenge::default() });
                rest = behind;
            }
            _ => rest = behind.get(1..).unwrap_or_default(),
        }
        rest = rest.trim_start_matches([' ', ',', '\t']);
    }
    all
}

/// Reads a value, in quotes or not; returns also what stands behind it.
fn value_of(text: &str) -> (String, &str) {
    let Some(within) = text.strip_prefix('"') else {
        let (value, behind) = text.split_at(text.find([',', ' ', '\t']).unwrap_or(text.len()));
        return (value.to_owned(), behind);
    };
    let (mut value, mut is_escaped) = (String::new(), false);
    for (at, sign) in within.char_indices() {
        match sign {
            '"' if !is_escaped => return (value, &within[at + 1..]),
            '\\' if !is_escaped => is_escaped = true,
            _ => {
                is_escaped = false;
                value.push(sign);
            }
        }
    }
    (value, "")
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(user: &str, password: &str) -> Credentials {
        Credentials { user: user.to_owned(), password: password.to_owned() }
    }

    fn proof(header: &str, cnonce: &str, who: &Credentials, method: &str, uri: &str) -> String {
        Login::choose([header].into_iter()).unwrap().prove_with(cnonce, who, method, uri)
    }

    #[test]
    fn the_examples_of_the_rfcs_come_out() {
        // RFC 2617 §3.5.
        let header = "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", \
            nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
        let mufasa = who("Mufasa", "Circle Of Life");
        let text = proof(header, "0a4f113b", &mufasa, "GET", "/dir/index.html");
        assert!(text.contains("response=\"6629fae49393a05397450978507c4ef1\""), "{text}");
        assert!(text.ends_with("opaque=\"5ccc069c403ebaf9f0171e9517f40e41\", qop=auth, nc=00000001, cnonce=\"0a4f113b\""));
        // RFC 7616 §3.9.1.
        let header = "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=SHA-256, \
            nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\"";
        let text = proof(
            header,
            "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            &who("Mufasa", "Circle of Life"),
            "GET",
            "/dir/index.html",
        );
        assert!(
            text.contains(
                "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""
            ),
            "{text}"
        );
    }

    #[test]
    fn proofs_of_one_nonce_are_counted() {
        let mut login = Login::choose(["Digest realm=r, nonce=n, qop=auth"].into_iter()).unwrap();
        let texts = [1, 2].map(|_| login.prove(&who("a", "b"), "PLAY", "rtsp://h/"));
        assert!(texts[0].contains("nc=00000001") && texts[1].contains("nc=00000002"));
    }

    #[test]
    fn the_older_form_has_no_count() {
        let text = proof("Digest realm=\"r\",nonce=\"n\"", "c", &who("a", "b"), "PLAY", "u");
        let secret = Hash::Md5.of("a:r:b");
        let expected = Hash::Md5.of(&format!("{secret}:n:{}", Hash::Md5.of("PLAY:u")));
        assert!(text.ends_with(&format!("uri=\"u\", response=\"{expected}\"")), "{text}");
    }

    #[test]
    fn challenges_are_told_apart_however_they_are_written() {
        let both = "Basic realm=\"a, b\", Digest realm=\"the \\\"north\\\" gate\" , nonce = \"n\",algorithm=\"MD5\"";
        let chosen = Login::choose([both].into_iter()).unwrap();
        let Login::Digest { realm, nonce, algorithm, .. } = &chosen else { panic!("{chosen:?}") };
        assert_eq!(
            (realm.as_str(), nonce.as_str(), algorithm.as_deref()),
            ("the \"north\" gate", "n", Some("MD5"))
        );
        let two = ["Digest realm=\"Cổng bắc\", nonce=\"1\"", "Digest nonce=2, algorithm=SHA-256"];
        assert!(matches!(
            Login::choose(two.into_iter()),
            Some(Login::Digest { hash: Hash::Sha256, .. })
        ));
        assert_eq!(Login::choose(["Basic"].into_iter()), Some(Login::Basic));
        for none in [
            "",
            ",",
            "=",
            "Negotiate",
            "Digest realm=\"r\"",
            "Digest nonce=n, algorithm=SHA-512-256",
            "Digest nonce=n, qop=auth-int",
            "\"\\",
        ] {
            assert_eq!(Login::choose([none].into_iter()), None, "{none}");
        }
    }

    #[test]
    fn a_password_of_a_session_is_hashed_with_it() {
        let header = "Digest realm=r, nonce=n, algorithm=MD5-sess, qop=auth";
        let text = proof(header, "c", &who("a", "b"), "PLAY", "u");
        let secret = Hash::Md5.of(&format!("{}:n:c", Hash::Md5.of("a:r:b")));
        let asked = Hash::Md5.of("PLAY:u");
        let expected = Hash::Md5.of(&format!("{secret}:n:00000001:c:auth:{asked}"));
        assert!(text.contains(&expected) && text.contains("algorithm=MD5-sess"), "{text}");
    }
}
