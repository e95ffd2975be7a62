//! What opens a stream for a foreign program, and for how long.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use base::{CameraId, UserId, WallTime};
use db::testutil::{Fresh, Kind};
use sea_orm::{ConnectionTrait, Statement};
use signin::{Config, NewStreamSecret, SignIns, StreamSecret, StreamSecrets};

const NOW: WallTime = WallTime(1_795_135_338_250_000);
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
const DAY: Duration = Duration::from_secs(86_400);

struct World {
    rows: Fresh,
    secrets: StreamSecrets,
    user: UserId,
}

async fn open(rows: &Fresh, key: u8) -> StreamSecrets {
    StreamSecrets::open(rows.open().await, &[key; 32]).await.unwrap()
}

async fn world() -> World {
    let rows = Fresh::new(Kind::of(module_path!()));
    let secrets = open(&rows, 9).await;
    World { rows, secrets, user: UserId::new() }
}

impl World {
    async fn make(&self, label: &str) -> StreamSecret {
        self.make_at(label, NOW).await
    }

    async fn make_at(&self, label: &str, now: WallTime) -> StreamSecret {
        let (user, camera) = (self.user, CameraId::new());
        let new = NewStreamSecret { user, camera, label: label.to_owned(), case: None, lasts: DAY };
        self.secrets.make(new, now).await.unwrap().unwrap()
    }

    async fn held(&self, now: WallTime) -> Vec<StreamSecret> {
        self.secrets.of_user(self.user, now).await.unwrap()
    }

    /// Returns how many rows there are, of secrets that hold or not.
    async fn rows(&self) -> usize {
        let pool = self.rows.open().await;
        let backend = pool.read().get_database_backend();
        let all = Statement::from_string(backend, "SELECT id FROM stream_secret");
        pool.read().query_all_raw(all).await.unwrap().len()
    }
}

#[tokio::test]
async fn a_secret_holds_until_its_end_and_is_listed_without_its_password() {
    let world = world().await;
    let made = world.make("đầu ghi của trường").await;
    assert_eq!(world.secrets.find(&made.name, NOW).await.unwrap(), Some(made.clone()));
    assert_eq!(world.held(NOW).await, std::slice::from_ref(&made));
    assert_eq!(world.secrets.of_user(UserId::new(), NOW).await.unwrap(), []);
    let end = NOW.plus(DAY);
    let just_before = WallTime(end.0 - 1);
    assert!(world.secrets.find(&made.name, just_before).await.unwrap().is_some());
    assert_eq!(world.secrets.find(&made.name, end).await.unwrap(), None);
    assert_eq!(world.held(end).await, []);
    assert_eq!(world.secrets.find("nobody", NOW).await.unwrap(), None);
}

#[tokio::test]
async fn a_password_is_of_128_bits_and_more_and_follows_from_name_and_key_alone() {
    let world = world().await;
    let (one, other) = (world.make("a").await, world.make("b").await);
    let password = world.secrets.password(&one.name);
    assert!(password.len() * 6 >= 128, "{password}");
    assert_ne!(password, world.secrets.password(&other.name));
    assert_eq!(password, open(&world.rows, 9).await.password(&one.name), "after a restart");
    let foreign = open(&world.rows, 8).await;
    assert_ne!(password, foreign.password(&one.name), "a copy of the database opens nothing");
    assert_ne!(one.name, other.name);
}

#[tokio::test]
async fn only_its_owner_revokes_it_and_that_once() {
    let world = world().await;
    let made = world.make("a").await;
    assert!(!world.secrets.revoke(made.id, UserId::new()).await.unwrap());
    assert!(world.secrets.find(&made.name, NOW).await.unwrap().is_some());
    assert!(world.secrets.revoke(made.id, world.user).await.unwrap());
    assert_eq!(world.secrets.find(&made.name, NOW).await.unwrap(), None);
    assert_eq!(world.held(NOW).await, []);
    assert!(!world.secrets.revoke(made.id, world.user).await.unwrap());
}

#[tokio::test]
async fn of_what_expired_or_was_revoked_nothing_is_kept() {
    let world = world().await;
    let revoked = world.make("a").await;
    world.make("b").await;
    world.secrets.revoke(revoked.id, world.user).await.unwrap();
    assert_eq!(world.rows().await, 1);
    let end = NOW.plus(DAY);
    let later = world.make_at("c", end).await;
    assert_eq!(world.held(end).await, [later]);
    assert_eq!(world.rows().await, 1);
}

#[tokio::test]
async fn a_new_one_time_password_revokes_the_secrets_of_its_person_alone() {
    let world = world().await;
    let (one, other) = (world.make("a").await, world.make("b").await);
    let (user, camera) = (UserId::new(), CameraId::new());
    let new = NewStreamSecret { user, camera, label: "c".to_owned(), case: None, lasts: DAY };
    let foreign = world.secrets.make(new, NOW).await.unwrap().unwrap();
    let pool = world.rows.open().await;
    let sign_ins = SignIns::open(pool, &[1; 32], Config::default()).await.unwrap();
    sign_ins.issue_one_time(world.user, NOW).await.unwrap();
    for name in [one.name, other.name] {
        assert_eq!(world.secrets.find(&name, NOW).await.unwrap(), None);
    }
    assert_eq!(world.secrets.find(&foreign.name, NOW).await.unwrap(), Some(foreign));
}

#[tokio::test]
async fn whoever_answers_wrong_too_often_waits() {
    let world = world().await;
    let made = world.make("a").await;
    for _ in 0..5 {
        world.secrets.admits(&made.name, HERE, NOW).unwrap();
        world.secrets.judged(&made.name, HERE, false, NOW).unwrap();
    }
    let wait = Duration::from_secs(300);
    assert_eq!(world.secrets.admits(&made.name, HERE, NOW), Err(wait));
    assert_eq!(
        world.secrets.judged(&made.name, HERE, true, NOW),
        Err(wait),
        "nor told it is right"
    );
    let later = NOW.plus(wait);
    world.secrets.judged(&made.name, HERE, true, later).unwrap();
    for _ in 0..5 {
        world.secrets.judged(&made.name, HERE, false, later).unwrap();
    }
}

#[tokio::test]
async fn nobody_fills_the_table() {
    let world = world().await;
    for number in 0..200 {
        world.make(&number.to_string()).await;
    }
    let (user, camera) = (world.user, CameraId::new());
    let more = NewStreamSecret { user, camera, label: String::new(), case: None, lasts: DAY };
    assert_eq!(world.secrets.make(more.clone(), NOW).await.unwrap(), None);
    let held = world.held(NOW).await;
    world.secrets.revoke(held[0].id, world.user).await.unwrap();
    assert!(world.secrets.make(more, NOW).await.unwrap().is_some());
}
