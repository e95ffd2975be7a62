//! Frames into RTP packets (RFC 3550), each behind the four bytes by which they
//! stand in the connection; and sender reports, which say what wall time a
//! timestamp is.
//!
//! ```text
//! H.264   RFC 6184   units as they are, or FU-A; parameter sets before each keyframe
//! H.265   RFC 7798   likewise, FU
//! AAC     RFC 3640   AAC-hbr, a frame a packet
//! G.711   RFC 3551   samples
//! ```
//!
//! A timestamp is the moment at which a picture was taken, on the server's axis.

use base::WallTime;
use bytes::{BufMut, Bytes, BytesMut};
use media::{Codec, Frame, Params, h264, h265, nal};

/// The most bytes of a packet's payload: what fits through any network, since
/// clients may pass packets on by UDP.
const MOST_PAYLOAD: usize = 1400;

/// Seconds from 1900, where NTP counts from, to 1970.
const NTP_TO_UNIX_S: u64 = 2_208_988_800;

/// Makes the packets of one track.
#[derive(Debug)]
pub struct Packetizer {
    codec: Codec,
    payload_type: u8,
    clock_hz: u32,
    /// What the description says of sound and no packet can; of pictures nothing,
    /// whose parameter sets come before each keyframe.
    sound_config: Option<Bytes>,
    /// The channel that packets are sent on; reports go on the next.
    channel: u8,
    ssrc: u32,
    sequence: u16,
    packets: u32,
    octets: u32,
    /// The latest frame's moment and timestamp.
    latest: Option<(WallTime, u32)>,
    /// Where sound goes on if nothing is missing.
    next_sound: Option<u32>,
}

/// Returns the payload type and the clock of a codec; `None` for one that does
/// not go this way.
pub fn format(params: &Params) -> Option<(u8, u32)> {
    match params.codec {
        Codec::H264 | Codec::H265 => Some((96, 90_000)),
        Codec::Aac => Some((97, params.sampling()?.rate_hz)),
        Codec::Pcmu => Some((0, 8_000)),
        Codec::Pcma => Some((8, 8_000)),
        Codec::Opus => None,
    }
}

impl Packetizer {
    /// Makes the packetizer of a track, unless its codec does not go this way.
    pub fn new(params: &Params, channel: u8, ssrc: u32) -> Option<Self> {
        let (payload_type, clock_hz) = format(params)?;
        Some(Self {
            codec: params.codec,
            payload_type,
            clock_hz,
            sound_config: sound_config(params),
            channel,
            ssrc,
            sequence: ssrc as u16,
            packets: 0,
            octets: 0,
            latest: None,
            next_sound: None,
        })
    }

    /// Returns whether frames of these parameters may follow without a new
    /// description.
    pub fn takes(&self, params: &Params) -> bool {
        params.codec == self.codec
            && format(params) == Some((self.payload_type, self.clock_hz))
            && sound_config(params) == self.sound_config
    }

    /// Returns the number of the next packet.
    pub fn sequence(&self) -> u16 {
        self.sequence
    }

    /// Appends the packets of a frame.
    pub fn put(&mut self, frame: &Frame, out: &mut BytesMut) {
        let shown = WallTime(frame.wall.0.saturating_add(frame.composition_us.into()));
        let mut timestamp = timestamp(shown, self.clock_hz);
        match self.codec {
            Codec::H264 | Codec::H265 => {
                self.latest = Some((shown, timestamp));
                self.put_picture(frame, timestamp, out);
            }
            Codec::Aac => {
                timestamp = self.sound(shown, timestamp, 1024);
                self.put_aac(&frame.data, timestamp, out);
            }
            Codec::Pcmu | Codec::Pcma => {
                let samples = u32::try_from(frame.data.len()).unwrap_or(0);
                timestamp = self.sound(shown, timestamp, samples);
                for (piece, number) in frame.data.chunks(MOST_PAYLOAD).zip(0_u32..) {
                    let at = timestamp.wrapping_add(number * MOST_PAYLOAD as u32);
                    self.packet(out, at, true, &[piece]);
                }
            }
            Codec::Opus => {}
        }
    }

    /// Appends a sender report with the name of the source, once a frame was sent.
    pub fn put_report(&self, out: &mut BytesMut) {
        let Some((wall, timestamp)) = self.latest else { return };
        const CNAME: &[u8] = b"khue";
        let us = u64::try_from(wall.0).unwrap_or(0);
        let fraction = ((us % 1_000_000) << 32) / 1_000_000;
        out.put_slice(&[b'$', self.channel + 1]);
        out.put_u16(28 + 16);
        out.put_slice(&[0x80, 200]);
        out.put_u16(6);
        out.put_u32(self.ssrc);
        out.put_u64((us / 1_000_000 + NTP_TO_UNIX_S) << 32 | fraction);
        out.put_u32(timestamp);
        out.put_u32(self.packets);
        out.put_u32(self.octets);
        out.put_slice(&[0x81, 202]);
        out.put_u16(3);
        out.put_u32(self.ssrc);
        out.put_slice(&[1, CNAME.len() as u8]);
        out.put_slice(CNAME);
        out.put_slice(&[0, 0]);
    }

    /// Returns the timestamp of sound: where the samples before ended, unless
    /// some are missing. Wall time moves a little against the samples, which
    /// players would hear.
    fn sound(&mut self, shown: WallTime, by_wall: u32, samples: u32) -> u32 {
        let timestamp = match self.next_sound {
            Some(next) if (by_wall.wrapping_sub(next) as i32).unsigned_abs() < samples.max(1) => {
                next
            }
            _ => by_wall,
        };
        self.next_sound = Some(timestamp.wrapping_add(samples));
        self.latest = Some((shown, timestamp));
        timestamp
    }

    fn put_picture(&mut self, frame: &Frame, timestamp: u32, out: &mut BytesMut) {
        let mut units: Vec<&[u8]> = Vec::new();
        if frame.is_key {
            units.extend(parameter_sets(&frame.params));
        }
        units.extend(nal::length_prefixed(&frame.data).map_while(Result::ok));
        // What is shorter than its header is no unit.
        let header = if self.codec == Codec::H265 { 2 } else { 1 };
        units.retain(|unit| unit.len() > header);
        let last = units.len().saturating_sub(1);
        for (index, unit) in units.into_iter().enumerate() {
            let ends = index == last;
            if unit.len() <= MOST_PAYLOAD {
                self.packet(out, timestamp, ends, &[unit]);
                continue;
            }
            let (head, body) = unit.split_at(header);
            let pieces = body.chunks(MOST_PAYLOAD - 3);
            let of = pieces.len();
            for (number, piece) in pieces.enumerate() {
                let (starts, is_end) = (number == 0, number + 1 == of);
                let edge = u8::from(starts) << 7 | u8::from(is_end) << 6;
                match *head {
                    [one] => {
                        let fu = [one & 0xe0 | 28, edge | one & 0x1f];
                        self.packet(out, timestamp, ends && is_end, &[&fu, piece]);
                    }
                    [one, two] => {
                        let fu = [one & 0x81 | 49 << 1, two, edge | one >> 1 & 0x3f];
                        self.packet(out, timestamp, ends && is_end, &[&fu, piece]);
                    }
                    _ => {}
                }
            }
        }
    }

    fn put_aac(&mut self, data: &[u8], timestamp: u32, out: &mut BytesMut) {
        // The length has 13 bits; no frame of AAC is longer.
        let Some(length) = u16::try_from(data.len()).ok().filter(|length| *length < 1 << 13) else {
            return;
        };
        let [high, low] = (length << 3).to_be_bytes();
        let header = [0, 16, high, low];
        let pieces = data.chunks(MOST_PAYLOAD - 4);
        let of = pieces.len();
        for (number, piece) in pieces.enumerate() {
            self.packet(out, timestamp, number + 1 == of, &[&header, piece]);
        }
    }

    fn packet(&mut self, out: &mut BytesMut, timestamp: u32, marker: bool, payload: &[&[u8]]) {
        let length: usize = payload.iter().map(|piece| piece.len()).sum();
        out.reserve(16 + length);
        out.put_slice(&[b'$', self.channel]);
        out.put_u16(12 + length as u16); // at most MOST_PAYLOAD and a header
        out.put_slice(&[0x80, u8::from(marker) << 7 | self.payload_type]);
        out.put_u16(self.sequence);
        out.put_u32(timestamp);
        out.put_u32(self.ssrc);
        payload.iter().for_each(|piece| out.put_slice(piece));
        self.sequence = self.sequence.wrapping_add(1);
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(length as u32);
    }
}

fn sound_config(params: &Params) -> Option<Bytes> {
    params.codec.is_sound().then(|| params.config.clone())
}

/// Returns the parameter sets of pictures, in the order in which they are sent.
pub(super) fn parameter_sets(params: &Params) -> Vec<&[u8]> {
    match params.codec {
        Codec::H264 => h264::Config::parse(&params.config)
            .map(|config| config.sps.into_iter().chain(config.pps).collect())
            .unwrap_or_default(),
        Codec::H265 => h265::Config::parse(&params.config)
            .map(|config| config.vps.into_iter().chain(config.sps).chain(config.pps).collect())
            .unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// Returns a moment in ticks of a clock, of which the lowest 32 bits are sent.
fn timestamp(wall: WallTime, clock_hz: u32) -> u32 {
    (i128::from(wall.0) * i128::from(clock_hz) / 1_000_000) as u32
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const START: WallTime = WallTime(1_795_135_338_000_000);

    /// Takes the packets apart: marker, type, sequence, timestamp, payload.
    fn packets(out: &[u8]) -> Vec<(bool, u8, u16, u32, Vec<u8>)> {
        let mut rest = out;
        let mut packets = Vec::new();
        while let [b'$', 4, high, low, after @ ..] = rest {
            let (packet, behind) = after.split_at(usize::from(u16::from_be_bytes([*high, *low])));
            let number = |range: std::ops::Range<usize>| {
                packet[range].iter().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte))
            };
            assert_eq!((packet[0], number(8..12)), (0x80, 0xabcd_0001));
            packets.push((
                packet[1] & 0x80 != 0,
                packet[1] & 0x7f,
                number(2..4) as u16,
                number(4..8),
                packet[12..].to_vec(),
            ));
            rest = behind;
        }
        assert!(rest.is_empty());
        packets
    }

    fn h264_params() -> Arc<Params> {
        let config = h264::config_record(&[0x67, 77, 0, 41, 1], &[0x68, 9]);
        Arc::new(Params { codec: Codec::H264, width: 64, height: 48, config })
    }

    fn picture(params: &Arc<Params>, units: &[&[u8]], is_key: bool) -> Frame {
        let mut data = Vec::new();
        units.iter().for_each(|unit| nal::push_length_prefixed(&mut data, unit));
        let params = params.clone();
        Frame { wall: START, composition_us: 40_000, is_key, data: data.into(), params }
    }

    #[test]
    fn a_keyframe_of_h264_has_its_parameter_sets_before_it_and_ends_with_a_marker() {
        let params = h264_params();
        let mut packetizer = Packetizer::new(&params, 4, 0xabcd_0001).unwrap();
        let slice: Vec<u8> = (0..3000_u32).map(|n| if n == 0 { 0x65 } else { n as u8 }).collect();
        let mut out = BytesMut::new();
        packetizer.put(&picture(&params, &[&[6, 5], &slice], true), &mut out);
        let packets = packets(&out);
        let at = timestamp(WallTime(START.0 + 40_000), 90_000);
        assert!(packets.iter().all(|packet| packet.1 == 96 && packet.3 == at));
        let numbers: Vec<_> = packets.iter().map(|packet| packet.2).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
        let markers: Vec<_> = packets.iter().map(|packet| packet.0).collect();
        assert_eq!(markers, [false, false, false, false, false, true]);
        assert_eq!(packets[0].4, [0x67, 77, 0, 41, 1]);
        assert_eq!(packets[1].4, [0x68, 9]);
        assert_eq!(packets[2].4, [6, 5]);
        let heads: Vec<_> = packets[3..].iter().map(|packet| (packet.4[0], packet.4[1])).collect();
        assert_eq!(heads, [(0x7c, 0x85), (0x7c, 0x05), (0x7c, 0x45)]);
        let joined: Vec<u8> =
            packets[3..].iter().flat_map(|packet| packet.4[2..].to_vec()).collect();
        assert_eq!(joined, slice[1..]);
        assert!(packets.iter().all(|packet| packet.4.len() <= MOST_PAYLOAD));
    }

    #[test]
    fn units_of_h265_are_fragmented_behind_both_bytes_of_their_header() {
        let config = Bytes::new();
        let params = Arc::new(Params { codec: Codec::H265, width: 64, height: 48, config });
        let mut packetizer = Packetizer::new(&params, 4, 0xabcd_0001).unwrap();
        let mut slice = vec![1 << 1 | 1, 3];
        slice.extend((0..2000_u32).map(|n| n as u8));
        let mut out = BytesMut::new();
        packetizer.put(&picture(&params, &[&slice], false), &mut out);
        let packets = packets(&out);
        let heads: Vec<_> = packets.iter().map(|packet| packet.4[..3].to_vec()).collect();
        assert_eq!(heads, [[49 << 1 | 1, 3, 0x80 | 1], [49 << 1 | 1, 3, 0x40 | 1]]);
        let joined: Vec<u8> = packets.iter().flat_map(|packet| packet.4[3..].to_vec()).collect();
        assert_eq!(joined, slice[2..]);
    }

    #[test]
    fn sound_goes_on_by_its_samples_and_jumps_where_some_are_missing() {
        let params = Arc::new(Params::sound(Codec::Aac, Bytes::from_static(&[0x14, 0x08])));
        let mut packetizer = Packetizer::new(&params, 4, 0xabcd_0001).unwrap();
        let mut out = BytesMut::new();
        let first = timestamp(START, 16_000);
        for offset_us in [0, 64_700, 127_400, 1_000_000] {
            let wall = WallTime(START.0 + offset_us);
            let data = Bytes::from_static(&[1, 2, 3, 4, 5]);
            let params = params.clone();
            packetizer
                .put(&Frame { wall, composition_us: 0, is_key: true, data, params }, &mut out);
        }
        let packets = packets(&out);
        let times: Vec<_> = packets.iter().map(|packet| packet.3.wrapping_sub(first)).collect();
        assert_eq!(times, [0, 1024, 2048, 16_000]);
        assert_eq!(packets[0].4, [0, 16, 0, 5 << 3, 1, 2, 3, 4, 5]);
        assert!(packets.iter().all(|packet| packet.0 && packet.1 == 97));
    }

    #[test]
    fn sound_of_another_configuration_needs_a_new_description_and_pictures_do_not() {
        let aac = |config: &'static [u8]| Params::sound(Codec::Aac, Bytes::from_static(config));
        let mono = aac(&[0x14, 0x08]);
        let packetizer = Packetizer::new(&mono, 4, 0xabcd_0001).unwrap();
        assert!(packetizer.takes(&mono));
        for (other, what) in [
            (aac(&[0x14, 0x10]), "two channels"),
            (aac(&[0x0c, 0x08]), "another object type"),
            (aac(&[0x12, 0x08]), "another rate"),
            (Params::sound(Codec::Pcma, Bytes::new()), "another codec"),
        ] {
            assert!(!packetizer.takes(&other), "{what}");
        }
        let packetizer = Packetizer::new(&h264_params(), 4, 0xabcd_0001).unwrap();
        let config = h264::config_record(&[0x67, 77, 0, 41, 2], &[0x68, 8]);
        let other = Params { codec: Codec::H264, width: 128, height: 96, config };
        assert!(packetizer.takes(&other), "its parameter sets go along");
    }

    #[test]
    fn samples_of_g711_are_cut_into_packets() {
        let params = Arc::new(Params::sound(Codec::Pcma, Bytes::new()));
        let mut packetizer = Packetizer::new(&params, 4, 0xabcd_0001).unwrap();
        let frame = Frame {
            wall: START,
            composition_us: 0,
            is_key: true,
            data: vec![7; 3000].into(),
            params: params.clone(),
        };
        let mut out = BytesMut::new();
        packetizer.put(&frame, &mut out);
        let lengths: Vec<_> = packets(&out).iter().map(|packet| packet.4.len()).collect();
        assert_eq!(lengths, [1400, 1400, 200]);
        assert_eq!(packets(&out)[1].3 - packets(&out)[0].3, 1400);
    }

    #[test]
    fn a_report_says_which_wall_time_a_timestamp_is() {
        let params = h264_params();
        let mut packetizer = Packetizer::new(&params, 4, 0xabcd_0001).unwrap();
        let mut out = BytesMut::new();
        packetizer.put_report(&mut out);
        assert!(out.is_empty(), "nothing was sent yet");
        let frame = Frame { composition_us: 500_000, ..picture(&params, &[&[0x41, 1, 2]], false) };
        packetizer.put(&frame, &mut out);
        out.clear();
        packetizer.put_report(&mut out);
        assert_eq!(out[..8], [b'$', 5, 0, 44, 0x80, 200, 0, 6]);
        let seconds = u32::from_be_bytes(out[12..16].try_into().unwrap());
        assert_eq!(u64::from(seconds), 1_795_135_338 + NTP_TO_UNIX_S);
        assert_eq!(out[16..20], [0x80, 0, 0, 0], "and a half");
        let at = timestamp(WallTime(START.0 + 500_000), 90_000);
        assert_eq!(out[20..24], at.to_be_bytes());
        assert_eq!(out[24..32], [0, 0, 0, 1, 0, 0, 0, 3]);
        assert_eq!(out.len(), 48);
    }

    #[test]
    fn a_lying_frame_makes_no_packet_that_lies() {
        let params = h264_params();
        let mut packetizer = Packetizer::new(&params, 4, 0xabcd_0001).unwrap();
        let mut out = BytesMut::new();
        for data in [&[0, 0, 0, 9, 1][..], &[0, 0, 0, 0], &[0, 0, 0, 1, 0x41], &[1]] {
            let data = Bytes::copy_from_slice(data);
            let frame = Frame { data, ..picture(&params, &[], false) };
            packetizer.put(&frame, &mut out);
        }
        assert!(out.is_empty());
    }
}
