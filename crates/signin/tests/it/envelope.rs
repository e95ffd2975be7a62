//! The envelope for emergencies: it opens once, for some hours, and is looked into.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use base::{UserId, WallTime};
use db::testutil::{Fresh, Kind};
use signin::{Config, Device, Error, SignIns, Way};

const NOW: WallTime = WallTime(1_795_135_338_250_000);

struct World {
    rows: Fresh,
    sign_ins: SignIns,
    user: UserId,
}

async fn world() -> World {
    let rows = Fresh::new(Kind::of(module_path!()));
    let sign_ins = SignIns::open(rows.open().await, &[9; 32], config()).await.unwrap();
    World { rows, sign_ins, user: UserId::new() }
}

/// Others idle for less long than an envelope lasts.
fn config() -> Config {
    Config { idle_min: 60, ..Config::default() }
}

fn at(last: u8) -> Device<'static> {
    Device { address: IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)), agent: "Firefox" }
}

fn after(seconds: u64) -> WallTime {
    NOW.plus(Duration::from_secs(seconds))
}

#[tokio::test]
async fn it_opens_once_for_four_hours_and_whoever_was_away_is_still_in() {
    let World { rows, sign_ins, user } = world().await;
    let secret = sign_ins.seal_envelope(user, NOW).await.unwrap();
    assert_eq!(secret.split('-').map(str::len).collect::<Vec<_>>(), [5; 6]);
    assert!(sign_ins.is_sealed(user).await.unwrap());
    let typed = secret.to_lowercase().replace('-', " ");
    let found = sign_ins.find_envelope(&typed, at(1), NOW).await.unwrap();
    assert_eq!((found.user, &found.opened), (user, &None), "it is not spent by that");
    let open = async |device| sign_ins.open_envelope(&found, "mất máy chủ", device, NOW).await;
    let (one, other) = tokio::join!(open(at(1)), open(at(2)));
    let both = [one, other];
    assert_eq!(both.iter().filter(|opened| opened.is_ok()).count(), 1, "of two at once, one");
    let opened = both.into_iter().find_map(Result::ok).unwrap();
    let envelope = sign_ins.envelopes().await.unwrap().remove(0);
    assert_eq!(sign_ins.devices(user, NOW).await.unwrap().len(), 1, "who is late is not in");
    let sign_in = &opened.sign_in;
    assert_eq!((sign_in.user, sign_in.way, sign_in.asked), (user, Way::Sealed, false));
    assert!(sign_in.has_second_factor && !sign_in.must_choose_password);
    assert_eq!(sign_in.ends, after(4 * 3600));
    let told = envelope.opened.unwrap();
    assert_eq!((told.at, told.reason.as_str()), (NOW, "mất máy chủ"));
    assert_eq!(told.sign_in, Some(sign_in.id));
    let found = async |now| sign_ins.find(&opened.cookie, false, now).await.unwrap();
    // Nobody's signing in clears it away, however long its holder is away.
    sign_ins.sign_in_provided(UserId::new(), true, at(9), after(3 * 3600)).await.unwrap();
    let late = found(after(4 * 3600 - 1)).await.unwrap();
    assert!(late.is_confirmed(after(4 * 3600 - 1)), "nothing is left to confirm by");
    assert!(found(after(4 * 3600)).await.is_none());
    let bytes = rows.bytes().await;
    let letters = secret.replace('-', "");
    assert!(!bytes.windows(letters.len()).any(|part| part == letters.as_bytes()));
}

#[tokio::test]
async fn one_sealed_anew_takes_the_place_of_the_last_and_guessing_waits() {
    let World { sign_ins, user, rows: _rows } = world().await;
    let first = sign_ins.seal_envelope(user, NOW).await.unwrap();
    let second = sign_ins.seal_envelope(user, after(1)).await.unwrap();
    let open = async |secret: &str, device, now| {
        let envelope = sign_ins.find_envelope(secret, device, now).await?;
        sign_ins.open_envelope(&envelope, "thử", device, now).await.map(drop)
    };
    for _ in 0..5 {
        assert!(matches!(open(&first, at(1), NOW).await, Err(Error::WrongSignIn)));
    }
    let waits = open(&second, at(1), NOW).await.unwrap_err();
    assert!(matches!(waits, Error::LockedOut { .. }), "{waits}");
    // Whoever guesses keeps nobody else from it.
    open(&second, at(2), NOW).await.unwrap();
    assert!(open(&second, at(3), NOW).await.is_err(), "spent");
}

#[tokio::test]
async fn that_it_was_opened_is_there_until_somebody_looked_into_it() {
    let World { sign_ins, user, rows: _rows } = world().await;
    let secret = sign_ins.seal_envelope(user, NOW).await.unwrap();
    let sealed = sign_ins.envelopes().await.unwrap()[0].clone();
    let review =
        async |by| sign_ins.review_envelope(sealed.id, by, "diễn tập", after(60)).await.unwrap();
    let by = UserId::new();
    assert!(!review(by).await, "nobody opened it");
    let found = sign_ins.find_envelope(&secret, at(1), NOW).await.unwrap();
    sign_ins.open_envelope(&found, "thử", at(1), NOW).await.unwrap();
    let again = sign_ins.seal_envelope(user, after(30)).await.unwrap();
    assert_ne!(again, secret);
    assert!(review(by).await && !review(UserId::new()).await);
    let all = sign_ins.envelopes().await.unwrap();
    let told: Vec<_> =
        all.iter().map(|one| (one.opened.is_some(), one.reviewed.is_some())).collect();
    assert_eq!(told, [(false, false), (true, true)]);
    assert!(sign_ins.forget_sealed().await.unwrap() && !sign_ins.forget_sealed().await.unwrap());
    let reviewed = all[1].reviewed.clone().unwrap();
    assert_eq!((reviewed.by, reviewed.note.as_str(), reviewed.at), (by, "diễn tập", after(60)));
}
