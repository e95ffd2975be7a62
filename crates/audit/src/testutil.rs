//! A disk that keeps only what it was asked to keep, for tests of the journal.

use std::collections::{HashMap, HashSet};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// See the module.
#[derive(Debug, Default)]
pub struct Lossy {
    state: Mutex<State>,
    changed: Condvar,
}

/// That syncs wait, until this is dropped.
#[derive(Debug)]
pub struct Stall<'a>(&'a Lossy);

#[derive(Debug, Default)]
struct State {
    /// How much of each file lasts.
    synced: HashMap<PathBuf, u64>,
    /// Files whose folder does not know them for good.
    new: HashSet<PathBuf>,
    fail_next_sync: bool,
    is_stalled: bool,
    syncs: usize,
    /// Bytes that still fit, if the disk is nearly full.
    room: Option<usize>,
}

impl Lossy {
    /// Makes the next sync fail, and only that.
    pub fn fail_next_sync(&self) {
        self.state().fail_next_sync = true;
    }

    /// Makes syncs of files wait.
    pub fn stall(&self) -> Stall<'_> {
        self.state().is_stalled = true;
        Stall(self)
    }

    /// Returns how many files were synced so far.
    pub fn syncs(&self) -> usize {
        self.state().syncs
    }

    /// Leaves room for so many bytes, or as many as there are.
    pub fn leave_room(&self, bytes: Option<usize>) {
        self.state().room = bytes;
    }

    /// Cuts the power: what was not synced is gone, or zeros, which is as bad.
    pub fn cut_power(&self, zeros: usize) -> io::Result<()> {
        let state = self.state();
        for path in &state.new {
            let _ = fs::remove_file(path);
        }
        for (path, &bytes) in state.synced.iter().filter(|(path, _)| !state.new.contains(*path)) {
            let mut file = OpenOptions::new().append(true).open(path)?;
            let lost = file.metadata()?.len() > bytes;
            file.set_len(bytes)?;
            if lost {
                file.write_all(&vec![0; zeros])?;
            }
        }
        Ok(())
    }

    pub(crate) fn made(&self, path: &Path) {
        let mut state = self.state();
        state.new.insert(path.to_owned());
        state.synced.insert(path.to_owned(), 0);
    }

    pub(crate) fn sync(&self, path: &Path) -> io::Result<()> {
        let state = self.state();
        let waited = self.changed.wait_while(state, |state| state.is_stalled);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.syncs += 1;
        if std::mem::take(&mut state.fail_next_sync) {
            return Err(io::Error::other("the disk lost what it was given"));
        }
        let bytes = fs::metadata(path)?.len();
        state.synced.insert(path.to_owned(), bytes);
        Ok(())
    }

    pub(crate) fn sync_dir(&self, folder: &Path) {
        self.state().new.retain(|path| path.parent() != Some(folder));
    }

    /// Returns how much of so many bytes fits.
    pub(crate) fn room_for(&self, bytes: usize) -> usize {
        let mut state = self.state();
        let Some(room) = &mut state.room else { return bytes };
        let taken = bytes.min(*room);
        *room -= taken;
        taken
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Stall<'_> {
    fn drop(&mut self) {
        self.0.state().is_stalled = false;
        self.0.changed.notify_all();
    }
}
