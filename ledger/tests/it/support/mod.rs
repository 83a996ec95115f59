//! A service in memory, a clock that stands still, and the loop of a program with a ledger.

mod service;

use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;
use typless::machine::{
    Batch, BatchEvent, BatchEventKind, BatchOptions, JobError, JobEventKind, Machine, Output, Time,
};
use typless::wire::{Api, Document};
use typless_ledger::{Committed, EntryKey, Ledger, LedgerOptions, Refused, Session, with_digest};

pub(crate) use service::{Fate, Fault, Service};

pub(crate) const START: Time = Time::from_unix_seconds(1_700_000_000);
pub(crate) const TYPE: &str = "line-item-invoice";

pub(crate) fn api() -> Api {
    Api::new("http://localhost", "my-key").unwrap()
}

/// The document of this number, under this name.
pub(crate) fn named(number: usize, name: &str) -> Document {
    let content = format!("%PDF {number}").into_bytes();
    let document = Document::new("some.pdf", TYPE, content).unwrap();
    with_digest(document.with_reference(name).unwrap()).unwrap()
}

/// The document of this number.
pub(crate) fn document(number: usize) -> Document {
    named(number, &format!("{number}.pdf"))
}

pub(crate) fn key(number: usize) -> EntryKey {
    EntryKey::for_document(&api(), &document(number)).unwrap()
}

/// What outlives a process: the disk, the service and the time.
pub(crate) struct World {
    folder: TempDir,
    pub(crate) service: Service,
    pub(crate) now: Time,
    pub(crate) options: LedgerOptions,
    pub(crate) batch_options: BatchOptions,
    /// After how many steps the process ends.
    pub(crate) ends_after: Option<usize>,
    pub(crate) steps: usize,
}

/// What a process saw until it was done.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The reference and the code of each outcome.
    pub(crate) outcomes: Vec<(String, &'static str)>,
    pub(crate) refused: Vec<Refused>,
}

/// The process has ended.
#[derive(Debug)]
pub(crate) struct Killed;

impl World {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            service: Service::default(),
            now: START,
            options: LedgerOptions::new().without_sync(),
            batch_options: BatchOptions::new().without_rate(),
            ends_after: None,
            steps: 0,
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("ledger.db")
    }

    pub(crate) fn open(&self) -> Ledger {
        Ledger::open(self.path(), self.options).unwrap()
    }

    pub(crate) fn start(&self) -> (Session, Batch) {
        self.open()
            .start(&api(), self.batch_options.clone(), self.now)
    }

    /// Submits these documents with a process of their own, until all have finished.
    pub(crate) fn submit(&mut self, documents: impl IntoIterator<Item = Document>) -> Seen {
        let (mut session, mut batch) = self.start();
        for document in documents {
            batch.add(document, self.now).unwrap();
        }
        self.finish(&mut session, &mut batch)
    }

    /// Runs a batch until all its jobs have finished.
    pub(crate) fn finish(&mut self, session: &mut Session, batch: &mut Batch) -> Seen {
        batch.close();
        self.run(session, batch).unwrap()
    }

    /// Runs a batch until it has nothing to do, or the process ends.
    pub(crate) fn run(&mut self, session: &mut Session, batch: &mut Batch) -> Result<Seen, Killed> {
        let mut seen = Seen::default();
        loop {
            let mut output = batch.next_output(self.now);
            let mut has_events = false;
            while let Output::Event(event) = output {
                self.step()?;
                session.record(batch, &event, self.now);
                seen.event(&event);
                has_events = true;
                output = batch.next_output(self.now);
            }
            if has_events {
                self.step()?;
                seen.committed(session.commit(batch, self.now).unwrap());
                self.step()?;
            }
            match output {
                Output::Send(transmit) => {
                    self.step()?;
                    let result = self.service.exchange(&transmit, self.now);
                    self.now = self.now + Duration::from_millis(100);
                    self.step()?;
                    match result {
                        Ok(response) => batch.handle_response(transmit.id, response, self.now),
                        Err(failure) => batch.handle_failure(transmit.id, failure, self.now),
                    }
                }
                // It may have something to do now.
                _ if has_events => {}
                Output::Wait(until) => self.now = until,
                Output::NeedInput | Output::Done => return Ok(seen),
                Output::Event(_) => unreachable!("taken above"),
            }
        }
    }

    /// One step of a process, which may be its last.
    fn step(&mut self) -> Result<(), Killed> {
        self.steps += 1;
        match self.ends_after {
            Some(steps) if self.steps > steps => Err(Killed),
            _ => Ok(()),
        }
    }
}

impl Seen {
    fn event(&mut self, event: &BatchEvent) {
        if let BatchEventKind::Job {
            reference,
            event: JobEventKind::Finished(outcome),
            ..
        } = &event.kind
        {
            let code = outcome.as_ref().map_or_else(JobError::code, |_| "success");
            let name = reference.as_deref().unwrap_or_default();
            self.outcomes.push((name.to_owned(), code));
        }
    }

    fn committed(&mut self, committed: Committed) {
        assert!(committed.damaged.is_empty(), "{:?}", committed.damaged);
        self.refused.extend(committed.refused);
    }

    /// The code of the outcome with this reference.
    pub(crate) fn code(&self, name: &str) -> &'static str {
        let found = self.outcomes.iter().find(|(known, _)| known == name);
        found
            .unwrap_or_else(|| panic!("no outcome of {name}: {self:?}"))
            .1
    }
}

/// Numbers that look random (splitmix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}
