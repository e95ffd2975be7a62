//! The text of the playlist that a player opens first: what there is, and what
//! a decoder must know to choose it.

use std::fmt::Write;

use media::Params;

use super::name::{File, Track};

/// One stream, as a player chooses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendition {
    /// Its parameters.
    pub params: Params,
    /// Bits in its busiest second.
    pub bandwidth: u64,
    /// Frames in a second, in thousands, where that is known.
    pub frame_rate_millis: Option<u32>,
}

/// Returns the multivariant playlist of pictures, and sound beside them.
pub fn multivariant(video: &Rendition, sound: Option<&Rendition>) -> String {
    let mut text = String::from("#EXTM3U\n#EXT-X-VERSION:6\n");
    let mut bandwidth = video.bandwidth;
    let mut codecs = video.params.rfc6381();
    let mut group = "";
    // Writing to a string cannot fail.
    if let Some(sound) = sound {
        bandwidth += sound.bandwidth;
        codecs = format!("{codecs},{}", sound.params.rfc6381());
        group = ",AUDIO=\"sound\"";
        let channels = sound.params.sampling().map_or(1, |sampling| sampling.channels);
        let _ = writeln!(
            text,
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"sound\",NAME=\"sound\",DEFAULT=YES,AUTOSELECT=YES,\
             CHANNELS=\"{channels}\",URI=\"{}\"",
            File::Playlist(Track::Sound)
        );
    }
    let (width, height) = (video.params.width, video.params.height);
    let _ = write!(
        text,
        "#EXT-X-STREAM-INF:BANDWIDTH={},CODECS=\"{codecs}\",RESOLUTION={width}x{height}",
        bandwidth.max(1)
    );
    if let Some(rate) = video.frame_rate_millis {
        let _ = write!(text, ",FRAME-RATE={}.{:03}", rate / 1000, rate % 1000);
    }
    let _ = write!(text, "{group}\n{}\n", File::Playlist(Track::Video));
    text
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use media::Codec;

    use super::*;

    #[test]
    fn it_names_codecs_size_rate_and_sound() {
        let config = Bytes::from_static(&[1, 77, 0, 41, 0xff, 0xe0, 0]);
        let params = Params { codec: Codec::H264, width: 1280, height: 720, config };
        let video = Rendition { params, bandwidth: 2_000_000, frame_rate_millis: Some(25_000) };
        let alone = "#EXTM3U\n#EXT-X-VERSION:6\n\
            #EXT-X-STREAM-INF:BANDWIDTH=2000000,CODECS=\"avc1.4d0029\",RESOLUTION=1280x720,FRAME-RATE=25.000\n\
            video.m3u8\n";
        assert_eq!(multivariant(&video, None), alone);
        let params = Params::sound(Codec::Aac, Bytes::from_static(&[0x14, 0x08]));
        let sound = Rendition { params, bandwidth: 32_000, frame_rate_millis: None };
        let both = "#EXTM3U\n#EXT-X-VERSION:6\n\
            #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"sound\",NAME=\"sound\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"1\",URI=\"sound.m3u8\"\n\
            #EXT-X-STREAM-INF:BANDWIDTH=2032000,CODECS=\"avc1.4d0029,mp4a.40.2\",RESOLUTION=1280x720,FRAME-RATE=25.000,AUDIO=\"sound\"\n\
            video.m3u8\n";
        assert_eq!(multivariant(&video, Some(&sound)), both);
    }
}
