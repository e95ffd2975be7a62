//! What DTLS agreed on for SRTP (RFC 5764 §4.2), heard where it is said.
//!
//! ```text
//! str0m ──▶ Listener ──▶ DTLS of the provider
//!               └ keying material ──▶ Keys, of the session that is being made
//! ```
//!
//! str0m takes the keys for itself and sends one packet at a time. Pictures are sealed
//! here, a row of packets in the place that they are sent from, so the same keys are
//! needed twice. Its provider of DTLS may be ours, and that hears them.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use str0m::config::{CryptoProvider, DtlsCert, KeyingMaterial};
use str0m::crypto::CryptoError;
use str0m::crypto::dtls::{
    DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, DtlsVersion, ProtocolVersion,
    SrtpProfile,
};

/// The keys of one session, once it has any.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys(Arc<Mutex<Option<Agreed>>>);

/// What both sides have.
#[derive(Debug)]
pub(crate) struct Agreed {
    pub(crate) profile: SrtpProfile,
    /// Keys and salts of the client and of the server, as RFC 5764 §4.2 lays them out.
    pub(crate) material: KeyingMaterial,
    /// Whether we were the client.
    pub(crate) is_client: bool,
}

thread_local! {
    /// Whose DTLS is made next by this thread.
    static NEXT: RefCell<Option<Keys>> = const { RefCell::new(None) };
}

impl Keys {
    /// Does what makes a session, and returns its keys beside it.
    pub(crate) fn of<T>(make: impl FnOnce() -> T) -> (T, Self) {
        let keys = Self::default();
        NEXT.set(Some(keys.clone()));
        let made = make();
        NEXT.set(None);
        (made, keys)
    }

    /// Takes what was agreed on, once it was: it lies here no longer than that.
    pub(crate) fn take(&self) -> Option<Agreed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn heard(&self, agreed: Agreed) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(agreed);
    }
}

/// Returns the provider of all that str0m needs, with keys heard.
pub(crate) fn provider() -> CryptoProvider {
    static LISTENER: OnceLock<Listener> = OnceLock::new();
    let provider = str0m::crypto::from_feature_flags();
    CryptoProvider {
        dtls_provider: LISTENER.get_or_init(|| Listener(provider.dtls_provider)),
        ..provider
    }
}

#[derive(Debug)]
struct Listener(&'static dyn DtlsProvider);

impl DtlsProvider for Listener {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        self.0.generate_certificate()
    }

    fn new_dtls(
        &self,
        certificate: &DtlsCert,
        now: Instant,
        version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        let dtls = self.0.new_dtls(certificate, now, version, mtu)?;
        let keys = NEXT.take().unwrap_or_default();
        Ok(Box::new(Heard { dtls, keys }))
    }
}

/// DTLS of one session.
#[derive(Debug)]
struct Heard {
    dtls: Box<dyn DtlsInstance>,
    keys: Keys,
}

impl DtlsInstance for Heard {
    fn poll_output<'a>(&mut self, buffer: &'a mut [u8]) -> DtlsOutput<'a> {
        let output = self.dtls.poll_output(buffer);
        if let DtlsOutput::KeyingMaterial(material, profile) = &output {
            // They are agreed on once (no renegotiation in DTLS-SRTP as WebRTC has it).
            self.keys.heard(Agreed {
                profile: *profile,
                material: KeyingMaterial::new(material),
                is_client: self.dtls.is_active(),
            });
        }
        output
    }

    fn set_active(&mut self, active: bool) {
        self.dtls.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.dtls.handle_packet(packet)
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.dtls.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.dtls.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.dtls.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.dtls.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.dtls.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.dtls.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.dtls.close()
    }
}
