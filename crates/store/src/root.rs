//! The store's own folder: taken by one process, and counted up.
//!
//! ```text
//! lock      held by flock; the kernel lets go of it when the process dies
//! format    settled by `format`
//! epoch     a number, raised and synced at each opening
//! ballast   1 MiB that is given up so that a fact can be noted on a full disk
//! ```

use std::fs::File;
use std::io::{self, IoSlice};

use crate::disk::Disk;
use crate::error::StoreError;
use crate::format;
use crate::layout::Layout;

pub(crate) const BALLAST_BYTES: u64 = 1 << 20;

/// The right to write here, until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    /// Also what the whole file system is synced by.
    pub(crate) file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file is not enough: a child that is just being started
        // holds a copy of it for a moment, and with it the lock.
        if let Err(error) = rustix::fs::flock(&self.file, rustix::fs::FlockOperation::Unlock) {
            tracing::warn!(%error, "the store's lock is let go of only when its file is closed");
        }
    }
}

/// Takes the folder for this process, making it if need be, and brings it to
/// the present format.
pub(crate) fn take(layout: &Layout, disk: &Disk) -> Result<Lock, StoreError> {
    let root = layout.root();
    std::fs::create_dir_all(root).map_err(StoreError::disk("make", root))?;
    let path = layout.lock();
    let file = File::options().create(true).append(true).open(&path);
    let file = file.map_err(StoreError::disk("open", &path))?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            return Err(StoreError::Locked { path: root.to_owned() });
        }
        Err(error) => return Err(StoreError::disk("lock", &path)(error.into())),
    }
    // What a first start may have left that was cut off before it wrote the format.
    format::settle(layout, disk, &["lock", "format.new", "lost+found"])?;
    let streams = layout.streams();
    disk.create_dir(&streams).map_err(StoreError::disk("make", &streams))?;
    disk.sync_dir(root).map_err(StoreError::disk("sync", root))?;
    Ok(Lock { file })
}

/// Returns the epoch of the last opening, if its file says one.
pub(crate) fn last_epoch(layout: &Layout) -> Result<Option<u32>, StoreError> {
    let path = layout.epoch();
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(text.trim_end().parse().ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        // No text: as good as none.
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
        Err(error) => Err(StoreError::disk("read", &path)(error)),
    }
}

/// Raises the epoch above the last one and above what segments' names say, and
/// returns it when it is on disk.
pub(crate) fn raise_epoch(
    layout: &Layout,
    disk: &Disk,
    last: Option<u32>,
    in_names: u32,
) -> Result<u32, StoreError> {
    let path = layout.epoch();
    let epoch = in_names.max(last.unwrap_or(0)).saturating_add(1);
    disk.replace(&path, &format!("{epoch}\n")).map_err(StoreError::disk("write", &path))?;
    Ok(epoch)
}

/// Takes on ballast, if there is room for it.
pub(crate) fn take_ballast(layout: &Layout, disk: &Disk) -> io::Result<()> {
    let (file, _) = disk.open(&layout.ballast())?;
    let held = std::fs::metadata(file.path())?.len();
    let missing = BALLAST_BYTES.saturating_sub(held);
    if missing > 0 {
        let zeros = vec![0; missing as usize]; // at most a MiB
        disk.append(&file, &mut [IoSlice::new(&zeros)])?;
    }
    Ok(())
}

/// Gives the ballast up; returns whether that made room.
pub(crate) fn drop_ballast(layout: &Layout, disk: &Disk) -> io::Result<bool> {
    let (file, _) = disk.open(&layout.ballast())?;
    let held = std::fs::metadata(file.path())?.len();
    disk.truncate(&file, 0)?;
    Ok(held > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_opener_is_refused_by_name_until_the_first_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path().join("a/b"));
        let first = take(&layout, &Disk::Real).unwrap();
        let refusal = take(&layout, &Disk::Real).unwrap_err().to_string();
        let path = layout.root().display();
        assert!(refusal.starts_with(&format!("the store {path} is open in another process")));
        drop(first);
        take(&layout, &Disk::Real).unwrap();
    }

    #[test]
    fn the_epoch_rises_above_what_file_and_names_say() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        let raise = |in_names| {
            let last = last_epoch(&layout).unwrap();
            raise_epoch(&layout, &Disk::Real, last, in_names).unwrap()
        };
        assert_eq!([raise(0), raise(0), raise(41), raise(7)], [1, 2, 42, 43]);
        for rubbish in [&b"\0\0\0"[..], b"\xff\xfe", b""] {
            std::fs::write(layout.epoch(), rubbish).unwrap();
            assert_eq!(raise(43), 44);
        }
    }
}
