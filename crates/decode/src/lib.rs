//! The worker's protocol and client: decoding, converting and drawing over
//! pictures, done by another program.
//!
//! ```text
//! this process                                │ khue-decode (sandboxed)
//! Decoder ─┬─ pool of processes ◀─ jpeg()     │   one socket, on descriptor 0
//!          ├─ Job ◀─ Input::push(Frame) ──────┼─▶ ToWorker   open · params · frame · end
//!          │      ─▶ Job::next()  ◀───────────┼── ToClient   hello · frame · picture · done
//!          └─ Budget: cores' worth in use     │
//! ```
//!
//! A process does one job at a time, so what a bitstream breaks is its own job.
//! What comes back is believed no more than what went in: sizes, NAL units and
//! times are checked before anybody else sees them.
//!
//! Belongs here: what goes over the socket, starting and ending processes,
//! budgets. Does not belong here: FFmpeg, which only `decode-worker` links, and
//! what pictures are wanted for.

pub mod budget;
pub mod coded;
pub mod decoder;
pub mod error;
pub mod job;
pub mod message;
mod pool;
mod process;
pub mod task;
pub mod wire;

#[doc(hidden)]
pub mod fuzzing;

pub use budget::Budget;
pub use coded::{Codec, Frame, Params};
pub use decoder::{Config, Decoder, Status};
pub use error::Error;
pub use job::{Input, Job};
pub use message::{Hello, Picture, Sandbox, ToClient, ToWorker};
pub use task::{
    Corner, Cover, Effort, How, JpegTask, Layout, PicturesTask, Rect, SoundCodec, SoundTask, Task,
    Text, VideoTask,
};
