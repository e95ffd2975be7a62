//! Cameras that one agency lends another: which, to do what, in which hours, until
//! when, on what document.
//!
//! ```text
//! drafted ──▶ signed for one ──▶ signed for both ──▶ over, or ended before
//!                                       │
//!                                       └─▶ a grant that lives as long as it does
//! ```
//!
//! Who signs for a body is a signatory of it or of one above it. It covers cameras
//! that are the lender's own, at any moment: one that goes to another owner is lent
//! no longer.

use std::collections::BTreeSet;
use std::sync::Arc;

use base::{AgreementId, GroupId, OrganisationId, UserId, WallTime};
use sea_orm::EntityTrait;

use crate::grant::{self, Origin};
use crate::{
    Action, Actions, Camera, Catalog, Class, Error, Grant, Hours, Purpose, Scope, Subject, Tables,
    Terms, User, error, rows,
};

/// An agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// Its id.
    pub id: AgreementId,
    /// What is agreed.
    pub terms: AgreementTerms,
    /// Who drew it up.
    pub drafted: Signature,
    /// Who signed for the owner.
    pub owner_signed: Option<Signature>,
    /// Who signed for the recipient.
    pub recipient_signed: Option<Signature>,
    /// Who ended it before its time, and why.
    pub ended: Option<(Signature, String)>,
}

/// What is agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementTerms {
    /// Its number, which no other has.
    pub number: String,
    /// The document that it stands on.
    pub document: String,
    /// What the recipient needs it for.
    pub purpose: String,
    /// Whose cameras they are.
    pub owner: OrganisationId,
    /// To whom they are lent.
    pub recipient: OrganisationId,
    /// Who of the recipient; all who work there, if not said.
    pub people: Option<GroupId>,
    /// Which of the owner's ordinary cameras.
    pub scope: Scope,
    /// Of these purposes; of any, if none is named.
    pub purposes: BTreeSet<Purpose>,
    /// To do what.
    pub actions: Actions,
    /// In which hours; always, if not said.
    pub hours: Option<Hours>,
    /// The finest picture, in lines.
    pub most_lines: Option<u16>,
    /// How many days back.
    pub playback_days: Option<u16>,
    /// From when on; once it is signed, if not said.
    pub from: Option<WallTime>,
    /// Until when.
    pub until: WallTime,
}

/// That somebody put their name to something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Who.
    pub by: UserId,
    /// When.
    pub at: WallTime,
}

/// How an agreement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgreementState {
    /// It waits for signatures.
    Draft,
    /// Both signed; it is not yet its time.
    NotYet,
    /// It is in force.
    InForce,
    /// Its time is over.
    Over,
    /// It was ended, or will not be signed.
    Ended,
}

/// The longest that one holds, in days: what is needed for longer is agreed anew.
const LONGEST_DAYS: i64 = 5 * 366;

/// The longest text of a document's name or of a purpose.
const MOST_TEXT: usize = 500;

impl Agreement {
    /// Returns whether both signed and nobody ended it.
    pub fn stands(&self) -> bool {
        self.owner_signed.is_some() && self.recipient_signed.is_some() && self.ended.is_none()
    }

    /// Returns how it stands.
    pub fn state(&self, now: WallTime) -> AgreementState {
        match () {
            () if self.ended.is_some() => AgreementState::Ended,
            () if now >= self.terms.until => AgreementState::Over,
            () if !self.stands() => AgreementState::Draft,
            () if self.terms.from.is_some_and(|from| now < from) => AgreementState::NotYet,
            () => AgreementState::InForce,
        }
    }
}

impl AgreementState {
    /// Returns the word that the API uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::NotYet => "not_yet",
            Self::InForce => "in_force",
            Self::Over => "over",
            Self::Ended => "ended",
        }
    }
}

impl Catalog {
    /// Draws an agreement up; it gives nothing before both have signed.
    pub async fn draft_agreement(
        &self,
        terms: AgreementTerms,
        by: UserId,
        at: WallTime,
    ) -> Result<Arc<Agreement>, Error> {
        let mut change = self.begin().await?;
        let terms = terms.checked(&change.tables, at)?;
        let agreement = Arc::new(Agreement {
            id: AgreementId::new(),
            terms,
            drafted: Signature { by, at },
            owner_signed: None,
            recipient_signed: None,
            ended: None,
        });
        let row = rows::agreement::ActiveModel::from(&*agreement);
        rows::agreement::Entity::insert(row).exec_without_returning(&change.rows).await?;
        change.tables.agreements.insert(agreement.id, agreement.clone());
        change.same_rights = true;
        change.commit().await?;
        Ok(agreement)
    }

    /// Signs an agreement for whichever side the person signs for. With the second
    /// signature it gives what it says.
    pub async fn sign_agreement(
        &self,
        id: AgreementId,
        by: UserId,
        at: WallTime,
    ) -> Result<Arc<Agreement>, Error> {
        let mut change = self.begin().await?;
        let tables = &change.tables;
        let there = tables.agreements.get(&id).ok_or(Error::NotFound("agreement"))?;
        let user = tables.users.get(&by).ok_or(Error::NotFound("user"))?;
        let mut signed = Agreement::clone(there);
        if signed.ended.is_some() || at >= signed.terms.until {
            return Err(taken("the agreement has ended; draw up a new one"));
        }
        let mine = |side, signature: &Option<Signature>| {
            tables.signs_for(user, side) && signature.is_none()
        };
        let (owner, recipient) = (signed.terms.owner, signed.terms.recipient);
        let others = [signed.owner_signed, signed.recipient_signed];
        if others.iter().flatten().any(|signature| signature.by == by) {
            return Err(taken(
                "you have signed already; the other side is signed by somebody else",
            ));
        }
        if mine(owner, &signed.owner_signed) {
            signed.owner_signed = Some(Signature { by, at });
        } else if mine(recipient, &signed.recipient_signed) {
            signed.recipient_signed = Some(Signature { by, at });
        } else {
            return Err(taken("what you sign for is signed already, or is neither side of it"));
        }
        if signed.stands() {
            let grant =
                change.tables.new_grant(signed.grants(), None, at, Origin::Agreement(id))?;
            change.keep(&grant).await?;
        }
        let signed = Arc::new(signed);
        let row = rows::agreement::ActiveModel::from(&*signed);
        rows::agreement::Entity::update(row).exec(&change.rows).await?;
        change.tables.agreements.insert(id, signed.clone());
        change.commit().await?;
        Ok(signed)
    }

    /// Ends an agreement, with what it gave: whoever signs for either side may.
    pub async fn end_agreement(
        &self,
        id: AgreementId,
        reason: &str,
        by: UserId,
        at: WallTime,
    ) -> Result<Arc<Agreement>, Error> {
        let reason = text("reason", reason)?;
        let mut change = self.begin().await?;
        let there = change.tables.agreements.get(&id).ok_or(Error::NotFound("agreement"))?;
        if there.ended.is_some() || at >= there.terms.until {
            return Err(taken("the agreement has ended already"));
        }
        let mut ended = Agreement::clone(there);
        ended.ended = Some((Signature { by, at }, reason));
        change.take_back(|grant| grant.origin == Origin::Agreement(id)).await?;
        let ended = Arc::new(ended);
        let row = rows::agreement::ActiveModel::from(&*ended);
        rows::agreement::Entity::update(row).exec(&change.rows).await?;
        change.tables.agreements.insert(id, ended.clone());
        change.commit().await?;
        Ok(ended)
    }
}

impl Tables {
    /// Returns whose a camera is: as it says, or whose its site is.
    pub fn owner(&self, camera: &Camera) -> Option<OrganisationId> {
        self.sites.get(&camera.site).map(|site| camera.particulars.owner_at(site))
    }

    /// Returns whether a person signs for a body: a signatory of it, or of one above.
    pub fn signs_for(&self, user: &User, body: OrganisationId) -> bool {
        user.signatory && user.organisation.is_some_and(|theirs| self.is_within(body, theirs))
    }

    /// Returns the agreement that a grant stands by, if it does.
    pub fn agreement_of(&self, grant: &Grant) -> Option<&Arc<Agreement>> {
        let mut origin = grant.origin;
        for _ in 0..=crate::decide::MOST_HANDS {
            match origin {
                Origin::Agreement(id) => return self.agreements.get(&id),
                Origin::Grant(whole) => origin = self.grants.get(&whole)?.origin,
                Origin::Office | Origin::Emergency => return None,
            }
        }
        None
    }
}

impl Agreement {
    /// Returns what it gives.
    fn grants(&self) -> Terms {
        let terms = &self.terms;
        Terms {
            subject: terms.people.map_or(Subject::Organisation(terms.recipient), Subject::Group),
            scope: terms.scope.clone(),
            class: Class::Ordinary,
            purposes: terms.purposes.clone(),
            permission_set: None,
            actions: terms.actions,
            ptz_priority: 1,
            most_lines: terms.most_lines,
            playback_days: terms.playback_days,
            from: terms.from,
            until: Some(terms.until),
            hours: terms.hours.clone(),
            basis: format!("{} · {}", terms.number, terms.document),
        }
    }
}

impl AgreementTerms {
    fn checked(mut self, tables: &Tables, now: WallTime) -> Result<Self, Error> {
        self.number = error::name("number", &self.number)?;
        self.document = text("document", &self.document)?;
        self.purpose = text("purpose", &self.purpose)?;
        if tables.agreements.values().any(|other| other.terms.number == self.number) {
            let message = format!("there is an agreement {:?} already", self.number);
            return Err(Error::Taken { field: "number", message });
        }
        tables.is_living("owner", Some(self.owner))?;
        tables.is_living("recipient", Some(self.recipient))?;
        if tables.is_within(self.owner, self.recipient)
            || tables.is_within(self.recipient, self.owner)
        {
            let words = "a body lends nothing to itself, to a unit of it or to one above it: give \
                         a grant";
            return Err(Error::invalid("recipient", words));
        }
        if let Some(people) = self.people
            && !tables.groups.contains_key(&people)
        {
            return Err(Error::NotFound("group"));
        }
        let lent = [Action::Live, Action::Playback, Action::Export, Action::Ptz, Action::Sound];
        if let Some(more) = self.actions.iter().find(|action| !lent.contains(action)) {
            let words = format!("an agreement does not lend {}", more.as_str());
            return Err(Error::invalid("actions", words));
        }
        grant::gives_something(self.actions, 1)?;
        grant::limits(self.most_lines, self.playback_days)?;
        match &self.scope {
            Scope::Site(id) if !tables.sites.contains_key(id) => {
                return Err(Error::NotFound("site"));
            }
            Scope::Organisation(id) if !tables.is_within(*id, self.owner) => {
                return Err(Error::invalid("scope", "the owner lends what is its own or a unit's"));
            }
            Scope::All | Scope::Organisation(_) | Scope::Site(_) | Scope::Cameras(_) => {}
        }
        let begins = self.from.unwrap_or(now);
        if self.until <= begins || self.until <= now {
            return Err(Error::invalid("until_us", "the agreement would end before it begins"));
        }
        if self.until.micros_since(begins) > LONGEST_DAYS * 86_400_000_000 {
            let words = "an agreement holds for five years at most; agree anew then";
            return Err(Error::invalid("until_us", words));
        }
        Ok(self)
    }
}

fn text(field: &'static str, text: &str) -> Result<String, Error> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err(Error::invalid(field, format!("{field} is empty; say it in words"))),
        1..=MOST_TEXT => Ok(text.to_owned()),
        more => {
            let words = format!("{field} has {more} characters; {MOST_TEXT} is the most");
            Err(Error::invalid(field, words))
        }
    }
}

fn taken(message: &str) -> Error {
    Error::Taken { field: "id", message: message.to_owned() }
}
