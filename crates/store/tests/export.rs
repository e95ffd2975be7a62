//! A span as one MP4: exactly its frames, in order, on a clock that is true,
//! as ffmpeg sees it.

#![allow(clippy::unwrap_used, reason = "a panic names the line")]

mod common;

use std::path::PathBuf;

use base::{Span, WallTime};
use bytes::Bytes;
use common::{BEGIN, Camera, Home, STEP_US, counted, pictures, read_range, shown, span};
use media::Frame;
use store::{Export, GapReason, Store, StoreError};

fn wall(number: i64) -> WallTime {
    WallTime(BEGIN.0 + number * STEP_US)
}

/// Writes an export to a file, in reads of odd sizes.
fn written(home: &Home, export: &Export) -> PathBuf {
    let mut file = Vec::new();
    for len in [1, 7, 1000, 65_536, 3, 100_000].into_iter().cycle() {
        let part = read_range(export, file.len() as u64, len).unwrap();
        if part.is_empty() {
            break;
        }
        file.extend_from_slice(&part);
    }
    assert_eq!(file.len() as u64, export.size_bytes);
    let path = home.folder.path().join("export.mp4");
    std::fs::write(&path, file).unwrap();
    path
}

async fn recorded(home: &Home, stream: base::StreamId, frames: &[Frame]) -> Store {
    let store = home.open().await;
    let mut writer = store.writer(stream);
    for batch in frames.chunks(13) {
        writer.push(batch);
    }
    drop(writer);
    store.sync().await;
    store
}

#[tokio::test]
async fn a_span_is_exact_to_the_frame_wherever_it_begins_and_ends() {
    let mut home = Home::new();
    home.config.segment_s = 2; // a segment of five GOPs: most spans cross one
    let (frames, pictures) = pictures(8, 0, "320x240");
    assert_eq!(frames.len(), 200);
    let camera = Camera::new(1);
    let store = recorded(&home, camera.stream, &frames).await;
    for (from, to) in [(0, 200), (0, 1), (1, 2), (9, 11), (10, 20), (37, 163), (55, 56), (199, 200)]
    {
        for nudge in [0, 1, -1] {
            // A frame is in the span if the moment it was taken is.
            let asked = span(WallTime(wall(from).0 + nudge), WallTime(wall(to).0 + nudge));
            let inside: Vec<_> = (0..200).filter(|number| asked.contains(wall(*number))).collect();
            let Ok(export) = store.export(camera.stream, asked) else {
                assert!(inside.is_empty(), "{from}..{to} {nudge}");
                continue;
            };
            assert_eq!(export.frames, inside.len() as u64);
            let file = written(&home, &export);
            let wanted: Vec<_> =
                inside.iter().map(|number| pictures[*number as usize].clone()).collect();
            assert_eq!(shown(&file), wanted, "{from}..{to} {nudge}");
            assert_eq!(counted(&file), inside.len() as u64, "{from}..{to} {nudge}");
            assert_eq!(export.span.start(), wall(inside[0]));
        }
    }
    store.close().await;
}

#[tokio::test]
async fn frames_that_are_shown_in_another_order_than_they_came_are_exact_too() {
    let home = Home::new();
    let (frames, pictures) = pictures(4, 2, "320x240");
    assert!(frames.iter().any(|frame| frame.composition_us != 0));
    let camera = Camera::new(2);
    let store = recorded(&home, camera.stream, &frames).await;
    let mut presented: Vec<_> = frames
        .iter()
        .map(|frame| WallTime(frame.wall.0 + i64::from(frame.composition_us)))
        .collect();
    presented.sort();
    for (from, to) in [(0, 100), (5, 95), (12, 13), (13, 14), (14, 41)] {
        let asked = span(presented[from], presented.get(to).copied().unwrap_or(wall(200)));
        let export = store.export(camera.stream, asked).unwrap();
        assert_eq!(export.frames, (to - from) as u64);
        assert_eq!(shown(&written(&home, &export)), pictures[from..to], "{from}..{to}");
    }
    store.close().await;
}

#[tokio::test]
async fn a_gap_inside_keeps_the_clips_clock_true_and_is_told() {
    let home = Home::new();
    let (frames, pictures) = pictures(4, 0, "320x240");
    let camera = Camera::new(3);
    let store = home.open().await;
    let mut writer = store.writer(camera.stream);
    writer.push(&frames[..30]);
    writer.end_run(GapReason::Silent, wall(30));
    writer.push(&frames[60..]);
    drop(writer);
    store.sync().await;
    let export = store.export(camera.stream, span(wall(5), wall(95))).unwrap();
    assert_eq!(export.gaps.len(), 1);
    assert_eq!(export.gaps[0].span, span(wall(30), wall(60)));
    assert_eq!(export.gaps[0].reason, GapReason::Silent);
    assert_eq!(export.frames, 25 + 35);
    assert_eq!(export.span, span(wall(5), wall(95)));
    let file = written(&home, &export);
    assert_eq!(shown(&file), [&pictures[5..30], &pictures[60..95]].concat());
    assert_eq!(duration_us(&file), 90 * STEP_US);
    store.close().await;
}

#[tokio::test]
async fn other_parameters_half_way_are_one_file_with_two_descriptions() {
    let home = Home::new();
    let (small, small_pictures) = pictures(2, 0, "320x240");
    let (mut large, large_pictures) = pictures(2, 0, "640x360");
    for frame in &mut large {
        frame.wall = WallTime(frame.wall.0 + 50 * STEP_US);
    }
    let camera = Camera::new(4);
    let store = recorded(&home, camera.stream, &[small, large].concat()).await;
    let export = store.export(camera.stream, span(wall(33), wall(77))).unwrap();
    assert_eq!(export.frames, 44);
    let file = written(&home, &export);
    assert_eq!(counted(&file), 44);
    // ffmpeg scales the second half to the first one's size to put them into one
    // output; what it decodes is told by the first half and the count.
    assert_eq!(shown(&file)[..17], small_pictures[33..]);
    assert_eq!(large_pictures.len(), 50);
    store.close().await;
}

#[tokio::test]
async fn what_is_still_being_recorded_can_be_taken_out() {
    let home = Home::new();
    let (frames, pictures) = pictures(4, 0, "320x240");
    let camera = Camera::new(5);
    let store = home.open().await;
    let mut writer = store.writer(camera.stream);
    writer.push(&frames[..75]);
    store.sync().await;
    let export = store.export(camera.stream, span(wall(33), wall(70))).unwrap();
    // It goes on while the file is fetched.
    writer.push(&frames[75..]);
    store.sync().await;
    assert_eq!(shown(&written(&home, &export)), pictures[33..70]);
    drop(writer);
    store.close().await;
}

#[tokio::test]
async fn segments_are_files_that_any_player_reads() {
    let mut home = Home::new();
    home.config.segment_s = 2;
    let (frames, _) = pictures(8, 0, "320x240");
    let camera = Camera::new(6);
    let store = recorded(&home, camera.stream, &frames).await;
    store.close().await;
    let files = home.segments();
    assert!(files.len() > 3);
    assert_eq!(files.iter().map(|file| counted(file)).sum::<u64>(), 200);
}

#[tokio::test]
async fn a_span_without_a_frame_is_refused_in_words() {
    let home = Home::new();
    let camera = Camera::new(7);
    let store = recorded(&home, camera.stream, &camera.frames(0..100)).await;
    for asked in [span(wall(-10), wall(-5)), span(wall(500), wall(501))] {
        let refusal = store.export(camera.stream, asked).unwrap_err();
        assert!(matches!(refusal, StoreError::NothingRecorded { .. }));
    }
    let nobody = Camera::new(8).stream;
    assert!(store.export(nobody, common::all_time()).is_err());
    let refusal = store.export(nobody, span(wall(0), wall(25))).unwrap_err().to_string();
    assert_eq!(
        refusal,
        "nothing is recorded between 2026-11-20T00:45:00.000000Z and \
         2026-11-20T00:45:01.000000Z; choose a span with a recording"
    );
    store.close().await;
}

#[tokio::test]
async fn an_export_keeps_no_segment_open_for_whoever_may_never_fetch_the_rest() {
    let mut home = Home::new();
    home.config.segment_s = 2;
    let camera = Camera::new(11);
    let store = recorded(&home, camera.stream, &camera.frames(0..400)).await;
    let export = store.export(camera.stream, span(camera.wall(30), camera.wall(350))).unwrap();
    let half = export.size_bytes as usize / 2;
    assert_eq!(read_range(&export, 0, half).unwrap().len(), half);
    store.close().await;
    let open = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let open = open.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    let streams = home.root().join("streams");
    let ours: Vec<PathBuf> = open.filter(|path| path.starts_with(&streams)).collect();
    assert!(ours.is_empty(), "{ours:?}");
    // Once its segments are gone there is nothing to read, and their room is free.
    home.segments().iter().for_each(|segment| std::fs::remove_file(segment).unwrap());
    let read = read_range(&export, half as u64, half);
    assert!(matches!(read, Err(StoreError::Unreadable { .. })), "{read:?}");
}

/// Whatever is asked of it, a part is the part of the whole.
#[tokio::test]
async fn a_part_of_the_file_is_what_the_whole_has_there() {
    let mut home = Home::new();
    home.config.segment_s = 2;
    let camera = Camera::new(9);
    let store = recorded(&home, camera.stream, &camera.frames(0..400)).await;
    let asked: Span = span(camera.wall(30), camera.wall(350));
    let export = store.export(camera.stream, asked).unwrap();
    let size = export.size_bytes as usize;
    let whole = read_range(&export, 0, size).unwrap();
    assert_eq!(whole.len(), size);
    let mut dice = store::testutil::Dice::new(9);
    let mut ready_bytes = 0;
    for _ in 0..300 {
        let from = dice.below(size as u64 + 10) as usize;
        let len = dice.below(30_000) as usize;
        let part = read_range(&export, from as u64, len).unwrap();
        let expected = &whole[from.min(size)..(from + len).min(size)];
        assert!(part == expected, "{from} + {len}");
        // Who takes what needs no waiting has the beginning of it.
        let mut out = vec![0; len];
        let read = export.read_ready(from as u64, &mut out).unwrap();
        assert!(expected.starts_with(&out[..read]), "{from} + {len}, what was ready");
        let of_header = export.header.len().saturating_sub(from).min(read);
        ready_bytes += read - of_header;
    }
    // It was all read a moment ago, so that it lies in memory.
    let is_told = tells_what_is_ready(&home.segments()[0]);
    assert!(ready_bytes > 0 || !is_told, "nothing of any segment was ready");
    let frames = camera.frames(25..350);
    let data: Vec<u8> = frames.iter().flat_map(|frame| frame.data.to_vec()).collect();
    assert!(whole.ends_with(&data), "the frames' bytes stand in it as they came");
    store.close().await;
}

/// Whether the file system says what can be read without waiting.
fn tells_what_is_ready(path: &std::path::Path) -> bool {
    let file = std::fs::File::open(path).unwrap();
    let mut byte = [0];
    let mut into = [std::io::IoSliceMut::new(&mut byte)];
    let flags = rustix::io::ReadWriteFlags::NOWAIT;
    std::fs::read(path).unwrap();
    rustix::io::preadv2(file, &mut into, 0, flags).is_ok()
}

fn duration_us(movie: &std::path::Path) -> i64 {
    let said = std::process::Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0"])
        .arg(movie)
        .output()
        .unwrap();
    let seconds: f64 = String::from_utf8(said.stdout).unwrap().trim().parse().unwrap();
    (seconds * 1e6).round() as i64
}

#[tokio::test]
async fn sound_goes_along_at_its_moment_and_no_longer_than_the_pictures() {
    let home = Home::new();
    let (frames, pictures) = pictures(4, 0, "320x240");
    let camera = Camera::new(9);
    let store = recorded(&home, camera.stream, &frames).await;
    let params = std::sync::Arc::new(media::Params::sound(media::Codec::Pcmu, Bytes::new()));
    // A ramp, of which every moment can be told: 20 ms each, from 1 s on.
    let heard: Vec<Frame> = (0..200)
        .map(|number: i64| Frame {
            wall: WallTime(BEGIN.0 + 1_000_000 + number * 20_000),
            composition_us: 0,
            is_key: true,
            data: vec![number as u8; 160].into(),
            params: params.clone(),
        })
        .collect();
    let asked = span(wall(20), wall(70));
    let export = store.export_with_sound(camera.stream, asked, &heard).unwrap();
    assert!(export.has_sound);
    let file = written(&home, &export);
    assert_eq!(shown(&file), pictures[20..70]);
    let mut command = std::process::Command::new("ffprobe");
    command.args([
        "-v",
        "error",
        "-show_entries",
        "stream=codec_name,start_time",
        "-of",
        "csv=p=0",
    ]);
    let listed = String::from_utf8(command.arg(&file).output().unwrap().stdout).unwrap();
    let begin_us = 1_000_000 - (wall(20).0 - BEGIN.0);
    let begin = format!("pcm_mulaw,{:.6}", begin_us as f64 / 1e6);
    assert_eq!(listed.lines().collect::<Vec<_>>(), ["h264,0.000000", &begin]);
    let mut command = std::process::Command::new("ffmpeg");
    command
        .args(["-v", "error", "-i"])
        .arg(&file)
        .args(["-map", "0:a", "-c", "copy", "-f", "mulaw", "-"]);
    let raw = command.output().unwrap();
    assert!(raw.stderr.is_empty(), "{}", String::from_utf8_lossy(&raw.stderr));
    let within = heard.iter().filter(|frame| asked.contains(frame.wall));
    let expected: Vec<u8> = within.flat_map(|frame| frame.data.to_vec()).collect();
    assert_eq!(raw.stdout, expected);

    let before = span(wall(0), wall(20));
    let export = store.export_with_sound(camera.stream, before, &heard).unwrap();
    assert!(!export.has_sound, "nothing was heard yet");
    store.close().await;
}
