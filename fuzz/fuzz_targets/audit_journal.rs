//! A journal's file, changed by whoever may write it and has no key.
//!
//! What is not as it was written is found, unless it is half a line behind the end,
//! or whole entries behind the head, which are counted. Nothing in a file or a root
//! makes the verifier fail.
#![no_main]

use std::fs;

use arbitrary::Arbitrary;
use audit::chain::{Hash, Link};
use audit::{Act, Entry, Outcome, Root, RootKey, verify};
use base::WallTime;
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    purposes: Vec<&'a str>,
    /// Where bytes are put in the place of others.
    at: u16,
    taken: u16,
    put: &'a [u8],
    root: Option<&'a str>,
}

fuzz_target!(|input: Input<'_>| {
    let (mut text, mut last) = (Vec::new(), Link::START);
    for purpose in input.purposes.iter().take(16) {
        let mut entry = Entry::new(WallTime(0), Act::Playback, Outcome::Done);
        entry.purpose = Some((*purpose).to_owned());
        last = last.write(entry, &mut text);
    }
    if last == Link::START {
        return;
    }
    let key = RootKey::new(&[1; 32]);
    let day = "1970-01-01".to_owned();
    let head = Root { day, first: 1, last, before: Hash::NONE };
    let head = head.text() + &key.sign(&head);

    let from = usize::from(input.at).min(text.len());
    let to = from.saturating_add(input.taken.into()).min(text.len());
    let mut changed = text.clone();
    changed.splice(from..to, input.put.iter().copied());

    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    fs::write(file("1970-01-01-000000000001.log"), &changed).expect("a file");
    fs::write(file("head"), head).expect("a file");
    let report = verify(folder.path(), &key.public()).expect("files that can be read");
    if changed == text {
        assert_eq!(report.faults, []);
    } else if report.faults.is_empty() {
        assert!(changed.starts_with(&text), "what was written is there no more");
        assert!(report.is_torn || report.unvouched > 0, "more is there than was written");
    }

    if let Some(root) = input.root {
        fs::write(file("1970-01-01-000000000001.root"), root).expect("a file");
        let report = verify(folder.path(), &key.public()).expect("files that can be read");
        assert!(!report.faults.is_empty(), "nobody has the key");
    }
});
