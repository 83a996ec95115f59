//! What an exchange and its request's body, which hyper has taken to another task, know of each other.

use std::io;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

use futures_util::task::AtomicWaker;
use tokio::time::{Duration, Instant};

/// How far an exchange has come.
#[derive(Debug)]
pub(super) struct Progress {
    flags: AtomicU8,
    began: Instant,
    /// When a byte last moved, in microseconds since the exchange began.
    moved: AtomicU64,
    /// What is wrong with the document's source: hyper's own error does not always say.
    fault: Mutex<Option<Arc<io::Error>>>,
    body: AtomicWaker,
}

/// The beginning of the body is read: a connection is polled for.
const PREPARED: u8 = 1;
/// The request was given to a connection.
const CONNECTED: u8 = 2;
/// A byte of the body was given to hyper.
const BEGUN: u8 = 4;
/// No more of the body is wanted, but the answer is still being read.
const PAUSED: u8 = 8;
/// The exchange is over, whatever became of the body.
const OVER: u8 = 16;

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            flags: AtomicU8::new(0),
            began: Instant::now(),
            moved: AtomicU64::new(0),
            fault: Mutex::new(None),
            body: AtomicWaker::new(),
        }
    }

    pub(super) fn began(&self) -> Instant {
        self.began
    }

    /// A byte moved, or a stage was passed.
    pub(super) fn touch(&self) {
        let micros = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.moved.store(micros, Ordering::Relaxed);
    }

    pub(super) fn last_moved(&self) -> Instant {
        self.began + Duration::from_micros(self.moved.load(Ordering::Relaxed))
    }

    pub(super) fn prepared(&self) {
        self.touch();
        self.set(PREPARED);
    }

    pub(super) fn is_prepared(&self) -> bool {
        self.has(PREPARED)
    }

    pub(super) fn connected(&self) {
        self.touch();
        self.set(CONNECTED);
    }

    pub(super) fn is_connected(&self) -> bool {
        self.has(CONNECTED)
    }

    /// Marks that a byte of the body is about to be given away; `false` if it must not, as the exchange is over.
    pub(super) fn begin(&self) -> bool {
        self.touch();
        self.set(BEGUN) & OVER == 0
    }

    pub(super) fn pause(&self) {
        self.set(PAUSED);
    }

    pub(super) fn is_paused(&self) -> bool {
        self.has(PAUSED)
    }

    /// Ends the exchange: from here on no byte of the body is given away. Says whether any was before.
    pub(super) fn end(&self) -> bool {
        let before = self.set(OVER);
        self.body.wake();
        before & BEGUN != 0
    }

    pub(super) fn is_over(&self) -> bool {
        self.has(OVER)
    }

    /// Has this woken when the exchange ends.
    pub(super) fn register(&self, body: &Waker) {
        self.body.register(body);
    }

    pub(super) fn blame(&self, fault: Arc<io::Error>) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
    }

    pub(super) fn take_fault(&self) -> Option<Arc<io::Error>> {
        self.fault
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// One order for both sides: either the body sees that the exchange is over, or the exchange sees that the body was begun.
    fn set(&self, flag: u8) -> u8 {
        self.flags.fetch_or(flag, Ordering::SeqCst)
    }

    fn has(&self, flag: u8) -> bool {
        self.flags.load(Ordering::SeqCst) & flag != 0
    }
}
