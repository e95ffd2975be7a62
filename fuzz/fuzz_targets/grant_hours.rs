//! The hours of a grant, as people type them.
//!
//! What is taken is the same once written, and means something: some minute of
//! the week lies in it.
#![no_main]

use base::{Day, WallTime};
use catalog::Hours;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(hours) = text.parse::<Hours>() else { return };
    assert_eq!(hours.to_string().parse(), Ok(hours.clone()));
    let start = Day::of(WallTime(0)).start();
    let mut week = (0..7 * 1440).map(|minute| WallTime(start.0 + minute * 60_000_000));
    assert!(week.any(|moment| hours.contain(moment)));
});
