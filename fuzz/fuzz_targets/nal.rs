//! Cutting byte streams into NAL units.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::{h264, nal};

fuzz_target!(|data: &[u8]| {
    // Units of an Annex B stream hold no start code and end in no zero, and
    // survive being put behind lengths.
    let units: Vec<&[u8]> = nal::annex_b(data).collect();
    let mut prefixed = Vec::new();
    for unit in &units {
        assert!(unit.last().is_some_and(|&byte| byte != 0));
        assert!(!unit.windows(3).any(|three| three == [0, 0, 1]));
        nal::push_length_prefixed(&mut prefixed, unit);
    }
    let again: Result<Vec<&[u8]>, _> = nal::length_prefixed(&prefixed).collect();
    assert_eq!(again.as_deref(), Ok(&units[..]));

    // Nothing is lost or made up when units are grouped.
    let grouped: Vec<&[u8]> = h264::access_units(units.iter().copied()).flatten().collect();
    assert_eq!(grouped, units);

    // Any bytes, taken as length-prefixed: what is yielded lies within them.
    let yielded: usize = nal::length_prefixed(data).flatten().map(|unit| unit.len() + 4).sum();
    assert!(yielded <= data.len());
    h264::is_keyframe(data);

    let plain = nal::rbsp(data);
    assert!(plain.len() <= data.len());
});
