//! Frames become coded bytes.

use std::ffi::{CStr, CString};
use std::ptr::{self, NonNull};

use bytes::Bytes;
use decode::{Effort, VideoTask};
use ff::{AVPixelFormat, AVRational};
use ffmpeg_sys_next as ff;

use super::{Failure, Frame, NO_MEMORY, NOT_SUPPORTED, SampleForm, checked};

/// An open encoder.
pub(crate) struct Encoder {
    context: NonNull<ff::AVCodecContext>,
    packet: NonNull<ff::AVPacket>,
    /// What each frame must say of a JPEG's quality.
    quality: i32,
}

/// What an encoder made.
pub(crate) struct Packet {
    pub(crate) data: Bytes,
    pub(crate) pts: i64,
    pub(crate) is_key: bool,
}

impl Encoder {
    /// Opens an encoder of H.264 that gives a frame for each picture at once.
    pub(crate) fn h264(task: &VideoTask, width: u32, height: u32) -> Result<Self, Failure> {
        let mut encoder = Self::make(c"libx264")?;
        let context = encoder.context();
        context.width = width as i32; // far below 2^31: see shape.rs
        context.height = height as i32;
        context.pix_fmt = AVPixelFormat::AV_PIX_FMT_YUV420P;
        context.color_range = ff::AVColorRange::AVCOL_RANGE_MPEG;
        context.time_base = AVRational { num: 1, den: 1_000_000 };
        context.framerate = AVRational { num: task.frame_rate.into(), den: 1 };
        context.gop_size = task.gop.into();
        context.max_b_frames = 0;
        context.flags |= ff::AV_CODEC_FLAG_GLOBAL_HEADER as i32;
        context.bit_rate = task.bitrate.into();
        context.rc_max_rate = task.bitrate.into();
        // What a second may have, so that a keyframe does not hold up a thin line.
        context.rc_buffer_size = task.bitrate as i32; // at most 50 million: see Task::check
        let preset = match task.effort {
            Effort::Superfast => c"superfast",
            Effort::Veryfast => c"veryfast",
        };
        // Every browser's WebRTC takes constrained baseline; some take nothing else.
        encoder.open(&[
            (c"preset", preset),
            (c"tune", c"zerolatency"),
            (c"profile", c"baseline"),
            (c"forced-idr", c"1"),
        ])
    }

    /// Opens an encoder of JPEG; quality from 1 to 100.
    pub(crate) fn jpeg(quality: u8, width: u32, height: u32) -> Result<Self, Failure> {
        let mut encoder = Self::make(c"mjpeg")?;
        let context = encoder.context();
        context.width = width as i32;
        context.height = height as i32;
        context.pix_fmt = AVPixelFormat::AV_PIX_FMT_YUVJ420P;
        context.color_range = ff::AVColorRange::AVCOL_RANGE_JPEG;
        context.time_base = AVRational { num: 1, den: 25 };
        context.flags |= ff::AV_CODEC_FLAG_QSCALE as i32;
        encoder.quality = jpeg_scale(quality);
        encoder.open(&[])
    }

    /// Opens an encoder of AAC-LC, or of Opus in packets of 20 ms.
    pub(crate) fn sound(
        name: &CStr,
        form: SampleForm,
        rate_hz: u32,
        channels: u8,
        bitrate: u32,
    ) -> Result<Self, Failure> {
        let mut encoder = Self::make(name)?;
        let context = encoder.context();
        context.sample_fmt = form.raw();
        context.sample_rate = rate_hz as i32;
        context.bit_rate = bitrate.into();
        context.time_base = AVRational { num: 1, den: rate_hz as i32 };
        context.flags |= ff::AV_CODEC_FLAG_GLOBAL_HEADER as i32;
        // SAFETY: the layout is the context's own and empty.
        unsafe { ff::av_channel_layout_default(&mut context.ch_layout, channels.into()) };
        encoder.open(if name == c"libopus" { &[(c"frame_duration", c"20")] } else { &[] })
    }

    fn make(name: &CStr) -> Result<Self, Failure> {
        // SAFETY: looks into a table.
        let codec = unsafe { ff::avcodec_find_encoder_by_name(name.as_ptr()) };
        if codec.is_null() {
            return Err(NOT_SUPPORTED);
        }
        // SAFETY: returns a context of our own or null, with this codec in it.
        let context = unsafe { ff::avcodec_alloc_context3(codec) };
        let context = NonNull::new(context).ok_or(NO_MEMORY)?;
        // SAFETY: returns a packet of our own or null.
        let Some(packet) = NonNull::new(unsafe { ff::av_packet_alloc() }) else {
            let mut context = context.as_ptr();
            // SAFETY: ours, and not used again.
            unsafe { ff::avcodec_free_context(&mut context) };
            return Err(NO_MEMORY);
        };
        let mut encoder = Self { context, packet, quality: 0 };
        // Threads are not to be had in the sandbox.
        encoder.context().thread_count = 1;
        Ok(encoder)
    }

    fn open(self, options: &[(&CStr, &CStr)]) -> Result<Self, Failure> {
        let mut dictionary = ptr::null_mut();
        for (name, value) in options {
            let (name, value): (CString, CString) = ((*name).into(), (*value).into());
            // SAFETY: copies both texts into the dictionary.
            checked(unsafe { ff::av_dict_set(&mut dictionary, name.as_ptr(), value.as_ptr(), 0) })?;
        }
        // SAFETY: the context is ours and has its codec; the dictionary is ours.
        let opened = checked(unsafe {
            ff::avcodec_open2(self.context.as_ptr(), ptr::null(), &mut dictionary)
        });
        // SAFETY: ours, and not used again.
        unsafe { ff::av_dict_free(&mut dictionary) };
        opened.map(|_| self)
    }

    /// Gives a frame; everything made before must have been received.
    pub(crate) fn send(&mut self, frame: &mut Frame) -> Result<(), Failure> {
        frame.raw_mut().quality = self.quality;
        // SAFETY: both are ours and whole.
        let sent = unsafe { ff::avcodec_send_frame(self.context.as_ptr(), frame.pointer()) };
        checked(sent).map(drop)
    }

    /// Says that nothing will come any more.
    pub(crate) fn end(&mut self) {
        // SAFETY: the context is ours; no frame means the end.
        let _ = unsafe { ff::avcodec_send_frame(self.context.as_ptr(), ptr::null()) };
    }

    /// Receives what was made, if there is something already.
    pub(crate) fn receive(&mut self) -> Result<Option<Packet>, Failure> {
        let packet = self.packet.as_ptr();
        // SAFETY: both are ours.
        let answer = unsafe { ff::avcodec_receive_packet(self.context.as_ptr(), packet) };
        if answer == ff::AVERROR(libc::EAGAIN) || answer == ff::AVERROR_EOF {
            return Ok(None);
        }
        checked(answer)?;
        // SAFETY: the encoder has filled the packet.
        let packet = unsafe { self.packet.as_mut() };
        let made = Packet {
            data: copied(packet.data, packet.size),
            pts: packet.pts,
            is_key: packet.flags & ff::AV_PKT_FLAG_KEY != 0,
        };
        // SAFETY: ours; its bytes were copied.
        unsafe { ff::av_packet_unref(packet) };
        Ok(Some(made))
    }

    /// Returns what a decoder must know first: parameter sets, a configuration.
    pub(crate) fn extradata(&mut self) -> Bytes {
        let context = self.context();
        copied(context.extradata, context.extradata_size)
    }

    /// Returns how many samples a frame must have.
    pub(crate) fn frame_samples(&mut self) -> usize {
        self.context().frame_size.max(0) as usize
    }

    fn context(&mut self) -> &mut ff::AVCodecContext {
        // SAFETY: ours and initialised.
        unsafe { self.context.as_mut() }
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        let (mut context, mut packet) = (self.context.as_ptr(), self.packet.as_ptr());
        // SAFETY: ours, and not used again.
        unsafe {
            ff::avcodec_free_context(&mut context);
            ff::av_packet_free(&mut packet);
        }
    }
}

fn copied(from: *const u8, length: i32) -> Bytes {
    if from.is_null() || length <= 0 {
        return Bytes::new();
    }
    // SAFETY: the library says that so many bytes lie there; they are copied at once.
    Bytes::copy_from_slice(unsafe { std::slice::from_raw_parts(from, length as usize) })
}

/// Returns FFmpeg's scale, 2 (best) to 31, for a quality from 1 to 100.
fn jpeg_scale(quality: u8) -> i32 {
    let scale = 31 - (i32::from(quality.clamp(1, 100)) - 1) * 29 / 99;
    scale * ff::FF_QP2LAMBDA
}
