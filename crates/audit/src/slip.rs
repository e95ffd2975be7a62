//! Acts of commands: left beside the journal, which one process alone writes.
//!
//! ```text
//! khue user reset ──leave──▶ slips/ID.slip ──take, each 2 s or at the next start──▶ Journal
//! ```
//!
//! > What [`leave`] has answered for is in the journal once a server runs, at least
//! > once: a server that is killed between its commit and the slip's end notes the
//! > same slip again, by the same id.
//!
//! A slip stands in no chain: whoever is root on the node can take it away before a
//! server has it, as they can the program itself.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::journal::{Error, Journal, failed};
use crate::{Act, Entry, Outcome};

/// The most bytes of a slip: its texts are bounded.
const LONGEST: u64 = 1 << 20;

/// Leaves an entry for whoever writes the journal; it lasts when this returns.
pub fn leave(folder: &Path, mut entry: Entry) -> Result<(), Error> {
    let id = Uuid::now_v7();
    entry.details.insert("slip".to_owned(), id.to_string());
    let (path, text) = (folder.join(format!("{id}.new")), serde_json::to_vec(&entry));
    let text = text.map_err(io::Error::from).map_err(failed("write", &path))?;
    let left = (|| {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        hand_over(folder, folder)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        hand_over(folder, &path)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&path, path.with_extension("slip"))?;
        File::open(folder)?.sync_all()
    })();
    left.map_err(failed("leave", &path))
}

/// Makes what root left the server's, whose the folder around is: it runs by an account
/// of its own, and has to read and remove this.
fn hand_over(folder: &Path, path: &Path) -> io::Result<()> {
    let Some(home) = folder.parent() else { return Ok(()) };
    let (theirs, ours) = (fs::metadata(home)?, fs::metadata(path)?);
    match ours.uid() == 0 && theirs.uid() != 0 {
        true => chown(path, Some(theirs.uid()), Some(theirs.gid())),
        false => Ok(()),
    }
}

/// Notes what was left, in the order in which it was, and returns how many there were.
pub async fn take(folder: &Path, journal: &Journal) -> Result<usize, Error> {
    let slips = list(folder).map_err(failed("list", folder))?;
    for path in &slips {
        let entry = match read(path) {
            Ok(entry) => entry,
            // What is there is not given up because it cannot be had at this moment.
            Err(error) if error.kind() != io::ErrorKind::InvalidData => {
                return Err(failed("read", path)(error));
            }
            Err(error) => {
                tracing::error!(path = %path.display(), %error, "what a command left for the audit cannot be understood");
                // That there was something is worth an entry of its own.
                let at = fs::metadata(path).and_then(|it| it.modified());
                let mut entry = Entry::new(moment(at), Act::Damage, Outcome::Done);
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let what = format!("{name} cannot be understood; it is kept beside, as .unread");
                entry.details.insert("what".to_owned(), what);
                journal.note(entry).await?;
                let kept = path.with_extension("unread");
                fs::rename(path, kept).map_err(failed("set aside", path))?;
                continue;
            }
        };
        journal.note(entry).await?;
        fs::remove_file(path).map_err(failed("remove", path))?;
    }
    Ok(slips.len())
}

fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut slips = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|tail| tail == "slip") {
            slips.push(path);
        }
    }
    // Ids begin with the time they were made at.
    slips.sort();
    Ok(slips)
}

fn read(path: &Path) -> io::Result<Entry> {
    if fs::metadata(path)?.len() > LONGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is longer than any entry"));
    }
    let text = fs::read(path)?;
    serde_json::from_slice(&text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

fn moment(at: io::Result<std::time::SystemTime>) -> base::WallTime {
    let since = at.ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let since = since.unwrap_or_default().as_micros();
    base::WallTime(i64::try_from(since).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use base::WallTime;

    use super::*;
    use crate::search::{Filter, search};
    use crate::{Disk, RootKey};

    #[tokio::test]
    async fn what_commands_left_is_noted_once_in_order_and_what_cannot_be_read_is_told() {
        let home = tempfile::tempdir().unwrap();
        let (slips, folder) = (home.path().join("slips"), home.path().join("audit"));
        let key = RootKey::new(&[7; 32]);
        let journal = Journal::open(&folder, Disk::Real, key, WallTime(5)).unwrap();
        assert_eq!(take(&slips, &journal).await.unwrap(), 0);
        for at in [7, 9] {
            leave(&slips, Entry::new(WallTime(at), Act::User, Outcome::Done)).unwrap();
        }
        fs::write(slips.join("ffffffff-broken.slip"), "{").unwrap();
        fs::write(slips.join("half.new"), "{").unwrap();
        assert_eq!(take(&slips, &journal).await.unwrap(), 3);
        assert_eq!(take(&slips, &journal).await.unwrap(), 0);
        let kept = fs::read(slips.join("ffffffff-broken.unread")).unwrap();
        assert_eq!(kept, b"{");
        let page = search(&folder, &Filter::default(), |_| true, None, 9).unwrap();
        let mut told: Vec<_> = page.lines.iter().map(|line| line.entry.act).collect();
        told.reverse();
        assert_eq!(told, [Act::Start, Act::User, Act::User, Act::Damage]);
        let at: Vec<_> = page.lines[1..3].iter().map(|line| line.entry.at.0).collect();
        assert_eq!(at, [9, 7]);
        let ids: Vec<_> = page.lines[1..3].iter().map(|line| &line.entry.details["slip"]).collect();
        assert_ne!(ids[0], ids[1]);
    }
}
