//! A recorder over real rooms in a folder of its own, and simulated cameras
//! beside it.
#![allow(dead_code, unreachable_pub, reason = "each file of tests uses its part")]
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base::{SiteId, Span, StreamId, WallTime};
use bytes::Bytes;
use casework::Holds;
use catalog::{Camera, Catalog, NewCamera, NewStream, Retention, SealKey, StreamRole};
use db::{Durability, Pool};
use ingest::Clock;
use live::Hub;
use media::{Codec, Frame, Params};
use recorder::{Config, Handle, Recorder};
use simcam::clip::Clip;
use simcam::{CameraConfig, Server, ServerConfig};
use store::{Disk, Piece, Store, StoreConfig};

/// All that recordings may take here: some seconds of a simulated camera.
pub const CEILING: u64 = 2 << 20;

pub struct World {
    _folder: tempfile::TempDir,
    pub catalog: Catalog,
    pub holds: Holds,
    pub store: Store,
    pub recorder: Handle,
    pub cameras: Server,
    site: SiteId,
}

/// A recorder that housekeeps when it begins, and then only when asked.
pub async fn world(clock: Clock) -> World {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("khue.sqlite");
    let pool = Pool::open_sqlite(&file, Durability::Cache).await.unwrap();
    let catalog = Catalog::open(pool.clone(), SealKey::new(&[1; 32])).await.unwrap();
    let holds = Holds::open(pool).await.unwrap();
    let config = StoreConfig {
        root: folder.path().join("store"),
        ceiling_bytes: Some(CEILING),
        reserve_bytes: 0,
        ..StoreConfig::default()
    };
    let now = clock.now().1;
    let store = Store::open(config, Disk::Real, now).await.unwrap();
    let recorder = Recorder {
        catalog: catalog.clone(),
        holds: holds.clone(),
        store: store.clone(),
        hub: Hub::new(now),
        clock,
        config: Config { expire_every: Duration::from_secs(3600), ..Config::default() },
    };
    let recorder = recorder.start().unwrap();
    let organisation = catalog.add_organisation("Công an phường", None).await.unwrap().id;
    let site = catalog.add_site("Ngã tư Tràng Thi", organisation).await.unwrap().id;
    let simulated = ["cam1", "cam2"].map(|name| CameraConfig::new(name, clip(), clip()));
    let config = ServerConfig::new((Ipv4Addr::LOCALHOST, 0).into(), simulated.into());
    let cameras = Server::start(config).await.unwrap();
    World { _folder: folder, catalog, holds, store, recorder, cameras, site }
}

impl World {
    /// Adds a simulated camera, recorded from now on.
    pub async fn camera(&self, name: &str) -> Arc<Camera> {
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

    /// Has another stream record as much as the store may hold, after which the
    /// store has let go of what is older and not held.
    pub async fn fill(&self) {
        let mut writer = self.store.writer(StreamId::new());
        let now = Clock::system().now().1;
        for second in 0..CEILING / (64 << 10) {
            writer.push(&[rubbish(now.plus(Duration::from_secs(second)), 64 << 10)]);
        }
        drop(writer);
        self.store.sync().await;
    }
}

/// A keyframe that nobody could show.
fn rubbish(wall: WallTime, size: usize) -> Frame {
    static PARAMS: OnceLock<Arc<Params>> = OnceLock::new();
    let params = PARAMS.get_or_init(|| {
        let config = Bytes::from_static(&[1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 1, 0x67, 1, 0, 1, 0x68]);
        Arc::new(Params { codec: Codec::H264, width: 640, height: 360, config })
    });
    let mut data = Vec::new();
    media::nal::push_length_prefixed(&mut data, &vec![0x65; size]);
    let params = params.clone();
    Frame { wall, composition_us: 0, is_key: true, data: data.into(), params }
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

/// Two seconds of a test picture, five keyframes a second, and not small.
fn clip() -> Arc<Clip> {
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
