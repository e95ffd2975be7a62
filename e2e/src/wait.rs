//! Waiting for what will be so, by looking again and again.

use std::time::{Duration, Instant};

/// Far longer than anything a test waits for takes, also on a busy machine: one
/// that waits this long has found a defect.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Looks again and again until there is something, and returns it.
pub fn until<T>(
    what: &str,
    mut look: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    /// Looking costs whoever is looked at.
    const PAUSE: Duration = Duration::from_millis(50);
    let began = Instant::now();
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        anyhow::ensure!(began.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(PAUSE);
    }
}
