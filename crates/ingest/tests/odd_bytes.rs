//! Whatever a camera sends: what holds for every row of packets and for every cut of
//! its messages. `make fuzz` tries the same for longer, and with coverage.

// Also what is no test itself may unwrap: a panic names the line.
#![allow(clippy::unwrap_used)]

use base::Transport;
use ingest::fuzzing::{answers, messages, session};
use media::{Codec, nal};
use proptest::prelude::*;

/// Payloads that begin as those of a codec do, and go on as they like.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    let begin = prop::sample::select(vec![
        vec![],
        vec![0x41, 0x9a],
        vec![0x65, 0x88],
        vec![0x67],
        vec![0x7c, 0x85],
        vec![0x7c, 0x05],
        vec![0x7c, 0x45],
        vec![24, 0, 3],
        vec![49 << 1, 1, 0x93],
        vec![49 << 1, 1, 0x53],
        vec![48 << 1, 1, 0, 4],
        vec![19 << 1, 1, 0x80],
        vec![0, 16, 0, 0x28],
    ]);
    let rest =
        prop::collection::vec(prop::sample::select(vec![0, 1, 3, 9, 0x65, 0x80, 0xff]), 0..40);
    (begin, rest).prop_map(|(begin, rest)| [begin, rest].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn frames_are_whole_begin_with_a_keyframe_and_rise(
        is_h264: bool,
        by_udp: bool,
        sent in prop::collection::vec((0_u8..4, 0_u16..50_000, 1_u16..3, 0_u32..6, any::<bool>(), payload()), 0..60),
    ) {
        let codec = if is_h264 { Codec::H264 } else { Codec::H265 };
        let way = if by_udp { Transport::Udp } else { Transport::Tcp };
        let mut sequence = 0_u16;
        let packets: Vec<_> = sent
            .into_iter()
            .map(|(channel, after, step, time, mark, payload)| {
                sequence = sequence.wrapping_add(step);
                let mut packet = vec![0x80, u8::from(mark) << 7 | 96];
                packet.extend(sequence.to_be_bytes());
                packet.extend((time * 3_600).to_be_bytes());
                packet.extend([0, 0, 0, channel]);
                packet.extend(payload);
                (channel, u64::from(after), packet)
            })
            .collect();
        let given = packets.iter().map(|(channel, after, packet)| (*channel, *after, &packet[..]));
        let ([frames, sounds], _) = session(codec, way, given);
        prop_assert!(frames.first().is_none_or(|first| first.is_key));
        prop_assert!(frames.is_sorted_by(|one, next| one.wall < next.wall));
        for frame in &frames {
            prop_assert!(nal::length_prefixed(&frame.data).all(|unit| unit.is_ok_and(|unit| !unit.is_empty())));
        }
        prop_assert!(sounds.iter().all(|sound| !sound.data.is_empty()));
    }

    #[test]
    fn the_same_messages_come_out_however_they_are_cut(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "RTSP/1.0 200 OK\r\n", "RTSP/1.0 ", "401 No\n", "CSeq: 3\r\n", "Content-Length: 4\r\n",
            "Content-Length: x\r\n", "\r\n", "\n", " ", "$\0\0\u{3}abc", "$", "body", "OPTIONS * RTSP/1.0\r\n",
            "Session: 7;timeout=9\r\n", "WWW-Authenticate: Digest realm=\"r\", nonce=n\r\n",
            "Transport: interleaved=0-1\r\n", "HTTP/1.1 200 OK\r\n", "ữ",
        ]), 0..16),
        cut: prop::sample::Index,
        body in "(v=0\n)?(m=video 0 RTP/AVP 96\n)?(a=rtpmap:96 H26[45]/90000\n)?(a=control:[a-z:/ ]{0,12}\n)?",
    ) {
        let bytes = pieces.concat().into_bytes();
        let (whole, taken) = messages(&bytes);
        let cut = cut.index(bytes.len() + 1);
        let (mut cut_up, first) = messages(&bytes[..cut]);
        if cut_up.last() != Some(&None) {
            let (more, second) = messages(&bytes[first..]);
            cut_up.extend(more);
            prop_assert_eq!(first + second, taken);
        }
        prop_assert_eq!(cut_up, whole);
        for request in answers(&bytes, body.as_bytes()) {
            let head = request.strip_suffix("\r\n\r\n").unwrap();
            for line in head.split("\r\n") {
                prop_assert!(!line.contains(['\r', '\n']), "{request:?}");
                prop_assert!(line.contains(": ") || line.ends_with(" RTSP/1.0"), "{request:?}");
            }
            prop_assert!(!request.contains("secret7"));
        }
    }
}
