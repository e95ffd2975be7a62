//! `kill -9` at random moments, with 20 cameras recording.
//!
//! The recorder is a process of its own: this very test program, started again
//! for the one test that records until it is killed. It tells its watermarks as
//! they rise; what it told must be there when it is dead.

#![allow(clippy::unwrap_used, reason = "a panic names the line")]

mod common;

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use base::{StreamId, WallTime};
use common::{Camera, Home, pieces, recorded, span};
use store::testutil::Dice;
use store::{Disk, GapReason, Piece, Store, StoreConfig};

const CAMERAS: u64 = 20;
const LIVES: u64 = 6;
/// The folder of the recorder that is to be killed, and which of its lives it is.
const CHILD: &str = "KHUE_STORE_CHILD";

fn camera(number: u64, life: u64) -> Camera {
    let camera = Camera::new(number);
    // An hour for each life, and cameras that do not begin at one moment.
    let begin = camera.begin.0 + life as i64 * 3_600_000_000 + number as i64 * 3_000;
    Camera { begin: WallTime(begin), ..camera }
}

/// Not a test of its own: what the other one kills.
#[tokio::test]
async fn recorder() {
    let Ok(told) = std::env::var(CHILD) else { return };
    let (life, root) = told.split_once(' ').unwrap();
    let life = life.parse().unwrap();
    let config = StoreConfig {
        root: PathBuf::from(root),
        segment_s: 6,
        sync_every_ms: 20,
        reserve_bytes: 0,
        ..StoreConfig::default()
    };
    let store = Store::open(config, Disk::Real, camera(0, life).begin).await.unwrap();
    let mut synced = store.watch_synced();
    let cameras: Vec<_> = (0..CAMERAS).map(|number| camera(number, life)).collect();
    let mut writers: Vec<_> = cameras.iter().map(|camera| store.writer(camera.stream)).collect();
    for number in 0.. {
        for (camera, writer) in cameras.iter().zip(&mut writers) {
            writer.push(&camera.frames(number * 9..number * 9 + 9));
            if number % 40 == 39 {
                writer.end_run(GapReason::Silent, camera.wall(number * 9 + 9));
            }
        }
        if number % 10 == 9 {
            // 90 frames hold a whole GOP in any case, so the watermarks rise.
            synced.changed().await.unwrap();
            let mut out = std::io::stdout().lock();
            for (stream, moment) in synced.borrow_and_update().iter() {
                writeln!(out, "synced {stream} {}", moment.0).unwrap();
            }
            out.flush().unwrap();
        }
    }
}

/// Runs a recorder until it has told so many watermarks, and one of each camera,
/// kills it, and returns the last of each stream.
fn live_and_die(home: &Home, life: u64, lines: u64) -> Vec<(StreamId, WallTime)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "recorder", "--nocapture"])
        .env(CHILD, format!("{life} {}", home.root().display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut synced = std::collections::BTreeMap::new();
    let mut seen = 0;
    while seen < lines || (synced.len() as u64) < CAMERAS {
        let line = told.next().expect("the recorder goes on until it is killed").unwrap();
        seen += learn(&line, &mut synced);
    }
    child.kill().unwrap(); // SIGKILL
    child.wait().unwrap();
    // What it had told before it died, it told.
    for line in told {
        learn(&line.unwrap(), &mut synced);
    }
    synced.into_iter().collect()
}

fn learn(line: &str, synced: &mut std::collections::BTreeMap<StreamId, WallTime>) -> u64 {
    let mut words = line.split(' ');
    let (Some("synced"), Some(stream), Some(moment)) = (words.next(), words.next(), words.next())
    else {
        return 0;
    };
    // A last line may be cut off by the death of its writer.
    if let (Ok(stream), Ok(moment)) = (stream.parse(), moment.parse()) {
        synced.insert(stream, WallTime(moment));
    }
    1
}

#[tokio::test]
async fn what_was_acknowledged_outlives_the_process_life_after_life() {
    let home = Home::new();
    let mut dice = Dice::new(20);
    let mut epoch = 0;
    for life in 0..LIVES {
        let told = live_and_die(&home, life, 30 + dice.below(600));
        if dice.below(3) == 0 {
            home.forget_index();
        }
        let store = home.open().await;
        assert!(store.epoch() > epoch, "each opening has a higher number");
        epoch = store.epoch();
        assert!(told.len() as u64 >= CAMERAS);
        for number in 0..CAMERAS {
            let camera = camera(number, life);
            let (_, synced) = *told.iter().find(|(stream, _)| *stream == camera.stream).unwrap();
            let held = recorded(&store, camera.stream);
            let given = (0..).map(|number| camera.frame(number));
            let mut below = 0;
            for frame in given.take_while(|frame| frame.wall < synced) {
                // The end of a run that began in the middle of a GOP was never taken.
                if let Some(data) = held.get(&frame.wall) {
                    assert_eq!(*data, frame.data);
                    below += 1;
                } else {
                    let gaps = store.timeline(camera.stream, span(frame.wall, synced)).gaps;
                    assert_eq!(gaps[0].span.start(), frame.wall, "a frame is missing");
                    assert_eq!(gaps[0].reason, GapReason::Silent);
                }
            }
            assert!(below > 0);
            let last = store.timeline(camera.stream, common::all_time()).last.unwrap();
            assert!(last >= synced);
            let after = span(last, WallTime(last.0 + 1));
            let gap = store.timeline(camera.stream, after).gaps[0];
            assert!(matches!(gap.reason, GapReason::Crashed | GapReason::Silent));
        }
        store.close().await;
    }
    // All lives are there at once, each readable to its end.
    let store = home.open().await;
    for number in 0..CAMERAS {
        let pieces = pieces(&store, camera(number, 0).stream, WallTime(0));
        let crashed = pieces
            .iter()
            .filter(|piece| matches!(piece, Piece::Gap(gap) if gap.reason == GapReason::Crashed));
        assert!(crashed.count() >= 1);
    }
    store.close().await;
}
