//! A journal as it is at one moment, while it is being written.
//!
//! ```text
//! head       says: entry 7 is the last             read first
//! DAY.log    1 … 7 │ 8 9 half a l                  cut behind entry 7
//! DAY.root   of days that ended by entry 7         others belong to later
//! ```
//!
//! What is copied so verifies as the journal did, with nothing behind its head.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use crate::chain::Line;
use crate::journal::Files;
use crate::root::SignedRoot;

/// What there is to copy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prefix {
    /// The text of `head`, if there is one.
    pub head: Option<String>,
    /// The other files, in order, and how much of each belongs to it.
    pub files: Vec<(PathBuf, u64)>,
    /// The number of the last entry, as the head tells it.
    pub last: u64,
}

/// Returns what stands in `folder` up to what the head vouches for.
pub fn prefix(folder: &Path) -> io::Result<Prefix> {
    let head = match fs::read_to_string(folder.join("head")) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let last = head.as_deref().and_then(SignedRoot::read).map(|signed| signed.root.last.n);
    let files = match Files::list(folder) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Files::default(),
        Err(error) => return Err(error),
    };
    let mut parts = Vec::new();
    for (position, log) in files.logs.iter().enumerate() {
        if last.is_some_and(|last| log.first > last) {
            break;
        }
        let next = files.logs.get(position + 1);
        let is_over = last.zip(next).is_some_and(|(last, next)| next.first <= last);
        let len = if is_over { fs::metadata(&log.path)?.len() } else { until(&log.path, last)? };
        parts.push((log.path.clone(), len));
    }
    for root in files.roots {
        let text = fs::read_to_string(&root)?;
        // One that is no root is for the verifier to find.
        let of = SignedRoot::read(&text).map(|signed| signed.root.last.n);
        if of.zip(last).is_none_or(|(of, last)| of <= last) {
            parts.push((root, text.len() as u64));
        }
    }
    Ok(Prefix { head, files: parts, last: last.unwrap_or_default() })
}

/// Returns where the entry of number `last` ends in a file; where its last whole
/// line does, if it is not in there.
fn until(path: &Path, last: Option<u64>) -> io::Result<u64> {
    let mut file = BufReader::new(File::open(path)?);
    let (mut line, mut end) = (Vec::new(), 0);
    loop {
        line.clear();
        file.read_until(b'\n', &mut line)?;
        let Some(text) = line.strip_suffix(b"\n") else { return Ok(end) };
        end += line.len() as u64;
        if last.is_some() && Line::read(text).map(|line| line.link.n) == last {
            return Ok(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use base::WallTime;

    use super::*;
    use crate::{Act, Disk, Entry, Journal, Outcome, RootKey, verify};

    const DAY: i64 = 86_400_000_000;

    fn key() -> RootKey {
        RootKey::new(&[3; 32])
    }

    async fn note(journal: &Journal, at: i64) {
        let entry = Entry::new(WallTime(at), Act::Live, Outcome::Done);
        journal.note(entry).await.unwrap();
        journal.flush().await.unwrap();
    }

    fn copied(folder: &Path) -> (tempfile::TempDir, Prefix) {
        let (copy, prefix) = (tempfile::tempdir().unwrap(), prefix(folder).unwrap());
        for (path, len) in &prefix.files {
            let bytes = fs::read(path).unwrap();
            let to = copy.path().join(path.file_name().unwrap());
            fs::write(to, &bytes[..usize::try_from(*len).unwrap()]).unwrap();
        }
        if let Some(head) = &prefix.head {
            fs::write(copy.path().join("head"), head).unwrap();
        }
        (copy, prefix)
    }

    #[tokio::test]
    async fn what_is_copied_while_it_is_written_verifies_with_nothing_behind_its_head() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path(), Disk::Real, key(), WallTime(0)).unwrap();
        for n in 0..5 {
            note(&journal, n * DAY / 2).await;
        }
        let (_copy, whole) = copied(folder.path());
        assert_eq!(whole.last, 6);
        let head = fs::read(folder.path().join("head")).unwrap();
        // More came, another day began, and half a line is on its way.
        note(&journal, 2 * DAY).await;
        note(&journal, 3 * DAY).await;
        let (_, newest) = prefix(folder.path()).unwrap().files.last().cloned().unwrap();
        assert!(newest > 0);
        fs::write(folder.path().join("head"), head).unwrap();
        let logs = crate::logs(folder.path()).unwrap();
        let mut log = fs::OpenOptions::new().append(true).open(logs.last().unwrap()).unwrap();
        log.write_all(b"half a l").unwrap();
        let (copy, early) = copied(folder.path());
        assert_eq!(early.last, 6);
        let report = verify(copy.path(), &key().public()).unwrap();
        assert_eq!((report.entries, report.unvouched, report.is_torn), (6, 0, false));
        assert_eq!(report.faults, []);
    }

    #[tokio::test]
    async fn a_journal_without_a_head_is_copied_by_whole_lines_and_none_is_none() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(prefix(&folder.path().join("absent")).unwrap(), Prefix::default());
        let journal = Journal::open(folder.path(), Disk::Real, key(), WallTime(0)).unwrap();
        note(&journal, 1).await;
        fs::remove_file(folder.path().join("head")).unwrap();
        let logs = crate::logs(folder.path()).unwrap();
        let whole = fs::metadata(&logs[0]).unwrap().len();
        let mut log = fs::OpenOptions::new().append(true).open(&logs[0]).unwrap();
        log.write_all(b"half a l").unwrap();
        assert_eq!(prefix(folder.path()).unwrap().files, [(logs[0].clone(), whole)]);
    }
}
