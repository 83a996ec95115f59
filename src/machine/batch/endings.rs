//! How jobs and batches end by time, or because the process does.
//!
//! Once a batch is shut down, `dispatch` decides nothing any more: jobs are visited one by one and
//! handed back. Those whose request is out are handed back, or finish, when it is over.

use super::{Batch, Input, Reply};
use crate::machine::collections::slab::Key;
use crate::machine::job::record::State;
use crate::machine::time::Time;

impl Batch {
    /// Ends the batch as soon as possible, without losing a job: before the process ends.
    ///
    /// - Nothing new is sent: no submit, poll or listing, not even one whose event was emitted.
    /// - What is out is waited for, within its own limit, and its job has the events that follow.
    /// - Each job that has not finished then is reported as
    ///   [`Unfinished`](super::BatchEventKind::Unfinished), with the snapshot that
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
        self.latest = self.latest.max(now);
        self.sources.clear();
        self.closed = true;
        self.shutdown.get_or_insert(0);
    }

    /// Whether all have finished, and nothing more will come. A submit that is out although its job
    /// has finished may still bring an id.
    pub(super) fn is_over(&self) -> bool {
        self.closed
            && self.sources.is_empty()
            && self.jobs.counters.unfinished() == 0
            && self.outbox.in_flight().submits() == 0
    }

    /// Does one piece of work of the shutdown. Returns whether there was any.
    pub(super) fn work_on_shutdown(&mut self, now: Time) -> bool {
        if let Some(id) = self.outbox.in_flight().timed_out(now) {
            self.complete(id, Reply::TimeLimit, now);
            return true;
        }
        let next = self.shutdown.and_then(|slot| self.jobs.next_from(slot));
        let Some((key, state)) = next else {
            return false;
        };
        self.shutdown = Some(key.slot.saturating_add(1));
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

    /// When there may be work, if there is none now; `None` if only an input can bring any.
    pub(super) fn next_time(&mut self, now: Time) -> Option<Time> {
        match self.shutdown {
            Some(_) => self.outbox.in_flight().next_limit(),
            None => self.dispatch(now).next_time(),
        }
    }

    /// The deadline of a job that waits has come.
    pub(super) fn reach_deadline(&mut self, key: Key, now: Time) {
        let Some(entry) = self.jobs.get(key) else {
            return;
        };
        match entry.record.state {
            // Its event is emitted, and its poll is the last.
            State::PollEmitted => {
                self.jobs.remove_timeout(key);
                self.count(key, now);
            }
            State::Waiting => {
                self.jobs.leave(key);
                self.count(key, now);
                self.wake(key, now);
            }
            _ => {
                self.step(key, Input::Clock, now);
            }
        }
    }
}
