//! Times as devices write them: none does harm, and what is read is written as it is read.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| onvif::fuzzing::moment(text));
