//! Frames that are cut into RTP payloads on the way out are the same on the way in.
#![no_main]

use std::sync::Arc;

use base::{Transport, WallTime};
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use media::{Codec, Frame, Params, nal};

// Parameter sets of a picture of 320 x 180.
const SPS: &[u8] = &[
    0x67, 0x42, 0xc0, 0x0d, 0xd9, 0x01, 0x41, 0x9f, 0x9e, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00,
    0x00, 0x03, 0x03, 0x20, 0xf1, 0x42, 0xa4, 0x80,
];
const PPS: &[u8] = &[0x68, 0xcb, 0x83, 0xcb, 0x20];

fuzz_target!(|sent: Vec<(Vec<u8>, u16)>| {
    let params = Params { codec: Codec::H264, width: 320, height: 180, config: Bytes::new() };
    let params = Arc::new(params);
    let (mut frames, mut packets, mut sequence) = (Vec::new(), Vec::new(), 0_u16);
    // Microseconds from the packet before.
    let mut send = |payload: &[u8], time: u32, mark: bool, after_us: u64| {
        let mut packet = vec![0x80, u8::from(mark) << 7 | 96];
        packet.extend(sequence.to_be_bytes());
        packet.extend(time.to_be_bytes());
        packet.extend([0; 4]);
        packet.extend_from_slice(payload);
        sequence = sequence.wrapping_add(1);
        packets.push((0_u8, after_us, packet));
    };
    // A camera that sends no second keyframe for half a minute is given up.
    for (number, (bytes, longer)) in sent.into_iter().take(500).enumerate() {
        let is_key = number == 0;
        // The first slice of a picture says so.
        let mut unit = vec![if is_key { 0x65 } else { 0x41 }, 0x88];
        unit.extend(bytes);
        unit.resize(unit.len() + usize::from(longer), 7);
        let mut data = Vec::new();
        nal::push_length_prefixed(&mut data, &unit);
        let (wall, composition_us) = (WallTime(number as i64), 0);
        let frame = Frame { wall, composition_us, is_key, data: data.into(), params: params.clone() };
        let time = number as u32 * 3_600;
        if is_key {
            send(SPS, time, false, 0);
            send(PPS, time, false, 0);
        }
        let payloads = live::fuzzing::payloads(&frame);
        for (at, payload) in payloads.iter().enumerate() {
            let after_us = if at == 0 { 40_000 } else { 0 };
            send(payload, time, at + 1 == payloads.len(), after_us);
        }
        frames.push(frame.data);
    }
    let given = packets.iter().map(|(channel, after, packet)| (*channel, *after, &packet[..]));
    let ([read, _], fault) = ingest::fuzzing::session(Codec::H264, Transport::Tcp, given);
    assert!(fault.is_none(), "{fault:?}");
    // The first one waits for the second, which shows that it is whole.
    let read: Vec<_> = read.into_iter().map(|frame| frame.data).collect();
    assert_eq!(read, if frames.len() < 2 { Vec::new() } else { frames });
});
