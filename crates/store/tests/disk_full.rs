//! The disk is full: the oldest goes first, never a held one; if nothing may
//! go, recording pauses, says so, and goes on when there is room.

#![allow(clippy::unwrap_used, reason = "a panic names the line")]

mod common;

use std::path::Path;
use std::process::Command;

use common::{Camera, Home, all_time, assert_holds, pieces, recorded, span};
use store::{Disk, GapReason, Holds, Piece, Rule, Store};

/// A file system of its own in memory, gone with the test.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// Returns nothing where `KHUE_NO_MOUNT` says that this machine mounts nothing
    /// for its user; else a disk that cannot be had is a failure.
    fn mount(megabytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder.path())
            .output();
        match mounted {
            Ok(done) if done.status.success() => Some(Self(folder)),
            refused => {
                assert!(
                    std::env::var_os("KHUE_NO_MOUNT").is_some(),
                    "no small disk is to be had: run as root or under `unshare -Urm`, or set \
                     KHUE_NO_MOUNT to do without what this shows: {refused:?}"
                );
                None
            }
        }
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let done = Command::new("umount").arg("-l").arg(self.0.path()).status();
        assert!(done.is_ok_and(|status| status.success()));
    }
}

/// A home on a small disk, with 50 kB a frame's second.
fn home(disk: &SmallDisk) -> Home {
    let mut home = Home::new();
    home.config.root = disk.path().join("store");
    home.config.reserve_bytes = 2 << 20;
    home.config.segment_bytes = 1 << 20;
    home
}

fn camera(number: u64) -> Camera {
    Camera { size: 8000, ..Camera::new(number) }
}

/// Pushes as a camera would whose disk keeps up.
async fn push(
    store: &Store,
    writer: &mut store::Writer,
    camera: &Camera,
    numbers: std::ops::Range<u64>,
) {
    for second in numbers.clone().step_by(25) {
        writer.push(&camera.frames(second..numbers.end.min(second + 25)));
        if second % 250 == 0 {
            store.sync().await;
        }
    }
    store.sync().await;
}

#[tokio::test]
async fn the_oldest_makes_room_for_the_newest_and_is_noted() {
    let Some(disk) = SmallDisk::mount(16) else { return };
    let home = home(&disk);
    let store = home.open().await;
    store.set_holds(Holds::default());
    let (a, b) = (camera(1), camera(2));
    let (mut to_a, mut to_b) = (store.writer(a.stream), store.writer(b.stream));
    for part in 0..10 {
        // 50 s of both, 10 MB: five times the disk in all.
        push(&store, &mut to_a, &a, part * 625..(part + 1) * 625).await;
        push(&store, &mut to_b, &b, part * 625..(part + 1) * 625).await;
    }
    drop((to_a, to_b));
    store.sync().await;
    assert!(!store.status().full);
    for camera in [&a, &b] {
        let answer = store.timeline(camera.stream, span(camera.wall(0), camera.wall(6249)));
        assert_eq!(answer.gaps, [], "nothing was lost but by rule");
        assert_eq!(answer.deleted.len(), 1);
        assert_eq!(answer.deleted[0].rule, Rule::DiskFull);
        assert_eq!(answer.deleted[0].span.start(), camera.wall(0));
        assert_eq!(answer.runs.len(), 1);
        let held = recorded(&store, camera.stream);
        let from = (0..6250).find(|number| camera.wall(*number) == *held.keys().next().unwrap());
        assert_holds(&store, camera, from.unwrap()..6250);
    }
    store.close().await;
    // A day still adds up after the index is made anew.
    Store::rebuild(home.root(), Disk::Real).await.unwrap();
    let store = home.open().await;
    let asked = span(a.wall(0), a.wall(6249));
    let account = store.account(a.stream, asked);
    assert_eq!(account.recorded + account.deleted, asked.duration());
    store.close().await;
}

#[tokio::test]
async fn what_is_held_stays_recording_pauses_and_goes_on_when_there_is_room() {
    let Some(disk) = SmallDisk::mount(8) else { return };
    let home = home(&disk);
    let store = home.open().await;
    let camera = camera(3);
    store.set_holds([(camera.stream, all_time())].into_iter().collect());
    let mut writer = store.writer(camera.stream);
    push(&store, &mut writer, &camera, 0..4000).await;
    let status = store.status();
    assert!(status.full && status.streams[&camera.stream].dropped_fragments > 0);
    let answer = store.timeline(camera.stream, span(camera.wall(0), camera.wall(3999)));
    assert_eq!(answer.deleted, []);
    assert_eq!(answer.gaps.len(), 1);
    assert_eq!(answer.gaps[0].reason, GapReason::DiskFull);
    let before = recorded(&store, camera.stream);
    let held = before.len() as u64;
    assert_holds(&store, &camera, 0..held);
    // The hold is released: the next round makes room, the next keyframe uses it.
    store.set_holds(Holds::default());
    store.sync().await;
    assert!(!store.status().full);
    push(&store, &mut writer, &camera, 4000..4200).await;
    drop(writer);
    store.sync().await;
    // The GOP that was coming in when room was made is the first to use it.
    let answer = store.timeline(camera.stream, span(camera.wall(3975), camera.wall(4199)));
    assert_eq!(answer.runs, [span(camera.wall(3975), camera.wall(4199))]);
    store.close().await;
}

#[tokio::test]
async fn without_holds_known_nothing_goes_even_from_a_full_disk() {
    let Some(disk) = SmallDisk::mount(8) else { return };
    let home = home(&disk);
    let store = home.open().await;
    let camera = camera(4);
    let mut writer = store.writer(camera.stream);
    push(&store, &mut writer, &camera, 0..4000).await;
    drop(writer);
    assert!(store.status().full);
    let held = recorded(&store, camera.stream).len() as u64;
    assert_holds(&store, &camera, 0..held);
    store.close().await;
    let store = home.open().await;
    assert_holds(&store, &camera, 0..held);
    store.close().await;
}

/// Somebody else fills the disk to the last byte, reserve and all.
#[tokio::test]
async fn a_disk_that_others_filled_to_the_brim_can_still_be_relieved() {
    let Some(disk) = SmallDisk::mount(12) else { return };
    let home = home(&disk);
    let store = home.open().await;
    let camera = camera(5);
    let mut writer = store.writer(camera.stream);
    push(&store, &mut writer, &camera, 0..1500).await;
    let other = disk.path().join("other");
    let filled =
        std::io::copy(&mut std::io::repeat(7), &mut std::fs::File::create(&other).unwrap());
    assert!(filled.is_err(), "the disk is full");
    push(&store, &mut writer, &camera, 1500..1600).await;
    assert!(store.status().full);
    // Deleting needs a note, and the note needs room: that is what ballast is for.
    store.set_holds(Holds::default());
    store.sync().await;
    push(&store, &mut writer, &camera, 1600..1700).await;
    drop(writer);
    store.sync().await;
    let answer = store.timeline(camera.stream, span(camera.wall(0), camera.wall(1699)));
    assert_eq!(answer.deleted[0].rule, Rule::DiskFull);
    assert!(answer.gaps.iter().any(|gap| gap.reason == GapReason::DiskFull), "{answer:?}");
    assert_eq!(answer.runs.last().unwrap().end(), camera.wall(1699));
    store.close().await;
    let store = home.open().await;
    assert_eq!(store.timeline(camera.stream, span(camera.wall(0), camera.wall(1699))), answer);
    store.close().await;
}

/// The disk refuses in the middle of a fragment, at every place in turn.
#[tokio::test]
async fn half_a_fragment_is_never_left_behind() {
    for room in (0..60_000).step_by(1777) {
        let home = Home::new();
        let lossy = home.lossy();
        let store = home.open_on(Disk::Lossy(lossy.clone())).await;
        let camera = Camera::new(6);
        let mut writer = store.writer(camera.stream);
        writer.push(&camera.frames(0..100));
        store.sync().await;
        lossy.set_room(Some(room));
        writer.push(&camera.frames(100..400));
        store.sync().await;
        assert!(store.status().full, "{room}");
        lossy.set_room(None);
        store.sync().await;
        writer.push(&camera.frames(400..500));
        drop(writer);
        store.sync().await;
        let check = |store: &Store| {
            let held = recorded(store, camera.stream);
            for number in (0..75).chain(425..500) {
                let frame = camera.frame(number);
                assert_eq!(held.get(&frame.wall), Some(&frame.data), "{room}: {number}");
            }
            let pieces = pieces(store, camera.stream, camera.wall(0));
            let gaps = pieces.iter().filter_map(|piece| match piece {
                Piece::Gap(gap) => Some(gap.reason),
                _ => None,
            });
            assert_eq!(gaps.collect::<Vec<_>>(), [GapReason::DiskFull], "{room}");
        };
        check(&store);
        store.close().await;
        home.forget_index();
        let store = home.open().await;
        check(&store);
        store.close().await;
    }
}

/// Somebody else made the room between the count and the question for it.
#[tokio::test]
async fn room_that_is_there_already_is_taken_and_nothing_is_deleted_for_it() {
    // With nothing closed that could go, and with something that could.
    for before in [60, 600] {
        let mut home = Home::new();
        home.config.sync_every_ms = 3_600_000; // room is counted when the test says so
        let lossy = home.lossy();
        let store = home.open_on(Disk::Lossy(lossy.clone())).await;
        store.set_holds(Holds::default());
        let camera = Camera::new(8);
        let mut writer = store.writer(camera.stream);
        writer.push(&camera.frames(0..before));
        store.sync().await;
        lossy.set_room(Some(1000));
        store.sync().await; // counts
        lossy.set_room(Some(1 << 20));
        writer.push(&camera.frames(before..before + 100));
        drop(writer);
        store.sync().await;
        assert!(!store.status().full);
        assert_holds(&store, &camera, 0..before + 100);
        store.close().await;
    }
}

/// A quota: the disk refuses where its figures promise room.
#[tokio::test]
async fn a_disk_that_refuses_though_room_is_counted_is_relieved_of_the_oldest() {
    let home = Home::new();
    let lossy = home.lossy();
    let store = home.open_on(Disk::Lossy(lossy.clone())).await;
    store.set_holds(Holds::default());
    let camera = Camera::new(9);
    let mut writer = store.writer(camera.stream);
    writer.push(&camera.frames(0..1000));
    store.sync().await;
    lossy.overstate_room(1 << 30);
    lossy.set_room(Some(5000));
    writer.push(&camera.frames(1000..2000));
    drop(writer);
    store.sync().await;
    assert!(!store.status().full);
    let answer = store.timeline(camera.stream, span(camera.wall(0), camera.wall(1999)));
    assert_eq!(answer.gaps, [], "nothing was lost but by rule");
    assert_eq!(answer.deleted.len(), 1);
    assert_eq!(answer.deleted[0].rule, Rule::DiskFull);
    assert_eq!(answer.runs.last().unwrap().end(), camera.wall(1999));
    let held = recorded(&store, camera.stream);
    let from = (0..2000).find(|number| camera.wall(*number) == *held.keys().next().unwrap());
    let from = from.unwrap();
    assert_holds(&store, &camera, from..2000);
    // Of what was there a part had to go; of what came, nothing.
    assert!(0 < from && from < 1900, "{from}");
    store.close().await;
}

/// The disk is slow: what does not fit the queue is lost as whole GOPs, by name.
#[tokio::test]
async fn what_the_queue_cannot_take_is_a_gap_and_nobody_waits() {
    let mut home = Home::new();
    home.config.write_queue_bytes = 40_000;
    let store = home.open().await;
    let camera = Camera::new(7);
    let mut writer = store.writer(camera.stream);
    // 20 MB at once, faster than any thread takes them off a queue of 40 kB.
    let big = Camera { size: 60_000, ..camera.clone() };
    writer.push(&camera.frames(0..25));
    writer.push(&big.frames(25..700));
    store.sync().await;
    writer.push(&camera.frames(700..750));
    drop(writer);
    store.sync().await;
    let answer = store.timeline(camera.stream, span(camera.wall(0), camera.wall(749)));
    assert_eq!(answer.runs.last().unwrap().end(), camera.wall(749));
    assert!(!answer.gaps.is_empty());
    assert!(answer.gaps.iter().all(|gap| gap.reason == GapReason::DiskTooSlow));
    assert!(store.status().streams[&camera.stream].dropped_fragments > 0);
    assert_eq!(store.status().queued_bytes, 0);
    store.close().await;
}
