//! Somebody who may write the files, and has no key, tries each kind of change at
//! each entry: the verifier says what was done, and to which.

#![allow(clippy::unwrap_used, reason = "a panic names the line")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use audit::chain::{Line, Link};
use audit::{Fault, RootKey};
use common::{BEGIN, DAY, copy, entry, logs, open, verified};

/// A journal of three days, four entries each and the one of its opening.
struct World {
    home: tempfile::TempDir,
    folder: PathBuf,
}

const ENTRIES: u64 = 13;

impl World {
    async fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let (whole, folder) = (home.path().join("whole"), home.path().join("tampered"));
        let journal = open(&whole, BEGIN);
        for number in 0..ENTRIES as u32 - 1 {
            let mut entry = entry(u64::from(number));
            entry.at = BEGIN.plus(DAY * (number / 4));
            journal.note(entry).await.unwrap();
        }
        drop(journal);
        let world = Self { home, folder };
        assert_eq!(world.after(|_| ()), []);
        world
    }

    /// Returns what is found after something was done to a fresh copy.
    fn after(&self, tamper: impl FnOnce(&Path)) -> Vec<Fault> {
        copy(&self.home.path().join("whole"), &self.folder);
        tamper(&self.folder);
        verified(&self.folder).faults
    }

    /// Changes the lines of all logs as if they were one text, and puts each back
    /// into the file whose place it is in.
    fn after_lines(&self, tamper: impl FnOnce(&mut Vec<String>)) -> Vec<Fault> {
        self.after(|folder| {
            let logs = logs(folder);
            let mut lines: Vec<_> = logs.iter().flat_map(|log| read(log)).collect();
            let mut lengths: Vec<_> = logs.iter().map(|log| read(log).len()).collect();
            tamper(&mut lines);
            // What was added or taken away is so in the last file that still has lines.
            *lengths.last_mut().unwrap() = usize::MAX;
            let mut lines = lines.into_iter();
            for (log, length) in logs.iter().zip(lengths) {
                fs::write(log, lines.by_ref().take(length).collect::<String>()).unwrap();
            }
        })
    }
}

fn read(log: &Path) -> Vec<String> {
    fs::read_to_string(log).unwrap().split_inclusive('\n').map(str::to_owned).collect()
}

fn line(text: &str) -> Line {
    Line::read(text.trim_end().as_bytes()).unwrap()
}

/// Writes an entry anew behind `before`, with all its hashes right.
fn written(before: Link, text: &str) -> (Link, String) {
    let mut entry = line(text).entry;
    entry.purpose = Some("nothing of note".to_owned());
    let mut bytes = Vec::new();
    let link = before.write(entry, &mut bytes);
    (link, String::from_utf8(bytes).unwrap())
}

#[tokio::test]
async fn an_altered_text_is_found_and_named() {
    let world = World::new().await;
    for at in 0..ENTRIES {
        let faults = world.after_lines(|lines| {
            let text = &mut lines[at as usize];
            *text = text.replace("\"at_us\":1", "\"at_us\":2");
        });
        assert_eq!(faults, [Fault::Altered(at + 1)]);
        let faults = world.after_lines(|lines| lines[at as usize] = "?\n".to_owned());
        assert!(matches!(faults[0], Fault::Unreadable { .. }), "{faults:?}");
    }
}

#[tokio::test]
async fn an_entry_with_a_new_hash_is_given_away_by_the_next_or_by_a_signature() {
    let world = World::new().await;
    for at in 0..ENTRIES {
        let faults = world.after_lines(|lines| {
            let at = at as usize;
            let before = if at == 0 { Link::START } else { line(&lines[at - 1]).link };
            lines[at] = written(before, &lines[at]).1;
        });
        let expected = |fault: &Fault| match fault {
            Fault::Replaced(n) => *n == at + 1,
            Fault::MadeAnew { entry, .. } => *entry == at + 1,
            _ => false,
        };
        assert!(!faults.is_empty() && faults.iter().all(expected), "{at}: {faults:?}");
    }
}

#[tokio::test]
async fn a_chain_that_is_made_anew_from_an_entry_on_is_given_away_by_each_root_behind_it() {
    let world = World::new().await;
    for at in 0..ENTRIES as usize {
        let faults = world.after_lines(|lines| {
            let mut last = if at == 0 { Link::START } else { line(&lines[at - 1]).link };
            for text in &mut lines[at..] {
                (last, *text) = written(last, text);
            }
        });
        // Days end with entries 5 and 9, the head stands at 13.
        let behind = [5, 9, 13].into_iter().filter(|&n| n > at as u64);
        let anew: Vec<_> = faults
            .iter()
            .map(|fault| match fault {
                Fault::MadeAnew { entry, .. } => *entry,
                other => panic!("{other}"),
            })
            .collect();
        assert_eq!(anew, behind.collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn what_is_deleted_moved_or_repeated_is_named() {
    let world = World::new().await;
    for at in 0..ENTRIES {
        let n = at + 1;
        let faults = world.after_lines(|lines| drop(lines.remove(at as usize)));
        assert_eq!(faults, [Fault::Missing(n, n)], "{n}");
        let faults =
            world.after_lines(|lines| lines.insert(at as usize, lines[at as usize].clone()));
        assert_eq!(faults, [Fault::OutOfPlace(n)], "{n}");
    }
    for at in 0..ENTRIES as usize - 1 {
        let faults = world.after_lines(|lines| lines.swap(at, at + 1));
        assert_eq!(faults, [Fault::OutOfPlace(at as u64 + 1)], "{at}");
    }
}

#[tokio::test]
async fn what_is_cut_off_the_end_is_counted() {
    let world = World::new().await;
    for kept in 0..ENTRIES {
        let faults = world.after_lines(|lines| lines.truncate(kept as usize));
        assert_eq!(faults, [Fault::Missing(kept + 1, ENTRIES)], "{kept}");
    }
    // With the last file, and with the head that told of it.
    let faults = world.after(|folder| fs::remove_file(&logs(folder)[2]).unwrap());
    assert_eq!(faults, [Fault::Missing(10, 13)]);
    let faults = world.after(|folder| {
        fs::remove_file(&logs(folder)[2]).unwrap();
        fs::remove_file(folder.join("head")).unwrap();
    });
    assert_eq!(faults, [Fault::NoHead]);
}

#[tokio::test]
async fn what_is_added_at_the_end_is_told_and_the_next_start_says_so() {
    let world = World::new().await;
    let faults = world.after_lines(|lines| {
        let last = lines.last().unwrap().clone();
        lines.push(written(line(&last).link, &last).1);
    });
    assert_eq!((faults, verified(&world.folder).unvouched), (vec![], 1));
    let at = BEGIN.plus(DAY * 2);
    drop(open(&world.folder, at));
    drop(open(&world.folder, at));
    let log = read(&logs(&world.folder)[2]);
    let said = |text: &String| line(text).entry.details.get("unvouched").cloned();
    let said: Vec<_> = log[log.len() - 2..].iter().map(said).collect();
    assert_eq!(said, [Some("14 to 14".to_owned()), None]);
    assert_eq!(verified(&world.folder).unvouched, 0);
}

#[tokio::test]
async fn roots_are_missed_and_cannot_be_forged() {
    let world = World::new().await;
    let root = |folder: &Path, day: usize| {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut roots: Vec<_> =
            entries.filter(|path| path.extension().is_some_and(|tail| tail == "root")).collect();
        roots.sort();
        roots.swap_remove(day)
    };
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let faults = world.after(|folder| fs::remove_file(root(folder, 0)).unwrap());
    let second = name(&root(&world.folder, 0));
    let expected = [Fault::RootOutOfPlace(second), Fault::NoRoot("2026-11-29".to_owned())];
    assert_eq!(faults, expected);
    let faults = world.after(|folder| fs::remove_file(root(folder, 1)).unwrap());
    let expected =
        [Fault::RootOutOfPlace("head".to_owned()), Fault::NoRoot("2026-11-30".to_owned())];
    assert_eq!(faults, expected);
    // Another's signature is as good as none.
    for (file, day) in [("head", None), ("root", Some(1))] {
        let faults = world.after(|folder| {
            let path = day.map_or_else(|| folder.join(file), |day| root(folder, day));
            let text = fs::read_to_string(&path).unwrap();
            let read = audit::root::SignedRoot::read(&text).unwrap().root;
            let forged = read.text() + &RootKey::new(&[8; 32]).sign(&read);
            fs::write(path, forged).unwrap();
        });
        assert!(matches!(&faults[0], Fault::Forged(name) if name.contains(file)), "{faults:?}");
    }
}

/// Bytes cut out of anywhere in the last log and others put in their place.
#[tokio::test]
async fn whatever_else_is_done_to_a_file_is_found_unless_it_only_adds() {
    let world = World::new().await;
    let mut seed = 7_u64;
    let mut dice = move |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    for _ in 0..300 {
        let (mut whole, mut changed) = (Vec::new(), Vec::new());
        let faults = world.after(|folder| {
            let log = logs(folder).swap_remove(2);
            whole = fs::read(&log).unwrap();
            let from = dice(whole.len() + 1);
            let to = from + dice((whole.len() - from).min(400) + 1);
            // Of what stands there itself, so that whole lines come about as well.
            let put = dice(whole.len());
            let put = put..put + dice((whole.len() - put).min(400) + 1);
            changed = [&whole[..from], &whole[put], &whole[to..]].concat();
            fs::write(log, &changed).unwrap();
        });
        let adds = changed.starts_with(&whole);
        assert!(adds || !faults.is_empty(), "{}", String::from_utf8_lossy(&changed));
    }
}

#[tokio::test]
async fn days_that_are_kept_no_longer_are_vouched_for_by_their_root() {
    let world = World::new().await;
    let faults = world.after(|folder| fs::remove_file(&logs(folder)[0]).unwrap());
    assert_eq!(faults, []);
    assert_eq!(verified(&world.folder).span, Some((6, 13)));
    // One in the midst is missed all the same.
    let faults = world.after(|folder| fs::remove_file(&logs(folder)[1]).unwrap());
    assert_eq!(faults, [Fault::Missing(6, 9)]);
}

#[tokio::test]
async fn another_agency_co_signs_a_root() {
    let world = World::new().await;
    copy(&world.home.path().join("whole"), &world.folder);
    let path = world.folder.join("2026-11-29-000000000001.root");
    let text = fs::read_to_string(&path).unwrap();
    let root = audit::root::SignedRoot::read(&text).unwrap().root;
    fs::write(&path, text + &RootKey::new(&[9; 32]).sign(&root)).unwrap();
    let report = verified(&world.folder);
    let roots = [("2026-11-29".to_owned(), 1), ("2026-11-30".to_owned(), 0)];
    assert_eq!((report.roots, report.faults), (roots.to_vec(), vec![]));
}
