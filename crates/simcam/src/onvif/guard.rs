//! Who may do what: users, their passwords, and who is locked out.
//!
//! ```text
//! request ─▶ open to all? ─▶ locked out? ─▶ Digest (digest.rs) ─┐
//!                                       └─▶ token (token.rs) ───┴─▶ Level ─▶ enough?
//! ```
//!
//! A service never asks for a password; it is asked only for what may be done. How
//! whoever is refused is told is `refusal`'s.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::digest::{self, Nonces};
use super::namespace as ns;
use super::personality::Quirks;
use super::refusal::Refusal;
use super::time::Moment;
use super::token::{self, Seen, Token};
use crate::rtsp::auth::Fields;

/// How long who sent too many wrong passwords is not heard.
const LOCKOUT: Duration = Duration::from_secs(300);

/// What a user may do; each level may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// What is open to all.
    Anonymous,
    /// Look.
    User,
    /// Move the camera.
    Operator,
    /// Everything.
    Administrator,
}

/// Somebody with a password.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) password: String,
    pub(crate) level: Level,
}

/// What a request brought for a proof.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    /// Nothing.
    #[default]
    None,
    /// HTTP Digest.
    Digest,
    /// HTTP Basic.
    Basic,
    /// A token in the header of SOAP.
    Token,
}

/// All that a request says of who sent it.
pub(crate) struct Proof<'a> {
    pub(crate) peer: IpAddr,
    /// The method and what is asked for, as sent.
    pub(crate) asked: (&'a str, &'a str),
    pub(crate) authorization: Option<&'a str>,
    pub(crate) token: Option<&'a Token>,
    /// Whether the request has a security header, be it read or not.
    pub(crate) secured: bool,
    /// Whether Basic is asked for, and nothing else.
    pub(crate) basic: bool,
}

/// The guard of one device.
pub(crate) struct Guard {
    pub(crate) users: Vec<User>,
    realm: String,
    nonces: Nonces,
    seen: Seen,
    /// How many wrong passwords came from where, in a row, and until when whoever is
    /// there is not heard.
    failures: HashMap<IpAddr, (u32, Duration)>,
}

/// Returns which level an operation needs.
pub(crate) fn needed(namespace: &str, operation: &str, quirks: &Quirks) -> Level {
    match (namespace, operation) {
        (ns::DEVICE, "GetSystemDateAndTime") if quirks.time_needs_auth => Level::User,
        (
            ns::DEVICE,
            "GetSystemDateAndTime"
            | "GetServices"
            | "GetCapabilities"
            | "GetHostname"
            | "GetWsdlUrl"
            | "GetEndpointReference",
        )
        | (_, "GetServiceCapabilities") => Level::Anonymous,
        (
            ns::DEVICE,
            "SetSystemDateAndTime" | "GetUsers" | "SetUser" | "CreateUsers" | "SystemReboot",
        ) => Level::Administrator,
        (ns::DEVICE, "SetRelayOutputState") | (ns::IMAGING, "SetImagingSettings") => {
            Level::Operator
        }
        (ns::PTZ, operation) if !operation.starts_with("Get") => Level::Operator,
        _ => Level::User,
    }
}

impl Level {
    /// Returns the level as it is written.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Anonymous => "Anonymous",
            Self::User => "User",
            Self::Operator => "Operator",
            Self::Administrator => "Administrator",
        }
    }

    /// Reads a level.
    pub(crate) fn read(text: &str) -> Option<Self> {
        [Self::Anonymous, Self::User, Self::Operator, Self::Administrator]
            .into_iter()
            .find(|level| level.as_str() == text)
    }
}

impl Proof<'_> {
    /// Returns what was brought.
    pub(crate) fn scheme(&self) -> Scheme {
        let begins = |name: &str| {
            self.authorization.is_some_and(|value| {
                value.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name))
            })
        };
        if begins("digest ") {
            Scheme::Digest
        } else if begins("basic ") {
            Scheme::Basic
        } else if self.secured {
            Scheme::Token
        } else {
            Scheme::None
        }
    }
}

impl Guard {
    /// Returns a guard; without users everybody may do everything.
    pub(crate) fn new(realm: String, users: Vec<User>) -> Self {
        Self {
            users,
            realm,
            nonces: Nonces::default(),
            seen: Seen::default(),
            failures: HashMap::new(),
        }
    }

    /// Lets a request in, or says why not.
    pub(crate) fn admit(
        &mut self,
        proof: &Proof<'_>,
        needed: Level,
        quirks: &Quirks,
        now: Moment,
    ) -> Result<(), Refusal> {
        if needed == Level::Anonymous || self.users.is_empty() {
            return Ok(());
        }
        let (failed, until) = self.failures.get(&proof.peer).copied().unwrap_or_default();
        let limit = quirks.lockout_after.unwrap_or(u32::MAX);
        if failed >= limit {
            if now.elapsed < until {
                return Err(Refusal::LockedOut);
            }
            self.failures.remove(&proof.peer);
        }
        let judged = self.judge(proof, quirks, now);
        match judged {
            // A client that is told of a new nonce, or of the time, has not guessed.
            Err(Refusal::Wrong) => {
                let failures = self.failures.entry(proof.peer).or_default();
                *failures = (failures.0.saturating_add(1), now.elapsed.saturating_add(LOCKOUT));
            }
            Ok(_) => {
                self.failures.remove(&proof.peer);
            }
            Err(_) => {}
        }
        if judged? < needed { Err(Refusal::Prohibited) } else { Ok(()) }
    }

    fn judge(&mut self, proof: &Proof<'_>, quirks: &Quirks, now: Moment) -> Result<Level, Refusal> {
        let header = proof.authorization.unwrap_or_default();
        match proof.scheme() {
            Scheme::Digest if !quirks.token_only && !proof.basic => {
                let fields = Fields::parse(header).ok_or(Refusal::Wrong)?;
                let user =
                    self.users.iter().find(|user| fields.get("username") == Some(&user.name));
                let user = user.ok_or(Refusal::Wrong)?;
                let password = &user.password;
                match self.nonces.judge(proof.asked, &fields, &self.realm, password, now) {
                    digest::Verdict::Right => Ok(user.level),
                    digest::Verdict::Wrong => Err(Refusal::Wrong),
                    digest::Verdict::Stale => Err(Refusal::Stale),
                }
            }
            Scheme::Basic if proof.basic => {
                let said =
                    header.get(6..).and_then(|text| BASE64_STANDARD.decode(text.trim()).ok());
                let said = said.ok_or(Refusal::Wrong)?;
                let is =
                    |user: &&User| format!("{}:{}", user.name, user.password).as_bytes() == said;
                self.users.iter().find(is).map(|user| user.level).ok_or(Refusal::Wrong)
            }
            Scheme::Token if !quirks.digest_only => {
                let token = proof.token.ok_or(Refusal::Wrong)?;
                let user = self.users.iter().find(|user| user.name == token.user);
                let user = user.ok_or(Refusal::Wrong)?;
                let window = Duration::from_secs(quirks.token_window_s.into());
                match token.judge(&user.password, window, &mut self.seen, now) {
                    token::Verdict::Right => Ok(user.level),
                    token::Verdict::Wrong => Err(Refusal::Wrong),
                    token::Verdict::Untimely => Err(Refusal::Untimely),
                    token::Verdict::Replayed => Err(Refusal::Replayed),
                }
            }
            // What is not understood is as if it were not there.
            _ => Err(Refusal::Missing),
        }
    }

    /// Returns what a request that is refused is asked for.
    pub(crate) fn challenge(
        &mut self,
        basic: bool,
        stale: bool,
        entropy: [u8; 16],
        now: Moment,
    ) -> String {
        match basic {
            true => format!("Basic realm=\"{}\"", self.realm),
            false => self.nonces.challenge(&self.realm, stale, entropy, now),
        }
    }
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard").field("users", &self.users).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User")
            .field("name", &self.name)
            .field("level", &self.level)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use base::WallTime;

    use super::*;

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn guard() -> Guard {
        let user =
            |name: &str, level| User { name: name.to_owned(), password: "x".to_owned(), level };
        Guard::new(
            "r".to_owned(),
            vec![user("a", Level::Administrator), user("o", Level::Operator)],
        )
    }

    fn at(seconds: u64) -> Moment {
        Moment { elapsed: Duration::from_secs(seconds), wall: WallTime(0) }
    }

    /// Sends a Basic proof where that is asked for: the shortest to write.
    fn send(guard: &mut Guard, text: &str, needed: Level, seconds: u64) -> Result<(), Refusal> {
        let header = format!("Basic {}", BASE64_STANDARD.encode(text));
        let proof = Proof {
            peer: PEER,
            asked: ("GET", "/"),
            authorization: Some(&header),
            token: None,
            secured: false,
            basic: true,
        };
        let quirks = Quirks { lockout_after: Some(3), ..Quirks::NONE };
        guard.admit(&proof, needed, &quirks, at(seconds))
    }

    #[test]
    fn some_wrong_passwords_in_a_row_lock_their_sender_out_for_a_while() {
        let mut guard = guard();
        for _ in 0..5 {
            for _ in 0..2 {
                assert_eq!(send(&mut guard, "a:y", Level::User, 0), Err(Refusal::Wrong));
            }
            assert_eq!(send(&mut guard, "a:x", Level::User, 0), Ok(()));
        }
        for _ in 0..3 {
            assert_eq!(send(&mut guard, "a:y", Level::User, 10), Err(Refusal::Wrong));
        }
        assert_eq!(send(&mut guard, "a:x", Level::User, 10), Err(Refusal::LockedOut));
        assert_eq!(send(&mut guard, "a:x", Level::Anonymous, 10), Ok(()));
        assert_eq!(send(&mut guard, "a:x", Level::User, 309), Err(Refusal::LockedOut));
        assert_eq!(send(&mut guard, "a:x", Level::User, 310), Ok(()));
    }

    #[test]
    fn a_level_may_do_what_those_below_it_may() {
        let mut guard = guard();
        assert_eq!(send(&mut guard, "o:x", Level::Operator, 0), Ok(()));
        assert_eq!(send(&mut guard, "o:x", Level::Administrator, 0), Err(Refusal::Prohibited));
        assert_eq!(send(&mut guard, "a:x", Level::Administrator, 0), Ok(()));
        for level in ["Anonymous", "User", "Operator", "Administrator"] {
            assert_eq!(Level::read(level).unwrap().as_str(), level);
        }
    }

    #[test]
    fn operations_need_what_they_do() {
        let needed = |namespace, operation| needed(namespace, operation, &Quirks::NONE);
        assert_eq!(needed(ns::DEVICE, "GetSystemDateAndTime"), Level::Anonymous);
        assert_eq!(needed(ns::MEDIA2, "GetServiceCapabilities"), Level::Anonymous);
        assert_eq!(needed(ns::DEVICE, "GetDeviceInformation"), Level::User);
        assert_eq!(needed(ns::PTZ, "GetStatus"), Level::User);
        assert_eq!(needed(ns::PTZ, "Stop"), Level::Operator);
        assert_eq!(needed(ns::DEVICE, "SystemReboot"), Level::Administrator);
        // Another namespace's operation of that name is not the open one.
        assert_eq!(needed(ns::MEDIA, "GetSystemDateAndTime"), Level::User);
    }

    #[test]
    fn a_password_does_not_show() {
        let shown = format!("{:?}", guard().users);
        assert!(shown.contains("Operator") && !shown.contains('x'), "{shown}");
    }
}
