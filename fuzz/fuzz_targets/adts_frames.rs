//! Frames of AAC out of ADTS, as a simulated camera reads what ffmpeg made.
//!
//! A stream is its frames with a header before each, of seven bytes or nine, and
//! nothing else; no frame is empty, and a stream cut at one of them is one, too.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use simcam::fuzzing::aac_frames;

fuzz_target!(|data: &[u8]| {
    let stream = Bytes::copy_from_slice(data);
    let Some(frames) = aac_frames(&stream) else { return };
    let mut rest = &stream[..];
    for (count, frame) in frames.iter().enumerate() {
        assert!(!frame.is_empty());
        let before = stream.slice(..stream.len() - rest.len());
        assert_eq!(aac_frames(&before).as_deref(), Some(&frames[..count]));
        let header = if rest[1] & 1 == 1 { 7 } else { 9 };
        assert_eq!(rest[header..header + frame.len()], frame[..]);
        rest = &rest[header + frame.len()..];
    }
    assert!(rest.is_empty());
});
