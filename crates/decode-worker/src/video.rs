//! Frames become H.264: decoded, scaled, covered, written on, encoded.
//!
//! Covers come before texts, and both after scaling: what is covered is gone
//! before the encoder sees it.

use base::WallTime;
use bytes::Bytes;
use decode::message::Coded;
use decode::{Params, ToClient, VideoTask};
use media::{h264, nal};

use crate::av::{Encoder, Frame, PixelForm, Scaler, Sharpness};
use crate::cover;
use crate::shape::fit;
use crate::source::Source;
use crate::text::{Fonts, Texts};
use crate::work::{Given, Refusal};

pub(crate) struct Video<'a> {
    source: Source,
    maker: Maker<'a>,
}

struct Maker<'a> {
    task: VideoTask,
    scaler: Scaler,
    texts: Texts<'a>,
    out: Option<Out>,
    key_wanted: bool,
}

/// What pictures of one size go through.
struct Out {
    scaled: Frame,
    encoder: Encoder,
    /// The moment that the encoder counts from.
    origin: i64,
}

impl<'a> Video<'a> {
    pub(crate) fn open(task: VideoTask, fonts: &'a Fonts) -> Result<Self, Refusal> {
        let texts = Texts::new(&task.texts, fonts);
        let scaler = Scaler::new(Sharpness::Quick);
        let maker = Maker { task, scaler, texts, out: None, key_wanted: false };
        Ok(Self { source: Source::open()?, maker })
    }

    pub(crate) fn params(&mut self, params: &Params, given: &mut Given) -> Result<(), Refusal> {
        self.source.end(|picture, shown| self.maker.make(picture, shown, given))?;
        self.source.params(params)
    }

    pub(crate) fn frame(&mut self, frame: &Coded, given: &mut Given) -> Result<(), Refusal> {
        self.source.frame(frame, |picture, shown| self.maker.make(picture, shown, given))
    }

    pub(crate) fn want_keyframe(&mut self) {
        self.maker.key_wanted = true;
    }

    pub(crate) fn end(&mut self, given: &mut Given) -> Result<(), Refusal> {
        self.source.end(|picture, shown| self.maker.make(picture, shown, given))?;
        self.maker.end(given)?;
        self.source.judge()
    }
}

impl Maker<'_> {
    fn make(&mut self, picture: &Frame, shown: i64, given: &mut Given) -> Result<(), Refusal> {
        let size = fit(picture.width(), picture.height(), picture.pixel_shape(), self.task.height);
        if self.out.as_ref().is_none_or(|out| (out.scaled.width(), out.scaled.height()) != size) {
            self.end(given)?;
            self.out = Some(Out::open(&self.task, size, shown, given)?);
        }
        let out = self.out.as_mut().expect("it was just made");
        self.scaler
            .scale(picture, &mut out.scaled)
            .map_err(Refusal::cannot("scale the picture"))?;
        let wall = WallTime(shown);
        cover::draw(&self.task.covers, wall, &mut out.scaled);
        self.texts.draw(wall, &mut out.scaled);
        out.scaled.set_pts(shown.saturating_sub(out.origin));
        out.scaled.set_key(std::mem::take(&mut self.key_wanted));
        out.encoder.send(&mut out.scaled).map_err(Refusal::cannot("encode the picture"))?;
        out.receive(given)
    }

    /// Lets out what an encoder still has, before another takes its place.
    fn end(&mut self, given: &mut Given) -> Result<(), Refusal> {
        let Some(mut out) = self.out.take() else { return Ok(()) };
        out.encoder.end();
        out.receive(given)
    }
}

impl Out {
    fn open(
        task: &VideoTask,
        (width, height): (u32, u32),
        origin: i64,
        given: &mut Given,
    ) -> Result<Self, Refusal> {
        let scaled = Frame::picture(PixelForm::Yuv420, width, height)
            .map_err(Refusal::cannot("make a picture"))?;
        let mut encoder = Encoder::h264(task, width, height)
            .map_err(Refusal::cannot("open the H.264 encoder"))?;
        let config = record(&encoder.extradata())
            .ok_or_else(|| Refusal("the H.264 encoder gives no parameter sets".into()))?;
        let params = Params::video(decode::Codec::H264, width, height, config);
        given.push(ToClient::Params(params));
        Ok(Self { scaled, encoder, origin })
    }

    fn receive(&mut self, given: &mut Given) -> Result<(), Refusal> {
        while let Some(packet) =
            self.encoder.receive().map_err(Refusal::cannot("encode the picture"))?
        {
            let data = access_unit(&packet.data);
            let wall = WallTime(packet.pts.saturating_add(self.origin));
            let is_key = packet.is_key;
            given.push(ToClient::Frame(Coded { wall, composition_us: 0, is_key, data }));
        }
        Ok(())
    }
}

/// Returns the configuration record of an encoder's parameter sets.
fn record(extradata: &[u8]) -> Option<Bytes> {
    let of = |wanted| {
        nal::annex_b(extradata).find(move |unit| unit.first().is_some_and(|b| b & 0x1f == wanted))
    };
    h264::params(of(h264::kind::SPS)?, of(h264::kind::PPS)?).ok().map(|params| params.config)
}

/// Returns the slices of an encoder's packet behind their lengths.
fn access_unit(packet: &[u8]) -> Bytes {
    let mut data = Vec::with_capacity(packet.len() + 16);
    for unit in nal::annex_b(packet) {
        if matches!(unit[0] & 0x1f, h264::kind::SLICE | h264::kind::IDR) {
            nal::push_length_prefixed(&mut data, unit);
        }
    }
    data.into()
}
