//! H.265 parameter sets, the record made from them, and records as containers
//! and RTSP sessions give them.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use media::h265::{self, Config, Sps};

const VPS: [u8; 6] = [0x40, 0x01, 0x0c, 0x01, 0xff, 0xff];
const PPS: [u8; 5] = [0x44, 0x01, 0xc1, 0x73, 0xd1];

fuzz_target!(|data: &[u8]| {
    if let Ok(config) = Config::parse(data) {
        let sets = config.vps.iter().chain(&config.sps).chain(&config.pps);
        assert!(sets.map(|unit| unit.len() + 2).sum::<usize>() <= data.len());
    }
    if let Ok(params) = h265::params_of_record(Bytes::copy_from_slice(data)) {
        assert_eq!(params.config, data);
        assert!(params.rfc6381().starts_with("hvc1."));
    }

    let mut sps = vec![0x42, 0x01];
    sps.extend_from_slice(data);
    let Ok(read) = Sps::parse(&sps) else { return };
    assert!(read.width > 0 && read.height > 0 && read.reorder_depth <= 16);
    // What can be read can be written into a record; a set that a zero or start
    // code cuts short may then be refused, but not misread.
    let params = h265::params(&VPS, &sps, &PPS).expect("the SPS was read");
    let config = Config::parse(&params.config).expect("our own record");
    assert_eq!((config.vps, config.pps), (vec![&VPS[..]], vec![&PPS[..]]));
    if config.sps == [&sps[..]] {
        assert_eq!(h265::params_of_record(params.config.clone()), Ok(params));
    }
});
