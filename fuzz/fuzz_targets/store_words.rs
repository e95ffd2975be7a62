//! Small words on disk: the store's format, and the reasons of gaps.
//!
//! Whatever is read is written so that it is read the same, and no text names
//! two things.
#![no_main]

use libfuzzer_sys::fuzz_target;
use store::GapReason;
use store::fuzzing::read_format;

fuzz_target!(|text: &str| {
    if let Some(version) = read_format(text) {
        assert_eq!(read_format(&format!("khue-store {version}\n")), Some(version));
        assert!(text.contains(&version.to_string()));
    }
    if let Ok(reason) = text.parse::<GapReason>() {
        assert_eq!(reason.as_str(), text);
    }
});
