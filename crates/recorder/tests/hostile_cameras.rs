//! Twenty cameras of which three do wrong, in turn and in every way there is:
//! the other seventeen lose no frame, counted.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base::{StreamId, WallTime};
use common::{until, world_of};
use ingest::{Clock, Limits};
use recorder::Config;
use simcam::clip::{Clip, Pattern};
use simcam::{CameraConfig, Fault, Lie};

const CAMERAS: usize = 20;

/// Those that do wrong: among the others in number and on each reader.
const HOSTILE: [usize; 3] = [3, 10, 17];

/// Every way there is to do wrong.
fn faults() -> Vec<Fault> {
    vec![
        Fault::Hang,
        Fault::Drop,
        Fault::CutMidFrame,
        Fault::WrongSdp { lie: Lie::default() },
        Fault::ClockOff { seconds: 180 },
        Fault::ClockJump { rtp_seconds: 7200, report_seconds: -3600 },
        Fault::NoRtpInfo,
        Fault::EndlessConnect,
        Fault::Garbage,
        Fault::ResolutionChange,
        Fault::CodecChange,
        Fault::Drip,
        Fault::LosePackets { percent: 20 },
    ]
}

/// Returns the counters that a stream's recorded frames bear, in order; none for
/// a frame whose stamp was spoilt on its way.
fn recorded(world: &common::World, stream: StreamId) -> Vec<Option<u64>> {
    let mut reader = world.store.read(stream, WallTime(0));
    let mut frames = BTreeMap::new();
    while let Some(piece) = reader.next() {
        let store::Piece::Fragment(fragment) = piece else { continue };
        for (wall, _, data) in fragment.frames() {
            frames.insert(wall, simcam::sei::read_frame(&data).map(|stamp| stamp.counter));
        }
    }
    frames.into_values().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seventeen_cameras_lose_no_frame_whatever_three_others_do() {
    let small = Pattern { width: 320, height: 180, gop: 10, ..Pattern::default() };
    let clip = Clip::test_pattern(small).unwrap();
    let other_size = Clip::test_pattern(Pattern { width: 256, height: 144, ..small }).unwrap();
    let other_codec =
        Clip::test_pattern(Pattern { codec: simcam::clip::Codec::H265, ..small }).unwrap();
    let name = |number: usize| format!("cam{number}");
    let simulated = (1..=CAMERAS).map(|number| CameraConfig {
        others: vec![Arc::clone(&other_size), Arc::clone(&other_codec)],
        ..CameraConfig::new(name(number), Arc::clone(&clip), Arc::clone(&clip))
    });
    // What hangs is given up soon, so that each fault is met more than once.
    let limits = Limits {
        connect: Duration::from_secs(2),
        step: Duration::from_secs(2),
        silence: Duration::from_secs(3),
        ..Limits::default()
    };
    let config = Config { limits, ..Config::default() };
    let world = world_of(Clock::system(), config, simulated.collect()).await;
    let mut streams = BTreeMap::new();
    for number in 1..=CAMERAS {
        let camera = world.camera(&name(number)).await;
        streams.insert(number, camera.streams.iter().map(|stream| stream.id).collect::<Vec<_>>());
    }
    let all: Vec<StreamId> = streams.values().flatten().copied().collect();
    until("every camera is recorded", || {
        let known = world.store.status().streams;
        all.iter().all(|stream| known.get(stream).is_some_and(|status| status.first.is_some()))
    })
    .await;

    // Each of the three has each fault, no two of them the same one at a time.
    let faults = faults();
    let good: Vec<usize> = (1..=CAMERAS).filter(|number| !HOSTILE.contains(number)).collect();
    let frames_of = |number: usize| {
        let deliveries = world.cameras.deliveries();
        let path = format!("{}/main", name(number));
        deliveries.iter().filter(|one| one.path == path).map(|one| one.frames).sum::<u64>()
    };
    for round in 0..faults.len() {
        for (index, &number) in HOSTILE.iter().enumerate() {
            world
                .cameras
                .set_fault(&name(number), faults[(round + index * 4) % faults.len()])
                .unwrap();
        }
        // Each lasts for as long as a good camera takes to send so many frames.
        let until_frames = frames_of(good[0]) + 60;
        until("the cameras have sent on", || frames_of(good[0]) >= until_frames).await;
    }
    for &number in &HOSTILE {
        world.cameras.set_fault(&name(number), Fault::None).unwrap();
    }
    until("those that did wrong are recorded again", || {
        HOSTILE.iter().all(|number| {
            let state = world.recorder.states();
            let camera = world
                .catalog
                .tables()
                .cameras
                .values()
                .find(|one| one.name == name(*number))
                .map(|one| one.id);
            camera
                .and_then(|id| state.get(&id).cloned())
                .is_some_and(|state| state.kind == recorder::StateKind::Recording)
        })
    })
    .await;
    world.recorder.stop().await;
    world.store.sync().await;

    let deliveries = world.cameras.deliveries();
    for &number in &good {
        for (stream, role) in streams[&number].iter().zip(["main", "sub"]) {
            let path = format!("{}/{role}", name(number));
            let sent: Vec<_> = deliveries.iter().filter(|one| one.path == path).collect();
            assert_eq!(sent.len(), 1, "{path} was read in one session");
            let (first, last) = sent[0].counters.unwrap();
            let kept: Option<Vec<u64>> = recorded(&world, *stream).into_iter().collect();
            let kept = kept.expect("each frame has its stamp");
            assert_eq!(kept.first(), Some(&first), "{path}");
            let whole = kept.windows(2).all(|pair| pair[1] == pair[0] + 1);
            assert!(whole, "{path}: a frame is missing");
            let short = last - kept.last().unwrap();
            assert!(short <= 25, "{path}: {short} frames that were sent at the end are missing");
        }
    }
    for &number in &HOSTILE {
        assert!(!recorded(&world, streams[&number][0]).is_empty());
    }
}
