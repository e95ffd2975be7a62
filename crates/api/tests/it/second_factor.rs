//! A second factor over HTTP: how one gets in with it and without it, and what is
//! asked once more before what cannot be undone.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::time::Duration;

use crate::common::{Answer, Browser, PASSWORD, World, browser, world, world_asking};
use serde_json::{Value, json};
use signin::{Config, code_now};

const MINUTE: Duration = Duration::from_secs(60);

impl World {
    async fn set_phone(&self, browser: &Browser) -> (String, Vec<String>) {
        let path = "/api/v1/session/second-factor/totp";
        let new = self.ask(browser, "POST", path, Value::Null).await;
        assert_eq!(new.status, 200, "{new:?}");
        let secret = new.json()["secret"].as_str().unwrap().to_owned();
        let code = json!({"code": code_now(&secret, self.now()).unwrap()});
        let set = self.ask(browser, "PUT", path, code).await;
        assert_eq!(set.status, 200, "{set:?}");
        let codes = set.json()["recovery_codes"].as_array().unwrap().clone();
        (secret, codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect())
    }

    async fn prove(&self, browser: &Browser, code: &str) -> Answer {
        self.ask(browser, "POST", "/api/v1/session/second-factor", json!({"code": code})).await
    }

    async fn confirm(&self, browser: &Browser, given: Value) -> Answer {
        self.ask(browser, "POST", "/api/v1/session/confirm", given).await
    }
}

fn second_factor(answer: &Answer) -> Value {
    answer.json()["user"]["second_factor"].clone()
}

#[tokio::test]
async fn an_administrator_sets_a_second_factor_up_and_can_do_nothing_else_till_then() {
    let world = world_asking(Config::default()).await;
    let (admin, one_time) = world.first_sign_in(world.admin, "quantri").await;
    let begin = "/api/v1/session/second-factor/totp";
    let refused = world.ask(&admin, "POST", begin, Value::Null).await.refusal();
    assert_eq!((refused.0, refused.1.as_str()), (403, "must_choose_password"));
    let body = json!({"current": one_time, "new": PASSWORD});
    assert_eq!(world.ask(&admin, "PUT", "/api/v1/session/password", body).await.status, 204);
    assert_eq!(second_factor(&world.get(&admin, "/api/v1/session").await), "required");
    for path in ["/api/v1/tree", "/api/v1/people", "/api/v1/devices"] {
        let (status, code, message) = world.get(&admin, path).await.refusal();
        assert_eq!((status, code.as_str()), (403, "must_set_second_factor"), "{path}");
        assert!(message.starts_with("set up a second factor first"), "{message}");
    }
    let (_, codes) = world.set_phone(&admin).await;
    assert_eq!(codes.len(), 10);
    assert_eq!(second_factor(&world.get(&admin, "/api/v1/session").await), "set");
    assert_eq!(world.get(&admin, "/api/v1/people").await.status, 200);
    let has = world.get(&admin, "/api/v1/session/second-factor").await.json();
    assert_eq!((&has["required"], &has["recovery_codes"]), (&json!(true), &json!(10)));
    let removed = world.ask(&admin, "DELETE", "/api/v1/session/second-factor", Value::Null).await;
    assert_eq!(removed.refusal().1, "in_use");
    // Of operators it is not asked, unless they want it.
    let operator = world.operator().await;
    assert_eq!(second_factor(&world.get(&operator, "/api/v1/session").await), "none");
    assert_eq!(world.get(&operator, "/api/v1/tree").await.status, 200);
}

#[tokio::test]
async fn whoever_owes_a_code_is_answered_nothing_else_and_then_has_another_cookie() {
    let world = world().await;
    let operator = world.operator().await;
    let (secret, codes) = world.set_phone(&operator).await;
    world.pass(MINUTE);
    let answer = world.try_sign_in("truc", PASSWORD).await;
    assert_eq!((answer.status.as_u16(), second_factor(&answer)), (200, json!("asked")));
    let asked = browser(&answer);
    let new_password = json!({"current": PASSWORD, "new": "một mật khẩu mới"});
    for (method, path, body) in [
        ("GET", "/api/v1/tree", Value::Null),
        ("PUT", "/api/v1/session/password", new_password),
        ("GET", "/api/v1/session/second-factor", Value::Null),
        ("DELETE", "/api/v1/session/second-factor", Value::Null),
        ("POST", "/api/v1/session/second-factor/totp", Value::Null),
        ("POST", "/api/v1/session/confirm", json!({"password": PASSWORD})),
        ("GET", "/api/v1/media", Value::Null),
    ] {
        let (status, code, _) = world.ask(&asked, method, path, body).await.refusal();
        assert_eq!((status, code.as_str()), (403, "second_factor_asked"), "{method} {path}");
    }
    let wrong = world.prove(&asked, "000000").await;
    assert_eq!(
        (wrong.refusal().1.as_str(), &wrong.json()["field"]),
        ("wrong_code", &json!("code"))
    );
    let proved = world.prove(&asked, &code_now(&secret, world.now()).unwrap()).await;
    assert_eq!((proved.status.as_u16(), second_factor(&proved)), (200, json!("set")));
    let whole = browser(&proved);
    assert_eq!(world.get(&asked, "/api/v1/session").await.status, 401);
    assert_eq!(world.get(&whole, "/api/v1/tree").await.status, 200);
    assert_eq!(world.prove(&whole, "000000").await.refusal().1, "invalid");

    let asked = browser(&world.try_sign_in("truc", PASSWORD).await);
    assert_eq!(world.prove(&asked, &codes[0]).await.status, 200);
    let auditor = world.sign_in(world.auditor, "kiemtra").await;
    let told = world.get(&auditor, "/api/v1/audit?act=sign_in").await.json();
    let of_truc = told["entries"].as_array().unwrap().iter();
    let of_truc = of_truc.filter(|entry| entry["who"]["name"] == "truc");
    let seen: Vec<_> = of_truc
        .map(|entry| (entry["refused"].clone(), entry["details"]["second_factor"].clone()))
        .collect();
    let expected = [
        (Value::Null, json!("recovery_code")),
        (Value::Null, json!("asked")),
        (Value::Null, json!("totp")),
        (json!("wrong_code"), Value::Null),
        (Value::Null, json!("asked")),
        (Value::Null, Value::Null),
    ];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn who_lost_the_phone_is_helped_by_an_administrator_and_signed_out_everywhere() {
    let world = world().await;
    let (admin, operator) = (world.admin().await, world.operator().await);
    let path = format!("/api/v1/people/{}/second-factor", world.operator);
    let remove = async |by: &Browser| world.ask(by, "DELETE", &path, Value::Null).await;
    assert_eq!(remove(&admin).await.status, 404);
    world.set_phone(&operator).await;
    assert_eq!(remove(&operator).await.status, 403);
    assert_eq!(remove(&admin).await.status, 204);
    assert_eq!(world.get(&operator, "/api/v1/session").await.status, 401);
    assert_eq!(second_factor(&world.try_sign_in("truc", PASSWORD).await), "none");
}

#[tokio::test]
async fn what_cannot_be_undone_is_done_by_who_proved_themselves_within_five_minutes() {
    let world = world().await;
    let (admin, operator) = (world.admin().await, world.operator().await);
    let camera = world.camera("Cổng").await;
    world.pass(6 * MINUTE);
    let person = format!("/api/v1/people/{}", world.auditor);
    let export = json!({
        "camera": camera.id, "role": "main", "from_us": 0, "to_us": 1_000_000, "purpose": "kiểm tra", "case": "12/2026",
    });
    for (who, method, path, body) in [
        (&admin, "DELETE", person.clone(), Value::Null),
        (&admin, "POST", format!("{person}/one-time-password"), Value::Null),
        (&admin, "DELETE", format!("{person}/second-factor"), Value::Null),
        (&operator, "POST", "/api/v1/exports".to_owned(), export.clone()),
        (&operator, "POST", "/api/v1/session/second-factor/totp".to_owned(), Value::Null),
        (&operator, "POST", "/api/v1/session/second-factor/recovery-codes".to_owned(), Value::Null),
    ] {
        let (status, code, message) = world.ask(who, method, &path, body).await.refusal();
        assert_eq!((status, code.as_str()), (403, "confirm_it_is_you"), "{method} {path}");
        assert_eq!(message, "confirm that it is you first: POST /api/v1/session/confirm");
    }
    assert_eq!(world.get(&admin, "/api/v1/people").await.status, 200);

    let wrong = world.confirm(&operator, json!({"password": "sai rồi"})).await;
    assert_eq!(
        (wrong.refusal().1.as_str(), &wrong.json()["field"]),
        ("wrong_password", &json!("password"))
    );
    for neither in [json!({}), json!({"password": PASSWORD, "code": "123456"})] {
        assert_eq!(world.confirm(&operator, neither).await.refusal().1, "invalid");
    }
    assert_eq!(world.confirm(&operator, json!({"password": PASSWORD})).await.status, 204);
    let export = world.ask(&operator, "POST", "/api/v1/exports", export).await;
    assert_eq!(export.refusal().1, "nothing_recorded");
    assert_eq!(world.confirm(&admin, json!({"password": PASSWORD})).await.status, 204);
    assert_eq!(world.ask(&admin, "DELETE", &person, Value::Null).await.status, 204);
}

#[tokio::test]
async fn an_administrator_is_away_after_a_quarter_of_an_hour_whatever_the_page_asks_by_itself() {
    let world = world().await;
    let (admin, operator) = (world.admin().await, world.operator().await);
    let by_itself = async |browser: &Browser| {
        let request = axum::http::Request::builder().uri("/api/v1/session");
        let request = request.header("cookie", &browser.cookie).header("x-khue-unattended", "1");
        world.send(request.body(axum::body::Body::empty()).unwrap()).await.status.as_u16()
    };
    world.pass(14 * MINUTE);
    assert_eq!(world.get(&admin, "/api/v1/session").await.status, 200);
    world.pass(14 * MINUTE);
    assert_eq!(by_itself(&admin).await, 200);
    world.pass(MINUTE);
    assert_eq!(by_itself(&admin).await, 401);
    assert_eq!(world.get(&admin, "/api/v1/session").await.status, 401);
    assert_eq!(by_itself(&operator).await, 200);
    world.pass(12 * 60 * MINUTE);
    assert_eq!(by_itself(&operator).await, 401);
}

#[tokio::test]
async fn people_see_where_they_are_signed_in_and_end_it_and_administrators_that_of_others() {
    let world = world().await;
    let (admin, here) = (world.admin().await, world.operator().await);
    world.pass(MINUTE / 2);
    let there = browser(&world.try_sign_in("truc", PASSWORD).await);
    let devices = world.get(&here, "/api/v1/devices").await.json()["devices"].clone();
    let this: Vec<_> = devices.as_array().unwrap().iter().map(|device| &device["this"]).collect();
    assert_eq!(this, [false, true]);
    assert_eq!(devices[0]["address"], "10.0.0.7");
    let path = |device: &Value| format!("/api/v1/devices/{}", device["id"].as_str().unwrap());

    // Another operator's are not there for who is no administrator.
    let admins = world.get(&admin, "/api/v1/devices").await.json()["devices"][0].clone();
    let of_others = world.ask(&here, "DELETE", &path(&admins), Value::Null).await;
    assert_eq!(of_others.status, 404);
    let of_admin = format!("/api/v1/people/{}/devices", world.admin);
    assert_eq!(world.get(&here, &of_admin).await.status, 403);

    assert_eq!(world.ask(&here, "DELETE", &path(&devices[0]), Value::Null).await.status, 204);
    assert_eq!(world.get(&there, "/api/v1/session").await.status, 401);
    let there = browser(&world.try_sign_in("truc", PASSWORD).await);
    assert_eq!(world.ask(&here, "DELETE", "/api/v1/devices", Value::Null).await.status, 204);
    assert_eq!(world.get(&there, "/api/v1/session").await.status, 401);

    let of_operator = format!("/api/v1/people/{}/devices", world.operator);
    let listed = world.get(&admin, &of_operator).await.json()["devices"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(world.ask(&admin, "DELETE", &path(&listed[0]), Value::Null).await.status, 204);
    assert_eq!(world.get(&here, "/api/v1/session").await.status, 401);
    let auditor = world.sign_in(world.auditor, "kiemtra").await;
    let told = world.get(&auditor, "/api/v1/audit?act=device").await.json();
    let changes: Vec<_> = told["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["refused"].as_str(), entry["details"]["change"].as_str()))
        .collect();
    let expected = [
        (None, Some("ended")),
        (None, Some("others ended")),
        (None, Some("ended")),
        (Some("forbidden"), None),
        (Some("not_found"), None),
    ];
    assert_eq!(changes, expected);
}
