//! Which certificate a device may show.
//!
//! Devices sign their own, so none can be verified by an authority: any is taken,
//! unless one was set for the device, which makes the difference between being unread
//! and being sure who listens.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme};

/// SHA-256 of a certificate.
pub type Digest = [u8; 32];

/// Takes any certificate, or one alone; that the device has its key is verified.
#[derive(Debug)]
pub struct OneCertificate {
    wanted: Option<Digest>,
    algorithms: WebPkiSupportedAlgorithms,
    shown: Mutex<Option<Digest>>,
}

impl OneCertificate {
    /// Returns what takes `wanted` alone, or any, and the configuration that asks it.
    ///
    /// # Errors
    ///
    /// If TLS cannot be set up at all.
    pub fn config(wanted: Option<Digest>) -> Result<(Arc<Self>, ClientConfig), rustls::Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = Arc::new(Self::new(wanted, &provider));
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(verifier.clone())
            .with_no_client_auth();
        Ok((verifier, config))
    }

    fn new(wanted: Option<Digest>, provider: &CryptoProvider) -> Self {
        let algorithms = provider.signature_verification_algorithms;
        Self { wanted, algorithms, shown: Mutex::default() }
    }

    /// Returns which certificate was shown last.
    pub fn shown(&self) -> Option<Digest> {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether another than the one wanted was shown.
    pub fn refused(&self) -> bool {
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
