//! What a node's file says of WHEP: the port, and what the world sees of it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::Deserialize;

/// Where WHEP's media go out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WhepConfig {
    /// Whether WHEP is served at all.
    pub enabled: bool,
    /// Address and UDP port of the media of all viewers.
    pub listen: SocketAddr,
    /// What viewers beyond a NAT reach this machine by, the port being
    /// forwarded; with a port where the NAT shows another.
    pub public_address: Option<PublicAddress>,
    /// Whether loopback is told beside other addresses; not for the file to say.
    #[serde(skip)]
    pub loopback: bool,
}

/// An address, and the port if it is another than the one listened on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PublicAddress {
    /// The address.
    pub ip: IpAddr,
    /// The port.
    pub port: Option<u16>,
}

impl Default for WhepConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            listen: (Ipv4Addr::UNSPECIFIED, 8444).into(),
            public_address: None,
            loopback: false,
        }
    }
}

impl TryFrom<String> for PublicAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if let Ok(ip) = text.parse() {
            return Ok(Self { ip, port: None });
        }
        match text.parse::<SocketAddr>() {
            Ok(address) => Ok(Self { ip: address.ip(), port: Some(address.port()) }),
            Err(_) => Err(format!(
                "public_address {text:?} is no IP address; give one, as \"203.0.113.7\" or \
                 \"203.0.113.7:8444\""
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_address_may_bring_its_port() {
        let read = |text: &str| PublicAddress::try_from(text.to_owned());
        let ip = IpAddr::from([203, 0, 113, 7]);
        assert_eq!(read("203.0.113.7"), Ok(PublicAddress { ip, port: None }));
        assert_eq!(read("203.0.113.7:99"), Ok(PublicAddress { ip, port: Some(99) }));
        let ip = IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]);
        assert_eq!(read("[2001:db8::1]:99"), Ok(PublicAddress { ip, port: Some(99) }));
        assert_eq!(read("2001:db8::1"), Ok(PublicAddress { ip, port: None }));
        let refusal = read("vms.example.vn").unwrap_err();
        assert!(refusal.contains("vms.example.vn") && refusal.contains("203.0.113.7"));
    }
}
