//! Devices of each make, as `simcam` is them: what is learnt of them, and what they are
//! told in vain.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use credentials::Credentials;
use futures::future::join_all;
use onvif::{
    Client, Fault, FaultKind, Feature, Finding, Limits, Surveyed, knock, range, search_at, survey,
    sweep,
};
use simcam::clip::Codec;
use simcam::onvif::{
    Channel, Device, DeviceConfig, Discovery, PERSONALITIES, Personality, Quirks, Redirect, Scheme,
    StreamConfig,
};
use url::Url;

const PASSWORD: &str = "Mật khẩu & <7>";

/// A picture, as far as anybody looks: where it begins and ends.
const JPEG: &[u8] = &[0xff, 0xd8, 0xff, 0xd9];

fn stream(path: &str, codec: Codec, width: u32, height: u32) -> StreamConfig {
    let url = format!("rtsp://127.0.0.1:8554/{path}");
    StreamConfig { url, codec, width, height, fps: 25, bitrate_kbps: 4096 }
}

fn channel(number: u16) -> Channel {
    Channel {
        name: format!("Channel {number}"),
        main: stream(&format!("ch{number}/main"), Codec::H265, 2560, 1440),
        sub: stream(&format!("ch{number}/sub"), Codec::H264, 640, 360),
        ptz: number == 1,
    }
}

async fn device(personality: Personality) -> Device {
    let channels = (1..=personality.channels).map(channel).collect();
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let config = DeviceConfig {
        credentials: Some(simcam::Credentials {
            user: "operator".to_owned(),
            password: PASSWORD.to_owned(),
        }),
        snapshot: Some(JPEG.into()),
        rtsp_port: 8554,
        ..DeviceConfig::new(listen, personality, 7, channels)
    };
    Device::start(config).await.unwrap()
}

fn client(device: &Device, password: &str) -> Client {
    let credentials = Credentials { user: "operator".to_owned(), password: password.to_owned() };
    let url = Url::parse(&device.url()).unwrap();
    Client::new(url, Some(credentials), None, Limits::default()).unwrap()
}

async fn learnt(personality: Personality) -> (Device, Result<Surveyed, Fault>) {
    let device = device(personality).await;
    let surveyed = survey(&mut client(&device, PASSWORD)).await;
    (device, surveyed)
}

fn generic(change: impl FnOnce(&mut Quirks)) -> Personality {
    Personality::named("generic").unwrap().with(change)
}

fn found(surveyed: &Surveyed, feature: Feature) -> &Finding {
    let found = surveyed.findings.iter().find(|(known, _)| *known == feature);
    &found.unwrap_or_else(|| panic!("nothing of {feature:?} in {surveyed:#?}")).1
}

fn mains(surveyed: &Surveyed) -> Vec<String> {
    surveyed.channels.iter().map(|one| one.main[0].to_string()).collect()
}

/// How often a password was said wrongly, by each way.
fn wrong(device: &Device, way: Scheme) -> usize {
    let calls = device.calls();
    calls.iter().filter(|call| call.scheme == way && call.status != 200).count()
}

#[tokio::test]
async fn every_make_tells_what_it_is_and_where_its_streams_are() {
    for personality in PERSONALITIES.iter().filter(|one| one.speaks) {
        let name = personality.name;
        let (device, surveyed) = learnt(*personality).await;
        let surveyed = surveyed.unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let known = &surveyed.information;
        assert_eq!(known.manufacturer, personality.manufacturer, "{name}");
        assert_eq!(known.firmware, personality.firmware, "{name}");
        assert_eq!(known.serial, "SIM00000007", "{name}");
        assert_eq!(surveyed.network.macs, ["02:00:00:00:00:07"], "{name}");
        let expected: Vec<_> = (1..=personality.channels)
            .map(|number| format!("rtsp://127.0.0.1:8554/ch{number}/main"))
            .collect();
        // One that hides H.265 behind the older service shows what it does not hide.
        if !(personality.quirks.media1_only && personality.quirks.h265_hidden) {
            assert_eq!(mains(&surveyed), expected, "{name}");
            let first = &surveyed.channels[0];
            assert_eq!(first.sub[0].as_str(), "rtsp://127.0.0.1:8554/ch1/sub", "{name}");
        }
        assert_eq!(found(&surveyed, Feature::Streams), &Finding::Proved, "{name}");
        let said = device.calls();
        let refused = said.iter().filter(|call| call.scheme != Scheme::None && call.status == 401);
        assert!(refused.count() <= 2, "{name}: {said:#?}");
    }
}

#[tokio::test]
async fn a_device_is_found_where_its_maker_puts_it() {
    let tapo = device(Personality::named("tapo").unwrap()).await;
    let bare = Url::parse(&format!("http://{}", tapo.addr())).unwrap();
    let door = knock(&bare, Limits::default()).await.unwrap();
    assert_eq!(door.as_str(), tapo.url());
}

#[tokio::test]
async fn a_device_that_tells_nobody_of_itself_is_found_by_knocking() {
    // A port that is knocked at, at an address that nobody else has on this machine.
    let listen = SocketAddr::from(([127, 83, 19, 5], 8899));
    let config = DeviceConfig::new(listen, generic(|_| {}), 7, vec![channel(1)]);
    let device = Device::start(config).await.unwrap();
    let all = range("127.83.19.4/30").unwrap();
    let found = sweep(&all, Duration::ZERO, Duration::from_secs(60)).await.unwrap();
    let urls: Vec<_> = found.iter().flat_map(|one| one.urls.iter().map(Url::as_str)).collect();
    assert_eq!(urls, [device.url()]);
}

#[tokio::test]
async fn thirty_devices_are_found_and_asked_at_once() {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let makes = PERSONALITIES.iter().filter(|make| make.speaks).cycle();
    let starting = (0..30).zip(makes).map(|(number, make)| {
        let config = DeviceConfig {
            discovery: Some(Discovery::Unicast(listen)),
            ..DeviceConfig::new(listen, *make, number, vec![channel(1)])
        };
        async { Device::start(config).await.unwrap() }
    });
    let devices = join_all(starting).await;
    let places: Vec<_> = devices.iter().filter_map(Device::discovery_addr).collect();
    let found = search_at(&places, Duration::from_secs(1)).await.unwrap();
    let names: BTreeSet<_> = found.iter().map(|one| one.endpoint.as_str()).collect();
    assert_eq!(names.len(), 30, "{found:#?}");
    assert!(found.iter().all(|one| one.hardware.is_some() && one.profiles[0] == "Streaming"));
    let surveying = devices.iter().map(|device| async {
        let url = Url::parse(&device.url()).unwrap();
        survey(&mut Client::new(url, None, None, Limits::default()).unwrap()).await
    });
    let surveyed = join_all(surveying).await.into_iter();
    let serials = surveyed.map(|one| one.unwrap().information.serial);
    assert_eq!(serials.collect::<BTreeSet<_>>().len(), 30);
}

#[tokio::test]
async fn where_nothing_of_the_kind_is_that_is_said() {
    let ezviz = PERSONALITIES.iter().find(|one| !one.speaks).unwrap();
    let silent = device(*ezviz).await;
    let bare = Url::parse(&format!("http://{}", silent.addr())).unwrap();
    let fault = knock(&bare, Limits::default()).await.unwrap_err();
    let kinds = [FaultKind::Unsupported, FaultKind::Protocol, FaultKind::Unreachable];
    assert!(kinds.contains(&fault.kind), "{fault}");
}

#[tokio::test]
async fn a_wrong_password_is_never_tried_until_the_device_locks_us_out() {
    for change in [
        (|_| {}) as fn(&mut Quirks),
        |quirks| quirks.digest_only = true,
        |quirks| quirks.token_only = true,
        |quirks| (quirks.token_only, quirks.auth_400) = (true, true),
        |quirks| (quirks.digest_only, quirks.html_401) = (true, true),
        |quirks| quirks.time_needs_auth = true,
    ] {
        let device = device(generic(|quirks| {
            change(quirks);
            quirks.lockout_after = Some(5);
        }))
        .await;
        let mut wrongly = client(&device, "123456");
        for _ in 0..3 {
            let fault = survey(&mut wrongly).await.unwrap_err();
            assert_eq!(fault.kind, FaultKind::WrongCredentials, "{fault}");
        }
        let tries = [Scheme::Digest, Scheme::Token].map(|way| wrong(&device, way));
        assert!(tries.iter().all(|tries| *tries <= 2), "{tries:?}: {:#?}", device.calls());
        // So somebody who knows the password is let in still.
        assert!(survey(&mut client(&device, PASSWORD)).await.is_ok());
    }
}

#[tokio::test]
async fn who_is_locked_out_is_told_so_and_does_not_knock_on() {
    let device = device(generic(|quirks| quirks.lockout_after = Some(1))).await;
    let mut wrongly = client(&device, "123456");
    let fault = survey(&mut wrongly).await.unwrap_err();
    let kinds = [FaultKind::LockedOut, FaultKind::WrongCredentials];
    assert!(kinds.contains(&fault.kind), "{fault}");
    let tried = wrong(&device, Scheme::Digest) + wrong(&device, Scheme::Token);
    assert!(tried <= 3, "{:#?}", device.calls());
}

#[tokio::test]
async fn a_clock_that_is_off_is_followed_and_told() {
    for skew in [-86_400, 86_400] {
        let personality = generic(|quirks| {
            quirks.clock_skew_s = skew;
            quirks.token_only = true;
        });
        let (_device, surveyed) = learnt(personality).await;
        let surveyed = surveyed.unwrap();
        assert_eq!(surveyed.proved, Some("token"));
        assert!((surveyed.clock.offset_us / 1_000_000 - skew).abs() <= 1, "{:?}", surveyed.clock);
        assert!(matches!(found(&surveyed, Feature::Clock), Finding::WorkedAround(_)));
    }
    let local_alone = generic(|quirks| (quirks.no_utc_time, quirks.token_only) = (true, true));
    let (_device, surveyed) = learnt(local_alone).await;
    assert_eq!(found(&surveyed.unwrap(), Feature::Clock), &Finding::Proved);
    let secret = generic(|quirks| (quirks.time_needs_auth, quirks.digest_only) = (true, true));
    let (_device, surveyed) = learnt(secret).await;
    assert_eq!(found(&surveyed.unwrap(), Feature::Clock), &Finding::Proved);
}

#[tokio::test]
async fn whatever_addresses_a_device_names_it_is_asked_where_it_was_found() {
    for change in [
        (|quirks| quirks.nat_xaddr = Some(Ipv4Addr::new(192, 168, 1, 64))) as fn(&mut Quirks),
        |quirks| quirks.zero_xaddr = true,
        |quirks| quirks.double_port = true,
        |quirks| quirks.relative_uri = true,
        |quirks| quirks.rtsp_port_wrong = true,
        |quirks| quirks.profile_tokens_with_spaces = true,
        |quirks| quirks.chunked_body = true,
        |quirks| quirks.close_on_idle = true,
        |quirks| quirks.media2_only = true,
        |quirks| quirks.http_redirect = Redirect::SameHost,
    ] {
        let personality = generic(change);
        let (device, surveyed) = learnt(personality).await;
        let quirks = personality.quirks;
        let surveyed = surveyed.unwrap_or_else(|fault| panic!("{quirks:?}: {fault}"));
        let all = &surveyed.channels[0].main;
        assert!(all.iter().all(|url| url.host_str() == Some("127.0.0.1")), "{quirks:?}: {all:?}");
        assert!(all.iter().all(|url| url.path() == "/ch1/main"), "{quirks:?}: {all:?}");
        assert_eq!(found(&surveyed, Feature::Snapshot), &Finding::Proved, "{quirks:?}");
        assert!(device.calls().len() > 10, "{quirks:?}");
    }
}

#[tokio::test]
async fn no_password_follows_to_another_host() {
    let elsewhere = Ipv4Addr::new(127, 0, 0, 99);
    let (device, surveyed) =
        learnt(generic(|quirks| quirks.http_redirect = Redirect::To(elsewhere))).await;
    let fault = surveyed.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Elsewhere, "{fault}");
    assert!(device.calls().iter().all(|call| call.scheme == Scheme::None), "{:#?}", device.calls());
}

#[tokio::test]
async fn what_is_missing_is_a_finding_and_ends_nothing() {
    let (_device, surveyed) = learnt(generic(|quirks| {
        quirks.snapshot_missing = true;
        quirks.invalid_utf8 = true;
        quirks.media1_only = true;
    }))
    .await;
    let surveyed = surveyed.unwrap();
    assert!(matches!(found(&surveyed, Feature::Snapshot), Finding::Failed(_)));
    assert!(matches!(found(&surveyed, Feature::Profiles), Finding::WorkedAround(_)));
    assert_eq!(found(&surveyed, Feature::Identity), &Finding::Proved);
    let (_device, surveyed) = learnt(generic(|quirks| quirks.empty_profiles = true)).await;
    let surveyed = surveyed.unwrap();
    assert!(matches!(found(&surveyed, Feature::Profiles), Finding::Failed(_)));
    assert!(surveyed.channels.is_empty());
    let (_device, surveyed) = learnt(generic(|quirks| quirks.snapshot_basic_only = true)).await;
    // The password itself is not sent unsealed, not even for a picture.
    assert!(matches!(found(&surveyed.unwrap(), Feature::Snapshot), Finding::Failed(_)));
}
