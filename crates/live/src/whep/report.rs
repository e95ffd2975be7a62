//! What a sender says of itself by RTCP (RFC 3550 §6): which moment of the wall clock a
//! time of RTP is, by which pictures and sound are shown together, and farewell.
//!
//! What viewers say is read by str0m.

use base::WallTime;

/// From the beginning of NTP's time, 1900, to that of ours, 1970, in seconds.
const NTP_EPOCH_S: i64 = 2_208_988_800;

const SENDER_REPORT: u8 = 200;
const SOURCE_DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;

/// What was sent of a medium, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) ssrc: u32,
    /// The moment that is told.
    pub(crate) wall: WallTime,
    /// The same by the clock of the medium.
    pub(crate) time: u32,
    /// Packets and bytes of payload so far; both count over.
    pub(crate) packets: u32,
    pub(crate) bytes: u32,
}

/// Returns a report, and by which name the media of one sender are known.
pub(crate) fn report(sent: &Sent, name: &str) -> Vec<u8> {
    let mut out = head(SENDER_REPORT, 0, 6);
    for word in [sent.ssrc, ntp_seconds(sent.wall), ntp_fraction(sent.wall), sent.time] {
        out.extend_from_slice(&word.to_be_bytes());
    }
    out.extend_from_slice(&sent.packets.to_be_bytes());
    out.extend_from_slice(&sent.bytes.to_be_bytes());

    // One source, its name, and at least one byte of nought up to a whole word.
    let name = &name.as_bytes()[..name.len().min(255)];
    let item = 2 + name.len();
    let padded = item / 4 * 4 + 4;
    out.extend(head(SOURCE_DESCRIPTION, 1, 1 + padded as u16 / 4));
    out.extend_from_slice(&sent.ssrc.to_be_bytes());
    out.extend_from_slice(&[1, name.len() as u8]);
    out.extend_from_slice(name);
    out.resize(out.len() + padded - item, 0);
    out
}

/// Returns what says that a source is no more.
pub(crate) fn goodbye(ssrc: u32) -> Vec<u8> {
    let mut out = head(GOODBYE, 1, 1);
    out.extend_from_slice(&ssrc.to_be_bytes());
    out
}

/// A packet's first word; `words` follow it.
fn head(kind: u8, count: u8, words: u16) -> Vec<u8> {
    let [high, low] = words.to_be_bytes();
    vec![2 << 6 | count, kind, high, low]
}

fn ntp_seconds(wall: WallTime) -> u32 {
    // Counts over in 2036, as everybody's does.
    (wall.0.div_euclid(1_000_000) + NTP_EPOCH_S) as u32
}

fn ntp_fraction(wall: WallTime) -> u32 {
    let us = wall.0.rem_euclid(1_000_000).unsigned_abs();
    ((us << 32) / 1_000_000) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_tells_a_moment_by_both_clocks_and_a_name() {
        let wall = WallTime(1_500_000);
        let sent = Sent { ssrc: 0x0a0b_0c0d, wall, time: 7, packets: 3, bytes: 4000 };
        for (name, padding) in [("khue", 2), ("khu", 3), ("khue-1", 4), ("khue-", 1)] {
            let out = report(&sent, name);
            assert_eq!(out.len() % 4, 0);
            assert_eq!(out[..8], [0x80, 200, 0, 6, 0x0a, 0x0b, 0x0c, 0x0d]);
            let seconds = (2_208_988_800_u32 + 1).to_be_bytes();
            assert_eq!(out[8..12], seconds);
            assert_eq!(out[12..16], [0x80, 0, 0, 0], "half a second");
            assert_eq!(out[16..28], [0, 0, 0, 7, 0, 0, 0, 3, 0, 0, 0x0f, 0xa0]);
            let second = &out[28..];
            assert_eq!(second[..2], [0x81, 202]);
            let words = u16::from_be_bytes([second[2], second[3]]);
            assert_eq!(second.len(), 4 + 4 * usize::from(words));
            assert_eq!(second[4..10], [0x0a, 0x0b, 0x0c, 0x0d, 1, name.len() as u8]);
            assert_eq!(&second[10..10 + name.len()], name.as_bytes());
            assert_eq!(second[10 + name.len()..], vec![0; padding]);
        }
    }

    #[test]
    fn farewell_names_who_is_no_more() {
        assert_eq!(goodbye(0x0102_0304), [0x81, 203, 0, 1, 1, 2, 3, 4]);
    }
}
