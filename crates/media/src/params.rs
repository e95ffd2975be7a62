//! What a decoder must know before the first frame of a stream.
//!
//! ```text
//! pictures  codec, width, height, avcC or hvcC     the record has the parameter sets
//! sound     codec, AudioSpecificConfig or nothing  rate and channels follow from both
//! ```

use bytes::Bytes;

use crate::{aac, h264, h265};

/// The coding of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// ITU-T H.264, also ISO/IEC 14496-10.
    H264,
    /// ITU-T H.265, also ISO/IEC 23008-2.
    H265,
    /// AAC, ISO/IEC 14496-3: frames without ADTS headers.
    Aac,
    /// ITU-T G.711 µ-law, 8,000 samples a second, one channel.
    Pcmu,
    /// ITU-T G.711 A-law, 8,000 samples a second, one channel.
    Pcma,
    /// RFC 6716, 48,000 ticks a second, one channel; never recorded, only sent.
    Opus,
}

/// The parameters of a stream. Two streams of equal parameters can be
/// played one after the other without a new initialisation segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    /// How frames are coded.
    pub codec: Codec,
    /// Width of the picture shown, in pixels; zero for sound.
    pub width: u32,
    /// Height of the picture shown, in pixels; zero for sound.
    pub height: u32,
    /// What a decoder is opened with: for H.264 the body of an `avcC` box
    /// (ISO/IEC 14496-15 §5.3.3.1), for H.265 of an `hvcC` box (§8.3.3.1), both
    /// with the parameter sets in it; for AAC the AudioSpecificConfig (ISO/IEC
    /// 14496-3 §1.6.2.1); empty for G.711 and Opus.
    pub config: Bytes,
}

/// How sound is sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling {
    /// Samples of a channel in a second.
    pub rate_hz: u32,
    /// How many channels there are.
    pub channels: u8,
}

impl Codec {
    /// Returns whether it is sound that is coded, not pictures.
    pub fn is_sound(self) -> bool {
        !matches!(self, Self::H264 | Self::H265)
    }
}

impl Params {
    /// Returns the parameters of sound of this codec and configuration.
    pub fn sound(codec: Codec, config: Bytes) -> Self {
        Self { codec, width: 0, height: 0, config }
    }

    /// Returns how sound is sampled; `None` for pictures, and for a
    /// configuration that does not say.
    pub fn sampling(&self) -> Option<Sampling> {
        match self.codec {
            Codec::H264 | Codec::H265 => None,
            Codec::Aac => aac::Config::parse(&self.config).ok().map(|config| config.sampling),
            Codec::Pcmu | Codec::Pcma => Some(Sampling { rate_hz: 8_000, channels: 1 }),
            Codec::Opus => Some(Sampling { rate_hz: 48_000, channels: 1 }),
        }
    }

    /// Returns how many frames a decoder holds back before it shows the first:
    /// zero for a stream without B-frames and for sound, `None` where the
    /// parameters do not say.
    pub fn reorder_depth(&self) -> Option<u8> {
        match self.codec {
            Codec::H264 => h264::reorder_depth(&self.config),
            Codec::H265 => h265::reorder_depth(&self.config),
            _ => Some(0),
        }
    }

    /// Returns the codec as RFC 6381 and the registrations of ISO/IEC 14496-15
    /// annex E write it: `avc1.64001f`, `hvc1.1.6.L120.90`, `mp4a.40.2`. G.711
    /// has no such name; it is told by that of its sample entry.
    pub fn rfc6381(&self) -> String {
        match self.codec {
            // Profile, constraints and level are bytes 1 to 3 of the record.
            Codec::H264 => match self.config.get(1..4) {
                Some([profile, constraints, level]) => {
                    format!("avc1.{profile:02x}{constraints:02x}{level:02x}")
                }
                _ => "avc1".to_owned(),
            },
            Codec::H265 => h265::rfc6381(&self.config),
            Codec::Aac => match aac::Config::parse(&self.config) {
                Ok(config) => format!("mp4a.40.{}", config.object_type),
                Err(_) => "mp4a.40".to_owned(),
            },
            Codec::Pcmu => "ulaw".to_owned(),
            Codec::Pcma => "alaw".to_owned(),
            Codec::Opus => "opus".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_is_told_apart_and_says_how_it_is_sampled() {
        let g711 = Params::sound(Codec::Pcma, Bytes::new());
        assert!(g711.codec.is_sound() && !Codec::H265.is_sound());
        assert_eq!(g711.sampling(), Some(Sampling { rate_hz: 8_000, channels: 1 }));
        assert_eq!(g711.rfc6381(), "alaw");
        // AAC-LC, 16 kHz, one channel: 00010 1000 0001 000.
        let aac = Params::sound(Codec::Aac, Bytes::from_static(&[0x14, 0x08]));
        assert_eq!(aac.sampling(), Some(Sampling { rate_hz: 16_000, channels: 1 }));
        assert_eq!((aac.rfc6381().as_str(), aac.reorder_depth()), ("mp4a.40.2", Some(0)));
        let broken = Params::sound(Codec::Aac, Bytes::new());
        assert_eq!((broken.rfc6381().as_str(), broken.sampling()), ("mp4a.40", None));
    }
}
