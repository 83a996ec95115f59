//! The requests that a machine has sent, and their replies.

use std::time::Duration;

use http::{Method, StatusCode};

use super::law::Law;
use super::script::{Reply, Which};
use super::setup::Bounds;
use crate::machine::{FailureKind, RequestId, Time, Transmit};
use crate::wire::SubmitResponse;

/// All requests sent, oldest first.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    sent: Vec<Exchange>,
    /// The longest total limit of a request.
    pub(super) longest: Duration,
}

#[derive(Debug)]
struct Exchange {
    id: RequestId,
    method: Method,
    path: String,
    until: Time,
    replied: bool,
    /// Certainly not processed, so it does not count as a submit.
    unprocessed: bool,
    /// An earlier attempt turned out to be accepted, so this one no longer counts.
    superseded: bool,
}

impl Exchanges {
    /// Records a request and checks that it is allowed.
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
                Law::IncreasingIds,
                format!("the request has id {}, after {}", id.get(), last.id.get()),
            ));
        }
        let in_flight = self
            .sent
            .iter()
            .filter(|exchange| exchange.is_in_flight(now))
            .count();
        if bounds.max_in_flight.is_some_and(|max| in_flight >= max) {
            return Err((
                Law::MaxInFlight,
                format!("one more request, with {in_flight} in flight"),
            ));
        }
        let submits = self
            .sent
            .iter()
            .filter(|exchange| exchange.method == Method::POST && !exchange.unprocessed)
            .count();
        if method == Method::POST && bounds.max_submits.is_some_and(|max| submits >= max) {
            return Err((
                Law::MaxSubmits,
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
            replied: false,
            unprocessed: false,
            superseded: false,
        });
        Ok(())
    }

    /// Records a reply. Only the first reply to a request counts.
    pub(super) fn replied(&mut self, id: RequestId, reply: &Reply, bounds: &Bounds) {
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
        if !exchange.replied {
            exchange.replied = true;
            exchange.unprocessed = is_unprocessed(reply, bounds.trusts_overload);
        }
        if bounds.one_document && exchange.method == Method::POST && is_taken(reply) {
            later
                .iter_mut()
                .for_each(|attempt| attempt.superseded |= attempt.method == Method::POST);
        }
    }

    /// The request that `which` means.
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

    /// Method and path of a request; `None` if it was never sent.
    pub(super) fn call(&self, id: RequestId) -> Option<(&Method, &str)> {
        self.sent
            .iter()
            .find(|exchange| exchange.id == id)
            .map(|exchange| (&exchange.method, exchange.path.as_str()))
    }
}

impl Exchange {
    fn is_in_flight(&self, now: Time) -> bool {
        !self.replied && !self.superseded && now < self.until
    }
}

/// Whether the reply says that a submit was accepted.
fn is_taken(reply: &Reply) -> bool {
    matches!(reply, Reply::Response(response) if SubmitResponse::decode(response).is_ok())
}

/// Whether the reply says for certain that a submit was not processed.
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
