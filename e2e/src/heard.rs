//! What a player heard, measured: how loud it was, and how much of it was which
//! tone.
//!
//! ```text
//! ∿∿∿∿∿∿∿∿▮∿∿∿∿∿∿∿∿∿▮∿∿∿∿∿∿∿   level: of all of it
//! ├──┼──┼──┼──┼──┼──┼──┤     tone: in each fifth of a second; the middle one of
//!                            them, so that beeps and a seam do not count
//! ```

use std::f64::consts::TAU;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context;

/// Sound as it was decoded, as one channel.
#[derive(Debug)]
pub struct Heard {
    rate: u32,
    /// Full scale is 1.
    samples: Vec<f64>,
}

impl Heard {
    /// Has ffmpeg decode the sound of a file.
    pub fn in_file(file: &Path) -> anyhow::Result<Self> {
        let rate = 48_000;
        let output = Command::new("ffmpeg")
            .args(["-nostdin", "-v", "error", "-i"])
            .arg(file)
            .args(["-map", "0:a:0", "-ac", "1", "-ar", &rate.to_string(), "-f", "s16le", "-"])
            .stdin(Stdio::null())
            .output()
            .context("cannot run ffmpeg")?;
        let words = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(output.status.success(), "{}: {words}", file.display());
        Ok(Self::of_samples(&output.stdout, rate, 1))
    }

    /// Takes samples of 16 bits, little endian, of so many channels.
    pub fn of_samples(bytes: &[u8], rate: u32, channels: usize) -> Self {
        let sample = |two: &[u8; 2]| f64::from(i16::from_le_bytes(*two)) / 32_768.0;
        let all: Vec<f64> = bytes.as_chunks::<2>().0.iter().map(sample).collect();
        let mixed = |one: &[f64]| one.iter().sum::<f64>() / channels as f64;
        Self { rate, samples: all.chunks_exact(channels.max(1)).map(mixed).collect() }
    }

    /// Returns how long it lasts.
    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.rate)
    }

    /// Returns how loud it is in decibels, 0 being the most there is: what ffmpeg's
    /// `volumedetect` calls the mean volume.
    pub fn level_db(&self) -> f64 {
        let power = self.samples.iter().map(|sample| sample * sample).sum::<f64>();
        10.0 * (power / self.samples.len().max(1) as f64).log10()
    }

    /// Returns the amplitude of a tone, 1 being the most there is.
    pub fn tone(&self, hz: u32) -> f64 {
        let length = self.rate as usize / 5;
        let step = TAU / length as f64;
        // Hann's window: a beep leaves nothing in the bins of other tones.
        let window: Vec<f64> = (0..length).map(|at| 1.0 - (step * at as f64).cos()).collect();
        let turn = TAU * f64::from(hz) / f64::from(self.rate);
        let mut found: Vec<f64> = self
            .samples
            .chunks_exact(length)
            .map(|part| {
                let weighed = part.iter().zip(&window).map(|(sample, weight)| sample * weight);
                let (mut re, mut im) = (0.0, 0.0);
                for (at, sample) in weighed.enumerate() {
                    let (sin, cos) = (turn * at as f64).sin_cos();
                    re += sample * cos;
                    im += sample * sin;
                }
                2.0 * f64::hypot(re, im) / length as f64
            })
            .collect();
        found.sort_by(f64::total_cmp);
        found.get(found.len() / 2).copied().unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_told_from_another_and_from_a_beep_and_its_level_is_what_it_is() {
        let rate = 16_000;
        let sample = |at: u32| {
            let time = f64::from(at) / f64::from(rate);
            let beep = if time.fract() < 0.1 { 0.5 * (TAU * 2000.0 * time).sin() } else { 0.0 };
            0.1 * (TAU * 700.0 * time).sin() + beep
        };
        let bytes = |at: u32| {
            let both = [sample(at); 2].map(|one| ((one * 32_768.0) as i16).to_le_bytes());
            both.concat()
        };
        let bytes: Vec<u8> = (0..3 * rate).flat_map(bytes).collect();
        let heard = Heard::of_samples(&bytes, rate, 2);
        assert_eq!(heard.seconds(), 3.0);
        assert!((heard.tone(700) - 0.1).abs() < 0.001, "{}", heard.tone(700));
        assert!(heard.tone(400) < 0.001 && heard.tone(710) < 0.001);
        // A tenth of the time 0.125 of power, 0.005 all the time.
        assert!((heard.level_db() - 10.0 * 0.0175_f64.log10()).abs() < 0.01);
        assert_eq!(Heard::of_samples(&[], rate, 1).tone(700), 0.0);
    }
}
