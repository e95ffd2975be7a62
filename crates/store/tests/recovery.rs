//! Opening again: after a clean stop, after none, with files torn anywhere,
//! with the index lost or wrong, from an older format.

#![allow(clippy::unwrap_used, reason = "a panic names the line")]

mod common;

use std::path::Path;

use common::{BEGIN, Camera, Home, all_time, assert_holds, pieces, recorded, span};
use store::{Disk, GapReason, Piece, Store, StoreError};

/// A store with one camera's frames, left as a crash leaves it.
async fn crashed(home: &Home, camera: &Camera, count: u64) {
    let store = home.open().await;
    let mut writer = store.writer(camera.stream);
    writer.push(&camera.frames(0..count));
    store.sync().await;
    // Its last words never reach the disk threads.
    drop(store);
    drop(writer);
}

#[tokio::test]
async fn a_clean_stop_loses_nothing_not_even_the_gop_that_came_in() {
    let home = Home::new();
    let store = home.open().await;
    let cameras: Vec<_> = (0..20).map(Camera::new).collect();
    let mut writers: Vec<_> = cameras.iter().map(|camera| store.writer(camera.stream)).collect();
    for (camera, writer) in cameras.iter().zip(&mut writers) {
        writer.push(&camera.frames(0..260 + camera.seed));
    }
    store.close().await;
    drop(writers);
    let again = home.open().await;
    for camera in &cameras {
        assert_holds(&again, camera, 0..260 + camera.seed);
        let answer = again.timeline(camera.stream, all_time());
        assert_eq!(answer.gaps.len(), 1);
        assert_eq!(answer.gaps[0].reason, GapReason::Stopped);
        assert_eq!(again.synced(camera.stream), answer.last);
    }
    again.close().await;
}

#[tokio::test]
async fn a_streams_folder_copied_under_another_spelling_of_its_id_is_not_counted() {
    let home = Home::new();
    let camera = Camera::new(1);
    crashed(&home, &camera, 201).await;
    let files = home.segments();
    let bytes: u64 = files.iter().map(|file| file.metadata().unwrap().len()).sum();
    let id = camera.stream.to_string();
    for other in [id.to_uppercase(), id.replace('-', ""), format!("{{{id}}}")] {
        for file in &files {
            let copy = file.display().to_string().replace(&id, &other);
            std::fs::create_dir_all(Path::new(&copy).parent().unwrap()).unwrap();
            std::fs::copy(file, copy).unwrap();
        }
    }
    home.forget_index();
    let store = home.open().await;
    assert_eq!(store.status().streams.len(), 1);
    assert_eq!(store.status().used_bytes, bytes);
    // The last frame's fragment was not written yet.
    assert_eq!(recorded(&store, camera.stream).len(), 200);
    store.close().await;
}

#[tokio::test]
async fn a_torn_tail_that_claims_to_be_endless_is_cut_like_any_other() {
    let mut home = Home::new();
    home.config.segment_s = 600;
    let camera = Camera::new(1);
    crashed(&home, &camera, 201).await;
    let file = home.segments().remove(0);
    let whole = std::fs::read(&file).unwrap();
    for kind in [b"moof", b"mdat", b"skip"] {
        for rest in [0, 9, 5000] {
            let size = [0, 0, 0, 1, kind[0], kind[1], kind[2], kind[3]];
            let tail = [&size[..], &[0xff; 8], &vec![0xff; rest]].concat();
            std::fs::write(&file, [&whole[..], &tail].concat()).unwrap();
            home.forget_index();
            // As if this were the opening after the crash.
            std::fs::write(home.root().join("epoch"), "1\n").unwrap();
            home.open().await.close().await;
            assert!(std::fs::read(&file).unwrap() == whole, "{kind:?} and {rest} bytes");
        }
    }
}

#[tokio::test]
async fn a_torn_tail_is_cut_behind_the_last_whole_fragment() {
    let mut home = Home::new();
    home.config.segment_s = 600;
    let camera = Camera::new(1);
    crashed(&home, &camera, 201).await;
    let file = home.segments().remove(0);
    let whole = std::fs::read(&file).unwrap();
    let begun: Vec<_> = (0..whole.len()).filter(|at| whole[*at..].starts_with(b"moof")).collect();
    assert_eq!(begun.len(), 8);
    // At the borders of fragments, and at places between.
    let borders = begun.iter().flat_map(|at| [at - 5, at - 4, at - 3]);
    let places = (0..whole.len()).step_by(2711).chain(borders).chain([whole.len()]);
    for cut in places {
        home.forget_index();
        std::fs::write(&file, &whole[..cut]).unwrap();
        // As if this were the opening after the crash.
        std::fs::write(home.root().join("epoch"), "1\n").unwrap();
        drop(std::fs::remove_file(file.parent().unwrap().parent().unwrap().join("facts.journal")));
        let store = home.open().await;
        let held = recorded(&store, camera.stream).len();
        let expected = begun.iter().skip(1).filter(|at| *at - 4 <= cut).count();
        let expected = 25 * (expected + usize::from(cut == whole.len()));
        assert_eq!(held, expected, "cut at {cut}");
        assert_holds(&store, &camera, 0..held as u64);
        if held > 0 {
            let last = store.timeline(camera.stream, all_time()).last.unwrap();
            let gaps = store.timeline(camera.stream, span(camera.wall(0), camera.wall(300))).gaps;
            assert_eq!((gaps[0].reason, gaps[0].span.start()), (GapReason::Crashed, last));
        } else {
            assert!(home.segments().is_empty(), "a file without a whole fragment is removed");
        }
        store.close().await;
    }
}

#[tokio::test]
async fn what_the_disk_never_wrote_is_not_taken_for_pictures() {
    let mut home = Home::new();
    home.config.segment_s = 600;
    let camera = Camera::new(2);
    crashed(&home, &camera, 101).await;
    let file = home.segments().remove(0);
    let mut bytes = std::fs::read(&file).unwrap();
    // The lengths reached the disk, the last fragment's pictures did not.
    let last = bytes.windows(4).rposition(|window| window == b"mdat").unwrap();
    bytes[last + 4..].fill(0);
    std::fs::write(&file, bytes).unwrap();
    let store = home.open().await;
    assert_holds(&store, &camera, 0..75);
    store.close().await;
}

#[tokio::test]
async fn a_segment_that_had_been_whole_is_never_cut() {
    let mut home = Home::new();
    home.config.segment_s = 600;
    let camera = Camera::new(3);
    crashed(&home, &camera, 251).await;
    home.open().await.close().await; // mended: from now on it is whole
    let file = home.segments().remove(0);
    let mut bytes = std::fs::read(&file).unwrap();
    // A sector in its middle goes bad.
    let moof =
        bytes.windows(4).enumerate().filter(|(_, window)| window == b"moof").nth(4).unwrap().0;
    bytes[moof..moof + 4].fill(0);
    std::fs::write(&file, &bytes).unwrap();
    home.forget_index();
    let rebuilt = Store::rebuild(home.root(), Disk::Real).await.unwrap();
    assert_eq!((rebuilt.cut, rebuilt.removed, rebuilt.segments), (0, 0, 1));
    assert_eq!(std::fs::read(&file).unwrap(), bytes);
    let store = home.open().await;
    assert_holds(&store, &camera, 0..100);
    store.close().await;
}

#[tokio::test]
async fn a_bad_place_in_a_closed_segment_is_a_gap_and_reading_goes_on_behind_it() {
    let mut home = Home::new();
    home.config.segment_s = 600;
    let camera = Camera::new(4);
    let store = home.open().await;
    let mut writer = store.writer(camera.stream);
    writer.push(&camera.frames(0..250));
    drop(writer);
    store.close().await;
    let file = home.segments().remove(0);
    let mut bytes = std::fs::read(&file).unwrap();
    let moof =
        bytes.windows(4).enumerate().filter(|(_, window)| window == b"moof").nth(4).unwrap().0;
    bytes[moof..moof + 4].fill(0);
    std::fs::write(&file, &bytes).unwrap();
    let store = home.open().await;
    let pieces = pieces(&store, camera.stream, camera.wall(0));
    let held = common::frames(&pieces);
    let wanted: Vec<_> = (0..100).chain(125..250).map(|number| camera.wall(number)).collect();
    assert_eq!(held.into_keys().collect::<Vec<_>>(), wanted);
    let gaps: Vec<_> = pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Gap(gap) => Some(gap.span),
            _ => None,
        })
        .collect();
    assert_eq!(gaps, [span(camera.wall(100), camera.wall(125))]);
    store.close().await;
}

#[tokio::test]
async fn the_index_may_be_lost_stale_or_rubbish() {
    let home = Home::new();
    let camera = Camera::new(5);
    let store = home.open().await;
    let mut writer = store.writer(camera.stream);
    writer.push(&camera.frames(0..500));
    drop(writer);
    store.close().await;
    drop(store);
    let index = home.root().join("index.sqlite");
    let old = std::fs::read(&index).unwrap();
    // Knows less than there is.
    let store = home.open().await;
    let later = Camera { begin: camera.wall(1000), ..camera.clone() };
    let mut writer = store.writer(camera.stream);
    writer.push(&later.frames(0..500));
    drop(writer);
    store.close().await;
    drop(store);
    let all = home.open().await;
    let (answer, held) = (all.timeline(camera.stream, all_time()), recorded(&all, camera.stream));
    assert_eq!(held.len(), 1000);
    all.close().await;
    drop(all);
    for index_is in [Some(old.clone()), None, Some(vec![b'x'; 100_000])] {
        home.forget_index();
        if let Some(bytes) = index_is {
            std::fs::write(&index, bytes).unwrap();
        }
        let store = home.open().await;
        assert_eq!(store.timeline(camera.stream, all_time()), answer);
        assert!(recorded(&store, camera.stream) == held);
        store.close().await;
    }
    // Knows more than there is: somebody took a file away by hand.
    let taken = home.segments().remove(0);
    std::fs::remove_file(&taken).unwrap();
    let store = home.open().await;
    assert!(recorded(&store, camera.stream).len() < 1000);
    assert_eq!(store.timeline(camera.stream, all_time()).last, answer.last);
    store.close().await;
}

#[tokio::test]
async fn a_file_that_goes_away_while_it_is_open_is_a_gap() {
    let home = Home::new();
    let camera = Camera::new(6);
    let store = home.open().await;
    let mut writer = store.writer(camera.stream);
    writer.push(&camera.frames(0..500));
    drop(writer);
    store.sync().await;
    std::fs::remove_file(&home.segments()[1]).unwrap();
    let pieces = pieces(&store, camera.stream, camera.wall(0));
    assert_eq!(pieces.iter().filter(|piece| matches!(piece, Piece::Gap(_))).count(), 1);
    let last = common::frames(&pieces).into_keys().next_back();
    assert_eq!(last, Some(camera.wall(499)));
    store.close().await;
}

#[tokio::test]
async fn a_torn_journal_keeps_its_whole_lines() {
    let home = Home::new();
    let camera = Camera::new(7);
    let store = home.open().await;
    let mut writer = store.writer(camera.stream);
    for part in 0..3 {
        writer.push(&camera.frames(part * 50..part * 50 + 30));
        writer.end_run(GapReason::Silent, camera.wall(part * 50 + 30));
    }
    drop(writer);
    store.close().await;
    let journal = home.root().join("streams").join(camera.stream.to_string()).join("facts.journal");
    let whole = std::fs::read(&journal).unwrap();
    std::fs::write(&journal, [&whole[..], b"12345678 {\"fact\":\"ga"].concat()).unwrap();
    let store = home.open().await;
    let answer = store.timeline(camera.stream, span(camera.wall(0), camera.wall(140)));
    assert_eq!(answer.gaps.len(), 3);
    assert!(answer.gaps.iter().all(|gap| gap.reason == GapReason::Silent));
    store.close().await;
    assert_eq!(std::fs::read(&journal).unwrap(), whole);
}

#[tokio::test]
async fn a_second_process_a_newer_store_and_another_folder_are_refused_in_words() {
    let home = Home::new();
    let store = home.open().await;
    let open = || Store::open(home.config.clone(), Disk::Real, BEGIN);
    assert!(matches!(open().await, Err(StoreError::Locked { .. })));
    assert!(matches!(
        Store::rebuild(home.root(), Disk::Real).await,
        Err(StoreError::Locked { .. })
    ));
    store.close().await;
    std::fs::write(home.root().join("format"), "khue-store 7\n").unwrap();
    let refusal = open().await.unwrap_err();
    assert!(matches!(refusal, StoreError::Newer { found: 7, .. }));
    assert!(refusal.to_string().ends_with("start the newer program"));
}

/// The tree of format 0, made of a real recording, opens and plays.
#[tokio::test]
async fn a_store_of_the_first_format_is_upgraded_and_plays() {
    let home = Home::new();
    let camera = Camera::new(8);
    let store = home.open().await;
    let mut writer = store.writer(camera.stream);
    writer.push(&camera.frames(0..500));
    drop(writer);
    store.close().await;
    drop(store);
    home.forget_index();
    for file in home.segments() {
        let stream = file.parent().and_then(Path::parent).unwrap();
        std::fs::rename(&file, stream.join(file.file_name().unwrap())).unwrap();
    }
    std::fs::write(home.root().join("format"), "khue-store 0\n").unwrap();
    let store = home.open().await;
    assert_holds(&store, &camera, 0..500);
    store.close().await;
    assert_eq!(std::fs::read_to_string(home.root().join("format")).unwrap(), "khue-store 1\n");
}

#[tokio::test]
async fn files_that_are_not_ours_are_left_alone() {
    let home = Home::new();
    let camera = Camera::new(9);
    crashed(&home, &camera, 100).await;
    let day = home.segments()[0].parent().unwrap().to_owned();
    let strangers = [
        day.join("note.txt"),
        day.join("1-000001-000001-live.mp4"), // another day's
        home.root().join("streams/readme"),
        home.root().join("streams").join(camera.stream.to_string()).join("thumbs.db"),
    ];
    for stranger in &strangers {
        std::fs::write(stranger, "mine").unwrap();
    }
    let store = home.open().await;
    assert_holds(&store, &camera, 0..75);
    store.close().await;
    for stranger in &strangers {
        assert_eq!(std::fs::read_to_string(stranger).unwrap(), "mine");
    }
}

/// Places that the disk will not read, in each file of a crashed store in turn.
#[tokio::test]
async fn one_bad_sector_keeps_no_store_from_opening_and_nothing_of_it_is_cut() {
    for sector in 0..30 {
        let home = Home::new();
        let camera = Camera::new(40);
        crashed(&home, &camera, 401).await;
        let files = home.segments();
        let torn = files.last().unwrap();
        let len = torn.metadata().unwrap().len();
        let before = std::fs::read(torn).unwrap();
        let lossy = home.lossy();
        let bad = sector * 512 % len;
        lossy.faults().spoil(torn, bad..bad + 1);
        let store = home.open_on(Disk::Lossy(lossy.clone())).await;
        assert_eq!(store.status().refused, 1, "sector {sector}");
        let held = recorded(&store, camera.stream);
        let whole = camera.frames(0..375);
        let others = whole.iter().filter(|frame| frame.wall < start(torn));
        for frame in others {
            assert_eq!(held.get(&frame.wall), Some(&frame.data), "sector {sector}");
        }
        // The camera is recorded, and the sector may be read again one day.
        let mut writer = store.writer(camera.stream);
        writer.push(&camera.frames(500..600));
        drop(writer);
        store.close().await;
        assert_eq!(std::fs::read(torn).unwrap(), before, "sector {sector}");
        lossy.faults().mend();
        let store = home.open_on(Disk::Lossy(lossy)).await;
        assert_eq!(store.status().refused, 0);
        let held = recorded(&store, camera.stream);
        for frame in whole.iter().chain(&camera.frames(500..600)) {
            assert_eq!(held.get(&frame.wall), Some(&frame.data), "sector {sector}");
        }
        store.close().await;
    }
}

/// Returns the wall time at which a segment's file begins.
fn start(file: &Path) -> base::WallTime {
    let name = file.file_name().unwrap().to_str().unwrap();
    store::SegmentName::parse(name).unwrap().start
}

#[tokio::test]
async fn a_journal_that_cannot_be_read_costs_reasons_and_no_pictures() {
    let home = Home::new();
    let store = home.open().await;
    let cameras = [Camera::new(41), Camera::new(42)];
    for camera in &cameras {
        store.writer(camera.stream).push(&camera.frames(0..100));
    }
    store.close().await;
    let lossy = home.lossy();
    let journal = home.root().join(format!("streams/{}/facts.journal", cameras[0].stream));
    lossy.faults().spoil(&journal, 0..1);
    let store = home.open_on(Disk::Lossy(lossy)).await;
    assert_eq!(store.status().refused, 1);
    let reasons = cameras.each_ref().map(|camera| {
        assert_holds(&store, camera, 0..100);
        let answer = store.timeline(camera.stream, all_time());
        answer.gaps.last().map(|gap| gap.reason)
    });
    // Not as crashed: that nobody knows.
    assert_eq!(reasons, [None, Some(GapReason::Stopped)]);
    store.close().await;
}
