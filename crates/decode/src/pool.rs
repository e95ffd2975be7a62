//! The processes for short jobs: kept for the next one, started when none is idle.
//!
//! ```text
//! jpeg ─▶ may it wait? ─▶ a permit ─▶ an idle process, or a new one ─▶ the job
//!          no: Busy        late: Busy    it is put back if all went well
//! ```
//!
//! A process has one job at a time, so a keyframe that crashes it costs its own
//! picture. It is replaced after many jobs, and ended when it was idle for long.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use crate::message::Coded;
use crate::process::{Nursery, Process};
use crate::{Error, Frame, Hello, JpegTask, Task, ToClient, ToWorker};

/// How many jobs a process does before another takes its place.
const JOBS: u32 = 500;
/// What those may use of a core, far above what they need.
const CPU_S: u32 = 300;
/// How long a process is kept for nothing.
const IDLE: Duration = Duration::from_secs(60);

pub(crate) struct Pool {
    nursery: Arc<Nursery>,
    permits: Semaphore,
    waiting: AtomicUsize,
    most_waiting: usize,
    wait_limit: Duration,
    job_limit: Duration,
    idle: Mutex<Idle>,
}

#[derive(Default)]
struct Idle {
    processes: Vec<(Process, Instant)>,
    /// Whether somebody looks after processes that were idle for long.
    watched: bool,
}

/// Counts somebody who waits.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pool {
    pub(crate) fn new(nursery: Arc<Nursery>, config: &crate::Config) -> Arc<Self> {
        Arc::new(Self {
            nursery,
            permits: Semaphore::new(config.jpeg_processes.max(1)),
            waiting: AtomicUsize::new(0),
            most_waiting: config.jpegs_waiting,
            wait_limit: config.jpeg_wait,
            job_limit: config.stall,
            idle: Mutex::default(),
        })
    }

    pub(crate) async fn jpeg(
        self: &Arc<Self>,
        frame: Frame,
        task: JpegTask,
    ) -> Result<Bytes, Error> {
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let counted = Waiting(&self.waiting);
        if before >= self.most_waiting {
            let words = format!("{before} pictures are waiting already");
            return Err(Error::Busy { words });
        }
        let Ok(permit) = timeout(self.wait_limit, self.permits.acquire()).await else {
            let waited = self.wait_limit.as_secs_f32();
            return Err(Error::Busy { words: format!("its turn did not come within {waited} s") });
        };
        let _permit = permit.expect("the semaphore is never closed");
        drop(counted);
        let mut process = self.process().await?;
        process.jobs += 1;
        let answer = match timeout(self.job_limit, talk(&mut process, frame, task)).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::TimedOut { limit: self.job_limit }),
        };
        if matches!(answer, Ok(_) | Err(Error::Refused { .. })) {
            self.keep(process);
        }
        answer
    }

    pub(crate) async fn hello(self: &Arc<Self>) -> Result<Hello, Error> {
        let process = self.process().await?;
        let hello = process.hello.clone();
        self.keep(process);
        Ok(hello)
    }

    async fn process(&self) -> Result<Process, Error> {
        while let Some((mut process, _)) = self.idle_ones().pop_last() {
            if !process.is_over() {
                return Ok(process);
            }
        }
        self.nursery.start(Some(CPU_S)).await
    }

    fn keep(self: &Arc<Self>, process: Process) {
        if process.jobs >= JOBS {
            return;
        }
        let mut idle = self.idle_ones();
        idle.0.processes.push((process, Instant::now()));
        if !idle.0.watched {
            idle.0.watched = true;
            tokio::spawn(watch(Arc::downgrade(self)));
        }
    }

    fn idle_ones(&self) -> IdleOnes<'_> {
        IdleOnes(self.idle.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct IdleOnes<'a>(MutexGuard<'a, Idle>);

impl IdleOnes<'_> {
    /// The one used last: what is idle for long shall be found so.
    fn pop_last(&mut self) -> Option<(Process, Instant)> {
        self.0.processes.pop()
    }
}

/// Ends processes that were idle for long, until there are none.
async fn watch(pool: Weak<Pool>) {
    loop {
        tokio::time::sleep(IDLE).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut idle = pool.idle_ones();
        idle.0.processes.retain(|(_, since)| since.elapsed() < IDLE);
        if idle.0.processes.is_empty() {
            idle.0.watched = false;
            return;
        }
    }
}

async fn talk(process: &mut Process, frame: Frame, task: JpegTask) -> Result<Bytes, Error> {
    let Frame { wall, composition_us, is_key, data, params } = frame;
    process.say(&ToWorker::Open(Task::Jpeg(task))).await?;
    process.say(&ToWorker::Params((*params).clone())).await?;
    let coded = Coded { wall, composition_us, is_key, data };
    process.say(&ToWorker::Frame(coded)).await?;
    process.say(&ToWorker::End).await?;
    let mut jpeg = None;
    loop {
        match process.hear().await? {
            ToClient::Jpeg(bytes) if bytes.starts_with(&[0xff, 0xd8]) => jpeg = Some(bytes),
            ToClient::Took => {}
            ToClient::Refused(words) => return Err(Error::Refused { words }),
            ToClient::Done => {
                return jpeg.ok_or_else(|| Error::Crashed { words: "it gave no picture".into() });
            }
            _ => return Err(Error::Crashed { words: "it gave something else".into() }),
        }
    }
}
