//! `khue break-glass`: the envelope for emergencies.

use audit::Act;
use catalog::{NewUser, Role, UserChange};
use clap::Subcommand;

use super::WithConfig;
use super::deed::Deed;
use crate::app::{Node, now};
use crate::config::Config;

/// Whose account it is, and how others see it.
const ACCOUNT: (&str, &str) = ("khancap", "Tài khoản khẩn cấp");

#[derive(Debug, clap::Args)]
pub(crate) struct BreakGlass {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print a secret to be put into an envelope, in place of the last that nobody opened.
    /// It lets somebody in as an administrator once, and every other one is told
    Seal(WithConfig),
}

impl BreakGlass {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let Command::Seal(with) = self.command;
        let config = Config::read(&with.config)?;
        let node = Node::open(&config).await?;
        let (name, display_name) = ACCOUNT;
        let user = match node.catalog.user_by_name(name) {
            // A seal that broke off left an account that nothing lets in; it is taken up.
            Some(user)
                if !node.sign_ins.is_sealed(user.id).await?
                    && node.sign_ins.was_given_a_password(user.id).await? =>
            {
                anyhow::bail!(
                    "somebody signs in by the name {name}, which is kept for emergencies: remove {}, \
                 and add them by another name",
                    user.display_name
                )
            }
            Some(user) if user.role == Role::Administrator => user,
            Some(user) => {
                let role = Some(Role::Administrator);
                let change = UserChange { role, ..UserChange::default() };
                node.catalog.change_user(user.id, change).await?
            }
            None => {
                let user = NewUser {
                    name: name.to_owned(),
                    display_name: display_name.to_owned(),
                    role: Role::Administrator,
                    organisation: None,
                };
                node.catalog.add_user(user).await?
            }
        };
        let deed = Deed::new(Act::BreakGlass, "sealed").with("user", user.id.0, &user.name);
        deed.leave(&node.home)?;
        println!("{}", node.sign_ins.seal_envelope(user.id, now()).await?);
        eprintln!(
            "khue: write this on paper and seal it; it is told once. Who opens it is an \
             administrator for {} h, without video; then seal another",
            config.sign_in.break_glass_h
        );
        Ok(())
    }
}
