//! `simcam`: cameras that are not there, on one port; devices of ONVIF on one each.
//!
//! Belongs here: the command line, and which camera shows what. What a camera
//! says on the wire, and what it shows, is the library's.

use std::error::Error;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Parser, ValueEnum};
use simcam::clip::{Clip, ClipError, Codec, render_all};
use simcam::onvif::{
    Channel, Device, DeviceConfig, Discovery, PERSONALITIES, Personality, StreamConfig,
};
use simcam::scene::Scene;
use simcam::sound::{Sound, SoundCodec};
use simcam::{CameraConfig, Credentials, Server, ServerConfig, Start, StreamRole, Transports};
use tokio::signal::unix::{SignalKind, signal};

/// Serves cameras over RTSP, and ONVIF: street scenes of its own, or a video file.
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
    /// Shows this H.264 or H.265 file on every camera instead of the scenes.
    #[arg(long, value_name = "FILE")]
    mp4: Option<PathBuf>,
    /// Where rendered scenes are kept, so that they are rendered once.
    #[arg(long, value_name = "FOLDER", default_value = "simcam-clips")]
    cache: PathBuf,
    /// Begins with whatever frame comes next, not with a keyframe.
    #[arg(long)]
    anywhere: bool,
    /// Main streams are H.265; they are encoded once and kept beside the scenes.
    #[arg(long, conflicts_with = "mp4")]
    h265: bool,
    /// Main streams have B-frames: so many between two others, 2 if it is not said.
    #[arg(
        long, value_name = "N", num_args = 0..=1, default_value_t = 0, default_missing_value = "2",
        conflicts_with = "mp4", value_parser = clap::value_parser!(u32).range(0..=4)
    )]
    b_frames: u32,
    /// Parameter sets stand before every keyframe and not in the description.
    #[arg(long)]
    in_band: bool,
    /// Cameras have a microphone: a tone (310 Hz at cam1, 320 at cam2, …) and a beep
    /// at each full second, a long one where the pictures' loop begins.
    #[arg(long, value_name = "CODEC")]
    sound: Option<Microphone>,
    /// Packets travel over UDP alone; over TCP is answered with 461.
    #[arg(long, conflicts_with = "tcp_only")]
    udp_only: bool,
    /// Packets travel within the connection alone; over UDP is answered with 461.
    #[arg(long)]
    tcp_only: bool,
    /// Where to listen for TLS (rtsps) as well, with a certificate of its own making.
    #[arg(long, value_name = "ADDRESS")]
    tls: Option<SocketAddr>,
    /// Where faults are switched over HTTP, on loopback only: GET /faults, and PUT
    /// /cameras/cam1/fault with {"fault":"hang"}. There are none, hang, drop,
    /// cut_mid_frame, wrong_sdp (lie), clock_off (seconds), clock_jump (rtp_seconds,
    /// report_seconds), no_rtp_info, endless_connect, garbage, resolution_change,
    /// codec_change (with --h265), drip, lose_packets (percent).
    #[arg(long, value_name = "ADDRESS")]
    control: Option<SocketAddr>,
    /// Where to listen for ONVIF as well: cam1 on this port, cam2 on the next, …; with
    /// port 0 each on any that is free.
    #[arg(long, value_name = "ADDRESS")]
    onvif: Option<SocketAddr>,
    /// What the cameras are in ONVIF, with all that such devices do in their own way.
    #[arg(
        long, value_name = "NAME", default_value = "generic", requires = "onvif",
        value_parser = PossibleValuesParser::new(PERSONALITIES.iter().map(|one| one.name))
    )]
    personality: String,
    /// The address of the interface on which the cameras answer whoever looks for devices.
    #[arg(long, value_name = "ADDRESS", requires = "onvif")]
    discovery: Option<Ipv4Addr>,
}

/// How sound is coded.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Microphone {
    /// AAC-LC, 16 kHz.
    Aac,
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
}

/// What a camera shows.
#[derive(Clone)]
struct Clips {
    main: Arc<Clip>,
    sub: Arc<Clip>,
    /// What the main stream may change to by a fault.
    others: Vec<Arc<Clip>>,
}

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
    let credentials = match (&arguments.user, &arguments.password) {
        (Some(user), Some(password)) => {
            Some(Credentials { user: user.clone(), password: password.clone() })
        }
        _ => None,
    };
    let start = if arguments.anywhere { Start::Anywhere } else { Start::NextKeyframe };
    let (listen, tls, control) = (arguments.listen, arguments.tls, arguments.control);
    let (onvif, discovery) = (arguments.onvif, arguments.discovery.map(Discovery::Multicast));
    let personality = Personality::named(&arguments.personality).ok_or("no such personality")?;
    // Reading and rendering keep a thread busy for a while.
    let cameras = tokio::task::spawn_blocking(move || cameras(&arguments)).await??;
    let names: Vec<_> = cameras.iter().map(|camera| camera.name.clone()).collect();
    let clips: Vec<_> = cameras.iter().map(|one| (one.main.clone(), one.sub.clone())).collect();
    let guard = credentials.clone();
    let config =
        ServerConfig { credentials, start, tls, control, ..ServerConfig::new(listen, cameras) };

    let (mut interrupted, mut terminated) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let server = Server::start(config).await?;
    let mut devices = Vec::new();
    if let Some(first) = onvif {
        for (number, (name, (main, sub))) in (1..).zip(names.iter().zip(&clips)) {
            let channel = Channel {
                name: name.clone(),
                main: StreamConfig::of(main, server.url(name, StreamRole::Main)),
                sub: StreamConfig::of(sub, server.url(name, StreamRole::Sub)),
                ptz: true,
            };
            let listen = nth(first, number)?;
            let config = DeviceConfig {
                credentials: guard.clone(),
                rtsp_port: server.addr().port(),
                discovery,
                ..DeviceConfig::new(listen, personality, number, vec![channel])
            };
            devices.push(Device::start(config).await?);
        }
    }
    let mut out = std::io::stdout().lock();
    for name in &names {
        for role in [StreamRole::Main, StreamRole::Sub] {
            // Whoever reads the list may stop reading; the cameras go on.
            let _ = writeln!(out, "{}", server.url(name, role));
        }
    }
    for name in &names {
        for role in [StreamRole::Main, StreamRole::Sub] {
            if let Some(url) = server.tls_url(name, role) {
                let _ = writeln!(out, "{url}");
            }
        }
    }
    if let Some(addr) = server.control_addr() {
        let _ = writeln!(out, "http://{addr}/faults");
    }
    for device in &devices {
        let _ = writeln!(out, "{}", device.url());
    }
    drop(out);
    tokio::select! {
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
    }
    for device in devices {
        device.shutdown().await;
    }
    let deliveries = server.shutdown().await;
    let frames: u64 = deliveries.iter().map(|delivery| delivery.frames).sum();
    tracing::info!(viewers = deliveries.len(), frames, "stopped");
    Ok(())
}

/// Returns where the device of this number listens, counted from 1.
fn nth(mut first: SocketAddr, number: u32) -> Result<SocketAddr, &'static str> {
    if first.port() != 0 {
        let port = u32::from(first.port()) + number - 1;
        first.set_port(port.try_into().map_err(|_| "there are not so many ports for ONVIF")?);
    }
    Ok(first)
}

fn one_file(file: &Path) -> Result<Vec<Clips>, ClipError> {
    let clip = Arc::new(Clip::from_mp4(file)?);
    Ok(vec![Clips { main: Arc::clone(&clip), sub: clip, others: Vec::new() }])
}

fn scenes(arguments: &Arguments) -> Result<Vec<Clips>, ClipError> {
    let mut scenes = Scene::all();
    // What nobody would see is not rendered.
    scenes.truncate(arguments.cameras as usize);
    let rendered = render_all(&arguments.cache, &scenes, |progress| {
        let percent = progress.done * 100 / progress.of.max(1);
        tracing::info!(scene = progress.scene, "rendering the scenes, once: {percent} %");
    })?;
    let codec = if arguments.h265 { Codec::H265 } else { Codec::H264 };
    rendered
        .into_iter()
        .map(|scene| {
            let main = Arc::new(scene.main_as(codec, arguments.b_frames)?);
            let (usual, sub) = (Arc::new(scene.main), Arc::new(scene.sub));
            let others = match codec {
                Codec::H264 => vec![Arc::clone(&sub)],
                Codec::H265 => vec![usual],
            };
            Ok(Clips { main, sub, others })
        })
        .collect()
}

/// Gives each camera a clip in turn; those that share one are in it at different places.
fn cameras(arguments: &Arguments) -> Result<Vec<CameraConfig>, ClipError> {
    let clips = match &arguments.mp4 {
        Some(file) => one_file(file)?,
        None => scenes(arguments)?,
    };
    let transports = match (arguments.udp_only, arguments.tcp_only) {
        (true, _) => Transports::UdpOnly,
        (_, true) => Transports::TcpOnly,
        _ => Transports::Both,
    };
    (1..=arguments.cameras)
        .zip(clips.iter().cycle())
        .map(|(number, Clips { main, sub, others })| {
            let length = Duration::from_micros(main.duration_90k * 100 / 9);
            // Steps of the golden section never come near a place twice.
            let phase = length.mul_f64(f64::from(number - 1) * 0.618_034 % 1.0);
            Ok(CameraConfig {
                phase,
                sound: arguments
                    .sound
                    .map(|codec| heard(arguments, codec, number, length))
                    .transpose()?,
                in_band: arguments.in_band,
                transports,
                others: others.clone(),
                ..CameraConfig::new(format!("cam{number}"), Arc::clone(main), Arc::clone(sub))
            })
        })
        .collect()
}

/// Returns what the camera of this number hears.
fn heard(
    arguments: &Arguments,
    codec: Microphone,
    number: u32,
    length: Duration,
) -> Result<Arc<Sound>, ClipError> {
    let codec = match codec {
        Microphone::Aac => SoundCodec::Aac,
        Microphone::Pcmu => SoundCodec::Pcmu,
        Microphone::Pcma => SoundCodec::Pcma,
    };
    let seconds = length.as_secs_f64().round().clamp(1.0, 60.0) as u32;
    Sound::kept_in(&arguments.cache, codec, Sound::tone_of(number), seconds).map(Arc::new)
}
