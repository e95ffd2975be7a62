//! A right that somebody gave to somebody: who, with what, to do what, when.
//!
//! ```text
//! subject ── scope ── actions ── conditions                       basis
//! a user     all of a class      from, until                      the document
//! a group    an organisation's   hours of the week                it stands on
//! a body     a site's            priority at PTZ
//!            these cameras
//! ```
//!
//! What grants add up to is `decide.rs`'s.

use std::collections::BTreeSet;
use std::sync::Arc;

use base::{CameraId, GrantId, GroupId, OrganisationId, SiteId, UserId, WallTime};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::catalog::Change;
use crate::{Action, Actions, Catalog, Error, Hours, error, rows};

/// A grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// What was given.
    pub terms: Terms,
    /// Who gave it; nobody, if the installation did.
    pub by: Option<UserId>,
    /// When.
    pub at: WallTime,
    /// Who agreed to it. One of the defence class gives nothing before somebody
    /// other than its giver did.
    pub agreed: Option<UserId>,
}

/// What a grant gives to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// To whom.
    pub subject: Subject,
    /// With which cameras.
    pub scope: Scope,
    /// Of which class: a grant covers cameras of this one alone, so that one of
    /// the defence class needs a grant that names it.
    pub class: Class,
    /// To do what. Each includes knowing that the camera exists.
    pub actions: Actions,
    /// Who steers where several want to: the higher, 1 to 9.
    pub ptz_priority: u8,
    /// From when on; at once, if not said.
    pub from: Option<WallTime>,
    /// Until when; until it is revoked, if not said.
    pub until: Option<WallTime>,
    /// In which hours something may be done; always, if not said. That the
    /// camera exists is known at any hour.
    pub hours: Option<Hours>,
    /// On what it stands, such as the number of a decision.
    pub basis: String,
}

/// To whom something is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// One person.
    User(UserId),
    /// Whoever is in a group.
    Group(GroupId),
    /// Whoever works for an organisation or a unit of it.
    Organisation(OrganisationId),
}

/// With which cameras, of those of a class.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// All of them.
    All,
    /// Those on sites of an organisation or a unit of it.
    Organisation(OrganisationId),
    /// Those of a site.
    Site(SiteId),
    /// These.
    Cameras(BTreeSet<CameraId>),
}

/// How closely a camera is guarded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// As most are.
    #[default]
    Ordinary,
    /// Of defence: without a grant that names the class it is not there.
    Defence,
}

/// The most cameras that one grant names.
const MOST_CAMERAS: usize = 5_000;

impl Subject {
    /// Returns the word for its kind, and its id.
    pub fn row(self) -> (&'static str, uuid::Uuid) {
        match self {
            Self::User(id) => ("user", id.0),
            Self::Group(id) => ("group", id.0),
            Self::Organisation(id) => ("organisation", id.0),
        }
    }
}

impl Class {
    /// Returns the word that rows and the API use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ordinary => "ordinary",
            Self::Defence => "defence",
        }
    }

    /// Reads the word that [`Class::as_str`] writes.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Ordinary, Self::Defence].into_iter().find(|class| class.as_str() == word)
    }
}

impl Grant {
    /// Returns whether it still waits for somebody to agree to it.
    pub fn is_pending(&self) -> bool {
        self.terms.class == Class::Defence && self.agreed.is_none()
    }
}

impl Catalog {
    /// Gives a right. `by` is who gives it; nobody, if the installation does.
    pub async fn give(
        &self,
        terms: Terms,
        by: Option<UserId>,
        at: WallTime,
    ) -> Result<Arc<Grant>, Error> {
        let terms = terms.checked()?;
        let mut change = self.begin().await?;
        let tables = &change.tables;
        let (is_there, what) = match terms.subject {
            Subject::User(id) => (tables.users.contains_key(&id), "user"),
            Subject::Group(id) => (tables.groups.contains_key(&id), "group"),
            Subject::Organisation(id) => (tables.organisations.contains_key(&id), "organisation"),
        };
        if !is_there {
            return Err(Error::NotFound(what));
        }
        // Whether a camera of a list is there is not said: it may be one that
        // whoever gives the grant may not know of.
        match &terms.scope {
            Scope::Site(id) if !tables.sites.contains_key(id) => {
                return Err(Error::NotFound("site"));
            }
            Scope::Organisation(id) => tables.there_is(Some(*id))?,
            Scope::All | Scope::Site(_) | Scope::Cameras(_) => {}
        }
        let given = Arc::new(Grant { id: GrantId::new(), terms, by, at, agreed: None });
        let row = rows::grant::ActiveModel::from(&*given);
        rows::grant::Entity::insert(row).exec_without_returning(&change.rows).await?;
        change.tables.grants.insert(given.id, given.clone());
        change.commit().await?;
        Ok(given)
    }

    /// Agrees to a grant of the defence class; nobody agrees to their own.
    pub async fn agree(&self, id: GrantId, by: UserId) -> Result<Arc<Grant>, Error> {
        let mut change = self.begin().await?;
        let grant = change.tables.grants.get_mut(&id).ok_or(Error::NotFound("grant"))?;
        if grant.by == Some(by) {
            let message = "somebody else agrees to what you gave".to_owned();
            return Err(Error::Taken { field: "id", message });
        }
        if !grant.is_pending() {
            let message = "the grant waits for nobody's agreement".to_owned();
            return Err(Error::Taken { field: "id", message });
        }
        Arc::make_mut(grant).agreed = Some(by);
        let agreed = grant.clone();
        rows::grant::Entity::update(rows::grant::ActiveModel::from(&*agreed))
            .exec(&change.rows)
            .await?;
        change.commit().await?;
        Ok(agreed)
    }

    /// Takes a right away again; what plays by it ends.
    pub async fn revoke(&self, id: GrantId) -> Result<Arc<Grant>, Error> {
        let mut change = self.begin().await?;
        let grant = change.tables.grants.remove(&id).ok_or(Error::NotFound("grant"))?;
        rows::grant::Entity::delete_by_id(id.0).exec(&change.rows).await?;
        change.commit().await?;
        Ok(grant)
    }
}

impl Change {
    /// Removes what a subject was given, which is about to go.
    pub(crate) async fn forget(&mut self, subject: Subject) -> Result<(), Error> {
        self.tables.grants.retain(|_, grant| grant.terms.subject != subject);
        let (_, id) = subject.row();
        rows::grant::Entity::delete_many()
            .filter(rows::grant::Column::SubjectId.eq(id))
            .exec(&self.rows)
            .await?;
        Ok(())
    }
}

impl Terms {
    /// Returns what an operator usually has: the video of all ordinary cameras.
    pub fn usual(subject: Subject) -> Self {
        use Action::{Export, Live, Playback, Ptz, Sound};
        Self {
            subject,
            scope: Scope::All,
            class: Class::Ordinary,
            actions: [Live, Playback, Export, Ptz, Sound].into_iter().collect(),
            ptz_priority: 5,
            from: None,
            until: None,
            hours: None,
            basis: String::new(),
        }
    }

    /// Returns whether its time has come and is not over.
    pub fn is_in_force(&self, now: WallTime) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }

    /// Returns whether it gives `action`: each that is given includes to see.
    pub fn gives(&self, action: Action) -> bool {
        action == Action::See || self.actions.contains(action)
    }

    /// Returns whether `action` is within its hours now, which do not limit to see.
    pub fn is_open_to(&self, action: Action, now: WallTime) -> bool {
        action == Action::See || self.hours.as_ref().is_none_or(|hours| hours.contain(now))
    }

    pub(crate) fn checked(mut self) -> Result<Self, Error> {
        if self.actions.is_empty() {
            return Err(Error::invalid("actions", "a grant gives at least one action"));
        }
        if !(1..=9).contains(&self.ptz_priority) {
            return Err(Error::invalid("ptz_priority", "a priority is from 1 to 9"));
        }
        if let (Some(from), Some(until)) = (self.from, self.until)
            && until <= from
        {
            return Err(Error::invalid("until_us", "the grant would end before it begins"));
        }
        if let Scope::Cameras(cameras) = &self.scope
            && !(1..=MOST_CAMERAS).contains(&cameras.len())
        {
            let words = format!(
                "a grant names 1 to {MOST_CAMERAS} cameras; give a site or an organisation for more"
            );
            return Err(Error::invalid("scope", words));
        }
        self.basis = error::name("basis", &self.basis)?;
        Ok(self)
    }
}
