//! What follows from a step of one job: what is told, what is sent, how it ends. Shared by [`Job`](crate::machine::Job), which has one, and [`Batch`](crate::machine::Batch), which has many.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;

use super::answer::{self, Payload};
use super::error::JobError;
use super::event::JobEventKind;
use super::record::{End, Record, State};
use super::ticket::{Owner, Ticket};
use super::transition::{Effect, Input, Rules, step};
use crate::machine::cause::Cause;
use crate::machine::exchange::{Failure, Limits};
use crate::machine::time::Time;
use crate::wire::{Api, Body, Document, Extraction, ExtractionId, StatusRequest, SubmitRequest};

/// One job and what goes with it, borrowed for a step.
pub(crate) struct Following<'a> {
    pub(crate) record: &'a mut Record,
    pub(crate) owner: &'a Arc<Owner>,
    pub(crate) extraction_id: &'a mut Option<ExtractionId>,
    pub(crate) baggage: &'a mut Option<Box<Baggage>>,
}

/// What a job has for a while only: its document until it is taken, the cause of a failure until it has passed.
#[derive(Default)]
pub(crate) struct Baggage {
    pub(crate) submission: Option<Submission>,
    /// Why the last exchange failed.
    cause: Option<Cause>,
    /// Other extractions of the document that were told: a duplicate of an answer is not told again. No more than were submitted.
    told_again: Vec<ExtractionId>,
}

/// What is needed until the document is submitted.
pub(crate) struct Submission {
    pub(crate) request: SubmitRequest,
    pub(crate) limits: Limits,
    /// Of the document.
    pub(crate) bytes: u64,
}

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Consequence {
    Tell(JobEventKind),
    SendSubmit,
    SendLook,
}

impl Baggage {
    /// That of a job which is to submit this document.
    pub(crate) fn with_document(
        document: Document,
        text_blocks: bool,
        response_bytes: Option<u64>,
    ) -> Box<Self> {
        let bytes = document.len();
        let request = SubmitRequest::new(document);
        let request = if text_blocks {
            request.with_text_blocks()
        } else {
            request
        };
        let limits = Limits::for_exchange(request.body().len(), response_bytes);
        Box::new(Self {
            submission: Some(Submission {
                request,
                limits,
                bytes,
            }),
            ..Self::default()
        })
    }

    /// Whether the last exchange failed, other than because everything was to pause.
    pub(crate) fn has_failed(&self) -> bool {
        match &self.cause {
            Some(Cause::Service(error)) => !matches!(
                error.http_status().map(|status| status.as_u16()),
                Some(401 | 403 | 429)
            ),
            Some(_) => true,
            None => false,
        }
    }

    fn is_empty(&self) -> bool {
        self.submission.is_none() && self.cause.is_none() && self.told_again.is_empty()
    }
}

impl Following<'_> {
    /// Moves the job, and says what is to be done; `None` for nothing.
    pub(crate) fn take(
        &mut self,
        input: Input,
        payload: Payload,
        now: Time,
        rules: &Rules<'_>,
    ) -> Option<Consequence> {
        let unanswered = self.record.state == State::Polling && matches!(input, Input::Clock);
        let effect = step(self.record, input, now, rules);
        let consequence = match effect {
            Effect::Nothing => None,
            Effect::Submit => Some(Consequence::SendSubmit),
            Effect::Look => Some(Consequence::SendLook),
            effect => self
                .event(effect, payload, unanswered, now)
                .map(Consequence::Tell),
        };
        if self.baggage.as_deref().is_some_and(Baggage::is_empty) {
            *self.baggage = None;
        }
        consequence
    }

    /// The handle by which another process can go on, once there is an id.
    pub(crate) fn ticket(&self) -> Option<Ticket> {
        let extraction_id = self.extraction_id.clone()?;
        Some(Ticket::of(
            self.owner.clone(),
            extraction_id,
            self.record.submitted_at,
            self.record.deadline,
        ))
    }

    /// What a step's effect tells; `None` where it was told already.
    fn event(
        &mut self,
        effect: Effect,
        payload: Payload,
        unanswered: bool,
        now: Time,
    ) -> Option<JobEventKind> {
        let (due, submits, looks, reason) = (
            self.record.due,
            self.record.submits,
            self.record.looks,
            self.record.reason,
        );
        Some(match effect {
            Effect::Nothing | Effect::Submit | Effect::Look => return None,
            Effect::AnnounceSubmit => JobEventKind::Submitting { attempt: submits },
            Effect::SubmitFailed => JobEventKind::SubmitFailed {
                cause: self.failed(payload),
                retry_at: due,
            },
            Effect::Submitted => {
                self.accept(payload);
                JobEventKind::Submitted(self.ticket()?)
            }
            Effect::SubmittedAgain => JobEventKind::SubmittedAgain(self.another(payload)?),
            Effect::AnnounceLook => JobEventKind::LookDue {
                look: looks,
                reason,
            },
            Effect::Progressed => {
                self.forget_cause();
                let status = if let Payload::Status(status) = payload {
                    Some(status)
                } else {
                    None
                };
                JobEventKind::Progressed {
                    status,
                    next_look: due,
                }
            }
            Effect::LookFailed => JobEventKind::LookFailed {
                cause: self.failed(payload),
                next_look: due,
            },
            Effect::End(end) => {
                // What the last look brought, not one before it.
                if unanswered {
                    self.baggage.get_or_insert_default().cause = Some(Cause::TimeLimit);
                } else if matches!(payload, Payload::Status(_)) {
                    self.forget_cause();
                }
                let outcome = self.conclude(end, payload, now);
                self.let_go();
                JobEventKind::Finished(outcome)
            }
        })
    }

    fn accept(&mut self, payload: Payload) {
        if let Payload::Id(id) = payload {
            *self.extraction_id = Some(id);
        }
        self.forget_cause();
        self.let_go();
    }

    /// The id of another extraction of the same document, unless it was told.
    fn another(&mut self, payload: Payload) -> Option<ExtractionId> {
        let Payload::Id(id) = payload else {
            return None;
        };
        let told_again = &mut self.baggage.get_or_insert_default().told_again;
        if self.extraction_id.as_ref() == Some(&id) || told_again.contains(&id) {
            return None;
        }
        told_again.push(id.clone());
        Some(id)
    }

    /// Keeps the cause of a failure, for the end. A failure that nobody reported is that the time was up.
    fn failed(&mut self, payload: Payload) -> Cause {
        let cause = payload.into_cause().unwrap_or(Cause::TimeLimit);
        self.baggage.get_or_insert_default().cause = Some(cause.clone());
        cause
    }

    fn forget_cause(&mut self) {
        self.take_cause();
    }

    fn take_cause(&mut self) -> Option<Cause> {
        self.baggage
            .as_mut()
            .and_then(|baggage| baggage.cause.take())
    }

    /// The document is not needed any more.
    fn let_go(&mut self) {
        if let Some(baggage) = self.baggage {
            baggage.submission = None;
        }
    }

    fn conclude(&mut self, end: End, payload: Payload, now: Time) -> Result<Extraction, JobError> {
        let payload = match payload {
            Payload::Extraction(extraction) if end == End::Succeeded => return Ok(*extraction),
            Payload::Id(id) => {
                *self.extraction_id = Some(id);
                Payload::Nothing
            }
            other => other,
        };
        Err(self.error(end, payload, now))
    }

    fn error(&mut self, end: End, payload: Payload, now: Time) -> JobError {
        let ticket = self.ticket();
        match (end, ticket) {
            (End::Abandoned, ticket) => JobError::Abandoned { ticket },
            (End::Refused, ticket) => JobError::Refused {
                ticket,
                error: payload.into_service_error(),
            },
            (End::Failed, Some(ticket)) => JobError::Failed {
                ticket,
                error: payload.into_service_error(),
            },
            (End::Expired, Some(ticket)) => JobError::Expired { ticket },
            (End::NotFound, Some(ticket)) => JobError::NotFound {
                ticket,
                cause: payload.into_cause(),
            },
            (End::TooLarge, Some(ticket)) => JobError::TooLarge {
                ticket,
                cause: payload.into_cause(),
            },
            (End::Unreadable | End::Succeeded, Some(ticket)) => JobError::Unreadable {
                ticket,
                error: payload.into_decode_error(),
            },
            (End::Deadline, Some(ticket)) => {
                let beyond = self.record.not_before > self.record.deadline;
                let retry_after = beyond.then(|| self.record.not_before.saturating_since(now));
                JobError::Deadline {
                    ticket,
                    retry_after,
                    cause: payload.into_cause().or_else(|| self.take_cause()),
                }
            }
            (End::SourceFailed, _) => JobError::SourceFailed {
                cause: self.failed(payload),
            },
            (End::SubmitUnknown, _) => JobError::SubmitUnknown {
                cause: self.failed(payload),
            },
            // Whatever else comes without a ticket was never submitted.
            (_, _) => JobError::Exhausted {
                attempts: self.record.submits,
                cause: payload.into_cause().or_else(|| self.take_cause()),
            },
        }
    }
}

/// The request that submits the document, if it is still here.
pub(crate) fn submit_request(
    baggage: Option<&Baggage>,
    api: &Api,
) -> Option<(http::Request<Body>, Limits)> {
    let submission = baggage?.submission.as_ref()?;
    Some((submission.request.request(api), submission.limits))
}

/// The request that looks at an extraction.
pub(crate) fn look_request(
    id: &ExtractionId,
    api: &Api,
    text_blocks: bool,
    response_bytes: Option<u64>,
) -> (http::Request<Body>, Limits) {
    let request = StatusRequest::new(id.clone());
    let request = if text_blocks {
        request.with_text_blocks()
    } else {
        request
    }
    .request(api);
    (request, Limits::for_exchange(0, response_bytes))
}

/// What came of an exchange: an answer or none.
pub(crate) enum Reply {
    Response(Response<Bytes>),
    Failure(Failure),
}

impl Reply {
    /// What it says of the submit of this exchange.
    pub(crate) fn of_submit(self, exchange: u32, trusts_overload: bool) -> (Input, Payload) {
        let (answer, payload) = match self {
            Self::Response(response) => answer::of_submit(&response, trusts_overload),
            Self::Failure(failure) => answer::of_submit_failure(failure),
        };
        (Input::Submit(exchange, answer), payload)
    }

    /// What it says of the look of this exchange.
    pub(crate) fn of_look(self, exchange: u32) -> (Input, Payload) {
        let (answer, payload) = match self {
            Self::Response(response) => answer::of_look(&response),
            Self::Failure(failure) => answer::of_look_failure(failure),
        };
        (Input::Look(exchange, answer), payload)
    }
}
