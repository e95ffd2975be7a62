//! The media socket, with a real browser's client, hub and store.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::sync::Arc;
use std::time::Duration;

use crate::common::{Browser, Heard, START, Socket, TOKEN_SEED, World, frames, world};
use base::{SignInId, WallTime};
use catalog::Role;
use live::{State, StateKind};
use media::fmp4::{read_fragment_header, read_init};
use serde_json::{Value, json};
use signin::{MediaToken, MediaTokens, TOKEN_LIFETIME};
use tokio_tungstenite::tungstenite;

const LIVE: State = State { kind: StateKind::Live, since: START, reason: None };

fn live(token: &str) -> Value {
    json!({"op": "live", "ref": "a1", "token": token, "role": "main"})
}

fn past(token: &str, from: WallTime, credit: u32) -> Value {
    json!({"op": "past", "ref": "p1", "token": token, "role": "main", "from_us": from.0, "credit": credit})
}

struct Watching {
    world: World,
    operator: Browser,
    camera: Arc<catalog::Camera>,
    token: String,
    socket: Socket,
}

/// An operator with a socket, and a token for `action` on a camera.
async fn watching(action: &str) -> Watching {
    let world = world().await;
    let operator = world.operator().await;
    let camera = world.camera("Cổng").await;
    let token = world.token(&operator, camera.id, action).await;
    let socket = world.socket(&operator).await;
    Watching { world, operator, camera, token, socket }
}

#[tokio::test]
async fn a_live_channel_shows_state_init_and_each_frame() {
    let Watching { world, camera, token, mut socket, .. } = watching("live").await;
    let channel = socket.open(live(&token)).await;
    let nothing = json!({
        "type": "state", "channel": channel, "state": "no_data", "since_us": START.0, "reason": null,
    });
    assert_eq!(socket.event().await, nothing);

    let mut publisher = world.hub.publisher(camera.streams[0].id);
    publisher.state(LIVE);
    let sent = frames(START, 3);
    publisher.push(&sent);
    assert_eq!(socket.event().await["state"], "live");
    let init = socket.event().await;
    assert_eq!((&init["type"], &init["codec"]), (&json!("init"), &json!("avc1.4d0029")));
    assert_eq!((&init["width"], &init["height"]), (&json!(1280), &json!(720)));
    let (kind, _, of, _, bytes) = socket.piece().await;
    assert_eq!((kind, of), (1, channel));
    assert_eq!(read_init(&bytes).unwrap(), *sent[0].params);
    for frame in &sent {
        let (kind, key, of, wall_us, bytes) = socket.piece().await;
        assert_eq!((kind, key, of, wall_us), (2, frame.is_key, channel, frame.wall.0));
        let index = read_fragment_header(&bytes).unwrap();
        let origin_us = init["origin_us"].as_i64().unwrap();
        assert_eq!(origin_us + index.decode_time_us as i64, frame.wall.0);
        assert_eq!(bytes[index.data_offset as usize..], frame.data);
    }

    publisher.state(State { kind: StateKind::NoData, since: START, reason: Some("silent") });
    let state = socket.event().await;
    assert_eq!((&state["state"], &state["reason"]), (&json!("no_data"), &json!("silent")));

    socket.say(json!({"op": "stop", "channel": channel})).await;
    let end = json!({"type": "end", "channel": channel, "reason": "stopped"});
    assert_eq!(socket.event().await, end);
}

#[tokio::test]
async fn a_live_channel_that_is_asked_for_again_begins_again_under_its_number() {
    let Watching { world, camera, token, mut socket, .. } = watching("live").await;
    let mut publisher = world.hub.publisher(camera.streams[0].id);
    publisher.state(LIVE);
    publisher.push(&frames(START, 2));
    let first = socket.open(live(&token)).await;
    for _ in 0..5 {
        // State, init and its bytes, two frames.
        socket.hear().await;
    }
    let again = socket.open(live(&token)).await;
    assert_eq!(again, first);
    assert_eq!(socket.event().await["type"], "state");
    assert_eq!(socket.event().await["type"], "init");
    assert_eq!(world.hub.viewers(), 1);
}

#[tokio::test]
async fn a_past_channel_shows_fragments_for_credit_and_the_gap_between() {
    let Watching { world, camera, token, mut socket, .. } = watching("playback").await;
    let (first, second) = (frames(START, 250), frames(START.plus(Duration::from_secs(20)), 50));
    world.record(camera.streams[0].id, &first).await;
    world.record(camera.streams[0].id, &second).await;

    // From within the ninth second: its keyframe comes first.
    let channel = socket.open(past(&token, START.plus(Duration::from_millis(8_500)), 1)).await;
    let init = socket.event().await;
    let (kind, _, of, _, bytes) = socket.piece().await;
    assert_eq!((kind, of, &init["type"]), (1, channel, &json!("init")));
    assert_eq!(read_init(&bytes).unwrap(), *first[0].params);
    let origin_us = init["origin_us"].as_i64().unwrap();
    let fragment = async |socket: &mut Socket| {
        let (kind, key, of, wall_us, bytes) = socket.piece().await;
        assert_eq!((kind, of), (3, channel));
        let index = read_fragment_header(&bytes).unwrap();
        assert_eq!(origin_us + index.decode_time_us as i64, wall_us, "one origin for all");
        (key, wall_us, bytes.slice(index.data_offset as usize..), index.samples.len())
    };
    let (key, wall_us, bytes, count) = fragment(&mut socket).await;
    assert!(key);
    assert_eq!((wall_us, count), (START.0 + 8_000_000, 25));
    let expected: Vec<u8> = first[200..225].iter().flat_map(|frame| frame.data.to_vec()).collect();
    assert_eq!(bytes, expected);

    // Without credit nothing comes, but an answer does.
    socket.say(json!({"op": "ping", "sent": 7})).await;
    assert_eq!(socket.event().await, json!({"type": "pong", "sent": 7, "now_us": world.now().0}));
    socket.say(json!({"op": "credit", "channel": channel, "fragments": 100})).await;
    assert_eq!(fragment(&mut socket).await.1, START.0 + 9_000_000);
    let gap = json!({
        "type": "gap", "channel": channel, "reason": "stopped",
        "from_us": START.0 + 10_000_000, "to_us": START.0 + 20_000_000,
    });
    assert_eq!(socket.event().await, gap);
    assert_eq!(fragment(&mut socket).await.1, START.0 + 20_000_000);
    assert_eq!(fragment(&mut socket).await.1, START.0 + 21_000_000);
    let end = json!({"type": "end", "channel": channel, "reason": "caught_up"});
    assert_eq!(socket.event().await, end);
}

#[tokio::test]
async fn live_and_past_share_a_socket_and_do_not_mix() {
    let Watching { world, operator, camera, token, mut socket } = watching("live").await;
    world.record(camera.streams[0].id, &frames(START, 100)).await;
    let mut publisher = world.hub.publisher(camera.streams[0].id);
    publisher.state(LIVE);
    let playback = world.token(&operator, camera.id, "playback").await;
    let now = socket.open(live(&token)).await;
    assert_eq!(socket.event().await["state"], "live");
    let then = socket.open(past(&playback, START, 100)).await;
    assert!(then >= 1 << 31 && now < 1 << 31);
    publisher.push(&frames(START.plus(Duration::from_secs(9)), 10));
    let (mut of_now, mut of_then) = (0, 0);
    while of_now < 10 || of_then < 4 {
        if let Heard::Piece { kind, channel, .. } = socket.hear().await {
            match kind {
                2 => of_now += u32::from(channel == now),
                3 => of_then += u32::from(channel == then),
                _ => {}
            }
        }
    }
    assert_eq!((of_now, of_then), (10, 4));
}

#[tokio::test]
async fn a_token_opens_its_camera_its_action_and_its_window_for_who_got_it() {
    let Watching { world, operator, camera, token, mut socket } = watching("live").await;
    let refused = async |socket: &mut Socket, op: Value| {
        socket.say(op).await;
        let refused = socket.event().await;
        assert_eq!(refused["type"], "refused", "{refused}");
        let text = |field: &str| refused[field].as_str().unwrap().to_owned();
        (text("ref"), text("code"), text("message"))
    };
    let word = |text: &str| text.to_owned();

    let wrong_action = "the media token does not allow this; ask for one that does";
    let said = refused(&mut socket, past(&token, START, 1)).await;
    assert_eq!(said, (word("p1"), word("forbidden"), word(wrong_action)));
    let not_ours = "the media token is not one of this installation";
    let said = refused(&mut socket, live("AAAA.BBBB")).await;
    assert_eq!(said, (word("a1"), word("forged"), word(not_ours)));

    let tokens = MediaTokens::new(&TOKEN_SEED);
    let signed = |change: &dyn Fn(&mut MediaToken)| {
        let genuine = tokens.verifier().verify(&token, world.now()).unwrap();
        let mut token = genuine;
        change(&mut token);
        tokens.sign(&token, world.now())
    };
    let elsewhere = signed(&|token| token.sign_in = SignInId::new());
    let others = "the media token was given to another sign-in";
    let said = refused(&mut socket, live(&elsewhere)).await;
    assert_eq!(said, (word("a1"), word("forbidden"), word(others)));
    let nowhere = signed(&|token| token.camera = base::CameraId::new());
    let said = refused(&mut socket, live(&nowhere)).await;
    assert_eq!(said, (word("a1"), word("not_found"), word("there is no such camera")));

    let body = json!({
        "camera": camera.id, "actions": ["playback"], "purpose": "x", "case": "12/2026",
        "from_us": START.0 + 2_000_000, "to_us": START.0 + 4_000_000,
    });
    let answer = world.ask(&operator, "POST", "/api/v1/media-tokens", body).await.json();
    let window = answer["token"].as_str().unwrap();
    let outside = "the media token does not open this moment; ask for one that does";
    let said = refused(&mut socket, past(window, START.plus(Duration::from_secs(4)), 1)).await;
    assert_eq!(said, (word("p1"), word("invalid"), word(outside)));
    world.record(camera.streams[0].id, &frames(START, 250)).await;
    let channel = socket.open(past(window, START.plus(Duration::from_secs(2)), 100)).await;
    let mut walls = Vec::new();
    let end = loop {
        match socket.hear().await {
            Heard::Piece { kind: 3, wall_us, .. } => walls.push((wall_us - START.0) / 1_000_000),
            Heard::Event(event) if event["type"] == "end" => break event,
            _ => {}
        }
    };
    assert_eq!(walls, [2, 3]);
    assert_eq!(end, json!({"type": "end", "channel": channel, "reason": "stopped"}));

    world.pass(TOKEN_LIFETIME);
    let said = refused(&mut socket, live(&token)).await;
    let over = "the media token has expired; ask for a fresh one";
    assert_eq!(said, (word("a1"), word("expired"), word(over)));
}

#[tokio::test]
async fn a_channel_ends_with_its_token_unless_that_is_renewed() {
    let Watching { world, operator, camera, token, mut socket } = watching("live").await;
    let sub = json!({"op": "live", "ref": "b", "token": token, "role": "sub"});
    let main = socket.open(live(&token)).await;
    assert_eq!(socket.event().await["type"], "state");
    let sub = socket.open(sub).await;
    assert_eq!(socket.event().await["type"], "state");

    world.pass(TOKEN_LIFETIME - Duration::from_secs(10));
    let fresh = world.token(&operator, camera.id, "live").await;
    socket.say(json!({"op": "renew", "channel": main, "token": fresh})).await;
    // Once the ping behind it is answered, the renewal was heard.
    socket.say(json!({"op": "ping", "sent": 1})).await;
    assert_eq!(socket.event().await["type"], "pong");
    world.pass(Duration::from_secs(10));
    let end = json!({"type": "end", "channel": sub, "reason": "expired"});
    assert_eq!(socket.event().await, end);
    let mut publisher = world.hub.publisher(camera.streams[0].id);
    publisher.state(LIVE);
    assert_eq!(socket.event().await["channel"], main);

    // What does not fit the channel renews nothing, and says so.
    let other = world.camera("khác").await;
    let wrong = world.token(&operator, other.id, "live").await;
    socket.say(json!({"op": "renew", "channel": main, "token": wrong})).await;
    let refused = socket.event().await;
    assert_eq!((&refused["ref"], &refused["channel"]), (&Value::Null, &json!(main)));
    assert_eq!(
        refused["message"],
        "the media token is for another camera than what it is to renew"
    );
    world.pass(TOKEN_LIFETIME);
    assert_eq!(socket.event().await, json!({"type": "end", "channel": main, "reason": "expired"}));
}

#[tokio::test]
async fn a_socket_closes_when_its_sign_in_is_revoked() {
    let Watching { world, token, mut socket, .. } = watching("live").await;
    let channel = socket.open(live(&token)).await;
    assert_eq!(socket.event().await["type"], "state");
    world.sign_ins.revoke_user(world.operator).await.unwrap();
    let end = json!({"type": "end", "channel": channel, "reason": "revoked"});
    assert_eq!(socket.event().await, end);
    assert!(matches!(socket.hear().await, Heard::Closed(Some(1008))));
}

#[tokio::test]
async fn a_channel_ends_when_the_person_may_watch_no_longer_or_the_camera_goes() {
    let Watching { world, operator, camera, token, mut socket } = watching("live").await;
    let channel = socket.open(live(&token)).await;
    assert_eq!(socket.event().await["type"], "state");
    world.catalog.remove_camera(camera.id).await.unwrap();
    let end = json!({"type": "end", "channel": channel, "reason": "revoked"});
    assert_eq!(socket.event().await, end);

    let camera = world.camera("khác").await;
    let token = world.token(&operator, camera.id, "live").await;
    let channel = socket.open(live(&token)).await;
    assert_eq!(socket.event().await["type"], "state");
    world.set_role(world.operator, Role::Administrator).await;
    let end = json!({"type": "end", "channel": channel, "reason": "revoked"});
    assert_eq!(socket.event().await, end);

    world.catalog.remove_user(world.operator).await.unwrap();
    assert!(matches!(socket.hear().await, Heard::Closed(Some(1008))));
}

#[tokio::test]
async fn a_socket_is_opened_by_our_own_page_and_with_a_sign_in() {
    let world = world().await;
    let operator = world.operator().await;
    let status = |result: Result<Socket, tungstenite::Error>| match result {
        Err(tungstenite::Error::Http(response)) => {
            let body = response.body().clone().unwrap_or_default();
            let form: Value = serde_json::from_slice(&body).unwrap_or_default();
            (response.status().as_u16(), form["code"].as_str().unwrap_or_default().to_owned())
        }
        Err(error) => panic!("{error}"),
        Ok(_) => (101, String::new()),
    };
    let foreign = world.try_socket(&operator, Some("https://evil.example")).await;
    assert_eq!(status(foreign), (403, "forged".to_owned()));
    let stranger = world.try_socket(&Browser::default(), None).await;
    assert_eq!(status(stranger), (401, "signed_out".to_owned()));
    assert_eq!(status(world.try_socket(&operator, None).await).0, 101);
    let (first, _) = world.first_sign_in(world.admin, "quantri").await;
    assert_eq!(
        status(world.try_socket(&first, None).await),
        (403, "must_choose_password".to_owned())
    );
    let plain = world.get(&operator, "/api/v1/media").await.refusal();
    assert_eq!((plain.0, plain.2.as_str()), (400, "this path is opened as a WebSocket"));
}

#[tokio::test]
async fn what_is_no_op_is_refused_and_the_socket_goes_on() {
    let Watching { mut socket, .. } = watching("live").await;
    for (text, words) in [
        ("{", "the message cannot be read: EOF while parsing an object"),
        ("{\"op\":\"fly\"}", "the message cannot be read: unknown variant `fly`"),
        ("{\"op\":\"live\",\"ref\":\"a\"}", "the message cannot be read: missing field `token`"),
    ] {
        use futures::SinkExt;
        socket.0.send(tungstenite::Message::text(text)).await.unwrap();
        let refused = socket.event().await;
        assert_eq!((&refused["type"], &refused["code"]), (&json!("refused"), &json!("invalid")));
        assert!(refused["message"].as_str().unwrap().starts_with(words), "{refused}");
    }
    // What concerns a channel that is no more is passed over.
    socket.say(json!({"op": "stop", "channel": 99})).await;
    socket.say(json!({"op": "credit", "channel": 99, "fragments": 1})).await;
    socket.say(json!({"op": "ping", "sent": 1})).await;
    assert_eq!(socket.event().await["type"], "pong");
}

#[tokio::test]
async fn a_socket_has_so_many_past_channels_and_no_more() {
    let Watching { mut socket, token, .. } = watching("playback").await;
    // Without credit nothing is read, so none ends by itself.
    for _ in 0..32 {
        socket.open(past(&token, START, 0)).await;
    }
    socket.say(past(&token, START, 0)).await;
    let refused = socket.event().await;
    assert_eq!(refused["code"], "busy");
    assert_eq!(refused["message"], "a socket has 32 such channels at most; stop one first");
}

#[tokio::test]
async fn a_viewer_that_reads_nothing_loses_frames_and_the_others_none() {
    let Watching { world, operator, camera, token, mut socket } = watching("live").await;
    let mut slow = world.socket(&operator).await;
    slow.open(live(&token)).await;
    socket.open(live(&token)).await;
    let mut publisher = world.hub.publisher(camera.streams[0].id);
    publisher.state(LIVE);
    // Keyframes of 1 MB: more than what two sockets' buffers and the hub hold.
    let sent = 32;
    for number in 0..sent {
        let mut frame = frames(START.plus(Duration::from_millis(40 * number)), 1).remove(0);
        frame.data = vec![7; 1 << 20].into();
        publisher.push(&[frame]);
        loop {
            match socket.hear().await {
                Heard::Piece { kind: 2, wall_us, .. } => {
                    let expected = START.plus(Duration::from_millis(40 * number));
                    assert_eq!(wall_us, expected.0);
                    break;
                }
                Heard::Event(event) => assert_ne!(event["type"], "dropped"),
                _ => {}
            }
        }
    }
    let dropped = slow.until("dropped").await;
    assert!(dropped["frames"].as_u64().unwrap() > 0, "{dropped}");
}
