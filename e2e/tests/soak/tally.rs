//! What came of the sessions of each way, and whether what they brought is whole.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use simcam::sei::{self, Stamp};

/// How many failures are enough to know.
const ENOUGH: usize = 10;

/// What came of a session.
pub(crate) enum Outcome {
    /// It brought so many frames, pictures or answers.
    Brought(u64),
    /// It brought frames, and missed some for a reason of its own.
    Missed { brought: u64, missed: u64 },
    /// The worker's budget had no room for it.
    Busy,
}

/// What came of all sessions, by way.
#[derive(Default)]
pub(crate) struct Tally(Mutex<BTreeMap<&'static str, Count>>);

#[derive(Default)]
struct Count {
    sessions: u64,
    brought: u64,
    missed: u64,
    busy: u64,
    failures: Vec<String>,
}

impl Tally {
    /// Notes what came of a session.
    pub(crate) fn note(&self, way: &'static str, came: anyhow::Result<Outcome>) {
        let mut ways = self.lock();
        let count = ways.entry(way).or_default();
        count.sessions += 1;
        match came {
            Ok(Outcome::Brought(0) | Outcome::Missed { brought: 0, .. }) => {
                count.failures.push("it brought nothing".to_owned());
            }
            Ok(Outcome::Brought(much)) => count.brought += much,
            Ok(Outcome::Missed { brought, missed }) => {
                count.brought += brought;
                count.missed += missed;
            }
            Ok(Outcome::Busy) => count.busy += 1,
            Err(error) => count.failures.push(format!("{error:#}")),
        }
    }

    /// Ends what has failed so often that it is no use to go on.
    pub(crate) fn is_hopeless(&self) -> bool {
        self.lock().values().map(|count| count.failures.len()).sum::<usize>() >= ENOUGH
    }

    /// Each way was used, brought something, and failed not once.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        for (way, count) in &*self.lock() {
            anyhow::ensure!(count.failures.is_empty(), "{way}: {:#?}", count.failures);
            anyhow::ensure!(count.brought > 0, "{way} brought nothing in {} sessions", {
                count.sessions
            });
        }
        Ok(())
    }

    /// Returns how many frames the sessions of a way missed.
    pub(crate) fn missed(&self, way: &str) -> u64 {
        self.lock().get(way).map_or(0, |count| count.missed)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Count>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [way, sessions, brought] = ["way", "sessions", "brought"];
        let [missed, busy, failed] = ["missed", "busy", "failed"];
        writeln!(f, "{way:<28} {sessions:>8} {brought:>9} {missed:>7} {busy:>5} {failed:>7}")?;
        for (way, Count { sessions, brought, missed, busy, failures }) in &*self.lock() {
            let failed = failures.len();
            writeln!(f, "{way:<28} {sessions:>8} {brought:>9} {missed:>7} {busy:>5} {failed:>7}")?;
        }
        Ok(())
    }
}

/// The frames of one stream as somebody was sent them: each follows the one before.
#[derive(Default)]
pub(crate) struct Row {
    pub(crate) last: Option<Stamp>,
    /// How many there were.
    pub(crate) frames: u64,
    /// How many were left out where they may be.
    pub(crate) missed: u64,
    /// Whether some may be left out before the next.
    pub(crate) may_skip: bool,
}

impl Row {
    /// Takes the next frame, its NAL units behind their lengths.
    pub(crate) fn frame(&mut self, data: &[u8]) -> anyhow::Result<()> {
        self.stamp(sei::read_frame(data).context("a frame bears no stamp")?)
    }

    /// Takes the next fragment of MP4.
    pub(crate) fn fragment(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let index = media::fmp4::read_fragment_header(bytes)?;
        let mut at = index.data_offset as usize;
        for sample in &index.samples {
            let end = at + sample.size_bytes as usize;
            self.frame(bytes.get(at..end).context("a fragment is cut short")?)?;
            at = end;
        }
        Ok(())
    }

    /// Takes the next frames as Annex B.
    pub(crate) fn annex_b(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        media::nal::annex_b(bytes).filter_map(sei::read_unit).try_for_each(|one| self.stamp(one))
    }

    fn stamp(&mut self, stamp: Stamp) -> anyhow::Result<()> {
        if let Some(last) = self.last.replace(stamp) {
            anyhow::ensure!(stamp.source == last.source, "a frame of another camera");
            let (before, counter) = (last.counter, stamp.counter);
            let fits = counter == before + 1 || self.may_skip && counter > before;
            anyhow::ensure!(fits, "frame {counter} follows {before}");
            self.missed += counter - before - 1;
        }
        self.frames += 1;
        Ok(())
    }
}
