//! Headers that the door reads itself: `Range`, `Cookie`, `Origin`.
//!
//! A range that is given lies within the file, is not empty, and is read the
//! same once written out; one that is said to lie outside does. A cookie is
//! found among any others by its exact name. No page of another host may ask.
#![no_main]

use api::fuzzing::{cookie, is_same_origin, range};
use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use url::Url;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    range: &'a str,
    size: u64,
    cookies: &'a [u8],
    value: u64,
    origin: &'a str,
    host: &'a str,
    text: &'a str,
}

fuzz_target!(|input: Input<'_>| {
    let size = input.size;
    for text in [input.range, input.text] {
        match range(text, size) {
            Some(Some(given)) => {
                assert!(given.start < given.end && given.end <= size, "{text}: {given:?}");
                let written = format!("bytes={}-{}", given.start, given.end - 1);
                assert_eq!(range(&written, size), Some(Some(given)));
            }
            Some(None) => assert!(text.starts_with("bytes=")),
            None => {}
        }
    }

    let ours = format!("__Host-khue={:x}", input.value);
    let found = cookie(&[input.cookies], "__Host-khue");
    if let Some(found) = &found {
        let lines = String::from_utf8_lossy(input.cookies);
        assert!(lines.contains(found.as_str()) && lines.contains("__Host-khue"));
    }
    let expected = found.or(Some(format!("{:x}", input.value)));
    assert_eq!(cookie(&[input.cookies, ours.as_bytes()], "__Host-khue"), expected);

    for (origin, host) in [(input.origin, input.host), (input.origin, input.text)] {
        let page = Url::parse(origin).ok().filter(|page| page.path() == "/" && page.has_host());
        let us = Url::parse(&format!("https://{host}/")).ok();
        if let (Some(page), Some(us)) = (page, us)
            && page.scheme() == "https"
            && is_same_origin(origin.as_bytes(), host.as_bytes())
        {
            assert_eq!(page.origin(), us.origin(), "{origin} may ask {host}");
        }
    }
});
