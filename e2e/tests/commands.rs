//! What an administrator types beside the server, or after it: on the built program.

use std::path::Path;
use std::process::{Command, Output};

use anyhow::Context;
use e2e::http::Person;
use e2e::program::Program;
use e2e::wait::until;
use e2e::{city, program, recorded};
use serde_json::Value;

const CAMERAS: usize = 2;

const CHOSEN: &str = "mưa rào Hà Nội 1954";

#[test]
fn a_camera_added_beside_a_running_server_appears_and_is_recorded() -> anyhow::Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let folder = tempfile::tempdir()?;
    let config = configure(folder.path())?;
    let clip = city::small_clip()?;
    let server = runtime.block_on(city::serve(CAMERAS, &clip, &clip))?;
    let (khue, operator) = serve_first(&config, folder.path())?;
    assert!(operator.cameras()?.is_empty());

    city::add(&config, &server, CAMERAS)?;
    let cameras = until("the cameras to be recorded", || {
        let tree = operator.ask("GET", "tree", None)?.ok()?;
        let rows = tree["cameras"].as_array().context("a tree has cameras")?;
        let cameras = operator.cameras()?;
        let timelines: Vec<_> =
            cameras.keys().map(|camera| operator.timeline(camera)).collect::<Result<_, _>>()?;
        let all = cameras.len() == CAMERAS
            && rows.iter().all(|camera| camera["state"]["kind"] == "recording")
            && timelines.iter().all(|timeline| !timeline["synced_us"].is_null());
        Ok(all.then_some(cameras))
    })?;
    assert!(khue.stop()?.success());

    // Each was given its own camera's frames, from the first one sent.
    let root = folder.path().join("data/recordings");
    for stream in cameras.values() {
        let frames = recorded::stream(&root, *stream)?;
        let first = frames.first().context("a stream has frames")?.stamp;
        let is_its_first = server.deliveries().iter().any(|one| {
            simcam::sei::source(&one.path) == first.source
                && one.path.ends_with("/main")
                && one.counters.is_some_and(|(begin, _)| begin == first.counter)
        });
        assert!(is_its_first, "{stream} begins with {first:?}: {:#?}", server.deliveries());
    }
    Ok(())
}

#[test]
fn a_lost_index_is_made_anew_from_files_when_nobody_has_them_open() -> anyhow::Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let folder = tempfile::tempdir()?;
    let config = configure(folder.path())?;
    let clip = city::small_clip()?;
    let server = runtime.block_on(city::serve(CAMERAS, &clip, &clip))?;
    city::add(&config, &server, CAMERAS)?;
    let (khue, operator) = serve_first(&config, folder.path())?;
    let root = folder.path().join("data/recordings");
    // Two closed segments of each stream at least, and one that is open.
    until("three segments of each stream", || {
        let streams = match recorded::streams(&root) {
            Ok(streams) if streams.len() == 2 * CAMERAS => streams,
            _ => return Ok(None),
        };
        let all = streams.iter().map(|stream| recorded::segments(&root, *stream));
        let all: Vec<_> = all.collect::<Result<_, _>>()?;
        Ok(all.iter().all(|segments| segments.len() >= 3).then_some(()))
    })?;
    let cameras = operator.cameras()?;

    let refused = rebuild(&config)?;
    assert!(!refused.status.success(), "an index was made anew under a running server");
    let words = String::from_utf8(refused.stderr)?;
    assert!(words.contains(root.to_str().context("a path in UTF-8")?), "{words}");
    operator.cameras()?; // it answers still
    assert!(khue.stop()?.success());
    // Nobody records any more: what is there now is what must be found.
    drop(server);

    std::fs::write(root.join("index.sqlite"), "not an index")?;
    let streams = recorded::streams(&root)?;
    let (mut segments, mut size_bytes) = (0, 0);
    for stream in &streams {
        for segment in recorded::segments(&root, *stream)? {
            segments += 1;
            size_bytes += std::fs::metadata(segment)?.len();
        }
    }
    let told = format!(
        "{segments} segments of {} streams, {size_bytes} bytes; 0 torn ends cut, 0 empty files removed\n",
        streams.len()
    );
    for _ in 0..2 {
        let rebuilt = rebuild(&config)?;
        assert!(rebuilt.status.success(), "{}", String::from_utf8_lossy(&rebuilt.stderr));
        assert_eq!(String::from_utf8(rebuilt.stdout)?, told);
    }

    // The program reads it, and knows each stream from its first frame to its last.
    let mut khue = serve(&config)?;
    let mut operator = Person::reach(&khue.address()?, &folder.path().join("data"))?;
    operator.sign_in("trucban", CHOSEN)?;
    for (camera, stream) in &cameras {
        let frames = recorded::stream(&root, *stream)?;
        let (first, last) = (frames.first(), frames.last());
        let (first, last) = (first.context("a first frame")?, last.context("a last frame")?);
        let timeline = operator.timeline(camera)?;
        let runs = timeline["runs"].as_array().context("a timeline has runs")?;
        let holds = |wall: i64| {
            let at = |value: &Value| value.as_i64().unwrap_or_default();
            runs.iter().any(|run| at(&run["from_us"]) <= wall && wall < at(&run["to_us"]))
        };
        assert_eq!(timeline["first_us"], first.wall.0, "{timeline}");
        assert!(holds(first.wall.0) && holds(last.wall.0), "{timeline}");
    }
    assert!(khue.stop()?.success());
    Ok(())
}

fn configure(folder: &Path) -> anyhow::Result<std::path::PathBuf> {
    program::configure(
        folder,
        "[http]\nlisten = \"127.0.0.1:0\"\n[store]\nsegment_s = 4\nreserve_bytes = 16777216\n",
    )
}

fn serve(config: &Path) -> anyhow::Result<Program> {
    Program::start(["serve".as_ref(), "--config".as_ref(), config.as_os_str()])
}

/// Starts the server for the first time, and signs an operator in.
fn serve_first(config: &Path, folder: &Path) -> anyhow::Result<(Program, Person)> {
    let mut khue = serve(config)?;
    let address = khue.address()?;
    let password = khue.password("trucban")?;
    let mut operator = Person::reach(&address, &folder.join("data"))?;
    operator.sign_in_first("trucban", &password, CHOSEN)?;
    Ok((khue, operator))
}

fn rebuild(config: &Path) -> anyhow::Result<Output> {
    let rebuild = ["store", "rebuild", "--config"];
    Ok(Command::new(program::khue()).args(rebuild).arg(config).output()?)
}
