//! Simulated cameras in the test's own process, so that it knows each frame that
//! was sent.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use simcam::clip::{Clip, FrameRate};
use simcam::{CameraConfig, Credentials, Server, ServerConfig, StreamRole};

use crate::program;

/// The name and password that the cameras want.
pub const CREDENTIALS: (&str, &str) = ("viewer", "mật khẩu của máy ảnh");

/// The document by which the cameras are recorded.
pub const LEGAL_BASIS: &str = "319/QĐ-UBND, 19/1/2024";

/// What `khue camera add` is told of why a camera is recorded.
pub const RECORDED_FOR: [&str; 4] = ["--purpose", "traffic", "--legal-basis", LEGAL_BASIS];

/// Returns a loop of a test picture that costs little to send, made by ffmpeg.
pub fn small_clip() -> anyhow::Result<Arc<Clip>> {
    let (width, height, rate) = (320, 180, 25);
    let encoded = std::process::Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-f", "lavfi", "-i"])
        .arg(format!("testsrc2=size={width}x{height}:rate={rate}:duration=8"))
        .args([
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-bf",
            "0",
            "-g",
            "50",
            "-keyint_min",
            "50",
        ])
        .args(["-sc_threshold", "0", "-b:v", "200k", "-pix_fmt", "yuv420p", "-f", "h264", "-"])
        .output()
        .context("cannot run ffmpeg")?;
    anyhow::ensure!(encoded.status.success(), "{}", String::from_utf8_lossy(&encoded.stderr));
    let rate = FrameRate::per_second(rate);
    Ok(Arc::new(Clip::from_annex_b(Bytes::from(encoded.stdout), rate, width, height)?))
}

/// Serves `count` cameras called `cam0`, `cam1`, … that want [`CREDENTIALS`].
pub async fn serve(count: usize, main: &Arc<Clip>, sub: &Arc<Clip>) -> anyhow::Result<Server> {
    let camera = |_| CameraConfig::new("", main.clone(), sub.clone());
    serve_these((0..count).map(camera).collect()).await
}

/// Serves cameras, which are called `cam0`, `cam1`, … in their order, show each
/// another moment, and want [`CREDENTIALS`].
pub async fn serve_these(mut cameras: Vec<CameraConfig>) -> anyhow::Result<Server> {
    for (number, camera) in cameras.iter_mut().enumerate() {
        camera.name = format!("cam{number}");
        camera.phase = Duration::from_millis(number as u64 * 330);
    }
    let mut config = ServerConfig::new(([127, 0, 0, 1], 0).into(), cameras);
    let (user, password) = CREDENTIALS;
    config.credentials = Some(Credentials { user: user.to_owned(), password: password.to_owned() });
    Ok(Server::start(config).await?)
}

/// Adds the cameras of `server` by `khue camera add`, with their password on
/// standard input as a person would pipe it.
pub fn add(config: &Path, server: &Server, count: usize) -> anyhow::Result<()> {
    for number in 0..count {
        let name = format!("cam{number}");
        let mut child = Command::new(program::khue())
            .args(["camera", "add", &server.url(&name, StreamRole::Main)])
            .args(["--sub", &server.url(&name, StreamRole::Sub)])
            .args(RECORDED_FOR)
            .args(["--user", CREDENTIALS.0, "--name", &name, "--untried", "--config"])
            .arg(config)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start khue")?;
        let mut input = child.stdin.take().context("standard input was asked for")?;
        writeln!(input, "{}", CREDENTIALS.1)?;
        drop(input);
        let output = child.wait_with_output()?;
        anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
