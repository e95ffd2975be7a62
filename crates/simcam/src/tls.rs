//! RTSP behind TLS: `rtsps`, as cameras offer it with a certificate that they
//! signed themselves.
//!
//! ```text
//! client ◀── TLS ──▶ this ◀── a pair of local sockets ──▶ connection (rtsp/wire.rs)
//! ```

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_util::sync::CancellationToken;

use crate::rtsp::connection::{self, Shared};
use crate::rtsp::wire::Wire;

/// How long a client may take to shake hands.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A certificate of our own, and what accepts with it.
#[derive(Clone)]
pub(crate) struct Tls {
    acceptor: TlsAcceptor,
    /// The certificate, for whoever wants to trust it.
    pub(crate) certificate: Arc<str>,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// It could not be made.
    #[error("no certificate could be made")]
    Certificate(#[from] rcgen::Error),
    /// It could not be used.
    #[error("the certificate could not be used")]
    Use(#[from] rustls::Error),
}

impl Tls {
    /// Makes a certificate for a host, which signs itself.
    pub(crate) fn new(host: IpAddr) -> Result<Self, TlsError> {
        let names = [host.to_string(), "127.0.0.1".to_owned(), "localhost".to_owned()];
        let made = rcgen::generate_simple_self_signed(names)?;
        let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)?;
        let certificate = made.cert.pem().into();
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), certificate })
    }

    /// Serves a client that has come, until either side ends it.
    pub(crate) async fn serve(
        self,
        shared: Arc<Shared>,
        stream: TcpStream,
        (peer, local): (SocketAddr, SocketAddr),
        closing: CancellationToken,
    ) {
        let shaken = tokio::select! {
            () = closing.cancelled() => return,
            shaken = tokio::time::timeout(HANDSHAKE, self.acceptor.accept(stream)) => shaken,
        };
        let mut encrypted = match shaken {
            Ok(Ok(encrypted)) => encrypted,
            Ok(Err(error)) => return tracing::debug!(%peer, %error, "no TLS"),
            Err(_) => return tracing::debug!(%peer, "TLS takes too long"),
        };
        let (mut ours, theirs) = match UnixStream::pair() {
            Ok(pair) => pair,
            Err(error) => return tracing::warn!(%error, "no local sockets for TLS"),
        };
        let served = connection::serve(shared, Wire::Pair(theirs), (peer, local), closing);
        // Whichever ends first takes the other with it: without its socket the
        // connection reads an end, without a connection the copying does.
        let copying = async move {
            let _ = copy_bidirectional(&mut encrypted, &mut ours).await;
        };
        tokio::join!(served, copying);
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}
