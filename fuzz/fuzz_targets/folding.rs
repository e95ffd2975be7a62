//! Names as people type them, and what they look for.
//!
//! What is folded stays as it is. A text is found by itself and by each of its words;
//! whatever else is looked for, both ways to look agree. Case sorts nothing apart.
#![no_main]

use base::{Hit, Needle, fold, sort_key};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str)| {
    let (text, other) = input;
    let folded = fold(text);
    assert_eq!(fold(&folded), folded);
    assert_eq!(Needle::new(text).hit(text), Some(Hit::Exact));
    for word in text.split_whitespace() {
        assert!(Needle::new(word).matches(&folded));
    }
    assert_eq!(Needle::new(other).matches(&folded), Needle::new(other).hit(text).is_some());
    assert_eq!(sort_key(&text.to_lowercase()), sort_key(text));
});
