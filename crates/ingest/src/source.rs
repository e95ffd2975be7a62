//! Where a stream is fetched from, and with whose name.

use std::fmt;

use url::Url;

use crate::fault::{Fault, FaultKind};

/// Where a stream is fetched from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its address, without credentials: what is written to logs and shown to people.
    pub url: Url,
    /// What the camera asks for, if it does.
    pub credentials: Option<Credentials>,
}

/// A user name and its password at a camera.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The name.
    pub user: String,
    /// The password.
    pub password: String,
}

impl Source {
    /// Refuses an address that is not one of a camera, or that holds a password.
    pub fn check(&self) -> Result<(), Fault> {
        let url = &self.url;
        let refused = |message: String| Err(Fault::new(FaultKind::Unsupported, message));
        if !url.username().is_empty() || url.password().is_some() {
            return refused(
                "the address holds a user name or password; put them in the fields of their own"
                    .to_owned(),
            );
        }
        if url.scheme() != "rtsp" {
            let scheme = url.scheme();
            return refused(format!("{scheme}:// is not spoken here; write rtsp://host/path"));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return refused("the address names no host; write rtsp://host/path".to_owned());
        }
        Ok(())
    }

    /// Returns host and port, as people write them.
    pub(crate) fn authority(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        format!("{host}:{}", self.url.port().unwrap_or(554))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(url: &str) -> Result<(), String> {
        let source = Source { url: Url::parse(url).unwrap(), credentials: None };
        source.check().map_err(|fault| fault.to_string())
    }

    #[test]
    fn only_rtsp_to_a_host_is_fetched() {
        assert_eq!(checked("rtsp://10.0.0.7/Streaming/Channels/101"), Ok(()));
        assert_eq!(checked("rtsp://[fd00::7]:8554/"), Ok(()));
        let words = |url| checked(url).unwrap_err();
        assert_eq!(
            words("file:///etc/passwd"),
            "file:// is not spoken here; write rtsp://host/path"
        );
        assert_eq!(words("http://h/"), "http:// is not spoken here; write rtsp://host/path");
        assert_eq!(words("rtsp:///path"), "the address names no host; write rtsp://host/path");
    }

    #[test]
    fn an_address_with_a_password_is_refused_without_repeating_it() {
        for url in ["rtsp://admin:secret7@h/", "rtsp://admin@h/", "http://admin:secret7@h/"] {
            let words = checked(url).unwrap_err();
            assert!(words.contains("fields of their own") && !words.contains("secret7"), "{words}");
        }
    }

    #[test]
    fn a_password_does_not_show() {
        let credentials = Credentials { user: "admin".to_owned(), password: "secret7".to_owned() };
        let url = Url::parse("rtsp://h/").unwrap();
        let shown = format!("{:?}", Source { url, credentials: Some(credentials) });
        assert!(shown.contains("admin") && !shown.contains("secret7"), "{shown}");
    }
}
