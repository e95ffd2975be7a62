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
//! sound is authorised.
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

use base::{CameraId, OrganisationId, SiteId, UserId, WallTime};

use crate::cameras::{Cameras, Index};
use crate::{Action, Class, Grant, Group, Organisation, Role, Scope, Site, Subject, Tables, User};

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
    sites_of: HashMap<OrganisationId, Vec<SiteId>>,
    units_of: HashMap<OrganisationId, Vec<OrganisationId>>,
    parents: HashMap<OrganisationId, OrganisationId>,
    groups_of: HashMap<UserId, Vec<Subject>>,
    grants_to: HashMap<Subject, Vec<Arc<Grant>>>,
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
    /// What depends on the moment.
    at_times: Vec<(Arc<Grant>, Cameras)>,
    /// What says who steers.
    priorities: Vec<(Arc<Grant>, Cameras)>,
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
    /// the question; in order of their making.
    ///
    /// > The act is allowed by a grant exactly if one of them [`Standing::Allows`].
    pub fn explain(
        &self,
        user: &User,
        camera: CameraId,
        action: Action,
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
                let ask = Ask { at, action, now, role: user.role };
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
        let mut grants_to: HashMap<Subject, Vec<_>> = HashMap::new();
        for grant in tables.grants.values() {
            grants_to.entry(grant.terms.subject).or_default().push(grant.clone());
        }
        Self {
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
        let Ask { at, action, now, role } = ask;
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
            at_times: Vec::new(),
            priorities: Vec::new(),
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
                if terms.actions.contains(Action::Ptz) {
                    rights.priorities.push((grant.clone(), covered.clone()));
                }
                if terms.from.is_some() || terms.until.is_some() || terms.hours.is_some() {
                    rights.at_times.push((grant.clone(), covered));
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

    /// Returns whether this person may do `action` with a camera now.
    pub fn decide(&self, camera: CameraId, action: Action, now: WallTime) -> Decision {
        match self.compiled.index.get(&camera) {
            Some(&at) if self.holds(at, action, now) => Decision::Allowed,
            at => Decision::Denied(self.why_not(at.copied(), action)),
        }
    }

    /// Yields the cameras that this person may know of now, in the order of the
    /// catalog.
    pub fn visible(&self, now: WallTime) -> impl Iterator<Item = CameraId> + '_ {
        let mut visible = self.always[Action::See as usize].clone();
        for (grant, cameras) in &self.at_times {
            if grant.terms.is_in_force(now) && self.role != Role::Auditor {
                visible.add(cameras);
            }
        }
        visible.into_iter().map(|at| self.compiled.cameras[at as usize].id)
    }

    /// Returns with what priority this person steers a camera now, if they may.
    pub fn ptz_priority(&self, camera: CameraId, now: WallTime) -> Option<u8> {
        let &at = self.compiled.index.get(&camera)?;
        if withheld(self.role, Action::Ptz) {
            return None;
        }
        let holding = self.priorities.iter().filter(|(grant, cameras)| {
            let terms = &grant.terms;
            let open = terms.is_in_force(now) && terms.is_open_to(Action::Ptz, now);
            open && cameras.contains(at)
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

    fn holds(&self, at: Index, action: Action, now: WallTime) -> bool {
        if self.always[action as usize].contains(at) {
            return true;
        }
        if withheld(self.role, action) {
            return false;
        }
        if action == Action::Sound && !self.compiled.cameras[at as usize].sound {
            return false;
        }
        self.at_times.iter().any(|(grant, cameras)| {
            let terms = &grant.terms;
            let gives = terms.gives(action) && terms.is_open_to(action, now);
            gives && terms.is_in_force(now) && cameras.contains(at)
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

/// What of the defence class is held only by name, everybody has of all others.
fn named(class: Class, is_named: bool) -> Decision {
    match class {
        Class::Defence if !is_named => {
            Decision::Denied("the defence class takes a grant that names it")
        }
        Class::Ordinary | Class::Defence => Decision::Allowed,
    }
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
