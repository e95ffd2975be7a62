//! Where the log goes: to standard error, a line an event.
//!
//! `KHUE_LOG` chooses what is told there, in the form of `RUST_LOG`: for example
//! `info,ingest=debug`. Who watched, looked back and took footage out stands at
//! `info`; the demo, whose terminal is its front page, keeps that in a file.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Mutex;

use anyhow::Context;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

/// A file of the demo's log is begun anew once it is so long.
const LONG: u64 = 16 << 20;

/// Starts logging at `level` unless the environment says otherwise.
pub(crate) fn start(level: &str) {
    fmt().with_env_filter(filter(level)).with_writer(std::io::stderr).compact().init();
}

/// Starts logging what goes wrong, and in `file` what people did too.
pub(crate) fn start_with_file(file: &Path) -> anyhow::Result<()> {
    let words = || format!("cannot write {}", file.display());
    if fs::metadata(file).is_ok_and(|there| there.len() > LONG) {
        fs::remove_file(file).with_context(words)?;
    }
    let writer = File::options().create(true).append(true).open(file).with_context(words)?;
    let shown = fmt::layer().with_writer(std::io::stderr).compact();
    let kept = fmt::layer().with_writer(Mutex::new(writer)).with_ansi(false).compact();
    tracing_subscriber::registry()
        .with(shown.with_filter(filter("warn")))
        .with(kept.with_filter(EnvFilter::new("info")))
        .init();
    Ok(())
}

fn filter(level: &str) -> EnvFilter {
    EnvFilter::try_from_env("KHUE_LOG").unwrap_or_else(|_| EnvFilter::new(level))
}
