//! What a device does when it is asked: a file for each service.
//!
//! ```text
//! Call ─▶ answer ─▶ device · media · media2 · ptz · imaging · events ─▶ Reply | Fault
//! ```
//!
//! Services take the device's state and a moment and give text; none of them has a
//! socket or reads a clock. Who may ask is `guard`'s.

mod capabilities;
mod device;
mod encoder;
mod events;
mod imaging;
mod media;
mod media2;
mod network;
mod ptz;

pub(crate) use device::NO_UTF8;
pub(crate) use events::{Pull, Pulled, pulled};
pub(crate) use imaging::Imaging;
use tokio::sync::watch;

use super::address::{Addresses, Service};
use super::device::{DeviceConfig, State};
use super::namespace as ns;
use super::personality::Quirks;
use super::profile::{self, Profile};
use super::soap::{Call, Fault};
use super::time::Moment;
use super::xml;

/// One request, with all that its answer is made of.
pub(crate) struct Ask<'a> {
    pub(crate) config: &'a DeviceConfig,
    pub(crate) state: &'a mut State,
    pub(crate) addresses: &'a Addresses,
    pub(crate) call: &'a Call,
    /// The path with its query: a pull point is known by it.
    pub(crate) target: &'a str,
    pub(crate) now: Moment,
    /// Wakes whoever pulls.
    pub(crate) news: &'a watch::Sender<()>,
}

/// What comes of a request.
#[derive(Debug)]
pub(crate) enum Reply {
    /// The body of an answer.
    Body(String),
    /// There is no answer yet.
    Pull(Pull),
}

/// Does what a request asks for.
pub(crate) fn answer(ask: &mut Ask<'_>) -> Result<Reply, Fault> {
    let operation = &ask.call.operation;
    if operation.namespace == ns::NOTIFICATION {
        return events::answer_notification(ask);
    }
    let service = Service::ALL.into_iter().find(|one| one.namespace() == operation.namespace);
    let service = service.filter(|one| has(ask.config, &ask.state.quirks, *one));
    let Some(service) = service else {
        return Err(Fault::unsupported(&format!("{} of {}", operation.name, operation.namespace)));
    };
    if operation.name == "GetServiceCapabilities" {
        let inside = capabilities::of(service, ask.config, &ask.state.quirks);
        return Ok(Reply::Body(ask.response(&inside)));
    }
    let body = match service {
        Service::Device => device::answer(ask),
        Service::Media => media::answer(ask),
        Service::Media2 => media2::answer(ask),
        Service::Ptz => ptz::answer(ask),
        Service::Imaging => imaging::answer(ask),
        Service::Events => return events::answer(ask),
        // It is asked for its capabilities, and for relays in the device's words.
        Service::DeviceIo => Err(ask.unknown()),
    };
    body.map(Reply::Body)
}

/// Returns whether a device has a service.
pub(crate) fn has(config: &DeviceConfig, quirks: &Quirks, service: Service) -> bool {
    match service {
        Service::Media => !quirks.media2_only,
        Service::Media2 => !quirks.media1_only,
        Service::Ptz => config.channels.iter().any(|channel| channel.ptz),
        Service::Device | Service::Imaging | Service::Events | Service::DeviceIo => true,
    }
}

impl<'a> Ask<'a> {
    /// Returns the element that answers an operation: its name, and `Response`.
    pub(crate) fn response(&self, inside: &str) -> String {
        xml::element(&format!("{}Response", self.call.name()), inside)
    }

    /// Returns the fault of an operation that the service does not have.
    pub(crate) fn unknown(&self) -> Fault {
        Fault::unsupported(&self.call.name())
    }

    /// Returns the text of an argument.
    pub(crate) fn argument(&self, name: &str) -> Option<&'a str> {
        let operation = &self.call.operation;
        operation.text_of(&operation.namespace, name)
    }

    /// Returns the text of an argument that must be there.
    pub(crate) fn needed(&self, name: &str) -> Result<&'a str, Fault> {
        self.argument(name).ok_or_else(|| Fault::missing(name))
    }

    /// Returns the profile that the request names.
    pub(crate) fn profile(&self) -> Result<Profile<'a>, Fault> {
        let token = self.needed("ProfileToken")?;
        let known = |one: &Profile<'_>| one.token() == token && !self.state.quirks.empty_profiles;
        profile::all(self.config, &self.state.quirks).find(known).ok_or_else(|| {
            Fault::sender(&["ter:InvalidArgVal", "ter:NoProfile"], "there is no such profile")
        })
    }
}
