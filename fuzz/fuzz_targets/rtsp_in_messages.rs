//! What a camera sends on its RTSP connection.
//!
//! However the bytes come in pieces, the same messages come out: what is told of a
//! beginning stays so. What is asked of a camera is one line each, whatever it said.
#![no_main]

use ingest::fuzzing::{answers, messages};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: (&[u8], u8, &[u8])| {
    let (bytes, cut, body) = data;
    let (whole, taken) = messages(bytes);
    let cut = usize::from(cut).min(bytes.len());
    let (mut pieces, first) = messages(&bytes[..cut]);
    if pieces.last() != Some(&None) {
        let (more, second) = messages(&bytes[first..]);
        pieces.extend(more);
        assert_eq!(first + second, taken);
    }
    assert_eq!(pieces, whole);

    for request in answers(bytes, body) {
        assert!(request.ends_with("\r\n\r\n"));
        let head = &request[..request.len() - 4];
        for line in head.split("\r\n") {
            assert!(!line.chars().any(|sign| sign == '\r' || sign == '\n'), "{request:?}");
            assert!(line.contains(": ") || line.ends_with(" RTSP/1.0"), "{request:?}");
        }
        assert!(!request.contains("secret7"));
    }
});
