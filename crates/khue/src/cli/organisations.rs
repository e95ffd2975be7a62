//! `khue organisations`: lay the bodies of the city in a catalog that has none.
//!
//! A new installation begins with them; this is for one that was there before.

use audit::Act;
use clap::Subcommand;

use super::WithConfig;
use super::deed::Deed;
use crate::app::Node;
use crate::config::Config;

#[derive(Debug, clap::Args)]
pub(crate) struct Organisations {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Add those whose official codes nobody has; what is there stays as it is
    Seed(WithConfig),
}

impl Organisations {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let Command::Seed(with) = self.command;
        let node = Node::open(&Config::read(&with.config)?).await?;
        let laid = node.catalog.lay_organisations().await?;
        Deed::new(Act::Organisation, "laid").detail("count", laid.len()).leave(&node.home)?;
        println!("{} organisations added", laid.len());
        Ok(())
    }
}
