//! What an opening makes of a segment and a journal whose end is damaged.
//!
//! No fragment before the damage is lost. Files are only ever cut or removed,
//! never rewritten, and not at all where they are of an earlier opening. What is
//! counted is what lies there. A second opening finds nothing to mend and says
//! the same.
#![no_main]

use std::fs;
use std::path::Path;

use arbitrary::Arbitrary;
use base::{StreamId, WallTime};
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use media::fmp4::{Sample, fragment_header, init_segment};
use media::{Codec, Params, nal};
use store::facts::{self, Fact};
use store::fuzzing::{recover, write_trailer};
use store::{GapReason, Layout, SegmentName, Source};

const START: WallTime = WallTime(1_795_135_338_250_000);

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    /// Frames of each fragment: how long they last, and how many bytes they have.
    fragments: Vec<Vec<(u16, u8)>>,
    closed: bool,
    /// From where on the file is other bytes.
    damaged_from: u16,
    damage: &'a [u8],
    gaps: Vec<u16>,
    journal_damage: &'a [u8],
    /// Whether a later opening has been over it already.
    settled: bool,
}

fuzz_target!(|input: Input<'_>| {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let layout = Layout::new(folder.path());
    let stream = StreamId::new();
    let name = SegmentName { start: START, epoch: 3, sequence: 1, source: Source::Live };
    let path = layout.segment(stream, name);
    fs::create_dir_all(layout.day(stream, name)).expect("a folder can be made");

    let (mut file, ends) = segment(&input);
    let kept = usize::from(input.damaged_from).min(file.len());
    file.truncate(kept);
    file.extend_from_slice(input.damage);
    fs::write(&path, &file).expect("a file can be written");
    let whole_to = ends.into_iter().rfind(|&end| end <= kept);

    let gap = |&after: &u16| Fact::Gap {
        from: WallTime(START.0 + i64::from(after)),
        reason: GapReason::Silent,
    };
    let mut journal =
        input.gaps.iter().map(gap).map(|fact| facts::line(&fact)).collect::<String>().into_bytes();
    journal.extend_from_slice(input.journal_damage);
    fs::write(layout.journal(stream), &journal).expect("a file can be written");

    let last_epoch = Some(if input.settled { 4 } else { 3 });
    let first = recover(folder.path(), last_epoch).expect("the disk is well");
    let left = fs::read(&path).ok();
    if input.settled {
        assert_eq!((left.as_ref(), first.mended), (Some(&file), 0));
    }
    match &left {
        Some(left) => assert!(file.starts_with(left)),
        None => assert!(whole_to.is_none()),
    }
    let [(_, timeline)] = &first.streams[..] else { panic!("one stream: {first:?}") };
    if let Some(end) = whole_to {
        assert!(timeline.segment(name).is_some());
        assert!(left.as_ref().is_some_and(|left| left.len() >= end));
    }
    let lies_there =
        timeline.segments().iter().map(|known| length(&layout.segment(stream, known.name())));
    assert_eq!(first.used, (timeline.segments().len() as u64, lies_there.sum()));
    for known in timeline.segments() {
        assert_eq!(known.size_bytes, length(&layout.segment(stream, known.name())));
    }

    let noted = fs::read(layout.journal(stream)).expect("the journal stays");
    let second = recover(folder.path(), last_epoch).expect("the disk is well");
    assert_eq!((second.mended, second.used), (0, first.used));
    assert_eq!(second.streams[0].1.segments(), timeline.segments());
    assert_eq!(fs::read(layout.journal(stream)).expect("the journal stays"), noted);
    assert_eq!(fs::read(&path).ok(), left);
});

/// Returns a segment's bytes, and where its fragments end.
fn segment(input: &Input<'_>) -> (Vec<u8>, Vec<usize>) {
    let config = Bytes::from_static(&[1, 66, 0, 30, 0xff, 0xe0, 0]);
    let params = Params { codec: Codec::H264, width: 64, height: 48, config };
    let mut file = init_segment(&params).to_vec();
    let (mut ends, mut keys, mut at_us) = (Vec::new(), Vec::new(), 0);
    for (sequence, frames) in (1..).zip(input.fragments.iter().take(6)) {
        let (mut samples, mut payload) = (Vec::new(), Vec::new());
        for &(lasts, size) in frames.iter().take(6) {
            let before = payload.len();
            nal::push_length_prefixed(&mut payload, &vec![0x41; usize::from(size).max(1)]);
            samples.push(Sample {
                duration_us: u32::from(lasts) << 6 | 1,
                size_bytes: (payload.len() - before) as u32,
                composition_us: 0,
                is_key: before == 0,
            });
        }
        if samples.is_empty() {
            continue;
        }
        keys.push((at_us, file.len() as u64));
        file.extend_from_slice(&fragment_header(sequence, at_us, &samples));
        file.extend_from_slice(&payload);
        at_us += samples.iter().map(|sample| u64::from(sample.duration_us)).sum::<u64>();
        ends.push(file.len());
    }
    if input.closed {
        file.extend_from_slice(&write_trailer(&keys, at_us));
    }
    (file, ends)
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |facts| facts.len())
}
