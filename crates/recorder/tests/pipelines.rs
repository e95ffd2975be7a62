//! What is told of a stream that is not recorded any more, and who waits for whom.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use base::{Span, StreamId, WallTime};
use catalog::{Camera, CameraChange, StreamRole};
use common::{World, until, world, world_with};
use ingest::Clock;
use recorder::Config;
use store::GapReason;

const SECOND: Duration = Duration::from_secs(1);
const DAY_US: i64 = 86_400_000_000;

/// A clock that panics so many times where a pipeline reads it.
fn defective_clock() -> (Clock, Arc<AtomicUsize>) {
    let panics = Arc::new(AtomicUsize::new(0));
    let left = panics.clone();
    let clock = Clock::Scripted(Arc::new(move || {
        let thread = std::thread::current();
        let of_reader = thread.name().is_some_and(|name| name.contains("reader"));
        // What is dropped by a panic reads the clock once more, and well.
        if of_reader && !std::thread::panicking() {
            let fewer = |left: usize| left.checked_sub(1);
            let due = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fewer).is_ok();
            assert!(!due, "a defect");
        }
        Clock::System.now()
    }));
    (clock, panics)
}

async fn record(world: &World, camera: &Camera, recording: bool) {
    let change = CameraChange { recording: Some(recording), ..CameraChange::default() };
    world.catalog.change_camera(camera.id, change).await.unwrap();
}

fn main_of(camera: &Camera) -> StreamId {
    camera.stream(StreamRole::Main).unwrap().id
}

/// Why nothing of a stream is recorded since what was recorded of it first.
fn gaps(world: &World, stream: StreamId, from: Span) -> Vec<GapReason> {
    let till = Clock::system().now().1.plus(SECOND);
    let span = Span::new(from.start(), till).unwrap();
    world.store.timeline(stream, span).gaps.iter().map(|gap| gap.reason).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_that_nobody_wants_recorded_is_told_from_one_that_was_stopped() {
    let world = world(Clock::system()).await;
    let (one, two) = (world.camera("cam1").await, world.camera("cam2").await);
    let whole =
        [world.recorded(main_of(&one), SECOND).await, world.recorded(main_of(&two), SECOND).await];
    record(&world, &one, false).await;
    until("its pipelines ended", || world.recorder.state(one.id).is_none()).await;
    world.store.sync().await;
    assert_eq!(gaps(&world, main_of(&one), whole[0]), [GapReason::Disabled]);
    world.recorder.stop().await;
    world.store.sync().await;
    assert_eq!(gaps(&world, main_of(&one), whole[0]), [GapReason::Disabled]);
    assert_eq!(gaps(&world, main_of(&two), whole[1]), [GapReason::Stopped]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_defect_cost_is_no_orderly_stop_and_recording_goes_on() {
    let (clock, panics) = defective_clock();
    let world = world(clock).await;
    let camera = world.camera("cam1").await;
    let [main, sub] =
        [StreamRole::Main, StreamRole::Sub].map(|role| camera.stream(role).unwrap().id);
    let whole = [world.recorded(main, SECOND).await, world.recorded(sub, SECOND).await];
    let before = world.store.status().streams;
    panics.store(2, Ordering::SeqCst);
    until("both were recorded again", || {
        let now = world.store.status().streams;
        let longer =
            |stream| now[&stream].last > before[&stream].last.map(|last| last.plus(4 * SECOND));
        longer(main) && longer(sub)
    })
    .await;
    let reasons = [gaps(&world, main, whole[0]), gaps(&world, sub, whole[1])].concat();
    assert!(
        !reasons.is_empty() && reasons.iter().all(|reason| *reason == GapReason::Crashed),
        "{reasons:?}"
    );
    world.recorder.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_pipeline_that_is_kept_down_after_a_defect() {
    let (clock, panics) = defective_clock();
    // Longer than any test takes.
    let config = Config { after_defect: 3600 * SECOND, ..Config::default() };
    let world = world_with(clock, config).await;
    // Each stream's first look at the clock.
    panics.store(2, Ordering::SeqCst);
    let defective = world.camera("cam1").await;
    until("both streams met the defect", || panics.load(Ordering::SeqCst) == 0).await;
    let other = world.camera("cam2").await;
    until("the other one is begun", || world.recorder.state(other.id).is_some()).await;
    assert_eq!(world.recorder.state(defective.id), None);
    // Nor does whoever ends the program.
    world.recorder.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_read_calmly_while_nobody_watches_and_moves_with_its_connection() {
    // Whoever reads a stream asks the clock.
    let [calm, lively] = [(); 2].map(|()| Arc::<AtomicUsize>::default());
    let clock = {
        let (calm, lively) = (calm.clone(), lively.clone());
        Clock::Scripted(Arc::new(move || {
            let thread = std::thread::current();
            let name = thread.name().unwrap_or_default();
            for (reads, begin) in [(&calm, "calm-reader"), (&lively, "reader")] {
                reads.fetch_add(usize::from(name.starts_with(begin)), Ordering::SeqCst);
            }
            Clock::System.now()
        }))
    };
    let world = world(clock).await;
    let camera = world.camera("cam1").await;
    let main = main_of(&camera);
    world.recorded(main, SECOND).await;
    let reads = |reads: &AtomicUsize| reads.load(Ordering::SeqCst);
    let all_calm = || {
        let (calm, lively) = (calm.clone(), lively.clone());
        let mut last = (reads(&lively), reads(&calm));
        async move {
            until("nobody reads as it comes", || {
                if reads(&lively) != last.0 {
                    last = (reads(&lively), reads(&calm));
                }
                reads(&calm) > last.1 + 10
            })
            .await;
        }
    };
    all_calm().await;
    let mut viewer = world.hub.subscribe(main);
    let begun = reads(&lively);
    until("it is read as it comes", || reads(&lively) > begun + 5).await;
    let mut frames = 0;
    while frames < 50 {
        match viewer.next().await {
            live::Message::Media(..) => frames += 1,
            live::Message::Dropped { .. } | live::Message::Closed => panic!("a frame is missing"),
            live::Message::State(_) | live::Message::Init { .. } => {}
        }
    }
    drop(viewer);
    all_calm().await;
    let whole = world.recorded(main, 12 * SECOND).await;
    world.recorder.stop().await;
    world.store.sync().await;
    assert_eq!(gaps(&world, main, whole), [GapReason::Stopped]);
    let answer = world.store.timeline(main, whole);
    assert_eq!(answer.runs.len(), 1, "{:?}", answer.runs);
    assert_eq!(world.cameras.deliveries().len(), 2, "one session a stream");
    assert_eq!(world.recorder.lost_packets(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_of_the_servers_clock_is_a_gap_of_its_own_and_recording_goes_on() {
    let ahead_us = Arc::new(AtomicI64::new(0));
    let clock = {
        let ahead_us = Arc::clone(&ahead_us);
        Clock::Scripted(Arc::new(move || {
            let (instant, wall) = Clock::System.now();
            (instant, WallTime(wall.0 + ahead_us.load(Ordering::SeqCst)))
        }))
    };
    let world = world(clock).await;
    let camera = world.camera("cam1").await;
    let before = world.recorded(main_of(&camera), SECOND).await;
    ahead_us.store(10_000_000, Ordering::SeqCst);
    let whole = world.recorded(main_of(&camera), before.duration() + 12 * SECOND).await;
    let answer = world.store.timeline(main_of(&camera), whole);
    let gaps: Vec<_> = answer.gaps.iter().map(|gap| gap.reason).collect();
    assert_eq!(gaps, [GapReason::ClockStep]);
    let [first, second] = &answer.runs[..] else { panic!("{:?}", answer.runs) };
    assert_eq!(Span::new(first.end(), second.start()), Some(answer.gaps[0].span));
    world.recorder.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cameras_clock_is_known_once_it_reported() {
    // The server's clock is a day behind the camera's, which is this machine's.
    let behind = || {
        let (instant, wall) = Clock::System.now();
        (instant, WallTime(wall.0 - DAY_US))
    };
    let world = world(Clock::Scripted(Arc::new(behind))).await;
    let camera = world.camera("cam1").await;
    until("its clock is known", || world.recorder.clock_offset_us(camera.id).is_some()).await;
    let offset_us = world.recorder.clock_offset_us(camera.id).unwrap();
    // However late its frames came, that is no day.
    assert_eq!((offset_us as f64 / DAY_US as f64).round(), 1.0, "{offset_us}");
    world.recorder.stop().await;
}
