//! Pictures out of the payloads of packets: H.264 (RFC 6184) and H.265 (RFC 7798).
//!
//! ```text
//! packets   [SPS][PPS][FU-A start | …][FU-A …][FU-A … end, mark] [slice, mark]
//! chunk     │len32 NAL                                         ││len32 NAL   ││ room
//!           └ a picture: the chunk's memory, shared, not copied ┘
//! ```
//!
//! A payload is copied once, from the receive buffer to where the frame lies for good:
//! a chunk that is the memory of several pictures, one behind another. Parameter sets
//! go to `sets`; delimiters and filler are left out.
//!
//! A picture ends with the marker or where the next RTP time begins. One of which a
//! packet is missing is left out whole: what follows is shown, and `flow` counts.

use bytes::{Bytes, BytesMut};
use media::access_unit::{Part, part};
use media::{Codec, h264, h265};

use super::packet::Packet;
use super::sets::{Sets, has_start_code, units};

/// How much memory is taken at a time, for as many pictures as find room in it.
const CHUNK: usize = 64 << 10;
/// The largest picture; what a camera sends beyond it is no picture.
const LARGEST: usize = 16 << 20;

/// A picture, or a slice of one where each has the marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    /// Its RTP time, counted on.
    pub(crate) time: i64,
    pub(crate) is_key: bool,
    /// Units behind their lengths.
    pub(crate) data: Bytes,
}

/// A track of pictures.
#[derive(Debug)]
pub(crate) struct Pictures {
    codec: Codec,
    pub(crate) sets: Sets,
    /// The picture that comes, and room behind it.
    chunk: BytesMut,
    /// Its RTP time, once something of it came.
    time: Option<i64>,
    has_slice: bool,
    is_key: bool,
    /// Something of it is missing.
    is_torn: bool,
    /// Where the unit begins that comes in fragments.
    open: Option<usize>,
}

impl Pictures {
    pub(crate) fn new(codec: Codec, sets: Sets) -> Self {
        Self {
            codec,
            sets,
            chunk: BytesMut::new(),
            time: None,
            has_slice: false,
            is_key: false,
            is_torn: false,
            open: None,
        }
    }

    pub(crate) fn codec(&self) -> Codec {
        self.codec
    }

    /// Takes a packet of RTP time `time` before which some are missing or none;
    /// appends what is whole by that.
    pub(crate) fn take(
        &mut self,
        packet: &Packet,
        time: i64,
        is_behind_loss: bool,
        whole: &mut Vec<Picture>,
    ) {
        if is_behind_loss {
            // The end of what came before is gone.
            self.is_torn = true;
            self.open = None;
        }
        if self.time != Some(time) {
            self.end(whole);
            self.time = Some(time);
            self.is_torn = is_behind_loss && !begins_picture(self.codec, packet.payload);
        }
        let taken = match self.codec {
            Codec::H264 => self.take_h264(packet.payload),
            _ => self.take_h265(packet.payload),
        };
        self.is_torn |= taken.is_none();
        // Sets have the marker too, of cameras that send them alone.
        if packet.mark && (self.has_slice || self.is_torn) && !self.is_within_unit(packet) {
            let time = self.time;
            self.end(whole);
            // More of this time, torn or not, is no new picture's begin.
            self.time = time;
        }
    }

    /// Returns whether the marker stands in the midst of a unit, as of cameras that
    /// mark each packet.
    fn is_within_unit(&self, packet: &Packet) -> bool {
        let fragment = match self.codec {
            Codec::H264 => packet.payload.get(1).filter(|_| kind_of(packet.payload) == Some(28)),
            _ => packet.payload.get(2).filter(|_| h265::unit_kind(packet.payload) == Some(49)),
        };
        self.open.is_some() && fragment.is_some_and(|head| head & 0x40 == 0)
    }

    /// Takes a payload of H.264; nothing if it is not as it should be.
    fn take_h264(&mut self, payload: &[u8]) -> Option<()> {
        match kind_of(payload)? {
            1..=23 => self.unit(&[], payload),
            24 => self.aggregated(&payload[1..]),
            28 => {
                let (&[indicator, head], rest) = payload.split_first_chunk()?;
                self.fragment(head, &[indicator & 0xe0 | head & 0x1f], rest)
            }
            // Of the interleaved mode, which no camera has, or none at all.
            _ => None,
        }
    }

    fn take_h265(&mut self, payload: &[u8]) -> Option<()> {
        match h265::unit_kind(payload)? {
            0..=47 => self.unit(&[], payload),
            48 => self.aggregated(payload.get(2..)?),
            49 => {
                let (&[first, second, head], rest) = payload.split_first_chunk()?;
                self.fragment(head, &[first & 0x81 | (head & 0x3f) << 1, second], rest)
            }
            _ => None,
        }
    }

    /// Takes units that stand behind their lengths of 16 bits.
    fn aggregated(&mut self, mut rest: &[u8]) -> Option<()> {
        while !rest.is_empty() {
            let (length, behind) = rest.split_first_chunk()?;
            let (unit, behind) = behind.split_at_checked(u16::from_be_bytes(*length).into())?;
            self.unit(&[], unit)?;
            rest = behind;
        }
        Some(())
    }

    /// Takes a fragment of a unit; `head` says whether it is the first or last.
    fn fragment(&mut self, head: u8, header: &[u8], rest: &[u8]) -> Option<()> {
        let (is_first, is_last) = (head & 0x80 != 0, head & 0x40 != 0);
        match (is_first, self.open) {
            // Against the RFC, some send small units in one fragment.
            (true, None) if is_last => return self.unit(header, rest),
            (true, None) => {
                let at = self.chunk.len();
                self.append(&[&[0; 4], header, rest])?;
                self.open = Some(at);
            }
            (false, Some(at)) => {
                self.append(&[rest])?;
                if is_last {
                    self.open = None;
                    self.close(at)?;
                }
            }
            // The one before has no end, or this one no begin.
            (true, Some(_)) | (false, None) => return None,
        }
        Some(())
    }

    /// Takes a whole unit, of which `header` stands before `rest`.
    fn unit(&mut self, header: &[u8], rest: &[u8]) -> Option<()> {
        if self.open.is_some() || header.len() + rest.len() == 0 {
            return None;
        }
        let at = self.chunk.len();
        self.append(&[&[0; 4], header, rest])?;
        self.close(at)
    }

    /// Ends the unit that begins at `at`: it stays, or goes to the sets.
    fn close(&mut self, at: usize) -> Option<()> {
        let unit = &self.chunk[at + 4..];
        match part(self.codec, unit)? {
            Part::Key => (self.has_slice, self.is_key) = (true, true),
            Part::Slice => self.has_slice = true,
            Part::Beside => {}
            Part::LeftOut => return self.put_aside(at),
        }
        let length = u32::try_from(unit.len()).ok()?.to_be_bytes();
        self.chunk[at..at + 4].copy_from_slice(&length);
        Some(())
    }

    /// Gives what is no picture's to the sets. Some cameras send sets and pictures as
    /// one unit, with start codes in it: what is behind them stays.
    fn put_aside(&mut self, at: usize) -> Option<()> {
        let unit = &self.chunk[at + 4..];
        if !has_start_code(unit) {
            self.sets.note(unit);
            self.chunk.truncate(at);
            return Some(());
        }
        let aside = unit.to_vec();
        self.chunk.truncate(at);
        for (number, unit) in units(&aside).into_iter().enumerate() {
            match number {
                // As a unit it would come here again.
                0 => self.sets.note(unit),
                _ => self.unit(&[], unit)?,
            }
        }
        Some(())
    }

    /// Appends to the picture; nothing where it becomes larger than any.
    fn append(&mut self, parts: &[&[u8]]) -> Option<()> {
        let more: usize = parts.iter().map(|part| part.len()).sum();
        let length = self.chunk.len() + more;
        if length > LARGEST {
            return None;
        }
        if length > self.chunk.capacity() {
            let size = if length > CHUNK { length.next_power_of_two() } else { CHUNK };
            let mut chunk = BytesMut::with_capacity(size);
            chunk.extend_from_slice(&self.chunk);
            self.chunk = chunk;
        }
        parts.iter().for_each(|part| self.chunk.extend_from_slice(part));
        Some(())
    }

    /// Ends the picture: it is whole, or it is left out.
    pub(crate) fn end(&mut self, whole: &mut Vec<Picture>) {
        if let Some(at) = self.open.take() {
            // All of it came, and its last fragment does not say so.
            self.is_torn |= self.close(at).is_none();
        }
        match self.time.take() {
            Some(time) if self.has_slice && !self.is_torn => {
                let data = self.chunk.split().freeze();
                whole.push(Picture { time, is_key: self.is_key, data });
            }
            _ => self.chunk.clear(),
        }
        (self.has_slice, self.is_key, self.is_torn) = (false, false, false);
    }
}

fn kind_of(payload: &[u8]) -> Option<u8> {
    h264::unit_kind(payload)
}

/// Returns whether a payload behind a loss is the first of its picture, for all that can
/// be told by it: what comes before the slices, or the first slice.
fn begins_picture(codec: Codec, payload: &[u8]) -> bool {
    let slice = |unit: Option<Part>, next: Option<&u8>| match unit {
        Some(Part::Key | Part::Slice) => next.is_some_and(|byte| byte & 0x80 != 0),
        other => other.is_some(),
    };
    match codec {
        Codec::H264 => match kind_of(payload) {
            Some(24) => slice(payload.get(3..).and_then(|unit| part(codec, unit)), payload.get(4)),
            Some(28) => {
                let Some(head) = payload.get(1) else { return false };
                head & 0x80 != 0 && slice(part(codec, &[head & 0x1f]), payload.get(2))
            }
            _ => slice(part(codec, payload), payload.get(1)),
        },
        _ => match h265::unit_kind(payload) {
            Some(48) => slice(payload.get(4..).and_then(|unit| part(codec, unit)), payload.get(6)),
            Some(49) => {
                let Some(head) = payload.get(2) else { return false };
                head & 0x80 != 0 && slice(part(codec, &[(head & 0x3f) << 1, 1]), payload.get(3))
            }
            _ => slice(part(codec, payload), payload.get(2)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::description::Offer;
    use super::*;

    fn pictures(codec: Codec) -> Pictures {
        Pictures::new(codec, Sets::of(codec, &Offer::default()))
    }

    /// A packet: its time, its marker, whether some are missing before it, its payload.
    type Sent<'a> = (i64, bool, bool, &'a [u8]);

    fn taken(pictures: &mut Pictures, packets: &[Sent]) -> Vec<(i64, bool, Vec<u8>)> {
        let mut whole = Vec::new();
        for &(time, mark, is_behind_loss, payload) in packets {
            let packet = Packet { mark, sequence: 0, time: 0, source: 0, payload };
            pictures.take(&packet, time, is_behind_loss, &mut whole);
        }
        whole.into_iter().map(|one| (one.time, one.is_key, one.data.to_vec())).collect()
    }

    fn prefixed(units: &[&[u8]]) -> Vec<u8> {
        let mut data = Vec::new();
        units.iter().for_each(|unit| media::nal::push_length_prefixed(&mut data, unit));
        data
    }

    const P: &[u8] = &[0x41, 0x9a, 1];

    #[test]
    fn units_fragments_and_aggregates_become_their_picture() {
        let mut all = pictures(Codec::H264);
        let sent: &[Sent] = &[
            (0, false, false, &[24, 0, 2, 9, 0x10, 0, 3, 6, 5, 1]), // a delimiter and SEI
            (0, false, false, &[0x7c, 0x85, 0x88, 1]),
            (0, false, false, &[0x7c, 0x05, 2]),
            (0, true, false, &[0x7c, 0x45, 3]),
            (1, true, false, P),
        ];
        let expected = prefixed(&[&[6, 5, 1], &[0x65, 0x88, 1, 2, 3]]);
        assert_eq!(taken(&mut all, sent), [(0, true, expected), (1, false, prefixed(&[P]))]);
    }

    #[test]
    fn of_h265_likewise() {
        let mut all = pictures(Codec::H265);
        let sei: &[u8] = &[39 << 1, 1, 5];
        let aggregate = [&[48 << 1, 1, 0, 3][..], sei, &[0, 3, 35 << 1, 1, 0x50]].concat();
        let sent: &[Sent] = &[
            (0, false, false, &aggregate),
            (0, false, false, &[49 << 1, 1, 0x80 | 19, 0x80, 1]),
            (0, true, false, &[49 << 1, 1, 0x40 | 19, 2]),
            (1, true, false, &[1 << 1, 1, 0x80, 9]),
        ];
        let key = prefixed(&[sei, &[19 << 1, 1, 0x80, 1, 2]]);
        let other = prefixed(&[&[1 << 1, 1, 0x80, 9]]);
        assert_eq!(taken(&mut all, sent), [(0, true, key), (1, false, other)]);
    }

    #[test]
    fn without_markers_a_picture_ends_where_the_next_begins() {
        let mut all = pictures(Codec::H264);
        let sent: &[Sent] = &[(0, false, false, P), (0, false, false, P), (1, false, false, P)];
        assert_eq!(taken(&mut all, sent), [(0, false, prefixed(&[P, P]))]);
    }

    #[test]
    fn markers_where_none_belong_end_nothing() {
        let mut all = pictures(Codec::H264);
        let sent: &[Sent] = &[
            (0, true, false, &[0x68, 1]),
            (0, true, false, &[0x7c, 0x85, 0x88]),
            (0, true, false, &[0x7c, 0x05, 2]),
            (0, true, false, &[0x7c, 0x45, 3]),
        ];
        assert_eq!(taken(&mut all, sent), [(0, true, prefixed(&[&[0x65, 0x88, 2, 3]]))]);
    }

    #[test]
    fn a_picture_with_a_hole_is_left_out_and_no_other() {
        let begin: &[u8] = &[0x7c, 0x81, 0x9a];
        for (sent, times) in [
            // A hole within it.
            (
                &[
                    (0, false, false, begin),
                    (0, true, true, &[0x7c, 0x41, 3][..]),
                    (1, true, false, P),
                ][..],
                &[1][..],
            ),
            // Its end is gone, and the next one is whole.
            (&[(0, false, false, begin), (1, true, true, P)], &[1]),
            // The begin of the next is gone too.
            (
                &[(0, false, false, begin), (1, true, true, &[0x7c, 0x41, 3]), (2, true, false, P)],
                &[2],
            ),
            // All of one is gone, between two that are whole.
            (&[(0, true, false, P), (2, true, true, P)], &[0, 2]),
            // The first slice of the next is gone.
            (&[(0, true, false, P), (1, true, true, &[0x41, 0x4a]), (2, true, false, P)], &[0, 2]),
        ] {
            let mut all = pictures(Codec::H264);
            let whole: Vec<_> = taken(&mut all, sent).iter().map(|(time, ..)| *time).collect();
            assert_eq!(whole, times, "{sent:?}");
        }
    }

    #[test]
    fn what_is_not_as_it_should_be_costs_its_picture_alone() {
        for bad in [&[][..], &[0], &[24, 0, 9, 1], &[25, 1], &[31], &[0x7c], &[0x7c, 0x05, 1]] {
            let mut all = pictures(Codec::H264);
            let sent: &[Sent] = &[(0, false, false, P), (0, true, false, bad), (1, true, false, P)];
            assert_eq!(taken(&mut all, sent), [(1, false, prefixed(&[P]))], "{bad:?}");
        }
    }

    #[test]
    fn oddities_of_fragments_are_understood() {
        let mut all = pictures(Codec::H264);
        // One fragment that is first and last; and one that has no last.
        let sent: &[Sent] = &[
            (0, true, false, &[0x7c, 0xc1, 0x9a, 1]),
            (1, false, false, &[0x7c, 0x81, 0x9a]),
            (1, false, false, &[0x7c, 0x01, 7]),
            (2, true, false, P),
        ];
        let whole = [
            (0, false, prefixed(&[P])),
            (1, false, prefixed(&[&[0x61, 0x9a, 7]])),
            (2, false, prefixed(&[P])),
        ];
        assert_eq!(taken(&mut all, sent)[1..], whole[1..]);
    }

    #[test]
    fn sets_and_a_picture_in_one_unit_come_apart() {
        let mut all = pictures(Codec::H264);
        let unit =
            [&[0x67, 9, 9][..], &[0, 0, 0, 1, 0x68, 8], &[0, 0, 0, 1, 0x65, 0x88, 5]].concat();
        let whole = taken(&mut all, &[(0, true, false, &unit)]);
        assert_eq!(whole, [(0, true, prefixed(&[&[0x65, 0x88, 5]]))]);
    }

    #[test]
    fn pictures_share_memory_and_large_ones_have_their_own() {
        let mut all = pictures(Codec::H264);
        let mut whole = Vec::new();
        let payload = [P, &[7; 1_000]].concat();
        for time in 0..200 {
            let packet = Packet { mark: true, sequence: 0, time: 0, source: 0, payload: &payload };
            all.take(&packet, time, false, &mut whole);
        }
        let behind = whole
            .windows(2)
            .filter(|pair| pair[0].data.as_ptr_range().end == pair[1].data.as_ptr());
        assert!(behind.count() > 180, "most lie behind one another");
        assert!(whole.iter().all(|one| one.data == prefixed(&[&payload])));

        // One that never ends is left out, and fills no memory.
        let fragment = [&[0x7c, 0x01][..], &[7; 60_000]].concat();
        let begin =
            Packet { mark: false, sequence: 0, time: 0, source: 0, payload: &[0x7c, 0x81, 0x9a] };
        all.take(&begin, 1_000, false, &mut whole);
        for _ in 0..400 {
            let packet = Packet { payload: &fragment, ..begin };
            all.take(&packet, 1_000, false, &mut whole);
        }
        assert!(all.chunk.len() <= LARGEST);
        let count = whole.len();
        all.take(&Packet { mark: true, payload: P, ..begin }, 1_001, false, &mut whole);
        assert_eq!((whole.len(), whole[count].time), (count + 1, 1_001));
    }
}
