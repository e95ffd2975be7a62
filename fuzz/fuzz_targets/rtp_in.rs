//! The packets of a session: pictures, reports and sound.
//!
//! Whatever they are, frames have pictures whose units' lengths hold, begin with a
//! keyframe, and rise in time; nothing grows beyond its bounds.
#![no_main]

use base::Transport;
use ingest::fuzzing::session;
use libfuzzer_sys::fuzz_target;
use media::{Codec, nal};

fuzz_target!(|sent: (bool, bool, Vec<(u8, u16, u8, u32, bool, Vec<u8>)>)| {
    let (is_h264, by_udp, sent) = sent;
    let codec = if is_h264 { Codec::H264 } else { Codec::H265 };
    let way = if by_udp { Transport::Udp } else { Transport::Tcp };
    let mut sequence = 0_u16;
    let packets: Vec<_> = sent
        .into_iter()
        .map(|(kind, after, step, time, mark, payload)| {
            let channel = kind & 3;
            sequence = sequence.wrapping_add(u16::from(step & 3).max(1));
            let mut packet = vec![0x80, u8::from(mark) << 7 | 96];
            packet.extend(sequence.to_be_bytes());
            packet.extend((time & 0xffff).to_be_bytes());
            packet.extend([0, 0, 0, channel]);
            packet.extend(payload);
            // Some as they are, so that heads are tried as well.
            let skip = if kind & 0x80 != 0 { 12.min(packet.len()) } else { 0 };
            (channel, u64::from(after), packet[skip..].to_vec())
        })
        .collect();
    let given = packets.iter().map(|(channel, after, packet)| (*channel, *after, &packet[..]));
    let ([frames, sounds], _) = session(codec, way, given);
    assert!(frames.first().is_none_or(|first| first.is_key));
    assert!(frames.is_sorted_by(|one, next| one.wall < next.wall));
    for frame in &frames {
        assert!(nal::length_prefixed(&frame.data).all(|unit| unit.is_ok_and(|unit| !unit.is_empty())));
        assert_eq!(frame.params.codec, codec);
    }
    assert!(sounds.iter().all(|sound| !sound.data.is_empty()));
});
