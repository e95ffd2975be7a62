//! A right that somebody gave to somebody: who, with what, to do what, when.
//!
//! ```text
//! subject ── scope ── purposes ── actions ── conditions            basis
//! a user     all of a class       from, until                     the document
//! a group    an organisation's    hours of the week               it stands on
//! a body     a site's             the finest picture
//!            these cameras        how far back
//! ```
//!
//! Some are given by an administrator; some by whoever was given to *share*, out
//! of the grant that says so; some stand as long as an agreement does; some
//! somebody took for themselves in an emergency, for minutes.
//!
//! What grants add up to is `decide.rs`'s.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use base::{
    AgreementId, CameraId, GrantId, GroupId, OrganisationId, PermissionSetId, SiteId, UserId,
    WallTime,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::catalog::Change;
use crate::decide::MOST_HANDS;
use crate::{Action, Actions, Catalog, Error, Hours, PermissionSet, Purpose, Tables, error, rows};

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
    /// Out of what it was given.
    pub origin: Origin,
}

/// Out of what a grant was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Origin {
    /// An administrator's say, or the installation's.
    #[default]
    Office,
    /// A grant that gives to share: this one gives nothing that that one does not,
    /// and goes with it.
    Grant(GrantId),
    /// An agreement: it goes with it.
    Agreement(AgreementId),
    /// An emergency: whoever holds it took it, and somebody else reviews that.
    Emergency,
}

/// What somebody wants to see of a camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sight {
    /// How fine the picture is, in lines, if that is known.
    pub lines: Option<u16>,
    /// The earliest moment of it; that of asking, if it is live.
    pub from: WallTime,
}

/// How far what was granted reaches; without bounds where nothing is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// The finest picture, in lines.
    pub lines: Option<u16>,
    /// The earliest moment.
    pub from: Option<WallTime>,
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
    /// Only those that watch for one of these; whatever they watch for, if none is
    /// named.
    pub purposes: BTreeSet<Purpose>,
    /// The set of permissions that says what may be done, if one does: what stands
    /// here was copied out of it and follows it.
    pub permission_set: Option<PermissionSetId>,
    /// To do what. Each includes knowing that the camera exists.
    pub actions: Actions,
    /// Who steers where several want to: the higher, 1 to 9.
    pub ptz_priority: u8,
    /// The finest picture that is shown or taken out, in lines; any, if not said.
    pub most_lines: Option<u16>,
    /// How many days back footage is played or taken out; all there is, if not said.
    pub playback_days: Option<u16>,
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
        let mut change = self.begin().await?;
        let origin = Origin::Office;
        let given = change.tables.new_grant(terms, by, at, origin)?;
        change.keep(&given).await?;
        change.commit().await?;
        Ok(given)
    }

    /// Gives some of what a grant gives that says to share.
    pub async fn share(
        &self,
        out_of: GrantId,
        terms: Terms,
        by: UserId,
        at: WallTime,
    ) -> Result<Arc<Grant>, Error> {
        let mut change = self.begin().await?;
        let whole = change.tables.grants.get(&out_of).ok_or(Error::NotFound("grant"))?.clone();
        if change.tables.hands(&whole) >= MOST_HANDS {
            let words = "the right went through too many hands; ask for a grant of its own";
            return Err(Error::invalid("out_of", words));
        }
        let terms = terms.out_of(&whole)?;
        let given = change.tables.new_grant(terms, Some(by), at, Origin::Grant(out_of))?;
        change.keep(&given).await?;
        change.commit().await?;
        Ok(given)
    }

    /// Takes a right for minutes, in an emergency.
    pub async fn take_in_emergency(&self, terms: Terms, at: WallTime) -> Result<Arc<Grant>, Error> {
        let Subject::User(by) = terms.subject else {
            return Err(Error::invalid("subject", "a person takes a right for themselves alone"));
        };
        if terms.class != Class::Ordinary || terms.until.is_none() {
            let words = "in an emergency cameras of the ordinary class are opened, until a moment";
            return Err(Error::invalid("scope", words));
        }
        let mut change = self.begin().await?;
        let given = change.tables.new_grant(terms, Some(by), at, Origin::Emergency)?;
        change.keep(&given).await?;
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
        change.write_grant(&agreed).await?;
        change.commit().await?;
        Ok(agreed)
    }

    /// Takes a right away again, with what was given out of it; what plays by them
    /// ends.
    pub async fn revoke(&self, id: GrantId) -> Result<Arc<Grant>, Error> {
        let mut change = self.begin().await?;
        let grant = change.tables.grants.get(&id).ok_or(Error::NotFound("grant"))?.clone();
        if let Origin::Agreement(_) = grant.origin {
            let message = "the grant stands by an agreement; end the agreement".to_owned();
            return Err(Error::InUse { field: "id", message });
        }
        change.take_back(|grant| grant.id == id).await?;
        change.commit().await?;
        Ok(grant)
    }
}

impl Change {
    /// Removes what a subject was given, which is about to go.
    pub(crate) async fn forget(&mut self, subject: Subject) -> Result<(), Error> {
        self.take_back(|grant| grant.terms.subject == subject).await
    }

    /// Removes some grants, with all that was given out of them.
    pub(crate) async fn take_back(&mut self, goes: impl Fn(&Grant) -> bool) -> Result<(), Error> {
        let all = self.tables.grants.values();
        let mut gone: BTreeSet<_> = all.filter(|grant| goes(grant)).map(|grant| grant.id).collect();
        loop {
            let out_of_them = |grant: &&Arc<Grant>| match grant.origin {
                Origin::Grant(whole) => gone.contains(&whole) && !gone.contains(&grant.id),
                Origin::Office | Origin::Agreement(_) | Origin::Emergency => false,
            };
            let more: Vec<_> =
                self.tables.grants.values().filter(out_of_them).map(|grant| grant.id).collect();
            if more.is_empty() {
                break;
            }
            gone.extend(more);
        }
        self.tables.grants.retain(|id, _| !gone.contains(id));
        rows::grant::Entity::delete_many()
            .filter(rows::grant::Column::Id.is_in(gone.iter().map(|id| id.0)))
            .exec(&self.rows)
            .await?;
        Ok(())
    }

    /// Keeps a grant that was not there.
    pub(crate) async fn keep(&mut self, grant: &Arc<Grant>) -> Result<(), Error> {
        let row = rows::grant::ActiveModel::from(&**grant);
        rows::grant::Entity::insert(row).exec_without_returning(&self.rows).await?;
        self.tables.grants.insert(grant.id, grant.clone());
        Ok(())
    }

    /// Writes a grant that was there as it is now.
    pub(crate) async fn write_grant(&mut self, grant: &Arc<Grant>) -> Result<(), Error> {
        let row = rows::grant::ActiveModel::from(&**grant);
        rows::grant::Entity::update(row).exec(&self.rows).await?;
        self.tables.grants.insert(grant.id, grant.clone());
        Ok(())
    }
}

impl Tables {
    /// Returns how many hands a grant went through.
    fn hands(&self, grant: &Grant) -> usize {
        let mut origin = grant.origin;
        let mut hands = 1;
        while let Origin::Grant(whole) = origin
            && hands < MOST_HANDS
        {
            hands += 1;
            origin = self.grants.get(&whole).map_or(Origin::Office, |whole| whole.origin);
        }
        hands
    }

    /// Returns a grant of these terms, if all that they name is there.
    pub(crate) fn new_grant(
        &self,
        terms: Terms,
        by: Option<UserId>,
        at: WallTime,
        origin: Origin,
    ) -> Result<Arc<Grant>, Error> {
        let mut terms = terms;
        if let Some(set) = terms.permission_set {
            let set = self.permission_sets.get(&set).ok_or(Error::NotFound("permission set"))?;
            terms.follow(set);
        }
        let terms = terms.checked()?;
        let (is_there, what) = match terms.subject {
            Subject::User(id) => (self.users.contains_key(&id), "user"),
            Subject::Group(id) => (self.groups.contains_key(&id), "group"),
            Subject::Organisation(id) => (self.organisations.contains_key(&id), "organisation"),
        };
        if !is_there {
            return Err(Error::NotFound(what));
        }
        // Whether a camera of a list is there is not said: it may be one that
        // whoever gives the grant may not know of.
        match &terms.scope {
            Scope::Site(id) if !self.sites.contains_key(id) => {
                return Err(Error::NotFound("site"));
            }
            Scope::Organisation(id) => self.there_is(Some(*id))?,
            Scope::All | Scope::Site(_) | Scope::Cameras(_) => {}
        }
        Ok(Arc::new(Grant { id: GrantId::new(), terms, by, at, agreed: None, origin }))
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
            purposes: BTreeSet::new(),
            permission_set: None,
            actions: [Live, Playback, Export, Ptz, Sound].into_iter().collect(),
            ptz_priority: 5,
            most_lines: None,
            playback_days: None,
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

    /// Returns whether it shows this, where it gives to show something: as fine as
    /// that, from as long ago.
    pub fn shows(&self, action: Action, sight: Sight, now: WallTime) -> bool {
        !self.is_too_fine(action, sight) && !self.is_too_old(action, sight, now)
    }

    /// Returns whether these pictures have more lines than it shows, or nobody knows how
    /// many.
    pub(crate) fn is_too_fine(&self, action: Action, sight: Sight) -> bool {
        let pictures = matches!(action, Action::Live | Action::Playback | Action::Export);
        let is_fine = |most| sight.lines.is_none_or(|lines| lines > most);
        pictures && self.most_lines.is_some_and(is_fine)
    }

    /// Returns whether these pictures are from longer ago than it shows.
    pub(crate) fn is_too_old(&self, action: Action, sight: Sight, now: WallTime) -> bool {
        let past = matches!(action, Action::Playback | Action::Export);
        past && self.playback_days.is_some_and(|days| sight.from < now.minus(days_long(days)))
    }

    /// Returns how far it reaches.
    pub(crate) fn reach(&self, now: WallTime) -> Reach {
        let from = self.playback_days.map(|days| now.minus(days_long(days)));
        Reach { lines: self.most_lines, from }
    }

    /// Returns whether what it gives depends on more than the camera and the action.
    pub(crate) fn has_conditions(&self) -> bool {
        self.from.is_some()
            || self.until.is_some()
            || self.hours.is_some()
            || self.most_lines.is_some()
            || self.playback_days.is_some()
    }

    /// Takes over what a set of permissions says.
    pub(crate) fn follow(&mut self, set: &PermissionSet) {
        self.permission_set = Some(set.id);
        self.actions = set.actions;
        self.ptz_priority = set.ptz_priority;
        self.most_lines = set.most_lines;
        self.playback_days = set.playback_days;
    }

    /// Narrows what a grant gives to what the grant gives that it came out of.
    pub(crate) fn narrow(&mut self, whole: &Self) {
        self.actions = self.actions.both(whole.actions);
        self.ptz_priority = self.ptz_priority.min(whole.ptz_priority);
        self.most_lines = lesser(self.most_lines, whole.most_lines);
        self.playback_days = lesser(self.playback_days, whole.playback_days);
        self.from = self.from.max(whole.from);
        self.until = lesser(self.until, whole.until);
        self.hours = match (self.hours.take(), &whole.hours) {
            (Some(own), Some(of_whole)) => Some(own.within(of_whole)),
            (own, of_whole) => own.or_else(|| of_whole.clone()),
        };
    }

    /// Returns these terms, if they ask for nothing that a grant does not give that
    /// says to share.
    fn out_of(self, whole: &Grant) -> Result<Self, Error> {
        let of = &whole.terms;
        if whole.is_pending() || !of.actions.contains(Action::Share) {
            let words = "the grant does not give to share; name one that does";
            return Err(Error::invalid("out_of", words));
        }
        if self.permission_set.is_some() {
            let words = "what is shared is named action by action, out of the grant that gives it";
            return Err(Error::invalid("permission_set", words));
        }
        if self.class != of.class {
            let words = "the grant that this is given out of covers cameras of another class";
            return Err(Error::invalid("class", words));
        }
        if let Some(more) = self.actions.iter().find(|action| !of.gives(*action)) {
            let words = format!("the grant does not give {} to share", more.as_str());
            return Err(Error::invalid("actions", words));
        }
        if of.until.is_some_and(|until| self.until.is_none_or(|own| own > until)) {
            let words = "what is shared ends no later than the grant it comes out of";
            return Err(Error::invalid("until_us", words));
        }
        Ok(self)
    }

    pub(crate) fn checked(mut self) -> Result<Self, Error> {
        gives_something(self.actions, self.ptz_priority)?;
        if let (Some(from), Some(until)) = (self.from, self.until)
            && until <= from
        {
            return Err(Error::invalid("until_us", "the grant would end before it begins"));
        }
        limits(self.most_lines, self.playback_days)?;
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

impl Reach {
    /// Returns as far as either reaches.
    pub(crate) fn or(self, other: Self) -> Self {
        let lines = self.lines.zip(other.lines).map(|(one, other)| one.max(other));
        let from = self.from.zip(other.from).map(|(one, other)| one.min(other));
        Self { lines, from }
    }
}

/// Refuses what gives nothing.
pub(crate) fn gives_something(actions: Actions, ptz_priority: u8) -> Result<(), Error> {
    if actions.is_empty() {
        return Err(Error::invalid("actions", "a grant gives at least one action"));
    }
    if !(1..=9).contains(&ptz_priority) {
        return Err(Error::invalid("ptz_priority", "a priority is from 1 to 9"));
    }
    Ok(())
}

/// Refuses limits that would leave nothing.
pub(crate) fn limits(most_lines: Option<u16>, playback_days: Option<u16>) -> Result<(), Error> {
    if most_lines.is_some_and(|lines| !(100..=10_000).contains(&lines)) {
        return Err(Error::invalid("most_lines", "a picture has 100 to 10000 lines"));
    }
    if playback_days.is_some_and(|days| !(1..=3_650).contains(&days)) {
        let words = "footage is looked back at for 1 to 3650 days; leave it out for all there is";
        return Err(Error::invalid("playback_days", words));
    }
    Ok(())
}

fn days_long(days: u16) -> Duration {
    Duration::from_secs(u64::from(days) * 24 * 60 * 60)
}

/// The lesser of two bounds, of which either may be none.
fn lesser<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
