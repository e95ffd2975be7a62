//! What a random seek costs at the server: the time until the first fragment of
//! a moment is in hand, in an archive of a month.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base::{StreamId, WallTime};
use bytes::Bytes;
use media::{Codec, Frame, Params};
use store::{Disk, GapReason, Piece, Store, StoreConfig};

/// How much is recorded: a month, in segments of ten minutes as usual. Frames
/// are small and a second apart, so that a month fits on any disk: what a seek
/// looks up (segments, their keyframes) is as many as in a real one.
const DAYS: i64 = 30;
const SECOND: i64 = 1_000_000;
const FRAME_BYTES: usize = 200;
const GOP_FRAMES: i64 = 2;
const SEEKS: usize = 2_000;

/// The figures of one run.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    /// Milliseconds from the question to the first fragment, each seek.
    pub(crate) seek_ms: Vec<f64>,
    /// Milliseconds to open the store with its month.
    pub(crate) open_ms: f64,
    /// Bytes on disk that are not frames, by frame.
    pub(crate) container_bytes_a_frame: f64,
}

/// Records a month, opens it anew and seeks in it.
pub(crate) fn measure() -> anyhow::Result<Figures> {
    let folder = tempfile::tempdir()?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let config = StoreConfig { root: folder.path().to_owned(), ..StoreConfig::default() };
    let stream = StreamId::new();
    let start = WallTime(1_790_000_000 * SECOND);
    runtime.block_on(record(config.clone(), stream, start))?;
    let frames = DAYS * 86_400;
    let media = frames as u64 * FRAME_BYTES as u64;
    let container_bytes_a_frame = size(folder.path())?.saturating_sub(media) as f64 / frames as f64;

    let end = WallTime(start.0 + frames * SECOND);
    let began = Instant::now();
    let store = runtime.block_on(Store::open(config, Disk::Real, end))?;
    let open_ms = milliseconds(began.elapsed());
    let mut number = 0x2545_f491_4f6c_dd1d_u64;
    let mut seek_ms = Vec::with_capacity(SEEKS);
    for _ in 0..SEEKS {
        // xorshift64: any spread over the month will do.
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
        let moment = WallTime(start.0 + (number % (frames as u64 - 60)) as i64 * SECOND + 1);
        let began = Instant::now();
        let mut reader = store.read(stream, moment);
        loop {
            match reader.next() {
                Some(Piece::Fragment(fragment)) => {
                    anyhow::ensure!(
                        fragment.span.contains(moment),
                        "the seek to {moment} found {:?}",
                        fragment.span
                    );
                    break;
                }
                Some(_) => {}
                None => anyhow::bail!("nothing is recorded at {moment}"),
            }
        }
        seek_ms.push(milliseconds(began.elapsed()));
    }
    runtime.block_on(store.close());
    Ok(Figures { seek_ms, open_ms, container_bytes_a_frame })
}

async fn record(config: StoreConfig, stream: StreamId, start: WallTime) -> anyhow::Result<()> {
    let store = Store::open(config, Disk::Real, start).await?;
    let mut writer = store.writer(stream);
    let params = Arc::new(Params {
        codec: Codec::H264,
        width: 1920,
        height: 1080,
        // A record of the right form; nothing here decodes.
        config: Bytes::from_static(&[1, 0x64, 0, 0x28, 0xff, 0xe0, 0]),
    });
    let data = Bytes::from(vec![0; FRAME_BYTES]);
    for second in 0..DAYS * 86_400 {
        writer.push(&[Frame {
            wall: WallTime(start.0 + second * SECOND),
            composition_us: 0,
            is_key: second % GOP_FRAMES == 0,
            data: data.clone(),
            params: params.clone(),
        }]);
        // A month at once is more than may wait for the disk.
        if second % 3600 == 0 {
            store.sync().await;
        }
    }
    writer.end_run(GapReason::Stopped, WallTime(start.0 + DAYS * 86_400 * SECOND));
    store.close().await;
    Ok(())
}

fn size(folder: &Path) -> anyhow::Result<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        sum += if entry.file_type()?.is_dir() {
            size(&entry.path())?
        } else {
            entry.metadata()?.len()
        };
    }
    Ok(sum)
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
