//! Sessions with cameras whose every frame says which one it is.

// Also what is no test itself may unwrap: a panic names the line.
#![allow(clippy::unwrap_used)]

mod common;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use common::{PASSWORD, USER, clip, frames, limits, open, open_with, source, with_password};
use ingest::{Clock, Event, FaultKind, probe};
use media::{Codec, Frame, nal};
use simcam::sei::{self, Stamp};
use simcam::{CameraConfig, Credentials, Ended, Server, ServerConfig, Start, StreamRole};

const DAY_US: i64 = 86_400_000_000;

fn config() -> ServerConfig {
    let camera = CameraConfig::new("cam1", clip(), clip());
    ServerConfig::new((Ipv4Addr::LOCALHOST, 0).into(), vec![camera])
}

fn guarded() -> ServerConfig {
    let credentials = Credentials { user: USER.to_owned(), password: PASSWORD.to_owned() };
    ServerConfig { credentials: Some(credentials), ..config() }
}

fn stamps(frames: &[Frame]) -> Vec<Stamp> {
    frames.iter().map(|frame| sei::read_frame(&frame.data).unwrap()).collect()
}

/// Rounds microseconds to whole days.
fn days(micros: i64) -> i64 {
    (micros + DAY_US / 2).div_euclid(DAY_US)
}

fn url(server: &Server) -> String {
    server.url("cam1", StreamRole::Main)
}

#[tokio::test]
async fn frames_come_whole_in_order_and_with_the_time_at_which_they_were_taken() {
    let server = Server::start(guarded()).await.unwrap();
    let mut session = open(&with_password(&url(&server), PASSWORD)).await.unwrap();
    let frames = frames(&mut session, 60).await;
    let stamps = stamps(&frames);
    let (sent, clip) = (stamps[0].counter, clip());
    for (n, (frame, stamp)) in frames.iter().zip(&stamps).enumerate() {
        assert_eq!(stamp.counter, sent + n as u64);
        let unit = &clip.access_units[(stamp.counter % clip.access_units.len() as u64) as usize];
        let units: Vec<_> = nal::length_prefixed(&frame.data).map(Result::unwrap).collect();
        assert_eq!(units[1..], unit.nals[..], "a stamp and the slices, nothing else");
        assert_eq!((frame.is_key, frame.composition_us), (unit.is_key, 0));
        // On one machine, both clocks are one. However late a busy one sends, it is no day.
        assert_eq!(days(frame.wall.0 - stamp.wall_us), 0);
    }
    assert!(frames[0].is_key);
    assert!(frames.windows(2).all(|pair| pair[0].wall < pair[1].wall));
    let params = &frames[0].params;
    assert_eq!((params.codec, params.width, params.height), (Codec::H264, 640, 360));
    assert_eq!(media::h264::params(&clip.sps, &clip.pps).unwrap(), **params);
    assert!(frames.iter().all(|frame| Arc::ptr_eq(&frame.params, params)));
}

#[tokio::test]
async fn closing_tears_the_session_down_at_the_camera() {
    let server = Server::start(config()).await.unwrap();
    let mut session = open(&source(&url(&server))).await.unwrap();
    frames(&mut session, 1).await;
    session.close().await;
    let ended = server.deliveries()[0].ended;
    assert_eq!(ended, Some(Ended::TornDown));
}

#[tokio::test]
async fn a_wrong_password_a_missing_one_and_a_wrong_path_are_told_apart() {
    let server = Server::start(guarded()).await.unwrap();
    let fault = open(&with_password(&url(&server), "guess")).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::WrongCredentials);
    assert_eq!(fault.to_string(), "the camera refuses this user name or password");
    let shown = format!("{fault:?}");
    assert!(!shown.contains("guess"), "{shown}");

    let fault = open(&source(&url(&server))).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::WrongCredentials);
    assert_eq!(fault.to_string(), "the camera asks for a user name and password");

    let lost = format!("rtsp://{}/cam2/main", server.addr());
    let fault = open(&with_password(&lost, PASSWORD)).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::NotFound);
    let words =
        format!("{} has no stream at this path; look the path up in its manual", server.addr());
    assert_eq!(fault.to_string(), words);
}

#[tokio::test]
async fn a_camera_that_goes_away_hands_over_what_it_sent_and_then_a_fault() {
    let server = Server::start(config()).await.unwrap();
    let mut session = open(&source(&url(&server))).await.unwrap();
    let mut received = frames(&mut session, 10).await;
    let address = server.addr();
    let delivery = server.shutdown().await.remove(0);
    let fault = loop {
        match session.next().await {
            Ok(Event::Frames(frames)) => received.extend(frames),
            Ok(_) => {}
            Err(fault) => break fault,
        }
    };
    assert_eq!(fault.kind, FaultKind::Unreachable);
    assert_eq!(
        fault.to_string(),
        format!("the connection to {address} was lost; check the camera's power and the network")
    );
    let counters: Vec<_> = stamps(&received).iter().map(|stamp| stamp.counter).collect();
    let (first, last) = delivery.counters.unwrap();
    // The last frame's end is known by its marker, so none waits for another.
    assert_eq!(counters, (first..=last).collect::<Vec<_>>());

    assert_eq!(session.next().await.unwrap_err().kind, FaultKind::Unreachable);
    session.close().await;
}

#[tokio::test]
async fn a_step_of_the_servers_clock_begins_a_new_run_in_the_same_session() {
    let server = Server::start(config()).await.unwrap();
    let set_us = Arc::new(AtomicI64::new(0));
    let clock = {
        let set_us = Arc::clone(&set_us);
        Clock::Scripted(Arc::new(move || {
            let (instant, wall) = Clock::system().now();
            (instant, base::WallTime(wall.0 + set_us.load(Ordering::Relaxed)))
        }))
    };
    let mut session = open_with(&source(&url(&server)), clock).await.unwrap();
    let mut before = frames(&mut session, 5).await;
    set_us.store(-3_600_000_000, Ordering::Relaxed);
    let (from, to) = loop {
        match session.next().await.unwrap() {
            Event::Frames(frames) => before.extend(frames),
            Event::ClockStep { from, to } => break (from, to),
            Event::Sound(_) | Event::CameraClock { .. } | Event::Lost { .. } => {}
        }
    };
    let step = to.micros_since(from) + 3_600_000_000;
    assert!(step.abs() < 500_000, "{step}");
    let after = frames(&mut session, 10).await;
    assert!(before.windows(2).all(|pair| pair[0].wall < pair[1].wall));
    assert!(after.windows(2).all(|pair| pair[0].wall < pair[1].wall));
    assert!(after[0].wall < before[0].wall);
    let all = [stamps(&before), stamps(&after)].concat();
    assert!(all.windows(2).all(|pair| pair[1].counter == pair[0].counter + 1));
}

#[tokio::test]
async fn frames_that_came_meanwhile_are_returned_together() {
    let server = Server::start(config()).await.unwrap();
    let mut session = open(&source(&url(&server))).await.unwrap();
    let mut read = frames(&mut session, 1).await.len() as u64;
    let sent = read + 20;
    while server.deliveries()[0].frames < sent {
        tokio::task::yield_now().await;
    }
    let mut batches = Vec::new();
    while read < sent {
        let Event::Frames(frames) = session.next().await.unwrap() else { continue };
        batches.push(frames.len());
        read += frames.len() as u64;
    }
    assert!(batches.iter().any(|&frames| frames >= 4), "{batches:?}");
}

#[tokio::test]
async fn nothing_is_lost_where_waiting_for_it_is_given_up() {
    let server = Server::start(config()).await.unwrap();
    let mut session = open(&source(&url(&server))).await.unwrap();
    let mut received = Vec::new();
    while received.len() < 50 {
        let soon = tokio::time::timeout(Duration::from_millis(7), session.next()).await;
        if let Ok(event) = soon
            && let Event::Frames(frames) = event.unwrap()
        {
            received.extend(frames);
        }
    }
    let stamps = stamps(&received);
    assert!(stamps.windows(2).all(|pair| pair[1].counter == pair[0].counter + 1));
}

#[tokio::test]
async fn the_first_frame_is_a_keyframe_also_from_a_camera_that_begins_anywhere() {
    let server = Server::start(ServerConfig { start: Start::Anywhere, ..config() }).await.unwrap();
    for _ in 0..3 {
        let mut session = open(&source(&url(&server))).await.unwrap();
        let frames = frames(&mut session, 2).await;
        assert_eq!((frames[0].is_key, frames[1].is_key), (true, false));
    }
}

#[tokio::test]
async fn the_cameras_clock_is_kept_as_an_offset() {
    let server = Server::start(config()).await.unwrap();
    // The server's clock is a day behind the camera's, which is this machine's.
    let behind = || {
        let (instant, wall) = Clock::System.now();
        (instant, base::WallTime(wall.0 - DAY_US))
    };
    let clock = Clock::Scripted(Arc::new(behind));
    let mut session = open_with(&source(&url(&server)), clock).await.unwrap();
    let offset_us = loop {
        if let Event::CameraClock { offset_us } = session.next().await.unwrap() {
            break offset_us;
        }
    };
    assert_eq!(days(offset_us), 1, "{offset_us}");
}

#[tokio::test]
async fn a_stream_whose_parameters_stand_in_the_description_alone_is_understood() {
    let server = Server::start(config()).await.unwrap();
    let mut session = open(&source(&url(&server))).await.unwrap();
    let with = frames(&mut session, 1).await;
    let described = ServerConfig { parameter_sets_in_band: false, ..config() };
    let server = Server::start(described).await.unwrap();
    let mut session = open(&source(&url(&server))).await.unwrap();
    assert_eq!(frames(&mut session, 1).await[0].params, with[0].params);
}

#[tokio::test]
async fn a_probe_tells_what_is_offered_and_leaves() {
    let server = Server::start(guarded()).await.unwrap();
    // What comes late is no 25 frames a second: a busy machine gets another try.
    let mut tries = 0;
    let found = loop {
        let found = probe(&with_password(&url(&server), PASSWORD), &limits()).await.unwrap();
        tries += 1;
        if found.fps == Some(25.0) || tries == 10 {
            break found;
        }
    };
    let codec = media::h264::params(&clip().sps, &clip().pps).unwrap().rfc6381();
    assert_eq!((found.codec, found.width, found.height), (codec, 640, 360));
    assert_eq!(found.fps, Some(25.0));
    assert_eq!(server.deliveries()[0].ended, Some(Ended::TornDown));
    let fault = probe(&source(&url(&server)), &limits()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::WrongCredentials);
}
