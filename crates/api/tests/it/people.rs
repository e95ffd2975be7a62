//! Administrators say who there is; nobody changes themselves, and all of it is told.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use crate::common::{PASSWORD, browser, world};
use serde_json::{Value, json};

#[tokio::test]
async fn a_person_is_added_signs_in_once_by_what_was_told_and_is_removed_again() {
    let world = world().await;
    let admin = world.admin().await;
    let body = json!({"name": "Hong.NT", "display_name": "Nguyễn Thị Hồng", "role": "operator"});
    let added = world.ask(&admin, "POST", "/api/v1/people", body.clone()).await;
    assert_eq!(added.status, 201, "{added:?}");
    let (person, password) =
        (added.json()["person"].clone(), added.json()["one_time_password"].clone());
    let expected = json!({
        "id": person["id"], "name": "hong.nt", "display_name": "Nguyễn Thị Hồng",
        "role": "operator", "has_password": false, "organisation": null, "signatory": false,
        "single_sign_on": false, "active": true,
    });
    assert_eq!(person, expected);
    let taken = world.ask(&admin, "POST", "/api/v1/people", body).await;
    assert_eq!(taken.refusal().1, "taken");

    let signed_in = world.try_sign_in("hong.nt", password.as_str().unwrap()).await;
    assert_eq!(signed_in.status, 200);
    let hong = browser(&signed_in);
    let chosen = json!({"current": password, "new": PASSWORD});
    let chosen = world.ask(&hong, "PUT", "/api/v1/session/password", chosen).await;
    assert_eq!(chosen.status, 204);
    let listed = world.get(&admin, "/api/v1/people").await.json();
    let names: Vec<_> =
        listed["people"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["hong.nt", "kiemtra", "quantri", "truc"]);
    assert_eq!(listed["people"][0]["has_password"], true);

    let path = format!("/api/v1/people/{}", person["id"].as_str().unwrap());
    assert_eq!(world.ask(&admin, "DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(world.get(&hong, "/api/v1/session").await.status, 401);
    assert_eq!(world.try_sign_in("hong.nt", PASSWORD).await.status, 401);
    assert_eq!(world.ask(&admin, "DELETE", &path, Value::Null).await.status, 404);
}

#[tokio::test]
async fn a_role_that_is_taken_away_is_gone_at_once_and_a_new_password_ends_what_was() {
    let world = world().await;
    let (admin, operator) = (world.admin().await, world.operator().await);
    let camera = world.camera("Cổng").await;
    let path = format!("/api/v1/people/{}", world.operator);
    let asked = json!({"camera": camera.id, "actions": ["live"]});
    let token = async || world.ask(&operator, "POST", "/api/v1/media-tokens", asked.clone()).await;
    assert_eq!(token().await.status, 200);
    let body = json!({"role": "auditor", "display_name": "Lê Văn Trực"});
    let changed = world.ask(&admin, "PATCH", &path, body).await;
    assert_eq!((changed.status.as_u16(), &changed.json()["role"]), (200, &json!("auditor")));
    assert_eq!(token().await.status, 404);
    // The sign-in goes on, as another role.
    let session = world.get(&operator, "/api/v1/session").await.json();
    assert_eq!(session["user"]["role"], "auditor");

    let reset = format!("{path}/one-time-password");
    let told = world.ask(&admin, "POST", &reset, Value::Null).await.json();
    assert_eq!(told["person"]["has_password"], false);
    assert_eq!(world.get(&operator, "/api/v1/session").await.status, 401);
    assert_eq!(world.try_sign_in("truc", PASSWORD).await.status, 401);
    let password = told["one_time_password"].as_str().unwrap();
    assert_eq!(world.try_sign_in("truc", password).await.status, 200);

    let auditor = world.sign_in(world.auditor, "kiemtra").await;
    let told = world.get(&auditor, "/api/v1/audit?act=user").await.json();
    let details: Vec<_> =
        told["entries"].as_array().unwrap().iter().map(|entry| &entry["details"]).collect();
    let change = json!({
        "change": "changed", "role": "operator → auditor",
        "display_name": "truc (hiển thị) → Lê Văn Trực",
    });
    assert_eq!(details, [&json!({"change": "password reset"}), &change]);
}

#[tokio::test]
async fn nobody_changes_themselves_and_nobody_else_manages_people() {
    let world = world().await;
    let (admin, operator) = (world.admin().await, world.operator().await);
    let auditor = world.sign_in(world.auditor, "kiemtra").await;
    let person = json!({"name": "x", "display_name": "X", "role": "operator"});
    let acts = |id: base::UserId| {
        let path = format!("/api/v1/people/{id}");
        [
            ("PATCH", path.clone(), json!({"role": "operator"})),
            ("POST", format!("{path}/one-time-password"), Value::Null),
            ("DELETE", path, Value::Null),
        ]
    };
    for (method, path, body) in acts(world.admin) {
        let refused = world.ask(&admin, method, &path, body).await.refusal();
        assert_eq!((refused.0, refused.1.as_str()), (409, "in_use"), "{method} {path}");
    }
    for other in [&operator, &auditor] {
        assert_eq!(world.get(other, "/api/v1/people").await.status, 403);
        let added = world.ask(other, "POST", "/api/v1/people", person.clone()).await;
        assert_eq!(added.status, 403);
        for (method, path, body) in acts(world.admin) {
            assert_eq!(world.ask(other, method, &path, body).await.status, 403, "{method} {path}");
        }
    }
    for (method, path, body) in acts(base::UserId::new()) {
        assert_eq!(world.ask(&admin, method, &path, body).await.status, 404, "{method} {path}");
    }
    let wrong = json!({"name": "Hồng", "display_name": "X", "role": "operator"});
    let refused = world.ask(&admin, "POST", "/api/v1/people", wrong).await;
    assert_eq!(refused.json()["field"], "name");
    let wrong = json!({"name": "hong", "display_name": "X", "role": "king"});
    assert_eq!(world.ask(&admin, "POST", "/api/v1/people", wrong).await.refusal().1, "invalid");
}
