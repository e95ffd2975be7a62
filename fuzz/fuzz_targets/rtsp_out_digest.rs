//! What clients prove to our RTSP server: `Authorization: Digest`.
//!
//! Any text is judged without harm, and is right only if it answers this
//! challenge. The answer of RFC 7616 is right by MD5 and without, with `qop` and
//! without, and wrong under another password or method.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use live::fuzzing::{rtsp_is_right, rtsp_nonce};
use md5::{Digest, Md5};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    password: &'a str,
    other: &'a str,
    uri: &'a str,
    entropy: [u8; 32],
    qop: bool,
    algorithm: bool,
    /// Any text.
    garbage: &'a str,
}

fuzz_target!(|input: Input<'_>| {
    let nonce = rtsp_nonce(input.entropy);
    let is_right = |header: &str, method: &str, password: &str| {
        rtsp_is_right(header, input.entropy, method, password)
    };
    if is_right(input.garbage, "PLAY", input.password) {
        assert!(input.garbage.contains(&nonce));
    }
    // Quoted as RFC 9110 has it: a backslash before what would end the text.
    let quoted = input.uri.replace('\\', "\\\\").replace('"', "\\\"");
    let secret = md5(&format!("k7:khue:{}", input.password));
    let request = md5(&format!("PLAY:{}", input.uri));
    let middle = if input.qop { "00000001:cn:auth:" } else { "" };
    let response = md5(&format!("{secret}:{nonce}:{middle}{request}"));
    let mut header = format!(
        "Digest username=\"k7\", realm=\"khue\", nonce=\"{nonce}\", uri=\"{quoted}\", \
         response=\"{response}\""
    );
    if input.qop {
        header += ", qop=auth, nc=00000001, cnonce=\"cn\"";
    }
    if input.algorithm {
        header += ", algorithm=MD5";
    }
    assert!(is_right(&header, "PLAY", input.password));
    assert!(!is_right(&header, "SETUP", input.password));
    if input.other != input.password {
        assert!(!is_right(&header, "PLAY", input.other));
    }
});

fn md5(text: &str) -> String {
    Md5::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
