//! Reports: packets of RTCP (RFC 3550 §6), which say how RTP time and the camera's
//! clock belong together, and when it leaves.

use base::WallTime;

/// Seconds from 1900, where NTP counts from, to 1970.
const TO_1970: u64 = 2_208_988_800;
const SENDER: u8 = 200;
const RECEIVER: u8 = 201;
const BYE: u8 = 203;

/// What a camera reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    /// Its clock showed this at this RTP time.
    Clock {
        /// Whose packets it is about.
        source: u32,
        /// The RTP time.
        time: u32,
        /// Nothing where it knows none.
        wall: Option<WallTime>,
    },
    /// The source leaves.
    Bye,
}

/// Reads the reports that stand behind one another in a packet, as far as they can be.
pub(crate) fn read(packet: &[u8]) -> impl Iterator<Item = Report> {
    let mut rest = packet;
    std::iter::from_fn(move || {
        loop {
            let (head, _) = rest.split_first_chunk::<4>()?;
            let length = 4 * (1 + usize::from(u16::from_be_bytes([head[2], head[3]])));
            let (report, behind) = rest.split_at_checked(length)?;
            if head[0] >> 6 != 2 {
                return None;
            }
            rest = behind;
            match head[1] {
                SENDER => match clock(report) {
                    Some(clock) => return Some(clock),
                    None => return None,
                },
                BYE => return Some(Report::Bye),
                _ => {}
            }
        }
    })
}

fn clock(report: &[u8]) -> Option<Report> {
    let word = |at: usize| Some(u32::from_be_bytes(*report.get(at..)?.first_chunk()?));
    let (source, seconds, fraction, time) = (word(4)?, word(8)?, word(12)?, word(16)?);
    let since_1970 = u64::from(seconds).checked_sub(TO_1970);
    let wall = since_1970.map(|seconds| {
        let micros = (u64::from(fraction) * 1_000_000) >> 32;
        WallTime((seconds * 1_000_000 + micros) as i64)
    });
    Some(Report::Clock { source, time, wall })
}

/// Returns a receiver report without blocks: a sign that somebody is there.
pub(crate) fn sign_of_life(ours: u32) -> [u8; 8] {
    let [a, b, c, d] = ours.to_be_bytes();
    [0x80, RECEIVER, 0, 1, a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender(seconds: u32) -> Vec<u8> {
        let mut report = vec![0x80, SENDER, 0, 6];
        for word in [7, seconds, 0x8000_0000, 90_000, 0, 0] {
            report.extend(u32::to_be_bytes(word));
        }
        report
    }

    #[test]
    fn the_cameras_clock_and_its_farewell_are_read() {
        let packet = [&sender(0xe93c_7800)[..], &[0x81, BYE, 0, 1, 0, 0, 0, 7]].concat();
        let wall = Some(WallTime(1_704_065_408_500_000));
        let expected = [Report::Clock { source: 7, time: 90_000, wall }, Report::Bye];
        assert_eq!(read(&packet).collect::<Vec<_>>(), expected);
        let unset = Report::Clock { source: 7, time: 90_000, wall: None };
        assert_eq!(read(&sender(0)).collect::<Vec<_>>(), [unset]);
    }

    #[test]
    fn what_is_cut_short_or_none_ends_it() {
        let packet = sender(0xe93c_7800);
        for end in 0..packet.len() {
            assert_eq!(read(&packet[..end]).count(), 0);
        }
        assert_eq!(read(&[0x80, SENDER, 0, 0]).count(), 0);
        assert_eq!(read(&[0, BYE, 0, 0]).count(), 0);
        assert_eq!(read(&sign_of_life(7)).count(), 0);
    }
}
