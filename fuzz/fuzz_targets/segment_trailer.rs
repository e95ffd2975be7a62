//! The trailer of a closed segment, as it is found at a file's end.
//!
//! What was written reads back behind any bytes. Whatever can be read is
//! written the same in the part that is summed; a trailer in which one byte of
//! that part differs is none.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use store::fuzzing::{read_trailer, write_trailer};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    before: &'a [u8],
    keys: Vec<(u64, u64)>,
    end_us: u64,
    change: (u16, u8),
}

/// Box heads that a reader does not need: of `mfra`, and of `free` with its mark.
const HEAD: usize = 8;
const FOOT: usize = 16;

fuzz_target!(|input: Input<'_>| {
    read_trailer(input.before);

    let Input { before, keys, end_us, change: (at, bits) } = input;
    let trailer = write_trailer(&keys, end_us);
    let mut file = [before, &trailer].concat();
    assert_eq!(read_trailer(&file), Some((keys.clone(), end_us)));

    let at = HEAD + usize::from(at) % (trailer.len() - HEAD - FOOT);
    // The head of `free`: length and letters, which say nothing to us.
    let free = HEAD + 24 + 19 * keys.len();
    if bits != 0 && !(free..free + 8).contains(&at) {
        file[before.len() + at] ^= bits;
        assert_eq!(read_trailer(&file), None);
    }
});
