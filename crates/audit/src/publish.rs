//! Roots in a folder that others read and sign: of a web server, of another agency.
//!
//! ```text
//! audit/DAY-N.root ──publish──▶ FOLDER/DAY-N.root ──another agency co-signs──┐
//!        ▲───────────── its signature, at the next time ──────────────────────┘
//! ```
//!
//! > What was published is never another one later: a root there that is not ours is
//! > told, and nothing is written over.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::journal::Files;
use crate::root::SignedRoot;

/// The most signatures that a root takes: the folder is others' to write to.
const MOST: usize = 32;

/// The most bytes of a root that is read from there.
const LONGEST: u64 = 64 << 10;

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// Roots that were not there before.
    pub roots: usize,
    /// Signatures of others that stand below ours from now on.
    pub signatures: usize,
}

/// Lays the roots of days that are over into a folder, and takes up who signed them
/// there since.
pub fn publish(folder: &Path, to: &Path) -> io::Result<Published> {
    let mut published = Published::default();
    for path in Files::list(folder)?.roots {
        let Some(name) = path.file_name() else { continue };
        let there = to.join(name);
        let ours = fs::read_to_string(&path)?;
        let signed = read(&ours, &path)?;
        let theirs = match fs::metadata(&there) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // Nobody is named in it: anybody may read it.
                write(&there, &ours, 0o644)?;
                published.roots += 1;
                continue;
            }
            Ok(known) if known.len() > LONGEST => {
                return Err(wrong(&there, "is no root: it is too long"));
            }
            Ok(_) => fs::read_to_string(&there)?,
            Err(error) => return Err(error),
        };
        if read(&theirs, &there)?.root != signed.root {
            let words =
                "says of this day what the journal does not: one of the two was changed since";
            return Err(wrong(&there, words));
        }
        let text = signed.root.text();
        let lines = |all: &str| -> Vec<String> {
            let valid = |line: &&str| {
                let alone = format!("{text}{line}\n");
                SignedRoot::read(&alone).is_some_and(|read| read.signers.len() == 1)
            };
            all.lines().skip(text.lines().count()).filter(valid).map(str::to_owned).collect()
        };
        let (known, said) = (lines(&ours), lines(&theirs));
        let mut all = known.clone();
        all.extend(said.into_iter().filter(|line| !known.contains(line)));
        all.truncate(MOST);
        if all.len() > known.len() {
            let whole = all.iter().fold(text, |text, line| text + line + "\n");
            write(&path, &whole, 0o600)?;
            published.signatures += all.len() - known.len();
        }
    }
    Ok(published)
}

fn read(text: &str, path: &Path) -> io::Result<SignedRoot> {
    SignedRoot::read(text).ok_or_else(|| wrong(path, "is no root of an audit"))
}

fn wrong(path: &Path, words: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{} {words}", path.display()))
}

/// Writes a file whole or not at all.
fn write(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(mode).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use base::WallTime;

    use super::*;
    use crate::{Act, Disk, Entry, Journal, Outcome, RootKey};

    #[tokio::test]
    async fn what_is_published_is_signed_by_others_and_never_another_one() {
        let home = tempfile::tempdir().unwrap();
        let (folder, to) = (home.path().join("audit"), home.path().join("public"));
        fs::create_dir(&to).unwrap();
        let key = RootKey::new(&[7; 32]);
        let public = key.public();
        let journal = Journal::open(&folder, Disk::Real, key, WallTime(0)).unwrap();
        for day in 0..3 {
            let at = WallTime(day * 86_400_000_000);
            journal.note(Entry::new(at, Act::Hold, Outcome::Done)).await.unwrap();
        }
        let of = |roots, signatures| Published { roots, signatures };
        assert_eq!(publish(&folder, &to).unwrap(), of(2, 0));
        assert_eq!(publish(&folder, &to).unwrap(), of(0, 0));
        let mut there: Vec<_> =
            fs::read_dir(&to).unwrap().map(|entry| entry.unwrap().path()).collect();
        there.sort();
        let root = SignedRoot::read(&fs::read_to_string(&there[0]).unwrap()).unwrap().root;
        let other = RootKey::new(&[8; 32]).sign(&root);
        let forged = other.replace("signed ", "signed A");
        let mut text = fs::read_to_string(&there[0]).unwrap();
        text.push_str(&forged);
        text.push_str(&other);
        fs::write(&there[0], &text).unwrap();
        assert_eq!(publish(&folder, &to).unwrap(), of(0, 1));
        assert_eq!(publish(&folder, &to).unwrap(), of(0, 0));
        let report = crate::verify(&folder, &public).unwrap();
        assert_eq!(report.faults, []);
        assert_eq!(report.roots.iter().map(|(_, others)| *others).collect::<Vec<_>>(), [1, 0]);

        // Somebody makes the day anew, with the installation's own key.
        let anew = crate::root::Root { before: crate::chain::Hash::of(b"x"), ..root };
        let anew = anew.text() + &RootKey::new(&[7; 32]).sign(&anew);
        fs::write(&there[0], anew).unwrap();
        let told = publish(&folder, &to).unwrap_err().to_string();
        assert!(told.contains("what the journal does not"), "{told}");
        fs::write(&there[0], "x").unwrap();
        assert!(publish(&folder, &to).unwrap_err().to_string().contains("is no root"));
    }
}
