//! A decoded picture, or decoded samples.

use std::ptr::NonNull;

use ff::{AVPixelFormat, AVSampleFormat};
use ffmpeg_sys_next as ff;

use super::{Failure, NO_MEMORY, checked};

/// A structure of the library that holds pixels or samples, or nothing yet.
pub(crate) struct Frame(NonNull<ff::AVFrame>);

/// The forms of pictures that are made here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PixelForm {
    /// Planes Y, U, V; from 16 to 235.
    Yuv420,
    /// The same from 0 to 255, as JPEG has it.
    Yuv420Full,
    /// Three bytes a pixel.
    Rgb24,
}

/// The forms of samples that are made here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SampleForm {
    /// A plane of floats for each channel.
    FloatPlanes,
    /// Floats, the channels of a moment side by side.
    Float,
}

impl PixelForm {
    pub(super) fn raw(self) -> AVPixelFormat {
        match self {
            Self::Yuv420 => AVPixelFormat::AV_PIX_FMT_YUV420P,
            Self::Yuv420Full => AVPixelFormat::AV_PIX_FMT_YUVJ420P,
            Self::Rgb24 => AVPixelFormat::AV_PIX_FMT_RGB24,
        }
    }
}

impl SampleForm {
    pub(super) fn raw(self) -> AVSampleFormat {
        match self {
            Self::FloatPlanes => AVSampleFormat::AV_SAMPLE_FMT_FLTP,
            Self::Float => AVSampleFormat::AV_SAMPLE_FMT_FLT,
        }
    }
}

impl Frame {
    /// Returns a frame with nothing in it.
    pub(crate) fn empty() -> Result<Self, Failure> {
        // SAFETY: returns a frame of our own or null.
        NonNull::new(unsafe { ff::av_frame_alloc() }).map(Self).ok_or(NO_MEMORY)
    }

    /// Returns a picture of any colours.
    pub(crate) fn picture(form: PixelForm, width: u32, height: u32) -> Result<Self, Failure> {
        let mut frame = Self::empty()?;
        let raw = frame.raw_mut();
        raw.format = form.raw() as i32;
        raw.width = width as i32; // far below 2^31: see shape.rs
        raw.height = height as i32;
        if form == PixelForm::Yuv420Full {
            raw.color_range = ff::AVColorRange::AVCOL_RANGE_JPEG;
        }
        // SAFETY: format and size are set, and there is no buffer yet.
        checked(unsafe { ff::av_frame_get_buffer(frame.pointer(), 0) })?;
        Ok(frame)
    }

    /// Returns so many samples of any sound.
    pub(crate) fn samples(
        form: SampleForm,
        rate_hz: u32,
        channels: u8,
        count: usize,
    ) -> Result<Self, Failure> {
        let mut frame = Self::empty()?;
        let raw = frame.raw_mut();
        raw.format = form.raw() as i32;
        raw.sample_rate = rate_hz as i32;
        raw.nb_samples = i32::try_from(count).map_err(|_| NO_MEMORY)?;
        // SAFETY: the layout is the frame's own and empty.
        unsafe { ff::av_channel_layout_default(&mut raw.ch_layout, channels.into()) };
        // SAFETY: form, layout and count are set, and there is no buffer yet.
        checked(unsafe { ff::av_frame_get_buffer(frame.pointer(), 0) })?;
        Ok(frame)
    }

    /// Makes the bytes nobody else's, by copying where an encoder holds them.
    pub(crate) fn make_writable(&mut self) -> Result<(), Failure> {
        // SAFETY: the frame is ours and whole.
        checked(unsafe { ff::av_frame_make_writable(self.pointer()) }).map(drop)
    }

    pub(crate) fn width(&self) -> u32 {
        self.raw().width.max(0) as u32
    }

    pub(crate) fn height(&self) -> u32 {
        self.raw().height.max(0) as u32
    }

    /// Returns how much wider than high a pixel is; one where it is not said.
    pub(crate) fn pixel_shape(&self) -> f64 {
        let shape = self.raw().sample_aspect_ratio;
        if shape.num > 0 && shape.den > 0 {
            f64::from(shape.num) / f64::from(shape.den)
        } else {
            1.0
        }
    }

    /// Returns the time it came with, if it came with one.
    pub(crate) fn pts(&self) -> Option<i64> {
        Some(self.raw().pts).filter(|&pts| pts != ff::AV_NOPTS_VALUE)
    }

    pub(crate) fn set_pts(&mut self, pts: i64) {
        self.raw_mut().pts = pts;
    }

    /// Says whether an encoder shall make a keyframe of it.
    pub(crate) fn set_key(&mut self, key: bool) {
        use ff::AVPictureType::{AV_PICTURE_TYPE_I, AV_PICTURE_TYPE_NONE};
        self.raw_mut().pict_type = if key { AV_PICTURE_TYPE_I } else { AV_PICTURE_TYPE_NONE };
    }

    /// Returns how many samples each channel has.
    pub(crate) fn count(&self) -> usize {
        self.raw().nb_samples.max(0) as usize
    }

    /// Returns the rows of a plane of a picture made here.
    pub(crate) fn plane_mut(&mut self, plane: usize) -> Plane<'_> {
        let (width, height) = (self.width() as usize, self.height() as usize);
        let raw = self.raw();
        let (width, height) = if raw.format == PixelForm::Rgb24.raw() as i32 {
            assert!(plane == 0, "there is one plane of RGB");
            (3 * width, height)
        } else {
            let own = [PixelForm::Yuv420, PixelForm::Yuv420Full];
            assert!(own.iter().any(|form| form.raw() as i32 == raw.format) && plane < 3);
            if plane == 0 { (width, height) } else { (width.div_ceil(2), height.div_ceil(2)) }
        };
        let stride = usize::try_from(raw.linesize[plane]).expect("our pictures are not mirrored");
        assert!(stride >= width && height > 0 && !raw.data[plane].is_null());
        // SAFETY: a picture of this form was made by `picture`, with so many rows
        // of so many bytes; the borrow of `self` keeps everybody else away.
        let bytes = unsafe {
            std::slice::from_raw_parts_mut(raw.data[plane], stride * (height - 1) + width)
        };
        Plane { bytes, stride, width, height }
    }

    /// Writes samples, channels side by side, into a frame made for so many.
    pub(crate) fn fill(&mut self, interleaved: &[f32]) {
        let raw = self.raw();
        let (count, channels) = (self.count(), raw.ch_layout.nb_channels.max(0) as usize);
        assert_eq!(interleaved.len(), count * channels);
        if raw.format == SampleForm::Float.raw() as i32 {
            // SAFETY: the frame was made by `samples` for so many floats, aligned for SIMD.
            let to = unsafe {
                std::slice::from_raw_parts_mut(raw.data[0].cast::<f32>(), interleaved.len())
            };
            to.copy_from_slice(interleaved);
            return;
        }
        assert!(raw.format == SampleForm::FloatPlanes.raw() as i32 && channels <= 2);
        for channel in 0..channels {
            // SAFETY: as above, a plane for each of at most two channels.
            let to =
                unsafe { std::slice::from_raw_parts_mut(raw.data[channel].cast::<f32>(), count) };
            for (to, from) in to.iter_mut().zip(interleaved[channel..].iter().step_by(channels)) {
                *to = *from;
            }
        }
    }

    pub(super) fn raw(&self) -> &ff::AVFrame {
        // SAFETY: the pointer is ours and the structure is initialised.
        unsafe { self.0.as_ref() }
    }

    pub(super) fn raw_mut(&mut self) -> &mut ff::AVFrame {
        // SAFETY: as above, and borrowed by one alone.
        unsafe { self.0.as_mut() }
    }

    pub(super) fn pointer(&mut self) -> *mut ff::AVFrame {
        self.0.as_ptr()
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        let mut pointer = self.0.as_ptr();
        // SAFETY: ours, and not used again.
        unsafe { ff::av_frame_free(&mut pointer) };
    }
}

/// A plane of a picture.
pub(crate) struct Plane<'a> {
    bytes: &'a mut [u8],
    stride: usize,
    /// Bytes of a row.
    pub(crate) width: usize,
    /// Rows.
    pub(crate) height: usize,
}

impl Plane<'_> {
    /// Returns a part of a row; what lies outside the plane is left out.
    pub(crate) fn row(&mut self, y: usize, columns: std::ops::Range<usize>) -> &mut [u8] {
        if y >= self.height {
            return &mut [];
        }
        let (start, end) = (columns.start.min(self.width), columns.end.min(self.width));
        &mut self.bytes[y * self.stride + start..y * self.stride + end.max(start)]
    }

    /// Appends all rows, without what pads them.
    pub(crate) fn append_to(&mut self, bytes: &mut Vec<u8>) {
        for y in 0..self.height {
            let whole = 0..self.width;
            bytes.extend_from_slice(self.row(y, whole));
        }
    }
}
