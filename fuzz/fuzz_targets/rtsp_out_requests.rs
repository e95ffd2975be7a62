//! What clients send our RTSP server: requests and packets out of bytes.
//!
//! However the network cuts the bytes into pieces, the same requests are taken
//! and the same streams refused as when all comes at once; whatever is asked, by
//! who knows the password and who does not, is answered by whole responses.
#![no_main]

use libfuzzer_sys::fuzz_target;
use live::fuzzing::{rtsp_requests, rtsp_session};

fuzz_target!(|data: &[u8]| {
    let Some((&size, stream)) = data.split_first() else { return };
    let at_once = rtsp_requests([stream]);
    assert_eq!(rtsp_requests(stream.chunks(usize::from(size).max(1))), at_once);
    for password in [None, Some("right")] {
        let said = rtsp_session(stream, password);
        assert!(said.is_empty() || said.starts_with(b"RTSP/1.0 "));
        // Nothing of a request can end one of our lines.
        let text = String::from_utf8_lossy(&said);
        assert!(text.split("\r\n").all(|line| !line.contains(['\r', '\n'])));
    }
});
