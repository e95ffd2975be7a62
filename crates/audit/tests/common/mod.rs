//! The harness of the journal's tests: a folder, a key, and entries that differ.

#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use audit::{Act, Disk, Entry, Journal, Outcome, Report, RootKey, verify};
use base::WallTime;

/// 2026-11-29, a quarter to one in the night of Viet Nam.
pub const BEGIN: WallTime = WallTime(1_795_887_900_000_000);

pub const DAY: Duration = Duration::from_secs(86_400);

pub fn key() -> RootKey {
    RootKey::new(&[7; 32])
}

pub fn open(folder: &Path, now: WallTime) -> Journal {
    Journal::open(folder, Disk::Real, key(), now).unwrap()
}

/// An entry that is no other's.
pub fn entry(number: u64) -> Entry {
    let at = BEGIN.plus(Duration::from_secs(number));
    let mut entry = Entry::new(at, Act::Playback, Outcome::Done);
    entry.purpose = Some(format!("va chạm số {number}"));
    entry
}

pub fn verified(folder: &Path) -> Report {
    verify(folder, &key().public()).unwrap()
}

/// Returns a journal's log files, in order.
pub fn logs(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut logs: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|tail| tail == "log")).collect();
    logs.sort();
    logs
}

/// Returns the purposes of all entries that have one, in order.
pub fn purposes(folder: &Path) -> Vec<String> {
    let read = |path: &PathBuf| fs::read_to_string(path).unwrap();
    let text: String = logs(folder).iter().map(read).collect();
    text.lines()
        .filter_map(|line| audit::chain::Line::read(line.as_bytes()).unwrap().entry.purpose)
        .collect()
}

/// Copies a journal, to be tampered with.
pub fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}
