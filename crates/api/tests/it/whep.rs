//! Watching by WHEP, as a player asks for it: by HTTP with a token and no cookie,
//! then at a UDP socket of its own.

#![allow(clippy::unwrap_used, reason = "a panic in a test names the line")]

use std::io::ErrorKind;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::common::{Answer, Browser, START, World, frames, world};
use axum::body::Body;
use axum::http::Request;
use base::StreamId;
use live::{Publisher, State, StateKind};
use media::Frame;
use serde_json::json;
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::media::{Direction, MediaKind};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};
use tokio::time::{interval, timeout};

/// Only so that a defect ends a test instead of hanging it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A player before and while it plays.
struct Player {
    rtc: Rtc,
    socket: UdpSocket,
    pending: Option<SdpPendingOffer>,
    seen: usize,
}

impl Player {
    /// Makes a player, and its offer.
    fn new() -> (Self, String) {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
        let provider = Arc::new(str0m::crypto::from_feature_flags());
        let mut rtc = RtcConfig::new().set_crypto_provider(provider).build(Instant::now());
        let address = socket.local_addr().unwrap();
        rtc.add_local_candidate(Candidate::host(address, "udp").unwrap());
        let mut change = rtc.sdp_api();
        change.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
        let (offer, pending) = change.apply().unwrap();
        (Self { rtc, socket, pending: Some(pending), seen: 0 }, offer.to_sdp_string())
    }

    fn answered(&mut self, answer: &Answer) {
        assert_eq!(answer.status, 201, "{answer:?}");
        assert_eq!(answer.header("content-type"), "application/sdp");
        let sdp = std::str::from_utf8(&answer.bytes).unwrap();
        assert!(sdp.contains("a=ice-lite") && sdp.contains("a=candidate:"), "{sdp}");
        let answer = SdpAnswer::from_sdp_string(sdp).unwrap();
        self.rtc.sdp_api().accept_answer(self.pending.take().unwrap(), answer).unwrap();
    }

    /// Plays until something is so, beside what the test does.
    async fn until(mut self, mut is_so: impl FnMut(&Self) -> bool + Send + 'static) -> Self {
        let playing = tokio::task::spawn_blocking(move || {
            let began = Instant::now();
            while !is_so(&self) {
                assert!(began.elapsed() < PATIENCE, "it never came to be");
                self.turn();
            }
            self
        });
        playing.await.unwrap()
    }

    fn turn(&mut self) {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(_) => break,
                Output::Transmit(transmit) => {
                    self.socket.send_to(&transmit.contents, transmit.destination).unwrap();
                }
                Output::Event(Event::MediaData(_)) => self.seen += 1,
                Output::Event(_) => {}
            }
        }
        let mut bytes = [0; 2000];
        let now = match self.socket.recv_from(&mut bytes) {
            Ok((length, source)) => {
                let destination = self.socket.local_addr().unwrap();
                let bytes = &bytes[..length];
                let receive = Receive::new(Protocol::Udp, source, destination, bytes).unwrap();
                Input::Receive(Instant::now(), receive)
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                Input::Timeout(Instant::now())
            }
            Err(error) => panic!("{error}"),
        };
        self.rtc.handle_input(now).unwrap();
    }
}

/// Posts an offer with a token, and nothing that a browser would add.
async fn post(world: &World, token: &str, role: &str, offer: String) -> Answer {
    let request = Request::post(format!("/api/v1/whep?role={role}"))
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/sdp");
    world.send(request.body(Body::from(offer)).unwrap()).await
}

async fn renew(world: &World, at: &str, token: &str) -> Answer {
    let request = Request::put(format!("{at}/token"));
    world.send(request.body(Body::from(token.to_owned())).unwrap()).await
}

async fn delete(world: &World, at: &str, token: &str) -> Answer {
    let request = Request::delete(at).header("authorization", format!("Bearer {token}"));
    world.send(request.body(Body::empty()).unwrap()).await
}

/// Publishes a stream with frames.
fn publish(world: &World, stream: StreamId, frames: &[Frame]) -> Publisher {
    let mut publisher = world.hub.publisher(stream);
    publisher.state(State { kind: StateKind::Live, since: START, reason: None });
    publisher.push(frames);
    publisher
}

/// Somebody watches a camera: the player, where it is ended, and who publishes.
async fn watched(world: &World, browser: &Browser) -> (Player, String, Publisher, base::CameraId) {
    let camera = world.camera("Cổng").await;
    let publisher = publish(world, camera.streams[0].id, &frames(world.now(), 3));
    let token = world.token(browser, camera.id, "live").await;
    let (mut player, offer) = Player::new();
    let answer = post(world, &token, "main", offer).await;
    player.answered(&answer);
    let player = player.until(|player| player.seen >= 3).await;
    (player, answer.header("location").to_owned(), publisher, camera.id)
}

/// Waits until nobody watches.
async fn nobody(world: &World) {
    let mut look = interval(Duration::from_millis(10));
    let gone = async {
        while world.whep.viewers() > 0 {
            look.tick().await;
        }
    };
    timeout(PATIENCE, gone).await.expect("somebody watches still");
}

#[tokio::test]
async fn a_player_watches_by_a_token_alone_and_ends_it_by_its_address() {
    let world = world().await;
    let operator = world.operator().await;
    let (player, at, _publisher, camera) = watched(&world, &operator).await;
    assert!(at.starts_with("/api/v1/whep/"), "{at}");
    let token = world.token(&operator, camera, "live").await;
    assert_eq!(delete(&world, &at, "a.b").await.refusal().1, "forged");
    assert_eq!(world.whep.viewers(), 1);
    // Who ends it needs no fresh one.
    world.pass(Duration::from_secs(299));
    let fresh = world.token(&operator, camera, "live").await;
    assert_eq!(renew(&world, &at, &fresh).await.status, 204);
    world.pass(Duration::from_secs(2));
    assert_eq!(delete(&world, &at, &token).await.status, 200);
    player.until(|player| !player.rtc.is_alive()).await;
    nobody(&world).await;
    assert_eq!(delete(&world, &at, &token).await.refusal().1, "not_found");
    assert_eq!(renew(&world, &at, &fresh).await.refusal().1, "not_found");
    assert_eq!(renew(&world, &at, "a.b").await.refusal().1, "forged");
}

#[tokio::test]
async fn what_opens_nothing_is_refused_in_the_one_form() {
    let world = world().await;
    let operator = world.operator().await;
    let camera = world.camera("Cổng").await;
    let (_, offer) = Player::new();
    let live = world.token(&operator, camera.id, "live").await;
    let past = world.token(&operator, camera.id, "playback").await;

    let plain = Request::post("/api/v1/whep").header("content-type", "application/sdp");
    let (status, code, words) =
        world.send(plain.body(Body::from(offer.clone())).unwrap()).await.refusal();
    assert_eq!((status, code.as_str()), (401, "signed_out"));
    assert!(words.contains("Authorization: Bearer"), "{words}");
    let refused = async |token: &str, role: &str, offer: &str| {
        let (status, code, _) = post(&world, token, role, offer.to_owned()).await.refusal();
        (status, code)
    };
    let is = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(refused("a.b", "main", &offer).await, is(403, "forged"));
    assert_eq!(refused(&past, "main", &offer).await, is(403, "forbidden"));
    assert_eq!(refused(&live, "third", &offer).await, is(400, "invalid"));
    assert_eq!(refused(&live, "main", "v=0").await, is(400, "invalid"));
    assert_eq!(refused(&live, "main", &"x".repeat(70_000)).await, is(413, "too_large"));
    let json = Request::post("/api/v1/whep")
        .header("authorization", format!("Bearer {live}"))
        .header("content-type", "application/json");
    let (status, code, _) =
        world.send(json.body(Body::from(offer.clone())).unwrap()).await.refusal();
    assert_eq!((status, code), is(415, "wrong_media_type"));
    world.pass(Duration::from_secs(301));
    assert_eq!(refused(&live, "main", &offer).await, is(410, "expired"));
    assert_eq!(world.whep.viewers(), 0);
}

#[tokio::test]
async fn a_stream_with_b_frames_is_refused_with_the_cure() {
    let world = world().await;
    let operator = world.operator().await;
    let (player, at, mut publisher, camera) = watched(&world, &operator).await;
    let token = world.token(&operator, camera, "live").await;
    let mut more = frames(world.now().plus(Duration::from_secs(1)), 1);
    more[0].composition_us = 40_000;
    publisher.push(&more);
    player.until(|player| !player.rtc.is_alive()).await;
    nobody(&world).await;
    let (status, code, words) = renew(&world, &at, &token).await.refusal();
    assert_eq!((status, code.as_str()), (406, "unsupported"));
    assert!(words.contains("B-frames") && words.contains("turn them off"), "{words}");
}

#[tokio::test]
async fn it_lasts_as_long_as_its_token_and_longer_by_a_fresh_one() {
    let world = world().await;
    let operator = world.operator().await;
    let (player, at, mut publisher, camera) = watched(&world, &operator).await;
    world.pass(Duration::from_secs(240));
    let other = world.camera("Sân").await;
    let of_other = world.token(&operator, other.id, "live").await;
    assert_eq!(renew(&world, &at, &of_other).await.refusal().1, "forbidden");
    let fresh = world.token(&operator, camera, "live").await;
    assert_eq!(renew(&world, &at, &fresh).await.status, 204);
    // Beyond the first one's end.
    world.pass(Duration::from_secs(120));
    let seen = player.seen;
    publisher.push(&frames(world.now(), 2));
    let player = player.until(move |player| player.seen >= seen + 2).await;
    assert_eq!(world.whep.viewers(), 1);
    world.pass(Duration::from_secs(180));
    player.until(|player| !player.rtc.is_alive()).await;
    nobody(&world).await;
    let late = world.token(&operator, camera, "live").await;
    let (status, code, _) = renew(&world, &at, &late).await.refusal();
    assert_eq!((status, code.as_str()), (410, "expired"));
}

#[tokio::test]
async fn it_ends_with_the_sign_in_that_its_token_was_given_to() {
    let world = world().await;
    let operator = world.operator().await;
    let (player, at, _publisher, camera) = watched(&world, &operator).await;
    let token = world.token(&operator, camera, "live").await;
    assert_eq!(world.ask(&operator, "DELETE", "/api/v1/session", json!(null)).await.status, 204);
    player.until(|player| !player.rtc.is_alive()).await;
    nobody(&world).await;
    let (status, code, _) = renew(&world, &at, &token).await.refusal();
    assert_eq!((status, code.as_str()), (403, "forbidden"));
    let (_, offer) = Player::new();
    let (status, code, _) = post(&world, &token, "main", offer).await.refusal();
    assert_eq!((status, code.as_str()), (401, "signed_out"));
}

#[tokio::test]
async fn it_ends_when_the_catalog_allows_it_no_longer() {
    let world = world().await;
    let operator = world.operator().await;
    let (player, _, _publisher, camera) = watched(&world, &operator).await;
    world.catalog.remove_camera(camera).await.unwrap();
    player.until(|player| !player.rtc.is_alive()).await;
    nobody(&world).await;
}

#[tokio::test]
async fn who_opens_more_than_the_largest_wall_loses_what_was_opened_first() {
    let world = world().await;
    let operator = world.operator().await;
    let camera = world.camera("Cổng").await.id;
    let token = world.token(&operator, camera, "live").await;
    let (_, offer) = Player::new();
    let mut opened = Vec::new();
    for _ in 0..129 {
        let answer = post(&world, &token, "main", offer.clone()).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        opened.push(answer.header("location").to_owned());
    }
    assert_eq!(renew(&world, &opened[0], &token).await.refusal().1, "not_found");
    for at in &opened[1..] {
        assert_eq!(renew(&world, at, &token).await.status, 204);
    }
}

#[tokio::test]
async fn the_client_is_told_whether_whep_is_served() {
    let world = world().await;
    let operator = world.operator().await;
    let session = world.get(&operator, "/api/v1/session").await.json();
    assert_eq!(session["ways"], json!({"whep": true, "worker": false}));
}
