//! What client and worker say to one another, as either finds it on the socket.
//!
//! A message that reads is written as the same bytes, so nothing in it is passed
//! over. A stream is cut into the messages it was made of, and no further than
//! the longest that may be.
#![no_main]

use decode::fuzzing::{cut, to_client, to_worker};
use libfuzzer_sys::fuzz_target;

const LARGEST: usize = 200;

fuzz_target!(|data: &[u8]| {
    let Some((&kind, body)) = data.split_first() else { return };
    to_worker(kind, body);
    to_client(kind, body);

    let mut rest = data;
    for (kind, body) in cut(data, LARGEST) {
        assert!(body.len() < LARGEST);
        let length = (body.len() as u32 + 1).to_be_bytes();
        let said = [&length[..], &[kind], &body].concat();
        rest = rest.strip_prefix(&said[..]).expect("nothing is passed over");
        to_worker(kind, &body);
        to_client(kind, &body);
    }
});
