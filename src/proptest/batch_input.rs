//! Inputs of a batch besides responses and failures.

use proptest::prelude::*;

use super::handles::{documents, notification, notifications, tickets};
use super::moment::Moment;
use crate::machine::{Batch, Ticket};
use crate::wire::{Document, Notification};

/// An input of a [`Batch`] besides responses and failures; see [`batch_inputs`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum BatchInput {
    /// Adds a document.
    Add(Document),
    /// Adds a job that was submitted before.
    Resume(Ticket),
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
            Self::Resume(ticket) => drop(batch.resume(ticket, moment.now())),
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
        }
    }
}

/// Inputs that add no job: confirmations, notifications, keys, and rarely an abandoned job.
pub fn batch_inputs() -> BoxedStrategy<BatchInput> {
    prop_oneof![
        6 => Just(BatchInput::Confirm),
        3 => (0..8_usize).prop_map(BatchInput::NotifyOne),
        1 => notifications().prop_map(BatchInput::Notify),
        1 => (0..8_usize).prop_map(BatchInput::Abandon),
        2 => Just(BatchInput::SetKey),
        1 => Just(BatchInput::Close),
    ]
    .boxed()
}

/// Like [`batch_inputs`], with documents and tickets that are added during the run.
pub fn growing_batch_inputs() -> BoxedStrategy<BatchInput> {
    prop_oneof![
        2 => documents().prop_map(BatchInput::Add),
        2 => tickets().prop_map(BatchInput::Resume),
        3 => batch_inputs(),
    ]
    .boxed()
}
