//! What is coded, as the worker's protocol says it.
//!
//! The protocol has words of its own, so that it does not change with the
//! house's. Frames convert both ways.

use std::sync::Arc;

use base::WallTime;
use bytes::Bytes;

use crate::Error;

/// How pictures or sound are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// ITU-T H.264.
    H264,
    /// ITU-T H.265.
    H265,
    /// AAC, one raw frame without ADTS.
    Aac,
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// Opus, one packet.
    Opus,
}

/// What a decoder must know before the first frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    /// How it is coded.
    pub codec: Codec,
    /// Width of the picture shown in pixels; zero for sound.
    pub width: u32,
    /// Height of the picture shown in pixels; zero for sound.
    pub height: u32,
    /// Samples in a second; zero for pictures.
    pub rate_hz: u32,
    /// Channels of sound; zero for pictures.
    pub channels: u8,
    /// The body of `avcC` or `hvcC`, an AudioSpecificConfig, an `OpusHead`, or
    /// nothing (G.711).
    pub config: Bytes,
}

/// One access unit, AAC frame, Opus packet, or some samples of G.711.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// When it is decoded, on the server's axis.
    pub wall: WallTime,
    /// Presentation minus decoding time, in microseconds.
    pub composition_us: i32,
    /// Whether it can be decoded alone.
    pub is_key: bool,
    /// Of pictures, NAL units behind their length in four bytes.
    pub data: Bytes,
    /// The same `Arc` until they change.
    pub params: Arc<Params>,
}

impl Codec {
    /// Returns whether it codes pictures; it codes sound otherwise.
    pub fn is_video(self) -> bool {
        matches!(self, Self::H264 | Self::H265)
    }
}

impl Params {
    /// Returns the parameters of a stream of pictures.
    pub fn video(codec: Codec, width: u32, height: u32, config: Bytes) -> Self {
        Self { codec, width, height, rate_hz: 0, channels: 0, config }
    }

    /// Returns the parameters of a stream of sound.
    pub fn sound(codec: Codec, rate_hz: u32, channels: u8, config: Bytes) -> Self {
        Self { codec, width: 0, height: 0, rate_hz, channels, config }
    }
}

impl From<&media::Params> for Params {
    fn from(params: &media::Params) -> Self {
        let codec = match params.codec {
            media::Codec::H264 => Codec::H264,
            media::Codec::H265 => Codec::H265,
            media::Codec::Aac => Codec::Aac,
            media::Codec::Pcmu => Codec::Pcmu,
            media::Codec::Pcma => Codec::Pcma,
            media::Codec::Opus => Codec::Opus,
        };
        let (rate_hz, channels) =
            params.sampling().map_or((0, 0), |sampling| (sampling.rate_hz, sampling.channels));
        let (width, height, config) = (params.width, params.height, params.config.clone());
        Self { codec, width, height, rate_hz, channels, config }
    }
}

impl From<&media::Frame> for Frame {
    /// Shares the bytes; the parameters become an `Arc` of their own. Who pushes
    /// many frames converts their parameters once and writes the frame by hand.
    fn from(frame: &media::Frame) -> Self {
        Self {
            wall: frame.wall,
            composition_us: frame.composition_us,
            is_key: frame.is_key,
            data: frame.data.clone(),
            params: Arc::new(Params::from(&*frame.params)),
        }
    }
}

impl TryFrom<&Params> for media::Params {
    type Error = Error;

    fn try_from(params: &Params) -> Result<Self, Error> {
        let config = params.config.clone();
        let refused =
            |source: media::h264::ParamsError| Error::Refused { words: source.to_string() };
        match params.codec {
            Codec::H264 => media::h264::params_of_record(config).map_err(refused),
            Codec::H265 => media::h265::params_of_record(config).map_err(refused),
            Codec::Aac => Ok(Self::sound(media::Codec::Aac, config)),
            Codec::Pcmu => Ok(Self::sound(media::Codec::Pcmu, Bytes::new())),
            Codec::Pcma => Ok(Self::sound(media::Codec::Pcma, Bytes::new())),
            Codec::Opus => Ok(Self::sound(media::Codec::Opus, Bytes::new())),
        }
    }
}

impl TryFrom<Frame> for media::Frame {
    type Error = Error;

    fn try_from(frame: Frame) -> Result<Self, Error> {
        Ok(Self {
            wall: frame.wall,
            composition_us: frame.composition_us,
            is_key: frame.is_key,
            data: frame.data,
            params: Arc::new(media::Params::try_from(&*frame.params)?),
        })
    }
}
