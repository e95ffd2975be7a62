//! Digest access authentication with MD5 (RFC 2617, RFC 7616).
//!
//! The challenge names neither `qop` nor `algorithm`, as most cameras' do not:
//! there are clients that answer only that form. The answer of a client that
//! brings `qop=auth` of its own accord is understood. Basic is not offered and not taken:
//! it would carry the password in the clear.

use md5::{Digest, Md5};

use crate::sei::hex;

/// Who may look.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub user: String,
    /// The user's password.
    pub password: String,
}

/// The challenge of one connection.
#[derive(Debug)]
pub(crate) struct Challenge {
    credentials: Credentials,
    nonce: String,
}

/// Whether a request brought the right answer to the challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It did.
    Right,
    /// It brought no answer, or a wrong one.
    Wrong,
    /// The answer is to another challenge; a client may answer ours without
    /// asking its user again.
    Stale,
}

const REALM: &str = "simcam";

impl Challenge {
    /// Returns a challenge with a nonce made from `entropy`.
    pub(crate) fn new(credentials: Credentials, entropy: [u8; 16]) -> Self {
        Self { credentials, nonce: hex(&entropy) }
    }

    /// Returns the value of `WWW-Authenticate`.
    pub(crate) fn header(&self, stale: bool) -> String {
        let stale = if stale { ", stale=TRUE" } else { "" };
        format!("Digest realm=\"{REALM}\", nonce=\"{}\"{stale}", self.nonce)
    }

    /// Judges the value of `Authorization`.
    pub(crate) fn judge(&self, method: &str, authorization: Option<&str>) -> Verdict {
        let Some(fields) = authorization.and_then(Fields::parse) else {
            return Verdict::Wrong;
        };
        // The URI is taken from the header, not the request line: clients send
        // the one with the track's name and mean the one without.
        let (Some(nonce), Some(uri), Some(response)) =
            (fields.get("nonce"), fields.get("uri"), fields.get("response"))
        else {
            return Verdict::Wrong;
        };
        if fields.get("username") != Some(&self.credentials.user)
            || fields.get("realm") != Some(REALM)
            || fields.get("algorithm").is_some_and(|name| !name.eq_ignore_ascii_case("MD5"))
        {
            return Verdict::Wrong;
        }
        let Credentials { user, password } = &self.credentials;
        let secret = md5_hex(&format!("{user}:{REALM}:{password}"));
        let request = md5_hex(&format!("{method}:{uri}"));
        let expected = match fields.get("qop") {
            None => md5_hex(&format!("{secret}:{nonce}:{request}")),
            Some("auth") => {
                let (Some(count), Some(client_nonce)) = (fields.get("nc"), fields.get("cnonce"))
                else {
                    return Verdict::Wrong;
                };
                md5_hex(&format!("{secret}:{nonce}:{count}:{client_nonce}:auth:{request}"))
            }
            Some(_) => return Verdict::Wrong,
        };
        if !response.eq_ignore_ascii_case(&expected) {
            Verdict::Wrong
        } else if nonce != self.nonce {
            Verdict::Stale
        } else {
            Verdict::Right
        }
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

/// The fields of an `Authorization: Digest` header.
pub(crate) struct Fields<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Fields<'a> {
    pub(crate) fn parse(header: &'a str) -> Option<Self> {
        let (scheme, mut rest) = header.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("Digest") {
            return None;
        }
        let mut fields = Vec::new();
        loop {
            rest = rest.trim_start_matches([' ', ',']);
            if rest.is_empty() {
                return Some(Self(fields));
            }
            let (name, after) = rest.split_once('=')?;
            let value;
            (value, rest) = match after.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"')?,
                None => after.split_at(after.find([',', ' ']).unwrap_or(after.len())),
            };
            fields.push((name.trim(), value));
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }
}

pub(crate) fn md5_hex(text: &str) -> String {
    hex(&Md5::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge() -> Challenge {
        let credentials = Credentials { user: "khue".to_owned(), password: "văn các".to_owned() };
        Challenge::new(credentials, [0xab; 16])
    }

    /// An answer as a client computes it, from the formula of RFC 2617 §3.2.2.
    fn answer(password: &str, method: &str, nonce: &str) -> String {
        let secret = md5_hex(&format!("khue:simcam:{password}"));
        let request = md5_hex(&format!("{method}:rtsp://h/a"));
        let response = md5_hex(&format!("{secret}:{nonce}:{request}"));
        format!(
            "Digest username=\"khue\", realm=\"simcam\", nonce=\"{nonce}\", uri=\"rtsp://h/a\", \
             response=\"{response}\""
        )
    }

    fn judge(method: &str, header: &str) -> Verdict {
        challenge().judge(method, Some(header))
    }

    #[test]
    fn md5_is_the_one_of_rfc_1321() {
        assert_eq!(md5_hex(""), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(md5_hex("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
    }

    #[test]
    fn the_right_answer_is_right_for_its_method_only() {
        let header = answer("văn các", "PLAY", &challenge().nonce);
        assert_eq!(judge("PLAY", &header), Verdict::Right);
        assert_eq!(judge("SETUP", &header), Verdict::Wrong);
    }

    #[test]
    fn a_wrong_password_or_none_is_wrong_and_an_old_nonce_is_stale() {
        assert_eq!(judge("PLAY", &answer("văn", "PLAY", &challenge().nonce)), Verdict::Wrong);
        assert_eq!(judge("PLAY", &answer("văn các", "PLAY", "00")), Verdict::Stale);
        assert_eq!(judge("PLAY", &answer("văn", "PLAY", "00")), Verdict::Wrong);
        assert_eq!(challenge().judge("PLAY", None), Verdict::Wrong);
        assert!(challenge().header(true).ends_with("stale=TRUE"));
    }

    #[test]
    fn an_answer_with_quality_of_protection_is_understood() {
        let nonce = challenge().nonce;
        let secret = md5_hex("khue:simcam:văn các");
        let request = md5_hex("PLAY:u");
        let response = md5_hex(&format!("{secret}:{nonce}:00000001:c:auth:{request}"));
        let header = format!(
            "digest response={response},nc=00000001,cnonce=\"c\", qop=auth, uri=\"u\", \
             nonce=\"{nonce}\",realm=\"simcam\",username=\"khue\",algorithm=MD5"
        );
        assert_eq!(judge("PLAY", &header), Verdict::Right);
        assert_eq!(judge("PLAY", &header.replace("qop=auth", "qop=auth-int")), Verdict::Wrong);
        assert_eq!(judge("PLAY", &header.replace("=MD5", "=SHA-256")), Verdict::Wrong);
    }

    #[test]
    fn basic_and_garbage_are_refused() {
        for header in
            ["Basic a2h1ZTp2xINuIGPDoWM=", "", "Digest", "Digest a", "Digest a=\"", "Digest =,,="]
        {
            assert_eq!(judge("PLAY", header), Verdict::Wrong, "{header}");
        }
    }

    #[test]
    fn a_password_does_not_show() {
        let shown = format!("{:?}", challenge());
        assert!(shown.contains("khue") && !shown.contains("các"), "{shown}");
    }
}
