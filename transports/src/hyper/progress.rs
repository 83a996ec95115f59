//! The state that an exchange shares with its request body, which hyper moves to another task.

use std::io;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

use futures_util::task::AtomicWaker;
use tokio::time::{Duration, Instant};

/// The progress of an exchange.
#[derive(Debug)]
pub(super) struct Progress {
    flags: AtomicU8,
    started_at: Instant,
    /// The time of the last progress, in microseconds since the exchange started.
    last_progress: AtomicU64,
    /// The error of the document source. The error of hyper does not always contain it.
    source_error: Mutex<Option<Arc<io::Error>>>,
    body_waker: AtomicWaker,
}

/// The first block of the body is read. The request waits for a connection.
const PREPARED: u8 = 1;
/// The request was given to a connection.
const CONNECTED: u8 = 2;
/// A byte of the body was given to hyper.
const STARTED: u8 = 4;
/// No more of the body is sent, but the response is still being read.
const PAUSED: u8 = 8;
/// The exchange has ended, with or without the rest of the body.
const ENDED: u8 = 16;

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            flags: AtomicU8::new(0),
            started_at: Instant::now(),
            last_progress: AtomicU64::new(0),
            source_error: Mutex::new(None),
            body_waker: AtomicWaker::new(),
        }
    }

    pub(super) fn started_at(&self) -> Instant {
        self.started_at
    }

    /// Records progress: bytes moved, or the next stage began.
    pub(super) fn touch(&self) {
        let micros = u64::try_from(self.started_at.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.last_progress.store(micros, Ordering::Relaxed);
    }

    pub(super) fn last_progress_at(&self) -> Instant {
        self.started_at + Duration::from_micros(self.last_progress.load(Ordering::Relaxed))
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

    /// Marks that the next bytes of the body go to hyper. `false` if the exchange has ended and
    /// they must not.
    pub(super) fn start_body(&self) -> bool {
        self.touch();
        self.set(STARTED) & ENDED == 0
    }

    pub(super) fn pause(&self) {
        self.set(PAUSED);
    }

    pub(super) fn is_paused(&self) -> bool {
        self.has(PAUSED)
    }

    /// Ends the exchange: no more bytes of the body go to hyper. `true` if any did before.
    pub(super) fn end(&self) -> bool {
        let before = self.set(ENDED);
        self.body_waker.wake();
        before & STARTED != 0
    }

    pub(super) fn is_ended(&self) -> bool {
        self.has(ENDED)
    }

    /// Wakes this waker when the exchange ends.
    pub(super) fn register(&self, waker: &Waker) {
        self.body_waker.register(waker);
    }

    pub(super) fn set_source_error(&self, error: Arc<io::Error>) {
        *self
            .source_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    pub(super) fn take_source_error(&self) -> Option<Arc<io::Error>> {
        self.source_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Sets a flag and returns the flags before. `SeqCst` gives one order for both sides: either
    /// the body sees that the exchange has ended, or the exchange sees that the body was started.
    fn set(&self, flag: u8) -> u8 {
        self.flags.fetch_or(flag, Ordering::SeqCst)
    }

    fn has(&self, flag: u8) -> bool {
        self.flags.load(Ordering::SeqCst) & flag != 0
    }
}
