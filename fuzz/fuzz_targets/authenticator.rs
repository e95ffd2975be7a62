//! What browsers send of passkeys, before anybody is known by one.
//!
//! Whatever the bytes are, reading ends and harms nothing; a key that is taken was
//! made for our place, and is one to verify by.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use signin::Place;
use signin::fuzzing::{passkey_answered, passkey_made};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    client_data: &'a [u8],
    attestation: &'a [u8],
    data: &'a [u8],
    signature: &'a [u8],
}

fuzz_target!(|input: Input<'_>| {
    let place = Place {
        rp_id: "camera.example.vn".to_owned(),
        origins: vec!["https://camera.example.vn".to_owned()],
    };
    let said = String::from_utf8_lossy(input.client_data);
    if let Some((credential, key)) = passkey_made(&place, input.client_data, input.attestation) {
        assert!(said.contains("webauthn.create") && said.contains("camera.example.vn"));
        assert!((1..=1023).contains(&credential.len()) && !key.is_empty());
        let Input { client_data, data, signature, .. } = input;
        // What was said of a key just made is no answer by it.
        assert!(!passkey_answered(&place, &key, client_data, data, signature));
    }
});
