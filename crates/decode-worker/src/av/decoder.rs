//! Coded bytes become frames.

use std::ptr::{self, NonNull};

use decode::{Codec, Params};
use ff::AVCodecID;
use ffmpeg_sys_next as ff;

use super::{Failure, Frame, NO_MEMORY, NOT_SUPPORTED, checked};

/// The largest picture that any decoder takes: 8K, and some more.
const MOST_PIXELS: i64 = 8192 * 4608;

/// An open decoder.
pub(crate) struct Decoder {
    context: NonNull<ff::AVCodecContext>,
    packet: NonNull<ff::AVPacket>,
}

impl Decoder {
    /// Opens a decoder of a stream.
    pub(crate) fn open(params: &Params) -> Result<Self, Failure> {
        let id = match params.codec {
            Codec::H264 => AVCodecID::AV_CODEC_ID_H264,
            Codec::H265 => AVCodecID::AV_CODEC_ID_HEVC,
            Codec::Aac => AVCodecID::AV_CODEC_ID_AAC,
            Codec::Pcmu => AVCodecID::AV_CODEC_ID_PCM_MULAW,
            Codec::Pcma => AVCodecID::AV_CODEC_ID_PCM_ALAW,
            Codec::Opus => AVCodecID::AV_CODEC_ID_OPUS,
        };
        // SAFETY: looks into a table.
        let codec = unsafe { ff::avcodec_find_decoder(id) };
        if codec.is_null() {
            return Err(NOT_SUPPORTED);
        }
        // SAFETY: returns a context of our own or null.
        let context = unsafe { ff::avcodec_alloc_context3(codec) };
        let context = NonNull::new(context).ok_or(NO_MEMORY)?;
        // SAFETY: returns a packet of our own or null.
        let Some(packet) = NonNull::new(unsafe { ff::av_packet_alloc() }) else {
            let mut context = context.as_ptr();
            // SAFETY: ours, and not used again.
            unsafe { ff::avcodec_free_context(&mut context) };
            return Err(NO_MEMORY);
        };
        let mut decoder = Self { context, packet };
        decoder.set_up(params)?;
        // SAFETY: the context was made for this codec and set up.
        checked(unsafe { ff::avcodec_open2(decoder.context.as_ptr(), codec, ptr::null_mut()) })?;
        Ok(decoder)
    }

    fn set_up(&mut self, params: &Params) -> Result<(), Failure> {
        // SAFETY: ours and initialised.
        let context = unsafe { self.context.as_mut() };
        context.thread_count = 1;
        if params.codec.is_video() {
            context.flags |= ff::AV_CODEC_FLAG_LOW_DELAY as i32;
            context.max_pixels = MOST_PIXELS;
        } else {
            context.sample_rate = i32::try_from(params.rate_hz).map_err(|_| NOT_SUPPORTED)?;
            // SAFETY: the layout is the context's own and empty.
            unsafe {
                ff::av_channel_layout_default(&mut context.ch_layout, params.channels.into());
            }
        }
        if params.config.is_empty() {
            return Ok(());
        }
        let length = params.config.len();
        let padded = length + ff::AV_INPUT_BUFFER_PADDING_SIZE as usize;
        // SAFETY: returns so many zeroed bytes or null.
        let extradata = unsafe { ff::av_mallocz(padded) }.cast::<u8>();
        if extradata.is_null() {
            return Err(NO_MEMORY);
        }
        // SAFETY: the new bytes are at least as many, and lie elsewhere.
        unsafe { ptr::copy_nonoverlapping(params.config.as_ptr(), extradata, length) };
        // The context frees it.
        (context.extradata, context.extradata_size) = (extradata, length as i32);
        Ok(())
    }

    /// Gives a unit with its time; everything that was given before must have
    /// been received.
    pub(crate) fn send(&mut self, data: &[u8], pts: i64, key: bool) -> Result<(), Failure> {
        let packet = self.packet.as_ptr();
        let length = i32::try_from(data.len()).map_err(|_| NO_MEMORY)?;
        // SAFETY: the packet is ours and blank; it gets a padded buffer of so many bytes.
        checked(unsafe { ff::av_new_packet(packet, length) })?;
        // SAFETY: the buffer was just made, `length` long, and lies elsewhere.
        unsafe {
            ptr::copy_nonoverlapping(data.as_ptr(), (*packet).data, data.len());
            ((*packet).pts, (*packet).dts) = (pts, pts);
            (*packet).flags = if key { ff::AV_PKT_FLAG_KEY } else { 0 };
        }
        // SAFETY: context and packet are ours.
        let sent = checked(unsafe { ff::avcodec_send_packet(self.context.as_ptr(), packet) });
        // SAFETY: ours; the decoder has its own hold of the buffer.
        unsafe { ff::av_packet_unref(packet) };
        sent.map(drop)
    }

    /// Says that nothing will come any more.
    pub(crate) fn end(&mut self) {
        // SAFETY: the context is ours; no packet means the end.
        let _ = unsafe { ff::avcodec_send_packet(self.context.as_ptr(), ptr::null()) };
    }

    /// Receives the next frame, if there is one already.
    pub(crate) fn receive(&mut self, frame: &mut Frame) -> Result<bool, Failure> {
        // SAFETY: both are ours.
        let answer = unsafe { ff::avcodec_receive_frame(self.context.as_ptr(), frame.pointer()) };
        if answer == ff::AVERROR(libc::EAGAIN) || answer == ff::AVERROR_EOF {
            return Ok(false);
        }
        checked(answer).map(|_| true)
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        let (mut context, mut packet) = (self.context.as_ptr(), self.packet.as_ptr());
        // SAFETY: ours, and not used again.
        unsafe {
            ff::avcodec_free_context(&mut context);
            ff::av_packet_free(&mut packet);
        }
    }
}
