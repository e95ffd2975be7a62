//! What is wrong with the disk of a test: files it will not read, let go,
//! write or make last, until it is mended.
//!
//! ```text
//! spoil    a range of bytes      reading any of it fails
//! refuse   an act on a path      it fails, each time
//! stall    appending to a file   it waits until it may go on
//! ```
//!
//! For one bad sector, one immutable file, one slow moment, with the rest of
//! the disk in order. What a cut of the power takes is `testutil.rs`'s.

use std::collections::HashSet;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a busy machine may take to come to an append.
const PATIENCE: Duration = Duration::from_secs(60);

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
    stalled: Option<PathBuf>,
    /// Who waits for the end of the stall.
    waiting: usize,
}

/// That a file takes no bytes, until this is dropped: however a test ends, nobody
/// waits on.
#[doc(hidden)]
#[derive(Debug)]
pub struct Stall<'a> {
    faults: &'a Faults,
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

    /// Makes appends to a file wait until what this returns is dropped.
    pub fn stall(&self, path: &Path) -> Stall<'_> {
        self.state().stalled = Some(path.to_owned());
        Stall { faults: self }
    }

    /// Puts everything in order again.
    pub fn mend(&self) {
        let mut state = self.state();
        state.spoiled.clear();
        state.refused.clear();
    }

    /// Refuses an act on a path, if it is to be refused, and waits if it has to.
    pub(crate) fn meet(&self, act: Act, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        let stands = |state: &mut State| state.stalled.as_deref() == Some(path);
        if act == Act::Append && stands(&mut state) {
            state.waiting += 1;
            self.changed.notify_all();
            let stall = self.changed.wait_while(state, stands);
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

impl Stall<'_> {
    /// Returns when an append waits; panics where none comes in a long time.
    pub fn until_one_waits(&self) {
        let none = |state: &mut State| state.waiting == 0;
        let waits = self.faults.changed.wait_timeout_while(self.faults.state(), PATIENCE, none);
        let (state, ended) = waits.unwrap_or_else(PoisonError::into_inner);
        drop(state);
        assert!(!ended.timed_out(), "nothing is appended to what is stalled");
    }
}

impl Drop for Stall<'_> {
    fn drop(&mut self) {
        self.faults.state().stalled = None;
        self.faults.changed.notify_all();
    }
}

/// Returns what the system says of a place that cannot be read or written.
pub(crate) fn bad_sector() -> io::Error {
    rustix::io::Errno::IO.into()
}
