//! Coded pictures in, decoded ones out, each with its moment.
//!
//! ```text
//! frames    p p p K p x p p K p …      x cannot be decoded
//! pictures        K p   p p K p …      from the first keyframe on
//! ```
//!
//! A camera's frames are sometimes broken, so one that cannot be decoded is left
//! out. A stream of which nothing can be decoded for long is refused.

use decode::Params;
use decode::message::Coded;

use crate::av::{Decoder, Frame};
use crate::work::Refusal;

/// How many frames in a row may give nothing: some seconds, and as long a GOP
/// as cameras make.
const HOPELESS: u32 = 600;

pub(crate) struct Source {
    decoder: Option<Decoder>,
    params: Option<Params>,
    picture: Frame,
    /// Whether a keyframe has come since the decoder was opened.
    begun: bool,
    /// Frames in a row that gave nothing.
    barren: u32,
    /// What the last of them met with.
    trouble: Option<String>,
    /// The moment of the last picture.
    last: Option<i64>,
}

impl Source {
    pub(crate) fn open() -> Result<Self, Refusal> {
        Ok(Self {
            decoder: None,
            params: None,
            picture: Frame::empty().map_err(Refusal::cannot("make a picture"))?,
            begun: false,
            barren: 0,
            trouble: None,
            last: None,
        })
    }

    /// Takes other parameters; who has pictures to come from before calls `end` first.
    pub(crate) fn params(&mut self, params: &Params) -> Result<(), Refusal> {
        let decoder = Decoder::open(params).map_err(Refusal::cannot("open the decoder"))?;
        (self.decoder, self.params, self.begun) = (Some(decoder), Some(params.clone()), false);
        Ok(())
    }

    /// Decodes a frame and hands on each picture that is ready, with its moment,
    /// which rises.
    pub(crate) fn frame(
        &mut self,
        frame: &Coded,
        mut each: impl FnMut(&mut Frame, i64) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let Some(decoder) = &mut self.decoder else {
            return Err(Refusal("a frame came before its parameters".into()));
        };
        self.begun |= frame.is_key;
        let shown = frame.wall.0.saturating_add(frame.composition_us.into());
        let mut failure = None;
        if self.begun {
            failure = decoder.send(&frame.data, shown, frame.is_key).err();
        }
        let before = self.last;
        match self.receive(&mut each) {
            Ok(found) => failure = failure.or(found),
            Err(refusal) => return Err(refusal),
        }
        if self.last != before {
            self.barren = 0;
            return Ok(());
        }
        self.barren += 1;
        if let Some(failure) = failure {
            self.trouble = Some(failure.to_string());
        }
        if self.barren >= HOPELESS {
            return Err(self.barrenness());
        }
        Ok(())
    }

    /// Hands on the pictures that the decoder still held.
    pub(crate) fn end(
        &mut self,
        mut each: impl FnMut(&mut Frame, i64) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let Some(decoder) = &mut self.decoder else { return Ok(()) };
        decoder.end();
        if let Some(failure) = self.receive(&mut each)? {
            self.trouble = Some(failure.to_string());
        }
        self.decoder = None;
        Ok(())
    }

    /// Refuses a whole stream of which nothing could be decoded.
    pub(crate) fn judge(&self) -> Result<(), Refusal> {
        let in_vain = self.last.is_none() && self.barren > 0;
        if in_vain { Err(self.barrenness()) } else { Ok(()) }
    }

    /// Returns in words why there are no pictures.
    pub(crate) fn barrenness(&self) -> Refusal {
        let why = match (&self.trouble, self.begun) {
            (Some(trouble), _) => trouble,
            (None, true) => "the decoder gives no picture",
            (None, false) => "there is no keyframe",
        };
        Refusal(format!("nothing of the pictures can be decoded: {why}"))
    }

    /// Hands on what is ready; returns what stood in the way of one.
    fn receive(
        &mut self,
        each: &mut impl FnMut(&mut Frame, i64) -> Result<(), Refusal>,
    ) -> Result<Option<crate::av::Failure>, Refusal> {
        let mut failure = None;
        let Some(decoder) = &mut self.decoder else { return Ok(None) };
        // Each failure uses up some of the input, but nothing says so in so many words.
        for _ in 0..64 {
            match decoder.receive(&mut self.picture) {
                Ok(true) => {
                    // Without a time it is of no use, and one that goes back would
                    // be shown in the wrong order.
                    let Some(shown) = self.picture.pts() else { continue };
                    if self.last.is_none_or(|last| shown > last) {
                        self.last = Some(shown);
                        each(&mut self.picture, shown)?;
                    }
                }
                Ok(false) => break,
                Err(found) => failure = Some(found),
            }
        }
        Ok(failure)
    }
}
