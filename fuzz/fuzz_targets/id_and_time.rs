//! Ids out of texts, and times into texts.
//!
//! An id that is read is written in one form, which reads back to it, and JSON
//! holds it in the same form. A time is written in order: of two of years 0 to
//! 9999, the later is the later text.
#![no_main]

use base::{CameraId, Span, WallTime};
use libfuzzer_sys::arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;

/// The years that RFC 3339 can write, in microseconds.
const YEARS: std::ops::Range<i64> = -62_167_219_200_000_000..253_402_300_800_000_000;

fuzz_target!(|data: &[u8]| {
    if let Ok(id) = String::from_utf8_lossy(data).parse::<CameraId>() {
        let text = id.to_string();
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(serde_json::to_string(&id).expect("a text"), format!("\"{text}\""));
    }
    if let Ok(id) = serde_json::from_slice::<CameraId>(data) {
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    let Ok((one, other)) = Unstructured::new(data).arbitrary::<(i64, i64)>() else { return };
    let (one, other) = (WallTime(one), WallTime(other));
    let [earlier, later] = [one.min(other), one.max(other)].map(|time| (time, time.to_string()));
    if YEARS.contains(&earlier.0.0) && YEARS.contains(&later.0.0) {
        assert_eq!(earlier.0.cmp(&later.0), earlier.1.cmp(&later.1));
        assert_eq!(earlier.1.len(), "2026-11-20T00:42:18.250000Z".len());
    }
    let span = Span::new(one, other);
    assert_eq!(span.is_some(), one < other);
    if let Some(span) = span {
        assert_eq!(span.intersection(span), Some(span));
        assert!(span.contains(one) && !span.contains(other));
    }
});
