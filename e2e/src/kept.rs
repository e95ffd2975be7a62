//! What lies on disk, looked at once, segment by segment, before expiry takes it.
//!
//! A segment is looked at when another one follows it: then nobody writes to it any
//! more. So over the whole run each frame of each camera was seen, and the counters
//! say which was not.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use base::StreamId;
use serde::{Deserialize, Serialize};
use simcam::{Delivery, sei};

use crate::recorded::{self, Found};

/// What was seen of all streams of pictures.
#[derive(Debug)]
pub struct Kept {
    root: PathBuf,
    streams: BTreeMap<StreamId, Seen>,
    segments: u64,
}

/// What one who played a camera was sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sent {
    /// The stream: `cam7/main`.
    pub path: String,
    /// The counters of the first frame and of the last.
    pub counters: Option<(u64, u64)>,
}

impl From<&Delivery> for Sent {
    fn from(delivery: &Delivery) -> Self {
        Self { path: delivery.path.clone(), counters: delivery.counters }
    }
}

/// What was seen of one.
#[derive(Debug)]
struct Seen {
    /// Whose it is: `cam7/main`.
    path: String,
    /// The last segment that was looked at.
    segment: Option<PathBuf>,
    first: Option<Found>,
    last: Option<Found>,
    frames: u64,
}

impl Kept {
    /// Has seen nothing yet.
    ///
    /// Of each stream it is to know at which path it is served, as `cam7/main`.
    pub fn of(root: &Path, streams: impl IntoIterator<Item = (StreamId, String)>) -> Self {
        let unseen = |path| Seen { path, segment: None, first: None, last: None, frames: 0 };
        let streams = streams.into_iter().map(|(stream, path)| (stream, unseen(path)));
        Self { root: root.to_owned(), streams: streams.collect(), segments: 0 }
    }

    /// Looks at what was closed since the last look; at the end, at all.
    pub fn look(&mut self, is_end: bool) -> anyhow::Result<()> {
        for (stream, seen) in &mut self.streams {
            let mut segments = recorded::segments(&self.root, *stream)?;
            if !is_end {
                segments.pop();
            }
            segments.retain(|segment| Some(segment) > seen.segment.as_ref());
            for segment in segments {
                let (frames, torn) = recorded::frames(&segment)
                    .with_context(|| format!("{}: {}", seen.path, segment.display()))?;
                anyhow::ensure!(!torn, "{}: {} is torn", seen.path, segment.display());
                for frame in frames {
                    seen.take(frame)?;
                }
                seen.segment = Some(segment);
                self.segments += 1;
            }
        }
        Ok(())
    }

    /// Returns how many frames were seen, of all streams.
    pub fn frames(&self) -> u64 {
        self.streams.values().map(|seen| seen.frames).sum()
    }

    /// Each stream was served once, and all that was sent is recorded.
    pub fn check(&self, sent: &[Sent]) -> anyhow::Result<()> {
        for seen in self.streams.values() {
            let of: Vec<_> = sent.iter().filter(|one| one.path == seen.path).collect();
            let [delivery] = of[..] else {
                anyhow::bail!("{} was asked for anew: {of:#?}", seen.path)
            };
            let (first, last) = delivery.counters.context("it was sent something")?;
            let of = |found: Option<Found>| found.map(|found| found.stamp.counter);
            let (from, to) = (of(seen.first), of(seen.last));
            anyhow::ensure!(from == Some(first), "{} begins at {from:?}, not {first}", seen.path);
            anyhow::ensure!(to >= Some(last), "{} ends at {to:?}, before {last}", seen.path);
        }
        Ok(())
    }
}

impl Seen {
    fn take(&mut self, frame: Found) -> anyhow::Result<()> {
        let (path, stamp) = (&self.path, frame.stamp);
        anyhow::ensure!(stamp.source == sei::source(path), "{path} has a frame of another camera");
        if let Some(last) = self.last.replace(frame) {
            let counter = last.stamp.counter;
            anyhow::ensure!(stamp.counter == counter + 1, "{path}: {stamp:?} follows {counter}");
            anyhow::ensure!(frame.wall > last.wall, "{path}: time stands still at {frame:?}");
        }
        self.first.get_or_insert(frame);
        self.frames += 1;
        Ok(())
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let frames = self.frames();
        let (streams, segments) = (self.streams.len(), self.segments);
        write!(f, "recorded: {frames} frames of {streams} streams in {segments} segments")
    }
}
