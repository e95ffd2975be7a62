//! Cameras that do otherwise than most: TLS, UDP alone, parameter sets in band,
//! another resolution in the midst, and sound that nobody asked for.

// Also what is no test itself may unwrap: a panic names the line.
#![allow(clippy::unwrap_used)]

mod common;

use std::net::Ipv4Addr;
use std::sync::Arc;

use base::{Link, Transport};
use common::{frames, limits, open, source};
use ingest::{Event, FaultKind, Source, probe};
use media::{Codec, Frame};
use simcam::clip::{Clip, Pattern};
use simcam::sound::{Sound, SoundCodec};
use simcam::{CameraConfig, Fault, Server, ServerConfig, StreamRole, Transports};

fn pattern(pattern: Pattern) -> Arc<Clip> {
    Clip::test_pattern(pattern).unwrap()
}

fn usual() -> Arc<Clip> {
    pattern(Pattern::default())
}

fn camera() -> CameraConfig {
    CameraConfig::new("cam1", usual(), usual())
}

async fn serving(camera: CameraConfig) -> Server {
    let config = ServerConfig::new((Ipv4Addr::LOCALHOST, 0).into(), vec![camera]);
    Server::start(config).await.unwrap()
}

fn main_of(server: &Server) -> Source {
    source(&server.url("cam1", StreamRole::Main))
}

/// Returns the counters that the camera stamped on its frames.
fn counters(frames: &[Frame]) -> Vec<u64> {
    let stamp = |frame: &Frame| simcam::sei::read_frame(&frame.data).expect("a stamp").counter;
    frames.iter().map(stamp).collect()
}

#[tokio::test]
async fn a_camera_behind_tls_is_read_and_its_certificate_can_be_insisted_on() {
    let listen = (Ipv4Addr::LOCALHOST, 0).into();
    let config = ServerConfig { tls: Some(listen), ..ServerConfig::new(listen, vec![camera()]) };
    let server = Server::start(config).await.unwrap();
    let url = server.tls_url("cam1", StreamRole::Main).unwrap();
    assert!(url.starts_with("rtsps://"));
    let found = probe(&source(&url), &limits()).await.unwrap();
    let shown = found.certificate.expect("it shows one");

    let with = |certificate| {
        let link = Link { certificate: Some(certificate), ..Link::default() };
        Source { link, ..source(&url) }
    };
    let mut session = open(&with(shown)).await.unwrap();
    assert_eq!(session.certificate(), Some(shown));
    assert!(frames(&mut session, 30).await[0].is_key);
    session.close().await;

    let fault = open(&with([7; 32])).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::WrongCredentials);
    let words = "shows another certificate than the one set for it";
    assert!(fault.to_string().contains(words), "{fault}");
    // One that speaks no TLS is told from one that is not there.
    let plain = server.url("cam1", StreamRole::Main).replace("rtsp://", "rtsps://");
    let fault = open(&source(&plain)).await.unwrap_err();
    assert!(fault.to_string().contains("TLS"), "{fault}");
}

#[tokio::test]
async fn a_camera_that_sends_by_udp_alone_is_read_by_udp() {
    let camera = CameraConfig { transports: Transports::UdpOnly, ..camera() };
    let server = serving(camera).await;
    let mut session = open(&main_of(&server)).await.unwrap();
    let read = frames(&mut session, 40).await;
    session.close().await;
    let counted = counters(&read);
    assert!(counted.is_sorted() && read[0].is_key);
    assert!(read.is_sorted_by(|one, next| one.wall < next.wall));
}

#[tokio::test]
async fn parameter_sets_that_come_in_band_alone_are_enough() {
    for codec in [simcam::clip::Codec::H264, simcam::clip::Codec::H265] {
        let clip = pattern(Pattern { codec, ..Pattern::default() });
        let server = serving(CameraConfig {
            in_band: true,
            ..CameraConfig::new("cam1", clip.clone(), clip)
        })
        .await;
        let mut session = open(&main_of(&server)).await.unwrap();
        let read = frames(&mut session, 30).await;
        session.close().await;
        assert_eq!((read[0].params.width, read[0].params.height), (640, 360));
        assert!(read[0].is_key, "{codec:?}");
        let whole = counters(&read).windows(2).all(|pair| pair[1] == pair[0] + 1);
        assert!(whole, "{codec:?}");
    }
}

#[tokio::test]
async fn another_resolution_in_the_midst_is_other_parameters_and_no_frame_less() {
    let small = pattern(Pattern { width: 320, height: 180, ..Pattern::default() });
    let server = serving(CameraConfig { others: vec![small], ..camera() }).await;
    let mut session = open(&main_of(&server)).await.unwrap();
    let mut read = frames(&mut session, 5).await;
    server.set_fault("cam1", Fault::ResolutionChange).unwrap();
    while read.last().unwrap().params.width != 320 {
        read.extend(frames(&mut session, 1).await);
    }
    read.extend(frames(&mut session, 5).await);
    session.close().await;
    let first = read.iter().find(|frame| frame.params.width == 320).unwrap();
    assert!(first.is_key);
    assert!(read.is_sorted_by(|one, next| one.wall < next.wall), "one run");
    assert!(counters(&read).windows(2).all(|pair| pair[1] == pair[0] + 1), "no frame less");
}

#[tokio::test]
async fn b_frames_of_h265_come_with_their_moments() {
    let codec = simcam::clip::Codec::H265;
    let clip = pattern(Pattern { codec, b_frames: 2, ..Pattern::default() });
    let server = serving(CameraConfig::new("cam1", clip.clone(), clip)).await;
    let mut session = open(&main_of(&server)).await.unwrap();
    let read = frames(&mut session, 50).await;
    session.close().await;
    assert_eq!(read[0].params.codec, Codec::H265);
    assert!(read[0].params.reorder_depth().unwrap() > 0);
    assert!(read.is_sorted_by(|one, next| one.wall < next.wall));
    let mut shown: Vec<_> =
        read.iter().map(|frame| frame.wall.0 + i64::from(frame.composition_us)).collect();
    assert!(!shown.is_sorted());
    shown.sort_unstable();
    for pair in shown.windows(2).take(40) {
        assert!((30_000..=50_000).contains(&(pair[1] - pair[0])), "{pair:?}");
    }
}

#[tokio::test]
async fn sound_is_set_up_only_by_who_asks_for_it_and_is_whole() {
    for (codec, ours) in [
        (SoundCodec::Aac, Codec::Aac),
        (SoundCodec::Pcmu, Codec::Pcmu),
        (SoundCodec::Pcma, Codec::Pcma),
    ] {
        let sound = Sound::test_tone(codec, 700, 2).unwrap();
        let server = serving(CameraConfig { sound: Some(sound.clone()), ..camera() }).await;
        let deaf = main_of(&server);
        let mut session = open(&deaf).await.unwrap();
        frames(&mut session, 10).await;
        session.close().await;
        let of_last = || server.deliveries().pop().unwrap().sound.unwrap();
        assert!(!of_last().setup, "{codec:?}");

        let mut session = open(&Source { sound: true, ..deaf }).await.unwrap();
        let mut heard: Vec<Frame> = Vec::new();
        while heard.len() < 60 {
            if let Event::Sound(frames) = session.next().await.unwrap() {
                heard.extend(frames);
            }
        }
        session.close().await;
        assert_eq!(heard[0].params.codec, ours);
        // What is heard is a row of the loop, whole and in order. A steady tone
        // repeats itself, so it is looked for at each place.
        let of_loop = |number: usize| &sound.frames[number % sound.frames.len()];
        let begins_at = |at: &usize| {
            heard.iter().zip(*at..).all(|(frame, number)| frame.data == of_loop(number))
        };
        assert!((0..sound.frames.len()).any(|at| begins_at(&at)), "{codec:?}");
        assert!(of_last().setup);
    }
}

#[tokio::test]
async fn the_way_that_was_chosen_is_the_only_one_tried() {
    let camera = CameraConfig { transports: Transports::TcpOnly, ..camera() };
    let server = serving(camera).await;
    let link = Link { transport: Transport::Udp, ..Link::default() };
    let fault = open(&Source { link, ..main_of(&server) }).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unsupported);
    assert!(
        fault.to_string().ends_with("does not send by UDP (461); choose TCP for it"),
        "{fault}"
    );
}
