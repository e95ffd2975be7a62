//! What the store's threads share: settings, streams, and the state of the disk.
//!
//! Belongs here: counting bytes and room, the list of streams, noting facts.
//! What each thread does stands in `append.rs`, `sync.rs`, `expire.rs`; how they
//! are started and stopped, in `store.rs`.

use std::collections::HashMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, IoSlice};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use base::{StreamId, WallTime};
use tokio::sync::watch;

use crate::append::{Order, is_full};
use crate::config::StoreConfig;
use crate::disk::Disk;
use crate::facts::{self, Fact};
use crate::index::Index;
use crate::layout::{Layout, SegmentName};
use crate::retention::{Holds, Retention};
use crate::root;
use crate::stream::{State, Stream, lock};
use crate::sync::Ledger;

/// For each stream, the moment below which everything is on disk for good.
pub type Watermarks = Arc<HashMap<StreamId, WallTime>>;

/// See the module.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) config: StoreConfig,
    pub(crate) disk: Disk,
    pub(crate) layout: Layout,
    pub(crate) epoch: u32,
    pub(crate) ledger: Ledger,
    pub(crate) index: Index,
    /// Unknown until casework has told them once.
    pub(crate) holds: Mutex<Option<Holds>>,
    pub(crate) retention: Mutex<HashMap<StreamId, Retention>>,
    pub(crate) streams: RwLock<HashMap<StreamId, Arc<Stream>>>,
    pub(crate) watermarks: watch::Sender<Watermarks>,
    pub(crate) room: Room,
    /// One for each disk thread.
    pub(crate) threads: Vec<Sender<Order>>,
    /// Facts that the disk did not take yet.
    pub(crate) unnoted: Mutex<Vec<(Arc<Stream>, Fact)>>,
    /// Any file on the store's file system.
    pub(crate) anchor: File,
    /// The latest moment that frames or callers have spoken of.
    pub(crate) latest_us: AtomicI64,
}

/// How full the disk is.
#[derive(Debug, Default)]
pub(crate) struct Room {
    /// Bytes of all segments.
    pub(crate) used: AtomicU64,
    /// Bytes the disk has left, as last asked, less what was written since.
    pub(crate) free: AtomicI64,
    /// Bytes of ballast that were given up, or not taken on yet: they count as
    /// written, so that nobody else takes their place.
    pub(crate) owed: AtomicU64,
    /// Nothing can be written, and nothing may be deleted.
    pub(crate) full: AtomicBool,
    /// Bytes given to the disk threads and not yet written.
    pub(crate) queued: AtomicU64,
}

impl Core {
    /// Returns the streams of the store.
    pub(crate) fn streams(&self) -> Vec<Arc<Stream>> {
        let streams = self.streams.read().unwrap_or_else(PoisonError::into_inner);
        streams.values().cloned().collect()
    }

    pub(crate) fn stream(&self, id: StreamId) -> Option<Arc<Stream>> {
        self.streams.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    pub(crate) fn stream_or_new(&self, id: StreamId) -> Arc<Stream> {
        if let Some(stream) = self.stream(id) {
            return stream;
        }
        let mut streams = self.streams.write().unwrap_or_else(PoisonError::into_inner);
        streams.entry(id).or_insert_with(|| Arc::new(Stream::new(id, State::default()))).clone()
    }

    /// Gives an order to the stream's disk thread.
    pub(crate) fn order(&self, stream: &Stream, order: Order) {
        let thread = hash(stream.id) as usize % self.threads.len().max(1);
        if let Some(thread) = self.threads.get(thread) {
            // The threads are gone after the store was closed; so is the writers' right to push.
            drop(thread.send(order));
        }
    }

    /// Takes room in the queue, unless the disk is too far behind.
    pub(crate) fn reserve_queue(&self, stream: &Stream, bytes: u64) -> bool {
        let most = self.config.write_queue_bytes;
        // One camera that floods may not take the others' place.
        let most_of_one = (most / 8).max(16 << 20).min(most);
        let queued = stream.queued_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let all = self.room.queued.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let fits = queued <= most_of_one && all <= most;
        if !fits {
            self.release_queue(stream, bytes);
        }
        fits
    }

    pub(crate) fn release_queue(&self, stream: &Stream, bytes: u64) {
        stream.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.room.queued.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Returns how long and how large a segment may become.
    pub(crate) fn segment_limits(&self, stream: &Stream, name: SegmentName) -> (Duration, u64) {
        let mut longest = Duration::from_secs(self.config.segment_s.into());
        if name.sequence == 1 {
            // Cameras begin together; without this all would go to the next
            // segment in the same second for ever.
            longest = longest / 2 + longest.mul_f64((hash(stream.id) % 1000) as f64 / 2000.0);
        }
        /// Below this, segments are more effort than they save.
        const SMALLEST: u64 = 64 << 10;
        let mut largest = self.config.segment_bytes;
        if let Some(ceiling) = self.config.ceiling_bytes {
            // Deleting one segment must not delete a large part of all.
            let streams = self.streams.read().unwrap_or_else(PoisonError::into_inner).len() as u64;
            largest = largest.min(ceiling / (8 * streams).max(64));
        }
        if let Some(bytes) = self.retention_of(stream.id).bytes {
            largest = largest.min(bytes / 16);
        }
        (longest, largest.max(SMALLEST))
    }

    pub(crate) fn retention_of(&self, stream: StreamId) -> Retention {
        lock(&self.retention).get(&stream).copied().unwrap_or_default()
    }

    /// Notes a fact: at once for readers, in the journal as soon as the disk takes it.
    pub(crate) fn note(&self, stream: &Arc<Stream>, fact: Fact) {
        stream.state().timeline.learn(&fact);
        let mut unnoted = lock(&self.unnoted);
        let waits = unnoted.iter().any(|(other, _)| other.id == stream.id);
        let done = if waits { None } else { self.journal(stream, &[&fact], false).ok() };
        if done.is_none() {
            unnoted.push((stream.clone(), fact));
        }
    }

    /// Tries again what the disk did not take.
    pub(crate) fn note_again(&self) {
        lock(&self.unnoted).retain(|(stream, fact)| {
            let done = self.journal(stream, &[fact], false);
            if let Err(error) = &done {
                tracing::error!(stream = %stream.id, %error, "a fact cannot be noted yet");
            }
            done.is_err()
        });
    }

    pub(crate) fn has_unnoted(&self, stream: StreamId) -> bool {
        lock(&self.unnoted).iter().any(|(other, _)| other.id == stream)
    }

    /// Appends facts to a stream's journal; `lasting` returns when they are on
    /// disk for good, else the next round sees to it.
    pub(crate) fn journal(
        &self,
        stream: &Arc<Stream>,
        facts: &[&Fact],
        lasting: bool,
    ) -> io::Result<()> {
        let mut text = String::new();
        facts.iter().for_each(|fact| text.push_str(&facts::line(fact)));
        let home = self.layout.stream(stream.id);
        let new_home = self.disk.create_dir(&home)?;
        let (file, new) = self.disk.open(&self.layout.journal(stream.id))?;
        let before = std::fs::metadata(file.path())?.len();
        let mut done = self.disk.append(&file, &mut [IoSlice::new(text.as_bytes())]);
        if done.as_ref().is_err_and(is_full) && root::drop_ballast(&self.layout, &self.disk)? {
            self.room.owed.store(root::BALLAST_BYTES, Ordering::Relaxed);
            self.disk.truncate(&file, before)?;
            done = self.disk.append(&file, &mut [IoSlice::new(text.as_bytes())]);
        }
        if let Err(error) = done {
            self.disk.truncate(&file, before)?;
            return Err(error);
        }
        let mut made = Vec::new();
        made.extend(new_home.then(|| self.layout.streams()));
        made.extend(new.then_some(home));
        if !lasting {
            self.ledger.made(stream, made);
            self.ledger.noted(stream, Arc::new(file));
            return Ok(());
        }
        self.disk.sync_data(&file)?;
        made.iter().try_for_each(|folder| self.disk.sync_dir(folder))
    }

    /// Counts what was written of a stream up to `end`.
    pub(crate) fn wrote(&self, bytes: u64, end: WallTime) {
        self.wrote_trailer(bytes);
        self.latest_us.store(end.0, Ordering::Relaxed);
    }

    pub(crate) fn wrote_trailer(&self, bytes: u64) {
        self.room.used.fetch_add(bytes, Ordering::Relaxed);
        self.room.free.fetch_sub(signed(bytes), Ordering::Relaxed);
    }

    pub(crate) fn sync_all(&self) -> io::Result<()> {
        self.disk.sync_all(&self.anchor)
    }

    /// Tells everybody how far each stream is synced.
    pub(crate) fn publish_watermarks(&self) {
        let streams = self.streams();
        let synced = streams.iter().filter_map(|stream| Some((stream.id, stream.state().synced?)));
        let synced: HashMap<_, _> = synced.collect();
        self.watermarks.send_if_modified(|known| {
            let news = **known != synced;
            if news {
                *known = Arc::new(synced);
            }
            news
        });
    }

    pub(crate) fn latest(&self) -> WallTime {
        WallTime(self.latest_us.load(Ordering::Relaxed))
    }
}

pub(crate) fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

fn hash(stream: StreamId) -> u64 {
    let mut hasher = DefaultHasher::new();
    stream.hash(&mut hasher);
    hasher.finish()
}
