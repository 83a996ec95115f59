//! The end of a batch before its jobs have finished.
//!
//! Once it is shut down, nothing is decided by `dispatch` any more: jobs are visited one by one and
//! handed back. Those whose request is out are handed back, or finish, when it is over.

use super::event::BatchEventKind;
use super::{Batch, Input, JobKey, Reply};
use crate::machine::collections::slab::Key;
use crate::machine::job::record::State;
use crate::machine::time::Time;

/// The slot of the next job to visit, once the batch is shut down.
#[derive(Debug, Default)]
pub(super) struct Shutdown(Option<u32>);

impl Shutdown {
    pub(super) fn has_begun(&self) -> bool {
        self.0.is_some()
    }
}

impl Batch {
    /// Ends the batch as soon as possible, without losing a job: before the process ends.
    ///
    /// - Nothing new is sent: no submit, poll or listing, not even one whose event was emitted.
    /// - What is out is waited for, within its own limit, and its job has the events that follow.
    /// - Each job that has not finished then is reported as
    ///   [`Unfinished`](BatchEventKind::Unfinished), with the snapshot that
    ///   [restores](Self::restore) it in another process. Those that are not out are reported at
    ///   once.
    /// - Documents that are still in iterators are not read.
    ///
    /// Drive the batch until it is [`Done`](crate::machine::Output::Done). It accepts no more work.
    ///
    /// ```
    /// use typless::machine::{Batch, BatchEventKind, BatchOptions, Machine, Output, Time};
    /// use typless::wire::{Api, Document};
    ///
    /// let api = Api::new(Api::PRODUCTION, "my-key")?;
    /// let now = Time::from_unix_seconds(1_700_000_000);
    /// let mut batch = Batch::new(&api, BatchOptions::new(), now);
    /// let document = Document::new("one.pdf", "line-item-invoice", &b"%PDF"[..])?;
    /// batch.add(document.with_reference("row 1")?, now);
    ///
    /// batch.shutdown(now); // such as after Ctrl-C
    /// let mut stored = Vec::new();
    /// while let Output::Event(event) = batch.next_output(now) {
    ///     if let BatchEventKind::Unfinished { snapshot, .. } = event.kind {
    ///         stored.push(snapshot.to_json());
    ///     }
    /// }
    /// assert_eq!(stored.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shutdown(&mut self, now: Time) {
        self.advance(now);
        self.close_sources();
        self.close();
        self.shutdown.0.get_or_insert(0);
    }

    /// Does one piece of work of the shutdown. Returns whether there was any.
    pub(super) fn work_on_shutdown(&mut self, now: Time) -> bool {
        if let Some(id) = self.outbox.in_flight().timed_out(now) {
            self.complete(id, Reply::TimeLimit, now);
            return true;
        }
        let next = self.shutdown.0.and_then(|slot| self.jobs.next_from(slot));
        let Some((key, state)) = next else {
            return false;
        };
        self.shutdown.0 = Some(key.slot.saturating_add(1));
        match state {
            // Waited for.
            State::Submitting | State::Polling => {}
            // That hands it back as well.
            State::SubmitEmitted | State::PollEmitted => {
                self.step(key, Input::Withdrawn, now);
            }
            State::Ready | State::Waiting | State::Finished(_) => self.hand_back(key),
        }
        true
    }

    /// Reports a job that is not out as unfinished, and forgets it.
    pub(super) fn hand_back(&mut self, key: Key) {
        let (key, job) = (JobKey::from(key), key);
        let entry = self.jobs.get(job);
        let Some((entry, snapshot)) = entry.zip(self.snapshot(key)) else {
            return;
        };
        let reference = entry.meta.reference.clone();
        self.outbox.emit(BatchEventKind::Unfinished {
            key,
            reference,
            snapshot,
        });
        self.jobs.leave(job);
        if let Some(entry) = self.jobs.hand_back(job) {
            self.discovery.uncount(&entry);
        }
    }
}
