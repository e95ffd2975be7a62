//! The harness of the store's tests: cameras whose every frame can be told
//! again, a store in a folder of its own, and reading it all back.

#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use base::{Span, StreamId, WallTime};
use bytes::Bytes;
use media::{Codec, Frame, Params};
use store::testutil::{Dice, Lossy};
use store::{Disk, Export, Piece, Store, StoreConfig, StoreError};

/// 2026-11-20, a quarter to one in the night.
pub const BEGIN: WallTime = WallTime(1_795_135_500_000_000);

/// The time from one frame to the next.
pub const STEP_US: i64 = 40_000;

/// A camera that sends the same frames each time it is asked for them.
#[derive(Clone, Debug)]
pub struct Camera {
    pub stream: StreamId,
    pub params: Arc<Params>,
    /// Frames from one keyframe to the next.
    pub gop: u64,
    /// The most bytes of a frame.
    pub size: u64,
    pub begin: WallTime,
    pub seed: u64,
}

impl Camera {
    pub fn new(seed: u64) -> Self {
        let stream = StreamId(uuid::Uuid::from_u64_pair(0x0199_a1b2_0000_7000, seed | 1 << 63));
        let config = Bytes::from_static(&[1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 1, 0x67, 1, 0, 1, 0x68]);
        let params = Params { codec: Codec::H264, width: 640, height: 360, config };
        Self { stream, params: Arc::new(params), gop: 25, size: 600, begin: BEGIN, seed }
    }

    /// Returns the frame of this number: rubbish, but in order, and never the
    /// same as another.
    pub fn frame(&self, number: u64) -> Frame {
        let mut dice = Dice::new(self.seed << 32 | number);
        let mut unit = vec![0; (20 + dice.below(self.size)) as usize];
        dice.fill(&mut unit);
        let is_key = number.is_multiple_of(self.gop);
        unit[0] = if is_key { 0x65 } else { 0x41 };
        let mut data = Vec::new();
        media::nal::push_length_prefixed(&mut data, &unit);
        Frame {
            wall: self.wall(number),
            composition_us: 0,
            is_key,
            data: data.into(),
            params: self.params.clone(),
        }
    }

    pub fn frames(&self, numbers: std::ops::Range<u64>) -> Vec<Frame> {
        numbers.map(|number| self.frame(number)).collect()
    }

    /// When the frame of this number is taken; no two steps are quite alike.
    pub fn wall(&self, number: u64) -> WallTime {
        let jitter = Dice::new(self.seed ^ number.rotate_left(17)).below(900) as i64;
        WallTime(self.begin.0 + number as i64 * STEP_US + jitter)
    }
}

/// A folder with a store in it, and beside it what a lossy disk needs.
pub struct Home {
    pub folder: tempfile::TempDir,
    pub config: StoreConfig,
}

impl Home {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("graves")).unwrap();
        let root = folder.path().join("store");
        // Short segments, so that each test sees several.
        let config = StoreConfig { root, segment_s: 6, reserve_bytes: 0, ..StoreConfig::default() };
        Self { folder, config }
    }

    pub fn root(&self) -> &Path {
        &self.config.root
    }

    pub fn lossy(&self) -> Arc<Lossy> {
        Arc::new(Lossy::new(self.folder.path().join("graves")))
    }

    pub async fn open(&self) -> Store {
        self.open_on(Disk::Real).await
    }

    pub async fn open_on(&self, disk: Disk) -> Store {
        Store::open(self.config.clone(), disk, BEGIN).await.unwrap()
    }

    /// Returns the segments' files, in order of stream and start.
    pub fn segments(&self) -> Vec<PathBuf> {
        let mut files = files(&self.root().join("streams"));
        files.retain(|file| file.extension().is_some_and(|tail| tail == "mp4"));
        files
    }

    pub fn forget_index(&self) {
        for tail in ["", "-wal", "-shm"] {
            drop(std::fs::remove_file(self.root().join(format!("index.sqlite{tail}"))));
        }
    }
}

/// Returns all files under a folder, in order.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// Returns everything a reader gives from a moment on.
pub fn pieces(store: &Store, stream: StreamId, from: WallTime) -> Vec<Piece> {
    let mut reader = store.read(stream, from);
    std::iter::from_fn(|| reader.next()).collect()
}

/// Returns the frames among pieces, by wall time; of two at one moment, the later given.
pub fn frames(pieces: &[Piece]) -> BTreeMap<WallTime, Bytes> {
    let mut frames = BTreeMap::new();
    for piece in pieces {
        if let Piece::Fragment(fragment) = piece {
            for (wall, sample, data) in fragment.frames() {
                assert_eq!(data.len(), sample.size_bytes as usize);
                frames.insert(wall, data);
            }
        }
    }
    frames
}

pub fn recorded(store: &Store, stream: StreamId) -> BTreeMap<WallTime, Bytes> {
    frames(&pieces(store, stream, WallTime(0)))
}

/// Asserts that a stream holds exactly these frames of a camera.
#[track_caller]
pub fn assert_holds(store: &Store, camera: &Camera, numbers: std::ops::Range<u64>) {
    let wanted: BTreeMap<_, _> =
        camera.frames(numbers).into_iter().map(|frame| (frame.wall, frame.data)).collect();
    let held = recorded(store, camera.stream);
    let walls = |frames: &BTreeMap<WallTime, Bytes>| {
        frames.keys().map(|wall| (wall.0 - camera.begin.0) / STEP_US).collect::<Vec<_>>()
    };
    assert_eq!(walls(&held), walls(&wanted));
    assert!(held == wanted, "a frame's bytes are not what was given");
}

pub fn all_time() -> Span {
    Span::new(WallTime(0), WallTime(4_000_000_000_000_000)).unwrap()
}

pub fn span(from: WallTime, to: WallTime) -> Span {
    Span::new(from, to).unwrap()
}

/// Returns real H.264 of `seconds` at 25 frames a second, 10 to a GOP, as a
/// camera would give it, and the picture that each frame shows.
pub fn pictures(seconds: u32, b_frames: u32, size: &str) -> (Vec<Frame>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let movie = folder.path().join("street.mp4");
    let source = format!("testsrc2=size={size}:rate=25:duration={seconds}");
    let x264 = format!("keyint=10:min-keyint=10:scenecut=0:bframes={b_frames}:b-adapt=0");
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-i", &source, "-pix_fmt", "yuv420p"])
        .args(["-c:v", "libx264", "-preset", "ultrafast", "-x264-params", &x264])
        .args(["-video_track_timescale", "25000"])
        .arg(&movie)
        .status()
        .unwrap();
    assert!(made.success());
    (demuxed(&movie), shown(&movie))
}

/// Returns the frames of a file as a camera would give them.
fn demuxed(movie: &Path) -> Vec<Frame> {
    let stream = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(movie)
        .args(["-c", "copy", "-bsf:v", "h264_mp4toannexb", "-f", "h264", "-"])
        .output()
        .unwrap();
    let times = Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", "packet=pts,dts", "-of", "csv=p=0"])
        .arg(movie)
        .output()
        .unwrap();
    let times = String::from_utf8(times.stdout).unwrap();
    let mut composition = times.lines().map(|line| {
        let mut numbers = line.split(',').map(|number| number.parse::<i32>().unwrap());
        let (pts, dts) = (numbers.next().unwrap(), numbers.next().unwrap());
        (pts - dts) * 40
    });
    let mut params = None;
    let mut frames = Vec::new();
    for unit in media::h264::access_units(media::nal::annex_b(&stream.stdout)) {
        let find = |kind: u8| unit.iter().find(|unit| unit[0] & 0x1f == kind);
        if let (Some(sps), Some(pps)) = (find(7), find(8)) {
            params.get_or_insert_with(|| Arc::new(media::h264::params(sps, pps).unwrap()));
        }
        let mut data = Vec::new();
        for unit in unit.iter().filter(|unit| matches!(unit[0] & 0x1f, 1 | 5)) {
            media::nal::push_length_prefixed(&mut data, unit);
        }
        frames.push(Frame {
            wall: WallTime(BEGIN.0 + frames.len() as i64 * STEP_US),
            composition_us: composition.next().unwrap(),
            is_key: find(5).is_some(),
            data: data.into(),
            params: params.clone().unwrap(),
        });
    }
    assert_eq!(composition.next(), None);
    frames
}

/// Returns what ffmpeg shows of a file: a sum for each picture. It may complain of
/// nothing.
pub fn shown(movie: &Path) -> Vec<String> {
    let sums = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(movie)
        .args(["-map", "0:v", "-fps_mode", "passthrough", "-f", "framemd5", "-"])
        .output()
        .unwrap();
    let said = String::from_utf8(sums.stderr).unwrap();
    assert_eq!(said, "", "ffmpeg complains");
    assert!(sums.status.success());
    let text = String::from_utf8(sums.stdout).unwrap();
    let sums = text.lines().filter(|line| !line.starts_with('#'));
    sums.map(|line| line.rsplit(',').next().unwrap().trim().to_owned()).collect()
}

/// Returns the frames that ffprobe counts in a file, having decoded them all.
pub fn counted(movie: &Path) -> u64 {
    let count = Command::new("ffprobe")
        .args(["-v", "error", "-count_frames", "-select_streams", "v"])
        .args(["-show_entries", "stream=nb_read_frames", "-of", "csv=p=0"])
        .arg(movie)
        .output()
        .unwrap();
    let said = String::from_utf8(count.stderr).unwrap();
    assert_eq!(said, "", "ffprobe complains");
    String::from_utf8(count.stdout).unwrap().trim().parse().unwrap()
}

/// Returns up to `len` bytes of an export from `offset` on; fewer only at its end.
pub fn read_range(export: &Export, offset: u64, len: usize) -> Result<Vec<u8>, StoreError> {
    let mut out = vec![0; len];
    let read = export.read_at(offset, &mut out)?;
    out.truncate(read);
    Ok(out)
}
