//! The loops that each frame of each camera goes through, by themselves: what
//! `make bench-core` counts the instructions of.
//!
//! ```text
//! packets   RTP of 1080p25, 2 Mbps ──▶ frames on the axis of time      (ingest)
//! fragment  frames of a GOP ──▶ the header that is written before them (media)
//! message   a frame ──▶ the message that viewers share                 (media, as live has it)
//! ```
//!
//! Instructions do not depend on what else a machine does, so a small change shows.

use std::hint::black_box;
use std::sync::Arc;

use base::{Transport, WallTime};
use bytes::Bytes;
use media::gop::Gop;
use media::{Codec, Frame, Params, fmp4};

/// A GOP of two seconds.
const FRAMES: usize = 50;
/// So many of them are made once, and read again and again: making them costs as well.
const GOPS_A_SESSION: usize = 4;
const KEYFRAME: usize = 32_000;
const PICTURE: usize = 9_500;
/// What one packet carries.
const PAYLOAD: usize = 1_400;

/// A loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Loop {
    Packets,
    Fragment,
    Message,
}

/// Does a loop's work for so many GOPs.
pub(crate) fn run(which: Loop, gops: usize) {
    match which {
        Loop::Packets => {
            let packets = packets(GOPS_A_SESSION);
            for _ in 0..gops / GOPS_A_SESSION {
                let given = packets.iter().map(|packet| (0, 5_000, &packet[..]));
                let (codec, way) = (Codec::H264, Transport::Tcp);
                let ([frames, _], fault) = ingest::fuzzing::session(codec, way, given);
                assert!(fault.is_none() && frames.len() == GOPS_A_SESSION * FRAMES);
                black_box(frames);
            }
        }
        Loop::Fragment => {
            let (gop, mut out) = (gop(), Vec::new());
            for number in 0..gops {
                out.clear();
                let samples = gop.samples(WallTime(2_000_000));
                fmp4::put_fragment_header(&mut out, number as u32, 0, &samples);
                black_box(&out);
            }
        }
        Loop::Message => {
            let gop = gop();
            for number in 0..gops {
                for frame in gop.frames() {
                    let sample =
                        frame.sample(frame.wall.plus(std::time::Duration::from_millis(40)));
                    let mut out = Vec::with_capacity(128 + frame.data.len());
                    fmp4::put_fragment_header(&mut out, number as u32, 0, &[sample]);
                    out.extend_from_slice(&frame.data);
                    black_box(Bytes::from(out));
                }
            }
        }
    }
}

/// Parameter sets of a picture of 320 x 180: what they say costs the same for all sizes.
const SPS: &[u8] = &[
    0x67, 0x42, 0xc0, 0x0d, 0xd9, 0x01, 0x41, 0x9f, 0x9e, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00,
    0x00, 0x03, 0x03, 0x20, 0xf1, 0x42, 0xa4, 0x80,
];
const PPS: &[u8] = &[0x68, 0xcb, 0x83, 0xcb, 0x20];

fn packets(gops: usize) -> Vec<Vec<u8>> {
    let (mut packets, mut sequence) = (Vec::new(), 0_u16);
    let mut send = |payload: &[u8], time: u32, mark: bool| {
        let mut packet = vec![0x80, u8::from(mark) << 7 | 96];
        packet.extend(sequence.to_be_bytes());
        packet.extend(time.to_be_bytes());
        packet.extend([0, 0, 0, 7]);
        packet.extend_from_slice(payload);
        sequence = sequence.wrapping_add(1);
        packets.push(packet);
    };
    for frame in 0..gops * FRAMES {
        let (is_key, time) = (frame % FRAMES == 0, frame as u32 * 3_600);
        if is_key {
            send(SPS, time, false);
            send(PPS, time, false);
        }
        let (kind, size) = if is_key { (5, KEYFRAME) } else { (1, PICTURE) };
        let count = size.div_ceil(PAYLOAD);
        for part in 0..count {
            let (is_first, is_last) = (part == 0, part + 1 == count);
            let edges = u8::from(is_first) << 7 | u8::from(is_last) << 6;
            let mut payload = vec![0x7c, edges | kind];
            payload.resize(2 + PAYLOAD, 0x88);
            send(&payload, time, is_last);
        }
    }
    packets
}

fn gop() -> Gop {
    let config = Bytes::from_static(&[1, 66, 0, 13, 0xff, 0xe0, 0]);
    let params = Arc::new(Params { codec: Codec::H264, width: 1920, height: 1080, config });
    let mut gop = Gop::default();
    for number in 0..FRAMES {
        let is_key = number == 0;
        let data = vec![0x88; if is_key { KEYFRAME } else { PICTURE }].into();
        let wall = WallTime(number as i64 * 40_000);
        let frame = Frame { wall, composition_us: 0, is_key, data, params: params.clone() };
        assert!(gop.push(frame).is_none(), "a GOP of two seconds is one fragment");
    }
    gop
}
