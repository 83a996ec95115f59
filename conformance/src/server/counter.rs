//! A counter shared by threads.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A counter that threads add to and wait for. Clones share the count.
#[derive(Clone, Default)]
pub(crate) struct Counter {
    inner: Arc<(Mutex<u64>, Condvar)>,
}

impl Counter {
    pub(crate) fn add(&self, count: u64) {
        *self.inner.0.lock().unwrap_or_else(PoisonError::into_inner) += count;
        self.inner.1.notify_all();
    }

    pub(crate) fn get(&self) -> u64 {
        *self.inner.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the count is at least this. `false` if it is not within the time.
    pub(crate) fn wait_for(&self, count: u64, within: Duration) -> bool {
        let until = Instant::now() + within;
        let mut number = self.inner.0.lock().unwrap_or_else(PoisonError::into_inner);
        while *number < count {
            let Some(left) = until.checked_duration_since(Instant::now()) else {
                return false;
            };
            number = self
                .inner
                .1
                .wait_timeout(number, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        true
    }
}
