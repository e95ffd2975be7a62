//! What a directory sends: a PATCH, a filter, the path of a step.
//!
//! Whatever it is, it is read or refused by one of the standard's words. What is
//! looked for is what was written, whatever letters it has.
#![no_main]

use api::fuzzing::{scim_filter, scim_steps};
use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

/// Words for why not (RFC 7644, 3.12).
const WORDS: [&str; 5] = ["tooMany", "invalidSyntax", "noTarget", "invalidPath", "invalidValue"];

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    patch: &'a [u8],
    filter: &'a str,
    attribute: &'a str,
    value: &'a str,
}

fuzz_target!(|input: Input<'_>| {
    match scim_steps(input.patch) {
        Ok(steps) => {
            for (attribute, _) in steps {
                assert_eq!(attribute, attribute.to_ascii_lowercase());
                assert!(!attribute.contains(':'));
            }
        }
        Err(word) => assert!(word.is_none_or(|word| WORDS.contains(&word)), "{word:?}"),
    }
    if let Err(word) = scim_filter(input.filter) {
        assert_eq!(word, "invalidFilter");
    }

    let (attribute, value) = (input.attribute, json!(input.value));
    if !attribute.is_empty() && !attribute.contains(char::is_whitespace) {
        let filter = format!("{attribute} eq {value}");
        let expected = (attribute.to_ascii_lowercase(), input.value.to_owned());
        assert_eq!(scim_filter(&filter), Ok(Some(expected)));
    }
    let path = format!("members[value eq {value}]");
    let patch = json!({"Operations": [{"op": "remove", "path": path}]}).to_string();
    let picked = (String::from("members"), Some(input.value.to_owned()));
    assert_eq!(scim_steps(patch.as_bytes()), Ok(vec![picked]));
});
