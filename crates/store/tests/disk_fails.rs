//! The disk fails in one thing and goes on with the rest: a sync that lost what
//! it covered, a folder that is gone, a write that takes its time.

#![allow(clippy::unwrap_used, reason = "a panic names the line")]

mod common;

use std::collections::HashMap;
use std::sync::mpsc;
use std::time::Duration;

use base::{Span, WallTime};
use common::{Camera, Home, recorded};
use store::{Disk, GapReason, Holds, Retention, Store};

/// A home whose rounds come when a test asks for them.
fn home() -> Home {
    let mut home = Home::new();
    home.config.sync_every_ms = 3_600_000;
    home
}

/// Pushes a camera's frames, ends its run, and returns when all is written and
/// nothing of it synced.
async fn written(store: &Store, camera: &Camera, numbers: std::ops::Range<u64>) {
    let end = end(camera, numbers.end);
    let mut writer = store.writer(camera.stream);
    writer.push(&camera.frames(numbers));
    writer.end_run(GapReason::Disabled, end);
    loop {
        let status = store.status();
        let stream = status.streams.get(&camera.stream);
        if stream.is_some_and(|stream| stream.last == Some(end) && !stream.recording) {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// When a run of so many frames ends: before the next would have come.
fn end(camera: &Camera, count: u64) -> WallTime {
    WallTime(camera.wall(count - 1).0 + 30_000)
}

/// Asserts that after a power cut everything is there that was promised.
async fn keeps_its_word(home: &Home, promised: &[(Camera, Option<WallTime>)]) {
    let store = home.open().await;
    for (camera, synced) in promised {
        let held = recorded(&store, camera.stream);
        let given = (0..).map(|number| camera.frame(number));
        for frame in given.take_while(|frame| Some(frame.wall) < *synced) {
            assert!(held.get(&frame.wall) == Some(&frame.data), "a frame below the watermark");
        }
    }
    store.close().await;
}

fn promised(store: &Store, cameras: &[Camera]) -> Vec<(Camera, Option<WallTime>)> {
    let promised = |camera: &Camera| (camera.clone(), store.synced(camera.stream));
    cameras.iter().map(promised).collect()
}

#[tokio::test]
async fn a_watermark_never_passes_what_a_failed_sync_lost() {
    // So few that each file is synced, and so many that the file system is.
    for count in [1, 20] {
        let home = home();
        let lossy = home.lossy();
        let store = home.open_on(Disk::Lossy(lossy.clone())).await;
        let cameras: Vec<_> = (0..count).map(Camera::new).collect();
        for camera in &cameras {
            written(&store, camera, 0..100).await;
        }
        store.sync().await;
        let before = promised(&store, &cameras);
        assert!(before.iter().all(|(camera, synced)| *synced == Some(end(camera, 100))));
        for camera in &cameras {
            written(&store, camera, 100..200).await;
        }
        lossy.fail_next_sync();
        for part in 2..5 {
            // From the second round on the disk is as green as ever.
            store.sync().await;
            let now = promised(&store, &cameras);
            assert!(now.iter().map(|(_, at)| at).eq(before.iter().map(|(_, at)| at)), "{count}");
            let failed = store.status().streams.values().filter(|s| s.sync_failed).count();
            assert_eq!(failed as u64, count);
            for camera in &cameras {
                written(&store, camera, part * 100..part * 100 + 100).await;
            }
        }
        lossy.cut_power(count).unwrap();
        drop(store);
        keeps_its_word(&home, &before).await;
    }
}

/// Expiry syncs as well: what it is told must not be lost on the rounds.
#[tokio::test]
async fn a_loss_that_expiry_was_told_of_holds_the_watermarks_back_all_the_same() {
    let home = home();
    let lossy = home.lossy();
    let store = home.open_on(Disk::Lossy(lossy.clone())).await;
    store.set_holds(Holds::default());
    let cameras: Vec<_> = (0..20).map(Camera::new).collect();
    for camera in &cameras {
        written(&store, camera, 0..400).await;
    }
    store.sync().await;
    let before = promised(&store, &cameras);
    for camera in &cameras {
        written(&store, camera, 400..500).await;
    }
    let bytes = Retention { days: None, bytes: Some(1) };
    store.set_retention(cameras.iter().map(|camera| (camera.stream, bytes)).collect());
    lossy.fail_next_sync();
    let refusal = store.expire(cameras[0].wall(500)).unwrap_err().to_string();
    assert!(refusal.starts_with("cannot sync"), "{refusal}");
    store.sync().await;
    let after = promised(&store, &cameras);
    assert!(after.iter().map(|(_, at)| at).eq(before.iter().map(|(_, at)| at)));
    lossy.cut_power(3).unwrap();
    drop(store);
    keeps_its_word(&home, &after).await;
}

#[tokio::test]
async fn a_day_that_expires_before_its_first_round_is_no_failed_sync() {
    let home = home();
    let store = home.open().await;
    store.set_holds(Holds::default());
    let camera = Camera::new(1);
    written(&store, &camera, 0..100).await;
    let at_once = Retention { days: Some(0), bytes: None };
    store.set_retention(HashMap::from([(camera.stream, at_once)]));
    assert_eq!(store.expire(camera.wall(200)).unwrap().segments, 1);
    store.sync().await;
    assert!(!store.status().streams[&camera.stream].sync_failed);
    written(&store, &camera, 300..400).await;
    store.sync().await;
    assert_eq!(store.synced(camera.stream), Some(end(&camera, 400)));
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_pushes_or_asks_never_waits_for_a_trailer_to_be_written() {
    let home = home();
    let lossy = home.lossy();
    let store = home.open_on(Disk::Lossy(lossy.clone())).await;
    let camera = Camera::new(1);
    written(&store, &camera, 0..100).await;
    // The next round syncs the segment and writes its trailer: there it stays.
    let stall = lossy.faults().stall(&home.segments()[0]);
    let round = tokio::spawn({
        let store = store.clone();
        async move { store.sync().await }
    });
    tokio::task::block_in_place(|| stall.until_one_waits());
    assert_eq!(store.synced(camera.stream), Some(end(&camera, 100)));
    let (done, answer) = mpsc::channel();
    let pushing = std::thread::spawn({
        let (store, camera) = (store.clone(), camera.clone());
        move || {
            let mut writer = store.writer(camera.stream);
            writer.push(&camera.frames(200..300));
            let status = store.status();
            let answer = store.timeline(camera.stream, common::all_time());
            drop(writer);
            done.send((status.used_bytes, answer.runs)).unwrap();
        }
    });
    // Long, for a machine that is busy; who waits for the disk waits for ever.
    let answered = tokio::task::block_in_place(|| answer.recv_timeout(Duration::from_secs(20)));
    let (used_bytes, runs) = answered.expect("a writer waits for the disk");
    drop(stall);
    // Behind it there may be what the disk thread has of the new run by then.
    let first = Span::new(camera.wall(0), end(&camera, 100)).unwrap();
    assert_eq!((used_bytes > 0, runs.first()), (true, Some(&first)));
    pushing.join().unwrap();
    round.await.unwrap();
    store.close().await;
    let on_disk: u64 = home.segments().iter().map(|file| file.metadata().unwrap().len()).sum();
    assert_eq!(store.status().used_bytes, on_disk);
}
