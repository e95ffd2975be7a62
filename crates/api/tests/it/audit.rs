//! Who did what is in the audit before it is done, by whatever way it is done.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use crate::common::{self, PEER, START, frames, world, world_over};
use audit::testutil::Lossy;
use audit::{Act, Entry, Outcome};
use base::WallTime;
use serde_json::{Value, json};

/// What somebody did, as short as it can be compared.
fn short(entry: &Entry) -> (Act, &str, &str) {
    let who = entry.who.as_ref().map_or("", |who| &who.name);
    let outcome = match &entry.outcome {
        Outcome::Done => "done",
        Outcome::Refused(why) => why,
    };
    (entry.act, who, outcome)
}

#[tokio::test]
async fn each_act_has_its_entry_with_who_did_what_and_why() {
    let world = world().await;
    let camera = world.camera("Cổng").await;
    world.record(camera.streams[0].id, &frames(START, 250)).await;
    assert_eq!(world.try_sign_in("truc", "mật khẩu sai").await.status, 401);
    assert_eq!(world.try_sign_in("mật khẩu của tôi", "x").await.status, 401);
    let operator = world.operator().await;

    let mut socket = world.socket(&operator).await;
    let token = world.token(&operator, camera.id, "live").await;
    socket.open(json!({"op": "live", "ref": "a", "token": token, "role": "sub"})).await;
    let past = world.token(&operator, camera.id, "playback").await;
    let op = json!({"op": "past", "ref": "b", "token": past, "role": "main", "from_us": START.0, "credit": 1});
    socket.say(op).await;
    socket.until("opened").await;
    let body = json!({"token": token, "role": "main"});
    assert_eq!(world.ask(&operator, "POST", "/api/v1/hls", body).await.status, 201);
    let span = json!({"camera": camera.id, "from_us": START.0, "to_us": START.0 + 2_000_000});
    let with = |more: Value| {
        let mut body = span.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let body = with(json!({"role": "main", "purpose": "hồ sơ 12", "case": "12/2026"}));
    assert_eq!(world.ask(&operator, "POST", "/api/v1/exports", body).await.status, 201);
    let held = world.ask(&operator, "POST", "/api/v1/holds", with(json!({"reason": "vụ 7"}))).await;
    let hold = format!("/api/v1/holds/{}", held.json()["id"].as_str().unwrap());
    assert_eq!(world.ask(&operator, "DELETE", &hold, Value::Null).await.status, 204);
    let body = json!({"camera": camera.id, "label": "đầu ghi"});
    let secret = world.ask(&operator, "POST", "/api/v1/stream-secrets", body).await.json();
    let secret = format!("/api/v1/stream-secrets/{}", secret["id"].as_str().unwrap());
    assert_eq!(world.ask(&operator, "DELETE", &secret, Value::Null).await.status, 204);
    let path = format!("/api/v1/cameras/{}", camera.id);
    let refused = world.ask(&operator, "PATCH", &path, json!({"name": "Khác"})).await;
    assert_eq!(refused.status, 403);
    assert_eq!(world.ask(&operator, "DELETE", "/api/v1/session", Value::Null).await.status, 204);

    let mut all = world.entries().await;
    // What was seen follows when it does.
    all.retain(|entry| entry.act != Act::Watched);
    let expected = [
        (Act::Start, "", "done"),
        (Act::SignIn, "truc", "wrong_sign_in"),
        (Act::SignIn, "", "wrong_sign_in"),
        (Act::SignIn, "truc", "done"),
        (Act::Password, "truc", "done"),
        (Act::Live, "truc", "done"),
        (Act::Playback, "truc", "done"),
        (Act::Live, "truc", "done"),
        (Act::Export, "truc", "done"),
        (Act::Hold, "truc", "done"),
        (Act::Hold, "truc", "done"),
        (Act::StreamSecret, "truc", "done"),
        (Act::StreamSecret, "truc", "done"),
        (Act::Camera, "truc", "forbidden"),
        (Act::SignOut, "truc", "done"),
    ];
    assert_eq!(all.iter().map(short).collect::<Vec<_>>(), expected);

    let playback = &all[6];
    let object = playback.object.as_ref().unwrap();
    assert_eq!((object.kind.as_str(), object.id), ("camera", camera.id.0));
    assert_eq!(object.name, format!("{} · Cổng", camera.number));
    assert_eq!(playback.purpose.as_deref(), Some("kiểm tra"));
    assert_eq!(playback.at, START);
    assert_eq!(all[3].from, Some(PEER.ip()));
    let who = all[8].who.as_ref().unwrap();
    assert_eq!((who.user, who.sign_in.is_some()), (world.operator, true));
    assert_eq!(all[8].purpose.as_deref(), Some("hồ sơ 12"));
    // What was typed for a name may be a password.
    let folder = world.folder.path().join("audit");
    let log = fs::read_to_string(&audit::logs(&folder).unwrap()[0]).unwrap();
    assert!(!log.contains("mật khẩu"));
}

#[tokio::test]
async fn what_an_administrator_changes_is_told_field_by_field_without_secrets() {
    let world = world().await;
    let admin = world.admin().await;
    let camera = world.camera("Cổng").await;
    let path = format!("/api/v1/cameras/{}", camera.id);
    let body = json!({"name": "Cổng phụ", "retention_days": 7, "password": "bí mật mới"});
    assert_eq!(world.ask(&admin, "PATCH", &path, body).await.status, 200);
    let asked = json!({"camera": camera.id, "actions": ["live"]});
    assert_eq!(world.ask(&admin, "POST", "/api/v1/media-tokens", asked).await.status, 403);
    assert_eq!(world.ask(&admin, "DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(world.ask(&admin, "DELETE", &path, Value::Null).await.status, 404);

    let all = world.entries().await;
    let acts: Vec<_> = all[3..].iter().map(short).collect();
    let expected = [
        (Act::Camera, "quantri", "done"),
        (Act::Live, "quantri", "forbidden"),
        (Act::Camera, "quantri", "done"),
        (Act::Camera, "quantri", "not_found"),
    ];
    assert_eq!(acts, expected);
    let details: Vec<_> =
        all[3].details.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let days = format!("{} → 7", camera.retention.days);
    let expected = [
        ("change", "changed"),
        ("name", "Cổng → Cổng phụ"),
        ("retention_days", &days),
        ("streams", "others"),
    ];
    assert_eq!(details, expected);
}

#[tokio::test]
async fn where_the_journal_cannot_be_kept_nothing_is_shown_and_nobody_is_let_in() {
    let lossy = Arc::new(Lossy::default());
    let disk = audit::Disk::Lossy(lossy.clone());
    let world = world_over(ingest::Limits::default(), 0, disk).await;
    let camera = world.camera("Cổng").await;
    world.record(camera.streams[0].id, &frames(START, 250)).await;
    let operator = world.operator().await;
    let past = world.token(&operator, camera.id, "playback").await;
    let live = world.token(&operator, camera.id, "live").await;
    let mut socket = world.socket(&operator).await;
    lossy.leave_room(Some(0));
    let ops = [
        json!({"op": "live", "ref": "a", "token": live, "role": "sub"}),
        json!({"op": "past", "ref": "a", "token": past, "role": "main", "from_us": START.0, "credit": 1}),
    ];
    for op in ops {
        socket.say(op).await;
        let refused = socket.event().await;
        assert_eq!((&refused["type"], &refused["code"]), (&json!("refused"), &json!("broken")));
    }
    assert_eq!(world.hub.viewers(), 0);
    let body = json!({"token": live, "role": "main"});
    assert_eq!(world.ask(&operator, "POST", "/api/v1/hls", body).await.status, 500);
    let body = json!({
        "camera": camera.id, "role": "main", "purpose": "hồ sơ 12", "case": "12/2026",
        "from_us": START.0, "to_us": START.0 + 2_000_000,
    });
    assert_eq!(world.ask(&operator, "POST", "/api/v1/exports", body).await.status, 500);
    assert_eq!(world.try_sign_in("truc", common::PASSWORD).await.status, 500);
    // Once there is room again, all is as before.
    lossy.leave_room(None);
    world.pass(Duration::from_secs(1));
    socket.open(json!({"op": "live", "ref": "a", "token": live, "role": "sub"})).await;
    let last = world.entries().await;
    assert_eq!(short(last.last().unwrap()), (Act::Live, "truc", "done"));
}

#[tokio::test]
async fn how_long_and_which_moments_follow_behind_the_opening_and_seeks_are_gathered() {
    let world = world().await;
    let camera = world.camera("Cổng").await;
    world.record(camera.streams[0].id, &frames(START, 500)).await;
    let operator = world.operator().await;
    let mut socket = world.socket(&operator).await;
    let token = world.token(&operator, camera.id, "live").await;
    socket.open(json!({"op": "live", "ref": "a", "token": token, "role": "sub"})).await;
    let past = world.token(&operator, camera.id, "playback").await;
    for (at, from_us) in [(1, START.0), (2, START.0 + 12_000_000), (3, START.0 + 4_000_000)] {
        let op = json!({"op": "past", "ref": at.to_string(), "token": past, "role": "main", "from_us": from_us, "credit": 1});
        socket.say(op).await;
        socket.until("opened").await;
        while !matches!(socket.hear().await, common::Heard::Piece { kind: 3, .. }) {}
    }
    world.pass(Duration::from_secs(7));
    drop(socket);
    let watched = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            let mut all = world.entries().await;
            all.retain(|entry| entry.act == Act::Watched);
            if all.len() >= 2 {
                return all;
            }
            tokio::task::yield_now().await;
        }
    });
    let watched = watched.await.unwrap();
    let of = |act: &str| watched.iter().find(|entry| entry.details["of"] == act).unwrap();
    let live = of("live");
    assert_eq!((live.details["seconds"].as_str(), &live.details["way"][..]), ("7", "mse"));
    assert_eq!(live.object.as_ref().unwrap().id, camera.id.0);
    let past = of("playback");
    assert_eq!(past.details["seeks"], "2");
    // A fragment of each moment, told in their order and not in that of the seeks.
    let seen: Vec<_> =
        past.details["seen"].split(' ').map(|span| span.split_once('/').unwrap()).collect();
    let begins: Vec<_> = seen.iter().map(|(from, _)| from.to_string()).collect();
    let at = |seconds: i64| WallTime(START.0 + seconds * 1_000_000).to_string();
    assert_eq!(begins, [at(0), at(4), at(12)]);
    assert_eq!(past.purpose.as_deref(), Some("kiểm tra"));
    // One opening, with its moment, stands for all three.
    let opened: Vec<_> =
        world.entries().await.into_iter().filter(|entry| entry.act == Act::Playback).collect();
    assert_eq!(opened.len(), 1);
    assert_eq!(opened[0].details["from"], at(0));
}

#[tokio::test]
async fn an_auditor_reads_it_page_by_page_and_nobody_else_does() {
    let world = world().await;
    let camera = world.camera("Cổng").await;
    let operator = world.operator().await;
    for _ in 0..3 {
        let mut socket = world.socket(&operator).await;
        let token = world.token(&operator, camera.id, "live").await;
        socket.open(json!({"op": "live", "ref": "a", "token": token, "role": "sub"})).await;
    }
    let auditor = world.sign_in(world.auditor, "kiemtra").await;
    for other in [&operator, &world.admin().await] {
        assert_eq!(world.get(other, "/api/v1/audit").await.status, 403);
    }
    // An auditor sees no camera, and an answer about one is that about none.
    let path = format!("/api/v1/cameras/{}", camera.id);
    let none = format!("/api/v1/cameras/{}", base::CameraId::new());
    assert_eq!(world.get(&auditor, &path).await.whole(), world.get(&auditor, &none).await.whole());
    assert_eq!(world.get(&auditor, "/api/v1/tree").await.json()["cameras"], json!([]));

    let lives = format!("/api/v1/audit?act=live&camera={}&most=2", camera.id);
    let first = world.get(&auditor, &lives).await.json();
    assert_eq!(first["entries"].as_array().unwrap().len(), 2);
    let next = format!("{lives}&next={}", first["next"].as_str().unwrap());
    let second = world.get(&auditor, &next).await.json();
    assert_eq!(second["entries"].as_array().unwrap().len(), 1);
    let entry = &second["entries"][0];
    assert_eq!((&entry["act"], &entry["refused"]), (&json!("live"), &Value::Null));
    assert_eq!(entry["who"]["name"], "truc");
    // By which grant, under which rules, for which case.
    let grant = world.catalog.tables().grants.keys().next().unwrap().to_string();
    let details = json!({
        "role": "sub", "way": "mse", "grant": grant, "policy": "1", "case": "12/2026"
    });
    assert_eq!(entry["details"], details);

    let refused = world.get(&auditor, "/api/v1/audit?refused=true").await.json();
    let who = |entry: &Value| entry["who"]["name"].as_str().unwrap().to_owned();
    let names: Vec<_> = refused["entries"].as_array().unwrap().iter().map(who).collect();
    assert_eq!(names, ["kiemtra", "kiemtra", "quantri", "truc"], "also who asked what a camera is");
    // Who looked, and for what, is told as well; a page behind the first is no other act.
    let looked = world.get(&auditor, "/api/v1/audit?act=audit").await.json();
    let details: Vec<_> =
        looked["entries"].as_array().unwrap().iter().map(|entry| &entry["details"]).collect();
    let lives = json!({"act": "live", "camera": camera.id});
    let expected =
        [json!({"act": "audit"}), json!({"refused": "true"}), lives, json!({}), json!({})];
    assert_eq!(details, expected.iter().collect::<Vec<_>>());

    for wrong in ["next=x", "next=1", "act=fly", "from_us=-1", "most=many", "more=1"] {
        let answer = world.get(&auditor, &format!("/api/v1/audit?{wrong}")).await;
        assert_eq!(answer.refusal().1, "invalid", "{wrong}");
    }
}
