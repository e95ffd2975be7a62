//! What a camera offers: its session description (RFC 8866, RFC 2326 annex C).
//!
//! ```text
//! v=0
//! a=control:rtsp://…             of all of it
//! m=video 0 RTP/AVP 96           a track: its kind, its payload types
//! a=rtpmap:96 H264/90000         what a payload type is
//! a=fmtp:96 sprop-…=…;…          and its parameters
//! a=control:track1               how the track is asked for
//! ```
//!
//! Only what a session needs is read; lines of other meaning, or of none, are passed
//! over. Which track is fetched is `setup`'s.

/// A description, as far as it is of use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Description {
    /// How all of it is asked for.
    pub(crate) control: Option<String>,
    pub(crate) tracks: Vec<Offer>,
}

/// A track that is offered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offer {
    /// `video`, `audio`, `application`.
    pub(crate) kind: String,
    /// How it is asked for; nothing where it is as all of it is.
    pub(crate) control: Option<String>,
    /// The name of its coding, in capitals: `H264`; empty where none is known.
    pub(crate) coding: String,
    pub(crate) rate_hz: u32,
    pub(crate) channels: u16,
    /// Whether it goes to the camera: its loudspeaker, as ONVIF has it (Streaming
    /// Specification §5.3). Some say so of what they send.
    pub(crate) is_sendonly: bool,
    payload_type: u8,
    format: Vec<(String, String)>,
}

/// The bytes are no description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the description does not begin with v=0")]
pub(crate) struct NotADescription;

/// Payload types that need no `rtpmap` (RFC 3551 §6), as far as cameras have them.
const WELL_KNOWN: [(u8, &str, u32); 6] = [
    (0, "PCMU", 8_000),
    (8, "PCMA", 8_000),
    (14, "MPA", 90_000),
    (26, "JPEG", 90_000),
    (32, "MPV", 90_000),
    (33, "MP2T", 90_000),
];

impl Description {
    /// Reads a description.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, NotADescription> {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        if !lines.next().is_some_and(|line| line.starts_with("v=")) {
            return Err(NotADescription);
        }
        let mut read = Self::default();
        for line in lines {
            match line.split_once('=') {
                Some(("m", media)) => read.tracks.push(Offer::new(media)),
                Some(("a", attribute)) => {
                    let (name, value) = attribute.split_once(':').unwrap_or((attribute, ""));
                    match (name, read.tracks.last_mut()) {
                        (_, Some(track)) => track.note(name, value.trim()),
                        ("control", None) => read.control = control(value),
                        (_, None) => {}
                    }
                }
                _ => {}
            }
        }
        Ok(read)
    }
}

impl Offer {
    /// Reads what stands behind `m=`: kind, port, protocol, payload types.
    fn new(media: &str) -> Self {
        let mut words = media.split_ascii_whitespace();
        let kind = words.next().unwrap_or_default().to_ascii_lowercase();
        let payload_type = words.nth(2).and_then(|word| word.parse().ok()).unwrap_or(u8::MAX);
        let known = WELL_KNOWN.iter().find(|(number, ..)| *number == payload_type);
        let (coding, rate_hz) = known.map_or(("", 90_000), |(_, coding, rate)| (coding, *rate));
        let (coding, channels) = (coding.to_owned(), 1);
        Self { kind, payload_type, coding, rate_hz, channels, ..Self::default() }
    }

    fn note(&mut self, name: &str, value: &str) {
        let (number, rest) = value.split_once(char::is_whitespace).unwrap_or((value, ""));
        let is_ours = number.parse() == Ok(self.payload_type);
        match name {
            "control" => self.control = control(value),
            "sendonly" => self.is_sendonly = true,
            "rtpmap" if is_ours => {
                let mut parts = rest.trim().split('/');
                self.coding = parts.next().unwrap_or_default().to_ascii_uppercase();
                let rate = parts.next().and_then(|rate| rate.trim().parse().ok());
                self.rate_hz = rate.filter(|&rate| rate > 0).unwrap_or(self.rate_hz);
                self.channels = parts.next().and_then(|text| text.trim().parse().ok()).unwrap_or(1);
            }
            "fmtp" if is_ours => {
                let pairs = rest.split(';').filter_map(|pair| {
                    let (name, value) = pair.split_once('=')?;
                    Some((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
                });
                self.format.extend(pairs);
            }
            _ => {}
        }
    }

    /// Returns a parameter of the coding; `name` in small letters.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.format.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn control(value: &str) -> Option<String> {
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracks_are_told_with_what_they_are() {
        let text = "v=0\r\no=- 1 1 IN IP4 10.0.0.7\r\na=control:*\r\n\
            m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\n\
            m=video 0 RTP/AVP 96\r\na=framerate:25\r\na=rtpmap:96 h264/90000\r\n\
            a=fmtp:96 packetization-mode=1; sprop-parameter-sets=Zw==,aA== ;\r\na=control:track1\r\n\
            m=audio 0 RTP/AVP 8\r\na=sendonly\r\na=fmtp:97 config=1408\r\n";
        let read = Description::read(text.as_bytes()).unwrap();
        assert_eq!(read.control.as_deref(), Some("*"));
        let [_, video, audio] = &read.tracks[..] else { panic!("{read:?}") };
        assert_eq!(
            (video.kind.as_str(), video.coding.as_str(), video.rate_hz),
            ("video", "H264", 90_000)
        );
        assert_eq!(video.control.as_deref(), Some("track1"));
        assert_eq!(video.parameter("sprop-parameter-sets"), Some("Zw==,aA=="));
        assert_eq!(
            (audio.coding.as_str(), audio.rate_hz, audio.is_sendonly),
            ("PCMA", 8_000, true)
        );
        assert_eq!((audio.parameter("config"), &audio.control), (None, &None));
    }

    #[test]
    fn what_is_left_away_or_nonsense_is_what_it_usually_is() {
        let text = "v=0\nm=video\nm=video 0 RTP/AVP 96\na=rtpmap:96 H265/0\na=rtpmap\na=control:\n";
        let read = Description::read(text.as_bytes()).unwrap();
        assert_eq!((read.tracks[0].coding.as_str(), read.tracks[0].rate_hz), ("", 90_000));
        assert_eq!((read.tracks[1].coding.as_str(), read.tracks[1].rate_hz), ("H265", 90_000));
        assert_eq!(read.tracks[1].control, None);
        assert_eq!(Description::read(b"no description"), Err(NotADescription));
        assert_eq!(Description::read(b""), Err(NotADescription));
    }
}
