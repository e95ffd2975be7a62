//! Entries are found by what they are, page by page, as a plain scan finds them.

#![allow(clippy::unwrap_used, reason = "a panic names the line")]

mod common;

use std::fs;
use std::path::Path;

use audit::chain::Line;
use audit::search::{Filter, Page, search};
use audit::{Act, Entry, Object, Outcome, Who};
use base::{CameraId, Needle, UserId, WallTime};
use common::{BEGIN, DAY, entry, logs, open};
use uuid::Uuid;

const CAMERA: CameraId = CameraId(Uuid::from_u128(7));
const USER: UserId = UserId(Uuid::from_u128(8));

fn varied(number: u64) -> Entry {
    let mut entry = entry(number);
    entry.at = BEGIN.plus(DAY * (number as u32 / 40));
    entry.act = [Act::Live, Act::Playback, Act::Export][number as usize % 3];
    if number.is_multiple_of(4) {
        entry.outcome = Outcome::Refused("forbidden".to_owned());
    }
    let id = if number.is_multiple_of(5) { CAMERA.0 } else { Uuid::nil() };
    entry.object = Some(Object { kind: "camera".to_owned(), id, name: String::new() });
    if number.is_multiple_of(6) {
        entry.purpose = Some("xác minh tai nạn ở Hàng Bài".to_owned());
        entry.details.insert("case".to_owned(), format!("{number}/2026"));
    }
    let user = if number.is_multiple_of(7) { USER } else { UserId(Uuid::nil()) };
    entry.who = Some(Who { user, name: "truc".to_owned(), sign_in: None });
    entry
}

/// Every page, of so many entries at most.
fn pages(folder: &Path, filter: &Filter, most: usize) -> Vec<Line> {
    let (mut found, mut place) = (Vec::new(), None);
    loop {
        let Page { lines, next } = search(folder, filter, |_| true, place, most).unwrap();
        assert!(lines.len() <= most);
        found.extend(lines);
        match next {
            Some(next) => place = Some(next),
            None => return found,
        }
    }
}

#[tokio::test]
async fn pages_together_are_what_a_scan_finds() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path(), BEGIN);
    for number in 0..150 {
        journal.jot(varied(number)).unwrap();
        // A flush each, so that days begin where they do.
        journal.flush().await.unwrap();
    }
    assert_eq!(logs(folder.path()).len(), 4);
    let text: String =
        logs(folder.path()).iter().map(|log| fs::read_to_string(log).unwrap()).collect();
    let mut all: Vec<_> = text.lines().map(|line| Line::read(line.as_bytes()).unwrap()).collect();
    all.reverse();
    let day = |number: u32| Some(BEGIN.plus(DAY * number));
    let filters = [
        Filter::default(),
        Filter { acts: vec![Act::Export, Act::Start], ..Filter::default() },
        Filter { user: Some(USER), ..Filter::default() },
        Filter { camera: Some(CAMERA), refused: true, ..Filter::default() },
        Filter { from: day(1), to: day(2), ..Filter::default() },
        Filter { from: day(9), ..Filter::default() },
        Filter { to: Some(WallTime(0)), ..Filter::default() },
        Filter { text: Needle::new("tai nan hang bai"), ..Filter::default() },
        Filter { text: Needle::new("truc 12/2026"), ..Filter::default() },
    ];
    for filter in filters {
        let scanned: Vec<_> =
            all.iter().filter(|line| filter.takes(&line.entry)).cloned().collect();
        for most in [1, 7, 1000] {
            assert_eq!(pages(folder.path(), &filter, most), scanned, "{filter:?}");
        }
    }
}

#[tokio::test]
async fn words_are_found_in_all_that_is_said_however_they_are_typed() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path(), BEGIN);
    for number in 0..50 {
        journal.jot(varied(number)).unwrap();
    }
    journal.flush().await.unwrap();
    let found = |text: &str| {
        let filter = Filter { text: Needle::new(text), ..Filter::default() };
        let lines = pages(folder.path(), &filter, 3);
        lines.iter().map(|line| line.entry.details["case"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(found("18/2026"), ["18/2026"]);
    assert_eq!(found("TRỰC xac minh 42/"), ["42/2026"]);
    assert_eq!(found("hang bai").len(), 9);
    assert_eq!(found("hang dao"), [""; 0]);
}

/// What may not be told leaves no trace in where a page ends either.
#[tokio::test]
async fn what_may_not_be_told_is_as_if_it_were_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path(), BEGIN);
    for number in 0..50 {
        journal.jot(varied(number)).unwrap();
    }
    journal.flush().await.unwrap();
    let tells = |entry: &Entry| entry.act != Act::Export;
    let filter = Filter { acts: vec![Act::Export], ..Filter::default() };
    let page = search(folder.path(), &filter, tells, None, 1).unwrap();
    assert_eq!(page, Page::default());
    let page = search(folder.path(), &Filter::default(), tells, None, 10).unwrap();
    assert_eq!(page.lines.len(), 10, "a page is as long as it is without them");
    assert!(page.lines.iter().all(|line| tells(&line.entry)));
}

#[tokio::test]
async fn entries_that_do_not_fit_a_block_are_found_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path(), BEGIN);
    for number in 0..20 {
        let mut entry = entry(number);
        let detail = |at: u64| (format!("{at}"), "dài".repeat(300));
        entry.details = (0..40 * number).map(detail).collect();
        journal.note(entry).await.unwrap();
    }
    let found = pages(folder.path(), &Filter::default(), 3);
    let numbers: Vec<_> = found.iter().map(|line| line.link.n).collect();
    assert_eq!(numbers, (1..=21).rev().collect::<Vec<_>>());
}
