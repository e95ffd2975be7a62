//! `khue backup`: one sealed file from which an installation comes back.
//!
//! ```text
//! about.json         when, by which program, which steps the tables have seen
//! installation.key   what opens cameras' passwords and signs
//! tls/…              the installation's certificate authority
//! rows               every table, at one moment
//! audit/…            the journal up to its head, read after the rows: what the rows
//!                    say was done stands in it
//! ```
//!
//! It is taken while the server runs and writes. Recordings are not in it: they are
//! as large as their disks, and what a camera said cannot be said again by a file.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use ::backup::Writer;
use anyhow::{Context, ensure};
use audit::Act;
use base::WallTime;
use db::migrate::{known, names, steps_table};
use db::portable::{write_end, write_row, write_table};
use db::tables::{Rows, tables};
use serde::{Deserialize, Serialize};

use super::deed::Deed;
use super::{WithConfig, password};
use crate::app::{now, open_rows, rooms};
use crate::config::{Config, password_in};
use crate::home::Home;

/// How many bytes of rows are gathered for one piece.
const GATHER: usize = 60_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Backup {
    /// The file to write; there must be none of this name
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// A file whose first line is the passphrase; asked for, or read from standard input, if left out
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    with: WithConfig,
}

/// What a backup says of itself.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct About {
    /// The version of the program that wrote it.
    pub(crate) program: String,
    /// When, in microseconds since the Unix epoch.
    pub(crate) taken_us: i64,
    /// By room, the steps that its tables have seen.
    pub(crate) steps: BTreeMap<String, Vec<String>>,
}

impl Backup {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let config = Config::read(&self.with.config)?;
        let folder = &config.data;
        ensure!(
            folder.join("installation.key").exists(),
            "{} holds no installation: nothing to back up",
            folder.display()
        );
        let home = Home::open(folder)?;
        ensure!(!self.to.exists(), "{} is there already: name another file", self.to.display());
        let passphrase = match &self.passphrase_file {
            Some(path) => password_in(path)?,
            None => password::ask_twice("Passphrase of the backup: ")?,
        };
        // Who has it and its passphrase has the keys.
        let deed = Deed::new(Act::Backup, "made").detail("file", self.to.display());
        deed.leave(&home)?;
        // Whole or not at all: nobody takes half a file for a backup.
        let partial = beside(&self.to);
        let written = write(&config, &home, &partial, &passphrase).await;
        let told = match written {
            Ok(told) => told,
            Err(error) => {
                let _ = fs::remove_file(&partial);
                return Err(error);
            }
        };
        fs::rename(&partial, &self.to)
            .and_then(|()| File::open(parent(&self.to))?.sync_all())
            .with_context(|| format!("cannot name the backup {}", self.to.display()))?;
        println!("{}: {told}. Recordings are not in it.", self.to.display());
        println!("Without its passphrase nobody can read it, you included.");
        Ok(())
    }
}

async fn write(
    config: &Config,
    home: &Home,
    to: &Path,
    passphrase: &str,
) -> anyhow::Result<String> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to);
    let file = file.with_context(|| format!("cannot make {}", to.display()))?;
    let mut writer = Writer::begin(BufWriter::new(file), passphrase)?;

    if config.database.url.is_none() {
        let path = home.database();
        ensure!(path.exists(), "{} is missing: bring it back from a backup", path.display());
    }
    let pool = open_rows(config, home).await?;
    let snapshot = pool.snapshot().await?;
    let tables = tables(&snapshot).await?;
    let mut steps = BTreeMap::new();
    for (room, all) in rooms() {
        if tables.iter().any(|table| table.name == steps_table(room)) {
            let taken = names(&snapshot, room).await?;
            known(room, &all, &taken)?;
            steps.insert(room.to_owned(), taken);
        }
    }
    let taken_at = now();
    let program = env!("CARGO_PKG_VERSION").to_owned();
    let about = About { program, taken_us: taken_at.0, steps };
    writer.entry("about.json")?;
    writer.write(&serde_json::to_vec(&about)?)?;

    writer.entry("installation.key")?;
    let key = home.key_file();
    writer.write(&fs::read(&key).with_context(|| format!("cannot read {}", key.display()))?)?;
    for path in files(&home.tls())? {
        writer.entry(&format!("tls/{}", name(&path)?))?;
        copy(&path, u64::MAX, &mut writer)?;
    }

    writer.entry("rows")?;
    let (mut bytes, mut count) = (Vec::new(), 0);
    for table in tables {
        write_table(&table, &mut bytes);
        let mut rows = Rows::of(&snapshot, &table).await?;
        while let Some(row) = rows.next_row().await? {
            write_row(&row, &mut bytes);
            count += 1;
            if bytes.len() > GATHER {
                writer.write(&bytes)?;
                bytes.clear();
            }
        }
    }
    write_end(count, &mut bytes);
    writer.write(&bytes)?;
    drop(snapshot);
    pool.close().await?;

    let audit = home.audit();
    let prefix =
        audit::prefix(&audit).with_context(|| format!("cannot read {}", audit.display()))?;
    for (path, len) in &prefix.files {
        writer.entry(&format!("audit/{}", name(path)?))?;
        copy(path, *len, &mut writer)?;
    }
    if let Some(head) = &prefix.head {
        writer.entry("audit/head")?;
        writer.write(head.as_bytes())?;
    }
    let file = writer.finish()?.into_inner().context("cannot write the backup")?;
    file.sync_all().context("cannot write the backup")?;
    Ok(format!(
        "{count} rows as of {}, the installation's keys, {} entries of the audit",
        WallTime(about.taken_us),
        prefix.last
    ))
}

/// Copies the first `len` bytes of a file, or all there are.
fn copy(path: &Path, len: u64, writer: &mut Writer<BufWriter<File>>) -> anyhow::Result<()> {
    let cannot = || format!("cannot read {}", path.display());
    let mut file = File::open(path).with_context(cannot)?.take(len);
    let (mut piece, mut copied) = (vec![0; GATHER], 0);
    loop {
        let read = file.read(&mut piece).with_context(cannot)?;
        copied += read as u64;
        if read == 0 {
            ensure!(
                len == u64::MAX || copied == len,
                "{} was cut while it was read",
                path.display()
            );
            return Ok(());
        }
        writer.write(&piece[..read])?;
    }
}

/// Returns the files of a folder in order; none of a folder that is not there.
fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let cannot = || format!("cannot list {}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(cannot)? {
        let path = entry.with_context(cannot)?.path();
        // What write_private leaves behind when the power goes.
        let half = path.extension().is_some_and(|tail| tail == "new");
        if path.is_file() && !half {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn name(path: &Path) -> anyhow::Result<&str> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.with_context(|| format!("{} has a name that cannot be kept", path.display()))
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

/// Returns the folder that a file lies in.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
