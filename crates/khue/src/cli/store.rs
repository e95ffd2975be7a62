//! `khue store`: the index of recordings, which is a cache of the files.

use clap::Subcommand;

use super::WithConfig;
use crate::config::Config;

#[derive(Debug, clap::Args)]
pub(crate) struct Store {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Throw the index away and read every file and journal anew; the server must be stopped
    Rebuild(WithConfig),
}

impl Store {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let Command::Rebuild(with) = self.command;
        let config = Config::read(&with.config)?;
        let rebuilt = store::Store::rebuild(&config.store.root, store::Disk::Real).await?;
        println!(
            "{} segments of {} streams, {} bytes; {} torn ends cut, {} empty files removed",
            rebuilt.segments, rebuilt.streams, rebuilt.size_bytes, rebuilt.cut, rebuilt.removed
        );
        Ok(())
    }
}
