//! Sound becomes AAC or Opus of 48 kHz, each frame with its moment.
//!
//! ```text
//! packets   [ wall 0 ][ wall 1 ][ wall 2 ]        of any number of samples
//! marks     0:w0      160:w1    320:w2            sample of the output : moment
//! frames    [  1024   ][  1024   ]                moment by the mark before, and
//!                                                 the samples since
//! ```
//!
//! The marks keep sound and pictures together: a frame's moment comes from the
//! packet that its first sample came in, so a camera whose sound runs a little
//! fast or slow, or has gaps, is never more than a packet off.

use std::collections::VecDeque;

use base::WallTime;
use decode::message::Coded;
use decode::{Codec, Params, SoundCodec, SoundTask, ToClient};

use crate::av::{Decoder, Encoder, Frame, Resampler, SampleForm};
use crate::work::{Given, Refusal};

/// Samples in a second of what is made.
const RATE_HZ: u32 = 48_000;
/// How many packets in a row may give nothing.
const HOPELESS: u32 = 600;
/// The longest packet that is taken, in seconds of the output.
const LONGEST_S: usize = 10;

pub(crate) struct Sound {
    task: SoundTask,
    decoder: Option<Decoder>,
    decoded: Frame,
    resampler: Resampler,
    encoder: Encoder,
    form: SampleForm,
    /// Samples that fill no frame yet, channels side by side.
    rest: Vec<f32>,
    /// How many samples a channel has been given to the encoder.
    encoded: i64,
    axis: Axis,
    barren: u32,
}

/// Which sample of the output has which moment.
#[derive(Debug, Default)]
struct Axis {
    /// Sample and moment, both rising.
    marks: VecDeque<(i64, i64)>,
    /// The last moment that was told.
    told: Option<i64>,
}

impl Axis {
    fn mark(&mut self, sample: i64, moment: i64) {
        match self.marks.back_mut() {
            // A packet of which nothing came out gives way to the next.
            Some(last) if sample <= last.0 => last.1 = moment,
            _ => self.marks.push_back((sample, moment)),
        }
    }

    /// Returns the moment of a sample, which rises from one call to the next,
    /// and forgets the marks that nobody will need.
    fn moment(&mut self, sample: i64) -> i64 {
        while self.marks.get(1).is_some_and(|next| next.0 <= sample) {
            self.marks.pop_front();
        }
        let (at, moment) = self.marks.front().copied().unwrap_or((sample, 0));
        let since = (sample - at).saturating_mul(1_000_000) / i64::from(RATE_HZ);
        let moment = moment.saturating_add(since);
        let moment = self.told.map_or(moment, |told| moment.max(told.saturating_add(1)));
        self.told = Some(moment);
        moment
    }
}

impl Sound {
    pub(crate) fn open(task: SoundTask) -> Result<Self, Refusal> {
        let (name, form) = match task.to {
            SoundCodec::Aac => (c"aac", SampleForm::FloatPlanes),
            SoundCodec::Opus => (c"libopus", SampleForm::Float),
        };
        let encoder = Encoder::sound(name, form, RATE_HZ, task.channels, task.bitrate)
            .map_err(Refusal::cannot("open the encoder of sound"))?;
        Ok(Self {
            task,
            decoder: None,
            decoded: Frame::empty().map_err(Refusal::cannot("make a frame of sound"))?,
            resampler: Resampler::new(RATE_HZ, task.channels),
            encoder,
            form,
            rest: Vec::new(),
            encoded: 0,
            axis: Axis::default(),
            barren: 0,
        })
    }

    pub(crate) fn params(&mut self, params: &Params, given: &mut Given) -> Result<(), Refusal> {
        if self.decoder.is_none() {
            let codec = match self.task.to {
                SoundCodec::Aac => Codec::Aac,
                SoundCodec::Opus => Codec::Opus,
            };
            let config = self.encoder.extradata();
            let made = Params::sound(codec, RATE_HZ, self.task.channels, config);
            given.push(ToClient::Params(made));
        }
        if !(4000..=192_000).contains(&params.rate_hz) || !(1..=8).contains(&params.channels) {
            let Params { rate_hz, channels, .. } = params;
            let words = format!("sound of {rate_hz} Hz in {channels} channels is nothing known");
            return Err(Refusal(words));
        }
        let decoder = Decoder::open(params).map_err(Refusal::cannot("open the decoder"))?;
        self.decoder = Some(decoder);
        Ok(())
    }

    pub(crate) fn frame(&mut self, frame: &Coded, given: &mut Given) -> Result<(), Refusal> {
        let Some(decoder) = &mut self.decoder else {
            return Err(Refusal("sound came before its parameters".into()));
        };
        // What is kept back of earlier packets comes first.
        let channels = usize::from(self.task.channels);
        let have = self.encoded + (self.rest.len() / channels) as i64;
        let begins = have + self.resampler.kept_back();
        self.axis.mark(begins, frame.wall.0);
        let before = self.rest.len();
        let mut trouble = decoder.send(&frame.data, 0, true).err();
        // A packet holds one frame of sound; some hold more, none holds many.
        for _ in 0..64 {
            match decoder.receive(&mut self.decoded) {
                Ok(true) if self.decoded.count() == 0 => {}
                Ok(true) => {
                    self.resampler
                        .convert(&self.decoded, &mut self.rest)
                        .map_err(Refusal::cannot("resample the sound"))?;
                }
                Ok(false) => break,
                Err(failure) => trouble = Some(failure),
            }
            if self.rest.len() > LONGEST_S * RATE_HZ as usize * channels {
                return Err(Refusal("a packet of sound lasts more than ten seconds".into()));
            }
        }
        if self.rest.len() > before {
            self.barren = 0;
        } else {
            self.barren += 1;
        }
        if self.barren >= HOPELESS {
            let why = trouble.map_or("the decoder gives nothing".into(), |it| it.to_string());
            return Err(Refusal(format!("nothing of the sound can be decoded: {why}")));
        }
        self.encode(given)
    }

    pub(crate) fn end(&mut self, given: &mut Given) -> Result<(), Refusal> {
        self.resampler.end(&mut self.rest).map_err(Refusal::cannot("resample the sound"))?;
        // The last frame is filled up with silence.
        let frame = self.encoder.frame_samples() * usize::from(self.task.channels);
        if !self.rest.is_empty() && frame > 0 {
            self.rest.resize(self.rest.len().next_multiple_of(frame), 0.0);
        }
        self.encode(given)?;
        self.encoder.end();
        self.receive(given)
    }

    /// Encodes as many whole frames as there are.
    fn encode(&mut self, given: &mut Given) -> Result<(), Refusal> {
        let samples = self.encoder.frame_samples();
        let length = samples * usize::from(self.task.channels);
        if length == 0 {
            return Err(Refusal("the encoder of sound says nothing of its frames".into()));
        }
        let whole = self.rest.len() / length * length;
        for at in (0..whole).step_by(length) {
            let mut frame = Frame::samples(self.form, RATE_HZ, self.task.channels, samples)
                .map_err(Refusal::cannot("make a frame of sound"))?;
            frame.fill(&self.rest[at..at + length]);
            frame.set_pts(self.encoded);
            self.encoded += samples as i64;
            self.encoder.send(&mut frame).map_err(Refusal::cannot("encode the sound"))?;
            self.receive(given)?;
        }
        self.rest.drain(..whole);
        Ok(())
    }

    fn receive(&mut self, given: &mut Given) -> Result<(), Refusal> {
        while let Some(packet) =
            self.encoder.receive().map_err(Refusal::cannot("encode the sound"))?
        {
            // The encoder's count begins before zero by what a decoder needs to settle.
            let wall = WallTime(self.axis.moment(packet.pts));
            let data = packet.data;
            given.push(ToClient::Frame(Coded { wall, composition_us: 0, is_key: true, data }));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_the_moment_of_its_first_sample() {
        let mut axis = Axis::default();
        // Packets of 20 ms from a camera whose clock runs 5 % slow, then a gap.
        let packets = [(0, 1_000_000), (960, 1_021_000), (1920, 1_042_000), (2880, 9_000_000)];
        for (sample, moment) in packets {
            axis.mark(sample, moment);
        }
        assert_eq!(axis.moment(-1024), 1_000_000 - 21_333);
        assert_eq!(axis.moment(0), 1_000_000);
        assert_eq!(axis.moment(1024), 1_021_000 + 1_333);
        assert_eq!(axis.moment(2048), 1_042_000 + 2_666);
        assert_eq!(axis.moment(3072), 9_004_000);
    }

    #[test]
    fn moments_rise_though_packets_overlap() {
        let mut axis = Axis::default();
        for (sample, moment) in [(0, 5_000), (0, 6_000), (960, 0), (1920, i64::MAX)] {
            axis.mark(sample, moment);
        }
        let told: Vec<_> = [0, 1000, 2000].map(|sample| axis.moment(sample)).into();
        assert_eq!(told, [6_000, 6_001, i64::MAX]);
    }
}
