//! Whoever asks one device: the one file that brings decisions and connection together.
//!
//! ```text
//! Operation ─▶ access (which proof) ─▶ http ─▶ soap (what it says) ─▶ Element
//!                  ▲                     │ refused
//!                  └─────────────────────┘ at most a few times
//! ```
//!
//! One request is under way at a time: devices are small, and some mix up answers.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base::WallTime;
use bytes::Bytes;
use credentials::{Credentials, Digest};
use hyper::Method;
use url::Url;

use crate::access::{Access, Attempt, Next, Way};
use crate::address::Home;
use crate::clock::DeviceClock;
use crate::fault::{Fault, FaultKind, Refusal};
use crate::http::{Answer, Asked, Http, Limits, target};
use crate::soap::{self, Answered, Operation, Service};
use crate::xml::{self, Element};

/// What tells the time.
const CLOCK: &str = "GetSystemDateAndTime";

/// The most bytes of what is said to whoever knocks.
const KNOCK: usize = 64 << 10;

/// The most bytes of a picture.
const LARGEST_PICTURE: usize = 20 << 20;

/// Whoever asks one device.
///
/// > No password leaves for another host than the one of the address that it was made
/// > with, and none that was refused is tried again.
pub struct Client {
    home: Home,
    access: Access,
    http: Http,
    services: BTreeMap<Service, Url>,
}

/// An answer, and when it came.
pub(crate) struct Heard {
    pub(crate) answer: Element,
    /// Half-way between asking and hearing.
    pub(crate) midway: WallTime,
    /// The date of the answer's head.
    pub(crate) date: Option<String>,
}

impl Client {
    /// Returns who asks the device whose own service stands at `url`, which holds no
    /// password; `certificate` is the only one taken over HTTPS, or any if none is set.
    ///
    /// # Errors
    ///
    /// If that is no address of a device.
    pub fn new(
        url: Url,
        credentials: Option<Credentials>,
        certificate: Option<Digest>,
        limits: Limits,
    ) -> Result<Self, Fault> {
        let refused = |words: &str| Err(Fault::new(FaultKind::Protocol, words));
        if !url.username().is_empty() || url.password().is_some() {
            return refused(
                "the address holds a user name or password; put them in the fields of their own",
            );
        }
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return refused("write the device's address as http://host or https://host");
        }
        Ok(Self {
            access: Access::new(credentials, url.scheme() == "https"),
            home: Home::new(url),
            http: Http::new(limits, certificate)?,
            services: BTreeMap::new(),
        })
    }

    /// Returns the address of the device's own service.
    pub fn url(&self) -> &Url {
        self.home.url()
    }

    /// Returns SHA-256 of the certificate that the device showed last, over HTTPS.
    pub fn certificate(&self) -> Option<Digest> {
        self.http.certificate()
    }

    /// Returns its clock, as it was read last.
    pub fn device_clock(&self) -> DeviceClock {
        self.access.clock
    }

    /// Returns by which way the password was proved: `digest`, `token`, or not at all.
    pub fn proved(&self) -> Option<&'static str> {
        Some(match self.access.proved()? {
            Way::Http => "digest",
            Way::Token => "token",
            Way::Open => "open",
        })
    }

    /// Returns the services that the device has, as far as it has told.
    pub fn services(&self) -> impl Iterator<Item = Service> {
        self.services.keys().copied()
    }

    /// Returns whether the device has told of a service.
    pub fn has(&self, service: Service) -> bool {
        self.services.contains_key(&service)
    }

    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    /// Sets where services are asked.
    pub(crate) fn set_services(&mut self, services: BTreeMap<Service, Url>) {
        self.services = services;
    }

    /// Reads the device's clock, by which tokens are made from now on.
    pub(crate) async fn read_clock(&mut self) -> Result<DeviceClock, Fault> {
        let operation = Operation::bare(Service::Device, CLOCK).open();
        let heard = self.hear(&operation, Duration::ZERO).await?;
        let clock = DeviceClock::read(&heard.answer, heard.midway, heard.date.as_deref());
        self.access.clock = clock;
        Ok(clock)
    }

    /// Asks an operation.
    pub(crate) async fn call(&mut self, operation: &Operation) -> Result<Element, Fault> {
        Ok(self.hear(operation, Duration::ZERO).await?.answer)
    }

    /// Asks an operation whose answer may take `longer` than usual.
    pub(crate) async fn hear(
        &mut self,
        operation: &Operation,
        longer: Duration,
    ) -> Result<Heard, Fault> {
        let attempt = self.access.begin(operation.is_open, operation.name == CLOCK)?;
        self.ask(operation, longer, attempt).await
    }

    /// Asks the time, and proves nothing whatever is answered: for whoever only knocks, and
    /// where a proof was refused for its time.
    pub(crate) async fn read_clock_openly(&mut self) -> Result<DeviceClock, Fault> {
        let attempt = self.access.begin_bare();
        let operation = Operation::bare(Service::Device, CLOCK);
        let heard = self.ask(&operation, Duration::ZERO, attempt).await?;
        let clock = DeviceClock::read(&heard.answer, heard.midway, heard.date.as_deref());
        self.access.clock = clock;
        Ok(clock)
    }

    async fn ask(
        &mut self,
        operation: &Operation,
        longer: Duration,
        mut attempt: Attempt,
    ) -> Result<Heard, Fault> {
        let mut url = self.service_url(operation.service)?;
        let mut was_sent_on = false;
        loop {
            let proof = self.access.prove(&mut attempt, "POST", &target(&url), now());
            let is_try = !proof.is_none() && !self.access.is_known();
            let asked = Asked {
                method: Method::POST,
                url: &url,
                is_fresh: is_try,
                is_repeatable: operation.name.starts_with("Get") && !is_try,
                content_type: Some(format!(
                    "application/soap+xml; charset=utf-8; action=\"{}\"",
                    operation.action()
                )),
                authorization: proof.authorization,
                body: Bytes::from(operation.envelope(&proof.token)),
                // What is only knocked at has little to say.
                largest: if Access::is_bare(&attempt) { KNOCK } else { xml::LARGEST },
                longer,
            };
            let sent = now();
            let answer = self.http.ask(&asked).await?;
            let heard = now();
            if let Some(location) = sent_on(&answer) {
                url = self.follow(location, &mut was_sent_on)?;
                continue;
            }
            let refusal = match soap::answer(answer.status, &answer.body) {
                Ok(element) => {
                    self.access.was_let_in(&attempt);
                    let midway = WallTime(sent.0.midpoint(heard.0));
                    return Ok(Heard { answer: element, midway, date: answer.date });
                }
                Err(Answered::Refused(refusal)) => refusal,
                Err(Answered::Unreadable(why)) => {
                    let words = format!("{}: the answer makes no sense ({why})", operation.name);
                    return Err(Fault::new(FaultKind::Protocol, words));
                }
            };
            let kind = refusal.kind(answer.status);
            if !is_of_person(kind) {
                return Err(refused(operation.name, answer.status, &refusal, kind));
            }
            let challenges = answer.challenges.iter().map(String::as_str);
            match self.access.was_refused(&mut attempt, kind, challenges) {
                Next::Again => {}
                // Where it tells the time to nobody, what was known of it is taken again.
                Next::ReadClock => drop(Box::pin(self.read_clock_openly()).await),
                Next::End(fault) => return Err(fault.said_by_soap(!refusal.codes.is_empty())),
            }
        }
    }

    /// Fetches a picture of which the device says that it is at `said`.
    pub(crate) async fn picture(&mut self, said: &str) -> Result<Bytes, Fault> {
        let none = || Fault::new(FaultKind::Protocol, "the address of the picture makes no sense");
        let mut url = self.home.service(said).ok_or_else(none)?;
        let mut attempt = self.access.begin(false, true)?;
        let mut was_sent_on = false;
        loop {
            let proof = self.access.prove(&mut attempt, "GET", &target(&url), now());
            let is_try = !proof.is_none() && !self.access.is_known();
            let asked = Asked {
                method: Method::GET,
                url: &url,
                is_fresh: is_try,
                is_repeatable: !is_try,
                content_type: None,
                authorization: proof.authorization,
                body: Bytes::new(),
                largest: LARGEST_PICTURE,
                longer: Duration::ZERO,
            };
            let answer = self.http.ask(&asked).await?;
            if let Some(location) = sent_on(&answer) {
                url = self.follow(location, &mut was_sent_on)?;
                continue;
            }
            match answer.status {
                200..300 if is_jpeg(&answer.body) => return Ok(answer.body),
                200..300 => {
                    let kind = answer.content_type.unwrap_or_default();
                    let words = format!("what came is no picture ({})", crate::fault::short(&kind));
                    return Err(Fault::new(FaultKind::Protocol, words));
                }
                401 => {
                    let challenges = answer.challenges.iter().map(String::as_str);
                    let end = self.access.was_refused_by_http(&mut attempt, challenges);
                    if let Some(fault) = end {
                        return Err(fault);
                    }
                }
                403 => {
                    let words = "the user may not fetch pictures from the device";
                    return Err(Fault::new(FaultKind::NotPermitted, words));
                }
                status => {
                    let words = format!("no picture comes (HTTP {status})");
                    return Err(Fault::new(FaultKind::Unsupported, words));
                }
            }
        }
    }

    fn service_url(&self, service: Service) -> Result<Url, Fault> {
        if service == Service::Device {
            return Ok(self.home.url().clone());
        }
        self.services.get(&service).cloned().ok_or_else(|| {
            let words = format!("the device tells of no {} service", service.as_str());
            Fault::new(FaultKind::Unsupported, words)
        })
    }

    /// Returns where an answer points, if that is the same device; once.
    fn follow(&self, location: &str, was_sent_on: &mut bool) -> Result<Url, Fault> {
        let host = |url: &Url| url.host_str().map(str::to_owned);
        let said = self.home.url().join(location).ok();
        let is_here = said.as_ref().is_some_and(|said| host(said) == host(self.home.url()));
        if !is_here {
            let words = "the device sends to another host, where its password does not go; give \
                         that host's address if it is the device's own";
            return Err(Fault::new(FaultKind::Elsewhere, words));
        }
        let upgraded = said.filter(|said| matches!(said.scheme(), "http" | "https"));
        match upgraded {
            Some(url) if !*was_sent_on && !is_worse(self.home.url(), &url) => {
                *was_sent_on = true;
                Ok(url)
            }
            _ => {
                let words = "the device sends in circles, or from a sealed connection to an \
                             unsealed one";
                Err(Fault::new(FaultKind::Elsewhere, words))
            }
        }
    }
}

fn is_worse(from: &Url, to: &Url) -> bool {
    from.scheme() == "https" && to.scheme() != "https"
}

fn sent_on(answer: &Answer) -> Option<&str> {
    matches!(answer.status, 301 | 302 | 303 | 307 | 308).then_some(answer.location.as_deref()?)
}

fn is_of_person(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::WrongCredentials | FaultKind::LockedOut | FaultKind::ClockSkew)
}

fn refused(name: &str, status: u16, refusal: &Refusal, kind: FaultKind) -> Fault {
    let said = match (refusal.reason.as_str(), refusal.codes.last()) {
        ("", Some(code)) => code.clone(),
        ("", None) => format!("HTTP {status}"),
        (reason, _) => reason.to_owned(),
    };
    let fault = Fault::new(kind, format!("{name}: the device says no ({said})"));
    fault.said_by_soap(!refusal.codes.is_empty())
}

fn is_jpeg(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xd8])
}

pub(crate) fn now() -> WallTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    WallTime(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
