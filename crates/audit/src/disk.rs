//! The few acts on files that the journal stands on, and a disk that fails at them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use crate::testutil::Lossy;

/// What the journal's files lie on.
#[derive(Clone, Debug)]
pub enum Disk {
    /// The machine's file system.
    Real,
    /// One that loses what was not synced, for tests.
    #[doc(hidden)]
    Lossy(Arc<Lossy>),
}

impl Disk {
    /// Opens a file to append to, made if need be, readable by its owner alone.
    pub(crate) fn open(&self, path: &Path) -> io::Result<File> {
        let new = !path.exists();
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        if let (true, Self::Lossy(lossy)) = (new, self) {
            lossy.made(path);
        }
        Ok(file)
    }

    pub(crate) fn append(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        if let Self::Lossy(lossy) = self {
            let taken = lossy.room_for(bytes.len());
            file.write_all(&bytes[..taken])?;
            return if taken == bytes.len() {
                Ok(())
            } else {
                Err(io::ErrorKind::StorageFull.into())
            };
        }
        file.write_all(bytes)
    }

    /// Makes a file's bytes last.
    pub(crate) fn sync(&self, file: &File, path: &Path) -> io::Result<()> {
        match self {
            Self::Real => file.sync_data(),
            Self::Lossy(lossy) => lossy.sync(path),
        }
    }

    /// Makes the entries of a folder last.
    pub(crate) fn sync_dir(&self, folder: &Path) -> io::Result<()> {
        match self {
            Self::Real => File::open(folder)?.sync_all(),
            Self::Lossy(lossy) => {
                lossy.sync_dir(folder);
                Ok(())
            }
        }
    }

    /// Puts a text in the place of a file, whole or not at all; it need not last.
    pub(crate) fn replace(&self, path: &Path, text: &str) -> io::Result<()> {
        let beside = path.with_extension("new");
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(true).mode(0o600);
        options.open(&beside)?.write_all(text.as_bytes())?;
        fs::rename(&beside, path)
    }

    /// The same, and it lasts.
    pub(crate) fn replace_for_good(&self, path: &Path, text: &str) -> io::Result<()> {
        self.replace(path, text)?;
        if let Self::Lossy(lossy) = self {
            lossy.made(path);
        }
        self.sync(&File::open(path)?, path)?;
        self.sync_dir(path.parent().unwrap_or(path))
    }
}
