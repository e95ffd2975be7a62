//! Initialisation segments: any bytes, and our own with bytes changed.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use media::fmp4::{box_header, init_segment, read_init};
use media::{Codec, Params};

fuzz_target!(|data: &[u8]| {
    if let Ok(header) = box_header(data) {
        assert!(header.total_len >= header.header_len);
    }
    check(data);

    // Our own: first as written, then with bytes changed as the input says.
    let Some((&[width, height, length], rest)) = data.split_first_chunk::<3>() else { return };
    let Some((config, changes)) = rest.split_at_checked(length.into()) else { return };
    let params = Params {
        codec: Codec::H264,
        width: u32::from(width) << 7,
        height: u32::from(height) << 7,
        config: Bytes::copy_from_slice(config),
    };
    let mut init = init_segment(&params).to_vec();
    assert_eq!(read_init(&init), Ok(params));
    for change in changes.chunks_exact(3) {
        let at = usize::from(u16::from_be_bytes([change[0], change[1]]));
        let at = at % init.len();
        init[at] = change[2];
    }
    check(&init);
});

/// What can be read can be written and is read the same.
fn check(data: &[u8]) {
    if let Ok(params) = read_init(data) {
        assert_eq!(read_init(&init_segment(&params)), Ok(params));
    }
}
