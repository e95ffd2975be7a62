//! H.265, AAC and G.711 in our boxes: ffmpeg plays every frame of them, and what
//! it wrote itself says the same as what we make of its stream.

#![allow(clippy::unwrap_used, reason = "a panic in a test names the line")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use base::WallTime;
use bytes::Bytes;
use media::fmp4::{self, Part, Sample, Track};
use media::h265::{self, kind};
use media::{Codec, Frame, Gop, Params, Sampling, aac, access_unit, nal};

const FRAME_US: i64 = 40_000;

#[test]
fn h265_with_and_without_reordered_pictures_plays_frame_for_frame() {
    let dir = tempfile::tempdir().unwrap();
    for (b_frames, depth) in [("0", 0), ("3", 2)] {
        let clip = Clip::encode(dir.path(), b_frames);
        let params = clip.params.clone();
        assert_eq!((params.width, params.height), (302, 170), "the window is taken off");
        assert_eq!(params.reorder_depth(), Some(depth), "bframes={b_frames}");
        assert_eq!(params.rfc6381(), "hvc1.1.6.L60.90");
        assert_eq!(h265::params_of_record(params.config.clone()), Ok(params.clone()));
        assert_eq!(fmp4::read_init(&fmp4::init_segment(&params)), Ok(params.clone()));

        let mut file = fmp4::init_segment(&params).to_vec();
        append(&mut file, 0, &clip.frames);
        assert_eq!(pictures(dir.path(), &file), clip.pictures, "bframes={b_frames}");

        let samples = samples(&clip.frames, FRAME_US);
        let part = Part { params: &params, samples: &samples };
        let track = Track { parts: &[part], shown: 0..u64::MAX, delay_us: 0 };
        let mut file = fmp4::movie(&[track]).to_vec();
        clip.frames.iter().for_each(|frame| file.extend_from_slice(&frame.data));
        let played = pictures(dir.path(), &file);
        assert_eq!(played.len(), clip.pictures.len());
        assert_eq!(played, clip.pictures, "bframes={b_frames}");
    }
}

#[test]
fn the_record_holds_what_ffmpeg_puts_into_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let clip = Clip::encode(dir.path(), "0");
    let mp4 = std::fs::read(dir.path().join("clip.mp4")).unwrap();
    let at = mp4.windows(4).position(|window| window == b"hvcC").unwrap();
    let size = u32::from_be_bytes(mp4[at - 4..at].try_into().unwrap()) as usize;
    let theirs = Bytes::copy_from_slice(&mp4[at + 4..at - 4 + size]);
    let (ours, read) = (&clip.params.config, h265::Config::parse(&theirs).unwrap());
    assert_eq!(ours[..13], theirs[..13], "profile, tier, level");
    assert_eq!(ours[16..19], theirs[16..19], "chroma format and bit depths");
    let own = h265::Config::parse(ours).unwrap();
    assert_eq!((own.vps, own.sps, own.pps), (read.vps, read.sps, read.pps));
    assert_eq!(h265::params_of_record(theirs).unwrap().rfc6381(), clip.params.rfc6381());
}

#[test]
fn aac_in_fragments_sounds_as_it_did() {
    let dir = tempfile::tempdir().unwrap();
    let (params, frames) = aac_frames(dir.path());
    assert_eq!(params.sampling(), Some(Sampling { rate_hz: 16_000, channels: 1 }));
    assert_eq!(params.rfc6381(), "mp4a.40.2");
    assert_eq!(fmp4::read_init(&fmp4::init_segment(&params)), Ok(params.clone()));
    let mut file = fmp4::init_segment(&params).to_vec();
    let mut gop = Gop::default();
    let mut cut: Vec<Gop> = frames.iter().cloned().filter_map(|frame| gop.push(frame)).collect();
    cut.push(gop);
    assert_eq!(cut.len(), 2, "three seconds, two at most in a fragment");
    for gop in &cut {
        append(&mut file, gop.frames()[0].wall.0, gop.frames());
    }
    assert_eq!(heard(dir.path(), &file), heard_of(&dir.path().join("tone.aac")));
}

#[test]
fn g711_in_fragments_sounds_as_it_did() {
    let dir = tempfile::tempdir().unwrap();
    for (codec, name) in [(Codec::Pcmu, "mulaw"), (Codec::Pcma, "alaw")] {
        let (params, frames) = g711_frames(dir.path(), codec, name);
        assert_eq!(fmp4::read_init(&fmp4::init_segment(&params)), Ok(params.clone()));
        let mut file = fmp4::init_segment(&params).to_vec();
        append(&mut file, 0, &frames);
        let raw: Vec<u8> = frames.iter().flat_map(|frame| frame.data.to_vec()).collect();
        std::fs::write(dir.path().join("raw"), &raw).unwrap();
        let mut command = ffmpeg();
        command.args(["-f", name, "-ar", "8000", "-ac", "1", "-i"]).arg(dir.path().join("raw"));
        let expected = run(command.args(["-f", "s16le", "-"]));
        assert_eq!(expected.len(), raw.len() * 2);
        assert_eq!(heard(dir.path(), &file), expected, "{name}");
    }
}

#[test]
fn a_movie_has_pictures_and_sound_each_at_its_moment() {
    let dir = tempfile::tempdir().unwrap();
    let clip = Clip::encode(dir.path(), "0");
    let (sound, heard_frames) = aac_frames(dir.path());
    let (pictures_samples, sound_samples) =
        (samples(&clip.frames, FRAME_US), samples(&heard_frames, 64_000));
    let [pictures_part, sound_part] = [(&clip.params, &pictures_samples), (&sound, &sound_samples)]
        .map(|(params, samples)| Part { params, samples });
    let file = |delay_us| {
        let tracks = [
            Track { parts: &[pictures_part], shown: 0..u64::MAX, delay_us: 0 },
            Track { parts: &[sound_part], shown: 64_000..u64::MAX, delay_us },
        ];
        let mut file = fmp4::movie(&tracks).to_vec();
        clip.frames
            .iter()
            .chain(&heard_frames)
            .for_each(|frame| file.extend_from_slice(&frame.data));
        file
    };
    let file = file(500_000);
    assert_eq!(pictures(dir.path(), &file), clip.pictures);
    let listed = probe(dir.path(), &file, "stream=codec_name,start_time");
    assert_eq!(listed, ["hevc,0.000000", "aac,0.500000"], "sound begins half a second later");
}

struct Clip {
    params: Params,
    frames: Vec<Frame>,
    pictures: Vec<String>,
}

impl Clip {
    fn encode(dir: &Path, b_frames: &str) -> Self {
        let mp4 = dir.join("clip.mp4");
        let x265 = format!("bframes={b_frames}:b-adapt=0:keyint=25:log-level=error:pools=1");
        let mut command = ffmpeg();
        command.args(["-f", "lavfi", "-i", "testsrc2=size=302x170:rate=25", "-frames:v", "60"]);
        command.args(["-c:v", "libx265", "-pix_fmt", "yuv420p", "-x265-params", &x265]);
        run(command.args(["-tag:v", "hvc1", "-y"]).arg(&mp4));
        let mut command = ffmpeg();
        let raw = run(command.arg("-i").arg(&mp4).args(["-c", "copy", "-f", "hevc", "-"]));
        let offsets = offsets(&mp4);
        let units = access_units(&raw);
        assert_eq!(units.len(), offsets.len());
        let find = |kind| {
            nal::annex_b(&raw).find(move |unit| h265::unit_kind(unit) == Some(kind)).unwrap()
        };
        let params = h265::params(find(kind::VPS), find(kind::SPS), find(kind::PPS)).unwrap();
        let shared = Arc::new(params.clone());
        let frames =
            units.into_iter().zip(offsets).zip(0..).map(|((data, composition_us), number)| {
                let (data, is_key) = access_unit::strip(Codec::H265, data).unwrap();
                let wall = WallTime(number * FRAME_US);
                Frame { wall, composition_us, is_key, data, params: shared.clone() }
            });
        let frames: Vec<_> = frames.collect();
        assert_eq!(frames.iter().filter(|frame| frame.is_key).count(), 3);
        Self { params, frames, pictures: pictures_of(&mp4) }
    }
}

/// Cuts a stream into access units of length-prefixed NAL units.
fn access_units(stream: &[u8]) -> Vec<Vec<u8>> {
    let (mut units, mut has_slice): (Vec<Vec<u8>>, bool) = (vec![Vec::new()], false);
    for unit in nal::annex_b(stream) {
        let is_slice = unit[0] >> 1 < 32;
        // A slice says with its first bit whether it is the picture's first.
        if has_slice && (!is_slice || unit[2] & 0x80 != 0) {
            units.push(Vec::new());
            has_slice = false;
        }
        has_slice |= is_slice;
        nal::push_length_prefixed(units.last_mut().unwrap(), unit);
    }
    units
}

/// Returns how far showing is from decoding, for each frame, as the file says.
fn offsets(mp4: &Path) -> Vec<i32> {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-show_entries", "packet=pts_time,dts_time", "-of", "csv=p=0"]);
    let listed = String::from_utf8(run(command.arg(mp4))).unwrap();
    let offset = |line: &str| {
        let times: Vec<f64> = line.split(',').take(2).map(|time| time.parse().unwrap()).collect();
        ((times[0] - times[1]) * 1e6).round() as i32
    };
    listed.lines().filter(|line| !line.trim_matches(',').is_empty()).map(offset).collect()
}

fn aac_frames(dir: &Path) -> (Params, Vec<Frame>) {
    let adts = dir.join("tone.aac");
    let mut command = ffmpeg();
    command.args(["-f", "lavfi", "-i", "sine=frequency=700:sample_rate=16000:duration=3"]);
    run(command.args(["-c:a", "aac", "-b:a", "32k", "-y"]).arg(&adts));
    let bytes = std::fs::read(adts).unwrap();
    let params = Params::sound(Codec::Aac, Bytes::from_static(&[0x14, 0x08]));
    assert_eq!(aac::Config::parse(&params.config).unwrap().object_type, 2);
    let (shared, mut rest, mut frames) = (Arc::new(params.clone()), &bytes[..], Vec::new());
    while !rest.is_empty() {
        // ADTS: the length of the frame with its header of seven bytes.
        let length =
            usize::from(rest[3] & 3) << 11 | usize::from(rest[4]) << 3 | usize::from(rest[5]) >> 5;
        frames.push(moment(&shared, frames.len() as i64 * 64_000, &rest[7..length]));
        rest = &rest[length..];
    }
    (params, frames)
}

fn g711_frames(dir: &Path, codec: Codec, name: &str) -> (Params, Vec<Frame>) {
    let raw = dir.join(name);
    let mut command = ffmpeg();
    command.args(["-f", "lavfi", "-i", "sine=frequency=700:sample_rate=8000:duration=1"]);
    run(command.args(["-f", name, "-y"]).arg(&raw));
    let bytes = std::fs::read(raw).unwrap();
    let params = Params::sound(codec, Bytes::new());
    let shared = Arc::new(params.clone());
    let chunks = bytes.chunks(160).zip(0..);
    (params, chunks.map(|(chunk, number)| moment(&shared, number * 20_000, chunk)).collect())
}

fn moment(params: &Arc<Params>, wall: i64, data: &[u8]) -> Frame {
    let data = Bytes::copy_from_slice(data);
    Frame { wall: WallTime(wall), composition_us: 0, is_key: true, data, params: params.clone() }
}

fn samples(frames: &[Frame], last_us: i64) -> Vec<Sample> {
    let ends = frames.iter().skip(1).map(|frame| frame.wall);
    let end = WallTime(frames[frames.len() - 1].wall.0 + last_us);
    frames.iter().zip(ends.chain([end])).map(|(frame, end)| frame.sample(end)).collect()
}

fn append(file: &mut Vec<u8>, at_us: i64, frames: &[Frame]) {
    let last = frames.len() - 1;
    let usual =
        if last == 0 { FRAME_US } else { frames[last].wall.micros_since(frames[last - 1].wall) };
    let samples = samples(frames, usual);
    file.extend_from_slice(&fmp4::fragment_header(1, at_us as u64, &samples));
    frames.iter().for_each(|frame| file.extend_from_slice(&frame.data));
}

fn pictures(dir: &Path, file: &[u8]) -> Vec<String> {
    pictures_of(&written(dir, file))
}

/// Returns a hash of each picture that ffmpeg shows.
fn pictures_of(path: &Path) -> Vec<String> {
    let mut command = ffmpeg();
    command.arg("-i").arg(path).args(["-map", "0:v", "-fps_mode", "passthrough"]);
    let listed = String::from_utf8(run(command.args(["-f", "framemd5", "-"]))).unwrap();
    let lines = listed.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit(", ").next().unwrap().to_owned()).collect()
}

fn heard(dir: &Path, file: &[u8]) -> Vec<u8> {
    heard_of(&written(dir, file))
}

fn heard_of(path: &Path) -> Vec<u8> {
    run(ffmpeg().arg("-i").arg(path).args(["-f", "s16le", "-"]))
}

fn probe(dir: &Path, file: &[u8], entries: &str) -> Vec<String> {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-show_entries", entries, "-of", "csv=p=0"]);
    let listed = String::from_utf8(run(command.arg(written(dir, file)))).unwrap();
    listed.lines().map(str::to_owned).collect()
}

fn written(dir: &Path, file: &[u8]) -> PathBuf {
    let path = dir.join("file.mp4");
    std::fs::write(&path, file).unwrap();
    path
}

fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error"]);
    command
}

/// Runs a program of ffmpeg's; a word of complaint fails the test.
fn run(command: &mut Command) -> Vec<u8> {
    let output = command.stdin(Stdio::null()).output().expect("ffmpeg is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{command:?}: {said}");
    output.stdout
}
