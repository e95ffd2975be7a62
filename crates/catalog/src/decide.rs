//! Who may do what with which camera. Pure: no row, no clock, no HTTP.
//!
//! ```text
//!                  see   configure   share, plan   live … review          audit
//! administrator     ✓        ✓            ✓            –                    –
//! operator        by grant  by grant    by grant     by grant               –
//! auditor           –        –            –            –                    ✓
//! ```
//!
//! What administrators hold, they hold of the ordinary class: whatever is of
//! defence takes a grant that names it. Sound takes a grant and a camera whose
//! sound is authorised. What was given out of a grant reaches as far as that grant
//! does; what stands by an agreement, as far as the lender's own cameras.
//!
//! > Every caller that touches a camera for somebody asks here first, for that
//! > camera, that action and that moment, and treats one that may not be seen as
//! > absent.
//!
//! The question is answered from a [`World`]: all that decisions are made of, as
//! of one commit. In it, each person who asked has their [`Rights`]: a set of
//! cameras for each action, where nothing depends on the moment, and the rest
//! grant by grant.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use base::{AgreementId, CameraId, GrantId, OrganisationId, SiteId, UserId, WallTime};

use crate::cameras::{Cameras, Index};
use crate::{
    Action, Camera, Class, Grant, Group, Organisation, Origin, Purpose, Reach, Role, Scope, Sight,
    Site, Subject, Tables, User,
};

/// How many hands a right may go through: whoever was given to share gives to share.
pub(crate) const MOST_HANDS: usize = 8;

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It may be done.
    Allowed,
    /// It may not, for this reason in words.
    Denied(&'static str),
}

/// All that decisions are made of, as of one commit.
#[derive(Debug)]
pub struct World {
    compiled: Arc<Compiled>,
    /// Of those who asked. They hold what was compiled and not the world, which
    /// would keep itself alive by them.
    rights: Mutex<HashMap<UserId, Arc<Rights>>>,
}

/// What the tables said, as decisions look it up.
#[derive(Debug)]
struct Compiled {
    index: HashMap<CameraId, Index>,
    /// By index.
    cameras: Vec<Known>,
    /// Of each class, by [`Class`].
    classes: [Cameras; 2],
    /// Those whose sound is authorised.
    heard: Cameras,
    of_site: HashMap<SiteId, Vec<Index>>,
    /// Those that watch for something, by [`Purpose`].
    of_purpose: Vec<Cameras>,
    /// Whose each is, by index.
    owners: Vec<Option<OrganisationId>>,
    /// Who lends by each agreement that stands.
    lenders: HashMap<AgreementId, OrganisationId>,
    sites_of: HashMap<OrganisationId, Vec<SiteId>>,
    units_of: HashMap<OrganisationId, Vec<OrganisationId>>,
    parents: HashMap<OrganisationId, OrganisationId>,
    groups_of: HashMap<UserId, Vec<Subject>>,
    /// Each narrowed to what it was given out of.
    grants_to: HashMap<Subject, Vec<Arc<Grant>>>,
    grants: HashMap<GrantId, Arc<Grant>>,
}

/// What of a camera decisions depend on.
#[derive(Clone, Copy, Debug)]
struct Known {
    id: CameraId,
    class: Class,
    sound: bool,
}

/// What one person may do, as of one commit.
#[derive(Debug)]
pub struct Rights {
    compiled: Arc<Compiled>,
    role: Role,
    /// What was given to them and stands.
    given: Vec<Arc<Grant>>,
    /// Cameras by [`Action`], whatever the moment.
    always: [Cameras; Action::ALL.len()],
    /// What depends on the moment, or on what is to be seen.
    conditional: Vec<(Arc<Grant>, Cameras)>,
    /// All that gives something, for whoever asks by which grant.
    all: Vec<(Arc<Grant>, Cameras)>,
}

/// How a grant stands to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It allows what was asked.
    Allows,
    /// It does not name the person, nor what they belong to.
    OtherSubject,
    /// It covers cameras of another class.
    OtherClass,
    /// It does not cover the camera.
    OtherCamera,
    /// It gives other actions.
    OtherAction,
    /// It names the defence class, and nobody agreed to it yet.
    NotAgreed,
    /// It is not yet in force.
    NotYet,
    /// It is over.
    Over,
    /// It gives this at other hours.
    OtherHours,
    /// It shows no pictures as fine as those that were asked about.
    TooFine,
    /// It shows no pictures from as long ago.
    TooOld,
    /// It would allow this, but whoever administers or audits holds no video.
    Role,
    /// It would allow this, but the sound of the camera is not authorised.
    NoSound,
}

impl Decision {
    /// Returns whether it may be done.
    pub fn is_allowed(self) -> bool {
        self == Self::Allowed
    }
}

impl World {
    /// Compiles what the tables say.
    pub fn new(tables: &Tables) -> Self {
        Self { compiled: Arc::new(Compiled::new(tables)), rights: Mutex::default() }
    }

    /// Returns what a person may do.
    pub fn rights(&self, user: &User) -> Arc<Rights> {
        let mut known = self.rights.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever asks a second time after their role changed asks another world.
        let new = || Arc::new(Rights::new(self.compiled.clone(), user));
        known.entry(user.id).or_insert_with(new).clone()
    }

    /// Returns how each grant that names the person or covers the camera stands to
    /// the question, which may be about certain pictures; in order of their making.
    ///
    /// > The act is allowed by a grant exactly if one of them [`Standing::Allows`].
    pub fn explain(
        &self,
        user: &User,
        camera: CameraId,
        action: Action,
        sight: Option<Sight>,
        now: WallTime,
    ) -> Vec<(Arc<Grant>, Standing)> {
        let compiled = &*self.compiled;
        let Some(&at) = compiled.index.get(&camera) else { return Vec::new() };
        let subjects: HashSet<_> = compiled.subjects(user).into_iter().collect();
        let mut told = Vec::new();
        for grant in compiled.grants_to.values().flatten() {
            let named = subjects.contains(&grant.terms.subject);
            let covered = compiled.covered(grant).contains(at);
            if named || covered {
                let ask = Ask { at, action, sight, now, role: user.role };
                told.push((grant.clone(), compiled.stands(grant, named, covered, ask)));
            }
        }
        told.sort_by_key(|(grant, _)| grant.id);
        told
    }
}

/// A question about a camera, somebody's part in it being their role.
#[derive(Clone, Copy)]
struct Ask {
    at: Index,
    action: Action,
    sight: Option<Sight>,
    now: WallTime,
    role: Role,
}

impl Compiled {
    fn new(tables: &Tables) -> Self {
        let known: Vec<_> = tables
            .cameras
            .values()
            .map(|camera| Known { id: camera.id, class: camera.class, sound: camera.sound })
            .collect();
        let mut of_site: HashMap<SiteId, Vec<Index>> = HashMap::new();
        for (at, camera) in tables.cameras.values().enumerate() {
            of_site.entry(camera.site).or_default().push(at as Index);
        }
        let of_class = |class| {
            let all = known.iter().enumerate().filter(|(_, camera)| camera.class == class);
            Cameras::of(known.len(), all.map(|(at, _)| at as Index))
        };
        let heard = known.iter().enumerate().filter(|(_, camera)| camera.sound);
        let heard = Cameras::of(known.len(), heard.map(|(at, _)| at as Index));
        let (mut grants_to, mut grants) = (HashMap::<Subject, Vec<_>>::new(), HashMap::new());
        for grant in tables.grants.values().filter_map(|grant| narrowed(tables, grant)) {
            grants_to.entry(grant.terms.subject).or_default().push(grant.clone());
            grants.insert(grant.id, grant);
        }
        let of = |which: &dyn Fn(&Camera) -> bool| {
            let all = tables.cameras.values().enumerate().filter(|(_, camera)| which(camera));
            Cameras::of(known.len(), all.map(|(at, _)| at as Index))
        };
        let watches = |purpose: &Purpose| {
            of(&|camera: &Camera| camera.particulars.purposes.contains(purpose))
        };
        let standing = tables.agreements.values().filter(|agreement| agreement.stands());
        Self {
            of_purpose: Purpose::ALL.iter().map(watches).collect(),
            owners: tables.cameras.values().map(|camera| tables.owner(camera)).collect(),
            lenders: standing.map(|agreement| (agreement.id, agreement.terms.owner)).collect(),
            grants,
            index: known.iter().enumerate().map(|(at, one)| (one.id, at as Index)).collect(),
            classes: [Class::Ordinary, Class::Defence].map(of_class),
            of_site,
            sites_of: gathered(
                tables.sites.values().map(|Site { id, organisation, .. }| (*organisation, *id)),
            ),
            units_of: gathered(units(tables).map(|(unit, parent)| (parent, unit))),
            parents: units(tables).collect(),
            groups_of: gathered(tables.groups.values().flat_map(
                |Group { id, members, .. }| {
                    members.iter().map(|member| (*member, Subject::Group(*id)))
                },
            )),
            grants_to,
            heard,
            cameras: known,
        }
    }

    fn stands(&self, grant: &Grant, named: bool, covered: bool, ask: Ask) -> Standing {
        let Ask { at, action, sight, now, role } = ask;
        let (terms, camera) = (&grant.terms, self.cameras[at as usize]);
        match () {
            () if !named => Standing::OtherSubject,
            () if terms.class != camera.class => Standing::OtherClass,
            () if !covered => Standing::OtherCamera,
            () if !terms.gives(action) => Standing::OtherAction,
            () if grant.is_pending() => Standing::NotAgreed,
            () if terms.from.is_some_and(|from| now < from) => Standing::NotYet,
            () if !terms.is_in_force(now) => Standing::Over,
            () if !terms.is_open_to(action, now) => Standing::OtherHours,
            () if sight.is_some_and(|sight| terms.is_too_fine(action, sight)) => Standing::TooFine,
            () if sight.is_some_and(|sight| terms.is_too_old(action, sight, now)) => {
                Standing::TooOld
            }
            () if withheld(role, action) => Standing::Role,
            () if action == Action::Sound && !camera.sound => Standing::NoSound,
            () => Standing::Allows,
        }
    }

    /// Returns all that a grant may name a person as.
    fn subjects(&self, user: &User) -> Vec<Subject> {
        let mut subjects = vec![Subject::User(user.id)];
        subjects.extend(self.groups_of.get(&user.id).into_iter().flatten());
        let mut next = user.organisation;
        while let Some(organisation) = next {
            let subject = Subject::Organisation(organisation);
            // A tree has no circle, and what another program wrote may.
            if subjects.contains(&subject) {
                break;
            }
            subjects.push(subject);
            next = self.parents.get(&organisation).copied();
        }
        subjects
    }

    /// Returns the cameras that a grant covers.
    fn covered(&self, grant: &Grant) -> Cameras {
        let mut covered = self.named(grant);
        if !grant.terms.purposes.is_empty() {
            let mut watching = Cameras::none();
            for purpose in &grant.terms.purposes {
                watching.add(&self.of_purpose[*purpose as usize]);
            }
            covered = covered.intersection(&watching);
        }
        let bound = match grant.origin {
            Origin::Office | Origin::Emergency => return covered,
            Origin::Grant(whole) => self.grants.get(&whole).map(|whole| self.covered(whole)),
            Origin::Agreement(agreement) => self.lenders.get(&agreement).map(|&id| self.owned(id)),
        };
        covered.intersection(&bound.unwrap_or_else(Cameras::none))
    }

    /// Returns the cameras of a body or of a unit of it.
    fn owned(&self, organisation: OrganisationId) -> Cameras {
        let units: HashSet<_> = self.within(organisation).into_iter().collect();
        let owned = self.owners.iter().enumerate();
        let owned = owned.filter(|(_, owner)| owner.is_some_and(|owner| units.contains(&owner)));
        Cameras::of(self.owners.len(), owned.map(|(at, _)| at as Index))
    }

    /// Returns the cameras that a grant names, whatever it came out of.
    fn named(&self, grant: &Grant) -> Cameras {
        let class = &self.classes[grant.terms.class as usize];
        let of = |all: Vec<Index>| {
            let all = all.into_iter().filter(|&at| class.contains(at));
            Cameras::of(self.cameras.len(), all)
        };
        match &grant.terms.scope {
            Scope::All => class.clone(),
            Scope::Organisation(organisation) => {
                let sites = self.within(*organisation).into_iter();
                let sites = sites.filter_map(|unit| self.sites_of.get(&unit)).flatten();
                of(sites.filter_map(|site| self.of_site.get(site)).flatten().copied().collect())
            }
            Scope::Site(site) => of(self.of_site.get(site).cloned().unwrap_or_default()),
            Scope::Cameras(cameras) => {
                of(cameras.iter().filter_map(|camera| self.index.get(camera)).copied().collect())
            }
        }
    }

    /// Returns an organisation with all its units.
    fn within(&self, organisation: OrganisationId) -> Vec<OrganisationId> {
        let (mut found, mut seen) = (vec![organisation], HashSet::from([organisation]));
        let mut next = 0;
        while let Some(one) = found.get(next) {
            let units = self.units_of.get(one).into_iter().flatten();
            let units: Vec<_> = units.filter(|unit| seen.insert(**unit)).copied().collect();
            found.extend(units);
            next += 1;
        }
        found
    }
}

impl Rights {
    fn new(compiled: Arc<Compiled>, user: &User) -> Self {
        let role = user.role;
        let mut rights = Self {
            always: std::array::from_fn(|_| Cameras::none()),
            conditional: Vec::new(),
            all: Vec::new(),
            role,
            given: Vec::new(),
            compiled,
        };
        if role == Role::Administrator {
            let ordinary = &rights.compiled.classes[Class::Ordinary as usize];
            for action in [Action::See, Action::Configure, Action::Share, Action::Plan] {
                rights.always[action as usize] = ordinary.clone();
            }
        }
        for subject in rights.compiled.subjects(user) {
            for grant in rights.compiled.grants_to.get(&subject).into_iter().flatten() {
                if grant.is_pending() {
                    continue;
                }
                rights.given.push(grant.clone());
                // Of cameras, an auditor holds none of it.
                if role == Role::Auditor {
                    continue;
                }
                let covered = rights.compiled.covered(grant);
                let terms = &grant.terms;
                rights.all.push((grant.clone(), covered.clone()));
                if terms.has_conditions() {
                    rights.conditional.push((grant.clone(), covered));
                    continue;
                }
                for action in Action::ALL {
                    if withheld(role, action) || !terms.gives(action) {
                        continue;
                    }
                    let given = match action {
                        Action::Sound => covered.intersection(&rights.compiled.heard),
                        _ => covered.clone(),
                    };
                    rights.always[action as usize].add(&given);
                }
            }
        }
        rights
    }

    /// Returns whether this person may do `action` with a camera now; what shows or
    /// takes out pictures, at least with some of them.
    pub fn decide(&self, camera: CameraId, action: Action, now: WallTime) -> Decision {
        match self.compiled.index.get(&camera) {
            Some(&at) if self.holds(at, action, None, now) => Decision::Allowed,
            at => Decision::Denied(self.why_not(at.copied(), action)),
        }
    }

    /// Returns whether this person may do `action` now with these pictures of a
    /// camera.
    pub fn shows(&self, camera: CameraId, action: Action, sight: Sight, now: WallTime) -> Decision {
        match self.compiled.index.get(&camera) {
            Some(&at) if self.holds(at, action, Some(sight), now) => Decision::Allowed,
            Some(&at) if self.holds(at, action, None, now) => Decision::Denied(TOO_MUCH),
            at => Decision::Denied(self.why_not(at.copied(), action)),
        }
    }

    /// Returns how far what this person may do with a camera now reaches at most, if
    /// they may: what lies within may still be more than one grant gives.
    pub fn reach(&self, camera: CameraId, action: Action, now: WallTime) -> Option<Reach> {
        let &at = self.compiled.index.get(&camera)?;
        if !self.holds(at, action, None, now) {
            return None;
        }
        let mut reach: Option<Reach> = None;
        for (grant, cameras) in &self.all {
            let terms = &grant.terms;
            let open = terms.is_in_force(now) && terms.is_open_to(action, now);
            if terms.gives(action) && open && cameras.contains(at) {
                let own = terms.reach(now);
                reach = Some(match reach {
                    None => own,
                    Some(other) => other.or(own),
                });
            }
        }
        // What is held by one's role has no bounds.
        reach.or_else(|| Some(Reach::default()))
    }

    /// Returns by which grant this person may do `action` with a camera now, if by one:
    /// of several, that which is their own before what was lent or taken.
    pub fn by(&self, camera: CameraId, action: Action, now: WallTime) -> Option<&Arc<Grant>> {
        let &at = self.compiled.index.get(&camera)?;
        let gives = |(grant, cameras): &&(Arc<Grant>, Cameras)| {
            let terms = &grant.terms;
            let gives = terms.gives(action) && terms.is_open_to(action, now);
            gives && terms.is_in_force(now) && cameras.contains(at)
        };
        let rank = |grant: &Grant| match grant.origin {
            Origin::Office => 0,
            Origin::Grant(_) => 1,
            Origin::Agreement(_) => 2,
            Origin::Emergency => 3,
        };
        let grants = self.all.iter().filter(gives).map(|(grant, _)| grant);
        let first = grants.min_by_key(|grant| (rank(grant), grant.id));
        let unheard = action == Action::Sound && !self.compiled.cameras[at as usize].sound;
        first.filter(|_| !withheld(self.role, action) && !unheard)
    }

    /// Returns what this person was given, narrowed to what it came out of.
    pub fn given(&self) -> &[Arc<Grant>] {
        &self.given
    }

    /// Yields the cameras that this person may know of now, in the order of the
    /// catalog.
    pub fn visible(&self, now: WallTime) -> impl Iterator<Item = CameraId> + '_ {
        self.seen(now).into_iter().map(|at| self.compiled.cameras[at as usize].id)
    }

    /// The same, as a set.
    pub(crate) fn seen(&self, now: WallTime) -> Cameras {
        let mut seen = self.always[Action::See as usize].clone();
        for (grant, cameras) in &self.conditional {
            if grant.terms.is_in_force(now) && self.role != Role::Auditor {
                seen.add(cameras);
            }
        }
        seen
    }

    /// Returns with what priority this person steers a camera now, if they may.
    pub fn ptz_priority(&self, camera: CameraId, now: WallTime) -> Option<u8> {
        let &at = self.compiled.index.get(&camera)?;
        if withheld(self.role, Action::Ptz) {
            return None;
        }
        let holding = self.all.iter().filter(|(grant, cameras)| {
            let terms = &grant.terms;
            let open = terms.is_in_force(now) && terms.is_open_to(Action::Ptz, now);
            terms.gives(Action::Ptz) && open && cameras.contains(at)
        });
        holding.map(|(grant, _)| grant.terms.ptz_priority).max()
    }

    /// Returns whether this person may put cameras into a class: into that of
    /// defence, whoever configures some of it.
    pub fn may_put_in(&self, class: Class, now: WallTime) -> Decision {
        let configures = |grant: &Arc<Grant>| {
            let terms = &grant.terms;
            let open = terms.is_in_force(now) && terms.is_open_to(Action::Configure, now);
            terms.class == class && terms.gives(Action::Configure) && open
        };
        let configures =
            !withheld(self.role, Action::Configure) && self.given.iter().any(configures);
        named(class, configures)
    }

    /// Returns whether whoever reads the audit reads there of cameras of a class: of
    /// that of defence, if they were given to know of all its cameras.
    pub fn may_read_of(&self, class: Class, now: WallTime) -> Decision {
        let knows = |grant: &Arc<Grant>| {
            let terms = &grant.terms;
            let open = terms.is_in_force(now) && terms.is_open_to(Action::See, now);
            terms.class == class && terms.scope == Scope::All && terms.gives(Action::See) && open
        };
        named(class, self.given.iter().any(knows))
    }

    fn holds(&self, at: Index, action: Action, sight: Option<Sight>, now: WallTime) -> bool {
        if self.always[action as usize].contains(at) {
            return true;
        }
        if withheld(self.role, action) {
            return false;
        }
        if action == Action::Sound && !self.compiled.cameras[at as usize].sound {
            return false;
        }
        self.conditional.iter().any(|(grant, cameras)| {
            let terms = &grant.terms;
            let gives = terms.gives(action) && terms.is_open_to(action, now);
            let shows = sight.is_none_or(|sight| terms.shows(action, sight, now));
            gives && shows && terms.is_in_force(now) && cameras.contains(at)
        })
    }

    fn why_not(&self, at: Option<Index>, action: Action) -> &'static str {
        match self.role {
            Role::Auditor => "auditors read the audit and hold no video",
            role if withheld(role, action) => "administrators configure cameras and hold no video",
            _ if action == Action::Sound
                && at.is_some_and(|at| !self.compiled.cameras[at as usize].sound) =>
            {
                "the sound of this camera is not authorised"
            }
            _ => "no grant that is in force now gives this",
        }
    }
}

const TOO_MUCH: &str = "what was granted shows no pictures as fine as these, or none from as long \
                        ago; choose the smaller stream, or a later moment";

/// What of the defence class is held only by name, everybody has of all others.
fn named(class: Class, is_named: bool) -> Decision {
    match class {
        Class::Defence if !is_named => {
            Decision::Denied("the defence class takes a grant that names it")
        }
        Class::Ordinary | Class::Defence => Decision::Allowed,
    }
}

/// Returns a grant as far as it reaches: no further than that which it was given out
/// of, nor at all where that gives nothing.
fn narrowed(tables: &Tables, grant: &Arc<Grant>) -> Option<Arc<Grant>> {
    let mut reaches = grant.clone();
    let mut next = grant.clone();
    // Nobody gives out of what came of their own, and what another program wrote may.
    for _ in 0..=MOST_HANDS {
        let Origin::Grant(whole) = next.origin else { return Some(reaches) };
        let whole = tables.grants.get(&whole).filter(|whole| !whole.is_pending())?;
        Arc::make_mut(&mut reaches).terms.narrow(&whole.terms);
        next = whole.clone();
    }
    None
}

/// Returns whether a role never holds an action, whatever was granted.
fn withheld(role: Role, action: Action) -> bool {
    match role {
        Role::Auditor => true,
        Role::Administrator => Action::VIDEO.contains(&action),
        Role::Operator => false,
    }
}

/// Returns whether `user` may add cameras, of which there is none yet to ask for.
pub fn may_add(user: &User) -> Decision {
    match user.role {
        Role::Administrator => Decision::Allowed,
        Role::Operator | Role::Auditor => Decision::Denied("cameras are added by administrators"),
    }
}

/// Returns whether `user` may say which organisations and sites there are.
pub fn may_arrange(user: &User) -> Decision {
    match user.role {
        Role::Administrator => Decision::Allowed,
        Role::Operator | Role::Auditor => {
            Decision::Denied("organisations and sites are arranged by administrators")
        }
    }
}

/// Returns whether `user` may say who there is and what they are here to do.
pub fn may_manage_people(user: &User) -> Decision {
    match user.role {
        Role::Administrator => Decision::Allowed,
        Role::Operator | Role::Auditor => Decision::Denied("people are managed by administrators"),
    }
}

/// Returns whether `user` may read who did what.
pub fn may_audit(user: &User) -> Decision {
    match user.role {
        Role::Auditor => Decision::Allowed,
        // Whoever is watched over does not choose what is seen of it.
        Role::Administrator | Role::Operator => {
            Decision::Denied("the audit is read by auditors, who hold nothing else")
        }
    }
}

/// Returns whether `user` may see, give and revoke grants.
pub fn may_grant(user: &User) -> Decision {
    match user.role {
        Role::Administrator => Decision::Allowed,
        Role::Operator | Role::Auditor => Decision::Denied("grants are given by administrators"),
    }
}

fn units(tables: &Tables) -> impl Iterator<Item = (OrganisationId, OrganisationId)> + '_ {
    let units = tables.organisations.values();
    units.filter_map(|Organisation { id, parent, .. }| parent.map(|parent| (*id, parent)))
}

fn gathered<K: std::hash::Hash + Eq, V>(pairs: impl Iterator<Item = (K, V)>) -> HashMap<K, Vec<V>> {
    let mut all: HashMap<K, Vec<V>> = HashMap::new();
    for (key, value) in pairs {
        all.entry(key).or_default().push(value);
    }
    all
}
