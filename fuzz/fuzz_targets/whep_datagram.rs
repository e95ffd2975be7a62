//! Whatever comes to the UDP port of WHEP.
//!
//! A check is one that says so itself, and whom it is for is told in its own
//! bytes; no byte may be cut from its end. What is not a check is told by its
//! first byte alone (RFC 7983).
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match live::fuzzing::datagram(bytes) {
        Some(Some(ufrag)) => {
            assert_eq!(bytes[..2], [0, 1]);
            assert_eq!(bytes[4..8], [0x21, 0x12, 0xa4, 0x42]);
            let named = [ufrag.as_bytes(), b":"].concat();
            assert!(bytes.windows(named.len()).any(|window| window == named));
            assert!(live::fuzzing::datagram(&bytes[..bytes.len() - 1]).is_none());
        }
        Some(None) => assert!(matches!(bytes[0], 20..=63 | 128..=191)),
        None => assert!(!matches!(bytes.first(), Some(20..=63 | 128..=191))),
    }

    // A request that is made as RFC 8489 says is one, whatever stands before its name.
    let name: String = String::from_utf8_lossy(bytes).replace([':', '\u{fffd}'], "").chars().take(99).collect();
    let mut request = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    request.extend_from_slice(&[7; 12]);
    for (kind, value) in [(0x8022_u16, &bytes[..bytes.len().min(50)]), (6, format!("{name}:x").as_bytes())] {
        request.extend_from_slice(&kind.to_be_bytes());
        request.extend_from_slice(&(value.len() as u16).to_be_bytes());
        request.extend_from_slice(value);
        request.resize(request.len().next_multiple_of(4), 0);
    }
    let length = (request.len() - 20) as u16;
    request[2..4].copy_from_slice(&length.to_be_bytes());
    assert_eq!(live::fuzzing::datagram(&request), Some(Some(name.as_str())));
});
