//! Whether a journal is what was written, found out without the program or its
//! database: from its files and the installation's public key.
//!
//! ```text
//! what somebody did            what gives it away
//! altered a text               its own hash
//! altered text and hash        the next entry, which knows the old one
//! made all anew behind it      a root or the head, which are signed
//! deleted, moved               the numbers
//! cut off the end              the head; of days before, their roots
//! deleted a root               the next root; the entries of its day
//! added entries at the end     they stand behind the head, and the next start says so
//! ```
//!
//! Whoever has the private key can make all of it anew, but for the days whose roots
//! were published or co-signed: compare those.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use crate::chain::{Hash, Line, Link};
use crate::journal::Files;
use crate::root::{Root, SignedRoot};

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many entries were read.
    pub entries: u64,
    /// The numbers of the first and the last.
    pub span: Option<(u64, u64)>,
    /// The roots in order, with how many keys other than the installation's signed each.
    pub roots: Vec<(String, usize)>,
    /// How many entries stand behind the head, which vouches for none of them: the
    /// program runs, was killed, or somebody added them.
    pub unvouched: u64,
    /// Whether the last line is half an entry: the power went while it was written,
    /// and nobody was answered for it.
    pub is_torn: bool,
    /// What was done to the journal.
    pub faults: Vec<Fault>,
}

/// What was done to a journal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A line that is no entry.
    Unreadable {
        /// The name of its file.
        file: String,
        /// Which of its lines, from 1.
        line: u64,
    },
    /// An entry whose text does not have its hash.
    Altered(u64),
    /// An entry that is not the one that was there when the next was written.
    Replaced(u64),
    /// Entries from the first of these numbers to the last.
    Missing(u64, u64),
    /// An entry that stands behind later ones, or stands there again.
    OutOfPlace(u64),
    /// A root or head vouches for another entry of this number: all up to it, or
    /// some of them, were made anew.
    MadeAnew {
        /// The file of the root.
        root: String,
        /// The number of the entry.
        entry: u64,
    },
    /// A root or head that cannot be read, or that the installation's key did not sign.
    Forged(String),
    /// A root that does not follow the one before it.
    RootOutOfPlace(String),
    /// A day that is over and has no root.
    NoRoot(String),
    /// The journal has no head.
    NoHead,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { file, line } => write!(f, "line {line} of {file} is no entry"),
            Self::Altered(n) => write!(f, "entry {n} was altered: its text does not have its hash"),
            Self::Replaced(n) => {
                write!(f, "entry {n} was altered: it is not the one that entry {} follows", n + 1)
            }
            Self::Missing(first, last) if first == last => write!(f, "entry {first} is missing"),
            Self::Missing(first, last) => write!(f, "entries {first} to {last} are missing"),
            Self::OutOfPlace(n) => write!(f, "entry {n} was moved: it stands behind a later one"),
            Self::MadeAnew { root, entry } => {
                write!(
                    f,
                    "{root} vouches for another entry {entry}: entries up to it were made anew"
                )
            }
            Self::Forged(root) => {
                write!(f, "{root} cannot be read or is not signed by the installation's key")
            }
            Self::RootOutOfPlace(root) => {
                write!(f, "{root} does not follow the root before it: one was deleted or altered")
            }
            Self::NoRoot(day) => write!(f, "the root of {day} is missing"),
            Self::NoHead => f.write_str("the head is missing: entries may be cut off at the end"),
        }
    }
}

/// Reads a journal's folder and says what was done to it. `key` is the
/// installation's public key, which must come from elsewhere than that folder.
pub fn verify(folder: &Path, key: &str) -> io::Result<Report> {
    let files = Files::list(folder)?;
    let mut roots = Vec::new();
    for path in &files.roots {
        roots.push((name(path), read_root(path)?));
    }
    let head = match read_root(&folder.join("head")) {
        Ok(read) => Some(read),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let days: BTreeSet<_> = files.logs.iter().map(|log| log.day.clone()).collect();
    let mut walk = Walk::new(roots, head, days, key);
    for (at, log) in files.logs.iter().enumerate() {
        let mut lines = BufReader::new(File::open(&log.path)?);
        let (file, mut bytes) = (name(&log.path), Vec::new());
        for number in 1.. {
            bytes.clear();
            if lines.read_until(b'\n', &mut bytes)? == 0 {
                break;
            }
            let is_whole = bytes.pop_if(|byte| *byte == b'\n').is_some();
            let is_last = at + 1 == files.logs.len();
            walk.line(&file, number, &bytes, is_whole || !is_last);
        }
    }
    Ok(walk.end())
}

/// The pure part: lines in the order of the files, then the end.
#[derive(Debug)]
struct Walk {
    report: Report,
    /// The last entry that is in its place.
    last: Option<Link>,
    /// Its hash is not known: its line cannot be read.
    is_blind: bool,
    /// Entries that were passed over.
    missing: BTreeSet<u64>,
    /// What is vouched for, by the entry's number, with the file that does.
    vouched: BTreeMap<u64, Vec<(String, Hash)>>,
    /// How far the head vouches.
    head: Option<u64>,
    /// What may come before the first entry that is there.
    before: Vec<Link>,
}

impl Walk {
    fn new(
        roots: Vec<(String, Option<SignedRoot>)>,
        head: Option<Option<SignedRoot>>,
        mut open_days: BTreeSet<String>,
        key: &str,
    ) -> Self {
        let mut walk = Self {
            report: Report::default(),
            last: None,
            is_blind: false,
            missing: BTreeSet::new(),
            vouched: BTreeMap::new(),
            head: None,
            before: vec![Link::START],
        };
        let newest = open_days.pop_last();
        let mut before: Option<Root> = None;
        for (file, read) in roots {
            let Some(signed) = read.filter(|signed| signed.signers.iter().any(|one| one == key))
            else {
                walk.report.faults.push(Fault::Forged(file));
                continue;
            };
            let root = signed.root;
            let follows = match &before {
                Some(before) => root.before == before.hash() && root.first == before.last.n + 1,
                None => root.before == Hash::NONE && root.first == 1,
            };
            if !follows {
                walk.report.faults.push(Fault::RootOutOfPlace(file.clone()));
            }
            open_days.remove(&root.day);
            walk.report.roots.push((root.day.clone(), signed.signers.len() - 1));
            walk.vouch(file, root.last);
            walk.before.push(root.last);
            before = Some(root);
        }
        match head {
            None if newest.is_some() || before.is_some() => walk.report.faults.push(Fault::NoHead),
            None => {}
            Some(read) => match read.filter(|head| head.signers.iter().any(|one| one == key)) {
                Some(head) => {
                    // The root of the day before its own is known to it.
                    let known = before.as_ref().is_none_or(|root| {
                        head.root.before == root.hash() || head.root.last.n <= root.last.n
                    });
                    if !known || (before.is_none() && head.root.before != Hash::NONE) {
                        walk.report.faults.push(Fault::RootOutOfPlace("head".to_owned()));
                    }
                    walk.vouch("head".to_owned(), head.root.last);
                    walk.head = Some(head.root.last.n);
                }
                None => walk.report.faults.push(Fault::Forged("head".to_owned())),
            },
        }
        walk.report.faults.extend(open_days.into_iter().map(Fault::NoRoot));
        walk
    }

    fn vouch(&mut self, file: String, last: Link) {
        self.vouched.entry(last.n).or_default().push((file, last.hash));
    }

    /// Takes a line without its end; `is_whole` if nothing of it can be missing.
    fn line(&mut self, file: &str, number: u64, bytes: &[u8], is_whole: bool) {
        let Some(line) = Line::read(bytes).filter(|_| is_whole) else {
            if is_whole {
                let file = file.to_owned();
                self.report.faults.push(Fault::Unreadable { file, line: number });
                if let Some(last) = &mut self.last {
                    last.n += 1;
                    self.is_blind = true;
                }
            } else {
                self.report.is_torn = true;
            }
            return;
        };
        let Line { link, before, holds, .. } = line;
        self.report.entries += 1;
        if !holds {
            self.report.faults.push(Fault::Altered(link.n));
        }
        match self.last {
            Some(last) if link.n <= last.n => {
                self.missing.remove(&link.n);
                self.report.faults.push(Fault::OutOfPlace(link.n));
                return;
            }
            Some(last) if link.n == last.n + 1 => {
                if before != last.hash && !self.is_blind && holds {
                    self.report.faults.push(Fault::Replaced(last.n));
                }
            }
            Some(last) => self.missing.extend(last.n + 1..link.n),
            None => self.begin(link.n, before),
        }
        let first = self.report.span.map_or(link.n, |(first, _)| first);
        self.report.span = Some((first, link.n));
        self.is_blind = false;
        self.last = Some(link);
        for (root, hash) in self.vouched.remove(&link.n).unwrap_or_default() {
            if hash != link.hash {
                self.report.faults.push(Fault::MadeAnew { root, entry: link.n });
            }
        }
    }

    /// Entries that are older than they need be kept are gone with their files, and
    /// the root of the last of their days tells so.
    fn begin(&mut self, n: u64, before: Hash) {
        let known = self.before.iter().find(|known| known.n + 1 == n);
        match known {
            Some(known) if known.hash == before => {}
            Some(known) => self.report.faults.push(Fault::Replaced(known.n)),
            None => self.missing.extend(1..n),
        }
    }

    fn end(mut self) -> Report {
        let last = self.last.map_or(0, |last| last.n);
        self.report.unvouched = self.head.map_or(0, |head| last.saturating_sub(head));
        let begun = self.report.span.map_or(0, |(first, _)| first);
        // What is vouched for before the first that is there went with its file.
        let most = self.vouched.keys().next_back().copied().filter(|&n| n > last && n >= begun);
        if let Some(most) = most {
            self.missing.extend(last + 1..=most);
        }
        let mut missing = self.missing.into_iter().peekable();
        while let Some(first) = missing.next() {
            let mut last = first;
            while let Some(next) = missing.next_if(|&next| next == last + 1) {
                last = next;
            }
            self.report.faults.push(Fault::Missing(first, last));
        }
        self.report
    }
}

/// Reads a root; nothing if the file holds none.
fn read_root(path: &Path) -> io::Result<Option<SignedRoot>> {
    Ok(String::from_utf8(fs::read(path)?).ok().and_then(|text| SignedRoot::read(&text)))
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
