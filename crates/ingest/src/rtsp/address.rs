//! By which addresses a camera's tracks are asked for (RFC 2326 §C.1.1).
//!
//! ```text
//! Content-Base, else Content-Location, else what was asked for  ─▶ base
//! base + "/" + control, or control where it is an address itself ─▶ a track
//! ```
//!
//! All of it goes over the connection that is there: that a camera behind NAT names
//! its own host leads nowhere else.

use url::Url;

use super::message::Response;

/// The addresses of a description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Addresses {
    base: Url,
    /// Of all tracks together: what is played and ended.
    pub(crate) all: Url,
}

impl Addresses {
    /// Reads what an answer to DESCRIBE says of them; `control` is the description's own.
    pub(crate) fn new(asked: &Url, described: &Response, control: Option<&str>) -> Self {
        let said = described.header("Content-Base").or(described.header("Content-Location"));
        let base = said.and_then(|said| mended(said, asked)).unwrap_or_else(|| asked.clone());
        let all = control.and_then(|control| join(&base, control));
        // Where nothing is said of the whole, it is what was asked for.
        Self { all: all.unwrap_or_else(|| asked.clone()), base }
    }

    /// Returns the address of a track; one that says nothing is all there is.
    pub(crate) fn track(&self, control: Option<&str>) -> Url {
        control.and_then(|control| join(&self.base, control)).unwrap_or_else(|| self.all.clone())
    }
}

/// Reads a base; cameras write their scheme twice, or leave it away.
fn mended(said: &str, asked: &Url) -> Option<Url> {
    if said.trim().is_empty() {
        return None;
    }
    let behind = said.rsplit_once("://").map_or(said, |(_, behind)| behind);
    let url = Url::parse(&format!("{}://{behind}", asked.scheme())).ok()?;
    without_credentials(url)
}

/// Returns where a control leads to.
fn join(base: &Url, control: &str) -> Option<Url> {
    if control == "*" {
        return Some(base.clone());
    }
    if let Ok(absolute) = Url::parse(control)
        && matches!(absolute.scheme(), "rtsp" | "rtsps")
    {
        return without_credentials(absolute);
    }
    let slash = if base.as_str().ends_with('/') || control.starts_with('/') { "" } else { "/" };
    Url::parse(&format!("{base}{slash}{control}")).ok()
}

/// What cameras put before their host is nobody's to say again.
fn without_credentials(mut url: Url) -> Option<Url> {
    let done = url.host_str().is_none_or(str::is_empty)
        || (url.set_username("").is_ok() && url.set_password(None).is_ok());
    done.then_some(url)
}

#[cfg(test)]
mod tests {
    use super::super::message::{self, Message};
    use super::*;

    fn described(headers: &str) -> Response {
        let text = format!("RTSP/1.0 200 OK\r\n{headers}\r\n");
        match message::take(text.as_bytes()) {
            Ok(Some((Message::Response(response), _))) => response,
            other => panic!("{other:?}"),
        }
    }

    fn tracks(headers: &str, all: Option<&str>, control: Option<&str>) -> [String; 2] {
        let asked = Url::parse("rtsp://10.0.0.7/live").unwrap();
        let addresses = Addresses::new(&asked, &described(headers), all);
        [addresses.all.to_string(), addresses.track(control).to_string()]
    }

    #[test]
    fn tracks_lie_below_the_base_or_where_they_say() {
        let base = "Content-Base: rtsp://10.0.0.7/live/\r\n";
        let below = ["rtsp://10.0.0.7/live/", "rtsp://10.0.0.7/live/track1"];
        assert_eq!(tracks(base, Some("*"), Some("track1")), below);
        assert_eq!(tracks("", None, Some("track1")), ["rtsp://10.0.0.7/live", below[1]]);
        assert_eq!(tracks("", None, None), ["rtsp://10.0.0.7/live"; 2]);
        let elsewhere = "rtsp://10.255.34.131/media.amp/stream=0?x=1";
        assert_eq!(tracks(base, None, Some(elsewhere))[1], elsewhere);
    }

    #[test]
    fn a_base_that_is_badly_written_is_mended() {
        for base in ["192.168.1.64:554/live/", "rtsp://rtsp://192.168.1.64:554/live/"] {
            let track = tracks(&format!("Content-Base: {base}\r\n"), None, Some("track1"));
            assert_eq!(track[1], "rtsp://192.168.1.64:554/live/track1", "{base}");
        }
        assert_eq!(tracks("Content-Base:\r\n", Some("*"), None)[1], "rtsp://10.0.0.7/live");
    }

    #[test]
    fn no_password_is_said_again() {
        let base = "Content-Base: rtsp://admin:secret7@10.0.0.7/live/\r\n";
        let track = tracks(base, None, Some("rtsp://admin:secret7@10.0.0.7/live/track1"));
        assert!(!format!("{track:?}").contains("secret7"), "{track:?}");
    }
}
