//! What recording costs: every peer on one load, in turns, in one run.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use crate::cpu;
use crate::khue::{self, Khue, PATIENCE, Streams};
use crate::load::Load;
use crate::mse::Viewers;
use crate::peers::Peer;
use crate::servers;

/// How long after the last camera plays before anything is measured.
const SETTLE: Duration = Duration::from_secs(6);

/// One measurement of one peer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figure {
    /// CPU milliseconds of the peer's process tree for a second of one camera.
    pub(crate) cpu_ms: f64,
    /// Memory for each camera, in MB.
    pub(crate) memory_mb: f64,
    /// What the load itself used for a second of one camera, in CPU milliseconds.
    pub(crate) load_ms: f64,
    /// What was used of the whole machine without the load, in which is what the kernel
    /// writes back for nobody, and whatever watches.
    pub(crate) machine_ms: f64,
}

/// Measures each of `peers` `rounds` times, in turns, at `cameras` cameras.
pub(crate) fn measure(
    peers: &[Peer],
    cameras: usize,
    rounds: usize,
    window: Duration,
) -> anyhow::Result<BTreeMap<Peer, Vec<Figure>>> {
    let mut figures: BTreeMap<Peer, Vec<Figure>> = BTreeMap::new();
    for round in 1..=rounds {
        for &peer in peers {
            let figure = match once(peer, cameras, window) {
                Ok(figure) => figure,
                // What another program does not stand is its own matter, and costs no figure
                // of the others.
                Err(error) if peer.is_of_others() => {
                    eprintln!("record, {cameras} cameras, round {round}/{rounds}: {error:#}");
                    continue;
                }
                Err(error) => return Err(error),
            };
            eprintln!(
                "record, {cameras} cameras, round {round}/{rounds}: {} {:.3} ms, {:.2} MB a camera (load {:.3} ms, machine {:.3} ms)",
                peer.name(),
                figure.cpu_ms,
                figure.memory_mb,
                figure.load_ms,
                figure.machine_ms
            );
            figures.entry(peer).or_default().push(figure);
        }
    }
    Ok(figures)
}

/// Whatever records, ended when dropped.
enum Running {
    Khue(Khue),
    Server(servers::Running),
    Peer(Vec<Child>),
}

impl Running {
    fn usage(&self) -> cpu::Usage {
        let mut sum = cpu::Usage::default();
        for pid in self.pids() {
            let usage = cpu::tree(pid);
            sum.cpu_ms += usage.cpu_ms;
            sum.pss_kb += usage.pss_kb;
        }
        sum
    }

    fn pids(&self) -> Vec<u32> {
        match self {
            Self::Khue(khue) => vec![khue.pid()],
            Self::Server(server) => vec![server.pid()],
            Self::Peer(children) => children.iter().map(Child::id).collect(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Self::Peer(children) = self {
            for child in children {
                let _ = child.kill();
                let _ = child.wait();
            }
        }
    }
}

fn once(peer: Peer, cameras: usize, window: Duration) -> anyhow::Result<Figure> {
    let folder = tempfile::tempdir()?;
    let clip = khue::scene()?.main;
    let clip_bytes_per_second = clip.size_bytes() as f64 / (clip.duration_90k as f64 / 90_000.0);
    let mut load = Load::start(cameras)?;
    let mut running = match peer {
        Peer::Khue | Peer::Watched(_) => {
            Running::Khue(Khue::start(&load, Streams::Main, folder.path())?)
        }
        Peer::Server(server) => Running::Server(server.start(&load.urls, folder.path())?),
        _ => Running::Peer(peer.start(&load.urls, folder.path())?),
    };
    load.wait_for(cameras, PATIENCE)?;
    let _watching = match (&mut running, peer.way()) {
        (Running::Khue(khue), Some(way)) => {
            let person = khue.operator()?;
            Some(Viewers::start(khue, &person, cameras, way)?)
        }
        _ => None,
    };
    std::thread::sleep(SETTLE);
    let written_before = bytes_below(folder.path());
    let usage = || (running.usage(), cpu::tree(load.pid()), cpu::machine_ms(), Instant::now());
    let (before, load_before, machine_before, began) = usage();
    std::thread::sleep(window);
    let (after, load_after, machine_after, ended) = usage();
    let seconds = ended.duration_since(began).as_secs_f64();
    let written = bytes_below(folder.path()).saturating_sub(written_before);
    let playing = load.playing()?;
    anyhow::ensure!(
        playing >= cameras,
        "{}: only {playing} of {cameras} cameras still play",
        peer.name()
    );
    // Whoever gathers two seconds in memory is that much behind at either end.
    let sent = clip_bytes_per_second * seconds * cameras as f64;
    anyhow::ensure!(
        written as f64 > sent * 0.7,
        "{}: {written} bytes on disk of some {sent:.0} that were sent",
        peer.name()
    );
    let per_camera_second =
        |before: u64, after: u64| after.saturating_sub(before) as f64 / seconds / cameras as f64;
    let load_ms = per_camera_second(load_before.cpu_ms, load_after.cpu_ms);
    Ok(Figure {
        cpu_ms: per_camera_second(before.cpu_ms, after.cpu_ms),
        memory_mb: after.pss_kb as f64 / 1024.0 / cameras as f64,
        load_ms,
        machine_ms: per_camera_second(machine_before, machine_after) - load_ms,
    })
}

/// Returns what the files below a folder weigh.
fn bytes_below(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(about) if about.is_dir() => bytes_below(&entry.path()),
            Ok(about) => about.len(),
            // Let go of a moment ago.
            Err(_) => 0,
        })
        .sum()
}
