//! Who gets in, who does not, and how long that holds.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::collections::HashSet;

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use base::{UserId, WallTime};
use db::Pool;
use db::testutil::{Fresh, Kind};
use signin::{Attempt, Choice, Config, Device, Error, Opened, SignIns};

const NOW: WallTime = WallTime(1_795_135_338_250_000);
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
const DEVICE: Device<'_> = Device { address: HERE, agent: "Firefox" };
const PASSWORD: &str = "cầu Long Biên 1902";
const LEAKED: &str = "mua thu Ha Noi 1010";
const LEAKED_SHA1: &str = "7C8865943E6C1ABF8B925A492961A674F8DC3371";

struct World {
    _rows: Fresh,
    pool: Pool,
    sign_ins: SignIns,
    user: UserId,
}

async fn world() -> World {
    world_of(Config::default()).await
}

async fn world_of(config: Config) -> World {
    let rows = Fresh::new(Kind::of(module_path!()));
    let pool = rows.open().await;
    let sign_ins = SignIns::open(pool.clone(), &[9; 32], config).await.unwrap();
    World { _rows: rows, pool, sign_ins, user: UserId::new() }
}

impl World {
    async fn sign_in(&self, password: &str, now: WallTime) -> Result<Opened, Error> {
        let (user, password) = (Some(self.user), password.to_owned());
        self.sign_ins.sign_in(Attempt { name: "hong", user, password, device: DEVICE }, now).await
    }

    async fn choose(&self, opened: &Opened, current: &str, new: &str) -> Result<(), Error> {
        let (current, new) = (current.to_owned(), new.to_owned());
        let choice = Choice { name: "hong", current, new, address: HERE };
        self.sign_ins.choose(&opened.sign_in, choice, NOW).await
    }

    /// Signs in with a password of the person's own.
    async fn chosen(&self) -> Opened {
        let one_time = self.sign_ins.issue_one_time(self.user, NOW).await.unwrap().to_string();
        let opened = self.sign_in(&one_time, NOW).await.unwrap();
        self.choose(&opened, &one_time, PASSWORD).await.unwrap();
        opened
    }
}

fn after(seconds: u64) -> WallTime {
    NOW.plus(Duration::from_secs(seconds))
}

const HOUR: u64 = 3600;

#[tokio::test]
async fn a_one_time_password_opens_once_and_then_one_is_chosen() {
    let world = world().await;
    let one_time = world.sign_ins.issue_one_time(world.user, NOW).await.unwrap().to_string();
    let opened = world.sign_in(&one_time.to_lowercase(), NOW).await.unwrap();
    assert!(opened.sign_in.must_choose_password);
    assert!(matches!(world.sign_in(&one_time, NOW).await, Err(Error::WrongSignIn)));

    let refused = world.choose(&opened, "sai rồi", PASSWORD).await.unwrap_err();
    assert_eq!(refused.to_string(), "the current password is wrong");
    let refused = world.choose(&opened, &one_time, &one_time).await.unwrap_err();
    assert_eq!(refused.to_string(), "the new password is the current one; choose another");
    let refused = world.choose(&opened, &one_time, "ngắn").await.unwrap_err();
    assert_eq!(refused.to_string(), "the password is too short; give at least 12 characters");

    world.choose(&opened, &one_time, PASSWORD).await.unwrap();
    let found = world.sign_ins.find(&opened.cookie, true, NOW).await.unwrap().unwrap();
    assert!(!found.must_choose_password);
    assert!(!world.sign_in(PASSWORD, NOW).await.unwrap().sign_in.must_choose_password);
    assert!(matches!(world.sign_in(&one_time, NOW).await, Err(Error::WrongSignIn)));
}

#[tokio::test]
async fn of_two_who_use_a_one_time_password_at_once_one_gets_in() {
    let world = world().await;
    let one_time = world.sign_ins.issue_one_time(world.user, NOW).await.unwrap().to_string();
    let (a, b) = tokio::join!(world.sign_in(&one_time, NOW), world.sign_in(&one_time, NOW));
    assert_eq!([a.is_ok(), b.is_ok()].into_iter().filter(|opened| *opened).count(), 1);
}

#[tokio::test]
async fn a_one_time_password_waits_a_week() {
    let world = world().await;
    let one_time = world.sign_ins.issue_one_time(world.user, NOW).await.unwrap().to_string();
    assert!(world.sign_in(&one_time, after(7 * 24 * HOUR)).await.is_err());
    assert!(world.sign_in(&one_time, after(7 * 24 * HOUR - 1)).await.is_ok());
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_have_one_answer() {
    let world = world().await;
    world.chosen().await;
    let wrong = world.sign_in("một mật khẩu khác", NOW).await.unwrap_err().to_string();
    let nobody = Attempt { name: "ai", user: None, password: PASSWORD.to_owned(), device: DEVICE };
    let nobody = world.sign_ins.sign_in(nobody, NOW).await.unwrap_err().to_string();
    let without =
        Attempt {
            name: "mới", user: Some(UserId::new()), password: String::new(), device: DEVICE
        };
    let without = world.sign_ins.sign_in(without, NOW).await.unwrap_err().to_string();
    assert_eq!(wrong, "name or password is wrong");
    assert_eq!((&wrong, &wrong), (&nobody, &without));
}

#[tokio::test]
async fn after_five_failures_even_the_right_password_waits() {
    let world = world().await;
    world.chosen().await;
    for failure in 0..5 {
        let refused = world.sign_in(&format!("sai lần {failure}"), NOW).await.unwrap_err();
        assert!(matches!(refused, Error::WrongSignIn));
    }
    let refused = world.sign_in(PASSWORD, NOW).await.unwrap_err();
    assert_eq!(refused.to_string(), "too many wrong attempts; try again in 300 s");
    assert!(world.sign_in(PASSWORD, after(299)).await.is_err());
    assert!(world.sign_in(PASSWORD, after(300)).await.is_ok());
    assert!(world.sign_in(PASSWORD, after(300)).await.is_ok());
}

#[tokio::test]
async fn a_name_nobody_has_is_locked_out_as_any_other() {
    let world = world().await;
    let attempt = || Attempt { name: "ai", user: None, password: String::new(), device: DEVICE };
    for _ in 0..5 {
        assert!(matches!(world.sign_ins.sign_in(attempt(), NOW).await, Err(Error::WrongSignIn)));
    }
    let refused = world.sign_ins.sign_in(attempt(), NOW).await.unwrap_err();
    assert!(matches!(refused, Error::LockedOut { retry_after } if retry_after.as_secs() == 300));
}

#[tokio::test]
async fn guesses_made_at_once_are_not_free() {
    let world = world().await;
    world.chosen().await;
    let guesses = (0..50).map(|guess| world.sign_in_owned(format!("đoán lần thứ {guess}")));
    let mut looked_at = 0;
    for guess in guesses.collect::<Vec<_>>() {
        looked_at += usize::from(matches!(guess.await.unwrap(), Err(Error::WrongSignIn)));
    }
    assert_eq!(looked_at, 5);
}

impl World {
    fn sign_in_owned(&self, password: String) -> tokio::task::JoinHandle<Result<Opened, Error>> {
        let (sign_ins, user) = (self.sign_ins.clone(), Some(self.user));
        tokio::spawn(async move {
            let attempt = Attempt { name: "hong", user, password, device: DEVICE };
            sign_ins.sign_in(attempt, NOW).await
        })
    }
}

#[tokio::test]
async fn a_cookie_opens_its_sign_in_and_nothing_else_does() {
    let world = world().await;
    let opened = world.chosen().await;
    let found = world.sign_ins.find(&opened.cookie, true, NOW).await.unwrap().unwrap();
    assert_eq!((found.id, found.user), (opened.sign_in.id, world.user));
    for cookie in ["", "x", "!!", &opened.cookie[1..], &"A".repeat(43), &"A".repeat(1_000_000)] {
        assert_eq!(world.sign_ins.find(cookie, true, NOW).await.unwrap(), None);
    }
    // The table does not hold what the browser holds.
    use sea_orm::{ConnectionTrait, Statement};
    let backend = world.pool.read().get_database_backend();
    let rows = Statement::from_string(backend, "SELECT cookie_sha256 FROM sign_in");
    let row = world.pool.read().query_one_raw(rows).await.unwrap().unwrap();
    let kept: Vec<u8> = row.try_get_by_index(0).unwrap();
    assert_eq!(kept.len(), 32);
}

#[tokio::test]
async fn a_sign_in_ends_when_unseen_for_twelve_hours() {
    let world = world().await;
    let opened = world.chosen().await;
    let seen = |seconds| world.sign_ins.find(&opened.cookie, true, after(seconds));
    assert!(seen(12 * HOUR - 1).await.unwrap().is_some());
    assert!(seen(24 * HOUR - 2).await.unwrap().is_some());
    assert!(seen(36 * HOUR - 2).await.unwrap().is_none());
}

#[tokio::test]
async fn a_sign_in_ends_after_a_week_however_often_it_was_seen() {
    let world = world().await;
    let opened = world.chosen().await;
    for hours in 0..168 {
        let found = world.sign_ins.find(&opened.cookie, true, after(hours * HOUR)).await.unwrap();
        assert_eq!(found.unwrap().ends, after(168 * HOUR));
    }
    assert_eq!(world.sign_ins.find(&opened.cookie, true, after(168 * HOUR)).await.unwrap(), None);
}

#[tokio::test]
async fn what_ends_a_sign_in_is_told_to_who_runs_on_it() {
    let world = world().await;
    let (one, other) = (world.chosen().await, world.sign_in(PASSWORD, NOW).await.unwrap());
    let mut revocations = world.sign_ins.revocations();
    let here = async |opened: &Opened| {
        world.sign_ins.look(opened.sign_in.id, NOW).await.unwrap().is_some()
    };

    revocations.borrow_and_update();
    world.choose(&one, PASSWORD, "một mật khẩu mới").await.unwrap();
    assert!(revocations.has_changed().unwrap());
    assert_eq!((here(&one).await, here(&other).await), (true, false));
    let both = [one.sign_in.id, other.sign_in.id];
    let lasting = world.sign_ins.look_all(both, NOW).await.unwrap();
    assert_eq!(lasting, HashSet::from([one.sign_in.id]));

    revocations.borrow_and_update();
    world.sign_ins.sign_out(one.sign_in.id).await.unwrap();
    assert!(revocations.has_changed().unwrap());
    assert!(!here(&one).await);

    let again = world.sign_in("một mật khẩu mới", NOW).await.unwrap();
    world.sign_ins.issue_one_time(world.user, NOW).await.unwrap();
    assert!(!here(&again).await);
    assert!(world.sign_in("một mật khẩu mới", NOW).await.is_err());
}

#[tokio::test]
async fn a_value_against_forged_requests_belongs_to_one_sign_in() {
    let world = world().await;
    let (one, other) = (world.chosen().await, world.sign_in(PASSWORD, NOW).await.unwrap());
    let (one, other) = (one.sign_in.id, other.sign_in.id);
    let value = world.sign_ins.csrf(one);
    assert!(world.sign_ins.csrf_holds(one, &value));
    assert!(!world.sign_ins.csrf_holds(other, &value));
    assert!(!world.sign_ins.csrf_holds(one, ""));
    assert!(!world.sign_ins.csrf_holds(one, &value[1..]));
}

#[tokio::test]
async fn a_password_that_leaked_somewhere_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("leaked.txt");
    // Of "mua thu Ha Noi 1010", among others.
    let list = "0000000000000000000000000000000000000001:3\r\nHASH:12\r\n\
                FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF:1\r\n";
    std::fs::write(&path, list.replace("HASH", LEAKED_SHA1)).unwrap();
    let world = world_of(Config { breached_file: Some(path.clone()), ..Config::default() }).await;
    let opened = world.chosen().await;
    let refused = world.choose(&opened, PASSWORD, LEAKED).await.unwrap_err();
    assert!(matches!(&refused, Error::Weak(words) if words.contains("leaked")), "{refused}");
    world.choose(&opened, PASSWORD, "mùa thu Hà Nội 1010").await.unwrap();
    // Where the list is away, nothing is taken unseen.
    std::fs::remove_file(&path).unwrap();
    let away = world.choose(&opened, "mùa thu Hà Nội 1010", PASSWORD).await.unwrap_err();
    assert!(matches!(away, Error::Breached(_)), "{away}");
}
