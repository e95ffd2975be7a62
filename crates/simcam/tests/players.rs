//! The players that people have: what they show is what we sent.
//!
//! They are told to take RTSP over TCP; over UDP the server speaks none.

// Also what is no test itself may unwrap: a panic names the line.
#![allow(clippy::unwrap_used)]

mod common;

use std::ffi::OsStr;
use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use bytes::Bytes;
use common::{PASSWORD, USER, clip, guarded};
use simcam::clip::{Clip, FrameRate};
use simcam::{Ended, Server, StreamRole, sei};
use tokio::process::Command;

/// How long a player may take; they do in seconds what they do.
const PATIENCE: Duration = Duration::from_secs(60);

fn url_with_password(server: &Server) -> String {
    let url = server.url("cam1", StreamRole::Main);
    url.replace("rtsp://", &format!("rtsp://{USER}:{PASSWORD}@"))
}

/// Runs a player to its end, or to the end of our patience.
async fn run(program: &str, arguments: &[impl AsRef<OsStr>]) -> Output {
    let output =
        Command::new(program).args(arguments).stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(PATIENCE, output).await;
    let output = output.unwrap_or_else(|_| panic!("{program} hangs"));
    output.unwrap_or_else(|error| panic!("{program}: {error}; install its Debian package"))
}

fn said(output: &Output) -> String {
    format!(
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Checks that a raw H.264 file holds our frames, none missing, and returns their number.
fn check_frames(file: &Path) -> usize {
    let stream = Bytes::from(std::fs::read(file).unwrap());
    let stamps: Vec<_> = media::nal::annex_b(&stream).filter_map(sei::read_unit).collect();
    for pair in stamps.windows(2) {
        assert_eq!(pair[1].counter, pair[0].counter + 1);
        assert_eq!(pair[1].wall_us, pair[0].wall_us + 40_000);
    }
    let shown = Clip::from_annex_b(stream, FrameRate::per_second(25), 640, 360).unwrap();
    let sent = clip();
    for (unit, stamp) in shown.access_units.iter().zip(&stamps) {
        let at = (stamp.counter % sent.access_units.len() as u64) as usize;
        assert_eq!(unit.nals, sent.access_units[at].nals);
    }
    assert!(shown.access_units.len().abs_diff(stamps.len()) <= 1);
    stamps.len()
}

#[tokio::test]
async fn ffprobe_sees_what_the_stream_is() {
    let server = Server::start(guarded()).await.unwrap();
    let url = url_with_password(&server);
    let entries = "stream=codec_name,width,height,r_frame_rate";
    let output = run(
        "ffprobe",
        &[
            "-v",
            "error",
            "-rtsp_transport",
            "tcp",
            "-show_entries",
            entries,
            "-of",
            "csv=p=0",
            &url,
        ],
    )
    .await;
    assert_eq!(String::from_utf8_lossy(&output.stdout), "h264,640,360,25/1\n", "{}", said(&output));
}

#[tokio::test]
async fn ffprobe_with_a_wrong_password_is_refused() {
    let server = Server::start(guarded()).await.unwrap();
    let url = url_with_password(&server).replace(PASSWORD, "guess");
    let output = run("ffprobe", &["-v", "error", "-rtsp_transport", "tcp", &url]).await;
    assert!(said(&output).contains("401 Unauthorized"), "{}", said(&output));
    assert!(server.deliveries().is_empty());
}

#[tokio::test]
async fn ffmpeg_copies_the_frames_as_they_were_sent() {
    let server = Server::start(guarded()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("copy.h264");
    let url = url_with_password(&server);
    let output = run(
        "ffmpeg",
        &[
            OsStr::new("-nostdin"),
            "-v".as_ref(),
            "warning".as_ref(),
            "-rtsp_transport".as_ref(),
            "tcp".as_ref(),
            "-i".as_ref(),
            url.as_ref(),
            "-t".as_ref(),
            "3".as_ref(),
            "-c".as_ref(),
            "copy".as_ref(),
            file.as_os_str(),
        ],
    )
    .await;
    assert!(output.status.success(), "{}", said(&output));
    assert!(check_frames(&file) >= 70, "{}", said(&output));
    let delivery = server.shutdown().await.remove(0);
    assert_eq!(delivery.ended, Some(Ended::TornDown));
}

#[tokio::test]
async fn ffmpeg_decodes_without_a_complaint() {
    let server = Server::start(guarded()).await.unwrap();
    let url = url_with_password(&server);
    let output = run(
        "ffmpeg",
        &[
            "-nostdin",
            "-v",
            "warning",
            "-xerror",
            "-rtsp_transport",
            "tcp",
            "-i",
            &url,
            "-frames:v",
            "60",
            "-f",
            "null",
            "-",
        ],
    )
    .await;
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(said(&output).trim(), "");
}

#[tokio::test]
async fn gstreamer_plays_it() {
    let server = Server::start(guarded()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("copy.h264");
    let location = format!("location={}", server.url("cam1", StreamRole::Main));
    let (user, password) = (format!("user-id={USER}"), format!("user-pw={PASSWORD}"));
    let sink = format!("location={}", file.display());
    let output = run(
        "gst-launch-1.0",
        &[
            "-q",
            "rtspsrc",
            &location,
            "protocols=tcp",
            &user,
            &password,
            "!",
            "rtph264depay",
            "!",
            "video/x-h264,stream-format=byte-stream,alignment=au",
            "!",
            "identity",
            "eos-after=60",
            "!",
            "filesink",
            &sink,
        ],
    )
    .await;
    assert!(output.status.success(), "{}", said(&output));
    assert!(check_frames(&file) >= 55, "{}", said(&output));
}

#[tokio::test]
async fn vlc_plays_it() {
    let server = Server::start(guarded()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    open_to_all(folder.path());
    let vlc = Vlc { home: folder.path() };
    let modules = vlc.run(&["--list"]).await;
    if !said(&modules).contains("live555") {
        // Debian builds VLC without it; `talk.rs` has the words VLC would use.
        eprintln!("skipped: this VLC is built without its RTSP client, live555");
        return;
    }
    let file = folder.path().join("copy.ts");
    let chain = format!("--sout=#std{{access=file,mux=ts,dst={}}}", file.display());
    let (user, password) = (format!("--rtsp-user={USER}"), format!("--rtsp-pwd={PASSWORD}"));
    let url = server.url("cam1", StreamRole::Main);
    let played = vlc
        .run(&["--rtsp-tcp", &user, &password, "--run-time=4", &chain, &url, "vlc://quit"])
        .await;
    // VLC's exit status says nothing; the file does.
    let raw = folder.path().join("copy.h264");
    let unwrap = ["-nostdin", "-v", "error", "-i"].map(OsStr::new);
    let arguments = [&unwrap[..], &[file.as_ref(), "-c".as_ref(), "copy".as_ref(), raw.as_ref()]];
    let unwrapped = run("ffmpeg", &arguments.concat()).await;
    assert!(unwrapped.status.success(), "{}\n{}", said(&played), said(&unwrapped));
    assert!(check_frames(&raw) >= 50, "{}", said(&played));
}

/// VLC without a window, as somebody who is not root: it refuses to be.
struct Vlc<'a> {
    home: &'a Path,
}

impl Vlc<'_> {
    async fn run(&self, arguments: &[&str]) -> Output {
        let home = format!("HOME={}", self.home.display());
        let vlc = ["env", &home, "cvlc", "-I", "dummy"];
        let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
        let before: &[&str] = if root { &["runuser", "-u", "nobody", "--"] } else { &[] };
        let line = [before, &vlc[..], arguments].concat();
        run(line[0], &line[1..]).await
    }
}

fn open_to_all(folder: &Path) {
    std::fs::set_permissions(folder, Permissions::from_mode(0o777)).unwrap();
}
