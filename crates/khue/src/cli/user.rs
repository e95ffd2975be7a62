//! `khue user`: give a person a new one-time password.

use clap::Subcommand;

use super::WithConfig;
use crate::app::{Node, now};
use crate::config::Config;

#[derive(Debug, clap::Args)]
pub(crate) struct User {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print a new one-time password, end every sign-in of this person and revoke
    /// their stream secrets
    Reset {
        /// The name they sign in by
        name: String,
        #[command(flatten)]
        with: WithConfig,
    },
}

impl User {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let Command::Reset { name, with } = self.command;
        let node = Node::open(&Config::read(&with.config)?).await?;
        let user = node
            .catalog
            .user_by_name(&name)
            .ok_or_else(|| anyhow::anyhow!("nobody signs in by the name {name}"))?;
        println!("{}\t{}", user.name, node.sign_ins.issue_one_time(user.id, now()).await?);
        // A recorder that watches by such a secret goes dark; whoever typed this
        // should not learn it from there.
        eprintln!(
            "khue: {} is signed out everywhere, and their stream secrets are revoked",
            user.name
        );
        Ok(())
    }
}
