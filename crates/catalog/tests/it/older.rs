//! What older programs kept is read as they meant it, and what a newer one keeps
//! is left alone.

use base::{Day, Transport, WallTime};
use catalog::{
    Action, CameraChange, Catalog, Class, LifeCycle, OrganisationKind, Particulars,
    ParticularsChange, Purpose, Retention, SealKey, SiteCategory, StreamRole,
};
use db::testutil::{Fresh, Kept};
use sea_orm::ConnectionTrait;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/testdata");

async fn open(rows: &Fresh) -> Result<Catalog, catalog::Error> {
    Catalog::open(rows.open().await, SealKey::new(&[5; 32]), today()).await
}

/// On which the steps run that a kept database has not seen: 2026-11-29.
fn today() -> Day {
    Day::of(WallTime(1_795_885_200_000_000))
}

#[tokio::test]
async fn every_older_database_is_brought_up_and_read_right() {
    for kept in Kept::all(FOLDER, &catalog::steps(today())) {
        let rows = kept.fill().await;
        let catalog = open(&rows).await.unwrap();
        let tables = catalog.tables();
        let name = &kept.name;
        let units: Vec<_> = tables
            .organisations
            .values()
            .map(|body| (body.name.as_str(), body.parent.is_some()))
            .collect();
        assert_eq!(units, [("Công an thành phố", false), ("Phường Cửa Nam", true)], "{name}");
        let site = tables.sites.values().next().unwrap();
        assert_eq!(site.name, "Ngã tư Tràng Thi", "{name}");
        let cameras: Vec<_> = tables.cameras.values().collect();
        let [pole, gate] = cameras[..] else { panic!("{name}: {cameras:?}") };
        assert_eq!((pole.number, pole.name.as_str()), (7, "Cột đèn số 3"), "{name}");
        assert_eq!((gate.number, gate.name.as_str()), (9999, "Cổng ' chính"), "{name}");
        assert_eq!((pole.site, gate.site), (site.id, site.id), "{name}");
        assert_eq!((pole.recording, gate.recording), (true, false), "{name}");
        assert_eq!((pole.make.as_deref(), gate.make.as_deref()), (Some("Hikvision"), None));
        assert_eq!(pole.retention, Retention { days: 30, bytes: Some(1 << 34) }, "{name}");
        assert_eq!(gate.retention, Retention { days: 1, bytes: None }, "{name}");
        let [main, sub] = &pole.streams[..] else { panic!("{name}: {:?}", pole.streams) };
        assert_eq!((main.role, sub.role), (StreamRole::Main, StreamRole::Sub), "{name}");
        assert_eq!(main.url.as_str(), "rtsp://10.0.0.1/main", "{name}");
        assert_eq!(main.user.as_deref(), Some("admin"), "{name}");
        let password = main.password.as_ref().map(|secret| secret.expose());
        assert_eq!(password, Some("mật khẩu 123"), "{name}");
        let facts = main.facts.as_ref().unwrap();
        assert_eq!((facts.codec.as_str(), facts.width, facts.height), ("h264", 1920, 1080));
        assert!(sub.password.is_none() && sub.facts.is_none(), "{name}");
        // From before there were links: as a camera is reached if nobody says.
        let said = !name.starts_with("0001");
        assert_eq!(pole.sound, said, "{name}");
        let transport = if said { Transport::Udp } else { Transport::Auto };
        assert_eq!(pole.link.transport, transport, "{name}");
        assert_eq!(pole.link.certificate, said.then_some([7; 32]), "{name}");
        assert!(gate.link == base::Link::default() && !gate.sound, "{name}");
        let person = catalog.user_by_name("Hong").unwrap();
        assert_eq!(person.display_name, "Nguyễn Thị Hồng", "{name}");
        // From before there were grants: an operator keeps every camera by one.
        assert_eq!((pole.class, gate.class), (Class::Ordinary, Class::Ordinary), "{name}");
        let may = |camera| {
            let rights = catalog.rights(person.id).unwrap();
            let may = |action| rights.decide(camera, action, WallTime(0)).is_allowed();
            Action::ALL.into_iter().filter(|&action| may(action)).collect::<Vec<_>>()
        };
        use Action::{Export, Live, Playback, Ptz, See, Sound};
        assert_eq!(may(gate.id), [See, Live, Playback, Export, Ptz], "{name}");
        let heard = if said { vec![Sound] } else { vec![] };
        assert_eq!(may(pole.id), [may(gate.id), heard].concat(), "{name}");
        // From before there were places and purposes: nothing is known of them, and
        // what is recorded goes on being recorded until somebody says for what.
        for body in tables.organisations.values() {
            assert_eq!((body.kind, body.has_ended()), (OrganisationKind::Other, false), "{name}");
        }
        assert_eq!((site.category, site.position), (SiteCategory::Other, None), "{name}");
        for camera in &cameras {
            assert_eq!(camera.particulars, Particulars::default(), "{name}");
            assert_eq!(camera.particulars.life_cycle, LifeCycle::InService, "{name}");
            let until = camera.inherited_until.unwrap();
            assert_eq!(until.to_string(), "2027-02-27", "{name}: 90 days later");
            assert!(!camera.is_overdue(until) && camera.is_overdue(until.plus(1)), "{name}");
        }
        assert_eq!(catalog.intended_streams().len(), 2, "{name}");
        // It stays so at the next start, and is a catalog like any other.
        assert_eq!(open(&rows).await.unwrap().tables(), tables, "{name}");
        let grant = tables.grants.values().next().unwrap();
        assert!(tables.grants.len() == 1 && grant.by.is_none(), "{name}");
        catalog.revoke(grant.id).await.unwrap();
        assert_eq!(may(pole.id), [], "{name}");
        catalog.remove_camera(gate.id).await.unwrap();
        assert_eq!(open(&rows).await.unwrap().tables(), catalog.tables(), "{name}");
    }
}

#[tokio::test]
async fn an_inherited_camera_is_changed_as_it_is_and_settled_by_purpose_and_basis() {
    let change =
        |recording, particulars| CameraChange { recording, particulars, ..Default::default() };
    let said = |purposes: &[Purpose], basis: Option<&str>| ParticularsChange {
        purposes: Some(purposes.iter().copied().collect()),
        legal_basis: Some(basis.map(str::to_owned)),
        ..ParticularsChange::default()
    };
    for kept in Kept::all(FOLDER, &catalog::steps(today())) {
        let rows = kept.fill().await;
        let catalog = open(&rows).await.unwrap();
        let name = &kept.name;
        let tables = catalog.tables();
        let [pole, gate] = [7, 9999].map(|number| {
            tables.cameras.values().find(|camera| camera.number == number).unwrap().id
        });
        // What is half said is kept, and may be taken back.
        let purpose = change(None, said(&[Purpose::Traffic], None));
        let half = catalog.change_camera(pole, purpose).await.unwrap();
        assert!(half.recording && half.inherited_until.is_some(), "{name}");
        let renamed = CameraChange { name: Some("Cột 3".to_owned()), ..Default::default() };
        catalog.change_camera(pole, renamed).await.unwrap();
        catalog.change_camera(pole, change(None, said(&[], None))).await.unwrap();
        // One that was off is not switched on without.
        let on = catalog.change_camera(gate, change(Some(true), Default::default())).await;
        assert!(on.unwrap_err().to_string().contains("for a purpose"), "{name}");
        // Nor is one that was switched off.
        catalog.change_camera(pole, change(Some(false), Default::default())).await.unwrap();
        let on = catalog.change_camera(pole, change(Some(true), Default::default())).await;
        assert!(on.is_err(), "{name}");
        let settled = said(&[Purpose::Traffic], Some("319/QĐ-UBND"));
        let settled = catalog.change_camera(pole, change(Some(true), settled)).await.unwrap();
        assert_eq!((settled.recording, settled.inherited_until), (true, None), "{name}");
        let taken_back = catalog.change_camera(pole, change(None, said(&[], None))).await;
        assert!(taken_back.is_err(), "{name}");
        assert_eq!(open(&rows).await.unwrap().tables(), catalog.tables(), "{name}");
    }
}

#[tokio::test]
async fn the_database_of_a_newer_program_is_refused_in_words() {
    for kept in Kept::all(FOLDER, &catalog::steps(today())) {
        let rows = kept.fill().await;
        let pool = rows.open().await;
        let later = "INSERT INTO catalog_steps VALUES (99, 'sites_on_the_moon')";
        pool.write().execute_unprepared(later).await.unwrap();
        let refusal = open(&rows).await.unwrap_err().to_string();
        assert!(
            refusal.starts_with("the tables of catalog were changed by a newer program"),
            "{}: {refusal}",
            kept.name
        );
    }
}
