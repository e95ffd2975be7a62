//! The few things the store does to a disk, and nothing else it may do.
//!
//! ```text
//! create  append  truncate  rename  unlink                change it
//! sync_data (a file)  sync_dir (its entry)  sync_all      make it last
//! open_to_read  open_ready  read  read_ready              what may be spoilt
//! ```
//!
//! What is recorded is written past the page cache, as far as the system can: it is
//! rarely read again, and a city writes so much of it that nothing else would stay
//! there. A cache that grows all the time also costs more than the copying into it.
//!
//! Two disks stand behind one enum: the real one, and one that forgets what was
//! not synced when its power is cut, and fails where a test wants it to
//! (`testutil.rs`, `faults.rs`). Names and lengths need no such care: listing
//! goes past it.

use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice, IoSliceMut, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use rustix::io::{Errno, ReadWriteFlags};

use crate::testutil::Lossy;

/// What the store writes to.
#[derive(Clone, Debug)]
pub enum Disk {
    /// The operating system's.
    Real,
    /// One whose power a test can cut.
    #[doc(hidden)]
    Lossy(Arc<Lossy>),
}

/// A file open for reading, at any place.
#[derive(Debug)]
pub struct ReadFile {
    file: File,
    /// What a test made of the disk, and where the file lies on it.
    lossy: Option<(Arc<Lossy>, PathBuf)>,
}

/// A file open for appending.
#[derive(Debug)]
pub struct DiskFile {
    path: PathBuf,
    file: File,
    /// Where it ends, as far as known: what is written is parted by it, and a wrong
    /// one costs time alone.
    len: AtomicU64,
    /// The system writes it through the page cache and no other way.
    is_cached: AtomicBool,
}

/// From so many bytes on, what is appended leaves the page cache once it is written.
const PAST_CACHE: u64 = 64 << 10;
/// The cache takes and leaves no less.
const PAGE: u64 = 4096;
/// As Linux 6.14 has it; rustix has no name for it yet.
const RWF_DONTCACHE: ReadWriteFlags = ReadWriteFlags::from_bits_retain(0x80);

impl DiskFile {
    fn new(path: &Path, file: File, len: u64) -> Self {
        Self { path: path.to_owned(), file, len: len.into(), is_cached: AtomicBool::new(false) }
    }

    /// Returns where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl ReadFile {
    /// Returns its length now.
    pub fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Fills `buffer` from `offset` on as far as the file reaches, and returns
    /// how far that was.
    pub fn read_up_to(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some((lossy, path)) = &self.lossy {
            let end = offset.saturating_add(buffer.len() as u64).min(self.len()?);
            lossy.faults().meet_reading(path, offset..end)?;
        }
        let mut read = 0;
        while read < buffer.len() {
            match self.file.read_at(&mut buffer[read..], offset + read as u64) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }

    /// Fills `buffer` from `offset` on with what lies in memory, and returns how much
    /// that was; nothing where the disk would have to be waited for.
    pub fn read_ready(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut into = [IoSliceMut::new(buffer)];
        match rustix::io::preadv2(&self.file, &mut into, offset, ReadWriteFlags::NOWAIT) {
            Ok(read) => Ok(read),
            // Not all file systems can say.
            Err(Errno::AGAIN | Errno::INTR | Errno::OPNOTSUPP | Errno::INVAL | Errno::NOSYS) => {
                Ok(0)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Fills all of `buffer` from `offset` on.
    pub fn read_exact(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let whole = self.read_up_to(offset, buffer)? == buffer.len();
        if whole { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

impl Disk {
    /// Opens a file for reading.
    pub fn open_to_read(&self, path: &Path) -> io::Result<ReadFile> {
        let lossy = match self {
            Self::Real => None,
            Self::Lossy(lossy) => Some((lossy.clone(), path.to_owned())),
        };
        Ok(ReadFile { file: File::open(path)?, lossy })
    }

    /// The same where nothing must be waited for to find the file; nothing where that
    /// cannot be had.
    pub fn open_ready(&self, path: &Path) -> io::Result<Option<ReadFile>> {
        if matches!(self, Self::Lossy(_)) {
            return Ok(None);
        }
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        match rustix::fs::openat2(CWD, path, flags, Mode::empty(), ResolveFlags::CACHED) {
            Ok(file) => Ok(Some(ReadFile { file: file.into(), lossy: None })),
            // Linux has it since 5.12, and a container may keep it from programs.
            Err(Errno::AGAIN | Errno::INTR | Errno::INVAL | Errno::NOSYS | Errno::PERM) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns all bytes of a file.
    pub fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = self.open_to_read(path)?;
        let mut bytes = vec![0; usize::try_from(file.len()?).map_err(io::Error::other)?];
        let read = file.read_up_to(0, &mut bytes)?;
        bytes.truncate(read);
        Ok(bytes)
    }

    /// Makes a folder in one that exists; returns whether it was not there.
    pub fn create_dir(&self, path: &Path) -> io::Result<bool> {
        self.change(|| match std::fs::create_dir(path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        })
        .inspect(|&made| {
            if let (Self::Lossy(lossy), true) = (self, made) {
                lossy.created(path);
            }
        })
    }

    /// Makes a file that must not be there yet.
    pub fn create(&self, path: &Path) -> io::Result<DiskFile> {
        let mut options = OpenOptions::new();
        options.append(true).create_new(true);
        let file = self.change(|| options.open(path))?;
        if let Self::Lossy(lossy) = self {
            lossy.created(path);
        }
        Ok(DiskFile::new(path, file, 0))
    }

    /// Opens a file for appending; the second value says whether it was made.
    pub fn open(&self, path: &Path) -> io::Result<(DiskFile, bool)> {
        let file = self.change(|| OpenOptions::new().append(true).open(path));
        match file {
            Ok(file) => {
                let len = file.metadata()?.len();
                Ok((DiskFile::new(path, file, len), false))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((self.create(path)?, true)),
            Err(error) => Err(error),
        }
    }

    /// Appends all parts, in as few system calls as the system takes them.
    /// After an error an unknown part of them may have been written.
    pub fn append(&self, file: &DiskFile, parts: &mut [IoSlice<'_>]) -> io::Result<()> {
        match self {
            Self::Real => file.write_all(parts),
            Self::Lossy(lossy) => lossy.append(&file.path, &file.file, parts),
        }
    }

    /// Cuts a file to `len` bytes.
    pub fn truncate(&self, file: &DiskFile, len: u64) -> io::Result<()> {
        let before = match self {
            Self::Real => 0,
            Self::Lossy(_) => file.file.metadata()?.len(),
        };
        self.change(|| file.file.set_len(len))?;
        file.len.store(len, Ordering::Relaxed);
        if let Self::Lossy(lossy) = self {
            lossy.truncated(&file.path, len, before.saturating_sub(len));
        }
        Ok(())
    }

    /// Makes a file's bytes last.
    pub fn sync_data(&self, file: &DiskFile) -> io::Result<()> {
        match self {
            Self::Real => file.file.sync_data(),
            Self::Lossy(lossy) => lossy.synced(&file.path, &file.file),
        }
    }

    /// Makes a folder's entries last.
    pub fn sync_dir(&self, path: &Path) -> io::Result<()> {
        match self {
            Self::Real => File::open(path)?.sync_all(),
            Self::Lossy(lossy) => lossy.dir_synced(path),
        }
    }

    /// Makes all bytes and entries of the file system last that `any` lies on.
    pub fn sync_all(&self, any: &File) -> io::Result<()> {
        match self {
            Self::Real => Ok(rustix::fs::syncfs(any)?),
            Self::Lossy(lossy) => lossy.all_synced(any),
        }
    }

    /// Gives a file another name, in place of whatever had it.
    pub fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        match self {
            Self::Real => std::fs::rename(from, to),
            Self::Lossy(lossy) => lossy.rename(from, to),
        }
    }

    /// Deletes a file.
    pub fn unlink(&self, path: &Path) -> io::Result<()> {
        match self {
            Self::Real => std::fs::remove_file(path),
            Self::Lossy(lossy) => lossy.unlink(path),
        }
    }

    /// Deletes a folder if it is empty; returns whether it was.
    pub fn remove_dir(&self, path: &Path) -> io::Result<bool> {
        match self.change(|| std::fs::remove_dir(path)) {
            Ok(()) => {
                if let Self::Lossy(lossy) = self {
                    lossy.dir_removed(path);
                }
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Returns how many bytes may still be written where `path` lies.
    pub fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        if let Self::Lossy(lossy) = self
            && let Some(room) = lossy.room()
        {
            return Ok(room);
        }
        let disk = rustix::fs::statvfs(path)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    /// Writes a small file so that either its old or its new text is there,
    /// whatever happens, and the new one lasts.
    pub fn replace(&self, path: &Path, text: &str) -> io::Result<()> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let mut new = name.to_owned();
        new.push(".new");
        let new = folder.join(new);
        let (file, made) = self.open(&new)?;
        if !made {
            // Left by a start that did not come this far.
            self.truncate(&file, 0)?;
        }
        self.append(&file, &mut [IoSlice::new(text.as_bytes())])?;
        self.sync_data(&file)?;
        self.rename(&new, path)?;
        self.sync_dir(folder)
    }

    /// Does something that needs a disk with power.
    fn change<T>(&self, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        if let Self::Lossy(lossy) = self {
            lossy.powered()?;
        }
        act()
    }
}

impl DiskFile {
    /// Appends all of it, past the page cache if it is much: whole pages leave it, and
    /// the last one stays, since what is appended next begins in it.
    fn write_all(&self, parts: &mut [IoSlice<'_>]) -> io::Result<()> {
        let much: u64 = parts.iter().map(|part| part.len() as u64).sum();
        let begins = self.len.fetch_add(much, Ordering::Relaxed);
        if much < PAST_CACHE || self.is_cached.load(Ordering::Relaxed) {
            return write_all(&self.file, parts);
        }
        let last_page = (begins + much) / PAGE * PAGE;
        let (mut pages, mut rest) = part_at(parts, (last_page - begins) as usize);
        self.write_past_cache(&mut pages)?;
        write_all(&self.file, &mut rest)
    }

    fn write_past_cache(&self, parts: &mut [IoSlice<'_>]) -> io::Result<()> {
        /// Where a file opened for appending ends.
        const END: u64 = u64::MAX;
        write_all_by(parts, |parts| {
            match rustix::io::pwritev2(&self.file, parts, END, RWF_DONTCACHE) {
                Err(Errno::OPNOTSUPP | Errno::INVAL | Errno::NOSYS) => {
                    self.is_cached.store(true, Ordering::Relaxed);
                    (&self.file).write_vectored(parts)
                }
                done => Ok(done?),
            }
        })
    }
}

/// Parts what is to be written `at` so many bytes.
fn part_at<'a>(parts: &'a [IoSlice<'_>], mut at: usize) -> (Vec<IoSlice<'a>>, Vec<IoSlice<'a>>) {
    let (mut before, mut behind) = (Vec::with_capacity(parts.len()), Vec::new());
    for part in parts {
        let (first, second) = part.split_at(at.min(part.len()));
        at -= first.len();
        before.extend((!first.is_empty()).then(|| IoSlice::new(first)));
        behind.extend((!second.is_empty()).then(|| IoSlice::new(second)));
    }
    (before, behind)
}

/// Writes all of it, as `Write::write_all_vectored` would.
pub(crate) fn write_all(mut file: &File, parts: &mut [IoSlice<'_>]) -> io::Result<()> {
    write_all_by(parts, |parts| file.write_vectored(parts))
}

fn write_all_by(
    mut parts: &mut [IoSlice<'_>],
    mut write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
) -> io::Result<()> {
    /// The most parts that Linux takes in one call.
    const AT_ONCE: usize = 1024;
    IoSlice::advance_slices(&mut parts, 0);
    while !parts.is_empty() {
        let now = parts.len().min(AT_ONCE);
        match write(&parts[..now]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut parts, written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_appended_in_pieces_of_any_size_is_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("segment");
        let file = Disk::Real.create(&path).unwrap();
        let bytes: Vec<u8> = (0..400_000_u32).map(|at| (at / 3 % 251) as u8).collect();
        let mut expected = Vec::new();
        // Around a page, around what goes past the cache, and a length of a file that
        // was opened again and cut.
        for (round, much) in [4095, 65_535, 65_536, 1, 65_537, 131_072, 4096, 390_001, 70_000]
            .into_iter()
            .enumerate()
        {
            if round == 6 {
                expected.truncate(100_001);
                Disk::Real.truncate(&file, 100_001).unwrap();
            }
            let bytes = &bytes[round..][..much];
            let (one, two) = bytes.split_at(much / 3);
            let mut parts = [IoSlice::new(one), IoSlice::new(&[]), IoSlice::new(two)];
            Disk::Real.append(&file, &mut parts).unwrap();
            expected.extend_from_slice(bytes);
            assert!(std::fs::read(&path).unwrap() == expected, "after {much} bytes");
        }
        let (again, made) = Disk::Real.open(&path).unwrap();
        assert!(!made);
        Disk::Real.append(&again, &mut [IoSlice::new(&bytes)]).unwrap();
        expected.extend_from_slice(&bytes);
        assert!(std::fs::read(&path).unwrap() == expected);
    }

    #[test]
    fn parts_are_parted_anywhere() {
        let parts = [IoSlice::new(b"ab"), IoSlice::new(b""), IoSlice::new(b"cde")];
        for at in 0..=5 {
            let (before, behind) = part_at(&parts, at);
            let joined = |parts: &[IoSlice<'_>]| {
                parts.iter().flat_map(|part| part.to_vec()).collect::<Vec<_>>()
            };
            assert_eq!(
                (joined(&before).as_slice(), joined(&behind).as_slice()),
                b"abcde".split_at(at)
            );
        }
    }
}
