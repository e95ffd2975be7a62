//! A keyframe becomes a JPEG.

use decode::message::Coded;
use decode::{JpegTask, Params, ToClient};

use crate::av::{Encoder, Frame, PixelForm, Scaler, Sharpness};
use crate::shape::fit;
use crate::source::Source;
use crate::work::{Given, Refusal};

pub(crate) struct Jpeg {
    task: JpegTask,
    source: Source,
    scaler: Scaler,
    done: bool,
}

impl Jpeg {
    pub(crate) fn open(task: JpegTask) -> Result<Self, Refusal> {
        let scaler = Scaler::new(Sharpness::Fine);
        Ok(Self { task, source: Source::open()?, scaler, done: false })
    }

    pub(crate) fn params(&mut self, params: &Params) -> Result<(), Refusal> {
        self.source.params(params)
    }

    pub(crate) fn frame(&mut self, frame: &Coded, given: &mut Given) -> Result<(), Refusal> {
        let Self { task, source, scaler, done } = self;
        source.frame(frame, |picture, _| make(*task, scaler, picture, done, given))
    }

    pub(crate) fn end(&mut self, given: &mut Given) -> Result<(), Refusal> {
        let Self { task, source, scaler, done } = self;
        source.end(|picture, _| make(*task, scaler, picture, done, given))?;
        if self.done { Ok(()) } else { Err(self.source.barrenness()) }
    }
}

/// Makes the JPEG of the first picture.
fn make(
    task: JpegTask,
    scaler: &mut Scaler,
    picture: &Frame,
    done: &mut bool,
    given: &mut Given,
) -> Result<(), Refusal> {
    if std::mem::replace(done, true) {
        return Ok(());
    }
    let (width, height) =
        fit(picture.width(), picture.height(), picture.pixel_shape(), task.height);
    let mut scaled = Frame::picture(PixelForm::Yuv420Full, width, height)
        .map_err(Refusal::cannot("make a picture"))?;
    scaler.scale(picture, &mut scaled).map_err(Refusal::cannot("scale the picture"))?;
    let mut encoder = Encoder::jpeg(task.quality, width, height)
        .map_err(Refusal::cannot("open the JPEG encoder"))?;
    scaled.set_pts(0);
    encoder.send(&mut scaled).map_err(Refusal::cannot("encode the JPEG"))?;
    encoder.end();
    let made = encoder.receive().map_err(Refusal::cannot("encode the JPEG"))?;
    let made = made.ok_or_else(|| Refusal("the JPEG encoder gives nothing".into()))?;
    given.push(ToClient::Jpeg(made.data));
    Ok(())
}
