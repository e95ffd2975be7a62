//! Sessions with a camera by other hands: GStreamer's RTSP server.

// Also what is no test itself may unwrap: a panic names the line.
#![allow(clippy::unwrap_used)]

mod common;

use std::process::Stdio;

use common::{PASSWORD, USER, encode, encode_as, end, frames, limits, open, source, with_password};
use ingest::{FaultKind, probe};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A server that ends with this value: its standard input closes.
struct Camera {
    _server: Child,
    url: String,
}

impl Camera {
    async fn serving(pipeline: &str) -> Self {
        // Debian's own: another Python does not see its GStreamer.
        let mut server = Command::new("/usr/bin/python3")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/testdata/gst_camera.py"))
            .args([USER, PASSWORD, pipeline])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("install the Debian packages python3-gi and gir1.2-gst-rtsp-server-1.0");
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let port = lines.next_line().await.unwrap().expect("the server says its port");
        Self { _server: server, url: format!("rtsp://127.0.0.1:{port}/stream") }
    }
}

#[tokio::test]
async fn a_camera_by_other_hands_is_understood_frame_by_frame() {
    let folder = tempfile::tempdir().unwrap();
    let file = encode(folder.path(), "640x360");
    let pipeline =
        format!("filesrc location={} ! qtdemux ! h264parse ! rtph264pay name=pay0", file.display());
    let camera = Camera::serving(&pipeline).await;
    let mut session = open(&with_password(&camera.url, PASSWORD)).await.unwrap();
    let frames = frames(&mut session, 40).await;
    session.close().await;

    let clip = simcam::clip::Clip::from_mp4(&file).unwrap();
    for (frame, unit) in frames.iter().zip(&clip.access_units) {
        let units: Vec<_> = media::nal::length_prefixed(&frame.data).map(Result::unwrap).collect();
        let slices: Vec<_> = units.iter().filter(|unit| unit[0] & 0x1f != 6).collect();
        assert!(
            slices.into_iter().eq(unit.nals.iter().map(|nal| &nal[..]).collect::<Vec<_>>().iter())
        );
        assert_eq!(frame.is_key, unit.is_key);
    }
    for pair in frames.windows(2) {
        let spacing = pair[1].wall.micros_since(pair[0].wall);
        assert!((30_000..=50_000).contains(&spacing), "{spacing}");
    }
    assert_eq!((frames[0].params.width, frames[0].params.height), (640, 360));
}

#[tokio::test]
async fn real_streets_are_read_where_their_clips_are_at_hand() {
    let Some(media) = common::real_clips() else {
        println!("skipped: no shared/media beside the project");
        return;
    };
    for (name, size) in [
        ("ckuhn-street_640x360_10fps.mp4", (640, 360)),
        ("ahmetozlu-street_640x352_24fps.mp4", (640, 352)),
        ("intel-car-topdown_768x432_12.5fps.mp4", (768, 432)),
    ] {
        let file = media.join(name);
        let pipeline = format!(
            "filesrc location={} ! qtdemux ! h264parse ! rtph264pay name=pay0",
            file.display()
        );
        let camera = Camera::serving(&pipeline).await;
        let mut session = open(&with_password(&camera.url, PASSWORD)).await.unwrap();
        let frames = frames(&mut session, 30).await;
        session.close().await;
        let clip = simcam::clip::Clip::from_mp4(&file).unwrap();
        for (frame, unit) in frames.iter().zip(&clip.access_units) {
            let bytes: usize = unit.nals.iter().map(|nal| nal.len() + 4).sum();
            assert!(frame.data.len() >= bytes, "{name}: a slice is missing");
            assert_eq!(frame.is_key, unit.is_key, "{name}");
        }
        assert_eq!((frames[0].params.width, frames[0].params.height), size, "{name}");
    }
}

#[tokio::test]
async fn its_digest_refuses_a_wrong_password_and_a_missing_one() {
    let camera =
        Camera::serving("videotestsrc is-live=true ! openh264enc ! rtph264pay name=pay0").await;
    let wrong = open(&with_password(&camera.url, "guess")).await.unwrap_err();
    let missing = open(&source(&camera.url)).await.unwrap_err();
    assert_eq!(wrong.kind, FaultKind::WrongCredentials);
    assert_eq!(missing.kind, FaultKind::WrongCredentials);
    assert_ne!(wrong.to_string(), missing.to_string());
    let found = probe(&with_password(&camera.url, PASSWORD), &limits()).await.unwrap();
    assert_eq!((found.width, found.height), (320, 240));
    // Nothing announces the rate, so it was counted; how well, `wall` and `probe` try
    // with times of their own.
    let fps = found.fps.unwrap();
    assert!(fps > 0.0, "{fps}");
}

#[tokio::test]
async fn motion_jpeg_is_told_to_be_changed_for_h264() {
    let camera = Camera::serving(
        "videotestsrc is-live=true ! video/x-raw,format=I420 ! jpegenc ! rtpjpegpay name=pay0",
    )
    .await;
    let fault = probe(&with_password(&camera.url, PASSWORD), &limits()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unsupported);
    let host = camera.url.trim_start_matches("rtsp://").trim_end_matches("/stream");
    let words = format!("{host} sends JPEG; set the stream to H.264 in the camera");
    assert_eq!(fault.to_string(), words);
}

#[tokio::test]
async fn b_frames_are_told_to_be_switched_off() {
    let folder = tempfile::tempdir().unwrap();
    let file = encode_as(folder.path(), "640x360", 2, &["-bf", "2", "-g", "25"]);
    let pipeline =
        format!("filesrc location={} ! qtdemux ! h264parse ! rtph264pay name=pay0", file.display());
    let camera = Camera::serving(&pipeline).await;
    let host = camera.url.trim_start_matches("rtsp://").trim_end_matches("/stream");
    let words = format!(
        "{host} sends B-frames; switch them off in the camera (profile Baseline, or B-frames 0)"
    );
    let source = with_password(&camera.url, PASSWORD);
    let mut session = open(&source).await.unwrap();
    let fault = end(&mut session).await;
    assert_eq!((fault.kind, fault.to_string()), (FaultKind::Unsupported, words.clone()));
    session.close().await;
    let fault = probe(&source, &limits()).await.unwrap_err();
    assert_eq!((fault.kind, fault.to_string()), (FaultKind::Unsupported, words));
}
