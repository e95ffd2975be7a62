//! A server of any number of cameras on one port.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::agenda::Agenda;
use crate::camera::{CameraConfig, Delivery, Start, Stream, StreamRole, lock};
use crate::clip::Clip;
use crate::pacer::{Clock, Pacer};
use crate::packet::Reel;
use crate::rtsp::auth::Credentials;
use crate::rtsp::connection::{self, Shared};

/// What the kernel keeps for a client: some seconds of a main stream.
const SEND_BUFFER_BYTES: u32 = 512 << 10;

/// What a server shows, where, and to whom.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Where it listens; port 0 takes any that is free.
    pub listen: SocketAddr,
    /// Who may watch; everybody if there is none.
    pub credentials: Option<Credentials>,
    /// The cameras.
    pub cameras: Vec<CameraConfig>,
    /// Where a viewer's first frame stands.
    pub start: Start,
    /// Whether the parameter sets stand before every keyframe too, not only in
    /// the description.
    pub parameter_sets_in_band: bool,
    /// How long a client may say nothing before it is let go; whole seconds
    /// are what it is told.
    pub session_timeout: Duration,
    /// How many bytes may wait for a client before it is let go.
    pub backlog_bytes: usize,
}

/// A running server. Dropping it stops it as well, without waiting.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    shared: Arc<Shared>,
    stopping: CancellationToken,
    tasks: TaskTracker,
    // Taken by whoever stops the server.
    pacer: Option<Pacer>,
}

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {addr}; choose another address or port")]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// No thread to send from.
    #[error("cannot start the thread that sends; are too many running?")]
    Thread(#[source] io::Error),
    /// Two cameras of one name.
    #[error("there are two cameras called {name}; give each a name of its own")]
    SameName {
        /// The name.
        name: String,
    },
    /// A name that cannot stand in a URL.
    #[error("a camera cannot be called {name:?}; use letters, digits, - and _")]
    Name {
        /// The name.
        name: String,
    },
    /// A clip that cannot be sent.
    #[error(
        "the {} stream of camera {camera} cannot be sent: a clip needs parameter sets, a keyframe \
         first, and times that rise from zero", role.as_str()
    )]
    Clip {
        /// The camera.
        camera: String,
        /// Which of its streams.
        role: StreamRole,
    },
}

impl ServerConfig {
    /// Returns a configuration that lets everybody watch and does what most
    /// cameras do.
    pub fn new(listen: SocketAddr, cameras: Vec<CameraConfig>) -> Self {
        Self {
            listen,
            credentials: None,
            cameras,
            start: Start::default(),
            parameter_sets_in_band: true,
            session_timeout: Duration::from_secs(60),
            backlog_bytes: 2 << 20,
        }
    }
}

impl Server {
    /// Starts a server; it listens when this returns.
    pub async fn start(config: ServerConfig) -> Result<Self, StartError> {
        let agenda = Agenda::new(2 * config.cameras.len());
        let streams = streams(&config, &agenda)?;
        let failed = |source| StartError::Listen { addr: config.listen, source };
        let listener = listen(config.listen).map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let clock = Clock::starting_at(since_epoch.as_micros() as i64);
        let by_path = streams.iter().map(|stream| (stream.path.clone(), Arc::clone(stream)));
        let shared = Arc::new(Shared {
            directory: by_path.collect(),
            credentials: config.credentials,
            start: config.start,
            session_timeout: config.session_timeout,
            backlog_bytes: config.backlog_bytes,
            clock,
            past: Mutex::default(),
            viewers: AtomicU64::new(0),
        });
        let (stopping, tasks) = (CancellationToken::new(), TaskTracker::new());
        let remember = {
            let shared = Arc::clone(&shared);
            move |delivery| shared.remember(delivery)
        };
        let pacer = Pacer::start(streams, agenda, clock, remember).map_err(StartError::Thread)?;
        tasks.spawn(accept(listener, Arc::clone(&shared), stopping.clone(), tasks.clone()));
        Ok(Self { addr, shared, stopping, tasks, pacer: Some(pacer) })
    }

    /// Returns the address it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns the URL of a camera's stream, without credentials.
    pub fn url(&self, camera: &str, role: StreamRole) -> String {
        format!("rtsp://{}/{camera}/{}", self.addr, role.as_str())
    }

    /// Returns what each viewer was sent, in the order in which they came;
    /// of those who are gone, the last ten thousand.
    pub fn deliveries(&self) -> Vec<Delivery> {
        // Those who watch first: who leaves in between is found among the past,
        // and seen twice at worst.
        let mut deliveries: Vec<_> =
            self.shared.directory.values().flat_map(|stream| stream.deliveries()).collect();
        deliveries.extend(lock(&self.shared.past).iter().cloned());
        // What was remembered at the end is the whole of it.
        deliveries.sort_by_key(|delivery| (delivery.viewer, delivery.ended.is_none()));
        deliveries.dedup_by_key(|delivery| delivery.viewer);
        deliveries
    }

    /// Ends all connections, and returns when nothing of the server is left.
    /// Returns what each viewer was sent.
    pub async fn shutdown(mut self) -> Vec<Delivery> {
        self.stopping.cancel();
        if let Some(pacer) = self.pacer.take() {
            pacer.stop().await;
        }
        self.tasks.close();
        self.tasks.wait().await;
        self.deliveries()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    // Connections inherit it. Left to itself the kernel would keep megabytes
    // for a client that does not read, and the backlog's limit say nothing.
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    // Inherited too. A sender that paces itself (BBR) has a timer for each of
    // the connections; every Linux has this one, and without it all the same.
    if let Err(error) = rustix::net::sockopt::set_tcp_congestion(&socket, "reno") {
        tracing::debug!(%error, "the machine's own congestion control stays");
    }
    socket.bind(addr)?;
    socket.listen(1024)
}

async fn accept(
    listener: TcpListener,
    shared: Arc<Shared>,
    stopping: CancellationToken,
    tasks: TaskTracker,
) {
    loop {
        let accepted = tokio::select! {
            () = stopping.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let closing = stopping.child_token();
                tasks.spawn(connection::serve(Arc::clone(&shared), stream, peer, closing));
            }
            Err(error) => {
                // Out of file descriptors, most likely: some become free in time.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Returns the streams in the order of their agenda.
fn streams(config: &ServerConfig, agenda: &Agenda) -> Result<Vec<Arc<Stream>>, StartError> {
    // Cameras that share a clip share its packets.
    let mut reels: HashMap<*const Clip, Arc<Reel>> = HashMap::new();
    let (mut streams, mut names) = (Vec::new(), HashSet::new());
    for camera in &config.cameras {
        let name = &camera.name;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if name.is_empty() || !name.bytes().all(allowed) {
            return Err(StartError::Name { name: name.clone() });
        }
        if !names.insert(name) {
            return Err(StartError::SameName { name: name.clone() });
        }
        for (role, clip) in [(StreamRole::Main, &camera.main), (StreamRole::Sub, &camera.sub)] {
            let reel = match reels.get(&Arc::as_ptr(clip)) {
                Some(reel) => Arc::clone(reel),
                None => {
                    let reel = Reel::new(clip, config.parameter_sets_in_band)
                        .map_err(|_| StartError::Clip { camera: name.clone(), role })?;
                    let reel = Arc::new(reel);
                    reels.insert(Arc::as_ptr(clip), Arc::clone(&reel));
                    reel
                }
            };
            let path = format!("{name}/{}", role.as_str());
            let alarm = agenda.alarm(streams.len());
            streams.push(Arc::new(Stream::new(path, reel, camera.phase, alarm)));
        }
    }
    Ok(streams)
}
