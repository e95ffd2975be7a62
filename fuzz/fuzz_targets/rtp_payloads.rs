//! Cutting frames of H.264 into RTP payloads.
//!
//! Put together again by the words of RFC 6184, they are the frame's units that
//! have more than a header, and none is longer than a packet may be.
#![no_main]

use std::sync::Arc;

use base::WallTime;
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use media::{Codec, Frame, Params, nal};

fuzz_target!(|sent: (Vec<Vec<u8>>, bool, u16)| {
    let (mut units, is_key, longer) = sent;
    // Lengths that chance rarely comes to.
    if let Some(first) = units.first_mut().filter(|first| !first.is_empty()) {
        first.resize(first.len() + usize::from(longer), 7);
    }
    // The types of payloads themselves are not those of a unit.
    units.iter_mut().filter_map(|unit| unit.first_mut()).for_each(|head| {
        if *head & 0x1f > 23 {
            *head = 0x41;
        }
    });
    let mut data = Vec::new();
    units.iter().for_each(|unit| nal::push_length_prefixed(&mut data, unit));
    let params = Params { codec: Codec::H264, width: 16, height: 16, config: Bytes::new() };
    let frame = Frame {
        wall: WallTime(0),
        composition_us: 0,
        is_key,
        data: data.into(),
        params: Arc::new(params),
    };
    let mut together: Vec<Vec<u8>> = Vec::new();
    for payload in live::fuzzing::payloads(&frame) {
        assert!(payload.len() <= 1_160);
        match payload[0] & 0x1f {
            24 => {
                let mut rest = &payload[1..];
                while let Some((length, after)) = rest.split_first_chunk::<2>() {
                    let (unit, after) = after.split_at(u16::from_be_bytes(*length).into());
                    together.push(unit.to_vec());
                    rest = after;
                }
            }
            28 => {
                if payload[1] & 0x80 != 0 {
                    together.push(vec![payload[0] & 0xe0 | payload[1] & 0x1f]);
                }
                together.last_mut().expect("it has begun").extend_from_slice(&payload[2..]);
            }
            _ => together.push(payload.to_vec()),
        }
    }
    units.retain(|unit| unit.len() > 1);
    assert_eq!(together, units);

    // Any bytes as a frame, of either codec: nothing is longer than it may be.
    for codec in [Codec::H264, Codec::H265] {
        let params = Params { codec, width: 16, height: 16, config: frame.data.clone() };
        let odd = Frame { params: Arc::new(params), ..frame.clone() };
        assert!(live::fuzzing::payloads(&odd).iter().all(|payload| payload.len() <= 1_160));
    }
});
