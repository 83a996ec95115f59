//! The poll queue: what it lists that is there, and what it lists that is not.

use typless::machine::Time;

use super::chance::{Chance, Purpose};
use super::id::{Id, Ids};
use super::queue_options::QueueOptions;

/// Chance and strangers.
pub(super) struct Queue {
    chance: Chance,
    /// Ids that belong to nobody, in order; made with the first list, so that they poll as old as the service.
    foreign: Vec<Id>,
}

impl Queue {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            chance: Chance::of(Purpose::Queue, seed),
            foreign: Vec::new(),
        }
    }

    /// Whether an extraction will be listed.
    pub(super) fn takes(&mut self, options: &QueueOptions) -> bool {
        !self.chance.happens(options.forgotten)
    }

    pub(super) fn is_foreign(&self, id: Id) -> bool {
        self.foreign.binary_search(&id).is_ok()
    }

    /// The ids that are listed though they are nobody's.
    pub(super) fn foreign(&mut self, options: &QueueOptions, now: Time) -> &[Id] {
        if self.foreign.len() < options.foreign_ids {
            let mut ids = Ids::new(self.chance.clone());
            self.foreign = (0..options.foreign_ids).map(|_| ids.next(now)).collect();
            self.foreign.sort_unstable();
        }
        &self.foreign
    }
}
