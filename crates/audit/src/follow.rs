//! Reading on in a journal that is being written, for whoever hands entries on.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::chain::Line;
use crate::journal::Files;
use crate::root::SignedRoot;

/// Reads on in a journal, from where it is.
#[derive(Debug)]
pub struct Follower {
    folder: PathBuf,
    /// The last that was read.
    n: u64,
    /// Where the next one is; a day's file is long, and read through once.
    place: Option<Place>,
}

#[derive(Debug)]
struct Place {
    path: PathBuf,
    offset: u64,
}

impl Follower {
    /// Begins behind number `n`.
    pub fn new(folder: &Path, n: u64) -> Self {
        Self { folder: folder.to_owned(), n, place: None }
    }

    /// Returns the entries that come next, `most` of them at most and none that the
    /// head does not vouch for: what is written may still be taken back.
    pub fn read(&mut self, most: usize) -> io::Result<Vec<Line>> {
        let head = head(&self.folder)?;
        let mut found = Vec::new();
        if head <= self.n {
            return Ok(found);
        }
        let logs = Files::list(&self.folder)?.logs;
        let mut place = self.place.take();
        let known = |place: &Place| logs.iter().position(|log| log.path == place.path);
        // Without a place, or where its file is gone: the last file that begins at what is
        // wanted or before, or the first there is.
        let begin = place.as_ref().and_then(known).unwrap_or_else(|| {
            logs.partition_point(|log| log.first <= self.n + 1).saturating_sub(1)
        });
        for log in &logs[begin.min(logs.len())..] {
            let mut file = BufReader::new(File::open(&log.path)?);
            let length = file.get_ref().metadata()?.len();
            let there = place.take().filter(|place| place.path == log.path);
            // One that was cut short since is read anew; its numbers tell what is known.
            let mut offset = there.map_or(0, |place| place.offset);
            offset = if offset > length { 0 } else { offset };
            file.seek(SeekFrom::Start(offset))?;
            let mut text = Vec::new();
            loop {
                text.clear();
                file.read_until(b'\n', &mut text)?;
                let Some(bytes) = text.strip_suffix(b"\n") else { break };
                // What is no entry is the verifier's to name.
                if let Some(line) = Line::read(bytes).filter(|line| line.link.n > self.n) {
                    if line.link.n > head || found.len() >= most {
                        self.place = Some(Place { path: log.path.clone(), offset });
                        return Ok(found);
                    }
                    self.n = line.link.n;
                    found.push(line);
                }
                offset += text.len() as u64;
            }
            self.place = Some(Place { path: log.path.clone(), offset });
        }
        Ok(found)
    }
}

fn head(folder: &Path) -> io::Result<u64> {
    match fs::read_to_string(folder.join("head")) {
        Ok(text) => Ok(SignedRoot::read(&text).map_or(0, |signed| signed.root.last.n)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use base::WallTime;

    use super::*;
    use crate::{Act, Disk, Entry, Journal, Outcome, RootKey};

    fn numbers(follower: &mut Follower, most: usize) -> Vec<u64> {
        follower.read(most).unwrap().iter().map(|line| line.link.n).collect()
    }

    #[tokio::test]
    async fn what_comes_is_read_once_across_days_and_not_before_it_is_vouched_for() {
        let folder = tempfile::tempdir().unwrap();
        let behind = |n| Follower::new(folder.path(), n);
        let key = RootKey::new(&[7; 32]);
        assert_eq!(numbers(&mut behind(0), 9), [0; 0]);
        let journal = Journal::open(folder.path(), Disk::Real, key, WallTime(0)).unwrap();
        for day in 0..4 {
            let at = WallTime(day * 86_400_000_000);
            journal.note(Entry::new(at, Act::Hold, Outcome::Done)).await.unwrap();
        }
        let mut follower = behind(0);
        assert_eq!(numbers(&mut follower, 2), [1, 2]);
        assert_eq!(numbers(&mut follower, 9), [3, 4, 5]);
        assert_eq!(numbers(&mut follower, 9), [0; 0]);
        assert_eq!(numbers(&mut behind(2), 9), [3, 4, 5]);
        let head = fs::read(folder.path().join("head")).unwrap();
        let entry = Entry::new(WallTime(86_400_000_000 * 3), Act::Hold, Outcome::Done);
        journal.note(entry).await.unwrap();
        let vouched = fs::read(folder.path().join("head")).unwrap();
        fs::write(folder.path().join("head"), head).unwrap();
        assert_eq!(numbers(&mut follower, 9), [0; 0]);
        assert_eq!(numbers(&mut behind(4), 9), [5]);
        fs::write(folder.path().join("head"), vouched).unwrap();
        assert_eq!(numbers(&mut follower, 9), [6]);
        // Older days are gone: what is left is read.
        let mut far_behind = behind(0);
        assert_eq!(numbers(&mut far_behind, 1), [1]);
        crate::expire::remove(folder.path(), "1970-01-01").unwrap();
        assert_eq!(numbers(&mut far_behind, 1), [3]);
        assert_eq!(numbers(&mut behind(0), 1), [3]);
    }
}
