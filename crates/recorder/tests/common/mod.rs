//! A recorder over real rooms in a folder of its own, and simulated cameras
//! beside it.
#![allow(dead_code, unreachable_pub, reason = "each file of tests uses its part")]
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base::{Day, SiteId, Span, StreamId, WallTime};
use bytes::Bytes;
use casework::Holds;
use catalog::{
    Camera, Catalog, NewCamera, NewOrganisation, NewSite, NewStream, Particulars, Purpose,
    Retention, SealKey, StreamRole,
};
use db::{Durability, Pool};
use ingest::Clock;
use live::Hub;
use recorder::{Config, Handle, Recorder, Thumbnails};
use simcam::clip::Clip;
use simcam::{CameraConfig, Server, ServerConfig};
use store::{Disk, Piece, Store, StoreConfig};

pub struct World {
    _folder: tempfile::TempDir,
    pub catalog: Catalog,
    pub holds: Holds,
    pub store: Store,
    pub recorder: Handle,
    pub hub: Hub,
    pub decoder: decode::Decoder,
    pub cameras: Server,
    site: SiteId,
}

/// A recorder that housekeeps when it begins, and then only when asked.
pub async fn world(clock: Clock) -> World {
    world_with(clock, Config::default()).await
}

/// The same, with settings of its own.
pub async fn world_with(clock: Clock, config: Config) -> World {
    let plain = ["cam1", "cam2"].map(|name| CameraConfig::new(name, clip(), clip()));
    world_of(clock, config, plain.into()).await
}

/// The same, with cameras of its own.
pub async fn world_of(clock: Clock, config: Config, simulated: Vec<CameraConfig>) -> World {
    let recorder_config = Config { expire_every: Duration::from_secs(3600), ..config };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("khue.sqlite");
    let pool = Pool::open_sqlite(&file, Durability::Cache).await.unwrap();
    let (key, today) = (SealKey::new(&[1; 32]), Day::of(WallTime(0)));
    let catalog = Catalog::open(pool.clone(), key, today).await.unwrap();
    let holds = Holds::open(pool).await.unwrap();
    let config = StoreConfig {
        root: folder.path().join("store"),
        reserve_bytes: 0,
        // Something can be let go of after a second or two.
        segment_s: 1,
        ..StoreConfig::default()
    };
    let now = clock.now().1;
    let store = Store::open(config, Disk::Real, now).await.unwrap();
    let hub = Hub::new(now);
    let worker = decode::Config::new(worker());
    let decoder = decode::Decoder::new(worker).unwrap();
    let recorder = Recorder {
        catalog: catalog.clone(),
        holds: holds.clone(),
        store: store.clone(),
        hub: hub.clone(),
        thumbnails: Thumbnails::new(store.clone(), decoder.clone()),
        clock,
        config: recorder_config,
    };
    let recorder = recorder.start().unwrap();
    let ward = NewOrganisation::named("Công an phường", None);
    let organisation = catalog.add_organisation(ward).await.unwrap().id;
    let site = NewSite::named("Ngã tư Tràng Thi", organisation);
    let site = catalog.add_site(site).await.unwrap().id;
    let config = ServerConfig::new((Ipv4Addr::LOCALHOST, 0).into(), simulated);
    let cameras = Server::start(config).await.unwrap();
    World { _folder: folder, catalog, holds, store, recorder, hub, decoder, cameras, site }
}

impl World {
    /// Adds a simulated camera, recorded from now on.
    pub async fn camera(&self, name: &str) -> Arc<Camera> {
        self.heard(name, false).await
    }

    /// Adds a simulated camera that may be listened to, or may not.
    pub async fn heard(&self, name: &str, sound: bool) -> Arc<Camera> {
        let stream = |role: StreamRole| NewStream {
            role,
            url: self.url(name, role),
            user: None,
            password: None,
            facts: None,
        };
        let camera = NewCamera {
            number: None,
            name: name.to_owned(),
            site: self.site,
            make: None,
            recording: true,
            retention: Retention::default(),
            link: Default::default(),
            class: Default::default(),
            sound,
            particulars: Particulars {
                purposes: [Purpose::Traffic].into(),
                legal_basis: Some("319/QĐ-UBND".to_owned()),
                ..Particulars::default()
            },
            streams: vec![stream(StreamRole::Main), stream(StreamRole::Sub)],
        };
        self.catalog.add_camera(camera).await.unwrap()
    }

    pub fn url(&self, name: &str, role: StreamRole) -> String {
        format!("rtsp://{}/{name}/{}", self.cameras.addr(), role.as_str())
    }

    /// Waits until so much of a stream is in the store.
    pub async fn recorded(&self, stream: StreamId, length: Duration) -> Span {
        let mut whole = None;
        until("the stream is recorded", || {
            let status = self.store.status().streams.get(&stream).copied();
            whole = status.and_then(|status| Span::new(status.first?, status.last?));
            whole.is_some_and(|whole| whole.duration() >= length)
        })
        .await;
        whole.unwrap()
    }

    /// Returns a stream's frames in a span, as they are read back.
    pub fn frames(&self, stream: StreamId, span: Span) -> BTreeMap<WallTime, Bytes> {
        let mut reader = self.store.read(stream, span.start());
        let mut frames = BTreeMap::new();
        while let Some(piece) = reader.next() {
            let Piece::Fragment(fragment) = piece else { continue };
            let within = fragment.frames().filter(|(wall, ..)| span.contains(*wall));
            frames.extend(within.map(|(wall, _, data)| (wall, data)));
        }
        frames
    }

    /// Has the store let go of every closed segment that is not held. Until this is
    /// asked it lets go of nothing, however long a test takes to get here.
    pub async fn let_go(&self) {
        self.store.sync().await;
        let days = Retention::default().days;
        let kept = store::Retention { days: Some(days.into()), bytes: None };
        // What housekeeping sets as well, should its first round come after this.
        let streams = self.store.status().streams;
        self.store.set_retention(streams.into_keys().map(|stream| (stream, kept)).collect());
        let past = Duration::from_secs(86_400) * (u32::from(days) + 1);
        self.store.expire(Clock::system().now().1.plus(past)).unwrap();
    }
}

/// Returns the worker as `cargo test --workspace` leaves it beside this test.
pub fn worker() -> std::path::PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    path.join("khue-decode")
}

/// Waits for what others bring about.
pub async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let looking = async {
        let mut look = tokio::time::interval(Duration::from_millis(10));
        while !is_so() {
            look.tick().await;
        }
    };
    // Only so that a defect ends the test instead of hanging it.
    let looking = tokio::time::timeout(Duration::from_secs(60), looking);
    assert!(looking.await.is_ok(), "waited in vain until {what}");
}

/// Two seconds of a test picture, five keyframes a second.
pub fn clip() -> Arc<Clip> {
    static CLIP: OnceLock<Arc<Clip>> = OnceLock::new();
    Arc::clone(CLIP.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("clip.mp4");
        let made = Command::new("ffmpeg")
            .args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=320x180:r=25:d=2"])
            .args(["-vf", "noise=alls=40:allf=t", "-c:v", "libx264", "-preset", "ultrafast"])
            .args(["-qp", "24", "-bf", "0", "-g", "5", "-pix_fmt", "yuv420p"])
            .arg(&file)
            .status();
        assert!(made.expect("install the Debian package ffmpeg").success());
        Arc::new(Clip::from_mp4(&file).unwrap())
    }))
}
