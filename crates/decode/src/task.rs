//! What a worker can be asked to do, and within which bounds.
//!
//! ```text
//! Jpeg      a keyframe        ─▶ a JPEG
//! Pictures  frames            ─▶ pictures, at most so many in a second
//! Video     frames            ─▶ H.264, covered and written on where asked
//! Sound     AAC or G.711      ─▶ AAC or Opus
//! ```
//!
//! A task is checked where it is made and again where it is read, by the same
//! [`Task::check`].

use base::WallTime;

use crate::wire::{Malformed, Reader, Writer};

/// How many texts may stand in a picture.
pub const MOST_TEXTS: usize = 8;
/// How many bytes of UTF-8 a text may have.
pub const LONGEST_TEXT: usize = 400;
/// How many covers a task may have.
pub const MOST_COVERS: usize = 512;

/// One job of a worker.
#[derive(Clone, Debug, PartialEq)]
pub enum Task {
    /// A keyframe becomes a JPEG.
    Jpeg(JpegTask),
    /// Frames become pictures.
    Pictures(PicturesTask),
    /// Frames become H.264.
    Video(VideoTask),
    /// Sound becomes AAC or Opus.
    Sound(SoundTask),
}

/// A keyframe becomes a JPEG.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JpegTask {
    /// Lines of the JPEG; a smaller picture is not made larger.
    pub height: u16,
    /// From 1 to 100; 75 is usual.
    pub quality: u8,
}

/// Frames become pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PicturesTask {
    /// Columns wanted; zero: as the picture's own shape has it.
    pub width: u16,
    /// Lines wanted.
    pub height: u16,
    /// How far apart pictures are at least; zero: all of them.
    pub interval_us: u32,
    /// How their bytes lie.
    pub layout: Layout,
}

/// How a picture's bytes lie; rows have no padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Red, green, blue, from 0 to 255.
    Rgb24,
    /// All of Y, then of U and V at half width and height (rounded up).
    Yuv420,
}

/// Frames become H.264: constrained baseline, one frame out for each picture in.
#[derive(Clone, Debug, PartialEq)]
pub struct VideoTask {
    /// Lines at most; a smaller picture is not made larger.
    pub height: u16,
    /// Bits in a second.
    pub bitrate: u32,
    /// Frames from one keyframe to the next.
    pub gop: u16,
    /// Frames in a second that are to be expected: bits are dealt out by it.
    pub frame_rate: u8,
    /// How much work a bit may cost.
    pub effort: Effort,
    /// What is written into the pictures.
    pub texts: Vec<Text>,
    /// What is made unrecognisable, before anything is written.
    pub covers: Vec<Cover>,
}

/// Presets of libx264.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// For a screen.
    Superfast,
    /// For a file.
    Veryfast,
}

/// A line burnt into pictures, white on a dark ground.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// Where it stands; lines in the same corner are put one above the other.
    pub corner: Corner,
    /// What it says.
    pub words: String,
    /// Puts the frame's wall time behind the words, in a zone so many minutes
    /// east of UTC.
    pub clock: Option<i16>,
    /// How high a line is, in thousandths of the picture's height.
    pub height_permille: u16,
}

/// A corner of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Corner {
    TopLeft,
    TopRight,
    BottomLeft,
    BottomRight,
}

/// A part of the picture that is made unrecognisable for a while.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cover {
    /// Which part; what is touched is covered whole.
    pub rect: Rect,
    /// From which moment on.
    pub from: WallTime,
    /// Until before which moment.
    pub to: WallTime,
    /// By what.
    pub how: How,
}

/// A rectangle in parts of the picture, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Rect {
    pub left: f32,
    pub top: f32,
    pub right: f32,
    pub bottom: f32,
}

/// What a cover puts in a part's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// One grey: nothing is left.
    Fill,
    /// At most four by four squares of the mean: what moves can be followed,
    /// who it is cannot be seen.
    Pixelate,
}

/// Sound becomes AAC-LC or Opus of 48 kHz.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoundTask {
    /// Into what.
    pub to: SoundCodec,
    /// Bits in a second.
    pub bitrate: u32,
    /// One or two.
    pub channels: u8,
}

/// What sound is made into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SoundCodec {
    /// AAC-LC.
    Aac,
    /// Opus in packets of 20 ms.
    Opus,
}

impl Task {
    /// Refuses what is out of bounds.
    pub fn check(&self) -> Result<(), Malformed> {
        let within = |what, is: bool| if is { Ok(()) } else { Err(Malformed(what)) };
        match self {
            Self::Jpeg(task) => {
                within("asks for a JPEG below 16 or above 2160 lines", lines(task.height))?;
                within(
                    "asks for a quality that is not from 1 to 100",
                    (1..=100).contains(&task.quality),
                )
            }
            Self::Pictures(task) => {
                within("asks for pictures below 16 or above 2160 lines", lines(task.height))?;
                let wide = task.width == 0 || (16..=3840).contains(&task.width);
                within("asks for pictures below 16 or above 3840 columns", wide)
            }
            Self::Video(task) => {
                within("asks for video below 16 or above 2160 lines", lines(task.height))?;
                let bits = (16_000..=50_000_000).contains(&task.bitrate);
                within("asks for a bitrate below 16 kbit/s or above 50 Mbit/s", bits)?;
                let paced = task.gop > 0 && task.frame_rate > 0;
                within("asks for no frames in a GOP or in a second", paced)?;
                within("has more than 8 texts", task.texts.len() <= MOST_TEXTS)?;
                within("has more than 512 covers", task.covers.len() <= MOST_COVERS)?;
                task.texts.iter().try_for_each(Text::check)?;
                task.covers.iter().try_for_each(|cover| cover.rect.check())
            }
            Self::Sound(task) => {
                let bits = (6_000..=512_000).contains(&task.bitrate);
                within("asks for a bitrate below 6 or above 512 kbit/s", bits)?;
                let channels = (1..=2).contains(&task.channels);
                within("asks for channels that are neither one nor two", channels)
            }
        }
    }

    pub(crate) fn write(&self, to: &mut Writer) {
        match self {
            Self::Jpeg(task) => {
                to.u8(0).u16(task.height).u8(task.quality);
            }
            Self::Pictures(task) => {
                to.u8(1).u16(task.width).u16(task.height).u32(task.interval_us);
                to.u8(match task.layout {
                    Layout::Rgb24 => 0,
                    Layout::Yuv420 => 1,
                });
            }
            Self::Video(task) => task.write(to.u8(2)),
            Self::Sound(task) => {
                to.u8(3).u8(match task.to {
                    SoundCodec::Aac => 0,
                    SoundCodec::Opus => 1,
                });
                to.u32(task.bitrate).u8(task.channels);
            }
        }
    }

    pub(crate) fn read(from: &mut Reader) -> Result<Self, Malformed> {
        let task = match from.u8()? {
            0 => Self::Jpeg(JpegTask { height: from.u16()?, quality: from.u8()? }),
            1 => Self::Pictures(PicturesTask {
                width: from.u16()?,
                height: from.u16()?,
                interval_us: from.u32()?,
                layout: Layout::read(from)?,
            }),
            2 => Self::Video(VideoTask::read(from)?),
            3 => Self::Sound(SoundTask {
                to: match from.u8()? {
                    0 => SoundCodec::Aac,
                    1 => SoundCodec::Opus,
                    _ => return Err(Malformed("asks for an unknown sound")),
                },
                bitrate: from.u32()?,
                channels: from.u8()?,
            }),
            _ => return Err(Malformed("asks for an unknown task")),
        };
        task.check()?;
        Ok(task)
    }
}

fn lines(height: u16) -> bool {
    (16..=2160).contains(&height)
}

impl Layout {
    pub(crate) fn read(from: &mut Reader) -> Result<Self, Malformed> {
        match from.u8()? {
            0 => Ok(Self::Rgb24),
            1 => Ok(Self::Yuv420),
            _ => Err(Malformed("has an unknown layout")),
        }
    }

    /// Returns how many bytes a picture has.
    pub fn bytes(self, width: usize, height: usize) -> usize {
        match self {
            Self::Rgb24 => width * height * 3,
            Self::Yuv420 => width * height + 2 * width.div_ceil(2) * height.div_ceil(2),
        }
    }
}

impl VideoTask {
    fn write(&self, to: &mut Writer) {
        to.u16(self.height).u32(self.bitrate).u16(self.gop).u8(self.frame_rate);
        to.u8(match self.effort {
            Effort::Superfast => 0,
            Effort::Veryfast => 1,
        });
        to.u16(self.texts.len() as u16); // at most MOST_TEXTS: see check
        for text in &self.texts {
            to.u8(text.corner as u8).u16(text.height_permille).field(text.words.as_bytes());
            to.u8(text.clock.is_some().into()).u16(text.clock.unwrap_or(0) as u16);
        }
        to.u16(self.covers.len() as u16); // at most MOST_COVERS: see check
        for Cover { rect, from, to: until, how } in &self.covers {
            to.f32(rect.left).f32(rect.top).f32(rect.right).f32(rect.bottom);
            to.i64(from.0).i64(until.0).u8(matches!(how, How::Pixelate).into());
        }
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        let mut task = Self {
            height: from.u16()?,
            bitrate: from.u32()?,
            gop: from.u16()?,
            frame_rate: from.u8()?,
            effort: match from.u8()? {
                0 => Effort::Superfast,
                1 => Effort::Veryfast,
                _ => return Err(Malformed("asks for an unknown effort")),
            },
            texts: Vec::new(),
            covers: Vec::new(),
        };
        for _ in 0..count(from, MOST_TEXTS)? {
            task.texts.push(Text::read(from)?);
        }
        for _ in 0..count(from, MOST_COVERS)? {
            task.covers.push(Cover::read(from)?);
        }
        Ok(task)
    }
}

fn count(from: &mut Reader, most: usize) -> Result<usize, Malformed> {
    let count = usize::from(from.u16()?);
    if count > most { Err(Malformed("has more texts or covers than may be")) } else { Ok(count) }
}

impl Text {
    fn check(&self) -> Result<(), Malformed> {
        if self.words.len() > LONGEST_TEXT {
            return Err(Malformed("has a text of more than 400 bytes"));
        }
        if !(10..=200).contains(&self.height_permille) {
            return Err(Malformed("has a text below 10 or above 200 thousandths of the height"));
        }
        // The earth has zones from UTC-12 to UTC+14.
        if self.clock.is_some_and(|minutes| !(-12 * 60..=14 * 60).contains(&minutes)) {
            return Err(Malformed("has a clock in a zone that is nowhere"));
        }
        Ok(())
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        let corner = match from.u8()? {
            0 => Corner::TopLeft,
            1 => Corner::TopRight,
            2 => Corner::BottomLeft,
            3 => Corner::BottomRight,
            _ => return Err(Malformed("has a text in an unknown corner")),
        };
        let height_permille = from.u16()?;
        let words = from.text(LONGEST_TEXT)?;
        let (told, minutes) = (from.flag()?, from.u16()? as i16);
        if !told && minutes != 0 {
            return Err(Malformed("has a zone without a clock"));
        }
        Ok(Self { corner, words, clock: told.then_some(minutes), height_permille })
    }
}

impl Cover {
    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        let rect =
            Rect { left: from.f32()?, top: from.f32()?, right: from.f32()?, bottom: from.f32()? };
        let (begin, end) = (WallTime(from.i64()?), WallTime(from.i64()?));
        let how = if from.flag()? { How::Pixelate } else { How::Fill };
        Ok(Self { rect, from: begin, to: end, how })
    }
}

impl Rect {
    /// A cover that covers nothing is a mistake that nobody would notice.
    fn check(&self) -> Result<(), Malformed> {
        let inside = |value: f32| (0.0..=1.0).contains(&value);
        let all = [self.left, self.top, self.right, self.bottom].into_iter().all(inside);
        if all && self.left < self.right && self.top < self.bottom {
            Ok(())
        } else {
            Err(Malformed("has a cover that lies outside the picture or is empty"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn video() -> VideoTask {
        VideoTask {
            height: 720,
            bitrate: 1_500_000,
            gop: 50,
            frame_rate: 25,
            effort: Effort::Superfast,
            texts: vec![Text {
                corner: Corner::BottomLeft,
                words: "Ngã tư Khuất Duy Tiến".into(),
                clock: Some(7 * 60),
                height_permille: 40,
            }],
            covers: vec![Cover {
                rect: Rect { left: 0.1, top: 0.2, right: 0.3, bottom: 1.0 },
                from: WallTime(3),
                to: WallTime(9),
                how: How::Pixelate,
            }],
        }
    }

    #[test]
    fn what_is_out_of_bounds_is_refused_in_words() {
        type Spoil = fn(&mut VideoTask);
        let spoilt: [(Spoil, &str); 7] = [
            (|task| task.height = 15, "the message asks for video below 16 or above 2160 lines"),
            (|task| task.gop = 0, "the message asks for no frames in a GOP or in a second"),
            (|task| task.covers[0].rect.left = f32::NAN, "the message has a cover that lies"),
            (|task| task.covers[0].rect.right = 0.1, "the message has a cover that lies"),
            (|task| task.covers[0].rect.bottom = 1.1, "the message has a cover that lies"),
            (|task| task.texts[0].clock = Some(15 * 60), "the message has a clock in a zone"),
            (|task| task.texts[0].words = "é".repeat(201), "the message has a text of more than"),
        ];
        assert_eq!(Task::Video(video()).check(), Ok(()));
        for (spoil, words) in spoilt {
            let mut task = video();
            spoil(&mut task);
            let refusal = Task::Video(task).check().unwrap_err().to_string();
            assert!(refusal.starts_with(words), "{refusal}");
        }
    }

    #[test]
    fn planes_of_odd_sizes_are_rounded_up() {
        assert_eq!(Layout::Yuv420.bytes(4, 2), 12);
        assert_eq!(Layout::Yuv420.bytes(5, 3), 15 + 2 * 6);
        assert_eq!(Layout::Rgb24.bytes(5, 3), 45);
    }
}
