//! What watching by WHEP costs: many viewers of one camera, in a process of their
//! own, so that only the program's CPU time is counted.
//!
//! ```text
//! load (1 camera) ─▶ khue ─▶ bench whep-viewers: N players, each with its socket
//!                     └ CPU time with N of them less that with none
//! ```

use std::io::{BufRead, BufReader, Write};
use std::net::Ipv4Addr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::{Value, json};
use str0m::change::SdpAnswer;
use str0m::media::{Direction, MediaKind};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};
use tokio::net::UdpSocket;
use ureq::Agent;
use ureq::tls::TlsConfig;

use crate::khue::{self, Khue, PATIENCE, Streams};
use crate::load::Load;
use crate::{cpu, floor};

/// How long after the last viewer has its first frames before anything is measured.
const SETTLE: Duration = Duration::from_secs(4);

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// How many watched.
    pub(crate) viewers: usize,
    /// CPU milliseconds of the program for a second of one viewer, recording taken off.
    pub(crate) cpu_ms: f64,
    /// The same of who does nothing but send as many packets, not sealed.
    pub(crate) floor_ms: f64,
    /// What each viewer received, in Mbps.
    pub(crate) mbps: f64,
    /// What the program uses while nobody watches, in CPU milliseconds a second.
    pub(crate) alone_ms: f64,
    /// Memory for each viewer, in MB.
    pub(crate) memory_mb: f64,
    /// Frames received, of those that were sent to all.
    pub(crate) whole: f64,
}

/// Measures `viewers` viewers for `window`.
pub(crate) fn measure(viewers: usize, window: Duration) -> anyhow::Result<Figures> {
    let floor_ms = floor(viewers, window)?;
    let folder = tempfile::tempdir()?;
    let mut load = Load::start(1)?;
    let mut khue = Khue::start(&load, Streams::Main, folder.path())?;
    let person = khue.operator()?;
    let camera = person.cameras()?.into_keys().next().context("there is a camera")?;
    load.wait_for(1, PATIENCE)?;
    std::thread::sleep(SETTLE);
    let pid = khue.pid();
    let usage = |for_: Duration| {
        let (before, began) = (cpu::tree(pid), Instant::now());
        std::thread::sleep(for_);
        let (after, seconds) = (cpu::tree(pid), began.elapsed().as_secs_f64());
        ((after.cpu_ms - before.cpu_ms) as f64 / seconds, after.pss_kb)
    };
    let (alone_ms, alone_kb) = usage(window);
    let mut tokens = Vec::new();
    for person in [&person, &khue.second_operator()?] {
        tokens.push(khue::token(person, &camera, "live")?);
    }
    let mut watching = Viewers::start(&khue.address, &tokens, viewers)?;
    std::thread::sleep(SETTLE);
    let before = watching.received()?;
    let began = Instant::now();
    let (all_ms, all_kb) = usage(window);
    let (after, seconds) = (watching.received()?, began.elapsed().as_secs_f64());
    let each = |count: u64| count as f64 / viewers as f64;
    Ok(Figures {
        viewers,
        cpu_ms: (all_ms - alone_ms) / viewers as f64,
        floor_ms,
        mbps: each(after.bytes - before.bytes) * 8.0 / seconds / 1e6,
        alone_ms,
        memory_mb: all_kb.saturating_sub(alone_kb) as f64 / 1024.0 / viewers as f64,
        whole: each(after.frames - before.frames) / (seconds * 25.0),
    })
}

/// Measures who does nothing but send.
fn floor(viewers: usize, window: Duration) -> anyhow::Result<f64> {
    let (_taker, ports) = floor::start(&["take", &viewers.to_string()])?;
    let arguments: Vec<&str> = ["cast"].into_iter().chain(ports.split(' ')).collect();
    let (sender, ready) = floor::start(&arguments)?;
    anyhow::ensure!(ready == "ready", "who sends said {ready:?}");
    std::thread::sleep(SETTLE);
    let (before, began) = (cpu::tree(sender.0.id()).cpu_ms, Instant::now());
    std::thread::sleep(window);
    let used = (cpu::tree(sender.0.id()).cpu_ms - before) as f64;
    Ok(used / began.elapsed().as_secs_f64() / viewers as f64)
}

/// What viewers received so far, all together.
#[derive(Clone, Copy, Debug, Default)]
struct Received {
    bytes: u64,
    frames: u64,
}

/// The process of the viewers.
struct Viewers {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Viewers {
    /// Starts them, and waits until each has a picture.
    fn start(address: &str, tokens: &[String], viewers: usize) -> anyhow::Result<Self> {
        let told = json!({ "address": address, "tokens": tokens, "viewers": viewers });
        let mut child = Command::new(std::env::current_exe()?)
            .args(["whep-viewers", &told.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take().context("the viewers have an input")?;
        let mut output = BufReader::new(child.stdout.take().context("and an output")?);
        let mut line = String::new();
        output.read_line(&mut line)?;
        anyhow::ensure!(line.trim() == "all", "the viewers said {line:?}");
        Ok(Self { child, input, output })
    }

    fn received(&mut self) -> anyhow::Result<Received> {
        self.input.write_all(b"\n")?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        let mut numbers = line.split_whitespace().map(str::parse);
        let mut next = || numbers.next().with_context(|| format!("the viewers said {line:?}"));
        Ok(Received { bytes: next()??, frames: next()?? })
    }
}

impl Drop for Viewers {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Talks to a program that this run has just started: its certificate is its own.
fn agent() -> Agent {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = TlsConfig::builder()
        .disable_verification(true)
        .unversioned_rustls_crypto_provider(provider)
        .build();
    Agent::config_builder().http_status_as_error(false).tls_config(tls).build().into()
}

/// Watches: the body of the viewers' process. Says `all` once each has a picture;
/// then, for each line that it is sent, the bytes and frames received.
pub(crate) fn watch(told: &str) -> anyhow::Result<()> {
    let told: Value = serde_json::from_str(told)?;
    let text = |key: &str| told[key].as_str().unwrap_or_default().to_owned();
    let address = text("address");
    // One person may have so many sessions and no more.
    let tokens = told["tokens"].as_array().context("there are tokens")?;
    let viewers = told["viewers"].as_u64().unwrap_or(1);
    let (bytes, frames, shown) =
        (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let provider = Arc::new(str0m::crypto::from_feature_flags());
    let agent = agent();
    for viewer in 0..viewers as usize {
        let token = tokens[viewer % tokens.len()].as_str().context("a token is text")?;
        let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        let own = socket.local_addr()?;
        let config = RtcConfig::new().set_crypto_provider(provider.clone()).set_rtp_mode(true);
        let mut rtc = config.build(Instant::now());
        rtc.add_local_candidate(Candidate::host(own, "udp")?);
        let mut change = rtc.sdp_api();
        change.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
        let (offer, pending) = change.apply().context("a medium is a change")?;
        let request = ureq::http::Request::post(format!("{address}/api/v1/whep?role=main"))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/sdp");
        let mut answer = agent.run(request.body(offer.to_sdp_string())?)?;
        let sdp = answer.body_mut().read_to_string()?;
        anyhow::ensure!(answer.status() == 201, "{sdp}");
        rtc.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(&sdp)?)?;
        let (bytes, frames, shown) = (bytes.clone(), frames.clone(), shown.clone());
        runtime.spawn(async move {
            if let Err(error) = play(rtc, socket, &bytes, &frames, &shown).await {
                eprintln!("a viewer broke off: {error:#}");
            }
        });
    }
    let (asked, mut answer) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            if line.is_err() || asked.send(()).is_err() {
                break;
            }
        }
    });
    runtime.block_on(async {
        let began = Instant::now();
        while shown.load(Ordering::Relaxed) < viewers && began.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let shown = shown.load(Ordering::Relaxed);
        anyhow::ensure!(shown == viewers, "{shown} of {viewers} viewers have a picture");
        println!("all");
        while answer.recv().await.is_some() {
            println!("{} {}", bytes.load(Ordering::Relaxed), frames.load(Ordering::Relaxed));
        }
        Ok(())
    })
}

/// Plays until the process ends.
async fn play(
    mut rtc: Rtc,
    socket: std::net::UdpSocket,
    bytes: &AtomicU64,
    frames: &AtomicU64,
    shown: &AtomicU64,
) -> anyhow::Result<()> {
    let socket = UdpSocket::from_std(socket)?;
    let own = socket.local_addr()?;
    let (mut buffer, mut is_first) = ([0; 2000], true);
    loop {
        let until = match rtc.poll_output()? {
            Output::Timeout(until) => until,
            Output::Transmit(transmit) => {
                socket.send_to(&transmit.contents, transmit.destination).await?;
                continue;
            }
            Output::Event(Event::RtpPacket(packet)) => {
                bytes.fetch_add(packet.payload.len() as u64, Ordering::Relaxed);
                if packet.header.marker {
                    frames.fetch_add(1, Ordering::Relaxed);
                    if std::mem::take(&mut is_first) {
                        shown.fetch_add(1, Ordering::Relaxed);
                    }
                }
                continue;
            }
            Output::Event(_) => continue,
        };
        tokio::select! {
            received = socket.recv_from(&mut buffer) => {
                let (length, source) = received?;
                let receive = Receive::new(Protocol::Udp, source, own, &buffer[..length])?;
                rtc.handle_input(Input::Receive(Instant::now(), receive))?;
            }
            () = tokio::time::sleep_until(until.into()) => {
                rtc.handle_input(Input::Timeout(Instant::now()))?;
            }
        }
    }
}
