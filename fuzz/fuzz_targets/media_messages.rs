//! What browsers say on the media socket.
//!
//! Any text is answered with one JSON object of the contract. A refusal names
//! what it is about as the browser named it; a pong carries the browser's number
//! back: an integer unchanged, a fraction to within its last bits. What is read
//! holds the fields of its op and no others.
#![no_main]

use api::fuzzing::hear;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|text: &str| {
    let json = |text: &str| serde_json::from_str::<Value>(text);
    let said = match hear(text) {
        Ok(said) => json(&said).expect("answers are JSON"),
        Err(refusal) => {
            let refusal = json(&refusal).expect("answers are JSON");
            assert_eq!(refusal["code"], "invalid");
            assert_eq!((&refusal["ref"], &refusal["channel"]), (&Value::Null, &Value::Null));
            return;
        }
    };
    let asked = json(text).expect("what was read is JSON");
    let fields: &[&str] = match asked["op"].as_str().expect("what was read has an op") {
        "live" => &["op", "ref", "role", "token"],
        "past" => &["credit", "from_us", "op", "ref", "role", "token"],
        "credit" => &["channel", "fragments", "op"],
        "renew" => &["channel", "op", "token"],
        "stop" => &["channel", "op"],
        "ping" => &["op", "sent"],
        other => panic!("{other} is no op"),
    };
    let mut named: Vec<&str> =
        asked.as_object().expect("an object").keys().map(String::as_str).collect();
    named.sort_unstable();
    assert_eq!(named, fields);
    if asked["op"] == "ping" {
        assert_eq!(said["type"], "pong");
        let (back, sent) = (&said["sent"], &asked["sent"]);
        if let (Some(back), Some(sent)) = (back.as_f64(), sent.as_f64()) {
            assert!(
                (back - sent).abs() <= sent.abs() * 4.0 * f64::EPSILON,
                "{sent} came back {back}"
            );
        }
        assert_eq!((back.as_i64(), back.as_u64()), (sent.as_i64(), sent.as_u64()));
    } else {
        assert_eq!(said["type"], "refused");
        assert_eq!((&said["ref"], &said["channel"]), (&asked["ref"], &asked["channel"]));
    }
});
