//! Handles responses and failures.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};

use super::entries::{Entries, State};
use super::{CustomerCheck, Drain, DrainError, DrainEventKind, Outstanding, Purpose, Trouble};
use crate::machine::collections::slab::Key;
use crate::machine::exchange::{Failure, FailureKind};
use crate::machine::job::record::OutcomeKind;
use crate::machine::job::response::{self, Decoded, PollResult, Refusal};
use crate::machine::{Cause, Time, random};
use crate::wire::{
    AwaitingResponse, Extraction, ExtractionId, ResponseError, ServiceError, Status, retry_after,
};

/// After this many failed fetches in a row the service counts as down.
const MAX_FAILURES_IN_A_ROW: u16 = 8;

/// The shortest and the longest time between two listings of all customers.
const CUSTOMER_CHECK_GAPS: (Duration, Duration) =
    (Duration::from_secs(3600), Duration::from_secs(24 * 3600));

impl Drain {
    /// Handles a response; an unknown exchange is ignored.
    pub(super) fn handle_reply(&mut self, exchange: u64, response: &Response<Bytes>, now: Time) {
        let Some(outstanding) = self.in_flight.remove(&exchange) else {
            return;
        };
        let status = response.status();
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return self.refused_key(exchange, outstanding, response, now);
        }
        let hint = retry_after(response.headers());
        let slows =
            status == StatusCode::TOO_MANY_REQUESTS || hint.is_some() && !status.is_success();
        match outstanding.purpose {
            Purpose::List => self.listed(outstanding, response, hint, slows, now),
            _ if slows => {
                self.slow_down(
                    outstanding,
                    Cause::Service(ServiceError::from_response(response)),
                    hint,
                    now,
                );
                self.requeue(outstanding, now);
            }
            Purpose::ListAll => {
                if let Ok(listed) = count(response) {
                    self.all_listed(Some(listed));
                }
            }
            Purpose::Fetch { key, .. } => {
                let (result, decoded) = response::for_poll(response);
                self.fetched(key, result, decoded, now);
            }
        }
    }

    /// Handles a failure; an unknown exchange is ignored.
    pub(super) fn handle_reply_failure(&mut self, exchange: u64, failure: Failure, now: Time) {
        let Some(outstanding) = self.in_flight.remove(&exchange) else {
            return;
        };
        let (kind, cause) = (failure.kind(), Cause::Failure(failure));
        match outstanding.purpose {
            Purpose::List => {
                self.list_failed(outstanding, cause, None, kind == FailureKind::TooLarge, now);
            }
            Purpose::ListAll if kind == FailureKind::TooLarge => self.all_listed(None),
            Purpose::ListAll => {}
            Purpose::Fetch { key, .. } => match kind {
                FailureKind::TooLarge => {
                    self.record_success();
                    self.set_aside(key, DrainError::TooLarge { cause });
                }
                FailureKind::NotSent => {
                    // It was never sent: the id is not charged an attempt.
                    let retry_at = now + self.options.retry.delay(1, self.draw());
                    self.try_again(
                        key,
                        DrainError::Unanswered {
                            cause: cause.clone(),
                        },
                        retry_at,
                    );
                    self.record_failure(cause, now);
                }
                FailureKind::Interrupted | FailureKind::Source => self.unclear(key, cause, now),
            },
        }
    }

    /// A request whose time limit has passed.
    pub(super) fn timed_out(&mut self, exchange: u64, now: Time) {
        let Some(outstanding) = self.in_flight.remove(&exchange) else {
            return;
        };
        match outstanding.purpose {
            Purpose::List => self.list_failed(outstanding, Cause::TimeLimit, None, false, now),
            Purpose::ListAll => {}
            Purpose::Fetch { key, .. } => self.unclear(key, Cause::TimeLimit, now),
        }
    }

    fn listed(
        &mut self,
        outstanding: Outstanding,
        response: &Response<Bytes>,
        hint: Option<Duration>,
        slows: bool,
        now: Time,
    ) {
        match self.read(response) {
            Ok((listed, new)) => {
                self.entries.end_listing();
                self.trouble.failures = 0;
                self.trouble.is_checking = false;
                self.listing.failures = 0;
                self.listing.listed = listed;
                self.emit(DrainEventKind::Listed { listed, new });
                self.customer_check.listed(listed, now);
                let again = match self.options.interval {
                    Some(interval) => Some(outstanding.sent_at + interval),
                    None => (new > 0).then_some(now),
                };
                self.listing.due = again.map(|due| due.max(now + hint.unwrap_or_default()));
            }
            Err(error) => {
                let is_final = matches!(error, ResponseError::Service(_))
                    && Refusal::from_status(response.status()) == Refusal::Final;
                if slows {
                    let until =
                        now + hint.unwrap_or_else(|| self.options.retry.delay(1, self.draw()));
                    self.limiter.slow_down(outstanding.sent_at, until, now);
                    self.limiter.pause_until(until);
                }
                self.list_failed(outstanding, error.into(), hint, is_final, now);
            }
        }
    }

    /// Marks all listed ids, even if the list is cut off later. Invalid ids are skipped.
    fn read(&mut self, response: &Response<Bytes>) -> Result<(usize, usize), ResponseError> {
        let (mut listed, mut new) = (0, 0);
        let mut together = Vec::with_capacity(Entries::TOGETHER);
        let mut take = |entries: &mut Entries, ids: &mut Vec<Cow<'_, str>>| {
            let counts = entries.list(ids);
            ids.clear();
            (listed, new) = (listed + counts.0, new + counts.1);
        };
        self.entries.begin_listing();
        let read = AwaitingResponse::for_each_id(response, |id| {
            together.push(id);
            if together.len() == Entries::TOGETHER {
                take(&mut self.entries, &mut together);
            }
        });
        take(&mut self.entries, &mut together);
        read.map(|_| (listed, new))
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
        let delay = self.options.retry.delay(self.listing.failures, self.draw());
        let soonest = now + delay.max(hint.unwrap_or_default());
        let is_over = is_final || self.listing.failures >= self.options.retry.attempts();
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

    fn fetched(&mut self, key: Key, result: PollResult, decoded: Decoded, now: Time) {
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
                self.record_success();
                self.fetch_failed(key, DrainError::Unfinished { status }, hint, now);
            }
            PollResult::NotFound => {
                self.refused(key, decoded, |error| DrainError::NotFound { error }, now);
            }
            PollResult::Final(_) => {
                self.refused(key, decoded, |error| DrainError::Refused { error }, now);
            }
            PollResult::Failed { .. } => {
                self.unclear(key, decoded.into_cause().unwrap_or(Cause::TimeLimit), now);
            }
        }
    }

    /// The final result of an extraction.
    fn hand_out(&mut self, key: Key, extraction: Result<Extraction, DrainError>, now: Time) {
        self.record_success();
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
        self.record_success();
        self.set_aside(
            key,
            DrainError::Unreadable {
                error: decoded.into_decode_error(),
            },
        );
    }

    /// An error response for this id. If no fetch has ever succeeded, the URL may be wrong, and not
    /// the id.
    fn refused(
        &mut self,
        key: Key,
        decoded: Decoded,
        reason: impl FnOnce(ServiceError) -> DrainError,
        now: Time,
    ) {
        let error = decoded.into_service_error();
        self.fetch_failed(key, reason(error.clone()), None, now);
        if !self.trouble.has_succeeded {
            self.record_failure(Cause::Service(error), now);
        }
    }

    /// No usable response for this id: the cause may be the id or the service.
    fn unclear(&mut self, key: Key, cause: Cause, now: Time) {
        self.fetch_failed(
            key,
            DrainError::Unanswered {
                cause: cause.clone(),
            },
            None,
            now,
        );
        self.record_failure(cause, now);
    }

    fn fetch_failed(&mut self, key: Key, reason: DrainError, hint: Option<Duration>, now: Time) {
        if self.fetching(key).is_none() {
            return;
        }
        let attempts = self.entries.attempts(key).saturating_add(1);
        if attempts >= self.options.retry.attempts() {
            return self.set_aside(key, reason);
        }
        self.entries.count_attempt(key);
        let delay = self.options.retry.delay(attempts, self.draw());
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

    /// The id, if it is still being fetched: it may have been acknowledged meanwhile.
    fn fetching(&self, key: Key) -> Option<ExtractionId> {
        self.entries
            .get(key)
            .filter(|(_, state)| *state == State::Fetching)
            .map(|(id, _)| id.clone())
    }

    fn refused_key(
        &mut self,
        exchange: u64,
        outstanding: Outstanding,
        response: &Response<Bytes>,
        now: Time,
    ) {
        self.requeue(outstanding, now);
        // A request with an old key shows nothing about the new one.
        if exchange >= self.trouble.first_of_key && !self.trouble.key_refused {
            self.trouble.key_refused = true;
            self.emit(DrainEventKind::KeyRefused {
                error: ServiceError::from_response(response),
            });
        }
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

    /// The service asks for a pause: only once for all requests that were in flight.
    fn slow_down(
        &mut self,
        outstanding: Outstanding,
        cause: Cause,
        hint: Option<Duration>,
        now: Time,
    ) {
        let delay = hint.unwrap_or_else(|| {
            self.options
                .retry
                .delay(self.trouble.pauses.saturating_add(1), self.draw())
        });
        let until = now + delay;
        if self.limiter.slow_down(outstanding.sent_at, until, now) {
            self.trouble.pauses = self.trouble.pauses.saturating_add(1);
            self.emit(DrainEventKind::Paused { until, cause });
        } else if hint.is_some() {
            self.limiter.pause_until(until);
        }
    }

    /// A fetch got a useful response.
    fn record_success(&mut self) {
        let Trouble {
            failures,
            pauses,
            is_checking,
            has_succeeded,
            ..
        } = &mut self.trouble;
        (*failures, *pauses, *is_checking, *has_succeeded) = (0, 0, false, true);
    }

    /// Many failures in a row are no coincidence: pauses, and then lists before more ids are tried.
    fn record_failure(&mut self, cause: Cause, now: Time) {
        self.trouble.failures = self.trouble.failures.saturating_add(1);
        if self.trouble.failures < MAX_FAILURES_IN_A_ROW || self.trouble.is_checking {
            return;
        }
        self.trouble.failures = 0;
        self.trouble.pauses = self.trouble.pauses.saturating_add(1);
        self.trouble.is_checking = true;
        let until = now + self.options.retry.delay(self.trouble.pauses, self.draw());
        self.limiter.pause_until(until);
        if !self
            .in_flight
            .values()
            .any(|outstanding| outstanding.purpose == Purpose::List)
        {
            self.listing.due = Some(now);
        }
        self.emit(DrainEventKind::Paused { until, cause });
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

fn count(response: &Response<Bytes>) -> Result<usize, ResponseError> {
    let mut listed = 0;
    AwaitingResponse::for_each_id(response, |_| listed += 1)?;
    Ok(listed)
}
