//! When frames go out: one tick for all cameras of a server.
//!
//! ```text
//! tick       │    │    │    │    │    │    │      every 20 ms
//! cam1       ├────────────────┼────────────────   a frame leaves with the first
//! cam2           ├────────────────┼────────────   tick after its time
//! ```
//!
//! A timer for each viewer would cost more than the frames. Which streams have
//! something to send says the agenda; what it is, they know from the time, so a
//! late tick sends what was missed in between.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::agenda::Agenda;
use crate::stream::{Now, Stream};

/// How far apart ticks are, and so how late a frame may leave: no later than a
/// camera's encoder has it at times. Half of it would cost a quarter more.
const TICK: Duration = Duration::from_millis(20);

/// The clock of a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    started: Instant,
    started_wall_us: i64,
}

impl Clock {
    /// Returns a clock that starts now, at `wall_us`.
    pub(crate) fn starting_at(wall_us: i64) -> Self {
        Self { started: Instant::now(), started_wall_us: wall_us }
    }

    /// Returns the moment. The wall time moves with the monotonic clock, so it
    /// rises whatever is done to the machine's.
    pub(crate) fn now(&self) -> Now {
        Now {
            elapsed_us: self.started.elapsed().as_micros() as u64,
            started_wall_us: self.started_wall_us,
        }
    }
}

/// A thread that sends what is due on all streams.
///
/// A thread of its own rather than a task: frames leave in time whatever else
/// the runtime has to do, and a sleep costs less than a timer there.
#[derive(Debug)]
pub(crate) struct Pacer {
    stop: mpsc::Sender<Infallible>,
    thread: JoinHandle<()>,
}

impl Pacer {
    /// Starts it for streams in the order of their agenda.
    pub(crate) fn start(
        streams: Vec<Arc<Stream>>,
        agenda: Agenda,
        clock: Clock,
    ) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("simcam-pacer".to_owned())
            .spawn(move || run(&streams, &agenda, clock, &stopped))?;
        Ok(Self { stop, thread })
    }

    /// Stops it, and returns when it has sent its last frame. Dropping it stops
    /// it too, within a tick.
    pub(crate) async fn stop(self) {
        drop(self.stop);
        // A panic there was reported by its thread; nothing is sent either way.
        let _ = tokio::task::spawn_blocking(|| self.thread.join()).await;
    }
}

fn run(
    streams: &[Arc<Stream>],
    agenda: &Agenda,
    clock: Clock,
    stopped: &mpsc::Receiver<Infallible>,
) {
    while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(TICK) {
        let now = clock.now();
        for index in agenda.due(now.elapsed_us) {
            streams[index].send_due(now);
        }
    }
}
