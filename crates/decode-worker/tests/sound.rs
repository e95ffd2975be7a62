//! Sound that comes out in another coding says the same.
#![allow(clippy::unwrap_used, reason = "a panic names the line, in helpers too")]

mod common;

use std::sync::Arc;

use base::WallTime;
use bytes::Bytes;
use common::{BEGIN, decoder, ffmpeg, run};
use decode::{Codec, Error, Frame, Params, SoundCodec, SoundTask};

/// A tone of 1000 Hz, in packets of 20 ms as a camera sends them.
fn tone(codec: Codec, seconds: u32) -> Vec<Frame> {
    let source = format!("sine=frequency=1000:duration={seconds}");
    let source = ["-f", "lavfi", "-i", &source, "-ac", "1"];
    match codec {
        Codec::Pcmu | Codec::Pcma => {
            let form = if codec == Codec::Pcmu { "mulaw" } else { "alaw" };
            let bytes = ffmpeg(&[&source[..], &["-ar", "8000", "-f", form, "-"]].concat(), b"");
            let params = Arc::new(Params::sound(codec, 8000, 1, Bytes::new()));
            packets(bytes.chunks(160).map(Bytes::copy_from_slice), 20_000, params)
        }
        _ => {
            let more = ["-ar", "16000", "-c:a", "aac", "-b:a", "48k", "-f", "adts", "-"];
            let stream = ffmpeg(&[&source[..], &more].concat(), b"");
            // AAC-LC, 16 kHz, one channel (ISO/IEC 14496-3 §1.6.2.1).
            let config = Bytes::from_static(&[0x14, 0x08]);
            let params = Arc::new(Params::sound(Codec::Aac, 16_000, 1, config));
            packets(adts(&stream).into_iter(), 64_000, params)
        }
    }
}

fn packets(data: impl Iterator<Item = Bytes>, step: i64, params: Arc<Params>) -> Vec<Frame> {
    data.zip(0..)
        .map(|(data, at)| {
            let (wall, params) = (WallTime(BEGIN + at * step), params.clone());
            Frame { wall, composition_us: 0, is_key: true, data, params }
        })
        .collect()
}

/// The raw frames of an ADTS stream without checksums.
fn adts(mut stream: &[u8]) -> Vec<Bytes> {
    let mut frames = Vec::new();
    while let [0xff, _, _, a, b, c, ..] = *stream {
        let length = (usize::from(a & 3) << 11) | (usize::from(b) << 3) | usize::from(c >> 5);
        frames.push(Bytes::copy_from_slice(&stream[7..length]));
        stream = &stream[length..];
    }
    frames
}

/// Wraps AAC frames as ffmpeg reads them.
fn as_adts(frames: &[Frame], channels: u8) -> Vec<u8> {
    let mut stream = Vec::new();
    for frame in frames {
        let length = frame.data.len() + 7;
        // MPEG-4, no checksum; AAC-LC, 48 kHz (index 3).
        stream.extend_from_slice(&[0xff, 0xf1, 1 << 6 | 3 << 2, channels << 6]);
        let last = stream.len() - 1;
        stream[last] |= (length >> 11) as u8;
        stream.extend_from_slice(&[(length >> 3) as u8, (length as u8) << 5 | 0x1f, 0xfc]);
        stream.extend_from_slice(&frame.data);
    }
    stream
}

/// Wraps Opus packets as ffmpeg reads them: an Ogg page for each (RFC 3533, RFC 7845).
fn as_ogg(frames: &[Frame]) -> Vec<u8> {
    let mut stream = Vec::new();
    let mut page = |number: u32, position: u64, kind: u8, data: &[u8]| {
        let mut page = b"OggS\0".to_vec();
        page.push(kind);
        page.extend_from_slice(&position.to_le_bytes());
        page.extend_from_slice(&1u32.to_le_bytes());
        page.extend_from_slice(&number.to_le_bytes());
        page.extend_from_slice(&[0; 4]);
        page.push((data.len() / 255 + 1) as u8);
        page.extend(std::iter::repeat_n(255, data.len() / 255));
        page.push((data.len() % 255) as u8);
        page.extend_from_slice(data);
        let sum = page.iter().fold(0u32, |sum, &byte| {
            (0..8).fold(sum ^ u32::from(byte) << 24, |sum, _| {
                if sum >> 31 == 1 { sum << 1 ^ 0x04c1_1db7 } else { sum << 1 }
            })
        });
        page[22..26].copy_from_slice(&sum.to_le_bytes());
        stream.extend_from_slice(&page);
    };
    page(0, 0, 2, &frames[0].params.config);
    page(1, 0, 0, b"OpusTags\x04\0\0\0khue\0\0\0\0");
    for (frame, at) in frames.iter().zip(1u32..) {
        page(at + 1, u64::from(at) * 960, 0, &frame.data);
    }
    stream
}

/// Samples of the first channel at 48 kHz.
fn heard(frames: &[Frame], channels: u8) -> Vec<i16> {
    let (stream, form) = match frames[0].params.codec {
        Codec::Opus => (as_ogg(frames), "ogg"),
        _ => (as_adts(frames, channels), "aac"),
    };
    let bytes = ffmpeg(&["-f", form, "-i", "-", "-f", "s16le", "-ar", "48000", "-"], &stream);
    let samples = bytes.chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]]));
    samples.step_by(channels.into()).collect()
}

/// Oscillations in a second, by where the wave rises through zero.
fn frequency(samples: &[i16]) -> f64 {
    let rises: Vec<usize> =
        (1..samples.len()).filter(|&at| samples[at - 1] < 0 && samples[at] >= 0).collect();
    let (first, last) = (rises[0], rises[rises.len() - 1]);
    48_000.0 * (rises.len() - 1) as f64 / (last - first) as f64
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tone_stays_the_tone_it_was_from_each_coding_to_each() {
    let decoder = decoder();
    for from in [Codec::Pcmu, Codec::Pcma, Codec::Aac] {
        let packets = tone(from, 4);
        for (to, channels) in [(SoundCodec::Aac, 1), (SoundCodec::Opus, 1), (SoundCodec::Opus, 2)] {
            let task = SoundTask { to, bitrate: 48_000, channels };
            let job = decoder.sound(task, &packets[0].params).unwrap();
            let (made, end) = run(job, packets.clone()).await;
            assert_eq!(end, None);
            let all = heard(&made, channels);
            assert!((4.0 - all.len() as f64 / 48_000.0).abs() < 0.2, "{from:?} {to:?}");
            let middle = &all[24_000..168_000];
            let told = frequency(middle);
            assert!((told - 1000.0).abs() < 2.0, "{from:?} {to:?}: {told} Hz");
            let loudest = middle.iter().map(|sample| sample.unsigned_abs()).max().unwrap();
            // ffmpeg's sine has an eighth of the full scale, 4096; one channel
            // becomes two of the same power.
            let likely = if channels == 1 { 3700..5000 } else { 2600..3600 };
            assert!(likely.contains(&loudest), "{from:?} {to:?}: {loudest}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_says_what_it_is() {
    let packets = tone(Codec::Pcmu, 1);
    let sound = |to| {
        let task = SoundTask { to, bitrate: 32_000, channels: 1 };
        run(decoder().sound(task, &packets[0].params).unwrap(), packets.clone())
    };
    let (aac, _) = sound(SoundCodec::Aac).await;
    // AAC-LC (2), 48 kHz (3), one channel.
    assert_eq!(aac[0].params.config[..2], [2 << 3 | 3 >> 1, (3 & 1) << 7 | 1 << 3]);
    let (opus, _) = sound(SoundCodec::Opus).await;
    assert!(opus[0].params.config.starts_with(b"OpusHead"));
    for (frames, samples) in [(aac, 1024), (opus, 960)] {
        assert_eq!((frames[0].params.rate_hz, frames[0].params.channels), (48_000, 1));
        let apart = frames.windows(2).map(|two| two[1].wall.micros_since(two[0].wall));
        let step = samples * 1_000_000 / 48_000;
        assert!(apart.clone().all(|us| (us - step).abs() <= 1), "{:?}", apart.collect::<Vec<_>>());
    }
}

/// Where a burst of sound begins, in µs on the axis of `frames`.
fn onset(frames: &[Frame], samples: &[i16], codec_delay: i64) -> i64 {
    let at = samples.iter().position(|sample| sample.unsigned_abs() > 1500).unwrap() as i64;
    let step = if frames[0].params.codec == Codec::Opus { 960 } else { 1024 };
    let (frame, within) = ((at + codec_delay) / step, (at + codec_delay) % step);
    frames[frame as usize].wall.0 + within * 1_000_000 / 48_000
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_is_heard_at_the_moment_at_which_it_was() {
    // Silence, but for the second from 2 to 3; the camera's packets come 3 % late.
    let bytes: Vec<u8> = tone(Codec::Pcmu, 5).iter().flat_map(|f| f.data.to_vec()).collect();
    let quiet: Vec<u8> = bytes
        .iter()
        .enumerate()
        .map(|(at, &byte)| if (16_000..24_000).contains(&at) { byte } else { 0xff })
        .collect();
    let params = Arc::new(Params::sound(Codec::Pcmu, 8000, 1, Bytes::new()));
    let late = packets(quiet.chunks(160).map(Bytes::copy_from_slice), 20_600, params);
    let truth = late[100].wall.0;
    // ffmpeg gives all that AAC says, and leaves out what Opus says to leave out.
    for (to, left_out) in [(SoundCodec::Aac, 0), (SoundCodec::Opus, 312)] {
        let task = SoundTask { to, bitrate: 64_000, channels: 1 };
        let (made, _) = run(decoder().sound(task, &late[0].params).unwrap(), late.clone()).await;
        let told = onset(&made, &heard(&made, 1), left_out);
        assert!((told - truth).abs() < 25_000, "{to:?}: {} µs off", told - truth);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_in_the_sound_is_a_gap_in_the_moments() {
    let mut packets = tone(Codec::Pcma, 4);
    for frame in &mut packets[100..] {
        frame.wall = WallTime(frame.wall.0 + 7_000_000);
    }
    let task = SoundTask { to: SoundCodec::Opus, bitrate: 32_000, channels: 1 };
    let (made, end) = run(decoder().sound(task, &packets[0].params).unwrap(), packets).await;
    assert_eq!(end, None);
    let apart = made.windows(2).map(|two| two[1].wall.micros_since(two[0].wall));
    let leaps: Vec<i64> = apart.filter(|&us| us > 100_000).collect();
    assert_eq!(leaps.len(), 1, "{leaps:?}");
    assert!((7_000_000..7_040_000).contains(&leaps[0]), "{leaps:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_that_is_none_is_refused_in_words() {
    let decoder = decoder();
    let task = SoundTask { to: SoundCodec::Aac, bitrate: 32_000, channels: 1 };
    let config = Bytes::from_static(&[0x14, 0x08]);
    let params = Arc::new(Params::sound(Codec::Aac, 16_000, 1, config));
    let noise = (0..700u32).map(|at| {
        let bytes =
            (0..200u32).map(|n| (n.wrapping_mul(at + 7).wrapping_mul(2_654_435_761) >> 13) as u8);
        bytes.collect::<Vec<u8>>().into()
    });
    let noise = packets(noise, 64_000, params);
    match run(decoder.sound(task, &noise[0].params).unwrap(), noise).await.1 {
        Some(Error::Refused { words }) => assert!(words.contains("sound"), "{words}"),
        // Some noise is sound to a decoder; then it is all worked off.
        None => {}
        Some(error) => panic!("{error}"),
    }
    let odd = Params::sound(Codec::Pcmu, 3, 1, Bytes::new());
    let odd = packets([Bytes::from_static(&[1, 2])].into_iter(), 1, Arc::new(odd));
    let (_, end) = run(decoder.sound(task, &odd[0].params).unwrap(), odd).await;
    let words = "sound of 3 Hz in 1 channels is nothing known".into();
    assert_eq!(end, Some(Error::Refused { words }));
}
