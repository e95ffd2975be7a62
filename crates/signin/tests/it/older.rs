//! What older programs kept lets the same people in, and what a newer one keeps is
//! left alone.

use std::net::{IpAddr, Ipv4Addr};

use base::{UserId, WallTime};
use db::testutil::Kept;
use sea_orm::ConnectionTrait;
use signin::{Attempt, Config, Device, SignIns, StreamSecrets, Way};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/testdata");
const NOW: WallTime = WallTime(1_795_135_338_250_000);
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
const COOKIE: &str = "WaDdxaBVQ7IrEuVyuRlsX6iKQMLQwez445E3ilf1C7s";

#[tokio::test]
async fn every_older_database_is_brought_up_and_read_right() {
    let user: UserId = "01931f3c-5a10-7c44-9d01-000000000051".parse().unwrap();
    for kept in Kept::all(FOLDER, &signin::steps()) {
        let (rows, name) = (kept.fill().await, &kept.name);
        let sign_ins = SignIns::open(rows.open().await, &[9; 32], Config::default());
        let sign_ins = sign_ins.await.unwrap();
        assert!(sign_ins.has_chosen(user).await.unwrap(), "{name}");
        // By a cookie from before there were second factors nobody goes on; by a later
        // one they do, as by the password that it was opened with.
        let goes_on = sign_ins.find(COOKIE, true, NOW).await.unwrap();
        let way = goes_on.map(|sign_in| sign_in.way);
        let later = name.starts_with("0004");
        assert_eq!(way, later.then_some(Way::Password), "{name}");
        assert!(!sign_ins.is_provided(user).await.unwrap(), "{name}");
        let tokens = sign_ins.api_tokens(user, NOW).await.unwrap();
        assert_eq!(tokens.len(), usize::from(later), "{name}");
        let password = "cầu Long Biên 1902".to_owned();
        let device = Device { address: HERE, agent: "" };
        let attempt = Attempt { name: "hong", user: Some(user), password, device };
        let sign_in = sign_ins.sign_in(attempt, NOW).await.unwrap().sign_in;
        assert_eq!((sign_in.must_choose_password, sign_in.asked), (false, false), "{name}");
        let secrets = StreamSecrets::open(rows.open().await, &[9; 32]).await.unwrap();
        let held = secrets.of_user(user, NOW).await.unwrap();
        let labels: Vec<_> = held.iter().map(|one| one.label.as_str()).collect();
        let made = if name.starts_with("0001") { vec![] } else { vec!["Màn hình phòng trực"] };
        assert_eq!(labels, made, "{name}");
    }
}

#[tokio::test]
async fn the_database_of_a_newer_program_is_refused_in_words() {
    for kept in Kept::all(FOLDER, &signin::steps()) {
        let pool = kept.fill().await.open().await;
        let later = "INSERT INTO signin_steps VALUES (99, 'palms')";
        pool.write().execute_unprepared(later).await.unwrap();
        let refusal =
            SignIns::open(pool, &[9; 32], Config::default()).await.unwrap_err().to_string();
        assert!(
            refusal.starts_with("the tables of signin were changed by a newer program"),
            "{}: {refusal}",
            kept.name
        );
    }
}
