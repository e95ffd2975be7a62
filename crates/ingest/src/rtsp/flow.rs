//! One source's packets in their order: which are missing, and at what time each
//! stands (RFC 3550 §5.1, annex A.1).
//!
//! Numbers of 16 and times of 32 bits begin anywhere and wrap; what is returned does
//! neither. Over TCP nothing overtakes, so a number that goes back is no stream that
//! could be read on; by UDP it is a packet that came too late.

use super::packet::Packet;

/// What a track brought so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flow {
    last: Option<Last>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    source: u32,
    sequence: u16,
    time: u32,
    /// The same, counted on past 2^32.
    counted: i64,
}

/// Where a packet stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// It is the next, behind so many that never came.
    Next {
        /// How many.
        lost: u16,
        /// Its RTP time, counted on.
        time: i64,
    },
    /// It is behind its time, or of somebody else.
    Stray,
}

/// Why what comes is not one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Disorder {
    /// Another SSRC.
    #[error("packets are of source {0:08x} and then of {1:08x}")]
    OtherSource(u32, u32),
    /// Numbers go back.
    #[error("packet {0} is followed by packet {1}")]
    Back(u16, u16),
}

impl Flow {
    /// Takes the next packet; `is_ordered` where none can overtake another.
    pub(crate) fn take(&mut self, packet: &Packet, is_ordered: bool) -> Result<Place, Disorder> {
        let Packet { sequence, time, source, .. } = *packet;
        let (lost, counted) = match self.last {
            None => (0, i64::from(time)),
            Some(last) if last.source != source => {
                return match is_ordered {
                    true => Err(Disorder::OtherSource(last.source, source)),
                    false => Ok(Place::Stray),
                };
            }
            Some(last) => {
                let step = sequence.wrapping_sub(last.sequence) as i16;
                if step <= 0 {
                    return match is_ordered {
                        true => Err(Disorder::Back(last.sequence, sequence)),
                        false => Ok(Place::Stray),
                    };
                }
                // Times may go back: those of pictures that are shown before others.
                let passed = time.wrapping_sub(last.time) as i32;
                (step as u16 - 1, last.counted.saturating_add(passed.into()))
            }
        };
        self.last = Some(Last { source, sequence, time, counted });
        Ok(Place::Next { lost, time: counted })
    }

    /// Returns the source, once it is known.
    pub(crate) fn source(&self) -> Option<u32> {
        self.last.map(|last| last.source)
    }

    /// Returns an RTP time that a report names, counted on, once packets have come.
    pub(crate) fn counted(&self, time: u32) -> Option<i64> {
        let last = self.last?;
        Some(last.counted.saturating_add((time.wrapping_sub(last.time) as i32).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(sequence: u16, time: u32) -> Packet<'static> {
        Packet { mark: false, sequence, time, source: 7, payload: &[] }
    }

    #[test]
    fn numbers_and_times_pass_their_end() {
        let mut flow = Flow::default();
        let begin = u32::MAX - 3_599;
        assert_eq!(
            flow.take(&packet(65_535, begin), true),
            Ok(Place::Next { lost: 0, time: begin.into() })
        );
        let counted = i64::from(begin) + 3_600;
        assert_eq!(flow.take(&packet(0, 0), true), Ok(Place::Next { lost: 0, time: counted }));
        assert_eq!(flow.counted(3_600), Some(counted + 3_600));
        assert_eq!(flow.counted(begin), Some(i64::from(begin)));
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let mut flow = Flow::default();
        flow.take(&packet(10, 0), true).unwrap();
        assert_eq!(flow.take(&packet(911, 0), true), Ok(Place::Next { lost: 900, time: 0 }));
    }

    #[test]
    fn what_goes_back_or_is_of_another_is_an_end_over_tcp_and_a_stray_by_udp() {
        let mut flow = Flow::default();
        flow.take(&packet(10, 0), true).unwrap();
        assert_eq!(flow.take(&packet(10, 0), true), Err(Disorder::Back(10, 10)));
        assert_eq!(flow.take(&packet(9, 0), false), Ok(Place::Stray));
        let other = Packet { source: 8, ..packet(11, 0) };
        assert_eq!(flow.take(&other, true), Err(Disorder::OtherSource(7, 8)));
        assert_eq!(flow.take(&other, false), Ok(Place::Stray));
        assert_eq!(flow.take(&packet(11, 0), false), Ok(Place::Next { lost: 0, time: 0 }));
    }
}
