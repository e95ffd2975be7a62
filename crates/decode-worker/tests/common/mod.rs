//! Real clips, the real worker, and ffmpeg as the judge.
// Each file of tests uses its own part of this; in all of it, a panic names the line.
#![allow(dead_code, clippy::unwrap_used)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use base::WallTime;
use bytes::Bytes;
use decode::{Codec, Config, Decoder, Error, Frame, Input, Job, Params};
use media::nal;

/// The moment of a clip's first frame.
pub(crate) const BEGIN: i64 = 1_795_135_338_250_000;

pub(crate) fn config() -> Config {
    let mut config = Config::new(program());
    // The machine that runs tests is busy with others.
    config.stall = Duration::from_secs(60);
    config.jpeg_wait = Duration::from_secs(120);
    config.cores = 8.0;
    config
}

/// The worker: cargo tells tests where it is; examples stand in a folder beside it.
fn program() -> PathBuf {
    match option_env!("CARGO_BIN_EXE_khue-decode") {
        Some(program) => program.into(),
        None => std::env::current_exe().unwrap().parent().unwrap().with_file_name("khue-decode"),
    }
}

pub(crate) fn decoder() -> Decoder {
    Decoder::new(config()).unwrap()
}

pub(crate) fn ffmpeg(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin"]).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("ffmpeg is installed (scripts/need test)");
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || {
        let _ = stdin.write_all(&input); // it may have had enough
    });
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ffmpeg {arguments:?}: {said}");
    output.stdout
}

/// A clip as a camera gives it, and the file it comes from.
pub(crate) struct Clip {
    pub(crate) file: PathBuf,
    pub(crate) params: Arc<Params>,
    pub(crate) frames: Vec<Frame>,
    pub(crate) step_us: i64,
    _folder: tempfile::TempDir,
}

/// A street, 640 × 352 in 24 frames a second, without B-frames. Where there are
/// no real clips beside the checkout, one that ffmpeg draws.
pub(crate) fn street(codec: Codec, seconds: u32) -> Clip {
    let name = match codec {
        Codec::H265 => "ahmetozlu-street_640x352_24fps_h265.mp4",
        _ => "ahmetozlu-street_640x352_24fps.mp4",
    };
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut beside = here.ancestors().map(|folder| folder.join("shared/media").join(name));
    let real = beside.find(|file| file.is_file());
    let seconds = seconds.to_string();
    if let Some(real) = real {
        return clip(codec, 24, &["-t", &seconds, "-i", real.to_str().unwrap(), "-c", "copy"]);
    }
    println!("there are no real clips beside the project: ffmpeg draws one");
    drawn(codec, "testsrc2=size=640x352:rate=24", 24, &seconds, &["-bf", "0"])
}

/// The street made larger, as a camera of full high definition would send it.
pub(crate) fn large_street(codec: Codec, seconds: u32) -> Clip {
    let small = street(codec, seconds);
    let encoder = if codec == Codec::H265 { "libx265" } else { "libx264" };
    let size = "scale=1920:1080:flags=bicubic,fps=25";
    let path = small.file.to_str().unwrap();
    let rate = ["-preset", "veryfast", "-b:v", "3M", "-g", "50", "-bf", "0"];
    let begin = ["-i", path, "-vf", size, "-c:v", encoder];
    let quiet: &[&str] =
        if codec == Codec::H265 { &["-x265-params", "log-level=none"] } else { &[] };
    clip(codec, 25, &[&begin[..], &rate, quiet].concat())
}

/// What ffmpeg draws.
pub(crate) fn drawn(codec: Codec, source: &str, rate: u32, seconds: &str, more: &[&str]) -> Clip {
    let encoder = if codec == Codec::H265 { "libx265" } else { "libx264" };
    let gop = (2 * rate).to_string();
    let mut arguments = vec!["-f", "lavfi", "-i", source, "-t", seconds, "-c:v", encoder];
    arguments.extend(["-preset", "veryfast", "-g", &gop, "-pix_fmt", "yuv420p"]);
    if codec == Codec::H265 {
        arguments.extend(["-x265-params", "log-level=none"]);
    }
    arguments.extend(more);
    clip(codec, rate, &arguments)
}

fn clip(codec: Codec, rate: u32, arguments: &[&str]) -> Clip {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("clip.mp4");
    let path = file.to_str().unwrap();
    let tag = if codec == Codec::H265 { "hvc1" } else { "avc1" };
    ffmpeg(&[arguments, &["-an", "-tag:v", tag, path]].concat(), b"");
    let raw = ["-i", path, "-c", "copy", "-f", if codec == Codec::H265 { "hevc" } else { "h264" }];
    let stream = ffmpeg(&[&raw[..], &["-"]].concat(), b"");
    let size = probe(path, "stream=width,height");
    let (width, height) = size.split_once(',').unwrap();
    let config = record(&std::fs::read(&file).unwrap(), codec);
    let params = Params::video(codec, width.parse().unwrap(), height.parse().unwrap(), config);
    let params = Arc::new(params);
    let pts: Vec<f64> = probe(path, "packet=pts_time")
        .split_whitespace()
        .map(|time| time.trim_end_matches(',').parse().unwrap())
        .collect();
    let step_us = 1_000_000 / i64::from(rate);
    let units = access_units(codec, &stream);
    assert_eq!(units.len(), pts.len());
    let first = pts.iter().copied().fold(f64::MAX, f64::min);
    let frames = units.into_iter().zip(&pts).enumerate();
    let frames = frames
        .map(|(at, ((data, is_key), pts))| {
            let wall = BEGIN + at as i64 * step_us;
            let shown = BEGIN + ((pts - first) * f64::from(rate)).round() as i64 * step_us;
            let (composition_us, params) = ((shown - wall) as i32, params.clone());
            Frame { wall: WallTime(wall), composition_us, is_key, data, params }
        })
        .collect();
    Clip { file, params, frames, step_us, _folder: folder }
}

pub(crate) fn probe(path: &str, entries: &str) -> String {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", "0", "-of", "csv=p=0", "-show_entries", entries])
        .arg(path)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The body of `avcC` or `hvcC`, wherever it stands.
fn record(file: &[u8], codec: Codec) -> Bytes {
    let name = if codec == Codec::H265 { b"hvcC" } else { b"avcC" };
    let at = file.windows(4).position(|window| window == name).expect("the file says it");
    let length = u32::from_be_bytes(file[at - 4..at].try_into().unwrap()) as usize;
    Bytes::copy_from_slice(&file[at + 4..at - 4 + length])
}

/// Slices behind their lengths, and whether a picture is a keyframe.
fn access_units(codec: Codec, stream: &[u8]) -> Vec<(Bytes, bool)> {
    let mut pictures: Vec<(Vec<u8>, bool)> = Vec::new();
    for unit in nal::annex_b(stream) {
        let (slice, first, key) = match codec {
            Codec::H265 => {
                let kind = unit[0] >> 1 & 0x3f;
                (kind < 32, unit[2] & 0x80 != 0, (16..24).contains(&kind))
            }
            _ => {
                let kind = unit[0] & 0x1f;
                (matches!(kind, 1 | 5), unit[1] & 0x80 != 0, kind == 5)
            }
        };
        if !slice {
            continue;
        }
        if first {
            pictures.push((Vec::new(), key));
        }
        nal::push_length_prefixed(&mut pictures.last_mut().unwrap().0, unit);
    }
    pictures.into_iter().map(|(data, key)| (data.into(), key)).collect()
}

/// Pushes everything, and gives what comes out and how it ended.
pub(crate) async fn run<T: Send + 'static>(
    (input, mut job): (Input, Job<T>),
    frames: Vec<Frame>,
) -> (Vec<T>, Option<Error>) {
    let pushing = tokio::spawn(async move {
        for frame in frames {
            if input.push(frame).await.is_err() {
                return; // the job says why
            }
        }
    });
    let mut results = Vec::new();
    let mut end = None;
    while let Some(result) = job.next().await {
        match result {
            Ok(result) => results.push(result),
            Err(error) => end = Some(error),
        }
    }
    pushing.await.unwrap();
    (results, end)
}

/// The frames as a file that ffmpeg reads.
pub(crate) fn annex_b(frames: &[Frame]) -> Vec<u8> {
    let mut stream = Vec::new();
    let mut params: Option<Arc<Params>> = None;
    for frame in frames {
        if params.as_ref() != Some(&frame.params) {
            let config = media::h264::Config::parse(&frame.params.config).unwrap();
            for unit in config.sps.iter().chain(&config.pps) {
                stream.extend_from_slice(&[0, 0, 0, 1]);
                stream.extend_from_slice(unit);
            }
            params = Some(frame.params.clone());
        }
        for unit in nal::length_prefixed(&frame.data) {
            stream.extend_from_slice(&[0, 0, 0, 1]);
            stream.extend_from_slice(unit.unwrap());
        }
    }
    stream
}

/// What the frames show: a picture after the other, in bytes of `form`.
pub(crate) fn shown(frames: &[Frame], form: &str) -> Vec<u8> {
    let raw = ["-f", "h264", "-i", "-", "-fps_mode", "passthrough", "-f", "rawvideo"];
    ffmpeg(&[&raw[..], &["-pix_fmt", form, "-"]].concat(), &annex_b(frames))
}

/// What a file shows.
pub(crate) fn shown_of(clip: &Clip, form: &str, more: &[&str]) -> Vec<u8> {
    let path = clip.file.to_str().unwrap();
    let raw = ["-i", path, "-fps_mode", "passthrough"];
    ffmpeg(&[&raw[..], more, &["-f", "rawvideo", "-pix_fmt", form, "-"]].concat(), b"")
}

/// Peak signal to noise in dB: 30 is a fair picture, 40 hard to tell apart.
pub(crate) fn psnr(one: &[u8], other: &[u8]) -> f64 {
    assert_eq!(one.len(), other.len());
    assert!(!one.is_empty());
    let squares = one.iter().zip(other).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2));
    let mean = squares.sum::<f64>() / one.len() as f64;
    10.0 * (255.0 * 255.0 / mean.max(1e-9)).log10()
}
