//! Where a device says that its services and streams are.
//!
//! Whatever it says, it is asked at the host that somebody wrote down, and no password
//! stands in the address.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for url in onvif::fuzzing::addresses(text) {
        assert_eq!(url.host_str(), Some("10.0.0.7"), "{url}");
        assert!(url.username().is_empty() && url.password().is_none(), "{url}");
        assert!(matches!(url.scheme(), "http" | "rtsp" | "rtsps"), "{url}");
    }
});
