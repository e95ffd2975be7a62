//! Organisations, sites and what is on record of cameras, over HTTP: who may say
//! what, who finds what, and what is never told.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use crate::common::{self, Answer, Browser, World, world};
use audit::Act;
use catalog::{Class, NewOrganisation, OrganisationKind, Role, Subject, Terms};
use serde_json::{Value, json};

/// Adds something and returns it.
async fn add(world: &World, browser: &Browser, path: &str, body: Value) -> Value {
    let added = world.ask(browser, "POST", &format!("/api/v1/{path}"), body).await;
    assert_eq!(added.status, 201, "{added:?}");
    added.json()
}

fn refused(answer: &Answer) -> (u16, String, Value) {
    let (status, code, _) = answer.refusal();
    (status, code, answer.json()["field"].clone())
}

fn numbers(page: &Value) -> Vec<u64> {
    let cameras = page["cameras"].as_array().unwrap();
    cameras.iter().map(|camera| camera["number"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn an_administrator_arranges_bodies_and_sites() {
    let world = world().await;
    let admin = world.admin().await;
    let body = json!({"name": "Công an Thành phố", "kind": "police", "code": "CATP"});
    let city = add(&world, &admin, "organisations", body).await;
    let body = json!({
        "name": "UBND phường Cửa Nam", "name_en": "Cua Nam Ward", "kind": "ward_committee",
        "code": "00082", "valid_from": "2025-07-01", "parent": city["id"],
    });
    let ward = add(&world, &admin, "organisations", body.clone()).await;
    assert_eq!((&ward["valid_from"], &ward["valid_until"]), (&json!("2025-07-01"), &Value::Null));
    let again = world.ask(&admin, "POST", "/api/v1/organisations", body).await;
    assert_eq!(refused(&again), (409, "taken".to_owned(), json!("code")));
    let body = json!({
        "name": "Ngã tư", "organisation": ward["id"], "category": "junction", "ward": "00082",
        "latitude": 21.0285, "longitude": 105.8524,
    });
    let site = add(&world, &admin, "sites", body).await;
    assert_eq!((&site["latitude"], &site["ward"]), (&json!(21.0285), &json!("00082")));
    for (field, body) in [
        ("ward", json!({"ward": "82"})),
        ("latitude", json!({"latitude": 105.8, "longitude": 21.0})),
        ("longitude", json!({"latitude": 21.0})),
    ] {
        let path = format!("/api/v1/sites/{}", site["id"].as_str().unwrap());
        let answer = world.ask(&admin, "PATCH", &path, body).await;
        assert_eq!(refused(&answer), (400, "invalid".to_owned(), json!(field)));
    }
    let of_ward = format!("/api/v1/organisations/{}", ward["id"].as_str().unwrap());
    let end = json!({"valid_until": "2026-11-30"});
    let answer = world.ask(&admin, "PATCH", &of_ward, end).await;
    assert_eq!(refused(&answer), (409, "in_use".to_owned(), json!("valid_until")));
    let never = json!({"valid_until": "30/11/2026"});
    let answer = world.ask(&admin, "PATCH", &of_ward, never).await;
    assert_eq!(refused(&answer), (400, "invalid".to_owned(), json!("valid_until")));
    let end =
        json!({"valid_until": "2026-11-30", "move_to": city["id"], "successors": [city["id"]]});
    let ended = world.ask(&admin, "PATCH", &of_ward, end).await;
    assert_eq!(ended.status, 200, "{ended:?}");
    let sites = world.get(&admin, "/api/v1/sites").await.json();
    let moved = sites["sites"].as_array().unwrap().iter().find(|one| one["id"] == site["id"]);
    assert_eq!(moved.unwrap()["organisation"], city["id"]);

    let told = world.entries().await;
    let told: Vec<_> = told.iter().filter(|it| it.act == Act::Organisation).collect();
    assert_eq!(told.len(), 3, "what is refused as it cannot be has no entry");
    let last = told[2];
    assert_eq!(last.object.as_ref().unwrap().name, "UBND phường Cửa Nam");
    assert_eq!(last.details["valid_until"], "- → 2026-11-30");
    assert_eq!(last.details["move_to"], city["id"].as_str().unwrap());
}

#[tokio::test]
async fn who_does_not_administer_arranges_nothing_and_sees_what_their_cameras_hang_on() {
    let world = world().await;
    world.camera("Cổng").await;
    let empty = NewOrganisation::named("Không có gì", None);
    world.catalog.add_organisation(empty).await.unwrap();
    let operator = world.operator().await;
    let auditor = world.sign_in(world.auditor, "kiemtra").await;
    let count = async |browser: &Browser, what: &str| {
        let all = world.get(browser, &format!("/api/v1/{what}")).await.json();
        all[what].as_array().unwrap().len()
    };
    for (browser, there_are) in [(&operator, 1), (&auditor, 0)] {
        assert_eq!(count(browser, "organisations").await, there_are);
        assert_eq!(count(browser, "sites").await, there_are);
        assert_eq!(count(browser, "cameras").await, there_are);
        let of = format!("/api/v1/sites/{}", world.site);
        let id = base::OrganisationId::new();
        for (method, path, body) in [
            ("POST", "/api/v1/organisations".to_owned(), json!({"name": "x"})),
            ("PATCH", format!("/api/v1/organisations/{id}"), json!({"name": "x"})),
            ("POST", "/api/v1/sites".to_owned(), json!({"name": "x", "organisation": id})),
            ("PATCH", of, json!({"name": "x"})),
        ] {
            let answer = world.ask(browser, method, &path, body).await;
            assert_eq!(answer.status, 403, "{method} {path}");
        }
    }
    assert_eq!(count(&world.admin().await, "organisations").await, 2);
    for path in ["organisations", "sites", "cameras"] {
        let stranger = common::Browser::default();
        let answer = world.get(&stranger, &format!("/api/v1/{path}")).await;
        assert_eq!(answer.status, 401, "{path}");
    }
}

#[tokio::test]
async fn a_camera_is_recorded_for_a_purpose_and_says_what_is_on_record() {
    let world = world().await;
    let admin = world.admin().await;
    let body = json!({"name": "Cổng", "site": world.site, "url": "rtsp://127.0.0.1:9/main"});
    let nothing = world.ask(&admin, "POST", "/api/v1/cameras", body.clone()).await;
    assert_eq!(refused(&nothing), (400, "invalid".to_owned(), json!("purposes")));
    let mut half = body.clone();
    half["particulars"] = json!({"purposes": ["traffic"]});
    let half = world.ask(&admin, "POST", "/api/v1/cameras", half).await;
    assert_eq!(refused(&half), (400, "invalid".to_owned(), json!("legal_basis")));
    let mut whole = body;
    whole["particulars"] = json!({
        "purposes": ["urban_order", "traffic"], "legal_basis": "319/QĐ-UBND", "heading_deg": 270,
        "tilt_deg": -12, "height_m": 6.5, "fov_deg": 90, "link_kind": "leased_line",
        "life_cycle": "installed", "life_cycle_since": "2026-11-01", "notice_sign": "exempt",
        "notice_sign_reason": "mục tiêu trọng điểm",
    });
    let camera = add(&world, &admin, "cameras", whole).await;
    let expected = json!({
        "owner": null, "investor": null, "operator": null, "maintainer": null,
        "purposes": ["traffic", "urban_order"], "legal_basis": "319/QĐ-UBND", "heading_deg": 270,
        "tilt_deg": -12, "height_m": 6.5, "fov_deg": 90, "link_kind": "leased_line",
        "life_cycle": "installed", "life_cycle_since": "2026-11-01", "notice_sign": "exempt",
        "notice_sign_reason": "mục tiêu trọng điểm",
    });
    assert_eq!(camera["particulars"], expected);
    let path = format!("/api/v1/cameras/{}", camera["id"].as_str().unwrap());
    for (field, particulars) in [
        ("purposes", json!({"purposes": []})),
        ("legal_basis", json!({"legal_basis": null})),
        ("heading_deg", json!({"heading_deg": 360})),
        ("height_m", json!({"height_m": 501})),
        ("life_cycle_since", json!({"life_cycle_since": "hôm qua"})),
        ("notice_sign_reason", json!({"notice_sign": "exempt"})),
    ] {
        let answer = world.ask(&admin, "PATCH", &path, json!({"particulars": particulars})).await;
        assert_eq!(refused(&answer), (400, "invalid".to_owned(), json!(field)));
    }
    let change = json!({"particulars": {"tilt_deg": null, "notice_sign": "yes"}});
    let changed = world.ask(&admin, "PATCH", &path, change).await.json();
    let particulars = &changed["particulars"];
    assert_eq!((&particulars["tilt_deg"], &particulars["fov_deg"]), (&Value::Null, &json!(90)));
    assert_eq!(particulars["notice_sign_reason"], Value::Null);
    let told = world.entries().await;
    assert_eq!(told.last().unwrap().details["tilt_deg"], "-12 → -");
}

#[tokio::test]
async fn cameras_are_searched_a_page_at_a_time() {
    let world = world().await;
    let admin = world.admin().await;
    for number in 1..=5 {
        world.camera(&format!("Cột đèn Đường Láng {number}")).await;
    }
    world.camera("Cổng").await;
    let first = world.get(&admin, "/api/v1/cameras?q=duong%20lang&most=2").await.json();
    assert_eq!((numbers(&first), &first["total"]), (vec![1, 2], &json!(5)));
    assert_eq!(first["cameras"][0]["particulars"]["life_cycle"], "in_service");
    let next = format!("/api/v1/cameras?q=duong%20lang&most=2&next={}", first["next"]);
    let second = world.get(&admin, &next).await.json();
    let next = format!("/api/v1/cameras?q=duong%20lang&most=2&next={}", second["next"]);
    let third = world.get(&admin, &next).await.json();
    assert_eq!((numbers(&second), numbers(&third)), (vec![3, 4], vec![5]));
    assert_eq!(third["next"], Value::Null);
    let none = world.get(&admin, "/api/v1/cameras?q=l%C3%A1ng%20h%E1%BA%A1&inherited=true").await;
    assert_eq!(none.json(), json!({"cameras": [], "total": 0, "next": null}));
    for bad in ["purpose=fun", "inherited=maybe", "colour=red"] {
        let answer = world.get(&admin, &format!("/api/v1/cameras?{bad}")).await;
        assert_eq!(answer.status, 400, "{bad}");
    }
    let long = "x".repeat(201);
    let answer = world.get(&admin, &format!("/api/v1/cameras?q={long}")).await;
    assert_eq!(refused(&answer), (400, "invalid".to_owned(), json!("q")));
}

#[tokio::test]
async fn a_camera_of_defence_is_in_no_search_count_or_refusal() {
    let world = world().await;
    let (admin, operator) = (world.admin().await, world.operator().await);
    let body = NewOrganisation {
        kind: OrganisationKind::Military,
        ..NewOrganisation::named("Bộ Tư lệnh", None)
    };
    let command = world.catalog.add_organisation(body).await.unwrap();
    let camera = world.camera("Doanh trại").await;
    let owner = catalog::ParticularsChange {
        owner: Some(Some(command.id)),
        ..catalog::ParticularsChange::default()
    };
    let change = catalog::CameraChange {
        class: Some(Class::Defence),
        particulars: owner,
        ..catalog::CameraChange::default()
    };
    world.catalog.change_camera(camera.id, change).await.unwrap();
    for browser in [&admin, &operator] {
        for asked in ["", "?q=doanh", "?q=bo%20tu%20lenh", "?inherited=false", "?q=9000000"] {
            let page = world.get(browser, &format!("/api/v1/cameras{asked}")).await.json();
            assert_eq!(page, json!({"cameras": [], "total": 0, "next": null}), "{asked}");
        }
        let of = format!("/api/v1/cameras?organisation={}", command.id);
        let none = format!("/api/v1/cameras?organisation={}", base::OrganisationId::new());
        let [of, none] = [world.get(browser, &of).await, world.get(browser, &none).await];
        assert_eq!(of.whole(), none.whole());
    }
    let seen = world.get(&operator, "/api/v1/organisations").await.json();
    assert_eq!(seen["organisations"], json!([]));
    // Its body ends as one on which nothing hangs.
    let path = format!("/api/v1/organisations/{}", command.id);
    let ended = world.ask(&admin, "PATCH", &path, json!({"valid_until": "2026-11-30"})).await;
    assert_eq!(ended.status, 200, "{ended:?}");
    // Whoever was given the class finds it.
    world.set_role(world.operator, Role::Operator).await;
    let terms = Terms { class: Class::Defence, ..Terms::usual(Subject::User(world.operator)) };
    let terms = Terms { basis: "Số 1".to_owned(), ..terms };
    let given = world.catalog.give(terms, None, common::START).await.unwrap();
    world.catalog.agree(given.id, world.admin).await.unwrap();
    let page = world.get(&operator, "/api/v1/cameras?q=tu%20lenh").await.json();
    assert_eq!(numbers(&page), [9_000_000]);
}
