//! Tables are taken whole or not at all, whatever order their rows are in.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use base::{Day, OrganisationId};
use catalog::{
    Camera, CameraChange, CameraRow, Catalog, Error, Laid, NewCamera, NewOrganisation, NewSite,
    NewStream, Organisation, OrganisationKind, OrganisationRow, Particulars, ParticularsChange,
    Position, Purpose, Retention, SealKey, SiteCategory, SiteRow, StreamRole,
};
use db::testutil::{Fresh, Kind};

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

async fn open(rows: &Fresh) -> Catalog {
    Catalog::open(rows.open().await, SealKey::new(&[5; 32]), day("2026-11-29")).await.unwrap()
}

async fn world() -> (Fresh, Catalog) {
    let rows = Fresh::new(Kind::of(module_path!()));
    let catalog = open(&rows).await;
    (rows, catalog)
}

/// Whatever is in memory is in the rows as well.
async fn is_kept(rows: &Fresh, catalog: &Catalog) {
    assert_eq!(open(rows).await.tables(), catalog.tables());
}

fn row(code: &str, name: &str, parent: &str) -> OrganisationRow {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    OrganisationRow {
        code: some(code),
        name: name.to_owned(),
        parent: Some(some(parent)),
        ..OrganisationRow::default()
    }
}

fn of<'a>(catalog: &'a catalog::Tables, code: &str) -> &'a Organisation {
    catalog.organisation_of(code).unwrap()
}

/// What came of each row: `+` added, `~` changed, `=` the same, or the field that is
/// wrong.
fn signs<T>(outcomes: &[Result<Laid<T>, Error>]) -> Vec<String> {
    let sign = |outcome: &Result<Laid<T>, Error>| match outcome {
        Ok(Laid::Added(_)) => "+".to_owned(),
        Ok(Laid::Changed { .. }) => "~".to_owned(),
        Ok(Laid::Same(_)) => "=".to_owned(),
        Err(
            Error::Invalid { field, .. } | Error::Taken { field, .. } | Error::InUse { field, .. },
        ) => (*field).to_owned(),
        Err(other) => panic!("{other}"),
    };
    outcomes.iter().map(sign).collect()
}

#[tokio::test]
async fn bodies_are_taken_in_any_order_and_once_more_change_nothing() {
    let (rows, catalog) = world().await;
    // A unit before the body whose it is, which is named by its code or by its name.
    let table = || {
        vec![
            row("", "Đội 1", "cong an thanh pho"),
            row("PC08", "Phòng Cảnh sát giao thông", "CATP"),
            OrganisationRow {
                valid_until: Some(Some(day("2025-06-30"))),
                successors: Some(vec!["00082".to_owned(), "PC08".to_owned()]),
                ..row("002", "Quận Hoàn Kiếm", "")
            },
            row("CATP", "Công an Thành phố", ""),
            OrganisationRow {
                kind: Some(OrganisationKind::WardCommittee),
                ..row("00082", "Phường Cửa Nam", "")
            },
        ]
    };
    let dry = catalog.take_organisations(table(), false).await.unwrap();
    assert_eq!(signs(&dry), ["+"; 5]);
    assert!(catalog.tables().organisations.is_empty());
    let taken = catalog.take_organisations(table(), true).await.unwrap();
    assert_eq!(signs(&taken), ["+"; 5]);
    let tables = catalog.tables();
    let city = of(&tables, "CATP").id;
    assert_eq!(of(&tables, "PC08").parent, Some(city));
    assert_eq!(taken[0].as_ref().unwrap().after().parent, Some(city));
    let successors = [of(&tables, "00082").id, of(&tables, "PC08").id];
    assert_eq!(of(&tables, "002").successors, successors.into());
    is_kept(&rows, &catalog).await;
    let again = catalog.take_organisations(table(), true).await.unwrap();
    assert_eq!(signs(&again), ["="; 5]);
    assert_eq!(catalog.tables(), tables);

    // What has no column stays: kind, days, successors; a name is another, and the one
    // before is kept; a code is given to what had none.
    let changes = vec![
        OrganisationRow {
            name: "Phường Hoàn Kiếm".to_owned(),
            code: Some("00082".to_owned()),
            ..OrganisationRow::default()
        },
        row("D1", "Đội 1", "CATP"),
        row("PC08", "Phòng Cảnh sát giao thông", "CATP"),
    ];
    let changed = catalog.take_organisations(changes, true).await.unwrap();
    assert_eq!(signs(&changed), ["~", "~", "="]);
    let tables = catalog.tables();
    let ward = of(&tables, "00082");
    assert_eq!(ward.kind, OrganisationKind::WardCommittee);
    assert_eq!(ward.former_names, ["Phường Cửa Nam"]);
    assert_eq!(of(&tables, "D1").parent, Some(city));
    assert_eq!(tables.organisations.len(), 5);
    is_kept(&rows, &catalog).await;
}

#[tokio::test]
async fn one_row_that_cannot_be_keeps_a_whole_table_out() {
    let (_rows, catalog) = world().await;
    let new =
        NewOrganisation { code: Some("CATP".to_owned()), ..NewOrganisation::named("A", None) };
    let city = catalog.add_organisation(new).await.unwrap();
    let unit = NewOrganisation::named("Đội 1", Some(city.id));
    catalog.add_organisation(unit).await.unwrap();
    let before = catalog.tables();
    let table = vec![
        row("X1", "Tốt", ""),
        row("X1", "Lại", ""),
        row("X2", "Lạc", "không có"),
        // Each a unit of the other.
        row("X3", "Vòng một", "X4"),
        row("X4", "Vòng hai", "X3"),
        row("ô 5", "Mã sai", ""),
        OrganisationRow { successors: Some(vec!["X9".to_owned()]), ..row("X6", "Hết", "") },
        // It has a unit that lives.
        OrganisationRow { valid_until: Some(Some(day("2026-01-01"))), ..row("CATP", "A", "") },
        row("X7", " ", ""),
        row("", "Đội 1", "CATP"),
        row("", "Đội 1", "CATP"),
    ];
    let outcomes = catalog.take_organisations(table, true).await.unwrap();
    let expected = [
        "+",
        "name",
        "parent",
        "parent",
        "parent",
        "code",
        "successors",
        "valid_until",
        "name",
        "=",
        "name",
    ];
    // Of two that wait for one another, one is met first and finds nobody.
    assert_eq!(signs(&outcomes), expected);
    assert_eq!(catalog.tables(), before);
}

#[tokio::test]
async fn a_body_ends_in_the_table_in_which_what_it_has_goes_elsewhere() {
    let (rows, catalog) = world().await;
    let table = vec![row("A", "Sở cũ", ""), row("B", "Sở mới", ""), row("C", "Phòng", "A")];
    catalog.take_organisations(table, true).await.unwrap();
    let ends = OrganisationRow {
        valid_until: Some(Some(day("2026-06-30"))),
        successors: Some(vec!["B".to_owned()]),
        ..row("A", "Sở cũ", "")
    };
    let alone = catalog.take_organisations(vec![ends.clone()], true).await.unwrap();
    assert_eq!(signs(&alone), ["valid_until"]);
    let both = vec![ends, row("C", "Phòng", "B")];
    let both = catalog.take_organisations(both, true).await.unwrap();
    assert_eq!(signs(&both), ["~", "~"]);
    is_kept(&rows, &catalog).await;
}

fn site(name: &str, organisation: OrganisationId) -> SiteRow {
    SiteRow {
        name: name.to_owned(),
        organisation,
        category: None,
        ward: None,
        address: None,
        position: None,
    }
}

#[tokio::test]
async fn sites_are_known_by_their_name_and_whose_they_are() {
    let (rows, catalog) = world().await;
    let mut bodies = Vec::new();
    for name in ["Phường Cửa Nam", "Phường Hoàn Kiếm"] {
        bodies.push(catalog.add_organisation(NewOrganisation::named(name, None)).await.unwrap().id);
    }
    let position = Position::of(21.03, 105.84).unwrap();
    let table = vec![
        SiteRow {
            category: Some(SiteCategory::Junction),
            position: Some(Some(position)),
            ..site("Ngã tư", bodies[0])
        },
        site("Ngã tư", bodies[1]),
        site("ngã  TƯ", bodies[1]),
    ];
    let twice = catalog.take_sites(table.clone(), true).await.unwrap();
    assert_eq!(signs(&twice), ["+", "+", "name"]);
    assert!(catalog.tables().sites.is_empty());
    let taken = catalog.take_sites(table[..2].to_vec(), true).await.unwrap();
    assert_eq!(signs(&taken), ["+", "+"]);
    // What has no column stays; what is empty is taken away.
    let again = vec![
        SiteRow { address: Some(Some("Phố Huế".to_owned())), ..site("Ngã tư", bodies[0]) },
        SiteRow { position: Some(None), ..site("Ngã tư", bodies[1]) },
        SiteRow { ward: Some(Some("99999".to_owned())), ..site("Chợ", bodies[1]) },
    ];
    let refused = catalog.take_sites(again.clone(), true).await.unwrap();
    assert_eq!(signs(&refused), ["~", "=", "ward"]);
    let again = catalog.take_sites(again[..2].to_vec(), true).await.unwrap();
    assert_eq!(signs(&again), ["~", "="]);
    let first = again[0].as_ref().unwrap().after();
    assert_eq!((first.position, first.category), (Some(position), SiteCategory::Junction));
    assert_eq!(first.address.as_deref(), Some("Phố Huế"));
    is_kept(&rows, &catalog).await;
    // Two of a name that were there before cannot be told apart.
    catalog.add_site(NewSite::named("Ngã tư", bodies[0])).await.unwrap();
    let unclear = catalog.take_sites(vec![site("Ngã tư", bodies[0])], true).await.unwrap();
    assert_eq!(signs(&unclear), ["name"]);
}

fn camera(number: Option<u32>, site: base::SiteId) -> CameraRow {
    CameraRow::New(Box::new(NewCamera {
        number,
        name: "Cổng".to_owned(),
        site,
        make: None,
        recording: false,
        retention: Retention::default(),
        link: Default::default(),
        class: Default::default(),
        sound: false,
        particulars: Particulars::default(),
        streams: vec![NewStream {
            role: StreamRole::Main,
            url: "rtsp://10.0.0.1/main".to_owned(),
            user: None,
            password: None,
            facts: None,
        }],
    }))
}

#[tokio::test]
async fn cameras_are_added_and_settled_by_one_table() {
    let (rows, catalog) = world().await;
    let body = catalog.add_organisation(NewOrganisation::named("Sở", None)).await.unwrap().id;
    let site = catalog.add_site(NewSite::named("Ngã tư", body)).await.unwrap().id;
    let table = vec![camera(None, site), camera(Some(1), site), camera(Some(1), site)];
    let twice = catalog.take_cameras(table, true).await.unwrap();
    assert_eq!(signs(&twice), ["+", "+", "number"]);
    let taken = catalog.take_cameras(vec![camera(None, site), camera(Some(1), site)], true).await;
    let taken = taken.unwrap();
    let numbers: Vec<_> = taken.iter().map(|one| one.as_ref().unwrap().after().number).collect();
    assert_eq!(numbers, [2, 1]);
    let first = taken[0].as_ref().unwrap().after().id;
    let settled = || {
        let particulars = ParticularsChange {
            purposes: Some([Purpose::Traffic].into()),
            legal_basis: Some(Some("319/QĐ-UBND".to_owned())),
            ..ParticularsChange::default()
        };
        let change = CameraChange { recording: Some(true), particulars, ..Default::default() };
        CameraRow::Change(first, Box::new(change))
    };
    let stays = || CameraRow::Change(first, Box::default());
    let gone = CameraRow::Change(base::CameraId::new(), Box::default());
    let outcomes = catalog.take_cameras(vec![settled(), stays(), gone], true).await.unwrap();
    assert!(matches!(outcomes[1], Err(Error::Taken { field: "number", .. })));
    assert!(matches!(outcomes[2], Err(Error::NotFound("camera"))));
    let recorded = |catalog: &Catalog| -> Vec<u32> {
        let tables = catalog.tables();
        let all =
            tables.cameras.values().filter(|camera: &&std::sync::Arc<Camera>| camera.recording);
        all.map(|camera| camera.number).collect()
    };
    assert!(recorded(&catalog).is_empty());
    let outcomes = catalog.take_cameras(vec![camera(None, site), settled()], true).await.unwrap();
    assert_eq!(signs(&outcomes), ["+", "~"]);
    assert_eq!(recorded(&catalog), [2]);
    assert_eq!(signs(&catalog.take_cameras(vec![settled()], true).await.unwrap()), ["="]);
    is_kept(&rows, &catalog).await;
}
