//! The program is killed at random moments, twenty cameras recording.
//!
//! What it had acknowledged is there afterwards, every frame of it over all the
//! segments of a life, and plays; what is torn is cut; the timeline says `crashed`
//! for the time between. (That a kill proves
//! no fsync is why `store/tests/power_cut.rs` drops unsynced bytes itself.)
//!
//! Five kills here; two hundred with `make soak`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use base::StreamId;
use e2e::http::Person;
use e2e::program::Program;
use e2e::recorded::Found;
use e2e::{city, program, recorded};
use simcam::Server;
use simcam::sei::{self, Stamp};

const CAMERAS: usize = 20;

/// As many segments of each stream as the longest lives acknowledge at least.
const SEGMENTS: usize = 3;

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
        "[http]\nlisten = \"127.0.0.1:0\"\n[store]\nsegment_s = 1\nreserve_bytes = 16777216\n",
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
    let cameras = operator.cameras()?;
    assert_eq!(cameras.len(), CAMERAS);
    drop(khue);

    let root = data.join("recordings");
    let mut acknowledged = Vec::new();
    let mut noise = 0x9e37_79b9_7f4a_7c15_u64;
    for round in 1..=kills() {
        let mut khue = Program::start(["serve".as_ref(), "--config".as_ref(), config.as_os_str()])?;
        let address = khue.address()?;
        let mut operator = Person::reach(&address, &data)?;
        operator.sign_in("trucban", "mưa rào Hà Nội 1954")?;
        // A moment in which all record their first, second or third segment, for each
        // GOP is one, and beyond it by a random part of a second.
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        for _ in 0..round % SEGMENTS {
            wait_until_all_acknowledge(&operator, &cameras)?;
        }
        let mut last = wait_until_all_acknowledge(&operator, &cameras)?;
        let until = Instant::now() + Duration::from_millis(noise >> 54);
        while Instant::now() < until {
            last = watermarks(&operator, &cameras)?;
        }
        khue.kill()?;
        check(&root, &begins(&server), &last)
            .with_context(|| format!("after kill {round} of {}", kills()))?;
        acknowledged.push(last);
    }

    // The next start cuts the torn ends and tells why time is missing.
    let mut khue = Program::start(["serve".as_ref(), "--config".as_ref(), config.as_os_str()])?;
    let mut operator = Person::reach(&khue.address()?, &data)?;
    operator.sign_in("trucban", "mưa rào Hà Nội 1954")?;
    wait_until_all_acknowledge(&operator, &cameras)?;
    for camera in cameras.keys() {
        let timeline = operator.timeline(camera)?;
        let gaps = timeline["gaps"].as_array().context("a timeline has gaps")?;
        let crashed = gaps.iter().filter(|gap| gap["reason"] == "crashed").count();
        assert!(
            crashed >= kills(),
            "{crashed} gaps say crashed after {} kills: {gaps:#?}",
            kills()
        );
    }
    khue.stop()?;
    check_all(&root, &begins(&server), &acknowledged)?;
    // It plays: every frame of a camera's segments is a picture, whole.
    let stream = cameras.values().next().context("there are cameras")?;
    for segment in recorded::segments(&root, *stream)? {
        let frames = recorded::frames(&segment)?.0.len();
        assert_eq!(recorded::decoded(&segment)?, frames, "{}", segment.display());
    }
    Ok(())
}

/// Returns below which moment each camera's recording is acknowledged.
fn watermarks(
    operator: &Person,
    cameras: &BTreeMap<String, StreamId>,
) -> anyhow::Result<Acknowledged> {
    let mut acknowledged = Acknowledged::new();
    for (camera, stream) in cameras {
        if let Some(synced) = operator.timeline(camera)?["synced_us"].as_i64() {
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

/// The counters with which the cameras began to send to somebody, by source.
type Begins = BTreeMap<u32, BTreeSet<u64>>;

fn begins(server: &Server) -> Begins {
    let mut begins = Begins::new();
    for delivery in server.deliveries() {
        if let Some((first, _)) = delivery.counters {
            begins.entry(sei::source(&delivery.path)).or_default().insert(first);
        }
    }
    begins
}

/// Returns a stream's frames by the life that wrote them: between two kills.
fn lives(root: &Path, stream: StreamId) -> anyhow::Result<BTreeMap<u32, Vec<Found>>> {
    let mut lives = BTreeMap::<u32, Vec<Found>>::new();
    for segment in recorded::segments(root, stream)? {
        let frames = recorded::frames(&segment)?.0;
        lives.entry(recorded::epoch(&segment)?).or_default().extend(frames);
    }
    Ok(lives)
}

/// A life has each frame since its cameras began to send, over all its segments:
/// where one is missing, so is a segment or a part of it.
fn is_whole(frames: &[Found], begins: &Begins) -> anyhow::Result<()> {
    let mut last: Option<&Found> = None;
    for frame in frames {
        let Stamp { source, counter, .. } = frame.stamp;
        let follows = last.is_some_and(|last| last.stamp.counter + 1 == counter);
        anyhow::ensure!(
            follows || begins.get(&source).is_some_and(|begins| begins.contains(&counter)),
            "frame {counter} follows {last:?}, and no camera began with it"
        );
        anyhow::ensure!(
            last.is_none_or(|last| last.wall < frame.wall),
            "frame {counter} is not later than {last:?}"
        );
        last = Some(frame);
    }
    Ok(())
}

/// The life that was ended last has all frames of all streams, main and sub, and
/// reaches each watermark.
fn check(root: &Path, begins: &Begins, acknowledged: &Acknowledged) -> anyhow::Result<()> {
    anyhow::ensure!(
        acknowledged.len() == CAMERAS,
        "only {} streams acknowledged anything",
        acknowledged.len()
    );
    let mut streams = BTreeSet::from_iter(recorded::streams(root)?);
    streams.extend(acknowledged.keys());
    for stream in streams {
        let lives = lives(root, stream)?;
        let frames = lives.values().next_back().map_or(&[][..], Vec::as_slice);
        is_whole(frames, begins).with_context(|| format!("stream {stream}"))?;
        let Some(synced) = acknowledged.get(&stream) else { continue };
        // The last frame reaches to where the next would begin: 40 ms later.
        let end = frames.last().map_or(0, |frame| frame.wall.0 + 40_000);
        anyhow::ensure!(
            end + 1_000 >= *synced,
            "stream {stream} ends at {end}, acknowledged up to {synced}"
        );
    }
    Ok(())
}

/// After all kills: no end is torn, no life lost a frame to the mending, and what
/// the lives acknowledged is still there.
fn check_all(root: &Path, begins: &Begins, acknowledged: &[Acknowledged]) -> anyhow::Result<()> {
    let streams = recorded::streams(root)?;
    anyhow::ensure!(streams.len() == 2 * CAMERAS, "only {} streams recorded", streams.len());
    for stream in streams {
        let mut of_life = BTreeMap::<u32, usize>::new();
        for segment in recorded::segments(root, stream)? {
            let (_, torn) = recorded::frames(&segment)?;
            anyhow::ensure!(!torn, "{} is torn after recovery", segment.display());
            *of_life.entry(recorded::epoch(&segment)?).or_default() += 1;
        }
        let most = of_life.values().max().copied().unwrap_or(0);
        let is_main = acknowledged.iter().any(|synced| synced.contains_key(&stream));
        anyhow::ensure!(
            !is_main || most >= SEGMENTS,
            "no life of stream {stream} has {SEGMENTS} segments"
        );
        let lives = lives(root, stream)?;
        for (life, frames) in &lives {
            is_whole(frames, begins)
                .with_context(|| format!("stream {stream}, epoch {life}, mended"))?;
        }
        for synced in acknowledged.iter().filter_map(|synced| synced.get(&stream)) {
            // Each mark fell into one life, which has it still.
            let has = |frames: &Vec<Found>| {
                let (first, last) = (frames.first(), frames.last());
                first.is_some_and(|frame| frame.wall.0 < *synced)
                    && last.is_some_and(|frame| frame.wall.0 + 41_000 >= *synced)
            };
            anyhow::ensure!(
                lives.values().any(has),
                "stream {stream} was acknowledged up to {synced}, and nothing reaches it"
            );
        }
    }
    Ok(())
}
