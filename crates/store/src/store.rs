//! The store, open: what the other rooms call.
//!
//! ```text
//! open   lock, format ─▶ index ─▶ recover ─▶ epoch + 1 ─▶ threads
//! close  writers end ─▶ disk threads done ─▶ synced ─▶ index written ─▶ unlocked
//! ```
//!
//! Dropping the last clone without closing is what a crash would be, but for
//! what had been handed to the disk threads: the next opening recovers.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use base::{Span, StreamId, WallTime};
use media::Frame;
use tokio::sync::watch;

use crate::append::{self, Order};
use crate::config::StoreConfig;
use crate::core::{Core, Watermarks};
use crate::disk::Disk;
use crate::error::StoreError;
use crate::expire::Expired;
use crate::export::Export;
use crate::gap::GapReason;
use crate::index::{self, Index};
use crate::journal::Journal;
use crate::layout::Layout;
use crate::reader::Reader;
use crate::recover;
use crate::retention::{Holds, Retention};
use crate::room::Room;
use crate::root::{self, Lock};
use crate::stream::{State, Stream, lock};
use crate::sync::{self, Nudge};
use crate::timeline::{Account, Answer, Timeline};
use crate::writer::Writer;

/// A store that this process has open. Clones are the same store.
#[derive(Clone, Debug)]
pub struct Store {
    core: Arc<Core>,
    running: Arc<Running>,
}

/// What runs for a store, until the last clone is dropped.
#[derive(Debug)]
struct Running {
    disk_threads: Vec<Sender<Order>>,
    syncing: Sender<Nudge>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    index: Mutex<Option<tokio::task::JoinHandle<()>>>,
    lock: Mutex<Option<Lock>>,
}

/// How the store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Bytes of all segments.
    pub used_bytes: u64,
    /// Bytes the disk has left.
    pub free_bytes: u64,
    /// The most that recordings may take.
    pub ceiling_bytes: Option<u64>,
    /// Recording pauses, because the disk is full and nothing may be deleted.
    pub full: bool,
    /// Bytes that wait in memory for the disk.
    pub queued_bytes: u64,
    /// Files and folders that the disk refused when the store was opened.
    pub refused: u64,
    /// Each stream that the store knows.
    pub streams: HashMap<StreamId, StreamStatus>,
}

/// How a stream's recording is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamStatus {
    /// Bytes of its segments.
    pub used_bytes: u64,
    /// The first moment recorded.
    pub first: Option<WallTime>,
    /// The end of what is recorded.
    pub last: Option<WallTime>,
    /// Below it, everything is on disk for good.
    pub synced: Option<WallTime>,
    /// A segment is open.
    pub recording: bool,
    /// Fragments lost since the store was opened, for the disk could not take them.
    pub dropped_fragments: u64,
    /// The disk failed to make written bytes last; the watermark stays.
    pub sync_failed: bool,
}

/// What making the index anew found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// Streams with a folder.
    pub streams: u64,
    /// Segments in the index now.
    pub segments: u64,
    /// Their bytes.
    pub size_bytes: u64,
    /// Segments whose torn end was cut.
    pub cut: u64,
    /// Files without one whole fragment, removed.
    pub removed: u64,
    /// Files and folders that the disk refused, passed over.
    pub refused: u64,
}

impl Store {
    /// Opens the store, mending what a crash left.
    ///
    /// Needs a tokio runtime, in which the index is written.
    pub async fn open(config: StoreConfig, disk: Disk, now: WallTime) -> Result<Self, StoreError> {
        let layout = Layout::new(&config.root);
        let taken = take(&layout, &disk).await?;
        let (pool, known) = index::open(&layout).await?;
        let (recovered, epoch, taken) = {
            let (layout, disk) = (layout.clone(), disk.clone());
            blocking(move || {
                let last = root::last_epoch(&layout)?;
                let recovered = recover::recover(&layout, &disk, last, known)?;
                // A process that was killed leaves things written and not synced.
                let synced = disk.sync_all(&taken.file);
                synced.map_err(StoreError::disk("sync", layout.root()))?;
                let epoch = root::raise_epoch(&layout, &disk, last, recovered.epoch)?;
                Ok((recovered, epoch, taken))
            })
            .await?
        };
        if let Err(source) = index::write(&pool, &recovered.changes).await {
            tracing::warn!(%source, "the index misses what was found; the next opening scans again");
        }
        // Not the lock's own file: a copy of that would hold the lock as well.
        let anchor = || File::open(layout.root()).map_err(StoreError::disk("open", layout.root()));
        let (anchor, anchor_of_rounds) = (anchor()?, anchor()?);
        let (index, index_task) = Index::start(pool);
        let (disk_threads, orders): (Vec<_>, Vec<_>) =
            (0..config.disk_threads.max(1)).map(|_| mpsc::channel()).unzip();
        let (syncing, nudges) = mpsc::channel();
        let every = Duration::from_millis(config.sync_every_ms.into());
        let used = recovered.used_bytes;
        let streams = streams(&disk, &layout, recovered.streams);
        let core = Arc::new(Core {
            config,
            disk,
            layout,
            epoch,
            refused: recovered.refused,
            index,
            anchor,
            ledger: Default::default(),
            holds: Mutex::default(),
            retention: Mutex::default(),
            streams: RwLock::new(streams),
            watermarks: watch::Sender::new(Watermarks::default()),
            room: Room { used: used.into(), owed: root::BALLAST_BYTES.into(), ..Room::default() },
            threads: disk_threads.clone(),
            latest_us: AtomicI64::new(now.0),
        });
        core.publish_watermarks();
        core.keep_room();
        let mut threads = Vec::new();
        for orders in orders {
            let core = core.clone();
            threads.push(std::thread::spawn(move || append::run(&core, &orders)));
        }
        let syncer = core.clone();
        threads.push(std::thread::spawn(move || {
            sync::run(&syncer, &anchor_of_rounds, every, &nudges)
        }));
        let running = Running {
            disk_threads,
            syncing,
            threads: Mutex::new(threads),
            index: Mutex::new(Some(index_task)),
            lock: Mutex::new(Some(taken)),
        };
        Ok(Self { core, running: Arc::new(running) })
    }

    /// Makes the index of a store anew from files and journals. Nobody may have
    /// the store open.
    pub async fn rebuild(root: &Path, disk: Disk) -> Result<Rebuilt, StoreError> {
        let layout = Layout::new(root);
        let taken = take(&layout, &disk).await?;
        index::forget(&layout)?;
        let (pool, known) = index::open(&layout).await?;
        let scanned = layout.clone();
        let (recovered, _taken) = blocking(move || {
            let last = root::last_epoch(&scanned)?;
            let recovered = recover::recover(&scanned, &disk, last, known)?;
            let synced = disk.sync_all(&taken.file);
            synced.map_err(StoreError::disk("sync", scanned.root()))?;
            Ok((recovered, taken))
        })
        .await?;
        let failed = |source| StoreError::Index { path: layout.index(), source };
        index::write(&pool, &recovered.changes).await.map_err(failed)?;
        pool.close().await.map_err(failed)?;
        Ok(Rebuilt {
            streams: recovered.streams.len() as u64,
            segments: recovered.segments,
            size_bytes: recovered.used_bytes,
            cut: recovered.cut,
            removed: recovered.removed,
            refused: recovered.refused,
        })
    }

    /// Returns the number of this opening, higher than that of any before it.
    pub fn epoch(&self) -> u32 {
        self.core.epoch
    }

    /// Returns the way into a stream's recording; a writer that was there
    /// before is closed.
    pub fn writer(&self, stream: StreamId) -> Writer {
        Writer::open(self.core.clone(), self.core.stream_or_new(stream))
    }

    /// Returns what of a stream is recorded in `span`, up to the last fragment
    /// written, what is not, and why.
    pub fn timeline(&self, stream: StreamId, span: Span) -> Answer {
        let stream = self.core.stream(stream);
        stream.map(|stream| stream.state().timeline.answer(span)).unwrap_or_default()
    }

    /// Returns where the time of `span` went: all of it together is its length.
    pub fn account(&self, stream: StreamId, span: Span) -> Account {
        match self.core.stream(stream) {
            Some(stream) => stream.state().timeline.account(span),
            None => Account {
                absent: [(GapReason::Unknown, span.duration())].into(),
                ..Account::default()
            },
        }
    }

    /// Returns a reader that begins with the fragment to show `from`.
    pub fn read(&self, stream: StreamId, from: WallTime) -> Reader {
        Reader::new(self.core.clone(), stream, from)
    }

    /// Returns a span as one file. Blocks for the reading of the fragments'
    /// headers: to be called where blocking is allowed.
    pub fn export(&self, stream: StreamId, span: Span) -> Result<Export, StoreError> {
        Export::new(&self.core, stream, span, &[])
    }

    /// The same, with what of `sound` is heard within the span. In order of time,
    /// and in the form that the file shall have.
    pub fn export_with_sound(
        &self,
        stream: StreamId,
        span: Span,
        sound: &[Frame],
    ) -> Result<Export, StoreError> {
        Export::new(&self.core, stream, span, sound)
    }

    /// Returns the moment below which everything given for the stream is on
    /// disk for good; nothing, if nothing is.
    pub fn synced(&self, stream: StreamId) -> Option<WallTime> {
        self.core.stream(stream)?.state().synced
    }

    /// Returns the watermarks of all streams, as they rise.
    pub fn watch_synced(&self) -> watch::Receiver<Watermarks> {
        self.core.watermarks.subscribe()
    }

    /// Sets what is kept how long. Streams that are not named are kept until
    /// the ceiling or the disk wants their room.
    pub fn set_retention(&self, retention: HashMap<StreamId, Retention>) {
        *lock(&self.core.retention) = retention;
    }

    /// Sets what nobody may delete. When it returns, nothing of it is deleted
    /// any more. It waits for a deletion that is under way: to be called where
    /// blocking is allowed.
    pub fn set_holds(&self, holds: Holds) {
        *lock(&self.core.holds) = Some(holds);
    }

    /// Deletes what is due at `now`. Blocks: to be called where that is allowed.
    ///
    /// # Errors
    /// [`StoreError::HoldsUnknown`] before [`Store::set_holds`] was called once.
    pub fn expire(&self, now: WallTime) -> Result<Expired, StoreError> {
        self.core.expire(now)
    }

    /// Returns how the store is.
    pub fn status(&self) -> Status {
        let room = &self.core.room;
        let streams = self.core.streams();
        Status {
            used_bytes: room.used.load(Ordering::Relaxed),
            free_bytes: u64::try_from(room.free.load(Ordering::Relaxed)).unwrap_or(0),
            ceiling_bytes: self.core.config.ceiling_bytes,
            full: self.core.is_full(),
            queued_bytes: room.queued.load(Ordering::Relaxed),
            refused: self.core.refused,
            streams: streams.iter().map(|stream| (stream.id, stream.state().status())).collect(),
        }
    }

    /// Returns when everything that was handed to the disk is synced: all
    /// frames, but for each stream's last fragment that is still gathered.
    pub async fn sync(&self) {
        let (asker, answer) = mpsc::channel();
        for thread in &self.running.disk_threads {
            // Closed already: then all is synced.
            drop(thread.send(Order::Answer(asker.clone())));
        }
        drop(asker);
        wait(answer).await;
        let (asker, answer) = mpsc::channel();
        drop(self.running.syncing.send(Nudge::Now(asker)));
        wait(answer).await;
    }

    /// Closes the store: when it returns, everything given to writers is on
    /// disk for good, and the index is written. Writers that are still there
    /// take no more.
    pub async fn close(&self) {
        for stream in self.core.streams() {
            let mut gather = lock(&stream.gather);
            gather.finish(&self.core, &stream);
            gather.shut();
        }
        self.sync().await;
        // Once more, for the trailers that the first round wrote.
        if let Err(error) = self.core.sync_all() {
            tracing::warn!(%error, "the ends of segments were not synced");
        }
        self.core.index.close();
        let index = lock(&self.running.index).take();
        if let Some(index) = index {
            // It ends by itself, now that nobody can send to it.
            drop(index.await);
        }
        self.running.stop();
    }
}

impl Running {
    /// Ends the threads, which do what they were given first, and lets go of
    /// the folder.
    fn stop(&self) {
        for thread in &self.disk_threads {
            drop(thread.send(Order::Stop));
        }
        drop(self.syncing.send(Nudge::Stop));
        for thread in std::mem::take(&mut *lock(&self.threads)) {
            if thread.join().is_err() {
                tracing::error!("a thread of the store panicked");
            }
        }
        lock(&self.lock).take();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

impl State {
    fn status(&self) -> StreamStatus {
        let segments = self.timeline.segments();
        StreamStatus {
            used_bytes: segments.iter().map(|segment| segment.size_bytes).sum(),
            first: segments.first().map(|segment| segment.span.start()),
            last: self.timeline.last(),
            synced: self.synced,
            recording: self.open.is_some(),
            dropped_fragments: self.dropped_fragments,
            sync_failed: self.sync_failed,
        }
    }
}

fn streams(
    disk: &Disk,
    layout: &Layout,
    timelines: HashMap<StreamId, Timeline>,
) -> HashMap<StreamId, Arc<Stream>> {
    let streams = timelines.into_iter().map(|(id, timeline)| {
        let synced = recover::watermark(&timeline);
        let state = State { timeline, synced, ..State::default() };
        let journal = Journal::new(disk.clone(), layout.clone(), id);
        (id, Arc::new(Stream::new(id, state, journal)))
    });
    streams.collect()
}

async fn take(layout: &Layout, disk: &Disk) -> Result<Lock, StoreError> {
    let (layout, disk) = (layout.clone(), disk.clone());
    blocking(move || root::take(&layout, &disk)).await
}

/// Runs what reads many files where blocking is allowed.
async fn blocking<T: Send + 'static>(
    act: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(act).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => Err(StoreError::Disk {
                act: "open",
                path: "the store".into(),
                source: std::io::Error::other(error),
            }),
        },
    }
}

/// Waits until all who might answer have.
async fn wait(answer: mpsc::Receiver<()>) {
    // A thread that is gone has dropped its end, which ends this as well.
    let wait = move || while answer.recv().is_ok() {};
    drop(tokio::task::spawn_blocking(wait).await);
}
