//! What `/metrics` tells, and what must never be told there while all is well.

use anyhow::Context;

use crate::http::Person;

/// A reading.
#[derive(Clone, Debug)]
pub struct Metrics(String);

/// What says that a camera is not recorded, or that something was lost.
const NEVER: [&str; 6] = [
    "khue_cameras{state=\"faulty\"}",
    "khue_cameras{state=\"connecting\"}",
    "khue_lost_packets_total",
    "khue_store_full",
    "khue_store_dropped_fragments_total",
    "khue_store_sync_failed_streams",
];

impl Metrics {
    /// Reads it now.
    pub fn read(person: &Person) -> anyhow::Result<Self> {
        Ok(Self(String::from_utf8(person.download("/metrics")?)?))
    }

    /// Returns a figure by its name, with its labels.
    pub fn figure(&self, name: &str) -> anyhow::Result<f64> {
        let line = self.0.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Ok(line.with_context(|| format!("no {name} in {}", self.0))?.trim().parse()?)
    }

    /// Fails if a camera is not recorded or anything was lost.
    pub fn ensure_nothing_lost(&self) -> anyhow::Result<()> {
        for never in NEVER {
            let much = self.figure(never)?;
            anyhow::ensure!(much == 0.0, "{never} is {much}");
        }
        Ok(())
    }
}
