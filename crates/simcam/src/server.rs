//! A server of any number of cameras on one port.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::agenda::Agenda;
use crate::camera::{CameraConfig, Delivery, Media, Start, StreamRole, Track, Transports, lock};
use crate::clip::Clip;
use crate::control;
use crate::fault::{Fault, FaultError};
use crate::faults::{Faults, Switch};
use crate::pacer::{Clock, Pacer};
use crate::packet::{Reel, UnfitClip};
use crate::rtsp::auth::Credentials;
use crate::rtsp::connection::{self, Shared};
use crate::rtsp::udp::Sockets;
use crate::rtsp::wire::Wire;
use crate::sound::Sound;
use crate::stream::Stream;
use crate::tls::{Tls, TlsError};

/// What the kernel keeps for a client: some seconds of a main stream.
const SEND_BUFFER_BYTES: u32 = 512 << 10;

/// What a server shows, where, and to whom.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Where it listens; port 0 takes any that is free.
    pub listen: SocketAddr,
    /// Where it listens for TLS as well, if it does, with a certificate of its own.
    pub tls: Option<SocketAddr>,
    /// Where faults are switched over HTTP, if they are: on loopback only.
    pub control: Option<SocketAddr>,
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
    tls: Option<(SocketAddr, Tls)>,
    control: Option<SocketAddr>,
    faults: Faults,
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
    /// No ports to send from over UDP.
    #[error("there are no two ports side by side to send from over UDP; are too many running?")]
    Udp(#[source] io::Error),
    /// No TLS.
    #[error("cannot speak TLS")]
    Tls(#[source] TlsError),
    /// Faults would be anybody's to switch.
    #[error("faults cannot be switched on {addr}, which others can reach; choose 127.0.0.1")]
    Control {
        /// The address.
        addr: SocketAddr,
    },
    /// A fault that a camera cannot have.
    #[error(transparent)]
    Fault(#[from] FaultError),
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
    /// A sound that cannot be sent.
    #[error("the sound of camera {camera} cannot be sent: it needs frames of 1 to 1396 bytes")]
    Sound {
        /// The camera.
        camera: String,
    },
}

impl ServerConfig {
    /// Returns a configuration that lets everybody watch and does what most
    /// cameras do.
    pub fn new(listen: SocketAddr, cameras: Vec<CameraConfig>) -> Self {
        Self {
            listen,
            tls: None,
            control: None,
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
        if let Some(addr) = config.control.filter(|addr| !addr.ip().is_loopback()) {
            return Err(StartError::Control { addr });
        }
        // Pictures and sound of a main stream and a sub-stream.
        let agenda = Agenda::new(4 * config.cameras.len());
        let Cast { streams, directory, faults } = cast(&config, &agenda)?;
        for camera in config.cameras.iter().filter(|camera| camera.fault != Fault::None) {
            faults.set(&camera.name, camera.fault)?;
        }
        let (listener, addr) = listen(config.listen)?;
        let tls = match config.tls {
            None => None,
            Some(tls) => {
                let (listener, addr) = listen(tls)?;
                Some((listener, addr, Tls::new(addr.ip()).map_err(StartError::Tls)?))
            }
        };
        let control = config.control.map(listen).transpose()?;
        let over_udp = config.cameras.iter().any(|camera| camera.transports != Transports::TcpOnly);
        let udp =
            over_udp.then(|| Sockets::bind(addr.ip())).transpose().map_err(StartError::Udp)?;
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let clock = Clock::starting_at(since_epoch.as_micros() as i64);
        let shared = Arc::new(Shared {
            directory,
            credentials: config.credentials,
            start: config.start,
            session_timeout: config.session_timeout,
            backlog_bytes: config.backlog_bytes,
            udp: udp.map(Arc::new),
            clock,
            records: Mutex::new(VecDeque::new()),
            viewers: AtomicU64::new(0),
        });
        let (stopping, tasks) = (CancellationToken::new(), TaskTracker::new());
        let pacer = Pacer::start(streams, agenda, clock).map_err(StartError::Thread)?;
        let accept = |listener, tls| {
            accept(listener, tls, Arc::clone(&shared), stopping.clone(), tasks.clone())
        };
        tasks.spawn(accept(listener, None));
        let tls = tls.map(|(listener, addr, tls)| {
            tasks.spawn(accept(listener, Some(tls.clone())));
            (addr, tls)
        });
        let control = control.map(|(listener, addr)| {
            tasks.spawn(control::accept(listener, faults.clone(), stopping.clone(), tasks.clone()));
            addr
        });
        Ok(Self { addr, tls, control, faults, shared, stopping, tasks, pacer: Some(pacer) })
    }

    /// Returns the address it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns the address it listens on for TLS, if it does.
    pub fn tls_addr(&self) -> Option<SocketAddr> {
        self.tls.as_ref().map(|(addr, _)| *addr)
    }

    /// Returns the address on which faults are switched over HTTP, if they are.
    pub fn control_addr(&self) -> Option<SocketAddr> {
        self.control
    }

    /// Returns the URL of a camera's stream, without credentials.
    pub fn url(&self, camera: &str, role: StreamRole) -> String {
        format!("rtsp://{}/{camera}/{}", self.addr, role.as_str())
    }

    /// Returns the URL of a camera's stream behind TLS, if it listens for that.
    pub fn tls_url(&self, camera: &str, role: StreamRole) -> Option<String> {
        self.tls_addr().map(|addr| format!("rtsps://{addr}/{camera}/{}", role.as_str()))
    }

    /// Returns the certificate it shows behind TLS, as PEM, for whoever wants to
    /// trust it.
    pub fn certificate_pem(&self) -> Option<&str> {
        self.tls.as_ref().map(|(_, tls)| &*tls.certificate)
    }

    /// Switches a camera's fault; [`Fault::None`] ends it. What it does to those who
    /// watch begins with the next tick.
    pub fn set_fault(&self, camera: &str, fault: Fault) -> Result<(), FaultError> {
        self.faults.set(camera, fault)
    }

    /// Returns each camera's name with what it does wrong.
    pub fn faults(&self) -> Vec<(String, Fault)> {
        self.faults.all()
    }

    /// Returns what each viewer was sent, in the order in which they came;
    /// of those who are gone, the last ten thousand.
    pub fn deliveries(&self) -> Vec<Delivery> {
        let mut deliveries: Vec<_> =
            lock(&self.shared.records).iter().map(|record| lock(record).clone()).collect();
        // Two who came at once may be noted the other way round.
        deliveries.sort_by_key(|delivery| delivery.viewer);
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

fn listen(addr: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let bound = bind(addr).and_then(|listener| {
        let addr = listener.local_addr()?;
        Ok((listener, addr))
    });
    bound.map_err(|source| StartError::Listen { addr, source })
}

fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
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
    tls: Option<Tls>,
    shared: Arc<Shared>,
    stopping: CancellationToken,
    tasks: TaskTracker,
) {
    loop {
        let accepted = tokio::select! {
            () = stopping.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        // A client may be gone before its own address can be asked for.
        match accepted.and_then(|(stream, peer)| Ok((stream.local_addr()?, stream, peer))) {
            Ok((local, stream, peer)) => {
                let (shared, closing) = (Arc::clone(&shared), stopping.child_token());
                let ends = (peer, local);
                match &tls {
                    None => {
                        tasks.spawn(connection::serve(shared, Wire::Tcp(stream), ends, closing));
                    }
                    Some(tls) => {
                        tasks.spawn(tls.clone().serve(shared, stream, ends, closing));
                    }
                }
            }
            Err(error) => {
                // Out of file descriptors, most likely: some become free in time.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// All that plays.
struct Cast {
    /// In the order of their agenda.
    streams: Vec<Arc<Stream>>,
    directory: HashMap<String, Arc<Media>>,
    faults: Faults,
}

/// Clips and sounds in packets; cameras that share one share its packets.
#[derive(Default)]
struct Reels {
    pictures: HashMap<(*const Clip, bool), Arc<Reel>>,
    sounds: HashMap<*const Sound, Arc<Reel>>,
}

impl Reels {
    fn pictures(&mut self, clip: &Arc<Clip>, with_sets: bool) -> Result<Arc<Reel>, UnfitClip> {
        let key = (Arc::as_ptr(clip), with_sets);
        if let Some(reel) = self.pictures.get(&key) {
            return Ok(Arc::clone(reel));
        }
        let reel = Arc::new(Reel::new(clip, with_sets)?);
        self.pictures.insert(key, Arc::clone(&reel));
        Ok(reel)
    }

    fn sound(&mut self, sound: &Arc<Sound>) -> Result<Arc<Reel>, UnfitClip> {
        let key = Arc::as_ptr(sound);
        if let Some(reel) = self.sounds.get(&key) {
            return Ok(Arc::clone(reel));
        }
        let reel = Arc::new(Reel::of_sound(sound)?);
        self.sounds.insert(key, Arc::clone(&reel));
        Ok(reel)
    }
}

fn cast(config: &ServerConfig, agenda: &Agenda) -> Result<Cast, StartError> {
    let mut reels = Reels::default();
    let (mut streams, mut names) = (Vec::new(), HashSet::new());
    let (mut directory, mut switches) = (HashMap::new(), Vec::new());
    for camera in &config.cameras {
        let name = &camera.name;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if name.is_empty() || !name.bytes().all(allowed) {
            return Err(StartError::Name { name: name.clone() });
        }
        if !names.insert(name) {
            return Err(StartError::SameName { name: name.clone() });
        }
        // What may change while it runs is told where it changes.
        let with_sets =
            config.parameter_sets_in_band || camera.in_band || !camera.others.is_empty();
        let unfit = |role| move |_| StartError::Clip { camera: name.clone(), role };
        let mut stream = |path: &str, track, reel: &Arc<Reel>| {
            let alarm = agenda.alarm(streams.len());
            let (path, reel) = (path.to_owned(), Arc::clone(reel));
            let mut stream = Stream::new(path, track, reel, camera.phase, alarm);
            stream.describes_parameters = !camera.in_band;
            let stream = Arc::new(stream);
            streams.push(Arc::clone(&stream));
            stream
        };
        let sound = camera.sound.as_ref().map(|sound| reels.sound(sound)).transpose();
        let sound = sound.map_err(|_| StartError::Sound { camera: name.clone() })?;
        let mut media = |role: StreamRole, reel: &Arc<Reel>| {
            let path = format!("{name}/{}", role.as_str());
            let pictures = stream(&path, Track::Pictures, reel);
            let sound = sound.as_ref().map(|sound| stream(&path, Track::Sound, sound));
            let transports = camera.transports;
            let media = Arc::new(Media { path: path.clone(), transports, pictures, sound });
            directory.insert(path, Arc::clone(&media));
            media
        };
        let main = reels.pictures(&camera.main, with_sets).map_err(unfit(StreamRole::Main))?;
        let sub = reels.pictures(&camera.sub, with_sets).map_err(unfit(StreamRole::Sub))?;
        let media = [media(StreamRole::Main, &main), media(StreamRole::Sub, &sub)];
        let mut other = |same: bool| {
            let mut others = camera.others.iter();
            let found = others.find(|clip| (clip.codec == camera.main.codec) == same);
            let reel = found.map(|clip| reels.pictures(clip, with_sets)).transpose();
            reel.map_err(unfit(StreamRole::Main))
        };
        let (same, unlike) = (other(true)?, other(false)?);
        let (name, on) = (name.clone(), Mutex::default());
        switches.push(Switch { name, media, main, same, unlike, on });
    }
    Ok(Cast { streams, directory, faults: Faults::new(switches) })
}
