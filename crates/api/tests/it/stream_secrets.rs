//! Names and passwords for foreign programs, and what they open.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::common::{Answer, Browser, World, world};
use api::StreamGate;
use base::CameraId;
use catalog::{CameraChange, Role};
use db::{Durability, Pool};
use live::rtsp::{self, Gate, Known, Place, Refusal};
use serde_json::{Value, json};
use signin::StreamSecrets;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 7));
const DAY: Duration = Duration::from_secs(86_400);

async fn make(world: &World, browser: &Browser, camera: CameraId, more: Value) -> Answer {
    let mut body = json!({ "camera": camera, "label": "đầu ghi của trường" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    world.ask(browser, "POST", "/api/v1/stream-secrets", body).await
}

fn clock(world: &World) -> ingest::Clock {
    let now = world.now();
    ingest::Clock::Scripted(std::sync::Arc::new(move || (std::time::Instant::now(), now)))
}

fn gate(world: &World) -> StreamGate {
    StreamGate::new(
        world.catalog.clone(),
        world.stream_secrets.clone(),
        world.audit.clone(),
        clock(world),
    )
}

/// Returns the password that a program must know to be let in by a name.
async fn password(world: &World, name: &str) -> Option<String> {
    let known = gate(world).password(name, HERE).await.unwrap();
    known.holds.then_some(known.password)
}

fn main_of(camera: u32) -> Place {
    Place { camera, role: rtsp::Role::Main }
}

#[tokio::test]
async fn a_secret_is_told_once_with_where_to_use_it() {
    let world = world().await;
    let operator = world.operator().await;
    let camera = world.camera("Cổng").await;
    let made = make(&world, &operator, camera.id, json!({ "days": 30 })).await;
    assert_eq!(made.status, 201, "{made:?}");
    let made = made.json();
    let password = made["password"].as_str().unwrap();
    assert!(password.len() >= 22, "128 bits: {password}");
    let number = camera.number;
    assert_eq!(
        made["urls"],
        json!([
            format!("rtsps://khue.test:8322/cameras/{number}/main"),
            format!("rtsps://khue.test:8322/cameras/{number}/sub"),
            format!("rtsp://khue.test:8554/cameras/{number}/main"),
            format!("rtsp://khue.test:8554/cameras/{number}/sub"),
        ])
    );
    let listed = world.get(&operator, "/api/v1/stream-secrets").await;
    assert!(!String::from_utf8_lossy(&listed.bytes).contains(password));
    let expires_us = world.now().plus(30 * DAY).0;
    assert_eq!(
        listed.json()["secrets"],
        json!([{
            "id": made["id"], "camera": camera.id, "label": "đầu ghi của trường",
            "case": null, "user": made["user"], "made_us": world.now().0, "expires_us": expires_us,
        }])
    );
    let admin = world.admin().await;
    assert_eq!(world.get(&admin, "/api/v1/stream-secrets").await.json()["secrets"], json!([]));
}

#[tokio::test]
async fn only_who_may_watch_a_camera_makes_one_for_it() {
    let world = world().await;
    let operator = world.operator().await;
    let camera = world.camera("Cổng").await.id;
    let admin = world.admin().await;
    assert_eq!(make(&world, &admin, camera, json!({})).await.refusal().1, "forbidden");
    let none = make(&world, &operator, CameraId::new(), json!({})).await;
    assert_eq!(none.refusal().1, "not_found");
    for (more, field) in [
        (json!({ "days": 0 }), "days"),
        (json!({ "days": 3651 }), "days"),
        (json!({ "label": " " }), "label"),
        (json!({ "label": "a\u{7}" }), "label"),
        (json!({ "case": "x".repeat(101) }), "case"),
        (json!({ "label": "x".repeat(101) }), "label"),
    ] {
        assert_eq!(make(&world, &operator, camera, more).await.json()["field"], field);
    }
}

#[tokio::test]
async fn a_program_hears_only_by_a_secret_that_was_made_for_a_case() {
    let world = world().await;
    let (operator, camera) = (world.operator().await, world.camera("Cổng").await);
    let authorised = CameraChange { sound: Some(true), ..CameraChange::default() };
    let camera = world.catalog.change_camera(camera.id, authorised).await.unwrap();
    let sound = async |more: Value| {
        let made = make(&world, &operator, camera.id, more).await.json();
        let name = made["user"].as_str().unwrap();
        gate(&world).open(name, main_of(camera.number), HERE).await.unwrap().unwrap().sound
    };
    assert_eq!(sound(json!({})).await, None);
    assert_eq!(sound(json!({ "case": " " })).await, None);
    let heard = sound(json!({ "case": "12/2026" })).await;
    assert!(heard.is_some() && heard == camera.sound_stream());
    let listed = world.get(&operator, "/api/v1/stream-secrets").await.json();
    let cases: Vec<_> =
        listed["secrets"].as_array().unwrap().iter().map(|row| &row["case"]).collect();
    assert_eq!(cases, [&Value::Null, &Value::Null, &json!("12/2026")]);
    let entries = world.entries().await;
    let made = entries.iter().rfind(|entry| entry.act == audit::Act::StreamSecret).unwrap();
    assert_eq!(made.details["case"], "12/2026");
}

#[tokio::test]
async fn a_secret_opens_its_own_camera_while_it_and_the_right_hold() {
    let world = world().await;
    let operator = world.operator().await;
    let camera = world.camera("Cổng").await;
    let other = world.camera("Cổng khác").await;
    let made = make(&world, &operator, camera.id, json!({ "days": 1 })).await.json();
    let name = made["user"].as_str().unwrap();
    assert_eq!(password(&world, name).await.as_deref(), made["password"].as_str());
    let opening = gate(&world).open(name, main_of(camera.number), HERE).await.unwrap().unwrap();
    assert_eq!((opening.picture, opening.user.as_str()), (camera.streams[0].id, "truc"));
    assert_eq!(opening.sound, None, "its sound is not authorised");
    assert!(gate(&world).holds(&opening).await);
    for elsewhere in [main_of(other.number), main_of(99_999)] {
        assert_eq!(gate(&world).open(name, elsewhere, HERE).await, Ok(None));
    }
    assert_eq!(password(&world, "nobody").await, None);

    world.set_role(world.operator, Role::Administrator).await;
    assert!(!gate(&world).holds(&opening).await, "its owner may watch no longer");
    // A player tries on for as long as it has power: that is noted once in ten minutes.
    let watching = gate(&world);
    for _ in 0..3 {
        assert_eq!(watching.open(name, main_of(camera.number), HERE).await, Ok(None));
    }
    let refused = audit::Outcome::Refused("forbidden".to_owned());
    let entries = world.entries().await;
    let last = entries.iter().rev().take_while(|entry| entry.outcome == refused);
    let last: Vec<_> = last.map(|entry| entry.details["place"].clone()).collect();
    assert_eq!(last[0], main_of(camera.number).to_string());
    assert_eq!(last.iter().filter(|place| **place == last[0]).count(), 1, "{last:?}");
    world.set_role(world.operator, Role::Operator).await;
    assert!(gate(&world).holds(&opening).await);

    world.pass(DAY);
    assert!(!gate(&world).holds(&opening).await, "it has expired");
    // Its password is known still, so that who has it is told from who guesses.
    let password = made["password"].as_str().unwrap().to_owned();
    let known = gate(&world).password(name, HERE).await;
    assert_eq!(known, Ok(Known { password, holds: false }));
}

#[tokio::test]
async fn programs_that_connect_together_are_all_let_in_and_guesses_made_together_are_few() {
    let world = world().await;
    let operator = world.operator().await;
    let camera = world.camera("Cổng").await;
    let made = make(&world, &operator, camera.id, json!({})).await.json();
    let (name, gate) = (made["user"].as_str().unwrap(), gate(&world));
    // A recorder that begins anew: every answer is looked up before one is judged.
    for _ in 0..100 {
        assert!(gate.password(name, HERE).await.unwrap().holds);
    }
    for _ in 0..100 {
        assert_eq!(gate.judged(name, HERE, true), Ok(()));
    }
    let told = |guess: &dyn Fn(u32) -> String| {
        (0..100).filter(|number| gate.judged(&guess(*number), HERE, false).is_ok()).count()
    };
    assert_eq!(told(&|_| name.to_owned()), 5, "by the name");
    assert_eq!(told(&|number| number.to_string()), 15, "20 by the address");
    let waits = Err(Duration::from_secs(300));
    assert_eq!(gate.judged(name, HERE, true), waits);
    assert_eq!(gate.password(name, HERE).await, Err(Refusal::Wait(Duration::from_secs(300))));
}

#[tokio::test]
async fn who_cannot_be_looked_up_is_not_taken_for_who_guesses() {
    let world = world().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gone.sqlite");
    let pool = Pool::open_sqlite(&file, Durability::Cache).await.unwrap();
    let secrets = StreamSecrets::open(pool.clone(), &[4; 32]).await.unwrap();
    pool.close().await.unwrap();
    let gate = StreamGate::new(world.catalog.clone(), secrets, world.audit.clone(), clock(&world));
    for _ in 0..100 {
        assert_eq!(gate.password("k7", HERE).await, Err(Refusal::Unavailable));
    }
}

#[tokio::test]
async fn a_revoked_secret_opens_nothing() {
    let world = world().await;
    let operator = world.operator().await;
    let camera = world.camera("Cổng").await;
    let made = make(&world, &operator, camera.id, json!({})).await.json();
    let name = made["user"].as_str().unwrap();
    let opening = gate(&world).open(name, main_of(camera.number), HERE).await.unwrap().unwrap();
    let path = format!("/api/v1/stream-secrets/{}", made["id"].as_str().unwrap());
    let admin = world.admin().await;
    let foreign = world.ask(&admin, "DELETE", &path, Value::Null).await;
    assert_eq!(foreign.refusal().1, "not_found", "another's");
    assert_eq!(world.ask(&operator, "DELETE", &path, Value::Null).await.status, 204);
    assert!(!gate(&world).holds(&opening).await);
    assert_eq!(password(&world, name).await, None);
    assert_eq!(world.ask(&operator, "DELETE", &path, Value::Null).await.status, 404);
}

#[tokio::test]
async fn sound_comes_along_only_where_it_is_authorised() {
    let world = world().await;
    let operator = world.operator().await;
    let camera = world.camera("Cổng").await;
    let made = make(&world, &operator, camera.id, json!({ "case": "12/2026" })).await.json();
    let name = made["user"].as_str().unwrap();
    let change = catalog::CameraChange { sound: Some(true), ..Default::default() };
    let camera = world.catalog.change_camera(camera.id, change).await.unwrap();
    let opening = gate(&world).open(name, main_of(camera.number), HERE).await.unwrap().unwrap();
    assert_eq!((opening.sound, opening.sound.is_some()), (camera.sound_stream(), true));
    let change = catalog::CameraChange { sound: Some(false), ..Default::default() };
    world.catalog.change_camera(camera.id, change).await.unwrap();
    assert!(!gate(&world).holds(&opening).await);
}
