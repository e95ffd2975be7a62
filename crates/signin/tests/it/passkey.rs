//! What a passkey opens, and what is wrong with one that opens nothing.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use base::{UserId, WallTime};
use db::testutil::{Fresh, Kind};
use signin::passkey_testutil::{Sent, Stick};
use signin::{
    Attempt, ChallengeFor, Choice, Config, Device, Error, NewPasskey, Opened, Passkey, Place,
    Proof, RECOVERY_CODES, SignIns, UsedPasskey, Way,
};

const NOW: WallTime = WallTime(1_795_135_350_000_000);
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
const DEVICE: Device<'_> = Device { address: HERE, agent: "Firefox" };
const PASSWORD: &str = "cầu Long Biên 1902";
const HOST: &str = "camera.example.vn";
const ORIGIN: &str = "https://camera.example.vn:8443";

struct World {
    _rows: Fresh,
    sign_ins: SignIns,
    user: UserId,
}

/// Somebody with a password of their own, signed in by it.
async fn world() -> (World, Opened) {
    let rows = Fresh::new(Kind::of(module_path!()));
    let sign_ins = SignIns::open(rows.open().await, &[9; 32], Config::default()).await.unwrap();
    let world = World { _rows: rows, sign_ins, user: UserId::new() };
    let opened = world.chosen(world.user).await;
    (world, opened)
}

fn place() -> Place {
    Place { rp_id: HOST.to_owned(), origins: vec![ORIGIN.to_owned()] }
}

fn new(sent: &Sent) -> NewPasskey<'_> {
    NewPasskey {
        name: "điện thoại",
        client_data: &sent.client_data,
        attestation: &sent.attestation,
    }
}

fn used(sent: &Sent) -> UsedPasskey<'_> {
    UsedPasskey {
        credential: &sent.credential,
        client_data: &sent.client_data,
        authenticator_data: &sent.authenticator_data,
        signature: &sent.signature,
        user_handle: sent.user_handle.as_deref(),
    }
}

impl World {
    async fn chosen(&self, user: UserId) -> Opened {
        let one_time = self.sign_ins.issue_one_time(user, NOW).await.unwrap().to_string();
        let opened = self.by_password(user, &one_time, NOW).await;
        let choice =
            Choice { name: "hong", current: one_time, new: PASSWORD.to_owned(), address: HERE };
        self.sign_ins.choose(&opened.sign_in, choice, NOW).await.unwrap();
        opened
    }

    async fn by_password(&self, user: UserId, password: &str, now: WallTime) -> Opened {
        let (user, password) = (Some(user), password.to_owned());
        let attempt = Attempt { name: "hong", user, password, device: DEVICE };
        self.sign_ins.sign_in(attempt, now).await.unwrap()
    }

    /// A stick whose key is known for somebody.
    async fn stick(&self, opened: &Opened) -> (Stick, Passkey, Vec<String>) {
        let user = opened.sign_in.user;
        let handle = Some(user.0.as_bytes().to_vec());
        let stick = Stick { user_handle: handle, ..Stick::new(HOST, ORIGIN) };
        let it_is_for = ChallengeFor::Adding(opened.sign_in.id);
        let sent = stick.make(&self.sign_ins.challenge(it_is_for, NOW));
        let added = self.sign_ins.add_passkey(&opened.sign_in, &place(), new(&sent), NOW).await;
        let (passkey, codes) = added.unwrap();
        (stick, passkey, codes)
    }

    async fn comes(&self, sent: &Sent, now: WallTime) -> Result<Opened, Error> {
        self.sign_ins.sign_in_by_passkey(&place(), used(sent), DEVICE, now).await
    }

    fn challenge(&self) -> String {
        self.sign_ins.challenge(ChallengeFor::SignIn, NOW)
    }
}

#[tokio::test]
async fn a_passkey_opens_a_whole_sign_in_without_a_password() {
    let (world, first) = world().await;
    let other = world.by_password(world.user, PASSWORD, NOW).await;
    let (stick, passkey, codes) = world.stick(&first).await;
    assert_eq!((passkey.name.as_str(), passkey.rp_id.as_str()), ("điện thoại", HOST));
    assert_eq!((codes.len(), passkey.used), (RECOVERY_CODES, None));
    let open = world.sign_ins.find(&other.cookie, true, NOW).await.unwrap();
    assert_eq!(open, None, "what was open elsewhere had no second factor");
    let later = NOW.plus(Duration::from_secs(60));
    let came = world.comes(&stick.answer(&world.challenge()), later).await.unwrap().sign_in;
    assert_eq!((came.user, came.way, came.asked), (world.user, Way::Passkey, false));
    assert!(came.has_second_factor && came.has_passkey && !came.has_totp);
    assert!(!came.must_choose_password && came.is_confirmed(later));
    let [kept] = &world.sign_ins.passkeys(world.user).await.unwrap()[..] else { panic!() };
    assert_eq!(kept.used, Some(later));
    // A second one brings no other codes and ends nothing.
    let (_, _, codes) = world.stick(&first).await;
    assert!(codes.is_empty());
    assert!(world.sign_ins.look(came.id, later).await.unwrap().is_some());
}

#[tokio::test]
async fn an_answer_that_is_wrong_in_any_one_way_opens_nothing() {
    let (world, first) = world().await;
    let (stick, ..) = world.stick(&first).await;
    let refused = async |sent: Sent, expected: &str| {
        let words = world.comes(&sent, NOW).await.unwrap_err().to_string();
        assert!(words.contains(expected), "{words}");
    };
    let at = |change: &dyn Fn(&mut Stick)| {
        let handle = stick.user_handle.clone();
        // The same key: what is said with it is another thing.
        let mut other = stick.twin();
        other.user_handle = handle;
        change(&mut other);
        other.answer(&world.challenge())
    };
    refused(at(&|s| s.origin = "https://camera.example.vn".to_owned()), "at another place").await;
    refused(at(&|s| s.origin = "https://camera.example.vn.evil".to_owned()), "at another place")
        .await;
    refused(at(&|s| s.rp_id = "example.vn".to_owned()), "for another place").await;
    refused(at(&|s| s.flags = 0b001), "did not make sure who uses it").await;
    refused(at(&|s| s.flags = 0b100), "did not make sure who uses it").await;
    refused(at(&|s| s.flags = 0b10101), "contradicts itself").await;
    refused(at(&|s| s.user_handle = None), "another person's").await;
    refused(at(&|s| s.user_handle = Some(vec![1; 16])), "another person's").await;
    refused(at(&|s| s.id = vec![1; 32]), "not known here").await;
    let good = stick.answer(&world.challenge());
    let other = Stick { id: stick.id.clone(), ..Stick::new(HOST, ORIGIN) };
    let other = Sent { user_handle: good.user_handle.clone(), ..other.answer(&world.challenge()) };
    refused(other, "not of this key").await;
    refused(Sent { signature: good.client_data.clone(), ..good.clone() }, "not of this key").await;
    refused(Sent { signature: "%".to_owned(), ..good.clone() }, "no base64url").await;
    let made = stick.make(&world.challenge()).client_data;
    refused(Sent { client_data: made, ..good.clone() }, "answers something else").await;
    let cut = good.authenticator_data[..40].to_owned();
    refused(Sent { authenticator_data: cut, ..good.clone() }, "cut off").await;
    // What was to prove somebody, or is of another time, is no answer to this.
    for (challenge, now) in [
        (world.sign_ins.challenge(ChallengeFor::Proving(first.sign_in.id), NOW), NOW),
        (world.challenge(), NOW.plus(Duration::from_secs(300))),
        ("AAAA".to_owned(), NOW),
    ] {
        let late = world.comes(&stick.answer(&challenge), now).await.unwrap_err();
        assert!(matches!(late, Error::TooLate), "{late}");
    }
    assert!(world.comes(&good, NOW).await.is_ok());
    assert!(matches!(world.comes(&good, NOW).await, Err(Error::TooLate)), "a second time");
}

#[tokio::test]
async fn a_key_that_is_made_wrong_or_known_is_not_taken() {
    let (world, first) = world().await;
    let adding = || world.sign_ins.challenge(ChallengeFor::Adding(first.sign_in.id), NOW);
    let add = async |sent: &Sent| {
        world.sign_ins.add_passkey(&first.sign_in, &place(), new(sent), NOW).await.map(drop)
    };
    let refused = async |sent: Sent, expected: &str| {
        let words = add(&sent).await.unwrap_err().to_string();
        assert!(words.contains(expected), "{words}");
    };
    let elsewhere = Stick::new(HOST, "https://evil.example");
    refused(elsewhere.make(&adding()), "at another place").await;
    refused(Stick::new("evil.example", ORIGIN).make(&adding()), "for another place").await;
    let unsure = Stick { flags: 1, ..Stick::new(HOST, ORIGIN) };
    refused(unsure.make(&adding()), "did not make sure").await;
    let endless = Stick { id: vec![7; 1024], ..Stick::new(HOST, ORIGIN) };
    refused(endless.make(&adding()), "too long").await;
    let stick = Stick::new(HOST, ORIGIN);
    refused(stick.answer(&adding()), "answers something else").await;
    let good = stick.make(&adding());
    for length in 0..good.attestation.len() {
        let attestation = good.attestation[..length].to_owned();
        assert!(add(&Sent { attestation, ..good.clone() }).await.is_err(), "{length}");
    }
    let others = world.sign_ins.challenge(ChallengeFor::Adding(base::SignInId::new()), NOW);
    assert!(matches!(add(&stick.make(&others)).await, Err(Error::TooLate)));
    add(&good).await.unwrap();
    refused(stick.make(&adding()), "known here already").await;
    for _ in 1..20 {
        add(&Stick::new(HOST, ORIGIN).make(&adding())).await.unwrap();
    }
    refused(Stick::new(HOST, ORIGIN).make(&adding()), "20 of them already").await;
}

#[tokio::test]
async fn a_copy_of_a_stick_that_counts_is_noticed() {
    let (world, first) = world().await;
    let (mut stick, ..) = world.stick(&first).await;
    stick.count = 5;
    assert!(world.comes(&stick.answer(&world.challenge()), NOW).await.is_ok());
    for count in [5, 4, 0] {
        stick.count = count;
        let copied = world.comes(&stick.answer(&world.challenge()), NOW).await.unwrap_err();
        assert!(copied.to_string().contains("it was copied"), "{copied}");
    }
    stick.count = 6;
    assert!(world.comes(&stick.answer(&world.challenge()), NOW).await.is_ok());
}

#[tokio::test]
async fn after_the_password_a_passkey_of_the_same_person_makes_the_sign_in_whole() {
    let (world, first) = world().await;
    let (stick, ..) = world.stick(&first).await;
    let other = world.chosen(UserId::new()).await;
    let (others, ..) = world.stick(&other).await;
    let asked = world.by_password(world.user, PASSWORD, NOW).await;
    assert!(asked.sign_in.asked);
    let proving = || world.sign_ins.challenge(ChallengeFor::Proving(asked.sign_in.id), NOW);
    let prove = async |sent: &Sent| {
        world.sign_ins.prove_by_passkey(&asked.sign_in, &place(), used(sent), DEVICE, NOW).await
    };
    let words = prove(&others.answer(&proving())).await.unwrap_err().to_string();
    assert!(words.contains("not known here"), "{words}");
    assert!(matches!(prove(&stick.answer(&world.challenge())).await, Err(Error::TooLate)));
    // A stick of old, which does not know whose it is, is told from others by its id.
    let plain = Sent { user_handle: None, ..stick.answer(&proving()) };
    let (whole, proof) = prove(&plain).await.unwrap();
    assert_eq!((whole.sign_in.asked, proof), (false, Proof::Passkey));
    assert_eq!(whole.sign_in.way, Way::Password);
    assert!(world.sign_ins.find(&asked.cookie, true, NOW).await.unwrap().is_none());

    let later = NOW.plus(Duration::from_secs(600));
    let id = whole.sign_in.id;
    let challenge = world.sign_ins.challenge(ChallengeFor::Proving(id), later);
    let sent = stick.answer(&challenge);
    let (sign_in, here) = (&whole.sign_in, place());
    let confirmed = world.sign_ins.confirm_by_passkey(sign_in, &here, used(&sent), later).await;
    assert_eq!(confirmed.unwrap(), Proof::Passkey);
    assert!(world.sign_ins.look(id, later).await.unwrap().unwrap().is_confirmed(later));
}

#[tokio::test]
async fn a_passkey_is_named_and_removed_by_its_owner_and_goes_where_a_password_is_given_anew() {
    let (world, first) = world().await;
    let (sign_ins, user) = (&world.sign_ins, world.user);
    let (stick, passkey, _) = world.stick(&first).await;
    let other = UserId::new();
    assert_eq!(sign_ins.rename_passkey(other, passkey.id, "x").await.unwrap(), None);
    assert!(!sign_ins.remove_passkey(other, passkey.id).await.unwrap());
    let renamed = sign_ins.rename_passkey(user, passkey.id, "khóa USB").await.unwrap().unwrap();
    assert_eq!(renamed, Passkey { name: "khóa USB".to_owned(), ..passkey.clone() });
    assert_eq!(sign_ins.second_factor(user).await.unwrap().recovery_codes, 10);
    assert!(sign_ins.remove_passkey(user, passkey.id).await.unwrap());
    assert_eq!(sign_ins.second_factor(user).await.unwrap().recovery_codes, 0);
    assert!(world.comes(&stick.answer(&world.challenge()), NOW).await.is_err());

    let (stick, ..) = world.stick(&first).await;
    sign_ins.issue_one_time(user, NOW).await.unwrap();
    assert!(world.comes(&stick.answer(&world.challenge()), NOW).await.is_err());
    let again = world.chosen(user).await;
    let (stick, ..) = world.stick(&again).await;
    assert!(sign_ins.remove_second_factor(user).await.unwrap());
    assert!(world.comes(&stick.answer(&world.challenge()), NOW).await.is_err());
    let (stick, ..) = world.stick(&again).await;
    sign_ins.forget(user).await.unwrap();
    assert!(world.comes(&stick.answer(&world.challenge()), NOW).await.is_err());
}
