//! The client on the built program, in a real browser, by each way that it has:
//! the media socket, WebRTC, and the browser's own HLS.
//!
//! Each frame of the simulated street has its number burnt in. What is on screen
//! must be frames that were sent, one after the other, and soon.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::Context;
use e2e::http::Person;
use e2e::stage::Stage;
use e2e::wait::until;
use e2e::ways;
use serde::Deserialize;
use serde_json::json;
use simcam::scene::Scene;
use simcam::{CameraConfig, clip};

/// Frames in the loop of the main stream.
const LOOP: u64 = 500;

/// How many frames are looked at each way.
const FRAMES: usize = 60;

const CHOSEN: &str = "mưa rào Hà Nội 1954";

/// What the browser tells of a tile.
#[derive(Debug, Deserialize)]
struct Tile {
    role: String,
    way: String,
    shown: Vec<(u64, f64)>,
}

#[test]
fn each_way_shows_the_frames_that_were_sent_in_their_order() -> anyhow::Result<()> {
    let scene = clip::render_all(&e2e::scenes(), &Scene::all()[..1], |_| {})?.remove(0);
    let camera = CameraConfig::new("", Arc::new(scene.main), Arc::new(scene.sub));
    let mut stage = Stage::set(vec![camera], "")?;
    let person = stage.person("trucban", CHOSEN)?;

    for way in ["mse", "whep", "hls"] {
        if way == "hls" {
            wait_for_segments(&person)?;
        }
        let tile = watch(&stage.address, way)?;
        assert_eq!((tile.way.as_str(), tile.role.as_str()), (way, "main"));
        let (first, last) = (tile.shown[0], tile.shown[tile.shown.len() - 1]);
        let mut frames = 0;
        for pair in tile.shown.windows(2) {
            let step = (pair[1].0 + LOOP - pair[0].0) % LOOP;
            // A browser on a busy machine leaves frames out, but never goes back.
            assert!(step <= LOOP / 2, "{way}: {} after {}", pair[1].0, pair[0].0);
            frames += step;
        }
        println!("{way}: {frames} frames within {:.0} ms", last.1 - first.1);
        assert!(frames > 0, "{way}: the picture stands still");
    }
    assert!(stage.khue.stop()?.success());
    Ok(())
}

/// Waits until as much is packaged as a player wants that knows no parts, as
/// Chromium's own: three segments (RFC 8216 §6.3.3). With fewer it breaks off, and
/// the client begins anew until it does not.
fn wait_for_segments(person: &Person) -> anyhow::Result<()> {
    let camera = person.cameras()?.into_keys().next().context("there is a camera")?;
    let (index, _) = ways::hls(person, &camera, &["live"])?;
    let playlist = index.replace("index.m3u8", "video.m3u8");
    until("three segments to be packaged", || {
        let text = String::from_utf8(person.download(&playlist)?)?;
        Ok((text.matches("#EXTINF").count() > 3).then_some(()))
    })
}

/// Has the client watch the camera by a way until enough was seen.
fn watch(address: &str, way: &str) -> anyhow::Result<Tile> {
    let told = json!({
        "address": address, "password": CHOSEN, "side": 1, "tiles": 1, "way": way, "every": 1,
        "frames": FRAMES,
    });
    let mut browser = Command::new("node")
        .arg(e2e::root().join("web/e2e/watching.mjs"))
        .arg(told.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run node")?;
    let mut said = BufReader::new(browser.stdout.take().context("standard output")?);
    let mut line = String::new();
    said.read_line(&mut line)?;
    anyhow::ensure!(line.trim() == "ready", "{way}: the browser's part said {line:?}");
    browser.stdin.take().context("standard input")?.write_all(b"go\n")?;
    line.clear();
    said.read_line(&mut line)?;
    anyhow::ensure!(browser.wait()?.success(), "{way}: the browser's part failed");
    let tiles: Vec<Tile> = serde_json::from_str(&line)?;
    tiles.into_iter().next().context("one tile was watched")
}
