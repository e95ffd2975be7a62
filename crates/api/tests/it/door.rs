//! What every path has in common: one error form, headers, and nobody gets past
//! who is not signed in.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crate::common::{Browser, World, frames, world, world_with};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use futures::StreamExt;
use serde_json::{Value, json};
use tokio::net::TcpSocket;
use tokio::time::{interval, timeout};
use tower::ServiceExt;

/// `UPDATE=1 cargo test -p api` writes the description anew.
#[test]
fn the_openapi_description_is_the_one_that_is_kept() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let now = format!("{}\n", api::openapi());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == now,
        "crates/api/openapi.json is out of date; UPDATE=1 cargo test -p api writes it"
    );
}

/// Behind a body that nobody read no HTTP/1 connection goes on, and a client that is
/// still sending loses the answer.
#[tokio::test]
async fn whoever_is_refused_is_listened_to_until_they_have_ended() {
    let world = world().await;
    let (said, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let pieces = futures::stream::iter(0..9).then(move |number| {
        let said = said.clone();
        async move {
            // As they come over a network: not all at once.
            tokio::task::yield_now().await;
            said.send(number).unwrap();
            Ok::<_, std::io::Error>("{\"camera\":\"x\"}")
        }
    });
    let request = Request::post("/api/v1/approvals").header("content-type", "application/json");
    let answer = world.send(request.body(Body::from_stream(pieces)).unwrap()).await;
    assert_eq!(answer.refusal().1, "signed_out");
    let mut numbers = Vec::new();
    while let Some(number) = heard.recv().await {
        numbers.push(number);
    }
    assert_eq!(numbers, (0..9).collect::<Vec<_>>());
}

#[tokio::test]
async fn nobody_is_answered_who_is_not_signed_in() {
    let world = world().await;
    let description: Value = serde_json::from_str(&api::openapi()).unwrap();
    let mut asked = 0;
    for (path, operations) in description["paths"].as_object().unwrap() {
        let path = path.replace("{id}", &base::CameraId::new().to_string());
        let path = path.replace("{name}", "camera-1.mp4");
        for method in operations.as_object().unwrap().keys() {
            let stranger = Browser::default();
            let body = if method == "get" { Value::Null } else { json!({"a": 1}) };
            let answer = world.ask(&stranger, &method.to_uppercase(), &path, body).await;
            // How one may get in is told, and who came back from elsewhere led on.
            let told = match path.strip_prefix("/api/v1/session/").unwrap_or_default() {
                "ways" | "passkey/challenge" => Some(200),
                "oidc/callback" => Some(303),
                _ => None,
            };
            if let Some(told) = told {
                assert_eq!(answer.status, told, "{method} {path}");
                continue;
            }
            let (status, code, _) = answer.refusal();
            let expected = match (method.as_str(), path.as_str()) {
                // What is asked is read first: there is nobody yet.
                (
                    "post",
                    "/api/v1/session" | "/api/v1/session/passkey" | "/api/v1/session/break-glass",
                ) => (400, "invalid"),
                // There is no other installation to ask.
                ("post", "/api/v1/session/oidc") => (404, "not_found"),
                // A download is opened by a cookie of its own.
                ("get", path) if path.starts_with("/api/v1/exports/") => (404, "not_found"),
                // A token in the body opens it, and this is none.
                ("put", path) if path.starts_with("/api/v1/whep/") => (403, "forged"),
                // So is what a player fetches.
                ("get", path) if path.starts_with("/api/v1/hls/") => (404, "not_found"),
                _ => (401, "signed_out"),
            };
            assert_eq!((status, code.as_str()), expected, "{method} {path}");
            asked += 1;
        }
    }
    assert!(asked >= 18, "only {asked} operations are described");
    let socket = world.get(&Browser::default(), "/api/v1/media").await.refusal();
    assert_eq!((socket.0, socket.1.as_str()), (401, "signed_out"));
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_in_the_one_form() {
    let world = world().await;
    let operator = world.operator().await;
    let raw = async |content_type: Option<&str>, body: Vec<u8>| {
        let mut request = Request::builder()
            .method("POST")
            .uri("/api/v1/media-tokens")
            .header("host", "khue.test")
            .header("cookie", &operator.cookie)
            .header("x-khue-csrf", &operator.csrf);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        world.send(request.body(Body::from(body)).unwrap()).await.refusal()
    };
    let json_type = Some("application/json");
    let refused = raw(json_type, b"{\"camera\"".to_vec()).await;
    assert_eq!((refused.0, refused.1.as_str()), (400, "invalid"));
    assert!(refused.2.starts_with("the body cannot be read: EOF while parsing"), "{}", refused.2);
    let refused = raw(json_type, b"\xff\xfe".to_vec()).await;
    assert_eq!((refused.0, refused.1.as_str()), (400, "invalid"));
    let refused = raw(json_type, b"{\"camera\":\"camera-1\",\"actions\":[]}".to_vec()).await;
    assert!(
        refused.2.starts_with("the body cannot be read: camera: UUID parsing failed"),
        "{}",
        refused.2
    );
    let refused = raw(json_type, b"{\"camra\":1}".to_vec()).await;
    assert!(refused.2.contains("unknown field `camra`"), "{}", refused.2);
    let refused = raw(json_type, b"[".repeat(60_000)).await;
    assert_eq!((refused.0, refused.1.as_str()), (400, "invalid"));
    let refused = raw(json_type, vec![b' '; 70_000]).await;
    assert_eq!((refused.0, refused.1.as_str()), (413, "too_large"));
    assert_eq!(refused.2, "the body is larger than 64 KiB");
    let refused = raw(None, b"{}".to_vec()).await;
    assert_eq!((refused.0, refused.1.as_str()), (415, "wrong_media_type"));
    assert_eq!(refused.2, "the body is not said to be JSON; send content-type: application/json");
}

#[tokio::test]
async fn spans_purposes_and_ids_that_are_none_are_refused_in_words() {
    let world = world().await;
    let operator = world.operator().await;
    let camera = world.camera("Cổng").await.id;
    let timeline = async |query: &str| {
        let path = format!("/api/v1/cameras/{camera}/timeline?{query}");
        world.get(&operator, &path).await.refusal()
    };
    for (query, words) in [
        ("role=main&from_us=5&to_us=5", "the span is empty; to_us must be after from_us"),
        ("role=main&from_us=5&to_us=4", "the span is empty; to_us must be after from_us"),
        ("role=main&from_us=-1&to_us=4", "from_us is no moment in microseconds from 1970 to 2255"),
        (
            "role=main&from_us=1&to_us=9007199254740992",
            "to_us is no moment in microseconds from 1970 to 2255",
        ),
        ("role=main&from_us=1", "the query cannot be read: missing field `to_us`"),
        (
            "role=third&from_us=1&to_us=2",
            "the query cannot be read: role: unknown variant `third`, expected one of `main`, `sub`, `sound`",
        ),
        (
            "role=main&from_us=x&to_us=2",
            "the query cannot be read: from_us: invalid digit found in string",
        ),
    ] {
        let refused = timeline(query).await;
        assert_eq!((refused.0, refused.1.as_str(), refused.2.as_str()), (400, "invalid", words));
    }
    for id in ["camera-1", "%2e%2e%2fetc%2fpasswd", "00000000"] {
        let refused = world.get(&operator, &format!("/api/v1/cameras/{id}")).await.refusal();
        assert_eq!((refused.0, refused.1.as_str()), (404, "not_found"), "{id}");
    }
    let token = async |body: Value| {
        let answer = world.ask(&operator, "POST", "/api/v1/media-tokens", body).await;
        (answer.json()["field"].clone(), answer.refusal().2)
    };
    for (body, field, words) in [
        (
            json!({"actions": []}),
            "actions",
            "name the actions: \"live\", \"playback\", or both, and \"sound\" beside them",
        ),
        (
            json!({"actions": ["playback"]}),
            "purpose",
            "looking back needs a purpose; say what it is for",
        ),
        (
            json!({"actions": ["playback"], "purpose": "x".repeat(301)}),
            "purpose",
            "the purpose is longer than 300 characters",
        ),
        (
            json!({"actions": ["playback"], "purpose": "x", "from_us": 1}),
            "to_us",
            "from_us needs to_us beside it",
        ),
        (
            json!({"actions": ["playback"], "purpose": "x", "from_us": 2, "to_us": 1}),
            "to_us",
            "the span is empty; to_us must be after from_us",
        ),
    ] {
        let mut body = body;
        body["camera"] = json!(camera);
        assert_eq!(token(body).await, (json!(field), words.to_owned()));
    }
}

#[tokio::test]
async fn a_path_that_is_not_there_and_a_method_that_is_not_are_told() {
    let world = world().await;
    let nobody = Browser::default();
    for path in ["/api", "/api/v1", "/api/v1/nothing", "/api/v2/tree", "/api/openapi.yaml"] {
        let refused = world.get(&nobody, path).await.refusal();
        let words = "there is no such page or thing";
        assert_eq!((refused.0, refused.1.as_str(), refused.2.as_str()), (404, "not_found", words));
    }
    for (method, path) in [("PATCH", "/api/v1/session"), ("POST", "/healthz"), ("PUT", "/desk")] {
        let refused = world.ask(&nobody, method, path, Value::Null).await.refusal();
        assert_eq!((refused.0, refused.1.as_str()), (405, "method_not_allowed"), "{method} {path}");
    }
}

#[tokio::test]
async fn every_answer_tells_the_browser_to_be_strict() {
    let world = world().await;
    let nobody = Browser::default();
    for path in ["/", "/favicon.svg", "/healthz", "/api/v1/session", "/nothing.js", "/ca"] {
        let answer = world.get(&nobody, path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(!policy.contains("script-src 'unsafe"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
    }
}

#[tokio::test]
async fn the_client_is_served_and_nothing_beside_it() {
    let world = world().await;
    let get = async |path: &str| world.get(&Browser::default(), path).await;
    let script = get("/assets/app-123.js").await;
    assert_eq!(script.header("content-type"), "text/javascript; charset=utf-8");
    assert_eq!(script.header("cache-control"), "public, max-age=31536000, immutable");
    for screen in ["/", "/index.html", "/desk", "/cameras/0190-x", "/playback/a/b"] {
        let page = get(screen).await;
        assert_eq!(
            (page.status.as_u16(), page.header("cache-control")),
            (200, "no-cache"),
            "{screen}"
        );
        assert_eq!(&page.bytes[..], b"<!doctype html>", "{screen}");
    }
    for nothing in [
        "/assets/app-124.js",
        "/missing.png",
        "/../Cargo.toml",
        "/..%2fCargo.toml",
        "/assets/../../x.db",
    ] {
        let (status, code, _) = get(nothing).await.refusal();
        assert_eq!((status, code.as_str()), (404, "not_found"), "{nothing}");
    }
}

#[tokio::test]
async fn long_texts_are_sent_small_to_who_takes_them_so() {
    let world = world().await;
    let get = |encoding: &'static str| {
        let request = Request::get("/api/openapi.json").header("accept-encoding", encoding);
        world.send(request.body(Body::empty()).unwrap())
    };
    let (plain, small) = (get("identity").await, get("gzip").await);
    assert_eq!((plain.header("content-encoding"), small.header("content-encoding")), ("", "gzip"));
    assert!(small.bytes.len() * 4 < plain.bytes.len());
}

#[tokio::test]
async fn the_pages_outside_the_client_are_there() {
    let world = world().await;
    let get = async |path: &str| world.get(&Browser::default(), path).await;
    assert_eq!(&get("/healthz").await.bytes[..], b"ok\n");
    let certificate = get("/ca.crt").await;
    assert_eq!(certificate.header("content-type"), "application/x-x509-ca-cert");
    assert!(certificate.bytes.starts_with(b"-----BEGIN CERTIFICATE-----"));
    let how = String::from_utf8(get("/ca").await.bytes.to_vec()).unwrap();
    assert!(how.contains("lang=\"vi\"") && how.contains("href=\"/ca.crt\""));
    assert_eq!(get("/api/openapi.json").await.json()["info"]["title"], "Khuê");
}

#[tokio::test]
async fn figures_are_for_this_machine_and_for_administrators() {
    let world = world().await;
    let (admin, operator) = (world.admin().await, world.operator().await);
    for nobody in [Browser::default(), operator] {
        assert_eq!(world.get(&nobody, "/metrics").await.status, 404);
    }
    let figures = String::from_utf8(world.get(&admin, "/metrics").await.bytes.to_vec()).unwrap();
    assert!(figures.contains("# TYPE khue_cameras gauge\nkhue_cameras{state=\"recording\"} 0\n"));
    for figure in ["khue_store_full", "khue_store_unreadable_files", "khue_lost_packets_total"] {
        assert!(figures.contains(&format!("\n{figure} 0\n")), "{figures}");
    }
    let mut request = Request::get("/metrics").body(Body::empty()).unwrap();
    let here: std::net::SocketAddr = "127.0.0.1:5000".parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(here));
    let answer = world.router.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
}

/// Reads the figures: the value of each name with its labels.
async fn figures(world: &World, admin: &Browser) -> BTreeMap<String, f64> {
    let text = String::from_utf8(world.get(admin, "/metrics").await.bytes.to_vec()).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let figure = |line: &str| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.parse().unwrap())
    };
    lines.map(figure).collect()
}

#[tokio::test]
async fn figures_tell_what_is_recorded_watched_and_out_of_order() {
    let world = world().await;
    let operator = world.operator().await;
    let camera = world.camera("Cổng").await;
    let stream = camera.streams[0].id;
    // A writer that goes on, and the power cut would take what it has not handed over.
    let mut writer = world.store.writer(stream);
    writer.push(&frames(world.now(), 250));
    world.store.sync().await;
    world.pass(Duration::from_secs(70));
    let token = world.token(&operator, camera.id, "live").await;
    let mut socket = world.socket(&operator).await;
    socket.open(json!({"op": "live", "ref": "a", "token": token, "role": "main"})).await;
    // One camera that is to be recorded, at a port where nobody listens.
    let closed = TcpSocket::new_v4().unwrap();
    closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let body = json!({
        "name": "Hỏng", "site": world.site, "recording": true,
        "url": format!("rtsp://{}/", closed.local_addr().unwrap()),
        "particulars": {"purposes": ["traffic"], "legal_basis": "319/QĐ-UBND"},
    });
    let (admin, mut look) = (world.admin().await, interval(Duration::from_millis(10)));
    assert_eq!(world.ask(&admin, "POST", "/api/v1/cameras", body).await.status, 201);
    let failing = async {
        while recorder::Counts::of(world.recorder.states().values()).faulty == 0 {
            look.tick().await;
        }
    };
    timeout(Duration::from_secs(60), failing).await.expect("the camera never fails");

    let (figures, store) = (figures(&world, &admin).await, world.store.status());
    assert_eq!(figures["khue_cameras{state=\"faulty\"}"], 1.0);
    assert_eq!(figures["khue_viewers"], 1.0);
    assert_eq!(figures["khue_store_used_bytes"], store.used_bytes as f64);
    assert!(store.used_bytes > 0 && figures["khue_store_free_bytes"] > 0.0);
    let synced = store.streams[&stream].synced.unwrap();
    let unsynced = world.now().micros_since(synced) as f64 / 1e6;
    assert!(unsynced >= 60.0, "{unsynced}");
    assert_eq!(figures["khue_store_unsynced_seconds"], unsynced);
}

#[tokio::test]
async fn a_disk_that_takes_no_more_is_told_to_everybody_who_is_signed_in() {
    // No disk has so much to spare.
    let world = world_with(ingest::Limits::default(), u64::MAX / 4).await;
    let (admin, operator) = (world.admin().await, world.operator().await);
    let camera = world.camera("Cổng").await;
    world.record(camera.streams[0].id, &frames(world.now(), 50)).await;
    for person in [&admin, &operator] {
        let status = world.get(person, "/api/v1/status").await.json();
        assert_eq!(status["disk"]["full"], true, "{status}");
    }
    let figures = figures(&world, &admin).await;
    assert_eq!((figures["khue_store_full"], figures["khue_store_used_bytes"]), (1.0, 0.0));
    let timeline = format!(
        "/api/v1/cameras/{}/timeline?role=main&from_us={}&to_us={}",
        camera.id,
        world.now().0,
        world.now().plus(Duration::from_secs(2)).0
    );
    let timeline = world.get(&operator, &timeline).await.json();
    assert_eq!(timeline["gaps"][0]["reason"], "disk_full", "{timeline}");
}

#[tokio::test]
async fn every_figure_is_described() {
    let world = world().await;
    let admin = world.admin().await;
    let text = String::from_utf8(world.get(&admin, "/metrics").await.bytes.to_vec()).unwrap();
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/ref/api.md");
    let page = std::fs::read_to_string(page).unwrap();
    let described: Vec<&str> = page.lines().filter(|line| line.starts_with("| `khue_")).collect();
    let kinds: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    assert_eq!(described.len(), kinds.len());
    for (row, figure) in described.iter().zip(kinds) {
        let (name, kind) = figure.split_once(' ').unwrap();
        let labels = if name == "khue_cameras" { "{state}" } else { "" };
        assert!(row.starts_with(&format!("| `{name}{labels}` | {kind} | ")), "{figure}: {row}");
    }
}

#[tokio::test]
async fn the_status_counts_and_measures() {
    let world = world().await;
    let operator = world.operator().await;
    let status = world.get(&operator, "/api/v1/status").await.json();
    assert_eq!(status["cameras"], json!({"recording": 0, "connecting": 0, "faulty": 0}));
    assert_eq!(
        (&status["disk"]["used_bytes"], &status["disk"]["full"]),
        (&json!(0), &json!(false))
    );
    assert_eq!(status["disk"]["unreadable_files"], 0);
    // Nothing is set, so the disk's end is the ceiling.
    let free = status["disk"]["free_bytes"].as_u64().unwrap();
    assert!(free > 0);
    assert_eq!(
        (&status["disk"]["ceiling_bytes"], &status["synced_us"]),
        (&json!(free), &Value::Null)
    );
}
