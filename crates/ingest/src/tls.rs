//! TLS to a camera.
//!
//! Cameras sign their own certificates, so none can be verified by an authority: any is
//! taken, unless one was set for the camera ([`Link::certificate`](base::Link)), which
//! makes the difference between being unread and being sure who listens.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::classify::{does_not_answer, no_tls, other_certificate};
use crate::connection::Limits;
use crate::fault::{Fault, FaultKind};
use crate::rtsp::Socket;
use crate::source::Source;

/// SHA-256 of a certificate.
pub(crate) type Digest = [u8; 32];

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
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = Arc::new(OneCertificate::new(source.link.certificate, &provider));
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| no_tls(&authority, io::Error::other(error)))?
        .dangerous()
        .with_custom_certificate_verifier(verifier.clone())
        .with_no_client_auth();
    let shaking = TlsConnector::from(Arc::new(config)).connect(name, socket);
    match timeout(limits.step, shaking).await {
        Ok(Ok(stream)) => Ok((stream, verifier.shown())),
        Ok(Err(_)) if verifier.refused() => Err(other_certificate(&authority)),
        Ok(Err(error)) => Err(no_tls(&authority, error)),
        Err(_) => Err(does_not_answer(&authority, "the TLS handshake")),
    }
}

/// Takes any certificate, or one alone; that the camera has its key is verified.
#[derive(Debug)]
struct OneCertificate {
    wanted: Option<Digest>,
    algorithms: WebPkiSupportedAlgorithms,
    shown: Mutex<Option<Digest>>,
}

impl OneCertificate {
    fn new(wanted: Option<Digest>, provider: &CryptoProvider) -> Self {
        let algorithms = provider.signature_verification_algorithms;
        Self { wanted, algorithms, shown: Mutex::default() }
    }

    fn shown(&self) -> Option<Digest> {
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
