//! When frames go out: one tick for all cameras of a server.
//!
//! ```text
//! tick       │    │    │    │    │    │    │      every 10 ms
//! cam1       ├────────────────┼────────────────   a frame leaves with the first
//! cam2           ├────────────────┼────────────   tick after its time
//! ```
//!
//! A timer for each viewer would cost more than the frames. What is due, the
//! streams know from the time; a late tick sends what was missed in between.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::camera::{Delivery, Now, Stream};
use crate::packet::Burst;

/// How far apart ticks are, and so how late a frame may leave.
const TICK: Duration = Duration::from_millis(10);
/// After so many streams others get their turn.
const STREAMS_BETWEEN_YIELDS: usize = 64;

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

/// Sends what is due on all streams until it is cancelled. `on_gone` takes what
/// viewers were sent that had to be let go.
pub(crate) async fn run(
    streams: Vec<Arc<Stream>>,
    clock: Clock,
    on_gone: impl Fn(Delivery) + Send,
    cancelled: CancellationToken,
) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut burst = Burst::default();
    loop {
        tokio::select! {
            () = cancelled.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let now = clock.now();
        for some in streams.chunks(STREAMS_BETWEEN_YIELDS) {
            for stream in some {
                stream.send_due(now, &mut burst, &on_gone);
            }
            tokio::task::yield_now().await;
        }
    }
}
