//! Offers by WHEP, as any player may send them.
//!
//! What goes on to be answered has no candidate in it, lines ended as SDP ends
//! them, at least one and at most eight media, and is the same if it is looked
//! over again. What does not is refused in words.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match live::fuzzing::offer(text) {
        Ok((sdp, mids)) => {
            assert!(sdp.starts_with("v=0\r\n") && sdp.ends_with("\r\n"));
            assert!(!sdp.contains("\na=candidate:") && !sdp.contains("\r\n\r\n"));
            assert!((1..=8).contains(&sdp.matches("\nm=").count()));
            assert!(sdp.len() <= 2 * text.len() + 2, "{} of {}", sdp.len(), text.len());
            assert_eq!(live::fuzzing::offer(&sdp), Ok((sdp.clone(), mids)));
        }
        Err(refused) => assert!(!refused.to_string().is_empty()),
    }
});
