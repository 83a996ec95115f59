//! A batch in its world, with what it reports.

use std::collections::BTreeMap;
use std::time::Duration;

use typless::machine::{Batch, BatchEventKind, BatchOptions, JobError, JobEventKind, Time};
use typless_emulator::{Service, ServiceOptions};

use super::pauses::Pauses;
use super::world::{Step, World};
use super::{START, api, invoice};

/// A batch in its world, its pauses, and what became of its documents.
#[derive(Debug)]
#[non_exhaustive]
pub struct Run {
    /// The batch, the service, and all between them.
    pub world: World<Batch>,
    /// The pauses so far.
    pub pauses: Pauses,
    /// When each document finished, by reference, and why without a result.
    pub outcomes: BTreeMap<String, (Time, Option<JobError>)>,
}

impl Run {
    /// Nothing has happened yet.
    pub fn new(options: BatchOptions, service: ServiceOptions) -> Self {
        let batch = Batch::new(&api(), options, START);
        Self {
            world: World::new(batch, Service::new(service)),
            pauses: Pauses::default(),
            outcomes: BTreeMap::new(),
        }
    }

    /// Does one thing, but nothing after `until`. False if nothing is left to do until then.
    ///
    /// # Panics
    ///
    /// If a document finishes twice, or has no reference.
    pub fn step(&mut self, until: Time) -> bool {
        match self.world.step(until) {
            Step::Event(event) => {
                self.pauses.event(&event.kind, self.world.now);
                if let BatchEventKind::Job {
                    reference,
                    event: JobEventKind::Finished(outcome),
                    ..
                } = event.kind
                {
                    let name = reference.expect("a reference").to_string();
                    let outcome = (self.world.now, outcome.err());
                    assert!(self.outcomes.insert(name, outcome).is_none());
                }
            }
            Step::Sent(id, is_submit) => {
                let world = &self.world;
                let is_out = |other| world.is_out(other);
                self.pauses.sent(id, is_submit, is_out, world.now);
            }
            Step::Moved => {}
            Step::Reached | Step::Done => return false,
        }
        true
    }

    /// Adds this many documents, evenly spread over a time, and runs to the end.
    ///
    /// # Panics
    ///
    /// If a document does not finish.
    pub fn follow(&mut self, documents: usize, over: Duration) {
        for number in 0..documents {
            let at = START + over * (number as u32) / (documents as u32);
            while self.step(at) {}
            self.world.machine.add(invoice(number), at);
        }
        self.world.machine.close();
        while self.step(Time::MAX) {}
        assert_eq!(self.outcomes.len(), documents);
    }

    /// When the last document finished so far.
    pub fn finished_at(&self) -> Time {
        let times = self.outcomes.values().map(|(at, _)| *at);
        times.max().unwrap_or(START)
    }

    /// Why documents have no result.
    pub fn errors(&self) -> impl Iterator<Item = &JobError> {
        let outcomes = self.outcomes.values();
        outcomes.filter_map(|(_, error)| error.as_ref())
    }
}
