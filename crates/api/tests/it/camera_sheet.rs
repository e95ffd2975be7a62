//! Cameras as tables: taken whole or not at all, with the cell and the cure of what is
//! wrong; handed out without what nobody may have.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use crate::common::{Answer, Browser, World, world};
use axum::body::Body;
use axum::http::Request;
use catalog::Class;
use serde_json::{Value, json};

/// Sends a file as a browser does.
async fn import(world: &World, browser: &Browser, asked: &str, file: &[u8]) -> Answer {
    let request = Request::post(format!("/api/v1/cameras/import{asked}"))
        .header("cookie", &browser.cookie)
        .header("x-khue-csrf", &browser.csrf)
        .body(Body::from(file.to_vec()))
        .unwrap();
    world.send(request).await
}

const GOOD: &str = "\
Số,Tên,Địa điểm,Địa chỉ luồng chính,Tên đăng nhập,Mật khẩu,Ghi hình,Mục đích,Căn cứ pháp lý,Chiều cao (m)
7,Cột đèn 3,nga tu trang thi,rtsp://10.0.0.1/main,admin,bí mật 1,có,\"Giao thông, urban_order\",319/QĐ-UBND,6.5
,Cổng,Ngã tư Tràng Thi,rtsp://10.0.0.2/main,,,không,,,
";

#[tokio::test]
async fn a_table_is_looked_through_then_taken_and_handed_out_again() {
    let world = world().await;
    let (admin, operator) = (world.admin().await, world.operator().await);
    let dry = import(&world, &admin, "?dry_run=true", GOOD.as_bytes()).await;
    let came = |kept: bool| json!({"rows": 2, "added": 2, "changed": 0, "kept": kept, "refused": 0, "faults": []});
    assert_eq!(dry.json(), came(false));
    assert!(world.catalog.tables().cameras.is_empty());
    let taken = import(&world, &admin, "", GOOD.as_bytes()).await;
    assert_eq!(taken.json(), came(true));
    let tables = world.catalog.tables();
    let cameras: Vec<_> = tables.cameras.values().collect();
    let of = |number| cameras.iter().find(|camera| camera.number == number).unwrap();
    let (pole, gate) = (of(7), of(8));
    assert_eq!((pole.recording, gate.recording), (true, false));
    assert_eq!(pole.particulars.purposes.len(), 2);
    assert_eq!(pole.particulars.pose.height_cm, Some(650));
    assert_eq!(pole.streams[0].password.as_ref().unwrap().expose(), "bí mật 1");
    let told = world.entries().await;
    assert_eq!(told.last().unwrap().details["numbers"], "7–8");

    let csv = world.get(&admin, "/api/v1/cameras.csv?q=cot").await;
    let text = String::from_utf8(csv.bytes.to_vec()).unwrap();
    assert!(text.contains("Cột đèn 3") && text.contains("rtsp://10.0.0.1/main"), "{text}");
    assert!(!text.contains("bí mật") && !text.contains("Cổng"), "{text}");
    // Whoever does not configure it has no address.
    let csv = world.get(&operator, "/api/v1/cameras.csv").await;
    let text = String::from_utf8(csv.bytes.to_vec()).unwrap();
    assert!(
        text.contains("Cổng") && !text.contains("rtsp://") && !text.contains("admin"),
        "{text}"
    );
    // What is handed out is taken again once the cameras are gone.
    let whole = world.get(&admin, "/api/v1/cameras.xlsx").await;
    for camera in &cameras {
        world.catalog.remove_camera(camera.id).await.unwrap();
    }
    let again = import(&world, &admin, "", &whole.bytes).await;
    assert_eq!(again.json()["added"], 2, "{again:?}");
    let again = world.catalog.tables();
    let pole = again.cameras.values().find(|camera| camera.number == 7).unwrap();
    assert_eq!(pole.particulars, of(7).particulars);
    assert!(
        world
            .entries()
            .await
            .iter()
            .any(|it| it.details.get("change").is_some_and(|c| c == "exported"))
    );
}

#[tokio::test]
async fn one_wrong_cell_keeps_everything_out_and_is_named_with_the_cure() {
    let world = world().await;
    let admin = world.admin().await;
    let table = "\
Tên,Địa điểm,Địa chỉ luồng chính,Ghi hình,Mục đích,Căn cứ pháp lý,Hướng nhìn (độ),Số,Chủ quản
Tốt,Ngã tư Tràng Thi,rtsp://10.0.0.1/main,,,,,,
Xa,Ngã tư nào,rtsp://10.0.0.1/main,,,,,,
Kín,Ngã tư Tràng Thi,http://169.254.169.254/,,,,,,
Ghi,Ngã tư Tràng Thi,rtsp://10.0.0.1/main,có,Vui,,,,
Ghi,Ngã tư Tràng Thi,rtsp://10.0.0.1/main,có,Giao thông,,,,
Quay,Ngã tư Tràng Thi,rtsp://10.0.0.1/main,,,,400,,
Một,Ngã tư Tràng Thi,rtsp://10.0.0.1/main,,,,,7,
Hai,Ngã tư Tràng Thi,rtsp://10.0.0.1/main,,,,,7,
Ai,Ngã tư Tràng Thi,rtsp://10.0.0.1/main,,,,,,Không ai
";
    let answer = import(&world, &admin, "", table.as_bytes()).await.json();
    assert_eq!((&answer["rows"], &answer["kept"]), (&json!(9), &json!(false)));
    let faults = answer["faults"].as_array().unwrap();
    let places: Vec<_> = faults.iter().map(|it| it["cell"].as_str().unwrap()).collect();
    assert_eq!(places, ["B3", "C4", "E5", "F6", "G7", "H9", "I10"]);
    assert_eq!(answer["refused"], 7);
    let words = |at: usize| faults[at]["message"].as_str().unwrap();
    assert!(words(0).contains("add it first"));
    assert!(words(1).contains("write rtsp://host/path"));
    assert!(words(2).contains("Giao thông; Quốc phòng"));
    assert!(words(5).contains("has the number 7 already"));
    assert!(world.catalog.tables().cameras.is_empty());
}

#[tokio::test]
async fn a_row_with_the_number_of_a_camera_changes_it_and_nothing_that_has_no_column() {
    let world = world().await;
    let admin = world.admin().await;
    import(&world, &admin, "", GOOD.as_bytes()).await;
    for form in ["xlsx", "csv"] {
        let whole = world.get(&admin, &format!("/api/v1/cameras.{form}")).await;
        let same = import(&world, &admin, "", &whole.bytes).await.json();
        let came = (&same["added"], &same["changed"], &same["kept"]);
        assert_eq!(came, (&json!(0), &json!(0), &json!(true)), "{form}: {same}");
    }
    let settles = "\
Số,Mục đích,Căn cứ pháp lý,Ghi hình,Tên
8,An ninh trật tự,01/QĐ,có,
7,\"Giao thông, urban_order\",319/QĐ-UBND,có,Cột đèn 4
";
    let taken = import(&world, &admin, "", settles.as_bytes()).await.json();
    assert_eq!((&taken["added"], &taken["changed"]), (&json!(0), &json!(2)), "{taken}");
    let tables = world.catalog.tables();
    let of = |number| tables.cameras.values().find(|camera| camera.number == number).unwrap();
    assert_eq!((of(8).name.as_str(), of(8).recording), ("Cổng", true));
    assert_eq!(of(8).particulars.legal_basis.as_deref(), Some("01/QĐ"));
    assert_eq!(of(7).name, "Cột đèn 4");
    assert_eq!(of(7).particulars.pose.height_cm, Some(650));
    assert_eq!(of(7).streams[0].password.as_ref().unwrap().expose(), "bí mật 1");
    let told = world.entries().await;
    let told: Vec<_> = told.iter().rev().take(2).collect();
    assert_eq!(told[0].details["name"], "Cột đèn 3 → Cột đèn 4");
    assert_eq!(told[1].details["legal_basis"], "- → 01/QĐ");
    assert_eq!(told[1].object.as_ref().unwrap().name, "8 · Cổng");

    // What would be a new one says what is missing; a password goes to no other host.
    let table = "Số,Tên,Địa chỉ luồng chính\n99,Xa,rtsp://10.0.0.9/a\n7,,rtsp://10.66.0.1/a\n";
    let answer = import(&world, &admin, "", table.as_bytes()).await.json();
    let fault =
        |at: usize| (answer["faults"][at]["row"].clone(), answer["faults"][at]["field"].clone());
    assert_eq!(fault(0), (json!(2), json!("site")), "{answer}");
    assert_eq!(fault(1), (json!(3), json!("password")), "{answer}");
}

#[tokio::test]
async fn what_is_no_table_and_who_may_not_are_refused() {
    let world = world().await;
    let (admin, operator) = (world.admin().await, world.operator().await);
    let refused = import(&world, &operator, "", GOOD.as_bytes()).await;
    assert_eq!(refused.status, 403);
    let refused = import(&world, &admin, "", b"Ten,Dia diem\na,b\n").await.refusal();
    assert_eq!((refused.0, refused.1.as_str()), (400, "invalid"));
    assert!(refused.2.contains("no column is named \"Địa chỉ luồng chính\""), "{}", refused.2);
    assert_eq!(import(&world, &admin, "", b"").await.status, 400);
    let large = vec![b'x'; (32 << 20) + 1];
    assert_eq!(import(&world, &admin, "", &large).await.refusal().1, "too_large");
    // One of the defence class takes a grant that names it.
    let defence = GOOD.replace("Số,", "Loại bảo vệ,").replace("7,Cột", "Quốc phòng,Cột");
    let answer = import(&world, &admin, "", defence.as_bytes()).await.json();
    assert_eq!(answer["faults"][0]["cell"], "A2");
}

#[tokio::test]
async fn a_camera_of_defence_is_in_no_table_and_no_answer() {
    let world = world().await;
    let admin = world.admin().await;
    let empty = world.get(&admin, "/api/v1/cameras.csv").await;
    let camera = world.camera("Doanh trại").await;
    let change = catalog::CameraChange { class: Some(Class::Defence), ..Default::default() };
    world.catalog.change_camera(camera.id, change).await.unwrap();
    assert_eq!(world.get(&admin, "/api/v1/cameras.csv").await.bytes, empty.bytes);
    let taken = GOOD.replace("7,Cột", "9000000,Cột");
    let free = GOOD.replace("7,Cột", "9000009,Cột");
    let [taken, free] = [
        import(&world, &admin, "", taken.as_bytes()).await.json(),
        import(&world, &admin, "", free.as_bytes()).await.json(),
    ];
    assert_eq!(taken, free);
    assert_ne!(taken["faults"], Value::Null);
}
