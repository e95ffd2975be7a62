//! A device: who it is, what it has come to, and the door to it.
//!
//! ```text
//! Device ── TCP ──▶ connection ─▶ http ─▶ soap ─▶ guard ─▶ service ─▶ State
//!    ▲                                                                 ▲
//!    └── a test: position, calls, advance, change ─────────────────────┘
//! ```

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base::WallTime;
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::address::{Addresses, Service};
use super::connection;
use super::discovery::{self, Discovery};
use super::guard::{Guard, Level, Scheme, User};
use super::personality::{Personality, Quirks};
use super::ptz::{Head, Position};
use super::pull_point::{Event, PullPoints};
use super::service::Imaging;
use super::time::{Clock, Moment};
use crate::camera::lock;
use crate::clip::{Clip, Codec};
use crate::rtsp::auth::Credentials;

/// How many calls are remembered.
const MAX_CALLS: usize = 10_000;

/// What a device is, where, and for whom.
#[derive(Clone, Debug)]
pub struct DeviceConfig {
    /// Where it listens; port 0 takes any that is free.
    pub listen: SocketAddr,
    /// Who it says it is.
    pub personality: Personality,
    /// Its name in the network.
    pub name: String,
    /// Its serial number.
    pub serial: String,
    /// Its hardware address: `02:00:00:00:00:01`.
    pub mac: String,
    /// Its identity: a UUID without `urn:uuid:`.
    pub uuid: String,
    /// Its administrator; everybody is one if there is none.
    pub credentials: Option<Credentials>,
    /// What it shows.
    pub channels: Vec<Channel>,
    /// A JPEG for each snapshot, if it has any.
    pub snapshot: Option<Bytes>,
    /// The port that it names for RTSP.
    pub rtsp_port: u16,
    /// Where it can be found, if it can.
    pub discovery: Option<Discovery>,
}

/// One camera of a device.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// The full picture.
    pub main: StreamConfig,
    /// The small one.
    pub sub: StreamConfig,
    /// Whether it turns.
    pub ptz: bool,
}

/// A stream, as a device tells of it.
#[derive(Clone, Debug)]
pub struct StreamConfig {
    /// Where it is: `rtsp://127.0.0.1:8554/cam1/main`.
    pub url: String,
    /// How it is coded.
    pub codec: Codec,
    /// The picture's width.
    pub width: u32,
    /// The picture's height.
    pub height: u32,
    /// How many pictures there are a second.
    pub fps: u32,
    /// How many kilobits a second it has at most.
    pub bitrate_kbps: u32,
}

/// A running device. Dropping it stops it as well, without waiting.
#[derive(Debug)]
pub struct Device {
    addr: SocketAddr,
    discovery: Option<SocketAddr>,
    inner: Arc<Inner>,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

/// A request that a device answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// What was asked for: `tds:GetServices`, or a method of HTTP where it is no SOAP.
    pub operation: String,
    /// Where, as sent.
    pub target: String,
    /// What it brought for a proof.
    pub scheme: Scheme,
    /// The status of the answer.
    pub status: u16,
}

/// Why a device cannot start.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// It cannot be found where it should be.
    #[error("cannot be found at {place:?}")]
    Discovery {
        /// Where.
        place: Discovery,
        /// What the system says.
        source: io::Error,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {addr}; choose another address or port")]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

/// What connections share.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) config: DeviceConfig,
    pub(crate) state: Mutex<State>,
    /// Wakes whoever pulls.
    pub(crate) news: watch::Sender<()>,
    /// When it started, in seconds: later for each start.
    pub(crate) turned_on: u64,
}

/// What a device has come to.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) clock: Clock,
    pub(crate) quirks: Quirks,
    pub(crate) guard: Guard,
    /// Whether it takes the time from a server.
    pub(crate) ntp: bool,
    pub(crate) relay: bool,
    pub(crate) reboots: u32,
    /// A head for each channel, whether or not it turns.
    pub(crate) heads: Vec<Head>,
    /// Settings of each channel.
    pub(crate) imaging: Vec<Imaging>,
    pub(crate) pull_points: PullPoints,
    pub(crate) calls: VecDeque<Answered>,
}

impl DeviceConfig {
    /// Returns the device of this number: its serial number, its hardware address and
    /// its UUID are made of it.
    pub fn new(
        listen: SocketAddr,
        personality: Personality,
        number: u32,
        channels: Vec<Channel>,
    ) -> Self {
        let [a, b, c, d] = number.to_be_bytes();
        Self {
            listen,
            personality,
            name: format!("{}-{number}", personality.name),
            serial: format!("SIM{number:08}"),
            mac: format!("02:00:{a:02x}:{b:02x}:{c:02x}:{d:02x}"),
            uuid: format!("5c3b1e70-0000-4000-8000-0200{number:08x}"),
            credentials: None,
            channels,
            snapshot: None,
            rtsp_port: 554,
            discovery: None,
        }
    }

    /// Returns what the device says of itself to whoever looks for it.
    pub(crate) fn scopes(&self) -> Vec<String> {
        let escaped = super::http::percent_encoded;
        let mut scopes = vec![
            "onvif://www.onvif.org/type/video_encoder".to_owned(),
            "onvif://www.onvif.org/Profile/Streaming".to_owned(),
        ];
        if !self.personality.quirks.media1_only {
            scopes.push("onvif://www.onvif.org/Profile/T".to_owned());
        }
        if self.channels.iter().any(|channel| channel.ptz) {
            scopes.push("onvif://www.onvif.org/type/ptz".to_owned());
        }
        scopes.extend([
            format!("onvif://www.onvif.org/hardware/{}", escaped(self.personality.model)),
            format!("onvif://www.onvif.org/name/{}", escaped(self.personality.manufacturer)),
            "onvif://www.onvif.org/location/country/vietnam".to_owned(),
            format!("onvif://www.onvif.org/MacAddress/{}", self.mac),
        ]);
        scopes
    }
}

impl StreamConfig {
    /// Returns what a device tells of a clip that is shown at this address.
    pub fn of(clip: &Clip, url: String) -> Self {
        let rate = clip.frame_rate;
        let nals = clip.access_units.iter().flat_map(|unit| &unit.nals);
        let bits: u64 = nals.map(|nal| 8 * nal.len() as u64).sum();
        // Ninety ticks are a millisecond, and a bit in one is a kilobit in a second.
        let bitrate = bits * 90 / clip.duration_90k.max(1);
        Self {
            url,
            codec: clip.codec,
            width: clip.width,
            height: clip.height,
            fps: rate.frames.div_ceil(rate.seconds.max(1)),
            bitrate_kbps: bitrate.try_into().unwrap_or(u32::MAX),
        }
    }
}

impl Device {
    /// Starts a device; it listens when this returns.
    pub async fn start(config: DeviceConfig) -> Result<Self, DeviceError> {
        let refused = |source| DeviceError::Listen { addr: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(refused)?;
        let addr = listener.local_addr().map_err(refused)?;
        let found = match config.discovery.filter(|_| config.personality.speaks) {
            None => None,
            Some(place) => {
                let refused = |source| DeviceError::Discovery { place, source };
                let socket = discovery::open(place).await.map_err(refused)?;
                let at = socket.local_addr().map_err(refused)?;
                Some((place, socket, at))
            }
        };
        let administrator = config.credentials.iter().map(|one| User {
            name: one.user.clone(),
            password: one.password.clone(),
            level: Level::Administrator,
        });
        let quirks = config.personality.quirks;
        let realm = config.personality.realm.replace("{serial}", &config.serial);
        let state = State {
            clock: Clock::starting_at(machine_time(), quirks.clock_skew_s),
            quirks,
            guard: Guard::new(realm, administrator.collect()),
            ntp: false,
            relay: false,
            reboots: 0,
            heads: config.channels.iter().map(|_| Head::default()).collect(),
            imaging: vec![Imaging::default(); config.channels.len()],
            pull_points: PullPoints::default(),
            calls: VecDeque::new(),
        };
        let inner = Inner {
            turned_on: (machine_time().0 / 1_000_000).unsigned_abs(),
            config,
            state: Mutex::new(state),
            news: watch::Sender::new(()),
        };
        let inner = Arc::new(inner);
        let (stopping, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (shared, closing) = (Arc::clone(&inner), stopping.clone());
        tasks.spawn(connection::accept(listener, shared, closing, tasks.clone()));
        let found = found.map(|(place, socket, at)| {
            let (shared, closing) = (Arc::clone(&inner), stopping.clone());
            tasks.spawn(discovery::serve(socket, place, shared, addr, closing));
            at
        });
        Ok(Self { addr, discovery: found, inner, stopping, tasks })
    }

    /// Returns the address it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns the address at which it is found, if it is.
    pub fn discovery_addr(&self) -> Option<SocketAddr> {
        self.discovery
    }

    /// Returns the true address of its device service, whatever it says itself.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.addr, self.inner.config.personality.path)
    }

    /// Moves its clock on, and with it all that waits for a time.
    pub fn advance(&self, by: Duration) {
        lock(&self.inner.state).clock.advance(by);
        self.inner.news.send_replace(());
    }

    /// Switches quirks from now on.
    pub fn change(&self, change: impl FnOnce(&mut Quirks)) {
        change(&mut lock(&self.inner.state).quirks);
    }

    /// Returns what its clock says.
    pub fn clock(&self) -> WallTime {
        lock(&self.inner.state).clock.now().wall
    }

    /// Tells all that listen of an event.
    pub fn raise(&self, event: Event) {
        let mut state = lock(&self.inner.state);
        let now = state.now();
        state.pull_points.raise(event, now);
        drop(state);
        self.inner.news.send_replace(());
    }

    /// Returns how many pull points there are.
    pub fn pull_points(&self) -> usize {
        let mut state = lock(&self.inner.state);
        let now = state.now();
        state.pull_points.count(now)
    }

    /// Returns how many pulls wait just now.
    pub fn waiting(&self) -> usize {
        self.inner.news.receiver_count()
    }

    /// Returns where a channel points, counted from nought, if there is one.
    pub fn position(&self, channel: usize) -> Option<Position> {
        let state = lock(&self.inner.state);
        state.heads.get(channel).map(|head| head.position(state.now().elapsed))
    }

    /// Returns whether a channel turns or zooms just now.
    pub fn is_moving(&self, channel: usize) -> bool {
        let state = lock(&self.inner.state);
        let moving = state.heads.get(channel).map(|head| head.moving(state.now().elapsed));
        moving.is_some_and(|(pan_tilt, zoom)| pan_tilt || zoom)
    }

    /// Returns the last ten thousand requests that it answered, in their order.
    pub fn calls(&self) -> Vec<Answered> {
        lock(&self.inner.state).calls.iter().cloned().collect()
    }

    /// Returns whether its relay is active.
    pub fn relay(&self) -> bool {
        lock(&self.inner.state).relay
    }

    /// Returns how often it was told to start anew. It does not.
    pub fn reboots(&self) -> u32 {
        lock(&self.inner.state).reboots
    }

    /// Ends all connections, and returns when nothing of the device is left.
    pub async fn shutdown(self) {
        self.stopping.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

impl State {
    /// Returns the moment.
    pub(crate) fn now(&self) -> Moment {
        self.clock.now()
    }

    /// Notes an answer.
    pub(crate) fn note(&mut self, answered: Answered) {
        if self.calls.len() == MAX_CALLS {
            self.calls.pop_front();
        }
        self.calls.push_back(answered);
    }
}

impl Inner {
    /// Returns the addresses that it tells whoever has reached it at `local`.
    pub(crate) fn addresses(&self, local: SocketAddr, quirks: Quirks) -> Addresses {
        Addresses::new(local, &self.config.personality, quirks)
    }

    /// Returns whether a path is one of a service, or of a pull point.
    pub(crate) fn serves(&self, addresses: &Addresses, path: &str) -> bool {
        Service::ALL.iter().any(|one| addresses.service_path(*one) == path)
            || path.starts_with("/onvif/event/sub/")
            || path == "/onvif/Notification"
    }
}

/// Returns the time of the machine.
pub(crate) fn machine_time() -> WallTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    WallTime(0).plus(since)
}
