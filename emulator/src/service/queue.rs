//! The poll queue: what it lists that is there, and what it lists that is not.

use typless::machine::Time;

use super::chance::{Chance, Purpose};
use super::id::{Id, Ids};
use super::queue_options::QueueOptions;

/// What the list gets wrong on purpose.
pub(super) struct Queue {
    chance: Chance,
    /// Ids that belong to nobody, in order; made with the first list, so that they poll as old as the service.
    unknown: Vec<Id>,
}

impl Queue {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            chance: Chance::for_purpose(Purpose::Queue, seed),
            unknown: Vec::new(),
        }
    }

    /// Whether an extraction will be listed.
    pub(super) fn takes(&mut self, options: &QueueOptions) -> bool {
        !self.chance.happens(options.omitted)
    }

    pub(super) fn is_unknown(&self, id: Id) -> bool {
        self.unknown.binary_search(&id).is_ok()
    }

    /// The ids that are listed though they are nobody's.
    pub(super) fn unknown(&mut self, options: &QueueOptions, now: Time) -> &[Id] {
        if self.unknown.len() < options.unknown_ids {
            let mut ids = Ids::new(self.chance.clone());
            self.unknown = (0..options.unknown_ids).map(|_| ids.next(now)).collect();
            self.unknown.sort_unstable();
        }
        &self.unknown
    }
}
