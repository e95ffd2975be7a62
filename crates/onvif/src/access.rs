//! How a password is proved to a device, and when no more.
//!
//! ```text
//! open ──refused──▶ by HTTP (Digest) ──▶ in the envelope (token) ──▶ given up for good
//!   └───────────────── what worked is begun with the next time
//! ```
//!
//! Cameras shut out whoever tries too often, some for ever. So as long as a password was
//! never let in, each way is tried twice at most, whatever else a device answers to it; then
//! nothing is tried before somebody says so ([`Client`](crate::Client) is made anew). One
//! that was let in before is proved again where another nonce or another time may be why
//! it is refused, and is not given up.
//!
//! Belongs here: the decisions. What goes over the wire is `client`'s.

use base::WallTime;
use credentials::{Credentials, Login};

use crate::clock::DeviceClock;
use crate::fault::{Fault, FaultKind};
use crate::token;

/// What is known of getting in.
#[derive(Debug)]
pub(crate) struct Access {
    credentials: Option<Credentials>,
    /// What worked last.
    proved: Option<Way>,
    /// The last challenge by HTTP.
    login: Option<Login>,
    pub(crate) clock: DeviceClock,
    /// Why nothing is tried any more.
    given_up: Option<FaultKind>,
    /// How often a password was proved by HTTP, and by token, that was not let in yet.
    in_vain: [u8; 2],
    /// Whether nobody else reads what is sent.
    is_sealed: bool,
}

/// How often a password that was never let in is proved by one way.
const TRIES: u8 = 2;

/// By which way a password is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// It is not.
    Open,
    /// By a header of HTTP.
    Http,
    /// By a token in the envelope.
    Token,
}

/// One call, which may take several requests.
#[derive(Debug)]
pub(crate) struct Attempt {
    way: Way,
    tried_http: u8,
    tried_token: u8,
    /// Whether the challenge came within this call.
    is_fresh: bool,
    /// Whether the clock was read for it, or is what it reads.
    has_clock: bool,
    /// Whether it proves nothing, whatever comes.
    is_bare: bool,
}

/// What a request proves.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Proof {
    /// A value of `Authorization`.
    pub(crate) authorization: Option<String>,
    /// What stands in the header of the envelope.
    pub(crate) token: String,
}

impl Proof {
    /// Returns whether it proves nothing.
    pub(crate) fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// What to do after a refusal.
#[derive(Debug)]
pub(crate) enum Next {
    /// Ask the same again.
    Again,
    /// Read the clock, then ask the same again.
    ReadClock,
    /// Leave it.
    End(Fault),
}

impl Access {
    /// Returns who has not been let in yet; `is_sealed` says whether nobody else reads what
    /// is sent to the address that was written down.
    pub(crate) fn new(credentials: Option<Credentials>, is_sealed: bool) -> Self {
        Self {
            credentials,
            proved: None,
            login: None,
            clock: DeviceClock::default(),
            given_up: None,
            in_vain: [0; 2],
            is_sealed,
        }
    }

    /// Returns by which way a password was proved, if one was.
    pub(crate) fn proved(&self) -> Option<Way> {
        self.proved
    }

    /// Returns whether a proof was let in, so that another is no try.
    pub(crate) fn is_known(&self) -> bool {
        self.proved.is_some()
    }

    /// Returns whether a call proves nothing, whatever comes.
    pub(crate) fn is_bare(attempt: &Attempt) -> bool {
        attempt.is_bare
    }

    /// Begins a call that proves nothing at all.
    pub(crate) fn begin_bare(&self) -> Attempt {
        let (tried_http, tried_token) = (0, 0);
        let way = Way::Open;
        Attempt { way, tried_http, tried_token, is_fresh: false, has_clock: true, is_bare: true }
    }

    /// Begins a call; an open one proves nothing unless it is asked to, and one that reads
    /// the clock does not read it for itself.
    pub(crate) fn begin(&self, is_open: bool, has_clock: bool) -> Result<Attempt, Fault> {
        let way = match self.proved {
            Some(way) if !is_open => way,
            _ => Way::Open,
        };
        if let (Some(kind), false) = (self.given_up, is_open) {
            return Err(Fault::new(kind, words(kind)));
        }
        Ok(Attempt { way, has_clock, is_bare: false, ..self.begin_bare() })
    }

    /// Returns what the next request proves.
    pub(crate) fn prove(
        &mut self,
        attempt: &mut Attempt,
        method: &str,
        path: &str,
        now: WallTime,
    ) -> Proof {
        let Some(who) = &self.credentials else { return Proof::default() };
        match (attempt.way, &mut self.login) {
            // Wherever the challenge came from: here others would read it.
            (Way::Http, Some(Login::Basic)) if !self.is_sealed => Proof::default(),
            (Way::Http, Some(login)) => {
                attempt.tried_http += 1;
                if self.proved != Some(Way::Http) {
                    self.in_vain[0] += 1;
                }
                let authorization = Some(login.prove(who, method, path));
                Proof { authorization, ..Proof::default() }
            }
            (Way::Token, _) => {
                attempt.tried_token += 1;
                if self.proved != Some(Way::Token) {
                    self.in_vain[1] += 1;
                }
                Proof { token: token::token(who, self.clock.at(now)), authorization: None }
            }
            _ => Proof::default(),
        }
    }

    /// Notes that the last request was let in.
    pub(crate) fn was_let_in(&mut self, attempt: &Attempt) {
        if attempt.way != Way::Open {
            self.proved = Some(attempt.way);
            self.in_vain = [0; 2];
        }
    }

    /// Decides what follows a refusal of the person; `challenges` are the answer's.
    pub(crate) fn was_refused<'a>(
        &mut self,
        attempt: &mut Attempt,
        kind: FaultKind,
        challenges: impl Iterator<Item = &'a str>,
    ) -> Next {
        if attempt.is_bare {
            return Next::End(Fault::new(FaultKind::WrongCredentials, ASKS));
        }
        if kind == FaultKind::LockedOut {
            return self.give_up(FaultKind::LockedOut);
        }
        if let Some(kind) = self.given_up {
            return self.give_up(kind);
        }
        if self.credentials.is_none() {
            return Next::End(Fault::new(FaultKind::WrongCredentials, ASKS));
        }
        let was_fresh = attempt.is_fresh;
        if let Some(login) = Login::choose(challenges) {
            if login == Login::Basic && !self.is_sealed {
                let words = "the device wants the password itself, unsealed; switch HTTPS or \
                             Digest on in it";
                return Next::End(Fault::new(FaultKind::NotPermitted, words));
            }
            (self.login, attempt.is_fresh) = (Some(login), true);
        }
        // Known to be right: then it is the nonce's age or the clock, or not theirs to do.
        let is_known = self.proved == Some(attempt.way) && attempt.way != Way::Open;
        let [may_http, may_token] = self.in_vain.map(|tries| tries < TRIES);
        let next = match attempt.way {
            Way::Open if attempt.is_fresh && may_http => Way::Http,
            Way::Open if may_token => Way::Token,
            Way::Http if !was_fresh && attempt.is_fresh && attempt.tried_http < 2 && may_http => {
                Way::Http
            }
            Way::Http if !is_known && attempt.tried_token == 0 && may_token => Way::Token,
            Way::Token if !attempt.has_clock && attempt.tried_token < 2 && may_token => {
                attempt.has_clock = true;
                return Next::ReadClock;
            }
            Way::Token if !is_known && attempt.is_fresh && attempt.tried_http == 0 && may_http => {
                Way::Http
            }
            _ if is_known => {
                let words = "the user may not do this on the device; give it an operator's or \
                             administrator's level there";
                return Next::End(Fault::new(FaultKind::NotPermitted, words));
            }
            _ => return self.give_up(FaultKind::WrongCredentials),
        };
        attempt.way = next;
        Next::Again
    }

    /// Decides the same where only HTTP can prove anything: a picture has no envelope. Says
    /// why it ends, if it does; what holds for pictures does not end the rest.
    pub(crate) fn was_refused_by_http<'a>(
        &mut self,
        attempt: &mut Attempt,
        challenges: impl Iterator<Item = &'a str>,
    ) -> Option<Fault> {
        let no = |words| Some(Fault::new(FaultKind::NotPermitted, words));
        match Login::choose(challenges) {
            Some(Login::Basic) if !self.is_sealed => no("the password itself is wanted, unsealed"),
            Some(_)
                if self.credentials.is_none()
                    || attempt.tried_http >= 2
                    || self.in_vain[0] >= TRIES =>
            {
                no("the name and password are not taken for this")
            }
            Some(login) => {
                (self.login, attempt.way) = (Some(login), Way::Http);
                None
            }
            None => no("a proof of the password is wanted that is not spoken here"),
        }
    }

    fn give_up(&mut self, kind: FaultKind) -> Next {
        self.given_up = Some(kind);
        Next::End(Fault::new(kind, words(kind)))
    }
}

const ASKS: &str = "the device asks for a user name and password";

fn words(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::LockedOut => {
            "the device has locked the user out after too many wrong passwords; wait until it \
             lets in again, then give the right one"
        }
        _ => {
            "the device takes neither this user name nor this password; some have users for \
             ONVIF of their own, to be added in the device"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "Digest realm=\"r\", nonce=\"1\", qop=\"auth\"";
    const OTHER: &str = "Digest realm=\"r\", nonce=\"2\", qop=\"auth\"";
    const NOW: WallTime = WallTime(1_795_135_338_000_000);

    fn access() -> Access {
        of(false)
    }

    fn of(is_sealed: bool) -> Access {
        let credentials = Credentials { user: "op".to_owned(), password: "secret7".to_owned() };
        Access::new(Some(credentials), is_sealed)
    }

    /// Tells what the next request proves, in short.
    fn next(access: &mut Access, attempt: &mut Attempt) -> &'static str {
        let proof = access.prove(attempt, "POST", "/onvif", NOW);
        match (proof.authorization, proof.token.as_str()) {
            (Some(_), "") => "http",
            (None, "") => "open",
            (None, _) => "token",
            _ => "both",
        }
    }

    fn refuse(access: &mut Access, attempt: &mut Attempt, challenge: &[&str]) -> String {
        let challenges = challenge.iter().copied();
        match access.was_refused(attempt, FaultKind::WrongCredentials, challenges) {
            Next::Again => next(access, attempt).to_owned(),
            Next::ReadClock => "clock".to_owned(),
            Next::End(fault) => fault.kind.as_str().to_owned(),
        }
    }

    #[test]
    fn what_worked_is_begun_with_the_next_time() {
        let mut access = access();
        let mut attempt = access.begin(false, false).unwrap();
        assert_eq!(next(&mut access, &mut attempt), "open");
        assert_eq!(refuse(&mut access, &mut attempt, &[DIGEST]), "http");
        access.was_let_in(&attempt);
        let mut attempt = access.begin(false, false).unwrap();
        assert_eq!(next(&mut access, &mut attempt), "http");
        // Its nonce may be over, and then it is the right password still.
        assert_eq!(refuse(&mut access, &mut attempt, &[OTHER]), "http");
        access.was_let_in(&attempt);
        let mut attempt = access.begin(true, false).unwrap();
        assert_eq!(next(&mut access, &mut attempt), "open");
    }

    #[test]
    fn a_device_of_tokens_gets_one_and_its_clock_is_read_once_more() {
        let mut access = access();
        let mut attempt = access.begin(false, false).unwrap();
        assert_eq!(next(&mut access, &mut attempt), "open");
        assert_eq!(refuse(&mut access, &mut attempt, &[]), "token");
        assert_eq!(refuse(&mut access, &mut attempt, &[]), "clock");
        assert_eq!(next(&mut access, &mut attempt), "token");
        access.was_let_in(&attempt);
        assert_eq!(access.proved(), Some(Way::Token));
    }

    #[test]
    fn a_wrong_password_is_said_twice_by_each_way_at_most_and_never_again() {
        for challenges in [&[][..], &[DIGEST]] {
            let mut access = access();
            let mut attempt = access.begin(false, false).unwrap();
            assert_eq!(next(&mut access, &mut attempt), "open");
            let mut said = Vec::new();
            loop {
                match refuse(&mut access, &mut attempt, challenges).as_str() {
                    "clock" => said.push(next(&mut access, &mut attempt).to_owned()),
                    way @ ("http" | "token") => said.push(way.to_owned()),
                    end => break assert_eq!(end, "wrong_credentials"),
                }
            }
            for way in ["http", "token"] {
                assert!(said.iter().filter(|said| *said == way).count() <= 2, "{said:?}");
            }
            let refused = access.begin(false, false).unwrap_err();
            assert_eq!(refused.kind, FaultKind::WrongCredentials);
            // What is open to all is still asked, and proves nothing where it is not.
            let mut attempt = access.begin(true, false).unwrap();
            assert_eq!(next(&mut access, &mut attempt), "open");
            assert_eq!(refuse(&mut access, &mut attempt, challenges), "wrong_credentials");
        }
    }

    #[test]
    fn who_is_known_and_refused_may_not_do_this_and_may_do_other_things() {
        let mut access = access();
        let mut attempt = access.begin(false, false).unwrap();
        next(&mut access, &mut attempt);
        refuse(&mut access, &mut attempt, &[DIGEST]);
        access.was_let_in(&attempt);
        let mut attempt = access.begin(false, false).unwrap();
        next(&mut access, &mut attempt);
        assert_eq!(refuse(&mut access, &mut attempt, &[OTHER]), "http");
        assert_eq!(refuse(&mut access, &mut attempt, &[OTHER]), "not_permitted");
        assert!(access.begin(false, false).is_ok());
    }

    #[test]
    fn who_is_locked_out_is_not_tried_again() {
        let mut access = access();
        let mut attempt = access.begin(false, false).unwrap();
        let next = access.was_refused(&mut attempt, FaultKind::LockedOut, [].into_iter());
        assert!(matches!(next, Next::End(fault) if fault.kind == FaultKind::LockedOut));
        assert_eq!(access.begin(false, false).unwrap_err().kind, FaultKind::LockedOut);
    }

    #[test]
    fn the_password_itself_is_not_sent_unsealed() {
        let basic = "Basic realm=\"r\"";
        let mut unsealed = access();
        let mut attempt = unsealed.begin(false, false).unwrap();
        assert_eq!(refuse(&mut unsealed, &mut attempt, &[basic]), "not_permitted");
        // Not even where such a challenge is known from elsewhere.
        unsealed.login = Some(Login::Basic);
        unsealed.proved = Some(Way::Http);
        let mut attempt = unsealed.begin(false, false).unwrap();
        assert_eq!(next(&mut unsealed, &mut attempt), "open");
        let mut sealed = of(true);
        let mut attempt = sealed.begin(false, false).unwrap();
        assert_eq!(refuse(&mut sealed, &mut attempt, &[basic]), "http");
    }

    #[test]
    fn whatever_else_is_answered_to_it_a_password_that_was_never_let_in_is_not_tried_on() {
        let mut access = access();
        let mut said = Vec::new();
        for _ in 0..5 {
            let Ok(mut attempt) = access.begin(false, false) else { break };
            next(&mut access, &mut attempt);
            // The proof is answered by some error, which says nothing of the person.
            said.push(refuse(&mut access, &mut attempt, &[DIGEST]));
        }
        assert_eq!(said.iter().filter(|way| *way == "http").count(), 2, "{said:?}");
        assert_eq!(said.iter().filter(|way| *way == "token").count(), 2, "{said:?}");
        assert_eq!(said.last().map(String::as_str), Some("wrong_credentials"));
    }

    #[test]
    fn what_reads_the_clock_does_not_read_it_for_itself_and_is_given_up_as_well() {
        let mut access = access();
        let mut attempt = access.begin(true, true).unwrap();
        next(&mut access, &mut attempt);
        assert_eq!(refuse(&mut access, &mut attempt, &[]), "token");
        assert_eq!(refuse(&mut access, &mut attempt, &[]), "wrong_credentials");
        let mut bare = access.begin_bare();
        assert_eq!(next(&mut access, &mut bare), "open");
        assert_eq!(refuse(&mut access, &mut bare, &[DIGEST]), "wrong_credentials");
    }

    #[test]
    fn without_a_password_none_is_asked_for_in_vain() {
        let mut access = Access::new(None, false);
        let mut attempt = access.begin(false, false).unwrap();
        assert_eq!(refuse(&mut access, &mut attempt, &[DIGEST]), "wrong_credentials");
        assert!(access.begin(false, false).is_ok());
    }
}
