//! Where a stream is fetched from, with whose name, and by which way.

use base::{Link, Transport};
use credentials::Credentials;
use url::Url;

use crate::fault::{Fault, FaultKind};

/// Where a stream is fetched from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its address, without credentials: what is written to logs and shown to people.
    pub url: Url,
    /// What the camera asks for, if it does.
    pub credentials: Option<Credentials>,
    /// How it is reached.
    pub link: Link,
    /// Whether its sound is fetched too: only where that is authorised.
    pub sound: bool,
}

impl Source {
    /// Returns a source like most: TCP, no sound, a server like others.
    pub fn new(url: Url, credentials: Option<Credentials>) -> Self {
        Self { url, credentials, link: Link::default(), sound: false }
    }

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
        if !matches!(url.scheme(), "rtsp" | "rtsps") {
            let scheme = url.scheme();
            return refused(format!(
                "{scheme}:// is not spoken here; write rtsp://host/path or rtsps://host/path"
            ));
        }
        if url.scheme() == "rtsps" && self.link.transport == Transport::Udp {
            return refused("rtsps:// does not go by UDP; choose TCP, or rtsp://".to_owned());
        }
        if url.host_str().is_none_or(str::is_empty) {
            return refused("the address names no host; write rtsp://host/path".to_owned());
        }
        Ok(())
    }

    /// Returns host and port, as people write them.
    pub(crate) fn authority(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        format!("{host}:{}", self.port())
    }

    /// Returns the host as sockets take it: an IPv6 address stands in brackets in
    /// a URL, and without them elsewhere.
    pub(crate) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
    }

    /// Returns the port, which RFC 7826 §20.1 has where none is written.
    pub(crate) fn port(&self) -> u16 {
        self.url.port().unwrap_or(if self.is_tls() { 322 } else { 554 })
    }

    /// Returns whether the connection is to be TLS.
    pub(crate) fn is_tls(&self) -> bool {
        self.url.scheme() == "rtsps"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(url: &str) -> Result<(), String> {
        let source = Source::new(Url::parse(url).unwrap(), None);
        source.check().map_err(|fault| fault.to_string())
    }

    #[test]
    fn only_rtsp_to_a_host_is_fetched() {
        assert_eq!(checked("rtsp://10.0.0.7/Streaming/Channels/101"), Ok(()));
        assert_eq!(checked("rtsp://[fd00::7]:8554/"), Ok(()));
        let words = |url| checked(url).unwrap_err();
        assert_eq!(
            words("file:///etc/passwd"),
            "file:// is not spoken here; write rtsp://host/path or rtsps://host/path"
        );
        assert!(words("http://h/").starts_with("http:// is not spoken here"));
        assert_eq!(checked("rtsps://h/"), Ok(()));
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
    fn a_port_that_is_not_written_is_that_of_the_scheme() {
        let authority = |url| Source::new(Url::parse(url).unwrap(), None).authority();
        assert_eq!(authority("rtsp://h/"), "h:554");
        assert_eq!(authority("rtsps://h/"), "h:322");
        assert_eq!(authority("rtsps://[fd00::7]:8322/"), "[fd00::7]:8322");
        assert_eq!(Source::new(Url::parse("rtsp://[fd00::7]/").unwrap(), None).host(), "fd00::7");
    }

    #[test]
    fn tls_by_udp_is_refused_with_the_cure() {
        let url = Url::parse("rtsps://h/").unwrap();
        let source = Source {
            link: Link { transport: Transport::Udp, ..Link::default() },
            ..Source::new(url, None)
        };
        let words = source.check().unwrap_err().to_string();
        assert_eq!(words, "rtsps:// does not go by UDP; choose TCP, or rtsp://");
    }

    #[test]
    fn a_password_does_not_show() {
        let credentials = Credentials { user: "admin".to_owned(), password: "secret7".to_owned() };
        let url = Url::parse("rtsp://h/").unwrap();
        let shown = format!("{:?}", Source::new(url, Some(credentials)));
        assert!(shown.contains("admin") && !shown.contains("secret7"), "{shown}");
    }
}
