//! Where the log goes: to standard error, a line an event.
//!
//! `KHUE_LOG` chooses what is told, in the form of `RUST_LOG`: for example
//! `info,ingest=debug`.

use tracing_subscriber::EnvFilter;

/// Starts logging at `level` unless the environment says otherwise.
pub(crate) fn start(level: &str) {
    let filter = EnvFilter::try_from_env("KHUE_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).compact().init();
}
