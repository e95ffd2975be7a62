//! A recording on its way through the worker: what lies on disk becomes what
//! the browser plays, fragment by fragment.
//!
//! ```text
//! fragment ──▶ frames ──▶ Conversion ──▶ gathered ──▶ fragment
//! gap      ──▶ what is inside comes out first
//! ```
//!
//! A conversion lasts as long as a run of footage, so that pictures may refer to
//! those before them. What is of the wanted form already passes as it is.

use std::sync::Arc;

use base::WallTime;
use bytes::BytesMut;
use decode::Decoder;
use media::fmp4::fragment_header;
use media::{Frame, Gop, Params};
use recorder::{Conversion, Form};
use store::{Fragment, Piece};

/// How long the last frame of a run stands behind which nothing follows.
const LAST_US: i64 = 40_000;

/// Pieces of one recording on their way into another form.
pub(crate) struct Converted {
    decoder: Decoder,
    form: Form,
    running: Option<Conversion>,
    /// The parameters of what is read.
    params: Option<Arc<Params>>,
    /// Those of what was given last.
    told: Option<Arc<Params>>,
    gathered: Gop,
    sequence: u32,
}

impl Converted {
    pub(crate) fn new(decoder: Decoder, form: Form) -> Self {
        let gathered = Gop::default();
        Self { decoder, form, running: None, params: None, told: None, gathered, sequence: 0 }
    }

    /// Takes a piece and returns the pieces that are ready, in order.
    pub(crate) async fn push(&mut self, piece: Piece) -> Result<Vec<Piece>, decode::Error> {
        let (mut made, mut frames) = (Vec::new(), Vec::new());
        match piece {
            Piece::Init { params } => {
                let converts = self.form.converts(&params);
                if !converts {
                    made = self.finish().await?;
                    self.told = Some(params.clone());
                    made.push(Piece::Init { params: params.clone() });
                }
                self.params = Some(params);
            }
            Piece::Fragment(fragment) => {
                let Some(params) = self.params.clone() else { return Ok(made) };
                if !self.form.converts(&params) {
                    return Ok(vec![Piece::Fragment(fragment)]);
                }
                let mut running = match self.running.take() {
                    Some(running) => running,
                    None => Conversion::begin(&self.decoder, self.form, params.clone())?,
                };
                for (wall, sample, data) in fragment.frames() {
                    let (composition_us, is_key) = (sample.composition_us, sample.is_key);
                    let frame =
                        Frame { wall, composition_us, is_key, data, params: params.clone() };
                    running.pass(frame, &mut frames).await?;
                }
                self.running = Some(running);
                self.gather(frames, &mut made);
            }
            gap @ (Piece::Gap(_) | Piece::Deleted(_)) => {
                made = self.finish().await?;
                made.push(gap);
            }
        }
        Ok(made)
    }

    /// Ends the run and returns what was inside.
    pub(crate) async fn finish(&mut self) -> Result<Vec<Piece>, decode::Error> {
        let (mut made, mut frames) = (Vec::new(), Vec::new());
        if let Some(running) = self.running.take() {
            running.finish(&mut frames).await?;
        }
        self.gather(frames, &mut made);
        let rest = std::mem::take(&mut self.gathered);
        if let Some(last) = rest.frames().last() {
            let until = WallTime(last.wall.0.saturating_add(LAST_US));
            self.give(&rest, until, &mut made);
        }
        Ok(made)
    }

    fn gather(&mut self, frames: Vec<Frame>, made: &mut Vec<Piece>) {
        for frame in frames {
            let next = frame.wall;
            if let Some(gop) = self.gathered.push(frame) {
                self.give(&gop, next, made);
            }
        }
    }

    fn give(&mut self, gop: &Gop, until: WallTime, made: &mut Vec<Piece>) {
        let (Some(first), Some(span)) = (gop.frames().first(), gop.span(until)) else { return };
        if self.told.as_ref() != Some(&first.params) {
            self.told = Some(first.params.clone());
            made.push(Piece::Init { params: first.params.clone() });
        }
        self.sequence = self.sequence.wrapping_add(1);
        let samples = gop.samples(until);
        let header = fragment_header(self.sequence, 0, &samples);
        let mut bytes = BytesMut::with_capacity(header.len() + gop.bytes());
        bytes.extend_from_slice(&header);
        gop.frames().iter().for_each(|frame| bytes.extend_from_slice(&frame.data));
        made.push(Piece::Fragment(Fragment {
            span,
            decode_time_us: 0,
            sequence: self.sequence,
            is_key: first.is_key,
            samples,
            bytes: bytes.freeze(),
            header_len: header.len(),
        }));
    }
}
