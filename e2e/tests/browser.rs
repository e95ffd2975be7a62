//! An operator in Debian's Chromium against the built program, and what they saw
//! held against what the cameras sent.
//!
//! The story itself is `web/e2e/story.mjs`: sign-in, four live tiles, full view,
//! 20 s and 2 min back, a frame on and back, ten seconds taken out. A picture's
//! burnt-in number must be that of the frame which the recording has at the wall
//! time that the client claims to show.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::Context;
use e2e::program::Program;
use e2e::recorded::Found;
use e2e::{city, program, recorded};
use serde_json::{Value, json};
use simcam::Server;
use simcam::clip;
use simcam::scene::Scene;

const CAMERAS: usize = 4;

/// Frames in the loop of a main stream.
const LOOP: u64 = 500;

#[test]
fn an_operator_watches_looks_back_to_the_very_frame_and_takes_out_ten_seconds() -> anyhow::Result<()>
{
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let folder = tempfile::tempdir()?;
    let scene = clip::render_all(&e2e::scenes(), &Scene::all()[..1], |_| {})?.remove(0);
    let (main, sub) = (Arc::new(scene.main), Arc::new(scene.sub));
    let server = runtime.block_on(city::serve(CAMERAS, &main, &sub))?;
    let config = program::configure(
        folder.path(),
        "[http]\nlisten = \"127.0.0.1:0\"\n[store]\nreserve_bytes = 16777216\n",
    )?;
    city::add(&config, &server, CAMERAS)?;
    let mut khue = Program::start(["serve".as_ref(), "--config".as_ref(), config.as_os_str()])?;
    let address = khue.address()?;
    let password = khue.password("trucban")?;

    let findings = tell_story(&address, &password, folder.path(), &server)?;
    assert!(khue.stop()?.success());

    let recordings = folder.path().join("data/recordings");
    let sent = recorded_by_source(&recordings)?;
    let of = |what: &str| -> anyhow::Result<&Value> {
        findings
            .iter()
            .find(|finding| finding["what"] == what)
            .with_context(|| format!("the story tells of no {what}"))
    };

    // Live: four tiles moved, and the large one shows what was sent, in order.
    assert_eq!(findings.iter().filter(|finding| finding["what"] == "live").count(), 4);
    is_of_the_scene(of("full")?, scene.scene_id.into());
    is_on_its_way(of("full")?, &sent)?;

    // The past: the very frame, the last one at or before the moment asked for.
    for what in ["20 s back", "2 min back"] {
        let finding = of(what)?;
        is_of_the_scene(finding, scene.scene_id.into());
        let shown = shows_what_was_sent(finding, &sent)?;
        let asked = finding["asked_us"].as_i64().context("a moment was asked for")?;
        let stream = stream_of(shown, &sent)?;
        let last = stream
            .iter()
            .rev()
            .find(|frame| frame.wall.0 <= asked)
            .context("something was recorded then")?;
        assert_eq!(shown.stamp.counter, last.stamp.counter, "{what}: not the frame of {asked}");
    }
    let on = of("a frame on")?;
    let shown = shows_what_was_sent(on, &sent)?;
    let before = on["from_us"].as_i64().context("a moment")?;
    let stream = stream_of(shown, &sent)?;
    let next = stream.iter().find(|frame| frame.wall.0 > before + 1).context("a later frame")?;
    assert_eq!(shown.stamp.counter, next.stamp.counter, "a step on is exactly one frame");

    // The export: whole, and exact to the frame.
    let export = of("export")?;
    let from = export["asked_us"].as_i64().context("a moment")?;
    let wanted: Vec<&Found> =
        stream.iter().filter(|frame| (from..from + 10_000_000).contains(&frame.wall.0)).collect();
    assert_eq!(export["frames"].as_u64(), Some(wanted.len() as u64));
    let file = PathBuf::from(export["file"].as_str().context("a file")?);
    assert_eq!(std::fs::metadata(&file)?.len(), export["size_bytes"].as_u64().context("a size")?);
    let numbers = decoded_numbers(&file)?;
    let expected: Vec<u64> = wanted.iter().map(|frame| frame.stamp.counter % LOOP).collect();
    assert_eq!(numbers, expected, "the export shows each wanted frame once, and no other");
    assert!(decoded_numbers(&folder.path().join("by-hand.mp4"))?.len() > 200);
    Ok(())
}

/// Returns what the story tells, each finding with the last frame that each camera
/// had sent when it was heard.
fn tell_story(
    address: &str,
    password: &str,
    folder: &Path,
    server: &Server,
) -> anyhow::Result<Vec<Value>> {
    let told = json!({ "address": address, "password": password, "folder": folder }).to_string();
    let mut story = Command::new("node")
        .arg(e2e::root().join("web/e2e/story.mjs"))
        .arg(told)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .context("cannot run node")?;
    let output = story.stdout.take().context("standard output was asked for")?;
    let mut findings = Vec::new();
    for line in BufReader::new(output).lines() {
        let line = line?;
        let mut finding: Value = serde_json::from_str(&line).with_context(|| line.clone())?;
        for delivery in server.deliveries() {
            if let Some((_, last)) = delivery.counters {
                let known = &mut finding["sent"][simcam::sei::source(&delivery.path).to_string()];
                *known = last.max(known.as_u64().unwrap_or(0)).into();
            }
        }
        findings.push(finding);
    }
    anyhow::ensure!(story.wait()?.success(), "the story broke off after: {findings:#?}");
    Ok(findings)
}

/// Every main stream's frames, by the number that its camera stamps them with.
fn recorded_by_source(root: &Path) -> anyhow::Result<BTreeMap<u32, Vec<Found>>> {
    let mains: Vec<u32> =
        (0..CAMERAS).map(|number| simcam::sei::source(&format!("cam{number}/main"))).collect();
    let mut all = BTreeMap::new();
    for stream in recorded::streams(root)? {
        let frames = recorded::stream(root, stream)?;
        let source = frames.first().context("a stream has frames")?.stamp.source;
        if mains.contains(&source) {
            all.insert(source, frames);
        }
    }
    assert_eq!(all.len(), CAMERAS);
    Ok(all)
}

fn is_of_the_scene(finding: &Value, scene: u64) {
    assert_eq!(finding["scene"].as_u64(), Some(scene), "{finding}");
}

/// Returns the recorded frame that a finding shows: the only one at its wall
/// time, whose place in the loop is burnt into the picture.
fn shows_what_was_sent<'a>(
    finding: &Value,
    sent: &'a BTreeMap<u32, Vec<Found>>,
) -> anyhow::Result<&'a Found> {
    let wall = finding["wall_us"].as_i64().context("a tile tells its wall time")?;
    let burnt_in = finding["frame"].as_u64().context("a number is burnt in")?;
    sent.values()
        .flatten()
        // A browser keeps media time in microseconds, a double of seconds on its way.
        .find(|frame| (frame.wall.0 - wall).abs() <= 2 && frame.stamp.counter % LOOP == burnt_in)
        .with_context(|| format!("no camera sent frame {burnt_in} at {wall}: {finding}"))
}

/// A live picture moves on between the two looks of a test, first at its wall time,
/// then at its pixels. So the wall time is that of a frame that was sent, and the
/// pixels are of that frame or a later one, but of none that was sent only after
/// the story had told of it.
fn is_on_its_way(finding: &Value, sent: &BTreeMap<u32, Vec<Found>>) -> anyhow::Result<()> {
    let wall = finding["wall_us"].as_i64().context("a tile tells its wall time")?;
    let burnt_in = finding["frame"].as_u64().context("a number is burnt in")?;
    let fits = |frame: &Found| {
        let shown = frame.stamp.counter + (burnt_in + LOOP - frame.stamp.counter % LOOP) % LOOP;
        let last = finding["sent"][frame.stamp.source.to_string()].as_u64();
        (frame.wall.0 - wall).abs() <= 2 && last.is_some_and(|last| shown <= last)
    };
    anyhow::ensure!(
        sent.values().flatten().any(fits),
        "no camera had sent frame {burnt_in} at {wall} or after it: {finding}"
    );
    Ok(())
}

fn stream_of<'a>(
    frame: &Found,
    sent: &'a BTreeMap<u32, Vec<Found>>,
) -> anyhow::Result<&'a Vec<Found>> {
    sent.get(&frame.stamp.source).context("a frame is of a stream")
}

/// Decodes a file with ffmpeg and reads the number burnt into each picture.
fn decoded_numbers(file: &Path) -> anyhow::Result<Vec<u64>> {
    let (width, height) = (640, 360);
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-i"])
        .arg(file)
        .args(["-vf", &format!("scale={width}:{height}:flags=area"), "-pix_fmt", "gray"])
        // By the microsecond: by the frame, two that came close fall on one number.
        .args(["-fps_mode", "passthrough", "-enc_time_base", "1:1000000"])
        .args(["-f", "rawvideo", "-"])
        .output()
        .context("cannot run ffmpeg")?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    anyhow::ensure!(
        output.stderr.is_empty(),
        "ffmpeg complains: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
        .stdout
        .chunks_exact(width * height)
        .map(|picture| {
            let burnt_in = simcam::draw::read_burnt_in(picture, width, height, width);
            Ok(burnt_in.context("nothing legible is burnt in")?.frame.into())
        })
        .collect()
}
