//! Foreign players and recorders: ffmpeg over RTSP, RTSPS and HLS, retina, and one
//! that does not keep up.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use e2e::wait::PATIENCE;
use e2e::ways::Secret;
use ingest::{Clock, Credentials, Event, Limits, Session, Source};
use rustix::process::{Pid, Signal, kill_process};
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
pub(crate) fn retina(stage: &Stage, dice: &mut Dice) -> anyhow::Result<Outcome> {
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

/// A player that stands still for most of the time: it loses frames, up to a
/// keyframe each time, and nobody else does.
pub(crate) fn slow(stage: &Stage, dice: &mut Dice) -> anyhow::Result<Outcome> {
    const PLAYS: Duration = Duration::from_millis(300);
    /// Below the twenty seconds after which it would be let go.
    const STANDS: Duration = Duration::from_secs(9);
    let (_, secret) = opened(stage, dice, |eye| eye.kind == Kind::Scene)?;
    let url = secret.url("rtsp:", "main")?;
    let mut child = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "quiet", "-rtsp_transport", "tcp", "-i", &url])
        .args(["-map", "0:v:0", "-c", "copy", "-f", "h264", "-"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run ffmpeg")?;
    let pid = Pid::from_child(&child);
    let mut output = child.stdout.take().context("standard output was asked for")?;
    let reading = std::thread::spawn(move || -> anyhow::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        output.read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    // Until it has looked at what it is sent, and plays.
    let until = Instant::now() + Duration::from_secs(3 + 2 * stage.session_s(dice));
    std::thread::sleep(Duration::from_secs(3));
    while Instant::now() < until && !stage.is_over() {
        kill_process(pid, Signal::STOP)?;
        stage.rest(STANDS);
        kill_process(pid, Signal::CONT)?;
        std::thread::sleep(PLAYS);
    }
    child.kill()?;
    child.wait()?;
    let bytes = reading.join().map_err(|_| anyhow::anyhow!("who reads broke"))??;
    revoke(stage, &secret)?;
    let mut row = Row::with_holes();
    row.annex_b(&bytes)?;
    Ok(Outcome::Brought(row.frames))
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
