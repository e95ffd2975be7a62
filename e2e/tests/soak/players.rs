//! Foreign players and recorders: ffmpeg over RTSP, RTSPS and HLS, a recorder of our own, and one
//! that does not keep up.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use e2e::wait::PATIENCE;
use e2e::ways::Secret;
use ingest::{Clock, Credentials, Event, Limits, Session, Source};
use rustix::net::{AddressFamily, SocketType};
use serde_json::json;

use crate::cast::{self, Eye, Kind};
use crate::stage::{Dice, Stage, text};
use crate::tally::{Outcome, Row};

/// Has ffmpeg hand on so many frames as they are.
fn ffmpeg(input: &[&str], eye: &Eye, role: &str, frames: u64) -> anyhow::Result<Outcome> {
    let output = Command::new("timeout")
        .args([&PATIENCE.as_secs().to_string(), "ffmpeg", "-nostdin", "-v", "error"])
        .args(input)
        .args(["-map", "0:v:0", "-c", "copy", "-frames:v", &frames.to_string()])
        .args(["-f", format(eye, role), "-"])
        .stdin(Stdio::null())
        .output()
        .context("cannot run ffmpeg")?;
    let words = String::from_utf8_lossy(&output.stderr);
    let told = || format!("{} {role} ({:?}): {words}", eye.name, eye.kind);
    anyhow::ensure!(output.status.success(), "ffmpeg: {}: {}", output.status, told());
    let mut row = Row::default();
    row.annex_b(&output.stdout).with_context(told)?;
    anyhow::ensure!(row.frames >= frames, "{} of {frames} frames: {}", row.frames, told());
    Ok(Outcome::Brought(row.frames))
}

/// Returns ffmpeg's name for what a stream is.
fn format(eye: &Eye, role: &str) -> &'static str {
    if eye.kind == Kind::H265 && role == "main" { "hevc" } else { "h264" }
}

/// By RTSP or by RTSPS.
pub(crate) fn rtsp(stage: &Stage, dice: &mut Dice) -> anyhow::Result<Outcome> {
    let (eye, secret) = opened(stage, dice, |_| true)?;
    let scheme = ["rtsp:", "rtsps:"][dice.within(0..=1) as usize];
    let (role, frames) = asked(stage, eye, dice);
    let url = secret.url(scheme, role)?;
    let came = ffmpeg(&["-rtsp_transport", "tcp", "-i", &url], eye, role, frames);
    revoke(stage, &secret)?;
    came.context(scheme)
}

/// By HLS, the cookie in a header.
pub(crate) fn hls(stage: &Stage, dice: &mut Dice) -> anyhow::Result<Outcome> {
    let eye = stage.camera(dice, |_| true);
    let (role, frames) = asked(stage, eye, dice);
    let body = json!({ "token": stage.token(eye, &["live"])?, "role": role });
    let (opened, cookie) = stage.operator.ask_for_cookie("hls", body)?;
    let url = format!("{}{}", stage.address, text(&opened["url"])?);
    let header = format!("Cookie: {cookie}\r\n");
    let came = ffmpeg(&["-headers", &header, "-i", &url], eye, role, frames);
    stage.operator.ask("DELETE", &format!("hls/{}", text(&opened["id"])?), None)?.ok()?;
    came
}

/// A recorder of our own kind, with pictures and sound.
pub(crate) fn recorder(stage: &Stage, dice: &mut Dice) -> anyhow::Result<Outcome> {
    let (eye, secret) = opened(stage, dice, |_| true)?;
    let (role, frames) = asked(stage, eye, dice);
    let credentials = Credentials { user: secret.user.clone(), password: secret.password.clone() };
    let mut source = Source::new(secret.bare("rtsp:", role)?.parse()?, Some(credentials));
    source.sound = eye.sound.is_some();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let played: anyhow::Result<Row> = runtime.block_on(async {
        let mut session = Session::open(&source, Clock::system(), Limits::default()).await?;
        let mut row = Row::default();
        while row.frames < frames {
            if let Event::Frames(came) = session.next().await? {
                came.iter().try_for_each(|frame| row.frame(&frame.data))?;
            }
        }
        session.close().await;
        Ok(row)
    });
    revoke(stage, &secret)?;
    Ok(Outcome::Brought(played.with_context(|| format!("{} {role}", eye.name))?.frames))
}

/// A player behind a line that is too thin most of the time: it loses frames, up to a
/// keyframe each time, and nobody else does.
pub(crate) fn slow(stage: &Stage, dice: &mut Dice) -> anyhow::Result<Outcome> {
    let (_, secret) = opened(stage, dice, |eye| eye.kind == Kind::Scene)?;
    let url = secret.url("rtsp:", "main")?;
    let (before, rest) = url.split_once('@').context("a secret in the URL")?;
    let (server, path) = rest.split_once('/').context("a path in the URL")?;
    let line = thin_line(server)?;
    let mut child = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "quiet", "-rtsp_transport", "tcp"])
        .args(["-i", &format!("{before}@{line}/{path}")])
        .args(["-map", "0:v:0", "-c", "copy", "-f", "h264", "-"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run ffmpeg")?;
    let mut output = child.stdout.take().context("standard output was asked for")?;
    let reading = std::thread::spawn(move || -> anyhow::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        output.read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    stage.rest(THIN + 2 * WIDE + Duration::from_secs(2 * stage.session_s(dice)));
    child.kill()?;
    child.wait()?;
    let bytes = reading.join().map_err(|_| anyhow::anyhow!("who reads broke"))??;
    revoke(stage, &secret)?;
    let mut row = Row { may_skip: true, ..Row::default() };
    row.annex_b(&bytes)?;
    Ok(Outcome::Missed { brought: row.frames, missed: row.missed })
}

/// So long a line is thin, far longer than the kernel keeps what waits for it …
const THIN: Duration = Duration::from_secs(30);

/// … and then wide, until what was kept is through.
const WIDE: Duration = Duration::from_secs(5);

/// Takes one connection and passes it on to `server`, and what comes back as slowly
/// as goes without being given up. Returns where.
fn thin_line(server: &str) -> anyhow::Result<SocketAddr> {
    const THIN_BYTES_A_SECOND: u64 = 8_000;
    // Left to itself the kernel would keep half a minute here as well.
    const KEPT_BYTES: usize = 16 << 10;
    let to: SocketAddr = server.replace("localhost", "127.0.0.1").parse()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let at = listener.local_addr()?;
    std::thread::spawn(move || -> anyhow::Result<()> {
        let (client, _) = listener.accept()?;
        let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None)?;
        rustix::net::sockopt::set_socket_recv_buffer_size(&socket, KEPT_BYTES)?;
        rustix::net::connect(&socket, &to)?;
        let server = TcpStream::from(socket);
        let (mut asked, mut to_server) = (client.try_clone()?, server.try_clone()?);
        std::thread::spawn(move || {
            // Whoever goes first, the other is told.
            let _ = std::io::copy(&mut asked, &mut to_server);
            let _ = to_server.shutdown(Shutdown::Both);
        });
        let (mut from, mut to, began) = (server, client, Instant::now());
        let mut portion = [0; 4096];
        loop {
            let count = from.read(&mut portion)?;
            if count == 0 {
                return Ok(to.shutdown(Shutdown::Both)?);
            }
            to.write_all(&portion[..count])?;
            // Wide at first, for the player to see what it is.
            let into = began.elapsed().as_millis() % (WIDE + THIN).as_millis();
            if into > WIDE.as_millis() {
                let micros = count as u64 * 1_000_000 / THIN_BYTES_A_SECOND;
                std::thread::sleep(Duration::from_micros(micros));
            }
        }
    });
    Ok(at)
}

fn opened<'a>(
    stage: &'a Stage,
    dice: &mut Dice,
    has: impl Fn(&Eye) -> bool,
) -> anyhow::Result<(&'a Eye, Secret)> {
    let eye = stage.camera(dice, has);
    Ok((eye, Secret::make(&stage.operator, &eye.id)?))
}

fn revoke(stage: &Stage, secret: &Secret) -> anyhow::Result<()> {
    stage.operator.ask("DELETE", &format!("stream-secrets/{}", secret.id), None)?.ok()?;
    Ok(())
}

/// Returns which stream to play, and how many frames.
fn asked(stage: &Stage, eye: &Eye, dice: &mut Dice) -> (&'static str, u64) {
    let seconds = stage.session_s(dice);
    let scene = eye.kind == Kind::Scene;
    match dice.within(0..=1) {
        0 => ("main", seconds * if scene { 25 } else { u64::from(cast::FPS) }),
        _ => ("sub", seconds * if scene { 10 } else { 5 }),
    }
}
