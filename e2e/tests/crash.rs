//! The program is killed at random moments, twenty cameras recording.
//!
//! What it had acknowledged is there afterwards, every frame of it; what is torn
//! is cut; the timeline says `crashed` for the time between. (That a kill proves
//! no fsync is why `store/tests/power_cut.rs` drops unsynced bytes itself.)
//!
//! Five kills here; two hundred with `make soak`.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use base::StreamId;
use e2e::http::Person;
use e2e::program::Program;
use e2e::{city, program, recorded};
use serde_json::Value;

const CAMERAS: usize = 20;

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the program acknowledged before it was killed: watermarks by stream.
type Acknowledged = BTreeMap<StreamId, i64>;

fn kills() -> usize {
    if std::env::var_os("KHUE_SOAK").is_some() { 200 } else { 5 }
}

#[test]
fn what_was_acknowledged_survives_a_kill_at_any_moment() -> anyhow::Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let folder = tempfile::tempdir()?;
    let config = program::configure(
        folder.path(),
        "[http]\nlisten = \"127.0.0.1:0\"\n[store]\nsegment_s = 7\n",
    )?;
    let data = folder.path().join("data");
    let clip = city::small_clip()?;
    let server = runtime.block_on(city::serve(CAMERAS, &clip, &clip))?;
    city::add(&config, &server, CAMERAS)?;

    let mut khue = Program::start(["serve".as_ref(), "--config".as_ref(), config.as_os_str()])?;
    let address = khue.address()?;
    let password = khue.password("trucban")?;
    let mut operator = Person::reach(&address, &data)?;
    operator.sign_in_first("trucban", &password, "mưa rào Hà Nội 1954")?;
    let cameras = cameras(&operator)?;
    assert_eq!(cameras.len(), CAMERAS);
    drop(khue);

    let mut noise = 0x9e37_79b9_7f4a_7c15_u64;
    for round in 1..=kills() {
        let mut khue = Program::start(["serve".as_ref(), "--config".as_ref(), config.as_os_str()])?;
        let address = khue.address()?;
        let mut operator = Person::reach(&address, &data)?;
        operator.sign_in("trucban", "mưa rào Hà Nội 1954")?;
        // A moment in which all record, and beyond it by a random part of a second.
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let began = wait_until_all_acknowledge(&operator, &cameras)?;
        let until = Instant::now() + Duration::from_millis(noise >> 54);
        let mut acknowledged = began;
        while Instant::now() < until {
            acknowledged = watermarks(&operator, &cameras)?;
        }
        khue.kill()?;
        check(&data.join("recordings"), &acknowledged)
            .with_context(|| format!("after kill {round} of {}", kills()))?;
    }

    // The next start cuts the torn ends and tells why time is missing.
    let mut khue = Program::start(["serve".as_ref(), "--config".as_ref(), config.as_os_str()])?;
    let mut operator = Person::reach(&khue.address()?, &data)?;
    operator.sign_in("trucban", "mưa rào Hà Nội 1954")?;
    wait_until_all_acknowledge(&operator, &cameras)?;
    for camera in cameras.keys() {
        let timeline = timeline(&operator, camera)?;
        let gaps = timeline["gaps"].as_array().context("a timeline has gaps")?;
        let crashed = gaps.iter().filter(|gap| gap["reason"] == "crashed").count();
        assert!(
            crashed >= kills(),
            "{crashed} gaps say crashed after {} kills: {gaps:#?}",
            kills()
        );
    }
    khue.stop()?;
    for stream in cameras.values() {
        for segment in recorded::segments(&data.join("recordings"), *stream)? {
            let (_, torn) = recorded::frames(&segment)?;
            assert!(!torn, "{} is torn after recovery", segment.display());
        }
    }
    Ok(())
}

/// Returns each camera with its main stream.
fn cameras(operator: &Person) -> anyhow::Result<BTreeMap<String, StreamId>> {
    let tree = operator.ask("GET", "tree", None)?.ok()?;
    let cameras = tree["cameras"].as_array().context("a tree has cameras")?;
    cameras
        .iter()
        .map(|camera| {
            let streams = camera["streams"].as_array().context("a camera has streams")?;
            let main =
                streams.iter().find(|stream| stream["role"] == "main").context("a main stream")?;
            let id = |value: &Value| value.as_str().map(str::to_owned).context("an id is text");
            Ok((id(&camera["id"])?, id(&main["id"])?.parse()?))
        })
        .collect()
}

fn timeline(operator: &Person, camera: &str) -> anyhow::Result<Value> {
    let path = format!("cameras/{camera}/timeline?role=main&from_us=0&to_us=9000000000000000");
    operator.ask("GET", &path, None)?.ok()
}

/// Returns below which moment each camera's recording is acknowledged.
fn watermarks(
    operator: &Person,
    cameras: &BTreeMap<String, StreamId>,
) -> anyhow::Result<Acknowledged> {
    let mut acknowledged = Acknowledged::new();
    for (camera, stream) in cameras {
        if let Some(synced) = timeline(operator, camera)?["synced_us"].as_i64() {
            acknowledged.insert(*stream, synced);
        }
    }
    Ok(acknowledged)
}

/// Waits until the watermark of every camera has risen in this run.
fn wait_until_all_acknowledge(
    operator: &Person,
    cameras: &BTreeMap<String, StreamId>,
) -> anyhow::Result<Acknowledged> {
    let first = watermarks(operator, cameras)?;
    let began = Instant::now();
    loop {
        let now = watermarks(operator, cameras)?;
        let risen = |stream: &StreamId| now.get(stream) > first.get(stream);
        if cameras.values().all(risen) {
            return Ok(now);
        }
        let waiting = cameras.values().filter(|stream| !risen(stream)).count();
        anyhow::ensure!(began.elapsed() < PATIENCE, "{waiting} cameras acknowledge nothing new");
    }
}

/// Every stream has, in each of its segments, all frames without a break, and
/// reaches its watermark.
fn check(root: &Path, acknowledged: &Acknowledged) -> anyhow::Result<()> {
    anyhow::ensure!(
        acknowledged.len() == CAMERAS,
        "only {} streams acknowledged anything",
        acknowledged.len()
    );
    for (stream, synced) in acknowledged {
        let mut end = 0;
        for segment in recorded::segments(root, *stream)? {
            let (frames, _) = recorded::frames(&segment)?;
            for pair in frames.windows(2) {
                anyhow::ensure!(
                    pair[1].stamp.counter == pair[0].stamp.counter + 1,
                    "{}: frame {} follows frame {}",
                    segment.display(),
                    pair[1].stamp.counter,
                    pair[0].stamp.counter
                );
            }
            // The last frame reaches to where the next would begin: 40 ms later.
            end = end.max(frames.last().map_or(0, |frame| frame.wall.0 + 40_000));
        }
        anyhow::ensure!(
            end + 1_000 >= *synced,
            "stream {stream} ends at {end}, acknowledged up to {synced}"
        );
    }
    Ok(())
}
