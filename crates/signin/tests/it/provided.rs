//! Whom a provider means, and what a sign-in by it is.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use base::{UserId, WallTime};
use db::testutil::{Fresh, Kind};
use signin::{Config, Device, Opened, SignIns, Way, code_now};

const NOW: WallTime = WallTime(1_795_135_338_250_000);
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
const DEVICE: Device<'_> = Device { address: HERE, agent: "Firefox" };
const ISSUER: &str = "https://id.example.vn";

struct World {
    _rows: Fresh,
    sign_ins: SignIns,
    user: UserId,
}

async fn world() -> World {
    let rows = Fresh::new(Kind::of(module_path!()));
    let sign_ins = SignIns::open(rows.open().await, &[9; 32], Config::default()).await.unwrap();
    World { _rows: rows, sign_ins, user: UserId::new() }
}

impl World {
    async fn comes(&self, second: bool, now: WallTime) -> Opened {
        self.sign_ins.sign_in_provided(self.user, second, DEVICE, now).await.unwrap()
    }

    async fn opens(&self, opened: &Opened) -> bool {
        self.sign_ins.find(&opened.cookie, true, NOW).await.unwrap().is_some()
    }
}

#[tokio::test]
async fn a_person_is_bound_once_and_to_one() {
    let World { sign_ins, user, _rows } = world().await;
    let other = UserId::new();
    let provide =
        async |issuer, subject, user| sign_ins.provide(issuer, subject, user, NOW).await.unwrap();
    assert!(!sign_ins.is_provided(user).await.unwrap());
    assert!(provide(ISSUER, "s-1", user).await);
    assert!(!provide(ISSUER, "s-1", other).await && !provide(ISSUER, "s-2", user).await);
    assert!(provide("https://elsewhere", "s-1", other).await);
    assert_eq!(sign_ins.provided(ISSUER, "s-1").await.unwrap(), Some(user));
    assert_eq!(sign_ins.provided(ISSUER, "s-2").await.unwrap(), None);
    assert!(sign_ins.is_provided(user).await.unwrap());
    sign_ins.forget(user).await.unwrap();
    assert_eq!(sign_ins.provided(ISSUER, "s-1").await.unwrap(), None);
    assert!(!sign_ins.unprovide(user).await.unwrap());
    assert_eq!(sign_ins.provided("https://elsewhere", "s-1").await.unwrap(), Some(other));
}

#[tokio::test]
async fn who_comes_by_it_needs_no_password_and_owes_what_they_did_not_prove_there() {
    let world = world().await;
    let first = world.comes(false, NOW).await.sign_in;
    let told = (first.way, first.asked, first.must_choose_password, first.has_second_factor);
    assert_eq!(told, (Way::Provider, false, false, false));
    assert!(!first.has_password && first.is_confirmed(NOW));
    assert!(world.comes(true, NOW).await.sign_in.has_second_factor);

    let new = world.sign_ins.begin_totp(&first, "Khuê", "hong", NOW).unwrap();
    let code = code_now(&new.secret, NOW).unwrap();
    world.sign_ins.finish_totp(&first, &code, HERE, NOW).await.unwrap();
    assert!(!world.comes(true, NOW).await.sign_in.asked);
    let owes = world.comes(false, NOW).await.sign_in;
    assert!(owes.asked);
    let later = NOW.plus(Duration::from_secs(60));
    let code = code_now(&new.secret, later).unwrap();
    let (whole, _) = world.sign_ins.prove(&owes, &code, DEVICE, later).await.unwrap();
    assert_eq!((whole.sign_in.way, whole.sign_in.asked), (Way::Provider, false));
}

#[tokio::test]
async fn what_was_opened_by_it_ends_with_it_and_is_confirmed_by_its_person_alone() {
    let world = world().await;
    let (sign_ins, user) = (&world.sign_ins, world.user);
    assert!(sign_ins.provide(ISSUER, "s-1", user, NOW).await.unwrap());
    let opened = world.comes(false, NOW).await;
    let later = NOW.plus(Duration::from_secs(600));
    let id = opened.sign_in.id;
    assert!(!sign_ins.confirm_provided(id, UserId::new(), later).await.unwrap());
    let still = sign_ins.look(id, later).await.unwrap().unwrap();
    assert!(!still.is_confirmed(later));
    assert!(sign_ins.confirm_provided(id, user, later).await.unwrap());
    assert!(sign_ins.look(id, later).await.unwrap().unwrap().is_confirmed(later));
    // A password that is given anew ends it, as anything that is open.
    sign_ins.issue_one_time(user, NOW).await.unwrap();
    assert!(!world.opens(&opened).await);
    let opened = world.comes(false, NOW).await;
    assert!(!opened.sign_in.must_choose_password, "they did not come by that");
    assert!(sign_ins.unprovide(user).await.unwrap());
    assert!(!world.opens(&opened).await);
}
