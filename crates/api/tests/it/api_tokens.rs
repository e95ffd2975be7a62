//! Programs that ask by a token: what it opens, what it never does, and what the
//! audit says of it.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::time::Duration;

use crate::common::{self, Answer, Browser, World, world};
use axum::body::Body;
use axum::http::Request;
use catalog::Role;
use serde_json::{Value, json};

const DAY: Duration = Duration::from_secs(86_400);

impl World {
    async fn make(&self, browser: &Browser, scopes: &[&str]) -> String {
        let body = json!({"name": "bản đồ", "scopes": scopes, "days": 30});
        let made = self.ask(browser, "POST", "/api/v1/api-tokens", body).await;
        assert_eq!(made.status, 201, "{made:?}");
        made.json()["token"].as_str().unwrap().to_owned()
    }

    async fn program(&self, token: &str, method: &str, path: &str, body: Value) -> Answer {
        let request = Request::builder().method(method).uri(path).header("host", "khue.test");
        let request = request.header("authorization", format!("Bearer {token}"));
        let request = request.header("content-type", "application/json");
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }
}

#[tokio::test]
async fn a_token_opens_what_its_scopes_have_and_its_owner_may_and_no_more() {
    let world = world().await;
    let (admin, operator) = (world.admin().await, world.operator().await);
    let camera = world.camera("Cổng").await;
    let token = world.make(&admin, &["cameras:write", "people:read"]).await;
    let path = format!("/api/v1/cameras/{}", camera.id);
    let change = world.program(&token, "PATCH", &path, json!({"name": "Cổng phụ"})).await;
    assert_eq!(change.status, 200, "{change:?}");
    assert_eq!(world.program(&token, "GET", "/api/v1/people", Value::Null).await.status, 200);
    let (status, code, message) =
        world.program(&token, "GET", "/api/v1/tree", Value::Null).await.refusal();
    assert_eq!((status, code.as_str()), (403, "forbidden"));
    assert_eq!(message, "the API token has no scope cameras:read");

    // Another one's may name a scope, and open nothing that its owner may not.
    let token = world.make(&operator, &["people:read", "cameras:read"]).await;
    let people = world.program(&token, "GET", "/api/v1/people", Value::Null).await;
    assert_eq!(people.refusal().1, "forbidden");
    assert_eq!(world.program(&token, "GET", "/api/v1/tree", Value::Null).await.status, 200);
    world.set_role(world.operator, Role::Auditor).await;
    let tree = world.program(&token, "GET", "/api/v1/tree", Value::Null).await.json();
    assert!(tree["cameras"].as_array().is_none_or(Vec::is_empty), "{tree}");
}

#[tokio::test]
async fn no_token_opens_how_people_get_in_nor_pictures() {
    let world = world().await;
    let admin = world.admin().await;
    let all: Vec<&str> = signin::Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    let token = world.make(&admin, &all).await;
    let of_operator = format!("/api/v1/people/{}", world.operator);
    let password = json!({"current": common::PASSWORD, "new": "một mật khẩu mới"});
    for (method, path, body, status) in [
        // They know no tokens at all.
        ("GET", "/api/v1/session".to_owned(), Value::Null, 401),
        ("PUT", "/api/v1/session/password".to_owned(), password, 401),
        ("POST", "/api/v1/session/confirm".to_owned(), json!({"password": "x"}), 401),
        ("POST", "/api/v1/session/second-factor/totp".to_owned(), Value::Null, 401),
        ("DELETE", "/api/v1/session/second-factor".to_owned(), Value::Null, 403),
        ("GET", "/api/v1/devices".to_owned(), Value::Null, 403),
        ("POST", "/api/v1/api-tokens".to_owned(), Value::Null, 403),
        ("POST", format!("{of_operator}/one-time-password"), Value::Null, 403),
        ("DELETE", format!("{of_operator}/second-factor"), Value::Null, 403),
        ("POST", "/api/v1/media-tokens".to_owned(), Value::Null, 403),
        ("POST", "/api/v1/exports".to_owned(), Value::Null, 403),
        ("GET", "/api/v1/media".to_owned(), Value::Null, 403),
    ] {
        let answer = world.program(&token, method, &path, body).await;
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
    }
    // It cannot be asked whether it is still its owner.
    let removed = world.program(&token, "DELETE", &of_operator, Value::Null).await;
    assert_eq!(removed.refusal().1, "confirm_it_is_you");
}

#[tokio::test]
async fn a_token_ends_by_its_time_by_its_owner_and_with_its_owners_password() {
    let world = world().await;
    let (admin, operator) = (world.admin().await, world.operator().await);
    let opens = async |token: &str| {
        world.program(token, "GET", "/api/v1/tree", Value::Null).await.status.as_u16()
    };
    let token = world.make(&operator, &["cameras:read"]).await;
    assert_eq!(opens(&token).await, 200);
    let listed = world.get(&operator, "/api/v1/api-tokens").await.json()["tokens"].clone();
    assert_eq!(
        (&listed[0]["name"], &listed[0]["used_us"]),
        (&json!("bản đồ"), &json!(world.now().0))
    );
    assert_eq!(listed[0]["token"], Value::Null);
    let path = format!("/api/v1/api-tokens/{}", listed[0]["id"].as_str().unwrap());
    assert_eq!(world.ask(&admin, "DELETE", &path, Value::Null).await.status, 404);
    assert_eq!(world.ask(&operator, "DELETE", &path, Value::Null).await.status, 204);
    let (status, code, message) =
        world.program(&token, "GET", "/api/v1/tree", Value::Null).await.refusal();
    assert_eq!((status, code.as_str()), (401, "signed_out"));
    assert_eq!(message, "the API token is unknown, has expired or was revoked");

    let token = world.make(&operator, &["cameras:read"]).await;
    let reset = format!("/api/v1/people/{}/one-time-password", world.operator);
    assert_eq!(world.ask(&admin, "POST", &reset, Value::Null).await.status, 200);
    assert_eq!(opens(&token).await, 401);
    let token = world.make(&admin, &["cameras:read"]).await;
    world.pass(30 * DAY);
    assert_eq!(opens(&token).await, 401);
}

#[tokio::test]
async fn what_a_program_does_and_tries_is_in_the_audit_by_the_name_of_its_token() {
    let world = world().await;
    let admin = world.admin().await;
    let token = world.make(&admin, &["cameras:write"]).await;
    let path = format!("/api/v1/cameras/{}", world.camera("Cổng").await.id);
    world.program(&token, "PATCH", &path, json!({"name": "Cổng phụ"})).await;
    world.program(&token, "GET", "/api/v1/people", Value::Null).await;
    let auditor = world.sign_in(world.auditor, "kiemtra").await;
    let entries = async |act: &str| {
        let told = world.get(&auditor, &format!("/api/v1/audit?act={act}")).await.json();
        told["entries"].as_array().unwrap().clone()
    };
    let changed = &entries("camera").await[0];
    assert_eq!(changed["details"]["token"], "bản đồ");
    assert_eq!(changed["who"]["name"], "quantri");
    let [refused, made] = &entries("api_token").await[..] else { panic!("two entries") };
    assert_eq!(
        (&refused["refused"], &refused["details"]["token"]),
        (&json!("forbidden"), &json!("bản đồ"))
    );
    assert_eq!(made["details"]["scopes"], "cameras:write");
    assert!(!format!("{refused}{made}").contains(&token));
}

#[tokio::test]
async fn a_token_that_cannot_be_made_is_refused_with_the_field() {
    let world = world().await;
    let operator = world.operator().await;
    let good = json!({"name": "bản đồ", "scopes": ["cameras:read"], "days": 366});
    for (field, value, words) in [
        ("name", json!(" "), "the name is empty; say which program the token is for"),
        ("scopes", json!([]), "a token without scopes opens nothing; give one"),
        ("days", json!(367), "a token holds from 1 to 366 days"),
        ("days", json!(0), "a token holds from 1 to 366 days"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let refused = world.ask(&operator, "POST", "/api/v1/api-tokens", body).await;
        assert_eq!(
            (refused.refusal().2.as_str(), &refused.json()["field"]),
            (words, &json!(field))
        );
    }
    let mut body = good.clone();
    body["scopes"] = json!(["everything"]);
    let refused = world.ask(&operator, "POST", "/api/v1/api-tokens", body).await.refusal();
    assert!(refused.2.starts_with("there is no scope \"everything\"; there are cameras:read,"));
    world.pass(Duration::from_secs(301));
    let refused = world.ask(&operator, "POST", "/api/v1/api-tokens", good).await;
    assert_eq!(refused.refusal().1, "confirm_it_is_you");
}
