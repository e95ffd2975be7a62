//! What is said over the socket, in both directions.
//!
//! ```text
//! client                              worker
//!                                  ◀─ Hello
//! Open(task) Params Frame Frame … ─▶
//!                                  ◀─ Params Frame Took  Frame Took  …
//! End                             ─▶
//!                                  ◀─ Frame … Took Done        or Refused, at any time
//! Open(the next task)             ─▶
//! ```
//!
//! Each `Frame` and `End` is answered by exactly one `Took`, behind whatever
//! came of it; so a client knows when a worker owes it something. After `Done`
//! or `Refused` a worker passes over everything up to the next `Open`.

use base::WallTime;
use bytes::Bytes;

use crate::coded::{Codec, Params};
use crate::task::{Layout, Task};
use crate::wire::{Malformed, Reader, Writer, Written};

/// What both sides must speak alike; raised with each change of a message.
pub const PROTOCOL: u16 = 1;

/// The longest configuration record, in bytes.
pub const LONGEST_CONFIG: usize = 64 << 10;
/// The longest refusal or name of a version, in bytes.
pub const LONGEST_WORDS: usize = 1000;

/// From the client.
#[derive(Clone, Debug, PartialEq)]
pub enum ToWorker {
    /// A job begins.
    Open(Task),
    /// What the following frames are coded with.
    Params(Params),
    /// A frame of the job.
    Frame(Coded),
    /// The next frame out shall be a keyframe.
    Keyframe,
    /// No more frames will come: what is still inside shall come out.
    End,
}

/// From the worker.
#[derive(Clone, Debug, PartialEq)]
pub enum ToClient {
    /// The first message: who it is.
    Hello(Hello),
    /// What the following frames are coded with.
    Params(Params),
    /// A frame that was made.
    Frame(Coded),
    /// A picture that was decoded.
    Picture(Picture),
    /// A JPEG that was made.
    Jpeg(Bytes),
    /// A frame or the end was worked off.
    Took,
    /// The job is done.
    Done,
    /// The job cannot be done, and why.
    Refused(String),
}

/// Who a worker is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// [`PROTOCOL`] of the worker; the only field that every version has here.
    pub protocol: u16,
    /// The release of `khue-decode`.
    pub version: String,
    /// The release of FFmpeg's libraries.
    pub library: String,
    /// What holds it.
    pub sandbox: Sandbox,
}

/// What keeps a worker from doing anything but its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sandbox {
    /// System calls are filtered, and its limits are set.
    Filtered,
    /// Only its limits are set; why there is no filter.
    LimitsOnly(String),
}

/// A frame's bytes and times; its parameters went before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coded {
    /// When it is decoded.
    pub wall: WallTime,
    /// Presentation minus decoding time, in microseconds.
    pub composition_us: i32,
    /// Whether it can be decoded alone.
    pub is_key: bool,
    /// Its bytes.
    pub data: Bytes,
}

/// A decoded picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// When it is shown, on the server's axis.
    pub wall: WallTime,
    /// Columns.
    pub width: u16,
    /// Lines.
    pub height: u16,
    /// How the bytes lie.
    pub layout: Layout,
    /// Planes without padding, as `layout` says.
    pub bytes: Bytes,
}

impl ToWorker {
    /// Returns the message as it is sent.
    pub fn write(&self) -> Written {
        match self {
            Self::Open(task) => {
                let mut to = Writer::new(1);
                task.write(&mut to);
                to.end()
            }
            Self::Params(params) => params.write(2),
            Self::Frame(frame) => frame.write(3),
            Self::Keyframe => Writer::new(4).end(),
            Self::End => Writer::new(5).end(),
        }
    }

    /// Reads a message's body.
    pub fn read(kind: u8, body: Bytes) -> Result<Self, Malformed> {
        let mut from = Reader(body);
        let message = match kind {
            1 => Self::Open(Task::read(&mut from)?),
            2 => Self::Params(Params::read(&mut from)?),
            3 => Self::Frame(Coded::read(&mut from)?),
            4 => Self::Keyframe,
            5 => Self::End,
            _ => return Err(Malformed("is of an unknown kind")),
        };
        from.end()?;
        Ok(message)
    }
}

impl ToClient {
    /// Returns the message as it is sent.
    pub fn write(&self) -> Written {
        match self {
            Self::Hello(hello) => hello.write(1),
            Self::Params(params) => params.write(2),
            Self::Frame(frame) => frame.write(3),
            Self::Picture(picture) => picture.write(4),
            Self::Jpeg(bytes) => Writer::new(5).end_with(bytes.clone()),
            Self::Took => Writer::new(6).end(),
            Self::Done => Writer::new(7).end(),
            Self::Refused(words) => {
                let mut to = Writer::new(8);
                to.field(cut(words).as_bytes());
                to.end()
            }
        }
    }

    /// Reads a message's body.
    pub fn read(kind: u8, body: Bytes) -> Result<Self, Malformed> {
        let mut from = Reader(body);
        let message = match kind {
            1 => Self::Hello(Hello::read(&mut from)?),
            2 => Self::Params(Params::read(&mut from)?),
            3 => Self::Frame(Coded::read(&mut from)?),
            4 => Self::Picture(Picture::read(&mut from)?),
            5 => Self::Jpeg(from.rest()),
            6 => Self::Took,
            7 => Self::Done,
            8 => Self::Refused(from.text(LONGEST_WORDS)?),
            _ => return Err(Malformed("is of an unknown kind")),
        };
        from.end()?;
        Ok(message)
    }
}

/// Returns as much of the words as a message may carry.
fn cut(words: &str) -> &str {
    &words[..words.floor_char_boundary(LONGEST_WORDS)]
}

impl Hello {
    fn write(&self, kind: u8) -> Written {
        let mut to = Writer::new(kind);
        to.u16(self.protocol);
        to.field(cut(&self.version).as_bytes()).field(cut(&self.library).as_bytes());
        match &self.sandbox {
            Sandbox::Filtered => to.u8(0),
            Sandbox::LimitsOnly(why) => to.u8(1).field(cut(why).as_bytes()),
        };
        to.end()
    }

    /// Of another version nothing behind the number is understood, so that it
    /// can be told which one it is.
    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        let protocol = from.u16()?;
        if protocol != PROTOCOL {
            from.rest();
            let (version, library) = (String::new(), String::new());
            let sandbox = Sandbox::LimitsOnly(String::new());
            return Ok(Self { protocol, version, library, sandbox });
        }
        let version = from.text(LONGEST_WORDS)?;
        let library = from.text(LONGEST_WORDS)?;
        let sandbox = if from.flag()? {
            Sandbox::LimitsOnly(from.text(LONGEST_WORDS)?)
        } else {
            Sandbox::Filtered
        };
        Ok(Self { protocol, version, library, sandbox })
    }
}

impl Params {
    fn write(&self, kind: u8) -> Written {
        let mut to = Writer::new(kind);
        to.u8(self.codec as u8).u32(self.width).u32(self.height);
        to.u32(self.rate_hz).u8(self.channels).field(&self.config);
        to.end()
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        let codec = match from.u8()? {
            0 => Codec::H264,
            1 => Codec::H265,
            2 => Codec::Aac,
            3 => Codec::Pcmu,
            4 => Codec::Pcma,
            5 => Codec::Opus,
            _ => return Err(Malformed("names an unknown codec")),
        };
        Ok(Self {
            codec,
            width: from.u32()?,
            height: from.u32()?,
            rate_hz: from.u32()?,
            channels: from.u8()?,
            config: from.field(LONGEST_CONFIG)?,
        })
    }
}

impl Coded {
    fn write(&self, kind: u8) -> Written {
        let mut to = Writer::new(kind);
        to.i64(self.wall.0).i32(self.composition_us).u8(self.is_key.into());
        to.end_with(self.data.clone())
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        Ok(Self {
            wall: WallTime(from.i64()?),
            composition_us: from.i32()?,
            is_key: from.flag()?,
            data: from.rest(),
        })
    }
}

/// Where a picture's bytes are: behind its head. A later version may say that
/// they lie in memory that both sides share.
const INLINE: u8 = 0;

impl Picture {
    fn write(&self, kind: u8) -> Written {
        let mut to = Writer::new(kind);
        to.i64(self.wall.0).u16(self.width).u16(self.height);
        to.u8(match self.layout {
            Layout::Rgb24 => 0,
            Layout::Yuv420 => 1,
        });
        to.u8(INLINE);
        to.end_with(self.bytes.clone())
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        let wall = WallTime(from.i64()?);
        let (width, height) = (from.u16()?, from.u16()?);
        let layout = Layout::read(from)?;
        if from.u8()? != INLINE {
            return Err(Malformed("has a picture in an unknown place"));
        }
        let bytes = from.rest();
        if bytes.len() != layout.bytes(width.into(), height.into()) || bytes.is_empty() {
            return Err(Malformed("has a picture of another size than it says"));
        }
        Ok(Self { wall, width, height, layout, bytes })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fuzzing;
    use crate::task::{Corner, Cover, Effort, How, JpegTask, PicturesTask, Rect, Text, VideoTask};
    use crate::task::{SoundCodec, SoundTask};

    fn body(written: Written) -> (u8, Bytes) {
        let mut all = [&written.head[..], &written.tail].concat();
        let length = u32::from_be_bytes(all[..4].try_into().unwrap()) as usize;
        assert_eq!(length, all.len() - 4);
        let body = all.split_off(5);
        (all[4], body.into())
    }

    fn coded() -> Coded {
        let data = Bytes::from_static(&[0, 0, 0, 1, 0x65]);
        Coded { wall: WallTime(-5), composition_us: -3, is_key: true, data }
    }

    fn params() -> Params {
        Params::video(Codec::H265, 1920, 1080, Bytes::from_static(&[1, 2]))
    }

    #[test]
    fn everything_a_client_says_reads_back() {
        let text = |corner, clock| Text {
            corner,
            words: "Chợ Đồng Xuân".into(),
            clock,
            height_permille: 33,
        };
        let rect = Rect { left: 0.0, top: 0.25, right: 0.5, bottom: 1.0 };
        let cover = |how| Cover { rect, from: WallTime(1), to: WallTime(i64::MAX), how };
        let said = [
            ToWorker::Open(Task::Jpeg(JpegTask { height: 90, quality: 80 })),
            ToWorker::Open(Task::Pictures(PicturesTask {
                width: 0,
                height: 416,
                interval_us: 200_000,
                layout: Layout::Yuv420,
            })),
            ToWorker::Open(Task::Video(VideoTask {
                height: 720,
                bitrate: 1_000_000,
                gop: 60,
                frame_rate: 30,
                effort: Effort::Veryfast,
                texts: vec![text(Corner::TopRight, None), text(Corner::BottomLeft, Some(-90))],
                covers: vec![cover(How::Fill), cover(How::Pixelate)],
            })),
            ToWorker::Open(Task::Sound(SoundTask {
                to: SoundCodec::Opus,
                bitrate: 32_000,
                channels: 1,
            })),
            ToWorker::Params(params()),
            ToWorker::Frame(coded()),
            ToWorker::Keyframe,
            ToWorker::End,
        ];
        for message in said {
            let (kind, body) = body(message.write());
            assert_eq!(ToWorker::read(kind, body), Ok(message));
        }
    }

    #[test]
    fn everything_a_worker_says_reads_back() {
        let hello = |sandbox| {
            let (version, library) = ("0.1.0".into(), "59.37.100".into());
            ToClient::Hello(Hello { protocol: PROTOCOL, version, library, sandbox })
        };
        let picture = Picture {
            wall: WallTime(4),
            width: 5,
            height: 3,
            layout: Layout::Yuv420,
            bytes: vec![7; 27].into(),
        };
        let said = [
            hello(Sandbox::Filtered),
            hello(Sandbox::LimitsOnly("the kernel has no seccomp".into())),
            ToClient::Params(params()),
            ToClient::Frame(coded()),
            ToClient::Picture(picture),
            ToClient::Jpeg(Bytes::from_static(&[0xff, 0xd8])),
            ToClient::Took,
            ToClient::Done,
            ToClient::Refused("ảnh hỏng".into()),
        ];
        for message in said {
            let (kind, body) = body(message.write());
            assert_eq!(ToClient::read(kind, body), Ok(message));
        }
    }

    #[test]
    fn a_refusal_of_any_length_can_be_said() {
        let (kind, body) = body(ToClient::Refused("ế".repeat(1000)).write());
        let said = ToClient::read(kind, body).unwrap();
        assert_eq!(said, ToClient::Refused("ế".repeat(333)));
    }

    #[test]
    fn of_another_version_the_number_is_understood() {
        let (kind, _) = body(ToClient::Took.write());
        assert_eq!(kind, 6);
        let ToClient::Hello(hello) = ToClient::read(1, Bytes::from_static(&[0, 9, 77])).unwrap()
        else {
            panic!("it is a hello")
        };
        assert_eq!(hello.protocol, 9);
    }

    #[test]
    fn a_picture_that_lies_about_its_size_is_refused() {
        let picture = Picture {
            wall: WallTime(4),
            width: 4,
            height: 2,
            layout: Layout::Rgb24,
            bytes: vec![7; 23].into(),
        };
        let (kind, body) = body(picture.write(4));
        let refusal = ToClient::read(kind, body).unwrap_err();
        assert_eq!(refusal, Malformed("has a picture of another size than it says"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer_and_what_reads_is_written_alike(
            kind in 0u8..10, bytes in prop::collection::vec(any::<u8>(), 0..90),
        ) {
            fuzzing::to_worker(kind, &bytes);
            fuzzing::to_client(kind, &bytes);
        }
    }
}
