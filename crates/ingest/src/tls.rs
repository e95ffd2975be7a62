//! TLS to a camera, behind retina, which speaks plain RTSP.
//!
//! ```text
//! retina ──plain, loopback──▶ Bridge ══TLS══▶ camera
//! ```
//!
//! The bridge takes one connection and no second one, and ends with the
//! session. Cameras sign their own certificates, so none can be verified by an
//! authority: any is taken, unless one was set for the camera
//! ([`Link::certificate`](base::Link)), which makes the
//! difference between being unread and being sure who listens.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::Url;

use crate::classify::{does_not_answer, no_tls, not_connected, other_certificate};
use crate::connection::Limits;
use crate::fault::{Fault, FaultKind};
use crate::source::Source;

/// A way through TLS to one camera, for one session.
#[derive(Debug)]
pub(crate) struct Bridge {
    address: SocketAddr,
    /// SHA-256 of the certificate that the camera showed.
    pub(crate) certificate: Option<[u8; 32]>,
    task: JoinHandle<()>,
}

impl Bridge {
    /// Returns the address at which retina finds what is at `url`.
    pub(crate) fn url(&self, url: &Url) -> Url {
        let mut near = url.clone();
        let changed = near.set_scheme("rtsp").is_ok()
            && near.set_ip_host(self.address.ip()).is_ok()
            && near.set_port(Some(self.address.port())).is_ok();
        debug_assert!(changed, "a checked address has a host");
        near
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Connects to a camera and lays the bridge.
pub(crate) async fn connect(source: &Source, limits: &Limits) -> Result<Bridge, Fault> {
    let authority = source.authority();
    let connecting = TcpStream::connect((source.host(), source.port()));
    let socket = match timeout(limits.connect, connecting).await {
        Ok(Ok(socket)) => socket,
        Ok(Err(error)) => return Err(not_connected(&authority, error)),
        Err(_) => return Err(not_connected(&authority, io::ErrorKind::TimedOut.into())),
    };
    let name = ServerName::try_from(source.host().to_owned()).map_err(|_| {
        Fault::new(FaultKind::Unsupported, format!("{authority} is no name that TLS can ask for"))
    })?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = Arc::new(OneCertificate::new(source.link.certificate, &provider));
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| no_tls(&authority, io::Error::other(error)))?
        .dangerous()
        .with_custom_certificate_verifier(verifier.clone())
        .with_no_client_auth();
    let shaking = TlsConnector::from(Arc::new(config)).connect(name, socket);
    let mut camera = match timeout(limits.step, shaking).await {
        Ok(Ok(camera)) => camera,
        Ok(Err(_)) if verifier.refused() => return Err(other_certificate(&authority)),
        Ok(Err(error)) => return Err(no_tls(&authority, error)),
        Err(_) => return Err(does_not_answer(&authority, "the TLS handshake")),
    };
    let local = |error| {
        Fault::new(FaultKind::Unreachable, "no local connection can be made; see the log")
            .with_source(error)
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(local)?;
    let address = listener.local_addr().map_err(local)?;
    let task = tokio::spawn(async move {
        let Ok((mut near, _)) = listener.accept().await else { return };
        drop(listener);
        // Either end that goes takes the other along; retina says why.
        let _ = tokio::io::copy_bidirectional(&mut near, &mut camera).await;
    });
    Ok(Bridge { address, certificate: verifier.shown(), task })
}

/// Takes any certificate, or one alone; that the camera has its key is verified.
#[derive(Debug)]
struct OneCertificate {
    wanted: Option<[u8; 32]>,
    algorithms: WebPkiSupportedAlgorithms,
    shown: Mutex<Option<[u8; 32]>>,
}

impl OneCertificate {
    fn new(wanted: Option<[u8; 32]>, provider: &CryptoProvider) -> Self {
        let algorithms = provider.signature_verification_algorithms;
        Self { wanted, algorithms, shown: Mutex::default() }
    }

    fn shown(&self) -> Option<[u8; 32]> {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refused(&self) -> bool {
        self.wanted.is_some() && self.shown().is_some() && self.wanted != self.shown()
    }
}

impl ServerCertVerifier for OneCertificate {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, end_entity);
        let shown = <[u8; 32]>::try_from(digest.as_ref()).ok();
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = shown;
        if self.refused() {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
