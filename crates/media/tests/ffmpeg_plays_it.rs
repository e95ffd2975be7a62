//! What we write, ffmpeg plays: every frame, once, at its microsecond.

#![allow(clippy::unwrap_used, reason = "a panic in a test names the line")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use base::WallTime;
use bytes::Bytes;
use media::fmp4::{self, Part, Sample, Track};
use media::h264::{self, kind};
use media::{Frame, Gop, Params, nal};

const ORIGIN: i64 = 1_795_135_338_250_000;

#[test]
fn fragments_play_frame_for_frame_at_their_microsecond() {
    let clip = Clip::encode("320x240", 75, &["-g", "25", "-bf", "0"]);
    let mut file = fmp4::init_segment(&clip.params()).to_vec();
    let mut gop = Gop::default();
    let mut ended: Vec<Gop> =
        clip.frames.iter().cloned().filter_map(|frame| gop.push(frame)).collect();
    ended.push(gop);
    for (sequence, gop) in (1..).zip(&ended) {
        let start = gop.frames()[0].wall;
        let index = clip.frames.iter().position(|frame| frame.wall == start).unwrap();
        let samples = gop.samples(clip.end_of(index + gop.frames().len() - 1));
        append_fragment(&mut file, sequence, start, &samples, gop.frames());
    }
    assert_eq!(ended.len(), 3);
    assert_eq!(decoded(&file), clip.pictures);
    assert_eq!(packet_times(&file), clip.media_times());
}

#[test]
fn fragments_of_one_frame_play_the_same() {
    let clip = Clip::encode("320x240", 30, &["-g", "10", "-bf", "0"]);
    let mut file = fmp4::init_segment(&clip.params()).to_vec();
    for (index, frame) in clip.frames.iter().enumerate() {
        let samples = [frame.sample(clip.end_of(index))];
        append_fragment(
            &mut file,
            index as u32 + 1,
            frame.wall,
            &samples,
            std::slice::from_ref(frame),
        );
    }
    assert_eq!(decoded(&file), clip.pictures);
    assert_eq!(packet_times(&file), clip.media_times());
}

#[test]
fn pictures_out_of_order_play_in_order() {
    let clip = Clip::encode("320x240", 50, &["-g", "25", "-bf", "2", "-x264-params", "b-adapt=0"]);
    assert!(clip.frames.iter().any(|frame| frame.composition_us > 0));
    let mut file = fmp4::init_segment(&clip.params()).to_vec();
    append_fragment(&mut file, 1, WallTime(ORIGIN), &clip.samples(), &clip.frames);
    assert_eq!(decoded(&file), clip.pictures);
}

#[test]
fn an_export_shows_exactly_what_was_asked_for() {
    let clip = Clip::encode("320x240", 60, &["-g", "20", "-bf", "0"]);
    let samples = clip.samples();
    // From and to a keyframe, between two, a single frame, the last one.
    for (from, to) in [(0, 60), (0, 13), (1, 60), (7, 31), (19, 20), (20, 40), (59, 60)] {
        let key = (0..=from).rev().find(|&index| clip.frames[index].is_key).unwrap();
        let origin = clip.frames[key].wall;
        let media_time = |wall: WallTime| wall.micros_since(origin) as u64;
        let shown = media_time(clip.frames[from].wall)..media_time(clip.end_of(to - 1));
        let length = shown.end - shown.start;
        let part = Part { params: &clip.params(), samples: &samples[key..to] };
        let mut file = fmp4::movie(&[Track { parts: &[part], shown, delay_us: 0 }]).to_vec();
        clip.frames[key..to].iter().for_each(|frame| file.extend_from_slice(&frame.data));
        assert_eq!(decoded(&file), clip.pictures[from..to], "{from} to {to}");
        assert_eq!(duration_us(&file), length, "{from} to {to}");
    }
}

#[test]
fn an_export_of_pictures_out_of_order_is_exact_as_well() {
    let clip = Clip::encode("320x240", 50, &["-g", "25", "-bf", "2", "-x264-params", "b-adapt=0"]);
    let samples = clip.samples();
    let mut presented: Vec<_> = (clip.frames.iter())
        .map(|frame| (frame.wall.0 - ORIGIN + i64::from(frame.composition_us)) as u64)
        .collect();
    presented.sort_unstable();
    for (from, to) in [(0, 50), (3, 22), (30, 44)] {
        let shown = presented[from]..presented.get(to).copied().unwrap_or(u64::MAX);
        let part = Part { params: &clip.params(), samples: &samples };
        let mut file = fmp4::movie(&[Track { parts: &[part], shown, delay_us: 0 }]).to_vec();
        clip.frames.iter().for_each(|frame| file.extend_from_slice(&frame.data));
        assert_eq!(decoded(&file), clip.pictures[from..to], "{from} to {to}");
    }
}

#[test]
fn an_export_goes_on_where_the_parameters_change() {
    let large = Clip::encode("320x240", 20, &["-g", "10", "-bf", "0"]);
    let small = Clip::encode("160x120", 15, &["-g", "10", "-bf", "0"]);
    let (large_params, small_params) = (large.params(), small.params());
    let parts = [
        Part { params: &large_params, samples: &large.samples() },
        Part { params: &small_params, samples: &small.samples() },
    ];
    let mut file =
        fmp4::movie(&[Track { parts: &parts, shown: 0..u64::MAX, delay_us: 0 }]).to_vec();
    let frames = large.frames.iter().chain(&small.frames);
    frames.for_each(|frame| file.extend_from_slice(&frame.data));
    let args = ["-show_entries", "frame=width,height", "-of", "csv=p=0"];
    let listed = String::from_utf8(on_file("ffprobe", &file, &args)).unwrap();
    // A line of its own follows where a keyframe has side data.
    let sizes: Vec<_> = listed
        .lines()
        .map(|line| line.trim_end_matches(','))
        .filter(|line| !line.is_empty())
        .collect();
    assert_eq!(sizes, [["320,240"; 20].as_slice(), &["160,120"; 15]].concat());
}

#[test]
fn the_parameters_read_are_those_the_encoder_wrote() {
    let clip = Clip::encode("302x170", 2, &["-profile:v", "high", "-bf", "0"]);
    let params = clip.params();
    assert_eq!((params.width, params.height), (302, 170), "cropping is taken off");
    assert!(params.rfc6381().starts_with("avc1.6400"), "{}", params.rfc6381());
    assert_eq!(h264::params_of_record(params.config.clone()), Ok(params.clone()));
    let sps = h264::Config::parse(&params.config).unwrap().sps[0];
    assert_eq!(h264::Sps::parse(sps).unwrap().frame_rate, Some(25.0));
    assert_eq!(fmp4::read_init(&fmp4::init_segment(&params)), Ok(params));
}

/// Frames of a moving test picture and what a decoder makes of them.
struct Clip {
    frames: Vec<Frame>,
    /// A hash of each picture, in order of presentation.
    pictures: Vec<String>,
}

impl Clip {
    fn encode(size: &str, frames: usize, options: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mp4 = dir.path().join("clip.mp4");
        let source = format!("testsrc2=size={size}:rate=25");
        let count = frames.to_string();
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-f", "lavfi", "-i", &source, "-frames:v", &count]);
        command.args([
            "-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", "veryfast", "-threads", "1",
        ]);
        run(command.args(options).arg(&mp4));
        // The container knows how far decoding and presentation are apart.
        let offsets: Vec<i32> = probe_packets(&mp4, "pts_time,dts_time")
            .iter()
            .map(|times| {
                let (pts, dts) = times.split_once(',').unwrap();
                let seconds: f64 = pts.parse::<f64>().unwrap() - dts.parse::<f64>().unwrap();
                (seconds * 1e6).round() as i32
            })
            .collect();
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-i"]).arg(&mp4).args(["-c", "copy", "-f", "h264", "-"]);
        let stream = run(&mut command);
        let frames = frames_of(&stream, &offsets);
        assert_eq!(frames.len(), offsets.len());
        Self { frames, pictures: decoded(&stream) }
    }

    fn params(&self) -> Params {
        Params::clone(&self.frames[0].params)
    }

    fn samples(&self) -> Vec<Sample> {
        (0..self.frames.len()).map(|index| self.frames[index].sample(self.end_of(index))).collect()
    }

    /// Returns when the frame ends: where the next begins.
    fn end_of(&self, index: usize) -> WallTime {
        let next = self.frames.get(index + 1).map(|next| next.wall);
        next.unwrap_or(WallTime(self.frames[index].wall.0 + 40_000))
    }

    fn media_times(&self) -> Vec<i64> {
        self.frames.iter().map(|frame| frame.wall.0 - ORIGIN).collect()
    }
}

fn frames_of(stream: &[u8], offsets: &[i32]) -> Vec<Frame> {
    let mut params = None;
    let mut frames = Vec::new();
    for access_unit in h264::access_units(nal::annex_b(stream)) {
        let of_kind =
            |kind| access_unit.iter().find(move |unit| h264::unit_kind(unit) == Some(kind));
        if let (Some(sps), Some(pps)) = (of_kind(kind::SPS), of_kind(kind::PPS)) {
            params = Some(Arc::new(h264::params(sps, pps).unwrap()));
        }
        let mut data = Vec::new();
        for unit in access_unit {
            if !matches!(h264::unit_kind(unit), Some(kind::SPS | kind::PPS | kind::DELIMITER)) {
                nal::push_length_prefixed(&mut data, unit);
            }
        }
        let index = frames.len() as i64;
        // Uneven, as wall times are; even where offsets reorder, so that order is kept.
        let jitter = if offsets.iter().all(|&offset| offset == 0) { index * 137 % 1009 } else { 0 };
        frames.push(Frame {
            wall: WallTime(ORIGIN + index * 40_000 + jitter),
            composition_us: offsets[index as usize],
            is_key: h264::is_keyframe(&data),
            data: Bytes::from(data),
            params: params.clone().unwrap(),
        });
    }
    frames
}

fn append_fragment(
    file: &mut Vec<u8>,
    sequence: u32,
    start: WallTime,
    samples: &[Sample],
    frames: &[Frame],
) {
    let from = file.len();
    file.extend_from_slice(&fmp4::fragment_header(sequence, (start.0 - ORIGIN) as u64, samples));
    frames.iter().for_each(|frame| file.extend_from_slice(&frame.data));
    let index = fmp4::read_fragment_header(&file[from..]).unwrap();
    assert_eq!(index.total_len, (file.len() - from) as u64);
    assert_eq!(index.samples, samples);
}

/// Returns a hash of each picture that ffmpeg shows.
fn decoded(file: &[u8]) -> Vec<String> {
    let args = ["-fps_mode", "passthrough", "-f", "framemd5", "-"];
    let listed = String::from_utf8(on_file("ffmpeg", file, &args)).unwrap();
    let lines = listed.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit(", ").next().unwrap().to_owned()).collect()
}

fn packet_times(file: &[u8]) -> Vec<i64> {
    let (_dir, path) = written(file);
    probe_packets(&path, "pts").iter().map(|pts| pts.parse().unwrap()).collect()
}

fn duration_us(file: &[u8]) -> u64 {
    let args = ["-show_entries", "format=duration", "-of", "csv=p=0"];
    let seconds = String::from_utf8(on_file("ffprobe", file, &args)).unwrap();
    (seconds.trim().parse::<f64>().unwrap() * 1e6).round() as u64
}

fn probe_packets(path: &Path, entries: &str) -> Vec<String> {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-show_entries", &format!("packet={entries}"), "-of", "csv=p=0"]);
    let listed = String::from_utf8(run(command.arg(path))).unwrap();
    listed.lines().map(|line| line.trim_end_matches(',').to_owned()).collect()
}

/// Runs a program of ffmpeg's on `file`; a word of complaint fails the test.
fn on_file(program: &str, file: &[u8], args: &[&str]) -> Vec<u8> {
    let (_dir, path) = written(file);
    run(Command::new(program).args(["-v", "error", "-i"]).arg(path).args(args))
}

fn written(file: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    std::fs::File::create(&path).unwrap().write_all(file).unwrap();
    (dir, path)
}

fn run(command: &mut Command) -> Vec<u8> {
    let output = command.stdin(Stdio::null()).output().expect("ffmpeg is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{command:?}: {said}");
    output.stdout
}
