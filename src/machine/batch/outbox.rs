//! What leaves a batch: events and requests, in their order; and the requests that are out.

use std::collections::VecDeque;

use super::entry::Entry;
use super::event::{BatchEvent, BatchEventKind};
use super::in_flight::{InFlight, Outgoing, Outstanding, Overdue, Purpose};
use crate::machine::Output;
use crate::machine::collections::slab::Key;
use crate::machine::exchange::{RequestId, Transmit};
use crate::machine::job::JobEventKind;
use crate::machine::time::Time;

/// What leaves a batch, and what is out.
#[derive(Debug)]
pub(super) struct Outbox {
    outputs: VecDeque<Output<BatchEvent>>,
    next_sequence: u64,
    /// Whether submits wait for a confirmation, and up to which sequence there is one.
    needs_confirmation: bool,
    confirmed: Option<u64>,
    /// Requests whose event was emitted, and that are not sent yet.
    submits: VecDeque<EmittedSubmit>,
    polls: VecDeque<Key>,
    listing: bool,
    in_flight: InFlight,
}

/// A submit whose event was emitted, and that is not sent yet.
#[derive(Debug, Clone, Copy)]
struct EmittedSubmit {
    job: Key,
    sequence: u64,
    bytes: u64,
}

/// What was emitted and may be sent next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Emitted {
    Poll(Key),
    Listing,
    Submit(Key),
}

impl Outbox {
    pub(super) fn new(needs_confirmation: bool, first_sequence: u64) -> Self {
        Self {
            outputs: VecDeque::new(),
            next_sequence: first_sequence,
            needs_confirmation,
            confirmed: None,
            submits: VecDeque::new(),
            polls: VecDeque::new(),
            listing: false,
            in_flight: InFlight::default(),
        }
    }

    pub(super) fn pop(&mut self) -> Option<Output<BatchEvent>> {
        self.outputs.pop_front()
    }

    /// Emits an event. Its sequence.
    pub(super) fn emit(&mut self, kind: BatchEventKind) -> u64 {
        let sequence = self.next_sequence;
        self.next_sequence = sequence.saturating_add(1);
        let event = BatchEvent { sequence, kind };
        self.outputs.push_back(Output::Event(event));
        sequence
    }

    pub(super) fn confirm(&mut self, sequence: u64) {
        self.confirmed = self.confirmed.max(Some(sequence));
    }

    /// Emits that a job is handed back.
    pub(super) fn emit_unfinished(&mut self, key: Key, entry: &Entry, now: Time) {
        if let Some(snapshot) = entry.snapshot(now) {
            self.emit(BatchEventKind::Unfinished {
                key: key.into(),
                reference: entry.meta.reference.clone(),
                snapshot,
            });
        }
    }

    /// Emits an event of a job. The request that it announces follows it.
    pub(super) fn emit_job(&mut self, key: Key, entry: &Entry, event: JobEventKind) {
        let is_submit = matches!(event, JobEventKind::Submitting { .. });
        let is_poll = matches!(event, JobEventKind::PollDue { .. });
        let sequence = self.emit(BatchEventKind::Job {
            key: key.into(),
            reference: entry.meta.reference.clone(),
            event,
        });
        if is_submit {
            self.submits.push_back(EmittedSubmit {
                job: key,
                sequence,
                bytes: entry.bytes(),
            });
        } else if is_poll {
            self.polls.push_back(key);
        }
    }

    /// Emits that a listing is due. It follows.
    pub(super) fn emit_listing_due(&mut self) {
        self.emit(BatchEventKind::ListingDue);
        self.listing = true;
    }

    /// What follows no longer.
    pub(super) fn withdraw(&mut self, job: Key) {
        // No more than may be in flight.
        self.submits.retain(|submit| submit.job != job);
        self.polls.retain(|poll| *poll != job);
    }

    pub(super) fn expects_listing(&self) -> bool {
        self.listing
    }

    /// The polls that follow their event.
    pub(super) fn polls(&self) -> impl Iterator<Item = Key> {
        self.polls.iter().copied()
    }

    /// The submits that follow their event.
    pub(super) fn submits(&self) -> impl Iterator<Item = Key> {
        self.submits.iter().map(|submit| submit.job)
    }

    /// The poll or listing to be sent next.
    pub(super) fn next_query(&self) -> Option<Emitted> {
        let poll = self.polls.front().copied().map(Emitted::Poll);
        poll.or_else(|| self.listing.then_some(Emitted::Listing))
    }

    /// The submit to be sent next, if it may leave as far as confirmations go.
    pub(super) fn next_submit(&self) -> Option<Emitted> {
        let first = self.submits.front()?;
        let may_leave = !self.needs_confirmation || Some(first.sequence) <= self.confirmed;
        may_leave.then_some(Emitted::Submit(first.job))
    }

    /// How many submits are emitted or out, and the bytes of their documents.
    pub(super) fn submits_under_way(&self) -> (usize, u64) {
        let bytes = self.submits.iter().map(|submit| submit.bytes);
        (
            self.in_flight.submits() + self.submits.len(),
            bytes.fold(self.in_flight.bytes(), u64::saturating_add),
        )
    }

    pub(super) fn in_flight(&self) -> &InFlight {
        &self.in_flight
    }

    /// Sends a request. Its id.
    pub(super) fn send(&mut self, outgoing: Outgoing, key_number: u16, now: Time) -> RequestId {
        let Outgoing {
            purpose,
            sender,
            request,
            limits,
        } = outgoing;
        if purpose == Purpose::Listing {
            self.listing = false;
        }
        let until = now + limits.total;
        let id = self.in_flight.send(purpose, sender, key_number, until, now);
        let transmit = Transmit::new(id, purpose.into(), request, limits);
        self.outputs.push_back(Output::Send(transmit));
        id
    }

    /// Takes out the request that is over.
    pub(super) fn complete(&mut self, id: RequestId) -> Option<Outstanding> {
        self.in_flight.complete(id)
    }

    /// Takes out the request whose time is up.
    pub(super) fn time_out(&mut self, id: RequestId) -> Option<Outstanding> {
        self.in_flight.time_out(id)
    }

    /// Takes out a submit whose time was up.
    pub(super) fn take_overdue(&mut self, id: RequestId) -> Option<Overdue> {
        self.in_flight.take_overdue(id)
    }
}
