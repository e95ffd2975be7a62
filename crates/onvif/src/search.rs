//! Asks networks and addresses who is there: the sockets of `discovery`.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use crate::discovery::{Found, LARGEST, Said, Types, probe, read};

/// Where all devices of a network listen.
const EVERYBODY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(239, 255, 255, 250)), 3702);

/// How often each question is asked: UDP loses some.
const TIMES: u32 = 2;

/// How soon the next address is asked after one.
const PACE: Duration = Duration::from_millis(2);

/// The most devices that one search tells of: who answers more is making them up.
const MOST: usize = 2_000;

/// The most addresses of one of them.
const MOST_URLS: usize = 64;

/// Those who have answered, by what they call themselves and where they answered from.
type Devices = BTreeMap<(String, IpAddr), Found>;

/// Asks all devices of the networks that these addresses of ours belong to, and listens
/// for as long as `patience`.
///
/// # Errors
///
/// If none of the addresses can be sent from.
pub async fn search(interfaces: &[Ipv4Addr], patience: Duration) -> io::Result<Vec<Found>> {
    let mut asking = Vec::new();
    let mut failed = None;
    for interface in interfaces {
        match UdpSocket::bind((*interface, 0)).await {
            Ok(socket) => asking.push(listen(socket, vec![EVERYBODY], patience)),
            Err(error) => failed = Some(error),
        }
    }
    if let (true, Some(error)) = (asking.is_empty(), failed) {
        return Err(error);
    }
    let mut all = Devices::new();
    let heard = futures::future::join_all(asking).await;
    heard.into_iter().flat_map(Devices::into_values).for_each(|one| note(&mut all, one));
    Ok(all.into_values().collect())
}

/// Asks single addresses, beyond routers too, and listens for as long as `patience`.
///
/// # Errors
///
/// If nothing can be sent.
pub async fn search_at(addresses: &[SocketAddr], patience: Duration) -> io::Result<Vec<Found>> {
    let any = (Ipv4Addr::UNSPECIFIED, 0);
    let socket = UdpSocket::bind(any).await?;
    Ok(listen(socket, addresses.to_vec(), patience).await.into_values().collect())
}

/// Asks and listens over one socket.
///
/// Addresses are asked one after another, at a pace, and answers are taken meanwhile: those
/// of a few hundred devices at once are more than a socket holds.
async fn listen(socket: UdpSocket, to: Vec<SocketAddr>, patience: Duration) -> Devices {
    let begin = Instant::now();
    let end = begin + patience;
    let questions = u32::try_from(to.len()).unwrap_or(u32::MAX).saturating_mul(TIMES);
    // Half of the time is for who answers late.
    let pace = (patience / 2 / questions.max(1)).min(PACE);
    let mut heard = Heard { asked: BTreeSet::new(), all: Devices::new() };
    let mut buffer = vec![0; LARGEST];
    for time in 0..TIMES {
        // Asked again half-way, so that there is time to answer the second time as well.
        heard.until(begin + patience * time / TIMES, &socket, &mut buffer).await;
        let mut next = Instant::now();
        for address in &to {
            for types in Types::ALL {
                let (text, id) = probe(types);
                // An address that cannot be sent to is one that does not answer.
                if socket.send_to(text.as_bytes(), address).await.is_ok() {
                    heard.asked.insert(id);
                }
            }
            next += pace;
            heard.until(next, &socket, &mut buffer).await;
        }
    }
    heard.until(end, &socket, &mut buffer).await;
    heard.all
}

/// Who was asked, and who has answered.
struct Heard {
    asked: BTreeSet<String>,
    all: Devices,
}

impl Heard {
    /// Takes answers until a moment.
    async fn until(&mut self, end: Instant, socket: &UdpSocket, buffer: &mut [u8]) {
        while let Ok(received) = timeout_at(end, socket.recv_from(buffer)).await {
            // An error is a message from a host that does not listen; others may still answer.
            let Ok((length, from)) = received else { continue };
            if let Some(Said::Matches { relates_to, found }) = read(&buffer[..length], from.ip())
                && relates_to.is_some_and(|id| self.asked.contains(&id))
            {
                found.into_iter().for_each(|one| note(&mut self.all, one));
            }
        }
    }
}

/// Makes one of all that one device said, and takes no more devices than there may be.
fn note(all: &mut Devices, found: Found) {
    let name = (found.endpoint.clone(), found.from);
    let is_full = all.len() >= MOST;
    match all.entry(name) {
        Entry::Vacant(_) if is_full => {}
        Entry::Vacant(free) => {
            free.insert(found);
        }
        Entry::Occupied(mut known) => {
            let urls = &mut known.get_mut().urls;
            for url in found.urls {
                if !urls.contains(&url) && urls.len() < MOST_URLS {
                    urls.push(url);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn found(endpoint: &str, url: &str) -> Found {
        Found {
            endpoint: endpoint.to_owned(),
            urls: vec![Url::parse(url).unwrap()],
            name: None,
            hardware: None,
            location: None,
            profiles: Vec::new(),
            from: Ipv4Addr::LOCALHOST.into(),
        }
    }

    #[test]
    fn a_device_that_answers_twice_is_one_and_there_are_not_too_many() {
        let mut all = Devices::new();
        for url in ["http://127.0.0.1/a", "http://127.0.0.1/b", "http://127.0.0.1/a"] {
            note(&mut all, found("urn:1", url));
        }
        let one: Vec<_> = all.values().collect();
        assert_eq!((one.len(), one[0].urls.len()), (1, 2));
        for number in 0..3_000 {
            note(&mut all, found(&format!("urn:{number}"), "http://127.0.0.1/a"));
        }
        assert_eq!(all.len(), MOST);
        note(&mut all, found("urn:1", "http://127.0.0.1/c"));
        assert_eq!(all[&("urn:1".to_owned(), Ipv4Addr::LOCALHOST.into())].urls.len(), 3);
    }
}
