//! A job that lasts: frames in, frames or pictures out, until one side ends it.
//!
//! ```text
//! Input ─▶ queue ─▶ writer ─┐        ┌─▶ reader ─▶ check ─▶ queue ─▶ Job::next
//!  64 frames, 16 MiB        └ process┘   owed for too long: ended
//! ```
//!
//! > What is pushed comes out in order, or the job ends and says why.
//!
//! A job has a process to itself, which ends with it. Who does not take what
//! comes out holds up his own job and nobody else's.

use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base::WallTime;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::budget::Share;
use crate::decoder::check_length;
use crate::message::Coded;
use crate::process::{Nursery, Process, hear, say};
use crate::wire::Malformed;
use crate::{Codec, Error, Frame, Params, Picture, Task, ToClient, ToWorker};

/// How many frames may wait to be written.
const QUEUE_FRAMES: usize = 64;
/// How many KiB of frames may wait to be written: at least one of any length.
const QUEUE_KIB: usize = 16 << 10;
/// How many results may wait to be taken.
const RESULTS: usize = 8;

/// The way into a job. Cloning is cheap; when the last clone is dropped, what
/// is still inside comes out and the job ends.
#[derive(Clone, Debug)]
pub struct Input {
    queue: mpsc::Sender<(Frame, OwnedSemaphorePermit)>,
    room: Arc<Semaphore>,
    keyframe: Arc<AtomicBool>,
    ended: Arc<OnceLock<Error>>,
}

/// The way out of a job. Dropped, its process is killed.
#[derive(Debug)]
pub struct Job<T> {
    results: mpsc::Receiver<Result<T, Error>>,
    driver: JoinHandle<()>,
    /// Zero until there is a process.
    process: Arc<AtomicU32>,
}

/// Takes a worker's message for what it should be; nothing for what is no result.
pub(crate) type Check<T> = fn(&mut Seen, ToClient) -> Result<Option<T>, Malformed>;

/// What a worker has said so far in a job.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    params: Option<Arc<Params>>,
    last: Option<WallTime>,
}

/// All that a job begins with.
pub(crate) struct Opening<T> {
    pub(crate) task: Task,
    pub(crate) share: Share,
    pub(crate) price: Box<dyn Fn(&Params) -> u32 + Send + Sync>,
    pub(crate) check: Check<T>,
    pub(crate) nursery: Arc<Nursery>,
    pub(crate) stall: Duration,
}

impl Input {
    /// Gives a frame, and waits while the queue is full.
    pub async fn push(&self, frame: Frame) -> Result<(), Error> {
        check_length(&frame)?;
        let room = self.room.clone().acquire_many_owned(kib(&frame)).await;
        let room = room.expect("the semaphore is never closed");
        self.queue.send((frame, room)).await.map_err(|_| self.end())
    }

    /// Gives a frame if there is room for it, and says whether there was. Who
    /// loses one goes on at the next keyframe.
    pub fn try_push(&self, frame: Frame) -> Result<bool, Error> {
        check_length(&frame)?;
        if self.queue.is_closed() {
            return Err(self.end());
        }
        let Ok(room) = self.room.clone().try_acquire_many_owned(kib(&frame)) else {
            return Ok(false);
        };
        match self.queue.try_send((frame, room)) {
            Ok(()) => Ok(true),
            Err(mpsc::error::TrySendError::Full(_)) => Ok(false),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(self.end()),
        }
    }

    /// Asks that the next picture out be a keyframe. Says nothing to jobs
    /// that make none.
    pub fn want_keyframe(&self) {
        self.keyframe.store(true, Ordering::Relaxed);
    }

    /// Returns why the job has ended.
    fn end(&self) -> Error {
        let dropped = || Error::Crashed { words: "the job was given up".into() };
        self.ended.get().cloned().unwrap_or_else(dropped)
    }
}

impl<T> Job<T> {
    /// Returns what comes out next; nothing when all has come out. An error is
    /// the last thing that comes.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        self.results.recv().await
    }

    /// Ends the job, and returns once another may have its share of the budget.
    pub async fn end(mut self) {
        self.driver.abort();
        // Cancelled, or over already: either way it holds nothing any more.
        let _ = (&mut self.driver).await;
    }

    /// Returns the number by which the system knows the process, once there is one.
    pub fn process_id(&self) -> Option<u32> {
        match self.process.load(Ordering::Relaxed) {
            0 => None,
            id => Some(id),
        }
    }
}

impl<T> Drop for Job<T> {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

fn kib(frame: &Frame) -> u32 {
    // At most LARGEST_TO_WORKER: see check_length.
    (frame.data.len() / 1024 + 1) as u32
}

impl<T: Send + 'static> Opening<T> {
    pub(crate) fn open(self, handle: &Handle) -> (Input, Job<T>) {
        let (queue, frames) = mpsc::channel(QUEUE_FRAMES);
        let (given, results) = mpsc::channel(RESULTS);
        let input = Input {
            queue,
            room: Arc::new(Semaphore::new(QUEUE_KIB)),
            keyframe: Arc::default(),
            ended: Arc::default(),
        };
        let process = Arc::new(AtomicU32::new(0));
        let (keyframe, ended) = (input.keyframe.clone(), input.ended.clone());
        let known = process.clone();
        let driver = handle.spawn(async move {
            let end = self.drive(frames, &given, &keyframe, &known).await;
            if let Err(error) = end {
                // Set first: who hears it from the job may push once more.
                let _ = ended.set(error.clone());
                let _ = given.send(Err(error)).await;
            }
        });
        (input, Job { results, driver, process })
    }

    async fn drive(
        self,
        frames: mpsc::Receiver<(Frame, OwnedSemaphorePermit)>,
        given: &mpsc::Sender<Result<T, Error>>,
        keyframe: &AtomicBool,
        known: &AtomicU32,
    ) -> Result<(), Error> {
        let Self { task, mut share, price, check, nursery, stall } = self;
        let mut process = nursery.start(None).await?;
        known.store(process.id().unwrap_or(0), Ordering::Relaxed);
        process.say(&ToWorker::Open(task)).await?;
        let owed = AtomicU64::new(0);
        let end = {
            let Process { reader, writer, .. } = &mut process;
            tokio::select! {
                end = write(writer, frames, keyframe, &owed, &mut share, &*price) => end,
                end = take(reader, given, check, &owed, stall) => end,
            }
        };
        match end {
            End::Done => Ok(()),
            End::Because(error) => Err(error),
            End::Broken(source) => Err(process.obituary(source).await),
        }
    }
}

enum End {
    Done,
    Because(Error),
    Broken(io::Error),
}

/// Writes what is pushed; returns when that cannot go on.
async fn write(
    writer: &mut tokio::net::unix::OwnedWriteHalf,
    mut frames: mpsc::Receiver<(Frame, OwnedSemaphorePermit)>,
    keyframe: &AtomicBool,
    owed: &AtomicU64,
    share: &mut Share,
    price: &(dyn Fn(&Params) -> u32 + Send + Sync),
) -> End {
    let mut params: Option<Arc<Params>> = None;
    while let Some((frame, _room)) = frames.recv().await {
        let Frame { wall, composition_us, is_key, data, params: wanted } = frame;
        if params.as_ref().is_none_or(|known| !Arc::ptr_eq(known, &wanted) && *known != wanted) {
            if let Err(error) = share.change(price(&wanted)) {
                return End::Because(error);
            }
            if let Err(source) = say(writer, &ToWorker::Params((*wanted).clone())).await {
                return End::Broken(source);
            }
        }
        params = Some(wanted);
        if keyframe.swap(false, Ordering::Relaxed)
            && let Err(source) = say(writer, &ToWorker::Keyframe).await
        {
            return End::Broken(source);
        }
        owed.fetch_add(1, Ordering::Relaxed);
        let coded = Coded { wall, composition_us, is_key, data };
        if let Err(source) = say(writer, &ToWorker::Frame(coded)).await {
            return End::Broken(source);
        }
    }
    owed.fetch_add(1, Ordering::Relaxed);
    match say(writer, &ToWorker::End).await {
        Ok(()) => std::future::pending().await,
        Err(source) => End::Broken(source),
    }
}

/// Takes what the worker gives; returns when it is done or fails.
async fn take<T>(
    reader: &mut tokio::net::unix::OwnedReadHalf,
    given: &mpsc::Sender<Result<T, Error>>,
    check: Check<T>,
    owed: &AtomicU64,
    stall: Duration,
) -> End {
    let mut seen = Seen::default();
    loop {
        let mut hearing = pin!(hear(reader));
        let message = loop {
            // Owed at the beginning of a whole wait, and nothing heard in it.
            let owing = owed.load(Ordering::Relaxed) > 0;
            match timeout(stall, &mut hearing).await {
                Ok(message) => break message,
                Err(_) if owing => return End::Because(Error::TimedOut { limit: stall }),
                Err(_) => {}
            }
        };
        let message = match message {
            Ok(ToClient::Took) => {
                let before = owed.load(Ordering::Relaxed);
                if before == 0 {
                    return nonsense("took more than it was given");
                }
                owed.fetch_sub(1, Ordering::Relaxed);
                continue;
            }
            Ok(ToClient::Done) => return End::Done,
            Ok(ToClient::Refused(words)) => return End::Because(Error::Refused { words }),
            Ok(message) => message,
            Err(source) => return End::Broken(source),
        };
        match check(&mut seen, message) {
            Ok(None) => {}
            Ok(Some(result)) => {
                if given.send(Ok(result)).await.is_err() {
                    return End::Done; // nobody wants it any longer
                }
            }
            Err(Malformed(words)) => return nonsense(words),
        }
    }
}

fn nonsense(words: &str) -> End {
    let words = format!("what it gave cannot be: it {words}");
    End::Because(Error::Crashed { words })
}

pub(crate) fn picture(seen: &mut Seen, message: ToClient) -> Result<Option<Picture>, Malformed> {
    let ToClient::Picture(picture) = message else {
        return Err(Malformed("is no picture"));
    };
    seen.rises(picture.wall)?;
    Ok(Some(picture))
}

pub(crate) fn video(seen: &mut Seen, message: ToClient) -> Result<Option<Frame>, Malformed> {
    let frame = seen.frame(message, Codec::H264)?;
    if let Some(frame) = &frame {
        let mut units = 0;
        for unit in media::nal::length_prefixed(&frame.data) {
            if unit.is_ok_and(|unit| !unit.is_empty()) {
                units += 1;
            } else {
                return Err(Malformed("has a frame that is no row of NAL units"));
            }
        }
        if units == 0 || frame.is_key != media::h264::is_keyframe(&frame.data) {
            return Err(Malformed("has a frame that is not what it says"));
        }
    }
    Ok(frame)
}

pub(crate) fn aac(seen: &mut Seen, message: ToClient) -> Result<Option<Frame>, Malformed> {
    seen.frame(message, Codec::Aac)
}

pub(crate) fn opus(seen: &mut Seen, message: ToClient) -> Result<Option<Frame>, Malformed> {
    seen.frame(message, Codec::Opus)
}

impl Seen {
    fn frame(&mut self, message: ToClient, codec: Codec) -> Result<Option<Frame>, Malformed> {
        match message {
            ToClient::Params(params) => {
                if params.codec != codec {
                    return Err(Malformed("is in another codec"));
                }
                if codec == Codec::H264 {
                    let read = media::h264::params_of_record(params.config.clone());
                    let read = read.map_err(|_| Malformed("has parameters that are none"))?;
                    if (read.width, read.height) != (params.width, params.height) {
                        return Err(Malformed("has pictures of another size than it says"));
                    }
                }
                self.params = Some(Arc::new(params));
                Ok(None)
            }
            ToClient::Frame(Coded { wall, composition_us, is_key, data }) => {
                let Some(params) = self.params.clone() else {
                    return Err(Malformed("has a frame before its parameters"));
                };
                if data.is_empty() || composition_us != 0 {
                    return Err(Malformed("has a frame that is empty or out of order"));
                }
                self.rises(wall)?;
                Ok(Some(Frame { wall, composition_us, is_key, data, params }))
            }
            _ => Err(Malformed("is no frame")),
        }
    }

    fn rises(&mut self, wall: WallTime) -> Result<(), Malformed> {
        if self.last.is_some_and(|last| wall <= last) {
            return Err(Malformed("goes back in time"));
        }
        self.last = Some(wall);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn frame(wall: i64, data: &'static [u8]) -> ToClient {
        let (wall, data) = (WallTime(wall), Bytes::from_static(data));
        ToClient::Frame(Coded { wall, composition_us: 0, is_key: true, data })
    }

    fn aac_params() -> ToClient {
        ToClient::Params(Params::sound(Codec::Aac, 48_000, 1, Bytes::from_static(&[0x11, 0x88])))
    }

    #[test]
    fn what_a_worker_gives_is_believed_only_in_order() {
        let mut seen = Seen::default();
        assert_eq!(
            aac(&mut seen, frame(1, &[1])),
            Err(Malformed("has a frame before its parameters"))
        );
        assert_eq!(aac(&mut seen, aac_params()), Ok(None));
        assert!(aac(&mut seen, frame(1, &[1])).unwrap().is_some());
        assert_eq!(aac(&mut seen, frame(1, &[1])), Err(Malformed("goes back in time")));
        assert_eq!(opus(&mut seen, aac_params()), Err(Malformed("is in another codec")));
        assert_eq!(aac(&mut seen, ToClient::Jpeg(Bytes::new())), Err(Malformed("is no frame")));
    }

    #[test]
    fn pictures_that_are_no_h264_are_refused() {
        let mut seen = Seen::default();
        let config = Bytes::from_static(&[1, 66, 0, 30]);
        let params = ToClient::Params(Params::video(Codec::H264, 64, 64, config));
        assert_eq!(video(&mut seen, params), Err(Malformed("has parameters that are none")));

        let params = Params::video(Codec::H264, 64, 64, Bytes::new());
        seen.params = Some(Arc::new(params));
        let cut = frame(1, &[0, 0, 0, 9, 0x65]);
        assert_eq!(
            video(&mut seen, cut),
            Err(Malformed("has a frame that is no row of NAL units"))
        );
        let no_key = frame(2, &[0, 0, 0, 2, 0x41, 1]);
        assert_eq!(
            video(&mut seen, no_key),
            Err(Malformed("has a frame that is not what it says"))
        );
        assert!(video(&mut seen, frame(3, &[0, 0, 0, 2, 0x65, 1])).unwrap().is_some());
    }
}
