//! One medium as it is sent to one viewer: numbered, sealed, kept for a while to be sent
//! again (RFC 3550 §5.1; RFC 4588 for what is sent again).
//!
//! ```text
//! frames ──rhythm──▶ wait ──pace──▶ number, header, seal, packet by packet ──▶ sink
//!                      └▶ kept ──asked for again────────────────────────────▶ sink
//! ```
//!
//! A packet is written where it is sent from, once: no copy of it is made on the way.
//! Whatever waits or is kept is a frame, whose packets all viewers share: hundreds of
//! viewers with hundreds of packets each would leave nothing else in a processor's cache.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use base::WallTime;

use super::now::Now;
use super::pace::Pace;
use super::packets::Payloads;
use super::report::{self, Sent};
use super::rhythm::{Rhythm, rtp_time};
use super::srtp::Sealer;

/// How many packets are kept to be sent again, and how long after the first one of their
/// frame: a round trip, and a keyframe.
const KEPT_PACKETS: usize = 512;
const KEPT_FOR: Duration = Duration::from_secs(1);

/// One byte may be sent again for so many that were sent, and so many at once at most:
/// beyond it a network is not helped by more.
const SENT_FOR_ONE_AGAIN: usize = 7;
const MOST_AGAIN: usize = 64 << 10;

/// How many packets may be asked for in one turn; whoever lost more needs a keyframe.
const MOST_ASKED: usize = KEPT_PACKETS;

/// How far behind a frame may be when sent; more is a clock that was set.
const LONGEST_BEHIND: Duration = Duration::from_secs(10);

/// How often it is told which moment a time of RTP is.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// The header of RTP without extensions.
const HEADER: usize = 12;

/// The longest name of a medium that a header extension of one byte takes (RFC 8285 §4.2).
const LONGEST_NAME: usize = 16;

/// Where datagrams go.
pub(crate) trait Sink {
    /// Takes a datagram of `length` bytes, which `write` appends to what it is given;
    /// none if it says that it could not.
    fn put(&mut self, length: usize, write: impl FnOnce(&mut Vec<u8>) -> bool);
}

/// One medium.
#[derive(Debug)]
pub(crate) struct Track {
    clock_hz: u32,
    source: Source,
    /// By what packets go that are sent again, if the viewer takes them so.
    again: Option<Source>,
    /// Of each header: whose medium it is.
    extension: Vec<u8>,
    /// By which name receivers know what is of one sender (RFC 3550 §6.5.1).
    cname: String,
    rhythm: Rhythm,
    pace: Pace,
    /// Frames that have not left yet, or not with all packets.
    waiting: VecDeque<Waiting>,
    /// Frames in order of their numbers, with none missing from the first one's on.
    kept: VecDeque<Kept>,
    kept_packets: usize,
    /// Numbers of packets that are to be sent again.
    asked: Vec<u16>,
    /// How many bytes may be sent again, in units of [`SENT_FOR_ONE_AGAIN`].
    allowance: usize,
    packets: u32,
    bytes: u32,
    last: Option<Last>,
    reported: Option<Instant>,
}

/// Who sends, and what number is next. The upper bits say how often it counted over.
#[derive(Clone, Copy, Debug)]
struct Source {
    ssrc: u32,
    next: u64,
}

/// How a medium's payloads are called, and those of packets that are sent again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Types {
    pub(crate) media: u8,
    pub(crate) again: Option<u8>,
}

/// A frame with what its packets' headers say of it.
#[derive(Clone, Debug)]
struct Dated {
    types: Types,
    time: u32,
    wall: WallTime,
    /// When the frame was there.
    moment: Instant,
    /// Whether its last packet is marked.
    ending: bool,
    payloads: Payloads,
}

/// A frame that waits to leave.
#[derive(Debug)]
struct Waiting {
    frame: Dated,
    /// So many of its packets have left.
    left: usize,
}

/// Packets of a frame that were sent: all from its first one on, as far as it was sent.
#[derive(Debug)]
struct Kept {
    /// The first one's, and when it was sent.
    number: u64,
    at: Instant,
    frame: Dated,
}

/// The frame that was sent last, by all clocks.
#[derive(Clone, Copy, Debug)]
struct Last {
    time: u32,
    wall: WallTime,
    moment: Instant,
}

/// A frame as it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Sendable {
    pub(crate) wall: WallTime,
    pub(crate) payloads: Payloads,
}

impl Source {
    fn of(ssrc: u32) -> Self {
        let mut random = [0; 2];
        // Where the first number is, nobody relies on (RFC 3550 §5.1: hard to guess).
        let _ = getrandom::fill(&mut random);
        // In the lower half: a receiver learns of the first time that it counts over.
        Self { ssrc, next: u64::from(u16::from_be_bytes(random) >> 1) }
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }
}

impl Track {
    /// `again` is the source of what is sent again. `name` is the medium's, and the number
    /// by which header extensions name it, if they do; `cname` the sender's.
    pub(crate) fn new(
        clock_hz: u32,
        ssrc: u32,
        again: Option<u32>,
        name: Option<(u8, &str)>,
        cname: &str,
    ) -> Self {
        Self {
            clock_hz,
            source: Source::of(ssrc),
            again: again.map(Source::of),
            extension: name.map_or_else(Vec::new, |(number, name)| extension(number, name)),
            cname: cname.to_owned(),
            rhythm: Rhythm::default(),
            pace: Pace::default(),
            waiting: VecDeque::new(),
            kept: VecDeque::new(),
            kept_packets: 0,
            asked: Vec::new(),
            allowance: MOST_AGAIN / 2 * SENT_FOR_ONE_AGAIN,
            packets: 0,
            bytes: 0,
            last: None,
            reported: None,
        }
    }

    /// Who sends it.
    pub(crate) fn ssrc(&self) -> u32 {
        self.source.ssrc
    }

    /// Takes frames; they leave as the pace allows. `ending` says whether the last packet
    /// of each is marked.
    pub(crate) fn push(
        &mut self,
        types: Types,
        frames: &[Sendable],
        begins: bool,
        ending: bool,
        now: Now,
    ) {
        let walls: Vec<WallTime> = frames.iter().map(|frame| frame.wall).collect();
        let times = self.rhythm.times(&walls, begins);
        for (frame, time) in frames.iter().zip(times) {
            let wall = frame.wall;
            let behind = u64::try_from(now.wall.micros_since(wall)).unwrap_or(0);
            let behind = Duration::from_micros(behind).min(LONGEST_BEHIND);
            let moment = now.instant.checked_sub(behind).unwrap_or(now.instant);
            if frame.payloads.is_empty() {
                continue;
            }
            self.pace.wait(frame.payloads.iter().map(|payload| payload.len()).sum());
            let time = rtp_time(time, self.clock_hz);
            let payloads = frame.payloads.clone();
            let frame = Dated { types, time, wall, moment, ending, payloads };
            self.waiting.push_back(Waiting { frame, left: 0 });
        }
    }

    /// Takes numbers of packets that a viewer misses.
    pub(crate) fn missed(&mut self, numbers: impl Iterator<Item = u16>) {
        let room = MOST_ASKED - self.asked.len();
        self.asked.extend(numbers.take(room));
    }

    /// Sends what was asked for again, and what may leave by now.
    pub(crate) fn send(&mut self, now: Instant, sealer: &Sealer, sink: &mut impl Sink) {
        if !self.asked.is_empty() {
            self.send_again(now, sealer, sink);
        }
        if self.waiting.is_empty() {
            return;
        }
        self.pace.tick(now);
        while let Some(Waiting { frame, left }) = self.waiting.pop_front() {
            let all = frame.payloads.len();
            let (from, number) = (left, self.source.next);
            let mut left = left;
            while left < all && self.pace.leave(frame.payloads[left].len()) {
                let number = self.source.number();
                self.put(
                    &frame,
                    left,
                    None,
                    (frame.types.media, self.source.ssrc, number),
                    sealer,
                    sink,
                );
                let bytes = frame.payloads[left].len();
                self.packets = self.packets.wrapping_add(1);
                self.bytes = self.bytes.wrapping_add(bytes as u32);
                self.allowance = (self.allowance + bytes).min(MOST_AGAIN * SENT_FOR_ONE_AGAIN);
                left += 1;
            }
            if left > from {
                let Dated { time, wall, moment, .. } = frame;
                self.last = Some(Last { time, wall, moment });
                self.kept_packets += left - from;
                if from == 0 {
                    self.kept.push_back(Kept { number, at: now, frame: frame.clone() });
                }
            }
            if left < all {
                self.waiting.push_front(Waiting { frame, left });
                break;
            }
        }
        // Whole frames; the one that is leaving stays.
        while let Some(first) = self.kept.front()
            && self.kept.len() > 1
            && (self.kept_packets > KEPT_PACKETS || now - first.at > KEPT_FOR)
        {
            self.kept_packets -= first.frame.payloads.len();
            self.kept.pop_front();
        }
    }

    fn send_again(&mut self, now: Instant, sealer: &Sealer, sink: &mut impl Sink) {
        for asked in std::mem::take(&mut self.asked) {
            // The last one that was numbered so.
            let back = (self.source.next as u16).wrapping_sub(asked);
            let Some(number) = self.source.next.checked_sub(back.into()) else { continue };
            let at = self.kept.partition_point(|kept| kept.number <= number);
            let Some(kept) = at.checked_sub(1).map(|at| &self.kept[at]) else { continue };
            let packet = usize::try_from(number - kept.number).unwrap_or(usize::MAX);
            let Some(payload) = kept.frame.payloads.get(packet) else { continue };
            let is_sent = number < self.source.next;
            if !is_sent || now - kept.at > KEPT_FOR {
                continue;
            }
            let cost = payload.len() * SENT_FOR_ONE_AGAIN;
            if cost > self.allowance {
                return;
            }
            self.allowance -= cost;
            let types = kept.frame.types;
            match (&mut self.again, types.again) {
                // By a source of its own, its number before the payload (RFC 4588 §4).
                (Some(again), Some(of_type)) => {
                    let its = (of_type, again.ssrc, again.number());
                    self.put(&self.kept[at - 1].frame, packet, Some(asked), its, sealer, sink);
                }
                // The very same bytes once more.
                _ => {
                    let its = (types.media, self.source.ssrc, number);
                    self.put(&self.kept[at - 1].frame, packet, None, its, sealer, sink);
                }
            }
        }
    }

    /// Writes a packet of RTP where it is sent from.
    fn put(
        &self,
        frame: &Dated,
        packet: usize,
        original: Option<u16>,
        (of_type, ssrc, number): (u8, u32, u64),
        sealer: &Sealer,
        sink: &mut impl Sink,
    ) {
        let payload = &frame.payloads[packet];
        let ends = frame.ending && packet + 1 == frame.payloads.len();
        let header = HEADER + self.extension.len();
        let original = original.map(u16::to_be_bytes);
        let original = original.as_ref().map_or(&[][..], |bytes| bytes);
        let length = header + original.len() + payload.len() + sealer.tag_len();
        sink.put(length, |out| {
            let start = out.len();
            let mut head = [0; HEADER];
            head[0] = 2 << 6 | u8::from(!self.extension.is_empty()) << 4;
            head[1] = u8::from(ends) << 7 | of_type & 0x7f;
            head[2..4].copy_from_slice(&(number as u16).to_be_bytes());
            head[4..8].copy_from_slice(&frame.time.to_be_bytes());
            head[8..].copy_from_slice(&ssrc.to_be_bytes());
            out.extend_from_slice(&head);
            out.extend_from_slice(&self.extension);
            out.extend_from_slice(original);
            out.extend_from_slice(payload);
            sealer.rtp(out, start, header, ssrc, number)
        });
    }

    /// Returns when more may leave, if anything waits.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.pace.next()
    }

    /// Returns what is to be told of it now, if it is time.
    pub(crate) fn report(&mut self, now: Instant) -> Option<Vec<u8>> {
        if self.reported.is_some_and(|reported| now - reported < REPORT_EVERY) {
            return None;
        }
        let sent = self.sent(now)?;
        self.reported = Some(now);
        Some(report::report(&sent, &self.cname))
    }

    /// Returns its farewell, if anything was ever sent.
    pub(crate) fn goodbye(&self, now: Instant) -> Option<Vec<u8>> {
        // A report goes before all else (RFC 3550 §6.1).
        let mut out = report::report(&self.sent(now)?, &self.cname);
        out.extend(report::goodbye(self.source.ssrc));
        Some(out)
    }

    fn sent(&self, now: Instant) -> Option<Sent> {
        let last = self.last?;
        let since = now.saturating_duration_since(last.moment);
        let time = (since.as_nanos() * u128::from(self.clock_hz) / 1_000_000_000) as u32;
        Some(Sent {
            ssrc: self.source.ssrc,
            wall: last.wall.plus(since),
            time: last.time.wrapping_add(time),
            packets: self.packets,
            bytes: self.bytes,
        })
    }
}

/// Returns a header extension that names a medium (RFC 8285 §4.2, RFC 9143 §15.1); none
/// for a name that is too long for one.
fn extension(number: u8, name: &str) -> Vec<u8> {
    if !(1..=14).contains(&number) || !(1..=LONGEST_NAME).contains(&name.len()) {
        return Vec::new();
    }
    let words = (1 + name.len()).div_ceil(4);
    let mut out = vec![0xbe, 0xde, 0, words as u8, number << 4 | (name.len() - 1) as u8];
    out.extend_from_slice(name.as_bytes());
    out.resize(4 + 4 * words, 0);
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use str0m::config::KeyingMaterial;
    use str0m::crypto::dtls::SrtpProfile;

    use super::super::keys::Agreed;
    use super::*;

    const TYPES: Types = Types { media: 96, again: Some(97) };

    /// Keeps what it is given.
    #[derive(Default)]
    struct Given(Vec<Vec<u8>>);

    impl Sink for Given {
        fn put(&mut self, length: usize, write: impl FnOnce(&mut Vec<u8>) -> bool) {
            let mut out = Vec::new();
            assert!(write(&mut out));
            assert_eq!(out.len(), length);
            self.0.push(out);
        }
    }

    struct Bench {
        track: Track,
        sealer: Sealer,
        now: Now,
    }

    impl Bench {
        fn new(again: Option<u32>, name: Option<(u8, &str)>) -> Self {
            let material = KeyingMaterial::new(&[7; 56]);
            let profile = SrtpProfile::AEAD_AES_128_GCM;
            let sealer = Sealer::new(&Agreed { profile, material, is_client: false }).unwrap();
            let now = Now { instant: Instant::now(), wall: WallTime(1_000_000) };
            Self { track: Track::new(90_000, 7, again, name, "a"), sealer, now }
        }

        /// Sends a frame of packets of these lengths, some time after the one before.
        fn frame(&mut self, lengths: &[usize], later: Duration) -> Vec<Vec<u8>> {
            self.now.instant += later;
            self.now.wall = self.now.wall.plus(later);
            let payloads = lengths.iter().map(|length| Arc::from(vec![1; *length])).collect();
            let frames = [Sendable { wall: self.now.wall, payloads }];
            self.track.push(TYPES, &frames, false, true, self.now);
            self.sent()
        }

        fn sent(&mut self) -> Vec<Vec<u8>> {
            let mut given = Given::default();
            self.track.send(self.now.instant, &self.sealer, &mut given);
            given.0
        }
    }

    fn number(packet: &[u8]) -> u16 {
        u16::from_be_bytes([packet[2], packet[3]])
    }

    #[test]
    fn packets_are_numbered_in_a_row_and_the_last_of_a_frame_is_marked() {
        let mut bench = Bench::new(None, Some((4, "video-0")));
        let sent = bench.frame(&[1000, 300], Duration::ZERO);
        assert_eq!(number(&sent[1]), number(&sent[0]).wrapping_add(1));
        let marks: Vec<u8> = sent.iter().map(|packet| packet[1]).collect();
        assert_eq!(marks, [96, 0x80 | 96]);
        assert_eq!((sent[0][0], &sent[0][8..12]), (0x90, &[0, 0, 0, 7][..]));
        assert_eq!(sent[0][12..24], *b"\xbe\xde\x00\x02\x46video-0");
        assert_eq!(sent[0].len(), 24 + 1000 + 16);
        // A name that fits no extension goes without.
        let mut bench = Bench::new(None, Some((4, "a name of a medium that is too long")));
        let sent = bench.frame(&[10], Duration::ZERO);
        assert_eq!((sent[0][0], sent[0].len()), (0x80, 12 + 10 + 16));
    }

    #[test]
    fn what_is_missed_is_sent_again_by_a_source_of_its_own() {
        let mut bench = Bench::new(Some(8), None);
        let sent = bench.frame(&[1000, 900, 800], Duration::ZERO);
        let second = number(&sent[1]);
        bench.track.missed([second, second.wrapping_sub(9)].into_iter());
        let again = bench.sent();
        assert_eq!(again.len(), 1, "what never was is not sent again");
        assert_eq!((again[0][1], &again[0][8..12]), (97, &[0, 0, 0, 8][..]));
        assert_eq!(again[0][4..8], sent[1][4..8], "its time is the same");
        assert_eq!(again[0].len(), sent[1].len() + 2);
        assert!(bench.sent().is_empty(), "once for each time it was asked for");
    }

    #[test]
    fn who_takes_no_other_source_is_sent_the_same_bytes() {
        let mut bench = Bench::new(None, None);
        let sent = bench.frame(&[1000, 900], Duration::ZERO);
        bench.track.missed([number(&sent[0])].into_iter());
        assert_eq!(bench.sent(), sent[..1]);
    }

    #[test]
    fn what_is_old_is_not_sent_again_and_of_the_rest_so_much_at_most() {
        let mut bench = Bench::new(None, None);
        let old = number(&bench.frame(&[1000], Duration::ZERO)[0]);
        let new = number(&bench.frame(&[1000], KEPT_FOR + Duration::from_millis(1))[0]);
        bench.track.missed([old].into_iter());
        assert!(bench.sent().is_empty());
        bench.track.missed([new].into_iter().cycle().take(10_000));
        let again: usize = bench.sent().iter().map(Vec::len).sum();
        assert!((MOST_AGAIN / 2..MOST_AGAIN).contains(&again), "{again} bytes");
    }

    #[test]
    fn a_report_tells_the_moment_of_the_last_frame_and_what_was_sent() {
        let mut bench = Bench::new(None, None);
        let now = bench.now.instant;
        assert_eq!(bench.track.report(now), None, "nothing was sent");
        bench.frame(&[1000, 200], Duration::ZERO);
        let report = bench.track.report(now + Duration::from_millis(500)).unwrap();
        let word = |at: usize| u32::from_be_bytes(*report[at..].first_chunk().unwrap());
        assert_eq!((word(4), word(12), word(20), word(24)), (7, 1 << 31, 2, 1200));
        assert_eq!(word(16), rtp_time(1_500_000, 90_000));
        assert_eq!(bench.track.report(now + Duration::from_millis(600)), None, "too soon");
        assert!(bench.track.goodbye(now).unwrap().ends_with(&[0x81, 203, 0, 1, 0, 0, 0, 7]));
    }

    #[test]
    fn a_number_that_counts_over_goes_on() {
        let mut bench = Bench::new(None, None);
        bench.track.source.next = 0xffff;
        let sent = bench.frame(&[10, 10], Duration::ZERO);
        assert_eq!((number(&sent[0]), number(&sent[1])), (0xffff, 0));
        assert_eq!(bench.track.source.next, 0x1_0001);
        bench.track.missed([0xffff, 0].into_iter());
        assert_eq!(bench.sent(), sent);
    }
}
