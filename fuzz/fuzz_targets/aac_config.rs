//! AAC configurations, alone and in the descriptor of an init segment: what is
//! read says what a decoder can be opened with, and comes back as it was.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use media::fmp4::{init_segment, read_init};
use media::{Codec, Params, aac};

fuzz_target!(|data: &[u8]| {
    let params = Params::sound(Codec::Aac, Bytes::copy_from_slice(data));
    if let Ok(config) = aac::Config::parse(data) {
        assert!(config.sampling.rate_hz > 0 && (1..=8).contains(&config.sampling.channels));
        assert_eq!(params.sampling(), Some(config.sampling));
        assert!(params.rfc6381().starts_with("mp4a.40."));
    }
    // The descriptor's length has 28 bits, the record in it 16.
    if data.len() <= usize::from(u16::MAX) {
        assert_eq!(read_init(&init_segment(&params)), Ok(params));
    }
    let _ = read_init(data);
});
