//! What watching by the media socket costs: viewers in a process of their own, so
//! that only the program's CPU time is counted.
//!
//! ```text
//! load (n cameras) ─▶ khue ─▶ bench mse-viewers: a socket a viewer, sealed or not
//!                      └ CPU time with all of them less that with none
//! ```
//!
//! Whether a viewer falls behind, the program itself tells it: it says how many
//! frames it left out.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use e2e::http::{self, Person};
use futures::{SinkExt, StreamExt};
use rustls::pki_types::ServerName;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::header::COOKIE;

use crate::khue::{self, Khue, PATIENCE, Streams};
use crate::load::Load;
use crate::servers::{self, Server};
use crate::{cpu, floor};

/// How long after the last viewer has a picture before anything is measured.
const SETTLE: Duration = Duration::from_secs(4);

/// Frames of the load's cameras in a second.
const FPS: f64 = 25.0;

/// The header before each piece of media, and the kind of it that is a frame of now.
const HEADER: usize = 16;
const LIVE: u8 = 2;

/// How media go to a viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Way {
    /// As everybody has them.
    Tls,
    /// To know what TLS costs.
    Unsealed,
}

impl Way {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tls => "TLS",
            Self::Unsealed => "without TLS",
        }
    }
}

/// Who gives the pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    Khue(Way),
    Server(Server),
}

impl Who {
    pub(crate) fn name(self) -> String {
        match self {
            Self::Khue(way) => format!("khue, {}", way.name()),
            Self::Server(server) => format!("{}, without TLS", server.name()),
        }
    }
}

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    pub(crate) who: Who,
    pub(crate) cameras: usize,
    pub(crate) viewers: usize,
    /// CPU milliseconds of the program for a second of one viewer, recording taken off.
    pub(crate) cpu_ms: f64,
    /// What each viewer received, in Mbps.
    pub(crate) mbps: f64,
    /// What the program uses while nobody watches, in CPU milliseconds a second.
    pub(crate) alone_ms: f64,
    /// What all of the machine used meanwhile, in CPU milliseconds a second.
    pub(crate) machine_ms: f64,
    /// Memory for each viewer, in MB.
    pub(crate) memory_mb: f64,
    /// Of the frames sent, those that the viewer with the fewest received.
    pub(crate) least: f64,
    /// Frames that any viewer was told are lost to it.
    pub(crate) dropped: u64,
}

/// What is measured, and when.
#[derive(Clone, Copy, Debug)]
struct Plan {
    cameras: usize,
    viewers: usize,
    window: Duration,
}

/// What was measured, in rounds.
#[derive(Debug, Default)]
pub(crate) struct Relayed {
    /// CPU milliseconds for a second of one viewer of who does nothing but send.
    pub(crate) floor_ms: Vec<f64>,
    pub(crate) figures: BTreeMap<Who, Vec<Figures>>,
}

/// Measures `viewers` viewers spread over `cameras` cameras, of all who can give them, in
/// turns.
pub(crate) fn measure(
    cameras: usize,
    viewers: usize,
    rounds: usize,
    window: Duration,
) -> anyhow::Result<Relayed> {
    let plan = Plan { cameras, viewers, window };
    let mut relayed = Relayed::default();
    for _ in 0..rounds {
        relayed.floor_ms.push(plan.floor()?);
        for figures in plan.khue()? {
            relayed.figures.entry(figures.who).or_default().push(figures);
        }
        for server in Server::ALL.into_iter().filter(|server| server.relays()) {
            if server.is_there() {
                let figures = plan.server(server)?;
                relayed.figures.entry(figures.who).or_default().push(figures);
            }
        }
    }
    Ok(relayed)
}

impl Plan {
    /// By each way, one after the other.
    fn khue(self) -> anyhow::Result<Vec<Figures>> {
        let folder = tempfile::tempdir()?;
        let mut load = Load::start(self.cameras)?;
        let mut khue = Khue::start(&load, Streams::Main, folder.path())?;
        let person = khue.operator()?;
        load.wait_for(self.cameras, PATIENCE)?;
        let alone = self.alone(khue.pid());
        let ways = [Way::Unsealed, Way::Tls].map(|way| {
            let watching = Viewers::start(&khue, &person, self.viewers, way)?;
            self.watched(Who::Khue(way), khue.pid(), alone, watching)
        });
        ways.into_iter().collect()
    }

    fn server(self, server: Server) -> anyhow::Result<Figures> {
        let folder = tempfile::tempdir()?;
        let mut load = Load::start(self.cameras)?;
        let running = server.start(&load.urls, folder.path())?;
        load.wait_for(self.cameras, PATIENCE)?;
        let alone = self.alone(running.pid());
        let watching = Viewers::of_server(server, &running, self.cameras, self.viewers)?;
        self.watched(Who::Server(server), running.pid(), alone, watching)
    }

    /// Of who does nothing but send.
    fn floor(self) -> anyhow::Result<f64> {
        let count = self.viewers.to_string();
        let (sender, address) = floor::start(&["send", &self.cameras.to_string(), &count])?;
        let (_sink, ready) = floor::start(&["sink", &address, &count])?;
        anyhow::ensure!(ready == "ready", "who takes what is sent said {ready:?}");
        let used = self.alone(sender.0.id());
        let each = used.cpu_ms / self.viewers as f64;
        eprintln!("relay: sending alone {each:.3} ms");
        Ok(each)
    }

    /// Returns what is used while nothing else begins.
    fn alone(self, pid: u32) -> Usage {
        std::thread::sleep(SETTLE);
        self.usage(pid)
    }

    fn watched(
        self,
        who: Who,
        pid: u32,
        alone: Usage,
        mut watching: Viewers,
    ) -> anyhow::Result<Figures> {
        std::thread::sleep(SETTLE);
        let before = watching.received()?;
        let began = Instant::now();
        let all = self.usage(pid);
        let (after, seconds) = (watching.received()?, began.elapsed().as_secs_f64());
        let viewers = self.viewers as f64;
        let figures = Figures {
            who,
            cameras: self.cameras,
            viewers: self.viewers,
            cpu_ms: (all.cpu_ms - alone.cpu_ms) / viewers,
            mbps: (after.bytes - before.bytes) as f64 * 8.0 / viewers / seconds / 1e6,
            alone_ms: alone.cpu_ms,
            machine_ms: all.machine_ms,
            memory_mb: (all.pss_kb.saturating_sub(alone.pss_kb)) as f64 / 1024.0 / viewers,
            least: after.least_since(&before) as f64 / (seconds * FPS),
            dropped: after.dropped - before.dropped,
        };
        eprintln!("relay: {figures:?}");
        Ok(figures)
    }

    fn usage(self, pid: u32) -> Usage {
        let (before, machine_before, began) = (cpu::tree(pid), cpu::machine_ms(), Instant::now());
        std::thread::sleep(self.window);
        let (after, machine_after) = (cpu::tree(pid), cpu::machine_ms());
        let seconds = began.elapsed().as_secs_f64();
        let each_second = |before: u64, after: u64| (after - before) as f64 / seconds;
        Usage {
            cpu_ms: each_second(before.cpu_ms, after.cpu_ms),
            machine_ms: each_second(machine_before, machine_after),
            pss_kb: after.pss_kb,
        }
    }
}

/// What is used in a second.
#[derive(Clone, Copy, Debug)]
struct Usage {
    cpu_ms: f64,
    machine_ms: f64,
    pss_kb: u64,
}

/// What viewers received so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Received {
    pub(crate) bytes: u64,
    pub(crate) dropped: u64,
    /// Frames, of each viewer.
    pub(crate) frames: Vec<u64>,
}

impl Received {
    /// Returns how many frames the viewer with the fewest received since then.
    pub(crate) fn least_since(&self, then: &Self) -> u64 {
        let pairs = self.frames.iter().zip(&then.frames);
        pairs.map(|(now, then)| now - then).min().unwrap_or(0)
    }
}

/// The process of the viewers.
pub(crate) struct Viewers {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// What that process is told.
#[derive(Serialize, Deserialize)]
struct Told {
    way: Way,
    at: SocketAddr,
    ca_pem: Option<String>,
    host: String,
    cookie: Option<String>,
    /// Whether messages are as the program's own socket has them; of others, each binary
    /// one is a frame.
    is_khue: bool,
    /// A viewer for each.
    asks: Vec<Ask>,
}

/// What a viewer asks for.
#[derive(Clone, Serialize, Deserialize)]
struct Ask {
    path: String,
    /// What is said once the socket is open.
    says: Option<String>,
}

impl Viewers {
    /// Starts so many, spread over all cameras, and waits until each has a picture.
    pub(crate) fn start(
        khue: &Khue,
        person: &Person,
        viewers: usize,
        way: Way,
    ) -> anyhow::Result<Self> {
        let cameras = person.cameras()?.into_keys().take(viewers);
        let asks = cameras.map(|camera| {
            let token = khue::token(person, &camera, "live")?;
            let op = json!({ "op": "live", "ref": "0", "token": token, "role": "main" });
            Ok(Ask { path: "/api/v1/media".to_owned(), says: Some(op.to_string()) })
        });
        let asks: Vec<Ask> = asks.collect::<anyhow::Result<_>>()?;
        let data = khue.recordings.parent().context("recordings lie below the data")?;
        let sealed = khue.address.trim_start_matches("https://");
        let (_, port) = sealed.rsplit_once(':').context("an address has a port")?;
        let (at, host) = match way {
            Way::Tls => (SocketAddr::from(([127, 0, 0, 1], port.parse()?)), sealed.to_owned()),
            Way::Unsealed => (khue.unsealed, khue.unsealed.to_string()),
        };
        Self::begin(&Told {
            way,
            at,
            host,
            ca_pem: Some(std::fs::read_to_string(data.join("tls/ca.pem"))?),
            cookie: Some(person.cookie()?),
            is_khue: true,
            asks: asks.into_iter().cycle().take(viewers).collect(),
        })
    }

    /// The same of a server of somebody else's.
    fn of_server(
        server: Server,
        running: &servers::Running,
        cameras: usize,
        viewers: usize,
    ) -> anyhow::Result<Self> {
        let asks = (0..cameras).map(|camera| server.asked(camera));
        Self::begin(&Told {
            way: Way::Unsealed,
            at: running.at(),
            host: running.at().to_string(),
            ca_pem: None,
            cookie: None,
            is_khue: false,
            asks: asks.map(|(path, says)| Ask { path, says }).cycle().take(viewers).collect(),
        })
    }

    fn begin(told: &Told) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("mse-viewers")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut input = child.stdin.take().context("the viewers have an input")?;
        let mut output = BufReader::new(child.stdout.take().context("and an output")?);
        writeln!(input, "{}", serde_json::to_string(told)?)?;
        let mut line = String::new();
        output.read_line(&mut line)?;
        anyhow::ensure!(line.trim() == "all", "the viewers said {line:?}");
        Ok(Self { child, input, output })
    }

    pub(crate) fn received(&mut self) -> anyhow::Result<Received> {
        self.input.write_all(b"\n")?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        serde_json::from_str(&line).with_context(|| format!("the viewers said {line:?}"))
    }
}

impl Drop for Viewers {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a viewer tells.
enum Seen {
    Frame {
        viewer: usize,
        bytes: usize,
    },
    Dropped(u64),
    /// It is over, and why.
    Over(anyhow::Error),
}

/// Watches: the body of the viewers' process. Says `all` once each has a picture;
/// then, for each line that it is sent, what was received.
pub(crate) fn watch() -> anyhow::Result<()> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    let told: Arc<Told> = Arc::new(serde_json::from_str(&line)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (ask, mut asked) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            if line.is_err() || ask.send(()).is_err() {
                break;
            }
        }
    });
    runtime.block_on(async {
        let (see, mut seen) = mpsc::unbounded_channel();
        let tls = told.ca_pem.as_deref().map(|pem| http::trusting(pem.as_bytes())).transpose()?;
        let tls = tls.map(TlsConnector::from);
        // One after the other: a handshake costs more than a second of watching.
        let mut opened = 0;
        let open = |opened: &mut usize| {
            if *opened < told.asks.len() {
                tokio::spawn(view(told.clone(), tls.clone(), *opened, see.clone()));
                *opened += 1;
            }
        };
        open(&mut opened);
        let mut received = Received { frames: vec![0; told.asks.len()], ..Received::default() };
        let mut shown = 0;
        loop {
            tokio::select! {
                one = seen.recv() => match one.context("a viewer holds this")? {
                    Seen::Frame { viewer, bytes } => {
                        received.bytes += bytes as u64;
                        received.frames[viewer] += 1;
                        if received.frames[viewer] == 1 {
                            shown += 1;
                            open(&mut opened);
                            if shown == told.asks.len() {
                                println!("all");
                            }
                        }
                    }
                    Seen::Dropped(frames) => received.dropped += frames,
                    Seen::Over(why) => return Err(why.context("a viewer broke off")),
                },
                one = asked.recv() => match one {
                    Some(()) => println!("{}", serde_json::to_string(&received)?),
                    None => return Ok(()),
                },
            }
        }
    })
}

/// Watches one camera by one socket, and says so, until the process ends.
async fn view(
    told: Arc<Told>,
    tls: Option<TlsConnector>,
    viewer: usize,
    see: mpsc::UnboundedSender<Seen>,
) {
    let played = async {
        let socket = TcpStream::connect(told.at).await?;
        socket.set_nodelay(true)?;
        match told.way {
            Way::Unsealed => play(&told, viewer, socket, &see).await,
            Way::Tls => {
                let name = ServerName::try_from("localhost")?;
                let tls = tls.context("whoever serves by TLS has a certificate")?;
                play(&told, viewer, tls.connect(name, socket).await?, &see).await
            }
        }
    };
    let why = played.await.err().unwrap_or_else(|| anyhow::anyhow!("the server closed"));
    let _ = see.send(Seen::Over(why));
}

async fn play(
    told: &Told,
    viewer: usize,
    socket: impl AsyncRead + AsyncWrite + Unpin,
    see: &mpsc::UnboundedSender<Seen>,
) -> anyhow::Result<()> {
    let ask = &told.asks[viewer];
    let mut request = format!("ws://{}{}", told.host, ask.path).into_client_request()?;
    if let Some(cookie) = &told.cookie {
        request.headers_mut().insert(COOKIE, cookie.parse()?);
    }
    let (mut socket, _) = tokio_tungstenite::client_async(request, socket).await?;
    if let Some(says) = &ask.says {
        socket.send(Message::text(says.as_str())).await?;
    }
    while let Some(message) = socket.next().await {
        match message? {
            Message::Binary(bytes)
                if !told.is_khue || (bytes.len() > HEADER && bytes[0] == LIVE) =>
            {
                let _ = see.send(Seen::Frame { viewer, bytes: bytes.len() });
            }
            Message::Text(text) if told.is_khue => {
                let event: Value = serde_json::from_str(&text)?;
                match event["type"].as_str() {
                    Some("dropped") => {
                        let frames = event["frames"].as_u64().context("frames are a number")?;
                        let _ = see.send(Seen::Dropped(frames));
                    }
                    Some("refused" | "end") => anyhow::bail!("{event}"),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    Ok(())
}
