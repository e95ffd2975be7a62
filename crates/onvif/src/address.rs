//! Where a device says that something is, and where it is asked.
//!
//! ```text
//! said        http://192.168.1.64:80/onvif/media_service     the device's own view
//! asked       http://gate.example:8443/onvif/media_service   the way that we came by
//! ```
//!
//! Devices behind NAT name their inner address, modules name `0.0.0.0`, some write their
//! port twice, or a path alone. Host and port of the way that we came by are known to
//! work; path and query are the device's to say. So nothing ever leads to another host
//! than the one that somebody wrote down, and no password goes elsewhere (SSRF).

use url::Url;

/// The way by which a device was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Home(Url);

/// The usual port of RTSP (RFC 2326 §3.2).
const RTSP: u16 = 554;

impl Home {
    /// Returns the way that leads to a device's own service.
    pub(crate) fn new(url: Url) -> Self {
        Self(url)
    }

    /// Returns the service that was written down.
    pub(crate) fn url(&self) -> &Url {
        &self.0
    }

    /// Returns where a service is asked of which a device says that it is `said`.
    pub(crate) fn service(&self, said: &str) -> Option<Url> {
        let said = self.read(said)?;
        if !matches!(said.scheme(), "http" | "https") {
            return None;
        }
        let mut url = self.0.clone();
        // A port of its own counts only with the host that we came by: behind NAT it is
        // another one than outside.
        if said.host() == self.0.host() && said.scheme() == self.0.scheme() && said.port().is_some()
        {
            url.set_port(said.port()).ok()?;
        }
        url.set_path(said.path());
        url.set_query(said.query());
        Some(url)
    }

    /// Returns where a stream is asked of which a device says that it is `said`, the
    /// likeliest first: its port is its own to say, since another server answers there, but
    /// some say that of their pages.
    pub(crate) fn streams(&self, said: &str) -> Vec<Url> {
        let Some(said) = self.read(said) else { return Vec::new() };
        if !matches!(said.scheme(), "rtsp" | "rtsps") {
            return Vec::new();
        }
        let usual = if said.scheme() == "rtsps" { 322 } else { RTSP };
        let port = said.port().unwrap_or(usual);
        let mut ports = vec![port];
        if port != usual {
            ports.push(usual);
        }
        let host = self.0.host_str().unwrap_or_default();
        let at = |port: &u16| {
            let mut url = said.clone();
            url.set_host(Some(host)).ok()?;
            url.set_port((*port != usual).then_some(*port)).ok()?;
            Some(url)
        };
        let likeliest = ports.iter().filter_map(at);
        // A port that is the pages' own is no port of RTSP.
        let mut all: Vec<_> = likeliest.collect();
        if Some(port) == self.0.port_or_known_default() {
            all.reverse();
        }
        all
    }

    /// Reads an address, whole or not, without what stands before `@` and behind `#`.
    fn read(&self, said: &str) -> Option<Url> {
        let said = said.trim();
        let mut url = match said.split_once("://") {
            Some((scheme, rest)) => Url::parse(&format!("{scheme}://{}", one_port(rest))).ok()?,
            None => self.0.join(said).ok()?,
        };
        url.set_username("").ok()?;
        url.set_password(None).ok()?;
        url.set_fragment(None);
        Some(url)
    }
}

/// Leaves out a second port: `host:80:80/path`.
fn one_port(rest: &str) -> String {
    let (authority, path) = match rest.find(['/', '?', '#']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let host_from = authority.rfind('@').map_or(0, |at| at + 1);
    let (who, place) = authority.split_at(host_from);
    let numeric = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts: Vec<_> = place.rsplitn(3, ':').collect();
    parts.reverse();
    match parts[..] {
        // An address of IPv6 in brackets has colons of its own.
        [host, first, second]
            if numeric(first)
                && numeric(second)
                && (!host.contains(':') || host.ends_with(']')) =>
        {
            format!("{who}{host}:{first}{path}")
        }
        _ => rest.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(url: &str) -> Home {
        Home::new(Url::parse(url).unwrap())
    }

    fn service(home_at: &str, said: &str) -> String {
        home(home_at).service(said).map_or("none".to_owned(), |url| url.to_string())
    }

    fn streams(home_at: &str, said: &str) -> Vec<String> {
        home(home_at).streams(said).into_iter().map(|url| url.to_string()).collect()
    }

    #[test]
    fn services_are_asked_by_the_way_that_works() {
        let outside = "http://camera.example:8081/onvif/device_service";
        for (said, asked) in [
            ("http://192.168.1.64/onvif/media", "http://camera.example:8081/onvif/media"),
            (
                "http://192.168.1.64:8899/onvif/media?x=1",
                "http://camera.example:8081/onvif/media?x=1",
            ),
            ("http://0.0.0.0/onvif/ptz", "http://camera.example:8081/onvif/ptz"),
            ("http://camera.example/onvif/m", "http://camera.example:8081/onvif/m"),
            ("/onvif/events", "http://camera.example:8081/onvif/events"),
            ("events", "http://camera.example:8081/onvif/events"),
            ("http://camera.example:8081:8081/onvif/m", "http://camera.example:8081/onvif/m"),
            ("http://camera.example:9000/onvif/m", "http://camera.example:9000/onvif/m"),
            ("http://admin:12345@192.168.1.64/m#x", "http://camera.example:8081/m"),
            ("https://192.168.1.64/onvif/media", "http://camera.example:8081/onvif/media"),
            ("ftp://192.168.1.64/", "none"),
            ("http://", "none"),
        ] {
            assert_eq!(service(outside, said), asked, "{said}");
        }
    }

    #[test]
    fn nothing_goes_unsealed_that_came_sealed() {
        let asked = service("https://10.0.0.7/onvif/device_service", "http://10.0.0.7/onvif/media");
        assert_eq!(asked, "https://10.0.0.7/onvif/media");
    }

    #[test]
    fn streams_are_asked_of_the_same_host() {
        let at = "http://10.0.0.7/onvif/device_service";
        assert_eq!(streams(at, "rtsp://192.168.1.64/ch 1/main"), ["rtsp://10.0.0.7/ch%201/main"]);
        assert_eq!(
            streams(at, "rtsp://192.168.1.64:10554/main?ch=1"),
            ["rtsp://10.0.0.7:10554/main?ch=1", "rtsp://10.0.0.7/main?ch=1"]
        );
        assert_eq!(streams(at, "rtsp://192.168.1.64:554:554/m"), ["rtsp://10.0.0.7/m"]);
        assert_eq!(streams(at, "http://10.0.0.7/stream"), [""; 0]);
        assert_eq!(
            streams(at, "rtsps://192.168.1.64:554/m"),
            ["rtsps://10.0.0.7:554/m", "rtsps://10.0.0.7/m"]
        );
    }

    #[test]
    fn a_port_that_is_the_pages_own_comes_last() {
        let all = streams("http://10.0.0.7:80/x", "rtsp://10.0.0.7:80/main");
        assert_eq!(all, ["rtsp://10.0.0.7/main", "rtsp://10.0.0.7:80/main"]);
    }

    #[test]
    fn an_address_of_ipv6_keeps_its_colons() {
        let at = "http://[2001:db8::7]:8080/onvif/device_service";
        assert_eq!(service(at, "http://[fe80::1]:80:80/m"), "http://[2001:db8::7]:8080/m");
        assert_eq!(streams(at, "rtsp://[fe80::1]/m"), ["rtsp://[2001:db8::7]/m"]);
    }
}
