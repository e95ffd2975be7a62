//! `khue audit`: whether the journal of who did what is what was written, and
//! what it says, for whoever has its files and the public key.

use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use audit::chain::Line;
use audit::root::SignedRoot;
use audit::{Act, RootKey};
use clap::{Subcommand, ValueEnum};

use super::WithConfig;
use super::deed::Deed;
use crate::config::Config;
use crate::home::Home;

#[derive(Debug, clap::Args)]
pub(crate) struct Audit {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Find entries that were altered, deleted, moved or cut off; works on a copy, without the program's data
    Verify(Verify),
    /// Print the public key by which others verify this installation's audit
    Key(WithConfig),
    /// Print entries, oldest first
    Export(Export),
    /// Lay the roots of days that are over into a folder for others, and take up who signed them there
    Publish(Publish),
    /// Sign a day's root of another installation, where its own signature holds: it can be taken back by neither alone
    Cosign(Cosign),
}

#[derive(Debug, clap::Args)]
struct Verify {
    /// The journal's folder; by default that of the configuration
    #[arg(long, value_name = "FOLDER", requires = "key")]
    folder: Option<PathBuf>,
    /// The public key, as `khue audit key` prints it
    // Of 64 keys, one begins with a hyphen.
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    key: Option<String>,
    #[command(flatten)]
    with: WithConfig,
}

#[derive(Debug, clap::Args)]
struct Export {
    /// How entries are written
    #[arg(long, value_enum, default_value_t = Form::Json)]
    form: Form,
    /// The journal's folder; by default that of the configuration
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    with: WithConfig,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// One JSON object a line, as it stands in the journal
    Json,
    /// Common Event Format, as log collectors take it
    Cef,
}

#[derive(Debug, clap::Args)]
struct Publish {
    /// Where others read them: a folder of a web server, of another agency
    folder: PathBuf,
    #[command(flatten)]
    with: WithConfig,
}

#[derive(Debug, clap::Args)]
struct Cosign {
    /// The file of the root, as the other installation published it
    root: PathBuf,
    /// The other installation's public key
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    key: String,
    #[command(flatten)]
    with: WithConfig,
}

impl Audit {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Verify(verify) => verify.run(),
            Command::Key(with) => {
                println!("{}", key(&Config::read(&with.config)?)?.public());
                Ok(())
            }
            Command::Export(export) => export.run(),
            Command::Publish(publish) => publish.run(),
            Command::Cosign(cosign) => cosign.run(),
        }
    }
}

impl Verify {
    fn run(self) -> anyhow::Result<()> {
        let (folder, key) = match (self.folder, self.key) {
            (Some(folder), Some(key)) => (folder, key),
            (_, given) => {
                let config = Config::read(&self.with.config)?;
                let own = || Ok::<_, anyhow::Error>(key(&config)?.public());
                (Home::open(&config.data)?.audit(), given.map_or_else(own, Ok)?)
            }
        };
        let report = audit::verify(&folder, &key)
            .with_context(|| format!("cannot read the journal in {}", folder.display()))?;
        match report.span {
            Some((first, last)) => println!("{} entries, {first} to {last}", report.entries),
            None => println!("no entries"),
        }
        for (day, others) in &report.roots {
            println!("{day}: signed, and by {others} others");
        }
        if report.unvouched > 0 {
            let count = report.unvouched;
            println!(
                "the last {count} stand behind the head: the program runs, was killed, or somebody added them"
            );
        }
        if report.is_torn {
            println!("the last line is half an entry, which nobody was answered for");
        }
        if report.faults.is_empty() {
            println!("nothing was altered, deleted, moved or cut off");
            return Ok(());
        }
        for fault in &report.faults {
            println!("{fault}");
        }
        bail!("the audit is not what was written: {} faults", report.faults.len())
    }
}

impl Export {
    fn run(self) -> anyhow::Result<()> {
        let folder = match self.folder {
            Some(folder) => folder,
            None => {
                let home = Home::open(&Config::read(&self.with.config)?.data)?;
                Deed::new(Act::Audit, "exported").leave(&home)?;
                home.audit()
            }
        };
        let mut out = io::stdout().lock();
        for log in
            audit::logs(&folder).with_context(|| format!("cannot list {}", folder.display()))?
        {
            for line in BufReader::new(fs::File::open(&log)?).split(b'\n') {
                let line = line?;
                let Some(read) = Line::read(&line) else {
                    bail!(
                        "{} has a line that is no entry; khue audit verify says which",
                        log.display()
                    );
                };
                match self.form {
                    // Behind its hash stands the text as it was written.
                    Form::Json => out.write_all(&line[65..])?,
                    Form::Cef => {
                        out.write_all(audit::cef(&read, env!("CARGO_PKG_VERSION")).as_bytes())?
                    }
                }
                out.write_all(b"\n")?;
            }
        }
        Ok(())
    }
}

impl Publish {
    fn run(self) -> anyhow::Result<()> {
        let Self { folder, with } = self;
        let home = Home::open(&Config::read(&with.config)?.data)?;
        let published = audit::publish(&home.audit(), &folder)
            .with_context(|| format!("cannot publish into {}", folder.display()))?;
        let audit::Published { roots, signatures } = published;
        if roots + signatures > 0 {
            let deed = Deed::new(Act::Audit, "published").detail("folder", folder.display());
            deed.detail("roots", roots).detail("signatures", signatures).leave(&home)?;
        }
        println!("{roots} roots published, {signatures} signatures of others taken up");
        Ok(())
    }
}

impl Cosign {
    fn run(self) -> anyhow::Result<()> {
        let path = &self.root;
        let text = fs::read_to_string(path)
            .with_context(|| format!("cannot read the root {}", path.display()))?;
        let Some(signed) = SignedRoot::read(&text) else {
            bail!("{} is no root of an audit", path.display());
        };
        if !signed.signers.contains(&self.key) {
            bail!("{} is not signed by the key {}", path.display(), self.key);
        }
        let config = Config::read(&self.with.config)?;
        let ours = key(&config)?;
        if signed.signers.contains(&ours.public()) {
            println!("{} is signed already", path.display());
            return Ok(());
        }
        let mut file = OpenOptions::new().append(true).open(path)?;
        file.write_all(ours.sign(&signed.root).as_bytes())?;
        file.sync_all()?;
        let deed = Deed::new(Act::Audit, "co-signed").detail("root", name(path));
        deed.leave(&Home::open(&config.data)?)?;
        println!("signed {} by {}", name(path), ours.public());
        Ok(())
    }
}

/// Returns the key that signs this installation's roots.
fn key(config: &Config) -> anyhow::Result<RootKey> {
    Ok(RootKey::new(&Home::open(&config.data)?.key("audit")?))
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(subcommand)]
        command: Command,
    }

    #[test]
    fn a_key_may_begin_with_a_hyphen() {
        let seeds = (0..=u8::MAX).map(|n| RootKey::new(&[n; 32]).public());
        let key = seeds.into_iter().find(|key| key.starts_with('-')).expect("one in 64 does");
        let line = Line::parse_from(["audit", "verify", "--folder", "copy", "--key", &key]);
        assert!(matches!(line.command, Command::Verify(verify) if verify.key == Some(key.clone())));
        let line = Line::parse_from(["audit", "cosign", "--key", &key, "a.root"]);
        assert!(matches!(line.command, Command::Cosign(cosign) if cosign.key == key));
    }
}
