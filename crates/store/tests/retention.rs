//! Retention really deletes, holds stand above it, and both outlive the index.

#![allow(clippy::unwrap_used, reason = "a panic names the line")]

mod common;

use std::collections::HashMap;

use base::WallTime;
use common::{BEGIN, Camera, Home, all_time, assert_holds, files, recorded, span};
use store::testutil::Act;
use store::{Disk, Holds, Retention, Rule, Store, StoreError};

const DAY_US: i64 = 86_400_000_000;

fn days(camera: &Camera, days: u32) -> HashMap<base::StreamId, Retention> {
    [(camera.stream, Retention { days: Some(days), bytes: None })].into()
}

/// Records 20 s on each of several days.
async fn record(store: &Store, camera: &Camera, on: std::ops::Range<i64>) {
    let mut writer = store.writer(camera.stream);
    for day in on {
        let camera = on_day(camera, day);
        writer.push(&camera.frames(0..500));
        writer.end_run(store::GapReason::Disabled, camera.wall(500));
    }
    drop(writer);
    store.sync().await;
}

/// The camera on another day: its frames are others, too.
fn on_day(camera: &Camera, day: i64) -> Camera {
    let begin = WallTime(camera.begin.0 + day * DAY_US);
    Camera { begin, seed: camera.seed + 1000 * day as u64, ..camera.clone() }
}

/// Returns whether any file of the store holds these bytes.
fn is_anywhere(home: &Home, bytes: &[u8]) -> bool {
    files(home.root()).iter().any(|file| {
        let held = std::fs::read(file).unwrap();
        held.windows(bytes.len()).any(|window| window == bytes)
    })
}

#[tokio::test]
async fn after_expiry_no_byte_remains() {
    let home = Home::new();
    let store = home.open().await;
    store.set_holds(Holds::default());
    let camera = Camera::new(1);
    record(&store, &camera, 0..3).await;
    store.set_retention(days(&camera, 1));
    let gone = on_day(&camera, 0).frames(0..500);
    let kept = on_day(&camera, 2).frames(0..500);
    assert!(gone.iter().step_by(50).all(|frame| is_anywhere(&home, &frame.data)));
    let now = WallTime(camera.begin.0 + 2 * DAY_US + DAY_US / 2);
    let expired = store.expire(now).unwrap();
    assert!(expired.segments >= 6 && expired.size_bytes > 0);
    assert!(!gone.iter().step_by(20).any(|frame| is_anywhere(&home, &frame.data)));
    assert!(kept.iter().step_by(50).all(|frame| is_anywhere(&home, &frame.data)));
    // The folders of the days went with them.
    let folder = home.root().join("streams").join(camera.stream.to_string());
    let left: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
    // And the step finds nothing more to do.
    assert_eq!(store.expire(now).unwrap(), store::Expired::default());
    store.close().await;
    for file in files(home.root()) {
        assert_ne!(file.extension().and_then(|tail| tail.to_str()), Some("new"));
    }
}

#[tokio::test]
async fn a_held_span_stays_and_all_of_it_outlives_the_index() {
    let home = Home::new();
    let store = home.open().await;
    let camera = Camera::new(2);
    record(&store, &camera, 0..4).await;
    let held = on_day(&camera, 1);
    let hold = span(held.wall(100), held.wall(101));
    store.set_holds([(camera.stream, hold)].into_iter().collect());
    store.set_retention(days(&camera, 1));
    let now = WallTime(camera.begin.0 + 3 * DAY_US + DAY_US / 2);
    store.expire(now).unwrap();
    let check = |store: &Store| {
        // The segment that the hold touches is whole.
        let frames = recorded(store, camera.stream);
        let frame = held.frame(100);
        assert_eq!(frames.get(&frame.wall), Some(&frame.data));
        let answer = store.timeline(camera.stream, span(camera.wall(0), now));
        let run = answer.runs.iter().find(|run| run.contains(frame.wall)).unwrap();
        assert!(run.start() <= hold.start() && run.end() >= hold.end());
        assert!(answer.deleted.len() >= 3, "{answer:?}");
        assert!(answer.deleted.iter().all(|gone| gone.rule == Rule::Age));
        let account = store.account(camera.stream, span(camera.wall(0), now));
        assert!(account.deleted > std::time::Duration::from_secs(40));
        answer
    };
    let before = check(&store);
    store.close().await;
    let rebuilt = Store::rebuild(home.root(), Disk::Real).await.unwrap();
    assert_eq!(rebuilt.segments as usize, home.segments().len());
    assert_eq!((rebuilt.cut, rebuilt.removed), (0, 0));
    let store = home.open().await;
    assert_eq!(check(&store), before);
    // A recorder that has just started knows of no hold, and touches nothing.
    store.set_retention(days(&camera, 0));
    assert!(matches!(store.expire(now), Err(StoreError::HoldsUnknown)));
    assert_eq!(check(&store), before);
    store.set_holds([(camera.stream, hold)].into_iter().collect());
    store.expire(WallTime(now.0 + 9 * DAY_US)).unwrap();
    assert!(recorded(&store, camera.stream).contains_key(&held.wall(100)));
    assert_eq!(home.segments().len(), 1);
    store.close().await;
}

#[tokio::test]
async fn bytes_are_a_ceiling_for_a_stream_and_for_the_store() {
    let mut home = Home::new();
    home.config.ceiling_bytes = Some(1_500_000);
    let store = home.open().await;
    store.set_holds(Holds::default());
    let (small, large) = (Camera::new(3), Camera::new(4));
    let own = Retention { days: None, bytes: Some(200_000) };
    store.set_retention([(small.stream, own)].into());
    for day in 0..12 {
        record(&store, &small, day..day + 1).await;
        record(&store, &large, day..day + 1).await;
        store.expire(WallTime(small.begin.0 + day * DAY_US)).unwrap();
        let status = store.status();
        assert!(status.used_bytes <= 1_500_000, "{}", status.used_bytes);
        assert!(status.streams[&small.stream].used_bytes <= 200_000);
        let on_disk: u64 = home.segments().iter().map(|file| file.metadata().unwrap().len()).sum();
        assert_eq!(status.used_bytes, on_disk);
    }
    let rules = |camera: &Camera| {
        let answer = store.timeline(camera.stream, all_time());
        answer.deleted.iter().map(|gone| gone.rule).collect::<std::collections::BTreeSet<_>>()
    };
    assert!(rules(&small).contains(&Rule::StreamBytes));
    assert_eq!(rules(&large), [Rule::Ceiling].into());
    // Newest first is what stays.
    let newest = on_day(&large, 11).frame(499);
    assert_eq!(recorded(&store, large.stream).get(&newest.wall), Some(&newest.data));
    store.close().await;
}

#[tokio::test]
async fn an_open_segment_is_never_expired() {
    let mut home = Home::new();
    home.config.segment_s = 600;
    let store = home.open().await;
    store.set_holds(Holds::default());
    let camera = Camera::new(5);
    store.set_retention([(camera.stream, Retention { days: Some(0), bytes: Some(0) })].into());
    let mut writer = store.writer(camera.stream);
    writer.push(&camera.frames(0..101));
    store.sync().await;
    let now = WallTime(camera.begin.0 + DAY_US);
    assert_eq!(store.expire(now).unwrap().segments, 0);
    assert_holds(&store, &camera, 0..100);
    drop(writer);
    store.sync().await;
    assert_eq!(store.expire(now).unwrap().segments, 1);
    assert!(recorded(&store, camera.stream).is_empty());
    store.close().await;
}

#[tokio::test]
async fn a_deletion_that_the_power_cut_short_is_done_again() {
    for seed in 0..12 {
        let home = Home::new();
        let store = home.open().await;
        let camera = Camera::new(6);
        record(&store, &camera, 0..3).await;
        store.close().await;
        drop(store);
        let lossy = home.lossy();
        let store = home.open_on(Disk::Lossy(lossy.clone())).await;
        store.set_holds(Holds::default());
        store.set_retention(days(&camera, 1));
        let now = WallTime(camera.begin.0 + 2 * DAY_US + DAY_US / 2);
        store.expire(now).unwrap();
        lossy.cut_power(seed).unwrap();
        drop(store);
        let store = home.open().await;
        // What was deleted stays deleted: the step returned when it was for good.
        let answer = store.timeline(camera.stream, span(camera.wall(0), now));
        assert_eq!(answer.runs.len(), 1);
        assert!(answer.deleted.iter().all(|gone| gone.rule == Rule::Age));
        assert_eq!(answer.deleted.len(), 2);
        store.close().await;
    }
}

/// The first segment of a camera's recording, where it lies.
fn oldest(home: &Home, camera: &Camera) -> std::path::PathBuf {
    let id = camera.stream.to_string();
    home.segments().into_iter().find(|file| file.display().to_string().contains(&id)).unwrap()
}

fn bytes_on_disk(home: &Home) -> u64 {
    home.segments().iter().map(|file| file.metadata().unwrap().len()).sum()
}

#[tokio::test]
async fn a_file_that_will_not_go_stops_no_other_and_is_tried_again() {
    let home = Home::new();
    let lossy = home.lossy();
    let store = home.open_on(Disk::Lossy(lossy.clone())).await;
    store.set_holds(Holds::default());
    let (a, b) = (Camera::new(7), Camera::new(8));
    record(&store, &a, 0..3).await;
    record(&store, &b, 0..3).await;
    store.set_retention(days(&a, 1).into_iter().chain(days(&b, 1)).collect());
    let now = WallTime(a.begin.0 + 2 * DAY_US + DAY_US / 2);
    let stuck = oldest(&home, &a);
    lossy.faults().refuse(Act::Unlink, &stuck);
    let noted = || {
        files(home.root())
            .iter()
            .filter(|file| file.ends_with("facts.journal"))
            .map(|file| file.metadata().unwrap().len())
            .sum::<u64>()
    };
    let refusal = store.expire(now).unwrap_err().to_string();
    assert!(refusal.starts_with(&format!("cannot delete {}", stuck.display())), "{refusal}");
    let after = noted();
    for _ in 0..2 {
        // All that is due of both is gone but for the one, which is told truly.
        for (camera, runs) in [(&a, 2), (&b, 1)] {
            let answer = store.timeline(camera.stream, span(camera.wall(0), now));
            assert_eq!(answer.runs.len(), runs, "{answer:?}");
        }
        assert_eq!(recorded(&store, a.stream).get(&a.wall(0)), Some(&a.frame(0).data));
        assert_eq!(store.status().used_bytes, bytes_on_disk(&home));
        assert!(store.expire(now).is_err());
        assert_eq!(noted(), after, "nothing is noted twice");
    }
    lossy.faults().mend();
    assert_eq!(store.expire(now).unwrap().segments, 1);
    assert!(!stuck.exists());
    assert_eq!(store.timeline(a.stream, span(a.wall(0), now)).runs.len(), 1);
    store.close().await;
}

#[tokio::test]
async fn a_journal_that_takes_no_note_keeps_its_own_stream_and_no_other() {
    let home = Home::new();
    let lossy = home.lossy();
    let store = home.open_on(Disk::Lossy(lossy.clone())).await;
    store.set_holds(Holds::default());
    let cameras: Vec<_> = (10..16).map(Camera::new).collect();
    for camera in &cameras {
        record(&store, camera, 0..2).await;
    }
    store.set_retention(cameras.iter().flat_map(|camera| days(camera, 1)).collect());
    let journal = home.root().join(format!("streams/{}/facts.journal", cameras[0].stream));
    lossy.faults().refuse(Act::Append, &journal);
    let now = WallTime(BEGIN.0 + DAY_US + DAY_US / 2);
    let refusal = store.expire(now).unwrap_err().to_string();
    assert!(refusal.starts_with("cannot note a deletion in"), "{refusal}");
    let runs = |camera: &Camera| store.timeline(camera.stream, span(BEGIN, now)).runs.len();
    assert_eq!(cameras.iter().map(runs).collect::<Vec<_>>(), [2, 1, 1, 1, 1, 1]);
    lossy.faults().mend();
    store.expire(now).unwrap();
    assert_eq!(runs(&cameras[0]), 1);
    store.close().await;
}

#[tokio::test]
async fn room_is_made_elsewhere_where_the_oldest_will_not_go() {
    for act in [Act::Unlink, Act::Append] {
        let mut home = Home::new();
        home.config.ceiling_bytes = Some(1_500_000);
        let lossy = home.lossy();
        let store = home.open_on(Disk::Lossy(lossy.clone())).await;
        store.set_holds(Holds::default());
        let (stubborn, other) = (Camera::new(20), Camera::new(21));
        record(&store, &stubborn, 0..1).await;
        let first = oldest(&home, &stubborn);
        let journal = first.parent().unwrap().with_file_name("facts.journal");
        lossy.faults().refuse(act, if act == Act::Unlink { &first } else { &journal });
        for day in 1..16 {
            record(&store, &other, day..day + 1).await;
            assert!(store.status().used_bytes <= 1_500_000, "{act:?} on day {day}");
        }
        assert!(first.exists());
        assert_eq!(store.status().used_bytes, bytes_on_disk(&home));
        let newest = on_day(&other, 15).frame(499);
        assert_eq!(recorded(&store, other.stream).get(&newest.wall), Some(&newest.data));
        store.close().await;
    }
}
