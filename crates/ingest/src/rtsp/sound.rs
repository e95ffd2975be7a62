//! Sound out of the payloads of packets: AAC (RFC 3640) and G.711 (RFC 3551 §4.5.14).
//!
//! ```text
//! AAC    bits16 [size 13 │ index 3] … [frame] [frame] …   or one frame in many packets
//! G.711  samples
//! ```

use std::sync::Arc;

use bytes::Bytes;
use media::{Codec, Params, aac};

use super::description::Offer;
use super::packet::Packet;

/// The largest frame of AAC: 6,144 bits for each of 48 channels would be more, 16 kB
/// is what a length of 13 bits can say twice over.
const LARGEST: usize = 16 << 10;

/// A moment of sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    /// Its RTP time, counted on.
    pub(crate) time: i64,
    pub(crate) data: Bytes,
}

/// A track of sound.
#[derive(Debug)]
pub(crate) struct Sounds {
    pub(crate) params: Arc<Params>,
    form: Form,
}

#[derive(Debug)]
enum Form {
    Samples,
    Aac {
        /// Bits of the size of a frame, and of its index.
        size_bits: u32,
        index_bits: u32,
        /// A frame that comes in parts: its size, and what came.
        open: Option<(usize, Vec<u8>)>,
    },
}

impl Sounds {
    /// Returns how an offered track is read, if it is of a codec that the house records
    /// and says what must be known: of G.711 the form that all cameras have.
    pub(crate) fn of(offer: &Offer) -> Option<Self> {
        let (codec, config, form) = match (offer.coding.as_str(), offer.rate_hz, offer.channels) {
            ("PCMU", 8_000, 1) => (Codec::Pcmu, Bytes::new(), Form::Samples),
            ("PCMA", 8_000, 1) => (Codec::Pcma, Bytes::new(), Form::Samples),
            ("MPEG4-GENERIC", ..) => {
                let config = unhex(offer.parameter("config")?)?;
                aac::Config::parse(&config).ok()?;
                let bits = |name, usual| match offer.parameter(name).map(str::parse) {
                    None => Some(usual),
                    Some(said) => said.ok().filter(|&bits: &u32| bits <= 16),
                };
                let (size_bits, index_bits) = (bits("sizelength", 13)?, bits("indexlength", 3)?);
                let form = Form::Aac { size_bits, index_bits, open: None };
                (Codec::Aac, Bytes::from(config), form)
            }
            _ => return None,
        };
        Some(Self { params: Arc::new(Params::sound(codec, config)), form })
    }

    /// Takes a packet of RTP time `time` before which some are missing or none;
    /// appends what is whole by that.
    pub(crate) fn take(
        &mut self,
        packet: &Packet,
        time: i64,
        is_behind_loss: bool,
        heard: &mut Vec<Heard>,
    ) {
        let payload = packet.payload;
        match &mut self.form {
            Form::Samples if payload.is_empty() => {}
            Form::Samples => heard.push(Heard { time, data: Bytes::copy_from_slice(payload) }),
            Form::Aac { size_bits, index_bits, open } => {
                if is_behind_loss {
                    *open = None;
                }
                // What cannot be read is silence of that moment, and nothing else.
                let _ = frames(payload, [*size_bits, *index_bits], open, |number, data| {
                    let time = time.saturating_add(number * i64::from(aac::FRAME_SAMPLES));
                    heard.push(Heard { time, data: Bytes::copy_from_slice(data) });
                });
            }
        }
    }
}

/// Hands the frames of a packet on, each with its number in it.
fn frames(
    payload: &[u8],
    [size_bits, index_bits]: [u32; 2],
    open: &mut Option<(usize, Vec<u8>)>,
    mut hand_on: impl FnMut(i64, &[u8]),
) -> Option<()> {
    let (length, rest) = payload.split_first_chunk()?;
    let header_bits = usize::from(u16::from_be_bytes(*length));
    let (headers, mut data) = rest.split_at_checked(header_bits.div_ceil(8))?;
    let each = (size_bits + index_bits) as usize;
    if each == 0 || size_bits == 0 {
        return None;
    }
    let count = header_bits / each;
    let size_of = |number: usize| {
        let bit = |at: usize| usize::from(headers[at / 8] >> (7 - at % 8) & 1);
        (0..size_bits as usize).fold(0, |size, at| size << 1 | bit(number * each + at))
    };
    if let Some((size, mut begun)) = open.take() {
        // Each part says the size of the whole.
        if count == 1 && size_of(0) == size {
            begun.extend_from_slice(data);
            match begun.len().cmp(&size) {
                std::cmp::Ordering::Less => *open = Some((size, begun)),
                std::cmp::Ordering::Equal => hand_on(0, &begun),
                std::cmp::Ordering::Greater => {}
            }
            return Some(());
        }
    }
    if count == 1 && size_of(0) > data.len() {
        let size = size_of(0);
        *open = (size <= LARGEST).then(|| (size, data.to_vec()));
        return Some(());
    }
    for number in 0..count {
        let (frame, behind) = data.split_at_checked(size_of(number))?;
        data = behind;
        if !frame.is_empty() {
            hand_on(number as i64, frame);
        }
    }
    Some(())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim().as_bytes();
    let pairs = digits.chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    });
    pairs.collect::<Option<Vec<_>>>().filter(|bytes| !bytes.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::description::Description;
    use super::*;

    fn offer(rtpmap: &str, format: &str) -> Offer {
        let text = format!("v=0\nm=audio 0 RTP/AVP 97\na=rtpmap:97 {rtpmap}\na=fmtp:97 {format}\n");
        Description::read(text.as_bytes()).unwrap().tracks.remove(0)
    }

    fn aac() -> Sounds {
        let format = "mode=AAC-hbr; config=1408; sizelength=13; indexlength=3; indexdeltalength=3";
        Sounds::of(&offer("mpeg4-generic/16000/1", format)).unwrap()
    }

    fn heard(sounds: &mut Sounds, packets: &[(bool, &[u8])]) -> Vec<(i64, Vec<u8>)> {
        let mut heard = Vec::new();
        for &(is_behind_loss, payload) in packets {
            let packet = Packet { mark: true, sequence: 0, time: 0, source: 0, payload };
            sounds.take(&packet, 5_000, is_behind_loss, &mut heard);
        }
        heard.into_iter().map(|one| (one.time, one.data.to_vec())).collect()
    }

    #[test]
    fn frames_of_one_packet_come_one_behind_another() {
        let payload = [0, 32, 0, 2 << 3, 0, 3 << 3, 1, 1, 2, 2, 2];
        let expected = [(5_000, vec![1, 1]), (6_024, vec![2, 2, 2])];
        assert_eq!(heard(&mut aac(), &[(false, &payload)]), expected);
    }

    #[test]
    fn a_frame_of_many_packets_is_put_together_unless_one_is_missing() {
        let parts: [&[u8]; 3] =
            [&[0, 16, 0, 5 << 3, 1, 2], &[0, 16, 0, 5 << 3, 3, 4], &[0, 16, 0, 5 << 3, 5]];
        let whole = [(5_000, vec![1, 2, 3, 4, 5])];
        assert_eq!(heard(&mut aac(), &parts.map(|part| (false, part))), whole);
        let mut sounds = aac();
        assert_eq!(heard(&mut sounds, &[(false, parts[0]), (true, parts[2])]), []);
        // What was not put together does not stand in the way of the next.
        let next: &[u8] = &[0, 16, 0, 1 << 3, 9];
        assert_eq!(heard(&mut sounds, &[(true, next)]), [(5_000, vec![9])]);
    }

    #[test]
    fn what_cannot_be_read_is_silence() {
        for payload in
            [&[][..], &[0], &[0, 16], &[0, 16, 0xff, 0xff], &[0, 16, 0, 0], &[255, 255, 1]]
        {
            assert_eq!(heard(&mut aac(), &[(false, payload)]), [], "{payload:?}");
        }
    }

    #[test]
    fn what_is_not_recorded_or_not_described_is_no_track() {
        for (rtpmap, format) in [
            ("mpeg4-generic/16000/1", "mode=AAC-hbr"),
            ("mpeg4-generic/16000/1", "config=zz"),
            ("mpeg4-generic/16000/1", "config=1408;sizelength=99"),
            ("MP4A-LATM/16000", "config=40002410"),
            ("PCMU/16000", ""),
            ("PCMA/8000/2", ""),
            ("G726-32/8000", ""),
        ] {
            assert!(Sounds::of(&offer(rtpmap, format)).is_none(), "{rtpmap} {format}");
        }
        assert_eq!(Sounds::of(&offer("pcmu/8000", "")).unwrap().params.codec, Codec::Pcmu);
    }
}
