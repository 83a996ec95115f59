//! What a batch takes beside answers and failures.

use proptest::prelude::*;

use super::handles::{documents, notification, notifications, tickets};
use super::moment::Moment;
use crate::machine::{Batch, Ticket};
use crate::wire::{Document, Notification};

/// What a [`Batch`] takes beside answers and failures.
///
/// Made by [`batch_inputs`]; handed to a batch by [`apply`](Self::apply).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum BatchInput {
    /// A document more.
    Add(Document),
    /// A job that was submitted before.
    Resume(Ticket),
    /// A notification that a job has finished: the one this many places on in the batch; none, while it has no id.
    NotifyOne(usize),
    /// A notification about whatever it names.
    Notify(Notification),
    /// A confirmation of all events so far.
    Confirm,
    /// The caller gives up on a job: the one this many places on in the batch.
    Abandon(usize),
    /// Another key.
    SetKey,
    /// No more will come.
    Close,
}

impl BatchInput {
    /// Hands the input to a batch; as a machine's hook for [`LawChecker::with_inputs`](super::LawChecker::with_inputs).
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
            // The key is a fine one.
            Self::SetKey => drop(batch.set_key("another-key")),
            Self::Close => batch.close(),
        }
    }
}

/// Inputs of a batch that change nothing about how many jobs it has: confirmations, notifications, keys, rarely that one is given up.
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

/// As [`batch_inputs`], with documents and tickets that come while it runs.
pub fn growing_batch_inputs() -> BoxedStrategy<BatchInput> {
    prop_oneof![
        2 => documents().prop_map(BatchInput::Add),
        2 => tickets().prop_map(BatchInput::Resume),
        3 => batch_inputs(),
    ]
    .boxed()
}
