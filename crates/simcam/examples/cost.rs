//! Measures what a camera costs: `cost FILE.mp4 CAMERAS SECONDS`.
//!
//! The viewers are another process that reads and throws away, so that the CPU
//! time told is the server's alone. Beside it stands what the same bytes cost on
//! this machine at this moment when they are written and nothing else is done.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
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
    let names: Vec<_> = config.cameras.iter().map(|camera| camera.name.clone()).collect();
    let server = Server::start(config).await?;

    let mut drain = Drain::start(names.iter().map(|name| server.url(name, StreamRole::Main)))?;
    let sent =
        |server: &Server| -> u64 { server.deliveries().iter().map(|each| each.frames).sum() };
    // All must have come to their first keyframe.
    while server.deliveries().iter().filter(|each| each.frames > 0).count() < names.len() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (frames, cpu) = (sent(&server), cpu_ms()?);
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let (frames, cpu) = (sent(&server) - frames, cpu_ms()? - cpu);
    drain.stop()?;
    server.shutdown().await;

    let frame_bytes = clip.size_bytes() / clip.access_units.len();
    let bare_cpu = bare(names.len(), frame_bytes, seconds)?;
    let per_camera_second = |cpu: f64| cpu / (names.len() as f64 * seconds as f64);
    println!(
        "{:.3} ms of CPU a camera-second, {:.3} ms for bare writes of the same bytes \
         ({} cameras, {seconds} s, {frames} frames of {frame_bytes} bytes)",
        per_camera_second(cpu),
        per_camera_second(bare_cpu),
        names.len(),
    );
    Ok(())
}

/// Returns the CPU time of writing 25 frames a second to each of `viewers`.
fn bare(viewers: usize, frame_bytes: usize, seconds: u64) -> Result<f64> {
    const TICKS_A_FRAME: u64 = 4;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let url = format!("rtsp://{}/", listener.local_addr()?);
    let mut drain = Drain::start(std::iter::repeat_n(url, viewers))?;
    let mut sockets = Vec::new();
    while sockets.len() < viewers {
        let (socket, _) = listener.accept()?;
        socket.set_nodelay(true)?;
        sockets.push(socket);
    }
    let (frame, cpu) = (vec![0x5a; frame_bytes], cpu_ms()?);
    for tick in 0..seconds * 25 * TICKS_A_FRAME {
        std::thread::sleep(Duration::from_micros(1_000_000 / 25 / TICKS_A_FRAME));
        for socket in sockets.iter_mut().skip((tick % TICKS_A_FRAME) as usize).step_by(4) {
            socket.write_all(&frame)?;
        }
    }
    let cpu = cpu_ms()? - cpu;
    drain.stop()?;
    Ok(cpu)
}

/// A process that plays URLs and throws away what comes.
struct Drain(Child);

impl Drain {
    fn start(urls: impl Iterator<Item = String>) -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("drain")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        let mut list = process.stdin.take().ok_or("no pipe")?;
        for url in urls {
            writeln!(list, "{url}")?;
        }
        Ok(Self(process))
    }

    fn stop(&mut self) -> Result<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
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
