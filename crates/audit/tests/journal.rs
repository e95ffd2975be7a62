//! What the journal promises: what was answered for is there, whatever happens.

#![allow(clippy::unwrap_used, reason = "a panic names the line")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use audit::testutil::Lossy;
use audit::{Disk, Error, Fault, Journal};
use common::{BEGIN, DAY, entry, key, logs, open, purposes, verified};

#[tokio::test]
async fn what_is_noted_is_there_in_order_and_goes_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    for life in 0..3 {
        let journal = open(folder.path(), BEGIN);
        for number in 0..5 {
            // Each life begins with an entry of its own.
            let noted = journal.note(entry(life * 5 + number)).await.unwrap();
            assert_eq!(noted, life * 6 + number + 2);
        }
    }
    let report = verified(folder.path());
    assert_eq!((report.entries, report.span, report.faults), (18, Some((1, 18)), vec![]));
    let expected: Vec<_> = (0..15).filter_map(|number| entry(number).purpose).collect();
    assert_eq!(purposes(folder.path()), expected);
}

#[tokio::test]
async fn what_comes_while_the_disk_syncs_goes_together() {
    let folder = tempfile::tempdir().unwrap();
    let lossy = Arc::new(Lossy::default());
    let journal = Journal::open(folder.path(), Disk::Lossy(lossy.clone()), key(), BEGIN).unwrap();
    let before = lossy.syncs();
    let stall = lossy.stall();
    let mut notes: Vec<_> = (0..500).map(|number| Box::pin(journal.note(entry(number)))).collect();
    for note in &mut notes {
        assert!(futures::poll!(note).is_pending());
    }
    drop(stall);
    for (number, note) in notes.into_iter().enumerate() {
        assert_eq!(note.await.unwrap(), number as u64 + 2);
    }
    // What had come before the disk was asked, and all the rest.
    let syncs = lossy.syncs() - before;
    assert!((1..=2).contains(&syncs), "{syncs}");
    assert_eq!(verified(folder.path()).faults, []);
}

#[tokio::test]
async fn what_nobody_waits_for_is_there_in_the_order_it_was_given() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path(), BEGIN);
    for number in 0..10 {
        journal.jot(entry(number)).unwrap();
    }
    journal.flush().await.unwrap();
    let expected: Vec<_> = (0..10).filter_map(|number| entry(number).purpose).collect();
    assert_eq!(purposes(folder.path()), expected);
}

#[tokio::test]
async fn an_act_whose_entry_the_disk_refuses_is_refused_and_leaves_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let lossy = Arc::new(Lossy::default());
    let journal = Journal::open(folder.path(), Disk::Lossy(lossy.clone()), key(), BEGIN).unwrap();
    journal.note(entry(1)).await.unwrap();
    lossy.fail_next_sync();
    let refusal = journal.note(entry(2)).await.unwrap_err();
    assert!(matches!(refusal, Error::Disk { doing: "sync", .. }), "{refusal}");
    journal.note(entry(3)).await.unwrap();
    // Half a line fits, and is taken back.
    lossy.leave_room(Some(100));
    let refusal = journal.note(entry(4)).await.unwrap_err().to_string();
    assert!(refusal.starts_with("the audit journal cannot be kept: cannot write to "), "{refusal}");
    lossy.leave_room(None);
    journal.note(entry(5)).await.unwrap();
    let kept: Vec<_> = [1, 3, 5].into_iter().filter_map(|number| entry(number).purpose).collect();
    assert_eq!(purposes(folder.path()), kept);
    assert_eq!(verified(folder.path()).faults, []);
}

#[tokio::test]
async fn a_journal_that_cannot_be_begun_is_begun_once_it_can_be() {
    let folder = tempfile::tempdir().unwrap();
    let lossy = Arc::new(Lossy::default());
    lossy.leave_room(Some(10));
    let journal = Journal::open(folder.path(), Disk::Lossy(lossy.clone()), key(), BEGIN).unwrap();
    journal.note(entry(1)).await.unwrap_err();
    lossy.leave_room(None);
    assert_eq!(journal.note(entry(2)).await.unwrap(), 2);
    assert_eq!(journal.note(entry(3)).await.unwrap(), 3);
    let report = verified(folder.path());
    assert_eq!((report.entries, report.faults), (3, vec![]));
    let text = fs::read_to_string(&logs(folder.path())[0]).unwrap();
    assert!(text.lines().next().unwrap().contains(r#""act":"start""#), "{text}");
}

#[tokio::test]
async fn after_a_power_cut_all_is_there_that_was_answered_for() {
    for zeros in [0, 1, 4096] {
        let folder = tempfile::tempdir().unwrap();
        let (mut answered, mut opened) = (0, 0);
        for life in 0..6 {
            let lossy = Arc::new(Lossy::default());
            let disk = Disk::Lossy(lossy.clone());
            let journal = Journal::open(folder.path(), disk, key(), BEGIN).unwrap();
            opened += 1;
            for number in 0..life * 3 {
                answered = journal.note(entry(number)).await.unwrap();
            }
            // The head may be any that was there before.
            let head = fs::read(folder.path().join("head")).unwrap();
            answered = answered.max(journal.note(entry(100)).await.unwrap());
            let stall = lossy.stall();
            let mut lost = Box::pin(journal.note(entry(200)));
            assert!(futures::poll!(&mut lost).is_pending());
            lossy.cut_power(zeros).unwrap();
            fs::write(folder.path().join("head"), head).unwrap();
            // What the dead program would still write is not on this disk.
            let seen = copied(folder.path());
            drop(stall);
            journal.flush().await.unwrap();
            drop(lost);
            drop(journal);
            for (path, bytes) in seen {
                fs::write(path, bytes).unwrap();
            }
        }
        let report = verified(folder.path());
        assert_eq!((report.faults, opened), (vec![], 6));
        assert!(report.span.unwrap().1 >= answered);
    }
}

/// What is in a folder's files at this moment.
fn copied(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| (path.clone(), fs::read(&path).unwrap())).collect()
}

/// Where the child of the next test keeps its journal.
const CHILD: &str = "KHUE_AUDIT_FOLDER";

/// Notes until it is killed.
async fn note_on(folder: &Path) {
    let journal = open(folder, BEGIN);
    for number in 0.. {
        let noted = journal.note(entry(number)).await.unwrap();
        println!("noted {noted}");
        std::io::stdout().flush().unwrap();
    }
}

/// Starts itself as the child that is killed.
#[tokio::test]
async fn after_a_kill_all_is_there_that_was_answered_for() {
    if let Some(folder) = std::env::var_os(CHILD) {
        return note_on(folder.as_ref()).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut answered = 0;
    for life in 0..8 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "after_a_kill_all_is_there_that_was_answered_for"])
            .env(CHILD, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let noted = lines.filter_map(|line| line.strip_prefix("noted ")?.parse::<u64>().ok());
        answered = noted.take(1 + 7 * life).last().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let report = verified(folder.path());
        assert_eq!(report.faults, []);
        assert!(report.span.unwrap().1 >= answered);
    }
    assert!(answered > 8);
}

#[tokio::test]
async fn a_day_that_is_over_has_a_root_and_a_clock_that_is_set_back_begins_none() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path(), BEGIN);
    journal.note(entry(1)).await.unwrap();
    let mut later = entry(2);
    later.at = BEGIN.plus(DAY);
    journal.note(later).await.unwrap();
    journal.note(entry(3)).await.unwrap();
    assert_eq!(logs(folder.path()).len(), 2);
    // Also where nothing is done on the day after.
    journal.turn(BEGIN.plus(3 * DAY)).await.unwrap();
    journal.turn(BEGIN.plus(3 * DAY)).await.unwrap();
    let report = verified(folder.path());
    let days = ["2026-11-29", "2026-11-30"].map(|day| (day.to_owned(), 0));
    assert_eq!((report.roots, report.faults), (days.to_vec(), vec![]));
    // A restart with the clock set back goes on behind what is there.
    drop(journal);
    open(folder.path(), BEGIN).note(entry(4)).await.unwrap();
    open(folder.path(), BEGIN.plus(4 * DAY)).note(entry(5)).await.unwrap();
    let report = verified(folder.path());
    assert_eq!((report.entries, report.faults), (8, vec![]));
}

#[tokio::test]
async fn entries_that_were_taken_away_are_noticed_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path(), BEGIN);
    for number in 0..9 {
        journal.note(entry(number)).await.unwrap();
    }
    drop(journal);
    let log = &logs(folder.path())[0];
    let text = fs::read_to_string(log).unwrap();
    let kept: String = text.split_inclusive('\n').take(7).collect();
    fs::write(log, kept).unwrap();
    assert_eq!(verified(folder.path()).faults, [Fault::Missing(8, 10)]);
    let journal = open(folder.path(), BEGIN);
    assert_eq!(journal.note(entry(10)).await.unwrap(), 13);
    // The journal goes on, and what is missing stays missing.
    let report = verified(folder.path());
    assert_eq!((report.entries, report.faults), (10, vec![Fault::Missing(8, 10)]));
    let last = fs::read_to_string(&logs(folder.path())[1]).unwrap();
    assert!(last.lines().nth(1).unwrap().contains(r#""act":"damage""#), "{last}");
}
