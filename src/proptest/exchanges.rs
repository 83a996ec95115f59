//! The requests a machine has sent, and what became of them.

use std::time::Duration;

use http::{Method, StatusCode};

use super::checker::Bounds;
use super::law::Law;
use super::script::{Reply, Which};
use crate::machine::{FailureKind, RequestId, Time, Transmit};
use crate::wire::SubmitResponse;

/// All requests sent, oldest first.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    sent: Vec<Exchange>,
    /// The longest that one of them may be out.
    pub(super) longest: Duration,
}

#[derive(Debug)]
struct Exchange {
    id: RequestId,
    method: Method,
    path: String,
    until: Time,
    answered: bool,
    /// Certainly not processed, so that it does not count as a submit.
    unprocessed: bool,
    /// An earlier attempt turned out to be taken, so nobody waits for this one.
    superseded: bool,
}

impl Exchanges {
    /// Takes note of a request, and checks that it may be sent.
    pub(super) fn sent(
        &mut self,
        transmit: &Transmit,
        now: Time,
        bounds: &Bounds,
    ) -> Result<(), (Law, String)> {
        let (id, method, path) = (
            transmit.id,
            transmit.request.method().clone(),
            transmit.request.uri().path().to_owned(),
        );
        if let Some(last) = self.sent.last().filter(|last| last.id >= id) {
            return Err((
                Law::IdsGrow,
                format!(
                    "the request has number {}, after {}",
                    id.get(),
                    last.id.get()
                ),
            ));
        }
        let in_flight = self
            .sent
            .iter()
            .filter(|exchange| exchange.is_in_flight(now))
            .count();
        if bounds.in_flight.is_some_and(|most| in_flight >= most) {
            return Err((
                Law::WithinLimits,
                format!("one more request, with {in_flight} in flight"),
            ));
        }
        let submits = self
            .sent
            .iter()
            .filter(|exchange| exchange.method == Method::POST && !exchange.unprocessed)
            .count();
        if method == Method::POST && bounds.submits.is_some_and(|most| submits >= most) {
            return Err((
                Law::SubmitsOnce,
                format!("one more submit, after {submits} that may have been processed"),
            ));
        }
        let limit = transmit.limits.total;
        self.longest = self.longest.max(limit);
        self.sent.push(Exchange {
            id,
            method,
            path,
            until: now + limit,
            answered: false,
            unprocessed: false,
            superseded: false,
        });
        Ok(())
    }

    /// Takes note of a reply; the first one to a request counts.
    pub(super) fn answered(&mut self, id: RequestId, reply: &Reply, bounds: &Bounds) {
        let at = self
            .sent
            .iter()
            .position(|exchange| exchange.id == id)
            .unwrap_or(self.sent.len());
        let Some((exchange, later)) = self
            .sent
            .get_mut(at..)
            .and_then(<[Exchange]>::split_first_mut)
        else {
            return;
        };
        if !exchange.answered {
            exchange.answered = true;
            exchange.unprocessed = is_unprocessed(reply, bounds.trusts_overload);
        }
        if bounds.one_document && exchange.method == Method::POST && is_taken(reply) {
            later
                .iter_mut()
                .for_each(|attempt| attempt.superseded |= attempt.method == Method::POST);
        }
    }

    /// The request that is meant.
    pub(super) fn find(&self, which: Which, now: Time) -> Option<RequestId> {
        match which {
            Which::InFlight => self
                .sent
                .iter()
                .find(|exchange| exchange.is_in_flight(now))
                .map(|exchange| exchange.id),
            Which::Newest => self.sent.last().map(|exchange| exchange.id),
            Which::Earlier(by) => self.sent.iter().rev().nth(by).map(|exchange| exchange.id),
            Which::Number(number) => Some(RequestId::new(number)),
        }
    }

    /// Method and path of a request; `None` if it was not sent.
    pub(super) fn call(&self, id: RequestId) -> Option<(&Method, &str)> {
        self.sent
            .iter()
            .find(|exchange| exchange.id == id)
            .map(|exchange| (&exchange.method, exchange.path.as_str()))
    }
}

impl Exchange {
    fn is_in_flight(&self, now: Time) -> bool {
        !self.answered && !self.superseded && now < self.until
    }
}

/// Whether a submit with this reply was taken.
fn is_taken(reply: &Reply) -> bool {
    matches!(reply, Reply::Response(response) if SubmitResponse::decode(response).is_ok())
}

/// Whether it is certain that a submit with this reply was not processed.
fn is_unprocessed(reply: &Reply, trusts_overload: bool) -> bool {
    match reply {
        Reply::Failure(kind) => matches!(kind, FailureKind::NotSent | FailureKind::Source),
        Reply::Response(response) => {
            let status = response.status();
            status.is_client_error() || trusts_overload && status == StatusCode::SERVICE_UNAVAILABLE
        }
        Reply::ByMethod { .. } | Reply::ByPath { .. } => false,
    }
}
