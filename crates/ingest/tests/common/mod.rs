//! What the tests of sessions share: short limits, and a clip to serve.

// Each test file uses its own part of this; in all of it, a panic names the line.
#![allow(dead_code, clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ingest::{Clock, Credentials, Event, Fault, Limits, Session, Source};
use media::Frame;
use simcam::clip::Clip;

pub(crate) const USER: &str = "khue";
pub(crate) const PASSWORD: &str = "van-cac-1805";

/// Limits that also a busy machine keeps.
pub(crate) fn limits() -> Limits {
    Limits {
        connect: Duration::from_secs(10),
        step: Duration::from_secs(10),
        silence: Duration::from_secs(10),
        keyframe: Duration::from_secs(30),
    }
}

/// Limits for a test that waits for them.
pub(crate) fn short_limits() -> Limits {
    Limits {
        connect: Duration::from_secs(2),
        step: Duration::from_secs(2),
        silence: Duration::from_secs(5),
        ..limits()
    }
}

pub(crate) fn source(url: &str) -> Source {
    Source::new(url.parse().unwrap(), None)
}

pub(crate) fn with_password(url: &str, password: &str) -> Source {
    let (user, password) = (USER.to_owned(), password.to_owned());
    Source { credentials: Some(Credentials { user, password }), ..source(url) }
}

pub(crate) async fn open(source: &Source) -> Result<Session, Fault> {
    open_with(source, Clock::system()).await
}

pub(crate) async fn open_with(source: &Source, clock: Clock) -> Result<Session, Fault> {
    Session::open(source, clock, limits()).await
}

/// Returns the next `count` frames or more; other events are passed over.
pub(crate) async fn frames(session: &mut Session, count: usize) -> Vec<Frame> {
    let mut frames = Vec::new();
    while frames.len() < count {
        if let Event::Frames(more) = session.next().await.unwrap() {
            assert!(!more.is_empty());
            frames.extend(more);
        }
    }
    frames
}

/// Returns why a session ends.
pub(crate) async fn end(session: &mut Session) -> Fault {
    loop {
        if let Err(fault) = session.next().await {
            return fault;
        }
    }
}

/// Two seconds of a test picture, 25 frames a second, a keyframe each second.
pub(crate) fn clip() -> Arc<Clip> {
    static CLIP: OnceLock<Arc<Clip>> = OnceLock::new();
    Arc::clone(CLIP.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let file = encode(folder.path(), "640x360");
        Arc::new(Clip::from_mp4(&file).unwrap())
    }))
}

/// Encodes two seconds of a test picture into a folder.
pub(crate) fn encode(folder: &Path, size: &str) -> PathBuf {
    encode_as(folder, size, 2, &["-bf", "0", "-g", "25"])
}

/// Encodes so many seconds of a test picture into a folder, as the encoder is told.
pub(crate) fn encode_as(folder: &Path, size: &str, seconds: u32, told: &[&str]) -> PathBuf {
    let file = folder.join(format!("{size}.mp4"));
    let made = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-f", "lavfi", "-i"])
        .arg(format!("testsrc=s={size}:r=25:d={seconds}"))
        .args(["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"])
        .args(told)
        .arg(&file)
        .status();
    assert!(made.expect("install the Debian package ffmpeg").success());
    file
}

/// Returns the folder of real clips beside the project, where there is one.
pub(crate) fn real_clips() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().map(|folder| folder.join("shared/media")).find(|folder| folder.is_dir())
}
