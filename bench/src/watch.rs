//! How old a picture is when a person sees it, and what seeing costs: the
//! program's own client in a real browser, driven by `web/e2e/watching.mjs`.
//!
//! ```text
//! simcam ──▶ khue ──▶ Chromium     number burnt into the picture on screen, and when
//!              └────▶ recordings   stamp of each frame: its number, and when it was sent
//! ```
//!
//! One clock serves all three, so the difference is the whole way.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use e2e::recorded;
use serde::Deserialize;
use simcam::clip::SUB_FRAME_RATE;
use simcam::scene::FRAME_RATE;
use simcam::sei::{self, Stamp};

use crate::cpu;
use crate::khue::{self, Khue, PASSWORD, PATIENCE, Streams};
use crate::load::Load;
use crate::report::median;

/// How long after the last tile is live before anything is measured.
const SETTLE: Duration = Duration::from_secs(5);

/// Seconds of a loop: a number that is burnt in comes again after as long.
const LOOP_SECONDS: usize = 20;

/// What is watched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wall {
    /// Tiles along a side of the grid.
    pub(crate) side: usize,
    /// Which way the pictures come: `mse` or `whep`.
    pub(crate) way: &'static str,
    /// Of how many frames one has its number read.
    pub(crate) every: usize,
}

/// One large picture by either way, and the largest grid.
pub(crate) const WALLS: [Wall; 4] = [
    Wall { side: 1, way: "mse", every: 1 },
    Wall { side: 1, way: "whep", every: 1 },
    Wall { side: 5, way: "mse", every: 10 },
    Wall { side: 5, way: "whep", every: 10 },
];

/// What was measured.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    pub(crate) wall: Wall,
    /// `main` or `sub`, as the client chose.
    pub(crate) role: String,
    /// Milliseconds from a frame's sending to the screen, each that was looked at.
    pub(crate) delay_ms: Vec<f64>,
    /// How much later the last third of the time was than the first, in
    /// milliseconds, in the tile where that was most.
    pub(crate) growth_ms: f64,
    /// Frames presented, of those sent meanwhile.
    pub(crate) presented: f64,
    /// CPU milliseconds a second of the browser with all its processes.
    pub(crate) browser_ms: f64,
    /// CPU milliseconds a second of the program, which records meanwhile.
    pub(crate) khue_ms: f64,
    /// Memory of the browser, in MB.
    pub(crate) browser_mb: f64,
}

/// What the browser tells of a tile.
#[derive(Debug, Deserialize)]
struct Tile {
    camera: String,
    role: String,
    way: String,
    frames: u64,
    shown: Vec<(u64, f64)>,
}

/// Watches for `window`.
pub(crate) fn measure(wall: Wall, window: Duration) -> anyhow::Result<Figures> {
    let tiles = wall.side * wall.side;
    let folder = tempfile::tempdir()?;
    let mut load = Load::start(tiles)?;
    let mut khue = Khue::start(&load, Streams::Both, folder.path())?;
    let person = khue.operator()?;
    load.wait_for(2 * tiles, PATIENCE)?;
    let told = serde_json::json!({
        "address": khue.address, "password": PASSWORD, "side": wall.side, "tiles": tiles,
        "way": wall.way, "seconds": window.as_secs(), "every": wall.every,
    });
    let mut browser = Command::new("node")
        .args(["web/e2e/watching.mjs", &told.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run node")?;
    let mut go = browser.stdin.take().context("standard input was asked for")?;
    let mut said = BufReader::new(browser.stdout.take().context("and standard output")?);
    let mut line = String::new();
    said.read_line(&mut line)?;
    anyhow::ensure!(line.trim() == "ready", "the browser's part said {line:?}");
    std::thread::sleep(SETTLE);
    let usage = || (cpu::tree(browser.id()), cpu::tree(khue.pid()), Instant::now());
    let before = usage();
    go.write_all(b"go\n")?;
    drop(go);
    // A little less than the browser's own window, for it ends with that.
    std::thread::sleep(window.saturating_sub(Duration::from_secs(1)));
    let after = usage();
    line.clear();
    said.read_line(&mut line)?;
    anyhow::ensure!(browser.wait()?.success(), "the browser's part failed");
    let seen: Vec<Tile> = serde_json::from_str(&line).context("the browser told no figures")?;
    anyhow::ensure!(seen.len() == tiles, "{} of {tiles} tiles were watched", seen.len());

    let stamps = stamps(&khue)?;
    let names = khue::names(&person)?;
    let (mut delay_ms, mut growth_ms, mut presented) = (Vec::new(), f64::NEG_INFINITY, 0);
    for tile in &seen {
        anyhow::ensure!(tile.way == wall.way, "{} was taken, not {}", tile.way, wall.way);
        let name = names.get(&tile.camera).context("the tile's camera is known")?;
        let sent = stamps
            .get(&sei::source(&format!("{name}/{}", tile.role)))
            .with_context(|| format!("{name}/{} was recorded", tile.role))?;
        let delays: Vec<f64> = tile
            .shown
            .iter()
            .filter_map(|&(number, at_ms)| delay(sent, &tile.role, number, at_ms))
            .collect();
        anyhow::ensure!(delays.len() >= 3, "{name}: too few pictures were legible");
        let third = delays.len() / 3;
        let of = |part: &[f64]| median(part.iter().copied()).unwrap_or_default();
        let growth = of(&delays[delays.len() - third..]) - of(&delays[..third]);
        growth_ms = f64::max(growth_ms, growth);
        delay_ms.extend(delays);
        presented += tile.frames;
    }
    let role = seen.first().map(|tile| tile.role.clone()).unwrap_or_default();
    let rate = if role == "main" { FRAME_RATE } else { SUB_FRAME_RATE };
    let seconds = (after.2 - before.2).as_secs_f64();
    let a_second =
        |before: cpu::Usage, after: cpu::Usage| (after.cpu_ms - before.cpu_ms) as f64 / seconds;
    Ok(Figures {
        wall,
        role,
        delay_ms,
        growth_ms,
        presented: presented as f64 / (tiles * rate) as f64 / window.as_secs_f64(),
        browser_ms: a_second(before.0, after.0),
        khue_ms: a_second(before.1, after.1),
        browser_mb: after.0.pss_kb as f64 / 1024.0,
    })
}

/// Returns the stamps of all that is on disk, by source.
fn stamps(khue: &Khue) -> anyhow::Result<BTreeMap<u32, Vec<Stamp>>> {
    let mut stamps: BTreeMap<u32, Vec<Stamp>> = BTreeMap::new();
    for stream in recorded::streams(&khue.recordings)? {
        for found in recorded::stream(&khue.recordings, stream)? {
            stamps.entry(found.stamp.source).or_default().push(found.stamp);
        }
    }
    Ok(stamps)
}

/// Returns how long ago the newest frame with that number was sent; `None` if the
/// disk does not have it yet.
fn delay(sent: &[Stamp], role: &str, number: u64, at_ms: f64) -> Option<f64> {
    let (rate, at_us) = (if role == "main" { FRAME_RATE } else { SUB_FRAME_RATE }, at_ms * 1e3);
    let number_of = |stamp: &Stamp| {
        let place = stamp.counter % (LOOP_SECONDS * rate) as u64;
        // A small stream bears the numbers of the large one, of the same moments.
        place * FRAME_RATE as u64 / rate as u64
    };
    let newest = sent
        .iter()
        .rev()
        .find(|stamp| (stamp.wall_us as f64) < at_us && number_of(stamp) == number)?;
    let ms = (at_us - newest.wall_us as f64) / 1e3;
    (ms < LOOP_SECONDS as f64 * 500.0).then_some(ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_comes_again_is_the_newest_that_was_sent() {
        let stamp = |counter| Stamp { counter, wall_us: counter as i64 * 40_000, source: 0 };
        let sent: Vec<Stamp> = (0..1000).map(stamp).collect();
        // Number 3 of the second loop, 120 ms after it was sent.
        assert_eq!(delay(&sent, "main", 3, 20_120.0 + 120.0), Some(120.0));
        // Of the first, as the second was not sent yet.
        assert_eq!(delay(&sent, "main", 3, 1120.0), Some(1000.0));
        assert_eq!(delay(&sent[..3], "main", 3, 1120.0), None);
        let stamp = |counter| Stamp { counter, wall_us: counter as i64 * 100_000, source: 0 };
        let sent: Vec<Stamp> = (0..400).map(stamp).collect();
        assert_eq!(delay(&sent, "sub", 7, 350.0), Some(50.0), "the third frame bears 7");
    }
}
