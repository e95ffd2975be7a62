//! What devices answer by SOAP: an envelope, a page, or anything.
//!
//! Any bytes with any status are a result, a refusal with a kind, or no answer; never a
//! panic, and what was read and is written again has as many parts.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, &[u8])| onvif::fuzzing::answer(input.0, input.1));
