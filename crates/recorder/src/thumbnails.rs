//! Small still pictures of the past, for scrubbing and timelines.
//!
//! ```text
//! moment ──▶ store: keyframe at or before it ──▶ kept? ──no──▶ decode: JPEG ──▶ kept
//!              └ nothing recorded there: none      └yes──────────────────────▶ given
//! ```
//!
//! > What is no longer recorded is never shown, nor kept.
//!
//! Each question goes to the store first, and what was kept is let go of in the
//! same round of housekeeping as the footage. They are kept in memory alone: a
//! file beside the footage would be one more thing that must be deleted with it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base::{Span, StreamId, WallTime};
use bytes::Bytes;
use decode::{Decoder, JpegTask};
use media::{Frame, Params};
use store::{Piece, Store};

/// How many bytes of pictures are kept: some thousands.
const MOST_BYTES: usize = 48 << 20;

/// Enough for a small picture; twice the bytes would hardly be seen.
const QUALITY: u8 = 70;

/// All thumbnails of this process. Clones share them.
#[derive(Clone)]
pub struct Thumbnails {
    store: Store,
    decoder: Decoder,
    kept: Arc<Mutex<Kept>>,
}

/// A small picture of a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thumbnail {
    /// The moment that it shows.
    pub wall: WallTime,
    /// A JPEG.
    pub jpeg: Bytes,
}

/// Which picture: of a stream, its keyframe at a moment, and how many lines.
type Key = (StreamId, WallTime, u16);

#[derive(Default)]
struct Kept {
    by_key: HashMap<Key, Bytes>,
    /// Oldest first.
    order: VecDeque<Key>,
    bytes: usize,
}

impl Thumbnails {
    /// Makes thumbnails of what `store` has.
    pub fn new(store: Store, decoder: Decoder) -> Self {
        Self { store, decoder, kept: Arc::default() }
    }

    /// Returns the picture of `height` lines of the keyframe at or before `at`;
    /// none if nothing is recorded there.
    pub async fn at(
        &self,
        stream: StreamId,
        at: WallTime,
        height: u16,
    ) -> Result<Option<Thumbnail>, decode::Error> {
        let store = self.store.clone();
        let found = tokio::task::spawn_blocking(move || keyframe(&store, stream, at)).await;
        let Ok(Some(frame)) = found else { return Ok(None) };
        let (wall, key) = (frame.wall, (stream, frame.wall, height));
        if let Some(jpeg) = self.kept().by_key.get(&key).cloned() {
            return Ok(Some(Thumbnail { wall, jpeg }));
        }
        let task = JpegTask { height, quality: QUALITY };
        let jpeg = self.decoder.jpeg(decode::Frame::from(&frame), task).await?;
        self.kept().keep(key, jpeg.clone());
        Ok(Some(Thumbnail { wall, jpeg }))
    }

    /// Lets go of the pictures of what is no longer recorded.
    pub(crate) fn forget_gone(&self) {
        let keys: Vec<Key> = self.kept().order.iter().copied().collect();
        let is_gone = |&(stream, wall, _): &Key| {
            let moment = Span::new(wall, WallTime(wall.0.saturating_add(1)));
            moment.is_none_or(|moment| self.store.timeline(stream, moment).runs.is_empty())
        };
        let gone: Vec<Key> = keys.into_iter().filter(is_gone).collect();
        let mut kept = self.kept();
        gone.iter().for_each(|key| kept.forget(key));
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn keep(&mut self, key: Key, jpeg: Bytes) {
        self.bytes += jpeg.len();
        match self.by_key.insert(key, jpeg) {
            // Two asked at once.
            Some(before) => self.bytes -= before.len(),
            None => self.order.push_back(key),
        }
        while self.bytes > MOST_BYTES {
            let Some(oldest) = self.order.pop_front() else { return };
            self.bytes -= self.by_key.remove(&oldest).map_or(0, |jpeg| jpeg.len());
        }
    }

    fn forget(&mut self, key: &Key) {
        if let Some(jpeg) = self.by_key.remove(key) {
            self.bytes -= jpeg.len();
            self.order.retain(|known| known != key);
        }
    }
}

/// Returns the keyframe at or before `at`. Blocks for the disk.
fn keyframe(store: &Store, stream: StreamId, at: WallTime) -> Option<Frame> {
    let mut reader = store.read(stream, at);
    let mut params: Option<Arc<Params>> = None;
    loop {
        match reader.next()? {
            Piece::Init { params: new } => params = Some(new),
            // What comes behind it is not the moment that was asked for.
            Piece::Gap(_) | Piece::Deleted(_) => return None,
            Piece::Fragment(fragment) => {
                let (wall, sample, data) = fragment.frames().next()?;
                let (is_key, composition_us) = (sample.is_key, sample.composition_us);
                let params = params.filter(|_| is_key && wall <= at)?;
                return Some(Frame { wall, composition_us, is_key, data, params });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: i64) -> Key {
        (StreamId(base::CameraId::new().0), WallTime(number), 90)
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many_bytes() {
        let mut kept = Kept::default();
        let keys: Vec<_> = (0..5).map(key).collect();
        for &key in &keys {
            kept.keep(key, vec![0; MOST_BYTES / 4].into());
        }
        let has: Vec<_> = keys.iter().map(|key| kept.by_key.contains_key(key)).collect();
        assert_eq!(has, [false, true, true, true, true]);
        kept.keep(keys[4], vec![0; 9].into());
        kept.forget(&keys[2]);
        kept.forget(&keys[2]);
        assert_eq!((kept.bytes, kept.order.len()), (MOST_BYTES / 4 * 2 + 9, 3));
    }
}
