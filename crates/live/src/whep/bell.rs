//! Which viewers' streams have something: each viewer has a bell, which is the
//! waker of its streams, and the thread hears of all that rang at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Wake;

use tokio::sync::Notify;

/// Whose streams have something.
#[derive(Default)]
pub(super) struct Ready {
    numbers: Mutex<Vec<u64>>,
    rung: Notify,
}

/// Rings for one viewer, once until it was heard.
pub(super) struct Bell {
    number: u64,
    ready: Arc<Ready>,
    is_rung: AtomicBool,
}

impl Ready {
    /// Waits until a bell rings.
    pub(super) async fn rung(&self) {
        self.rung.notified().await;
    }

    /// Returns the numbers of those whose bells rang.
    pub(super) fn take(&self) -> Vec<u64> {
        std::mem::take(&mut *self.numbers.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Bell {
    pub(super) fn new(number: u64, ready: Arc<Ready>) -> Arc<Self> {
        Arc::new(Self { number, ready, is_rung: AtomicBool::new(false) })
    }

    /// Lets it ring again.
    pub(super) fn heard(&self) {
        self.is_rung.store(false, Ordering::Release);
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.is_rung.swap(true, Ordering::AcqRel) {
            let mut numbers = self.ready.numbers.lock().unwrap_or_else(PoisonError::into_inner);
            numbers.push(self.number);
            drop(numbers);
            self.ready.rung.notify_one();
        }
    }
}
