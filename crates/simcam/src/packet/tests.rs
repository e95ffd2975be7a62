//! What comes out of packets is what went in, for every codec.

use super::payload::{NAL_AP, NAL_FU, NAL_FU_A, NAL_STAP_A};
use super::*;
use crate::clip::{AccessUnit, Pattern};

/// Three frames of 40 ms: a keyframe in fragments, one that just fits, and
/// one of two slices.
pub(crate) fn clip() -> Clip {
    let nal = |kind: u8, length: usize| {
        std::iter::once(kind).chain((1..length).map(|n| (n % 251) as u8)).collect::<Bytes>()
    };
    let unit = |at_90k, nals: Vec<Bytes>| AccessUnit {
        is_key: at_90k == 0,
        at_90k,
        sent_90k: at_90k,
        nals,
    };
    Clip {
        codec: Codec::H264,
        vps: None,
        sps: Bytes::from_static(&[0x67, 0x64, 0x00, 0x1f, 0xac]),
        pps: Bytes::from_static(&[0x68, 0xee, 0x3c, 0x80]),
        frame_rate: FrameRate::per_second(25),
        width: 16,
        height: 16,
        duration_90k: 10_800,
        access_units: vec![
            unit(0, vec![nal(0x65, 5000)]),
            unit(3600, vec![nal(0x41, MAX_PAYLOAD)]),
            unit(7200, vec![nal(0x41, 10), nal(0x41, MAX_PAYLOAD + 1)]),
        ],
    }
}

/// The same in H.265.
fn h265_clip() -> Clip {
    let as_h265 = |nal: &Bytes| -> Bytes {
        let kind = if nal[0] == 0x65 { 19 } else { 1 };
        [kind << 1, 1].into_iter().chain(nal[1..].iter().copied()).collect()
    };
    let mut clip = clip();
    clip.codec = Codec::H265;
    clip.vps = Some(Bytes::from_static(&[0x40, 1, 0x0c, 1]));
    clip.sps = Bytes::from_static(&[0x42, 1, 1, 1]);
    clip.pps = Bytes::from_static(&[0x44, 1, 0xc1]);
    for unit in &mut clip.access_units {
        unit.nals = unit.nals.iter().map(as_h265).collect();
    }
    clip
}

fn sets(clip: &Clip) -> Vec<&[u8]> {
    clip.vps.iter().chain([&clip.sps, &clip.pps]).map(|set| &set[..]).collect()
}

const IDENTITY: Identity = Identity {
    ssrc: 0xdead_beef,
    first_sequence: 65_530,
    first_time: u32::MAX - 5000,
    first_counter: 0,
};

struct Packet {
    channel: u8,
    payload_type: u8,
    marker: bool,
    sequence: u16,
    time: u32,
    ssrc: u32,
    payload: Vec<u8>,
}

fn packets(mut bytes: &[u8]) -> Vec<Packet> {
    let mut packets = Vec::new();
    while !bytes.is_empty() {
        assert_eq!(bytes[0], b'$');
        let length = usize::from(u16::from_be_bytes([bytes[2], bytes[3]]));
        let rtp = &bytes[4..4 + length];
        assert_eq!(rtp[0], 0x80);
        assert!(rtp.len() - RTP_HEADER <= MAX_PAYLOAD);
        packets.push(Packet {
            channel: bytes[1],
            payload_type: rtp[1] & 0x7f,
            marker: rtp[1] & 0x80 != 0,
            sequence: u16::from_be_bytes([rtp[2], rtp[3]]),
            time: u32::from_be_bytes(rtp[4..8].try_into().unwrap()),
            ssrc: u32::from_be_bytes(rtp[8..12].try_into().unwrap()),
            payload: rtp[12..].to_vec(),
        });
        bytes = &bytes[4 + length..];
    }
    packets
}

/// Puts NAL units together again, after RFC 6184 §5 and RFC 7798 §4.4.
fn nals(codec: Codec, packets: &[Packet]) -> Vec<Vec<u8>> {
    let mut nals: Vec<Vec<u8>> = Vec::new();
    let mut unpack = |mut rest: &[u8]| {
        while !rest.is_empty() {
            let length = usize::from(u16::from_be_bytes([rest[0], rest[1]]));
            nals.push(rest[2..2 + length].to_vec());
            rest = &rest[2 + length..];
        }
        nals.len()
    };
    let mut open: Option<Vec<u8>> = None;
    for packet in packets {
        let payload = &packet.payload;
        let (kind, header) = match codec {
            Codec::H264 => (payload[0] & 0x1f, 1),
            Codec::H265 => (payload[0] >> 1 & 0x3f, 2),
        };
        if kind == NAL_STAP_A && codec == Codec::H264 || kind == NAL_AP && codec == Codec::H265 {
            unpack(&payload[header..]);
        } else if kind == NAL_FU_A && codec == Codec::H264 || kind == NAL_FU {
            let edge = payload[header];
            if edge & 0x80 != 0 {
                assert!(open.is_none());
                open = Some(match codec {
                    Codec::H264 => vec![payload[0] & 0xe0 | edge & 0x1f],
                    Codec::H265 => vec![payload[0] & 0x81 | (edge & 0x3f) << 1, payload[1]],
                });
            }
            open.as_mut().unwrap().extend(&payload[header + 1..]);
            if edge & 0x40 != 0 {
                let whole = open.take().unwrap();
                let length = (whole.len() as u16).to_be_bytes();
                unpack(&[&length[..], &whole].concat());
            }
        } else {
            let length = (payload.len() as u16).to_be_bytes();
            unpack(&[&length[..], payload].concat());
        }
    }
    nals
}

fn filled(reel: &Reel, counter: u64, wall_us: i64) -> Vec<Packet> {
    reel.send(counter, wall_us, &IDENTITY, |burst| {
        let packets = packets(burst.on_channel(0));
        assert_eq!(burst.packets() as usize, packets.len());
        let payload: usize = packets.iter().map(|packet| packet.payload.len()).sum();
        assert_eq!(burst.payload_bytes() as usize, payload);
        packets
    })
}

#[test]
fn a_frame_comes_out_of_its_packets_as_it_went_in_behind_its_stamp() {
    for clip in [clip(), h265_clip()] {
        let reel = Reel::new(&clip, true).unwrap();
        for counter in 0..7 {
            let unit = &clip.access_units[counter as usize % 3];
            let packets = filled(&reel, counter, 1_000_000 + counter as i64);
            assert!(packets.iter().all(|packet| packet.payload_type == 96));
            let nals = nals(clip.codec, &packets);
            let (preface, slices) = nals.split_at(nals.len() - unit.nals.len());
            assert_eq!(slices, unit.nals);
            let (stamp, before) = preface.split_last().unwrap();
            let wanted =
                Stamp { counter, wall_us: 1_000_000 + counter as i64, source: IDENTITY.ssrc };
            assert_eq!(sei::read_unit(stamp), Some(wanted));
            let expected = if unit.is_key { sets(&clip) } else { Vec::new() };
            assert_eq!(before, expected);
        }
    }
}

#[test]
fn b_frames_carry_the_time_at_which_they_were_taken_and_are_sent_in_order() {
    let pattern = Pattern { b_frames: 2, ..Pattern::default() };
    let clip = Clip::test_pattern(pattern).unwrap();
    let reel = Reel::new(&clip, true).unwrap();
    let time = |counter| reel.rtp_time(counter, &IDENTITY);
    let mut taken: Vec<i64> = Vec::new();
    for counter in 0..150 {
        let unit = &clip.access_units[counter as usize % 50];
        let shown = counter / 50 * 180_000 + unit.at_90k;
        let after_the_first = time(counter).wrapping_sub(time(0));
        assert_eq!(after_the_first, shown as u32);
        assert_eq!(filled(&reel, counter, 0)[0].time, time(counter));
        // Nothing is sent before it was taken, and all by the rate of frames.
        assert!(reel.taken_90k(counter) <= reel.time_90k(counter) as i64);
        assert_eq!(reel.time_90k(counter), counter * 3600);
        taken.push(reel.taken_90k(counter));
    }
    assert!(!taken.is_sorted());
    taken.sort_unstable();
    assert!(taken.windows(2).all(|pair| pair[1] - pair[0] == 3600));
}

#[test]
fn a_frame_of_sound_is_a_packet_and_times_count_its_samples() {
    let frames = [3_usize, 200, 90].map(|length| vec![length as u8; length].into()).to_vec();
    let aac = Sound { codec: SoundCodec::Aac, frames, tone_hz: 440, loop_seconds: 1 };
    let reel = Reel::of_sound(&aac).unwrap();
    for counter in 0..9 {
        let packets = filled(&reel, counter, 0);
        let [packet] = &packets[..] else { panic!("{} packets", packets.len()) };
        let frame = &aac.frames[counter as usize % 3];
        assert_eq!(packet.payload[..2], [0, 16]);
        assert_eq!(
            u16::from_be_bytes([packet.payload[2], packet.payload[3]]) >> 3,
            frame.len() as u16
        );
        assert_eq!(packet.payload[4..], frame[..]);
        assert!(packet.marker && packet.payload_type == 97);
        let samples = packet.time.wrapping_sub(IDENTITY.first_time);
        assert_eq!(samples, counter as u32 * 1024);
    }
    for (codec, payload_type) in [(SoundCodec::Pcmu, 0), (SoundCodec::Pcma, 8)] {
        let frames = vec![vec![0xd5; 160].into(); 50];
        let sound = Sound { codec, frames, tone_hz: 440, loop_seconds: 1 };
        let reel = Reel::of_sound(&sound).unwrap();
        let packet = filled(&reel, 51, 0).remove(0);
        assert_eq!((packet.payload_type, packet.payload.len()), (payload_type, 160));
        assert_eq!(packet.time.wrapping_sub(IDENTITY.first_time), 51 * 160);
        assert_eq!(reel.time_90k(51), 51 * 1800);
    }
    let silent = Sound { codec: SoundCodec::Aac, frames: vec![], tone_hz: 440, loop_seconds: 1 };
    assert!(Reel::of_sound(&silent).is_err());
}

#[test]
fn datagrams_are_the_packets_without_their_frames() {
    let reel = Reel::new(&clip(), true).unwrap();
    reel.send(0, 0, &IDENTITY, |burst| {
        let framed = packets(burst.on_channel(3));
        let bare: Vec<_> = burst.datagrams().map(|packet| packet[RTP_HEADER..].to_vec()).collect();
        assert!(framed.len() > 3);
        assert!(framed.into_iter().map(|packet| packet.payload).eq(bare));
    });
}

#[test]
fn numbers_and_times_run_on_through_the_seam_and_past_their_end() {
    let reel = Reel::new(&clip(), true).unwrap();
    let (mut sequence, mut time) = (IDENTITY.first_sequence, IDENTITY.first_time);
    for counter in 0..40_000 {
        assert_eq!(reel.sequence(counter, &IDENTITY), sequence, "{counter}");
        assert_eq!(reel.rtp_time(counter, &IDENTITY), time, "{counter}");
        let packets = filled(&reel, counter, 0);
        for packet in &packets {
            assert_eq!((packet.sequence, packet.time), (sequence, time));
            assert_eq!(packet.ssrc, IDENTITY.ssrc);
            sequence = sequence.wrapping_add(1);
        }
        let markers: Vec<_> = packets.iter().map(|packet| packet.marker).collect();
        assert_eq!(markers.iter().filter(|&&marker| marker).count(), 1);
        assert_eq!(markers.last(), Some(&true));
        time = time.wrapping_add(3600);
    }
}

#[test]
fn a_frame_is_due_from_its_time_on() {
    let reel = Reel::new(&clip(), true).unwrap();
    for counter in 0..10 {
        let time = reel.time_90k(counter);
        assert_eq!(reel.due(time), counter + 1);
        assert_eq!(time.checked_sub(1).map_or(0, |before| reel.due(before)), counter);
    }
    let keys: Vec<_> = (0..5).map(|counter| reel.next_key(counter)).collect();
    assert_eq!(keys, [0, 3, 3, 3, 6]);
}

#[test]
fn a_burst_goes_to_viewers_on_different_channels() {
    let reel = Reel::new(&clip(), true).unwrap();
    reel.send(0, 0, &IDENTITY, |burst| {
        let zero = burst.on_channel(0).to_vec();
        assert!(packets(burst.on_channel(6)).iter().all(|packet| packet.channel == 6));
        assert_eq!(burst.on_channel(0), zero);
    });
}

#[test]
fn streams_that_share_a_reel_leave_nothing_of_theirs_behind() {
    let reel = Reel::new(&clip(), true).unwrap();
    let sent = |identity: &Identity, wall_us, channel| {
        reel.send(0, wall_us, identity, |burst| burst.on_channel(channel).to_vec())
    };
    let ours = sent(&IDENTITY, 7, 0);
    let other = Identity { ssrc: 1, first_sequence: 2, first_time: 3, first_counter: 0 };
    assert_ne!(sent(&other, 8, 4), ours);
    assert_eq!(sent(&IDENTITY, 7, 0), ours);
}

#[test]
fn parameter_sets_may_stay_in_the_description_alone() {
    let reel = Reel::new(&clip(), false).unwrap();
    let nals = nals(Codec::H264, &filled(&reel, 3, 0));
    assert_eq!(nals.len(), 2);
    assert!(sei::read_unit(&nals[0]).is_some_and(|stamp| stamp.counter == 3));
}

#[test]
fn what_no_camera_could_send_is_refused() {
    let spoilt = |spoil: fn(&mut Clip)| {
        let mut clip = clip();
        spoil(&mut clip);
        Reel::new(&clip, true).is_err()
    };
    assert!(spoilt(|clip| clip.access_units.clear()));
    assert!(spoilt(|clip| clip.access_units[0].is_key = false));
    assert!(spoilt(|clip| clip.access_units[0].sent_90k = 1));
    assert!(spoilt(|clip| clip.access_units[2].sent_90k = 3600));
    assert!(spoilt(|clip| clip.duration_90k = 7200));
    assert!(spoilt(|clip| clip.access_units[1].nals.clear()));
    assert!(spoilt(|clip| clip.access_units[1].nals.push(Bytes::new())));
    assert!(spoilt(|clip| clip.pps.clear()));
    assert!(spoilt(|clip| clip.access_units[1].at_90k = 10_800));
    assert!(spoilt(|clip| clip.codec = Codec::H265));
}
