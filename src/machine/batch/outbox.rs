//! What leaves a batch: events and requests, in their order; and the requests that are out.

use std::collections::VecDeque;

use super::event::{BatchEvent, BatchEventKind};
use super::in_flight::{InFlight, Outstanding, Overdue, Purpose, Sender};
use crate::machine::Output;
use crate::machine::collections::slab::Key;
use crate::machine::exchange::{Limits, RequestId, Transmit};
use crate::machine::time::Time;
use crate::wire::Body;

/// What leaves a batch, and what is out.
#[derive(Debug)]
pub(super) struct Outbox {
    outputs: VecDeque<Output<BatchEvent>>,
    next_sequence: u64,
    /// Whether submits wait for a confirmation, and up to which sequence there is one.
    needs_confirmation: bool,
    confirmed: u64,
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
            confirmed: 0,
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
        self.confirmed = self.confirmed.max(sequence);
    }

    /// The submit of this job follows its event.
    pub(super) fn expect_submit(&mut self, job: Key, sequence: u64, bytes: u64) {
        self.submits.push_back(EmittedSubmit {
            job,
            sequence,
            bytes,
        });
    }

    /// The poll of this job follows its event.
    pub(super) fn expect_poll(&mut self, job: Key) {
        self.polls.push_back(job);
    }

    /// A listing follows its event.
    pub(super) fn expect_listing(&mut self) {
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
        let may_leave = !self.needs_confirmation || first.sequence <= self.confirmed;
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
    pub(super) fn send(
        &mut self,
        purpose: Purpose,
        sender: Option<Sender>,
        key_number: u16,
        request: http::Request<Body>,
        limits: Limits,
        now: Time,
    ) -> RequestId {
        if purpose == Purpose::Listing {
            self.listing = false;
        }
        let id = self.in_flight.send(Outstanding {
            purpose,
            sent_at: now,
            until: now + limits.total,
            key_number,
            sender,
        });
        self.outputs.push_back(Output::Send(Transmit {
            id,
            request,
            limits,
        }));
        id
    }

    /// Takes out the request that is over.
    pub(super) fn complete(&mut self, id: RequestId) -> Option<Outstanding> {
        self.in_flight.complete(id)
    }

    /// Remembers a submit whose time is up: its response may still come.
    pub(super) fn remember(&mut self, id: RequestId, overdue: Overdue) {
        self.in_flight.remember(id, overdue);
    }

    /// Takes out a submit whose time was up.
    pub(super) fn take_overdue(&mut self, id: RequestId) -> Option<Overdue> {
        self.in_flight.take_overdue(id)
    }
}
