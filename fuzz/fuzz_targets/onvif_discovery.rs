//! What comes over UDP to whoever looks for devices.
//!
//! Nothing that anybody in the network sends does harm, and every address that a device is
//! asked at is one of HTTP, with no password in it, that leads somewhere.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for url in onvif::fuzzing::said(bytes) {
        assert!(matches!(url.scheme(), "http" | "https"), "{url}");
        assert!(url.username().is_empty() && url.password().is_none(), "{url}");
        assert!(url.host_str().is_some_and(|host| !host.is_empty() && host != "0.0.0.0"), "{url}");
    }
});
