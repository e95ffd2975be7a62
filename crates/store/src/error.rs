//! What can go wrong with a store, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use base::WallTime;

/// The store cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Two processes would write over each other.
    #[error(
        "the store {} is open in another process; stop that one, or give this one a folder of its own",
        path.display()
    )]
    Locked {
        /// The store's root.
        path: PathBuf,
    },
    /// The folder belongs to something else.
    #[error(
        "the folder {} is not empty and holds no store; choose an empty one, or the one that was used before",
        path.display()
    )]
    NotAStore {
        /// The folder.
        path: PathBuf,
    },
    /// A later program has written here.
    #[error(
        "the store {} has format {found}, and this program knows formats up to {known}; start the newer program",
        path.display()
    )]
    Newer {
        /// The store's root.
        path: PathBuf,
        /// The format it has.
        found: u32,
        /// The format this program writes.
        known: u32,
    },
    /// The format file says nothing.
    #[error(
        "the file {} does not say a store's format; restore it, for this program as \"khue-store {known}\"",
        path.display()
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// The format this program writes.
        known: u32,
    },
    /// The disk refused.
    #[error("cannot {act} {}: {source}; check the disk and the folder's rights", path.display())]
    Disk {
        /// What was tried.
        act: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The index could neither be opened nor made anew.
    #[error("cannot keep the index {}: {source}; it is a cache and may be deleted", path.display())]
    Index {
        /// Its file.
        path: PathBuf,
        /// What the database said.
        source: db::Error,
    },
    /// Nobody has told yet what is held.
    #[error("nothing is expired before the holds are known; call set_holds first")]
    HoldsUnknown,
    /// There is nothing in a span.
    #[error("nothing is recorded between {from} and {to}; choose a span with a recording")]
    NothingRecorded {
        /// Start of the span.
        from: WallTime,
        /// Its end.
        to: WallTime,
    },
    /// A file was deleted, or cannot be read as a segment.
    #[error("the segment {} cannot be read: {why}; choose a span without it", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

impl StoreError {
    /// Returns a function that puts a step and a path to a system's error.
    pub(crate) fn disk(act: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Disk { act, path, source }
    }

    /// Says of a segment alone what the system said of its file.
    pub(crate) fn in_segment(self) -> Self {
        match self {
            Self::Disk { path, source, .. } => Self::Unreadable { path, why: source.to_string() },
            other => other,
        }
    }
}
