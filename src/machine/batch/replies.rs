//! What becomes of a batch's requests.

use super::event::BatchEventKind;
use super::in_flight::{Outstanding, Overdue, Purpose, Sender};
use super::pace::Verdict;
use super::{Batch, Key};
use crate::machine::cause::Cause;
use crate::machine::exchange::RequestId;
use crate::machine::job::Ticket;
use crate::machine::job::job_mut::Reply;
use crate::machine::job::record::{OutcomeKind, Record, State};
use crate::machine::job::response::{Decoded, PollResult, SubmitResult};
use crate::machine::job::transition::Input;
use crate::machine::time::Time;

impl Batch {
    /// Takes what came of a request.
    pub(super) fn replied(&mut self, id: RequestId, reply: Reply, now: Time) {
        let now = self.advance(now);
        if self.is_over() {
            return;
        }
        if let Some(flight) = self.in_flight.land(id) {
            let is_key_refused = self.judge(&flight, &reply, now);
            self.landed(&flight, reply, is_key_refused, now);
        } else if let Some(overdue) = self.in_flight.take_overdue(id) {
            self.responded_late(&overdue, reply, now);
        }
    }

    /// The time of a request is up.
    pub(super) fn timed_out(&mut self, id: RequestId, now: Time) {
        let Some(flight) = self.in_flight.land(id) else {
            return;
        };
        self.pace.fails();
        match flight.errand {
            Purpose::Submit { job, exchange, .. } => {
                if let Some(sender) = flight.sender {
                    self.in_flight.remember(
                        id,
                        Overdue {
                            job,
                            exchange,
                            sender,
                        },
                    );
                }
                self.run_out(job, State::Submitting, exchange, now);
            }
            Purpose::Poll { job, exchange, .. } => self.run_out(job, State::Polling, exchange, now),
            Purpose::Queue => self.listing_failed(Cause::TimeLimit, now),
        }
    }

    /// The exchange that a job waits for got no response in time.
    fn run_out(&mut self, job: Key, state: State, exchange: u32, now: Time) {
        let waits = |record: &Record| record.state == state && record.exchange == exchange;
        if self.jobs.get(job).is_some_and(|entry| waits(&entry.record)) {
            self.take(job, Input::Clock, Decoded::Nothing, now);
        }
    }

    /// What a reply says about everything. Says whether it refuses the key.
    fn judge(&mut self, flight: &Outstanding, reply: &Reply, now: Time) -> bool {
        if matches!(reply, Reply::Response(_)) {
            self.answered_at = now;
        }
        match Verdict::of(reply) {
            Verdict::Works => self.pace.works(flight.errand.is_retry()),
            Verdict::Fails => self.pace.fails(),
            Verdict::Nothing => {}
            Verdict::TooMany(hint) => {
                if let Some(until) = self
                    .pace
                    .slow_down(hint, flight.sent_at, &self.options, now)
                {
                    self.emit(BatchEventKind::Throttled { until });
                }
            }
            Verdict::KeyRefused(error) => {
                // One with an old key says nothing about the one there is now.
                if flight.key_number == self.key_number && self.pace.refuse_key() {
                    self.emit(BatchEventKind::KeyRefused(error));
                }
                return true;
            }
        }
        false
    }

    fn landed(&mut self, flight: &Outstanding, reply: Reply, is_key_refused: bool, now: Time) {
        match flight.errand {
            Purpose::Submit { job, exchange, .. } => {
                let (input, decoded) =
                    reply.for_submit(exchange, self.options.jobs.retry.trusts_overload());
                // It was not processed, and the next key may do.
                let input = if is_key_refused {
                    Input::Submit(exchange, SubmitResult::Throttled { hint: None })
                } else {
                    input
                };
                self.submit_replied(job, flight.sender.as_ref(), input, decoded, now);
            }
            Purpose::Poll { job, exchange, .. } if self.awaits(job, exchange) => {
                let (input, decoded) = reply.for_poll(exchange);
                let input = match input {
                    Input::Poll(_, PollResult::Final(OutcomeKind::Refused)) if is_key_refused => {
                        Input::Poll(exchange, PollResult::Failed { hint: None })
                    }
                    input => input,
                };
                if let Input::Poll(_, result) = input {
                    self.learn(job, flight.errand, flight.sent_at, result, now);
                }
                self.take(job, input, decoded, now);
            }
            Purpose::Poll { .. } => {}
            Purpose::Queue => self.handle_listing(flight.sent_at, reply, is_key_refused, now),
        }
    }

    /// Whether a job waits for this poll; the responses of others are not worth parsing.
    fn awaits(&self, job: Key, exchange: u32) -> bool {
        self.jobs.get(job).is_some_and(|entry| {
            entry.record.state == State::Polling && entry.record.exchange == exchange
        })
    }

    /// A submit whose time was up got its response after all: an id is worth having.
    fn responded_late(&mut self, overdue: &Overdue, reply: Reply, now: Time) {
        let (input, decoded) = reply.for_submit(overdue.exchange, false);
        self.submit_replied(overdue.job, Some(&overdue.sender), input, decoded, now);
    }

    /// A submit got its response. Its job may have finished: by the time limit, or as another
    /// submit of the same document got its response first.
    fn submit_replied(
        &mut self,
        job: Key,
        sender: Option<&Sender>,
        input: Input,
        decoded: Decoded,
        now: Time,
    ) {
        if self.jobs.get(job).is_some() {
            self.take(job, input, decoded, now);
        } else if let (Decoded::Id(extraction_id), Some(Sender { meta, deadline })) =
            (decoded, sender)
        {
            let ticket = Ticket::for_document(meta.clone(), extraction_id, now, *deadline);
            self.emit(BatchEventKind::SubmittedLate {
                key: job.into(),
                ticket,
            });
        }
    }
}
