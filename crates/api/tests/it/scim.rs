//! A directory says who joins, moves and leaves, by a token of its own.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use crate::common::{Answer, Browser, PASSWORD, World, world};
use axum::body::Body;
use axum::http::Request;
use catalog::{NewUser, Role};
use serde_json::{Value, json};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

struct Directory<'a> {
    world: &'a World,
    token: String,
}

async fn token(world: &World, admin: &Browser, scope: &str) -> String {
    let body = json!({"name": "thư mục thành phố", "scopes": [scope], "days": 30});
    let made = world.ask(admin, "POST", "/api/v1/api-tokens", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json()["token"].as_str().unwrap().to_owned()
}

impl Directory<'_> {
    async fn ask(&self, method: &str, path: &str, body: Value) -> Answer {
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let request = Request::builder()
            .method(method)
            .uri(format!("/scim/v2/{path}"))
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/scim+json");
        let answer = self.world.send(request.body(body).unwrap()).await;
        if !answer.bytes.is_empty() {
            assert_eq!(answer.header("content-type"), "application/scim+json", "{answer:?}");
        }
        answer
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.ask("GET", path, Value::Null).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    async fn patch(&self, path: &str, operations: Value) -> Answer {
        let schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
        self.ask("PATCH", path, json!({"schemas": [schema], "Operations": operations})).await
    }

    async fn refused(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let answer = self.ask(method, path, body).await;
        let form = answer.json();
        assert_eq!(form["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]));
        assert_eq!(form["status"], answer.status.as_u16().to_string());
        (answer.status.as_u16(), form["scimType"].clone())
    }
}

#[tokio::test]
async fn who_joins_is_there_moves_by_groups_and_leaves_with_all_that_was_open() {
    let world = world().await;
    let admin = world.admin().await;
    let directory =
        Directory { world: &world, token: token(&world, &admin, "people:provision").await };
    let joined = directory
        .ask(
            "POST",
            "Users",
            json!({
                "schemas": [USER], "userName": "Hong.NT", "externalId": "e-1", "active": true,
                "name": {"familyName": "Nguyễn", "middleName": "Thị", "givenName": "Hồng"},
                "emails": [{"value": "hong@hanoi.vn"}], "password": "never kept",
            }),
        )
        .await;
    assert_eq!(joined.status, 201, "{joined:?}");
    let hong = joined.json();
    let id = hong["id"].as_str().unwrap().to_owned();
    assert_eq!(joined.header("location"), format!("/scim/v2/Users/{id}"));
    let expected = json!({
        "schemas": [USER], "id": id, "userName": "hong.nt", "displayName": "Nguyễn Thị Hồng",
        "active": true, "roles": [{"value": "operator", "display": "operator"}], "groups": [],
        "meta": {"resourceType": "User", "location": format!("/scim/v2/Users/{id}")},
    });
    assert_eq!(hong, expected);
    // Nothing was given to them, not even what operators usually have.
    let user: base::UserId = id.parse().unwrap();
    let own = catalog::Subject::User(user);
    assert!(world.catalog.tables().grants.values().all(|grant| grant.terms.subject != own));
    let taken = directory.refused("POST", "Users", json!({"userName": "hong.nt"})).await;
    assert_eq!(taken, (409, json!("uniqueness")));

    let found = directory.get("Users?filter=userName%20eq%20%22HONG.nt%22").await;
    assert_eq!((&found["totalResults"], &found["Resources"][0]), (&json!(1), &expected));
    let page = directory.get("Users?startIndex=2&count=1").await;
    assert_eq!(
        (&page["totalResults"], &page["itemsPerPage"], &page["startIndex"]),
        (&json!(4), &json!(1), &json!(2))
    );
    let strange = directory.refused("GET", "Users?filter=title%20co%20%22x%22", Value::Null).await;
    assert_eq!(strange, (400, json!("invalidFilter")));

    // Moves.
    let shift = directory
        .ask("POST", "Groups", json!({"displayName": "Ca sáng", "members": [{"value": id}]}))
        .await;
    assert_eq!(shift.status, 201, "{shift:?}");
    let group = format!("Groups/{}", shift.json()["id"].as_str().unwrap());
    assert_eq!(directory.get(&format!("Users/{id}")).await["groups"][0]["display"], "Ca sáng");
    let operator = world.operator.to_string();
    let moved = directory
        .patch(
            &group,
            json!([
                {"op": "Add", "path": "members", "value": [{"value": operator}]},
                {"op": "remove", "path": format!("members[value eq \"{id}\"]")},
            ]),
        )
        .await;
    assert_eq!(moved.json()["members"].as_array().unwrap().len(), 1);
    assert_eq!(moved.json()["members"][0]["value"], json!(operator));
    let replaced = directory
        .ask("PUT", &group, json!({"displayName": "Ca chiều", "members": [{"value": id}]}))
        .await;
    assert_eq!(replaced.json()["displayName"], "Ca chiều");
    let beside = json!([
        {"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "h@hanoi.vn"},
        {"op": "Remove", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"},
        {"op": "Replace", "path": "displayName", "value": "Nguyễn Hồng"},
    ]);
    let passed_over = directory.patch(&format!("Users/{id}"), beside).await;
    assert_eq!(passed_over.json()["displayName"], "Nguyễn Hồng", "{passed_over:?}");
    let nobody = directory
        .patch(&group, json!([{"op": "add", "path": "members", "value": [{"value": "x"}]}]))
        .await;
    assert_eq!((nobody.status.as_u16(), &nobody.json()["scimType"]), (400, &json!("invalidValue")));

    // Leaves, with a sign-in, a player's password and a token of their own.
    let truc = world.operator().await;
    let camera = world.camera("Cổng").await;
    let secret = json!({"camera": camera.id, "label": "màn hình", "days": 1});
    assert_eq!(world.ask(&truc, "POST", "/api/v1/stream-secrets", secret).await.status, 201);
    let path = format!("Users/{operator}");
    let left = directory
        .patch(&path, json!([{"op": "Replace", "path": "active", "value": "False"}]))
        .await;
    assert_eq!((left.status.as_u16(), &left.json()["active"]), (200, &json!(false)), "{left:?}");
    assert_eq!(world.get(&truc, "/api/v1/session").await.status, 401);
    assert!(world.stream_secrets.of_user(world.operator, world.now()).await.unwrap().is_empty());
    assert_eq!(world.try_sign_in("truc", PASSWORD).await.refusal().1, "wrong_sign_in");
    let people = world.get(&admin, "/api/v1/people").await.json();
    let row = people["people"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["name"] == "truc")
        .unwrap()
        .clone();
    assert_eq!(row["active"], false);
    let back = directory.patch(&path, json!([{"op": "replace", "value": {"active": true}}])).await;
    assert_eq!(back.json()["active"], true);
    assert_eq!(world.try_sign_in("truc", PASSWORD).await.status, 200);
    assert_eq!(directory.ask("DELETE", &format!("Users/{id}"), Value::Null).await.status, 204);
    assert_eq!(
        directory.refused("GET", &format!("Users/{id}"), Value::Null).await,
        (404, Value::Null)
    );

    let entries = world.entries().await;
    let told: Vec<_> = entries
        .iter()
        .filter(|entry| entry.details.get("by").is_some_and(|by| by == "scim"))
        .map(|entry| {
            (entry.act.as_str(), entry.details["change"].as_str(), entry.details["token"].as_str())
        })
        .collect();
    let by = "thư mục thành phố";
    let expected = [
        ("user", "added"),
        ("group", "added"),
        ("group", "changed"),
        ("group", "changed"),
        ("group", "changed"),
        ("group", "changed"),
        ("user", "changed"),
        ("user", "suspended"),
        ("user", "restored"),
        ("user", "removed"),
    ];
    assert_eq!(told, expected.map(|(act, change)| (act, change, by)));
    // Who came and who left, each by the name they sign in by.
    let moved: Vec<_> = entries
        .iter()
        .filter(|entry| entry.act == audit::Act::Group)
        .map(|entry| ["joined", "left"].map(|word| entry.details.get(word).map(String::as_str)))
        .collect();
    let hong = Some("hong.nt");
    let expected =
        [[hong, None], [Some("truc"), None], [None, hong], [hong, None], [None, Some("truc")]];
    assert_eq!(moved, expected);
    assert!(!format!("{entries:?}").contains("never kept"));
}

#[tokio::test]
async fn a_directory_makes_no_administrator_and_touches_not_whose_token_it_has() {
    let world = world().await;
    let admin = world.admin().await;
    let directory =
        Directory { world: &world, token: token(&world, &admin, "people:provision").await };
    let role = json!({"userName": "moi", "roles": [{"value": "administrator"}]});
    assert_eq!(directory.refused("POST", "Users", role).await, (400, json!("invalidValue")));
    let path = format!("Users/{}", world.operator);
    let roles = json!({"Operations": [{"op": "replace", "path": "roles", "value": [{"value": "administrator"}]}]});
    assert_eq!(directory.refused("PATCH", &path, roles).await, (400, json!("invalidValue")));
    let own = format!("Users/{}", world.admin);
    for (method, body) in [
        ("PATCH", json!({"Operations": [{"op": "replace", "path": "active", "value": false}]})),
        ("DELETE", Value::Null),
        ("PUT", json!({"userName": "quantri", "active": false})),
    ] {
        assert_eq!(directory.refused(method, &own, body).await, (403, Value::Null), "{method}");
    }
    let other = json!({"userName": "khac"});
    assert_eq!(directory.refused("PUT", &path, other).await, (400, json!("mutability")));
    let strange = json!({"Operations": [{"op": "remove", "path": "active"}]});
    assert_eq!(directory.refused("PATCH", &path, strange).await, (400, json!("invalidPath")));
    // Nor does it take any away, or the account of the envelope: whoever has its token
    // would be alone with whatever it is.
    for (name, sealed) in [("hai", false), ("khancap", true)] {
        let user = NewUser {
            name: name.to_owned(),
            display_name: name.to_owned(),
            role: Role::Administrator,
            organisation: None,
        };
        let user = world.catalog.add_user(user).await.unwrap();
        if sealed {
            world.sign_ins.seal_envelope(user.id, world.now()).await.unwrap();
        }
        let path = format!("Users/{}", user.id);
        for (method, body) in [
            ("PATCH", json!({"Operations": [{"op": "replace", "path": "active", "value": false}]})),
            (
                "PATCH",
                json!({"Operations": [{"op": "replace", "path": "roles", "value": "auditor"}]}),
            ),
            ("DELETE", Value::Null),
            ("PUT", json!({"userName": name, "active": false})),
        ] {
            let refused = directory.refused(method, &path, body).await;
            assert_eq!(refused, (403, Value::Null), "{method} {name}");
        }
        // As they are, they may be said again.
        let same = json!({"userName": name, "active": true});
        assert_eq!(directory.ask("PUT", &path, same).await.status, 200);
    }
    let refusals = world.entries().await;
    let refusals = refusals.iter().filter(|entry| {
        entry.act == audit::Act::User && matches!(entry.outcome, audit::Outcome::Refused(_))
    });
    assert_eq!(refusals.count(), 8);
    // At a screen these things are done by other routes, which ask whether it is oneself.
    let by_cookie = world.ask(&admin, "DELETE", &format!("/scim/v2/{path}"), Value::Null).await;
    assert_eq!(by_cookie.status, 403, "{by_cookie:?}");
    assert_eq!(directory.refused("POST", "Users", json!([])).await, (400, json!("invalidSyntax")));
    // A token for other things opens none of it, and this one nothing else.
    for scope in ["people:write", "people:read", "cameras:write"] {
        let other = Directory { world: &world, token: token(&world, &admin, scope).await };
        assert_eq!(other.refused("GET", "Users", Value::Null).await.0, 403, "{scope}");
    }
    let stranger = Directory { world: &world, token: "khue_x".to_owned() };
    assert_eq!(stranger.refused("GET", "Users", Value::Null).await.0, 401);
    let request = Request::get("/api/v1/people")
        .header("authorization", format!("Bearer {}", directory.token));
    assert_eq!(world.send(request.body(Body::empty()).unwrap()).await.status, 403);
    for path in ["ServiceProviderConfig", "ResourceTypes", "Schemas"] {
        directory.get(path).await;
    }
    assert_eq!(directory.get("ServiceProviderConfig").await["patch"]["supported"], true);
}

#[tokio::test]
async fn a_group_of_thousands_is_said_at_once_and_what_is_said_beside_is_not_lost() {
    let world = world().await;
    let admin = world.admin().await;
    let directory =
        Directory { world: &world, token: token(&world, &admin, "people:provision").await };
    let mut ids = Vec::new();
    for at in 0..60 {
        let user = NewUser {
            name: format!("nhanvien.so.{at:02}"),
            display_name: format!("Nhân viên {at}"),
            role: Role::Operator,
            organisation: None,
        };
        ids.push(world.catalog.add_user(user).await.unwrap().id.to_string());
    }
    // As long as one of a whole city, by what directories say beside each.
    let member = |id: &String| json!({"value": id, "display": "x".repeat(2000)});
    let members: Vec<_> = ids[..40].iter().map(member).collect();
    let body = json!({"displayName": "Ca sáng", "members": members});
    assert!(body.to_string().len() > 64 * 1024);
    let added = directory.ask("POST", "Groups", body).await;
    assert_eq!(added.status, 201, "{added:?}");
    let group = format!("Groups/{}", added.json()["id"].as_str().unwrap());
    let asked = ids.iter().enumerate().map(|(at, id)| {
        let step = match at < 40 {
            true => json!([{"op": "remove", "path": format!("members[value eq \"{id}\"]")}]),
            false => json!([{"op": "add", "path": "members", "value": [{"value": id}]}]),
        };
        directory.patch(&group, step)
    });
    for answer in futures::future::join_all(asked).await {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let said = directory.get(&group).await;
    let said = said["members"].as_array().unwrap().iter();
    let mut said: Vec<_> =
        said.map(|member| member["value"].as_str().unwrap().to_owned()).collect();
    said.sort();
    let mut left = ids[40..].to_vec();
    left.sort();
    assert_eq!(said, left);
    // Of forty who joined at once, no name is cut from the audit.
    let entries = world.entries().await;
    let joined = entries.iter().filter_map(|entry| entry.details.get("joined"));
    let joined: std::collections::BTreeSet<_> =
        joined.flat_map(|names| names.split(' ').map(str::to_owned)).collect();
    assert_eq!(joined.len(), 60, "{joined:?}");
}
