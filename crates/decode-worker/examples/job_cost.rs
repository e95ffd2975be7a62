//! What a worker's jobs cost, as CPU time of its processes; a busy machine makes
//! the figures somewhat larger, never smaller. `make bench` puts these rows into
//! `docs/ref/benchmarks.md`; the prices in `decode::budget` are from them.
//!
//! ```text
//! cargo build --release -p decode-worker
//! cargo run --release -p decode-worker --example job_cost
//! ```
#![allow(clippy::unwrap_used, reason = "a figure that cannot be taken is not told")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::sync::Arc;

use base::WallTime;
use bytes::Bytes;
use common::{BEGIN, Clip, decoder, large_street, street};
use decode::{
    Codec, Corner, Effort, Frame, Input, Job, JpegTask, Layout, Params, PicturesTask, SoundCodec,
    SoundTask, Text, VideoTask,
};

const SECONDS: u32 = 8;

/// Milliseconds that a process has had of a core.
fn used_ms(id: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{id}/schedstat")).unwrap();
    stat.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e6
}

/// The most memory that a process has had, in MiB.
fn most_mib(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().split(' ').next().unwrap().parse::<u64>().unwrap() / 1024
}

/// Tells a figure as a row of a table: the job, what it took, and the memory.
fn row(job: &str, ms: f64, of: &str, mib: u64) {
    println!("| {job} | {ms:.1} {of} | {mib} |");
}

fn only_child() -> u32 {
    // A process is a child of the thread that started it, so all are asked.
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let all: String = tasks
        .map(|task| std::fs::read_to_string(task.path().join("children")).unwrap_or_default())
        .collect();
    all.split_whitespace().next().unwrap().parse().unwrap()
}

/// Feeds a job, waits for what must have come of each frame, and tells what the
/// second half of them cost: the first has the start in it.
async fn measured<T: Send + 'static>(
    (input, mut job): (Input, Job<T>),
    frames: &[Frame],
    a_result: usize,
) -> (f64, u64) {
    let half = frames.len() / 2;
    let mut begin = 0.0;
    let mut results = 0;
    for (at, frame) in frames.iter().enumerate() {
        input.push(frame.clone()).await.unwrap();
        while (results + 1) * a_result <= at + 1 {
            job.next().await.unwrap().unwrap();
            results += 1;
        }
        if at + 1 == half {
            begin = used_ms(job.process_id().unwrap());
        }
    }
    let id = job.process_id().unwrap();
    (used_ms(id) - begin, most_mib(id))
}

fn video(height: u16, effort: Effort) -> VideoTask {
    let (texts, covers) = (Vec::new(), Vec::new());
    VideoTask { height, bitrate: 1_500_000, gop: 50, frame_rate: 25, effort, texts, covers }
}

async fn of_video(name: &str, clip: &Clip, task: VideoTask) {
    let rate = 1_000_000 / clip.step_us;
    let job = decoder().video(task, &clip.params).unwrap();
    let (ms, mib) = measured(job, &clip.frames, 1).await;
    let seconds = (clip.frames.len() / 2) as f64 / rate as f64;
    row(name, ms / seconds, "ms a second", mib);
}

#[tokio::main]
async fn main() {
    eprintln!("drawing clips");
    let (small, large, large_265) = (
        street(Codec::H264, SECONDS),
        large_street(Codec::H264, SECONDS),
        large_street(Codec::H265, SECONDS),
    );
    let decoder = decoder();
    decoder.status().await.unwrap();
    let id = only_child();
    row("a process starts and greets", used_ms(id), "ms", most_mib(id));
    for (name, clip, height) in [
        ("keyframe 640 x 352 H.264 to JPEG of 90 lines", &small, 90),
        ("keyframe 1080p H.264 to JPEG of 90 lines", &large, 90),
        ("keyframe 1080p H.264 to JPEG of 720 lines", &large, 720),
        ("keyframe 1080p H.265 to JPEG of 720 lines", &large_265, 720),
    ] {
        let begin = used_ms(id);
        for _ in 0..50 {
            decoder.jpeg(clip.frames[0].clone(), JpegTask { height, quality: 75 }).await.unwrap();
        }
        let ms = (used_ms(id) - begin) / 50.0;
        row(name, ms, "ms each", most_mib(id));
    }
    of_video("1080p25 H.265 to 720p H.264, superfast", &large_265, video(720, Effort::Superfast))
        .await;
    of_video("1080p25 H.265 to 720p H.264, veryfast", &large_265, video(720, Effort::Veryfast))
        .await;
    of_video("1080p25 H.264 to 720p H.264, superfast", &large, video(720, Effort::Superfast)).await;
    of_video("1080p25 H.265 to 1080p H.264, superfast", &large_265, video(1080, Effort::Superfast))
        .await;
    of_video("1080p25 H.265 to 360p H.264, superfast", &large_265, video(360, Effort::Superfast))
        .await;
    of_video("640 x 352, 24/s H.264 to the same, superfast", &small, video(352, Effort::Superfast))
        .await;
    let text = |corner, words: &str, clock| Text {
        corner,
        words: words.into(),
        clock,
        height_permille: 40,
    };
    let texts = vec![
        text(Corner::TopLeft, "Ngã tư Khuất Duy Tiến", None),
        text(Corner::BottomRight, "", Some(420)),
    ];
    let written = VideoTask { texts, ..video(720, Effort::Superfast) };
    of_video("the same of 1080p H.265 to 720p, with two texts", &large_265, written).await;

    let task =
        PicturesTask { width: 416, height: 416, interval_us: 200_000, layout: Layout::Rgb24 };
    let job = decoder.pictures(task, &small.params, 24).unwrap();
    let (ms, mib) = measured(job, &small.frames, 5).await;
    let seconds = small.frames.len() as f64 / 48.0;
    row("640 x 352, 24/s H.264 to 5 RGB pictures of 416", ms / seconds, "ms a second", mib);

    let params = Arc::new(Params::sound(Codec::Pcmu, 8000, 1, Bytes::new()));
    let noise = |at: u32| {
        (0..160u32)
            .map(|n| ((n + at * 160).wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect::<Vec<u8>>()
    };
    let packets: Vec<Frame> = (0..3000)
        .map(|at| Frame {
            wall: WallTime(BEGIN + i64::from(at) * 20_000),
            composition_us: 0,
            is_key: true,
            data: noise(at).into(),
            params: params.clone(),
        })
        .collect();
    for (name, to) in [("AAC", SoundCodec::Aac), ("Opus", SoundCodec::Opus)] {
        let task = SoundTask { to, bitrate: 48_000, channels: 1 };
        let (input, mut job) = decoder.sound(task, &params).unwrap();
        let pushed = packets.clone();
        let pushing = tokio::spawn(async move {
            for frame in pushed {
                input.push(frame).await.unwrap();
            }
            input // kept, so that the process stays until it was looked at
        });
        for _ in 0..2700 {
            job.next().await.unwrap().unwrap();
        }
        let id = job.process_id().unwrap();
        let _input = pushing.await.unwrap();
        let name = format!("G.711 to {name}, start included");
        row(&name, used_ms(id) / 60.0, "ms a second", most_mib(id));
    }
}
