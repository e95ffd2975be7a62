//! One who watches one track, and how frames go there: well, or as a fault has it.
//!
//! ```text
//! Burst ──▶ interleaved: one write of all packets       ──▶ outlet
//!      └──▶ UDP:         a datagram each                ──▶ sockets
//!      └──▶ badly:       half of it, other bytes, some of it, a byte a second
//! ```

use std::sync::{Arc, Mutex};

use crate::camera::{Delivery, Ended, Record, Track, lock};
use crate::fault::{self, Chance, Fault};
use crate::packet::{Burst, INTERLEAVED_HEADER, RTP_HEADER};
use crate::rtsp::outlet::{Outlet, WriteError};
use crate::rtsp::udp::Destination;
use crate::stream::Now;

/// How often a viewer gets a sender report.
const REPORT_EVERY_US: u64 = 5_000_000;
/// How often a byte drips.
const DRIP_EVERY_US: u64 = 1_000_000;

/// How packets reach a viewer.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// Within the connection: RTP on this channel, RTCP on the next.
    Interleaved(u8),
    /// As datagrams.
    Udp(Destination),
}

/// One who watches.
#[derive(Debug)]
pub(super) struct Viewer {
    pub(super) number: u64,
    outlet: Arc<Mutex<Outlet>>,
    way: Way,
    track: Track,
    /// The counter of its first frame.
    from: u64,
    record: Record,
    /// Its socket takes nothing any more. Its connection reads what the client
    /// said last, and then has it leave with the reason.
    lost: bool,
    sent: Sent,
    next_report_us: u64,
    drip: Drip,
}

/// How much was sent, as reports count it: round and round.
#[derive(Debug, Default)]
struct Sent {
    packets: u32,
    payload_bytes: u32,
    /// How many whole frames of several packets.
    long_frames: u32,
}

impl Sent {
    fn add(&mut self, packets: u32, payload_bytes: u32) {
        self.packets = self.packets.wrapping_add(packets);
        self.payload_bytes = self.payload_bytes.wrapping_add(payload_bytes);
        self.long_frames = self.long_frames.saturating_add(u32::from(packets > 1));
    }
}

/// What is left of a frame that drips.
#[derive(Debug, Default)]
struct Drip {
    rest: Vec<u8>,
    sent: usize,
    next_us: u64,
}

impl Viewer {
    pub(super) fn new(
        number: u64,
        outlet: Arc<Mutex<Outlet>>,
        way: Way,
        track: Track,
        from: u64,
        record: Record,
    ) -> Self {
        Self {
            number,
            outlet,
            way,
            track,
            from,
            record,
            lost: false,
            sent: Sent::default(),
            next_report_us: 0,
            drip: Drip::default(),
        }
    }

    /// Sends what waits, as far as that goes.
    pub(super) fn flush(&mut self, now: Now, fault: Fault) {
        // A failure shows again at the next write.
        let _ = if self.drip.rest.is_empty() {
            lock(&self.outlet).flush().map(drop)
        } else {
            self.drip(now, fault)
        };
    }

    /// Returns whether something waits that goes out between two frames.
    pub(super) fn is_behind(&self) -> bool {
        !self.lost && (!self.drip.rest.is_empty() || lock(&self.outlet).has_backlog())
    }

    /// Returns whether the frame `counter` is for it.
    pub(super) fn wants(&self, counter: u64) -> bool {
        counter >= self.from && !self.lost
    }

    /// Notes that the socket takes nothing any more.
    pub(super) fn lose(&mut self) {
        self.lost = true;
    }

    /// Ends its connection.
    pub(super) fn dismiss(&self, ended: Ended) {
        lock(&self.record).end(ended);
        lock(&self.outlet).close();
    }

    /// Has it get a report with the next frame.
    pub(super) fn report_soon(&mut self) {
        self.next_report_us = 0;
    }

    /// Sends the report that `write` makes of how much was sent, if it is time.
    pub(super) fn report_if_due(
        &mut self,
        now: Now,
        fault: Fault,
        write: impl FnOnce(u32, u32) -> Vec<u8>,
    ) -> Result<(), WriteError> {
        let quiet = matches!(fault, Fault::Hang | Fault::Drip) || !self.drip.rest.is_empty();
        if now.elapsed_us < self.next_report_us || quiet {
            return Ok(());
        }
        self.next_report_us = now.elapsed_us + REPORT_EVERY_US;
        let packet = write(self.sent.packets, self.sent.payload_bytes);
        let mut delivery = lock(&self.record);
        match &self.way {
            Way::Interleaved(channel) => {
                let mut interleaved = vec![b'$', channel.wrapping_add(1)];
                interleaved.extend((packet.len() as u16).to_be_bytes());
                interleaved.extend(packet);
                lock(&self.outlet).push(&interleaved)?;
            }
            Way::Udp(to) => to.send_report(&packet),
        }
        if let Some(track) = delivery.track(self.track) {
            track.reports += 1;
        }
        Ok(())
    }

    /// Sends a frame, as the fault has it.
    pub(super) fn send(
        &mut self,
        counter: u64,
        now: Now,
        burst: &mut Burst<'_>,
        fault: Fault,
    ) -> Result<(), WriteError> {
        if fault.spoils_frames() || !self.drip.rest.is_empty() {
            return self.send_badly(counter, now, burst, fault);
        }
        // Held meanwhile, so that nobody finds less noted than has arrived.
        let mut delivery = lock(&self.record);
        match &self.way {
            Way::Interleaved(channel) => lock(&self.outlet).push(burst.on_channel(*channel))?,
            Way::Udp(to) => burst.datagrams().for_each(|packet| to.send(packet)),
        }
        let (packets, payload_bytes) = (burst.packets(), burst.payload_bytes());
        self.sent.add(packets, payload_bytes);
        note(&mut delivery, self.track, counter, packets);
        Ok(())
    }

    fn send_badly(
        &mut self,
        counter: u64,
        now: Now,
        burst: &mut Burst<'_>,
        fault: Fault,
    ) -> Result<(), WriteError> {
        let (record, track) = (Arc::clone(&self.record), self.track);
        let mut delivery = lock(&record);
        let mut count = |sent: &mut Sent, packets, payload_bytes| {
            sent.add(packets, payload_bytes);
            note(&mut delivery, track, counter, packets);
        };
        let mut chance = Chance::of(counter ^ self.number << 40);
        match fault {
            Fault::Drip => {
                if let Way::Interleaved(channel) = self.way
                    && self.drip.rest.is_empty()
                {
                    self.drip.rest = burst.on_channel(channel).to_vec();
                    self.drip.sent = 0;
                    self.drip(now, fault)?;
                    count(&mut self.sent, burst.packets(), burst.payload_bytes());
                }
                Ok(())
            }
            Fault::CutMidFrame if self.sent.long_frames > 0 && burst.packets() > 1 => {
                match &self.way {
                    Way::Interleaved(channel) => {
                        let bytes = burst.on_channel(*channel);
                        lock(&self.outlet).push(&bytes[..bytes.len() / 2])?;
                    }
                    Way::Udp(to) => {
                        let half = burst.packets() as usize / 2;
                        burst.datagrams().take(half).for_each(|packet| to.send(packet));
                    }
                }
                Err(WriteError::Fault)
            }
            Fault::Garbage => {
                for packet in self.packets_of(burst) {
                    if chance.below(16) == 0 {
                        self.put(&fault::rubbish(&mut chance))?;
                    }
                    let mut packet = packet;
                    if chance.below(3) == 0 {
                        let rtp = &mut packet[self.frame_length()..];
                        fault::spoil(rtp, &mut chance);
                    }
                    self.put(&packet)?;
                }
                count(&mut self.sent, burst.packets(), burst.payload_bytes());
                Ok(())
            }
            Fault::LosePackets { percent } => {
                let (mut packets, mut payload_bytes) = (0, 0);
                for packet in self.packets_of(burst) {
                    if chance.below(100) >= u64::from(percent) {
                        self.put(&packet)?;
                        packets += 1;
                        payload_bytes += packet.len() - self.frame_length() - RTP_HEADER;
                    }
                }
                count(&mut self.sent, packets, payload_bytes as u32);
                Ok(())
            }
            // What drips must be out before anything else is.
            _ if !self.drip.rest.is_empty() || fault == Fault::Hang => Ok(()),
            _ => {
                match &self.way {
                    Way::Interleaved(channel) => {
                        lock(&self.outlet).push(burst.on_channel(*channel))?;
                    }
                    Way::Udp(to) => burst.datagrams().for_each(|packet| to.send(packet)),
                }
                count(&mut self.sent, burst.packets(), burst.payload_bytes());
                Ok(())
            }
        }
    }

    /// Returns the packets of a frame, as they go out.
    fn packets_of(&self, burst: &mut Burst<'_>) -> Vec<Vec<u8>> {
        match &self.way {
            Way::Interleaved(channel) => {
                fault::framed(burst.on_channel(*channel)).map(<[u8]>::to_vec).collect()
            }
            Way::Udp(_) => burst.datagrams().map(<[u8]>::to_vec).collect(),
        }
    }

    fn frame_length(&self) -> usize {
        match self.way {
            Way::Interleaved(_) => INTERLEAVED_HEADER,
            Way::Udp(_) => 0,
        }
    }

    fn put(&self, bytes: &[u8]) -> Result<(), WriteError> {
        match &self.way {
            Way::Interleaved(_) => lock(&self.outlet).push(bytes),
            Way::Udp(to) => {
                to.send(bytes);
                Ok(())
            }
        }
    }

    /// Sends the next byte of what drips, or all of it when the fault is over.
    fn drip(&mut self, now: Now, fault: Fault) -> Result<(), WriteError> {
        let Drip { rest, sent, next_us } = &mut self.drip;
        let until = match fault {
            Fault::Drip if now.elapsed_us < *next_us => return Ok(()),
            Fault::Drip => *sent + 1,
            _ => rest.len(),
        };
        *next_us = now.elapsed_us + DRIP_EVERY_US;
        lock(&self.outlet).push(&rest[*sent..until])?;
        *sent = until;
        if *sent == rest.len() {
            *rest = Vec::new();
        }
        Ok(())
    }
}

/// Notes that a frame was sent.
fn note(delivery: &mut Delivery, track: Track, counter: u64, packets: u32) {
    if let Some(track) = delivery.track(track) {
        track.packets += u64::from(packets);
    }
    if track == Track::Pictures {
        delivery.frames += 1;
        let first = delivery.counters.map_or(counter, |(first, _)| first);
        delivery.counters = Some((first, counter));
    }
}
