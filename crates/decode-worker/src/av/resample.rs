//! Samples of any rate and form become floats of a wanted rate, channels side by side.

use std::ptr::{self, NonNull};

use ff::AVSampleFormat;
use ffmpeg_sys_next as ff;

use super::{Failure, Frame, NO_MEMORY, NOT_SUPPORTED, checked};

/// Makes samples of one rate and so many channels, whatever comes in.
pub(crate) struct Resampler {
    rate_hz: u32,
    channels: u8,
    /// Rate, form and channels that the context was made for.
    made: Option<((i32, i32, i32), NonNull<ff::SwrContext>)>,
}

impl Resampler {
    pub(crate) fn new(rate_hz: u32, channels: u8) -> Self {
        Self { rate_hz, channels, made: None }
    }

    /// Returns how many samples at the wanted rate are kept back, for want of
    /// those that follow.
    pub(crate) fn kept_back(&self) -> i64 {
        let Some((_, context)) = self.made else { return 0 };
        // SAFETY: ours and initialised.
        unsafe { ff::swr_get_delay(context.as_ptr(), self.rate_hz.into()) }
    }

    /// Appends what the frame's samples become.
    pub(crate) fn convert(&mut self, from: &Frame, to: &mut Vec<f32>) -> Result<(), Failure> {
        let raw = from.raw();
        let case = (raw.sample_rate, raw.format, raw.ch_layout.nb_channels);
        let context = match self.made {
            Some((made, context)) if made == case => context,
            _ => self.make(case)?,
        };
        // SAFETY: the context was made for this rate, form and count of channels,
        // so it reads as many planes as the frame has.
        unsafe { self.swr(context, raw.extended_data.cast(), raw.nb_samples, to) }
    }

    /// Appends what was kept back.
    pub(crate) fn end(&mut self, to: &mut Vec<f32>) -> Result<(), Failure> {
        let Some((_, context)) = self.made else { return Ok(()) };
        // SAFETY: no input means the end.
        unsafe { self.swr(context, ptr::null_mut(), 0, to) }
    }

    /// # Safety
    /// `planes` is null, or points to as many planes of `count` samples as the
    /// context was made for.
    unsafe fn swr(
        &self,
        context: NonNull<ff::SwrContext>,
        planes: *mut *const u8,
        count: i32,
        to: &mut Vec<f32>,
    ) -> Result<(), Failure> {
        // SAFETY: ours and initialised.
        let most = checked(unsafe { ff::swr_get_out_samples(context.as_ptr(), count) })?;
        let channels = usize::from(self.channels);
        let begin = to.len();
        to.resize(begin + most as usize * channels, 0.0);
        let mut plane = to[begin..].as_mut_ptr().cast::<u8>();
        // SAFETY: one plane, since channels lie side by side, with room for `most`.
        let made = checked(unsafe {
            ff::swr_convert(context.as_ptr(), (&raw mut plane).cast(), most, planes.cast(), count)
        });
        to.truncate(begin + made.unwrap_or(0) as usize * channels);
        made.map(drop)
    }

    fn make(&mut self, case: (i32, i32, i32)) -> Result<NonNull<ff::SwrContext>, Failure> {
        self.clear();
        let (rate, form, channels) = case;
        let form = sample_form(form).ok_or(NOT_SUPPORTED)?;
        if !(4000..=192_000).contains(&rate) || !(1..=8).contains(&channels) {
            return Err(NOT_SUPPORTED);
        }
        let mut context = ptr::null_mut();
        // SAFETY: an empty layout is all zeros; the next call fills it with a
        // standard one, which owns no memory.
        let (mut ours, mut theirs) = unsafe {
            (std::mem::zeroed::<ff::AVChannelLayout>(), std::mem::zeroed::<ff::AVChannelLayout>())
        };
        // SAFETY: both layouts are ours; the context is made anew.
        checked(unsafe {
            ff::av_channel_layout_default(&mut ours, self.channels.into());
            ff::av_channel_layout_default(&mut theirs, channels);
            ff::swr_alloc_set_opts2(
                &mut context,
                &mut ours,
                AVSampleFormat::AV_SAMPLE_FMT_FLT,
                self.rate_hz as i32,
                &mut theirs,
                form,
                rate,
                0,
                ptr::null_mut(),
            )
        })?;
        let context = NonNull::new(context).ok_or(NO_MEMORY)?;
        self.made = Some((case, context));
        // SAFETY: ours, and set up.
        if let Err(failure) = checked(unsafe { ff::swr_init(context.as_ptr()) }) {
            self.clear();
            return Err(failure);
        }
        Ok(context)
    }

    fn clear(&mut self) {
        if let Some((_, context)) = self.made.take() {
            let mut context = context.as_ptr();
            // SAFETY: ours, and not used again.
            unsafe { ff::swr_free(&mut context) };
        }
    }
}

impl Drop for Resampler {
    fn drop(&mut self) {
        self.clear();
    }
}

fn sample_form(raw: i32) -> Option<AVSampleFormat> {
    use AVSampleFormat::*;
    let forms = [
        AV_SAMPLE_FMT_S16,
        AV_SAMPLE_FMT_S16P,
        AV_SAMPLE_FMT_S32,
        AV_SAMPLE_FMT_S32P,
        AV_SAMPLE_FMT_FLT,
        AV_SAMPLE_FMT_FLTP,
    ];
    forms.into_iter().find(|form| *form as i32 == raw)
}
