//! Decoder configuration records as containers and RTSP sessions give them.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use media::h264::{self, Config};

fuzz_target!(|data: &[u8]| {
    if let Ok(config) = Config::parse(data) {
        let sets = config.sps.iter().chain(&config.pps);
        assert!(sets.map(|unit| unit.len() + 2).sum::<usize>() <= data.len());
    }
    if let Ok(params) = h264::params_of_record(Bytes::copy_from_slice(data)) {
        assert_eq!(params.config, data);
        assert!(params.rfc6381().starts_with("avc1."));
    }
});
