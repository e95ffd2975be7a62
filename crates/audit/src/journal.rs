//! The journal of a node: one hand that writes, and whoever waits for it.
//!
//! ```text
//! note(a) ─┐                       one append, one sync
//! note(b) ─┼─▶ orders ─▶ thread ─▶ [ jot, a, b ] ─▶ head ─▶ a and b are answered
//! jot(c) ──┘                        └ jots wait for the next note, a second at most
//! ```
//!
//! What comes while the disk syncs goes with the next commit, all together, so that
//! many acts cost one sync. A commit that fails is cut off again and answered as
//! refused: the act must not be done. A day ends with the first entry of the next,
//! or when [`Journal::turn`] is called behind midnight; then its root is written.
//!
//! The head is signed behind each commit and not synced: it may be older than the
//! entries after a power cut, and never newer. Opening takes the chain up at the
//! last entry, and its own entry says which ones no head had vouched for. A torn line behind what the head vouches for was never answered for
//! and is cut off; where the *head* knows of more than there is, somebody took it
//! away: that stays as it is for the verifier to find, and the chain goes on from
//! what the head knows.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use base::{Day, WallTime};
use tokio::sync::oneshot;

use crate::chain::{Hash, Line, Link};
use crate::disk::Disk;
use crate::root::{Root, RootKey, SignedRoot};
use crate::{Act, Entry, Outcome};

/// How long an entry that nobody waits for may wait for company.
const LONGEST_JOT: Duration = Duration::from_secs(1);
/// How many entries may wait for the disk.
const MOST_WAITING: usize = 100_000;
/// How far from the end the last entry begins, at most: its texts are bounded.
const LONGEST_TAIL: u64 = 1 << 20;
/// A journal that is open. Clones share it; the last to go closes it.
#[derive(Clone, Debug)]
pub struct Journal {
    orders: Sender<Order>,
    waiting: Arc<AtomicUsize>,
}

/// Why an act has no entry, so that it may not be done.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The disk refused.
    #[error("the audit journal cannot be kept: cannot {doing} {}: {source}", path.display())]
    Disk {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system says.
        source: Arc<io::Error>,
    },
    /// More waits for the disk than can be answered for.
    #[error("the audit journal is too far behind: its disk is too slow")]
    Busy,
    /// The program is about to end.
    #[error("the audit journal is closed")]
    Closed,
}

#[derive(Debug)]
enum Order {
    Write(Box<Entry>, Option<oneshot::Sender<Result<u64, Error>>>),
    /// To end the day if it is over.
    Turn(WallTime, oneshot::Sender<Result<(), Error>>),
    /// To answer when all before it is done.
    Flush(oneshot::Sender<()>),
}

/// What the thread holds.
#[derive(Debug)]
struct Hand {
    disk: Disk,
    folder: PathBuf,
    key: RootKey,
    file: Option<Open>,
    /// The day whose entries are written, and the number of its first.
    day: String,
    first: u64,
    last: Link,
    /// The hash of the last root.
    before: Hash,
    lines: Vec<u8>,
    /// What could not be written at the opening: it goes before the next.
    owed: Vec<Entry>,
}

/// What was found at the end of a journal.
#[derive(Debug, Default)]
struct Found {
    /// In words, what is gone that was there once.
    damage: Option<String>,
    /// From which entry to which the head knows nothing: the program was killed
    /// between a commit and its head, or somebody added them.
    unvouched: Option<(u64, u64)>,
}

#[derive(Debug)]
struct Open {
    file: File,
    path: PathBuf,
    len: u64,
}

impl Journal {
    /// Opens the journal in `folder`, made if need be. Its first entry tells that.
    pub fn open(folder: &Path, disk: Disk, key: RootKey, now: WallTime) -> Result<Self, Error> {
        let (mut hand, found) = Hand::take_up(folder, disk, key)?;
        let mut start = Entry::new(now, Act::Start, Outcome::Done);
        if let Some((from, to)) = found.unvouched {
            start.details.insert("unvouched".to_owned(), format!("{from} to {to}"));
        }
        let mut first = vec![start];
        if let Some(damage) = found.damage {
            tracing::error!(folder = %folder.display(), "the audit journal was tampered with or lost entries: {damage}");
            let mut entry = Entry::new(now, Act::Damage, Outcome::Done);
            entry.details.insert("what".to_owned(), damage);
            first.push(entry);
        }
        // A disk that is full today must not keep cameras from being recorded.
        if let Err(error) = hand.commit(first.clone()) {
            tracing::error!(%error, "the start has no entry yet");
            hand.owed = first;
        }
        let (orders, receiver) = mpsc::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let count = waiting.clone();
        let spawned = thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || hand.run(&receiver, &count));
        spawned.map_err(failed("start a thread for", folder))?;
        Ok(Self { orders, waiting })
    }

    /// Notes an act that must not be done without an entry, and returns the entry's
    /// number once it is on disk for good.
    pub async fn note(&self, entry: Entry) -> Result<u64, Error> {
        let (answer, answered) = oneshot::channel();
        self.order(entry, Some(answer))?;
        answered.await.map_err(|_| Error::Closed)?
    }

    /// Notes what was seen of an act that has its entry already; on disk within a
    /// second or so.
    pub fn jot(&self, entry: Entry) -> Result<(), Error> {
        self.order(entry, None)
    }

    /// Ends the day that is over at `now`, if that was not done.
    pub async fn turn(&self, now: WallTime) -> Result<(), Error> {
        let (answer, answered) = oneshot::channel();
        self.orders.send(Order::Turn(now, answer)).map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)?
    }

    /// Returns when all that was given before is on disk, or was refused.
    pub async fn flush(&self) -> Result<(), Error> {
        let (answer, answered) = oneshot::channel();
        self.orders.send(Order::Flush(answer)).map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)
    }

    fn order(
        &self,
        entry: Entry,
        answer: Option<oneshot::Sender<Result<u64, Error>>>,
    ) -> Result<(), Error> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= MOST_WAITING {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(Error::Busy);
        }
        self.orders.send(Order::Write(Box::new(entry), answer)).map_err(|_| Error::Closed)
    }
}

impl Hand {
    fn run(mut self, orders: &Receiver<Order>, waiting: &AtomicUsize) {
        let (mut entries, mut answers, mut others) = (Vec::new(), Vec::new(), Vec::new());
        // When the first of what nobody waits for has waited long enough.
        let mut due: Option<Instant> = None;
        loop {
            let first = match due {
                None => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => orders.recv_timeout(due.saturating_duration_since(Instant::now())),
            };
            let over = matches!(first, Err(RecvTimeoutError::Disconnected));
            for order in first.into_iter().chain(orders.try_iter()) {
                match order {
                    Order::Write(entry, answer) => {
                        if let Some(answer) = answer {
                            answers.push((entries.len() as u64, answer));
                        }
                        entries.push(*entry);
                    }
                    other => others.push(other),
                }
            }
            let now = Instant::now();
            let is_due = due.is_some_and(|due| now >= due);
            if answers.is_empty() && others.is_empty() && !is_due && !over {
                due = due.or_else(|| (!entries.is_empty()).then(|| now + LONGEST_JOT));
                continue;
            }
            due = None;
            let count = entries.len();
            if count > 0 {
                let begin = self.last.n + 1 + self.owed.len() as u64;
                let done = self.commit(std::mem::take(&mut entries));
                if let Err(error) = &done {
                    tracing::error!(%error, entries = count, "acts have no entry");
                }
                for (at, answer) in answers.drain(..) {
                    // Who waits no longer needs no answer; the entry stands.
                    let _ = answer.send(done.clone().map(|()| begin + at));
                }
                waiting.fetch_sub(count, Ordering::Relaxed);
            }
            for other in others.drain(..) {
                match other {
                    Order::Turn(now, answer) => drop(answer.send(self.turn(&day_of(now)))),
                    Order::Flush(answer) => drop(answer.send(())),
                    Order::Write(..) => {}
                }
            }
            if over {
                return;
            }
        }
    }

    /// Writes entries and makes them last, all or none.
    fn commit(&mut self, entries: Vec<Entry>) -> Result<(), Error> {
        let Some(first) = entries.first() else { return Ok(()) };
        self.turn(&day_of(first.at))?;
        self.lines.clear();
        let mut last = self.last;
        for entry in self.owed.iter().cloned().chain(entries) {
            last = last.write(entry, &mut self.lines);
        }
        if let Err(error) = self.append() {
            self.take_back();
            return Err(error);
        }
        self.owed.clear();
        self.last = last;
        self.say_head();
        Ok(())
    }

    fn append(&mut self) -> Result<(), Error> {
        let is_new = self.file.is_none();
        if is_new {
            let path = self.folder.join(format!("{}-{:012}.log", self.day, self.last.n + 1));
            let file = self.disk.open(&path).map_err(failed("make", &path))?;
            // By its name it begins with what is to be written now: what stands in
            // it was refused, and could not be taken back.
            file.set_len(0).map_err(failed("empty", &path))?;
            self.file = Some(Open { file, path, len: 0 });
        }
        let Some(open) = &mut self.file else { return Ok(()) };
        let path = &open.path;
        self.disk.append(&mut open.file, &self.lines).map_err(failed("write to", path))?;
        self.disk.sync(&open.file, path).map_err(failed("sync", path))?;
        if is_new {
            self.disk.sync_dir(&self.folder).map_err(failed("sync", &self.folder))?;
        }
        open.len += self.lines.len() as u64;
        Ok(())
    }

    /// Cuts off what was refused; where that is refused as well, another file is begun.
    fn take_back(&mut self) {
        let Some(open) = &self.file else { return };
        if open.len == 0 || open.file.set_len(open.len).is_err() {
            self.file = None;
        }
    }

    /// Ends the day if another has begun. A clock that is set back begins none.
    fn turn(&mut self, day: &str) -> Result<(), Error> {
        if day <= self.day.as_str() {
            return Ok(());
        }
        if self.last.n >= self.first {
            let root = self.root();
            let path = self.folder.join(format!("{}-{:012}.root", self.day, self.first));
            let text = root.text() + &self.key.sign(&root);
            self.disk.replace_for_good(&path, &text).map_err(failed("write", &path))?;
            self.before = root.hash();
        }
        self.first = self.last.n + 1;
        self.file = None;
        day.clone_into(&mut self.day);
        Ok(())
    }

    fn root(&self) -> Root {
        Root { day: self.day.clone(), first: self.first, last: self.last, before: self.before }
    }

    fn say_head(&self) {
        let root = self.root();
        let path = self.folder.join("head");
        if let Err(error) = self.disk.replace(&path, &(root.text() + &self.key.sign(&root))) {
            tracing::warn!(path = %path.display(), %error, "the audit's head is behind its entries");
        }
    }

    /// Finds the end of what is there, and says so if there was more once.
    fn take_up(folder: &Path, disk: Disk, key: RootKey) -> Result<(Self, Found), Error> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(folder).map_err(failed("make", folder))?;
        let files = Files::list(folder).map_err(failed("list", folder))?;
        let ours = |path: &Path| -> Option<Root> {
            let signed = SignedRoot::read(&fs::read_to_string(path).ok()?)?;
            signed.signers.contains(&key.public()).then_some(signed.root)
        };
        let root = files.roots.last().and_then(|path| ours(path));
        let known = [ours(&folder.join("head")), root.clone()].into_iter().flatten();
        let known = known.map(|root| root.last).max_by_key(|last| last.n).unwrap_or(Link::START);
        let before = root.as_ref().map_or(Hash::NONE, Root::hash);

        let mut hand = Self {
            disk,
            folder: folder.to_owned(),
            key,
            file: None,
            day: root.as_ref().map_or_else(String::new, |root| root.day.clone()),
            first: root.map_or(1, |root| root.last.n + 1),
            last: known,
            before,
            lines: Vec::new(),
            owed: Vec::new(),
        };
        let Some(last) = files.logs.last() else {
            let gone = (known.n > 0).then(|| format!("entries 1 to {} are gone", known.n));
            return Ok((hand, Found { damage: gone, unvouched: None }));
        };
        if last.day > hand.day {
            hand.day.clone_from(&last.day);
            let of_day = files.logs.iter().find(|log| log.day == last.day);
            hand.first = of_day.map_or(hand.first, |log| log.first);
        }
        let tail = tail(&last.path).map_err(failed("read", &last.path))?;
        match tail {
            Some((line, end)) if line.link.n > known.n || line.link == known => {
                let file = hand.disk.open(&last.path).map_err(failed("open", &last.path))?;
                let len = file.metadata().map_err(failed("look at", &last.path))?.len();
                if len > end {
                    tracing::warn!(path = %last.path.display(), bytes = len - end, "a torn entry that was never answered for is cut off");
                    file.set_len(end).map_err(failed("cut", &last.path))?;
                }
                hand.last = line.link;
                // An entry of another day goes into another file.
                hand.file = (last.day == hand.day).then(|| Open {
                    file,
                    path: last.path.clone(),
                    len: end,
                });
                let unvouched = (line.link.n > known.n).then_some((known.n + 1, line.link.n));
                Ok((hand, Found { damage: None, unvouched }))
            }
            // Nothing whole, and nothing that was ever answered for.
            None if known.n < last.first => {
                hand.last = known;
                Ok((hand, Found::default()))
            }
            found => {
                let found = found.map_or(last.first.saturating_sub(1), |(line, _)| line.link.n);
                let (known, file) = (known.n, last.path.display());
                let damage = format!("entry {known} is vouched for, and {file} ends with {found}");
                Ok((hand, Found { damage: Some(damage), unvouched: None }))
            }
        }
    }
}

/// A journal's files, in order.
#[derive(Debug, Default)]
pub(crate) struct Files {
    pub(crate) logs: Vec<Log>,
    pub(crate) roots: Vec<PathBuf>,
}

/// `DAY-N.log`: entries of a day from the one of this number on.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Log {
    pub(crate) day: String,
    pub(crate) first: u64,
    pub(crate) path: PathBuf,
}

impl Files {
    pub(crate) fn list(folder: &Path) -> io::Result<Self> {
        let mut files = Self::default();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let log = name.strip_suffix(".log").and_then(|name| name.rsplit_once('-'));
            if let Some((day, first)) = log
                && let Ok(first) = first.parse()
            {
                files.logs.push(Log { day: day.to_owned(), first, path });
            } else if name.ends_with(".root") {
                files.roots.push(path);
            }
        }
        files.logs.sort();
        files.roots.sort();
        Ok(files)
    }
}

/// Returns the files of a journal's entries, in order.
pub fn logs(folder: &Path) -> io::Result<Vec<PathBuf>> {
    Ok(Files::list(folder)?.logs.into_iter().map(|log| log.path).collect())
}

/// Returns the last whole entry of a file, and where it ends.
fn tail(path: &Path) -> io::Result<Option<(Line, u64)>> {
    let mut file = File::open(path)?;
    let len = file.metadata()?.len();
    let begin = len.saturating_sub(LONGEST_TAIL);
    file.seek(SeekFrom::Start(begin))?;
    let mut bytes = Vec::new();
    file.take(LONGEST_TAIL).read_to_end(&mut bytes)?;
    let mut end = bytes.len();
    while let Some(line_end) = bytes[..end].iter().rposition(|&byte| byte == b'\n') {
        let start =
            bytes[..line_end].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        if let Some(line) = Line::read(&bytes[start..line_end]).filter(|line| line.holds) {
            return Ok(Some((line, begin + line_end as u64 + 1)));
        }
        end = line_end;
    }
    Ok(None)
}

/// Returns the day of a moment by the calendar of Viet Nam: `2026-11-29`.
pub(crate) fn day_of(moment: WallTime) -> String {
    Day::of(moment).to_string()
}

pub(crate) fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Disk { doing, path, source: Arc::new(source) }
}
