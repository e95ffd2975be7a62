//! An offer looked at before it is answered (RFC 8866, RFC 9429): what is none,
//! or asks for what is not had here, is refused in words.
//!
//! ```text
//! offer ─┬─ too long, no SDP, no pictures wanted, a data channel ──▶ Refused
//!        └─ without its candidates, lines ended as SDP ends them ──▶ str0m
//! ```
//!
//! A viewer's own candidates are of no use: whoever is ICE-lite calls nobody, it
//! answers. So an offer cannot make us hold or call addresses of its choosing.

use super::Refused;

/// The most bytes of an offer. A browser's is some 6 kB.
pub const LARGEST_OFFER: usize = 64 * 1024;

/// The most media of an offer: pictures, sound, and what a player adds idly.
const MOST_MEDIA: usize = 8;

/// The longest line. A fingerprint is some 110 bytes, parameters of H.265 with
/// their sets some hundreds.
const LONGEST_LINE: usize = 4096;

/// An offer that can be answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Checked {
    /// As it is to be answered.
    pub(crate) sdp: String,
    /// The names of its media, in order.
    pub(crate) mids: Vec<String>,
}

/// Looks an offer over.
pub(crate) fn checked(offer: &str) -> Result<Checked, Refused> {
    if offer.len() > LARGEST_OFFER {
        return Err(Refused::Offer("the offer is longer than 64 KiB".to_owned()));
    }
    let refused = |words: &str| Err(Refused::Offer(words.to_owned()));
    let mut lines = offer.lines().map(|line| line.trim_end_matches('\r')).peekable();
    if lines.peek() != Some(&"v=0") {
        return refused("the offer is no SDP: it does not begin with v=0");
    }
    let mut cleaned = String::with_capacity(offer.len() + 128);
    // What a session says of direction holds for media that say nothing.
    let (mut media, mut session_receives, mut pictures): (usize, bool, Vec<bool>) =
        (0, true, Vec::new());
    let (mut within_pictures, mut mids) = (false, Vec::new());
    for line in lines.filter(|line| !line.is_empty()) {
        if line.len() > LONGEST_LINE {
            return refused("a line of the offer is longer than 4,096 bytes");
        }
        if let Some(what) = line.strip_prefix("m=") {
            media += 1;
            within_pictures = what.starts_with("video ");
            if what.starts_with("application ") {
                return refused("the offer asks for a data channel, which is not had here");
            }
            if within_pictures {
                // A port of zero is a medium that was given up.
                let is_off = what.split(' ').nth(1) == Some("0");
                pictures.push(session_receives && !is_off);
            }
        }
        let receives = match line {
            "a=sendrecv" | "a=recvonly" => Some(true),
            "a=sendonly" | "a=inactive" => Some(false),
            _ => None,
        };
        match (receives, pictures.last_mut()) {
            (Some(receives), _) if media == 0 => session_receives = receives,
            (Some(receives), Some(last)) if within_pictures => *last = receives,
            _ => {}
        }
        if let Some(mid) = line.strip_prefix("a=mid:") {
            mids.push(mid.to_owned());
        }
        if line.starts_with("a=candidate:") || line == "a=end-of-candidates" {
            continue;
        }
        cleaned.push_str(line);
        cleaned.push_str("\r\n");
    }
    if media > MOST_MEDIA {
        return refused("the offer has more than eight media");
    }
    if !pictures.contains(&true) {
        return refused("the offer does not ask for pictures; add a recvonly video medium");
    }
    Ok(Checked { sdp: cleaned, mids })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=sendonly\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n\
        a=recvonly\r\na=end-of-candidates\r\n";

    fn words(offer: &str) -> String {
        checked(offer).unwrap_err().to_string()
    }

    #[test]
    fn an_offer_goes_on_without_its_candidates_and_nothing_else_is_lost() {
        let cleaned = checked(OFFER).unwrap();
        let kept: Vec<&str> = OFFER.lines().filter(|line| !line.contains("candidate")).collect();
        assert_eq!(cleaned.sdp.lines().collect::<Vec<_>>(), kept);
        assert_eq!(cleaned.mids, ["0", "1"]);
        assert_eq!(checked(&OFFER.replace("\r\n", "\n")).unwrap(), cleaned);
    }

    #[test]
    fn what_cannot_be_answered_is_refused_in_words() {
        assert!(words("").contains("no SDP"));
        assert!(words("{\"sdp\":1}").contains("no SDP"));
        assert!(words(&OFFER.replace("recvonly", "sendonly")).contains("recvonly video"));
        assert!(
            words(&OFFER.replace("m=video 9", "m=video 0").replace("a=recvonly\r\n", ""))
                .contains("recvonly video")
        );
        assert!(words(&OFFER.replace("m=video", "m=text")).contains("recvonly video"));
        let data = format!("{OFFER}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n");
        assert!(words(&data).contains("data channel"));
        assert!(words(&(OFFER.to_owned() + &"m=audio 9 x 1\r\n".repeat(7))).contains("eight"));
        assert!(words(&(OFFER.to_owned() + &"a=x\r\n".repeat(20_000))).contains("64 KiB"));
        assert!(words(&format!("{OFFER}a={}\r\n", "x".repeat(5000))).contains("4,096"));
    }

    #[test]
    fn a_direction_said_for_all_holds_where_none_is_said() {
        let silent = OFFER.replace("a=recvonly\r\n", "");
        assert!(checked(&silent).is_ok());
        let none = silent.replace("t=0 0\r\n", "t=0 0\r\na=inactive\r\n");
        assert!(words(&none).contains("recvonly video"));
        assert!(checked(&none.replace("a=end-of", "a=recvonly\r\na=end-of")).is_ok());
    }
}
