//! Cameras over HTTP: who may do what with them, and what is never told.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::net::SocketAddr;
use std::time::Duration;

use crate::common::{self, world, world_with};
use base::CameraId;
use ingest::Limits;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

#[tokio::test]
async fn an_administrator_adds_changes_and_removes_a_camera() {
    let world = world().await;
    let admin = world.admin().await;
    let body = json!({
        "number": 12, "name": " Cột đèn 3 ", "site": world.site, "make": "Dahua",
        "url": "rtsp://127.0.0.1:9/main", "sub_url": "rtsp://127.0.0.1:9/sub",
        "user": "admin", "password": "bí mật", "recording": false,
    });
    let added = world.ask(&admin, "POST", "/api/v1/cameras", body).await;
    assert_eq!(added.status, 201, "{added:?}");
    assert!(!String::from_utf8_lossy(&added.bytes).contains("bí mật"));
    let camera = added.json();
    assert_eq!((&camera["number"], &camera["name"]), (&json!(12), &json!("Cột đèn 3")));
    assert_eq!(camera["state"], json!({"kind": "disabled", "since_us": null, "reason": null}));
    assert_eq!(
        camera["may"],
        json!({"live": false, "playback": false, "export": false, "sound": false,
            "override": false, "share": true, "configure": true})
    );
    assert_eq!(camera.get("clock_offset_us"), Some(&Value::Null));
    assert_eq!((&camera["has_password"], &camera["retention_days"]), (&json!(true), &json!(30)));
    let roles: Vec<_> = camera["streams"].as_array().unwrap().iter().map(|s| &s["role"]).collect();
    assert_eq!(roles, ["main", "sub"]);

    let path = format!("/api/v1/cameras/{}", camera["id"].as_str().unwrap());
    let change = json!({"name": "Cột đèn 4", "sub_url": null, "retention_days": 7});
    let changed = world.ask(&admin, "PATCH", &path, change).await.json();
    assert_eq!(changed["name"], "Cột đèn 4");
    assert_eq!((&changed["sub_url"], &changed["retention_days"]), (&Value::Null, &json!(7)));
    assert_eq!(changed["streams"][0]["id"], camera["streams"][0]["id"]);
    assert_eq!((&changed["user"], &changed["has_password"]), (&json!("admin"), &json!(true)));

    // The password that is not sent stays, for the host it was given for.
    let intended = world.catalog.camera(camera["id"].as_str().unwrap().parse().unwrap()).unwrap();
    assert_eq!(intended.streams[0].password.as_ref().unwrap().expose(), "bí mật");
    let moved = json!({"url": "rtsp://127.0.0.2:9/main"});
    let refused = world.ask(&admin, "PATCH", &path, moved).await;
    assert_eq!(refused.json()["field"], "password");
    assert_eq!(refused.refusal().2, "the address names another host; enter the password again");

    assert_eq!(world.ask(&admin, "DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(world.get(&admin, &path).await.status, 404);
}

#[tokio::test]
async fn an_operator_configures_nothing() {
    let world = world().await;
    let operator = world.operator().await;
    let camera = world.camera("Cổng").await;
    let path = format!("/api/v1/cameras/{}", camera.id);
    let body = json!({"name": "x", "site": world.site, "url": "rtsp://127.0.0.1/"});
    for (method, path, body) in [
        ("POST", "/api/v1/cameras", body),
        ("POST", "/api/v1/cameras/probe", json!({"url": "rtsp://127.0.0.1/"})),
        ("POST", "/api/v1/cameras/survey", json!({"url": "http://127.0.0.1/"})),
        ("POST", "/api/v1/cameras/find", json!({})),
        ("PATCH", path.as_str(), json!({"name": "x"})),
        ("DELETE", path.as_str(), Value::Null),
    ] {
        let (status, code, message) = world.ask(&operator, method, path, body).await.refusal();
        assert_eq!((status, code.as_str()), (403, "forbidden"), "{method} {path}");
        let of_all = "cameras are added by administrators";
        let of_one = "no grant that is in force now gives this";
        assert_eq!(message, if method == "POST" { of_all } else { of_one });
    }
    // They see it, and neither its address nor its user name.
    let seen = world.get(&operator, &path).await;
    let text = String::from_utf8_lossy(&seen.bytes).into_owned();
    assert_eq!(seen.json()["name"], "Cổng");
    assert!(!text.contains("rtsp://") && !text.contains("admin"), "{text}");
}

#[tokio::test]
async fn an_administrator_holds_no_video() {
    let world = world().await;
    let admin = world.admin().await;
    let camera = world.camera("Cổng").await;
    let (id, span) = (camera.id, "from_us=1000000&to_us=2000000");
    let hold = json!({"camera": id, "from_us": 1, "to_us": 2, "reason": "x"});
    let export = json!({"camera": id, "role": "main", "from_us": 1, "to_us": 2, "purpose": "x", "case": "12/2026"});
    let live = json!({"camera": id, "actions": ["live"]});
    let playback =
        json!({"camera": id, "actions": ["playback"], "purpose": "x", "case": "12/2026"});
    for (method, path, body) in [
        ("POST", "/api/v1/media-tokens".to_owned(), live),
        ("POST", "/api/v1/media-tokens".to_owned(), playback),
        ("POST", "/api/v1/exports".to_owned(), export),
        ("POST", "/api/v1/holds".to_owned(), hold),
        ("GET", format!("/api/v1/cameras/{id}/timeline?role=main&{span}"), Value::Null),
    ] {
        let (status, code, message) = world.ask(&admin, method, &path, body).await.refusal();
        assert_eq!((status, code.as_str()), (403, "forbidden"), "{method} {path}");
        assert_eq!(message, "administrators configure cameras and hold no video");
    }
}

#[tokio::test]
async fn a_camera_that_was_never_there_and_one_that_is_gone_are_answered_alike() {
    let world = world().await;
    let operator = world.operator().await;
    let camera = world.camera("Cổng").await.id;
    world.catalog.remove_camera(camera).await.unwrap();
    let ask = async |id: CameraId, asked: usize| {
        let (method, path, body) = match asked {
            0 => ("GET", format!("/api/v1/cameras/{id}"), Value::Null),
            1 => ("PATCH", format!("/api/v1/cameras/{id}"), json!({"name": "x"})),
            2 => ("DELETE", format!("/api/v1/cameras/{id}"), Value::Null),
            3 => {
                let path = format!("/api/v1/cameras/{id}/timeline?role=main&from_us=1&to_us=2");
                ("GET", path, Value::Null)
            }
            4 => {
                let body = json!({"camera": id, "actions": ["live"]});
                ("POST", "/api/v1/media-tokens".to_owned(), body)
            }
            5 => {
                let body = json!({"camera": id, "from_us": 1, "to_us": 2, "reason": "x"});
                ("POST", "/api/v1/holds".to_owned(), body)
            }
            _ => {
                let body = json!({
                    "camera": id, "role": "main", "from_us": 1, "to_us": 2, "purpose": "x", "case": "12/2026"
                });
                ("POST", "/api/v1/exports".to_owned(), body)
            }
        };
        world.ask(&operator, method, &path, body).await
    };
    for asked in 0..7 {
        let (gone, never) = (ask(camera, asked).await, ask(CameraId::new(), asked).await);
        assert_eq!(gone.whole(), never.whole(), "{asked}");
        let (status, code, message) = gone.refusal();
        assert_eq!(
            (status, code.as_str(), message.as_str()),
            (404, "not_found", "there is no such camera")
        );
    }
}

#[tokio::test]
async fn the_tree_shows_what_there_is_and_what_one_may() {
    let world = world().await;
    let operator = world.operator().await;
    let (one, two) = (world.camera("một").await, world.camera("hai").await);
    let facts = catalog::Facts { codec: "avc1.4d0029".to_owned(), width: 1280, height: 720 };
    world.catalog.note_facts(one.streams[0].id, facts).await.unwrap();
    let tree = world.get(&operator, "/api/v1/tree").await.json();
    assert_eq!(tree["organisations"][0]["name"], "Công an phường");
    assert_eq!(tree["sites"][0]["organisation"], tree["organisations"][0]["id"]);
    let cameras = tree["cameras"].as_array().unwrap();
    assert_eq!(cameras.iter().map(|c| &c["number"]).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(cameras[1]["id"], json!(two.id));
    assert_eq!(
        cameras[0]["may"],
        json!({"live": true, "playback": true, "export": true, "sound": false,
            "override": false, "share": false, "configure": false})
    );
    let main = json!({
        "id": one.streams[0].id, "role": "main", "width": 1280, "height": 720, "codec": "avc1.4d0029"
    });
    assert_eq!(cameras[0]["streams"][0], main);
    assert_eq!(cameras[0]["streams"][1]["codec"], Value::Null);
    assert!(!tree.to_string().contains("rtsp://"));
}

#[tokio::test]
async fn what_cannot_be_a_camera_is_refused_with_the_field_and_the_cure() {
    let world = world().await;
    let admin = world.admin().await;
    world.camera("Cổng").await;
    let good = json!({
        "name": "x", "site": world.site, "url": "rtsp://127.0.0.1/",
        "particulars": {"purposes": ["traffic"], "legal_basis": "319/QĐ-UBND"},
    });
    for (field, value, code, words) in [
        ("name", json!(" "), "invalid", "name is empty; give it at least one character"),
        ("number", json!(1), "taken", "camera \"Cổng\" has the number 1 already"),
        ("number", json!(0), "invalid", "a camera's number is from 1 to 8999999"),
        (
            "url",
            json!("rtsp://admin:12345@10.0.0.1/"),
            "invalid",
            "the address holds a user name or password; put them in the fields of their own",
        ),
        (
            "url",
            json!("http://10.0.0.1/"),
            "invalid",
            "http:// is not spoken here; write rtsp://host/path or rtsps://host/path",
        ),
        ("retention_days", json!(0), "invalid", "retention of 0 days; give 1 to 3650"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let refused = world.ask(&admin, "POST", "/api/v1/cameras", body).await;
        assert_eq!(refused.json()["field"], field, "{words}");
        let (_, said, message) = refused.refusal();
        assert_eq!((said.as_str(), message.as_str()), (code, words));
    }
    assert_eq!(world.catalog.tables().cameras.len(), 1);
}

#[tokio::test]
async fn a_camera_of_which_something_is_held_stays() {
    let world = world().await;
    let (admin, operator) = (world.admin().await, world.operator().await);
    let camera = world.camera("Cổng").await.id;
    let body = json!({"camera": camera, "from_us": 1, "to_us": 2, "reason": "hồ sơ 12"});
    let hold = world.ask(&operator, "POST", "/api/v1/holds", body).await;
    assert_eq!(hold.status, 201, "{hold:?}");
    let path = format!("/api/v1/cameras/{camera}");
    let (status, code, message) = world.ask(&admin, "DELETE", &path, Value::Null).await.refusal();
    assert_eq!((status, code.as_str()), (409, "in_use"));
    assert_eq!(message, "something of this camera is held; release the hold first");
    let hold = format!("/api/v1/holds/{}", hold.json()["id"].as_str().unwrap());
    assert_eq!(world.ask(&operator, "DELETE", &hold, Value::Null).await.status, 204);
    assert_eq!(world.ask(&admin, "DELETE", &path, Value::Null).await.status, 204);
}

#[tokio::test]
async fn a_camera_is_never_removed_under_a_hold_that_is_just_being_placed() {
    let world = world().await;
    let (admin, operator) = (world.admin().await, world.operator().await);
    for number in 0..20 {
        let camera = world.camera(&format!("Cổng {number}")).await.id;
        let body = json!({"camera": camera, "from_us": 1, "to_us": 2, "reason": "hồ sơ 12"});
        let path = format!("/api/v1/cameras/{camera}");
        let (removed, placed) = tokio::join!(
            world.ask(&admin, "DELETE", &path, Value::Null),
            world.ask(&operator, "POST", "/api/v1/holds", body),
        );
        let both = (removed.status.as_u16(), placed.status.as_u16());
        assert!(both == (204, 404) || both == (409, 201), "{both:?}");
    }
}

#[tokio::test]
async fn what_is_held_is_spared_by_the_time_the_hold_is_answered() {
    let world = world().await;
    let operator = world.operator().await;
    let camera = world.camera("Cổng").await;
    let (stream, start) = (camera.streams[0].id, world.now());
    world.record(stream, &common::frames(start, 25)).await;
    // What housekeeping does by itself, at a moment of our choice. The retention
    // is the camera's own: housekeeping may set it again at any moment.
    let days = camera.retention.days;
    let expire = || {
        let retention = store::Retention { days: Some(days.into()), bytes: None };
        world.store.set_retention([(stream, retention)].into());
        world
            .store
            .expire(start.plus(Duration::from_secs(86_400) * (u32::from(days) + 1)))
            .unwrap();
        world.store.status().streams[&stream].first
    };
    let body = json!({
        "camera": camera.id, "from_us": start.0, "to_us": start.0 + 1, "reason": "hồ sơ 12"
    });
    let hold = world.ask(&operator, "POST", "/api/v1/holds", body).await;
    assert_eq!((hold.status.as_u16(), expire()), (201, Some(start)), "{hold:?}");
    let hold = format!("/api/v1/holds/{}", hold.json()["id"].as_str().unwrap());
    assert_eq!(world.ask(&operator, "DELETE", &hold, Value::Null).await.status, 204);
    world.recorder.apply_holds().await.unwrap();
    assert_eq!(expire(), None);
}

/// How a camera answers a request: with a status and what follows it. Without one
/// it does not.
type Script = fn(request: &str) -> &'static str;

/// A camera that goes as far as its script; returns its address.
async fn camera(script: Script) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(speak(stream, script));
        }
    });
    address
}

async fn speak(stream: TcpStream, script: Script) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut request = String::new();
        while !request.ends_with("\r\n\r\n") {
            if stream.read_line(&mut request).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let answer = script(&request);
        let cseq = request.lines().find(|line| line.starts_with("CSeq")).unwrap_or("CSeq: 0");
        if let Some((status, rest)) = answer.split_once("\r\n") {
            let answer = format!("{status}\r\n{cseq}\r\n{rest}");
            let _ = stream.get_mut().write_all(answer.as_bytes()).await;
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_camera_is_told_by_its_code_the_field_and_the_cure() {
    let world = world().await;
    let admin = world.admin().await;
    // Bound and not listening, it refuses, and nobody else gets the port.
    let closed = TcpSocket::new_v4().unwrap();
    closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let locked = camera(
        |_| "RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n\r\n",
    );
    let jpeg = camera(|_| {
        "RTSP/1.0 200 OK\r\nContent-Type: application/sdp\r\nContent-Length: 56\r\n\r\n\
         v=0\r\ns=-\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\na=control:track\r\n"
    });
    let missing = camera(|_| "RTSP/1.0 404 Not Found\r\n\r\n");
    let broken = camera(|_| "RTSP/1.0 500 Internal Server Error\r\n\r\n");
    for (address, code, field, words) in [
        (
            closed.local_addr().unwrap(),
            "refused",
            "url",
            "ADDRESS refuses the connection; check the port, and that RTSP is switched on in the \
             camera",
        ),
        (
            locked.await,
            "wrong_credentials",
            "password",
            "the camera refuses this user name or password",
        ),
        (
            jpeg.await,
            "unsupported",
            "url",
            "ADDRESS sends JPEG; set the stream to H.264 or H.265 in the camera",
        ),
        (
            missing.await,
            "not_found",
            "url",
            "ADDRESS has no stream at this path; look the path up in its manual",
        ),
        (
            broken.await,
            "protocol",
            "url",
            "ADDRESS answers 500; restart the camera, or update its firmware",
        ),
    ] {
        let url = format!("rtsp://{address}/street");
        let body = json!({"url": url, "user": "admin", "password": "sai mật khẩu"});
        let refused = world.ask(&admin, "POST", "/api/v1/cameras/probe", body).await;
        assert!(!String::from_utf8_lossy(&refused.bytes).contains("sai mật khẩu"), "{code}");
        assert_eq!(refused.json()["field"], field, "{code}");
        let words = words.replace("ADDRESS", &address.to_string());
        assert_eq!(refused.refusal(), (422, code.to_owned(), words));
    }
    let body = json!({"url": "rtsp://127.0.0.1/", "password": "x"});
    let refused = world.ask(&admin, "POST", "/api/v1/cameras/probe", body).await;
    assert_eq!(refused.refusal().2, "a password without a user name; give both or neither");
}

#[tokio::test]
async fn a_camera_that_says_nothing_is_told_by_that() {
    let soon = Duration::from_secs(2);
    let limits = Limits { connect: soon, step: soon, ..Limits::default() };
    let world = world_with(limits, 0).await;
    let admin = world.admin().await;
    let address = camera(|_| "").await;
    let body = json!({"url": format!("rtsp://{address}/street")});
    let refused = world.ask(&admin, "POST", "/api/v1/cameras/probe", body).await;
    assert_eq!(refused.json()["field"], "url");
    let words = format!(
        "{address} takes the connection and does not answer DESCRIBE; restart the camera, and \
         check that the port is its RTSP port"
    );
    assert_eq!(refused.refusal(), (422, "silent".to_owned(), words));
}
