//! What a code of the phone opens, what it does not, and what recovers it.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use base::{UserId, WallTime};
use db::testutil::{Fresh, Kind};
use signin::{
    Attempt, Choice, Config, Device, Error, Given, Opened, Proof, RECOVERY_CODES, SignIns, code_now,
};

const NOW: WallTime = WallTime(1_795_135_350_000_000);
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
const DEVICE: Device<'_> = Device { address: HERE, agent: "Firefox" };
const PASSWORD: &str = "cầu Long Biên 1902";

struct World {
    rows: Arc<Fresh>,
    sign_ins: SignIns,
    user: UserId,
}

fn after(seconds: u64) -> WallTime {
    NOW.plus(Duration::from_secs(seconds))
}

/// Somebody with a password of their own, signed in by it.
async fn world() -> (World, Opened) {
    let rows = Arc::new(Fresh::new(Kind::of(module_path!())));
    let sign_ins = SignIns::open(rows.open().await, &[9; 32], Config::default()).await.unwrap();
    let world = World { rows, sign_ins, user: UserId::new() };
    let one_time = world.sign_ins.issue_one_time(world.user, NOW).await.unwrap().to_string();
    let opened = world.sign_in(&one_time, NOW).await.unwrap();
    let choice =
        Choice { name: "hong", current: one_time, new: PASSWORD.to_owned(), address: HERE };
    world.sign_ins.choose(&opened.sign_in, choice, NOW).await.unwrap();
    (world, opened)
}

impl World {
    async fn sign_in(&self, password: &str, now: WallTime) -> Result<Opened, Error> {
        let (user, password) = (Some(self.user), password.to_owned());
        let attempt = Attempt { name: "hong", user, password, device: DEVICE };
        self.sign_ins.sign_in(attempt, now).await
    }

    /// Sets a phone up; returns its secret and the recovery codes.
    async fn phone(&self, opened: &Opened, now: WallTime) -> (String, Vec<String>) {
        let new = self.sign_ins.begin_totp(&opened.sign_in, "Khuê", "hong", now).unwrap();
        let code = code_now(&new.secret, now).unwrap();
        let codes = self.sign_ins.finish_totp(&opened.sign_in, &code, HERE, now).await.unwrap();
        (new.secret, codes)
    }

    async fn prove(
        &self,
        asked: &Opened,
        code: &str,
        now: WallTime,
    ) -> Result<(Opened, Proof), Error> {
        self.sign_ins.prove(&asked.sign_in, code, DEVICE, now).await
    }

    async fn opens(&self, opened: &Opened, now: WallTime) -> bool {
        self.sign_ins.find(&opened.cookie, true, now).await.unwrap().is_some()
    }
}

#[tokio::test]
async fn after_the_password_a_code_is_asked_and_makes_the_sign_in_another_one() {
    let (world, first) = world().await;
    let other = world.sign_in(PASSWORD, NOW).await.unwrap();
    assert!(!other.sign_in.asked);
    let (secret, codes) = world.phone(&first, NOW).await;
    assert_eq!(codes.len(), RECOVERY_CODES);
    assert!(!world.opens(&other, NOW).await, "what was open elsewhere had no second factor");

    let now = after(60);
    let asked = world.sign_in(PASSWORD, now).await.unwrap();
    assert!(asked.sign_in.asked);
    let wrong = world.prove(&asked, "000000", now).await.unwrap_err();
    let words = "the code is wrong or was used already; wait for the next one";
    assert_eq!(wrong.to_string(), words);
    let (whole, proof) = world.prove(&asked, &code_now(&secret, now).unwrap(), now).await.unwrap();
    assert_eq!((proof, whole.sign_in.asked), (Proof::Totp, false));
    assert_ne!(whole.cookie, asked.cookie);
    assert!(world.opens(&whole, now).await && !world.opens(&asked, now).await);
}

#[tokio::test]
async fn a_code_is_worth_nothing_the_second_time_nor_the_one_before_it() {
    let (world, first) = world().await;
    let (secret, _) = world.phone(&first, NOW).await;
    let code = |now| code_now(&secret, now).unwrap();
    // The one that set the phone up was used by that.
    let asked = world.sign_in(PASSWORD, NOW).await.unwrap();
    assert!(matches!(world.prove(&asked, &code(NOW), NOW).await, Err(Error::WrongCode)));
    let now = after(30);
    let [a, b] = [world.sign_in(PASSWORD, now).await, world.sign_in(PASSWORD, now).await];
    let (a, b, code_of_now) = (a.unwrap(), b.unwrap(), code(now));
    let (one, other) =
        tokio::join!(world.prove(&a, &code_of_now, now), world.prove(&b, &code_of_now, now));
    assert_eq!([one.is_ok(), other.is_ok()].into_iter().filter(|in_| *in_).count(), 1);
}

#[tokio::test]
async fn whoever_is_asked_has_five_minutes() {
    let (world, first) = world().await;
    let (secret, _) = world.phone(&first, NOW).await;
    let asked = world.sign_in(PASSWORD, after(60)).await.unwrap();
    assert!(world.opens(&asked, after(60 + 299)).await);
    assert!(!world.opens(&asked, after(60 + 300)).await);
    assert!(code_now(&secret, NOW).is_some());
}

#[tokio::test]
async fn guesses_of_codes_wait_and_the_right_password_does_not_wash_them_away() {
    let (world, first) = world().await;
    let (secret, _) = world.phone(&first, NOW).await;
    let now = after(60);
    for guess in 0..5 {
        let asked = world.sign_in(PASSWORD, now).await.unwrap();
        let refused = world.prove(&asked, &format!("{guess:06}"), now).await.unwrap_err();
        assert!(matches!(refused, Error::WrongCode), "{refused}");
    }
    let asked = world.sign_in(PASSWORD, now).await.unwrap();
    let right = code_now(&secret, now).unwrap();
    let refused = world.prove(&asked, &right, now).await.unwrap_err();
    assert_eq!(refused.to_string(), "too many wrong attempts; try again in 300 s");
    let later = after(60 + 300);
    let asked = world.sign_in(PASSWORD, later).await.unwrap();
    let right = code_now(&secret, later).unwrap();
    assert!(world.prove(&asked, &right, later).await.is_ok());
}

#[tokio::test]
async fn a_recovery_code_opens_once_and_new_ones_take_the_place_of_the_old() {
    let (world, first) = world().await;
    let (_, codes) = world.phone(&first, NOW).await;
    let asked = async || world.sign_in(PASSWORD, NOW).await.unwrap();
    let typed = codes[3].to_lowercase().replace('-', " ");
    let (_, proof) = world.prove(&asked().await, &typed, NOW).await.unwrap();
    assert_eq!(proof, Proof::RecoveryCode);
    assert!(world.prove(&asked().await, &codes[3], NOW).await.is_err());
    assert_eq!(world.sign_ins.second_factor(world.user).await.unwrap().recovery_codes, 9);
    let anew = world.sign_ins.new_recovery_codes(world.user, NOW).await.unwrap();
    assert!(world.prove(&asked().await, &codes[4], NOW).await.is_err());
    assert!(world.prove(&asked().await, &anew[0], NOW).await.is_ok());
    // Another person's paper opens nothing.
    let (rows, sign_ins) = (world.rows.clone(), world.sign_ins.clone());
    let other = World { rows, sign_ins, user: UserId::new() };
    other.sign_ins.new_recovery_codes(other.user, NOW).await.unwrap();
    assert!(other.prove(&asked().await, &anew[1], NOW).await.is_ok(), "the sign-in says whose");
}

#[tokio::test]
async fn a_phone_counts_once_its_first_code_came_and_a_secret_waits_ten_minutes() {
    let (world, opened) = world().await;
    let sign_in = &opened.sign_in;
    let finish = |code: String, now| {
        let sign_ins = world.sign_ins.clone();
        async move { sign_ins.finish_totp(sign_in, &code, HERE, now).await }
    };
    assert!(matches!(finish("123456".to_owned(), NOW).await, Err(Error::TooLate)));
    let new = world.sign_ins.begin_totp(sign_in, "Khuê", "hong", NOW).unwrap();
    assert!(new.uri.starts_with("otpauth://totp/Khu%C3%AA:hong?secret="));
    assert!(matches!(finish("12345".to_owned(), NOW).await, Err(Error::WrongCode)));
    assert_eq!(world.sign_ins.second_factor(world.user).await.unwrap().totp, None);
    assert!(!world.sign_in(PASSWORD, NOW).await.unwrap().sign_in.asked);
    let code = |now| code_now(&new.secret, now).unwrap();
    assert!(matches!(finish(code(after(600)), after(600)).await, Err(Error::TooLate)));
    assert!(finish(code(after(599)), after(599)).await.is_ok());
    assert!(world.sign_ins.second_factor(world.user).await.unwrap().totp.is_some());
    assert!(world.sign_ins.remove_second_factor(world.user).await.unwrap());
    assert!(!world.sign_in(PASSWORD, after(600)).await.unwrap().sign_in.asked);
}

#[tokio::test]
async fn who_proved_themselves_is_believed_for_five_minutes_and_then_asked_again() {
    let (world, opened) = world().await;
    let (secret, _) = world.phone(&opened, NOW).await;
    let now = after(300);
    let sign_in = world.sign_ins.find(&opened.cookie, true, now).await.unwrap().unwrap();
    assert!(sign_in.is_confirmed(after(299)) && !sign_in.is_confirmed(now));
    let confirm = async |given| world.sign_ins.confirm(&sign_in, "hong", given, HERE, now).await;
    let wrong = confirm(Given::Password("sai rồi".to_owned())).await.unwrap_err();
    assert_eq!(wrong.to_string(), "the current password is wrong");
    let right = confirm(Given::Password(PASSWORD.to_owned())).await;
    assert_eq!(right.unwrap(), Proof::Password);
    let sign_in = world.sign_ins.find(&opened.cookie, true, now).await.unwrap().unwrap();
    assert!(sign_in.is_confirmed(after(599)));
    let code = Given::Code(code_now(&secret, now).unwrap());
    assert_eq!(confirm(code).await.unwrap(), Proof::Totp);
}

#[tokio::test]
async fn a_page_that_nobody_looks_at_keeps_no_sign_in_open() {
    let (world, opened) = world().await;
    let hours = |hours: u64| after(hours * 3600);
    assert!(world.sign_ins.find(&opened.cookie, false, hours(11)).await.unwrap().is_some());
    assert!(world.sign_ins.find(&opened.cookie, true, hours(11)).await.unwrap().is_some());
    assert!(world.sign_ins.find(&opened.cookie, false, hours(22)).await.unwrap().is_some());
    assert!(world.sign_ins.find(&opened.cookie, false, hours(23)).await.unwrap().is_none());
}

#[tokio::test]
async fn devices_are_told_and_ended_one_by_one_or_all_others() {
    let (world, here) = world().await;
    let there = world.sign_in(PASSWORD, after(1)).await.unwrap();
    let third = world.sign_in(PASSWORD, after(2)).await.unwrap();
    let devices = world.sign_ins.devices(world.user, after(2)).await.unwrap();
    let ids: Vec<_> = devices.iter().map(|device| device.id).collect();
    assert_eq!(ids, [third.sign_in.id, there.sign_in.id, here.sign_in.id]);
    assert_eq!((devices[0].agent.as_str(), devices[0].address.as_str()), ("Firefox", "10.0.0.1"));
    assert!(!world.sign_ins.end(UserId::new(), there.sign_in.id).await.unwrap());
    assert!(world.sign_ins.end(world.user, there.sign_in.id).await.unwrap());
    assert!(!world.opens(&there, after(2)).await && world.opens(&third, after(2)).await);
    assert_eq!(world.sign_ins.end_others(&here.sign_in).await.unwrap(), 1);
    assert!(!world.opens(&third, after(2)).await && world.opens(&here, after(2)).await);
}
