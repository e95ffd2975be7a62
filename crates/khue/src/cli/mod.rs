//! The command line: one file a command.

mod audit;
mod backup;
mod break_glass;
mod camera;
mod db;
mod deed;
mod demo;
mod device;
mod openapi;
mod organisations;
mod password;
mod restore;
mod serve;
mod store;
mod user;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// One video management system for a whole city.
#[derive(Debug, Parser)]
#[command(name = "khue", version, about, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play a small simulated city on this machine, record it and show it on http://localhost
    Demo(demo::Demo),
    /// Record and serve real cameras, over HTTPS
    Serve(serve::Serve),
    /// Find cameras, add them, or list those there are
    Camera(camera::Camera),
    /// Lay the bodies of the city: its offices, wards and communes, the districts of before
    Organisations(organisations::Organisations),
    /// Verify, print or co-sign the journal of who did what
    Audit(audit::Audit),
    /// Give a person a new one-time password
    User(user::User),
    /// Seal an envelope that lets an administrator in when nobody else can
    BreakGlass(break_glass::BreakGlass),
    /// Check or rebuild the index of recordings
    Store(store::Store),
    /// Write catalog, people, keys and audit into one sealed file, while the server runs; no recordings
    Backup(backup::Backup),
    /// Bring an installation back from such a file, into an empty data folder
    Restore(restore::Restore),
    /// Move what the database holds to PostgreSQL
    Db(db::Db),
    /// Print the OpenAPI description of the HTTP API
    Openapi,
}

/// Every command on a real installation names its configuration.
#[derive(Clone, Debug, clap::Args)]
struct WithConfig {
    /// The node's configuration file
    #[arg(long, value_name = "FILE", default_value = "khue.toml", env = "KHUE_CONFIG")]
    config: PathBuf,
}

/// Runs the command to its end.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.command {
        Command::Demo(demo) => block_on(demo.run()),
        Command::Serve(serve) => block_on(serve.run()),
        Command::Audit(audit) => audit.run(),
        Command::Camera(camera) => block_on(camera.run()),
        Command::Organisations(organisations) => block_on(organisations.run()),
        Command::BreakGlass(break_glass) => block_on(break_glass.run()),
        Command::User(user) => block_on(user.run()),
        Command::Store(store) => block_on(store.run()),
        Command::Backup(backup) => block_on(backup.run()),
        Command::Restore(restore) => block_on(restore.run()),
        Command::Db(db) => block_on(db.run()),
        Command::Openapi => openapi::run(),
    }
}

fn block_on(future: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(future)
}
