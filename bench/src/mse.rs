//! What watching over the media socket costs: viewers with a socket each, in threads
//! of this process, so that only the program's CPU time is counted.
//!
//! ```text
//! load (N cameras) ─▶ khue ─▶ M sockets, over TLS, one camera each in turn
//!                      └ CPU time with M of them, and with none
//! ```

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use e2e::http::Person;
use e2e::socket::{Socket, Told};
use serde_json::json;

use crate::cpu;
use crate::khue::{self, Khue, PATIENCE, Streams};
use crate::load::Load;

/// How long after the last viewer has its first frames before anything is measured, and
/// after the last camera plays: streams are read calmly by then.
const SETTLE: Duration = Duration::from_secs(8);

/// Frames a second of the load's cameras.
const RATE: f64 = 25.0;

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    pub(crate) cameras: usize,
    pub(crate) viewers: usize,
    /// CPU milliseconds a second with nobody watching.
    pub(crate) alone_ms: f64,
    /// The same with all of them.
    pub(crate) all_ms: f64,
    /// What each viewer received, in Mbps.
    pub(crate) mbps: f64,
    /// Frames received, of those that were sent.
    pub(crate) whole: f64,
    /// Frames that the program told viewers it left out for them.
    pub(crate) dropped: u64,
}

/// What viewers received so far, all together.
#[derive(Debug, Default)]
struct Received {
    bytes: AtomicU64,
    frames: AtomicU64,
    dropped: AtomicU64,
    /// Viewers that have a picture.
    shown: AtomicU64,
}

/// Measures `viewers` viewers of `cameras` cameras for `window`.
pub(crate) fn measure(cameras: usize, viewers: usize, window: Duration) -> anyhow::Result<Figures> {
    let folder = tempfile::tempdir()?;
    let mut load = Load::start(cameras)?;
    let mut khue = Khue::start(&load, Streams::Main, folder.path())?;
    let person = Arc::new(khue.operator()?);
    load.wait_for(cameras, PATIENCE)?;
    std::thread::sleep(SETTLE);
    let usage = || {
        let (before, began) = (cpu::tree(khue.pid()), Instant::now());
        std::thread::sleep(window);
        let (after, seconds) = (cpu::tree(khue.pid()), began.elapsed().as_secs_f64());
        ((after.cpu_ms - before.cpu_ms) as f64 / seconds, seconds)
    };
    let (alone_ms, _) = usage();
    let received = Arc::<Received>::default();
    let all: Vec<String> = person.cameras()?.into_keys().collect();
    let mut tokens = HashMap::new();
    for (_, camera) in (0..viewers).zip(all.iter().cycle()) {
        if !tokens.contains_key(camera) {
            tokens.insert(camera.clone(), khue::token(&person, camera, "live")?);
        }
        let (person, token, received) = (person.clone(), tokens[camera].clone(), received.clone());
        std::thread::spawn(move || {
            // At the end the program goes first, and viewers break off by that; one that
            // does so before has no more frames, which is counted.
            let _ = watch(&person, &token, &received);
        });
    }
    let began = Instant::now();
    while received.shown.load(Ordering::Relaxed) < viewers as u64 {
        let shown = received.shown.load(Ordering::Relaxed);
        anyhow::ensure!(began.elapsed() < PATIENCE, "{shown} of {viewers} viewers have a picture");
        std::thread::sleep(Duration::from_millis(50));
    }
    std::thread::sleep(SETTLE);
    let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
    let (bytes, frames) = (count(&received.bytes), count(&received.frames));
    let (all_ms, seconds) = usage();
    let (bytes, frames) = (count(&received.bytes) - bytes, count(&received.frames) - frames);
    let each = |count: u64| count as f64 / viewers as f64 / seconds;
    Ok(Figures {
        cameras,
        viewers,
        alone_ms,
        all_ms,
        mbps: each(bytes) * 8.0 / 1e6,
        whole: each(frames) / RATE,
        dropped: count(&received.dropped),
    })
}

/// Watches one camera until the socket ends.
fn watch(person: &Person, token: &str, received: &Received) -> anyhow::Result<()> {
    let mut socket = Socket::open(person)?;
    socket.say(&json!({"op": "live", "ref": "a", "token": token, "role": "main"}))?;
    let mut is_first = true;
    loop {
        match socket.hear()?.context("the socket was closed")? {
            Told::Piece { bytes, .. } => {
                received.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                received.frames.fetch_add(1, Ordering::Relaxed);
                if std::mem::take(&mut is_first) {
                    received.shown.fetch_add(1, Ordering::Relaxed);
                }
            }
            Told::Event(event) if event["type"] == "dropped" => {
                let frames = event["frames"].as_u64().unwrap_or(1);
                received.dropped.fetch_add(frames, Ordering::Relaxed);
            }
            Told::Event(_) => {}
        }
    }
}
