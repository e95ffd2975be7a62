//! What is wrong with the disk of a test: files it will not read, let go,
//! write or make last, until it is mended.
//!
//! ```text
//! spoil    a range of bytes      reading any of it fails
//! refuse   an act on a path      it fails, each time
//! stall    appending             it waits until it may go on
//! ```
//!
//! For one bad sector, one immutable file, one slow moment, with the rest of
//! the disk in order. What a cut of the power takes is `testutil.rs`'s.

use std::collections::HashSet;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What a disk may refuse to do to a path.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// To add bytes to a file.
    Append,
    /// To make a file's bytes last.
    Sync,
    /// To delete a file.
    Unlink,
}

/// See the module.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Faults {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    spoiled: Vec<(PathBuf, Range<u64>)>,
    refused: HashSet<(Act, PathBuf)>,
    stalled: bool,
    /// Who waits for the end of the stall.
    waiting: usize,
}

impl Faults {
    /// Makes a range of a file unreadable, as a bad sector does.
    pub fn spoil(&self, path: &Path, bytes: Range<u64>) {
        self.state().spoiled.push((path.to_owned(), bytes));
    }

    /// Makes an act on a path fail from now on.
    pub fn refuse(&self, act: Act, path: &Path) {
        self.state().refused.insert((act, path.to_owned()));
    }

    /// Makes every append wait until the disk is mended.
    pub fn stall(&self) {
        self.state().stalled = true;
    }

    /// Returns when an append waits.
    pub fn until_one_waits(&self) {
        let waits = self.changed.wait_while(self.state(), |state| state.waiting == 0);
        drop(waits.unwrap_or_else(PoisonError::into_inner));
    }

    /// Puts everything in order again.
    pub fn mend(&self) {
        let mut state = self.state();
        state.spoiled.clear();
        state.refused.clear();
        state.stalled = false;
        self.changed.notify_all();
    }

    /// Refuses an act on a path, if it is to be refused, and waits if it has to.
    pub(crate) fn meet(&self, act: Act, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        if act == Act::Append && state.stalled {
            state.waiting += 1;
            self.changed.notify_all();
            let stall = self.changed.wait_while(state, |state| state.stalled);
            state = stall.unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
        if state.refused.contains(&(act, path.to_owned())) { Err(bad_sector()) } else { Ok(()) }
    }

    /// Refuses to read from a range that has a spoilt byte.
    pub(crate) fn meet_reading(&self, path: &Path, bytes: Range<u64>) -> io::Result<()> {
        let spoilt = self.state().spoiled.iter().any(|(other, spoilt)| {
            other == path && spoilt.start < bytes.end && bytes.start < spoilt.end
        });
        if spoilt { Err(bad_sector()) } else { Ok(()) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns what the system says of a place that cannot be read or written.
pub(crate) fn bad_sector() -> io::Error {
    rustix::io::Errno::IO.into()
}
