//! Passwords that leaked somewhere, in a list that the installation was given.
//!
//! ```text
//! 000000005AD76BD555C1D6D771DE417A4B87E4B4:10      SHA-1 of a password, how often it was seen
//! 00000000A8DAE4228F821FB418F59826079BF368:4       in order, a line each
//! ```
//!
//! That is the form in which *Have I Been Pwned* hands its passwords out. The list is
//! looked up where it lies, by halves: 40 GB cost some thirty short reads and no memory.
//! No part of a password leaves the machine. SHA-1 is the list's; nothing is kept by it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;

/// The letters of a hash.
const HASH: usize = 40;

/// The most bytes of a line.
const LINE: usize = 64;

/// From how many bytes on one looks from line to line.
const FEW: u64 = 4096;

/// A list of hashes.
#[derive(Clone, Debug)]
pub(crate) struct Breached {
    path: PathBuf,
}

impl Breached {
    /// Takes a list, unless its first line is none of one.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let list = Self { path: path.to_owned() };
        // Any will do: what is looked at is whether the file can be read as a list.
        list.holds("")
            .map(|_| list)
            .map_err(|error| format!("breached_file {} cannot be used: {error}", path.display()))
    }

    /// Returns whether a password is in the list. Blocks for the reading of the file.
    pub(crate) fn holds(&self, password: &str) -> io::Result<bool> {
        let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
        let wanted: String = hash.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
        let mut file = File::open(&self.path)?;
        // Lines that begin from `low` to before `high` may be the one.
        let (mut low, mut high) = (0, file.metadata()?.len());
        while high - low > FEW {
            let middle = low + (high - low) / 2;
            let begin = next_line(&mut file, middle)?;
            let known = if begin < high { line_at(&mut file, begin)? } else { None };
            match known {
                // It begins behind the middle, so what is looked for stands before that.
                None => high = middle + 1,
                Some(known) if known == wanted => return Ok(true),
                Some(known) if known < wanted => low = begin,
                Some(_) => high = middle + 1,
            }
        }
        while low < high {
            let Some(known) = line_at(&mut file, low)? else { return Ok(false) };
            if known == wanted {
                return Ok(true);
            }
            low = next_line(&mut file, low)?;
        }
        Ok(false)
    }
}

/// Returns where the first line begins behind a place.
fn next_line(file: &mut File, place: u64) -> io::Result<u64> {
    let bytes = some(file, place)?;
    match bytes.iter().position(|&byte| byte == b'\n') {
        Some(at) => Ok(place + at as u64 + 1),
        None if bytes.len() < LINE => Ok(place + bytes.len() as u64),
        None => Err(wrong(place)),
    }
}

/// Returns the hash of the line that begins at a place; nothing at the end.
fn line_at(file: &mut File, place: u64) -> io::Result<Option<String>> {
    let bytes = some(file, place)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    let hash = bytes.get(..HASH).filter(|hash| hash.iter().all(u8::is_ascii_hexdigit));
    let ends = matches!(bytes.get(HASH), None | Some(b':' | b'\r' | b'\n'));
    let hash = hash.filter(|_| ends).ok_or_else(|| wrong(place))?;
    Ok(Some(String::from_utf8_lossy(hash).to_ascii_uppercase()))
}

fn some(file: &mut File, place: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(place))?;
    let mut bytes = Vec::with_capacity(LINE);
    file.take(LINE as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn wrong(place: u64) -> io::Error {
    let words = format!(
        "at byte {place} it has no line \"SHA-1:COUNT\"; it is to be a list of hashes in order"
    );
    io::Error::new(io::ErrorKind::InvalidData, words)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn hash(password: &str) -> String {
        let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
        hash.as_ref().iter().map(|byte| format!("{byte:02X}")).collect()
    }

    /// Writes a list of so many passwords, `leaked 0`, `leaked 1`, …
    fn list(folder: &Path, count: usize, end: &str) -> PathBuf {
        let mut lines: Vec<_> = (0..count)
            .map(|number| format!("{}:{}{end}", hash(&format!("leaked {number}")), number % 977))
            .collect();
        lines.sort();
        let path = folder.join(format!("list-{count}"));
        fs::write(&path, lines.concat()).unwrap();
        path
    }

    #[test]
    fn each_that_leaked_is_found_and_no_other_however_long_the_list_is() {
        let folder = tempfile::tempdir().unwrap();
        // FIPS 180-1, appendix A.
        assert_eq!(hash("abc"), "A9993E364706816ABA3E25717850C26C9CD0D89D");
        for (count, end) in [(1, "\n"), (2, "\r\n"), (90, "\n"), (5_000, "\r\n")] {
            let list = Breached::open(&list(folder.path(), count, end)).unwrap();
            for number in 0..count {
                assert!(list.holds(&format!("leaked {number}")).unwrap(), "{number} of {count}");
                assert!(!list.holds(&format!("kept {number}")).unwrap(), "{number} of {count}");
            }
        }
    }

    #[test]
    fn what_is_no_list_is_refused_in_words() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("words"), "password\n123456\n").unwrap();
        fs::write(at("long"), "A".repeat(100_000)).unwrap();
        for name in ["words", "long", "nowhere"] {
            let told = Breached::open(&at(name)).unwrap_err();
            assert!(told.contains("breached_file") && told.contains(name), "{told}");
        }
        // Nothing at all is a list of nothing.
        fs::write(at("empty"), "").unwrap();
        assert!(!Breached::open(&at("empty")).unwrap().holds("abc").unwrap());
    }
}
