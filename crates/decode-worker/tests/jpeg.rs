//! A keyframe becomes the picture that ffmpeg sees in it.
#![allow(clippy::unwrap_used, reason = "a panic names the line, in helpers too")]

mod common;

use std::sync::Arc;

use bytes::Bytes;
use common::{decoder, drawn, ffmpeg, psnr, shown_of, street};
use decode::{Codec, Error, Frame, JpegTask};

fn task(height: u16, quality: u8) -> JpegTask {
    JpegTask { height, quality }
}

fn size(jpeg: &[u8]) -> (u16, u16) {
    let mut at = 2;
    loop {
        let [0xff, kind, a, b] = jpeg[at..at + 4] else { panic!("a marker stands at {at}") };
        if matches!(kind, 0xc0..=0xc3) {
            let number = |at: usize| u16::from_be_bytes([jpeg[at], jpeg[at + 1]]);
            return (number(at + 7), number(at + 5));
        }
        at += 2 + usize::from(u16::from_be_bytes([a, b]));
    }
}

fn pixels(jpeg: &[u8]) -> Vec<u8> {
    ffmpeg(&["-f", "mjpeg", "-i", "-", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], jpeg)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyframe_becomes_the_still_that_ffmpeg_makes_of_it() {
    let decoder = decoder();
    for codec in [Codec::H264, Codec::H265] {
        let clip = street(codec, 1);
        for (height, wanted) in [(352, (640, 352)), (180, (328, 180)), (2000, (640, 352))] {
            let jpeg = decoder.jpeg(clip.frames[0].clone(), task(height, 98)).await.unwrap();
            assert_eq!(size(&jpeg), wanted, "{codec:?}");
            let scale = format!("scale={}:{}:flags=bicubic", wanted.0, wanted.1);
            let still = shown_of(&clip, "rgb24", &["-frames:v", "1", "-vf", &scale]);
            let likeness = psnr(&pixels(&jpeg), &still);
            assert!(likeness > 33.0, "{codec:?} {height}: {likeness:.1} dB");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn high_definition_keeps_its_colours() {
    let tags = ["-vf", "scale=out_color_matrix=bt709", "-colorspace", "bt709"];
    let clip = drawn(Codec::H264, "smptehdbars=size=1280x720:rate=25", 25, "0.2", &tags);
    let jpeg = decoder().jpeg(clip.frames[0].clone(), task(720, 98)).await.unwrap();
    let still = shown_of(&clip, "rgb24", &["-frames:v", "1", "-vf", "scale=in_color_matrix=bt709"]);
    let likeness = psnr(&pixels(&jpeg), &still);
    assert!(likeness > 34.0, "{likeness:.1} dB");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lower_quality_costs_fewer_bytes() {
    let decoder = decoder();
    let clip = street(Codec::H264, 1);
    let mut lengths = Vec::new();
    for quality in [10, 50, 75, 90, 100] {
        let jpeg = decoder.jpeg(clip.frames[0].clone(), task(352, quality)).await.unwrap();
        lengths.push(jpeg.len());
    }
    assert!(lengths.is_sorted() && 3 * lengths[0] < lengths[4], "{lengths:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_keyframe_is_refused_in_words_and_the_next_one_is_made() {
    let decoder = decoder();
    let clip = street(Codec::H264, 1);
    let spoilt = |data: Bytes, config: Option<Bytes>| {
        let mut frame = Frame { data, ..clip.frames[0].clone() };
        if let Some(config) = config {
            Arc::make_mut(&mut frame.params).config = config;
        }
        frame
    };
    let key = &clip.frames[0].data;
    let cases = [
        spoilt(Bytes::new(), None),
        spoilt(Bytes::from_static(&[0xff; 1000]), None),
        spoilt(key.clone(), Some(Bytes::from_static(&[1, 2, 3]))),
        spoilt(key.clone(), Some(Bytes::new())),
        spoilt(clip.frames[1].data.clone(), None),
        clip.frames[1].clone(),
    ];
    for (at, frame) in cases.into_iter().enumerate() {
        match decoder.jpeg(frame, task(90, 75)).await {
            Err(Error::Refused { words }) => assert!(!words.is_empty()),
            // The library conceals what it can; the picture is one then.
            Ok(jpeg) => assert_eq!(size(&jpeg).1, 90, "{at}"),
            Err(error) => panic!("{at}: {error}"),
        }
        let jpeg = decoder.jpeg(clip.frames[0].clone(), task(90, 75)).await.unwrap();
        assert_eq!(size(&jpeg), (164, 90));
    }
    let refused = decoder.jpeg(clip.frames[0].clone(), task(9, 75)).await.unwrap_err();
    assert!(matches!(refused, Error::Refused { .. }), "{refused}");
}
