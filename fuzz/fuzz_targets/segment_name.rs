//! File names of segments, as a listing of folders gives them.
//!
//! A name that is read is written as it was, and one that is written reads
//! back: name and path lead to each other. Its folder is a day.
#![no_main]

use std::path::Path;

use base::{StreamId, WallTime};
use libfuzzer_sys::arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use store::{Layout, SegmentName, Source};

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data)
        && let Some(name) = SegmentName::parse(text)
    {
        assert_eq!(name.to_string(), text);
    }

    let Ok((start, epoch, sequence, live)) = Unstructured::new(data).arbitrary() else { return };
    let source = if live { Source::Live } else { Source::Filled };
    let name = SegmentName { start: WallTime(start), epoch, sequence, source };
    assert_eq!(SegmentName::parse(&name.to_string()), Some(name));
    let stream = StreamId::new();
    let path = Layout::new("/r").segment(stream, name);
    let folder = format!("/r/streams/{stream}/{}", name.day());
    assert_eq!(path.parent(), Some(Path::new(&folder)));
    assert!(!name.day().contains(['/', 'T']));
    assert_eq!(
        path.file_name().and_then(|file| file.to_str()).and_then(SegmentName::parse),
        Some(name)
    );
});
