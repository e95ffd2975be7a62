//! An hour with a hundred cameras, every way of watching taken up and left again
//! all the while: memory stays flat, and no camera loses a frame.
//!
//! ```text
//! simcam, 100 cameras ─▶ khue ─▶ a thread for each way: open, play, close, again   ways
//!                          │                                                       └▶ Tally
//!                          ├──▶ /proc, /metrics, every 10 s ─▶ Curve               flat?
//!                          └──▶ recordings, each segment once it is closed ─▶ Kept  whole?
//! ```
//!
//! What leaks does so with sessions or with time, so sessions are short and the
//! hour is long; the store's ceiling is low, so that expiry runs for most of it.
//! Memory is held against itself only where there was time to settle; here, in
//! half a minute with ten cameras, it is printed. The hour is `make soak`;
//! `KHUE_SOAK_SECONDS` says how long, and `KHUE_SOAK_STREETS=300` that so many of the
//! cameras are streets in 1080p of 2 Mbps, on a disk of 20 GB in segments of 30 s.

mod cast;
mod curve;
mod players;
mod socket;
mod stage;
mod tally;
mod ways;
mod whep;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use anyhow::Context;
use base::StreamId;
use e2e::kept::{Kept, Sent};
use e2e::program::{self, Program};
use e2e::wait::until;
use e2e::{city, recorded};
use serde_json::json;

use crate::cast::{Cast, Eye};
use crate::curve::Curve;
use crate::stage::{Dice, Stage};

/// Far less than anything is kept.
const LOOK_EVERY: Duration = Duration::from_secs(3);

/// The disk that a run of streets may take.
const STREETS_BYTES: u64 = 20_000_000_000;

/// How long, and how much of everything.
struct Plan {
    cameras: usize,
    scenes: usize,
    lasts: Duration,
    /// How long a session plays, in seconds.
    session_s: std::ops::RangeInclusive<u64>,
    sample_every: Duration,
    export_every: Duration,
    /// How much is kept, about, in seconds.
    window_s: u64,
    segment_s: u32,
}

impl Plan {
    fn read() -> anyhow::Result<Self> {
        let is_soak = std::env::var_os("KHUE_SOAK").is_some();
        let seconds = match std::env::var("KHUE_SOAK_SECONDS") {
            Ok(text) => text.parse().with_context(|| format!("KHUE_SOAK_SECONDS={text}"))?,
            Err(_) if is_soak => 3600,
            Err(_) => 30,
        };
        let streets = match std::env::var("KHUE_SOAK_STREETS") {
            Ok(text) => Some(text.parse().with_context(|| format!("KHUE_SOAK_STREETS={text}"))?),
            Err(_) => None,
        };
        // Beside streets there are some of each oddity.
        let (cameras, scenes) = match streets {
            Some(streets) => (streets + 12, streets),
            None if is_soak => (100, 4),
            None => (10, 1),
        };
        let window_s = match streets {
            Some(_) => STREETS_BYTES / rate(cameras, scenes),
            None => (seconds / 4).clamp(30, 240),
        };
        Ok(Self {
            cameras,
            scenes,
            lasts: Duration::from_secs(seconds),
            session_s: if is_soak { 10..=40 } else { 3..=6 },
            sample_every: Duration::from_secs(if is_soak { 10 } else { 1 }),
            export_every: Duration::from_secs(if is_soak { 60 } else { 10 }),
            window_s,
            segment_s: match streets {
                Some(_) => 30,
                None if is_soak => 10,
                None => 4,
            },
        })
    }

    /// Returns room for about the last [`Plan::window_s`] of all cameras: less than
    /// the whole run, so that what is older goes, and more than anybody looks back.
    fn ceiling_bytes(&self) -> u64 {
        self.window_s * rate(self.cameras, self.scenes)
    }
}

/// Returns how much so many cameras, so many of them streets, bring in a second, about.
fn rate(cameras: usize, scenes: usize) -> u64 {
    const SCENE: usize = 300_000;
    const SMALL: usize = 75_000;
    (scenes * SCENE + cameras * SMALL) as u64
}

#[test]
fn memory_is_flat_and_nothing_is_lost_while_all_ways_are_used() -> anyhow::Result<()> {
    let plan = Plan::read()?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let folder = tempfile::tempdir()?;
    let cast = Cast::of(plan.cameras, plan.scenes)?;
    let server = runtime.block_on(cast.serve())?;
    let config = program::configure(
        folder.path(),
        &format!(
            "[http]\nlisten = \"127.0.0.1:0\"\n\
             [sign_in]\nsecond_factor = \"nobody\"\n\
             [whep]\nlisten = \"127.0.0.1:0\"\n\
             [rtsp]\nlisten = \"127.0.0.1:0\"\nplain = \"127.0.0.1:0\"\n\
             [store]\nreserve_bytes = 16777216\nsegment_s = {}\nceiling_bytes = {}\n",
            plan.segment_s,
            plan.ceiling_bytes()
        ),
    )?;
    // The first one by the command line, which makes the site that the others hang at.
    city::add(&config, &server, 1)?;
    let mut khue = Program::start(["serve".as_ref(), "--config".as_ref(), config.as_os_str()])?;
    let data = folder.path().join("data");
    let stage = Stage::set(&mut khue, &data, &cast, &server)?;
    let stage = Arc::new(stage.playing(plan.session_s.clone(), plan.window_s / 2));
    let pid = khue.pid();
    let root = data.join("recordings");

    let paths = stage.cameras.iter().flat_map(|eye| {
        eye.streams.iter().map(|(role, stream)| (*stream, format!("{}/{role}", eye.name)))
    });
    let mut kept = Kept::of(&root, paths);
    let mut curve = Curve::of(pid, &root);
    let alone = curve.alone(&stage)?;
    let held = Held::place(&stage, &stage.cameras[plan.cameras - 1])?;

    let (end, ended) = std::sync::mpsc::channel::<()>();
    let looking = std::thread::spawn({
        let stage = stage.clone();
        // Until the program stops: expiry goes on when nobody watches, too.
        move || -> anyhow::Result<Kept> {
            while ended.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
                kept.look(false).inspect_err(|_| stage.end())?;
            }
            Ok(kept)
        }
    });
    let clients = ways::begin(&stage, plan.export_every)?;
    let watched = curve.watch(&stage, plan.lasts, plan.sample_every);
    stage.end();
    for client in clients {
        let way = client.thread().name().unwrap_or_default().to_owned();
        client.join().map_err(|_| anyhow::anyhow!("the thread of {way} broke"))?;
    }
    println!("{}\n{}", curve.table(), stage.tally);

    // All have gone, and so has what was there for them.
    let gone = until("what was there for viewers to go", || {
        let now = curve.take(&stage)?;
        Ok(now.is_no_more_than(&alone).then_some(()))
    });
    let open = curve::open_files(pid);
    let no_gap = no_gap(&stage);
    drop(end);
    let looked = looking.join().map_err(|_| anyhow::anyhow!("who looks at the disk broke"))?;
    let mut kept = looked?;
    watched?;
    stage.tally.check()?;
    // Before, the kernel keeps it all for who is slow.
    let is_long = plan.lasts >= Duration::from_secs(240);
    assert!(!is_long || stage.tally.missed(ways::SLOW) > 0, "who is slow loses frames");
    gone.with_context(|| {
        format!("{:#?}, {open:#?} before anybody watched: {alone:#?}", curve.take(&stage))
    })?;
    no_gap?;

    // A worker that is there still, and waits for more.
    ways::thumbnails(&stage, &mut Dice::of("the last"))?;
    let workers = curve::children(pid);
    assert!(!workers.is_empty(), "thumbnails are made by a worker");
    let sent: Vec<Sent> = server.deliveries().iter().map(Sent::from).collect();
    assert!(khue.stop()?.success(), "it stops in order");
    // They end by the kernel's hand, which has the lowest rank for them.
    until("the workers to end with the program", || {
        Ok(workers.iter().all(|pid| !is_worker(*pid)).then_some(()))
    })?;
    kept.look(true)?;
    println!("{kept}");
    kept.check(&sent)?;
    held.check(&root)?;
    curve.check_flat(plan.ceiling_bytes())
}

/// A span that nobody may delete, placed before all expiry.
struct Held {
    stream: StreamId,
    from_us: i64,
    to_us: i64,
}

impl Held {
    /// Holds the five seconds before now of a camera's main stream.
    fn place(stage: &Stage, eye: &Eye) -> anyhow::Result<Self> {
        let to_us = stage::now_us();
        let from_us = to_us - 5_000_000;
        let body =
            json!({ "camera": eye.id, "from_us": from_us, "to_us": to_us, "reason": "soak" });
        stage.operator.ask("POST", "holds", Some(body))?.ok()?;
        Ok(Self { stream: eye.stream("main")?, from_us, to_us })
    }

    /// Its frames are there, each of them.
    fn check(&self, root: &Path) -> anyhow::Result<()> {
        let mut frames = recorded::stream(root, self.stream)?;
        frames.retain(|frame| (self.from_us..self.to_us).contains(&frame.wall.0));
        let follows = |pair: &[recorded::Found]| pair[1].stamp.counter == pair[0].stamp.counter + 1;
        anyhow::ensure!(frames.windows(2).all(follows), "a held frame is missing");
        let seconds = (self.to_us - self.from_us) / 1_000_000;
        let wanted = seconds * i64::from(cast::FPS) - 2;
        anyhow::ensure!(frames.len() as i64 >= wanted, "{} of {wanted} are held", frames.len());
        Ok(())
    }
}

/// Not a camera's timeline has a gap: what is no longer there was deleted by a rule,
/// and some was.
fn no_gap(stage: &Stage) -> anyhow::Result<()> {
    let mut rules = BTreeSet::new();
    for eye in &stage.cameras {
        for role in eye.roles() {
            let path = format!("cameras/{}/timeline?role={role}&{}", eye.id, stage::ALWAYS);
            let timeline = stage.operator.ask("GET", &path, None)?.ok()?;
            let gaps = timeline["gaps"].as_array().context("a timeline has gaps")?;
            anyhow::ensure!(gaps.is_empty(), "{} {role}: {gaps:#?}", eye.name);
            let deleted = timeline["deleted"].as_array().context("what was deleted")?;
            rules.extend(deleted.iter().map(|deleted| deleted["rule"].to_string()));
            let last_us = timeline["last_us"].as_i64().context("something is recorded")?;
            let behind_us = stage::now_us() - last_us;
            anyhow::ensure!(behind_us < 10_000_000, "{} {role} is {behind_us} µs behind", eye.name);
        }
    }
    anyhow::ensure!(!rules.is_empty(), "nothing expired");
    println!("expired by {rules:?}");
    Ok(())
}

/// Whether a process is one of ours still, and not another with its number.
fn is_worker(pid: u32) -> bool {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    name.trim() == "khue-decode"
}
