//! Measures what a camera costs: `cost FILE.mp4 CAMERAS SECONDS`.
//!
//! The viewers are another process that reads and throws away, so that the CPU
//! time told is the server's alone.

use std::io::Write;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use simcam::clip::Clip;
use simcam::{CameraConfig, Server, ServerConfig, StreamRole};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["drain"] => drain().await,
        [file, cameras, seconds] => {
            measure(file.as_ref(), cameras.parse()?, seconds.parse()?).await
        }
        _ => Err("usage: cost FILE.mp4 CAMERAS SECONDS".into()),
    }
}

async fn measure(file: &Path, cameras: u32, seconds: u64) -> Result<()> {
    let clip = Arc::new(Clip::from_mp4(file)?);
    let cameras = (0..cameras)
        .map(|n| CameraConfig {
            phase: Duration::from_millis(u64::from(n) * 137),
            ..CameraConfig::new(format!("cam{n}"), Arc::clone(&clip), Arc::clone(&clip))
        })
        .collect();
    let config = ServerConfig::new((Ipv4Addr::LOCALHOST, 0).into(), cameras);
    let urls: Vec<_> = config.cameras.iter().map(|camera| camera.name.clone()).collect();
    let server = Server::start(config).await?;

    let mut drain = Command::new(std::env::current_exe()?)
        .arg("drain")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    let mut list = drain.stdin.take().ok_or("no pipe")?;
    for name in &urls {
        writeln!(list, "{}", server.url(name, StreamRole::Main))?;
    }
    drop(list);

    let sent =
        |server: &Server| -> u64 { server.deliveries().iter().map(|each| each.frames).sum() };
    // All must have come to their first keyframe.
    while server.deliveries().iter().filter(|each| each.frames > 0).count() < urls.len() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (frames, cpu) = (sent(&server), cpu_ms()?);
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let (frames, cpu) = (sent(&server) - frames, cpu_ms()? - cpu);
    drain.kill()?;
    drain.wait()?;
    let camera_seconds = urls.len() as f64 * seconds as f64;
    println!(
        "{:.3} ms of CPU a camera-second ({} cameras, {seconds} s, {frames} frames, {:.2} Mbit/s each)",
        cpu / camera_seconds,
        urls.len(),
        clip.size_bytes() as f64 * 8.0 / (clip.duration_90k as f64 / 90_000.0) / 1e6,
    );
    Ok(())
}

/// Returns the CPU time of this process so far.
fn cpu_ms() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    // The name in brackets may hold spaces; times are fields 14 and 15, in 1/100 s.
    let after = text.rsplit(')').next().unwrap_or_default();
    let fields: Vec<&str> = after.split_whitespace().collect();
    Ok((fields[11].parse::<f64>()? + fields[12].parse::<f64>()?) * 10.0)
}

/// Plays the URLs that come on standard input, and throws away what comes.
async fn drain() -> Result<()> {
    let mut players = tokio::task::JoinSet::new();
    for url in std::io::stdin().lines() {
        players.spawn(play(url?));
    }
    while players.join_next().await.is_some() {}
    Ok(())
}

async fn play(url: String) -> Result<()> {
    let authority = url.split('/').nth(2).ok_or("no host")?;
    let mut stream = TcpStream::connect(authority).await?;
    let requests = format!(
        "SETUP {url}/trackID=0 RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n\
         PLAY {url} RTSP/1.0\r\nCSeq: 2\r\n\r\n"
    );
    stream.write_all(requests.as_bytes()).await?;
    let mut sink = vec![0; 1 << 16];
    while stream.read(&mut sink).await? > 0 {}
    Ok(())
}
