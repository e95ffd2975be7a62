//! A stream's journal on its disk: facts go in one after the other, and come
//! back at the next opening.
//!
//! ```text
//! gap        ─▶ waiting ─┐
//! deletions  ────────────┴▶ appended ─▶ synced with the next round, or at once
//!                              └ refused: cut back to where it was
//! ```
//!
//! Gaps are noted by disk threads, deletions by whoever makes room. The lock
//! lies over the whole of an append and its cutting back, so that nobody cuts
//! off what another has noted meanwhile. What the lines say is in `facts.rs`.

use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use base::StreamId;

use crate::append::is_full;
use crate::core::Core;
use crate::disk::{Disk, DiskFile};
use crate::error::StoreError;
use crate::facts::{self, Fact};
use crate::layout::Layout;
use crate::root;
use crate::stream::{Stream, lock};

/// See the module.
#[derive(Debug)]
pub(crate) struct Journal {
    disk: Disk,
    layout: Layout,
    stream: StreamId,
    /// Facts that the disk did not take yet, in order.
    waiting: Mutex<Vec<Fact>>,
}

/// Makes room on a full disk, and says whether there is more now.
pub(crate) type Relieve<'a> = &'a dyn Fn() -> io::Result<bool>;

/// Lines that were appended and do not last yet.
#[derive(Debug)]
pub(crate) struct Added {
    file: DiskFile,
    /// How long the journal was before.
    before: u64,
    /// Folders with new entries.
    made: Vec<PathBuf>,
}

impl Journal {
    pub(crate) fn new(disk: Disk, layout: Layout, stream: StreamId) -> Self {
        Self { disk, layout, stream, waiting: Mutex::default() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.layout.journal(self.stream)
    }

    /// Returns the facts that are there, and cuts a torn end.
    pub(crate) fn read(&self) -> Result<Vec<Fact>, StoreError> {
        let path = self.path();
        let journal = match self.disk.read(&path) {
            Ok(journal) => journal,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StoreError::disk("read", &path)(error)),
        };
        let parsed = facts::parse(&journal);
        if parsed.damaged > 0 {
            tracing::error!(path = %path.display(), lines = parsed.damaged, "facts of a journal cannot be read");
        }
        if parsed.whole_bytes < journal.len() as u64 {
            let cut = cut(&self.disk, &path, parsed.whole_bytes);
            cut.map_err(StoreError::disk("cut", &path))?;
        }
        Ok(parsed.facts)
    }

    /// Appends a fact, or keeps it until the disk takes it.
    fn note(&self, fact: Fact, relieve: Relieve<'_>) -> Option<Added> {
        let mut waiting = lock(&self.waiting);
        waiting.push(fact);
        if waiting.len() > 1 {
            return None; // its turn comes with those before it, once a round
        }
        self.append(&mut waiting, &[], relieve).ok()
    }

    /// Tries again what the disk did not take.
    fn note_again(&self, relieve: Relieve<'_>) -> io::Result<Option<Added>> {
        let mut waiting = lock(&self.waiting);
        if waiting.is_empty() {
            return Ok(None);
        }
        self.append(&mut waiting, &[], relieve).map(Some)
    }

    /// Appends facts behind those that wait; all of them, or none.
    fn note_now(&self, facts: &[Fact], relieve: Relieve<'_>) -> io::Result<Added> {
        self.append(&mut lock(&self.waiting), facts, relieve)
    }

    /// As `note_now`; when it returns they are on disk for good.
    pub(crate) fn note_for_good(&self, facts: &[Fact], relieve: Relieve<'_>) -> io::Result<()> {
        let mut waiting = lock(&self.waiting);
        let waited = waiting.clone();
        let added = self.append(&mut waiting, facts, relieve)?;
        let synced = self.disk.sync_data(&added.file);
        let folders = || added.made.iter().try_for_each(|folder| self.disk.sync_dir(folder));
        synced.and_then(|()| folders()).inspect_err(|_| {
            // Who asked will ask again: without this, a line more each time.
            if self.disk.truncate(&added.file, added.before).is_ok() {
                *waiting = waited;
            }
        })
    }

    /// Returns whether something waits to be noted.
    pub(crate) fn is_behind(&self) -> bool {
        !lock(&self.waiting).is_empty()
    }

    /// Appends what waits and `facts` as a whole or not at all. On a full disk
    /// it asks once to be relieved.
    fn append(
        &self,
        waiting: &mut Vec<Fact>,
        facts: &[Fact],
        relieve: Relieve<'_>,
    ) -> io::Result<Added> {
        let text: String = waiting.iter().chain(facts).map(facts::line).collect();
        let home = self.layout.stream(self.stream);
        let new_home = self.disk.create_dir(&home)?;
        let (file, new) = self.disk.open(&self.path())?;
        let before = std::fs::metadata(file.path())?.len();
        let try_once = || self.disk.append(&file, &mut [IoSlice::new(text.as_bytes())]);
        let mut done = try_once();
        if done.as_ref().is_err_and(is_full) && relieve().is_ok_and(|room| room) {
            self.disk.truncate(&file, before)?;
            done = try_once();
        }
        if let Err(error) = done {
            self.disk.truncate(&file, before)?;
            return Err(error);
        }
        waiting.clear();
        let mut made = Vec::new();
        made.extend(new_home.then(|| self.layout.streams()));
        made.extend(new.then_some(home));
        Ok(Added { file, before, made })
    }
}

impl Core {
    /// Notes a fact: at once for readers, in the journal as soon as the disk takes it.
    pub(crate) fn note(&self, stream: &Arc<Stream>, fact: Fact) {
        stream.state().timeline.learn(&fact);
        if let Some(added) = stream.journal.note(fact, &|| self.give_up_ballast()) {
            self.to_be_synced(stream, added);
        }
    }

    /// Tries again what the disk did not take.
    pub(crate) fn note_again(&self) {
        for stream in self.streams() {
            match stream.journal.note_again(&|| self.give_up_ballast()) {
                Ok(None) => {}
                Ok(Some(added)) => self.to_be_synced(&stream, added),
                Err(error) => {
                    tracing::error!(stream = %stream.id, %error, "facts cannot be noted yet");
                }
            }
        }
    }

    /// Notes facts of which nobody may read before the disk has taken them;
    /// `lasting` returns when they are there for good, else the next round sees
    /// to it.
    pub(crate) fn note_first(
        &self,
        stream: &Arc<Stream>,
        facts: &[Fact],
        lasting: bool,
    ) -> io::Result<()> {
        if lasting {
            stream.journal.note_for_good(facts, &|| self.give_up_ballast())?;
        } else {
            let added = stream.journal.note_now(facts, &|| self.give_up_ballast())?;
            self.to_be_synced(stream, added);
        }
        let mut state = stream.state();
        facts.iter().for_each(|fact| state.timeline.learn(fact));
        Ok(())
    }

    fn to_be_synced(&self, stream: &Arc<Stream>, added: Added) {
        self.ledger.made(stream, added.made);
        self.ledger.noted(stream, Arc::new(added.file));
    }

    fn give_up_ballast(&self) -> io::Result<bool> {
        let room = root::drop_ballast(&self.layout, &self.disk)?;
        if room {
            self.room.owed.store(root::BALLAST_BYTES, Ordering::Relaxed);
        }
        Ok(room)
    }
}

/// Cuts a file to `len` bytes, for good.
pub(crate) fn cut(disk: &Disk, path: &Path, len: u64) -> io::Result<()> {
    let (file, _) = disk.open(path)?;
    disk.truncate(&file, len)?;
    disk.sync_data(&file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gap::GapReason;
    use crate::testutil::{Act, Lossy};
    use base::WallTime;

    fn journal() -> (tempfile::TempDir, Arc<Lossy>, Journal) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("streams")).unwrap();
        let lossy = Arc::new(Lossy::new(folder.path().join("graves")));
        let stream = StreamId(uuid::Uuid::from_u128(7));
        let journal = Journal::new(Disk::Lossy(lossy.clone()), Layout::new(folder.path()), stream);
        (folder, lossy, journal)
    }

    fn gap(from: i64) -> Fact {
        Fact::Gap { from: WallTime(from), reason: GapReason::Silent }
    }

    const NO_RELIEF: Relieve<'static> = &|| Ok(false);

    #[test]
    fn who_is_refused_half_way_never_cuts_off_what_another_noted() {
        let (_folder, lossy, journal) = journal();
        let noted = std::thread::scope(|scope| {
            let writer = |first: i64| {
                let (journal, lossy) = (&journal, &lossy);
                scope.spawn(move || {
                    let mut noted = Vec::new();
                    for number in first..first + 300 {
                        // Room for one line and a half, whoever takes it.
                        lossy.set_room(Some(100));
                        if journal.note_now(&[gap(number)], NO_RELIEF).is_ok() {
                            noted.push(number);
                        }
                    }
                    noted
                })
            };
            let writers = [writer(0), writer(1000), writer(2000)];
            writers.map(|writer| writer.join().unwrap()).concat()
        });
        let read = journal.read().unwrap().into_iter().map(|fact| match fact {
            Fact::Gap { from, .. } => from.0,
            other => panic!("{other:?}"),
        });
        let mut read: Vec<_> = read.collect();
        read.sort_unstable();
        assert_eq!(read, noted);
    }

    #[test]
    fn what_the_disk_did_not_take_goes_before_what_comes_later() {
        let (_folder, lossy, journal) = journal();
        lossy.set_room(Some(0));
        assert!(journal.note(gap(1), NO_RELIEF).is_none());
        assert!(journal.note(gap(2), NO_RELIEF).is_none());
        assert!(journal.is_behind() && journal.note_again(NO_RELIEF).is_err());
        lossy.set_room(None);
        journal.note_for_good(&[gap(3)], NO_RELIEF).unwrap();
        assert!(!journal.is_behind());
        assert_eq!(journal.read().unwrap(), [gap(1), gap(2), gap(3)]);
    }

    #[test]
    fn what_could_not_be_made_to_last_is_not_noted_and_does_not_pile_up() {
        let (_folder, lossy, journal) = journal();
        journal.note_for_good(&[gap(1)], NO_RELIEF).unwrap();
        lossy.faults().refuse(Act::Sync, &journal.path());
        for _ in 0..3 {
            assert!(journal.note_for_good(&[gap(2)], NO_RELIEF).is_err());
        }
        assert_eq!(journal.read().unwrap(), [gap(1)]);
        lossy.faults().mend();
        journal.note_for_good(&[gap(2)], NO_RELIEF).unwrap();
        assert_eq!(journal.read().unwrap(), [gap(1), gap(2)]);
    }
}
