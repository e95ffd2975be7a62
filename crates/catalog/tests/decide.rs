//! What is decided is what the plainest model that one can write decides, in
//! thousands of small worlds made at random from a seed.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::collections::BTreeSet;
use std::sync::Arc;

use base::{CameraId, Day, GrantId, GroupId, OrganisationId, SiteId, UserId, WallTime, WeekMinute};
use catalog::{
    Action, Actions, Camera, Class, Decision, Grant, Group, Organisation, Retention, Role, Scope,
    Site, Standing, Subject, Tables, Terms, User, World,
};

/// Numbers from a seed, so that a world that fails can be made again (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    fn some<T: Copy>(&mut self, of: &[T]) -> Vec<T> {
        of.iter().copied().filter(|_| self.below(3) == 0).collect()
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(3) == 0).then(|| make(self))
    }
}

const HOURS: [&str; 4] =
    ["1-5 07:00-17:30", "6,7 22:00-06:00", "1-7 00:00-24:00", "1 08:00-09:00; 3 20:00-04:00"];

fn monday() -> WallTime {
    "2026-11-23".parse::<Day>().unwrap().start()
}

fn moment(dice: &mut Dice) -> WallTime {
    WallTime(monday().0 + dice.below(14 * 24 * 4) as i64 * 15 * 60_000_000)
}

/// A city of a few bodies, sites, cameras, people, groups and grants.
fn city(dice: &mut Dice) -> Tables {
    let mut tables = Tables::default();
    let mut bodies: Vec<OrganisationId> = Vec::new();
    for _ in 0..1 + dice.below(5) {
        let parent = match bodies.is_empty() {
            true => None,
            false => Some(dice.one(&bodies)).filter(|_| dice.below(4) > 0),
        };
        let (id, name) = (OrganisationId::new(), "Đơn vị".to_owned());
        bodies.push(id);
        tables.organisations.insert(id, Organisation { id, name, parent });
    }
    let mut sites = Vec::new();
    for _ in 0..1 + dice.below(5) {
        let (id, organisation) = (SiteId::new(), dice.one(&bodies));
        sites.push(id);
        tables.sites.insert(id, Site { id, name: "Nút".to_owned(), organisation });
    }
    let mut cameras = Vec::new();
    // Sometimes enough that sets of few and sets of many meet.
    for number in 1..=dice.one(&[1, 3, 7, 70]) {
        let camera = Camera {
            id: CameraId::new(),
            number,
            name: "Cổng".to_owned(),
            site: dice.one(&sites),
            make: None,
            recording: true,
            retention: Retention::default(),
            link: Default::default(),
            class: dice.one(&[Class::Ordinary, Class::Ordinary, Class::Defence]),
            sound: dice.below(2) == 0,
            streams: Vec::new(),
        };
        cameras.push(camera.id);
        tables.cameras.insert(camera.id, Arc::new(camera));
    }
    let mut people = Vec::new();
    for _ in 0..1 + dice.below(4) {
        let roles = [Role::Operator, Role::Operator, Role::Administrator, Role::Auditor];
        let user = User {
            id: UserId::new(),
            name: "ai".to_owned(),
            display_name: "Ai đó".to_owned(),
            role: dice.one(&roles),
            organisation: dice.maybe(|dice| dice.one(&bodies)),
        };
        people.push(user.id);
        tables.users.insert(user.id, user);
    }
    let mut groups = Vec::new();
    for _ in 0..dice.below(3) {
        let (id, members) = (GroupId::new(), dice.some(&people).into_iter().collect());
        groups.push(id);
        tables.groups.insert(id, Group { id, name: "Ca".to_owned(), members });
    }
    for _ in 0..dice.below(8) {
        let subject = match dice.below(3) {
            0 if !groups.is_empty() => Subject::Group(dice.one(&groups)),
            1 => Subject::Organisation(dice.one(&bodies)),
            _ => Subject::User(dice.one(&people)),
        };
        let scope = match dice.below(4) {
            0 => Scope::All,
            1 => Scope::Organisation(dice.one(&bodies)),
            2 => Scope::Site(dice.one(&sites)),
            _ => Scope::Cameras(dice.some(&cameras).into_iter().collect()),
        };
        let actions: Actions = dice.some(&Action::ALL).into_iter().collect();
        let terms = Terms {
            subject,
            scope,
            class: dice.one(&[Class::Ordinary, Class::Ordinary, Class::Defence]),
            actions: if actions.is_empty() {
                [Action::Live].into_iter().collect()
            } else {
                actions
            },
            ptz_priority: 1 + dice.below(9) as u8,
            from: dice.maybe(moment),
            until: dice.maybe(moment),
            hours: dice.maybe(|dice| dice.one(&HOURS).parse().unwrap()),
            basis: "Quyết định".to_owned(),
        };
        let agreed = dice.maybe(|dice| dice.one(&people));
        let grant = Grant { id: GrantId::new(), terms, by: None, at: monday(), agreed };
        tables.grants.insert(grant.id, Arc::new(grant));
    }
    tables
}

/// The plain model: every rule as one would say it, asked of the rows each time.
mod plain {
    use super::*;

    pub(crate) fn is_or_belongs(
        tables: &Tables,
        mut unit: OrganisationId,
        to: OrganisationId,
    ) -> bool {
        loop {
            if unit == to {
                return true;
            }
            match tables.organisations[&unit].parent {
                Some(parent) => unit = parent,
                None => return false,
            }
        }
    }

    fn names(tables: &Tables, grant: &Grant, user: &User) -> bool {
        match grant.terms.subject {
            Subject::User(id) => user.id == id,
            Subject::Group(id) => tables.groups[&id].members.contains(&user.id),
            Subject::Organisation(id) => {
                user.organisation.is_some_and(|unit| is_or_belongs(tables, unit, id))
            }
        }
    }

    fn covers(tables: &Tables, grant: &Grant, camera: &Camera) -> bool {
        grant.terms.class == camera.class
            && match &grant.terms.scope {
                Scope::All => true,
                Scope::Organisation(id) => {
                    is_or_belongs(tables, tables.sites[&camera.site].organisation, *id)
                }
                Scope::Site(id) => camera.site == *id,
                Scope::Cameras(ids) => ids.contains(&camera.id),
            }
    }

    /// By the hours as they are written in [`HOURS`].
    fn in_hours(hours: &str, now: WallTime) -> bool {
        let WeekMinute { weekday, minute } = WeekMinute::of(now);
        let (day, hour) = (weekday + 1, f64::from(minute) / 60.0);
        match hours {
            "1,2,3,4,5 07:00-17:30" => day <= 5 && (7.0..17.5).contains(&hour),
            "6,7 22:00-06:00" => {
                (day >= 6 && hour >= 22.0) || ([7, 1].contains(&day) && hour < 6.0)
            }
            "1,2,3,4,5,6,7 00:00-24:00" => true,
            "1 08:00-09:00; 3 20:00-04:00" => {
                (day == 1 && (8.0..9.0).contains(&hour))
                    || (day == 3 && hour >= 20.0)
                    || (day == 4 && hour < 4.0)
            }
            other => panic!("no such hours in the model: {other}"),
        }
    }

    pub(crate) fn gives(
        tables: &Tables,
        grant: &Grant,
        user: &User,
        camera: &Camera,
        action: Action,
        now: WallTime,
    ) -> bool {
        let terms = &grant.terms;
        names(tables, grant, user)
            && covers(tables, grant, camera)
            && (grant.terms.class == Class::Ordinary || grant.agreed.is_some())
            && terms.from.is_none_or(|from| now >= from)
            && terms.until.is_none_or(|until| now < until)
            && (action == Action::See
                || (terms.actions.contains(action)
                    && terms.hours.as_ref().is_none_or(|hours| in_hours(&hours.to_string(), now))))
    }

    pub(crate) fn may(
        tables: &Tables,
        user: &User,
        camera: &Camera,
        action: Action,
        now: WallTime,
    ) -> bool {
        let granted = || {
            let mut grants = tables.grants.values();
            grants.any(|grant| gives(tables, grant, user, camera, action, now))
        };
        let unheard = action == Action::Sound && !camera.sound;
        match (user.role, action) {
            (Role::Auditor, _) => false,
            (Role::Operator, _) => granted() && !unheard,
            (
                Role::Administrator,
                Action::See | Action::Configure | Action::Share | Action::Plan,
            ) => camera.class == Class::Ordinary || granted(),
            (Role::Administrator, _) => false,
        }
    }

    pub(crate) fn priority(
        tables: &Tables,
        user: &User,
        camera: &Camera,
        now: WallTime,
    ) -> Option<u8> {
        if !may(tables, user, camera, Action::Ptz, now) {
            return None;
        }
        let grants = tables.grants.values();
        grants
            .filter(|grant| gives(tables, grant, user, camera, Action::Ptz, now))
            .map(|grant| grant.terms.ptz_priority)
            .max()
    }
}

#[test]
fn in_thousands_of_worlds_what_is_decided_is_what_the_plain_model_says() {
    let mut allowed = [[0u32; 2]; Action::ALL.len()];
    for seed in 0..4_000 {
        let mut dice = Dice(seed);
        let tables = city(&mut dice);
        let world = Arc::new(World::new(&tables));
        for now in [moment(&mut dice), moment(&mut dice)] {
            for user in tables.users.values() {
                let rights = world.rights(user);
                let visible: BTreeSet<_> = rights.visible(now).collect();
                for camera in tables.cameras.values() {
                    for action in Action::ALL {
                        let may = plain::may(&tables, user, camera, action, now);
                        let decided = rights.decide(camera.id, action, now);
                        assert_eq!(
                            decided.is_allowed(),
                            may,
                            "seed {seed}: {user:?} {action:?} {camera:?} at {now}"
                        );
                        allowed[action as usize][usize::from(may)] += 1;
                    }
                    let sees = rights.decide(camera.id, Action::See, now).is_allowed();
                    assert_eq!(visible.contains(&camera.id), sees, "seed {seed}");
                    let priority = plain::priority(&tables, user, camera, now);
                    assert_eq!(rights.ptz_priority(camera.id, now), priority, "seed {seed}");
                }
                let nowhere = rights.decide(CameraId::new(), Action::See, now);
                assert!(matches!(nowhere, Decision::Denied(_)));
            }
        }
    }
    // The worlds are worth something only if both answers came up for each action.
    for (action, [no, yes]) in Action::ALL.iter().zip(allowed) {
        assert!(no > 1_000 && yes > 1_000, "{action:?}: {yes} allowed, {no} denied");
    }
}

#[test]
fn what_explains_a_decision_is_what_decides_it() {
    let mut seen = BTreeSet::new();
    for seed in 0..1_000 {
        let mut dice = Dice(seed);
        let tables = city(&mut dice);
        let world = Arc::new(World::new(&tables));
        let now = moment(&mut dice);
        for user in tables.users.values() {
            for camera in tables.cameras.values().take(5) {
                for action in Action::ALL {
                    let told = world.explain(user, camera.id, action, now);
                    for (grant, standing) in &told {
                        let gives = plain::gives(&tables, grant, user, camera, action, now);
                        let withheld = matches!(standing, Standing::Role | Standing::NoSound);
                        assert_eq!(gives, withheld || *standing == Standing::Allows, "seed {seed}");
                        seen.insert(format!("{standing:?}"));
                    }
                    let by_grant = told.iter().any(|(_, standing)| *standing == Standing::Allows);
                    let by_role = user.role == Role::Administrator
                        && camera.class == Class::Ordinary
                        && [Action::See, Action::Configure, Action::Share, Action::Plan]
                            .contains(&action);
                    let decided = world.rights(user).decide(camera.id, action, now).is_allowed();
                    assert_eq!(decided, by_grant || by_role, "seed {seed}: {told:?}");
                }
            }
        }
    }
    assert_eq!(seen.len(), 11, "every way to stand came up: {seen:?}");
}

/// A world without a camera of defence answers like one that has it, to whoever
/// has no grant that names the class.
#[test]
fn the_defence_class_is_not_there_for_whoever_has_no_grant_that_names_it() {
    for seed in 0..1_000 {
        let mut dice = Dice(seed);
        let mut tables = city(&mut dice);
        tables.grants.retain(|_, grant| grant.terms.class == Class::Ordinary);
        let mut without = tables.clone();
        without.cameras.retain(|_, camera| camera.class == Class::Ordinary);
        let (world, other) = (Arc::new(World::new(&tables)), Arc::new(World::new(&without)));
        let now = moment(&mut dice);
        for user in tables.users.values() {
            let (rights, others) = (world.rights(user), other.rights(user));
            assert!(rights.visible(now).eq(others.visible(now)), "seed {seed}");
            for camera in tables.cameras.keys() {
                let see = |rights: &catalog::Rights| rights.decide(*camera, Action::See, now);
                assert_eq!(see(&rights), see(&others), "seed {seed}");
            }
        }
    }
}

/// Each commit that changes rights makes a world: it must go when nobody asks it
/// any more, or a city that is administered fills the memory.
#[test]
fn a_world_goes_with_whoever_asked_it_last() {
    let tables = city(&mut Dice(7));
    let world = Arc::new(World::new(&tables));
    let rights: Vec<_> = tables.users.values().map(|user| world.rights(user)).collect();
    let (left, theirs) = (Arc::downgrade(&world), Arc::downgrade(&rights[0]));
    drop(world);
    assert!(left.upgrade().is_none(), "rights keep no world alive");
    drop(rights);
    assert!(theirs.upgrade().is_none());
}
