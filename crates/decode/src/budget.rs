//! How much work may run at once, in thousandths of a core.
//!
//! A job is priced before it begins, by what decoding and encoding cost for a
//! pixel (measured by `decode-worker/examples/job_cost.rs`), and again whenever its
//! parameters change. What does not fit is refused at once: a viewer who waits
//! for somebody else to stop watching would wait for ever.

use std::sync::{Arc, Mutex, PoisonError};

use crate::{Codec, Effort, Error, Params, PicturesTask, SoundTask, VideoTask};

/// What may be used, and what is.
#[derive(Clone, Debug)]
pub struct Budget {
    total: u32,
    used: Arc<Mutex<u32>>,
}

/// A part of a budget in use; given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Budget,
    millicores: u32,
}

/// Nanoseconds of a core for a pixel; see `docs/design/0004-worker.md` §4.
const DECODE_H264_NS: f64 = 4.0;
const DECODE_H265_NS: f64 = 6.0;
const SCALE_NS: f64 = 1.5;
const ENCODE_SUPERFAST_NS: f64 = 10.5;
const ENCODE_VERYFAST_NS: f64 = 20.0;
/// Thousandths of a core for one stream of sound.
const SOUND: u32 = 20;

impl Budget {
    /// Returns a budget of so many cores.
    pub fn new(cores: f32) -> Self {
        let total = (cores.clamp(0.0, 10_000.0) * 1000.0) as u32;
        Self { total, used: Arc::default() }
    }

    /// Returns how many thousandths of a core may be used at once.
    pub fn total(&self) -> u32 {
        self.total
    }

    /// Returns how many thousandths of a core are in use.
    pub fn used(&self) -> u32 {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn take(&self, millicores: u32) -> Result<Share, Error> {
        let mut share = Share { budget: self.clone(), millicores: 0 };
        share.change(millicores)?;
        Ok(share)
    }
}

impl Share {
    /// Makes the share larger or smaller; where there is no room it stays as it is.
    pub(crate) fn change(&mut self, millicores: u32) -> Result<(), Error> {
        let mut used = self.budget.used.lock().unwrap_or_else(PoisonError::into_inner);
        let others = *used - self.millicores;
        if others.saturating_add(millicores) > self.budget.total {
            let total = self.budget.total;
            let words = format!(
                "it needs {millicores} thousandths of a core, and {others} of {total} are in use"
            );
            return Err(Error::Busy { words });
        }
        *used = others + millicores;
        self.millicores = millicores;
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut used = self.budget.used.lock().unwrap_or_else(PoisonError::into_inner);
        *used -= self.millicores;
    }
}

/// Returns what a conversion of pictures costs.
pub(crate) fn of_video(task: &VideoTask, params: &Params) -> u32 {
    let pixels = pixels(params);
    // The output has the input's shape, and is never larger.
    let shrunk = (f64::from(task.height) / f64::from(params.height.max(1))).min(1.0);
    let made = pixels * shrunk * shrunk;
    let encode = match task.effort {
        Effort::Superfast => ENCODE_SUPERFAST_NS,
        Effort::Veryfast => ENCODE_VERYFAST_NS,
    };
    let frame = pixels * (decode_ns(params.codec) + SCALE_NS) + made * encode;
    millicores(frame * f64::from(task.frame_rate))
}

/// Returns what decoding costs: every frame is, however few pictures are wanted.
pub(crate) fn of_pictures(task: &PicturesTask, params: &Params, frame_rate: u8) -> u32 {
    let apart = 1_000_000.0 / f64::from(task.interval_us.max(1));
    let given = apart.min(f64::from(frame_rate));
    let each = f64::from(frame_rate) * decode_ns(params.codec) + given * SCALE_NS;
    millicores(pixels(params) * each)
}

/// Returns what a conversion of sound costs.
pub(crate) fn of_sound(_: &SoundTask) -> u32 {
    SOUND
}

fn pixels(params: &Params) -> f64 {
    f64::from(params.width) * f64::from(params.height)
}

fn decode_ns(codec: Codec) -> f64 {
    if codec == Codec::H265 { DECODE_H265_NS } else { DECODE_H264_NS }
}

fn millicores(ns_in_a_second: f64) -> u32 {
    // Saturates; what costs that much fits into no budget.
    (ns_in_a_second / 1e6).ceil() as u32
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn task(height: u16) -> VideoTask {
        let (texts, covers) = (Vec::new(), Vec::new());
        let effort = Effort::Superfast;
        VideoTask { height, bitrate: 1_000_000, gop: 50, frame_rate: 25, effort, texts, covers }
    }

    #[test]
    fn what_does_not_fit_is_refused_and_fits_when_another_ends() {
        let budget = Budget::new(0.5);
        let first = budget.take(300).unwrap();
        let refusal = budget.take(201).unwrap_err();
        let words = "it needs 201 thousandths of a core, and 300 of 500 are in use".into();
        assert_eq!(refusal, Error::Busy { words });
        let second = budget.take(200).unwrap();
        assert_eq!(budget.used(), 500);
        drop(first);
        let _third = budget.take(201).unwrap();
        drop(second);
        assert_eq!(budget.used(), 201);
    }

    #[test]
    fn a_share_that_cannot_grow_stays_as_it_is() {
        let budget = Budget::new(1.0);
        let mut share = budget.take(400).unwrap();
        assert!(share.change(1001).is_err());
        assert_eq!(budget.used(), 400);
        share.change(1000).unwrap();
        share.change(10).unwrap();
        drop(share);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn pixels_in_and_pixels_out_are_what_costs() {
        let params = |width, height| Params::video(Codec::H265, width, height, Bytes::new());
        let small = of_video(&task(720), &params(1280, 720));
        let large = of_video(&task(720), &params(3840, 2160));
        let full = of_video(&task(2160), &params(3840, 2160));
        assert!(small < large && large < full, "{small} {large} {full}");
        assert_eq!(of_video(&task(2160), &params(1280, 720)), small, "nothing is made larger");
        assert_eq!(of_video(&task(720), &params(u32::MAX, u32::MAX)), u32::MAX);
        let full_hd = of_video(&task(720), &params(1920, 1080));
        assert!((550..750).contains(&full_hd), "as measured, {full_hd}");
    }
}
