//! Live pictures as LL-HLS, as a player fetches them.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::sync::Arc;
use std::time::Duration;

use crate::common::{Answer, Browser, START, World, frames, world};
use axum::body::Body;
use axum::http::Request;
use catalog::Role;
use live::{Publisher, State, StateKind};
use media::fmp4::{read_fragment_header, read_init};
use serde_json::{Value, json};
use signin::TOKEN_LIFETIME;

const LIVE: State = State { kind: StateKind::Live, since: START, reason: None };

struct Watching {
    world: World,
    operator: Browser,
    camera: Arc<catalog::Camera>,
    publisher: Publisher,
    /// The folder of the presentation.
    folder: String,
    /// A player: it has the presentation's cookie and nothing else.
    player: Browser,
}

async fn open(world: &World, browser: &Browser, token: &str) -> Answer {
    let body = json!({ "token": token, "role": "main" });
    world.ask(browser, "POST", "/api/v1/hls", body).await
}

/// An operator's presentation of a camera that sent three seconds.
async fn watching() -> Watching {
    let world = world().await;
    let operator = world.operator().await;
    let camera = world.camera("Cổng").await;
    let mut publisher = world.hub.publisher(camera.streams[0].id);
    publisher.state(LIVE);
    let token = world.token(&operator, camera.id, "live").await;
    let opened = open(&world, &operator, &token).await;
    assert_eq!(opened.status, 201, "{opened:?}");
    let url = opened.json()["url"].as_str().unwrap().to_owned();
    let folder = url.strip_suffix("index.m3u8").unwrap().to_owned();
    let cookie = opened.header("set-cookie").to_owned();
    let (pair, scope) = cookie.split_once(';').unwrap();
    assert_eq!(scope, format!(" Path={folder}; Secure; HttpOnly; SameSite=Strict"));
    let player = Browser { cookie: pair.to_owned(), csrf: String::new() };
    Watching { world, operator, camera, publisher, folder, player }
}

impl Watching {
    async fn get(&self, name: &str) -> Answer {
        self.world.get(&self.player, &format!("{}{name}", self.folder)).await
    }

    /// Lets the camera send three seconds, and returns the playlist of them.
    async fn playlist(&mut self) -> String {
        // Who reads the hub begins at the keyframe that is there then.
        self.publisher.push(&frames(START, 20));
        assert_eq!(self.get("index.m3u8").await.status, 200);
        self.publisher.push(&frames(START, 80)[20..]);
        let answer = self.get("video.m3u8").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("content-type"), "application/vnd.apple.mpegurl");
        assert_eq!(answer.header("cache-control"), "no-store");
        String::from_utf8(answer.bytes.to_vec()).unwrap()
    }
}

/// Yields the names that stand between quotes behind `URI=`, or on lines alone.
fn names(playlist: &str) -> Vec<&str> {
    playlist
        .lines()
        .filter_map(|line| match line.split_once("URI=\"") {
            Some((_, rest)) => rest.split('"').next(),
            None => (!line.is_empty() && !line.starts_with('#')).then_some(line),
        })
        .collect()
}

#[tokio::test]
async fn a_player_with_the_cookie_alone_fetches_all_that_the_playlists_name() {
    let mut watching = watching().await;
    let playlist = watching.playlist().await;
    let index = watching.get("index.m3u8").await;
    let index = String::from_utf8(index.bytes.to_vec()).unwrap();
    assert!(index.contains("CODECS=\"avc1.4d0029\",RESOLUTION=1280x720,FRAME-RATE=25.000"));
    assert_eq!(names(&index), ["video.m3u8"]);

    let (mut media, mut parts) = (0, 0);
    let listed = names(&playlist);
    let (hinted, there) = listed.split_last().unwrap();
    for name in there {
        let answer = watching.get(name).await;
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
        assert_eq!(answer.header("content-type"), "video/mp4");
        assert_eq!(answer.header("cache-control"), "private, max-age=24, immutable");
        if name.contains("init") {
            assert_eq!(read_init(&answer.bytes).unwrap(), *frames(START, 1)[0].params);
            continue;
        }
        let index = read_fragment_header(&answer.bytes).unwrap();
        if name.matches('.').count() == 2 {
            parts += index.samples.len();
        } else {
            media += 1;
        }
    }
    assert!(media >= 2 && parts >= 50, "{playlist}");

    // The hinted part comes while it is waited for.
    let path = format!("{}{hinted}", watching.folder);
    let waiting = watching.world.get(&watching.player, &path);
    let sending = async { watching.publisher.push(&frames(START, 100)[80..]) };
    let (answer, ()) = tokio::join!(waiting, sending);
    assert_eq!(answer.status, 200, "{hinted}: {answer:?}");
}

#[tokio::test]
async fn a_playlist_is_packed_for_who_takes_that_and_media_never_are() {
    let mut watching = watching().await;
    let playlist = watching.playlist().await;
    let segment = names(&playlist).into_iter().find(|name| name.matches('.').count() == 1);
    for (name, packed) in [("video.m3u8", "gzip"), (segment.unwrap(), "")] {
        let request = Request::builder()
            .uri(format!("{}{name}", watching.folder))
            .header("host", "khue.test")
            .header("cookie", &watching.player.cookie)
            .header("accept-encoding", "gzip");
        let answer = watching.world.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-encoding")), (200, packed));
    }
}

#[tokio::test]
async fn without_its_cookie_a_presentation_is_not_there() {
    let watching = watching().await;
    let other = {
        let token = watching.world.token(&watching.operator, watching.camera.id, "live").await;
        let opened = open(&watching.world, &watching.operator, &token).await;
        let cookie = opened.header("set-cookie").split(';').next().unwrap().to_owned();
        Browser { cookie, csrf: String::new() }
    };
    let none = {
        let path = format!("/api/v1/hls/{}/index.m3u8", base::CameraId::new());
        watching.world.get(&watching.player, &path).await.whole()
    };
    let path = format!("{}index.m3u8", watching.folder);
    for browser in [&Browser::default(), &watching.operator, &other] {
        assert_eq!(watching.world.get(browser, &path).await.whole(), none);
    }
    for name in ["sound.m3u8", "other.m3u8", "video-1.m4s", "video-init-9.mp4", "..%2findex.m3u8"] {
        assert_eq!(watching.get(name).await.status, 404, "{name}");
    }
}

#[tokio::test]
async fn reloads_that_no_player_sends_are_refused_in_words() {
    let mut watching = watching().await;
    watching.playlist().await;
    for query in ["_HLS_msn=x", "_HLS_part=1", "_HLS_msn=99999999999&_HLS_part=0"] {
        let answer = watching.get(&format!("video.m3u8?{query}")).await;
        assert_eq!(answer.refusal().1, "invalid", "{query}");
    }
}

#[tokio::test]
async fn it_ends_with_its_token_unless_that_is_renewed() {
    let mut watching = watching().await;
    watching.playlist().await;
    let id = watching.folder.split('/').nth(4).unwrap().to_owned();
    let renew = format!("/api/v1/hls/{id}/token");
    watching.world.pass(TOKEN_LIFETIME - Duration::from_secs(1));
    let foreign = watching.world.camera("Cổng khác").await;
    let foreign = watching.world.token(&watching.operator, foreign.id, "live").await;
    let refused =
        watching.world.ask(&watching.operator, "PUT", &renew, json!({ "token": foreign })).await;
    assert_eq!(refused.refusal().1, "forbidden");
    let fresh = watching.world.token(&watching.operator, watching.camera.id, "live").await;
    let renewed =
        watching.world.ask(&watching.operator, "PUT", &renew, json!({ "token": fresh })).await;
    assert_eq!(renewed.status, 204, "{renewed:?}");
    watching.world.pass(TOKEN_LIFETIME - Duration::from_secs(1));
    assert_eq!(watching.get("video.m3u8").await.status, 200);
    watching.world.pass(Duration::from_secs(1));
    assert_eq!(watching.get("video.m3u8").await.refusal().1, "expired");
    assert_eq!(watching.get("video.m3u8").await.status, 404, "and is gone");
}

#[tokio::test]
async fn it_ends_when_its_owner_signs_out_or_may_watch_no_longer_or_ends_it() {
    for how in ["signs out", "loses the right", "ends it"] {
        let mut watching = watching().await;
        watching.playlist().await;
        assert_eq!(watching.get("video.m3u8").await.status, 200);
        let Watching { world, operator, folder, .. } = &watching;
        match how {
            "signs out" => {
                let path = "/api/v1/session";
                assert_eq!(world.ask(operator, "DELETE", path, Value::Null).await.status, 204);
            }
            "loses the right" => {
                world.set_role(world.operator, Role::Administrator).await;
            }
            _ => {
                let path = folder.trim_end_matches('/');
                assert_eq!(world.ask(operator, "DELETE", path, Value::Null).await.status, 204);
            }
        }
        assert_eq!(watching.get("video.m3u8").await.status, 404, "{how}");
        assert_eq!(watching.get("index.m3u8").await.status, 404, "{how}");
    }
}

#[tokio::test]
async fn a_token_for_something_else_opens_nothing() {
    let watching = watching().await;
    let Watching { world, operator, camera, .. } = &watching;
    let playback = world.token(operator, camera.id, "playback").await;
    assert_eq!(open(world, operator, &playback).await.refusal().1, "forbidden");
    assert_eq!(open(world, operator, "forged").await.refusal().1, "forged");
    let live = world.token(operator, camera.id, "live").await;
    let admin = world.admin().await;
    assert_eq!(open(world, &admin, &live).await.refusal().1, "forbidden");
    let body = json!({ "token": live, "role": "sound" });
    let refused = world.ask(operator, "POST", "/api/v1/hls", body).await;
    assert_eq!(refused.json()["field"], "role");
}
