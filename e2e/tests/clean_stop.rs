//! A stop in order loses nothing: counted against what the cameras sent.

use std::time::{Duration, Instant};

use anyhow::Context;
use e2e::program::Program;
use e2e::{city, program, recorded};

const CAMERAS: usize = 6;

const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn every_frame_sent_before_the_stop_is_on_disk_after_it() -> anyhow::Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let folder = tempfile::tempdir()?;
    let config = program::configure(
        folder.path(),
        "[http]\nlisten = \"127.0.0.1:0\"\n[store]\nsegment_s = 5\n",
    )?;
    let clip = city::small_clip()?;
    let server = runtime.block_on(city::serve(CAMERAS, &clip, &clip))?;
    city::add(&config, &server, CAMERAS)?;

    let mut khue = Program::start(["serve".as_ref(), "--config".as_ref(), config.as_os_str()])?;
    khue.address()?;
    // Two segments and a part of a third, for every stream.
    let began = Instant::now();
    while !server.deliveries().iter().filter(|one| one.frames > 290).count().eq(&(2 * CAMERAS)) {
        anyhow::ensure!(
            began.elapsed() < PATIENCE,
            "not every stream is played: {:#?}",
            server.deliveries()
        );
        std::thread::yield_now();
    }
    let sent = server.deliveries();
    assert!(khue.stop()?.success());

    let root = folder.path().join("data/recordings");
    let mut recorded_streams = 0;
    for entry in std::fs::read_dir(root.join("streams"))? {
        let stream =
            entry?.file_name().to_str().context("a stream's folder is named by its id")?.parse()?;
        let frames = recorded::stream(&root, stream)?;
        let source = frames.first().context("a stream has frames")?.stamp.source;
        let sent = sent
            .iter()
            .find(|one| simcam::sei::source(&one.path) == source)
            .with_context(|| format!("nobody sent what stream {stream} recorded"))?;
        let (first, last) = sent.counters.context("it was sent something")?;
        let counters: Vec<u64> = frames.iter().map(|frame| frame.stamp.counter).collect();
        assert_eq!(counters[0], first, "{}: the first frame sent is the first recorded", sent.path);
        for pair in counters.windows(2) {
            assert_eq!(pair[1], pair[0] + 1, "{}: a frame is missing or doubled", sent.path);
        }
        let end = counters[counters.len() - 1];
        assert!(
            end >= last,
            "{}: frame {last} was sent before the stop, {end} is the last recorded",
            sent.path
        );
        assert!(
            frames.windows(2).all(|pair| pair[0].wall < pair[1].wall),
            "{}: time stands still",
            sent.path
        );
        recorded_streams += 1;
    }
    assert_eq!(recorded_streams, 2 * CAMERAS);
    Ok(())
}
