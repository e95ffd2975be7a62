//! Passwords as people type them, and hashes as they are found in the database.
//!
//! A password that passes has ten characters, not all alike, and not the name
//! in it. A one-time password is the same however it is typed. A hash as it
//! is found is worked on or refused, without harm to the machine.
#![no_main]

use std::collections::BTreeSet;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use signin::fuzzing::{belongs, good_enough, typed};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    password: &'a str,
    name: &'a str,
    hash: &'a str,
    /// A hash that is nearly one: version, memory, passes, lanes, salt and hash.
    cost: (u8, u32, u32, u32),
    salt: &'a str,
    output: &'a str,
}

fuzz_target!(|input: Input<'_>| {
    let Input { password, name, .. } = input;
    if good_enough(password, name).is_ok() {
        assert!((10..=512).contains(&password.chars().count()));
        assert!(password.chars().collect::<BTreeSet<_>>().len() > 1);
        let plain = password.is_ascii() && name.is_ascii() && name.len() >= 3;
        assert!(!plain || !password.to_ascii_lowercase().contains(&name.to_ascii_lowercase()));
    }

    let letters = typed(password);
    assert_eq!(typed(&letters), letters);
    let groups: Vec<String> = letters.chars().map(|letter| format!(" {letter}-")).collect();
    assert_eq!(typed(&groups.concat().to_ascii_lowercase()), letters);

    let (version, memory, passes, lanes) = input.cost;
    // What is worked on is cheap here; what is dear is refused by the room itself.
    let (memory, passes) = (memory & !0xff00, if passes < 256 { passes & 1 } else { passes });
    let nearly = format!(
        "$argon2id$v={version}$m={memory},t={passes},p={lanes}${}${}",
        input.salt, input.output
    );
    for hash in [input.hash, &nearly] {
        let _ = belongs(password, hash);
    }
});
