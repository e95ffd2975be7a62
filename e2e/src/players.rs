//! Players of other makers, started and heard out.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context;
use serde_json::{Value, json};

use crate::http::Person;
use crate::wait::until;

/// A player that goes on by itself. Dropped, it is killed.
#[derive(Debug)]
pub struct Playing(Child);

impl Playing {
    /// Starts one, whose words are nobody's concern.
    pub fn start(command: &mut Command) -> anyhow::Result<Self> {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self(child.spawn().with_context(|| format!("cannot start {command:?}"))?))
    }

    /// Returns whether it has ended.
    pub fn has_ended(&mut self) -> anyhow::Result<bool> {
        Ok(self.0.try_wait()?.is_some())
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a player to its end; returns whether it was content, and what it
/// complained of.
pub fn run(command: &mut Command) -> anyhow::Result<(bool, String)> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut child = child.with_context(|| format!("cannot start {command:?}"))?;
    let mut errors = child.stderr.take().context("standard error was asked for")?;
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        let _ = errors.read_to_string(&mut text);
        text
    });
    let ended = until("a player to end", || Ok(child.try_wait()?));
    if ended.is_err() {
        child.kill()?;
        child.wait()?;
    }
    let text = reading.join().map_err(|_| anyhow::anyhow!("the reader of errors broke"))?;
    Ok((ended.with_context(|| text.clone())?.success(), text))
}

/// Returns a file's tracks in order of the alphabet, as ffmpeg calls them:
/// `audio aac`, `video h264`.
pub fn tracks(file: &Path) -> anyhow::Result<Vec<String>> {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", "stream=codec_type,codec_name", "-of", "json"])
        .arg(file)
        .stdin(Stdio::null())
        .output()
        .context("cannot run ffprobe")?;
    let words = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{}: {words}", file.display());
    let found: Value = serde_json::from_slice(&output.stdout)?;
    let streams = found["streams"].as_array().context("ffprobe tells of streams")?;
    let of = |stream: &Value| {
        Some(format!("{} {}", stream["codec_type"].as_str()?, stream["codec_name"].as_str()?))
    };
    let tracks: Option<Vec<String>> = streams.iter().map(of).collect();
    let mut tracks = tracks.with_context(|| found.to_string())?;
    tracks.sort();
    Ok(tracks)
}

/// Returns the Python that has what a folder's `requirements.txt` names.
pub fn python(folder: &str) -> anyhow::Result<String> {
    let made = Command::new(crate::root().join("scripts/python"))
        .arg(folder)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run scripts/python")?;
    anyhow::ensure!(made.status.success(), "what {folder} names was not installed");
    Ok(String::from_utf8(made.stdout)?.trim().to_owned())
}

/// Watches by WHEP with aiortc; `told` says what, `e2e/players/whep.py` how.
/// Returns what it found.
pub fn whep(person: &Person, ca: &Path, mut told: Value) -> anyhow::Result<Value> {
    let python = python("e2e/players")?;
    told["address"] = json!(person.address());
    told["ca"] = json!(ca);
    let player = Command::new(python)
        .arg(crate::root().join("e2e/players/whep.py"))
        .arg(told.to_string())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run aiortc")?;
    anyhow::ensure!(player.status.success(), "aiortc did not play");
    Ok(serde_json::from_slice(&player.stdout)?)
}

/// Has a script of `web/e2e` do what is told of it in a browser; returns what it
/// found there.
pub fn browser(script: &str, told: &Value) -> anyhow::Result<Value> {
    let output = Command::new("node")
        .arg(crate::root().join("web/e2e").join(script))
        .arg(told.to_string())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run node")?;
    let found = String::from_utf8(output.stdout)?;
    anyhow::ensure!(output.status.success(), "{script} broke off: {found}");
    serde_json::from_str(&found).with_context(|| format!("{script} found: {found}"))
}
