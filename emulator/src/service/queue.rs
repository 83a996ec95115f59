//! The queue of finished extractions: what it omits, and what it lists that does not exist.

use typless::machine::Time;

use super::id::{Id, Ids};
use super::queue_options::QueueOptions;
use super::rng::{Purpose, Rng};

/// What the list gets wrong on purpose.
pub(super) struct Queue {
    rng: Rng,
    /// Ids that were never submitted, in order; made at the first listing, so that they look as old
    /// as it.
    unknown: Vec<Id>,
}

impl Queue {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            rng: Rng::for_purpose(Purpose::Queue, seed),
            unknown: Vec::new(),
        }
    }

    /// Whether an extraction will be listed.
    pub(super) fn draw_is_listed(&mut self, options: &QueueOptions) -> bool {
        !self.rng.draw_bool(options.omitted)
    }

    pub(super) fn is_unknown(&self, id: Id) -> bool {
        self.unknown.binary_search(&id).is_ok()
    }

    /// The ids that are listed although they were never submitted.
    pub(super) fn unknown(&mut self, options: &QueueOptions, now: Time) -> &[Id] {
        if self.unknown.len() < options.unknown_ids {
            let mut ids = Ids::new(self.rng.clone());
            self.unknown = (0..options.unknown_ids).map(|_| ids.next(now)).collect();
            self.unknown.sort_unstable();
        }
        &self.unknown
    }
}
