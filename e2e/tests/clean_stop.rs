//! A stop in order loses nothing: counted against what the cameras sent.

use std::collections::BTreeSet;

use anyhow::Context;
use e2e::program::Program;
use e2e::wait::until;
use e2e::{city, program, recorded};
use simcam::{Delivery, Server};

const CAMERAS: usize = 6;

#[test]
fn every_frame_sent_before_the_stop_is_on_disk_after_it() -> anyhow::Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let folder = tempfile::tempdir()?;
    let config = program::configure(
        folder.path(),
        "[http]\nlisten = \"127.0.0.1:0\"\n[store]\nsegment_s = 5\nreserve_bytes = 16777216\n",
    )?;
    let clip = city::small_clip()?;
    let server = runtime.block_on(city::serve(CAMERAS, &clip, &clip))?;
    city::add(&config, &server, CAMERAS)?;

    let mut khue = Program::start(["serve".as_ref(), "--config".as_ref(), config.as_os_str()])?;
    khue.address()?;
    // Two segments and a part of a third, for every stream.
    let sent = wait_until_all_were_sent(290, &server)?;
    assert!(khue.stop()?.success());

    let root = folder.path().join("data/recordings");
    let mut recorded_streams = 0;
    for stream in recorded::streams(&root)? {
        let frames = recorded::stream(&root, stream)?;
        let source = frames.first().context("a stream has frames")?.stamp.source;
        let sent = sent
            .iter()
            .find(|one| simcam::sei::source(&one.path) == source)
            .with_context(|| format!("nobody sent what stream {stream} recorded"))?;
        let (first, last) = sent.counters.context("it was sent something")?;
        // What an earlier connection was sent, if there was one, is not this one's to keep.
        let counters: Vec<u64> =
            frames.iter().map(|frame| frame.stamp.counter).filter(|one| *one >= first).collect();
        assert_eq!(
            counters.first(),
            Some(&first),
            "{}: the first frame sent is the first recorded",
            sent.path
        );
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

/// Waits until every stream was sent more than so many frames without a break,
/// and returns those deliveries.
fn wait_until_all_were_sent(frames: u64, server: &Server) -> anyhow::Result<Vec<Delivery>> {
    until("every stream to be played", || {
        let mut deliveries = server.deliveries();
        deliveries.retain(|one| one.ended.is_none() && one.frames > frames);
        let paths: BTreeSet<_> = deliveries.iter().map(|one| &one.path).collect();
        Ok((paths.len() >= 2 * CAMERAS).then_some(deliveries))
    })
}
