//! Sessions with a camera by other hands: GStreamer's RTSP server.

// Also what is no test itself may unwrap: a panic names the line.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;
use std::process::Stdio;

use common::{PASSWORD, USER, encode, encode_as, frames, limits, open, source, with_password};
use ingest::{Event, FaultKind, probe};
use media::{Codec, Frame};
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
async fn motion_jpeg_is_told_to_be_changed() {
    let camera = Camera::serving(
        "videotestsrc is-live=true ! video/x-raw,format=I420 ! jpegenc ! rtpjpegpay name=pay0",
    )
    .await;
    let fault = probe(&with_password(&camera.url, PASSWORD), &limits()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unsupported);
    let host = camera.url.trim_start_matches("rtsp://").trim_end_matches("/stream");
    let words = format!("{host} sends JPEG; set the stream to H.264 or H.265 in the camera");
    assert_eq!(fault.to_string(), words);
}

#[tokio::test]
async fn b_frames_are_put_in_order_and_each_is_shown_at_its_moment() {
    let folder = tempfile::tempdir().unwrap();
    // Nested as x264 likes it, and flat.
    for (told, deepest) in [("b-pyramid=normal", 2), ("b-pyramid=none", 1)] {
        let told = format!("b-adapt=0:{told}");
        let told = ["-preset", "veryfast", "-bf", "3", "-g", "25", "-x264-params", &told];
        let file = encode_as(folder.path(), "640x360", 3, &told);
        let elements = "qtdemux ! h264parse ! rtph264pay name=pay0";
        let camera =
            Camera::serving(&format!("filesrc location={} ! {elements}", file.display())).await;
        let mut session = open(&with_password(&camera.url, PASSWORD)).await.unwrap();
        let frames = frames(&mut session, 60).await;
        session.close().await;
        std::fs::remove_file(&file).unwrap();

        assert_eq!(frames[0].params.reorder_depth(), Some(deepest));
        assert!(frames.is_sorted_by(|one, next| one.wall < next.wall), "decoding times rise");
        let shown = |frame: &Frame| frame.wall.0 + i64::from(frame.composition_us);
        assert!(frames.iter().all(|frame| frame.composition_us >= 0), "decoded before it is shown");
        let mut order: Vec<_> = frames.iter().map(shown).collect();
        let reordered = order.windows(2).filter(|pair| pair[1] < pair[0]).count();
        assert!(reordered > 10, "{reordered}");
        order.sort_unstable();
        for pair in order.windows(2).take(50) {
            let spacing = pair[1] - pair[0];
            assert!((30_000..=50_000).contains(&spacing), "{spacing}");
        }
    }
}

#[tokio::test]
async fn a_real_street_in_h265_is_read_as_ffmpeg_reads_it() {
    let Some(media) = common::real_clips() else {
        println!("skipped: no shared/media beside the project");
        return;
    };
    let file = media.join("ahmetozlu-street_640x352_24fps_h265.mp4");
    let elements = "qtdemux ! h265parse ! rtph265pay name=pay0";
    let camera =
        Camera::serving(&format!("filesrc location={} ! {elements}", file.display())).await;
    let mut session = open(&with_password(&camera.url, PASSWORD)).await.unwrap();
    let frames = frames(&mut session, 48).await;
    session.close().await;
    let params = &frames[0].params;
    assert_eq!((params.codec, params.width, params.height), (Codec::H265, 640, 352));
    assert!(frames[0].is_key && params.rfc6381().starts_with("hvc1.1.6."), "{}", params.rfc6381());

    let mut movie = media::fmp4::init_segment(params).to_vec();
    for (frame, number) in frames.iter().zip(1..) {
        let at = frame.wall.micros_since(frames[0].wall) as u64;
        let sample = frame.sample(frame.wall.plus(std::time::Duration::from_millis(41)));
        movie.extend_from_slice(&media::fmp4::fragment_header(number, at, &[sample]));
        movie.extend_from_slice(&frame.data);
    }
    let folder = tempfile::tempdir().unwrap();
    let ours = folder.path().join("ours.mp4");
    std::fs::write(&ours, movie).unwrap();
    let pictures = |file: &Path| {
        let output = std::process::Command::new("ffmpeg")
            .args(["-v", "error", "-i"])
            .arg(file)
            .args(["-frames:v", "40", "-fps_mode", "passthrough", "-f", "framemd5", "-"])
            .output()
            .unwrap();
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        let listed = String::from_utf8(output.stdout).unwrap();
        let lines = listed.lines().filter(|line| !line.starts_with('#'));
        lines.map(|line| line.rsplit(", ").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(pictures(&ours), pictures(&file));
}

#[tokio::test]
async fn sound_comes_only_of_a_source_that_asks_for_it() {
    for (encoder, codec) in [
        ("audio/x-raw,rate=16000,channels=1 ! voaacenc ! rtpmp4gpay", Codec::Aac),
        ("audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay", Codec::Pcmu),
        ("audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay", Codec::Pcma),
    ] {
        let camera = Camera::serving(&format!(
            "videotestsrc is-live=true ! openh264enc gop-size=15 ! rtph264pay name=pay0 \
             audiotestsrc is-live=true freq=1000 ! audioconvert ! audioresample ! {encoder} name=pay1"
        ))
        .await;
        let deaf = with_password(&camera.url, PASSWORD);
        let mut session = open(&deaf).await.unwrap();
        assert!(session.offers_sound().is_some() && !session.has_sound());
        for _ in 0..30 {
            let event = session.next().await.unwrap();
            assert!(!matches!(event, Event::Sound(_)), "{event:?}");
        }
        session.close().await;

        let source = ingest::Source { sound: true, ..deaf };
        let mut session = open(&source).await.unwrap();
        assert!(session.has_sound());
        let (mut heard, mut seen) = (Vec::new(), Vec::new());
        while heard.len() < 40 || seen.len() < 20 {
            match session.next().await.unwrap() {
                Event::Sound(frames) => heard.extend(frames),
                Event::Frames(frames) => seen.extend(frames),
                _ => {}
            }
        }
        session.close().await;
        let params = &heard[0].params;
        assert_eq!(params.codec, codec);
        let rate_hz = params.sampling().unwrap().rate_hz;
        assert_eq!(rate_hz, if codec == Codec::Aac { 16_000 } else { 8_000 });
        assert!(heard.is_sorted_by(|one, next| one.wall < next.wall));
        let apart = heard[5].wall.micros_since(seen[5].wall).abs();
        assert!(apart < 5_000_000, "pictures and sound share an axis: {apart} µs");
    }
}
