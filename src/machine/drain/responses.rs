//! What follows from what comes back.

use std::time::Duration;

use super::entries::State;
use super::{CustomerCheck, Drain, DrainError, DrainEventKind, Outstanding, Purpose};
use crate::machine::collections::slab::Key;
use crate::machine::exchange::RequestId;
use crate::machine::interpret::{self, Decoded, ListingResult, Meaning, PollResult, Reply, Signal};
use crate::machine::job::record::OutcomeKind;
use crate::machine::throttle::limiter::RequestKind;
use crate::machine::throttle::{Completed, Subject};
use crate::machine::{Cause, FailedAttempts, Time, random};
use crate::wire::{Extraction, ExtractionId, Status};

/// The shortest and the longest time between two listings of all customers.
const CUSTOMER_CHECK_GAPS: (Duration, Duration) =
    (Duration::from_secs(3600), Duration::from_secs(24 * 3600));

impl Drain {
    /// Takes what came of a request; an unknown exchange is ignored.
    pub(super) fn complete(&mut self, exchange: u64, reply: Reply, now: Time) {
        let Some(outstanding) = self.in_flight.remove(&exchange) else {
            return;
        };
        let id = RequestId::new(exchange);
        match outstanding.purpose {
            Purpose::List => self.complete_list(id, outstanding, &reply, now),
            Purpose::ListAll => self.complete_list_all(id, outstanding, &reply, now),
            Purpose::Fetch { key, .. } => self.complete_fetch(id, outstanding, key, reply, now),
        }
    }

    /// What an exchange says of the service.
    fn observe(
        &mut self,
        id: RequestId,
        outstanding: Outstanding,
        signal: Signal,
        decoded: &Decoded,
        now: Time,
    ) {
        let subject = match outstanding.purpose {
            Purpose::List | Purpose::ListAll => Subject::Listing,
            Purpose::Fetch { key, .. } => Subject::Job(key),
        };
        let completed = Completed {
            id,
            sent_at: outstanding.sent_at,
            subject,
            kind: RequestKind::Poll,
            is_retry: false,
            key_number: outstanding.key_number,
            signal,
            is_unknown: false,
        };
        self.throttle
            .completed(&completed, || decoded.reason(), now);
        self.report_pauses(now);
    }

    fn complete_list(&mut self, id: RequestId, outstanding: Outstanding, reply: &Reply, now: Time) {
        let (mut listed, mut new) = (0, 0);
        self.entries.begin_listing();
        // All listed ids count, even if the list is cut off later. Invalid ids are skipped.
        let Meaning {
            result,
            signal,
            decoded,
        } = interpret::listing(reply, |ids| {
            let counts = self.entries.list(ids);
            (listed, new) = (listed + counts.0, new + counts.1);
        });
        self.observe(id, outstanding, signal, &decoded, now);
        match result {
            ListingResult::Received { hint, .. } => {
                let soonest = now + hint.unwrap_or_default();
                self.listed(outstanding, listed, new, soonest, now);
            }
            // It is repeated with another key, or when this one is taken again.
            ListingResult::KeyRefused => self.listing.due = Some(now),
            ListingResult::Failed { hint } | ListingResult::Unreadable { hint } => {
                self.list_failed(outstanding, decoded.into_reason(), hint, false, now);
            }
            ListingResult::Refused | ListingResult::TooLarge => {
                self.list_failed(outstanding, decoded.into_reason(), None, true, now);
            }
        }
    }

    fn listed(
        &mut self,
        outstanding: Outstanding,
        listed: usize,
        new: usize,
        soonest: Time,
        now: Time,
    ) {
        self.entries.end_listing();
        self.has_listed = true;
        self.listing.failures = 0;
        self.listing.listed = listed;
        self.emit(DrainEventKind::ListingReceived { listed, new });
        self.customer_check.listed(listed, now);
        let again = match self.options.interval {
            Some(interval) => Some(outstanding.sent_at + interval),
            None => (new > 0).then_some(now),
        };
        self.listing.due = again.map(|due| due.max(soonest));
    }

    fn complete_list_all(
        &mut self,
        id: RequestId,
        outstanding: Outstanding,
        reply: &Reply,
        now: Time,
    ) {
        let mut listed = 0;
        let Meaning {
            result,
            signal,
            decoded,
        } = interpret::listing(reply, |ids| listed += ids.len());
        self.observe(id, outstanding, signal, &decoded, now);
        match result {
            ListingResult::Received { .. } => self.all_listed(Some(listed)),
            ListingResult::TooLarge => self.all_listed(None),
            ListingResult::KeyRefused => self.requeue(outstanding, now),
            ListingResult::Failed { .. } if matches!(signal, Signal::Busy(_)) => {
                self.requeue(outstanding, now);
            }
            ListingResult::Failed { .. }
            | ListingResult::Refused
            | ListingResult::Unreadable { .. } => {}
        }
    }

    fn complete_fetch(
        &mut self,
        id: RequestId,
        outstanding: Outstanding,
        key: Key,
        reply: Reply,
        now: Time,
    ) {
        let is_unsent = reply.is_unsent();
        let Meaning {
            result,
            signal,
            decoded,
        } = interpret::poll(reply);
        self.observe(id, outstanding, signal, &decoded, now);
        let result = match result {
            PollResult::KeyRefused if self.was_key_taken(outstanding) => {
                PollResult::Final(OutcomeKind::Refused)
            }
            result => result,
        };
        self.judge_fetches(id, key, result, signal, &decoded, now);
        match result {
            PollResult::KeyRefused | PollResult::Deferred { .. } => self.requeue(outstanding, now),
            result => {
                let cause = decoded.reason();
                let is_spared =
                    is_unsent || self.throttle.is_outage() || self.fetch_gate.is_single();
                self.fetched(key, result, decoded, is_spared, now);
                if self.options.interval.is_none() && self.fetch_gate.is_hopeless() {
                    self.set_aside_all(&cause, now);
                }
            }
        }
    }

    /// What the fetch of one id says of all fetches.
    fn judge_fetches(
        &mut self,
        id: RequestId,
        key: Key,
        result: PollResult,
        signal: Signal,
        decoded: &Decoded,
        now: Time,
    ) {
        let is_refusal = matches!(
            result,
            PollResult::NotFound { .. } | PollResult::Final(OutcomeKind::Refused)
        );
        match (result, signal) {
            (
                PollResult::KeyRefused
                | PollResult::Deferred { .. }
                | PollResult::Final(OutcomeKind::TooLarge),
                _,
            ) => self.fetch_gate.over(id.get()),
            // Before the first success, a refusal may be about the URL and not about the id.
            (_, Signal::Works) if self.has_fetched || !is_refusal => {
                self.has_fetched = true;
                let paused_since = self.fetch_gate.works();
                self.report_fetches_resumed(paused_since);
            }
            _ => {
                let is_outage = self.throttle.is_outage();
                if let Some(until) = self.fetch_gate.fails(id.get(), key, is_outage, now) {
                    self.report_fetches_paused(until, decoded.reason(), now);
                }
            }
        }
    }

    /// Whether a refused key was found taken since, by another request: then a refusal may be
    /// specific to the id.
    fn was_key_taken(&self, outstanding: Outstanding) -> bool {
        let is_current = outstanding.key_number == self.throttle.key_number();
        self.has_fetched && is_current && self.throttle.was_key_retaken()
    }

    fn list_failed(
        &mut self,
        outstanding: Outstanding,
        cause: Cause,
        hint: Option<Duration>,
        is_final: bool,
        now: Time,
    ) {
        self.listing.failures = self.listing.failures.saturating_add(1);
        // An outage ends nothing that has begun.
        let is_outage = self.has_listed && self.throttle.is_outage();
        let delay = self.options.retry.delay(self.listing.failures, self.draw());
        let soonest = now + delay.max(hint.unwrap_or_default());
        let is_over =
            is_final || !is_outage && self.listing.failures >= self.options.retry.attempts();
        let retry_at = match self.options.interval {
            Some(interval) if is_final => Some(soonest.max(outstanding.sent_at + interval)),
            None if is_over => None,
            Some(_) | None => Some(soonest),
        };
        self.listing.due = retry_at;
        self.closed |= retry_at.is_none();
        self.emit(DrainEventKind::ListingFailed { cause, retry_at });
    }

    fn all_listed(&mut self, listed: Option<usize>) {
        if self.customer_check.is_open && listed != Some(0) {
            self.emit(DrainEventKind::CustomerSuspected { listed });
        }
    }

    fn fetched(
        &mut self,
        key: Key,
        result: PollResult,
        decoded: Decoded,
        is_spared: bool,
        now: Time,
    ) {
        if !matches!(
            result,
            PollResult::Failed { .. } | PollResult::Deferred { .. }
        ) {
            self.entries.reset_failures(key);
        }
        match result {
            PollResult::Final(OutcomeKind::Succeeded) => match decoded {
                Decoded::Extraction(extraction) => self.hand_out(key, Ok(*extraction), now),
                decoded => self.set_aside_unreadable(key, decoded),
            },
            PollResult::Final(OutcomeKind::Failed) => self.hand_out(
                key,
                Err(DrainError::Failed {
                    error: decoded.into_service_error(),
                }),
                now,
            ),
            PollResult::Final(OutcomeKind::Expired) => {
                self.hand_out(key, Err(DrainError::Expired), now);
            }
            PollResult::Final(OutcomeKind::Unreadable) => self.set_aside_unreadable(key, decoded),
            PollResult::InProgress { hint } => {
                let status = if let Decoded::Status(status) = decoded {
                    status
                } else {
                    Status::InProgress
                };
                self.fetch_failed(key, DrainError::Unfinished { status }, hint, is_spared, now);
            }
            PollResult::Final(OutcomeKind::TooLarge) => {
                let cause = decoded.into_reason();
                self.set_aside(key, DrainError::TooLarge { cause });
            }
            PollResult::NotFound { hint } => {
                let error = decoded.into_service_error();
                self.fetch_failed(key, DrainError::NotFound { error }, hint, is_spared, now);
            }
            PollResult::Final(_) | PollResult::KeyRefused => {
                let error = decoded.into_service_error();
                self.fetch_failed(key, DrainError::Refused { error }, None, is_spared, now);
            }
            PollResult::Failed { hint } | PollResult::Deferred { hint } => {
                let (count, since) = self.entries.note_failure(key, now);
                let failed = FailedAttempts::counted(decoded.into_reason(), count, since, now);
                self.fetch_failed(key, DrainError::Unanswered { failed }, hint, is_spared, now);
            }
        }
    }

    /// The final result of an extraction.
    fn hand_out(&mut self, key: Key, extraction: Result<Extraction, DrainError>, now: Time) {
        let Some(extraction_id) = self.fetching(key) else {
            return;
        };
        let delivery = self.entries.count_delivery(key);
        self.entries.reset_attempts(key);
        let state = if self.options.acknowledgement {
            State::HandedOut(now + self.options.redelivery)
        } else {
            State::Acknowledged
        };
        self.entries.put(key, state);
        self.emit(DrainEventKind::Extracted {
            extraction_id,
            delivery,
            extraction,
        });
    }

    /// Sets aside a result that can't be read: it will not change.
    fn set_aside_unreadable(&mut self, key: Key, decoded: Decoded) {
        self.set_aside(
            key,
            DrainError::Unreadable {
                error: decoded.into_decode_error(),
            },
        );
    }

    /// The fetch brought no result. An id that is spared is not charged an attempt: it was never
    /// sent, or it is not the id that is bad.
    fn fetch_failed(
        &mut self,
        key: Key,
        reason: DrainError,
        hint: Option<Duration>,
        is_spared: bool,
        now: Time,
    ) {
        if self.fetching(key).is_none() {
            return;
        }
        let attempts = self.entries.attempts(key).saturating_add(1);
        if !is_spared && attempts >= self.options.retry.attempts() {
            return self.set_aside(key, reason);
        }
        let failures = if is_spared {
            1
        } else {
            self.entries.count_attempt(key)
        };
        let delay = self.options.retry.delay(failures, self.draw());
        self.try_again(key, reason, now + delay.max(hint.unwrap_or_default()));
    }

    fn try_again(&mut self, key: Key, reason: DrainError, retry_at: Time) {
        let Some(extraction_id) = self.fetching(key) else {
            return;
        };
        self.entries.put(key, State::Retrying(retry_at));
        self.emit(DrainEventKind::FetchFailed {
            extraction_id,
            reason,
            retry_at,
        });
    }

    fn set_aside(&mut self, key: Key, reason: DrainError) {
        let Some(extraction_id) = self.fetching(key) else {
            return;
        };
        let attempts = self.entries.count_attempt(key);
        self.entries.put(key, State::SetAside);
        self.emit(DrainEventKind::SetAside {
            extraction_id,
            reason,
            attempts,
        });
    }

    /// Sets aside all that is left, for another drain.
    fn set_aside_all(&mut self, cause: &Cause, now: Time) {
        loop {
            let retry = self.entries.first_retry().map(|(_, key)| key);
            let Some(key) = self.entries.first_waiting().or(retry) else {
                return;
            };
            let attempts = self.entries.attempts(key);
            let Some((extraction_id, _)) = self.entries.get(key) else {
                return;
            };
            let extraction_id = extraction_id.clone();
            self.entries.put(key, State::SetAside);
            self.emit(DrainEventKind::SetAside {
                extraction_id,
                reason: DrainError::Unanswered {
                    failed: FailedAttempts::after(None, cause.clone(), now),
                },
                attempts,
            });
        }
    }

    /// The id, if it is still being fetched: it may have been acknowledged meanwhile.
    fn fetching(&self, key: Key) -> Option<ExtractionId> {
        self.entries
            .get(key)
            .filter(|(_, state)| *state == State::Fetching)
            .map(|(id, _)| id.clone())
    }

    /// Repeats a request as soon as possible that was not processed, through no fault of its own.
    fn requeue(&mut self, outstanding: Outstanding, now: Time) {
        match outstanding.purpose {
            Purpose::List => self.listing.due = Some(now),
            Purpose::ListAll => self.customer_check.is_due = self.customer_check.is_open,
            Purpose::Fetch { key, .. } => {
                if self.fetching(key).is_some() {
                    self.entries.put(key, State::Retrying(now));
                }
            }
        }
    }

    /// A random number, a new one for each request.
    fn draw(&self) -> u64 {
        random::draw(self.options.seed, self.next_exchange as u32)
    }
}

impl CustomerCheck {
    /// Takes the number of extractions that were listed for the customer.
    fn listed(&mut self, listed: usize, now: Time) {
        self.is_open &= listed == 0;
        self.is_due = self.is_open && now >= self.next_at;
    }

    /// The listing of all customers is sent: the next ones come more and more rarely.
    pub(super) fn schedule_next(&mut self, now: Time) {
        let (first, longest) = CUSTOMER_CHECK_GAPS;
        self.next_at = now + first.saturating_mul(1 << self.checks.min(10)).min(longest);
        self.checks = self.checks.saturating_add(1);
    }
}
