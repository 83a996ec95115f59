//! The inputs of the machines that are neither responses nor failures, recorded.

use std::fmt;

use super::batch_input::BatchInput;
use super::line;
use super::recordable::{id_input, notification_input};
use super::recorder::Recorder;
use crate::machine::{Batch, Drain, Job, JobKey, RestoreError, Snapshot, Ticket, Time};
use crate::wire::{ConfigError, Document, ExtractionId, Notification};

/// The inputs of a job, recorded.
impl<W: fmt::Write> Recorder<Job, W> {
    /// Like [`Job::abandon`].
    pub fn abandon(&mut self, now: Time) {
        self.handle_input("abandon", now);
    }

    /// Like [`Job::confirm`].
    pub fn confirm(&mut self, sequence: u64) {
        self.handle_input(&format!("confirm {sequence}"), self.latest());
    }

    /// Like [`Job::handle_notification`].
    pub fn handle_notification(&mut self, notification: &Notification, now: Time) {
        self.handle_input(&notification_input(notification), now);
    }

    /// Like [`Job::set_key`]. The call is recorded, the key is not.
    ///
    /// # Errors
    ///
    /// The key can't be used; the old one stays.
    pub fn set_key(&mut self, key: &str) -> Result<(), ConfigError> {
        self.step(self.latest(), &line::input("set_key"));
        self.machine.set_key(key)
    }
}

/// The inputs of a batch, recorded. Of a document its names, its length and its digest are, which a
/// replay needs; its bytes are not.
impl<W: fmt::Write> Recorder<Batch, W> {
    /// Like [`Batch::add`].
    pub fn add(&mut self, document: Document, now: Time) -> Option<JobKey> {
        self.record(&BatchInput::Add(document.clone()), now);
        self.machine.add(document, now)
    }

    /// Like [`Batch::add_all`]. Each document is recorded when it is drawn. The
    /// [size hint](Iterator::size_hint) of the iterator is read once after each draw, not whenever
    /// the batch asks for it.
    pub fn add_all(&mut self, documents: impl Iterator<Item = Document> + Send + 'static) {
        let documents = self.drawn.record(documents);
        let least = documents.size_hint().0;
        self.record(&BatchInput::AddAll(least), self.latest());
        self.machine.add_all(documents);
    }

    /// Like [`Batch::resume`].
    pub fn resume(&mut self, ticket: &Ticket, now: Time) -> Option<JobKey> {
        self.record(&BatchInput::Resume(ticket.clone()), now);
        self.machine.resume(ticket, now)
    }

    /// Like [`Batch::restore`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn restore(
        &mut self,
        snapshot: &Snapshot,
        document: Option<Document>,
        now: Time,
    ) -> Result<JobKey, RestoreError> {
        let recorded = BatchInput::Restore(Box::new(snapshot.clone()), document.clone());
        self.record(&recorded, now);
        self.machine.restore(snapshot, document, now)
    }

    /// Like [`Batch::close`].
    pub fn close(&mut self) {
        self.record(&BatchInput::Close, self.latest());
        self.machine.close();
    }

    /// Like [`Batch::close_sources`].
    pub fn close_sources(&mut self) {
        self.record(&BatchInput::CloseSources, self.latest());
        self.machine.close_sources();
    }

    /// Like [`Batch::shutdown`].
    pub fn shutdown(&mut self, now: Time) {
        self.record(&BatchInput::Shutdown, now);
        self.machine.shutdown(now);
    }

    /// Like [`Batch::abandon`].
    pub fn abandon(&mut self, key: JobKey, now: Time) {
        self.record(&BatchInput::Abandon(key), now);
        self.machine.abandon(key, now);
    }

    /// Like [`Batch::confirm`].
    pub fn confirm(&mut self, sequence: u64) {
        self.record(&BatchInput::Confirm(sequence), self.latest());
        self.machine.confirm(sequence);
    }

    /// Like [`Batch::handle_notification`].
    pub fn handle_notification(&mut self, notification: &Notification, now: Time) {
        self.record(&BatchInput::Notification(notification.clone()), now);
        self.machine.handle_notification(notification, now);
    }

    /// Like [`Batch::set_key`]. The call is recorded, the key is not.
    ///
    /// # Errors
    ///
    /// The key can't be used; the old one stays.
    pub fn set_key(&mut self, key: &str) -> Result<(), ConfigError> {
        self.machine.set_key(key)?;
        self.record(&BatchInput::SetKey, self.latest());
        Ok(())
    }

    fn record(&mut self, input: &BatchInput, now: Time) {
        self.step(now, &line::input(&input.to_text()));
    }
}

/// The inputs of a drain, recorded.
impl<W: fmt::Write> Recorder<Drain, W> {
    /// Like [`Drain::acknowledge`].
    pub fn acknowledge(&mut self, extraction_id: &ExtractionId) {
        self.handle_input(&id_input("acknowledge", extraction_id), self.latest());
    }

    /// Like [`Drain::retry`].
    pub fn retry(&mut self, extraction_id: &ExtractionId, now: Time) {
        self.handle_input(&id_input("retry", extraction_id), now);
    }

    /// Like [`Drain::close`].
    pub fn close(&mut self) {
        self.handle_input("close", self.latest());
    }

    /// Like [`Drain::set_key`]. The call is recorded, the key is not.
    ///
    /// # Errors
    ///
    /// The key can't be used; the old one stays.
    pub fn set_key(&mut self, key: &str) -> Result<(), ConfigError> {
        self.machine.set_key(key)?;
        self.step(self.latest(), &line::input("set_key"));
        Ok(())
    }
}
