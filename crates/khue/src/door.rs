//! The door: where people connect, and what is asked of those who do.
//!
//! ```text
//! Door ──open──▶ Opened ──serve──▶ connections, until the handle says stop
//!        │                 └ certificates renewed meanwhile
//!        └ port taken, certificate read: before anything else is started
//! ```
//!
//! What is sent leaves at once (no Nagle): a frame, or the end of one, must not wait for
//! word that the one before it has arrived.
//!
//! Belongs here: the listening socket, TLS, and the patience with a connection
//! that says nothing. What is answered is `api`'s.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, SystemTime};

use anyhow::Context;
use axum::Router;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Address, Handle, Server};
use hyper_util::rt::TokioTimer;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::first_word::{FirstByte, FirstWord};
use crate::home::Home;
use crate::tls::{self, Authority};

/// How often the node's certificate is issued anew while running.
const RENEW: Duration = Duration::from_secs(30 * 86_400);

/// How long a connection may take to say what it wants, each time.
const REQUEST: Duration = Duration::from_secs(30);

/// After so long without a word a browser is asked whether it is still there,
/// and has as long again to answer.
const QUIET: Duration = Duration::from_secs(30);

/// How a server is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// HTTP, on loopback only: browsers take `http://localhost` for secure.
    Loopback(SocketAddr),
    /// HTTPS, as the configuration says.
    Https,
}

/// A door at which people may already knock; nobody answers yet.
pub(crate) struct Opened {
    listener: TcpListener,
    tls: Option<Tls>,
    /// Where the same is served unsealed, for whoever measures.
    unsealed: Option<TcpListener>,
}

struct Tls {
    rustls: RustlsConfig,
    /// None where the certificate was given.
    authority: Option<Authority>,
    names: Vec<String>,
}

impl Door {
    /// Takes the port and the certificate.
    pub(crate) async fn open(self, config: &Config, home: &Home) -> anyhow::Result<Opened> {
        let address = match self {
            Self::Loopback(address) => address,
            Self::Https => config.http.listen,
        };
        let bind = |address: SocketAddr| {
            TcpListener::bind(address).with_context(|| {
                format!("cannot serve on {address}: choose another port, or end what has it")
            })
        };
        let listener = bind(address)?;
        if let Some(address) = config.unsealed {
            anyhow::ensure!(
                address.ip().is_loopback(),
                "{address} is no loopback address: nothing leaves this machine unsealed"
            );
        }
        let unsealed = config.unsealed.map(bind).transpose()?;
        let tls = match self {
            Self::Loopback(_) => None,
            Self::Https => Some(Tls::open(config, home).await?),
        };
        Ok(Opened { listener, tls, unsealed })
    }
}

impl Opened {
    /// Returns where a person finds it.
    pub(crate) fn address(&self) -> anyhow::Result<String> {
        let address = self.listener.local_addr()?;
        let ip = address.ip();
        let host = match ip.is_unspecified() || ip.is_loopback() {
            true => "localhost".to_owned(),
            false if ip.is_ipv6() => format!("[{ip}]"),
            false => ip.to_string(),
        };
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        Ok(format!("{scheme}://{host}:{}", address.port()))
    }

    /// Returns where the same is served unsealed, if it is.
    pub(crate) fn unsealed_address(&self) -> anyhow::Result<Option<SocketAddr>> {
        Ok(self.unsealed.as_ref().map(TcpListener::local_addr).transpose()?)
    }

    /// Returns the certificate that browsers are to trust, if it is our own.
    pub(crate) fn ca_pem(&self) -> Option<String> {
        let authority = self.tls.as_ref()?.authority.as_ref()?;
        Some(authority.certificate_pem.clone())
    }

    /// Returns the certificate that the HTTPS door shows, as it is renewed.
    pub(crate) fn rustls(&self) -> Option<RustlsConfig> {
        self.tls.as_ref().map(|tls| tls.rustls.clone())
    }

    /// Answers with `router` until `handle` is told to shut down.
    pub(crate) fn serve(
        self,
        router: Router,
        handle: Handle<SocketAddr>,
        stopping: CancellationToken,
    ) -> std::io::Result<JoinHandle<std::io::Result<()>>> {
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        self.listener.set_nonblocking(true)?;
        if let Some(unsealed) = self.unsealed {
            unsealed.set_nonblocking(true)?;
            let server = axum_server::from_tcp(unsealed)?.acceptor(plain(&stopping));
            let server = patient(server).handle(handle.clone());
            tokio::spawn(server.serve(service.clone()));
        }
        match self.tls {
            None => {
                let server = axum_server::from_tcp(self.listener)?.acceptor(plain(&stopping));
                Ok(tokio::spawn(patient(server).handle(handle).serve(service)))
            }
            Some(Tls { rustls, authority, names }) => {
                if let Some(authority) = authority {
                    tokio::spawn(renew(authority, names, rustls.clone(), stopping.clone()));
                }
                let inner = RustlsAcceptor::new(rustls).acceptor(NoDelayAcceptor::new());
                let acceptor = FirstWord { inner, patience: REQUEST, stopping };
                let server = axum_server::from_tcp(self.listener)?.acceptor(acceptor);
                Ok(tokio::spawn(patient(server).handle(handle).serve(service)))
            }
        }
    }
}

impl Tls {
    async fn open(config: &Config, home: &Home) -> anyhow::Result<Self> {
        let names = config.http.names.clone();
        let (authority, identity) = match (&config.http.certificate, &config.http.key) {
            (Some(certificate), Some(key)) => (None, tls::given(certificate, key)?),
            (None, None) => {
                let authority = Authority::open(&home.tls(), SystemTime::now())?;
                let identity = authority.issue(&names, SystemTime::now())?;
                (Some(authority), identity)
            }
            _ => anyhow::bail!("[http] certificate and key go together"),
        };
        let rustls = RustlsConfig::from_pem(identity.chain_pem, identity.key_pem)
            .await
            .context("the certificate and key of [http] do not fit each other, or are no PEM")?;
        Ok(Self { rustls, authority, names })
    }
}

/// Lets in who says something, unsealed.
fn plain(stopping: &CancellationToken) -> FirstByte<NoDelayAcceptor> {
    let inner = NoDelayAcceptor::new();
    FirstByte { inner, patience: REQUEST, stopping: stopping.clone() }
}

/// Lets go of who says nothing: slow and vanished clients would hold the
/// descriptors that cameras need.
fn patient<A: Address, Acceptor: Clone>(mut server: Server<A, Acceptor>) -> Server<A, Acceptor> {
    let http = server.http_builder();
    http.http1().timer(TokioTimer::new()).header_read_timeout(REQUEST);
    // No sockets over HTTP/2 (RFC 8441): pictures would wait behind answers, and each frame
    // would pass through the task of the connection. Browsers open another one then.
    http.http2().timer(TokioTimer::new()).keep_alive_interval(QUIET).keep_alive_timeout(QUIET);
    server
}

/// Issues the node's certificate anew long before it ends.
async fn renew(
    authority: Authority,
    names: Vec<String>,
    rustls: RustlsConfig,
    stopping: CancellationToken,
) {
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            () = tokio::time::sleep(RENEW) => {}
        }
        let renewed = match authority.issue(&names, SystemTime::now()) {
            Ok(identity) => rustls
                .reload_from_pem(identity.chain_pem, identity.key_pem)
                .await
                .map_err(Into::into),
            Err(error) => Err(error),
        };
        if let Err(error) = renewed {
            tracing::error!("the node's certificate was not renewed: {error:#}");
        }
    }
}
