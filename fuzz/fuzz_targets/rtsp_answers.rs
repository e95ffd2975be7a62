//! What a simulated camera answers, whatever it is asked.
//!
//! Each answer is one whole response: a status line, headers without control
//! characters, whatever was echoed into them, and a body of the length said.
#![no_main]

use libfuzzer_sys::fuzz_target;
use simcam::fuzzing::answers;

fuzz_target!(|data: &[u8]| {
    for answer in answers(data.into()) {
        let answer = String::from_utf8(answer).expect("answers are text");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head ends");
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.strip_prefix("RTSP/1.0 "));
        assert!(status.is_some_and(|status| status.as_bytes()[..3].iter().all(u8::is_ascii_digit)));
        let mut length = 0;
        for line in lines {
            let (name, value) = line.split_once(": ").expect("a header has name and value");
            assert!(!line.chars().any(|letter| letter.is_control() && letter != '\t'), "{line:?}");
            if name == "Content-Length" {
                length = value.parse().expect("a length is a number");
            }
        }
        assert_eq!(body.len(), length);
    }
});
