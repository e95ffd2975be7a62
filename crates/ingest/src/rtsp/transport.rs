//! By which way a camera sends a track, as it answers SETUP (RFC 2326 §12.39).

use std::net::IpAddr;

/// What the header says, as far as it is of use. What it says of the source's SSRC is
/// passed over: cameras cut it short, or have another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Transport {
    /// The channel of packets, over TCP; reports come on the one behind it.
    pub(crate) channel: Option<u8>,
    /// The camera's port for packets, by UDP, and the one for reports.
    pub(crate) ports: Option<(u16, u16)>,
    /// From which host it sends, where that is another.
    pub(crate) source: Option<IpAddr>,
}

impl Transport {
    /// Reads the header; what is not understood of it is as if it were not there.
    pub(crate) fn read(header: &str) -> Self {
        let mut read = Self::default();
        for part in header.split(';') {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (first, second) = value.split_once('-').unwrap_or((value, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "source" => read.source = value.trim().parse().ok(),
                "interleaved" => read.channel = first.trim().parse().ok(),
                "server_port" => {
                    let first = first.trim().parse().ok().filter(|&port| port != 0);
                    let beside = first.and_then(|port: u16| port.checked_add(1));
                    let second = second.trim().parse().ok().filter(|&port| port != 0).or(beside);
                    read.ports = first.zip(second);
                }
                _ => {}
            }
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_and_ports_are_read_wherever_they_stand() {
        let read = |header| {
            let Transport { channel, ports, .. } = Transport::read(header);
            (channel, ports)
        };
        assert_eq!(read("RTP/AVP/TCP;unicast;interleaved=0-1"), (Some(0), None));
        assert_eq!(read("RTP/AVP/TCP;ssrc=a0c6; interleaved = 4 - 5 "), (Some(4), None));
        assert_eq!(
            read("RTP/AVP;unicast;client_port=5-6;server_port=7000-7009"),
            (None, Some((7000, 7009)))
        );
        assert_eq!(read("RTP/AVP;server_port=7000"), (None, Some((7000, 7001))));
        let named = Transport::read("RTP/AVP;source=10.0.0.7;server_port=7000").source;
        assert_eq!(named, Some(IpAddr::from([10, 0, 0, 7])));
        for nothing in
            ["", "interleaved", "interleaved=x", "server_port=0-1", "interleaved=300-301"]
        {
            assert_eq!(read(nothing), (None, None), "{nothing}");
        }
    }
}
