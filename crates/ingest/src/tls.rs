//! TLS to a camera; which certificate it may show is said by
//! [`Link::certificate`](base::Link).

use std::io;
use std::sync::Arc;

use credentials::{Digest, OneCertificate};
use rustls::pki_types::ServerName;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::classify::{does_not_answer, no_tls, other_certificate};
use crate::connection::Limits;
use crate::fault::{Fault, FaultKind};
use crate::rtsp::Socket;
use crate::source::Source;

/// Shakes hands over a connection; returns also which certificate the camera showed.
pub(crate) async fn shake_hands(
    socket: Socket,
    source: &Source,
    limits: &Limits,
) -> Result<(TlsStream<Socket>, Option<Digest>), Fault> {
    let authority = source.authority();
    let name = ServerName::try_from(source.host().to_owned()).map_err(|_| {
        Fault::new(FaultKind::Unsupported, format!("{authority} is no name that TLS can ask for"))
    })?;
    let (verifier, config) = OneCertificate::config(source.link.certificate)
        .map_err(|error| no_tls(&authority, io::Error::other(error)))?;
    let shaking = TlsConnector::from(Arc::new(config)).connect(name, socket);
    match timeout(limits.step, shaking).await {
        Ok(Ok(stream)) => Ok((stream, verifier.shown())),
        Ok(Err(_)) if verifier.refused() => Err(other_certificate(&authority)),
        Ok(Err(error)) => Err(no_tls(&authority, error)),
        Err(_) => Err(does_not_answer(&authority, "the TLS handshake")),
    }
}
