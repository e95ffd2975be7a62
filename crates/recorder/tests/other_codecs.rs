//! What a camera sends that browsers may not play, and its sound: recorded as it
//! comes, and converted for whoever watches, by the real worker.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use base::{StreamId, WallTime};
use common::{World, clip, until, world_of};
use ingest::Clock;
use live::{StateKind, Tapped, Viewer};
use media::{Codec, Frame};
use recorder::{Config, Converter, Form, Thumbnails};
use simcam::clip::{Clip, Pattern};
use simcam::sound::{Sound, SoundCodec};
use simcam::{CameraConfig, Ended, Fault};

/// Waits for a viewer's first frames.
async fn frames(viewer: &mut Viewer, count: usize) -> Vec<Frame> {
    let taking = async {
        let mut frames = Vec::new();
        while frames.len() < count {
            match viewer.next_tapped().await {
                Tapped::Frame(frame) => frames.push(frame),
                Tapped::Closed => panic!("the stream was closed"),
                Tapped::State(_) | Tapped::Begin(_) | Tapped::Dropped { .. } => {}
            }
        }
        frames
    };
    // Only so that a defect ends the test instead of hanging it.
    tokio::time::timeout(Duration::from_secs(60), taking).await.expect("frames come")
}

fn h265() -> Arc<Clip> {
    let pattern = Pattern { codec: simcam::clip::Codec::H265, gop: 10, ..Pattern::default() };
    Clip::test_pattern(pattern).unwrap()
}

fn converter(world: &World) -> Converter {
    Converter::new(world.hub.clone(), world.decoder.clone(), Clock::system())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h265_is_recorded_as_it_comes_and_converted_while_somebody_watches() {
    let camera = CameraConfig::new("cam1", h265(), clip());
    let world = world_of(Clock::system(), Config::default(), vec![camera]).await;
    let camera = world.camera("cam1").await;
    let main = camera.streams[0].id;
    let mut as_it_comes = world.hub.subscribe(main);
    let came = frames(&mut as_it_comes, 5).await;
    assert_eq!(came[0].params.codec, Codec::H265);

    let converter = converter(&world);
    let mut viewer = converter.subscribe(main, Form::H264).unwrap();
    let made = frames(&mut viewer, 25).await;
    assert_eq!(made[0].params.codec, Codec::H264);
    assert!(made[0].is_key && made.iter().all(|frame| frame.composition_us == 0));
    assert!(made.is_sorted_by(|one, next| one.wall < next.wall));
    assert!(world.decoder.budget().used() > 0);
    let again = converter.subscribe(main, Form::H264).unwrap();
    assert_eq!(again.channel(), viewer.channel(), "shared by all who want it");

    drop((viewer, again));
    until("the conversion has ended", || world.decoder.budget().used() == 0).await;
    let recorded = world.recorded(main, Duration::from_secs(2)).await;
    assert!(!world.frames(main, recorded).is_empty());
    // What is H.264 already goes past the worker.
    let mut sub = converter.subscribe(camera.streams[1].id, Form::H264).unwrap();
    assert_eq!(frames(&mut sub, 3).await[0].params.codec, Codec::H264);
    assert_eq!(world.decoder.budget().used(), 0);
    world.recorder.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversion_begins_anew_where_the_servers_clock_is_set_back() {
    let ahead_us = Arc::new(AtomicI64::new(0));
    let shown = Arc::clone(&ahead_us);
    let clock = Clock::Scripted(Arc::new(move || {
        let (instant, wall) = Clock::system().now();
        (instant, WallTime(wall.0 + shown.load(Ordering::Relaxed)))
    }));
    let camera = CameraConfig::new("cam1", h265(), clip());
    let world = world_of(clock, Config::default(), vec![camera]).await;
    let main = world.camera("cam1").await.streams[0].id;
    frames(&mut world.hub.subscribe(main), 1).await;
    let mut viewer = converter(&world).subscribe(main, Form::H264).unwrap();
    let before = frames(&mut viewer, 5).await.pop().unwrap().wall;
    ahead_us.store(-3_600_000_000, Ordering::Relaxed);
    let back = async {
        loop {
            match viewer.next_tapped().await {
                Tapped::Frame(frame) if frame.wall < before => return frame,
                // Given to the job before, they would be none for it, and it fails.
                Tapped::State(state) => assert_eq!(state.reason, None, "{state:?}"),
                _ => {}
            }
        }
    };
    let first = tokio::time::timeout(Duration::from_secs(60), back).await.expect("it goes on");
    assert!(first.is_key, "a row of its own");
    world.recorder.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversion_without_room_or_worker_is_refused_by_its_cause() {
    let camera = CameraConfig::new("cam1", h265(), clip());
    let world = world_of(Clock::system(), Config::default(), vec![camera]).await;
    let main = world.camera("cam1").await.streams[0].id;
    let mut as_it_comes = world.hub.subscribe(main);
    frames(&mut as_it_comes, 1).await;

    let program = common::worker();
    let narrow = decode::Config { cores: 0.001, ..decode::Config::new(program) };
    let narrow = decode::Decoder::new(narrow).unwrap();
    let refused = |decoder| {
        let converter = Converter::new(world.hub.clone(), decoder, Clock::system());
        let refusal = converter.subscribe(main, Form::H264).err().unwrap();
        recorder::convert::reason(&refusal)
    };
    assert_eq!(refused(narrow), "busy");
    let nowhere = decode::Config::new("/nowhere/khue-decode");
    assert_eq!(refused(decode::Decoder::new(nowhere).unwrap()), "no_worker");
    world.recorder.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_is_fetched_and_recorded_only_where_it_is_authorised() {
    let tone = |codec| Some(Sound::test_tone(codec, 700, 2).unwrap());
    let camera = |name: &str, codec| CameraConfig {
        sound: tone(codec),
        ..CameraConfig::new(name, clip(), clip())
    };
    let simulated = vec![
        camera("cam1", SoundCodec::Aac),
        camera("cam2", SoundCodec::Pcmu),
        camera("cam3", SoundCodec::Pcma),
    ];
    let world = world_of(Clock::system(), Config::default(), simulated).await;
    let heard = world.heard("cam1", true).await;
    let telephone = world.heard("cam2", true).await;
    let deaf = world.heard("cam3", false).await;
    for camera in [&heard, &telephone] {
        let sound = StreamId::sound_of(camera.id);
        assert_eq!(camera.sound_stream(), Some(sound));
        let span = world.recorded(sound, Duration::from_secs(3)).await;
        assert!(world.frames(sound, span).len() > 20);
    }
    world.recorded(deaf.streams[0].id, Duration::from_secs(2)).await;
    assert_eq!(deaf.sound_stream(), None);
    let silent = StreamId::sound_of(deaf.id);
    let known = world.store.status().streams.get(&silent).copied();
    assert!(known.is_none_or(|status| status.first.is_none()));
    let deliveries = world.cameras.deliveries();
    let setup = |path: &str| {
        let of_path = deliveries.iter().filter(|delivery| delivery.path == path);
        of_path.filter_map(|delivery| delivery.sound).any(|sound| sound.setup)
    };
    assert!(setup("cam1/main") && setup("cam2/main"));
    assert!(!setup("cam3/main"), "not even SETUP");
    assert!(!setup("cam1/sub"), "fetched once, with the best picture");

    // G.711 becomes what browsers play, AAC is that already.
    let converter = converter(&world);
    let mut made = converter.subscribe(StreamId::sound_of(telephone.id), Form::Aac).unwrap();
    let frames_made = frames(&mut made, 10).await;
    assert_eq!(frames_made[0].params.codec, Codec::Aac);
    assert!(frames_made.is_sorted_by(|one, next| one.wall < next.wall));
    let mut opus = converter.subscribe(StreamId::sound_of(heard.id), Form::Opus).unwrap();
    assert_eq!(frames(&mut opus, 10).await[0].params.codec, Codec::Opus);
    world.recorder.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_forbidden_to_be_heard_is_not_fetched_from_then_on() {
    let camera = CameraConfig {
        sound: Some(Sound::test_tone(SoundCodec::Pcmu, 700, 2).unwrap()),
        ..CameraConfig::new("cam1", clip(), clip())
    };
    let world = world_of(Clock::system(), Config::default(), vec![camera]).await;
    let camera = world.heard("cam1", true).await;
    let sound = StreamId::sound_of(camera.id);
    let mut viewer = world.hub.subscribe(sound);
    frames(&mut viewer, 5).await;
    let change = catalog::CameraChange { sound: Some(false), ..catalog::CameraChange::default() };
    world.catalog.change_camera(camera.id, change).await.unwrap();
    let quiet = async {
        loop {
            if let Tapped::State(state) = viewer.next_tapped().await
                && state.kind == StateKind::NoData
            {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), quiet).await.expect("its sound ends");
    // The next session brings pictures and asks for no sound.
    let sessions = || {
        let deliveries = world.cameras.deliveries();
        deliveries.into_iter().filter(|one| one.path == "cam1/main").collect::<Vec<_>>()
    };
    until("the camera is read again", || {
        sessions().last().is_some_and(|last| last.ended.is_none() && last.frames > 10)
    })
    .await;
    let last = sessions().pop().unwrap();
    assert!(last.sound.is_none_or(|sound| !sound.setup));
    world.recorder.stop().await;
}

/// Whether sound was asked for in each of a camera's sessions so far, in order.
fn asked_for_sound(world: &World) -> Vec<bool> {
    let deliveries = world.cameras.deliveries().into_iter();
    let of_main = deliveries.filter(|one| one.path == "cam1/main");
    of_main.map(|one| one.sound.is_some_and(|sound| sound.setup)).collect()
}

/// Waits until the first camera is told to have broken the protocol.
async fn broke_the_protocol(world: &World) {
    until("the camera is told to break the protocol", || {
        world.recorder.states().values().any(|state| state.reason == Some("protocol"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_before_sound_was_asked_for_does_not_silence_a_camera() {
    let camera = CameraConfig {
        sound: Some(Sound::test_tone(SoundCodec::Pcmu, 700, 2).unwrap()),
        ..CameraConfig::new("cam1", clip(), clip())
    };
    let world = world_of(Clock::system(), Config::default(), vec![camera]).await;
    // It takes connections and says nothing of RTSP, as while it restarts.
    world.cameras.set_fault("cam1", Fault::Drop).unwrap();
    let camera = world.heard("cam1", true).await;
    broke_the_protocol(&world).await;
    world.cameras.set_fault("cam1", Fault::None).unwrap();
    world.recorded(StreamId::sound_of(camera.id), Duration::from_secs(1)).await;
    assert!(asked_for_sound(&world).into_iter().all(|asked| asked));
    world.recorder.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_that_broke_a_session_rests_and_comes_back_into_one_that_plays() {
    let camera = CameraConfig {
        sound: Some(Sound::test_tone(SoundCodec::Pcmu, 700, 2).unwrap()),
        ..CameraConfig::new("cam1", clip(), clip())
    };
    let config = Config { sound_rest: Duration::from_secs(6), ..Config::default() };
    let world = world_of(Clock::system(), config, vec![camera]).await;
    world.cameras.set_fault("cam1", Fault::Garbage).unwrap();
    let camera = world.heard("cam1", true).await;
    broke_the_protocol(&world).await;
    world.cameras.set_fault("cam1", Fault::None).unwrap();
    world.recorded(camera.streams[0].id, Duration::from_secs(1)).await;
    until("it is asked for again", || {
        let asked = asked_for_sound(&world);
        asked.len() > 2 && asked.ends_with(&[false, true])
    })
    .await;
    assert!(asked_for_sound(&world)[0], "the first session had it");
    world.recorded(StreamId::sound_of(camera.id), Duration::from_secs(1)).await;
    // The session without it gave way, and did not break.
    let mut sessions = world.cameras.deliveries();
    sessions.retain(|one| one.path == "cam1/main");
    let without = sessions.iter().rev().find(|one| one.sound.is_some_and(|sound| !sound.setup));
    assert_eq!(without.unwrap().ended, Some(Ended::TornDown));
    world.recorder.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thumbnail_shows_the_keyframe_before_and_goes_with_the_footage() {
    let small = Clip::test_pattern(Pattern { gop: 10, ..Pattern::default() }).unwrap();
    let camera = CameraConfig::new("cam1", h265(), small);
    let world = world_of(Clock::system(), Config::default(), vec![camera]).await;
    let camera = world.camera("cam1").await;
    let (main, sub) = (camera.streams[0].id, camera.streams[1].id);
    let thumbnails = Thumbnails::new(world.store.clone(), world.decoder.clone());
    for stream in [main, sub] {
        let span = world.recorded(stream, Duration::from_secs(3)).await;
        let middle = span.start().plus(span.duration() / 2);
        let found = thumbnails.at(stream, middle, 90).await.unwrap().expect("it is recorded");
        let before = middle.micros_since(found.wall);
        assert!((0..1_000_000).contains(&before), "{before} µs before");
        assert_eq!(found.jpeg[..2], [0xff, 0xd8]);
        assert_eq!(size_of_jpeg(&found.jpeg), (160, 90));
        assert_eq!(thumbnails.at(stream, middle, 90).await.unwrap(), Some(found.clone()));
        let early = span.start().minus(Duration::from_secs(60));
        assert_eq!(thumbnails.at(stream, early, 90).await.unwrap(), None);
    }
    let span = world.recorded(sub, Duration::from_secs(1)).await;
    let change = catalog::CameraChange { recording: Some(false), ..Default::default() };
    world.catalog.change_camera(camera.id, change).await.unwrap();
    world.recorder.stop().await;
    world.let_go().await;
    assert_eq!(thumbnails.at(sub, span.start(), 90).await.unwrap(), None);
}

/// Reads width and height out of a JPEG's frame header (ITU-T T.81 §B.2.2).
fn size_of_jpeg(jpeg: &[u8]) -> (u16, u16) {
    let at = jpeg.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
    let word = |at: usize| u16::from_be_bytes([jpeg[at], jpeg[at + 1]]);
    (word(at + 7), word(at + 5))
}
