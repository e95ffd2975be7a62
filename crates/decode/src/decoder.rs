//! Whoever wants something decoded asks here.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Handle;

use crate::job::{self, Opening};
use crate::pool::Pool;
use crate::process::Nursery;
use crate::wire::LARGEST_TO_WORKER;
use crate::{
    Budget, Codec, Error, Frame, Input, Job, JpegTask, Params, Picture, PicturesTask, Sandbox,
    SoundCodec, SoundTask, Task, VideoTask, budget,
};

/// How much a worker may do here.
#[derive(Clone, Debug)]
pub struct Config {
    /// The program `khue-decode`.
    pub program: PathBuf,
    /// How many cores' worth of conversions may run at once.
    pub cores: f32,
    /// How many JPEGs may be made at once, each in a process of its own.
    pub jpeg_processes: usize,
    /// How many may wait for that; more are refused.
    pub jpegs_waiting: usize,
    /// How long one may wait.
    pub jpeg_wait: Duration,
    /// How long a process may owe an answer before it is ended.
    pub stall: Duration,
    /// How much address space a process may take beyond its libraries.
    pub memory_mib: u32,
}

/// Gives work to the worker's processes. Cloning is cheap; all clones share
/// budget and processes, which end with the last of them and its jobs.
#[derive(Clone)]
pub struct Decoder {
    shared: Arc<Shared>,
}

struct Shared {
    config: Config,
    budget: Budget,
    nursery: Arc<Nursery>,
    pool: Arc<Pool>,
    handle: Handle,
}

/// What is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The release of `khue-decode`.
    pub version: String,
    /// The release of FFmpeg's libraries.
    pub library: String,
    /// What holds it.
    pub sandbox: Sandbox,
}

impl Config {
    /// Returns what suits a small machine: half of its cores for conversions,
    /// two pictures at once.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            program: program.into(),
            cores: cores as f32 / 2.0,
            jpeg_processes: 2,
            jpegs_waiting: 64,
            jpeg_wait: Duration::from_secs(10),
            stall: Duration::from_secs(10),
            memory_mib: 768,
        }
    }
}

impl Decoder {
    /// Returns a decoder whose processes are served by the current runtime,
    /// whoever asks it. Starts no process yet.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn new(config: Config) -> io::Result<Self> {
        let handle = Handle::current();
        let nursery = Nursery::new(config.program.clone(), config.memory_mib, handle.clone())?;
        let nursery = Arc::new(nursery);
        let pool = Pool::new(nursery.clone(), &config);
        let budget = Budget::new(config.cores);
        Ok(Self { shared: Arc::new(Shared { config, budget, nursery, pool, handle }) })
    }

    /// Returns where the program is looked for.
    pub fn program(&self) -> &Path {
        &self.shared.config.program
    }

    /// Returns whether there is a program; [`Decoder::status`] asks it who it is.
    pub fn is_installed(&self) -> bool {
        self.program().is_file()
    }

    /// Returns what may be used and what is.
    pub fn budget(&self) -> &Budget {
        &self.shared.budget
    }

    /// Starts a process, unless one is idle, and asks who it is.
    pub async fn status(&self) -> Result<Status, Error> {
        let pool = self.shared.pool.clone();
        let hello = self.apart(async move { pool.hello().await }).await?;
        let crate::Hello { version, library, sandbox, .. } = hello;
        Ok(Status { version, library, sandbox })
    }

    /// Makes a JPEG of a keyframe.
    ///
    /// Who stops waiting leaves the picture to be finished, which costs less
    /// than a process that was ended in the middle.
    pub async fn jpeg(&self, frame: Frame, task: JpegTask) -> Result<Bytes, Error> {
        self.check(&Task::Jpeg(task), &frame.params, Codec::is_video)?;
        check_length(&frame)?;
        let pool = self.shared.pool.clone();
        self.apart(async move { pool.jpeg(frame, task).await }).await
    }

    /// Begins to decode a stream of pictures. `frame_rate` is what is to be
    /// expected, for the price.
    pub fn pictures(
        &self,
        task: PicturesTask,
        params: &Params,
        frame_rate: u8,
    ) -> Result<(Input, Job<Picture>), Error> {
        self.check(&Task::Pictures(task), params, Codec::is_video)?;
        let price = move |params: &Params| budget::of_pictures(&task, params, frame_rate);
        self.open(Task::Pictures(task), params, price, job::picture)
    }

    /// Begins to convert a stream of pictures to H.264. Each picture comes out
    /// with the time at which it is shown.
    pub fn video(&self, task: VideoTask, params: &Params) -> Result<(Input, Job<Frame>), Error> {
        self.check(&Task::Video(task.clone()), params, Codec::is_video)?;
        let priced = task.clone();
        let price = move |params: &Params| budget::of_video(&priced, params);
        self.open(Task::Video(task), params, price, job::video)
    }

    /// Begins to convert a stream of sound.
    pub fn sound(&self, task: SoundTask, params: &Params) -> Result<(Input, Job<Frame>), Error> {
        self.check(&Task::Sound(task), params, |codec| !codec.is_video())?;
        let check = match task.to {
            SoundCodec::Aac => job::aac,
            SoundCodec::Opus => job::opus,
        };
        self.open(Task::Sound(task), params, move |_| budget::of_sound(&task), check)
    }

    fn check(&self, task: &Task, params: &Params, fits: fn(Codec) -> bool) -> Result<(), Error> {
        if !self.is_installed() {
            let (path, words) = (self.program().to_owned(), "there is no such file".into());
            return Err(Error::NotInstalled { path, words });
        }
        task.check().map_err(|error| Error::Refused { words: error.to_string() })?;
        if !fits(params.codec) {
            let words = format!("{:?} cannot be the input of this job", params.codec);
            return Err(Error::Refused { words });
        }
        Ok(())
    }

    fn open<T: Send + 'static>(
        &self,
        task: Task,
        params: &Params,
        price: impl Fn(&Params) -> u32 + Send + Sync + 'static,
        check: job::Check<T>,
    ) -> Result<(Input, Job<T>), Error> {
        let share = self.shared.budget.take(price(params))?;
        let nursery = self.shared.nursery.clone();
        let stall = self.shared.config.stall;
        let opening = Opening { task, share, price: Box::new(price), check, nursery, stall };
        Ok(opening.open(&self.shared.handle))
    }

    /// Runs something on the runtime that serves the processes, to its end.
    async fn apart<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let done = self.shared.handle.spawn(work).await;
        done.unwrap_or_else(|error| Err(Error::Crashed { words: error.to_string() }))
    }
}

/// Refuses a frame that fits into no message.
pub(crate) fn check_length(frame: &Frame) -> Result<(), Error> {
    // The head of a frame's message is a few bytes.
    if frame.data.len() + 64 > LARGEST_TO_WORKER {
        let words = format!("a frame of {} bytes is larger than may be", frame.data.len());
        return Err(Error::Refused { words });
    }
    Ok(())
}
