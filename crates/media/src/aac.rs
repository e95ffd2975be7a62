//! AAC: what its configuration says, and the descriptor that a container puts
//! around it (ISO/IEC 14496-3 §1.6.2.1, 14496-1 §7.2.6).
//!
//! ```text
//! AudioSpecificConfig   object type 5 bits │ rate 4 (or 4 + 24) │ channels 4 │ …
//! esds                  ES ⊃ DecoderConfig ⊃ DecoderSpecificInfo = AudioSpecificConfig
//! ```

use bytes::BufMut;

use crate::bits::{Bits, BitsError};
use crate::params::Sampling;

/// How many samples of each channel an AAC frame holds, in the usual form.
pub const FRAME_SAMPLES: u32 = 1024;

/// Rates by their index (ISO/IEC 14496-3 table 1.18).
const RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

/// Tags of descriptors (ISO/IEC 14496-1 table 1).
const ES: u8 = 3;
const DECODER_CONFIG: u8 = 4;
const DECODER_SPECIFIC: u8 = 5;
const SL_CONFIG: u8 = 6;

/// An AudioSpecificConfig taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// 2 is AAC-LC, 5 is HE-AAC.
    pub object_type: u8,
    /// Rate and channels of what is coded.
    pub sampling: Sampling,
}

/// Why a configuration cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// It ends within a field.
    #[error("the AAC configuration ends too early")]
    TooShort,
    /// It says what no stream can be.
    #[error("the AAC configuration says that {0}")]
    Nonsense(&'static str),
}

impl From<BitsError> for ConfigError {
    fn from(error: BitsError) -> Self {
        match error {
            BitsError::TooShort => Self::TooShort,
            BitsError::TooLarge => Self::Nonsense("a number has more than 32 bits"),
            BitsError::Nonsense(words) => Self::Nonsense(words),
        }
    }
}

impl Config {
    /// Reads an AudioSpecificConfig as far as it is of use here.
    pub fn parse(config: &[u8]) -> Result<Self, ConfigError> {
        let mut bits = Bits::new(config, 0);
        let object_type = match bits.read(5)? {
            31 => 32 + bits.read(6)?,
            object_type => object_type,
        };
        let rate_hz = match bits.read(4)? {
            15 => bits.read(24)?,
            index => *RATES
                .get(index as usize)
                .ok_or(ConfigError::Nonsense("its rate is none of the table"))?,
        };
        if rate_hz == 0 {
            return Err(ConfigError::Nonsense("its rate is zero"));
        }
        let channels = match bits.read(4)? {
            0 => return Err(ConfigError::Nonsense("its channels are said elsewhere")),
            7 => 8,
            channels @ 1..=6 => channels as u8,
            _ => return Err(ConfigError::Nonsense("its channels are none of the table")),
        };
        Ok(Self { object_type: object_type as u8, sampling: Sampling { rate_hz, channels } })
    }
}

/// Appends the body of an `esds` box behind its version and flags. `config` is
/// at most 64 kB; what is longer is no configuration.
pub(crate) fn put_esds(out: &mut Vec<u8>, config: &[u8]) {
    let config = &config[..config.len().min(u16::MAX.into())];
    let specific = descriptor(DECODER_SPECIFIC, config);
    let mut decoder = vec![0x40, 0x15]; // AAC; an audio stream
    decoder.put_bytes(0, 3 + 4 + 4); // buffer size and bit rates: not known
    decoder.put_slice(&specific);
    let mut es = vec![0, 0, 0]; // its number, no flags
    es.put_slice(&descriptor(DECODER_CONFIG, &decoder));
    es.put_slice(&descriptor(SL_CONFIG, &[2])); // as an MP4 file has it
    out.put_slice(&descriptor(ES, &es));
}

/// Returns the AudioSpecificConfig in the body of an `esds` box behind its
/// version and flags.
pub(crate) fn read_esds(body: &[u8]) -> Option<&[u8]> {
    let es = find(body, ES)?;
    // Its number, and flags of what follows them.
    let (head, mut rest) = es.split_first_chunk::<3>()?;
    if head[2] & 0x80 != 0 {
        rest = rest.get(2..)?;
    }
    if head[2] & 0x40 != 0 {
        let (length, after) = rest.split_first()?;
        rest = after.get(usize::from(*length)..)?;
    }
    if head[2] & 0x20 != 0 {
        rest = rest.get(2..)?;
    }
    find(find(rest, DECODER_CONFIG)?.get(13..)?, DECODER_SPECIFIC)
}

fn descriptor(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = body.len();
    for shift in [21, 14, 7] {
        // Four bytes of seven bits, as most writers have it.
        out.push(0x80 | (length >> shift) as u8 & 0x7f);
    }
    out.push(length as u8 & 0x7f);
    out.extend_from_slice(body);
    out
}

/// Returns the body of the first descriptor with this tag.
fn find(mut rest: &[u8], wanted: u8) -> Option<&[u8]> {
    loop {
        let (&tag, mut after) = rest.split_first()?;
        let mut length = 0;
        for _ in 0..4 {
            let (&byte, more) = after.split_first()?;
            after = more;
            length = length << 7 | usize::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                break;
            }
        }
        let (body, next) = after.split_at_checked(length)?;
        if tag == wanted {
            return Some(body);
        }
        rest = next;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn configurations_of_cameras_say_rate_and_channels() {
        let said = |config: &[u8]| {
            let config = Config::parse(config).unwrap();
            (config.object_type, config.sampling.rate_hz, config.sampling.channels)
        };
        assert_eq!(said(&[0x14, 0x08]), (2, 16_000, 1), "a Hikvision");
        assert_eq!(said(&[0x11, 0x90]), (2, 48_000, 2));
        assert_eq!(said(&[0x15, 0x88]), (2, 8_000, 1), "a Dahua");
        assert_eq!(said(&[0x17, 0x80, 0x1f, 0x40, 0x08]), (2, 16_000, 1), "a rate in full");
    }

    #[test]
    fn a_configuration_that_says_nothing_of_use_is_refused_in_words() {
        let words = |config: &[u8]| Config::parse(config).unwrap_err().to_string();
        assert_eq!(words(&[0x14]), "the AAC configuration ends too early");
        assert_eq!(
            words(&[0x16, 0x88]),
            "the AAC configuration says that its rate is none of the table"
        );
        assert!(words(&[0x14, 0x00]).contains("channels are said elsewhere"));
    }

    proptest! {
        #[test]
        fn a_descriptor_reads_back(config in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut body = Vec::new();
            put_esds(&mut body, &config);
            prop_assert_eq!(read_esds(&body), Some(&config[..]));
        }

        #[test]
        fn any_bytes_are_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = Config::parse(&bytes);
            let _ = read_esds(&bytes);
        }
    }
}
