//! Addresses of cameras, as people type them.
//!
//! What is taken names a host, holds no user name or password, and is taken the
//! same once written; whoever fetches the stream takes it too. What is refused,
//! is refused without repeating a password.
#![no_main]

use catalog::camera::address;
use ingest::Source;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(url) = address(text) else {
        let words = address(&format!("rtsp://admin:secret7@{text}")).map(String::from);
        assert!(words.is_err_and(|error| !error.to_string().contains("secret7")));
        return;
    };
    assert!(matches!(url.scheme(), "rtsp" | "rtsps"));
    assert!(url.host_str().is_some_and(|host| !host.is_empty()));
    assert!(url.username().is_empty() && url.password().is_none());
    assert_eq!(address(url.as_str()).as_ref().ok(), Some(&url));
    assert_eq!(address(&format!(" {url}\n")).ok(), Some(url.clone()));
    let source = Source::new(url, None);
    assert!(source.check().is_ok());
});
