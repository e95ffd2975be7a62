//! Who may open what over RTSP: from a stream secret's name to a camera's
//! streams, by the catalog's decision.
//!
//! ```text
//! live::rtsp ──name──▶ signin: whose, which camera, until when ──▶ access: may they watch it live?
//! ```

use std::net::IpAddr;
use std::time::Duration;

use audit::{Act, Journal};
use base::{StreamSecretId, WallTime};
use catalog::{Action, Catalog, StreamRole, Wish};
use ingest::Clock;
use live::rtsp::{Gate, Known, Opening, Place, Refusal, Role, Unavailable};
use signin::{StreamSecret, StreamSecrets};

use crate::access;
use crate::deed::{CASE, Deed, POLICY};
use crate::error::Kind;
use crate::glances::Glances;
use crate::view::View;
use crate::viewing::Viewing;

/// The gate of this installation.
#[derive(Debug)]
pub struct StreamGate {
    catalog: Catalog,
    secrets: StreamSecrets,
    audit: Journal,
    clock: Clock,
    /// Which secrets were refused of late.
    refused: Glances<StreamSecretId>,
}

impl StreamGate {
    /// Makes the gate over the rooms that know.
    pub fn new(catalog: Catalog, secrets: StreamSecrets, audit: Journal, clock: Clock) -> Self {
        Self { catalog, secrets, audit, clock, refused: Glances::default() }
    }

    async fn find(&self, name: &str, place: Place) -> Result<Option<Opening>, signin::Error> {
        let now = self.clock.now().1;
        let secret = self.secrets.find(name, now).await?;
        Ok(secret.and_then(|secret| self.opens(&secret, place, now)))
    }

    /// Returns what a secret opens at a place, by what its owner may now.
    fn opens(&self, secret: &StreamSecret, place: Place, now: WallTime) -> Option<Opening> {
        self.catalog.user(secret.user).and_then(|user| {
            let may =
                |action| access::camera(&self.catalog, &user, secret.camera, action, now).ok();
            // A secret opens its own camera; the place must be that one's.
            let camera = may(Action::Live).filter(|camera| camera.number == place.camera)?;
            let role = match place.role {
                Role::Main => StreamRole::Main,
                Role::Sub => StreamRole::Sub,
            };
            let picture = camera.stream(role)?.id;
            let view = View::live(role.into()).sight(&camera, now);
            access::shows(&self.catalog, &user, camera.id, Action::Live, view, now).ok()?;
            let rules = self.catalog.tables().policy(now).terms;
            let heard = secret.case.is_some() || !rules.asks_case(Wish::Sound, now);
            let sound = may(Action::Sound).filter(|_| heard);
            let sound = sound.and_then(|camera| camera.sound_stream());
            let name = secret.name.clone();
            Some(Opening { name, place, user: user.name, picture, sound })
        })
    }

    /// Notes that a secret which holds opened nothing; of a player that tries on, once in
    /// ten minutes.
    async fn tried(&self, name: &str, place: Place, from: IpAddr) -> Result<(), signin::Error> {
        let now = self.clock.now().1;
        let Some(secret) = self.secrets.find(name, now).await? else { return Ok(()) };
        let user = self.catalog.user(secret.user).filter(|_| self.refused.is_new(&secret.id, now));
        let Some(user) = user else { return Ok(()) };
        let version = self.catalog.tables().policy(now).version;
        let deed = Deed::of(now, &user, None, Some(from), Act::Live);
        let deed = deed.with_id("camera", secret.camera.0).detail("way", "rtsp");
        let deed = deed.detail("secret", name).detail("place", place).detail(POLICY, version);
        // Nothing was shown. That the journal fails is logged where it does.
        if deed.not(Kind::Forbidden).note(&self.audit).await.is_ok() {
            self.refused.note(secret.id, now);
        }
        Ok(())
    }
}

impl Gate for StreamGate {
    type Watching = Box<dyn Send>;

    async fn password(&self, name: &str, from: IpAddr) -> Result<Known, Refusal> {
        let now = self.clock.now().1;
        // Asked again once the answer is judged; here it spares the database a flood.
        if let Err(wait) = self.secrets.admits(name, from, now) {
            tracing::warn!(%from, "too many wrong answers over RTSP");
            return Err(Refusal::Wait(wait));
        }
        match self.secrets.find(name, now).await {
            Ok(secret) => {
                Ok(Known { password: self.secrets.password(name), holds: secret.is_some() })
            }
            Err(error) => {
                tracing::error!(%error, "a stream secret cannot be looked up");
                Err(Refusal::Unavailable)
            }
        }
    }

    fn judged(&self, name: &str, from: IpAddr, is_right: bool) -> Result<(), Duration> {
        self.secrets.judged(name, from, is_right, self.clock.now().1)
    }

    async fn open(
        &self,
        name: &str,
        place: Place,
        from: IpAddr,
    ) -> Result<Option<Opening>, Unavailable> {
        let opening = async {
            let opening = self.find(name, place).await?;
            if opening.is_none() {
                self.tried(name, place, from).await?;
            }
            Ok(opening)
        };
        opening.await.map_err(|error: signin::Error| {
            tracing::error!(%error, "a stream secret cannot be looked up");
            Unavailable
        })
    }

    async fn begun(&self, opening: &Opening, from: IpAddr) -> Option<Box<dyn Send>> {
        let now = self.clock.now().1;
        let secret = match self.secrets.find(&opening.name, now).await {
            Ok(Some(secret)) => secret,
            Ok(None) => return None,
            Err(error) => {
                tracing::error!(%error, "a stream secret cannot be looked up");
                return None;
            }
        };
        let (user, camera) = (self.catalog.user(secret.user), self.catalog.camera(secret.camera));
        let (user, camera) = (user?, camera?);
        let deed = Deed::of(now, &user, None, Some(from), Act::Live).with(&camera);
        let deed = deed.allowed(&self.catalog, &user, camera.id, Action::Live, now);
        let deed = deed.detail("way", "rtsp").detail("secret", &opening.name);
        let deed = secret.case.iter().fold(deed, |deed, case| deed.detail(CASE, case));
        let deed = deed.detail("place", opening.place).detail("sound", opening.sound.is_some());
        deed.clone().note(&self.audit).await.ok()?;
        Some(Box::new(Viewing::live(&self.audit, &self.clock, &deed)))
    }

    async fn holds(&self, opening: &Opening) -> bool {
        match self.find(&opening.name, opening.place).await {
            // Sound that may be heard now as well is no reason to end.
            Ok(found) => found.is_some_and(|found| {
                let sound = opening.sound.is_none() || opening.sound == found.sound;
                opening.picture == found.picture && sound
            }),
            // A database that is busy for a moment must not darken a wall.
            Err(error) => {
                tracing::error!(%error, "a stream secret cannot be looked up");
                true
            }
        }
    }
}
