//! Looking through addresses for devices: those that tell of themselves are asked, and at
//! the doors of the others is knocked.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures::stream::{self, StreamExt};
use tokio::time::sleep;
use url::Url;

use crate::discovery::Found;
use crate::http::Limits;
use crate::knock::knock;
use crate::search::search_at;

/// Where devices listen for whoever looks for them (WS-Discovery §2.4).
const DISCOVERY: u16 = 3702;

/// The most addresses of one sweep: a network of 22 bits.
pub const MOST: usize = 1024;

/// At how many hosts is knocked at once: enough to be done soon, and no flood for a
/// router at the end of somebody's line.
const AT_ONCE: usize = 32;

/// What a host in reach needs to say that it is one.
const LIMITS: Limits = Limits { connect: Duration::from_secs(2), answer: Duration::from_secs(5) };

/// Why a text is no range of addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoRange(String);

impl fmt::Display for NoRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoRange {}

/// Reads where devices may be: `10.0.0.7`, with the port of its discovery behind a colon,
/// or a network such as `10.0.0.0/24`, whose first and last addresses are no hosts.
///
/// # Errors
///
/// If it is none of these, or has more than [`MOST`] addresses.
pub fn range(text: &str) -> Result<Vec<SocketAddr>, NoRange> {
    let text = text.trim();
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, DISCOVERY)]);
    }
    if let Ok(address) = text.parse() {
        return Ok(vec![address]);
    }
    let none = || NoRange(format!("{text:?} is no address; write 10.0.0.7, or 10.0.0.0/24"));
    let (network, bits) = text.split_once('/').ok_or_else(none)?;
    let network: Ipv4Addr = network.parse().map_err(|_| none())?;
    let bits: u32 = bits.parse().ok().filter(|bits| *bits <= 32).ok_or_else(none)?;
    let size = 1_u64 << (32 - bits);
    if size > MOST as u64 {
        let words =
            format!("{text} has {size} addresses; look through {MOST} at most at once (/22)");
        return Err(NoRange(words));
    }
    let first = u64::from(network.to_bits()) & !(size - 1);
    // What is called and what is shouted to stand at the ends of all but the smallest.
    let hosts = if size > 2 { first + 1..first + size - 1 } else { first..first + size };
    let address = |host| SocketAddr::from((Ipv4Addr::from_bits(host), DISCOVERY));
    Ok(hosts.filter_map(|host| u32::try_from(host).ok()).map(address).collect())
}

/// Looks through addresses; who does not answer within `patience` is knocked at, for as long
/// as `knocking_for` in all: what was found by then is told.
///
/// # Errors
///
/// If nothing can be sent at all.
pub async fn sweep(
    addresses: &[SocketAddr],
    patience: Duration,
    knocking_for: Duration,
) -> io::Result<Vec<Found>> {
    let mut all = search_at(addresses, patience).await?;
    let answered: BTreeSet<_> = all.iter().map(|found| found.from).collect();
    let silent: BTreeSet<_> = addresses.iter().map(SocketAddr::ip).collect();
    let knocking = stream::iter(silent.difference(&answered).copied().collect::<Vec<_>>())
        .map(|ip| async move { Some((ip, knock(&at(ip)?, LIMITS).await.ok()?)) })
        .buffer_unordered(AT_ONCE);
    let knocking = knocking.take_until(Box::pin(sleep(knocking_for)));
    let mut knocked: Vec<_> = knocking.filter_map(std::future::ready).collect().await;
    knocked.sort();
    all.extend(knocked.into_iter().map(|(from, door)| Found {
        // It has told no name that lasts; its address is as good as any.
        endpoint: door.to_string(),
        urls: vec![door],
        name: None,
        hardware: None,
        location: None,
        profiles: Vec::new(),
        from,
    }));
    Ok(all)
}

fn at(ip: IpAddr) -> Option<Url> {
    let mut url = Url::parse("http://host/").ok()?;
    url.set_ip_host(ip).ok()?;
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        range(text).unwrap().into_iter().map(|address| address.to_string()).collect()
    }

    #[test]
    fn a_range_is_an_address_or_a_network_without_its_ends() {
        assert_eq!(read(" 10.0.0.7 "), ["10.0.0.7:3702"]);
        assert_eq!(read("10.0.0.7:4000"), ["10.0.0.7:4000"]);
        assert_eq!(read("2001:db8::7"), ["[2001:db8::7]:3702"]);
        assert_eq!(read("10.0.0.9/30"), ["10.0.0.9:3702", "10.0.0.10:3702"]);
        assert_eq!(read("10.0.0.9/32"), ["10.0.0.9:3702"]);
        assert_eq!(read("255.255.255.254/31").len(), 2);
        assert_eq!(read("10.0.0.0/22").len(), 1022);
    }

    #[test]
    fn what_is_no_range_is_told_with_the_cure() {
        for text in ["", "camera", "10.0.0.0/33", "10.0.0/24", "10.0.0.0/x", "::/64"] {
            let words = range(text).unwrap_err().to_string();
            assert!(words.ends_with("is no address; write 10.0.0.7, or 10.0.0.0/24"), "{words}");
        }
        let words = range("10.0.0.0/8").unwrap_err().to_string();
        assert!(words.contains("16777216") && words.contains("/22"), "{words}");
        assert!(range("0.0.0.0/0").is_err());
    }
}
