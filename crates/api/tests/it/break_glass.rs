//! The envelope for emergencies over HTTP: what it opens, whom it tells, and what it
//! leaves behind.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::time::Duration;

use crate::common::{Answer, Browser, World, browser, world_asking};
use catalog::{NewUser, Role};
use serde_json::{Value, json};
use signin::{AskedOf, Config};

const HOUR: Duration = Duration::from_secs(3600);

async fn sealed() -> (World, String) {
    let world = world_asking(Config { second_factor: AskedOf::Nobody, ..Config::default() }).await;
    let user = NewUser {
        name: "khancap".to_owned(),
        display_name: "Tài khoản khẩn cấp".to_owned(),
        role: Role::Administrator,
        organisation: None,
    };
    let user = world.catalog.add_user(user).await.unwrap();
    let secret = world.sign_ins.seal_envelope(user.id, world.now()).await.unwrap();
    (world, secret)
}

async fn open(world: &World, secret: &str) -> Answer {
    let body = json!({"secret": secret, "reason": "mất điện thoại của cả phòng"});
    world.ask(&Browser::default(), "POST", "/api/v1/session/break-glass", body).await
}

#[tokio::test]
async fn it_lets_an_administrator_in_once_and_tells_every_other_until_one_looked_into_it() {
    let (world, secret) = sealed().await;
    let (admin, operator) = (world.admin().await, world.operator().await);
    let told = async |by: &Browser| world.get(by, "/api/v1/break-glass").await;
    assert_eq!(told(&admin).await.json()["opened"], json!([]));
    assert!(told(&admin).await.json()["sealed_us"].is_i64());
    assert_eq!(told(&operator).await.refusal().1, "forbidden");
    assert_eq!(open(&world, "sai").await.refusal().1, "wrong_sign_in");
    let opened = open(&world, &secret).await;
    assert_eq!(opened.status, 200, "{opened:?}");
    let user = opened.json()["user"].clone();
    assert_eq!((&user["way"], &user["role"]), (&json!("sealed"), &json!("administrator")));
    let sealed = browser(&opened);
    assert_eq!(open(&world, &secret).await.refusal().1, "wrong_sign_in", "spent");

    let list = told(&admin).await.json();
    assert_eq!((&list["sealed_us"], &list["opened"][0]["reviewed"]), (&Value::Null, &Value::Null));
    assert_eq!(list["opened"][0]["reason"], "mất điện thoại của cả phòng");
    assert_eq!(list["opened"][0]["address"], "10.0.0.7");
    let path = format!("/api/v1/break-glass/{}/review", list["opened"][0]["id"].as_str().unwrap());
    let note = json!({"note": "diễn tập, đã niêm phong lại"});
    let own = world.ask(&sealed, "POST", &path, note.clone()).await;
    assert_eq!(own.refusal().1, "forbidden");
    assert_eq!(world.ask(&operator, "POST", &path, note.clone()).await.refusal().1, "forbidden");
    assert_eq!(world.ask(&admin, "POST", &path, json!({"note": " "})).await.refusal().1, "invalid");
    assert_eq!(world.ask(&admin, "POST", &path, note.clone()).await.status, 204);
    assert_eq!(world.ask(&admin, "POST", &path, note).await.status, 404);
    let list = told(&admin).await.json();
    assert_eq!(list["opened"][0]["reviewed"]["by"], "quantri (hiển thị)");

    let entries = world.entries().await;
    let told: Vec<_> = entries
        .iter()
        .filter(|entry| entry.act == audit::Act::BreakGlass)
        .map(|entry| (entry.details.get("change").map(String::as_str), entry.purpose.is_some()))
        .collect();
    let refused = (None, false);
    let expected = [
        refused,
        refused,
        (Some("opened"), true),
        refused,
        refused,
        refused,
        (Some("reviewed"), true),
    ];
    assert_eq!(told, expected);
    assert!(!format!("{entries:?}").contains(&secret));
}

#[tokio::test]
async fn what_it_opens_lasts_four_hours_holds_no_video_and_leaves_no_way_in_behind() {
    let (world, secret) = sealed().await;
    let camera = world.camera("Cổng").await;
    let sealed = browser(&open(&world, &secret).await);
    let live = json!({"camera": camera.id, "actions": ["live"], "purpose": "vụ 12"});
    let live = world.ask(&sealed, "POST", "/api/v1/media-tokens", live).await;
    assert_eq!(live.refusal().1, "forbidden");
    for (path, body) in [
        ("api-tokens", json!({"name": "x", "scopes": ["people:write"], "days": 300})),
        ("session/second-factor/totp", Value::Null),
        ("session/passkeys/challenge", Value::Null),
        ("session/second-factor/recovery-codes", Value::Null),
    ] {
        let refused = world.ask(&sealed, "POST", &format!("/api/v1/{path}"), body).await;
        assert_eq!(refused.refusal().1, "forbidden", "{path}");
    }
    // Away for an hour it is still in, and still believed: it lets somebody else in.
    world.pass(HOUR);
    // Also where somebody else signs in, by which what is over is cleared away.
    world.operator().await;
    let reset = format!("/api/v1/people/{}/one-time-password", world.admin);
    assert_eq!(world.ask(&sealed, "POST", &reset, Value::Null).await.status, 200);
    world.pass(3 * HOUR);
    assert_eq!(world.get(&sealed, "/api/v1/session").await.status, 401);

    // Nobody makes the account another one, or away with it.
    let admin = world.admin().await;
    let account = world.catalog.user_by_name("khancap").unwrap().id;
    let path = format!("/api/v1/people/{account}");
    for (method, path, body) in [
        ("DELETE", path.clone(), Value::Null),
        ("PATCH", path.clone(), json!({"role": "operator"})),
        ("POST", format!("{path}/one-time-password"), Value::Null),
    ] {
        assert_eq!(world.ask(&admin, method, &path, body).await.refusal().1, "in_use", "{method}");
    }
}
