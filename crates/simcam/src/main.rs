//! `simcam`: cameras that are not there, on one port.
//!
//! Belongs here: the command line, and which camera shows what. What a camera
//! says on the wire, and what it shows, is the library's.

use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use simcam::clip::{Clip, ClipError, render_all};
use simcam::scene::Scene;
use simcam::{CameraConfig, Credentials, Server, ServerConfig, Start, StreamRole};
use tokio::signal::unix::{SignalKind, signal};

/// Serves cameras over RTSP (TCP): street scenes of its own, or a video file.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen; port 0 takes any that is free.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8554")]
    listen: SocketAddr,
    /// How many cameras there are: cam1, cam2, …
    #[arg(long, value_name = "N", default_value_t = 4)]
    cameras: u32,
    /// Who may watch; everybody if nobody is named.
    #[arg(long, value_name = "NAME", requires = "password")]
    user: Option<String>,
    /// The user's password.
    #[arg(long, value_name = "PASSWORD", env = "SIMCAM_PASSWORD", hide_env_values = true)]
    password: Option<String>,
    /// Shows this H.264 file on every camera instead of the scenes.
    #[arg(long, value_name = "FILE")]
    mp4: Option<PathBuf>,
    /// Where rendered scenes are kept, so that they are rendered once.
    #[arg(long, value_name = "FOLDER", default_value = "simcam-clips")]
    cache: PathBuf,
    /// Begins with whatever frame comes next, not with a keyframe.
    #[arg(long)]
    anywhere: bool,
}

/// What a camera shows: main stream and sub-stream.
type Clips = (Arc<Clip>, Arc<Clip>);

#[tokio::main]
async fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::builder()
        .with_default_directive(tracing::Level::INFO.into())
        .from_env_lossy();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut words = error.to_string();
            let mut cause = error.source();
            while let Some(error) = cause {
                words = format!("{words}: {error}");
                cause = error.source();
            }
            eprintln!("simcam: {words}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let (mp4, cache) = (arguments.mp4.clone(), arguments.cache.clone());
    // Reading and rendering keep a thread busy for a while.
    let clips = tokio::task::spawn_blocking(move || match mp4 {
        Some(file) => one_file(&file),
        None => scenes(&cache),
    })
    .await??;
    let credentials = match (arguments.user, arguments.password) {
        (Some(user), Some(password)) => Some(Credentials { user, password }),
        _ => None,
    };
    let start = if arguments.anywhere { Start::Anywhere } else { Start::NextKeyframe };
    let cameras = cameras(arguments.cameras, &clips);
    let names: Vec<_> = cameras.iter().map(|camera| camera.name.clone()).collect();
    let config =
        ServerConfig { credentials, start, ..ServerConfig::new(arguments.listen, cameras) };

    let (mut interrupted, mut terminated) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let server = Server::start(config).await?;
    let mut out = std::io::stdout().lock();
    for name in &names {
        for role in [StreamRole::Main, StreamRole::Sub] {
            // Whoever reads the list may stop reading; the cameras go on.
            let _ = writeln!(out, "{}", server.url(name, role));
        }
    }
    drop(out);
    tokio::select! {
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
    }
    let deliveries = server.shutdown().await;
    let frames: u64 = deliveries.iter().map(|delivery| delivery.frames).sum();
    tracing::info!(viewers = deliveries.len(), frames, "stopped");
    Ok(())
}

fn one_file(file: &Path) -> Result<Vec<Clips>, ClipError> {
    let clip = Arc::new(Clip::from_mp4(file)?);
    Ok(vec![(Arc::clone(&clip), clip)])
}

fn scenes(cache: &Path) -> Result<Vec<Clips>, ClipError> {
    let rendered = render_all(cache, &Scene::all(), |progress| {
        let percent = progress.done * 100 / progress.of.max(1);
        tracing::info!(scene = progress.scene, "rendering the scenes, once: {percent} %");
    })?;
    Ok(rendered.into_iter().map(|scene| (Arc::new(scene.main), Arc::new(scene.sub))).collect())
}

/// Gives each camera a clip in turn; those that share one are in it at different places.
fn cameras(count: u32, clips: &[Clips]) -> Vec<CameraConfig> {
    (0..count)
        .zip(clips.iter().cycle())
        .map(|(number, (main, sub))| {
            let length = Duration::from_micros(main.duration_90k * 100 / 9);
            // Steps of the golden section never come near a place twice.
            let phase = length.mul_f64(f64::from(number) * 0.618_034 % 1.0);
            let name = format!("cam{}", number + 1);
            CameraConfig { phase, ..CameraConfig::new(name, Arc::clone(main), Arc::clone(sub)) }
        })
        .collect()
}
