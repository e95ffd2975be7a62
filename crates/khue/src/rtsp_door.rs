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
use std::time::Duration;

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

/// How many of them from one address: a recorder of a whole district.
const MOST_OF_ONE: usize = 256;

/// How long a client may take to agree on TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);

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
    /// How many connections each address has.
    guests: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection's place, given back when it ends.
struct Guest {
    served: Arc<Served>,
    address: IpAddr,
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
    fn guests(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guest {
    fn take(served: &Arc<Served>, address: IpAddr) -> Option<Self> {
        let mut guests = served.guests();
        let all: usize = guests.values().sum();
        let own = guests.get(&address).copied().unwrap_or(0);
        if all >= MOST || own >= MOST_OF_ONE {
            tracing::warn!(%address, all, own, "too many connections for RTSP");
            return None;
        }
        guests.insert(address, own + 1);
        drop(guests);
        Some(Self { served: served.clone(), address })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut guests = self.served.guests();
        if let Some(own) = guests.get_mut(&self.address) {
            *own -= 1;
            if *own == 0 {
                guests.remove(&self.address);
            }
        }
    }
}
