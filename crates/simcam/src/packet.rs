//! A clip or a sound cut into RTP packets once, so that sending a frame is a few
//! patches where its packets lie (RFC 3550; interleaved as RFC 2326 §10.12 has it).
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
//! What a payload is made of is `packet/payload.rs`.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use crate::camera::lock;
use crate::clip::{Clip, Codec, FrameRate};
use crate::sei::{self, Stamp};
use crate::sound::{Sound, SoundCodec};
use payload::MAX_PAYLOAD;

pub(crate) mod payload;

/// `$`, channel, length.
pub(crate) const INTERLEAVED_HEADER: usize = 4;
/// An RTP header without extensions.
pub(crate) const RTP_HEADER: usize = 12;
const HEADERS: usize = INTERLEAVED_HEADER + RTP_HEADER;

/// A clip or a sound in packets.
#[derive(Debug)]
pub(crate) struct Reel {
    /// What it is, as the description tells it.
    pub(crate) matter: Matter,
    duration_90k: u64,
    /// All packets of all units, one after the other. What distinguishes streams
    /// is patched in for each frame that is sent.
    data: Mutex<Vec<u8>>,
    /// Where each packet begins in `data`.
    packets: Vec<usize>,
    // Invariant: not empty, the first is a keyframe, times of sending rise from
    // zero and stay below the duration.
    units: Vec<Unit>,
}

/// What a reel holds.
#[derive(Clone, Debug)]
pub(crate) enum Matter {
    /// Pictures.
    Pictures {
        /// How they are coded.
        codec: Codec,
        /// The parameter sets in their order: VPS (of H.265), SPS, PPS.
        sets: Vec<Bytes>,
        /// How many in a second.
        frame_rate: FrameRate,
    },
    /// Sound.
    Sound {
        /// How it is coded.
        codec: SoundCodec,
    },
}

#[derive(Debug)]
struct Unit {
    /// When it is sent.
    sent_90k: u64,
    /// When it was taken: the same, or some frames before, or after a frame that
    /// was sent before it.
    taken_90k: i64,
    is_key: bool,
    /// The index of its first packet in `packets`.
    first_packet: usize,
    /// Where the body of its stamp's NAL unit stands in `data`, if it has one.
    stamp: Option<usize>,
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
    /// What stamps count from.
    pub(crate) first_counter: u64,
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

impl Matter {
    /// Returns the ticks in a second of the RTP time.
    pub(crate) fn clock_rate(&self) -> u32 {
        match self {
            Self::Pictures { .. } => 90_000,
            Self::Sound { codec } => codec.sample_rate(),
        }
    }

    /// Returns the payload type of its packets.
    pub(crate) fn payload_type(&self) -> u8 {
        match self {
            Self::Pictures { .. } => 96,
            Self::Sound { codec: SoundCodec::Aac } => 97,
            Self::Sound { codec: SoundCodec::Pcmu } => 0,
            Self::Sound { codec: SoundCodec::Pcma } => 8,
        }
    }

    /// Returns a time in ticks of the RTP time.
    pub(crate) fn ticks(&self, time_90k: i64) -> u32 {
        let ticks = i128::from(time_90k) * i128::from(self.clock_rate());
        // The RTP time goes round and round; its low bits are what is sent.
        ticks.div_euclid(90_000) as u32
    }
}

impl Reel {
    /// Cuts a clip into packets. `with_parameter_sets` puts the parameter sets
    /// before every keyframe.
    pub(crate) fn new(clip: &Clip, with_parameter_sets: bool) -> Result<Self, UnfitClip> {
        let (units, sets) = (&clip.access_units, clip.vps.iter().chain([&clip.sps, &clip.pps]));
        let sent = || units.iter().map(|unit| unit.sent_90k);
        let begins_well = units.first().is_some_and(|unit| unit.is_key) && sent().next() == Some(0);
        let rises =
            sent().chain([clip.duration_90k]).is_sorted_by(|earlier, later| earlier < later);
        let shown_in_time = units.iter().all(|unit| unit.at_90k < clip.duration_90k);
        let header = match clip.codec {
            Codec::H264 => 1,
            Codec::H265 => 2,
        };
        let nals = units.iter().flat_map(|unit| &unit.nals);
        let says_something = units.iter().all(|unit| !unit.nals.is_empty())
            && nals.chain(sets.clone()).all(|nal| nal.len() >= header);
        let has_all_sets = clip.vps.is_some() == (clip.codec == Codec::H265);
        if !begins_well || !rises || !shown_in_time || !says_something || !has_all_sets {
            return Err(UnfitClip);
        }
        let delay_90k = clip.delay_90k() as i64;
        let mut reel = Self {
            matter: Matter::Pictures {
                codec: clip.codec,
                sets: sets.cloned().collect(),
                frame_rate: clip.frame_rate,
            },
            duration_90k: clip.duration_90k,
            data: Mutex::new(Vec::with_capacity(clip.size_bytes() + clip.size_bytes() / 16)),
            packets: Vec::new(),
            units: Vec::with_capacity(units.len()),
        };
        for unit in units {
            reel.units.push(Unit {
                sent_90k: unit.sent_90k,
                taken_90k: unit.at_90k as i64 - delay_90k,
                is_key: unit.is_key,
                first_packet: reel.packets.len(),
                stamp: None,
            });
            reel.push_preface(clip, unit.is_key && with_parameter_sets);
            for nal in &unit.nals {
                reel.push_nal(clip.codec, nal);
            }
            reel.mark_last();
        }
        Ok(reel)
    }

    /// Cuts a sound into packets, a frame each.
    pub(crate) fn of_sound(sound: &Sound) -> Result<Self, UnfitClip> {
        let frames = &sound.frames;
        let longest = match sound.codec {
            SoundCodec::Aac => MAX_PAYLOAD - 4,
            SoundCodec::Pcmu | SoundCodec::Pcma => MAX_PAYLOAD,
        };
        if frames.is_empty() || !frames.iter().all(|frame| (1..=longest).contains(&frame.len())) {
            return Err(UnfitClip);
        }
        let mut reel = Self {
            matter: Matter::Sound { codec: sound.codec },
            duration_90k: sound.duration_90k(),
            data: Mutex::default(),
            packets: Vec::new(),
            units: Vec::with_capacity(frames.len()),
        };
        for (index, frame) in frames.iter().enumerate() {
            let sent_90k = index as u64 * sound.codec.frame_90k();
            reel.units.push(Unit {
                sent_90k,
                taken_90k: sent_90k as i64,
                is_key: true,
                first_packet: reel.packets.len(),
                stamp: None,
            });
            match sound.codec {
                SoundCodec::Aac => reel.push_packet(&payload::aac_header(frame), frame),
                SoundCodec::Pcmu | SoundCodec::Pcma => reel.push_packet(&[], frame),
            }
            // Of AAC each packet ends a frame (RFC 3640 §3.1); of G.711 the marker
            // begins a talk spurt (RFC 3551 §4.1), and this one never pauses.
            if sound.codec == SoundCodec::Aac {
                reel.mark_last();
            }
        }
        Ok(reel)
    }

    /// Returns whether nobody who reads the other would understand this one.
    pub(crate) fn is_coded_unlike(&self, other: &Self) -> bool {
        match (&self.matter, &other.matter) {
            (Matter::Pictures { codec: one, .. }, Matter::Pictures { codec: other, .. }) => {
                one != other
            }
            (Matter::Sound { codec: one }, Matter::Sound { codec: other }) => one != other,
            _ => true,
        }
    }

    /// Returns how many access units are due at a stream's time `now_90k`: the
    /// position of the next one to send.
    pub(crate) fn due(&self, now_90k: u64) -> u64 {
        let loops = now_90k / self.duration_90k;
        let within = now_90k % self.duration_90k;
        let units = self.units.partition_point(|unit| unit.sent_90k <= within);
        loops * self.units.len() as u64 + units as u64
    }

    /// Returns the stream's time at which the access unit `counter` is sent.
    pub(crate) fn time_90k(&self, counter: u64) -> u64 {
        let (loops, index) = self.place(counter);
        loops * self.duration_90k + self.units[index].sent_90k
    }

    /// Returns the stream's time at which the access unit `counter` was taken.
    pub(crate) fn taken_90k(&self, counter: u64) -> i64 {
        let (loops, index) = self.place(counter);
        (loops * self.duration_90k) as i64 + self.units[index].taken_90k
    }

    /// Returns whether the access unit `counter` is a keyframe.
    pub(crate) fn is_key(&self, counter: u64) -> bool {
        self.units[self.place(counter).1].is_key
    }

    /// Returns the first keyframe from `counter` on.
    pub(crate) fn next_key(&self, counter: u64) -> u64 {
        // The first unit is a keyframe, so a search of one loop ends.
        (counter..).find(|&at| self.is_key(at)).unwrap_or(counter)
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
        identity.first_time.wrapping_add(self.matter.ticks(self.taken_90k(counter)))
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
        if let Some(at) = unit.stamp {
            let counter = identity.first_counter.wrapping_add(counter);
            let stamp = sei::body(Stamp { counter, wall_us, source: identity.ssrc });
            data[at..at + stamp.len()].copy_from_slice(&stamp);
        }
        send(&mut Burst { data: &mut data[starts[0]..end], starts, channel: None })
    }

    /// Returns the loop and the index within it of `counter`.
    fn place(&self, counter: u64) -> (u64, usize) {
        let units = self.units.len() as u64;
        (counter / units, (counter % units) as usize)
    }

    /// Pushes what stands before the slices: the stamp, alone or behind the
    /// parameter sets.
    fn push_preface(&mut self, clip: &Clip, with_parameter_sets: bool) {
        let empty = Stamp { counter: 0, wall_us: 0, source: 0 };
        let (h264, h265) = (sei::unit(empty), sei::unit_h265(empty));
        let stamp = match clip.codec {
            Codec::H264 => &h264[..],
            Codec::H265 => &h265[..],
        };
        let sets = clip.vps.iter().chain([&clip.sps, &clip.pps]).map(|set| &set[..]);
        let all: Vec<&[u8]> = sets.filter(|_| with_parameter_sets).chain([stamp]).collect();
        match payload::together(clip.codec, &all) {
            Some(payload) if all.len() > 1 => self.push_packet(&[], &payload),
            _ => all.iter().for_each(|nal| self.push_nal(clip.codec, nal)),
        }
        let stamp_at = self.bytes().len() - sei::BODY_LENGTH;
        if let Some(unit) = self.units.last_mut() {
            unit.stamp = Some(stamp_at);
        }
    }

    fn push_nal(&mut self, codec: Codec, nal: &[u8]) {
        payload::split(codec, nal, |front, rest| self.push_packet(front, rest));
    }

    fn push_packet(&mut self, front: &[u8], rest: &[u8]) {
        let payload_type = self.matter.payload_type();
        let start = self.bytes().len();
        self.packets.push(start);
        let length = (RTP_HEADER + front.len() + rest.len()) as u16;
        let bytes = self.bytes();
        bytes.extend_from_slice(&[b'$', 0]);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&[0x80, payload_type]);
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

    /// Yields the packets alone, as they go out over UDP.
    pub(crate) fn datagrams(&self) -> impl Iterator<Item = &[u8]> {
        let ends = self.starts.iter().skip(1).map(|&start| start - self.starts[0]);
        let starts = self.starts.iter().map(|&start| start - self.starts[0]);
        starts
            .zip(ends.chain([self.data.len()]))
            .map(|(start, end)| &self.data[start + INTERLEAVED_HEADER..end])
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
pub(crate) mod tests;
