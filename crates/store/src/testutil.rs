//! A disk whose power can be cut: for tests, and only for them.
//!
//! It writes to real files and remembers what was synced. Cutting the power
//! takes back what a disk might have lost:
//!
//! ```text
//! file     [ synced ▓▓▓▓▓▓▓▓ │ not synced ░░░░░░░░ ]
//! cut      [ synced ▓▓▓▓▓▓▓▓ │ ░░░?? ]                 a part of it, perhaps as rubbish
//! folder   entries made, renamed or unlinked since its last sync: the first
//!          few of them happened, the rest did not
//! ```
//!
//! It is stricter than most file systems: syncing a file does not make its
//! entry last. It can also run out of room, and fail a sync as Linux does:
//! what that covered is lost, each open file is told so once, and from then on
//! all is green. It counts what was appended, and may claim room that it has not.
//! What else can fail, a path at a time, is in `faults.rs`.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice, Seek, SeekFrom, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::disk::write_all;
use crate::faults::bad_sector;
pub use crate::faults::{Act, Faults};

/// See the module.
#[doc(hidden)]
#[derive(Debug)]
pub struct Lossy {
    /// Where unlinked files lie until their folder is synced.
    graves: PathBuf,
    faults: Faults,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    powered: bool,
    /// Bytes that may still be written, if limited.
    room: Option<u64>,
    /// Bytes that it claims to have beyond its room.
    overstated: u64,
    /// How often something was appended, by path.
    appends: HashMap<PathBuf, u64>,
    /// Length that lasts, by path; files that are not here last as they are.
    synced: HashMap<PathBuf, u64>,
    /// What changed in each folder since it was synced, in order.
    changes: HashMap<PathBuf, Vec<Change>>,
    graves_dug: u64,
    next_sync_fails: bool,
    /// How many syncs have failed.
    failed_syncs: u64,
    /// Files of which a failed sync lost something, and the last that did.
    doomed: HashMap<PathBuf, u64>,
    /// The last failed sync that each open file was told of.
    told: HashMap<RawFd, u64>,
}

#[derive(Debug)]
enum Change {
    Created(PathBuf),
    Unlinked { path: PathBuf, grave: PathBuf },
    Renamed { from: PathBuf, to: PathBuf, grave: Option<PathBuf> },
    Removed(PathBuf),
}

/// Numbers that look random and come out alike each time (xorshift64*).
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Returns the row of numbers that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        // Neighbouring seeds would begin alike, and zero would stay zero.
        let mut dice = Self((seed ^ 0x9e37_79b9_7f4a_7c15).max(1));
        for _ in 0..8 {
            dice.roll();
        }
        dice
    }

    /// Returns the next number.
    pub fn roll(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Returns a number below `end`, or 0 if there is none.
    pub fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { (self.roll() >> 11) % end }
    }

    /// Fills `bytes`.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let number = self.roll().to_be_bytes();
            chunk.copy_from_slice(&number[..chunk.len()]);
        }
    }
}

impl Lossy {
    /// Returns a disk with power that keeps what was unlinked in `graves`, a
    /// folder outside the store on the same file system.
    pub fn new(graves: PathBuf) -> Self {
        let state = State {
            powered: true,
            room: None,
            overstated: 0,
            appends: HashMap::new(),
            synced: HashMap::new(),
            changes: HashMap::new(),
            graves_dug: 0,
            next_sync_fails: false,
            failed_syncs: 0,
            doomed: HashMap::new(),
            told: HashMap::new(),
        };
        Self { graves, faults: Faults::default(), state: Mutex::new(state) }
    }

    /// Returns what is wrong with single files.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Makes the next sync fail and lose for good what it covers. After it the
    /// disk goes on, and who has not been told of the loss is told once.
    pub fn fail_next_sync(&self) {
        self.state().next_sync_fails = true;
    }

    /// Limits the bytes that may still be written; what is unlinked adds to it.
    pub fn set_room(&self, bytes: Option<u64>) {
        self.state().room = bytes;
    }

    /// Makes it claim so many bytes more than there is room for, as a file system
    /// does whose user has a quota.
    pub fn overstate_room(&self, bytes: u64) {
        self.state().overstated = bytes;
    }

    /// Returns how often something was appended to a file.
    pub fn appends(&self, path: &Path) -> u64 {
        self.state().appends.get(path).copied().unwrap_or(0)
    }

    /// Cuts the power: from now on every act fails, and what was not synced is
    /// lost as `seed` decides.
    ///
    /// # Errors
    /// If the files of the test cannot be changed.
    pub fn cut_power(&self, seed: u64) -> io::Result<()> {
        let mut state = self.state();
        state.powered = false;
        let mut dice = Dice::new(seed);
        let mut files: Vec<_> = state.synced.drain().collect();
        files.sort();
        for (path, synced) in files {
            lose_bytes(&path, synced, &mut dice)?;
        }
        let mut folders: Vec<_> = state.changes.drain().collect();
        // Inner folders first: an outer one may take them along.
        folders.sort_by(|(a, _), (b, _)| b.cmp(a));
        for (_, changes) in folders {
            let happened = dice.below(changes.len() as u64 + 1) as usize;
            for change in changes.into_iter().skip(happened).rev() {
                take_back(change)?;
            }
        }
        Ok(())
    }

    pub(crate) fn powered(&self) -> io::Result<()> {
        if self.state().powered { Ok(()) } else { Err(io::Error::other("the power is off")) }
    }

    pub(crate) fn room(&self) -> Option<u64> {
        let state = self.state();
        state.room.map(|room| room + state.overstated)
    }

    pub(crate) fn created(&self, path: &Path) {
        let mut state = self.state();
        if !path.is_dir() {
            state.synced.insert(path.to_owned(), 0);
        }
        state.note(path, Change::Created(path.to_owned()));
    }

    pub(crate) fn append(
        &self,
        path: &Path,
        file: &File,
        parts: &mut [IoSlice<'_>],
    ) -> io::Result<()> {
        self.faults.meet(Act::Append, path)?;
        let mut state = self.state();
        if !state.powered {
            return Err(io::Error::other("the power is off"));
        }
        *state.appends.entry(path.to_owned()).or_default() += 1;
        let before = file.metadata()?.len();
        state.synced.entry(path.to_owned()).or_insert(before);
        let wanted: u64 = parts.iter().map(|part| part.len() as u64).sum();
        let room = state.room.unwrap_or(u64::MAX);
        state.room = state.room.map(|room| room.saturating_sub(wanted));
        if wanted <= room {
            return write_all(file, parts);
        }
        // As a full disk does: it takes what it can.
        let mut whole: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        whole.truncate(usize::try_from(room).unwrap_or(usize::MAX));
        write_all(file, &mut [IoSlice::new(&whole)])?;
        Err(io::ErrorKind::StorageFull.into())
    }

    pub(crate) fn truncated(&self, path: &Path, len: u64, freed: u64) {
        let mut state = self.state();
        state.room = state.room.map(|room| room + freed);
        if let Some(synced) = state.synced.get_mut(path) {
            *synced = (*synced).min(len);
        }
    }

    pub(crate) fn synced(&self, path: &Path, file: &File) -> io::Result<()> {
        self.faults.meet(Act::Sync, path)?;
        let mut state = self.state();
        if !state.powered {
            return Err(io::Error::other("the power is off"));
        }
        if std::mem::take(&mut state.next_sync_fails) {
            state.lose([path.to_owned()]);
        }
        let last = state.doomed.get(path).copied().unwrap_or(0);
        state.tell(file, last)?;
        if last == 0 {
            state.synced.remove(path);
        }
        Ok(())
    }

    pub(crate) fn dir_synced(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        if !state.powered {
            return Err(io::Error::other("the power is off"));
        }
        if !path.is_dir() {
            return Err(io::ErrorKind::NotFound.into());
        }
        bury(state.changes.remove(path))
    }

    pub(crate) fn all_synced(&self, any: &File) -> io::Result<()> {
        let mut state = self.state();
        if !state.powered {
            return Err(io::Error::other("the power is off"));
        }
        if std::mem::take(&mut state.next_sync_fails) {
            let dirty: Vec<_> = state.synced.keys().cloned().collect();
            state.lose(dirty);
        }
        let last = state.failed_syncs;
        state.tell(any, last)?;
        let State { synced, doomed, .. } = &mut *state;
        synced.retain(|path, _| doomed.contains_key(path));
        state.changes.drain().try_for_each(|(_, changes)| bury(Some(changes)))
    }

    pub(crate) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        if !state.powered {
            return Err(io::Error::other("the power is off"));
        }
        let grave = if to.exists() { Some(state.dig(&self.graves, to)?) } else { None };
        std::fs::rename(from, to)?;
        if let Some(synced) = state.synced.remove(from) {
            state.synced.insert(to.to_owned(), synced);
        }
        let change = Change::Renamed { from: from.to_owned(), to: to.to_owned(), grave };
        state.note(to, change);
        Ok(())
    }

    pub(crate) fn unlink(&self, path: &Path) -> io::Result<()> {
        self.faults.meet(Act::Unlink, path)?;
        let mut state = self.state();
        if !state.powered {
            return Err(io::Error::other("the power is off"));
        }
        let size = std::fs::metadata(path)?.len();
        state.room = state.room.map(|room| room + size);
        let grave = state.dig(&self.graves, path)?;
        state.note(path, Change::Unlinked { path: path.to_owned(), grave });
        Ok(())
    }

    /// With its folder gone, what happened in it lasts when that does.
    pub(crate) fn dir_removed(&self, path: &Path) {
        let mut state = self.state();
        for change in state.changes.remove(path).unwrap_or_default() {
            state.note(path, change);
        }
        state.note(path, Change::Removed(path.to_owned()));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn note(&mut self, path: &Path, change: Change) {
        let folder = path.parent().unwrap_or(Path::new("/"));
        self.changes.entry(folder.to_owned()).or_default().push(change);
    }

    /// Notes that what was not synced of these files never will be.
    fn lose(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        self.failed_syncs += 1;
        let failed = self.failed_syncs;
        self.doomed.extend(paths.into_iter().map(|path| (path, failed)));
    }

    /// Fails if `file` was not told yet of the failed sync of number `last`.
    fn tell(&mut self, file: &File, last: u64) -> io::Result<()> {
        let told = self.told.entry(file.as_raw_fd()).or_default();
        if *told < last {
            *told = last;
            return Err(bad_sector());
        }
        Ok(())
    }

    /// Moves a file to a grave and returns where that is.
    fn dig(&mut self, graves: &Path, path: &Path) -> io::Result<PathBuf> {
        self.graves_dug += 1;
        let grave = graves.join(self.graves_dug.to_string());
        std::fs::rename(path, &grave)?;
        if let Some(synced) = self.synced.remove(path) {
            self.synced.insert(grave.clone(), synced);
        }
        Ok(grave)
    }
}

fn bury(changes: Option<Vec<Change>>) -> io::Result<()> {
    for change in changes.into_iter().flatten() {
        match change {
            Change::Unlinked { grave, .. } | Change::Renamed { grave: Some(grave), .. } => {
                std::fs::remove_file(grave)?;
            }
            Change::Created(_) | Change::Removed(_) | Change::Renamed { grave: None, .. } => {}
        }
    }
    Ok(())
}

fn take_back(change: Change) -> io::Result<()> {
    match change {
        Change::Created(path) if path.is_dir() => std::fs::remove_dir_all(path),
        // What was unlinked later is gone already.
        Change::Created(path) if path.exists() => std::fs::remove_file(path),
        Change::Created(_) => Ok(()),
        Change::Removed(path) => std::fs::create_dir(path),
        Change::Unlinked { path, grave } => std::fs::rename(grave, path),
        Change::Renamed { from, to, grave } => {
            std::fs::rename(&to, from)?;
            grave.map_or(Ok(()), |grave| std::fs::rename(grave, to))
        }
    }
}

/// Cuts a file to what lasts and a part of the rest, of which a part may be rubbish.
fn lose_bytes(path: &Path, synced: u64, dice: &mut Dice) -> io::Result<()> {
    let Ok(mut file) = OpenOptions::new().write(true).open(path) else { return Ok(()) };
    let len = file.metadata()?.len();
    let kept = synced + dice.below(len.saturating_sub(synced) + 1);
    file.set_len(kept)?;
    let unsynced = kept - synced;
    if unsynced > 0 && dice.below(2) == 0 {
        let from = dice.below(unsynced);
        let mut rubbish = vec![0; (1 + dice.below(unsynced - from)) as usize];
        if dice.below(2) == 0 {
            dice.fill(&mut rubbish);
        }
        file.seek(SeekFrom::Start(synced + from))?;
        file.write_all(&rubbish)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::Disk;
    use std::sync::Arc;

    fn disk() -> (tempfile::TempDir, Arc<Lossy>, Disk) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("graves")).unwrap();
        let lossy = Arc::new(Lossy::new(folder.path().join("graves")));
        (folder, lossy.clone(), Disk::Lossy(lossy))
    }

    #[test]
    fn what_was_synced_with_its_folder_lasts_through_any_cut() {
        for seed in 0..50 {
            let (folder, lossy, disk) = disk();
            let path = folder.path().join("file");
            let file = disk.create(&path).unwrap();
            disk.append(&file, &mut [IoSlice::new(b"kept")]).unwrap();
            disk.sync_data(&file).unwrap();
            disk.sync_dir(folder.path()).unwrap();
            disk.append(&file, &mut [IoSlice::new(b" perhaps")]).unwrap();
            lossy.cut_power(seed).unwrap();
            assert!(std::fs::read(&path).unwrap().starts_with(b"kept"));
            assert!(disk.append(&file, &mut [IoSlice::new(b"!")]).is_err());
        }
    }

    #[test]
    fn what_was_not_synced_is_lost_at_some_cut_and_kept_at_another() {
        let outcomes = |act: fn(&Disk, &Path)| {
            let seen = (0..60).map(|seed| {
                let (folder, lossy, disk) = disk();
                std::fs::write(folder.path().join("old"), "old").unwrap();
                act(&disk, folder.path());
                lossy.cut_power(seed).unwrap();
                ["old", "new"].map(|name| std::fs::read_to_string(folder.path().join(name)).ok())
            });
            seen.collect::<std::collections::BTreeSet<_>>().len()
        };
        assert_eq!(outcomes(|disk, folder| disk.unlink(&folder.join("old")).unwrap()), 2);
        assert_eq!(outcomes(|disk, folder| drop(disk.create(&folder.join("new")).unwrap())), 2);
        let rename = |disk: &Disk, folder: &Path| {
            disk.rename(&folder.join("old"), &folder.join("new")).unwrap();
        };
        assert_eq!(outcomes(rename), 2);
        assert_eq!(outcomes(|disk, folder| disk.replace(&folder.join("old"), "newer").unwrap()), 1);
    }

    #[test]
    fn a_disk_without_room_takes_what_it_can_and_says_so() {
        let (folder, lossy, disk) = disk();
        lossy.set_room(Some(5));
        let file = disk.create(&folder.path().join("file")).unwrap();
        disk.append(&file, &mut [IoSlice::new(b"123")]).unwrap();
        let refusal = disk.append(&file, &mut [IoSlice::new(b"45"), IoSlice::new(b"67")]);
        assert_eq!(refusal.unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(std::fs::read(file.path()).unwrap(), b"12345");
        disk.unlink(file.path()).unwrap();
        assert_eq!(disk.free_bytes(folder.path()).unwrap(), 5);
    }
}
