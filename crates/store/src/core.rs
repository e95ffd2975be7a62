//! What the store's threads share: settings, streams, and the state of the disk.
//!
//! Belongs here: the list of streams, orders to the threads. What each thread does
//! stands in `append.rs`, `sync.rs`, `expire.rs`; how they are started and stopped,
//! in `store.rs`; what they note, in `journal.rs`; how full the disk is, in `room.rs`.

use std::collections::HashMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use base::{StreamId, WallTime};
use tokio::sync::watch;

use crate::append::Order;
use crate::config::StoreConfig;
use crate::disk::Disk;
use crate::index::Index;
use crate::journal::Journal;
use crate::layout::{Layout, SegmentName};
use crate::retention::{Holds, Retention};
use crate::room::Room;
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
    /// What the disk refused at the opening.
    pub(crate) refused: u64,
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
    /// By which whoever deletes syncs the whole file system. The rounds have a
    /// file of their own: Linux tells each open file once what it lost, and what
    /// another was told of the rounds would not hear.
    pub(crate) anchor: File,
    /// The latest moment that frames or callers have spoken of.
    pub(crate) latest_us: AtomicI64,
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
        let new = || {
            let journal = Journal::new(self.disk.clone(), self.layout.clone(), id);
            Arc::new(Stream::new(id, State::default(), journal))
        };
        streams.entry(id).or_insert_with(new).clone()
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

    /// Counts what was written of a stream up to `end`.
    pub(crate) fn wrote(&self, bytes: u64, end: WallTime) {
        self.wrote_trailer(bytes);
        self.latest_us.store(end.0, Ordering::Relaxed);
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

fn hash(stream: StreamId) -> u64 {
    let mut hasher = DefaultHasher::new();
    stream.hash(&mut hasher);
    hasher.finish()
}
