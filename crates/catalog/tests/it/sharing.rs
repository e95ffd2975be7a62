//! Rights go from hand to hand and from body to body, and end where they came from.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use base::{CameraId, Day, OrganisationId, SiteId, UserId, WallTime};
use catalog::{
    Action, Actions, AgreementState, AgreementTerms, Camera, CameraChange, Catalog, Class, Error,
    Grant, NewCamera, NewOrganisation, NewPermissionSet, NewSite, NewStream, NewUser, Origin,
    Particulars, ParticularsChange, PolicyTerms, Purpose, Retention, Role, Scope, SealKey, Sight,
    SiteCategory, StreamRole, Subject, Terms, UserChange,
};
use db::testutil::{Fresh, Kind};

/// 2026-11-29.
const NOW: WallTime = WallTime(1_795_885_200_000_000);

struct World {
    rows: Fresh,
    catalog: Catalog,
    /// Who lends, and who is lent to.
    city: OrganisationId,
    ward: OrganisationId,
    cameras: Vec<CameraId>,
}

async fn open(rows: &Fresh) -> Catalog {
    Catalog::open(rows.open().await, SealKey::new(&[5; 32]), Day::of(NOW)).await.unwrap()
}

fn days(count: u64) -> Duration {
    Duration::from_secs(count * 86_400)
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> (&'static str, String) {
    let error = result.unwrap_err();
    let words = error.to_string();
    match error {
        Error::Invalid { field, .. } | Error::Taken { field, .. } | Error::InUse { field, .. } => {
            (field, words)
        }
        other => panic!("{other:?}"),
    }
}

fn actions(all: &[Action]) -> Actions {
    all.iter().copied().collect()
}

async fn world() -> World {
    let rows = Fresh::new(Kind::of(module_path!()));
    let catalog = open(&rows).await;
    let body =
        async |name| catalog.add_organisation(NewOrganisation::named(name, None)).await.unwrap().id;
    let (city, ward) = (body("Công an thành phố").await, body("Phường Cửa Nam").await);
    let site = NewSite {
        name: "Ngã tư".to_owned(),
        organisation: city,
        category: SiteCategory::Junction,
        ward: None,
        address: None,
        position: None,
    };
    let site = catalog.add_site(site).await.unwrap().id;
    let mut cameras = Vec::new();
    for (name, purpose) in [("Cột 1", Purpose::Traffic), ("Cột 2", Purpose::Environment)] {
        cameras.push(catalog.add_camera(camera(name, site, purpose)).await.unwrap().id);
    }
    World { rows, catalog, city, ward, cameras }
}

fn camera(name: &str, site: SiteId, purpose: Purpose) -> NewCamera {
    NewCamera {
        number: None,
        name: name.to_owned(),
        site,
        make: None,
        recording: true,
        retention: Retention::default(),
        link: Default::default(),
        class: Class::Ordinary,
        sound: false,
        particulars: Particulars {
            purposes: BTreeSet::from([purpose]),
            legal_basis: Some("Quyết định 319".to_owned()),
            ..Particulars::default()
        },
        streams: vec![NewStream {
            role: StreamRole::Main,
            url: "rtsp://10.0.0.1/main".to_owned(),
            user: None,
            password: None,
            facts: None,
        }],
    }
}

impl World {
    async fn person(&self, name: &str, role: Role, works_for: Option<OrganisationId>) -> UserId {
        let new = NewUser {
            name: name.to_owned(),
            display_name: name.to_owned(),
            role,
            organisation: works_for,
        };
        self.catalog.add_user(new).await.unwrap().id
    }

    async fn signatory(&self, name: &str, of: OrganisationId) -> UserId {
        let person = self.person(name, Role::Operator, Some(of)).await;
        let signs = UserChange { signatory: Some(true), ..UserChange::default() };
        self.catalog.change_user(person, signs).await.unwrap();
        person
    }

    async fn give(&self, terms: Terms) -> Result<Arc<Grant>, Error> {
        self.catalog.give(terms, None, NOW).await
    }

    fn may(&self, user: UserId, camera: CameraId, action: Action) -> bool {
        self.catalog.rights(user).unwrap().decide(camera, action, NOW).is_allowed()
    }

    fn lent(&self) -> AgreementTerms {
        AgreementTerms {
            number: "01/TTPH".to_owned(),
            document: "Công văn 12/CATP-PV01".to_owned(),
            purpose: "Phối hợp bảo đảm trật tự".to_owned(),
            owner: self.city,
            recipient: self.ward,
            people: None,
            scope: Scope::All,
            purposes: BTreeSet::new(),
            actions: actions(&[Action::Live, Action::Playback]),
            hours: None,
            most_lines: Some(720),
            playback_days: Some(7),
            from: None,
            until: NOW.plus(days(30)),
        }
    }
}

fn terms(user: UserId, all: &[Action]) -> Terms {
    Terms {
        actions: actions(all),
        basis: "Quyết định 1".to_owned(),
        ..Terms::usual(Subject::User(user))
    }
}

#[tokio::test]
async fn a_grant_narrows_by_purpose_fineness_and_age_and_keeps_that_when_read_again() {
    let world = world().await;
    let hong = world.person("hong", Role::Operator, None).await;
    let given = Terms {
        purposes: BTreeSet::from([Purpose::Traffic]),
        most_lines: Some(720),
        playback_days: Some(7),
        ..terms(hong, &[Action::Live, Action::Playback])
    };
    let given = world.give(given).await.unwrap();
    let [traffic, air] = world.cameras[..] else { panic!() };
    for catalog in [world.catalog.clone(), open(&world.rows).await] {
        assert_eq!(catalog.tables().grants[&given.id], given);
        let rights = catalog.rights(hong).unwrap();
        let may = |camera, action| rights.decide(camera, action, NOW).is_allowed();
        assert!(may(traffic, Action::Playback) && !may(air, Action::See));
        let shows = |action, lines, ago| {
            let sight = Sight { lines, from: NOW.minus(days(ago)) };
            rights.shows(traffic, action, sight, NOW).is_allowed()
        };
        assert!(shows(Action::Live, Some(720), 0) && !shows(Action::Live, Some(1080), 0));
        assert!(!shows(Action::Live, None, 0), "what is not known might be too fine");
        assert!(shows(Action::Playback, Some(720), 7) && !shows(Action::Playback, Some(720), 8));
        assert_eq!(rights.by(traffic, Action::Live, NOW).unwrap().id, given.id);
    }
    let nothing = Terms { most_lines: Some(1), ..terms(hong, &[Action::Live]) };
    assert_eq!(refused(world.give(nothing).await).0, "most_lines");
    let nothing = Terms { playback_days: Some(0), ..terms(hong, &[Action::Live]) };
    assert_eq!(refused(world.give(nothing).await).0, "playback_days");
}

#[tokio::test]
async fn whoever_was_given_to_share_gives_no_more_than_they_have_and_no_longer() {
    let world = world().await;
    let [hong, lan, mai] = [
        world.person("hong", Role::Operator, None).await,
        world.person("lan", Role::Operator, None).await,
        world.person("mai", Role::Operator, None).await,
    ];
    let [traffic, air] = world.cameras[..] else { panic!() };
    let whole = Terms {
        scope: Scope::Cameras(BTreeSet::from([traffic])),
        until: Some(NOW.plus(days(9))),
        most_lines: Some(720),
        ..terms(hong, &[Action::Live, Action::Share])
    };
    let whole = world.give(whole).await.unwrap();
    let until = Some(NOW.plus(days(5)));
    let share = async |to, all: &[Action], out_of: &Grant, by| {
        let terms = Terms { until, ..terms(to, all) };
        world.catalog.share(out_of.id, terms, by, NOW).await
    };
    let (field, words) = refused(share(lan, &[Action::Playback], &whole, hong).await);
    assert_eq!((field, words.as_str()), ("actions", "the grant does not give playback to share"));
    let endless = Terms { until: None, ..terms(lan, &[Action::Live]) };
    let endless = world.catalog.share(whole.id, endless, hong, NOW).await;
    assert_eq!(refused(endless).0, "until_us");

    let given = share(lan, &[Action::Live, Action::Share], &whole, hong).await.unwrap();
    assert_eq!(given.origin, Origin::Grant(whole.id));
    let onward = share(mai, &[Action::Live], &given, lan).await.unwrap();
    let (field, _) = refused(share(hong, &[Action::Live], &onward, mai).await);
    assert_eq!(field, "out_of", "it does not give to share");
    // They name all cameras, and reach as far as what they came out of.
    for user in [lan, mai] {
        assert!(world.may(user, traffic, Action::Live) && !world.may(user, air, Action::See));
        let rights = world.catalog.rights(user).unwrap();
        let fine = Sight { lines: Some(1080), from: NOW };
        assert!(!rights.shows(traffic, Action::Live, fine, NOW).is_allowed());
    }
    world.catalog.revoke(whole.id).await.unwrap();
    for user in [hong, lan, mai] {
        assert!(!world.may(user, traffic, Action::See));
    }
    assert!(open(&world.rows).await.tables().grants.is_empty());
}

#[tokio::test]
async fn an_agreement_lends_once_both_have_signed_and_until_it_ends() {
    let world = world().await;
    let (head, chair) =
        (world.signatory("head", world.city).await, world.signatory("chair", world.ward).await);
    let officer = world.person("officer", Role::Operator, Some(world.ward)).await;
    let stranger = world.person("stranger", Role::Operator, None).await;
    let [traffic, air] = world.cameras[..] else { panic!() };
    let drafted = world.catalog.draft_agreement(world.lent(), head, NOW).await.unwrap();
    let state = |catalog: &Catalog| catalog.tables().agreements[&drafted.id].state(NOW);
    assert_eq!(state(&world.catalog), AgreementState::Draft);
    let sign = async |by| world.catalog.sign_agreement(drafted.id, by, NOW).await;
    assert!(refused(sign(stranger).await).1.contains("neither side"));
    assert!(refused(sign(officer).await).1.contains("neither side"), "who may not sign");
    sign(head).await.unwrap();
    assert!(refused(sign(head).await).1.contains("signed already"));
    assert!(!world.may(officer, traffic, Action::See), "one name is not two");
    sign(chair).await.unwrap();
    for catalog in [world.catalog.clone(), open(&world.rows).await] {
        assert_eq!(state(&catalog), AgreementState::InForce);
        let rights = catalog.rights(officer).unwrap();
        let by = rights.by(traffic, Action::Live, NOW).unwrap();
        let tables = catalog.tables();
        assert_eq!(tables.agreement_of(by).unwrap().terms.number, "01/TTPH");
        assert_eq!((by.terms.most_lines, by.terms.playback_days), (Some(720), Some(7)));
        assert!(!rights.decide(traffic, Action::Export, NOW).is_allowed());
        assert!(!rights.decide(traffic, Action::Live, NOW.plus(days(31))).is_allowed());
    }
    assert!(!world.may(stranger, traffic, Action::See));
    // It stands for what the lender owns, and for no longer than they do.
    let other = NewOrganisation::named("Sở Xây dựng", None);
    let other = world.catalog.add_organisation(other).await.unwrap().id;
    let owner = ParticularsChange { owner: Some(Some(other)), ..ParticularsChange::default() };
    let sold = CameraChange { particulars: owner, ..CameraChange::default() };
    let _: Arc<Camera> = world.catalog.change_camera(air, sold).await.unwrap();
    assert!(world.may(officer, traffic, Action::Live) && !world.may(officer, air, Action::See));

    let grant = world.catalog.rights(officer).unwrap().given()[0].id;
    assert!(refused(world.catalog.revoke(grant).await).1.contains("end the agreement"));
    let end = async || world.catalog.end_agreement(drafted.id, "Hết nhu cầu", chair, NOW).await;
    end().await.unwrap();
    assert!(!world.may(officer, traffic, Action::See));
    assert!(refused(end().await).1.contains("ended already"));
    let again = open(&world.rows).await;
    assert_eq!(state(&again), AgreementState::Ended);
    assert_eq!(again.tables().agreements, world.catalog.tables().agreements);
    assert!(again.tables().grants.is_empty());
}

#[tokio::test]
async fn an_agreement_that_makes_no_sense_is_not_drawn_up() {
    let world = world().await;
    let head = world.signatory("head", world.city).await;
    let draft = async |terms| refused(world.catalog.draft_agreement(terms, head, NOW).await).0;
    let lent = || world.lent();
    assert_eq!(draft(AgreementTerms { recipient: world.city, ..lent() }).await, "recipient");
    assert_eq!(draft(AgreementTerms { until: NOW, ..lent() }).await, "until_us");
    assert_eq!(draft(AgreementTerms { until: NOW.plus(days(4_000)), ..lent() }).await, "until_us");
    let more = actions(&[Action::Live, Action::Configure]);
    assert_eq!(draft(AgreementTerms { actions: more, ..lent() }).await, "actions");
    let foreign = Scope::Organisation(world.ward);
    assert_eq!(draft(AgreementTerms { scope: foreign, ..lent() }).await, "scope");
    assert_eq!(draft(AgreementTerms { document: " ".to_owned(), ..lent() }).await, "document");
    world.catalog.draft_agreement(lent(), head, NOW).await.unwrap();
    assert_eq!(draft(lent()).await, "number");
}

#[tokio::test]
async fn what_follows_a_set_of_permissions_gives_what_the_set_says_now() {
    let world = world().await;
    let tables = world.catalog.tables();
    let ward_officer = tables.permission_sets.values().find(|set| set.playback_days == Some(7));
    let ward_officer = ward_officer.unwrap().clone();
    assert_eq!(tables.permission_sets.len(), 7, "the duties that the documents name");
    let (hong, agreeing) = (
        world.person("hong", Role::Operator, None).await,
        world.person("boss", Role::Administrator, None).await,
    );
    let follows = |class| Terms {
        permission_set: Some(ward_officer.id),
        class,
        ..terms(hong, &[Action::Export])
    };
    let ordinary = world.give(follows(Class::Ordinary)).await.unwrap();
    let guarded = world.give(follows(Class::Defence)).await.unwrap();
    world.catalog.agree(guarded.id, agreeing).await.unwrap();
    let [camera, _] = world.cameras[..] else { panic!() };
    assert!(world.may(hong, camera, Action::Ptz) && !world.may(hong, camera, Action::Export));
    let changed = NewPermissionSet {
        name: ward_officer.name.clone(),
        name_en: None,
        actions: actions(&[Action::Live]),
        ptz_priority: 2,
        most_lines: Some(480),
        playback_days: None,
    };
    let change = async |set| world.catalog.change_permission_set(ward_officer.id, set).await;
    change(changed.clone()).await.unwrap();
    for catalog in [world.catalog.clone(), open(&world.rows).await] {
        let tables = catalog.tables();
        let now = |id| tables.grants[&id].terms.clone();
        assert_eq!(now(ordinary.id).actions, actions(&[Action::Live]));
        assert_eq!(now(ordinary.id).most_lines, Some(480));
        assert!(tables.grants[&guarded.id].is_pending(), "what was agreed to was another thing");
    }
    assert!(!world.may(hong, camera, Action::Ptz));
    let empty = NewPermissionSet { actions: Actions::default(), ..changed.clone() };
    assert_eq!(refused(change(empty).await).0, "actions");
    let (field, words) = refused(world.catalog.remove_permission_set(ward_officer.id).await);
    assert_eq!((field, words.as_str()), ("id", "2 grants follow this set; revoke them first"));
    let taken = world.catalog.add_permission_set(changed).await;
    assert_eq!(refused(taken).0, "name");
}

#[tokio::test]
async fn in_an_emergency_a_person_opens_for_themselves_alone_and_for_minutes() {
    let world = world().await;
    let hong = world.person("hong", Role::Operator, None).await;
    let [camera, _] = world.cameras[..] else { panic!() };
    let until = NOW.plus(Duration::from_secs(1800));
    let taken = Terms { until: Some(until), ..terms(hong, &Action::EMERGENCY) };
    let endless = Terms { until: None, ..taken.clone() };
    assert_eq!(refused(world.catalog.take_in_emergency(endless, NOW).await).0, "scope");
    let guarded = Terms { class: Class::Defence, ..taken.clone() };
    assert_eq!(refused(world.catalog.take_in_emergency(guarded, NOW).await).0, "scope");
    let taken = world.catalog.take_in_emergency(taken, NOW).await.unwrap();
    assert_eq!((taken.origin, taken.by), (Origin::Emergency, Some(hong)));
    assert!(world.may(hong, camera, Action::Live));
    let rights = world.catalog.rights(hong).unwrap();
    assert!(!rights.decide(camera, Action::See, until).is_allowed());
}

#[tokio::test]
async fn the_rules_go_on_in_versions_that_stay() {
    let world = world().await;
    let boss = world.person("boss", Role::Administrator, None).await;
    let first = world.catalog.tables().policy(NOW);
    assert_eq!((first.version, &first.terms), (1, &PolicyTerms::first()), "as it was laid");
    let later = NOW.plus(days(2));
    let stricter = PolicyTerms { from: later, case_after_hours: 0, ..PolicyTerms::first() };
    let second = world.catalog.lay_down_policy(stricter, boss, NOW).await.unwrap();
    assert_eq!((second.version, second.terms.from), (2, later));
    let past = PolicyTerms { from: WallTime(0), ..PolicyTerms::first() };
    let third = world.catalog.lay_down_policy(past, boss, NOW).await.unwrap();
    assert_eq!((third.version, third.terms.from), (3, NOW), "the past stays as it was decided");
    for catalog in [world.catalog.clone(), open(&world.rows).await] {
        let holds = |at| catalog.tables().policy(at).version;
        assert_eq!((holds(WallTime(5)), holds(NOW)), (1, 3));
        assert_eq!(catalog.tables().policies[&2].by, Some(boss));
    }
    let senseless = PolicyTerms { emergency_minutes: 0, ..PolicyTerms::first() };
    let senseless = world.catalog.lay_down_policy(senseless, boss, NOW).await;
    assert_eq!(refused(senseless).0, "emergency_minutes");
}
