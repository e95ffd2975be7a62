//! Passkeys over HTTP: adding one, getting in by it, and where it does not work.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::time::Duration;

use crate::common::{Answer, Browser, PASSWORD, World, browser, world, world_asking};
use serde_json::{Value, json};
use signin::Config;
use signin::passkey_testutil::{Sent, Stick};

const ORIGIN: &str = "https://khue.test";

impl World {
    async fn post(&self, browser: &Browser, path: &str, body: Value) -> Answer {
        self.ask(browser, "POST", &format!("/api/v1/session/{path}"), body).await
    }

    async fn challenge(&self, browser: &Browser, path: &str) -> Value {
        let answer = self.post(browser, path, Value::Null).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// Adds a stick; returns it with what was answered.
    async fn add_stick(&self, browser: &Browser, name: &str) -> (Stick, Answer) {
        let asked = self.challenge(browser, "passkeys/challenge").await;
        assert_eq!(asked["algorithms"], json!([-8, -7, -257]));
        let user = self.get(browser, "/api/v1/session").await.json()["user"]["id"].clone();
        let user: uuid::Uuid = user.as_str().unwrap().parse().unwrap();
        let handle = Some(user.as_bytes().to_vec());
        let rp_id = asked["rp_id"].as_str().unwrap();
        let stick = Stick { user_handle: handle, ..Stick::new(rp_id, ORIGIN) };
        let made = stick.make(asked["challenge"].as_str().unwrap());
        let body = json!({
            "name": name, "client_data": made.client_data, "attestation": made.attestation,
        });
        (stick, self.post(browser, "passkeys", body).await)
    }

    /// Uses a stick.
    async fn used(&self, browser: &Browser, stick: &Stick, path: &str) -> Answer {
        let asked = self.challenge(browser, "passkey/challenge").await;
        let sent = stick.answer(asked["challenge"].as_str().unwrap());
        self.post(browser, path, body(&sent)).await
    }
}

fn body(sent: &Sent) -> Value {
    json!({
        "credential": sent.credential, "client_data": sent.client_data,
        "authenticator_data": sent.authenticator_data, "signature": sent.signature,
        "user_handle": sent.user_handle,
    })
}

fn user(answer: &Answer) -> Value {
    answer.json()["user"].clone()
}

#[tokio::test]
async fn an_administrator_gets_all_the_way_in_by_a_passkey_and_nothing_else() {
    let world = world_asking(Config::default()).await;
    let (admin, one_time) = world.first_sign_in(world.admin, "quantri").await;
    let early = world.post(&admin, "passkeys/challenge", Value::Null).await;
    assert_eq!(early.refusal().1, "must_choose_password");
    let chosen = json!({"current": one_time, "new": PASSWORD});
    assert_eq!(world.ask(&admin, "PUT", "/api/v1/session/password", chosen).await.status, 204);
    assert_eq!(world.get(&admin, "/api/v1/people").await.refusal().1, "must_set_second_factor");
    let (stick, added) = world.add_stick(&admin, " điện thoại ").await;
    assert_eq!(added.status, 201, "{added:?}");
    assert_eq!(added.json()["passkey"]["name"], "điện thoại");
    assert_eq!(added.json()["recovery_codes"].as_array().unwrap().len(), 10);
    assert_eq!(world.get(&admin, "/api/v1/people").await.status, 200);

    let came = world.used(&Browser::default(), &stick, "passkey").await;
    assert_eq!(came.status, 200, "{came:?}");
    let told = user(&came);
    assert_eq!((&told["way"], &told["second_factor"]), (&json!("passkey"), &json!("set")));
    let came = browser(&came);
    assert_eq!(world.get(&came, "/api/v1/people").await.status, 200);
    let listed = world.get(&came, "/api/v1/session/passkeys").await.json();
    assert_eq!(
        (&listed["can_add"], &listed["passkeys"][0]["rp_id"]),
        (&json!(true), &json!("khue.test"))
    );
    assert!(listed["passkeys"][0]["used_us"].is_i64());
    // The last of who must have one stays.
    let path =
        format!("/api/v1/session/passkeys/{}", listed["passkeys"][0]["id"].as_str().unwrap());
    assert_eq!(world.ask(&came, "DELETE", &path, Value::Null).await.refusal().1, "in_use");
    let renamed = world.ask(&came, "PATCH", &path, json!({"name": "khóa USB"})).await;
    assert_eq!(renamed.json()["name"], "khóa USB");
    let empty = world.ask(&came, "PATCH", &path, json!({"name": " "})).await;
    assert_eq!(empty.refusal().1, "invalid");
    let (_, second) = world.add_stick(&came, "máy bàn").await;
    assert_eq!(second.json()["recovery_codes"], json!([]));
    assert_eq!(world.ask(&came, "DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(world.ask(&came, "DELETE", &path, Value::Null).await.status, 404);
    let gone = world.used(&Browser::default(), &stick, "passkey").await;
    assert_eq!((gone.refusal().0, gone.refusal().1.as_str()), (400, "wrong_passkey"));

    let entries = world.entries().await;
    let told: Vec<_> = entries
        .iter()
        .filter_map(|entry| {
            let (act, details) = (entry.act.as_str(), &entry.details);
            let what = details.get("change").or(details.get("way"))?;
            Some((act, what.as_str(), entry.outcome == audit::Outcome::Done))
        })
        .collect();
    let expected = [
        ("second_factor", "passkey added", true),
        ("sign_in", "passkey", true),
        ("second_factor", "passkey renamed", true),
        ("second_factor", "passkey added", true),
        ("second_factor", "passkey removed", true),
        ("sign_in", "passkey", false),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_passkey_stands_for_the_code_and_confirms() {
    let world = world().await;
    let operator = world.operator().await;
    let (stick, _) = world.add_stick(&operator, "điện thoại").await;
    let asked = world.try_sign_in("truc", PASSWORD).await;
    assert_eq!(user(&asked)["second_factor"], "asked");
    let asked = browser(&asked);
    assert_eq!(world.get(&asked, "/api/v1/tree").await.refusal().1, "second_factor_asked");
    let listed = world.challenge(&asked, "passkey/challenge").await;
    assert_eq!(listed["credentials"].as_array().unwrap().len(), 1);
    let proved = world.used(&asked, &stick, "second-factor/passkey").await;
    assert_eq!(proved.status, 200, "{proved:?}");
    let whole = browser(&proved);
    assert_eq!(world.get(&whole, "/api/v1/tree").await.status, 200);
    assert_eq!(world.used(&whole, &stick, "second-factor/passkey").await.refusal().1, "invalid");

    world.pass(Duration::from_secs(360));
    let adding = world.post(&whole, "passkeys/challenge", Value::Null).await;
    assert_eq!(adding.refusal().1, "confirm_it_is_you");
    assert_eq!(world.used(&whole, &stick, "confirm/passkey").await.status, 204);
    assert_eq!(world.post(&whole, "passkeys/challenge", Value::Null).await.status, 200);
    // Who helps somebody who lost it takes passkeys away as well.
    let admin = world.admin().await;
    let path = format!("/api/v1/people/{}/second-factor", world.operator);
    assert_eq!(world.ask(&admin, "DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(user(&world.try_sign_in("truc", PASSWORD).await)["second_factor"], "none");
}

#[tokio::test]
async fn at_a_name_that_is_not_ours_or_from_another_page_there_are_none() {
    let world = world().await;
    let ask = async |host: &str, origin: Option<&str>| {
        let mut request =
            axum::http::Request::post("/api/v1/session/passkey/challenge").header("host", host);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        world.send(request.body(axum::body::Body::empty()).unwrap()).await
    };
    assert_eq!(ask("khue.test", Some(ORIGIN)).await.status, 200);
    assert_eq!(ask("khue.test", Some("https://evil.example")).await.refusal().1, "forged");
    for host in ["evil.example", "192.0.2.10:8443"] {
        assert_eq!(ask(host, None).await.refusal().1, "not_found", "{host}");
    }
    let ways = world.get(&Browser::default(), "/api/v1/session/ways").await.json();
    assert_eq!(ways, json!({"oidc": null, "passkey": true}));
}
