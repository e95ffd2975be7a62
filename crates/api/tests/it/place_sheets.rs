//! Organisations and sites as tables: filled, looked through, taken, handed out again.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use crate::common::{Answer, Browser, World, world};
use audit::Act;
use axum::body::Body;
use axum::http::Request;
use serde_json::json;

/// Sends a file as a browser does.
async fn import(world: &World, browser: &Browser, path: &str, file: &[u8]) -> Answer {
    let request = Request::post(format!("/api/v1/{path}"))
        .header("cookie", &browser.cookie)
        .header("x-khue-csrf", &browser.csrf)
        .body(Body::from(file.to_vec()))
        .unwrap();
    world.send(request).await
}

async fn csv(world: &World, browser: &Browser, of: &str) -> String {
    let file = world.get(browser, &format!("/api/v1/{of}.csv")).await;
    assert_eq!(file.status, 200, "{file:?}");
    String::from_utf8(file.bytes.to_vec()).unwrap()
}

const BODIES: &str = "\
Mã,Tên,Tên tiếng Anh,Loại,Thuộc đơn vị,Ngày đầu,Ngày cuối,Đơn vị kế tiếp
D1,Đội 1,,\"Phòng, đội nghiệp vụ Công an\",PC08,,,
PC08,Phòng CSGT,Traffic Police,police_division,công an TP,,,
CATP,Công an TP,,Công an cấp Thành phố,,,,
00082,Phường Cửa Nam,,\"UBND phường, xã\",,01/07/2025,,
002,Quận Hoàn Kiếm,,Quận huyện trước 1/7/2025,,,30/06/2025,\"00082; CATP\"
";

#[tokio::test]
async fn bodies_go_round_by_a_table_and_each_change_is_told() {
    let world = world().await;
    let admin = world.admin().await;
    let dry = import(&world, &admin, "organisations/import?dry_run=true", BODIES.as_bytes()).await;
    assert_eq!(dry.json()["faults"][0]["cell"], "D6", "a comma is missing: {dry:?}");
    let mended =
        BODIES.replace("Quận huyện trước", "\"Quận, huyện trước").replace("2025,,,3", "2025\",,,3");
    let dry = import(&world, &admin, "organisations/import?dry_run=true", mended.as_bytes()).await;
    assert_eq!((&dry.json()["added"], &dry.json()["kept"]), (&json!(5), &json!(false)), "{dry:?}");
    let there_were = world.catalog.tables().organisations.len();
    let taken = import(&world, &admin, "organisations/import", mended.as_bytes()).await.json();
    assert_eq!((&taken["added"], &taken["kept"]), (&json!(5), &json!(true)), "{taken}");
    let tables = world.catalog.tables();
    assert_eq!(tables.organisations.len(), there_were + 5);
    let district = tables.organisation_of("002").unwrap();
    assert_eq!((district.has_ended(), district.successors.len()), (true, 2));

    // What is handed out is as it was taken, in a workbook as in CSV.
    let text = csv(&world, &admin, "organisations").await;
    assert!(text.contains("D1,Đội 1,,\"Phòng, đội nghiệp vụ Công an\",PC08,,,"), "{text}");
    assert!(text.contains("2025-06-30,") && text.contains("\"00082, CATP\""), "{text}");
    let book = world.get(&admin, "/api/v1/organisations.xlsx").await;
    for file in [text.as_bytes(), &book.bytes] {
        let again = import(&world, &admin, "organisations/import", file).await.json();
        assert_eq!(
            (&again["added"], &again["changed"], &again["kept"]),
            (&json!(0), &json!(0), &json!(true)),
            "{again}"
        );
    }
    let moved = "Mã,Tên,Thuộc đơn vị\nD1,Đội 1,CATP\n";
    let changed = import(&world, &admin, "organisations/import", moved.as_bytes()).await.json();
    assert_eq!(changed["changed"], 1);
    let told = world.entries().await;
    let told: Vec<_> = told.iter().filter(|it| it.act == Act::Organisation).collect();
    let changes: Vec<_> = told.iter().map(|it| it.details["change"].as_str()).collect();
    assert_eq!(changes.iter().filter(|it| **it == "imported").count(), 6);
    assert_eq!(changes.iter().filter(|it| **it == "exported").count(), 2);
    let last = told.last().unwrap();
    let (old, new) =
        (tables.organisation_of("PC08").unwrap(), tables.organisation_of("CATP").unwrap());
    assert_eq!(last.details["parent"], format!("{} → {}", old.id, new.id));
    assert_eq!(last.object.as_ref().unwrap().name, "Đội 1");
}

#[tokio::test]
async fn sites_go_round_by_a_table_and_what_is_wrong_is_named_by_its_cell() {
    let world = world().await;
    let admin = world.admin().await;
    let bodies = "Mã,Tên,Loại\nSXD,Sở Xây dựng,Sở ban ngành\n00082,Phường Cửa Nam,ward_committee\n";
    let bodies = bodies.replace("Sở ban ngành", "\"Sở, ban, ngành\"");
    import(&world, &admin, "organisations/import", bodies.as_bytes()).await;
    let table = "\
Tên,Đơn vị,Loại nơi,\"Phường, xã\",Địa chỉ,Vĩ độ,Kinh độ
Ngã tư Sở,sở xây dựng,Nút giao thông,00082,Phố Huế,\"21,0285\",105.8524
Chợ,SXD,chợ,,,,
";
    let taken = import(&world, &admin, "sites/import", table.as_bytes()).await.json();
    assert_eq!((&taken["added"], &taken["kept"]), (&json!(2), &json!(true)), "{taken}");
    let text = csv(&world, &admin, "sites").await;
    assert!(text.contains("Ngã tư Sở,SXD,Nút giao thông,00082,Phố Huế,21.0285,105.8524"), "{text}");
    let again = import(&world, &admin, "sites/import", text.as_bytes()).await.json();
    assert_eq!((&again["added"], &again["changed"]), (&json!(0), &json!(0)), "{again}");
    let wrong = "\
Tên,Đơn vị,Loại nơi,\"Phường, xã\",Vĩ độ,Kinh độ
A,Không ai,,,,
B,SXD,Sao Hoả,,,
C,SXD,,82,,
D,SXD,,,105.8,21.0
E,SXD,,,21.0,
,SXD,,,,
";
    let before = world.catalog.tables();
    let answer = import(&world, &admin, "sites/import", wrong.as_bytes()).await.json();
    let faults = answer["faults"].as_array().unwrap();
    let cells: Vec<_> = faults.iter().map(|it| it["cell"].as_str().unwrap()).collect();
    assert_eq!(cells, ["B2", "C3", "D4", "E5", "F6", "A7"], "{answer}");
    assert_eq!((&answer["kept"], &answer["refused"]), (&json!(false), &json!(6)));
    assert_eq!(world.catalog.tables(), before);
}

#[tokio::test]
async fn who_does_not_administer_takes_no_table_and_is_given_what_they_know_of() {
    let world = world().await;
    world.camera("Cổng").await;
    let admin = world.admin().await;
    import(&world, &admin, "organisations/import", "Mã,Tên\nXA,Xa lạ\n".as_bytes()).await;
    let operator = world.operator().await;
    for path in ["organisations/import", "sites/import", "sites/import?dry_run=true"] {
        let refused = import(&world, &operator, path, b"").await;
        assert_eq!(refused.refusal().1, "forbidden", "{path}");
    }
    let entries = world.entries().await;
    assert_eq!(entries.iter().filter(|entry| entry.outcome != audit::Outcome::Done).count(), 3);
    for of in ["organisations", "sites"] {
        let text = csv(&world, &operator, of).await;
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(!text.contains("Xa lạ"), "{text}");
    }
}
