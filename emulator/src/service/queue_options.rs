//! How the queue of finished extractions behaves.

use std::time::Duration;

/// How the queue of finished extractions behaves, in addition to
/// [`QueueAfterReading`](super::QueueAfterReading). The default lists everything at once, and
/// nothing else.
///
/// Order, length and delay of the vendor's queue are not documented; a client should lose nothing
/// with any of these.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct QueueOptions {
    pub(super) delay: Duration,
    pub(super) omitted: f64,
    pub(super) unknown_ids: usize,
    pub(super) max_ids: Option<usize>,
}

impl QueueOptions {
    /// The default options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lists an extraction this long after it has finished.
    #[must_use]
    pub fn with_delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Never lists this share of the finished extractions, from 0 to 1. Which ones follows from the
    /// seed of [`ServiceOptions`](super::ServiceOptions).
    #[must_use]
    pub fn with_omitted(mut self, share: f64) -> Self {
        self.omitted = share;
        self
    }

    /// Puts this many ids that were never submitted here before each listing without a customer. A
    /// poll of one gets what [`UnknownId`](super::UnknownId) says.
    #[must_use]
    pub fn with_unknown_ids(mut self, count: usize) -> Self {
        self.unknown_ids = count;
        self
    }

    /// Lists at most this many ids, the first ones.
    #[must_use]
    pub fn with_max_ids(mut self, ids: usize) -> Self {
        self.max_ids = Some(ids);
        self
    }
}
