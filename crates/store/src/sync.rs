//! Making it last, in rounds: one for all streams together.
//!
//! ```text
//! disk threads ──wrote──▶ ledger ──round──▶ data and entries synced
//!                                        ──▶ watermark published
//!                                        ──▶ trailer behind closed segments, then the index
//! ```
//!
//! *Acknowledged* is what lies below a stream's watermark: file, entry and
//! journal are on disk for good. A round takes what the ledger holds, syncs it,
//! and only then publishes how far that reached; what is written meanwhile
//! waits for the next round. Syncing a thousand files one by one is a thousand
//! commits of the file system's journal, so from a few on the file system is
//! synced as a whole, by a file that is the rounds' own: an error is told once
//! to each open file, and nobody else may take it from them.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, IoSlice};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base::{StreamId, WallTime};

use crate::core::Core;
use crate::disk::DiskFile;
use crate::index::Change;
use crate::layout::SegmentName;
use crate::stream::{Stream, lock};
use crate::trailer::{self, Key};

/// From so many on, one sync of the file system costs less than each by itself.
const MANY: usize = 16;

/// What was written and is not synced yet.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    dirty: Mutex<HashMap<StreamId, Dirty>>,
}

/// One stream's part of the ledger.
#[derive(Debug)]
struct Dirty {
    stream: Arc<Stream>,
    files: Vec<Arc<DiskFile>>,
    /// Folders with new entries.
    folders: BTreeSet<PathBuf>,
    /// Run and end of what is written.
    upto: Option<(u64, WallTime)>,
    closing: Vec<Closing>,
}

/// A segment that wants its trailer.
#[derive(Debug)]
pub(crate) struct Closing {
    pub(crate) file: Arc<DiskFile>,
    pub(crate) name: SegmentName,
    pub(crate) end: WallTime,
    pub(crate) keys: Vec<Key>,
}

/// What the syncing thread is asked to do before its time.
#[derive(Debug)]
pub(crate) enum Nudge {
    /// A round now, and an answer when it is done.
    Now(Sender<()>),
    Stop,
}

impl Ledger {
    pub(crate) fn wrote(
        &self,
        stream: &Arc<Stream>,
        file: &Arc<DiskFile>,
        run: u64,
        end: WallTime,
    ) {
        self.with(stream, |dirty| {
            dirty.add(file);
            dirty.upto = Some((run, end));
        });
    }

    pub(crate) fn made(&self, stream: &Arc<Stream>, folders: Vec<PathBuf>) {
        self.with(stream, |dirty| dirty.folders.extend(folders));
    }

    pub(crate) fn noted(&self, stream: &Arc<Stream>, journal: Arc<DiskFile>) {
        self.with(stream, |dirty| dirty.add(&journal));
    }

    pub(crate) fn closing(&self, stream: &Arc<Stream>, closing: Closing) {
        self.with(stream, |dirty| {
            dirty.add(&closing.file);
            dirty.closing.push(closing);
        });
    }

    fn with(&self, stream: &Arc<Stream>, change: impl FnOnce(&mut Dirty)) {
        let mut dirty = lock(&self.dirty);
        change(dirty.entry(stream.id).or_insert_with(|| Dirty {
            stream: stream.clone(),
            files: Vec::new(),
            folders: BTreeSet::new(),
            upto: None,
            closing: Vec::new(),
        }));
    }
}

impl Dirty {
    fn add(&mut self, file: &Arc<DiskFile>) {
        if !self.files.iter().any(|known| Arc::ptr_eq(known, file)) {
            self.files.push(file.clone());
        }
    }

    fn sync(&self, core: &Core) -> io::Result<()> {
        self.files.iter().try_for_each(|file| core.disk.sync_data(file))?;
        self.folders.iter().try_for_each(|folder| match core.disk.sync_dir(folder) {
            // Expiry has removed it since, and synced that.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        })
    }
}

/// Runs a round every so often, or when nudged, until told to stop.
/// `anchor` is any file on the store's file system that nobody else syncs by.
pub(crate) fn run(core: &Core, anchor: &File, every: Duration, nudges: &Receiver<Nudge>) {
    loop {
        match nudges.recv_timeout(every) {
            Ok(Nudge::Now(asker)) => {
                round(core, anchor);
                // Nobody waits any more: then nobody needs the answer.
                let _ = asker.send(());
            }
            Err(RecvTimeoutError::Timeout) => round(core, anchor),
            Ok(Nudge::Stop) | Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn round(core: &Core, anchor: &File) {
    core.note_again();
    let dirty = std::mem::take(&mut *lock(&core.ledger.dirty));
    let (synced, failed) = sync(core, anchor, dirty);
    for dirty in failed {
        dirty.stream.state().sync_failed = true;
        // Written bytes of it may be lost although the disk goes on: its
        // watermark stays until the store is opened anew and looks.
        tracing::error!(stream = %dirty.stream.id, "what was written cannot be made to last");
    }
    for dirty in &synced {
        publish(dirty);
        for closing in &dirty.closing {
            finish(core, &dirty.stream, closing);
        }
    }
    core.publish_watermarks();
    core.keep_room();
}

/// Returns what was synced, and what could not be. Where the file system as a
/// whole could not, each file says whether it lost something.
fn sync(core: &Core, anchor: &File, dirty: HashMap<StreamId, Dirty>) -> (Vec<Dirty>, Vec<Dirty>) {
    let parts: usize = dirty.values().map(|dirty| dirty.files.len() + dirty.folders.len()).sum();
    if parts > MANY && core.disk.sync_all(anchor).is_ok() {
        return (dirty.into_values().collect(), Vec::new());
    }
    dirty.into_values().partition(|dirty| {
        let done = dirty.sync(core);
        if let Err(error) = &done {
            tracing::error!(stream = %dirty.stream.id, %error, "cannot sync");
        }
        done.is_ok()
    })
}

fn publish(dirty: &Dirty) {
    let Some((run, end)) = dirty.upto else { return };
    if dirty.stream.journal.is_behind() {
        return; // the journal belongs to what is promised
    }
    let mut state = dirty.stream.state();
    if state.sync_failed {
        return;
    }
    // A later run may have begun below this one's end, and is not synced yet.
    let begun = state.run_start.filter(|_| run < state.run);
    state.synced = Some(begun.map_or(end, |begun| end.min(begun)));
}

/// Puts the trailer behind a segment whose bytes are synced, and the segment
/// into the index. The stream's state is only looked at before and after:
/// whoever pushes frames takes it, and may not wait for the disk.
fn finish(core: &Core, stream: &Arc<Stream>, closing: &Closing) {
    let end_us = closing.end.micros_since(closing.name.start).unsigned_abs();
    let trailer = trailer::write(&closing.keys, end_us);
    let known = stream.state().timeline.segment(closing.name).copied();
    let Some(mut segment) = known else {
        return; // expired meanwhile
    };
    match core.disk.append(&closing.file, &mut [IoSlice::new(&trailer)]) {
        Ok(()) => segment.size_bytes += trailer.len() as u64,
        Err(error) => {
            // It only saves time; without it the segment is walked.
            tracing::debug!(path = %closing.file.path().display(), %error, "no trailer");
            drop(core.disk.truncate(&closing.file, segment.size_bytes));
        }
    }
    let mut state = stream.state();
    let Some(known) = state.timeline.segment(closing.name) else {
        return; // or now, and its trailer with it
    };
    core.wrote_trailer(segment.size_bytes - known.size_bytes);
    state.timeline.put(segment);
    core.index.send(Change::Put(stream.id, segment));
}
