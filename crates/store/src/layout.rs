//! Where things lie in the store's folder, and how files are named.
//!
//! ```text
//! ROOT/
//!   format  epoch  lock  ballast  index.sqlite
//!   streams/STREAM-ID/
//!     facts.journal
//!     2026-11-20/                                     UTC day of the segment's start
//!       1795135338250000-000007-000042-live.mp4       start µs – epoch – sequence – source
//! ```
//!
//! Names only: nothing here looks at a disk. A name says all of a segment but
//! its end and its length, so a listing of folders is most of an index.

use std::path::{Path, PathBuf};

use base::{StreamId, WallTime};

/// The paths under a store's root.
#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
}

/// How a segment came into the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Fetched later, from the camera's own memory.
    Filled,
    /// Recorded as it came.
    Live,
}

/// What a segment's file name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentName {
    /// Wall time of its media time 0.
    pub start: WallTime,
    /// Which opening of the store wrote it.
    pub epoch: u32,
    /// Counts up within stream and epoch.
    pub sequence: u32,
    /// How it came here.
    pub source: Source,
}

impl Layout {
    /// Returns the layout of the store in `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Returns the store's own folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the file that says how the rest is to be read.
    pub fn format(&self) -> PathBuf {
        self.root.join("format")
    }

    /// Returns the file of the number that each opening raises.
    pub fn epoch(&self) -> PathBuf {
        self.root.join("epoch")
    }

    /// Returns the file that a process locks while it has the store open.
    pub fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// Returns the file that is given up when not even a fact can be written.
    pub fn ballast(&self) -> PathBuf {
        self.root.join("ballast")
    }

    /// Returns the index, which is a cache.
    pub fn index(&self) -> PathBuf {
        self.root.join("index.sqlite")
    }

    /// Returns the folder that holds a folder for each stream.
    pub fn streams(&self) -> PathBuf {
        self.root.join("streams")
    }

    /// Returns the folder of a stream.
    pub fn stream(&self, stream: StreamId) -> PathBuf {
        self.streams().join(stream.to_string())
    }

    /// Returns the fact journal of a stream.
    pub fn journal(&self, stream: StreamId) -> PathBuf {
        self.stream(stream).join("facts.journal")
    }

    /// Returns the folder that a segment lies in.
    pub fn day(&self, stream: StreamId, name: SegmentName) -> PathBuf {
        self.stream(stream).join(name.day())
    }

    /// Returns the file of a segment.
    pub fn segment(&self, stream: StreamId, name: SegmentName) -> PathBuf {
        self.day(stream, name).join(name.to_string())
    }
}

impl Source {
    fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Filled => "filled",
        }
    }
}

impl SegmentName {
    /// Returns what a file name says, if it is a segment's.
    pub fn parse(file: &str) -> Option<Self> {
        // From the right, since a start before 1970 begins with a dash itself.
        let mut parts = file.strip_suffix(".mp4")?.rsplitn(4, '-');
        let source = match parts.next()? {
            "live" => Source::Live,
            "filled" => Source::Filled,
            _ => return None,
        };
        let sequence = parts.next()?.parse().ok()?;
        let epoch = parts.next()?.parse().ok()?;
        let start = WallTime(parts.next()?.parse().ok()?);
        let name = Self { start, epoch, sequence, source };
        // One spelling only, so that name and path lead to each other.
        (name.to_string() == file).then_some(name)
    }

    /// Returns the UTC day of its start, as its folder is named.
    pub fn day(self) -> String {
        let moment = self.start.to_string();
        moment.split_once('T').map_or_else(|| moment.clone(), |(day, _)| day.to_owned())
    }
}

impl std::fmt::Display for SegmentName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { start, epoch, sequence, source } = self;
        write!(f, "{}-{epoch:06}-{sequence:06}-{}.mp4", start.0, source.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(start: i64, epoch: u32, sequence: u32, source: Source) -> SegmentName {
        SegmentName { start: WallTime(start), epoch, sequence, source }
    }

    #[test]
    fn a_segment_lies_where_the_picture_shows_it() {
        let layout = Layout::new("/srv/recordings");
        let stream: StreamId = "0199a1b2-0000-7000-8000-000000000001".parse().unwrap();
        assert_eq!(
            layout.segment(stream, name(1_795_135_338_250_000, 7, 42, Source::Live)),
            Path::new(
                "/srv/recordings/streams/0199a1b2-0000-7000-8000-000000000001/\
                 2026-11-20/1795135338250000-000007-000042-live.mp4"
            )
        );
    }

    #[test]
    fn a_name_reads_back() {
        for start in [i64::MIN, -1, 0, 1_795_135_338_250_000, i64::MAX] {
            for number in [0, 1, 999_999, 1_000_000, u32::MAX] {
                for source in [Source::Live, Source::Filled] {
                    let name = name(start, number, u32::MAX - number, source);
                    assert_eq!(SegmentName::parse(&name.to_string()), Some(name));
                }
            }
        }
    }

    #[test]
    fn what_is_no_segment_is_not_taken_for_one() {
        for file in [
            "facts.journal",
            "1-000001-000001-live.mp4.part",
            "1-1-000001-live.mp4",
            "01-000001-000001-live.mp4",
            "+1-000001-000001-live.mp4",
            "1-000001-000001-seen.mp4",
            "000001-000001-live.mp4",
            "1-000001-4294967296-live.mp4",
            "",
        ] {
            assert_eq!(SegmentName::parse(file), None, "{file}");
        }
    }
}
