//! Bodies come, are renamed, moved and end; sites lie in wards; and no camera is
//! recorded for nothing.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::collections::BTreeSet;
use std::sync::Arc;

use base::{Day, OrganisationId, SiteId};
use catalog::{
    Camera, CameraChange, Catalog, Class, Error, LifeCycle, LinkKind, NewCamera, NewOrganisation,
    NewSite, NewStream, NoticeSign, Organisation, OrganisationChange, OrganisationKind,
    Particulars, ParticularsChange, Pose, Position, Purpose, Retention, SealKey, SiteCategory,
    SiteChange, StreamRole,
};
use db::testutil::{Fresh, Kind};

struct World {
    rows: Fresh,
    catalog: Catalog,
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

async fn open(rows: &Fresh) -> Catalog {
    Catalog::open(rows.open().await, SealKey::new(&[5; 32]), day("2026-11-29")).await.unwrap()
}

/// The field that a refusal is about, and its words.
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

async fn world() -> World {
    let rows = Fresh::new(Kind::of(module_path!()));
    let catalog = open(&rows).await;
    World { rows, catalog }
}

impl World {
    async fn body(&self, name: &str, parent: Option<&Organisation>) -> Organisation {
        let new = NewOrganisation::named(name, parent.map(|parent| parent.id));
        self.catalog.add_organisation(new).await.unwrap()
    }

    async fn ward(&self, name: &str, code: &str) -> Organisation {
        let new = NewOrganisation {
            kind: OrganisationKind::WardCommittee,
            code: Some(code.to_owned()),
            ..NewOrganisation::named(name, None)
        };
        self.catalog.add_organisation(new).await.unwrap()
    }

    async fn site(&self, of: &Organisation) -> SiteId {
        let new = NewSite::named("Ngã tư Tràng Thi", of.id);
        self.catalog.add_site(new).await.unwrap().id
    }

    async fn camera(&self, camera: NewCamera) -> Arc<Camera> {
        self.catalog.add_camera(camera).await.unwrap()
    }

    async fn change(
        &self,
        of: &Organisation,
        wanted: OrganisationChange,
    ) -> Result<Organisation, Error> {
        self.catalog.change_organisation(of.id, wanted).await
    }

    async fn is_kept(&self) {
        assert_eq!(open(&self.rows).await.tables(), self.catalog.tables());
    }
}

fn camera(site: SiteId) -> NewCamera {
    let stream = NewStream {
        role: StreamRole::Main,
        url: "rtsp://10.0.0.1/main".to_owned(),
        user: None,
        password: None,
        facts: None,
    };
    NewCamera {
        number: None,
        name: "Cổng".to_owned(),
        site,
        make: None,
        recording: false,
        retention: Retention::default(),
        link: Default::default(),
        class: Default::default(),
        sound: false,
        particulars: Particulars::default(),
        streams: vec![stream],
    }
}

fn ends(on: &str) -> OrganisationChange {
    OrganisationChange { valid_until: Some(Some(day(on))), ..OrganisationChange::default() }
}

fn under(parent: OrganisationId) -> OrganisationChange {
    OrganisationChange { parent: Some(Some(parent)), ..OrganisationChange::default() }
}

#[tokio::test]
async fn what_is_said_of_bodies_and_sites_is_there_after_a_new_start() {
    let world = world().await;
    let ward = world.ward("UBND phường Cửa Nam", "00082").await;
    let district = NewOrganisation {
        kind: OrganisationKind::District,
        code: Some("002".to_owned()),
        name_en: Some("Hoan Kiem District".to_owned()),
        valid_from: Some(day("1981-01-01")),
        valid_until: Some(day("2025-06-30")),
        successors: BTreeSet::from([ward.id]),
        ..NewOrganisation::named("UBND quận Hoàn Kiếm", None)
    };
    let district = world.catalog.add_organisation(district).await.unwrap();
    let renamed = |name: &str| OrganisationChange {
        name: Some(name.to_owned()),
        ..OrganisationChange::default()
    };
    world.change(&ward, renamed("UBND phường Hoàn Kiếm")).await.unwrap();
    let again = world.change(&ward, renamed("UBND phường Cửa Nam")).await.unwrap();
    assert_eq!(again.former_names, ["UBND phường Hoàn Kiếm"]);
    let site = NewSite {
        category: SiteCategory::Junction,
        ward: Some("00082".to_owned()),
        address: Some(" 1 Tràng Thi ".to_owned()),
        position: Some(Position::of(21.0285, 105.8524).unwrap()),
        ..NewSite::named("Ngã tư Tràng Thi", ward.id)
    };
    let site = world.catalog.add_site(site).await.unwrap();
    assert_eq!(site.address.as_deref(), Some("1 Tràng Thi"));
    world.is_kept().await;
    let wanted = SiteChange {
        category: Some(SiteCategory::Market),
        position: Some(None),
        ward: Some(None),
        ..SiteChange::default()
    };
    let changed = world.catalog.change_site(site.id, wanted).await.unwrap();
    assert_eq!((changed.category, changed.position), (SiteCategory::Market, None));
    assert_eq!((changed.ward, changed.name), (None, site.name));
    assert_eq!(world.catalog.tables().organisation_of("002"), Some(&district));
    world.is_kept().await;
}

#[tokio::test]
async fn no_two_bodies_share_a_code_and_none_is_a_unit_of_itself() {
    let world = world().await;
    let city = world.body("Công an thành phố", None).await;
    let division = world.body("Phòng Cảnh sát giao thông", Some(&city)).await;
    let team = world.body("Đội 1", Some(&division)).await;
    for parent in [city.id, division.id, team.id] {
        let (field, words) = refused(world.change(&city, under(parent)).await);
        assert_eq!(field, "parent");
        assert_eq!(words, "an organisation cannot be a unit of itself or of a unit of its own");
    }
    let moved = world.change(&team, under(city.id)).await.unwrap();
    assert_eq!(moved.parent, Some(city.id));
    world.change(&division, under(team.id)).await.unwrap();
    let code = |code: &str| OrganisationChange {
        code: Some(Some(code.to_owned())),
        ..OrganisationChange::default()
    };
    world.change(&division, code(" PC08 ")).await.unwrap();
    let (field, words) = refused(world.change(&team, code("pc08")).await);
    assert_eq!(field, "code");
    assert_eq!(words, "\"Phòng Cảnh sát giao thông\" has the code pc08 already");
    world.change(&division, code("PC08")).await.unwrap();
    assert_eq!(refused(world.change(&team, code("Đội 1")).await).0, "code");
    let turned =
        OrganisationChange { valid_from: Some(Some(day("2026-01-02"))), ..ends("2026-01-01") };
    assert_eq!(refused(world.change(&team, turned).await).0, "valid_until");
    let lost = world.change(&team, under(OrganisationId::new())).await.unwrap_err();
    assert_eq!(lost.to_string(), "there is no such organisation");
    world.is_kept().await;
}

#[tokio::test]
async fn a_body_ends_when_nothing_hangs_on_it_or_it_is_said_whose_that_is() {
    let world = world().await;
    let old = world.body("UBND quận Hoàn Kiếm", None).await;
    let unit = world.body("Phòng Văn hóa", Some(&old)).await;
    let gone = world.body("Phòng Lao động", Some(&old)).await;
    world.change(&gone, ends("2024-12-31")).await.unwrap();
    let new = world.ward("UBND phường Hoàn Kiếm", "00070").await;
    let site = world.site(&old).await;
    let other = world.site(&new).await;
    let owned = |life_cycle, class| NewCamera {
        class,
        particulars: Particulars { investor: Some(old.id), life_cycle, ..Particulars::default() },
        ..camera(other)
    };
    let eye = world.camera(owned(LifeCycle::InService, Class::Ordinary)).await;
    let retired = world.camera(owned(LifeCycle::Retired, Class::Ordinary)).await;
    let (field, words) = refused(world.change(&old, ends("2025-06-30")).await);
    assert_eq!(field, "valid_until");
    assert_eq!(
        words,
        "\"UBND quận Hoàn Kiếm\" still has units: 1, sites: 1, cameras: 1; say in move_to whose \
         they are from then on, or move them first"
    );
    for to in [old.id, unit.id] {
        let wanted = OrganisationChange { move_to: Some(to), ..ends("2025-06-30") };
        assert_eq!(refused(world.change(&old, wanted).await).0, "move_to");
    }
    let wanted = OrganisationChange {
        move_to: Some(new.id),
        successors: Some([new.id].into()),
        ..ends("2025-06-30")
    };
    let ended = world.change(&old, wanted).await.unwrap();
    assert!(ended.has_ended() && ended.successors.contains(&new.id));
    let tables = world.catalog.tables();
    assert_eq!(tables.organisations[&unit.id].parent, Some(new.id));
    assert_eq!(tables.organisations[&gone.id].parent, Some(old.id));
    assert_eq!(tables.sites[&site].organisation, new.id);
    assert_eq!(tables.cameras[&eye.id].particulars.investor, Some(new.id));
    assert_eq!(tables.cameras[&retired.id].particulars.investor, Some(old.id));
    world.is_kept().await;
    // What has ended takes nothing more.
    let words = "\"UBND quận Hoàn Kiếm\" has its last day on 2025-06-30; name who came after it";
    let late = NewOrganisation::named("Phòng Y tế", Some(old.id));
    let told = refused(world.catalog.add_organisation(late).await);
    assert_eq!(told, ("parent", words.to_owned()));
    let late = NewSite::named("Chợ", old.id);
    assert_eq!(refused(world.catalog.add_site(late).await).0, "organisation");
    let late = owned(LifeCycle::InService, Class::Ordinary);
    assert_eq!(refused(world.catalog.add_camera(late).await).0, "investor");
    // But one that names it already may be changed otherwise.
    let renamed = CameraChange { name: Some("Cổng cũ".to_owned()), ..Default::default() };
    world.catalog.change_camera(retired.id, renamed).await.unwrap();
    // And it may live again.
    let lives = OrganisationChange { valid_until: Some(None), ..OrganisationChange::default() };
    assert!(!world.change(&old, lives).await.unwrap().has_ended());
}

#[tokio::test]
async fn cameras_of_defence_stand_in_the_way_of_no_body_that_ends() {
    let world = world().await;
    let [old, new] = [world.body("Cũ", None).await, world.body("Mới", None).await];
    let site = world.site(&new).await;
    let particulars = Particulars { owner: Some(old.id), ..Particulars::default() };
    let defence = NewCamera { class: Class::Defence, particulars, ..camera(site) };
    let eye = world.camera(defence).await;
    world.change(&old, ends("2026-01-01")).await.unwrap();
    assert_eq!(world.catalog.camera(eye.id).unwrap().particulars.owner, Some(old.id));
}

#[tokio::test]
async fn a_ward_is_named_by_the_code_of_its_committee() {
    let world = world().await;
    let ward = world.ward("UBND phường Cửa Nam", "00082").await;
    let police = NewOrganisation {
        kind: OrganisationKind::WardPolice,
        code: Some("CA00082".to_owned()),
        ..NewOrganisation::named("Công an phường Cửa Nam", None)
    };
    world.catalog.add_organisation(police).await.unwrap();
    for code in ["CA00082", "82", "00083"] {
        let new = NewSite { ward: Some(code.to_owned()), ..NewSite::named("Chợ", ward.id) };
        let (field, words) = refused(world.catalog.add_site(new).await);
        assert!(field == "ward" && words.contains(code), "{words}");
    }
    let new = NewSite { ward: Some(" ".to_owned()), ..NewSite::named("Chợ", ward.id) };
    assert_eq!(world.catalog.add_site(new).await.unwrap().ward, None);
}

#[tokio::test]
async fn the_bodies_of_the_city_are_laid_once_and_left_as_people_change_them() {
    let world = world().await;
    let own = NewOrganisation {
        code: Some("00082".to_owned()),
        ..NewOrganisation::named("Cửa Nam của tôi", None)
    };
    let own = world.catalog.add_organisation(own).await.unwrap();
    let laid = world.catalog.lay_organisations().await.unwrap();
    assert_eq!(laid.len(), 301, "all but the one that is there");
    world.is_kept().await;
    let tables = world.catalog.tables();
    let of = |code: &str| tables.organisation_of(code).unwrap();
    assert_eq!(of("00082"), &own);
    let police = of("CA00082");
    assert_eq!(police.parent, Some(of("CATP").id));
    let district = of("002");
    assert_eq!(district.valid_until, Some(day("2025-06-30")));
    assert_eq!(district.successors, [own.id, of("00070").id].into());
    let renamed =
        OrganisationChange { name: Some("Công an Cửa Nam".to_owned()), ..Default::default() };
    world.change(police, renamed).await.unwrap();
    let before = world.catalog.tables();
    assert_eq!(world.catalog.lay_organisations().await.unwrap(), []);
    assert_eq!(world.catalog.tables(), before);
}

#[tokio::test]
async fn what_is_on_record_of_a_camera_is_there_after_a_new_start() {
    let world = world().await;
    let city = world.body("Công an thành phố", None).await;
    let maker = world.body("Công ty Mắt Thần", None).await;
    let site = world.site(&city).await;
    let particulars = Particulars {
        owner: None,
        investor: Some(city.id),
        operator: Some(city.id),
        maintainer: Some(maker.id),
        purposes: [Purpose::UrbanOrder, Purpose::Traffic].into(),
        legal_basis: Some("319/QĐ-UBND, 19/1/2024, UBND Thành phố".to_owned()),
        pose: Pose {
            heading_deg: Some(270),
            tilt_deg: Some(-15),
            height_cm: Some(650),
            fov_deg: Some(90),
        },
        link_kind: Some(LinkKind::DedicatedFiber),
        life_cycle: LifeCycle::Installed,
        life_cycle_since: Some(day("2026-11-01")),
        notice_sign: Some(NoticeSign::Exempt("mục tiêu trọng điểm".to_owned())),
    };
    let new = NewCamera { recording: true, particulars: particulars.clone(), ..camera(site) };
    let eye = world.camera(new).await;
    assert_eq!(eye.particulars, particulars);
    assert_eq!(eye.particulars.owner_at(&world.catalog.tables().sites[&site]), city.id);
    world.is_kept().await;
    let nobody = ParticularsChange {
        owner: Some(Some(OrganisationId::new())),
        ..ParticularsChange::default()
    };
    let wanted = CameraChange { particulars: nobody, ..CameraChange::default() };
    let lost = world.catalog.change_camera(eye.id, wanted).await.unwrap_err();
    assert_eq!(lost.to_string(), "there is no such organisation");
}

#[tokio::test]
async fn no_camera_is_recorded_without_purpose_and_legal_basis() {
    let world = world().await;
    let site = world.site(&world.body("Công an", None).await).await;
    let settled = Particulars {
        purposes: [Purpose::Traffic].into(),
        legal_basis: Some("319/QĐ-UBND".to_owned()),
        ..Particulars::default()
    };
    let recorded = |particulars| NewCamera { recording: true, particulars, ..camera(site) };
    let nothing = world.catalog.add_camera(recorded(Particulars::default())).await;
    assert_eq!(refused(nothing).0, "purposes");
    let basis = Particulars { legal_basis: Some(" ".to_owned()), ..settled.clone() };
    assert_eq!(refused(world.catalog.add_camera(recorded(basis)).await).0, "legal_basis");
    let eye = world.camera(camera(site)).await;
    let on = CameraChange { recording: Some(true), ..CameraChange::default() };
    assert_eq!(refused(world.catalog.change_camera(eye.id, on.clone()).await).0, "purposes");
    let both = ParticularsChange {
        purposes: Some(settled.purposes),
        legal_basis: Some(settled.legal_basis),
        ..ParticularsChange::default()
    };
    let on = CameraChange { particulars: both, ..on };
    assert!(world.catalog.change_camera(eye.id, on).await.unwrap().recording);
    let none = ParticularsChange { legal_basis: Some(None), ..ParticularsChange::default() };
    let none = CameraChange { particulars: none, ..CameraChange::default() };
    assert_eq!(refused(world.catalog.change_camera(eye.id, none.clone()).await).0, "legal_basis");
    // What is not recorded may lose both.
    let off = CameraChange { recording: Some(false), ..none };
    let off = world.catalog.change_camera(eye.id, off).await.unwrap();
    assert_eq!((off.recording, &off.particulars.legal_basis), (false, &None));
    assert_eq!(off.inherited_until, None, "only older cameras are inherited");
    world.is_kept().await;
}
