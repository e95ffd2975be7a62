//! What a thousand cameras take: how soon all are recorded after a start, and whether
//! one loses a frame while the disk is full and old recordings make room.

use std::time::{Duration, Instant};

use anyhow::Context;
use e2e::http::Person;
use e2e::kept::Kept;
use e2e::metrics::Metrics;

use crate::cpu;
use crate::khue::{self, Khue, Streams};
use crate::load::Load;

/// How long it may take until all are recorded.
const PATIENCE: Duration = Duration::from_secs(180);

/// How often is looked at what was written: far less than anything is kept.
const LOOK: Duration = Duration::from_secs(3);

/// What the store may take, and what a segment lasts: a segment under way cannot go.
const CEILING_BYTES: u64 = 20_000_000_000;
const SEGMENT_S: u64 = 30;

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    pub(crate) cameras: usize,
    /// Seconds from the program's start until it records all of them.
    pub(crate) start_s: f64,
    /// CPU milliseconds for each of them until then.
    pub(crate) start_ms: f64,
    /// Seconds they were recorded from then on.
    pub(crate) lasted_s: f64,
    /// CPU milliseconds for a second of one camera.
    pub(crate) cpu_ms: f64,
    /// The same of the load, and of the whole machine with both in it.
    pub(crate) load_ms: f64,
    pub(crate) machine_ms: f64,
    /// Memory for each, in MB, at the end.
    pub(crate) memory_mb: f64,
    /// The most that lay on the disk.
    pub(crate) disk_bytes: u64,
    /// Frames found on disk. Each follows the one before it, from the first that was
    /// sent to the last: otherwise there are no figures.
    pub(crate) frames: u64,
}

/// Records `cameras` cameras for `lasts`.
pub(crate) fn measure(cameras: usize, lasts: Duration) -> anyhow::Result<Figures> {
    let folder = tempfile::tempdir()?;
    let mut load = Load::start(cameras)?;
    let store = format!("ceiling_bytes = {CEILING_BYTES}\nsegment_s = {SEGMENT_S}\n");
    let config = khue::configure(&load, Streams::Main, folder.path(), &store)?;
    let began = Instant::now();
    let mut khue = Khue::serve(&config, folder.path())?;
    load.wait_for(cameras, PATIENCE)?;
    let (start_s, started_ms) = (began.elapsed().as_secs_f64(), cpu::tree(khue.pid()).cpu_ms);
    eprintln!("fleet: {cameras} cameras play after {start_s:.1} s");

    let person = khue.operator()?;
    let names = khue::names(&person)?;
    let streams = person.cameras()?.into_iter().map(|(id, stream)| {
        let name = names.get(&id).with_context(|| format!("{id} has a name"))?;
        Ok((stream, format!("{name}/main")))
    });
    let mut kept = Kept::of(&khue.recordings, streams.collect::<anyhow::Result<Vec<_>>>()?);
    let usage = |load: &Load| {
        (cpu::tree(khue.pid()).cpu_ms, cpu::tree(load.pid()).cpu_ms, cpu::machine_ms())
    };
    let (before, measured) = (usage(&load), Instant::now());
    let mut disk_bytes = 0;
    while measured.elapsed() < lasts {
        std::thread::sleep(LOOK);
        kept.look(false)?;
        disk_bytes = disk_bytes.max(used(&person)?);
    }
    let (after, lasted_s) = (usage(&load), measured.elapsed().as_secs_f64());
    let memory_mb = cpu::tree(khue.pid()).pss_kb as f64 / 1024.0 / cameras as f64;
    let sent = load.sent()?;
    khue.stop()?;
    kept.look(true)?;
    kept.check(&sent)?;
    let each = |before: u64, after: u64| (after - before) as f64 / lasted_s / cameras as f64;
    Ok(Figures {
        cameras,
        start_s,
        start_ms: started_ms as f64 / cameras as f64,
        lasted_s,
        cpu_ms: each(before.0, after.0),
        load_ms: each(before.1, after.1),
        machine_ms: each(before.2, after.2),
        memory_mb,
        disk_bytes,
        frames: kept.frames(),
    })
}

/// Returns what the store takes on the disk; fails if a camera is not recorded or
/// anything was lost.
fn used(person: &Person) -> anyhow::Result<u64> {
    let metrics = Metrics::read(person)?;
    metrics.ensure_nothing_lost()?;
    Ok(metrics.figure("khue_store_used_bytes")? as u64)
}
