//! What looking back costs in an archive of a month: the line of time of a wall of
//! cameras, and the way to any moment of it.
//!
//! ```text
//! 64 cameras × 30 days in segments of ten minutes, written by the store
//!   ├─ store alone: from the question to the fragment in hand
//!   └─ khue serve over it: lines of time by HTTPS, moments by the media socket
//! ```

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use base::{StreamId, WallTime};
use bytes::Bytes;
use e2e::http::Person;
use e2e::socket::{Socket, Told};
use e2e::{city, program};
use media::{Codec, Frame, Params};
use serde_json::json;
use store::{Disk, GapReason, Piece, Store, StoreConfig};

use crate::khue::Khue;

const CAMERAS: usize = 64;
const DAYS: i64 = 30;
const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Frames are small and few, so that it fits on any disk: what is looked up, segments
/// and their keyframes' beginnings, are as many as in a real one.
const FRAME_BYTES: usize = 200;
const FRAME_EVERY: i64 = 50 * SECOND;

/// A camera's line fails so often, for so long.
const FAILS_EVERY: i64 = DAY / 5;
const FAILS_FOR: i64 = 90 * SECOND;

const SEEKS: usize = 1_000;

/// The figures of one run, in milliseconds.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    /// From the question to the first fragment, in the store alone.
    pub(crate) seek_ms: Vec<f64>,
    /// From the word on the socket to the first fragment on it.
    pub(crate) socket_ms: Vec<f64>,
    /// The lines of time of all cameras, as a wall asks for them: at once.
    pub(crate) wall_ms: Vec<f64>,
    /// The same, one asked for after the other.
    pub(crate) lines_ms: Vec<f64>,
    /// What all of them weigh on the wire.
    pub(crate) wall_bytes: usize,
    /// What one of them weighs on the wire, at most.
    pub(crate) line_bytes: usize,
    /// To open the store with all of it.
    pub(crate) open_ms: f64,
    /// What lies beside the segments, for each of them.
    pub(crate) index_bytes: f64,
}

/// Segments of a whole month, of all cameras.
pub(crate) const SEGMENTS: i64 = CAMERAS as i64 * DAYS * 144;

/// Records it, opens it anew and looks back in it.
pub(crate) fn measure() -> anyhow::Result<Figures> {
    let folder = tempfile::tempdir()?;
    let config = program::configure(
        folder.path(),
        "[http]\nlisten = \"127.0.0.1:0\"\n[sign_in]\nsecond_factor = \"nobody\"\n[rtsp]\nserve = false\n\
         [store]\nreserve_bytes = 16777216\n",
    )?;
    for number in 0..CAMERAS {
        let mut adding = Command::new(program::khue());
        // Nobody is at home there.
        adding.args(["camera", "add", "rtsp://127.0.0.1:9/main", "--untried"]);
        adding.args(["--name", &format!("cam{number}"), "--config"]).arg(&config);
        let added = adding.args(city::RECORDED_FOR).output()?;
        anyhow::ensure!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    }
    let mut khue = Khue::serve(&config, folder.path())?;
    let streams: Vec<StreamId> = khue.operator()?.cameras()?.into_values().collect();
    let root = khue.recordings.clone();
    khue.stop()?;

    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros() as i64;
    let end = WallTime((now / FRAME_EVERY - 100) * FRAME_EVERY);
    let start = WallTime(end.0 - DAYS * DAY + 3_600 * SECOND);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let store = StoreConfig { root: root.clone(), ..StoreConfig::default() };
    let began = Instant::now();
    runtime.block_on(record(store.clone(), &streams, start, end))?;
    eprintln!("archive: written in {:.0} s", began.elapsed().as_secs_f64());

    let began = Instant::now();
    let opened = runtime.block_on(Store::open(store, Disk::Real, end))?;
    let open_ms = milliseconds(began.elapsed());
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let mut seek_ms = Vec::with_capacity(SEEKS);
    for _ in 0..SEEKS {
        let (stream, at) = (streams[dice.below(streams.len())], dice.moment(start, end));
        let began = Instant::now();
        let mut reader = opened.read(stream, at);
        loop {
            match reader.next().with_context(|| format!("nothing is recorded from {at} on"))? {
                Piece::Fragment(_) => break,
                _ => continue,
            }
        }
        seek_ms.push(milliseconds(began.elapsed()));
    }
    runtime.block_on(opened.close());
    drop(runtime);
    let beside = |file: &Path| file.extension().is_none_or(|extension| extension != "mp4");
    let index_bytes = size(&root, &beside)? as f64 / SEGMENTS as f64;

    let khue = Khue::serve(&config, folder.path())?;
    let person = khue.signed_in()?;
    let cameras: Vec<String> = person.cameras()?.into_keys().collect();
    let (mut wall_ms, mut lines_ms, mut wall_bytes, mut line_bytes) = (vec![], vec![], 0, 0);
    let wall = format!("timelines?cameras={}&", cameras.join(","));
    for _ in 0..10 {
        let began = Instant::now();
        wall_bytes = line(&person, &wall, start, end)?;
        wall_ms.push(milliseconds(began.elapsed()));
        let began = Instant::now();
        for camera in &cameras {
            let bytes = line(&person, &format!("cameras/{camera}/timeline?"), start, end)?;
            line_bytes = line_bytes.max(bytes);
        }
        lines_ms.push(milliseconds(began.elapsed()));
    }
    let mut tokens = Vec::new();
    for camera in &cameras {
        let body = json!({ "camera": camera, "actions": ["playback"], "purpose": "đo", "case": "12/2026" });
        let given = person.ask("POST", "media-tokens", Some(body))?.ok()?;
        tokens.push(given["token"].as_str().context("a token is text")?.to_owned());
    }
    let mut socket = Socket::open(&person)?;
    let mut socket_ms = Vec::with_capacity(SEEKS);
    for number in 0..SEEKS {
        let token = &tokens[dice.below(tokens.len())];
        let at = dice.moment(start, end);
        let began = Instant::now();
        socket.say(&json!({
            "op": "past", "ref": number.to_string(), "token": token, "role": "main",
            "from_us": at.0, "credit": 1,
        }))?;
        let channel = loop {
            match socket.hear()?.context("the server closed the socket")? {
                Told::Piece { kind: 3, channel, .. } => break channel,
                Told::Piece { .. } => {}
                Told::Event(event) if event["type"] == "refused" => anyhow::bail!("{event}"),
                Told::Event(_) => {}
            }
        };
        socket_ms.push(milliseconds(began.elapsed()));
        socket.say(&json!({ "op": "stop", "channel": channel }))?;
        socket.until("end")?;
    }
    Ok(Figures {
        seek_ms,
        socket_ms,
        wall_ms,
        lines_ms,
        wall_bytes,
        line_bytes,
        open_ms,
        index_bytes,
    })
}

/// Asks for lines of a month; returns what they weigh on the wire.
fn line(person: &Person, of: &str, start: WallTime, end: WallTime) -> anyhow::Result<usize> {
    let path = format!("/api/v1/{of}role=main&from_us={}&to_us={}", start.0, end.0);
    let mut answer = person.request("GET", &path, &[("accept-encoding", "gzip, br")], None)?;
    let bytes = answer.body_mut().read_to_vec()?;
    anyhow::ensure!(answer.status() == 200, "{}", String::from_utf8_lossy(&bytes));
    Ok(bytes.len())
}

async fn record(
    config: StoreConfig,
    streams: &[StreamId],
    start: WallTime,
    end: WallTime,
) -> anyhow::Result<()> {
    let store = Store::open(config, Disk::Real, start).await?;
    let mut writers: Vec<_> = streams.iter().map(|stream| store.writer(*stream)).collect();
    let params = Arc::new(Params {
        codec: Codec::H264,
        width: 1920,
        height: 1080,
        // A record of the right form; nothing here decodes.
        config: Bytes::from_static(&[1, 0x64, 0, 0x28, 0xff, 0xe0, 0]),
    });
    let data = Bytes::from(vec![0; FRAME_BYTES]);
    for (frame, at) in (start.0..end.0).step_by(FRAME_EVERY as usize).enumerate() {
        for (number, writer) in writers.iter_mut().enumerate() {
            // Each at moments of its own.
            let into = (at + number as i64 * 977 * SECOND) % FAILS_EVERY;
            if into < FAILS_FOR {
                writer.end_run(GapReason::Unreachable, WallTime(at));
                continue;
            }
            writer.push(&[Frame {
                wall: WallTime(at),
                composition_us: 0,
                is_key: true,
                data: data.clone(),
                params: params.clone(),
            }]);
        }
        // A month at once is more than may wait for the disk.
        if frame % 144 == 0 {
            store.sync().await;
        }
    }
    writers.iter_mut().for_each(|writer| writer.end_run(GapReason::Stopped, end));
    store.close().await;
    Ok(())
}

/// xorshift64: any spread over the month will do.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most as u64) as usize
    }

    fn moment(&mut self, start: WallTime, end: WallTime) -> WallTime {
        let last = (end.0 - start.0 - 600 * SECOND) as usize;
        WallTime(start.0 + self.below(last) as i64)
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// Returns what the files below a folder weigh, of those that `counts`.
pub(crate) fn size(folder: &Path, counts: &impl Fn(&Path) -> bool) -> anyhow::Result<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        sum += match entry.file_type()?.is_dir() {
            true => size(&path, counts)?,
            false if counts(&path) => entry.metadata()?.len(),
            false => 0,
        };
    }
    Ok(sum)
}
