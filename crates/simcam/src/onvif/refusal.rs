//! How a device tells whoever it does not let in: each in its own way.
//!
//! Who is let in is `guard`'s.

use super::connection::SOAP_TYPE;
use super::http::Response;
use super::namespace as ns;
use super::personality::Quirks;
use super::soap::{Fault, envelope};

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It brought no proof.
    Missing,
    /// It brought a wrong one.
    Wrong,
    /// It answered an old challenge.
    Stale,
    /// Its token is of another time.
    Untimely,
    /// Its token came before.
    Replayed,
    /// Too many wrong ones came before it.
    LockedOut,
    /// Who sent it may not do this.
    Prohibited,
}

/// A page for people, from whom no program asks anything.
const PAGE: &str = "<html><head><title>401 Unauthorized</title><body><h1>401 Unauthorized</h1>\
    <p>Access to this document requires a User ID<br></body></html>";

impl Refusal {
    /// Returns the answer to a request that is refused; `challenge` is made where the
    /// device offers one, and told whether the last one is too old.
    pub(crate) fn response(
        self,
        basic: bool,
        quirks: &Quirks,
        challenge: impl FnOnce(bool) -> String,
    ) -> Response {
        let page = quirks.html_401 || basic;
        let status = match self {
            Self::LockedOut => 403,
            Self::Prohibited => 400,
            _ if page => 401,
            _ if quirks.token_only || quirks.auth_400 => 400,
            _ => 401,
        };
        let mut response = Response::new(status);
        if status == 401 && (basic || !quirks.token_only) {
            response = response.with("WWW-Authenticate", challenge(self == Self::Stale));
        }
        if status == 401 && page {
            return response.with_body("text/html", PAGE);
        }
        let codes: &[&str] = match self {
            Self::Prohibited => &["ter:NotAuthorized", "ter:OperationProhibited"],
            _ => &["ter:NotAuthorized"],
        };
        let fault = Fault::sender(codes, self.words());
        response.with_body(SOAP_TYPE, envelope(ns::PREFIXES, "", &fault.body()))
    }

    fn words(self) -> &'static str {
        match self {
            Self::Missing => "Sender not Authorized",
            Self::Wrong => "Wrong user or password",
            Self::Stale => "The nonce is too old",
            Self::Untimely => "Wsse authorized time check failed",
            Self::Replayed => "The nonce was used before",
            Self::LockedOut => "Too many wrong passwords: locked for a while",
            Self::Prohibited => "The user may not do this",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(refusal: Refusal, basic: bool, quirks: Quirks) -> String {
        let response = refusal.response(basic, &quirks, |stale| format!("Way stale={stale}"));
        String::from_utf8(response.bytes(false, true)).unwrap()
    }

    #[test]
    fn a_refusal_has_the_form_that_the_device_gives_it() {
        let usual = told(Refusal::Stale, false, Quirks::NONE);
        assert!(usual.starts_with("HTTP/1.1 401 "), "{usual}");
        assert!(usual.contains("WWW-Authenticate: Way stale=true\r\n"), "{usual}");
        assert!(usual.contains("ter:NotAuthorized"), "{usual}");
        let page = told(Refusal::Missing, false, Quirks { html_401: true, ..Quirks::NONE });
        assert!(page.contains("Way stale=false") && page.contains("<html>"), "{page}");
        for quirks in
            [Quirks { token_only: true, ..Quirks::NONE }, Quirks { auth_400: true, ..Quirks::NONE }]
        {
            let text = told(Refusal::Missing, false, quirks);
            assert!(text.starts_with("HTTP/1.1 400 "), "{text}");
            assert!(!text.contains("WWW-Authenticate") && text.contains("NotAuthorized"), "{text}");
        }
        let basic = told(Refusal::Missing, true, Quirks { token_only: true, ..Quirks::NONE });
        assert!(basic.starts_with("HTTP/1.1 401 ") && basic.contains("Way "), "{basic}");
        assert!(told(Refusal::LockedOut, false, Quirks::NONE).starts_with("HTTP/1.1 403 "));
        assert!(told(Refusal::Prohibited, false, Quirks::NONE).starts_with("HTTP/1.1 400 "));
    }
}
