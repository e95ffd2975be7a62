//! Films as a simulated camera takes them: Annex B cut into access units.
//!
//! A clip begins with a keyframe at zero, its times never fall, each access
//! unit holds slices only, and no slice of the stream is lost or made up. The
//! first byte says which codec it is.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use media::nal;
use simcam::clip::{Clip, Codec, FrameRate};
use simcam::fuzzing::is_slice;

fuzz_target!(|data: &[u8]| {
    let Some((&codec, data)) = data.split_first() else { return };
    let Some((rate, stream)) = data.split_first_chunk::<8>() else { return };
    let codec = if codec & 1 == 0 { Codec::H264 } else { Codec::H265 };
    let [frames, seconds] =
        [&rate[..4], &rate[4..]].map(|four| u32::from_be_bytes(four.try_into().expect("four")));
    let stream = Bytes::copy_from_slice(stream);
    let rate = FrameRate { frames, seconds };
    let Ok(clip) = Clip::from_annex_b_of(codec, stream.clone(), rate, 16, 16) else { return };
    let times: Vec<u64> = clip.access_units.iter().map(|unit| unit.at_90k).collect();
    assert_eq!(times[0], 0);
    assert!(times.is_sorted() && times.last() <= Some(&clip.duration_90k));
    assert!(clip.access_units[0].is_key);
    assert!(clip.access_units.iter().all(|unit| !unit.nals.is_empty()));
    assert_eq!(clip.vps.is_some(), codec == Codec::H265);
    let slices = nal::annex_b(&stream).filter(|unit| is_slice(codec, unit));
    assert!(clip.access_units.iter().flat_map(|unit| &unit.nals).eq(slices));
});
