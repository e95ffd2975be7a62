//! What somebody does, told to the audit.
//!
//! > What lets somebody see something has its entry on disk before anything of it
//! > reaches them; where the journal cannot be kept, it is refused.
//!
//! A refusal is worth an entry where somebody tried what they may not; what was
//! mistyped is not.

use std::fmt::Display;
use std::net::IpAddr;
use std::sync::Arc;

use audit::{Act, Entry, Journal, Object, Outcome, Who};
use base::{CameraId, SignInId, WallTime};
use catalog::{Action, Camera, Catalog, Class, Origin, User, Wish};
use signin::MediaToken;
use uuid::Uuid;

use crate::access;
use crate::app::State;
use crate::error::{Kind, Refusal};
use crate::person::Person;
use crate::view;

/// The detail that names the case that something was for.
pub(crate) const CASE: &str = "case";

/// The detail that says by which version of the rules it was decided.
pub(crate) const POLICY: &str = "policy";

/// The detail that names a class other than the ordinary one.
pub(crate) const CLASS: &str = "class";

/// What is told of a thing when it changes: each field with its value in words.
pub(crate) type Told<const N: usize> = [(&'static str, String); N];

/// An act whose entry is being written.
#[derive(Clone, Debug)]
pub(crate) struct Deed(Entry);

impl Deed {
    /// An act of nobody who is known.
    pub(crate) fn new(now: WallTime, act: Act, from: Option<IpAddr>) -> Self {
        let mut entry = Entry::new(now, act, Outcome::Done);
        entry.from = from;
        Self(entry)
    }

    /// An act of somebody who is signed in.
    pub(crate) fn by(state: &State, person: &Person, act: Act) -> Self {
        let Person { user, sign_in, token, address } = person;
        let deed = Self::of(state.now(), user, Some(sign_in.id), Some(*address), act);
        token.iter().fold(deed, |deed, token| deed.detail("token", token))
    }

    /// An act of a person, by whatever they proved it.
    pub(crate) fn of(
        now: WallTime,
        user: &User,
        sign_in: Option<SignInId>,
        from: Option<IpAddr>,
        act: Act,
    ) -> Self {
        let Self(mut entry) = Self::new(now, act, from);
        entry.who = Some(Who { user: user.id, name: user.name.clone(), sign_in });
        Self(entry)
    }

    /// With this camera.
    pub(crate) fn with(mut self, camera: &Camera) -> Self {
        let name = format!("{} · {}", camera.number, camera.name);
        self.0.object = Some(Object { kind: "camera".to_owned(), id: camera.id.0, name });
        match camera.class {
            Class::Ordinary => self,
            Class::Defence => self.detail(CLASS, camera.class.as_str()),
        }
    }

    /// With this person.
    pub(crate) fn with_user(mut self, user: &User) -> Self {
        let (kind, name) = ("user".to_owned(), user.name.clone());
        self.0.object = Some(Object { kind, id: user.id.0, name });
        self
    }

    /// With something that is known by its id alone.
    pub(crate) fn with_id(mut self, kind: &str, id: Uuid) -> Self {
        let (kind, name) = (kind.to_owned(), String::new());
        self.0.object = Some(Object { kind, id, name });
        self
    }

    /// With something that has a name.
    pub(crate) fn with_named(mut self, kind: &str, id: Uuid, name: &str) -> Self {
        let (kind, name) = (kind.to_owned(), name.to_owned());
        self.0.object = Some(Object { kind, id, name });
        self
    }

    /// For this purpose, in the person's words.
    pub(crate) fn because(mut self, purpose: &str) -> Self {
        self.0.purpose = (!purpose.is_empty()).then(|| purpose.to_owned());
        self
    }

    /// For what a media token says it is for.
    pub(crate) fn for_case(self, token: &MediaToken) -> Self {
        let deed = self.because(token.purpose.as_deref().unwrap_or_default());
        token.case.iter().fold(deed, |deed, case| deed.detail(CASE, case))
    }

    /// And this is to be said of it.
    pub(crate) fn detail(mut self, name: &str, value: impl ToString) -> Self {
        self.0.details.insert(name.to_owned(), value.to_string());
        self
    }

    /// And this field of it is another than it was, if it is.
    pub(crate) fn change(self, field: &str, old: impl Display, new: impl Display) -> Self {
        let (old, new) = (old.to_string(), new.to_string());
        if old == new { self } else { self.detail(field, format!("{old} → {new}")) }
    }

    /// And these fields of it are others than they were, of all that are told, in one order.
    pub(crate) fn changes<const N: usize>(self, before: Told<N>, after: Told<N>) -> Self {
        let pairs = before.into_iter().zip(after);
        pairs.fold(self, |deed, ((field, old), (_, new))| deed.change(field, old, new))
    }

    /// By what it was allowed: the rules' version, the grant, and the agreement that it
    /// stands by, if it does.
    pub(crate) fn allowed(
        self,
        catalog: &Catalog,
        user: &User,
        camera: CameraId,
        action: Action,
        now: WallTime,
    ) -> Self {
        let tables = catalog.tables();
        let deed = self.detail(POLICY, tables.policy(now).version);
        let rights = catalog.rights(user.id);
        let grant = rights.as_ref().and_then(|rights| rights.by(camera, action, now));
        let Some(grant) = grant else { return deed };
        let deed = deed.detail("grant", grant.id);
        let deed = match grant.origin {
            Origin::Emergency => deed.detail("emergency", &grant.terms.basis),
            Origin::Office | Origin::Grant(_) | Origin::Agreement(_) => deed,
        };
        match tables.agreement_of(grant) {
            Some(agreement) => deed
                .detail("agreement", &agreement.terms.number)
                .detail("lent_for", &agreement.terms.purpose),
            None => deed,
        }
    }

    /// That was refused, and why.
    pub(crate) fn not(mut self, why: Kind) -> Self {
        self.0.outcome = Outcome::Refused(why.row().1.to_owned());
        self
    }

    /// Without what was said of it.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.details.remove(name);
        self
    }

    /// What came of it later, with all that was said of it.
    pub(crate) fn followed(mut self, act: Act, at: WallTime) -> Self {
        let of = std::mem::replace(&mut self.0.act, act);
        self.0.at = at;
        self.detail("of", of.as_str())
    }

    /// Notes what follows from an act that has its entry already; nobody waits for it.
    pub(crate) fn jot(self, audit: &Journal) -> Result<(), audit::Error> {
        audit.jot(self.0)
    }

    /// Returns once the entry is on disk: then it may be done.
    pub(crate) async fn done(self, state: &State) -> Result<(), Refusal> {
        self.note(&state.audit).await.map_err(Refusal::broken)
    }

    /// The same, for who answers otherwise than by HTTP.
    pub(crate) async fn note(self, audit: &Journal) -> Result<(), audit::Error> {
        audit.note(self.0).await.map(drop)
    }

    /// Notes that it was refused, if that is worth it, and hands the refusal on.
    pub(crate) async fn refused(mut self, state: &State, refusal: Refusal) -> Refusal {
        if is_tried(refusal.kind) {
            if self.0.object.as_ref().is_some_and(|object| object.kind == "camera") {
                let version = state.catalog.tables().policy(state.now()).version;
                self.0.details.insert(POLICY.to_owned(), version.to_string());
            }
            self.0.outcome = Outcome::Refused(refusal.code().to_owned());
            // Nothing was done. That the journal fails is logged where it does.
            let _ = state.audit.note(self.0).await;
        }
        refusal
    }
}

/// Returns a camera if somebody may do this with it; who tries in vain has an entry.
pub(crate) async fn camera(
    state: &State,
    person: &Person,
    id: CameraId,
    action: Action,
    act: Act,
) -> Result<Arc<Camera>, Refusal> {
    match access::camera(&state.catalog, &person.user, id, action, state.now()) {
        Ok(camera) => Ok(camera),
        Err(refusal) => {
            let deed = Deed::by(state, person, act).with_id("camera", id.0);
            Err(deed.refused(state, refusal).await)
        }
    }
}

/// Returns the case that something is for; whoever says none where the rules ask for
/// one has an entry.
pub(crate) async fn case(
    state: &State,
    deed: Deed,
    wish: Wish,
    said: Option<&str>,
) -> Result<Option<String>, Refusal> {
    match view::case(state, wish, said) {
        Ok(case) => Ok(case),
        Err(refusal) => Err(deed.refused(state, refusal).await),
    }
}

/// The same for what is taken out, with its sound or without.
pub(crate) async fn case_of_export(
    state: &State,
    deed: Deed,
    with_sound: bool,
    said: Option<&str>,
) -> Result<Option<String>, Refusal> {
    if with_sound {
        case(state, deed.clone(), Wish::Sound, said).await?;
    }
    case(state, deed, Wish::Export, said).await
}

/// Whether somebody tried what they may not. To be asked whether it is oneself is no
/// refusal: it is how such an act begins.
fn is_tried(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::ApprovalAsked
            | Kind::CaseAsked
            | Kind::ReviewDue
            | Kind::Forbidden
            | Kind::Forged
            | Kind::LockedOut
            | Kind::MustChoosePassword
            | Kind::MustSetSecondFactor
            | Kind::NotFound
            | Kind::WrongCode
            | Kind::WrongPasskey
            | Kind::WrongPassword
            | Kind::WrongSignIn
    )
}
