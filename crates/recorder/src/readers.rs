//! The threads that cameras are read on.
//!
//! ```text
//! camera ──▶ ┐            rest    rest    rest        nobody watches: one look takes
//! camera ──▶ ├ Reader ──┴───────┴───────┴───────▶     what came since the last one
//! camera ──▶ ┘
//! ```
//!
//! To wake a thread costs more than to read a frame, and each camera would wake
//! one with each frame. So a reader that has nothing left to do sleeps a little
//! before it waits for more, and then finds the frames of many cameras at once —
//! unless somebody watches one of them: a disk does not mind a moment, a viewer
//! does. A pipeline stays on its reader, so nothing is passed between cores.
//!
//! Belongs here: which pipeline runs on which thread, and when a thread rests.
//! What a pipeline does is `pipeline`'s, and which there should be `recorder`'s.

use std::collections::HashMap;
use std::io;
use std::num::NonZero;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base::StreamId;
use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

/// How long a reader sleeps of whose streams none is watched. A camera's frame
/// waits in the kernel meanwhile, and 40 ms of 20 Mbit/s are 100 kB.
const REST: Duration = Duration::from_millis(40);

/// A reader takes so many streams before another one is begun: while few are
/// read, they are read on one thread.
const FEW: usize = 64;

/// All readers of a recorder. Dropping them ends their threads, and whatever
/// still runs there.
#[derive(Debug)]
pub(crate) struct Readers {
    readers: Vec<Reader>,
    _end: DropGuard,
}

#[derive(Debug)]
struct Reader {
    runtime: Handle,
    demands: Demands,
}

/// Of each stream read on a thread, whether somebody watches it.
type Demands = Arc<Mutex<HashMap<StreamId, watch::Receiver<bool>>>>;

impl Readers {
    /// Starts a reader for each core.
    pub(crate) fn start() -> io::Result<Self> {
        let end = CancellationToken::new();
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let readers = (0..cores).map(|number| Reader::start(number, end.clone()));
        Ok(Self { readers: readers.collect::<io::Result<_>>()?, _end: end.drop_guard() })
    }

    /// Returns where to read a stream that `demand` tells of.
    pub(crate) fn assign(&self, stream: StreamId, demand: watch::Receiver<bool>) -> &Handle {
        let loads = || self.readers.iter().map(|reader| lock(&reader.demands).len());
        let index = choose(loads());
        let reader = &self.readers[index];
        lock(&reader.demands).insert(stream, demand);
        &reader.runtime
    }

    /// Notes that a stream is not read any more.
    pub(crate) fn release(&self, stream: StreamId) {
        for reader in &self.readers {
            lock(&reader.demands).remove(&stream);
        }
    }
}

impl Reader {
    fn start(number: usize, end: CancellationToken) -> io::Result<Self> {
        let demands = Demands::default();
        let watched = demands.clone();
        let runtime = Builder::new_current_thread()
            .enable_all()
            .on_thread_park(move || {
                if !lock(&watched).values().any(|demand| *demand.borrow()) {
                    std::thread::sleep(REST);
                }
            })
            .build()?;
        let handle = runtime.handle().clone();
        std::thread::Builder::new()
            .name(format!("reader-{number}"))
            .spawn(move || runtime.block_on(end.cancelled()))?;
        Ok(Self { runtime: handle, demands })
    }
}

/// Returns which reader takes the next stream, of readers with so many streams.
fn choose(loads: impl Iterator<Item = usize> + Clone) -> usize {
    let few = loads.clone().position(|load| load < FEW);
    few.or_else(|| loads.enumerate().min_by_key(|&(_, load)| load).map(|(index, _)| index))
        .unwrap_or(0)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use base::StreamId;

    use super::*;

    #[test]
    fn a_reader_is_filled_before_the_next_one_and_then_the_least_loaded_takes_it() {
        assert_eq!(choose([0, 0].into_iter()), 0);
        assert_eq!(choose([FEW - 1, 0].into_iter()), 0);
        assert_eq!(choose([FEW, 0].into_iter()), 1);
        assert_eq!(choose([FEW + 7, FEW + 3, FEW + 5].into_iter()), 1);
    }

    #[tokio::test]
    async fn what_runs_on_a_reader_is_woken_from_elsewhere_whether_it_rests_or_not() {
        let readers = Readers::start().unwrap();
        for watched in [false, true] {
            let (_tell, demand) = watch::channel(watched);
            let stream = StreamId::new();
            let (ask, mut asked) = tokio::sync::mpsc::channel(1);
            let reader = readers.assign(stream, demand).clone();
            let sum = reader.spawn(async move {
                let mut sum = 0;
                while let Some(number) = asked.recv().await {
                    sum += number;
                }
                sum
            });
            for number in 1..=3 {
                ask.send(number).await.unwrap();
            }
            drop(ask);
            assert_eq!(sum.await.unwrap(), 6);
            readers.release(stream);
        }
        assert!(readers.readers.iter().all(|reader| lock(&reader.demands).is_empty()));
    }
}
