//! Passwords of cameras, as they lie sealed in the database.
//!
//! What was sealed opens for its own stream, and garbled in any way, or for
//! another stream, it does not. Where nothing was sealed, nothing opens.
#![no_main]

use std::sync::LazyLock;

use arbitrary::Arbitrary;
use base::StreamId;
use catalog::fuzzing::{seal, unseal};
use catalog::{SealKey, Secret};
use libfuzzer_sys::fuzz_target;
use uuid::Uuid;

static KEY: LazyLock<SealKey> = LazyLock::new(|| SealKey::new(&[7; 32]));

/// Seals nothing: what KEY has sealed, the fuzzer learns and gives back.
static UNUSED: LazyLock<SealKey> = LazyLock::new(|| SealKey::new(&[8; 32]));

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    stream: [u8; 16],
    other: [u8; 16],
    secret: &'a str,
    change: (u16, u8),
    length: u16,
    garbage: &'a [u8],
}

fuzz_target!(|input: Input<'_>| {
    let [stream, other] = [input.stream, input.other].map(|id| StreamId(Uuid::from_bytes(id)));
    assert_eq!(unseal(&UNUSED, stream, input.garbage), None);

    let secret = Secret::new(input.secret);
    let sealed = seal(&KEY, stream, &secret);
    assert_eq!(unseal(&KEY, stream, &sealed), Some(secret));
    if other != stream {
        assert_eq!(unseal(&KEY, other, &sealed), None);
    }
    let mut garbled = sealed.clone();
    let (at, bits) = input.change;
    garbled[usize::from(at) % sealed.len()] ^= bits;
    garbled.truncate(usize::from(input.length));
    if garbled != sealed {
        assert_eq!(unseal(&KEY, stream, &garbled), None);
    }
});
