//! What the program takes of the machine, over time: memory, descriptors, threads,
//! children, disk.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use e2e::metrics::Metrics;

use crate::stage::Stage;

/// The kernel's clock ticks a second in `/proc` (`getconf CLK_TCK` is 100 on every
/// Linux of ours).
const TICKS: u64 = 100;

/// A run so long is held against itself. In a shorter one all still settles: caches
/// fill, each heap grows to what it is asked for at most, and after eight minutes
/// that is so.
const SETTLED: Duration = Duration::from_secs(600);

/// Rows of the table, about.
const ROWS: usize = 30;

/// What is no leak, between the second quarter and the last: a twentieth of the
/// memory, or so much.
const SLACK_KB: u64 = 6 << 10;

/// So many descriptors, threads or children, or a quarter: journals are opened and
/// closed in waves, as expiry goes over all streams.
const SLACK_FEW: u64 = 8;

/// One look.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample {
    at: Duration,
    /// Memory of `khue`, shared pages by halves (PSS), and the part with no file behind it.
    pss_kb: u64,
    anonymous_kb: u64,
    descriptors: u64,
    threads: u64,
    /// `khue-decode`, how many and their memory together.
    workers: u64,
    workers_kb: u64,
    /// Viewers of the hub, as the program says.
    viewers: u64,
    disk_bytes: u64,
    cpu_ms: u64,
}

/// All looks at one program.
pub(crate) struct Curve {
    pid: u32,
    root: PathBuf,
    began: Instant,
    cpu_ms: u64,
    /// What all of the machine had used by then.
    machine_ms: u64,
    samples: Vec<Sample>,
}

impl Curve {
    pub(crate) fn of(pid: u32, root: &Path) -> Self {
        let (cpu_ms, machine_ms, began) = (cpu_ms(pid), machine_ms(), Instant::now());
        Self { pid, root: root.to_owned(), began, cpu_ms, machine_ms, samples: Vec::new() }
    }

    /// Looks for a while at a program that nobody watches; returns the most of each.
    pub(crate) fn alone(&self, stage: &Stage) -> anyhow::Result<Sample> {
        const LOOKS: usize = 10;
        let mut most = Sample::default();
        for _ in 0..LOOKS {
            std::thread::sleep(Duration::from_secs(1));
            let now = self.take(stage)?;
            most.descriptors = most.descriptors.max(now.descriptors);
            most.threads = most.threads.max(now.threads);
            most.workers = most.workers.max(now.workers);
            most.viewers = most.viewers.max(now.viewers);
        }
        Ok(most)
    }

    /// Looks once.
    pub(crate) fn take(&self, stage: &Stage) -> anyhow::Result<Sample> {
        let metrics = Metrics::read(&stage.operator)?;
        let when = || format!("after {:?}", self.began.elapsed());
        metrics.ensure_nothing_lost().with_context(when)?;
        let workers = children(self.pid);
        let memory = memory(self.pid)?;
        Ok(Sample {
            at: self.began.elapsed(),
            pss_kb: memory.0,
            anonymous_kb: memory.1,
            descriptors: descriptors(self.pid)?,
            threads: threads(self.pid)?,
            // One may end while it is looked at.
            workers_kb: workers.iter().filter_map(|pid| memory_of(*pid)).map(|it| it.0).sum(),
            workers: workers.len() as u64,
            viewers: metrics.figure("khue_viewers")? as u64,
            disk_bytes: size(&self.root),
            cpu_ms: cpu_ms(self.pid).saturating_sub(self.cpu_ms),
        })
    }

    /// Looks until the time is over, or it is no use to go on.
    pub(crate) fn watch(
        &mut self,
        stage: &Stage,
        lasts: Duration,
        every: Duration,
    ) -> anyhow::Result<()> {
        self.began = Instant::now();
        (self.cpu_ms, self.machine_ms) = (cpu_ms(self.pid), machine_ms());
        while self.began.elapsed() < lasts && !stage.tally.is_hopeless() && !stage.is_over() {
            let sample = self.take(stage)?;
            // What an hour came to is of use while it is not over, too.
            if lasts >= SETTLED && self.samples.len().is_multiple_of(30) {
                println!("{}\n{}", HEAD, row(&sample));
            }
            self.samples.push(sample);
            std::thread::sleep(every);
        }
        anyhow::ensure!(!stage.is_over(), "it was ended after {:?}", self.began.elapsed());
        Ok(())
    }

    fn lasted(&self) -> Duration {
        self.samples.last().map_or(Duration::ZERO, |sample| sample.at)
    }

    /// Writes the whole curve, every so many looks a row.
    pub(crate) fn table(&self) -> String {
        let mut table = format!("{HEAD}\n");
        let each = self.samples.len().div_ceil(ROWS).max(1);
        for sample in self.samples.iter().step_by(each) {
            // Writing to a string cannot fail.
            let _ = writeln!(table, "{}", row(sample));
        }
        let (seconds, last) = (self.lasted().as_secs_f64(), self.samples.last());
        let cpu_s = last.map_or(0, |sample| sample.cpu_ms) as f64 / 1e3;
        let part = 100.0 * cpu_s / seconds.max(1.0);
        let all_s = machine_ms().saturating_sub(self.machine_ms) as f64 / 1e3;
        let _ = writeln!(
            table,
            "CPU: {cpu_s:.1} s in {seconds:.0} s, {part:.0} % of a core; of the whole machine, with \
             cameras and viewers: {all_s:.1} s"
        );
        table
    }

    /// Nothing grew from the second quarter to the last, and the disk took no more
    /// than the ceiling.
    pub(crate) fn check_flat(&self, ceiling_bytes: u64) -> anyhow::Result<()> {
        // The last look is up to a pause before the end.
        let is_settled = self.lasted() + Duration::from_secs(20) >= SETTLED;
        let quarter = self.samples.len() / 4;
        let (second, last) =
            (&self.samples[quarter..2 * quarter], &self.samples[self.samples.len() - quarter..]);
        type Figure = fn(&Sample) -> u64;
        let figures: [(&str, Figure, u64, u64); 4] = [
            ("kB of memory", |sample| sample.pss_kb, SLACK_KB, 20),
            ("descriptors", |sample| sample.descriptors, SLACK_FEW, 4),
            ("threads", |sample| sample.threads, SLACK_FEW, 4),
            ("children", |sample| sample.workers, SLACK_FEW, 4),
        ];
        for (what, figure, slack, part) in figures {
            let (before, after) = (median(second, figure), median(last, figure));
            let most = before + slack.max(before / part);
            println!("{what}: {before} in the second quarter, {after} in the last");
            let grew = is_settled && after > most;
            anyhow::ensure!(!grew, "{what} grew from {before} to {after}: something leaks");
        }
        if !is_settled {
            println!("that is no measure: {:?} are too few", self.lasted());
        }
        // A segment that is being written counts, and cannot go.
        let most = last.iter().map(|sample| sample.disk_bytes).max().unwrap_or(0);
        let room = ceiling_bytes + ceiling_bytes / 4;
        anyhow::ensure!(most <= room, "{most} bytes lie on the disk, {ceiling_bytes} may");
        Ok(())
    }
}

impl Sample {
    /// Whether nothing of what viewers need is there that was not there then.
    pub(crate) fn is_no_more_than(&self, then: &Self) -> bool {
        // A connection of whoever asks may be in the one and not in the other.
        const OWN: u64 = 4;
        self.viewers <= then.viewers
            && self.workers <= then.workers
            && self.descriptors <= then.descriptors + OWN
            && self.threads <= then.threads + OWN
    }
}

const HEAD: &str =
    "  after │  khue MB  no file │  fds threads │ workers    MB │ viewers │ disk MB │  CPU s";

fn row(sample: &Sample) -> String {
    let mb = |kb: u64| kb as f64 / 1024.0;
    format!(
        "{:>5} s │ {:>8.1} {:>8.1} │ {:>4} {:>7} │ {:>7} {:>5.1} │ {:>7} │ {:>7.1} │ {:>6.1}",
        sample.at.as_secs(),
        mb(sample.pss_kb),
        mb(sample.anonymous_kb),
        sample.descriptors,
        sample.threads,
        sample.workers,
        mb(sample.workers_kb),
        sample.viewers,
        sample.disk_bytes as f64 / 1e6,
        sample.cpu_ms as f64 / 1e3,
    )
}

fn median(samples: &[Sample], figure: fn(&Sample) -> u64) -> u64 {
    let mut all: Vec<u64> = samples.iter().map(figure).collect();
    all.sort_unstable();
    all.get(all.len() / 2).copied().unwrap_or(0)
}

/// Returns PSS and the memory with no file behind it.
fn memory(pid: u32) -> anyhow::Result<(u64, u64)> {
    memory_of(pid).with_context(|| format!("process {pid} is no more"))
}

fn memory_of(pid: u32) -> Option<(u64, u64)> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let figure = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix("kB")?.trim().parse().ok()
    };
    Some((figure("Pss:")?, figure("Anonymous:")?))
}

fn descriptors(pid: u32) -> anyhow::Result<u64> {
    Ok(fs::read_dir(format!("/proc/{pid}/fd"))?.count() as u64)
}

fn threads(pid: u32) -> anyhow::Result<u64> {
    Ok(fs::read_dir(format!("/proc/{pid}/task"))?.count() as u64)
}

/// Counts what a process has open, by kind: sockets, pipes, files of each ending.
pub(crate) fn open_files(pid: u32) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for entry in fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten() {
        let target = fs::read_link(entry.path()).unwrap_or_default();
        let text = target.to_string_lossy();
        let kind = match text.split_once(":[") {
            Some((kind, _)) => kind,
            None => text.rsplit_once(['.', '/']).map_or(&*text, |(_, end)| end),
        };
        *kinds.entry(kind.to_owned()).or_default() += 1;
    }
    kinds
}

/// Returns what all of the machine has used so far: every process, and what the kernel
/// does for nobody.
fn machine_ms() -> u64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let all = text.lines().next().unwrap_or_default().split_whitespace().skip(1);
    // user nice system idle iowait irq softirq steal (proc(5)).
    let busy = all.take(8).enumerate().filter(|(index, _)| !matches!(index, 3 | 4 | 7));
    busy.filter_map(|(_, ticks)| ticks.parse::<u64>().ok()).sum::<u64>() * 1000 / TICKS
}

/// Returns the processes that a process has started, and that have not ended.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let is_theirs =
        |child: &u32| stat(*child).and_then(|fields| fields.get(1)?.parse().ok()) == Some(pid);
    pids.filter(is_theirs).collect()
}

/// Returns user and system time of a process, its children and those that have ended.
fn cpu_ms(pid: u32) -> u64 {
    let own = |pid: u32| -> u64 {
        let fields = stat(pid).unwrap_or_default();
        fields.iter().skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum()
    };
    let all: u64 = own(pid) + children(pid).into_iter().map(own).sum::<u64>();
    all * 1000 / TICKS
}

/// Returns the fields of `/proc/PID/stat` after the command's name, which may hold anything.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

/// Returns what a folder takes of the disk; what goes meanwhile counts or does not.
fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size(&entry.path()),
        Ok(metadata) => metadata.blocks() * 512,
        Err(_) => 0,
    });
    sizes.sum()
}
