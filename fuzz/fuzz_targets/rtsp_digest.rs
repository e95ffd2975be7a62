//! What clients prove to a simulated camera: `Authorization: Digest`.
//!
//! Any text is judged without harm, and is right only if it names the user and
//! answers this challenge. The answer that RFC 2617 computes is right, in
//! whatever order, case and quotes its fields stand, and wrong under another
//! password or method.
#![no_main]

use std::fmt::Write;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use md5::{Digest, Md5};
use simcam::Credentials;
use simcam::fuzzing::is_right;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    password: &'a str,
    other: &'a str,
    uri: &'a str,
    method: &'a str,
    entropy: [u8; 16],
    /// Which fields change places.
    order: [u8; 8],
    /// Which names stand in capitals, and which values need no quotes and have none.
    capital: u8,
    bare: u8,
    /// With `qop=auth`, and the client's nonce.
    qop: Option<u64>,
    /// Any text.
    garbage: &'a str,
}

fuzz_target!(|input: Input<'_>| {
    let credentials =
        |password: &str| Credentials { user: "khue".to_owned(), password: password.to_owned() };
    let ours = credentials(input.password);
    let nonce = hex(&input.entropy);
    if is_right(&ours, input.entropy, input.method, input.garbage) {
        assert!(input.garbage.contains(&nonce) && input.garbage.contains("khue"));
    }
    // A quoted value has no way to hold a quote; clients escape it in the URI.
    if input.uri.contains('"') {
        return;
    }
    let secret = md5(&format!("khue:simcam:{}", input.password));
    let request = md5(&format!("{}:{}", input.method, input.uri));
    let (middle, qop) = match input.qop {
        None => (String::new(), vec![]),
        Some(client) => {
            let client = format!("{client:x}");
            let middle = format!("00000001:{client}:auth:");
            (middle, vec![("qop", "auth".into()), ("nc", "00000001".into()), ("cnonce", client)])
        }
    };
    let response = md5(&format!("{secret}:{nonce}:{middle}{request}"));
    let mut fields = vec![
        ("username", "khue".to_owned()),
        ("realm", "simcam".to_owned()),
        ("nonce", nonce),
        ("uri", input.uri.to_owned()),
        ("response", response),
    ];
    fields.extend(qop);
    for (place, other) in input.order.iter().enumerate() {
        let count = fields.len();
        fields.swap(place % count, usize::from(*other) % count);
    }
    let mut header = "Digest ".to_owned();
    for (place, (name, value)) in fields.iter().enumerate() {
        let on = |bits: u8| bits >> place & 1 == 1;
        let name = if on(input.capital) { name.to_uppercase() } else { (*name).to_owned() };
        let quote = if on(input.bare) && !name.eq_ignore_ascii_case("uri") { "" } else { "\"" };
        let _ = write!(header, "{name}={quote}{value}{quote}, ");
    }
    assert!(is_right(&ours, input.entropy, input.method, &header), "{header}");
    if input.other != input.password {
        assert!(!is_right(&credentials(input.other), input.entropy, input.method, &header));
    }
    if input.other != input.method {
        assert!(!is_right(&ours, input.entropy, input.other, &header));
    }
});

fn md5(text: &str) -> String {
    hex(&Md5::digest(text.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
