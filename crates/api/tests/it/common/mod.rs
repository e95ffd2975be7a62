//! A whole API over real rooms in a folder of its own, and browsers that ask it.
#![allow(dead_code, unreachable_pub, reason = "each file of tests uses its part")]
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use api::{App, RtspPorts};
use audit::{Journal, RootKey};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode};
use base::{CameraId, Day, SiteId, StreamId, UserId, WallTime};
use bytes::Bytes;
use casework::{Approvals, DataRequests, Emergencies, Holds};
use catalog::{
    Camera, Catalog, NewCamera, NewOrganisation, NewSite, NewStream, NewUser, Particulars,
    Retention, Role, SealKey, Secret, StreamRole, Subject, Terms, UserChange,
};
use db::testutil::{Fresh, Kind};
use db::{Durability, Pool};
use futures::{SinkExt, StreamExt};
use ingest::Clock;
use live::Hub;
use live::whep::{Whep, WhepConfig};
use media::{Codec, Frame, Params};
use recorder::{Converter, Thumbnails};
use serde_json::{Value, json};
use signin::{AskedOf, Config, MediaTokens, Provider, SignIns, StreamSecrets};
use store::{Disk, Store, StoreConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use tower::ServiceExt;

/// The moment at which every test begins: 2026-11-20, UTC.
pub const START: WallTime = WallTime(1_795_135_338_000_000);

/// A password good enough for everybody here.
pub const PASSWORD: &str = "cầu Long Biên 1902";

/// The address that browsers here come from.
pub const PEER: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 7)), 50_000);

/// The seed of the key that signs media tokens.
pub const TOKEN_SEED: [u8; 32] = [3; 32];

/// The seed of the key that signs the audit.
pub const AUDIT_SEED: [u8; 32] = [5; 32];

pub struct World {
    pub folder: tempfile::TempDir,
    /// Where its rows are, if not in the folder.
    rows: Option<Fresh>,
    pub router: Router,
    pub catalog: Catalog,
    pub audit: Journal,
    pub sign_ins: SignIns,
    pub stream_secrets: StreamSecrets,
    pub holds: Holds,
    pub store: Store,
    pub hub: Hub,
    pub whep: Whep,
    pub recorder: recorder::Handle,
    pub site: SiteId,
    pub admin: UserId,
    pub operator: UserId,
    pub auditor: UserId,
    now: Arc<AtomicI64>,
    address: tokio::sync::OnceCell<SocketAddr>,
}

/// What a browser keeps of a sign-in.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    pub cookie: String,
    pub csrf: String,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|error| panic!("{error}: {:?}", String::from_utf8_lossy(&self.bytes)))
    }

    /// Status and error form, to compare with.
    pub fn refusal(&self) -> (u16, String, String) {
        let form = self.json();
        let text = |field: &str| form[field].as_str().unwrap().to_owned();
        // SCIM has a form of its own, with our code in it.
        let message = if form["detail"].is_string() { "detail" } else { "message" };
        (self.status.as_u16(), text("code"), text(message))
    }

    /// Everything a client could tell one answer from another by.
    pub fn whole(&self) -> (StatusCode, HeaderMap, Bytes) {
        (self.status, self.headers.clone(), self.bytes.clone())
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub async fn world() -> World {
    // Whatever room the folder's disk has is enough.
    world_with(ingest::Limits::default(), 0).await
}

/// A world that gives a camera so long when it tries one, and keeps so many
/// bytes of the disk free.
pub async fn world_with(probe_limits: ingest::Limits, reserve_bytes: u64) -> World {
    world_over(probe_limits, reserve_bytes, audit::Disk::Real).await
}

/// A world whose audit lies on this disk.
pub async fn world_over(
    probe_limits: ingest::Limits,
    reserve_bytes: u64,
    audit_disk: audit::Disk,
) -> World {
    // What most tests are about is not how administrators get in.
    let sign_in = Config { second_factor: AskedOf::Nobody, ..Config::default() };
    world_of(probe_limits, reserve_bytes, audit_disk, sign_in, None, None).await
}

/// A world whose rows are in a database of this kind.
pub async fn world_in(kind: Kind) -> World {
    let sign_in = Config { second_factor: AskedOf::Nobody, ..Config::default() };
    let rows = (kind == Kind::Postgres).then(|| Fresh::new(kind));
    world_of(ingest::Limits::default(), 0, audit::Disk::Real, sign_in, None, rows).await
}

/// A world in which so much is asked of whoever signs in.
pub async fn world_asking(sign_in: Config) -> World {
    world_of(ingest::Limits::default(), 0, audit::Disk::Real, sign_in, None, None).await
}

/// A world that believes another installation.
pub async fn world_believing(provider: Provider, sign_in: Config) -> World {
    world_of(ingest::Limits::default(), 0, audit::Disk::Real, sign_in, Some(provider), None).await
}

async fn world_of(
    probe_limits: ingest::Limits,
    reserve_bytes: u64,
    audit_disk: audit::Disk,
    sign_in: Config,
    provider: Option<Provider>,
    rows: Option<Fresh>,
) -> World {
    let folder = tempfile::tempdir().unwrap();
    let now = Arc::new(AtomicI64::new(START.0));
    let clock = {
        let now = now.clone();
        Clock::Scripted(Arc::new(move || (Instant::now(), WallTime(now.load(Ordering::SeqCst)))))
    };
    let file = folder.path().join("khue.sqlite");
    let pool = match &rows {
        Some(rows) => rows.open().await,
        None => Pool::open_sqlite(&file, Durability::Cache).await.unwrap(),
    };
    let catalog =
        Catalog::open(pool.clone(), SealKey::new(&[1; 32]), Day::of(START)).await.unwrap();
    let sign_ins = SignIns::open(pool.clone(), &[2; 32], sign_in).await.unwrap();
    let stream_secrets = StreamSecrets::open(pool.clone(), &[4; 32]).await.unwrap();
    let holds = Holds::open(pool.clone()).await.unwrap();
    let root = folder.path().join("store");
    let config = StoreConfig { root, reserve_bytes, ..StoreConfig::default() };
    let store = Store::open(config, Disk::Real, START).await.unwrap();
    let key = RootKey::new(&AUDIT_SEED);
    let audit = Journal::open(&folder.path().join("audit"), audit_disk, key, START).unwrap();
    let hub = Hub::new(START);
    // Nowhere: what needs it is tried where the whole program is.
    let worker = decode::Config::new(folder.path().join("khue-decode"));
    let decoder = decode::Decoder::new(worker).unwrap();
    let thumbnails = Thumbnails::new(store.clone(), decoder.clone());
    let converter = Converter::new(hub.clone(), decoder, clock.clone());
    let recorder = recorder::Recorder {
        catalog: catalog.clone(),
        holds: holds.clone(),
        store: store.clone(),
        hub: hub.clone(),
        thumbnails: thumbnails.clone(),
        clock: clock.clone(),
        config: recorder::Config::default(),
    };
    let recorder = recorder.start().unwrap();

    let listen = (std::net::Ipv4Addr::LOCALHOST, 0).into();
    let whep = Whep::start(&WhepConfig { listen, ..WhepConfig::default() }, hub.clone()).unwrap();
    let ward = NewOrganisation::named("Công an phường", None);
    let organisation = catalog.add_organisation(ward).await.unwrap().id;
    let site = NewSite::named("Ngã tư Tràng Thi", organisation);
    let site = catalog.add_site(site).await.unwrap().id;
    let admin = user(&catalog, "quantri", Role::Administrator).await;
    let operator = user(&catalog, "truc", Role::Operator).await;
    let usual = Terms { basis: "kiểm thử".to_owned(), ..Terms::usual(Subject::User(operator)) };
    catalog.give(usual, None, START).await.unwrap();
    let auditor = user(&catalog, "kiemtra", Role::Auditor).await;
    let router = api::router(App {
        catalog: catalog.clone(),
        audit: audit.clone(),
        audit_folder: folder.path().join("audit"),
        sign_ins: sign_ins.clone(),
        provider,
        passkey_hosts: vec!["khue.test".to_owned()],
        stream_secrets: stream_secrets.clone(),
        rtsp: RtspPorts { tls: Some(8322), plain: Some(8554) },
        tokens: MediaTokens::new(&TOKEN_SEED),
        holds: holds.clone(),
        approvals: Approvals::open(pool.clone()).await.unwrap(),
        emergencies: Emergencies::open(pool.clone()).await.unwrap(),
        data_requests: DataRequests::open(pool).await.unwrap(),
        store: store.clone(),
        hub: hub.clone(),
        converter,
        thumbnails,
        whep: Some(whep.clone()),
        recorder: recorder.clone(),
        clock,
        probe_limits,
        ui,
        ca_pem: Some("-----BEGIN CERTIFICATE-----\n".to_owned()),
        demo: true,
        version: "0.0.0-test",
    });
    let address = tokio::sync::OnceCell::new();
    World {
        folder,
        rows,
        router,
        catalog,
        audit,
        sign_ins,
        stream_secrets,
        holds,
        store,
        hub,
        whep,
        recorder,
        site,
        admin,
        operator,
        auditor,
        now,
        address,
    }
}

async fn user(catalog: &Catalog, name: &str, role: Role) -> UserId {
    let display_name = format!("{name} (hiển thị)");
    let user = NewUser { name: name.to_owned(), display_name, role, organisation: None };
    catalog.add_user(user).await.unwrap().id
}

/// A client of three files, and a secret beside them.
fn ui(path: &str) -> Option<(Bytes, &'static str)> {
    match path {
        "index.html" => Some((Bytes::from_static(b"<!doctype html>"), "text/html; charset=utf-8")),
        "assets/app-123.js" => Some((Bytes::from_static(b"1"), "text/javascript; charset=utf-8")),
        // What a folder on disk would give to who asks for its parents.
        path if path.contains("..") => Some((Bytes::from_static(b"secret"), "text/plain")),
        "favicon.svg" => Some((Bytes::from_static(b"<svg/>"), "image/svg+xml")),
        _ => None,
    }
}

impl World {
    pub fn now(&self) -> WallTime {
        WallTime(self.now.load(Ordering::SeqCst))
    }

    pub fn pass(&self, time: Duration) {
        self.now.fetch_add(i64::try_from(time.as_micros()).unwrap(), Ordering::SeqCst);
    }

    /// Asks as `browser`, as a page of ours would.
    pub async fn ask(&self, browser: &Browser, method: &str, path: &str, body: Value) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("host", "khue.test");
        if !browser.cookie.is_empty() {
            request = request.header("cookie", &browser.cookie);
        }
        if method != "GET" {
            request = request.header("x-khue-csrf", &browser.csrf);
        }
        let body = match body {
            Value::Null => Body::empty(),
            body => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
        };
        self.send(request.body(body).unwrap()).await
    }

    pub async fn get(&self, browser: &Browser, path: &str) -> Answer {
        self.ask(browser, "GET", path, Value::Null).await
    }

    pub async fn send(&self, mut request: Request<Body>) -> Answer {
        request.extensions_mut().insert(ConnectInfo(PEER));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Answer { status, headers, bytes }
    }

    /// Tries to sign in.
    pub async fn try_sign_in(&self, name: &str, password: &str) -> Answer {
        let body = json!({"name": name, "password": password});
        self.ask(&Browser::default(), "POST", "/api/v1/session", body).await
    }

    /// Signs in somebody who must still choose a password.
    pub async fn first_sign_in(&self, user: UserId, name: &str) -> (Browser, String) {
        let one_time = self.sign_ins.issue_one_time(user, self.now()).await.unwrap().to_string();
        let answer = self.try_sign_in(name, &one_time).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        (browser(&answer), one_time)
    }

    /// Signs in somebody for good.
    pub async fn sign_in(&self, user: UserId, name: &str) -> Browser {
        let (browser, one_time) = self.first_sign_in(user, name).await;
        let body = json!({"current": one_time, "new": PASSWORD});
        let chosen = self.ask(&browser, "PUT", "/api/v1/session/password", body).await;
        assert_eq!(chosen.status, 204, "{chosen:?}");
        browser
    }

    /// Gives somebody another role.
    pub async fn set_role(&self, user: UserId, role: Role) {
        let change = UserChange { role: Some(role), ..UserChange::default() };
        self.catalog.change_user(user, change).await.unwrap();
    }

    /// Returns the entries of its audit, which nobody has tampered with.
    pub async fn entries(&self) -> Vec<audit::Entry> {
        self.audit.flush().await.unwrap();
        let folder = self.folder.path().join("audit");
        let report = audit::verify(&folder, &RootKey::new(&AUDIT_SEED).public()).unwrap();
        assert_eq!(report.faults, []);
        let logs = audit::logs(&folder).unwrap();
        let text: String = logs.iter().map(|log| std::fs::read_to_string(log).unwrap()).collect();
        text.lines().map(|line| audit::chain::Line::read(line.as_bytes()).unwrap().entry).collect()
    }

    pub async fn admin(&self) -> Browser {
        self.sign_in(self.admin, "quantri").await
    }

    pub async fn operator(&self) -> Browser {
        self.sign_in(self.operator, "truc").await
    }

    /// Adds a camera that nobody records: tests feed its streams themselves.
    pub async fn camera(&self, name: &str) -> Arc<Camera> {
        let stream = |role, url: &str| NewStream {
            role,
            url: url.to_owned(),
            user: Some("admin".to_owned()),
            password: Some(Secret::new("bí mật của camera")),
            facts: None,
        };
        let camera = NewCamera {
            number: None,
            name: name.to_owned(),
            site: self.site,
            make: None,
            recording: false,
            retention: Retention::default(),
            link: Default::default(),
            class: Default::default(),
            sound: false,
            particulars: Particulars::default(),
            streams: vec![
                stream(StreamRole::Main, "rtsp://127.0.0.1:9/main"),
                stream(StreamRole::Sub, "rtsp://127.0.0.1:9/sub"),
            ],
        };
        self.catalog.add_camera(camera).await.unwrap()
    }

    /// Asks for a media token.
    pub async fn token(&self, browser: &Browser, camera: CameraId, action: &str) -> String {
        let body = json!({"camera": camera, "actions": [action], "purpose": "kiểm tra", "case": "12/2026"});
        let answer = self.ask(browser, "POST", "/api/v1/media-tokens", body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    /// Records frames, and waits until they are in the timeline.
    pub async fn record(&self, stream: StreamId, frames: &[Frame]) {
        let mut writer = self.store.writer(stream);
        writer.push(frames);
        drop(writer);
        self.store.sync().await;
    }

    /// Serves the API on a socket, once.
    pub async fn address(&self) -> SocketAddr {
        let serve = || async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let service = self.router.clone().into_make_service_with_connect_info::<SocketAddr>();
            tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
            address
        };
        *self.address.get_or_init(serve).await
    }

    /// Opens the media socket.
    pub async fn socket(&self, browser: &Browser) -> Socket {
        self.try_socket(browser, None).await.unwrap()
    }

    pub async fn try_socket(
        &self,
        browser: &Browser,
        origin: Option<&str>,
    ) -> Result<Socket, tungstenite::Error> {
        let address = self.address().await;
        let url = format!("ws://{address}/api/v1/media");
        let mut request = url.into_client_request().unwrap();
        if !browser.cookie.is_empty() {
            request.headers_mut().insert("cookie", browser.cookie.parse().unwrap());
        }
        let own = format!("http://{address}");
        let origin = origin.unwrap_or(&own).parse().unwrap();
        request.headers_mut().insert("origin", origin);
        let (stream, _) = tokio_tungstenite::connect_async(request).await?;
        Ok(Socket(stream))
    }
}

/// Reads what a browser keeps of a sign-in.
pub fn browser(answer: &Answer) -> Browser {
    let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
    Browser { cookie, csrf: answer.json()["csrf"].as_str().unwrap().to_owned() }
}

/// A browser's media socket.
pub struct Socket(pub WebSocketStream<MaybeTlsStream<TcpStream>>);

/// What comes on it.
#[derive(Debug)]
pub enum Heard {
    Event(Value),
    Piece { kind: u8, key: bool, channel: u32, wall_us: i64, bytes: Bytes },
    Closed(Option<u16>),
}

impl Socket {
    pub async fn say(&mut self, op: Value) {
        self.0.send(Message::text(op.to_string())).await.unwrap();
    }

    pub async fn hear(&mut self) -> Heard {
        let next = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => {
                        return Heard::Event(serde_json::from_str(&text).unwrap());
                    }
                    Some(Ok(Message::Binary(bytes))) => {
                        assert_eq!(bytes[2..4], [0, 0]);
                        return Heard::Piece {
                            kind: bytes[0],
                            key: bytes[1] & 1 == 1,
                            channel: u32::from_be_bytes(bytes[4..8].try_into().unwrap()),
                            wall_us: i64::from_be_bytes(bytes[8..16].try_into().unwrap()),
                            bytes: bytes.slice(16..),
                        };
                    }
                    Some(Ok(Message::Close(frame))) => {
                        return Heard::Closed(frame.map(|frame| frame.code.into()));
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Heard::Closed(None),
                }
            }
        };
        // Only so that a defect ends the test instead of hanging it.
        tokio::time::timeout(Duration::from_secs(20), next).await.expect("the socket is silent")
    }

    pub async fn event(&mut self) -> Value {
        match self.hear().await {
            Heard::Event(event) => event,
            other => panic!("{other:?}"),
        }
    }

    /// Passes over everything up to an event of this type.
    pub async fn until(&mut self, kind: &str) -> Value {
        loop {
            match self.hear().await {
                Heard::Event(event) if event["type"] == kind => return event,
                Heard::Closed(code) => panic!("closed with {code:?} before {kind}"),
                _ => {}
            }
        }
    }

    pub async fn piece(&mut self) -> (u8, bool, u32, i64, Bytes) {
        match self.hear().await {
            Heard::Piece { kind, key, channel, wall_us, bytes } => {
                (kind, key, channel, wall_us, bytes)
            }
            other => panic!("{other:?}"),
        }
    }

    /// Opens a channel and returns its number.
    pub async fn open(&mut self, op: Value) -> u32 {
        self.say(op).await;
        let opened = self.event().await;
        assert_eq!(opened["type"], "opened", "{opened}");
        u32::try_from(opened["channel"].as_u64().unwrap()).unwrap()
    }
}

/// Frames of 25 pictures a second from `from` on, with a keyframe each second.
pub fn frames(from: WallTime, count: usize) -> Vec<Frame> {
    let config = Bytes::from_static(&[1, 77, 0, 41, 0xff, 0xe0, 0]);
    let params = Arc::new(Params { codec: Codec::H264, width: 1280, height: 720, config });
    let frame = |number: usize| {
        let is_key = number.is_multiple_of(25);
        let nal = if is_key { 0x65 } else { 0x41 };
        let mut data = vec![0, 0, 0, 96, nal];
        data.resize(100, u8::try_from(number % 251).unwrap());
        Frame {
            wall: WallTime(from.0 + i64::try_from(number).unwrap() * 40_000),
            composition_us: 0,
            is_key,
            data: data.into(),
            params: params.clone(),
        }
    };
    (0..count).map(frame).collect()
}
