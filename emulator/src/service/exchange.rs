//! One exchange, in steps between which others can run.

use bytes::Bytes;
use http::header::{DATE, RETRY_AFTER};
use http::{Request, Response, Uri};
use typless::machine::Time;

use super::fault::Fault;
use super::refusal::Refusal;
use super::route::{self, Endpoint};
use super::submission::{Reading, Submission, SubmissionKind};
use super::{Delivery, Service, time_format};

/// An exchange in flight.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    endpoint: Option<Endpoint>,
    fault: Option<Fault>,
}

impl Arrival {
    /// Whether the connection is to be closed before the body is read.
    pub(crate) fn is_unreachable(self) -> bool {
        self.fault == Some(Fault::Unreachable)
    }
}

/// What becomes of a request.
pub(crate) enum Received {
    /// It has a response, or none on purpose.
    Delivered(Delivery),
    /// There is a document to read; pass the reading to [`Service::accept`].
    Submission(Submission),
}

impl Service {
    /// Begins an exchange, of which only the head has arrived. [`leave`](Self::leave) ends it.
    pub(crate) fn arrive(&mut self, uri: &Uri, now: Time) -> Arrival {
        let now = self.advance(now);
        let endpoint = Endpoint::from_path(uri.path());
        self.counters.arrive(endpoint, now);
        Arrival {
            endpoint,
            fault: self.faults.next(&self.options.faults, endpoint, now),
        }
    }

    /// The first half of [`exchange`](Self::exchange): responds to what needs no document. Reading
    /// a document takes long, so it is returned as a value, and other requests do not wait for it.
    pub(crate) fn receive(
        &mut self,
        request: Request<Bytes>,
        arrival: Arrival,
        now: Time,
    ) -> Received {
        let now = self.advance(now);
        if let Some(delivery) = arrival
            .fault
            .and_then(|fault| Delivery::instead(fault, self.refused(fault, now)))
        {
            return Received::Delivered(delivery);
        }
        let response = match self.process(request, now) {
            Ok(Processed::Response(response)) => response,
            Ok(Processed::Submission(submission)) => return Received::Submission(submission),
            Err(refusal) => dated(refusal.response(), now),
        };
        Received::Delivered(Delivery::after(
            arrival.fault,
            response,
            &self.options.faults,
        ))
    }

    /// The second half: accepts what was read. The extraction begins now.
    pub(crate) fn accept(
        &mut self,
        reading: Result<Reading, Refusal>,
        arrival: Arrival,
        now: Time,
    ) -> Delivery {
        let now = self.advance(now);
        let accepted = reading.and_then(|reading| match reading.kind {
            SubmissionKind::Asynchronous => Ok(self.begin(reading, now)),
            SubmissionKind::Synchronous { .. } => self.extract_now(reading, now),
        });
        Delivery::after(
            arrival.fault,
            accepted.unwrap_or_else(|refusal| refusal.response()),
            &self.options.faults,
        )
    }

    /// Ends an exchange: nothing more of its response will be sent.
    pub(crate) fn leave(&mut self, arrival: Arrival) {
        self.counters.leave(arrival.endpoint);
    }

    fn process(&mut self, request: Request<Bytes>, now: Time) -> Result<Processed, Refusal> {
        let (head, body) = request.into_parts();
        let options = &self.options;
        if body.len() > options.body_limit {
            return Err(Refusal::BodyTooLarge {
                limit: options.body_limit,
            });
        }
        let (endpoint, key) = Endpoint::from_head(&head, options)?;
        if let Some(wait) = options
            .rate_limit
            .and_then(|limit| self.throttle.admit(limit, key, now).err())
        {
            self.counters.counts_mut().throttled += 1;
            return Err(Refusal::TooManyRequests(time_format::retry_after(
                options.choices.retry_after_form,
                wait,
                now,
            )));
        }
        let submission = |kind| {
            Submission::new(kind, &head, body, options.clone(), self.last_read.clone())
                .map(Processed::Submission)
        };
        match endpoint {
            Endpoint::Submit => submission(SubmissionKind::Asynchronous),
            Endpoint::Extract => {
                let is_training = route::is_training(&head.uri)?;
                submission(SubmissionKind::Synchronous { is_training })
            }
            Endpoint::Status => self.poll(&head).map(Processed::Response),
            Endpoint::Awaiting => self.awaiting(&head).map(Processed::Response),
        }
    }

    /// The response of the service with a fault, if it has one.
    fn refused(&self, fault: Fault, now: Time) -> Option<Response<Bytes>> {
        let wait = self.options.faults.retry_after;
        let retry_after =
            || time_format::retry_after(self.options.choices.retry_after_form, wait, now);
        let refusal = match fault {
            Fault::TooManyRequests => Refusal::TooManyRequests(retry_after()),
            Fault::Unavailable => Refusal::Unavailable(retry_after()),
            Fault::RequestTimeout => Refusal::RequestTimeout,
            Fault::InternalError => Refusal::Internal,
            Fault::Unauthorized => Refusal::Unauthorized("The key is not accepted for the moment."),
            _ => return None,
        };
        Some(dated(refusal.response(), now))
    }
}

enum Processed {
    Response(Response<Bytes>),
    Submission(Submission),
}

/// A `Retry-After` may be a date, which says how long to wait only beside the time at which it was
/// written.
fn dated(mut response: Response<Bytes>, now: Time) -> Response<Bytes> {
    if response.headers().contains_key(RETRY_AFTER) {
        response
            .headers_mut()
            .extend(time_format::date(now).map(|date| (DATE, date)));
    }
    response
}
