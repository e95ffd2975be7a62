//! Pictures of any size and form become pictures of a wanted one.

use std::ptr::{self, NonNull};

use ff::AVPixelFormat;
use ffmpeg_sys_next as ff;

use super::{Failure, Frame, NO_MEMORY, NOT_SUPPORTED, PixelForm};

/// How much work a pixel may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharpness {
    /// For what goes on moving.
    Quick,
    /// For what stands still.
    Fine,
}

/// Makes pictures of one size and form, whatever comes in.
pub(crate) struct Scaler {
    sharpness: Sharpness,
    made: Option<(Case, NonNull<ff::SwsContext>)>,
}

/// All that a context of the library is made for.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Case {
    from: (i32, i32, i32, bool, i32),
    to: (i32, i32, i32),
}

impl Scaler {
    pub(crate) fn new(sharpness: Sharpness) -> Self {
        Self { sharpness, made: None }
    }

    /// Fills `to`, a picture made here, with what `from` shows.
    pub(crate) fn scale(&mut self, from: &Frame, to: &mut Frame) -> Result<(), Failure> {
        to.make_writable()?;
        let (form, full) = form(from.raw().format).ok_or(NOT_SUPPORTED)?;
        // Read as numbers: what a bitstream says need not be one of the enum's.
        // SAFETY: both fields are C enums, as wide as an int.
        let (range, space) = unsafe {
            let raw = from.raw();
            (
                ptr::from_ref(&raw.color_range).cast::<i32>().read(),
                ptr::from_ref(&raw.colorspace).cast::<i32>().read(),
            )
        };
        let full = full || range == ff::AVColorRange::AVCOL_RANGE_JPEG as i32;
        let raw = from.raw();
        let case = Case {
            from: (raw.width, raw.height, raw.format, full, space),
            to: (to.raw().width, to.raw().height, to.raw().format),
        };
        let context = match self.made {
            Some((made, context)) if made == case => context,
            _ => self.make(case, form)?,
        };
        // SAFETY: the context was made for exactly these sizes and forms; `to` was
        // made writable, and both frames keep their planes for the call.
        let lines = unsafe {
            ff::sws_scale(
                context.as_ptr(),
                raw.data.as_ptr().cast(),
                raw.linesize.as_ptr(),
                0,
                raw.height,
                to.raw().data.as_ptr(),
                to.raw().linesize.as_ptr(),
            )
        };
        if lines == to.raw().height { Ok(()) } else { Err(NOT_SUPPORTED) }
    }

    fn make(
        &mut self,
        case: Case,
        form: AVPixelFormat,
    ) -> Result<NonNull<ff::SwsContext>, Failure> {
        self.clear();
        let forms = [PixelForm::Yuv420, PixelForm::Yuv420Full, PixelForm::Rgb24];
        let wanted = forms.into_iter().find(|form| form.raw() as i32 == case.to.2);
        let wanted = wanted.ok_or(NOT_SUPPORTED)?;
        let flags = match self.sharpness {
            Sharpness::Quick => ff::SWS_BILINEAR,
            Sharpness::Fine => ff::SWS_BICUBIC | ff::SWS_ACCURATE_RND,
        };
        let ((width, height, _, full, space), (to_width, to_height, _)) = (case.from, case.to);
        // SAFETY: returns a context of our own or null; no filters, no parameters.
        let context = unsafe {
            ff::sws_getContext(
                width,
                height,
                form,
                to_width,
                to_height,
                wanted.raw(),
                flags,
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null(),
            )
        };
        let context = NonNull::new(context).ok_or(NO_MEMORY)?;
        // Where it is not said, high definition is BT.709.
        let hd = height >= 720 && space == ff::AVColorSpace::AVCOL_SPC_UNSPECIFIED as i32;
        let bt709 = hd || space == ff::AVColorSpace::AVCOL_SPC_BT709 as i32;
        let space = if bt709 { ff::SWS_CS_ITU709 } else { ff::SWS_CS_ITU601 };
        // JPEG is BT.601; what stays video stays what it was.
        let to_space = match wanted {
            PixelForm::Yuv420 => space,
            PixelForm::Yuv420Full | PixelForm::Rgb24 => ff::SWS_CS_ITU601,
        };
        let to_full = wanted != PixelForm::Yuv420;
        // SAFETY: the tables are the library's own and live for ever.
        unsafe {
            ff::sws_setColorspaceDetails(
                context.as_ptr(),
                ff::sws_getCoefficients(space),
                full.into(),
                ff::sws_getCoefficients(to_space),
                to_full.into(),
                0,
                1 << 16,
                1 << 16,
            );
        }
        self.made = Some((case, context));
        Ok(context)
    }

    fn clear(&mut self) {
        if let Some((_, context)) = self.made.take() {
            // SAFETY: ours, and not used again.
            unsafe { ff::sws_freeContext(context.as_ptr()) };
        }
    }
}

impl Drop for Scaler {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Returns a form that cameras send, and whether it goes from 0 to 255 by
/// itself. Everything else is refused: less of the library is reached.
fn form(raw: i32) -> Option<(AVPixelFormat, bool)> {
    use AVPixelFormat::*;
    let limited = [
        AV_PIX_FMT_YUV420P,
        AV_PIX_FMT_YUV422P,
        AV_PIX_FMT_YUV444P,
        AV_PIX_FMT_GRAY8,
        AV_PIX_FMT_YUV420P10LE,
        AV_PIX_FMT_YUV422P10LE,
        AV_PIX_FMT_YUV444P10LE,
        AV_PIX_FMT_GRAY10LE,
        AV_PIX_FMT_YUV420P12LE,
    ];
    let full = [AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUVJ444P];
    let find = |forms: &[AVPixelFormat]| forms.iter().copied().find(|form| *form as i32 == raw);
    find(&limited).map(|form| (form, false)).or_else(|| find(&full).map(|form| (form, true)))
}
