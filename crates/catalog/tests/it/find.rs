//! A camera is found by what is said of it, however it is typed, by whoever may know
//! of it.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use base::{Day, Needle, UserId, WallTime};
use catalog::{
    Area, CameraChange, CameraFilter, Catalog, Class, LifeCycle, NewCamera, NewOrganisation,
    NewSite, NewStream, NewUser, Organisation, OrganisationChange, OrganisationKind, Particulars,
    Position, Purpose, Retention, Role, SealKey, SiteChange, StreamRole, Subject, Terms,
};
use db::testutil::{Fresh, Kind};

const NOW: WallTime = WallTime(1_795_885_200_000_000);

const NONE: [u32; 0] = [];

struct World {
    _rows: Fresh,
    catalog: Catalog,
    police: Organisation,
    traffic: Organisation,
    ward: Organisation,
    operator: UserId,
    administrator: UserId,
}

/// Two sites, one of the traffic police in a ward, one of the ward; on each an
/// ordinary camera, and on the first one of defence.
async fn world() -> World {
    let rows = Fresh::new(Kind::of(module_path!()));
    let key = SealKey::new(&[5; 32]);
    let catalog = Catalog::open(rows.open().await, key, Day::of(NOW)).await.unwrap();
    let body = async |kind, code: &str, name: &str, parent| {
        let code = Some(code.to_owned());
        let new = NewOrganisation { kind, code, ..NewOrganisation::named(name, parent) };
        catalog.add_organisation(new).await.unwrap()
    };
    let police = body(OrganisationKind::Police, "CATP", "Công an Thành phố", None).await;
    let (kind, parent) = (OrganisationKind::PoliceDivision, Some(police.id));
    let traffic = body(kind, "PC08", "Phòng Cảnh sát giao thông", parent).await;
    let kind = OrganisationKind::WardCommittee;
    let ward = body(kind, "00082", "UBND phường Cửa Nam", None).await;
    let site = NewSite {
        ward: Some("00082".to_owned()),
        address: Some("1 Tràng Thi".to_owned()),
        ..NewSite::named("Ngã tư Hoà Mã", traffic.id)
    };
    let crossing = catalog.add_site(site).await.unwrap().id;
    let market = catalog.add_site(NewSite::named("Chợ Đồng Xuân", ward.id)).await.unwrap().id;
    for (number, name, site, class, purpose) in [
        (7, "Cột đèn số 3", crossing, Class::Ordinary, Some(Purpose::Traffic)),
        (9_000_001, "Cột đèn số 4", crossing, Class::Defence, Some(Purpose::Traffic)),
        (12, "Cổng chính", market, Class::Ordinary, None),
    ] {
        let stream = NewStream {
            role: StreamRole::Main,
            url: "rtsp://10.0.0.1/main".to_owned(),
            user: None,
            password: None,
            facts: None,
        };
        let owner = (number == 12).then_some(police.id);
        let camera = NewCamera {
            number: Some(number),
            name: name.to_owned(),
            site,
            make: Some("Hikvision".to_owned()),
            recording: false,
            retention: Retention::default(),
            link: Default::default(),
            class,
            sound: false,
            particulars: Particulars {
                owner,
                purposes: purpose.into_iter().collect(),
                life_cycle: if number == 12 { LifeCycle::Planned } else { LifeCycle::InService },
                ..Particulars::default()
            },
            streams: vec![stream],
        };
        catalog.add_camera(camera).await.unwrap();
    }
    let person = async |name: &str, role| {
        let (name, display_name) = (name.to_owned(), name.to_owned());
        let user = NewUser { name, display_name, role, organisation: None };
        catalog.add_user(user).await.unwrap().id
    };
    let operator = person("truc", Role::Operator).await;
    let administrator = person("quan", Role::Administrator).await;
    World { _rows: rows, catalog, police, traffic, ward, operator, administrator }
}

impl World {
    fn found(&self, user: UserId, filter: &CameraFilter) -> Vec<u32> {
        let found = self.catalog.find_cameras(user, filter, NOW);
        assert_eq!(found.total(), found.from(0).count());
        found.from(0).map(|camera| camera.number).collect()
    }

    fn named(&self, text: &str) -> Vec<u32> {
        let needle = Needle::new(text);
        self.found(self.administrator, &CameraFilter { needle, ..CameraFilter::default() })
    }
}

#[tokio::test]
async fn a_camera_is_found_by_what_is_said_of_it_however_it_is_typed() {
    let world = world().await;
    for (text, found) in [
        ("", &[7, 12][..]),
        ("cot den", &[7]),
        ("CỘT ĐÈN", &[7]),
        ("12", &[12]),
        ("hikvision", &[7, 12]),
        ("hòa mã", &[7]),
        ("ma hoa", &[7]),
        ("trang thi", &[7]),
        ("dong xuan", &[12]),
        ("cua nam", &[7, 12]),
        ("canh sat", &[7]),
        ("cong an", &[12]),
        ("cot dong", &[]),
        ("so 4", &[]),
        ("9000001", &[]),
    ] {
        assert_eq!(world.named(text), found, "{text}");
    }
}

#[tokio::test]
async fn what_is_changed_is_found_as_it_is_now() {
    let world = world().await;
    assert_eq!(world.named("tay ho"), NONE);
    let tables = world.catalog.tables();
    let of = |number| tables.cameras.values().find(|camera| camera.number == number).unwrap();
    let renamed = CameraChange { name: Some("Tây Hồ 1".to_owned()), ..Default::default() };
    world.catalog.change_camera(of(12).id, renamed).await.unwrap();
    assert_eq!(world.named("tay ho"), [12]);
    let moved = SiteChange { name: Some("Phố Tây Hồ".to_owned()), ..SiteChange::default() };
    world.catalog.change_site(of(7).site, moved).await.unwrap();
    assert_eq!(world.named("tay ho"), [7, 12]);
    assert_eq!(world.named("hoa ma"), NONE);
    let body =
        OrganisationChange { name: Some("Ban Giao thông".to_owned()), ..Default::default() };
    world.catalog.change_organisation(world.traffic.id, body).await.unwrap();
    assert_eq!((world.named("ban giao"), world.named("canh sat")), (vec![7], vec![7]));
    world.catalog.remove_camera(of(7).id).await.unwrap();
    assert_eq!(world.named("tay ho"), [12]);
}

#[tokio::test]
async fn filters_hold_together() {
    let world = world().await;
    let of = |organisation| CameraFilter { organisation, ..CameraFilter::default() };
    let found = |filter| world.found(world.administrator, &filter);
    assert_eq!(found(of(Some(world.police.id))), [7, 12]);
    assert_eq!(found(of(Some(world.traffic.id))), [7]);
    assert_eq!(found(of(Some(world.ward.id))), [12]);
    assert_eq!(found(of(Some(base::OrganisationId::new()))), NONE);
    let all = CameraFilter::default;
    assert_eq!(found(CameraFilter { ward: Some("00082".to_owned()), ..all() }), [7]);
    assert_eq!(found(CameraFilter { purpose: Some(Purpose::Traffic), ..all() }), [7]);
    assert_eq!(found(CameraFilter { life_cycle: Some(LifeCycle::Planned), ..all() }), [12]);
    assert_eq!(found(CameraFilter { inherited: Some(true), ..all() }), NONE);
    assert_eq!(found(CameraFilter { inherited: Some(false), ..all() }), [7, 12]);
    let both = CameraFilter {
        needle: Needle::new("hikvision"),
        purpose: Some(Purpose::Traffic),
        ..of(Some(world.ward.id))
    };
    assert_eq!(found(both), NONE);
}

/// What a map shows is what lies within its edges, the edges with it, and of that what
/// whoever looks may know of.
#[tokio::test]
async fn a_map_shows_what_lies_within_it_and_nothing_of_defence() {
    let world = world().await;
    let sites: Vec<_> = world.catalog.tables().sites.values().cloned().collect();
    let at = |lat_udeg, lon_udeg| Position { lat_udeg, lon_udeg };
    let place = async |name: &str, position| {
        let site = sites.iter().find(|site| site.name == name).unwrap().id;
        let change = SiteChange { position: Some(Some(position)), ..SiteChange::default() };
        world.catalog.change_site(site, change).await.unwrap();
        site
    };
    // On the first stands a camera of defence as well.
    let crossing = place("Ngã tư Hoà Mã", at(21_016_000, 105_854_000)).await;
    let shown = |by, from, to| {
        let area = Some(Area { from, to });
        world.found(by, &CameraFilter { area, ..CameraFilter::default() })
    };
    let (south_west, north_east) = (at(21_016_000, 105_854_000), at(21_040_000, 105_860_000));
    assert_eq!(shown(world.administrator, south_west, north_east), [7], "the edge is within");
    let beside = at(21_016_001, 105_854_000);
    assert_eq!(shown(world.administrator, beside, north_east), NONE);
    place("Chợ Đồng Xuân", at(21_038_000, 105_849_000)).await;
    assert_eq!(shown(world.administrator, south_west, north_east), [7], "one is west of it");
    let wider = at(21_000_000, 105_840_000);
    assert_eq!(shown(world.administrator, wider, north_east), [7, 12]);
    assert_eq!(shown(world.operator, wider, north_east), NONE);
    let on = |class| {
        let filter = CameraFilter { site: Some(crossing), class, ..CameraFilter::default() };
        world.found(world.administrator, &filter)
    };
    assert_eq!(on(None), [7]);
    assert_eq!(on(Some(Class::Defence)), NONE);
    let overdue = |overdue| {
        let filter = CameraFilter { overdue: Some(overdue), ..CameraFilter::default() };
        world.found(world.administrator, &filter)
    };
    assert_eq!((overdue(true), overdue(false)), (NONE.to_vec(), vec![7, 12]));

    let usual = Terms { basis: "Số 2".to_owned(), ..Terms::usual(Subject::User(world.operator)) };
    let defence = Terms { class: Class::Defence, ..usual.clone() };
    world.catalog.give(usual, None, NOW).await.unwrap();
    let given = world.catalog.give(defence, None, NOW).await.unwrap();
    assert_eq!(shown(world.operator, wider, north_east), [7, 12]);
    world.catalog.agree(given.id, world.administrator).await.unwrap();
    assert_eq!(shown(world.operator, wider, north_east), [7, 12, 9_000_001]);
    assert_eq!(shown(world.administrator, wider, north_east), [7, 12]);
}

#[tokio::test]
async fn nobody_finds_what_they_may_not_know_of() {
    let world = world().await;
    let all = CameraFilter::default();
    assert_eq!(world.found(world.operator, &all), NONE);
    assert_eq!(world.found(UserId::new(), &all), NONE);
    let usual = Terms::usual(Subject::User(world.operator));
    let defence = Terms { class: Class::Defence, basis: "Số 1".to_owned(), ..usual.clone() };
    let usual = Terms { basis: "Số 2".to_owned(), ..usual };
    world.catalog.give(usual, None, NOW).await.unwrap();
    let given = world.catalog.give(defence, None, NOW).await.unwrap();
    let needle = Needle::new("cột đèn");
    let poles = CameraFilter { needle, ..CameraFilter::default() };
    assert_eq!(world.found(world.operator, &poles), [7]);
    world.catalog.agree(given.id, world.administrator).await.unwrap();
    assert_eq!(world.found(world.operator, &poles), [7, 9_000_001]);
    assert_eq!(world.found(world.administrator, &poles), [7]);
}
