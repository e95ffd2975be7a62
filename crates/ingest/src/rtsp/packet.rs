//! A packet of RTP: its head, and what it carries (RFC 3550 §5.1).

/// A packet taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packet<'a> {
    /// Of pictures: the last of its access unit, mostly.
    pub(crate) mark: bool,
    pub(crate) sequence: u16,
    pub(crate) time: u32,
    /// Its SSRC.
    pub(crate) source: u32,
    pub(crate) payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Takes a packet apart; `None` if it is none.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (head, mut rest) = bytes.split_first_chunk::<12>()?;
        if head[0] >> 6 != 2 {
            return None;
        }
        rest = rest.get(usize::from(head[0] & 0x0f) * 4..)?; // sources that were mixed
        if head[0] & 0x10 != 0 {
            let (extension, behind) = rest.split_first_chunk::<4>()?;
            let words = usize::from(u16::from_be_bytes([extension[2], extension[3]]));
            rest = behind.get(words * 4..)?;
        }
        if head[0] & 0x20 != 0 {
            let padding = usize::from(*rest.last()?);
            rest = rest.get(..rest.len().checked_sub(padding)?)?;
        }
        Some(Self {
            mark: head[1] & 0x80 != 0,
            sequence: u16::from_be_bytes([head[2], head[3]]),
            time: u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
            source: u32::from_be_bytes([head[8], head[9], head[10], head[11]]),
            payload: rest,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: [u8; 12] = [0x80, 0xe0, 0x12, 0x34, 0, 0, 0, 9, 0xde, 0xad, 0xbe, 0xef];

    #[test]
    fn a_packet_is_its_head_and_its_payload() {
        let bytes = [&HEAD[..], b"abc"].concat();
        let (sequence, time, source) = (0x1234, 9, 0xdead_beef);
        let packet = Packet { mark: true, sequence, time, source, payload: b"abc" };
        assert_eq!(Packet::read(&bytes), Some(packet));
    }

    #[test]
    fn what_stands_around_the_payload_is_passed_over() {
        let mut bytes = HEAD.to_vec();
        bytes[0] |= 0x20 | 0x10 | 1;
        bytes.extend([1, 1, 1, 1]); // a mixed source
        bytes.extend([0xab, 0xac, 0, 1, 2, 2, 2, 2]); // an extension of one word
        bytes.extend(b"abc");
        bytes.extend([0, 2]); // padding
        assert_eq!(Packet::read(&bytes).unwrap().payload, b"abc");
    }

    #[test]
    fn what_is_cut_short_or_of_another_version_is_none() {
        let mut bytes = [&HEAD[..], &[0xab, 0xac, 0, 9, 1]].concat();
        assert!(Packet::read(&bytes).is_some() && Packet::read(b"notrtp!!").is_none());
        assert!(Packet::read(b"notrtp!!notrtp!!").is_none());
        bytes[0] |= 0x10;
        assert!(Packet::read(&bytes).is_none());
        bytes[0] = 0xa0; // padding of a byte that says more than there is
        bytes.push(200);
        assert!(Packet::read(&bytes).is_none());
        assert!(Packet::read(&HEAD[..11]).is_none());
    }
}
