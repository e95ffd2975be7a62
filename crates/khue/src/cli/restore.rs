//! `khue restore`: an installation comes back from the file of a backup.
//!
//! ```text
//! file ──opened, read to its end──▶ DATA.restoring/ ──all of it held──▶ DATA/
//!              └─ rows ──▶ DATA.restoring/khue.sqlite, or one transaction on the server
//! ```
//!
//! Nothing is in its place before the last byte of the file was found to be as it
//! was written. The rows may go to another kind of database than they came from:
//! where they go, the configuration says.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use ::backup::{Item, Reader};
use anyhow::{Context, bail, ensure};
use audit::{Act, RootKey};
use base::WallTime;
use db::migrate::{apply, known};
use db::portable::{self, Decoder};
use db::tables::{Load, first_with_rows};

use super::backup::{About, parent};
use super::deed::Deed;
use super::{WithConfig, password};
use crate::app::Node;
use crate::app::{open_rows, rooms};
use crate::config::{Config, password_in};
use crate::home::Home;

/// The most bytes that a backup says of itself.
const LONGEST_ABOUT: usize = 1 << 20;

#[derive(Debug, clap::Args)]
pub(crate) struct Restore {
    /// The file of the backup
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// A file whose first line is the passphrase; asked for, or read from standard input, if left out
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    with: WithConfig,
}

/// The folder in which things are put together; gone with this unless they were
/// put in their place.
struct Staging(PathBuf);

impl Drop for Staging {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Restore {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let config = Config::read(&self.with.config)?;
        let data = config.data.clone();
        is_empty(&data)?;
        let file = File::open(&self.from)
            .with_context(|| format!("cannot open {}", self.from.display()))?;
        let passphrase = match &self.passphrase_file {
            Some(path) => password_in(path)?,
            None => password::ask("Passphrase of the backup: ")?,
        };
        let what = || format!("{} was not restored", self.from.display());
        let reader = Reader::begin(BufReader::new(file), &passphrase).with_context(what)?;
        let staging = Staging::make(&data)?;
        let told = fill(reader, &config, &staging.0, &data).await.with_context(what)?;
        let deed = Deed::new(Act::Backup, "restored").detail("file", self.from.display());
        deed.leave(&Home::open(&data)?)?;
        println!("{told}");
        // It may have been opened since the backup was made: then its paper would open
        // this installation once more.
        let node = Node::open(&config).await?;
        if node.sign_ins.forget_sealed().await? {
            println!(
                "The envelope for emergencies opens nothing here: seal another by khue break-glass seal."
            );
        }
        println!("Recordings are not in a backup: put back what is left of them before you start.");
        Ok(())
    }
}

impl Staging {
    fn make(data: &Path) -> anyhow::Result<Self> {
        let mut name = data.as_os_str().to_owned();
        name.push(".restoring");
        let path = PathBuf::from(name);
        fs::create_dir_all(parent(&path))
            .with_context(|| format!("cannot make {}", parent(&path).display()))?;
        match fs::DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => Ok(Self(path)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => bail!(
                "{} is there: another restore runs, or one was cut off. Delete it if none runs",
                path.display()
            ),
            Err(error) => Err(error).with_context(|| format!("cannot make {}", path.display())),
        }
    }
}

/// Reads the backup to its end, then puts everything in its place.
async fn fill(
    mut reader: Reader<BufReader<File>>,
    config: &Config,
    staging: &Path,
    data: &Path,
) -> anyhow::Result<String> {
    let about = about(&mut reader)?;
    let home = Home::open(staging)?;
    let pool = open_rows(config, &home).await?;
    let turn = pool.begin().await?;
    if let Some(table) = first_with_rows(&turn).await? {
        bail!(
            "the database is not empty: its table {table} has rows. Give one that nobody has used: createdb --encoding=UTF8 NAME"
        );
    }
    let rooms = rooms();
    for (room, taken) in &about.steps {
        let Some((room, steps)) = rooms.iter().find(|(name, _)| name == room) else {
            bail!(
                "the backup is of a newer program ({}): it has tables of {room}, which is unknown here",
                about.program
            );
        };
        apply(&turn, room, known(room, steps, taken)?).await?;
    }
    let mut load = Load::begin(&turn).await?;
    let mut seen = BTreeSet::new();
    while let Some(item) = reader.next_item()? {
        let Item::Entry(name) = item else { bail!("an entry is missing its name") };
        ensure!(seen.insert(name.clone()), "the backup holds {name} twice");
        match name.split_once('/') {
            None if name == "rows" => rows(&mut reader, &mut load).await?,
            None if name == "installation.key" => keep(&mut reader, &staging.join(&name))?,
            Some(("tls" | "audit", file)) if !file.contains('/') => {
                keep(&mut reader, &staging.join(&name))?;
            }
            _ => bail!(
                "the backup holds {name}, which is unknown here: restore it by the program that wrote it ({})",
                about.program
            ),
        }
    }
    for needed in ["installation.key", "rows"] {
        ensure!(seen.contains(needed), "the backup has no {needed}");
    }
    let count = load.finish().await?;
    let key = RootKey::new(&home.key("audit")?);
    let audit = audited(&home, &key)?;
    turn.commit().await?;
    pool.close().await?;
    sync(staging)?;
    // A folder that is there and empty gives way.
    fs::rename(staging, data).with_context(|| {
        format!(
            "cannot put {} in the place of {}: is that where a disk is mounted? give a folder within it as data",
            staging.display(),
            data.display()
        )
    })?;
    File::open(parent(data))?.sync_all()?;
    let taken = WallTime(about.taken_us);
    Ok(format!(
        "{} is as it was at {taken}: {count} rows, the installation's keys, {audit}",
        data.display()
    ))
}

/// Reads what the backup says of itself, which comes first.
fn about(reader: &mut Reader<BufReader<File>>) -> anyhow::Result<About> {
    let first = reader.next_item()?;
    ensure!(
        first == Some(Item::Entry("about.json".to_owned())),
        "the backup does not say what it is"
    );
    let mut text = Vec::new();
    while let Some(Item::Bytes(bytes)) = reader.next_item()? {
        text.extend(bytes);
        ensure!(text.len() <= LONGEST_ABOUT, "the backup says too much of itself");
    }
    serde_json::from_slice(&text).context("the backup does not say what it is")
}

/// Puts the rows of the entry that was begun into the database.
async fn rows(reader: &mut Reader<BufReader<File>>, load: &mut Load<'_>) -> anyhow::Result<()> {
    let mut decoder = Decoder::default();
    while let Some(Item::Bytes(bytes)) = reader.next_item()? {
        decoder.push(&bytes);
        while let Some(item) = decoder.next_item()? {
            match item {
                portable::Item::Table(table) => load.table(table).await?,
                portable::Item::Row(row) => load.row(row).await?,
                portable::Item::End(_) => {}
            }
        }
    }
    Ok(decoder.finish()?)
}

/// Writes the entry that was begun into a file that its owner alone can read.
fn keep(reader: &mut Reader<BufReader<File>>, path: &Path) -> anyhow::Result<()> {
    let cannot = || format!("cannot write {}", path.display());
    fs::create_dir_all(parent(path)).with_context(cannot)?;
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = file.with_context(cannot)?;
    while let Some(Item::Bytes(bytes)) = reader.next_item()? {
        file.write_all(&bytes).with_context(cannot)?;
    }
    file.sync_all().with_context(cannot)
}

/// Says what the journal is; it comes back though somebody tampered with it before
/// it was backed up, and says so.
fn audited(home: &Home, key: &RootKey) -> anyhow::Result<String> {
    let folder = home.audit();
    if !folder.exists() {
        return Ok("no audit".to_owned());
    }
    let report = audit::verify(&folder, &key.public())
        .with_context(|| format!("cannot read the journal in {}", folder.display()))?;
    let faults = report.faults.len();
    Ok(match faults {
        0 => format!("{} entries of the audit, none altered", report.entries),
        _ => format!(
            "{} entries of the audit, WHICH WAS TAMPERED WITH before it was backed up ({faults} faults: khue audit verify)",
            report.entries
        ),
    })
}

fn is_empty(data: &Path) -> anyhow::Result<()> {
    let entries = match fs::read_dir(data) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot look into {}", data.display()));
        }
    };
    if let Some(entry) = entries.into_iter().next() {
        bail!(
            "{} is not empty: it has {}. Move what is there elsewhere, recordings too, and put them back afterwards",
            data.display(),
            entry?.file_name().display()
        );
    }
    Ok(())
}

/// Makes the folders' entries last; each file was synced when it was written.
fn sync(folder: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match path.is_dir() {
            true => sync(&path)?,
            false => File::open(&path)?.sync_all()?,
        }
    }
    Ok(File::open(folder)?.sync_all()?)
}
