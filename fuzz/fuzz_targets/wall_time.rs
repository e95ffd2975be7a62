//! Times as a camera sends them, on their way to the server's axis.
//!
//! Every wall time is later than the one before, whatever the camera's clock
//! does, up to the end of time.
#![no_main]

use base::WallTime;
use ingest::wall::Wall;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u32, Vec<(i64, i64)>)| {
    let (clock_rate, frames) = input;
    let mut wall = Wall::new(clock_rate);
    let mut last: Option<WallTime> = None;
    for (rtp, arrival) in frames {
        let placed = wall.place(rtp, WallTime(arrival));
        assert!(last.is_none_or(|last| last < placed || last.0 == i64::MAX));
        wall.at(rtp);
        last = Some(placed);
    }
});
