//! `khue db`: from the file in the data folder to a PostgreSQL server.
//!
//! ```text
//! khue.sqlite ──one turn──▶ rows ──▶ one transaction on the server ──checked──▶ committed
//! ```
//!
//! Nobody writes to either while it lasts. Whatever fails, the server is as it was;
//! the file stays as it is even when all went well.

use std::path::PathBuf;

use ::db::migrate::{apply, known, names, steps_table};
use ::db::tables::{self, Load, Rows};
use ::db::{Durability, Pool, Server};
use anyhow::{Context, bail, ensure};
use audit::Act;
use clap::Subcommand;

use super::WithConfig;
use super::deed::Deed;
use crate::app::rooms;
use crate::config::{Config, password_in};
use crate::home::Home;

#[derive(Debug, clap::Args)]
pub(crate) struct Db {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Copy catalog, sign-ins and holds to an empty database; the server must be stopped
    Copy {
        /// The database: postgres://USER@HOST/DATABASE, without a password
        #[arg(long, value_name = "URL")]
        to: String,
        /// A file whose first line is that user's password
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        #[command(flatten)]
        with: WithConfig,
    },
}

impl Db {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let Command::Copy { to, password_file, with } = self.command;
        let config = Config::read(&with.config)?;
        ensure!(
            config.database.url.is_none(),
            "in {}: [database] says that the rows are on a server already",
            with.config.display()
        );
        let mut server: Server = to.parse().context("--to cannot be used")?;
        ensure!(
            !server.has_password(),
            "everybody on this machine could read the password in --to: put it into a file and name that by --password-file"
        );
        if let Some(path) = &password_file {
            server = server.with_password(&password_in(path)?);
        }
        let home = Home::open(&config.data)?;
        let path = home.database();
        ensure!(path.exists(), "there is no {} to copy", path.display());
        let _alone = home.alone()?;
        let source = Pool::open_sqlite(&path, Durability::Full).await?;
        let target = Pool::open_postgres(&server).await?;
        let rows = copy(&source, &target).await?;
        Deed::new(Act::Backup, "copied").detail("rows", rows).leave(&home)?;
        source.close().await?;
        target.close().await?;
        println!("{rows} rows copied to {server}, and found there as they are here");
        println!(
            "{} stays as it is. From now on, {} says:\n",
            path.display(),
            with.config.display()
        );
        println!("[database]\nurl = {to:?}");
        if let Some(path) = password_file {
            println!("password_file = {path:?}");
        }
        Ok(())
    }
}

/// Copies every row; returns how many there are.
async fn copy(source: &Pool, target: &Pool) -> anyhow::Result<u64> {
    // The turn over the source keeps every other command from writing meanwhile.
    let (from, into) = (source.begin().await?, target.begin().await?);
    if let Some(table) = tables::first_with_rows(&into).await? {
        bail!(
            "the database is not empty: its table {table} has rows. Give one that nobody has used: createdb --encoding=UTF8 NAME"
        );
    }
    let there = tables::tables(&from).await?;
    for (room, steps) in rooms() {
        // A room that was never opened has nothing to bring.
        if there.iter().any(|table| table.name == steps_table(room)) {
            let taken = names(&from, room).await?;
            apply(&into, room, known(room, &steps, &taken)?).await?;
        }
    }
    let mut load = Load::begin(&into).await?;
    for table in there {
        let mut rows = Rows::of(&from, &table).await?;
        load.table(table).await?;
        while let Some(row) = rows.next_row().await? {
            load.row(row).await?;
        }
    }
    let rows = load.finish().await?;
    into.commit().await?;
    Ok(rows)
}
