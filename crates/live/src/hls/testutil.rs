//! Frames for the tests of this folder.

use std::sync::Arc;

use base::WallTime;
use bytes::Bytes;
use media::{Codec, Frame, Params};

use super::Packager;
use crate::Tapped;

/// 2026-11-20T00:42:18Z.
pub(super) const START: WallTime = WallTime(1_795_135_338_000_000);

/// A camera that sends evenly.
#[derive(Clone, Copy)]
pub(super) struct Camera {
    pub(super) interval_us: i64,
    /// Frames from keyframe to keyframe.
    pub(super) gop: i64,
    pub(super) bytes: usize,
}

pub(super) const USUAL: Camera = Camera { interval_us: 40_000, gop: 50, bytes: 100 };

pub(super) fn params(width: u32) -> Arc<Params> {
    let config = Bytes::from_static(&[1, 77, 0, 41, 0xff, 0xe0, 0]);
    Arc::new(Params { codec: Codec::H264, width, height: 720, config })
}

impl Camera {
    pub(super) fn frame(self, number: i64) -> Frame {
        Frame {
            wall: WallTime(START.0 + number * self.interval_us),
            composition_us: 0,
            is_key: number % self.gop == 0,
            data: vec![u8::try_from(number % 251).unwrap(); self.bytes].into(),
            params: params(1280),
        }
    }

    pub(super) fn feed(self, packager: &mut Packager, numbers: std::ops::Range<i64>) {
        for number in numbers {
            packager.take(Tapped::Frame(self.frame(number)));
        }
    }

    pub(super) fn packaged(self, frames: i64) -> Packager {
        let mut packager = Packager::default();
        packager.take(Tapped::Begin(params(1280)));
        self.feed(&mut packager, 0..frames);
        packager
    }
}
