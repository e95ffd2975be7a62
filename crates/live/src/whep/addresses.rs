//! Under which addresses a viewer may reach the port.
//!
//! ```text
//! listen  10.0.0.5:8444   ▶ 10.0.0.5:8444
//!         127.0.0.1:8444  ▶ 127.0.0.1:8444
//!         0.0.0.0:8444    ▶ each address of this machine; of loopback only if
//!                           there is no other, or it is asked for
//! public_address          ▶ stands beside them: what a NAT shows of us
//! ```

use std::net::{IpAddr, SocketAddr};

use super::config::WhepConfig;

/// The most addresses that are told: each is tried by each viewer.
const MOST: usize = 12;

/// Returns the addresses to tell, the machine having `own` and the socket being
/// bound to `bound`.
pub(crate) fn reachable(config: &WhepConfig, bound: SocketAddr, own: &[IpAddr]) -> Vec<SocketAddr> {
    let port = bound.port();
    let fits = |ip: &IpAddr| {
        let takes_both = bound.is_ipv6();
        (takes_both || ip.is_ipv4()) && !is_link_local(ip)
    };
    let mut ips: Vec<IpAddr> = match bound.ip().to_canonical() {
        ip if !ip.is_unspecified() => vec![ip],
        _ => {
            let (loopback, mut others): (Vec<_>, Vec<_>) =
                own.iter().copied().filter(fits).partition(IpAddr::is_loopback);
            if others.is_empty() || config.loopback {
                others.extend(loopback);
            }
            others
        }
    };
    // IPv4 first: of many addresses, those are what a player's network has.
    ips.sort_by_key(|ip| (ip.is_loopback(), ip.is_ipv6()));
    ips.dedup();
    let mut addresses: Vec<SocketAddr> =
        ips.into_iter().map(|ip| SocketAddr::new(ip, port)).collect();
    if let Some(public) = config.public_address {
        let public = SocketAddr::new(public.ip, public.port.unwrap_or(port));
        addresses.retain(|address| *address != public);
        // Behind those of this machine: from within they are the shorter way.
        addresses.truncate(MOST - 1);
        addresses.push(public);
    }
    addresses.truncate(MOST);
    addresses
}

/// Returns this machine's own addresses.
pub(crate) fn own() -> Vec<IpAddr> {
    match if_addrs::get_if_addrs() {
        Ok(interfaces) => interfaces
            .iter()
            .filter(|interface| interface.is_oper_up() || interface.is_loopback())
            .map(if_addrs::Interface::ip)
            .collect(),
        Err(error) => {
            tracing::warn!(%error, "this machine's addresses cannot be listed; give public_address");
            Vec::new()
        }
    }
}

/// Whether an address means nothing without the name of its network.
fn is_link_local(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::whep::config::PublicAddress;

    fn told(config: &WhepConfig, bound: &str, own: &[&str]) -> Vec<String> {
        let own: Vec<IpAddr> = own.iter().map(|ip| ip.parse().unwrap()).collect();
        let told = reachable(config, bound.parse().unwrap(), &own);
        told.iter().map(ToString::to_string).collect()
    }

    const OWN: [&str; 6] =
        ["127.0.0.1", "::1", "fe80::1", "2001:db8::5", "192.168.1.5", "169.254.7.7"];

    #[test]
    fn one_address_is_told_as_it_is() {
        let config = WhepConfig::default();
        assert_eq!(told(&config, "10.0.0.5:8444", &OWN), ["10.0.0.5:8444"]);
        assert_eq!(told(&config, "127.0.0.1:9", &OWN), ["127.0.0.1:9"]);
        assert_eq!(told(&config, "[::ffff:10.0.0.5]:9", &OWN), ["10.0.0.5:9"]);
    }

    #[test]
    fn all_addresses_are_those_that_a_viewer_can_reach() {
        let config = WhepConfig::default();
        assert_eq!(told(&config, "0.0.0.0:1", &OWN), ["192.168.1.5:1"]);
        assert_eq!(told(&config, "[::]:1", &OWN), ["192.168.1.5:1", "[2001:db8::5]:1"]);
        assert_eq!(told(&config, "0.0.0.0:1", &["127.0.0.1"]), ["127.0.0.1:1"]);
        let demo = WhepConfig { loopback: true, ..config };
        assert_eq!(told(&demo, "0.0.0.0:1", &OWN), ["192.168.1.5:1", "127.0.0.1:1"]);
    }

    #[test]
    fn what_a_nat_shows_stands_beside_them() {
        let public = |text: &str| Some(PublicAddress::try_from(text.to_owned()).unwrap());
        let config = WhepConfig { public_address: public("203.0.113.7"), ..Default::default() };
        assert_eq!(told(&config, "0.0.0.0:8444", &OWN), ["192.168.1.5:8444", "203.0.113.7:8444"]);
        let config = WhepConfig { public_address: public("203.0.113.7:99"), ..Default::default() };
        assert_eq!(told(&config, "10.0.0.5:8444", &OWN), ["10.0.0.5:8444", "203.0.113.7:99"]);
        let many: Vec<String> = (1..40).map(|last| format!("10.0.0.{last}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let all = told(&config, "0.0.0.0:8444", &many);
        assert_eq!((all.len(), all.last().unwrap().as_str()), (MOST, "203.0.113.7:99"));
    }
}
