//! Which version of the layout a store has, and the way to the present one.
//!
//! ```text
//! 0   segments side by side in their stream's folder      first trials
//! 1   a folder for each UTC day                           this program
//! ```
//!
//! A newer store is refused in words. An older one is brought up step by step;
//! each step may be begun again after a crash, and the version is written when
//! it is done. Each step keeps a tree of its version for its test.

use std::path::Path;

use crate::disk::Disk;
use crate::error::StoreError;
use crate::layout::{Layout, SegmentName};

/// The version this program writes.
pub const FORMAT: u32 = 1;

const PREFIX: &str = "khue-store ";

/// Brings the store at `layout` to [`FORMAT`]; an empty folder becomes a store.
///
/// `others` are names that may stand in an empty folder.
pub(crate) fn settle(layout: &Layout, disk: &Disk, others: &[&str]) -> Result<(), StoreError> {
    let path = layout.format();
    let found = match std::fs::read_to_string(&path) {
        Ok(text) => read(&text).ok_or(StoreError::Format { path: path.clone(), known: FORMAT })?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if !is_empty(layout.root(), others)? {
                return Err(StoreError::NotAStore { path: layout.root().to_owned() });
            }
            return write(&path, disk, FORMAT);
        }
        Err(error) => return Err(StoreError::disk("read", &path)(error)),
    };
    if found > FORMAT {
        let path = layout.root().to_owned();
        return Err(StoreError::Newer { path, found, known: FORMAT });
    }
    for version in found..FORMAT {
        tracing::info!(store = %layout.root().display(), from = version, "bringing the store to the next format");
        match version {
            0 => sort_into_days(layout, disk)?,
            _ => return Err(StoreError::Format { path, known: FORMAT }),
        }
        write(&path, disk, version + 1)?;
    }
    Ok(())
}

pub(crate) fn read(text: &str) -> Option<u32> {
    text.strip_prefix(PREFIX)?.trim_end().parse().ok()
}

fn write(path: &Path, disk: &Disk, version: u32) -> Result<(), StoreError> {
    disk.replace(path, &format!("{PREFIX}{version}\n")).map_err(StoreError::disk("write", path))
}

fn is_empty(folder: &Path, others: &[&str]) -> Result<bool, StoreError> {
    let failed = || StoreError::disk("list", folder);
    for entry in std::fs::read_dir(folder).map_err(failed())? {
        let name = entry.map_err(failed())?.file_name();
        if !others.iter().any(|other| name == *other) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// From 0 to 1: moves each segment into the folder of its day.
fn sort_into_days(layout: &Layout, disk: &Disk) -> Result<(), StoreError> {
    let streams = layout.streams();
    for stream in list(&streams)? {
        let folder = streams.join(&stream);
        for file in list(&folder)? {
            let Some(name) = SegmentName::parse(&file) else { continue };
            let day = folder.join(name.day());
            disk.create_dir(&day).map_err(StoreError::disk("make", &day))?;
            let (from, to) = (folder.join(&file), day.join(&file));
            disk.rename(&from, &to).map_err(StoreError::disk("move", &from))?;
            disk.sync_dir(&day).map_err(StoreError::disk("sync", &day))?;
        }
        disk.sync_dir(&folder).map_err(StoreError::disk("sync", &folder))?;
    }
    Ok(())
}

/// Returns the names in a folder that may be missing.
pub(crate) fn list(folder: &Path) -> Result<Vec<String>, StoreError> {
    let failed = || StoreError::disk("list", folder);
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed()(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        // A name that is no text is none of ours.
        names.extend(entry.map_err(failed())?.file_name().into_string());
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(format: Option<&str>) -> (tempfile::TempDir, Layout) {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        if let Some(text) = format {
            std::fs::write(layout.format(), text).unwrap();
        }
        (folder, layout)
    }

    fn refusal(layout: &Layout) -> String {
        let refusal = settle(layout, &Disk::Real, &["lock"]).unwrap_err().to_string();
        refusal.replace(&layout.root().display().to_string(), "ROOT")
    }

    #[test]
    fn an_empty_folder_becomes_a_store_of_this_format() {
        let (_folder, layout) = store(None);
        std::fs::write(layout.lock(), "").unwrap();
        settle(&layout, &Disk::Real, &["lock"]).unwrap();
        assert_eq!(std::fs::read_to_string(layout.format()).unwrap(), "khue-store 1\n");
        settle(&layout, &Disk::Real, &["lock"]).unwrap();
    }

    #[test]
    fn a_newer_store_is_refused_in_words_and_left_alone() {
        let (_folder, layout) = store(Some("khue-store 2\n"));
        assert_eq!(
            refusal(&layout),
            "the store ROOT has format 2, and this program knows formats up to 1; \
             start the newer program"
        );
        assert_eq!(std::fs::read_to_string(layout.format()).unwrap(), "khue-store 2\n");
    }

    #[test]
    fn somebody_elses_folder_is_refused() {
        let (_folder, layout) = store(None);
        std::fs::write(layout.root().join("thesis.docx"), "").unwrap();
        assert!(refusal(&layout).starts_with("the folder ROOT is not empty and holds no store"));
        for text in ["", "khue-store", "khue-store one", "something 1"] {
            let (_folder, layout) = store(Some(text));
            let said = "the file ROOT/format does not say a store's format";
            assert!(refusal(&layout).starts_with(said), "{text}");
        }
    }

    /// The tree as the first trials left it, with a crash half-way up.
    #[test]
    fn a_store_of_format_0_is_sorted_into_days() {
        let (_folder, layout) = store(Some("khue-store 0\n"));
        let stream = layout.streams().join("0199a1b2-0000-7000-8000-000000000001");
        std::fs::create_dir_all(stream.join("2026-11-20")).unwrap();
        for name in ["facts.journal", "1795135338250000-000001-000002-live.mp4"] {
            std::fs::write(stream.join(name), name).unwrap();
        }
        let moved = stream.join("2026-11-20/1795135338240000-000001-000001-live.mp4");
        std::fs::write(&moved, "moved already").unwrap();
        settle(&layout, &Disk::Real, &[]).unwrap();
        assert_eq!(std::fs::read_to_string(layout.format()).unwrap(), "khue-store 1\n");
        let later = stream.join("2026-11-20/1795135338250000-000001-000002-live.mp4");
        let text = std::fs::read_to_string(later).unwrap();
        assert_eq!(text, "1795135338250000-000001-000002-live.mp4");
        assert!(moved.exists() && stream.join("facts.journal").exists());
        let mut left = list(&stream).unwrap();
        left.sort();
        assert_eq!(left, ["2026-11-20", "facts.journal"]);
    }
}
