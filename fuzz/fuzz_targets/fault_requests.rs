//! What switches a simulated camera's faults, whatever it is asked over HTTP.
//!
//! Each answer is one whole response with JSON of the length said, and what the
//! last one that agreed told is what the camera does wrong in the end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use simcam::Fault;
use simcam::fuzzing::control_answers;

fuzz_target!(|data: &[u8]| {
    let (answers, fault) = control_answers(data.into());
    let mut told = serde_json::to_value(Fault::None).expect("a fault is JSON");
    for answer in answers {
        let answer = String::from_utf8(answer).expect("answers are text");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head ends");
        assert!(head.contains(&format!("\r\nContent-Length: {}", body.len())));
        let mut body: Value = serde_json::from_str(body).expect("a body is JSON");
        let agreed = head.starts_with("HTTP/1.1 200 ");
        assert_eq!(body.get("error").is_none(), agreed);
        if agreed && body.get("cameras").is_none() {
            let row = body.as_object_mut().expect("a row");
            assert_eq!(row.remove("name"), Some("cam1".into()));
            told = body;
        }
    }
    assert_eq!(serde_json::to_value(fault).expect("a fault is JSON"), told);
});
