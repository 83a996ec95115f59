//! What follows from what comes back.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};

use super::entries::{Entries, State};
use super::{Drain, DrainError, DrainEventKind, Outstanding, Suspicion, Trouble, What};
use crate::machine::collections::slab::Key;
use crate::machine::exchange::{Failure, FailureKind};
use crate::machine::job::record::OutcomeKind;
use crate::machine::job::response::{self, Decoded, PollResult, Refusal};
use crate::machine::{Cause, Time, random};
use crate::wire::{
    AwaitingResponse, Extraction, ExtractionId, ResponseError, ServiceError, Status, retry_after,
};

/// Fetches that may fail in a row before the service is taken to be in trouble.
const STREAK: u16 = 8;

/// The shortest and the longest time between two polls the list of all customers.
const RARELY: (Duration, Duration) = (Duration::from_secs(3600), Duration::from_secs(24 * 3600));

impl Drain {
    /// Takes an answer; one that nobody waits for is ignored.
    pub(super) fn answered(&mut self, exchange: u64, response: &Response<Bytes>, now: Time) {
        let Some(flight) = self.in_flight.remove(&exchange) else {
            return;
        };
        let status = response.status();
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return self.refused_key(exchange, flight, response, now);
        }
        let hint = retry_after(response.headers());
        let slows =
            status == StatusCode::TOO_MANY_REQUESTS || hint.is_some() && !status.is_success();
        match flight.what {
            What::List => self.listed(flight, response, hint, slows, now),
            _ if slows => {
                self.slow_down(
                    flight,
                    Cause::Service(ServiceError::from_response(response)),
                    hint,
                    now,
                );
                self.put_back(flight, now);
            }
            What::ListAll => {
                if let Ok(listed) = count(response) {
                    self.all_listed(Some(listed));
                }
            }
            What::Fetch { key, .. } => {
                let (answer, decoded) = response::for_poll(response);
                self.fetched(key, answer, decoded, now);
            }
        }
    }

    /// Takes a failure; one that nobody waits for is ignored.
    pub(super) fn failed(&mut self, exchange: u64, failure: Failure, now: Time) {
        let Some(flight) = self.in_flight.remove(&exchange) else {
            return;
        };
        let (kind, cause) = (failure.kind(), Cause::Failure(failure));
        match flight.what {
            What::List => self.list_failed(flight, cause, None, kind == FailureKind::TooLarge, now),
            What::ListAll if kind == FailureKind::TooLarge => self.all_listed(None),
            What::ListAll => {}
            What::Fetch { key, .. } => match kind {
                FailureKind::TooLarge => {
                    self.went_well();
                    self.set_aside(key, DrainError::TooLarge { cause });
                }
                FailureKind::NotSent => {
                    // It never left: the id is not to blame.
                    let retry_at = now + self.options.retry.delay(1, self.draw());
                    self.try_again(
                        key,
                        DrainError::Unanswered {
                            cause: cause.clone(),
                        },
                        retry_at,
                    );
                    self.went_badly(cause, now);
                }
                FailureKind::Interrupted | FailureKind::Source => self.unclear(key, cause, now),
            },
        }
    }

    /// A request whose time is up.
    pub(super) fn unanswered(&mut self, exchange: u64, now: Time) {
        let Some(flight) = self.in_flight.remove(&exchange) else {
            return;
        };
        match flight.what {
            What::List => self.list_failed(flight, Cause::TimeLimit, None, false, now),
            What::ListAll => {}
            What::Fetch { key, .. } => self.unclear(key, Cause::TimeLimit, now),
        }
    }

    fn listed(
        &mut self,
        flight: Outstanding,
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
                self.suspicion.listed(listed, now);
                let again = match self.options.interval {
                    Some(interval) => Some(flight.sent_at + interval),
                    None => (new > 0).then_some(now),
                };
                self.listing.due = again.map(|due| due.max(now + hint.unwrap_or_default()));
            }
            Err(error) => {
                let is_final = matches!(error, ResponseError::Service(_))
                    && Refusal::of(response.status()) == Refusal::Final;
                if slows {
                    let until =
                        now + hint.unwrap_or_else(|| self.options.retry.delay(1, self.draw()));
                    self.limiter.slow_down(flight.sent_at, until, now);
                    self.limiter.pause_until(until);
                }
                self.list_failed(flight, error.into(), hint, is_final, now);
            }
        }
    }

    /// Takes note of all that is listed, also by a list that breaks off later. Entries that can be no id are passed over.
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
        flight: Outstanding,
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
            Some(interval) if is_final => Some(soonest.max(flight.sent_at + interval)),
            None if is_over => None,
            Some(_) | None => Some(soonest),
        };
        self.listing.due = retry_at;
        self.closed |= retry_at.is_none();
        self.emit(DrainEventKind::ListingFailed { cause, retry_at });
    }

    fn all_listed(&mut self, listed: Option<usize>) {
        if self.suspicion.is_open && listed != Some(0) {
            self.emit(DrainEventKind::CustomerSuspected { listed });
        }
    }

    fn fetched(&mut self, key: Key, answer: PollResult, decoded: Decoded, now: Time) {
        match answer {
            PollResult::Final(OutcomeKind::Succeeded) => match decoded {
                Decoded::Extraction(extraction) => self.hand_out(key, Ok(*extraction), now),
                decoded => self.give_up(key, decoded),
            },
            PollResult::Final(OutcomeKind::Failed) => self.hand_out(
                key,
                Err(DrainError::Failed {
                    error: decoded.into_service_error(),
                }),
                now,
            ),
            PollResult::Final(OutcomeKind::Expired) => {
                self.hand_out(key, Err(DrainError::Expired), now)
            }
            PollResult::Final(OutcomeKind::Unreadable) => self.give_up(key, decoded),
            PollResult::InProgress { hint } => {
                let status = if let Decoded::Status(status) = decoded {
                    status
                } else {
                    Status::InProgress
                };
                self.went_well();
                self.fetch_failed(key, DrainError::Unfinished { status }, hint, now);
            }
            PollResult::NotFound => {
                self.refused(key, decoded, |error| DrainError::NotFound { error }, now)
            }
            PollResult::Final(_) => {
                self.refused(key, decoded, |error| DrainError::Refused { error }, now)
            }
            PollResult::Failed { .. } => {
                self.unclear(key, decoded.into_cause().unwrap_or(Cause::TimeLimit), now)
            }
        }
    }

    /// What the service has to say of an extraction in the end.
    fn hand_out(&mut self, key: Key, extraction: Result<Extraction, DrainError>, now: Time) {
        self.went_well();
        let Some(extraction_id) = self.fetching(key) else {
            return;
        };
        let delivery = self.entries.count_delivery(key);
        self.entries.forgive(key);
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

    /// A result that can't be read: it will not change.
    fn give_up(&mut self, key: Key, decoded: Decoded) {
        self.went_well();
        self.set_aside(
            key,
            DrainError::Unreadable {
                error: decoded.into_decode_error(),
            },
        );
    }

    /// An answer about this id, unless none was ever answered well: then the address may be wrong, and the id not to blame.
    fn refused(
        &mut self,
        key: Key,
        decoded: Decoded,
        reason: impl FnOnce(ServiceError) -> DrainError,
        now: Time,
    ) {
        let error = decoded.into_service_error();
        self.fetch_failed(key, reason(error.clone()), None, now);
        if !self.trouble.was_answered {
            self.went_badly(Cause::Service(error), now);
        }
    }

    /// No answer about this id; it or the service is in trouble.
    fn unclear(&mut self, key: Key, cause: Cause, now: Time) {
        self.fetch_failed(
            key,
            DrainError::Unanswered {
                cause: cause.clone(),
            },
            None,
            now,
        );
        self.went_badly(cause, now);
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
        flight: Outstanding,
        response: &Response<Bytes>,
        now: Time,
    ) {
        self.put_back(flight, now);
        // What was sent with a key that was replaced since says nothing about the new one.
        if exchange >= self.trouble.first_of_key && !self.trouble.key_refused {
            self.trouble.key_refused = true;
            self.emit(DrainEventKind::KeyRefused {
                error: ServiceError::from_response(response),
            });
        }
    }

    /// A request that was not heard, for no fault of its own: it is made again as soon as may be.
    fn put_back(&mut self, flight: Outstanding, now: Time) {
        match flight.what {
            What::List => self.listing.due = Some(now),
            What::ListAll => self.suspicion.is_due = self.suspicion.is_open,
            What::Fetch { key, .. } => {
                if self.fetching(key).is_some() {
                    self.entries.put(key, State::Retrying(now));
                }
            }
        }
    }

    /// The service asks for a pause: once for all that was out.
    fn slow_down(&mut self, flight: Outstanding, cause: Cause, hint: Option<Duration>, now: Time) {
        let delay = hint.unwrap_or_else(|| {
            self.options
                .retry
                .delay(self.trouble.pauses.saturating_add(1), self.draw())
        });
        let until = now + delay;
        if self.limiter.slow_down(flight.sent_at, until, now) {
            self.trouble.pauses = self.trouble.pauses.saturating_add(1);
            self.emit(DrainEventKind::Paused { until, cause });
        } else if hint.is_some() {
            self.limiter.pause_until(until);
        }
    }

    /// A fetch was answered well.
    fn went_well(&mut self) {
        let Trouble {
            failures,
            pauses,
            is_checking,
            was_answered,
            ..
        } = &mut self.trouble;
        (*failures, *pauses, *is_checking, *was_answered) = (0, 0, false, true);
    }

    /// So many in a row are no coincidence: a pause, and then a listing, before more ids are tried in vain.
    fn went_badly(&mut self, cause: Cause, now: Time) {
        self.trouble.failures = self.trouble.failures.saturating_add(1);
        if self.trouble.failures < STREAK || self.trouble.is_checking {
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
            .any(|flight| flight.what == What::List)
        {
            self.listing.due = Some(now);
        }
        self.emit(DrainEventKind::Paused { until, cause });
    }

    /// Chance, a new one for each request.
    fn draw(&self) -> u64 {
        random::draw(self.options.seed, self.next_exchange as u32)
    }
}

impl Suspicion {
    /// Something was listed for the customer, or nothing.
    fn listed(&mut self, listed: usize, now: Time) {
        self.is_open &= listed == 0;
        self.is_due = self.is_open && now >= self.next;
    }

    /// A poll the list of all customers is made: the next ones come more and more rarely.
    pub(super) fn poll(&mut self, now: Time) {
        let (first, longest) = RARELY;
        self.next = now + first.saturating_mul(1 << self.polls.min(10)).min(longest);
        self.polls = self.polls.saturating_add(1);
    }
}

fn count(response: &Response<Bytes>) -> Result<usize, ResponseError> {
    let mut listed = 0;
    AwaitingResponse::for_each_id(response, |_| listed += 1)?;
    Ok(listed)
}
