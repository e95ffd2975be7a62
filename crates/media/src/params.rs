//! What a decoder must know before the first frame of a stream.

use bytes::Bytes;

/// The coding of a video stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// ITU-T H.264, also ISO/IEC 14496-10.
    H264,
}

/// The parameters of a video stream. Two streams of equal parameters can be
/// played one after the other without a new initialisation segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    /// How pictures are coded.
    pub codec: Codec,
    /// Width of the picture shown, in pixels.
    pub width: u32,
    /// Height of the picture shown, in pixels.
    pub height: u32,
    /// The decoder configuration record: for H.264 the body of an `avcC` box
    /// (ISO/IEC 14496-15 §5.3.3.1), with the parameter sets in it.
    pub config: Bytes,
}

impl Params {
    /// Returns the codec as RFC 6381 writes it, for example `avc1.64001f`.
    pub fn rfc6381(&self) -> String {
        match self.codec {
            // Profile, constraints and level are bytes 1 to 3 of the record.
            Codec::H264 => match self.config.get(1..4) {
                Some([profile, constraints, level]) => {
                    format!("avc1.{profile:02x}{constraints:02x}{level:02x}")
                }
                _ => "avc1".to_owned(),
            },
        }
    }
}
