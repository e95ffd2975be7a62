//! The processes for short jobs: kept for the next one, started when none is idle.
//!
//! ```text
//! jpeg ─▶ may it wait? ─▶ a permit ─▶ an idle process, or a new one ─▶ the job
//!          no: Busy        late: Busy    it is put back if all went well
//! ```
//!
//! A process has one job at a time, so a keyframe that crashes it costs its own
//! picture. It is replaced after many jobs, and ended when it was idle for long.
//! One that somebody else killed costs nothing: its picture is made once more.

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

/// A picture was not made.
struct Failed {
    error: Error,
    /// Its process was killed, which no picture brings about: a crash has another
    /// signal.
    was_killed: bool,
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
        match self.make(frame.clone(), task).await {
            // Twice, and it may be the picture after all.
            Err(Failed { was_killed: true, .. }) => self.make(frame, task).await,
            made => made,
        }
        .map_err(|failed| failed.error)
    }

    /// Has a picture made by a process.
    async fn make(self: &Arc<Self>, frame: Frame, task: JpegTask) -> Result<Bytes, Failed> {
        let mut process = self.process().await.map_err(|error| {
            // As it started, before it saw the picture.
            let was_killed = matches!(error, Error::Crashed { .. });
            Failed { error, was_killed }
        })?;
        process.jobs += 1;
        let answer = match timeout(self.job_limit, talk(&mut process, frame, task)).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::TimedOut { limit: self.job_limit }),
        };
        let was_killed = process.was_killed;
        if matches!(answer, Ok(_) | Err(Error::Refused { .. })) {
            self.keep(process);
        }
        answer.map_err(|error| Failed { error, was_killed })
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use base::WallTime;

    use super::*;
    use crate::message::PROTOCOL;
    use crate::{Codec, Config, Decoder, Params, Sandbox};

    /// What takes a worker's place: says who it is, counts itself, ends by `signal`
    /// where it is one of the first `doomed`, and gives a picture otherwise.
    fn stand_in(folder: &Path, doomed: u32, signal: &str) -> Decoder {
        let (version, library) = (String::new(), String::new());
        let sandbox = Sandbox::Filtered;
        let hello = Hello { protocol: PROTOCOL, version, library, sandbox };
        let jpeg = ToClient::Jpeg(Bytes::from_static(&[0xff, 0xd8, 0xff, 0xd9]));
        for (name, messages) in
            [("hello", vec![ToClient::Hello(hello)]), ("picture", vec![jpeg, ToClient::Done])]
        {
            let mut file = fs::File::create(folder.join(name)).unwrap();
            for message in messages {
                let written = message.write();
                file.write_all(&written.head).unwrap();
                file.write_all(&written.tail).unwrap();
            }
        }
        let at = folder.display();
        let program = folder.join("stand-in");
        let script = format!(
            "#!/bin/sh\ncat {at}/hello >&0\necho >> {at}/count\n\
             if [ $(wc -l < {at}/count) -le {doomed} ]; then kill -{signal} $$; fi\n\
             cat {at}/picture >&0\nexec cat > /dev/null\n"
        );
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Decoder::new(Config::new(program)).unwrap()
    }

    fn keyframe() -> Frame {
        let (codec, config) = (Codec::H264, Bytes::new());
        let (width, height, rate_hz, channels) = (64, 64, 0, 0);
        let params = Arc::new(Params { codec, width, height, rate_hz, channels, config });
        let (wall, data) = (WallTime(0), Bytes::from_static(b"a picture"));
        Frame { wall, composition_us: 0, is_key: true, data, params }
    }

    #[tokio::test]
    async fn a_picture_whose_process_was_killed_is_made_once_more() {
        let task = JpegTask { height: 90, quality: 75 };
        // How many processes meet which end, and how many are tried.
        for (doomed, signal, tried, made) in [
            (0, "KILL", 1, true),
            (1, "KILL", 2, true),
            (2, "KILL", 2, false),
            (1, "SEGV", 1, false),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let decoder = stand_in(folder.path(), doomed, signal);
            let answer = decoder.jpeg(keyframe(), task).await;
            let case = format!("{doomed} by {signal}: {answer:?}");
            assert_eq!(answer.is_ok(), made, "{case}");
            assert!(made || matches!(answer, Err(Error::Crashed { .. })), "{case}");
            let count = fs::read_to_string(folder.path().join("count")).unwrap();
            assert_eq!(count.lines().count(), tried, "{case}");
        }
    }
}
