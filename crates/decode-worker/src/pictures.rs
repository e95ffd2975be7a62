//! Frames become pictures, at most so many in a second.
//!
//! Every frame is decoded, since later ones need it; only those that are due
//! are scaled and given.

use base::WallTime;
use decode::message::Coded;
use decode::{Layout, Params, Picture, PicturesTask, ToClient};

use crate::av::{Frame, PixelForm, Scaler, Sharpness};
use crate::shape::fit;
use crate::source::Source;
use crate::work::{Given, Refusal};

pub(crate) struct Pictures {
    source: Source,
    maker: Maker,
}

struct Maker {
    task: PicturesTask,
    scaler: Scaler,
    scaled: Option<Frame>,
    pace: Pace,
}

/// When the next picture is due.
#[derive(Debug, Default)]
struct Pace {
    interval_us: i64,
    due: Option<i64>,
}

impl Pace {
    /// Returns whether a picture of this moment is due. The next is due an
    /// interval after this one *was*, so that a camera's own rhythm does not
    /// make them fewer; after a gap the count begins anew.
    fn takes(&mut self, shown: i64) -> bool {
        let due = self.due.unwrap_or(shown);
        if shown < due {
            return false;
        }
        let late = shown.saturating_sub(due) >= self.interval_us;
        self.due = Some((if late { shown } else { due }).saturating_add(self.interval_us));
        true
    }
}

impl Pictures {
    pub(crate) fn open(task: PicturesTask) -> Result<Self, Refusal> {
        let pace = Pace { interval_us: task.interval_us.into(), due: None };
        let scaler = Scaler::new(Sharpness::Quick);
        let maker = Maker { task, scaler, scaled: None, pace };
        Ok(Self { source: Source::open()?, maker })
    }

    pub(crate) fn params(&mut self, params: &Params, given: &mut Given) -> Result<(), Refusal> {
        self.source.end(|picture, shown| self.maker.make(picture, shown, given))?;
        self.source.params(params)
    }

    pub(crate) fn frame(&mut self, frame: &Coded, given: &mut Given) -> Result<(), Refusal> {
        self.source.frame(frame, |picture, shown| self.maker.make(picture, shown, given))
    }

    pub(crate) fn end(&mut self, given: &mut Given) -> Result<(), Refusal> {
        self.source.end(|picture, shown| self.maker.make(picture, shown, given))?;
        self.source.judge()
    }
}

impl Maker {
    fn make(&mut self, picture: &Frame, shown: i64, given: &mut Given) -> Result<(), Refusal> {
        if !self.pace.takes(shown) {
            return Ok(());
        }
        let PicturesTask { width, height, layout, .. } = self.task;
        let (width, height) = match width {
            0 => fit(picture.width(), picture.height(), picture.pixel_shape(), height),
            width => (width.into(), height.into()),
        };
        let form = match layout {
            Layout::Rgb24 => PixelForm::Rgb24,
            Layout::Yuv420 => PixelForm::Yuv420,
        };
        if self.scaled.as_ref().is_none_or(|made| (made.width(), made.height()) != (width, height))
        {
            let made = Frame::picture(form, width, height);
            self.scaled = Some(made.map_err(Refusal::cannot("make a picture"))?);
        }
        let scaled = self.scaled.as_mut().expect("it was just made");
        self.scaler.scale(picture, scaled).map_err(Refusal::cannot("scale the picture"))?;
        let mut bytes = Vec::with_capacity(layout.bytes(width as usize, height as usize));
        let planes = if layout == Layout::Rgb24 { 1 } else { 3 };
        (0..planes).for_each(|plane| scaled.plane_mut(plane).append_to(&mut bytes));
        given.push(ToClient::Picture(Picture {
            wall: WallTime(shown),
            width: width as u16, // at most 3840: see shape.rs and Task::check
            height: height as u16,
            layout,
            bytes: bytes.into(),
        }));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(interval_us: i64, moments: impl IntoIterator<Item = i64>) -> Vec<i64> {
        let mut pace = Pace { interval_us, due: None };
        moments.into_iter().filter(|&moment| pace.takes(moment)).collect()
    }

    #[test]
    fn five_in_a_second_are_five_at_any_rate_of_the_camera() {
        for rate in [6, 12, 24, 25, 30] {
            let second = (0..rate * 10).map(|n| 7 + n * 1_000_000 / rate);
            assert_eq!(taken(200_000, second).len(), 50, "{rate}");
        }
        assert_eq!(taken(200_000, (0..10).map(|n| n * 500_000)).len(), 10);
    }

    #[test]
    fn after_a_gap_they_do_not_come_in_a_heap() {
        let moments = [0, 40, 80, 120, 5000, 5040, 5080, 5120];
        assert_eq!(taken(100, moments), [0, 120, 5000, 5120]);
    }

    #[test]
    fn without_an_interval_all_are_taken() {
        assert_eq!(taken(0, 0..5), [0, 1, 2, 3, 4]);
        assert_eq!(taken(9, [i64::MIN, i64::MAX]), [i64::MIN, i64::MAX]);
    }
}
