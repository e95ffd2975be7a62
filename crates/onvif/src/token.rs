//! A proof of the password within an envelope: WS-UsernameToken with a digest
//! (OASIS UsernameToken Profile 1.0 §3.1).
//!
//! ```text
//! PasswordDigest = Base64(SHA-1(nonce ‖ created ‖ password))
//! ```
//!
//! `created` is the device's own time, which it compares with its clock.

use aws_lc_rs::digest;
use base::WallTime;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use credentials::Credentials;

use crate::clock;
use crate::xml::escaped;

/// Returns what stands in the header of an envelope.
pub(crate) fn token(who: &Credentials, device_now: WallTime) -> String {
    let mut nonce = [0; 16];
    // Without chance a proof can still be given: its time makes it another each second.
    let _ = getrandom::fill(&mut nonce);
    token_with(nonce, who, device_now)
}

fn token_with(nonce: [u8; 16], who: &Credentials, device_now: WallTime) -> String {
    const SECURITY: &str =
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
    const UTILITY: &str =
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
    const DIGEST: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest";
    const BASE64: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary";
    let created = clock::written(device_now);
    let all = [&nonce[..], created.as_bytes(), who.password.as_bytes()].concat();
    let proof = STANDARD.encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &all));
    format!(
        "<wsse:Security s:mustUnderstand=\"1\" xmlns:wsse=\"{SECURITY}\" xmlns:wsu=\"{UTILITY}\">\
         <wsse:UsernameToken><wsse:Username>{}</wsse:Username>\
         <wsse:Password Type=\"{DIGEST}\">{proof}</wsse:Password>\
         <wsse:Nonce EncodingType=\"{BASE64}\">{}</wsse:Nonce>\
         <wsu:Created>{created}</wsu:Created></wsse:UsernameToken></wsse:Security>",
        escaped(&who.user),
        STANDARD.encode(nonce)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::Element;

    fn who(user: &str) -> Credentials {
        Credentials { user: user.to_owned(), password: "Test-1234".to_owned() }
    }

    /// 2026-01-01T00:00:00Z.
    const NEW_YEAR: WallTime = WallTime(1_767_225_600_000_000);

    #[test]
    fn the_known_proof_comes_out() {
        let nonce = std::array::from_fn(|at| at as u8);
        let text = token_with(nonce, &who("a<b"), NEW_YEAR);
        let read = Element::read(text.as_bytes()).unwrap();
        let said = |name| read.text_at(&["UsernameToken", name]);
        assert_eq!(said("Username"), Some("a<b"));
        assert_eq!(said("Password"), Some("/mHhjXSrsAn1Q61K41EGn5Ajw18="));
        assert_eq!(said("Nonce"), Some("AAECAwQFBgcICQoLDA0ODw=="));
        assert_eq!(said("Created"), Some("2026-01-01T00:00:00Z"));
    }

    #[test]
    fn no_proof_is_given_twice() {
        assert_ne!(token(&who("a"), NEW_YEAR), token(&who("a"), NEW_YEAR));
    }
}
