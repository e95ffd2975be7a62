//! The door for foreign programs: RTSP, by TLS with the certificate of the
//! HTTPS door, and in the clear only where the configuration says so.
//!
//! ```text
//! open ──▶ RtspDoor ──serve──▶ a task a connection: TLS, then live::rtsp
//!   └ ports taken before anything else is started
//! ```
//!
//! Belongs here: listening, TLS, and how many may knock. What is answered is
//! `live::rtsp`'s, who may watch `api`'s.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use api::{RtspPorts, StreamGate};
use axum_server::tls_rustls::RustlsConfig;
use live::Hub;
use live::rtsp::Limits;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Rtsp;

/// How many connections there may be.
const MOST: usize = 1024;

/// How many of them from one address, of IPv6 from one network: a recorder of a
/// whole district.
const MOST_OF_ONE: usize = 256;

/// How long a client may take to agree on TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How often it is told that there are too many.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// How long to wait before accepting again where the system refuses.
const REFUSED: Duration = Duration::from_millis(200);

/// A door at which programs may already knock; nobody answers yet.
pub(crate) struct RtspDoor {
    tls: Option<(TcpListener, RustlsConfig)>,
    plain: Option<TcpListener>,
}

/// What all connections share.
struct Served {
    hub: Hub,
    gate: StreamGate,
    stopping: CancellationToken,
    tasks: TaskTracker,
    guests: Mutex<Guests>,
}

/// Who is there.
#[derive(Debug, Default)]
struct Guests {
    /// How many connections each network has.
    held: HashMap<IpAddr, usize>,
    /// When it was told last that there are too many.
    told: Option<Instant>,
    /// How many were refused since.
    refused: usize,
}

/// A connection's place, given back when it ends.
struct Guest {
    served: Arc<Served>,
    address: IpAddr,
    network: IpAddr,
}

impl RtspDoor {
    /// Takes the ports; that of TLS where there is a certificate.
    pub(crate) fn open(config: &Rtsp, rustls: Option<RustlsConfig>) -> anyhow::Result<Self> {
        if !config.serve {
            return Ok(Self { tls: None, plain: None });
        }
        let listen = |address: SocketAddr| {
            let listener = TcpListener::bind(address).with_context(|| {
                format!(
                    "cannot serve RTSP on {address}: choose another port in [rtsp], or end what has it"
                )
            })?;
            listener.set_nonblocking(true)?;
            anyhow::Ok(listener)
        };
        let tls = rustls.map(|rustls| anyhow::Ok((listen(config.listen)?, rustls))).transpose()?;
        Ok(Self { tls, plain: config.plain.map(listen).transpose()? })
    }

    /// Returns where programs find it.
    pub(crate) fn ports(&self) -> anyhow::Result<RtspPorts> {
        let port = |listener: &TcpListener| listener.local_addr().map(|address| address.port());
        Ok(RtspPorts {
            tls: self.tls.as_ref().map(|(listener, _)| port(listener)).transpose()?,
            plain: self.plain.as_ref().map(port).transpose()?,
        })
    }

    /// Answers until `stopping` says so; returns what waits for the last of it.
    pub(crate) fn serve(
        self,
        hub: Hub,
        gate: StreamGate,
        stopping: CancellationToken,
    ) -> anyhow::Result<TaskTracker> {
        let tasks = TaskTracker::new();
        let guests = Mutex::default();
        let served = Arc::new(Served { hub, gate, stopping, tasks: tasks.clone(), guests });
        if let Some((listener, rustls)) = self.tls {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            tasks.spawn(accept(served.clone(), listener, Some(rustls)));
        }
        if let Some(listener) = self.plain {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            tasks.spawn(accept(served, listener, None));
        }
        tasks.close();
        Ok(tasks)
    }
}

async fn accept(
    served: Arc<Served>,
    listener: tokio::net::TcpListener,
    rustls: Option<RustlsConfig>,
) {
    loop {
        let accepted = tokio::select! {
            () = served.stopping.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, from)) => {
                let Some(guest) = Guest::take(&served, from.ip().to_canonical()) else { continue };
                served.tasks.spawn(serve(guest, stream, rustls.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection for RTSP was not accepted");
                tokio::time::sleep(REFUSED).await;
            }
        }
    }
}

async fn serve(guest: Guest, stream: TcpStream, rustls: Option<RustlsConfig>) {
    let (served, from) = (guest.served.clone(), guest.address);
    // A frame is one write; nothing is gained by waiting for more.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let Served { hub, gate, stopping, .. } = &*served;
    let Some(rustls) = rustls else {
        return live::rtsp::serve(stream, from, hub, gate, Limits::default(), stopping).await;
    };
    // The certificate as it stands now, without the names of HTTP's versions.
    let mut config = rustls::ServerConfig::clone(&rustls.get_inner());
    config.alpn_protocols.clear();
    let handshake = timeout(HANDSHAKE, TlsAcceptor::from(Arc::new(config)).accept(stream));
    let agreed = tokio::select! {
        () = stopping.cancelled() => return,
        agreed = handshake => agreed,
    };
    match agreed {
        Ok(Ok(stream)) => {
            live::rtsp::serve(stream, from, hub, gate, Limits::default(), stopping).await
        }
        Ok(Err(error)) => tracing::debug!(%from, %error, "no TLS came about for RTSP"),
        Err(_) => tracing::debug!(%from, "a client of RTSP took too long to agree on TLS"),
    }
}

impl Served {
    fn guests(&self) -> MutexGuard<'_, Guests> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guest {
    fn take(served: &Arc<Served>, address: IpAddr) -> Option<Self> {
        let network = signin::network(address);
        let mut guests = served.guests();
        if guests.take(network) {
            return Some(Self { served: served.clone(), address, network });
        }
        let refused = guests.note_refusal(Instant::now());
        drop(guests);
        if let Some(refused) = refused {
            tracing::warn!(%address, refused, "too many connections for RTSP");
        }
        None
    }
}

impl Guests {
    /// Takes a place for a network; returns whether there was one.
    fn take(&mut self, network: IpAddr) -> bool {
        let all: usize = self.held.values().sum();
        let own = self.held.get(&network).copied().unwrap_or(0);
        let is_free = all < MOST && own < MOST_OF_ONE;
        if is_free {
            self.held.insert(network, own + 1);
        }
        is_free
    }

    fn give_back(&mut self, network: IpAddr) {
        if let Some(own) = self.held.get_mut(&network) {
            *own -= 1;
            if *own == 0 {
                self.held.remove(&network);
            }
        }
    }

    /// Notes a refusal; returns of how many to tell, now and then: whoever is
    /// refused may knock a thousand times a second.
    fn note_refusal(&mut self, now: Instant) -> Option<usize> {
        self.refused += 1;
        if self.told.is_some_and(|told| now.saturating_duration_since(told) < TELL_EVERY) {
            return None;
        }
        self.told = Some(now);
        Some(std::mem::take(&mut self.refused))
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.served.guests().give_back(self.network);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes as many places as there are for hosts of one prefix.
    fn fill(guests: &mut Guests, host: impl Fn(u32) -> String) -> usize {
        let networks = (0..2000).map(|number| signin::network(host(number).parse().unwrap()));
        networks.filter(|network| guests.take(*network)).count()
    }

    #[test]
    fn one_host_takes_a_part_of_the_places_however_many_addresses_it_has() {
        let mut guests = Guests::default();
        let v6 = |number| format!("2001:db8:0:7:{number:x}::1");
        assert_eq!(fill(&mut guests, v6), MOST_OF_ONE);
        assert_eq!(fill(&mut guests, |_| "10.0.0.1".to_owned()), MOST_OF_ONE);
        assert_eq!(fill(&mut guests, |_| "::ffff:10.0.0.1".to_owned()), 0, "the same one");
        guests.give_back(signin::network("2001:db8:0:7::99".parse().unwrap()));
        assert_eq!(fill(&mut guests, v6), 1);
        assert_eq!(
            fill(&mut guests, |number| format!("10.1.{}.{}", number / 256, number % 256)),
            MOST - 2 * MOST_OF_ONE
        );
    }

    #[test]
    fn refusals_are_told_once_a_second_with_how_many_they_were() {
        let (mut guests, start) = (Guests::default(), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        assert_eq!(guests.note_refusal(at(0)), Some(1));
        assert_eq!(guests.note_refusal(at(500)), None);
        assert_eq!(guests.note_refusal(at(999)), None);
        assert_eq!(guests.note_refusal(at(1000)), Some(3));
        assert_eq!(guests.note_refusal(at(1001)), None);
    }
}
