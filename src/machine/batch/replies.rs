//! What becomes of a batch's requests.

use super::event::BatchEventKind;
use super::flights::{Errand, Flight, Overdue};
use super::pace::Verdict;
use super::{Batch, Key};
use crate::machine::answer::{LookAnswer, Payload, SubmitAnswer};
use crate::machine::cause::Cause;
use crate::machine::exchange::RequestId;
use crate::machine::following::Reply;
use crate::machine::record::{End, Record, State};
use crate::machine::ticket::Ticket;
use crate::machine::time::Time;
use crate::machine::transition::Input;
use crate::wire::ExtractionId;

impl Batch {
    /// Takes what came of a request.
    pub(super) fn replied(&mut self, id: RequestId, reply: Reply, now: Time) {
        let now = self.advance(now);
        if self.is_over() {
            return;
        }
        if let Some(flight) = self.flights.land(id) {
            let is_key_refused = self.judge(&flight, &reply, now);
            self.landed(&flight, reply, is_key_refused, now);
        } else if let Some(overdue) = self.flights.take_overdue(id) {
            self.answered_late(overdue, reply, now);
        }
    }

    /// The time of a request is up.
    pub(super) fn timed_out(&mut self, id: RequestId, now: Time) {
        let Some(flight) = self.flights.land(id) else { return };
        self.pace.fails();
        match flight.errand {
            Errand::Submit { job, exchange, .. } => {
                if let Some(entry) = self.jobs.get(job) {
                    let (owner, deadline) = (entry.owner.clone(), entry.record.deadline);
                    self.flights.remember(id, Overdue { job, exchange, owner, deadline });
                }
                self.run_out(job, State::Submitting, exchange, now);
            }
            Errand::Look { job, exchange, .. } => self.run_out(job, State::Polling, exchange, now),
            Errand::Queue => self.queue_failed(Cause::TimeLimit, now),
        }
    }

    /// Nobody answered the exchange that a job waits for.
    fn run_out(&mut self, job: Key, state: State, exchange: u32, now: Time) {
        let waits = |record: &Record| record.state == state && record.exchange == exchange;
        if self.jobs.get(job).is_some_and(|entry| waits(&entry.record)) {
            self.take(job, Input::Clock, Payload::Nothing, now);
        }
    }

    /// What a reply says about everything. Says whether it refuses the key.
    fn judge(&mut self, flight: &Flight, reply: &Reply, now: Time) -> bool {
        if matches!(reply, Reply::Response(_)) {
            self.answered_at = now;
        }
        match Verdict::of(reply) {
            Verdict::Works => self.pace.works(flight.errand.is_retry()),
            Verdict::Fails => self.pace.fails(),
            Verdict::Nothing => {}
            Verdict::TooMany(hint) => {
                if let Some(until) = self.pace.slow_down(hint, flight.sent_at, &self.options, now) {
                    self.tell(BatchEventKind::Throttled { until });
                }
            }
            Verdict::KeyRefused(error) => {
                // One with an old key says nothing about the one there is now.
                if flight.key_number == self.key_number && self.pace.refuse_key() {
                    self.tell(BatchEventKind::KeyRefused(error));
                }
                return true;
            }
        }
        false
    }

    fn landed(&mut self, flight: &Flight, reply: Reply, is_key_refused: bool, now: Time) {
        match flight.errand {
            Errand::Submit { job, exchange, .. } => {
                let (input, payload) = reply.of_submit(exchange, self.options.jobs.retry.trusts_overload());
                // It was not processed, and the next key may do.
                let input = if is_key_refused { Input::Submit(exchange, SubmitAnswer::Throttled { hint: None }) } else { input };
                if self.jobs.get(job).is_some() {
                    self.take(job, input, payload, now);
                }
            }
            Errand::Look { job, exchange, .. } if self.awaits(job, exchange) => {
                let (input, payload) = reply.of_look(exchange);
                let input = match input {
                    Input::Look(_, LookAnswer::Final(End::Refused)) if is_key_refused => {
                        Input::Look(exchange, LookAnswer::Failed { hint: None })
                    }
                    input => input,
                };
                if let Input::Look(_, answer) = input {
                    self.learn(job, flight.errand, flight.sent_at, answer, now);
                }
                self.take(job, input, payload, now);
            }
            Errand::Look { .. } => {}
            Errand::Queue => self.queue_replied(flight.sent_at, reply, is_key_refused, now),
        }
    }

    /// Whether a job waits for this look; the answers of others are not worth parsing.
    fn awaits(&self, job: Key, exchange: u32) -> bool {
        self.jobs.get(job).is_some_and(|entry| entry.record.state == State::Polling && entry.record.exchange == exchange)
    }

    /// A submit whose time was up was answered after all: an id is worth having.
    fn answered_late(&mut self, overdue: Overdue, reply: Reply, now: Time) {
        let (input, payload) = reply.of_submit(overdue.exchange, false);
        if self.jobs.get(overdue.job).is_some() {
            self.take(overdue.job, input, payload, now);
        } else if let Payload::Id(extraction_id) = payload {
            self.found(overdue, extraction_id, now);
        }
    }

    fn found(&mut self, overdue: Overdue, extraction_id: ExtractionId, now: Time) {
        let ticket = Ticket::of(overdue.owner, extraction_id, now, overdue.deadline);
        self.tell(BatchEventKind::SubmittedLate { key: overdue.job.into(), ticket });
    }
}
