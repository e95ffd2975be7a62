//! How a client wants its packets: the `Transport` header (RFC 2326 §12.39).
//!
//! ```text
//! RTP/AVP/TCP;unicast;interleaved=4-5 , RTP/AVP;unicast;client_port=5000-5001
//! └── an offer ──────────────────────┘ └── another, if that is not spoken ──┘
//! ```

/// What a client offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// Within the connection, RTP on this channel if it names one.
    Interleaved(Option<u8>),
    /// Over UDP, to these ports of its host.
    Udp {
        /// Where RTP goes.
        rtp: u16,
        /// Where RTCP goes.
        rtcp: u16,
    },
}

/// Yields what the header offers that could be understood, in its order.
pub(crate) fn offers(header: &str) -> impl Iterator<Item = Offer> {
    header.split(',').filter_map(offer)
}

fn offer(text: &str) -> Option<Offer> {
    let mut fields = text.split(';').map(str::trim);
    let kind = fields.next()?;
    let value = |name: &str| {
        let mut found = text.split(';').map(str::trim).filter_map(|field| field.split_once('='));
        found.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    if kind.eq_ignore_ascii_case("RTP/AVP/TCP") {
        let channel = match value("interleaved") {
            None => None,
            // RTCP needs the one above it.
            Some(channels) => Some(
                channels.split('-').next()?.parse().ok().filter(|&channel| channel < u8::MAX)?,
            ),
        };
        return Some(Offer::Interleaved(channel));
    }
    let over_udp = ["RTP/AVP", "RTP/AVP/UDP"].iter().any(|name| kind.eq_ignore_ascii_case(name));
    if !over_udp || fields.any(|field| field.eq_ignore_ascii_case("multicast")) {
        return None;
    }
    let mut ports = value("client_port")?.split('-').map(|port| port.parse::<u16>().ok());
    let rtp = ports.next()?.filter(|&port| port > 0)?;
    let rtcp = match ports.next() {
        None => rtp.checked_add(1)?,
        Some(port) => port.filter(|&port| port > 0)?,
    };
    Some(Offer::Udp { rtp, rtcp })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str) -> Vec<Offer> {
        offers(header).collect()
    }

    #[test]
    fn offers_are_read_in_their_order() {
        let udp = Offer::Udp { rtp: 5000, rtcp: 5001 };
        let header = "RTP/AVP;unicast;client_port=5000-5001, rtp/avp/tcp;unicast;interleaved=4-5";
        assert_eq!(read(header), [udp, Offer::Interleaved(Some(4))]);
        assert_eq!(read("RTP/AVP/UDP;client_port=5000"), [udp]);
        assert_eq!(read("RTP/AVP/TCP"), [Offer::Interleaved(None)]);
    }

    #[test]
    fn what_is_not_spoken_is_no_offer() {
        for header in [
            "",
            "RTP/AVP;multicast;client_port=5000-5001",
            "RTP/AVP;unicast",
            "RTP/AVP;unicast;client_port=0-1",
            "RTP/AVP;unicast;client_port=65535",
            "RTP/AVP;unicast;client_port=5000-70000",
            "RTP/AVP/TCP;interleaved=255-256",
            "RTP/AVP/TCP;interleaved=x",
            "RTP/SAVP;unicast;client_port=5000-5001",
            "MP2T/H2221/UDP;unicast;client_port=5000-5001",
        ] {
            assert_eq!(read(header), [], "{header}");
        }
    }
}
