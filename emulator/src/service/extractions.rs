//! The extractions of the account, and what a client sees of them at which time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use typless::machine::Time;

use super::ServiceOptions;
use super::choices::QueueAfterReading;
use super::envelope;
use super::id::Id;

/// All extractions. What has expired leaves a record of a few dozen bytes: its status is `EXPIRED`,
/// not unknown.
#[derive(Default)]
pub(super) struct Extractions {
    by_id: BTreeMap<Id, Extraction>,
    /// What holds data, and until when; the earliest first, which is the order in which they
    /// finish.
    held: BTreeSet<(Time, Id)>,
    held_bytes: usize,
    /// What the queue lists once it has finished, in the order of finishing. Results that were read
    /// are not in it, so that a listing does not walk over them.
    listed: BTreeSet<(Time, Id)>,
}

struct Extraction {
    begun_at: Time,
    finishes_at: Time,
    /// `None` once it has expired.
    data: Option<Data>,
}

/// What is held of an extraction until it expires.
pub(super) struct Data {
    /// What a poll finds once it has finished.
    pub(super) body: Bytes,
    /// The text blocks as JSON, if the submit requested them.
    pub(super) text_blocks: Option<Bytes>,
    pub(super) customer: Option<Box<str>>,
}

/// What a poll finds.
pub(super) enum Found {
    InProgress,
    Finished(Bytes),
    Expired,
}

impl Extractions {
    /// Adds an extraction; the queue lists it once it has finished, if `listed`.
    pub(super) fn add(
        &mut self,
        id: Id,
        begun_at: Time,
        finishes_at: Time,
        expires_at: Time,
        data: Data,
        is_listed: bool,
    ) {
        self.held_bytes += data.len();
        self.held.insert((expires_at, id));
        if is_listed {
            self.listed.insert((finishes_at, id));
        }
        self.by_id.insert(
            id,
            Extraction {
                begun_at,
                finishes_at,
                data: Some(data),
            },
        );
    }

    /// What a poll finds; `None` if there is no such extraction.
    pub(super) fn poll(
        &mut self,
        id: Id,
        text_blocks: bool,
        options: &ServiceOptions,
        now: Time,
    ) -> Option<Found> {
        let extraction = self.by_id.get(&id)?;
        if now < extraction.begun_at + options.lag {
            return None;
        }
        let Some(data) = &extraction.data else {
            return Some(Found::Expired);
        };
        if now < extraction.finishes_at + options.lag {
            return Some(Found::InProgress);
        }
        if options.choices.queue_after_reading == QueueAfterReading::Removed {
            self.listed.remove(&(extraction.finishes_at, id));
        }
        let body = match &data.text_blocks {
            Some(blocks) if text_blocks => envelope::with_text_blocks(&data.body, blocks),
            _ => data.body.clone(),
        };
        Some(Found::Finished(body))
    }

    /// The queue: what finished at least this long ago and has not expired, in the order of
    /// finishing; of one customer, or of all.
    pub(super) fn awaiting(
        &self,
        customer: Option<&str>,
        delay: Duration,
        now: Time,
    ) -> impl Iterator<Item = Id> {
        let finished = self
            .listed
            .iter()
            .take_while(move |(finishes_at, _)| *finishes_at + delay <= now)
            .map(|(_, id)| *id);
        finished
            .filter(move |id| customer.is_none_or(|customer| self.customer(*id) == Some(customer)))
    }

    /// Deletes the data of what has expired by now.
    pub(super) fn expire(&mut self, now: Time) {
        while let Some((_, id)) = self
            .held
            .first()
            .filter(|(expires_at, _)| *expires_at <= now)
            .copied()
        {
            self.held.pop_first();
            let Some(extraction) = self.by_id.get_mut(&id) else {
                continue;
            };
            self.listed.remove(&(extraction.finishes_at, id));
            if let Some(data) = extraction.data.take() {
                self.held_bytes -= data.len();
            }
        }
    }

    fn customer(&self, id: Id) -> Option<&str> {
        self.by_id.get(&id)?.data.as_ref()?.customer.as_deref()
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.held_bytes
    }
}

impl Data {
    fn len(&self) -> usize {
        self.body.len() + self.text_blocks.as_ref().map_or(0, Bytes::len)
    }
}
