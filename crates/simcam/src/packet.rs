//! A clip cut into RTP packets once, so that sending a frame is a few patches
//! where its packets lie (RFC 3550, RFC 6184; interleaved as RFC 2326 §10.12 has it).
//!
//! ```text
//! access unit   $ ch len │ RTP │ STAP-A: SPS PPS stamp     $ ch len │ RTP │ FU-A …
//!               ▲          ▲                  ▲
//!               channel    sequence, time,    counter, wall time, source
//!                          source             (sei.rs)
//! ```
//!
//! A stream is a pure function of its position, the *counter*: which access
//! unit of which loop comes, its RTP time and its sequence numbers. So all
//! viewers of a stream get the same packets, and nothing is remembered between
//! two of them. When a position is due is [`Reel::due`]; who asks is `pacer`.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use crate::camera::lock;
use crate::clip::{Clip, FrameRate};
use crate::rtsp::sdp::PAYLOAD_TYPE;
use crate::sei::{self, Stamp};

/// The largest RTP payload. Over TCP nothing forces it below 64 kB; cameras
/// send what also fits into an Ethernet frame over UDP, and so do we.
const MAX_PAYLOAD: usize = 1400;
/// `$`, channel, length.
const INTERLEAVED_HEADER: usize = 4;
/// An RTP header without extensions.
const RTP_HEADER: usize = 12;
const HEADERS: usize = INTERLEAVED_HEADER + RTP_HEADER;

const NAL_STAP_A: u8 = 24;
const NAL_FU_A: u8 = 28;

/// A clip in packets.
#[derive(Debug)]
pub(crate) struct Reel {
    sps: Bytes,
    pps: Bytes,
    frame_rate: FrameRate,
    duration_90k: u64,
    /// All packets of all units, one after the other. What distinguishes streams
    /// is patched in for each frame that is sent.
    data: Mutex<Vec<u8>>,
    /// Where each packet begins in `data`.
    packets: Vec<usize>,
    // Invariant: not empty, the first is a keyframe, times rise from zero and
    // stay below the duration.
    units: Vec<Unit>,
}

#[derive(Debug)]
struct Unit {
    at_90k: u64,
    is_key: bool,
    /// The index of its first packet in `packets`.
    first_packet: usize,
    /// Where its stamp's NAL unit stands in `data`.
    stamp: usize,
}

/// What distinguishes the packets of one stream from those of another that
/// replays the same clip.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity {
    /// The synchronisation source, and the `source` of stamps.
    pub(crate) ssrc: u32,
    /// The sequence number of the first packet of all.
    pub(crate) first_sequence: u16,
    /// The RTP time at position zero.
    pub(crate) first_time: u32,
}

/// The packets of one access unit, ready to be written.
#[derive(Debug)]
pub(crate) struct Burst<'a> {
    data: &'a mut [u8],
    /// Where each packet begins, counted from the beginning of the reel.
    starts: &'a [usize],
    channel: Option<u8>,
}

/// A clip that no camera could send.
#[derive(Debug, thiserror::Error)]
#[error("a clip needs parameter sets, a keyframe first, and times that rise from zero")]
pub(crate) struct UnfitClip;

impl Reel {
    /// Cuts a clip into packets. `with_parameter_sets` puts the parameter sets
    /// before every keyframe; they are in the SDP either way.
    pub(crate) fn new(clip: &Clip, with_parameter_sets: bool) -> Result<Self, UnfitClip> {
        let times = || clip.access_units.iter().map(|unit| unit.at_90k);
        let begins_well =
            clip.access_units.first().is_some_and(|unit| unit.is_key) && times().next() == Some(0);
        let rises =
            times().chain([clip.duration_90k]).is_sorted_by(|earlier, later| earlier < later);
        let nals = clip.access_units.iter().flat_map(|unit| &unit.nals);
        let says_something = clip.access_units.iter().all(|unit| !unit.nals.is_empty())
            && nals.chain([&clip.sps, &clip.pps]).all(|nal| !nal.is_empty());
        if !begins_well || !rises || !says_something {
            return Err(UnfitClip);
        }
        let mut reel = Self {
            sps: clip.sps.clone(),
            pps: clip.pps.clone(),
            frame_rate: clip.frame_rate,
            duration_90k: clip.duration_90k,
            data: Mutex::new(Vec::with_capacity(clip.size_bytes() + clip.size_bytes() / 16)),
            packets: Vec::new(),
            units: Vec::with_capacity(clip.access_units.len()),
        };
        for unit in &clip.access_units {
            reel.units.push(Unit {
                at_90k: unit.at_90k,
                is_key: unit.is_key,
                first_packet: reel.packets.len(),
                stamp: 0,
            });
            reel.push_preface(unit.is_key && with_parameter_sets);
            for nal in &unit.nals {
                reel.push_nal(nal);
            }
            reel.mark_last();
        }
        Ok(reel)
    }

    /// Returns the sequence and the picture parameter set.
    pub(crate) fn parameter_sets(&self) -> (&Bytes, &Bytes) {
        (&self.sps, &self.pps)
    }

    /// Returns frames per second, rounded to three digits.
    pub(crate) fn frame_rate(&self) -> f64 {
        let rate = f64::from(self.frame_rate.frames) / f64::from(self.frame_rate.seconds.max(1));
        (rate * 1000.0).round() / 1000.0
    }

    /// Returns how many access units are due at a stream's time `now_90k`: the
    /// position of the next one to send.
    pub(crate) fn due(&self, now_90k: u64) -> u64 {
        let loops = now_90k / self.duration_90k;
        let within = now_90k % self.duration_90k;
        let units = self.units.partition_point(|unit| unit.at_90k <= within);
        loops * self.units.len() as u64 + units as u64
    }

    /// Returns the stream's time at which the access unit `counter` is taken.
    pub(crate) fn time_90k(&self, counter: u64) -> u64 {
        let (loops, index) = self.place(counter);
        loops * self.duration_90k + self.units[index].at_90k
    }

    /// Returns the first keyframe from `counter` on.
    pub(crate) fn next_key(&self, counter: u64) -> u64 {
        // The first unit is a keyframe, so a search of one loop ends.
        (counter..).find(|&at| self.units[self.place(at).1].is_key).unwrap_or(counter)
    }

    /// Returns the sequence number of the first packet of `counter`.
    pub(crate) fn sequence(&self, counter: u64, identity: &Identity) -> u16 {
        let (loops, index) = self.place(counter);
        let packets =
            loops.wrapping_mul(self.packets.len() as u64) + self.units[index].first_packet as u64;
        identity.first_sequence.wrapping_add(packets as u16)
    }

    /// Returns the RTP time of `counter`.
    pub(crate) fn rtp_time(&self, counter: u64, identity: &Identity) -> u32 {
        identity.first_time.wrapping_add(self.time_90k(counter) as u32)
    }

    /// Passes the packets of the access unit `counter`, taken at `wall_us`, to
    /// `send`. Others that send from this reel wait meanwhile.
    pub(crate) fn send<T>(
        &self,
        counter: u64,
        wall_us: i64,
        identity: &Identity,
        send: impl FnOnce(&mut Burst<'_>) -> T,
    ) -> T {
        let index = self.place(counter).1;
        let unit = &self.units[index];
        let next = self.units.get(index + 1).map_or(self.packets.len(), |next| next.first_packet);
        let starts = &self.packets[unit.first_packet..next];
        let mut data = lock(&self.data);
        let end = self.packets.get(next).copied().unwrap_or(data.len());

        let time = self.rtp_time(counter, identity).to_be_bytes();
        let mut sequence = self.sequence(counter, identity);
        for &start in starts {
            let header = &mut data[start + INTERLEAVED_HEADER..start + HEADERS];
            header[2..4].copy_from_slice(&sequence.to_be_bytes());
            header[4..8].copy_from_slice(&time);
            header[8..12].copy_from_slice(&identity.ssrc.to_be_bytes());
            sequence = sequence.wrapping_add(1);
        }
        let stamp = sei::unit(Stamp { counter, wall_us, source: identity.ssrc });
        data[unit.stamp..unit.stamp + stamp.len()].copy_from_slice(&stamp);
        send(&mut Burst { data: &mut data[starts[0]..end], starts, channel: None })
    }

    /// Returns the loop and the index within it of `counter`.
    fn place(&self, counter: u64) -> (u64, usize) {
        let units = self.units.len() as u64;
        (counter / units, (counter % units) as usize)
    }

    /// Pushes what stands before the slices: the stamp, alone or behind the
    /// parameter sets.
    fn push_preface(&mut self, with_parameter_sets: bool) {
        let stamp = sei::unit(Stamp { counter: 0, wall_us: 0, source: 0 });
        let (sps, pps) = (self.sps.clone(), self.pps.clone());
        let together = 1 + [&sps[..], &pps, &stamp].iter().map(|nal| 2 + nal.len()).sum::<usize>();
        if !with_parameter_sets || together > MAX_PAYLOAD {
            if with_parameter_sets {
                self.push_nal(&sps);
                self.push_nal(&pps);
            }
            self.push_nal(&stamp);
        } else {
            let importance = (sps[0] | pps[0]) & 0x60;
            let mut payload = vec![importance | NAL_STAP_A];
            for nal in [&sps[..], &pps, &stamp] {
                payload.extend_from_slice(&(nal.len() as u16).to_be_bytes());
                payload.extend_from_slice(nal);
            }
            self.push_packet(&[], &payload);
        }
        let stamp_at = self.bytes().len() - stamp.len();
        if let Some(unit) = self.units.last_mut() {
            unit.stamp = stamp_at;
        }
    }

    /// Pushes a NAL unit: whole, or in fragments where it is too long.
    fn push_nal(&mut self, nal: &[u8]) {
        if nal.len() <= MAX_PAYLOAD {
            return self.push_packet(&[], nal);
        }
        let (header, body) = (nal[0], &nal[1..]);
        let pieces = body.chunks(MAX_PAYLOAD - 2);
        let last = pieces.len() - 1;
        for (index, piece) in pieces.enumerate() {
            let edge = u8::from(index == 0) << 7 | u8::from(index == last) << 6;
            self.push_packet(&[header & 0xe0 | NAL_FU_A, edge | header & 0x1f], piece);
        }
    }

    fn push_packet(&mut self, front: &[u8], rest: &[u8]) {
        let start = self.bytes().len();
        self.packets.push(start);
        let length = (RTP_HEADER + front.len() + rest.len()) as u16;
        let bytes = self.bytes();
        bytes.extend_from_slice(&[b'$', 0]);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&[0x80, PAYLOAD_TYPE]);
        bytes.extend_from_slice(&[0; RTP_HEADER - 2]);
        bytes.extend_from_slice(front);
        bytes.extend_from_slice(rest);
    }

    /// Sets the marker on the last packet: the access unit ends there.
    fn mark_last(&mut self) {
        if let Some(&start) = self.packets.last() {
            self.bytes()[start + INTERLEAVED_HEADER + 1] |= 0x80;
        }
    }

    fn bytes(&mut self) -> &mut Vec<u8> {
        self.data.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Burst<'_> {
    /// Returns the bytes to write to a viewer that takes RTP on `channel`.
    pub(crate) fn on_channel(&mut self, channel: u8) -> &[u8] {
        if self.channel != Some(channel) {
            for &start in self.starts {
                self.data[start - self.starts[0] + 1] = channel;
            }
            self.channel = Some(channel);
        }
        self.data
    }

    /// Returns how many packets it holds.
    pub(crate) fn packets(&self) -> u32 {
        self.starts.len() as u32
    }

    /// Returns how many bytes of payload it holds.
    pub(crate) fn payload_bytes(&self) -> u32 {
        (self.data.len() - self.starts.len() * HEADERS) as u32
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::clip::AccessUnit;

    /// Three frames of 40 ms: a keyframe in fragments, one that just fits, and
    /// one of two slices.
    pub(crate) fn clip() -> Clip {
        let nal = |kind: u8, length: usize| {
            std::iter::once(kind).chain((1..length).map(|n| (n % 251) as u8)).collect::<Bytes>()
        };
        let unit = |at_90k, nals: Vec<Bytes>| AccessUnit { is_key: at_90k == 0, at_90k, nals };
        Clip {
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

    const IDENTITY: Identity =
        Identity { ssrc: 0xdead_beef, first_sequence: 65_530, first_time: u32::MAX - 5000 };

    struct Packet {
        channel: u8,
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
            assert_eq!((rtp[0], rtp[1] & 0x7f), (0x80, PAYLOAD_TYPE));
            assert!(rtp.len() - RTP_HEADER <= MAX_PAYLOAD);
            packets.push(Packet {
                channel: bytes[1],
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

    /// Puts NAL units together again, after RFC 6184 §5.
    fn nals(packets: &[Packet]) -> Vec<Vec<u8>> {
        let mut nals: Vec<Vec<u8>> = Vec::new();
        for packet in packets {
            let payload = &packet.payload;
            match payload[0] & 0x1f {
                NAL_STAP_A => {
                    let mut rest = &payload[1..];
                    while !rest.is_empty() {
                        let length = usize::from(u16::from_be_bytes([rest[0], rest[1]]));
                        nals.push(rest[2..2 + length].to_vec());
                        rest = &rest[2 + length..];
                    }
                }
                NAL_FU_A => {
                    if payload[1] & 0x80 != 0 {
                        nals.push(vec![payload[0] & 0xe0 | payload[1] & 0x1f]);
                    }
                    nals.last_mut().unwrap().extend(&payload[2..]);
                }
                _ => nals.push(payload.clone()),
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
        let clip = clip();
        let reel = Reel::new(&clip, true).unwrap();
        for counter in 0..7 {
            let unit = &clip.access_units[counter as usize % 3];
            let nals = nals(&filled(&reel, counter, 1_000_000 + counter as i64));
            let (preface, slices) = nals.split_at(nals.len() - unit.nals.len());
            assert_eq!(slices, unit.nals);
            let (stamp, sets) = preface.split_last().unwrap();
            let wanted =
                Stamp { counter, wall_us: 1_000_000 + counter as i64, source: IDENTITY.ssrc };
            assert_eq!(sei::read_unit(stamp), Some(wanted));
            let expected = if unit.is_key { vec![&clip.sps[..], &clip.pps] } else { Vec::new() };
            assert_eq!(sets, expected);
        }
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
        let other = Identity { ssrc: 1, first_sequence: 2, first_time: 3 };
        assert_ne!(sent(&other, 8, 4), ours);
        assert_eq!(sent(&IDENTITY, 7, 0), ours);
    }

    #[test]
    fn parameter_sets_may_stay_in_the_description_alone() {
        let reel = Reel::new(&clip(), false).unwrap();
        let nals = nals(&filled(&reel, 3, 0));
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
        assert!(spoilt(|clip| clip.access_units[0].at_90k = 1));
        assert!(spoilt(|clip| clip.access_units[2].at_90k = 3600));
        assert!(spoilt(|clip| clip.duration_90k = 7200));
        assert!(spoilt(|clip| clip.access_units[1].nals.clear()));
        assert!(spoilt(|clip| clip.access_units[1].nals.push(Bytes::new())));
        assert!(spoilt(|clip| clip.pps.clear()));
    }
}
