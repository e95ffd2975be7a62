//! The stamps in frames, as whoever measures reads them out of recordings.
//!
//! Any unit and frame is read without harm. A stamp reads back behind other
//! messages and units, whatever they are, and needs no emulation prevention.
#![no_main]

use libfuzzer_sys::arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use media::nal;
use simcam::sei::{Stamp, read_frame, read_unit, unit, unit_h265};

fuzz_target!(|data: &[u8]| {
    read_frame(data);
    read_unit(data);

    let Ok((counter, wall_us, source)) = Unstructured::new(data).arbitrary() else { return };
    let stamp = Stamp { counter, wall_us, source };
    for stamped in [&unit(stamp)[..], &unit_h265(stamp)] {
        assert_eq!(&nal::rbsp(stamped)[..], stamped);
        assert_eq!(read_unit(stamped), Some(stamp));
        let mut frame = Vec::new();
        nal::push_length_prefixed(&mut frame, data);
        let before = read_frame(&frame);
        nal::push_length_prefixed(&mut frame, stamped);
        assert_eq!(read_frame(&frame), before.or(Some(stamp)));
    }
});
