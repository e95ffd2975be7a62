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

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use e2e::http::Person;
use futures::{SinkExt, StreamExt};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Message, http};

use crate::khue::{self, Khue, PATIENCE, Streams};
use crate::load::Load;
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

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    pub(crate) way: Way,
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

/// Measures `viewers` viewers spread over `cameras` cameras, by each way.
pub(crate) fn measure(
    cameras: usize,
    viewers: usize,
    window: Duration,
) -> anyhow::Result<Vec<Figures>> {
    let folder = tempfile::tempdir()?;
    let mut load = Load::start(cameras)?;
    let mut khue = Khue::start(&load, Streams::Main, folder.path())?;
    let person = khue.operator()?;
    load.wait_for(cameras, PATIENCE)?;
    std::thread::sleep(SETTLE);
    let usage = || {
        let (before, all_before, began) =
            (cpu::tree(khue.pid()), cpu::machine_ms(), Instant::now());
        std::thread::sleep(window);
        let (after, all_after, seconds) =
            (cpu::tree(khue.pid()), cpu::machine_ms(), began.elapsed().as_secs_f64());
        let ms = |before: u64, after: u64| (after - before) as f64 / seconds;
        (ms(before.cpu_ms, after.cpu_ms), after.pss_kb, ms(all_before, all_after))
    };
    let (alone_ms, alone_kb, _) = usage();
    let ways = [Way::Unsealed, Way::Tls].map(|way| {
        let mut watching = Viewers::start(&khue, &person, viewers, way)?;
        std::thread::sleep(SETTLE);
        let before = watching.received()?;
        let began = Instant::now();
        let (all_ms, all_kb, machine_ms) = usage();
        let (after, seconds) = (watching.received()?, began.elapsed().as_secs_f64());
        let each = |bytes: u64| bytes as f64 / viewers as f64;
        let figures = Figures {
            way,
            cameras,
            viewers,
            cpu_ms: (all_ms - alone_ms) / viewers as f64,
            mbps: each(after.bytes - before.bytes) * 8.0 / seconds / 1e6,
            alone_ms,
            machine_ms,
            memory_mb: all_kb.saturating_sub(alone_kb) as f64 / 1024.0 / viewers as f64,
            least: after.least_since(&before) as f64 / (seconds * FPS),
            dropped: after.dropped - before.dropped,
        };
        eprintln!("relay: {figures:?}");
        Ok(figures)
    });
    ways.into_iter().collect()
}

/// Returns the CPU milliseconds for a second of one viewer of who does nothing but send.
pub(crate) fn floor(cameras: usize, viewers: usize, window: Duration) -> anyhow::Result<f64> {
    let count = viewers.to_string();
    let (sender, address) = floor::start(&["send", &cameras.to_string(), &count])?;
    let (_sink, ready) = floor::start(&["sink", &address, &count])?;
    anyhow::ensure!(ready == "ready", "who takes what is sent said {ready:?}");
    std::thread::sleep(SETTLE);
    let (before, began) = (cpu::tree(sender.0.id()).cpu_ms, Instant::now());
    std::thread::sleep(window);
    let used = (cpu::tree(sender.0.id()).cpu_ms - before) as f64;
    let each = used / began.elapsed().as_secs_f64() / viewers as f64;
    eprintln!("relay: sending alone {each:.3} ms");
    Ok(each)
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
    ca_pem: String,
    host: String,
    cookie: String,
    /// A viewer for each.
    tokens: Vec<String>,
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
        let tokens: Vec<String> = cameras
            .map(|camera| khue::token(person, &camera, "live"))
            .collect::<anyhow::Result<_>>()?;
        let data = khue.recordings.parent().context("recordings lie below the data")?;
        let sealed = khue.address.trim_start_matches("https://");
        let (_, port) = sealed.rsplit_once(':').context("an address has a port")?;
        let (at, host) = match way {
            Way::Tls => (SocketAddr::from(([127, 0, 0, 1], port.parse()?)), sealed.to_owned()),
            Way::Unsealed => (khue.unsealed, khue.unsealed.to_string()),
        };
        let told = Told {
            way,
            at,
            host,
            ca_pem: std::fs::read_to_string(data.join("tls/ca.pem"))?,
            cookie: person.cookie()?,
            tokens: tokens.into_iter().cycle().take(viewers).collect(),
        };
        let mut child = Command::new(std::env::current_exe()?)
            .arg("mse-viewers")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut input = child.stdin.take().context("the viewers have an input")?;
        let mut output = BufReader::new(child.stdout.take().context("and an output")?);
        writeln!(input, "{}", serde_json::to_string(&told)?)?;
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
        let tls = connector(&told.ca_pem)?;
        // One after the other: a handshake costs more than a second of watching.
        let mut opened = 0;
        let open = |opened: &mut usize| {
            if *opened < told.tokens.len() {
                tokio::spawn(view(told.clone(), tls.clone(), *opened, see.clone()));
                *opened += 1;
            }
        };
        open(&mut opened);
        let mut received = Received { frames: vec![0; told.tokens.len()], ..Received::default() };
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
                            if shown == told.tokens.len() {
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

fn connector(ca_pem: &str) -> anyhow::Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca_pem.as_bytes())?)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Watches one camera by one socket, and says so, until the process ends.
async fn view(told: Arc<Told>, tls: TlsConnector, viewer: usize, see: mpsc::UnboundedSender<Seen>) {
    let played = async {
        let socket = TcpStream::connect(told.at).await?;
        socket.set_nodelay(true)?;
        match told.way {
            Way::Unsealed => play(&told, viewer, socket, &see).await,
            Way::Tls => {
                let name = ServerName::try_from("localhost")?;
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
    let mut request = format!("ws://{}/api/v1/media", told.host).into_client_request()?;
    let cookie: http::HeaderValue = told.cookie.parse()?;
    request.headers_mut().insert(http::header::COOKIE, cookie);
    let (mut socket, _) = tokio_tungstenite::client_async(request, socket).await?;
    let token = &told.tokens[viewer];
    let op = json!({ "op": "live", "ref": "0", "token": token, "role": "main" });
    socket.send(Message::text(op.to_string())).await?;
    while let Some(message) = socket.next().await {
        match message? {
            Message::Binary(bytes) if bytes.len() > HEADER && bytes[0] == LIVE => {
                let _ = see.send(Seen::Frame { viewer, bytes: bytes.len() });
            }
            Message::Text(text) => {
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
