//! What clients send a simulated camera: requests and packets out of bytes.
//!
//! However the network cuts the bytes into pieces, the same things are taken and
//! the same streams are refused as when all comes at once. The first byte says
//! how large the pieces are.
#![no_main]

use libfuzzer_sys::fuzz_target;
use simcam::fuzzing::taken;

fuzz_target!(|data: &[u8]| {
    let Some((&size, stream)) = data.split_first() else { return };
    let at_once = taken([stream]);
    assert_eq!(taken(stream.chunks(usize::from(size).max(1))), at_once);
});
