//! The power goes, at any moment, and takes what was not synced with it.
//!
//! `kill -9` proves no sync: the kernel keeps what a dead process wrote. So
//! these run over a disk that forgets (`store::testutil`): files are cut to
//! what was synced and a random part of the rest, perhaps as rubbish, and
//! folders lose entries that were not synced.

#![allow(clippy::unwrap_used, reason = "a panic names the line")]

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use base::{StreamId, WallTime};
use bytes::Bytes;
use common::{BEGIN, Camera, Home, all_time, recorded};
use media::fmp4::read;
use store::testutil::Dice;
use store::{Disk, GapReason, Piece, Store, StoreConfig};

/// What was given of a stream, and how far it was acknowledged.
#[derive(Default)]
struct Given {
    frames: BTreeMap<WallTime, Bytes>,
    synced: Option<WallTime>,
    /// The first frame of each run.
    begins: Vec<WallTime>,
}

const CAMERAS: u64 = 20;

/// One life of a recorder: cameras push, drop out, come back, until the power goes.
async fn live(home: &Home, dice: &mut Dice, next: &mut [u64], given: &mut [Given]) {
    let lossy = home.lossy();
    let store = home.open_on(Disk::Lossy(lossy.clone())).await;
    let cameras: Vec<_> = (0..CAMERAS).map(Camera::new).collect();
    let mut writers: Vec<_> = cameras.iter().map(|camera| store.writer(camera.stream)).collect();
    let mut in_run = [false; CAMERAS as usize];
    for _ in 0..20 + dice.below(300) {
        let at = dice.below(CAMERAS) as usize;
        let (camera, writer) = (&cameras[at], &mut writers[at]);
        match dice.below(40) {
            0 => {
                writer.end_run(GapReason::Unreachable, camera.wall(next[at]));
                in_run[at] = false;
                next[at] += 1 + dice.below(60);
            }
            1 => store.sync().await,
            _ => {
                if !in_run[at] {
                    // A run begins with a keyframe.
                    next[at] = next[at].next_multiple_of(camera.gop);
                    in_run[at] = true;
                    given[at].begins.push(camera.wall(next[at]));
                }
                let count = 1 + dice.below(60);
                let frames = camera.frames(next[at]..next[at] + count);
                writer.push(&frames);
                next[at] += count;
                given[at].frames.extend(frames.into_iter().map(|frame| (frame.wall, frame.data)));
            }
        }
    }
    // What is acknowledged before the cut must be there after it.
    for (camera, given) in cameras.iter().zip(given.iter_mut()) {
        given.synced = store.synced(camera.stream);
    }
    lossy.cut_power(dice.roll()).unwrap();
    drop(writers);
    drop(store);
}

fn check(store: &Store, given: &[Given], seed: u64) {
    for (camera, given) in (0..CAMERAS).map(Camera::new).zip(given) {
        let held = recorded(store, camera.stream);
        let synced = given.synced.unwrap_or(WallTime(0));
        for (wall, data) in given.frames.range(..synced) {
            assert_eq!(held.get(wall), Some(data), "seed {seed}: a frame below the watermark");
        }
        for wall in held.keys() {
            assert!(given.frames.contains_key(wall), "seed {seed}: a frame that was never given");
        }
        explained(store, camera.stream, seed);
    }
}

/// Asserts that every piece can be read and every hole has its reason.
fn explained(store: &Store, stream: StreamId, seed: u64) {
    let mut reader = store.read(stream, WallTime(0));
    let mut begun = false;
    while let Some(piece) = reader.next() {
        match piece {
            Piece::Fragment(_) => begun = true,
            Piece::Gap(gap) if begun => {
                assert_ne!(gap.reason, GapReason::Unknown, "seed {seed}: {gap:?}");
            }
            _ => {}
        }
    }
    let answer = store.timeline(stream, all_time());
    if let Some(last) = answer.last {
        let told = answer.gaps.iter().any(|gap| gap.span.start() == last);
        assert!(told, "seed {seed}: the recording ends without a reason");
    }
}

/// Several lives in one store, a power cut at the end of each.
async fn lives(seed: u64) {
    let mut dice = Dice::new(seed);
    let home = Home::new();
    let mut next = [0; CAMERAS as usize];
    let mut given: Vec<_> = (0..CAMERAS).map(|_| Given::default()).collect();
    for _ in 0..3 {
        live(&home, &mut dice, &mut next, &mut given).await;
        match dice.below(4) {
            0 => home.forget_index(),
            1 => {
                // Mending may be cut off as well, and must then begin again.
                let lossy = home.lossy();
                drop(home.open_on(Disk::Lossy(lossy.clone())).await);
                lossy.cut_power(dice.roll()).unwrap();
            }
            _ => {}
        }
        let store = home.open().await;
        check(&store, &given, seed);
        store.close().await;
        // What is there now was synced by the mending, and must stay.
        keep(&home, &mut given).await;
    }
}

/// Takes what the store holds as what it has to hold from now on.
async fn keep(home: &Home, given: &mut [Given]) {
    let store = home.open().await;
    for (camera, given) in (0..CAMERAS).map(Camera::new).zip(given) {
        given.frames = recorded(&store, camera.stream);
        given.synced = store.synced(camera.stream);
    }
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_moment_all_below_the_watermark_is_there_and_gaps_have_reasons() {
    /// Stores that are open at once: each has its threads and files.
    const AT_ONCE: u64 = 24;
    // More for a night's run: KHUE_SEEDS=1000, as `make soak` has it.
    let seeds: u64 = std::env::var("KHUE_SEEDS").map_or(24, |seeds| seeds.parse().unwrap());
    let tasks: Vec<_> = (0..AT_ONCE)
        .map(|first| async move {
            for seed in (first..seeds).step_by(AT_ONCE as usize) {
                lives(seed).await;
            }
        })
        .map(tokio::spawn)
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// Seconds of real pictures, cut in the middle: what is left plays to its end.
#[tokio::test]
async fn what_is_left_plays() {
    let (frames, sums) = common::pictures(6, 0, "320x240");
    let camera = Camera::new(99);
    for seed in 0..6 {
        let home = Home::new();
        let lossy = home.lossy();
        let store = home.open_on(Disk::Lossy(lossy.clone())).await;
        let mut writer = store.writer(camera.stream);
        let cut_at = 20 + seed as usize * 20;
        writer.push(&frames[..cut_at]);
        store.sync().await;
        let synced = store.synced(camera.stream).unwrap();
        writer.push(&frames[cut_at..cut_at + 25]);
        // On its way to the disk, or there already: both may be.
        lossy.cut_power(seed).unwrap();
        drop(writer);
        drop(store);
        let store = home.open().await;
        let held = recorded(&store, camera.stream);
        let whole = frames.iter().filter(|frame| frame.wall < synced).count();
        assert!(whole >= cut_at - 10 && held.len() >= whole);
        let below: Vec<_> = held.range(..synced).map(|(_, data)| data.clone()).collect();
        let given: Vec<_> = frames[..whole].iter().map(|frame| frame.data.clone()).collect();
        assert!(below == given);
        store.close().await;
        let files = home.segments();
        let counted: u64 = files.iter().map(|file| count(file)).sum();
        assert_eq!(counted, held.len() as u64, "seed {seed}");
        // Below the mark each frame is the picture that was given, whole.
        let shown: Vec<_> = files.iter().flat_map(|file| shown_below(file, synced)).collect();
        assert_eq!(shown, sums[..whole], "seed {seed}");
    }
}

/// Decodes what of a segment lies below the watermark, without a complaint, and
/// returns a sum for each picture.
fn shown_below(segment: &Path, synced: WallTime) -> Vec<String> {
    let name = segment.file_name().unwrap().to_str().unwrap();
    let start: i64 = name.split('-').next().unwrap().parse().unwrap();
    let mut bytes = std::fs::read(segment).unwrap();
    let (mut at, mut fragments) = (0, 0);
    while at < bytes.len() {
        let Ok(fragment) = read::read_fragment_header(&bytes[at..]) else {
            // ftyp and moov before the fragments; behind them, a trailer.
            at += read::box_header(&bytes[at..]).unwrap().total_len as usize;
            continue;
        };
        if start + fragment.decode_time_us as i64 >= synced.0 {
            break;
        }
        at += fragment.total_len as usize;
        fragments += 1;
    }
    if fragments == 0 {
        return Vec::new();
    }
    bytes.truncate(at);
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("below.mp4");
    std::fs::write(&below, bytes).unwrap();
    common::shown(&below)
}

/// Counts what ffprobe reads as frames; what lay above the watermark may be
/// rubbish inside a frame, of which it may complain.
fn count(movie: &Path) -> u64 {
    let count = std::process::Command::new("ffprobe")
        .args(["-v", "quiet", "-count_packets", "-select_streams", "v"])
        .args(["-show_entries", "stream=nb_read_packets", "-of", "csv=p=0"])
        .arg(movie)
        .output()
        .unwrap();
    String::from_utf8(count.stdout).unwrap().trim().parse().unwrap()
}

/// The worst moment for the power to go is right before a round.
#[tokio::test]
async fn at_most_five_seconds_lie_above_the_watermark() {
    const MOST_US: i64 = 5_000_000;
    let mut home = Home::new();
    home.config = StoreConfig { root: home.config.root, ..StoreConfig::default() };
    home.config.reserve_bytes = 0;
    // The rounds are the test's, by the frames' own time.
    let rounds_ms = [StoreConfig::default().sync_every_ms, 2000];
    home.config.sync_every_ms = 3_600_000;
    let store = home.open().await;
    for (seed, every_ms) in rounds_ms.into_iter().enumerate() {
        let allowed = StoreConfig { sync_every_ms: every_ms, ..StoreConfig::default() };
        assert_eq!(allowed.check(), Ok(()));
        // A keyframe every 2 s, and one that comes so rarely that GOPs are divided.
        let cameras =
            [50, 400].map(|gop| Camera { gop, ..Camera::new(60 + seed as u64 * 400 + gop) });
        let mut writers = cameras.each_ref().map(|camera| store.writer(camera.stream));
        let mut next_round = BEGIN.0 + i64::from(every_ms) * 1000;
        for number in 0..1000 {
            let above = |camera: &Camera| {
                let synced = store.synced(camera.stream).unwrap_or(camera.begin);
                camera.wall(number).micros_since(synced)
            };
            for (camera, writer) in cameras.iter().zip(&mut writers) {
                writer.push(&[camera.frame(number)]);
                assert!(above(camera) <= MOST_US, "{every_ms} ms, GOP {}: {number}", camera.gop);
            }
            if cameras[0].wall(number).0 >= next_round {
                next_round += i64::from(every_ms) * 1000;
                store.sync().await;
                for camera in &cameras {
                    // What is gathered, and no more, is left to the next round.
                    assert!(above(camera) <= 2_100_000, "{every_ms} ms, GOP {}", camera.gop);
                }
            }
        }
    }
    store.close().await;
}

/// A file that was closed in order is as safe as its last byte.
#[tokio::test]
async fn a_clean_close_loses_nothing_to_a_power_cut_right_after_it() {
    for seed in 0..10 {
        let home = Home::new();
        let lossy = home.lossy();
        let store = home.open_on(Disk::Lossy(lossy.clone())).await;
        let cameras: Vec<_> = (0..CAMERAS).map(Camera::new).collect();
        let mut writers: Vec<_> =
            cameras.iter().map(|camera| store.writer(camera.stream)).collect();
        for (camera, writer) in cameras.iter().zip(&mut writers) {
            writer.push(&camera.frames(0..137 + camera.seed));
        }
        store.close().await;
        lossy.cut_power(seed).unwrap();
        for (camera, writer) in cameras.iter().zip(&mut writers) {
            writer.push(&camera.frames(200..300)); // nobody listens any more
        }
        drop(writers);
        drop(store);
        if seed % 2 == 0 {
            home.forget_index();
        }
        let store = home.open().await;
        for camera in &cameras {
            common::assert_holds(&store, camera, 0..137 + camera.seed);
            let answer = store.timeline(camera.stream, all_time());
            assert_eq!(answer.gaps.last().unwrap().reason, GapReason::Stopped);
        }
        store.close().await;
    }
}

/// The disk reports that it could not sync: from then on nothing is promised.
#[tokio::test]
async fn a_disk_that_lost_its_power_promises_nothing_more() {
    let home = Home::new();
    let lossy = home.lossy();
    let store = home.open_on(Disk::Lossy(lossy.clone())).await;
    let camera = Camera::new(7);
    let mut writer = store.writer(camera.stream);
    writer.push(&camera.frames(0..100));
    store.sync().await;
    let synced = store.synced(camera.stream);
    assert_eq!(synced, Some(camera.wall(75)));
    let watched = store.watch_synced();
    lossy.cut_power(1).unwrap();
    writer.push(&camera.frames(100..200));
    store.sync().await;
    assert_eq!(store.synced(camera.stream), synced);
    assert_eq!(watched.borrow().get(&camera.stream).copied(), synced);
    let status = store.status().streams[&camera.stream];
    assert!(status.dropped_fragments > 0 || status.sync_failed);
    drop(Arc::new(writer));
}
