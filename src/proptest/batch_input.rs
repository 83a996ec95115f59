//! Inputs of a batch besides responses and failures.

use proptest::collection::vec;
use proptest::prelude::*;

use super::handles::{documents, notification, notifications, snapshots, tickets};
use super::moment::Moment;
use crate::machine::{Batch, Snapshot, Ticket};
use crate::wire::{Document, Notification};

/// An input of a [`Batch`] besides responses and failures; see [`batch_inputs`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum BatchInput {
    /// Adds a document.
    Add(Document),
    /// Adds the documents of an iterator.
    AddAll(Vec<Document>),
    /// Drops the iterators.
    CloseSources,
    /// Adds a job that was submitted before.
    Resume(Ticket),
    /// Adds a job that had no ticket yet.
    Restore(Snapshot, Document),
    /// A notification that a job has finished: the one at this index among the unfinished jobs,
    /// modulo their number. Nothing happens if that job has no id yet.
    NotifyOne(usize),
    /// A notification with any id.
    Notify(Notification),
    /// Confirms all events so far.
    Confirm,
    /// Abandons a job: the one at this index among the unfinished jobs, modulo their number.
    Abandon(usize),
    /// Sets another key.
    SetKey,
    /// Closes the batch.
    Close,
    /// Shuts the batch down. It is in no strategy of its own: jobs have no outcome then.
    Shutdown,
}

impl BatchInput {
    /// Passes the input to a batch. Use it as the hook for
    /// [`LawChecker::with_inputs`](super::LawChecker::with_inputs).
    pub fn apply(&self, batch: &mut Batch, moment: &Moment) {
        let key = |batch: &Batch, place: usize| {
            batch
                .keys()
                .nth(place % batch.progress().unfinished().max(1))
        };
        match self {
            Self::Add(document) => drop(batch.add(document.clone(), moment.now())),
            Self::AddAll(documents) => batch.add_all(documents.clone().into_iter()),
            Self::CloseSources => batch.close_sources(),
            Self::Resume(ticket) => drop(batch.resume(ticket, moment.now())),
            Self::Restore(snapshot, document) => {
                let document = snapshot.needs_document().then(|| document.clone());
                // The batch may be closed, and the document another one.
                let _ = batch.restore(snapshot, document, moment.now());
            }
            Self::NotifyOne(place) => {
                let ticket = key(batch, *place).and_then(|key| batch.ticket(key));
                if let Some(notification) =
                    ticket.and_then(|ticket| notification(ticket.extraction_id()))
                {
                    batch.handle_notification(&notification, moment.now());
                }
            }
            Self::Notify(notification) => batch.handle_notification(notification, moment.now()),
            Self::Confirm => batch.confirm(moment.last_sequence().unwrap_or(u64::MAX)),
            Self::Abandon(place) => {
                if let Some(key) = key(batch, *place) {
                    batch.abandon(key, moment.now());
                }
            }
            // The key is valid.
            Self::SetKey => drop(batch.set_key("another-key")),
            Self::Close => batch.close(),
            Self::Shutdown => batch.shutdown(moment.now()),
        }
    }
}

/// Inputs that add no job: confirmations, notifications, keys, and rarely an abandoned job.
pub fn batch_inputs() -> BoxedStrategy<BatchInput> {
    prop_oneof![
        12 => Just(BatchInput::Confirm),
        6 => (0..8_usize).prop_map(BatchInput::NotifyOne),
        2 => notifications().prop_map(BatchInput::Notify),
        2 => (0..8_usize).prop_map(BatchInput::Abandon),
        4 => Just(BatchInput::SetKey),
        1 => Just(BatchInput::Close),
    ]
    .boxed()
}

/// Like [`batch_inputs`], with documents, tickets and snapshots that are added during the run.
pub fn growing_batch_inputs() -> BoxedStrategy<BatchInput> {
    let restored = (snapshots(), documents())
        .prop_map(|(snapshot, document)| BatchInput::Restore(snapshot, document));
    prop_oneof![
        4 => documents().prop_map(BatchInput::Add),
        2 => vec(documents(), 0..4).prop_map(BatchInput::AddAll),
        1 => Just(BatchInput::CloseSources),
        4 => tickets().prop_map(BatchInput::Resume),
        4 => restored,
        8 => batch_inputs(),
    ]
    .boxed()
}
