//! What was pushed is read back: across segments, gaps and clock steps, from
//! any moment on, while it is still being written.

#![allow(clippy::unwrap_used, reason = "a panic names the line")]

mod common;

use base::WallTime;
use common::{BEGIN, Camera, Home, STEP_US, all_time, assert_holds, pieces, recorded, span};
use store::{Disk, Gap, GapReason, Piece, StoreError};

#[tokio::test]
async fn what_is_pushed_reads_back_byte_for_byte_across_segments() {
    let home = Home::new();
    let store = home.open().await;
    let camera = Camera::new(1);
    let mut writer = store.writer(camera.stream);
    for batch in camera.frames(0..1000).chunks(7) {
        writer.push(batch);
    }
    writer.end_run(GapReason::Stopped, camera.wall(1000));
    store.sync().await;
    assert_holds(&store, &camera, 0..1000);
    assert!(home.segments().len() >= 6, "40 s are several segments of 6 s");
    let answer = store.timeline(camera.stream, span(camera.wall(0), camera.wall(999)));
    assert_eq!(answer.runs.len(), 1, "the borders of segments are no gaps: {answer:?}");
    assert_eq!(answer.gaps, []);
    store.close().await;
}

#[tokio::test]
async fn a_fragment_goes_to_the_disk_in_one_write_and_a_gop_of_two_seconds_is_one() {
    for (gop, fragments) in [(25, 40), (50, 20), (250, 20)] {
        let mut home = Home::new();
        home.config.segment_s = 600;
        let lossy = home.lossy();
        let store = home.open_on(Disk::Lossy(lossy.clone())).await;
        let camera = Camera { gop, ..Camera::new(14) };
        let mut writer = store.writer(camera.stream);
        writer.push(&camera.frames(0..1000));
        writer.end_run(GapReason::Stopped, camera.wall(1000));
        store.sync().await;
        assert_holds(&store, &camera, 0..1000);
        let pieces = pieces(&store, camera.stream, BEGIN);
        let read = pieces.iter().filter(|piece| matches!(piece, Piece::Fragment(_))).count();
        assert_eq!(read, fragments, "a GOP of {gop} frames");
        let [segment] = &home.segments()[..] else { panic!("40 s are one segment of 10 min") };
        // One each, the first together with the file's head; and the trailer.
        assert_eq!(lossy.appends(segment), fragments as u64 + 1, "a GOP of {gop} frames");
        store.close().await;
    }
}

#[tokio::test]
async fn an_open_segment_is_part_of_the_timeline_and_readers_follow_it() {
    let home = Home::new();
    let store = home.open().await;
    let camera = Camera::new(2);
    let mut writer = store.writer(camera.stream);
    writer.push(&camera.frames(0..60));
    store.sync().await;
    let mut reader = store.read(camera.stream, BEGIN);
    let mut read = Vec::new();
    while let Some(piece) = reader.next() {
        read.push(piece);
    }
    // The GOP that is coming in is not written yet.
    assert_eq!(common::frames(&read).len(), 50);
    let answer = store.timeline(camera.stream, all_time());
    assert_eq!(answer.runs, [span(camera.wall(0), camera.wall(50))]);
    assert_eq!(answer.gaps, []);
    // Over the border of the segment, which the reader meets while it is open.
    writer.push(&camera.frames(60..400));
    store.sync().await;
    let more: Vec<_> = std::iter::from_fn(|| reader.next()).collect();
    assert_eq!(common::frames(&more).len(), 325);
    assert!(!more.iter().any(|piece| matches!(piece, Piece::Init { .. } | Piece::Gap(_))));
    assert!(reader.next().is_none());
    drop(writer);
    store.close().await;
}

#[tokio::test]
async fn a_reader_begins_with_the_keyframe_that_shows_its_moment() {
    let home = Home::new();
    let store = home.open().await;
    // A GOP of 4 s is two fragments, of which only the first can be shown alone.
    let camera = Camera { gop: 100, ..Camera::new(3) };
    let mut writer = store.writer(camera.stream);
    writer.push(&camera.frames(0..500));
    drop(writer);
    store.sync().await;
    for number in [0, 1, 49, 50, 51, 99, 100, 199, 200, 340, 499] {
        for from in [camera.wall(number), WallTime(camera.wall(number).0 + 1)] {
            let pieces = pieces(&store, camera.stream, from);
            assert!(matches!(pieces[0], Piece::Init { .. }));
            let Piece::Fragment(first) = &pieces[1] else { panic!("{:?}", pieces[1]) };
            assert!(first.is_key);
            assert_eq!(first.span.start(), camera.wall(number / 100 * 100));
            let last = common::frames(&pieces).into_keys().next_back();
            assert_eq!(last, Some(camera.wall(499)));
        }
    }
    store.close().await;
}

#[tokio::test]
async fn gaps_are_given_with_each_reason_they_had() {
    let home = Home::new();
    let store = home.open().await;
    let camera = Camera::new(4);
    let mut writer = store.writer(camera.stream);
    let at = |number| camera.wall(number);
    writer.end_run(GapReason::Unreachable, at(0));
    writer.push(&camera.frames(25..75));
    writer.end_run(GapReason::Silent, at(90));
    writer.end_run(GapReason::Unreachable, at(100));
    // Tried again, and again not reached: that is no news.
    writer.end_run(GapReason::Unreachable, at(110));
    writer.end_run(GapReason::WrongCredentials, at(120));
    writer.push(&camera.frames(150..200));
    writer.end_run(GapReason::Disabled, at(200));
    store.sync().await;
    let end = store.timeline(camera.stream, span(at(25), at(90))).runs[0].end();
    let last = store.timeline(camera.stream, all_time()).last.unwrap();
    let gap = |from, to, reason| Gap { span: span(from, to), reason };
    let answer = store.timeline(camera.stream, span(at(0), at(300)));
    assert_eq!(
        answer.gaps,
        [
            gap(at(0), at(25), GapReason::Unreachable),
            gap(end, at(100), GapReason::Silent),
            gap(at(100), at(120), GapReason::Unreachable),
            gap(at(120), at(150), GapReason::WrongCredentials),
            gap(last, at(300), GapReason::Disabled),
        ]
    );
    let read: Vec<_> = pieces(&store, camera.stream, at(30))
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Gap(gap) => Some(gap),
            _ => None,
        })
        .collect();
    assert_eq!(read, answer.gaps[1..4]);
    let journal = std::fs::read(
        home.root().join("streams").join(camera.stream.to_string()).join("facts.journal"),
    );
    assert_eq!(store::facts::parse(&journal.unwrap()).facts.len(), 5);
    // A day adds up, whatever happened in it.
    let day = span(WallTime(at(0).0 - 1_000_000), WallTime(at(0).0 - 1_000_000 + 86_400_000_000));
    let account = store.account(camera.stream, day);
    let absent: std::time::Duration = account.absent.values().sum();
    assert_eq!(account.recorded + account.filled + account.deleted + absent, day.duration());
    store.close().await;
}

#[tokio::test]
async fn a_clock_set_back_keeps_both_recordings_and_the_later_is_shown() {
    let home = Home::new();
    let store = home.open().await;
    let before = Camera::new(5);
    // The same stream, after the clock was set back by 5 s.
    let after = Camera {
        begin: WallTime(before.begin.0 + 5_000_000),
        stream: before.stream,
        ..Camera::new(6)
    };
    let mut writer = store.writer(before.stream);
    writer.push(&before.frames(0..250));
    writer.end_run(GapReason::ClockStep, before.wall(250));
    writer.push(&after.frames(0..500));
    drop(writer);
    store.sync().await;
    let check = |store: &store::Store| {
        let held = recorded(store, before.stream);
        let shown_before = before.frames(0..125);
        for frame in shown_before.iter().filter(|frame| frame.wall < after.wall(0)) {
            assert_eq!(held.get(&frame.wall), Some(&frame.data));
        }
        for frame in after.frames(0..500) {
            assert_eq!(held.get(&frame.wall), Some(&frame.data));
        }
        let answer = store.timeline(before.stream, span(before.wall(0), after.wall(499)));
        assert_eq!((answer.runs.len(), answer.gaps.len()), (1, 0));
    };
    check(&store);
    assert!(home.segments().len() >= 4, "nothing of the first run was thrown away");
    store.close().await;
    home.forget_index();
    let store = home.open().await;
    check(&store);
    store.close().await;
}

#[tokio::test]
async fn a_clock_set_back_takes_back_what_was_promised_of_the_time_it_goes_over_again() {
    let mut home = Home::new();
    home.config.sync_every_ms = 3_600_000; // rounds only when the test asks for one
    let store = home.open().await;
    let camera = Camera::new(16);
    let mut writer = store.writer(camera.stream);
    writer.push(&camera.frames(0..250));
    writer.end_run(GapReason::ClockStep, camera.wall(250));
    store.sync().await;
    assert!(store.synced(camera.stream) > Some(camera.wall(249)));
    // Of these the first is below the watermark, and nowhere on disk.
    writer.push(&camera.frames(100..110));
    assert_eq!(store.synced(camera.stream), Some(camera.wall(100)));
    store.sync().await;
    assert_eq!(store.synced(camera.stream), Some(camera.wall(100)));
    writer.push(&camera.frames(110..130));
    store.sync().await;
    assert_eq!(store.synced(camera.stream), Some(camera.wall(125)));
    drop(writer);
    store.close().await;
}

#[tokio::test]
async fn a_clock_set_forward_leaves_a_gap_that_says_so() {
    let home = Home::new();
    let store = home.open().await;
    let before = Camera::new(7);
    let after = Camera { begin: WallTime(before.begin.0 + 3_600_000_000), ..before.clone() };
    let mut writer = store.writer(before.stream);
    writer.push(&before.frames(0..50));
    writer.end_run(GapReason::ClockStep, before.wall(50));
    writer.push(&after.frames(0..50));
    drop(writer);
    store.sync().await;
    let answer = store.timeline(before.stream, span(before.wall(0), after.wall(49)));
    assert_eq!(
        answer.gaps,
        [Gap { span: span(before.wall(50), after.wall(0)), reason: GapReason::ClockStep }]
    );
    store.close().await;
}

#[tokio::test]
async fn frames_that_go_back_without_a_word_begin_a_run_of_their_own() {
    let home = Home::new();
    let store = home.open().await;
    let camera = Camera::new(8);
    let mut writer = store.writer(camera.stream);
    writer.push(&camera.frames(0..60));
    writer.push(&camera.frames(25..100));
    drop(writer);
    store.sync().await;
    assert_holds(&store, &camera, 0..100);
    assert_eq!(home.segments().len(), 2);
    store.close().await;
}

#[tokio::test]
async fn a_frame_that_comes_a_minute_late_ends_the_run_before_it() {
    let home = Home::new();
    let store = home.open().await;
    let camera = Camera::new(9);
    let mut writer = store.writer(camera.stream);
    writer.push(&camera.frames(0..25));
    writer.push(&camera.frames(2000..2050));
    drop(writer);
    store.sync().await;
    let answer = store.timeline(camera.stream, span(camera.wall(0), camera.wall(2049)));
    assert_eq!(answer.runs.len(), 2);
    assert_eq!(answer.gaps[0].reason, GapReason::Silent);
    store.close().await;
}

#[tokio::test]
async fn other_parameters_begin_another_segment_within_the_run() {
    let home = Home::new();
    let store = home.open().await;
    let camera = Camera::new(10);
    let mut wider = (*camera.params).clone();
    wider.width = 1280;
    let wide = Camera { params: wider.into(), ..camera.clone() };
    let mut writer = store.writer(camera.stream);
    writer.push(&camera.frames(0..25));
    writer.push(&wide.frames(25..50));
    // A camera that reconnects sends equal parameters in other memory.
    let same = Camera { params: std::sync::Arc::new((*wide.params).clone()), ..wide.clone() };
    writer.push(&same.frames(50..75));
    drop(writer);
    store.sync().await;
    assert_holds(&store, &camera, 0..75);
    assert_eq!(home.segments().len(), 2);
    assert_eq!(store.timeline(camera.stream, span(camera.wall(0), camera.wall(74))).gaps, []);
    let widths: Vec<_> = pieces(&store, camera.stream, camera.wall(0))
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Init { params } => Some(params.width),
            _ => None,
        })
        .collect();
    assert_eq!(widths, [640, 1280]);
    store.close().await;
}

#[tokio::test]
async fn what_comes_before_the_first_keyframe_is_passed_over() {
    let home = Home::new();
    let store = home.open().await;
    let camera = Camera::new(11);
    let mut writer = store.writer(camera.stream);
    writer.push(&camera.frames(3..60));
    drop(writer);
    store.sync().await;
    assert_holds(&store, &camera, 25..60);
    store.close().await;
}

#[tokio::test]
async fn a_second_writer_of_a_stream_closes_the_first() {
    let home = Home::new();
    let store = home.open().await;
    let camera = Camera::new(12);
    let mut first = store.writer(camera.stream);
    first.push(&camera.frames(0..30));
    let mut second = store.writer(camera.stream);
    first.push(&camera.frames(30..60));
    first.end_run(GapReason::Silent, camera.wall(60));
    second.push(&camera.frames(50..80));
    drop((first, second));
    store.sync().await;
    let held: Vec<_> = recorded(&store, camera.stream).into_keys().collect();
    let wanted: Vec<_> = (0..30).chain(50..80).map(|number| camera.wall(number)).collect();
    assert_eq!(held, wanted);
    let answer = store.timeline(camera.stream, span(camera.wall(0), camera.wall(79)));
    assert_eq!(answer.gaps[0].reason, GapReason::Stopped);
    store.close().await;
}

#[tokio::test]
async fn a_fragment_is_put_on_another_axis_without_touching_its_frames() {
    let home = Home::new();
    let store = home.open().await;
    let camera = Camera::new(13);
    let mut writer = store.writer(camera.stream);
    writer.push(&camera.frames(0..200));
    drop(writer);
    store.sync().await;
    let origin = WallTime(BEGIN.0 - 86_400_000_000);
    for piece in pieces(&store, camera.stream, camera.wall(0)) {
        let Piece::Fragment(fragment) = piece else { continue };
        let (header, data) = fragment.rebased(origin).unwrap();
        let index = media::fmp4::read_fragment_header(&header).unwrap();
        let wall = origin.0 + index.decode_time_us as i64;
        assert_eq!(WallTime(wall), fragment.span.start());
        assert_eq!(index.samples, fragment.samples);
        assert_eq!(data, fragment.bytes.slice(fragment.header_len..));
        assert!(fragment.rebased(fragment.span.end()).is_none());
    }
    store.close().await;
}

#[tokio::test]
async fn a_stream_nobody_recorded_has_nothing_to_tell() {
    let home = Home::new();
    let store = home.open().await;
    let camera = Camera::new(14);
    assert_eq!(store.timeline(camera.stream, all_time()), store::Answer::default());
    assert!(pieces(&store, camera.stream, camera.wall(0)).is_empty());
    assert_eq!(store.synced(camera.stream), None);
    store.close().await;
}

#[tokio::test]
async fn the_container_costs_less_than_a_five_hundredth() {
    let home = Home::new();
    let store = home.open().await;
    // 2 Mbit/s.
    let camera = Camera { size: 20_000, gop: 50, ..Camera::new(15) };
    let mut writer = store.writer(camera.stream);
    let frames = camera.frames(0..1500);
    writer.push(&frames);
    drop(writer);
    store.close().await;
    let media: u64 = frames.iter().map(|frame| frame.data.len() as u64).sum();
    let files: u64 = home.segments().iter().map(|file| file.metadata().unwrap().len()).sum();
    let share = (files - media) as f64 / media as f64;
    assert!(share < 0.002, "{share}");
    assert_eq!(frames.len() as i64 * STEP_US, 60_000_000);
}

#[tokio::test]
async fn a_bad_sector_is_a_gap_and_reading_goes_on_behind_it() {
    for closed in [true, false] {
        let home = Home::new();
        let lossy = home.lossy();
        let store = home.open_on(Disk::Lossy(lossy.clone())).await;
        let camera = Camera::new(60);
        let mut writer = store.writer(camera.stream);
        writer.push(&camera.frames(0..126));
        if closed {
            drop(writer);
        }
        store.sync().await;
        let file = home.segments().remove(0);
        let fragments = |pieces: &[Piece]| {
            let fragments = pieces.iter().filter_map(|piece| match piece {
                Piece::Fragment(fragment) => Some(fragment.bytes.len() as u64),
                _ => None,
            });
            fragments.collect::<Vec<_>>()
        };
        let whole = fragments(&pieces(&store, camera.stream, camera.wall(0)));
        // In the pictures of the third of five GOPs.
        let len = file.metadata().unwrap().len();
        let walked = [whole[0], whole[1], whole[2] / 2].iter().sum::<u64>();
        let bad = (walked + 700).min(len - 1);
        lossy.faults().spoil(&file, bad..bad + 1);
        let given = pieces(&store, camera.stream, camera.wall(0));
        let gaps: Vec<_> = given
            .iter()
            .filter_map(|piece| match piece {
                Piece::Gap(gap) => Some(*gap),
                _ => None,
            })
            .collect();
        assert_eq!(gaps[0].reason, GapReason::Unknown);
        assert_eq!(gaps[0].span, span(camera.wall(50), camera.wall(75)), "closed: {closed}");
        let held = common::frames(&given);
        for number in (0..50).chain(75..125) {
            let frame = camera.frame(number);
            assert_eq!(held.get(&frame.wall), Some(&frame.data), "{number}");
        }
        // A clip says so as well, and one beside the bad place can be taken.
        let asked =
            |from, to| store.export(camera.stream, span(camera.wall(from), camera.wall(to)));
        let broken =
            asked(0, 125).and_then(|clip| common::read_range(&clip, 0, clip.size_bytes as usize));
        assert!(matches!(broken, Err(StoreError::Unreadable { .. })), "{broken:?}");
        let whole = asked(75, 125).unwrap();
        assert_eq!(
            common::read_range(&whole, 0, whole.size_bytes as usize).unwrap().len() as u64,
            whole.size_bytes
        );
    }
}

/// A camera that stops sending keyframes, by time and by bytes.
#[tokio::test]
async fn a_segment_without_another_keyframe_ends_at_twice_its_limits() {
    for (size, seconds, bytes) in [(600, 6, 1 << 30), (6000, 600, 1 << 20)] {
        let mut home = Home::new();
        home.config.segment_s = seconds;
        home.config.segment_bytes = bytes;
        let store = home.open().await;
        let camera = Camera { gop: 2000, size, ..Camera::new(61) };
        let mut writer = store.writer(camera.stream);
        for part in 0..22 {
            writer.push(&camera.frames(part * 100..part * 100 + 100));
            store.sync().await;
        }
        drop(writer);
        store.sync().await;
        let answer = store.timeline(camera.stream, span(camera.wall(0), camera.wall(2199)));
        let [before, after] = answer.runs[..] else { panic!("{answer:?}") };
        // Its last fragment began before that.
        assert!(before.duration() < std::time::Duration::from_secs(2 * u64::from(seconds) + 2));
        let [gap] = answer.gaps[..] else { panic!("{answer:?}") };
        assert_eq!(gap.reason, GapReason::Protocol);
        assert_eq!(gap.span, span(before.end(), camera.wall(2000)));
        assert_eq!(after.end(), camera.wall(2199));
        for file in home.segments() {
            assert!(file.metadata().unwrap().len() < 2 * bytes + 1000);
        }
        let held = recorded(&store, camera.stream);
        let first =
            camera.frames(0..2000).into_iter().take_while(|frame| frame.wall < before.end());
        assert!(
            first
                .map(|frame| (frame.wall, frame.data))
                .eq(held.clone().into_iter().take_while(|(wall, _)| *wall < before.end()))
        );
        store.close().await;
    }
}
