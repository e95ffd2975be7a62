//! What a program's token opens, and until when.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::time::Duration;

use base::{UserId, WallTime};
use db::testutil::{Fresh, Kind};
use signin::{Config, NewApiToken, Scope, SignIns};

const NOW: WallTime = WallTime(1_795_135_350_000_000);
const DAY: Duration = Duration::from_secs(86_400);

fn new(user: UserId) -> NewApiToken {
    let scopes = vec![Scope::CamerasRead, Scope::HoldsWrite];
    NewApiToken { user, name: "bản đồ".to_owned(), scopes, lasts: 30 * DAY }
}

async fn sign_ins() -> (Fresh, SignIns) {
    let rows = Fresh::new(Kind::of(module_path!()));
    let pool = rows.open().await;
    (rows, SignIns::open(pool, &[9; 32], Config::default()).await.unwrap())
}

#[tokio::test]
async fn a_token_is_told_once_holds_until_its_end_and_says_when_it_was_used() {
    let ((_rows, sign_ins), user) = (sign_ins().await, UserId::new());
    let (made, text) = sign_ins.make_api_token(new(user), NOW).await.unwrap().unwrap();
    assert!(text.starts_with("khue_") && text.len() == 48, "{text}");
    assert_eq!(sign_ins.api_tokens(user, NOW).await.unwrap(), std::slice::from_ref(&made));
    let later = NOW.plus(30 * DAY);
    for (sent, at) in [("", NOW), ("khue_", NOW), (&text[..47], NOW), (&text, later)] {
        assert!(sign_ins.find_api_token(sent, at).await.unwrap().is_none(), "{sent}");
    }
    let at = WallTime(later.0 - 1);
    let (found, sign_in) = sign_ins.find_api_token(&text, at).await.unwrap().unwrap();
    assert_eq!((found.scopes, sign_in.user), (made.scopes.clone(), user));
    assert!(!sign_in.is_confirmed(at));
    assert_eq!(sign_ins.api_tokens(user, at).await.unwrap()[0].used, Some(at));
}

#[tokio::test]
async fn a_token_is_revoked_by_its_owner_and_by_a_new_password() {
    let ((_rows, sign_ins), user) = (sign_ins().await, UserId::new());
    let (one, text) = sign_ins.make_api_token(new(user), NOW).await.unwrap().unwrap();
    let opens = async |text: &str| sign_ins.find_api_token(text, NOW).await.unwrap().is_some();
    assert_eq!(sign_ins.revoke_api_token(UserId::new(), one.id).await.unwrap(), None);
    assert!(opens(&text).await);
    assert_eq!(sign_ins.revoke_api_token(user, one.id).await.unwrap().unwrap().name, "bản đồ");
    assert!(!opens(&text).await);
    let (_, text) = sign_ins.make_api_token(new(user), NOW).await.unwrap().unwrap();
    sign_ins.issue_one_time(user, NOW).await.unwrap();
    assert!(!opens(&text).await);
    let (_, text) = sign_ins.make_api_token(new(user), NOW).await.unwrap().unwrap();
    sign_ins.forget(user).await.unwrap();
    assert!(!opens(&text).await);
}

#[tokio::test]
async fn a_person_has_fifty_at_most() {
    let ((_rows, sign_ins), user) = (sign_ins().await, UserId::new());
    for _ in 0..50 {
        assert!(sign_ins.make_api_token(new(user), NOW).await.unwrap().is_some());
    }
    assert!(sign_ins.make_api_token(new(user), NOW).await.unwrap().is_none());
    assert!(sign_ins.make_api_token(new(UserId::new()), NOW).await.unwrap().is_some());
    assert!(sign_ins.make_api_token(new(user), NOW.plus(30 * DAY)).await.unwrap().is_some());
}
