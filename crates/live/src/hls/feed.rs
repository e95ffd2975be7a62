//! One packager a stream, shared by all who watch it this way; begins with the
//! first and ends some seconds after the last. The one file here with a task
//! and a clock.
//!
//! ```text
//! Feeds ──feed(stream)──▶ Feed ◀── asked by any number of players
//!                          │ task: Viewer ──▶ Packager ──▶ wakes who waits
//!                          └ nobody asked for LINGER: the task ends, nothing is left
//! ```

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base::StreamId;
use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::multivariant::Rendition;
use super::name::{Reload, Track};
use super::window::{Next, Readiness};
use super::{Packager, TARGET_S, playlist};
use crate::{Hub, Tapped, Viewer};

/// How long after the last request a packager goes on in the program: longer
/// than a player rests between two.
pub const LINGER: Duration = Duration::from_secs(20);

/// How many streams are packaged at once: each has up to half a minute in memory,
/// some 6 MB of 2 Mbps.
const MOST: usize = 512;

/// How long a request waits for what it asks for: three target durations, as
/// the rules have it.
const PATIENCE: Duration = Duration::from_secs(3 * TARGET_S as u64);

/// The packagers of this process. Cheap to clone: clones share them.
#[derive(Clone)]
pub struct Feeds {
    inner: Arc<Inner>,
}

struct Inner {
    hub: Hub,
    linger: Duration,
    by_stream: Mutex<HashMap<StreamId, Arc<Feed>>>,
}

/// The packager of one stream.
pub struct Feed {
    stream: StreamId,
    packager: Mutex<Packager>,
    /// Counts changes of the window.
    changed: watch::Sender<u64>,
    /// When somebody last asked for something.
    asked: Mutex<Instant>,
}

/// Why a request is not met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmet {
    /// The stream gave nothing for as long as was waited.
    Silent,
    /// It asks for what no player can know of.
    TooFar,
    /// There is no such thing, or no longer.
    Gone,
}

impl Feeds {
    /// Makes the place for packagers of this hub's streams, each of which goes on
    /// for `linger` after the last request.
    pub fn new(hub: Hub, linger: Duration) -> Self {
        Self { inner: Arc::new(Inner { hub, linger, by_stream: Mutex::default() }) }
    }

    /// Returns the packager of a stream, begun if there is none; nothing if there are
    /// too many. To be called within a runtime, at each request.
    pub fn feed(&self, stream: StreamId) -> Option<Arc<Feed>> {
        let mut by_stream = lock(&self.inner.by_stream);
        if let Some(feed) = by_stream.get(&stream) {
            feed.touch();
            return Some(feed.clone());
        }
        if by_stream.len() >= MOST {
            return None;
        }
        let feed = Arc::new(Feed {
            stream,
            packager: Mutex::default(),
            changed: watch::Sender::new(0),
            asked: Mutex::new(Instant::now()),
        });
        by_stream.insert(stream, feed.clone());
        // From this moment on nothing is missed, whenever the task comes to run.
        let viewer = self.inner.hub.subscribe(stream);
        tokio::spawn(run(self.clone(), feed.clone(), viewer));
        Some(feed)
    }

    /// Returns how many streams are packaged now.
    pub fn running(&self) -> usize {
        lock(&self.inner.by_stream).len()
    }

    /// Forgets a packager that nobody has asked for long; returns whether it did.
    fn let_go(&self, feed: &Feed) -> bool {
        // Under the lock of the map, under which every asker is noted as well.
        let mut by_stream = lock(&self.inner.by_stream);
        let is_idle = lock(&feed.asked).elapsed() >= self.inner.linger;
        if is_idle {
            by_stream.remove(&feed.stream);
        }
        is_idle
    }
}

impl Feed {
    /// Returns the playlist of a track, once it holds what `reload` asks for.
    pub async fn playlist(&self, track: Track, reload: Option<Reload>) -> Result<String, Unmet> {
        let ready = |packager: &Packager| match packager.window().readiness(reload) {
            Readiness::Ready => Some(Ok(playlist::playlist(packager, track))),
            Readiness::Later => None,
            Readiness::TooFar => Some(Err(Unmet::TooFar)),
        };
        self.wait(ready).await.unwrap_or(Err(Unmet::Silent))
    }

    /// Returns what a player chooses the stream by, once that is known.
    pub async fn rendition(&self) -> Result<Rendition, Unmet> {
        let known = |packager: &Packager| {
            let window = packager.window();
            window.next().filter(|_| window.bandwidth() > 0)?;
            let params = window.latest_map()?.params.as_ref().clone();
            let frame_rate_millis =
                packager.frame_rate_millis().filter(|_| !params.codec.is_sound());
            Some(Rendition { params, bandwidth: window.bandwidth(), frame_rate_millis })
        };
        self.wait(known).await.ok_or(Unmet::Silent)
    }

    /// Returns an init segment.
    pub fn init(&self, number: u32) -> Result<Bytes, Unmet> {
        self.touch();
        let packager = lock(&self.packager);
        packager.window().map(number).map(|map| map.bytes.clone()).ok_or(Unmet::Gone)
    }

    /// Returns the pieces of a whole segment.
    pub fn segment(&self, msn: u64) -> Result<Vec<Bytes>, Unmet> {
        self.touch();
        let packager = lock(&self.packager);
        let segment = packager.window().segment(msn).filter(|segment| segment.is_closed);
        let pieces = |parts: &[super::window::Part]| {
            parts.iter().map(|part| part.bytes.clone()).collect::<Vec<_>>()
        };
        segment.map(|segment| pieces(&segment.parts)).ok_or(Unmet::Gone)
    }

    /// Returns a part; waits for the one that the playlist hints at.
    pub async fn part(&self, msn: u64, part: u32) -> Result<Bytes, Unmet> {
        let there = |packager: &Packager| {
            let window = packager.window();
            match window.part(msn, part) {
                Some(part) => Some(Ok(part.bytes.clone())),
                None if window.next() == Some(Next { msn, part }) && !window.is_ended() => None,
                None => Some(Err(Unmet::Gone)),
            }
        };
        self.wait(there).await.unwrap_or(Err(Unmet::Silent))
    }

    /// Waits until `look` finds something.
    async fn wait<T>(&self, look: impl Fn(&Packager) -> Option<T>) -> Option<T> {
        self.touch();
        let mut changed = self.changed.subscribe();
        let found = timeout(PATIENCE, async {
            loop {
                changed.mark_unchanged();
                if let Some(found) = look(&lock(&self.packager)) {
                    return Some(found);
                }
                changed.changed().await.ok()?;
            }
        });
        let found = found.await.ok().flatten();
        self.touch();
        found
    }

    fn touch(&self) {
        *lock(&self.asked) = Instant::now();
    }
}

/// Feeds a packager until nobody asks any more, or the stream is no more.
async fn run(feeds: Feeds, feed: Arc<Feed>, mut viewer: Viewer) {
    tracing::debug!(stream = %feed.stream, "a stream is packaged for HLS");
    loop {
        let idle_at = *lock(&feed.asked) + feeds.inner.linger;
        let tapped = tokio::select! {
            tapped = viewer.next_tapped() => tapped,
            () = sleep_until(idle_at) => match feeds.let_go(&feed) {
                true => break,
                false => continue,
            },
        };
        let is_closed = tapped == Tapped::Closed;
        if lock(&feed.packager).take(tapped) {
            feed.changed.send_modify(|count| *count += 1);
        }
        if is_closed {
            lock(&feeds.inner.by_stream).remove(&feed.stream);
            break;
        }
    }
    tracing::debug!(stream = %feed.stream, "a stream is packaged for HLS no longer");
}

/// Locks, also where somebody panicked with the lock held: what is behind it is
/// then at worst a part short.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
