//! Signing in over HTTP: who gets in, with what words one is refused, and what a
//! page of another site cannot do.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::time::Duration;

use crate::common::{Browser, PASSWORD, browser, world};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

#[tokio::test]
async fn a_one_time_password_leads_to_the_choice_of_another_and_nowhere_else() {
    let world = world().await;
    let (person, one_time) = world.first_sign_in(world.operator, "truc").await;
    let session = world.get(&person, "/api/v1/session").await.json();
    assert_eq!(session["user"]["must_choose_password"], true);
    assert_eq!(session["user"]["role"], "operator");
    assert_eq!((&session["demo"], &session["version"]), (&json!(true), &json!("0.0.0-test")));
    assert_eq!(session["server_time_us"], world.now().0);

    for path in ["/api/v1/tree", "/api/v1/status", "/api/v1/holds"] {
        let (status, code, message) = world.get(&person, path).await.refusal();
        assert_eq!((status, code.as_str()), (403, "must_choose_password"), "{path}");
        assert_eq!(message, "choose a password of your own first: PUT /api/v1/session/password");
    }

    let choose = async |current: &str, new: &str| {
        let body = json!({"current": current, "new": new});
        world.ask(&person, "PUT", "/api/v1/session/password", body).await
    };
    let refused = choose("sai rồi", PASSWORD).await;
    assert_eq!(refused.json()["field"], "current");
    let (status, code, message) = refused.refusal();
    assert_eq!((status, code.as_str()), (400, "wrong_password"));
    assert_eq!(message, "the current password is wrong");
    let refused = choose(&one_time, "ngắn").await;
    assert_eq!(refused.json()["field"], "new");
    let (_, code, message) = refused.refusal();
    assert_eq!(code, "weak_password");
    assert_eq!(message, "the password is too short; give at least 12 characters");

    assert_eq!(choose(&one_time, PASSWORD).await.status, 204);
    assert_eq!(world.get(&person, "/api/v1/tree").await.status, 200);
    assert_eq!(world.try_sign_in("truc", &one_time).await.status, 401);
    assert_eq!(world.try_sign_in("TRUC", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn the_cookie_is_one_that_no_script_and_no_other_site_gets() {
    let world = world().await;
    world.operator().await;
    let answer = world.try_sign_in("truc", PASSWORD).await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-khue="), "{cookie}");
    assert!(cookie.ends_with("; Path=/; Max-Age=604800; Secure; HttpOnly; SameSite=Strict"));
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_are_answered_alike() {
    let world = world().await;
    world.operator().await;
    let wrong = world.try_sign_in("truc", "một mật khẩu khác").await;
    let nobody = world.try_sign_in("khongai", "một mật khẩu khác").await;
    assert_eq!(wrong.whole(), nobody.whole());
    let (status, code, message) = wrong.refusal();
    assert_eq!((status, code.as_str()), (401, "wrong_sign_in"));
    assert_eq!(message, "name or password is wrong");
}

#[tokio::test]
async fn after_five_wrong_passwords_one_waits_and_is_told_how_long() {
    let world = world().await;
    world.operator().await;
    for _ in 0..5 {
        assert_eq!(world.try_sign_in("truc", "sai sai sai").await.status, 401);
    }
    let locked = world.try_sign_in("truc", PASSWORD).await;
    let (status, code, message) = locked.refusal();
    assert_eq!((status, code.as_str()), (429, "locked_out"));
    assert_eq!(message, "too many wrong attempts; try again in 300 s");
    assert_eq!(locked.json()["retry_after_s"], 300);
    assert_eq!(locked.header("retry-after"), "300");
    world.pass(Duration::from_secs(300));
    assert_eq!(world.try_sign_in("truc", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn signing_out_ends_it_here_and_nowhere_else() {
    let world = world().await;
    let here = world.operator().await;
    let there = browser(&world.try_sign_in("truc", PASSWORD).await);
    let out = world.ask(&here, "DELETE", "/api/v1/session", Value::Null).await;
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").starts_with("__Host-khue=; Path=/; Max-Age=0;"));
    let (status, code, _) = world.get(&here, "/api/v1/session").await.refusal();
    assert_eq!((status, code.as_str()), (401, "signed_out"));
    assert_eq!(world.get(&there, "/api/v1/session").await.status, 200);
}

#[tokio::test]
async fn signing_in_again_ends_the_sign_in_before() {
    let world = world().await;
    let before = world.operator().await;
    let body = json!({"name": "truc", "password": PASSWORD});
    let after = browser(&world.ask(&before, "POST", "/api/v1/session", body).await);
    assert_eq!(world.get(&before, "/api/v1/session").await.status, 401);
    assert_eq!(world.get(&after, "/api/v1/session").await.status, 200);
}

#[tokio::test]
async fn whoever_was_removed_or_came_too_late_is_signed_out() {
    let world = world().await;
    let (admin, operator) = (world.admin().await, world.operator().await);
    world.catalog.remove_user(world.operator).await.unwrap();
    assert_eq!(world.get(&operator, "/api/v1/session").await.status, 401);
    world.pass(Duration::from_secs(12 * 3600));
    assert_eq!(world.get(&admin, "/api/v1/session").await.status, 401);
}

#[tokio::test]
async fn an_unsafe_request_without_the_csrf_value_is_refused() {
    let world = world().await;
    let (admin, operator) = (world.admin().await, world.operator().await);
    let forged = [String::new(), "x".to_owned(), operator.csrf.clone(), admin.cookie.clone()];
    let description: Value = serde_json::from_str(&api::openapi()).unwrap();
    let mut asked = 0;
    for (path, operations) in description["paths"].as_object().unwrap() {
        let path = path.replace("{id}", &base::CameraId::new().to_string());
        for method in operations.as_object().unwrap().keys().filter(|method| *method != "get") {
            // Whoever signs in has no value yet; the page's origin is what counts.
            let signs_in = ["", "/oidc", "/passkey", "/passkey/challenge", "/break-glass"];
            let of_session = path.strip_prefix("/api/v1/session");
            if method == "post" && of_session.is_some_and(|end| signs_in.contains(&end)) {
                continue;
            }
            if path.starts_with("/api/v1/whep") {
                // No cookie opens it, so there is none that another site could have
                // sent: a token in the request does, and this one has none.
                let forger = Browser { csrf: forged[0].clone(), ..admin.clone() };
                let answer = world.ask(&forger, &method.to_uppercase(), &path, json!({})).await;
                assert!(matches!(answer.status.as_u16(), 401 | 403), "{method} {path}: {answer:?}");
                continue;
            }
            for csrf in &forged {
                let forger = Browser { csrf: csrf.clone(), ..admin.clone() };
                let answer = world.ask(&forger, &method.to_uppercase(), &path, json!({})).await;
                let (status, code, message) = answer.refusal();
                assert_eq!((status, code.as_str()), (403, "forged"), "{method} {path}");
                assert!(message.starts_with("the header x-khue-csrf does not carry the value"));
            }
            asked += 1;
        }
    }
    assert!(asked >= 10, "only {asked} operations change anything");
    assert_eq!(world.get(&admin, "/api/v1/session").await.status, 200);
}

#[tokio::test]
async fn a_page_of_another_site_can_neither_sign_in_nor_act() {
    let world = world().await;
    let operator = world.operator().await;
    let from = |origin: &str, method: &str, path: &str, body: Value| {
        Request::builder()
            .method(method)
            .uri(path)
            .header("host", "khue.test")
            .header("origin", origin)
            .header("cookie", &operator.cookie)
            .header("x-khue-csrf", &operator.csrf)
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap()
    };
    let credentials = json!({"name": "truc", "password": PASSWORD});
    for origin in ["https://evil.example", "null", "https://khue.test.evil.example"] {
        for request in [
            from(origin, "POST", "/api/v1/session", credentials.clone()),
            from(origin, "POST", "/api/v1/session/passkey/challenge", Value::Null),
            from(origin, "DELETE", "/api/v1/session", Value::Null),
        ] {
            let (status, code, message) = world.send(request).await.refusal();
            assert_eq!((status, code.as_str()), (403, "forged"), "{origin}");
            assert_eq!(message, "the request comes from a page of another site");
        }
    }
    let own = from("https://khue.test", "DELETE", "/api/v1/session", Value::Null);
    assert_eq!(world.send(own).await.status, 204);
}
