//! `khue user`: give a person a new one-time password.

use audit::Act;
use clap::Subcommand;

use super::WithConfig;
use super::deed::Deed;
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
    /// their passkeys, stream secrets and API tokens
    Reset {
        /// The name they sign in by
        name: String,
        /// Take their second factor away as well: they lost phone and recovery codes
        #[arg(long)]
        second_factor: bool,
        #[command(flatten)]
        with: WithConfig,
    },
}

impl User {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let Command::Reset { name, second_factor, with } = self.command;
        let node = Node::open(&Config::read(&with.config)?).await?;
        let user = node
            .catalog
            .user_by_name(&name)
            .ok_or_else(|| anyhow::anyhow!("nobody signs in by the name {name}"))?;
        anyhow::ensure!(
            !node.sign_ins.is_sealed(user.id).await?,
            "{name} is the account of the envelope for emergencies, which is opened by its secret \
             alone: seal another one by `khue break-glass seal`"
        );
        let deed = Deed::new(Act::User, "password reset").with("user", user.id.0, &user.name);
        deed.detail("second_factor_removed", second_factor).leave(&node.home)?;
        if second_factor && node.sign_ins.remove_second_factor(user.id).await? {
            eprintln!("khue: the second factor of {} is taken away", user.name);
        }
        println!("{}\t{}", user.name, node.sign_ins.issue_one_time(user.id, now()).await?);
        // A recorder that watches by such a secret goes dark; whoever typed this
        // should not learn it from there.
        eprintln!(
            "khue: {} is signed out everywhere; their passkeys, stream secrets and API tokens are gone",
            user.name
        );
        Ok(())
    }
}
