//! What the API stands on: the rooms, built and handed over by the program.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use audit::Journal;
use base::{CameraId, SignInId, WallTime};
use bytes::Bytes;
use casework::{Approvals, DataRequests, Emergencies, Holds};
use catalog::Catalog;
use live::Hub;
use live::hls::{Feeds, LINGER};
use live::whep::Whep;
use signin::{MediaTokens, Provider, SignIns, StreamSecrets};
use store::Store;

use crate::exports::Exports;
use crate::glances::Glances;
use crate::hls::Presentations;
use crate::presence::Presence;
use crate::whep::Viewers;

/// The rooms and settings that the API needs. One struct, no globals.
pub struct App {
    /// What people said.
    pub catalog: Catalog,
    /// What was done, and by whom.
    pub audit: Journal,
    /// Where that is kept, to be read.
    pub audit_folder: PathBuf,
    /// Who is there.
    pub sign_ins: SignIns,
    /// Who else may say who somebody is.
    pub provider: Option<Provider>,
    /// By which host names people reach the installation, as passkeys are kept to one.
    pub passkey_hosts: Vec<String>,
    /// By what foreign programs watch.
    pub stream_secrets: StreamSecrets,
    /// Where they do.
    pub rtsp: RtspPorts,
    /// What signs and verifies the opening of media.
    pub tokens: MediaTokens,
    /// What expiry must spare.
    pub holds: Holds,
    /// What waits for a second person.
    pub approvals: Approvals,
    /// What was opened in an emergency.
    pub emergencies: Emergencies,
    /// What other agencies asked for in writing.
    pub data_requests: DataRequests,
    /// The past.
    pub store: Store,
    /// The present.
    pub hub: Hub,
    /// What makes streams into other forms.
    pub converter: recorder::Converter,
    /// Small pictures of the past.
    pub thumbnails: recorder::Thumbnails,
    /// The present by WebRTC, where it is served.
    pub whep: Option<Whep>,
    /// How cameras are.
    pub recorder: recorder::Handle,
    /// The server's clock.
    pub clock: ingest::Clock,
    /// The time limits for probing a camera.
    pub probe_limits: ingest::Limits,
    /// Returns a file of the client by its path without the first slash, with
    /// its media type.
    pub ui: fn(&str) -> Option<(Bytes, &'static str)>,
    /// The certificate of the installation's own authority, in PEM, if it has one.
    pub ca_pem: Option<String>,
    /// Whether this is a demonstration with a simulated city.
    pub demo: bool,
    /// The program's version.
    pub version: &'static str,
}

/// The ports on which RTSP is served.
#[derive(Clone, Copy, Debug, Default)]
pub struct RtspPorts {
    /// By TLS.
    pub tls: Option<u16>,
    /// In the clear.
    pub plain: Option<u16>,
}

/// What handlers are given.
#[derive(Clone)]
pub(crate) struct State {
    app: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) app: App,
    pub(crate) verifier: signin::MediaVerifier,
    pub(crate) exports: Exports,
    pub(crate) whep_viewers: Viewers,
    pub(crate) glances: Glances<(SignInId, CameraId)>,
    pub(crate) feeds: Feeds,
    pub(crate) presentations: Presentations,
    pub(crate) presence: Presence,
    /// Held while a hold is placed and while a camera is removed: each looks
    /// first whether the other is there.
    pub(crate) placing: tokio::sync::Mutex<()>,
    /// How many cameras may be probed at once.
    pub(crate) probes: tokio::sync::Semaphore,
    /// How many may have the provider asked at once.
    pub(crate) provider_turns: tokio::sync::Semaphore,
    /// How many tables may be read at once: each takes some memory.
    pub(crate) imports: tokio::sync::Semaphore,
}

impl State {
    pub(crate) fn new(app: App) -> Self {
        let verifier = app.tokens.verifier();
        let (exports, probes) = (Exports::default(), tokio::sync::Semaphore::new(8));
        let (placing, whep_viewers) = (tokio::sync::Mutex::default(), Viewers::default());
        let glances = Glances::default();
        let (feeds, presentations) =
            (Feeds::new(app.hub.clone(), LINGER), Presentations::default());
        let inner = Inner {
            app,
            verifier,
            exports,
            whep_viewers,
            glances,
            feeds,
            presentations,
            presence: Presence::default(),
            placing,
            probes,
            provider_turns: tokio::sync::Semaphore::new(16),
            imports: tokio::sync::Semaphore::new(1),
        };
        Self { app: Arc::new(inner) }
    }

    pub(crate) fn now(&self) -> WallTime {
        self.clock.now().1
    }
}

impl std::ops::Deref for State {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.app
    }
}

impl std::ops::Deref for Inner {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("version", &self.version).field("demo", &self.demo).finish()
    }
}
