//! Access units as a camera's packets make them, on their way to a frame.
//!
//! What is kept holds a picture and nothing that `Params` says; it is rows of
//! whole units, kept again as it is, and a keyframe if one of them is. For each
//! codec of pictures.
#![no_main]

use libfuzzer_sys::arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use media::{Codec, access_unit, nal};

fuzz_target!(|data: &[u8]| {
    check(Codec::H264, data.to_vec());
    check(Codec::H265, data.to_vec());
    let Ok(units) = Vec::<Vec<u8>>::arbitrary(&mut Unstructured::new(data)) else { return };
    let mut prefixed = Vec::new();
    for unit in &units {
        nal::push_length_prefixed(&mut prefixed, unit);
    }
    let whole = units.iter().all(|unit| !unit.is_empty());
    for codec in [Codec::H264, Codec::H265] {
        let picture = units.iter().filter_map(|unit| unit.first()).any(|&byte| is_slice(codec, byte));
        assert_eq!(check(codec, prefixed.clone()), picture && whole);
    }
});

fn kind(codec: Codec, header: u8) -> u8 {
    if codec == Codec::H264 { header & 0x1f } else { header >> 1 & 0x3f }
}

fn is_slice(codec: Codec, header: u8) -> bool {
    match codec {
        Codec::H264 => (1..=5).contains(&kind(codec, header)),
        _ => matches!(kind(codec, header), 0..=9 | 16..=21),
    }
}

/// Returns whether anything was kept.
fn check(codec: Codec, data: Vec<u8>) -> bool {
    let length = data.len();
    let Some((frame, is_key)) = access_unit::strip(codec, data) else { return false };
    assert!(!frame.is_empty() && frame.len() <= length);
    let units: Result<Vec<&[u8]>, _> = nal::length_prefixed(&frame).collect();
    let headers: Vec<u8> = units.expect("whole units").iter().map(|unit| unit[0]).collect();
    assert!(headers.iter().any(|&header| is_slice(codec, header)));
    let kinds: Vec<u8> = headers.iter().map(|&header| kind(codec, header)).collect();
    let (left_out, key) = match codec {
        Codec::H264 => (kinds.iter().any(|kind| matches!(kind, 7..=9 | 12)), kinds.contains(&5)),
        _ => (
            kinds.iter().any(|kind| (32..=38).contains(kind)),
            kinds.iter().any(|kind| (16..=21).contains(kind)),
        ),
    };
    assert!(!left_out);
    assert_eq!(key, is_key);
    assert_eq!(access_unit::strip(codec, frame.to_vec()), Some((frame, is_key)));
    true
}
