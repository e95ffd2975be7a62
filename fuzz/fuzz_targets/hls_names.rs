//! What players ask for by HLS: names of files, and the queries behind them.
//!
//! A name that is read is written again letter by letter, and no query is read
//! without a segment's number in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use live::fuzzing::{hls_name, hls_reload};

fuzz_target!(|text: &str| {
    if let Some(name) = hls_name(text) {
        assert_eq!(name, text);
    }
    match hls_reload(text) {
        Ok(Some(_)) => assert!(text.contains("_HLS_msn=")),
        Ok(None) => assert!(!text.starts_with("_HLS_msn=") && !text.starts_with("_HLS_part=")),
        Err(words) => assert!(!words.is_empty() && text.contains("_HLS_")),
    }
});
