//! Letting go of days that need be kept no longer.
//!
//! Whole days go, the oldest first, and only behind a root of theirs: that vouches for
//! where the chain goes on. Roots stay; a century of them is ten megabytes.

use std::fs;
use std::io;
use std::path::Path;

use base::Day;

use crate::journal::Files;

/// Returns the days before `before` that can go: those whose roots are there, and of
/// which none before them has to stay.
pub fn over(folder: &Path, before: Day) -> io::Result<Vec<String>> {
    let (files, before) = (Files::list(folder)?, before.to_string());
    let mut days: Vec<String> = files.logs.into_iter().map(|log| log.day).collect();
    days.dedup();
    let has_root = |day: &String| {
        let name = |root: &std::path::PathBuf| root.file_name()?.to_str().map(str::to_owned);
        let of_day = |name: String| name.starts_with(&format!("{day}-"));
        files.roots.iter().filter_map(name).any(of_day)
    };
    Ok(days.into_iter().take_while(|day| *day < before && has_root(day)).collect())
}

/// Lets go of a day's entries.
pub fn remove(folder: &Path, day: &str) -> io::Result<()> {
    for log in Files::list(folder)?.logs.iter().filter(|log| log.day == day) {
        fs::remove_file(&log.path)?;
    }
    fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use base::WallTime;

    use super::*;
    use crate::{Act, Disk, Entry, Journal, Outcome, RootKey};

    #[tokio::test]
    async fn days_go_oldest_first_behind_their_roots_and_what_stays_verifies() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let day = |number: i64| Day::of(WallTime(number * 86_400_000_000));
        let key = RootKey::new(&[7; 32]);
        let public = key.public();
        let journal = Journal::open(folder, Disk::Real, key, WallTime(0)).unwrap();
        for number in 0..5 {
            let at = WallTime(number * 86_400_000_000);
            journal.note(Entry::new(at, Act::Hold, Outcome::Done)).await.unwrap();
        }
        let names = |numbers: std::ops::Range<i64>| -> Vec<_> {
            numbers.map(|number| day(number).to_string()).collect()
        };
        assert_eq!(over(folder, day(0)).unwrap(), names(0..0));
        assert_eq!(over(folder, day(3)).unwrap(), names(0..3));
        // The day that is not over has no root, and stays whatever is asked.
        assert_eq!(over(folder, day(99)).unwrap(), names(0..4));
        for gone in over(folder, day(2)).unwrap() {
            remove(folder, &gone).unwrap();
        }
        assert_eq!(over(folder, day(3)).unwrap(), names(2..3));
        let report = crate::verify(folder, &public).unwrap();
        assert_eq!(report.faults, []);
        assert_eq!(report.roots.len(), 4, "roots stay");
        // One without a root keeps all behind it.
        let root = |path: &std::path::PathBuf| path.to_string_lossy().contains("1970-01-03-");
        for path in Files::list(folder).unwrap().roots.into_iter().filter(root) {
            fs::remove_file(path).unwrap();
        }
        assert_eq!(over(folder, day(99)).unwrap(), names(0..0));
    }
}
