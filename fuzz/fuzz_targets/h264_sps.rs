//! Sequence parameter sets, and the record made from them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::h264::{self, Config, Sps};

fuzz_target!(|data: &[u8]| {
    let mut sps = vec![0x67];
    sps.extend_from_slice(data);
    let Ok(read) = Sps::parse(&sps) else { return };
    assert!(read.width > 0 && read.height > 0);
    assert!(read.frame_rate.is_none_or(|rate| rate > 0.0 && rate.is_finite()));

    // What can be read can be written into a record; a set that a zero or start
    // code cuts short may then be refused, but not misread.
    let params = h264::params(&sps, &[0x68, 0xee, 0x3c, 0x80]).expect("the SPS was read");
    let config = Config::parse(&params.config).expect("our own record");
    assert_eq!(config.pps, [[0x68, 0xee, 0x3c, 0x80]]);
    if config.sps == [&sps[..]] {
        assert_eq!(h264::params_of_record(params.config.clone()), Ok(params));
    }
});
