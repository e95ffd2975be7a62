//! What is decided is what the plainest model that one can write decides, in
//! thousands of small worlds made at random from a seed.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::collections::BTreeSet;
use std::sync::Arc;

use base::{
    AgreementId, CameraId, Day, GrantId, GroupId, OrganisationId, SiteId, UserId, WallTime,
    WeekMinute,
};
use catalog::testutil::laid as laid_in;
use catalog::{
    Action, Actions, Agreement, AgreementTerms, Camera, Class, Decision, Grant, Group,
    Organisation, OrganisationKind, Origin, Particulars, Purpose, Retention, Role, Scope, Sight,
    Signature, Site, SiteCategory, Standing, Subject, Tables, Terms, User, World,
};
use db::testutil::{Fresh, Kind};

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

/// How fine pictures are, in lines.
const LINES: [u16; 3] = [360, 720, 1080];

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
        let body = Organisation {
            id,
            kind: OrganisationKind::Other,
            code: None,
            name,
            name_en: None,
            former_names: Vec::new(),
            parent,
            valid_from: None,
            valid_until: None,
            successors: BTreeSet::new(),
        };
        tables.organisations.insert(id, body);
    }
    let mut sites = Vec::new();
    for _ in 0..1 + dice.below(5) {
        let (id, organisation) = (SiteId::new(), dice.one(&bodies));
        sites.push(id);
        let site = Site {
            id,
            name: "Nút".to_owned(),
            organisation,
            category: SiteCategory::Junction,
            ward: None,
            address: None,
            position: None,
        };
        tables.sites.insert(id, site);
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
            particulars: Particulars {
                owner: dice.maybe(|dice| dice.one(&bodies)),
                purposes: dice.some(&Purpose::ALL[..3]).into_iter().collect(),
                ..Particulars::default()
            },
            inherited_until: None,
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
            signatory: false,
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
    for _ in 0..dice.below(3) {
        let agreement = agreement(dice, &bodies);
        tables.agreements.insert(agreement.id, Arc::new(agreement));
    }
    for _ in 0..dice.below(9) {
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
            purposes: match dice.below(3) {
                0 => dice.some(&Purpose::ALL[..3]).into_iter().collect(),
                _ => BTreeSet::new(),
            },
            permission_set: None,
            actions: if actions.is_empty() {
                [Action::Live].into_iter().collect()
            } else {
                actions
            },
            ptz_priority: 1 + dice.below(9) as u8,
            most_lines: dice.maybe(|dice| dice.one(&LINES)),
            playback_days: dice.maybe(|dice| 1 + dice.below(9) as u16),
            from: dice.maybe(moment),
            until: dice.maybe(moment),
            hours: dice.maybe(|dice| dice.one(&HOURS).parse().unwrap()),
            basis: "Quyết định".to_owned(),
        };
        let agreed = dice.maybe(|dice| dice.one(&people));
        let given: Vec<_> = tables.grants.keys().copied().collect();
        let lent: Vec<_> = tables.agreements.keys().copied().collect();
        let origin = match dice.below(5) {
            0 | 1 if !given.is_empty() => Origin::Grant(dice.one(&given)),
            2 if !lent.is_empty() => Origin::Agreement(dice.one(&lent)),
            3 => Origin::Emergency,
            _ => Origin::Office,
        };
        let grant = Grant { id: GrantId::new(), terms, by: None, at: monday(), agreed, origin };
        tables.grants.insert(grant.id, Arc::new(grant));
    }
    tables
}

/// An agreement of which only the lender and the signatures matter here: what it
/// gives, its grants say.
fn agreement(dice: &mut Dice, bodies: &[OrganisationId]) -> Agreement {
    let signature = Signature { by: UserId::new(), at: monday() };
    let terms = AgreementTerms {
        number: "1".to_owned(),
        document: "Văn bản".to_owned(),
        purpose: "Phối hợp".to_owned(),
        owner: dice.one(bodies),
        recipient: dice.one(bodies),
        people: None,
        scope: Scope::All,
        purposes: BTreeSet::new(),
        actions: [Action::Live].into_iter().collect(),
        hours: None,
        most_lines: None,
        playback_days: None,
        from: None,
        until: monday(),
    };
    Agreement {
        id: AgreementId::new(),
        terms,
        drafted: signature,
        owner_signed: Some(signature),
        recipient_signed: (dice.below(4) > 0).then_some(signature),
        ended: (dice.below(4) == 0).then(|| (signature, "Hết nhu cầu".to_owned())),
    }
}

/// A question about a camera.
#[derive(Clone, Copy)]
struct Asked {
    action: Action,
    /// What is to be seen, if that matters.
    sight: Option<Sight>,
    now: WallTime,
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
        let terms = &grant.terms;
        let watches = |purpose| camera.particulars.purposes.contains(purpose);
        grant.terms.class == camera.class
            && (terms.purposes.is_empty() || terms.purposes.iter().any(watches))
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

    /// Whether a grant by itself gives this with the camera to whomever it names.
    fn gives_by_itself(tables: &Tables, grant: &Grant, camera: &Camera, asked: Asked) -> bool {
        let terms = &grant.terms;
        let Asked { action, sight, now } = asked;
        covers(tables, grant, camera)
            && (grant.terms.class == Class::Ordinary || grant.agreed.is_some())
            && terms.from.is_none_or(|from| now >= from)
            && terms.until.is_none_or(|until| now < until)
            && (action == Action::See
                || (terms.actions.contains(action)
                    && terms.hours.as_ref().is_none_or(|hours| in_hours(&hours.to_string(), now))))
            && sight.is_none_or(|sight| {
                let fine = sight.lines.unwrap_or(u16::MAX) > terms.most_lines.unwrap_or(u16::MAX)
                    || (sight.lines.is_none() && terms.most_lines.is_some());
                let days = i64::from(terms.playback_days.unwrap_or(10_000));
                let old = now.0 - sight.from.0 > days * 24 * 3_600_000_000;
                match action {
                    Action::Live => !fine,
                    Action::Playback | Action::Export => !fine && !old,
                    _ => true,
                }
            })
    }

    /// A grant, that which it came out of, and so on.
    fn hands<'a>(tables: &'a Tables, grant: &'a Grant) -> impl Iterator<Item = &'a Grant> {
        std::iter::successors(Some(grant), |grant| match grant.origin {
            Origin::Grant(whole) => Some(&*tables.grants[&whole]),
            _ => None,
        })
    }

    /// Whether a grant gives it, and whatever it came out of.
    pub(crate) fn gives(
        tables: &Tables,
        grant: &Grant,
        user: &User,
        camera: &Camera,
        asked: Asked,
    ) -> bool {
        let lent = match hands(tables, grant).last().unwrap().origin {
            Origin::Agreement(id) => {
                let agreement = &tables.agreements[&id];
                let owner = camera.particulars.owner;
                let owner = owner.unwrap_or(tables.sites[&camera.site].organisation);
                let signed = agreement.recipient_signed.is_some() && agreement.ended.is_none();
                signed && is_or_belongs(tables, owner, agreement.terms.owner)
            }
            _ => true,
        };
        names(tables, grant, user)
            && lent
            && hands(tables, grant).all(|hand| gives_by_itself(tables, hand, camera, asked))
    }

    pub(crate) fn may(tables: &Tables, user: &User, camera: &Camera, asked: Asked) -> bool {
        let granted = || granted(tables, user, camera, asked);
        match (user.role, asked.action) {
            (Role::Auditor, _) => false,
            (Role::Operator, _) => granted(),
            (
                Role::Administrator,
                Action::See | Action::Configure | Action::Share | Action::Plan,
            ) => camera.class == Class::Ordinary || granted(),
            (Role::Administrator, _) => false,
        }
    }

    /// Whether there is a grant by which it may be done.
    pub(crate) fn granted(tables: &Tables, user: &User, camera: &Camera, asked: Asked) -> bool {
        let office = [Action::See, Action::Configure, Action::Share, Action::Plan];
        let withheld = match user.role {
            Role::Auditor => true,
            Role::Administrator => !office.contains(&asked.action),
            Role::Operator => false,
        };
        let unheard = asked.action == Action::Sound && !camera.sound;
        let mut grants = tables.grants.values();
        !withheld && !unheard && grants.any(|grant| gives(tables, grant, user, camera, asked))
    }

    pub(crate) fn priority(
        tables: &Tables,
        user: &User,
        camera: &Camera,
        now: WallTime,
    ) -> Option<u8> {
        let asked = Asked { action: Action::Ptz, sight: None, now };
        if !may(tables, user, camera, asked) {
            return None;
        }
        let grants = tables.grants.values();
        grants
            .filter(|grant| gives(tables, grant, user, camera, asked))
            .map(|grant| hands(tables, grant).map(|hand| hand.terms.ptz_priority).min().unwrap())
            .max()
    }
}

#[test]
fn in_thousands_of_worlds_what_is_decided_is_what_the_plain_model_says() {
    let (mut allowed, mut kept_back) = ([[0u32; 2]; Action::ALL.len()], 0);
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
                        let asked = Asked { action, sight: None, now };
                        let may = plain::may(&tables, user, camera, asked);
                        let decided = rights.decide(camera.id, action, now);
                        assert_eq!(
                            decided.is_allowed(),
                            may,
                            "seed {seed}: {user:?} {action:?} {camera:?} at {now}"
                        );
                        allowed[action as usize][usize::from(may)] += 1;
                        let days = dice.below(10) as i64;
                        let sight = Sight {
                            lines: dice.maybe(|dice| dice.one(&LINES)),
                            from: WallTime(now.0 - days * 24 * 3_600_000_000),
                        };
                        let asked = Asked { sight: Some(sight), ..asked };
                        let shown = plain::may(&tables, user, camera, asked);
                        let shows = rights.shows(camera.id, action, sight, now);
                        assert_eq!(shows.is_allowed(), shown, "seed {seed}: {user:?} {sight:?}");
                        kept_back += u32::from(may && !shown);
                        let by = rights.by(camera.id, action, now);
                        let asked = Asked { sight: None, ..asked };
                        assert_eq!(by.is_some(), plain::granted(&tables, user, camera, asked));
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
    assert!(kept_back > 1_000, "{kept_back} were too fine or too old");
}

/// Forty cities at random as one, laid as rows: what is read back is what was laid, and
/// decides as the plain model does on what was laid.
async fn what_comes_back_from_rows_decides_as_what_was_laid(kind: Kind) {
    let mut laid = Tables::default();
    for seed in 0..40 {
        let mut city = city(&mut Dice(seed));
        laid.organisations.append(&mut city.organisations);
        laid.sites.append(&mut city.sites);
        laid.cameras.append(&mut city.cameras);
        laid.users.append(&mut city.users);
        laid.groups.append(&mut city.groups);
        laid.agreements.append(&mut city.agreements);
        laid.grants.append(&mut city.grants);
    }
    // No two have one name, nor one number.
    for (n, camera) in (1..).zip(laid.cameras.values_mut()) {
        Arc::make_mut(camera).number = n;
    }
    for (n, user) in laid.users.values_mut().enumerate() {
        user.name = format!("ai{n}");
    }
    for (n, group) in laid.groups.values_mut().enumerate() {
        group.name = format!("Ca {n}");
    }
    for (n, agreement) in laid.agreements.values_mut().enumerate() {
        Arc::make_mut(agreement).terms.number = n.to_string();
    }
    let rows = Fresh::new(kind);
    let catalog = laid_in(&rows.open().await, &laid, Day::of(monday())).await;
    let read = catalog.tables();
    assert_eq!(read.organisations, laid.organisations);
    assert_eq!(read.sites, laid.sites);
    assert_eq!(read.cameras, laid.cameras);
    assert_eq!(read.users, laid.users);
    assert_eq!(read.groups, laid.groups);
    assert_eq!(read.agreements, laid.agreements);
    assert_eq!(read.grants, laid.grants);
    let (mut dice, mut counts) = (Dice(1), [0; 2]);
    let cameras: Vec<_> = laid.cameras.values().collect();
    for user in laid.users.values() {
        let rights = catalog.rights(user.id).unwrap();
        for _ in 0..20 {
            let (camera, now) = (cameras[dice.below(cameras.len())], moment(&mut dice));
            for action in Action::ALL {
                let may = plain::may(&laid, user, camera, Asked { action, sight: None, now });
                let decided = rights.decide(camera.id, action, now).is_allowed();
                assert_eq!(decided, may, "{user:?} {action:?} {camera:?} at {now}");
                counts[usize::from(may)] += 1;
            }
        }
    }
    assert!(counts.iter().all(|&count| count > 500), "{counts:?}");
}

#[tokio::test]
async fn what_comes_back_from_sqlite_decides_as_what_was_laid() {
    what_comes_back_from_rows_decides_as_what_was_laid(Kind::Sqlite).await;
}

#[tokio::test]
async fn what_comes_back_from_postgres_decides_as_what_was_laid() {
    what_comes_back_from_rows_decides_as_what_was_laid(Kind::Postgres).await;
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
                    let days = dice.below(40) as i64;
                    let sight = dice.maybe(|dice| Sight {
                        lines: dice.maybe(|dice| dice.one(&LINES)),
                        from: WallTime(now.0 - days * 24 * 3_600_000_000),
                    });
                    let told = world.explain(user, camera.id, action, sight, now);
                    for (grant, standing) in &told {
                        let asked = Asked { action, sight, now };
                        let gives =
                            plain::gives(&tables, &tables.grants[&grant.id], user, camera, asked);
                        let withheld = matches!(standing, Standing::Role | Standing::NoSound);
                        assert_eq!(gives, withheld || *standing == Standing::Allows, "seed {seed}");
                        seen.insert(format!("{standing:?}"));
                    }
                    let by_grant = told.iter().any(|(_, standing)| *standing == Standing::Allows);
                    let by_role = user.role == Role::Administrator
                        && camera.class == Class::Ordinary
                        && [Action::See, Action::Configure, Action::Share, Action::Plan]
                            .contains(&action);
                    let rights = world.rights(user);
                    let decided = match sight {
                        Some(sight) => rights.shows(camera.id, action, sight, now),
                        None => rights.decide(camera.id, action, now),
                    };
                    assert_eq!(decided.is_allowed(), by_grant || by_role, "seed {seed}: {told:?}");
                }
            }
        }
    }
    assert_eq!(seen.len(), 13, "every way to stand came up: {seen:?}");
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
