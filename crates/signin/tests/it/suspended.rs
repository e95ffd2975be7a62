//! Who is suspended is let in by nothing, and again by what is given anew.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use base::{CameraId, UserId, WallTime};
use db::testutil::{Fresh, Kind};
use signin::{
    Attempt, Choice, Config, Device, Error, NewApiToken, NewStreamSecret, Scope, SignIns,
    StreamSecrets,
};

const NOW: WallTime = WallTime(1_795_135_338_250_000);
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
const DEVICE: Device<'_> = Device { address: HERE, agent: "Firefox" };
const PASSWORD: &str = "cầu Long Biên 1902";

#[tokio::test]
async fn who_leaves_is_signed_out_with_programs_and_players_and_let_in_by_nothing() {
    let rows = Fresh::new(Kind::of(module_path!()));
    let sign_ins = SignIns::open(rows.open().await, &[9; 32], Config::default()).await.unwrap();
    let secrets = StreamSecrets::open(rows.open().await, &[9; 32]).await.unwrap();
    let user = UserId::new();
    let one_time = sign_ins.issue_one_time(user, NOW).await.unwrap().to_string();
    let by = async |password: &str| {
        let password = password.to_owned();
        let attempt = Attempt { name: "hong", user: Some(user), password, device: DEVICE };
        sign_ins.sign_in(attempt, NOW).await
    };
    let opened = by(&one_time).await.unwrap();
    let choice =
        Choice { name: "hong", current: one_time, new: PASSWORD.to_owned(), address: HERE };
    sign_ins.choose(&opened.sign_in, choice, NOW).await.unwrap();
    let lasts = Duration::from_secs(86_400);
    let scopes = vec![Scope::StatusRead];
    let new = NewApiToken { user, name: "bản đồ".to_owned(), scopes, lasts };
    let (_, token) = sign_ins.make_api_token(new.clone(), NOW).await.unwrap().unwrap();
    assert!(sign_ins.provide("https://id", "s-1", user, NOW).await.unwrap());
    let camera = CameraId::new();
    let new_secret =
        NewStreamSecret { user, camera, label: "màn hình".to_owned(), case: None, lasts };
    secrets.make(new_secret.clone(), NOW).await.unwrap();
    assert_eq!(secrets.of_user(user, NOW).await.unwrap().len(), 1);

    for _ in 0..2 {
        sign_ins.suspend(user, NOW).await.unwrap();
        assert!(sign_ins.is_suspended(user).await.unwrap());
    }
    assert!(sign_ins.find(&opened.cookie, true, NOW).await.unwrap().is_none());
    assert!(sign_ins.find_api_token(&token, NOW).await.unwrap().is_none());
    assert!(secrets.of_user(user, NOW).await.unwrap().is_empty());
    assert!(matches!(by(PASSWORD).await, Err(Error::WrongSignIn)));
    let provided = sign_ins.sign_in_provided(user, true, DEVICE, NOW).await;
    assert!(matches!(provided, Err(Error::WrongSignIn)));
    assert!(sign_ins.devices(user, NOW).await.unwrap().is_empty());
    // Not even by what was made while they were leaving.
    let late = sign_ins.make_api_token(new, NOW).await;
    assert!(matches!(late, Err(Error::WrongSignIn)), "{late:?}");
    let late = secrets.make(new_secret, NOW).await;
    assert!(matches!(late, Err(Error::WrongSignIn)), "{late:?}");

    assert!(sign_ins.restore(user).await.unwrap() && !sign_ins.restore(user).await.unwrap());
    assert!(by(PASSWORD).await.is_ok());
    assert!(secrets.of_user(user, NOW).await.unwrap().is_empty());
    assert!(sign_ins.api_tokens(user, NOW).await.unwrap().is_empty());
    assert!(sign_ins.find(&opened.cookie, true, NOW).await.unwrap().is_none());
    assert!(sign_ins.find_api_token(&token, NOW).await.unwrap().is_none());
}
