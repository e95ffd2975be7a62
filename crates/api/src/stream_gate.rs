//! Who may open what over RTSP: from a stream secret's name to a camera's
//! streams, by the catalog's decision.
//!
//! ```text
//! live::rtsp ──name──▶ signin: whose, which camera, until when ──▶ access: may they watch it live?
//! ```

use std::net::IpAddr;
use std::time::Duration;

use audit::{Act, Journal};
use catalog::{Action, Catalog, StreamRole};
use ingest::Clock;
use live::rtsp::{Gate, Known, Opening, Place, Refusal, Role, Unavailable};
use signin::StreamSecrets;

use crate::access;
use crate::deed::Deed;

/// The gate of this installation.
#[derive(Debug)]
pub struct StreamGate {
    catalog: Catalog,
    secrets: StreamSecrets,
    audit: Journal,
    clock: Clock,
}

impl StreamGate {
    /// Makes the gate over the rooms that know.
    pub fn new(catalog: Catalog, secrets: StreamSecrets, audit: Journal, clock: Clock) -> Self {
        Self { catalog, secrets, audit, clock }
    }

    async fn find(&self, name: &str, place: Place) -> Result<Option<Opening>, signin::Error> {
        let now = self.clock.now().1;
        let Some(secret) = self.secrets.find(name, now).await? else {
            return Ok(None);
        };
        Ok(self.catalog.user(secret.user).and_then(|user| {
            let may =
                |action| access::camera(&self.catalog, &user, secret.camera, action, now).ok();
            // A secret opens its own camera; the place must be that one's.
            let camera = may(Action::Live).filter(|camera| camera.number == place.camera)?;
            let role = match place.role {
                Role::Main => StreamRole::Main,
                Role::Sub => StreamRole::Sub,
            };
            let picture = camera.stream(role)?.id;
            let sound = may(Action::Sound).and_then(|camera| camera.sound_stream());
            Some(Opening { name: secret.name, place, user: user.name, picture, sound })
        }))
    }
}

impl Gate for StreamGate {
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

    async fn open(&self, name: &str, place: Place) -> Result<Option<Opening>, Unavailable> {
        self.find(name, place).await.map_err(|error| {
            tracing::error!(%error, "a stream secret cannot be looked up");
            Unavailable
        })
    }

    async fn begun(&self, opening: &Opening, from: IpAddr) -> bool {
        let now = self.clock.now().1;
        let secret = match self.secrets.find(&opening.name, now).await {
            Ok(Some(secret)) => secret,
            Ok(None) => return false,
            Err(error) => {
                tracing::error!(%error, "a stream secret cannot be looked up");
                return false;
            }
        };
        let (user, camera) = (self.catalog.user(secret.user), self.catalog.camera(secret.camera));
        let (Some(user), Some(camera)) = (user, camera) else { return false };
        let deed = Deed::of(now, &user, None, Some(from), Act::Live).with(&camera);
        let deed = deed.detail("way", "rtsp").detail("secret", &opening.name);
        let deed = deed.detail("place", opening.place).detail("sound", opening.sound.is_some());
        deed.note(&self.audit).await.is_ok()
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
