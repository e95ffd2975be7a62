//! Access units as a camera's packets make them, on their way to a frame.
//!
//! What is kept holds a picture and nothing that `Params` says; it is rows of
//! whole units, kept again as it is, and a keyframe if one of them is.
#![no_main]

use ingest::fuzzing::kept;
use libfuzzer_sys::arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use media::nal;

fuzz_target!(|data: &[u8]| {
    check(data.to_vec());
    let Ok(units) = Vec::<Vec<u8>>::arbitrary(&mut Unstructured::new(data)) else { return };
    let mut prefixed = Vec::new();
    for unit in &units {
        nal::push_length_prefixed(&mut prefixed, unit);
    }
    let picture =
        units.iter().any(|unit| unit.first().is_some_and(|byte| (1..=5).contains(&(byte & 0x1f))));
    let whole = units.iter().all(|unit| !unit.is_empty());
    assert_eq!(check(prefixed), picture && whole);
});

/// Returns whether anything was kept.
fn check(data: Vec<u8>) -> bool {
    let length = data.len();
    let Some((frame, is_key)) = kept(data) else { return false };
    assert!(!frame.is_empty() && frame.len() <= length);
    let units: Result<Vec<&[u8]>, _> = nal::length_prefixed(&frame).collect();
    let kinds: Vec<u8> = units.expect("whole units").iter().map(|unit| unit[0] & 0x1f).collect();
    assert!(kinds.iter().any(|kind| (1..=5).contains(kind)));
    assert!(!kinds.iter().any(|kind| matches!(kind, 7..=9 | 12)));
    assert_eq!(kinds.contains(&5), is_key);
    assert_eq!(kept(frame.to_vec()), Some((frame, is_key)));
    true
}
