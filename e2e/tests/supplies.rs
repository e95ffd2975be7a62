//! What the program is made of besides our own code, held against `deny.toml`:
//! licences that may enter, crates that may not, and where they come from.
//!
//! `cargo deny check` says the same and more (advisories), for whoever has it;
//! this needs nothing that a build does not have.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Returns each crate that is built for this machine, tests included, with its licence.
fn crates() -> BTreeMap<String, String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--workspace", "--locked", "--prefix=none", "--format={p}\t{l}"])
        .current_dir(e2e::root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("cargo writes text");
    let lines = text.lines().filter_map(|line| line.split_once('\t'));
    let named = lines.filter_map(|(named, licence)| Some((named.split(' ').next()?, licence)));
    // A crate that stands there again is marked by a star.
    named.map(|(name, licence)| (name.into(), licence.trim_end_matches(" (*)").into())).collect()
}

fn rules() -> toml::Table {
    let path = e2e::root().join("deny.toml");
    std::fs::read_to_string(path).expect("deny.toml is there").parse().expect("it is TOML")
}

/// Returns whether a licence expression (SPDX, or the older form with `/`) can be
/// met with what is allowed: of an OR one side, of an AND both.
fn allowed(expression: &str, allow: &BTreeSet<&str>) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let (met, rest) = any(&words, allow);
    assert!(rest.is_empty(), "{expression:?} is not understood");
    met
}

fn any<'a>(words: &'a [&'a str], allow: &BTreeSet<&str>) -> (bool, &'a [&'a str]) {
    let (mut met, mut rest) = all(words, allow);
    while let ["OR", more @ ..] = rest {
        let (too, after) = all(more, allow);
        (met, rest) = (met || too, after);
    }
    (met, rest)
}

fn all<'a>(words: &'a [&'a str], allow: &BTreeSet<&str>) -> (bool, &'a [&'a str]) {
    let (mut met, mut rest) = one(words, allow);
    while let ["AND", more @ ..] = rest {
        let (too, after) = one(more, allow);
        (met, rest) = (met && too, after);
    }
    (met, rest)
}

fn one<'a>(words: &'a [&'a str], allow: &BTreeSet<&str>) -> (bool, &'a [&'a str]) {
    match words {
        ["(", inner @ ..] => match any(inner, allow) {
            (met, [")", rest @ ..]) => (met, rest),
            _ => panic!("a bracket is not closed: {words:?}"),
        },
        [licence, "WITH", exception, rest @ ..] => {
            (allow.contains(format!("{licence} WITH {exception}").as_str()), rest)
        }
        [licence, rest @ ..] => (allow.contains(licence), rest),
        [] => panic!("a licence is missing"),
    }
}

#[test]
fn every_licence_may_enter_and_no_banned_crate_does() {
    let (rules, crates) = (rules(), crates());
    let allow = rules["licenses"]["allow"].as_array().expect("a list of licences");
    let allow: BTreeSet<&str> = allow.iter().filter_map(toml::Value::as_str).collect();
    let banned = rules["bans"]["deny"].as_array().expect("a list of crates");
    let banned: BTreeSet<&str> = banned.iter().filter_map(|ban| ban["crate"].as_str()).collect();
    assert!(crates.len() > 200 && !allow.is_empty() && !banned.is_empty());
    for (name, licence) in &crates {
        assert!(allowed(licence, &allow), "{name} comes under {licence:?}, which may not enter");
        assert!(!banned.contains(name.as_str()), "{name} is banned by deny.toml");
    }
}

#[test]
fn everything_comes_from_the_registry() {
    let lock = std::fs::read_to_string(e2e::root().join("Cargo.lock")).expect("there is a lock");
    let sources: Vec<&str> =
        lock.lines().filter_map(|line| line.strip_prefix("source = ")).collect();
    assert!(sources.len() > 200);
    for source in sources {
        assert_eq!(source, "\"registry+https://github.com/rust-lang/crates.io-index\"");
    }
}

#[test]
fn an_expression_is_met_as_spdx_says() {
    let allow = BTreeSet::from(["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"]);
    for met in ["MIT", "GPL-3.0 OR MIT", "GPL-3.0/MIT", "MIT AND (GPL-3.0 OR ISC)"] {
        assert!(allowed(met, &allow), "{met}");
    }
    for not in ["GPL-3.0", "MIT AND GPL-3.0", "(MIT OR ISC) AND GPL-3.0", "Apache-2.0"] {
        assert!(!allowed(not, &allow), "{not}");
    }
    assert!(allowed("Apache-2.0 WITH LLVM-exception", &allow));
}
